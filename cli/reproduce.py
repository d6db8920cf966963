"""`spadv reproduce`: train what is missing, measure, draw, and say what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD

from ..checks import choose
from ..empirical.data import names
from ..empirical.experiments import EXPERIMENTS, Experiment, Plan, experiment, merge, summarise
from ..empirical.launch import MACHINES, Estimate, LaunchSettings, launch, share
from ..errors import InputError, StoreError
from ..store import Store, read_json, write_json
from .console import err, out, print_json, progress_bar, table
from .launching import complain, job_state, read_share, show_jobs
from .outputs import saved, show, write_figures, write_page


def run(
    identifiers: Sequence[str],
    *,
    scale: str,
    seeds: int | None,
    places: Mapping[str, str],
    folder: Path,
    how: LaunchSettings,
    shard: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Reproduce artefacts: those named, or "all".

    An artefact is drawn once all its jobs are done; in a share (`shard`) or where a job
    failed, the others wait for the rest.

    Raises
    ------
    RunFailedError
        If jobs failed; those that are done are drawn first.
    """
    artefacts = _chosen(identifiers)
    plans = {artefact.id: artefact.plan(scale, seeds, places) for artefact in artefacts}
    store = how.store
    jobs = merge([job for plan in plans.values() for job in plan.jobs])
    costs = Estimate(jobs, store, how.data_root)
    if shard is not None:
        jobs = share(jobs, costs.flops, read_share(shard))
    if dry_run:
        show_jobs(jobs, how, costs, shard, as_json=as_json)
        return
    with progress_bar("reproduce") as tell:
        outcome = launch(jobs, how, cost=costs.flops, progress=tell, say=_say)
    documents, open_ones = [], []
    for artefact in artefacts:
        plan = plans[artefact.id]
        if not all(job_state(job, store)[0] == "done" for job in plan.jobs):
            open_ones.append(artefact.id)
            continue
        document = summarise(artefact, plan, scale, store)
        write_json(folder / f"{artefact.id}.json", document)
        documents.append(document)
    if documents:
        write_figures(documents, folder)
        page = write_page(folder)
    if as_json:
        print_json({"folder": str(folder), "artefacts": documents})
    else:
        show(documents)
        if documents:
            out.print(f"Page: {page}")
        if open_ones:
            err.print(f"Not drawn, for want of jobs: {', '.join(open_ones)}.")
    complain(outcome, len(jobs))


def _say(text: str) -> None:
    err.print(text, markup=False)


def rebuild(folder: Path) -> None:
    """Draw figures, tables and page again from the saved documents of a folder."""
    documents = saved(folder)
    if not documents:
        raise StoreError(f"{folder} holds no artefact: run `spadv reproduce --out {folder}` first")
    write_figures(documents, folder)
    out.print(f"Wrote {write_page(folder)}.")


def _chosen(identifiers: Sequence[str]) -> list[Experiment]:
    if not identifiers:
        known = ", ".join(EXPERIMENTS)
        raise InputError("artefact", f"be named: all, or some of {known}", "nothing")
    if list(identifiers) == ["all"]:
        return [a for name, a in EXPERIMENTS.items() if name != "demo" and not a.part_of]
    return [experiment(name) for name in dict.fromkeys(identifiers)]


def list_artefacts(
    folder: Path,
    *,
    scale: str,
    seeds: int | None,
    places: Mapping[str, str],
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Show every artefact: its trainings, how many are done in a folder, what is left to do."""
    store = Store(folder / "runs")
    rows = [
        _row(artefact, artefact.plan(scale, seeds, places), folder, store, data_root)
        for artefact in EXPERIMENTS.values()
    ]
    if as_json:
        print_json({"scale": scale, "folder": str(folder), "artefacts": rows})
        return
    columns = ("id", "title", "trainings", "done", "h left, 1 core", "drawn")
    shown = table(f"Artefacts at scale {scale}, in {folder}", *columns, numbers=(2, 3, 4))
    shown.box = SIMPLE_HEAD
    shown.columns[0].no_wrap = True
    for row in rows:
        hours = f"{row['hours_left']['cpu']:,.2g}" if row["trainings"] else "0"
        counts = (str(row["trainings"]), str(row["done"]), hours)
        shown.add_row(row["id"], row["title"], *counts, row["drawn"] or "")
    out.print(shown)


def _row(
    made: Experiment, plan: Plan, folder: Path, store: Store, data_root: Path | None
) -> dict[str, Any]:
    jobs = merge(plan.jobs)
    left = [job for job in jobs if job_state(job, store)[0] != "done"]
    costs = Estimate(jobs, store, data_root)
    document = folder / f"{made.id}.json"
    return {
        "id": made.id,
        "title": made.title,
        "locator": made.locator,
        "part_of": made.part_of,
        "beyond": made.beyond,
        "trainings": len(jobs),
        "done": len(jobs) - len(left),
        "hours_left": {
            name: sum(costs.hours(job, machine) for job in left)
            for name, machine in MACHINES.items()
        },
        "drawn": read_json(document).get("scale") if document.is_file() else None,
    }


def replacements(given: Sequence[str]) -> dict[str, str]:
    """Return data sets to use in place of others, from texts such as cifar10=FOLDER.

    Raises
    ------
    InputError
        If a text has another form, or names an unknown data set.
    """
    found = {}
    for text in given:
        name, sign, place = text.partition("=")
        if not sign or not place:
            raise InputError("data", "have the form NAME=FOLDER, as in cifar10=images", text)
        found[choose("data", name, names())] = place
    return found
