"""`spadv reproduce`: train what is missing, measure, draw, and say what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..checks import choose
from ..empirical.settings import LaunchSettings, TrainOptions
from ..empirical.settings.data import names, own
from ..empirical.settings.network import NETWORKS
from ..errors import InputError, RunFailedError, StoreError
from ..store import Store, read_json, write_json
from .console import err, out, print_json, print_table, progress_bar
from .options import DataRoot, Device, Json, check_folder, read_share, takes

if TYPE_CHECKING:
    from ..empirical.experiments import Experiment, Job, Plan
    from ..empirical.launch import CostEstimate, Outcome

#: Failures that the last line lists, at most.
_LISTED = 8


@takes(LaunchSettings)
def reproduce(
    experiment: Annotated[
        list[str] | None, typer.Argument(help="fig1 .. fig22, table1 .. table8, demo, or all.")
    ] = None,
    scale: Annotated[str, typer.Option(help="smoke, small, cpu or paper.")] = "cpu",
    seeds: Annotated[
        int | None, typer.Option(help="Training seeds of each network; smoke 1, others 3.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="A data set in place of another: cifar10=FOLDER, for instance. May be given "
            "several times; figures say so."
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A network of your own in place of a plain one: stdcnn=my_models:factory. May "
            "be given several times; figures say so."
        ),
    ] = None,
    data_root: DataRoot = None,
    folder: Annotated[
        Path,
        typer.Option(
            "--out", help="Folder of runs, figures and report.html.", callback=check_folder
        ),
    ] = Path("results"),
    device: Device = "auto",
    *,
    settings: dict[str, Any],
    shard: Annotated[
        str | None, typer.Option(help="i/n: do the i-th of n shares of the trainings.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show trainings, states and estimated costs only.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Show every experiment, and how far it is in --out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make figures and tables of the paper: train what is missing, measure, draw, judge.

    An experiment is drawn once all its jobs are done; in a share or where a job failed, the
    others wait for the rest.
    """
    places = _replacements("data", data or [], names())
    models = _replacements("model", model or [], sorted(NETWORKS))
    part = None if shard is None else read_share(shard)
    told = {name: value for name, value in settings.items() if value is not None}
    how = LaunchSettings(
        root=folder / "runs", data_root=data_root, options=TrainOptions(device=device), **told
    )
    from ..empirical.experiments import EXPERIMENTS, merge

    everything = listed and not experiment
    chosen = list(EXPERIMENTS.values()) if everything else _chosen(experiment or [])
    plans = {one.id: one.plan(scale, seeds, places, models) for one in chosen}
    if listed:
        _show_list(plans, scale, folder, data_root, as_json=as_json)
        return
    from ..empirical.launch import CostEstimate, check_launcher, launch, share

    jobs = merge([job for plan in plans.values() for job in plan.jobs])
    costs = CostEstimate(jobs, how.store, data_root)
    if part is not None:
        jobs = share(jobs, costs.flops, part)
    if dry_run:
        check_launcher(how)
        show_jobs(jobs, how, costs, shard, as_json=as_json)
        return
    with progress_bar("reproduce") as tell:
        outcome = launch(jobs, how, cost=costs.flops, progress=tell, say=err.print)
    from ..empirical.experiments.document import summarise
    from ..empirical.experiments.scores import save_scores
    from .outputs import saved, show, write_figures, write_page

    documents, open_ones = [], []
    for one in chosen:
        plan = plans[one.id]
        if not all(job_state(job, how.store)[0] == "done" for job in plan.jobs):
            open_ones.append(one.id)
            continue
        document, scores = summarise(one, plan, scale, how.store)
        write_json(folder / f"{one.id}.json", document)
        if scores:
            save_scores(folder / f"{one.id}.npz", scores)
        documents.append(document)
    if documents:
        write_figures(documents, folder)
        page = write_page(saved(folder), folder)
    if as_json:
        print_json({"folder": str(folder), "artefacts": documents})
    else:
        show(documents)
        if documents:
            out.print(f"Page: {page}")
        if open_ones:
            err.print(f"Not drawn, for want of jobs: {', '.join(open_ones)}.")
    complain(outcome, len(jobs))


