"""Do jobs by workers that Parsl starts: on this machine, under Slurm, or as a Config says.

Every job is a task. A job that starts from another waits for that task; the workers take the
beginning of the most expensive chain first. A job whose worker is lost is tried again, and goes
on from its last checkpoint.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import as_completed
from typing import Any

import torch

from ...errors import RunFailedError, SpadvError
from ...progress import Progress, silent
from ...store import FolderInUseError, RunFolder
from ..experiments.job import Job
from ..settings import LaunchSettings
from .configs import configuration
from .failure import ERROR, LOST, Failure, clear_failure, read_failure
from .shares import chains
from .work import PAUSE, Outcome, Say, Tried, attempt

#: Workers that may be lost on a job, one after the other without any progress.
TRIES = 3


def run_engine(
    jobs: Sequence[Job],
    settings: LaunchSettings,
    cost: Mapping[str, float],
    *,
    progress: Progress = silent,
    say: Say = lambda text: None,
) -> Outcome:
    """Do all jobs by workers; `cost`, by digest, decides which come first; see :func:`launch`."""
    outcome = Outcome()
    todo = [job for job in jobs if not outcome.settles(job, settings)]
    rank = chains(todo, cost)
    todo.sort(key=lambda job: -rank[job.digest])  # keeps starts first
    try:
        import parsl
        from parsl.dataflow.errors import DependencyError
        from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost
    except ImportError:
        name = settings.launcher
        raise SpadvError(f"the launcher {name} needs parsl: pip install 'spadv[cluster]'") from None
    config = configuration(settings, len(todo))
    if not todo:
        return outcome
    logging.getLogger("parsl").addHandler(logging.NullHandler())
    store, stamps = settings.store, dict[str, int]()

    def charge(error: Exception, record: Any) -> float:
        """Return how many tries a lost worker costs: none, and earlier ones back, after progress.

        What failed otherwise, or had told why before its worker went, is not tried again.
        """
        job: Job = record["args"][0]
        run = job.folder(store)
        if not isinstance(error, WorkerLost | ManagerLost) or read_failure(run):
            return math.inf
        say(f"{job.label}: its worker was lost")
        before, stamps[job.digest] = stamps[job.digest], _progress_stamp(run)
        return 1.0 if stamps[job.digest] == before else -record["fail_cost"]

    config.retries, config.retry_handler = TRIES - 1, charge
    try:
        with parsl.load(config):
            task, futures = parsl.python_app(work), dict[str, Any]()
            for place, job in enumerate(todo):
                run = job.folder(store)
                clear_failure(run)
                stamps[job.digest] = _progress_stamp(run)
                start = futures.get(job.start.digest) if job.start else None
                order = {"priority": place}
                futures[job.digest] = task(job, settings, start, parsl_resource_specification=order)
            named = {futures[job.digest]: job for job in todo}
            for future in as_completed(named):
                job = named[future]
                try:
                    tried = future.result()
                except (WorkerLost, ManagerLost):
                    tried = Tried(0.0, failure=_why_lost(job, job.folder(store)))
                except DependencyError:
                    tried = None
                if tried is None:
                    outcome.blocked[job.digest] = job.start.label if job.start else ""
                else:
                    outcome.add(job, tried, say)
                progress(outcome.settled, len(jobs), job.label)
    except (SpadvError, KeyboardInterrupt):
        raise
    except Exception as error:  # of Parsl; the tasks' own errors are told in what they return
        reason = " ".join(str(error).split())[-600:]
        raise RunFailedError(f"the workers failed: {reason}; see {config.run_dir}") from error
    return outcome


def work(
    job: Job,
    settings: LaunchSettings,
    start: Tried | None,
    parsl_resource_specification: Mapping[str, Any],
) -> Tried | None:
    """Do a job in a worker; None if the job that it starts from is not trained.

    The last two arguments are Parsl's: what is waited for, and the task's priority.
    """
    if job.start is not None and not job.start.folder(settings.store).is_complete:
        return None
    while True:
        try:
            tried = attempt(job, settings)
        except FolderInUseError:
            time.sleep(PAUSE)
            continue
        failed = tried.failure is not None and tried.failure.kind == ERROR
        if failed and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            os._exit(1)  # it may have spoilt CUDA for others; failure.json tells
        return tried


def _why_lost(job: Job, run: RunFolder) -> Failure:
    told = read_failure(run)
    if told is not None:
        return told
    reason = f"{TRIES} workers were lost on it without any progress; were they killed for memory?"
    failure = Failure(LOST, reason, job.label)
    failure.write(run)
    return failure


def _progress_stamp(run: RunFolder) -> int:
    """Return a number that grows whenever a job gets on: times of its saved files."""
    paths = [run.checkpoint_path, run.provenance_path, *run.evaluations.glob("*.json")]
    return max((path.stat().st_mtime_ns for path in paths if path.exists()), default=0)
