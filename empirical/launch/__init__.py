"""Do jobs: in this process, in several, or on a cluster; each once, whoever else works there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...progress import Progress, silent
from ..experiments.job import Job, merge
from ..settings import LaunchSettings
from .configs import check_launcher
from .cost import MACHINES, CostEstimate
from .engine import run_engine
from .failure import Failure, read_failure
from .shares import chains, share
from .work import DiskFullError, Outcome, Say, run_local

__all__ = [
    "MACHINES",
    "CostEstimate",
    "DiskFullError",
    "Failure",
    "LaunchSettings",
    "Outcome",
    "chains",
    "check_launcher",
    "launch",
    "read_failure",
    "share",
]


def launch(
    jobs: Sequence[Job],
    settings: LaunchSettings,
    *,
    cost: Mapping[str, float] | None = None,
    progress: Progress = silent,
    say: Say = lambda text: None,
) -> Outcome:
    """Do jobs and those that they start from; what is done already is not done again.

    A job that fails does not stop the others. DiskFullError if results cannot be saved any more,
    RunFailedError if workers do not come up, KeyboardInterrupt after Ctrl-C, once the state is
    saved.

    Parameters
    ----------
    jobs : sequence of Job
        In any order.
    settings : LaunchSettings
        Where and how.
    cost : mapping, optional
        By digest: several workers begin with the most expensive chain of jobs. One worker
        keeps the order of the jobs.
    progress : Progress
        Told jobs settled, out of all.
    say : callable
        Told, in words, what happens.
    """
    everything = merge(list(jobs))
    if settings.launcher == "local":
        return run_local(everything, settings, progress=progress, say=say)
    return run_engine(everything, settings, cost or {}, progress=progress, say=say)