def rebuild(folder: Path) -> None:
    """Draw figures, tables and page again from the saved documents of a folder.

    What has its scores beside it is computed again, and must be the same.
    """
    from ..empirical.experiments.scores import check_saved
    from .outputs import saved, write_figures, write_page

    documents = saved(folder)
    paths = {folder / f"{document['id']}.npz": document for document in documents}
    bare = [path.name for path, one in paths.items() if one["findings"] and not path.is_file()]
    if bare:
        err.print(f"Not computed again, for want of their scores: {', '.join(bare)}.")
    checked = sum(check_saved(one, path) for path, one in paths.items() if path.is_file())
    if checked:
        out.print(f"{checked} findings follow from the saved scores.")
    write_figures(documents, folder)
    out.print(f"Wrote {write_page(documents, folder)}.")


def _chosen(identifiers: Sequence[str]) -> list[Experiment]:
    from ..empirical.experiments import EXPERIMENTS, experiment

    if not identifiers:
        known = ", ".join(EXPERIMENTS)
        raise InputError("experiment", f"be named: all, or some of {known}", "nothing")
    if list(identifiers) == ["all"]:
        return [one for name, one in EXPERIMENTS.items() if name != "demo" and not one.part_of]
    return [experiment(name) for name in dict.fromkeys(identifiers)]


