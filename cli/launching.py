"""How `spadv reproduce` gets its jobs done: where, by how many, which share; and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD

from ..checks import check_integer, choose
from ..empirical.experiments.job import Job
from ..empirical.launch import (
    Event,
    Manifest,
    Outcome,
    default_workers,
    holder_of,
    read_failure,
    run_local,
    run_processes,
    run_slurm,
    share,
)
from ..empirical.launch.claims import BEAT
from ..empirical.launch.cost import MACHINES, Estimate, estimate
from ..empirical.launch.events import BEGUN, DONE, FAILED, WAITING
from ..empirical.launch.schedule import makespan
from ..empirical.training import TrainOptions
from ..errors import InputError, RunFailedError, StoreError
from ..store import Store
from .console import err, out, print_json, progress_bar, table

LAUNCHERS = ("local", "processes", "slurm")

#: Failures that the last line lists, at most.
_LISTED = 8

#: Workers at a time under Slurm, unless said otherwise.
_SLURM_WORKERS = 8

#: Seconds between two touches of a claim where all workers are on this machine.
_QUICK_BEAT = 2.0


@dataclass(frozen=True)
class Launching:
    """The options of `spadv reproduce` that say how jobs are done.

    Attributes
    ----------
    launcher : str
        "local", "processes" or "slurm".
    workers : int or None
        Processes, or Slurm tasks, at a time.
    shard : str or None
        "i/n".
    job_processes : int
        Processes of each training.
    retry : bool
        Try again what failed for good.
    any_version : bool
        Use results of other releases.
    slurm : str
        Settings of Slurm, such as "partition=gpu,time=600".
    wait : bool
        Whether to wait for Slurm.
    """

    launcher: str = "local"
    workers: int | None = None
    shard: str | None = None
    job_processes: int = 1
    retry: bool = False
    any_version: bool = False
    slurm: str = ""
    wait: bool = True

    def __post_init__(self) -> None:
        choose("launcher", self.launcher, LAUNCHERS)
        check_integer("job_processes", self.job_processes, minimum=1)
        if self.workers is not None:
            check_integer("workers", self.workers, minimum=1)
        if self.launcher == "local" and self.workers not in (None, 1):
            hint = "--launcher processes starts several."
            raise InputError("workers", "be left out for the local launcher", self.workers, hint)
        if self.launcher != "slurm" and (self.slurm or not self.wait):
            given = self.slurm or "--no-wait"
            raise InputError("launcher", f"be slurm where {given} is given", self.launcher)

    @property
    def share(self) -> tuple[int, int] | None:
        """The share as numbers, if one was asked for."""
        if self.shard is None:
            return None
        parts = self.shard.split("/")
        if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
            raise InputError("shard", "be i/n with 1 <= i <= n, such as 2/4", self.shard)
        return int(parts[0]), int(parts[1])


def planned(
    jobs: Sequence[Job], store: Store, how: Launching, data_root: Path | None
) -> tuple[list[Job], Estimate]:
    """Return the jobs to do here, those of the share asked for, and what all of them cost."""
    costs = estimate(jobs, store, data_root)
    if how.share is None:
        return list(jobs), costs
    return share(jobs, costs.flops, how.share), costs


def launch(
    jobs: Sequence[Job],
    store: Store,
    how: Launching,
    costs: Estimate,
    *,
    data_root: Path | None,
    options: TrainOptions,
) -> Outcome:
    """Do jobs, showing what happens, and return what became of them.

    Raises
    ------
    StoreError
        If results cannot be saved.
    """
    several = how.launcher != "local"
    manifest = Manifest(
        jobs=tuple(jobs),
        root=store.root,
        any_version=store.any_version,
        data_root=data_root,
        options=options,
        retry=how.retry,
        job_processes=how.job_processes,
        # One worker keeps the order of the artefacts: the first is ready first.
        flops=costs.flops if several else {},
        beat=BEAT if how.launcher == "slurm" else _QUICK_BEAT,
    )
    with progress_bar("reproduce") as tell:
        if how.launcher == "local":
            return run_local(manifest, progress=tell, watch=say)
        if how.launcher == "slurm":
            chosen = how.workers or _SLURM_WORKERS
            return run_slurm(manifest, chosen, how.slurm, wait=how.wait, progress=tell, watch=say)
        workers = how.workers or default_workers(options.device, how.job_processes)
        return run_processes(manifest, workers, progress=tell, watch=say)


def say(event: Event) -> None:
    """Show an event on stderr."""
    who = "" if event.worker == "local" else f" [{event.worker}]"
    if event.kind == FAILED:
        err.print(f"{event.job}: failed: {event.text}{who}", markup=False)
    elif event.kind == DONE:
        if not err.is_terminal:
            err.print(f"{event.job}: {event.seconds:.0f} s{who}", markup=False)
    elif event.kind == WAITING and not who:  # of several, some always wait for others
        err.print(f"{event.job}: waiting, {event.text}", markup=False)
    elif event.kind not in (BEGUN, WAITING):
        err.print(": ".join(part for part in (event.job, event.text + who) if part), markup=False)


def complain(outcome: Outcome, total: int, *, waited: bool = True) -> None:
    """Raise RunFailedError, listing what is not done, if anything is not.

    Parameters
    ----------
    outcome : Outcome
        What became of the jobs.
    total : int
        How many there are.
    waited : bool
        Whether jobs that are left should be done by now.
    """
    parts = [f"{failure.job} ({failure.reason})" for failure in outcome.failed.values()]
    parts += [f"a job that starts from {start}" for start in outcome.blocked.values()]
    if waited:
        parts += [f"{job.label} (not done)" for job in outcome.left.values()]
    if parts:
        lasting = "; --retry tries again what diverged or lost its workers" * any(
            failure.kind in ("diverged", "lost") for failure in outcome.failed.values()
        )
        more = f"; and {len(parts) - _LISTED} more (see --dry-run)" * (len(parts) > _LISTED)
        listed = "; ".join(parts[:_LISTED])
        raise RunFailedError(f"{len(parts)} of {total} jobs failed: {listed}{more}{lasting}")


def show_jobs(
    jobs: Sequence[Job], store: Store, costs: Estimate, how: Launching, *, as_json: bool
) -> None:
    """Show jobs with their states and what they are estimated to cost."""
    rows = [_row(job, store, costs) for job in jobs]
    open_rows = [row for row in rows if row["state"] != "done"]
    workers = how.workers or 1
    left = [job for job, row in zip(jobs, rows, strict=True) if row["state"] != "done"]
    order = Manifest(jobs=tuple(left), root=store.root, flops=costs.flops).order
    total = {
        "jobs": len(rows),
        "done": len(rows) - len(open_rows),
        "flops": sum(row["flops"] for row in rows),
        "flops_left": sum(row["flops"] for row in open_rows),
        "hours": {name: sum(row["hours"][name] for row in rows) for name in MACHINES},
        "hours_left": {name: sum(row["hours"][name] for row in open_rows) for name in MACHINES},
        "workers": workers,
        "hours_until_done": {
            # The order holds every start, finished ones too.
            name: makespan(
                order,
                {row["digest"]: row["hours"][name] * (row["state"] != "done") for row in rows},
                workers,
            )
            for name in MACHINES
        },
    }
    machines = {
        name: {
            "title": machine.title,
            "source": machine.source,
            "calibrated": costs.calibration.knows(machine),
        }
        for name, machine in MACHINES.items()
    }
    if as_json:
        print_json({"jobs": rows, "total": total, "machines": machines, "shard": how.shard})
        return
    heading = f"{len(jobs)} trainings"
    if how.shard is not None:
        heading += f", share {how.shard}"
    columns = ["training", "epochs", "state", "TFLOP", *(f"{name} h" for name in MACHINES)]
    shown = table(heading, *columns, numbers=(1, *range(3, len(columns))))
    shown.box = SIMPLE_HEAD
    for job, row in zip(jobs, rows, strict=True):
        name = job.label if job.start is None else f"{job.label}, from {job.start.label}"
        shown.add_row(name, str(job.config.epochs), row["note"] or row["state"], *_cells(row))
    shown.add_section()
    shown.add_row("in all", "", f"{total['done']} done", *_cells(total))
    if open_rows and total["done"]:
        to_do = {"flops": total["flops_left"], "hours": total["hours_left"]}
        shown.add_row("still to do", "", "", *_cells(to_do))
    out.print(shown)
    if workers > 1 and open_rows:
        until = (f"{total['hours_until_done'][name]:,.3g} on {name}" for name in MACHINES)
        out.print(f"Hours until all are done, {workers} at a time: {', '.join(until)}.")
    for name, entry in machines.items():
        known = costs.calibration.jobs if entry["calibrated"] else 0
        corrected = f"; corrected by {known} finished jobs" if known else ""
        text = f"{name}: {MACHINES[name].title}, {entry['source']}{corrected}."
        out.print(text, markup=False)


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        f"{row.get('flops', 0) / 1e12:,.3g}",
        *(f"{row['hours'][name]:,.3g}" for name in MACHINES),
    ]


def _row(job: Job, store: Store, costs: Estimate) -> dict[str, Any]:
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
    try:
        state = job.state(store)
    except StoreError as error:
        return "refused", f"refused: {error}"
    if state == "done":
        return state, ""
    holder = holder_of(job.folder(store))
    if holder is not None:
        return "running", f"running: {holder.doing or 'just begun'}, {holder}"
    failure = read_failure(job.folder(store))
    if failure is not None:
        return "failed", f"failed: {failure.reason}"
    return state, ""
