"""What `spadv reproduce` says of its jobs: states, costs, and failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InputError, RunFailedError, StoreError
from ..store import Store
from .console import out, print_json, print_table

if TYPE_CHECKING:
    from ..empirical.experiments import Job
    from ..empirical.launch import CostEstimate, Outcome
    from ..empirical.settings import LaunchSettings

#: Failures that the last line lists, at most.
_LISTED = 8


def read_share(text: str) -> tuple[int, int]:
    """Return the numbers of a share such as 2/4."""
    parts = text.split("/")
    if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
        raise InputError("shard", "be i/n with 1 <= i <= n, such as 2/4", text)
    return int(parts[0]), int(parts[1])


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
        "flops": sum(row["flops"] for row in rows),
        "flops_left": sum(row["flops"] for row in left),
        "hours": {name: sum(row["hours"][name] for row in rows) for name in MACHINES},
        "hours_left": {name: sum(row["hours"][name] for row in left) for name in MACHINES},
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
    columns = ["training", "epochs", "state", "TFLOP", *MACHINES]
    lines = []
    for job, row in zip(jobs, rows, strict=True):
        name = job.label if job.start is None else f"{job.label}, from {job.start.label}"
        lines.append((name, str(job.config.epochs), row["note"] or row["state"], *_cells(row)))
    totals = [("in all", "", f"{total['done']} done", *_cells(total))]
    if left and total["done"]:
        to_do = {"flops": total["flops_left"], "hours": total["hours_left"]}
        totals.append(("still to do", "", "", *_cells(to_do)))
    print_table(heading, columns, lines, numbers=(1, *range(3, len(columns))), totals=totals)
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