def _replacements(option: str, given: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Return what to use in place of what, from texts such as cifar10=FOLDER."""
    found = {}
    for text in given:
        name, sign, other = text.partition("=")
        whole = other in known or all(other.partition(":"))  # a name, or module:factory
        if not sign or not other or (option == "model" and not whole):
            form = "NAME=FOLDER, as in cifar10=images"
            if option == "model":
                form = "NAME=MODULE:FACTORY, as in stdcnn=my_models:factory"
            raise InputError(option, f"have the form {form}", text)
        found[choose(option, name, known)] = other
        if option == "data" and other not in known:
            own(other)
    return found


def _show_list(
    plans: Mapping[str, Plan], scale: str, folder: Path, data_root: Path | None, *, as_json: bool
) -> None:
    """Show every experiment: its trainings, how many are done in a folder, what is left to do."""
    from ..empirical.experiments import EXPERIMENTS, merge
    from ..empirical.launch import MACHINES, CostEstimate

    store = Store(folder / "runs")
    rows: list[dict[str, Any]] = []
    for name, plan in plans.items():
        one, jobs, document = EXPERIMENTS[name], merge(plan.jobs), folder / f"{name}.json"
        left = [job for job in jobs if job_state(job, store)[0] != "done"]
        costs = CostEstimate(jobs, store, data_root)
        hours = {
            machine: sum(costs.hours(job, about) for job in left)
            for machine, about in MACHINES.items()
        }
        rows.append(
            {
                "id": name,
                "title": one.title,
                "locator": one.locator,
                "part_of": one.part_of,
                "beyond": one.beyond,
                "trainings": len(jobs),
                "done": len(jobs) - len(left),
                "hours_left": hours,
                "drawn": read_json(document).get("scale") if document.is_file() else None,
            }
        )
    if as_json:
        print_json({"scale": scale, "folder": str(folder), "artefacts": rows})
        return
    print_table(
        f"Experiments at scale {scale}, in {folder}",
        ("id", "title", "trainings", "done", "left, 1 core", "drawn"),
        [
            (
                row["id"],
                row["title"],
                str(row["trainings"]),
                str(row["done"]),
                duration(row["hours_left"]["cpu"]) if row["trainings"] else "0",
                row["drawn"] or "",
            )
            for row in rows
        ],
        numbers=(2, 3, 4),
    )


def complain(outcome: Outcome, total: int) -> None:
    """Raise RunFailedError, listing what is not done, if anything is not."""
    parts = [f"{failure.job} ({failure.reason})" for failure in outcome.failed.values()]
    parts += [f"a job that starts from {start}" for start in outcome.blocked.values()]
    if parts:
        lasting = "; --retry tries again what diverged or lost its workers" * any(
            failure.kind in ("diverged", "lost") for failure in outcome.failed.values()
        )
        more = f"; and {len(parts) - _LISTED} more (see --dry-run)" * (len(parts) > _LISTED)
        listed = "; ".join(parts[:_LISTED])
        raise RunFailedError(f"{len(parts)} of {total} jobs failed: {listed}{more}{lasting}")


def show_jobs(
    jobs: Sequence[Job],
    how: LaunchSettings,
    costs: CostEstimate,
    shard: str | None,
    *,
    as_json: bool,
) -> None:
    """Show jobs with their states and what they are estimated to cost."""
    from ..empirical.launch import MACHINES, chains

    rows = [_row(job, how.store, costs) for job in jobs]
    left = [row for row in rows if row["state"] != "done"]
    workers = how.workers or 1
    total = {
        "jobs": len(rows),
        "done": len(rows) - len(left),
        **_together(rows),
        **{f"{key}_left": value for key, value in _together(left).items()},
        "workers": workers,
        "hours_until_done": {},
    }
    for name in MACHINES:
        hours = {row["digest"]: row["hours"][name] for row in left}
        longest = max(chains(jobs, hours).values(), default=0.0)
        total["hours_until_done"][name] = max(sum(hours.values()) / workers, longest)
    machines = {
        name: {
            "title": machine.title,
            "source": machine.source,
            "calibrated": costs.knows(machine),
        }
        for name, machine in MACHINES.items()
    }
    if as_json:
        print_json({"jobs": rows, "total": total, "machines": machines, "shard": shard})
        return
    heading = f"{len(jobs)} trainings" + (f", share {shard}" if shard else "")
    columns = ["training", "epochs", "seeds", "state", "TFLOP", *MACHINES]
    alike: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for job, row in zip(jobs, rows, strict=True):
        name = _without_seed(job)
        if job.start is not None:
            network = " ".join(name.split()[:2])
            name += ", from " + _without_seed(job.start).removeprefix(f"{network} ")
        told = (name, str(row["epochs"]), row["note"] or row["state"])
        alike.setdefault(told, []).append(row)
    lines = [
        (name, epochs, str(len(group)), state, *_cells(_together(group)))
        for (name, epochs, state), group in alike.items()
    ]
    totals = [("in all", "", "", f"{total['done']} done", *_cells(total))]
    if left and total["done"]:
        to_do = {"flops": total["flops_left"], "hours": total["hours_left"]}
        totals.append(("still to do", "", "", "", *_cells(to_do)))
    print_table(heading, columns, lines, numbers=(1, 2, *range(4, len(columns))), totals=totals)
    if workers > 1 and left:
        until = (f"{duration(total['hours_until_done'][name])} on {name}" for name in MACHINES)
        out.print(f"Until all are done, {workers} at a time: at least {', '.join(until)}.")
    for name, entry in machines.items():
        known = costs.finished if entry["calibrated"] else 0
        corrected = f"; corrected by {known} finished jobs" if known else ""
        out.print(f"{name}: {entry['title']}, {entry['source']}{corrected}.")


def duration(hours: float) -> str:
    """Return a time in the unit that suits it.

    Examples
    --------
    >>> duration(0.000365), duration(0.0798), duration(1234.5)
    ('1.3 s', '4.8 min', '1,234 h')
    """
    for factor, unit in ((3600, "s"), (60, "min")):
        if (value := hours * factor) < 60:
            return f"{value:.2g} {unit}"
    return f"{hours:,.2g} h" if hours < 99.5 else f"{hours:,.0f} h"


def _without_seed(job: Job) -> str:
    return job.label.removesuffix(f" seed {job.config.seed}")


def _together(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the operations and hours of several rows."""
    from ..empirical.launch import MACHINES

    hours = {name: sum(row["hours"][name] for row in rows) for name in MACHINES}
    return {"flops": sum(row["flops"] for row in rows), "hours": hours}


def _cells(row: Mapping[str, Any]) -> list[str]:
    from ..empirical.launch import MACHINES

    return [f"{row['flops'] / 1e12:,.3g}", *(duration(row["hours"][name]) for name in MACHINES)]


def _row(job: Job, store: Store, costs: CostEstimate) -> dict[str, Any]:
    from ..empirical.launch import MACHINES

    state, note = job_state(job, store)
    return {
        "label": job.label,
        "digest": job.digest,
        "epochs": job.config.epochs,
        "start": job.start.digest if job.start else None,
        "state": state,
        "note": note,
        "flops": costs.costs[job.digest].flops,
        "hours": {name: costs.hours(job, machine) for name, machine in MACHINES.items()},
    }


def job_state(job: Job, store: Store) -> tuple[str, str]:
    """Return a job's state, and a remark ("" if there is none) that tells more.

    States are those of a job, and "running", "failed" and "refused".
    """
    from ..empirical.experiments.running import state_of
    from ..empirical.launch import read_failure

    run = job.folder(store)
    try:
        state = state_of(job, store)
        if state == "done":
            return state, ""
        if run.in_use:
            return "running", f"running: {len(run.read_metrics())} of {job.config.epochs} epochs"
    except StoreError as error:
        return "refused", f"refused: {error}"
    failure = read_failure(run)
    if failure is not None:
        return "failed", f"failed: {failure.reason}"
    return state, ""
