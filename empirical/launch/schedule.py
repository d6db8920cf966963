"""How long jobs take on several workers: the order in which workers pull them, played through."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from ...checks import check_integer
from ..experiments.job import Job


def makespan(jobs: Sequence[Job], seconds: Mapping[str, float], workers: int) -> float:
    """Return when the last job ends, if each worker takes the first job that is free.

    Parameters
    ----------
    jobs : sequence of Job
        In the order of preference (:attr:`Manifest.order`). A start that is not among them
        is taken as done.
    seconds : mapping
        Of each job, by digest.
    workers : int
        How many; each does one job at a time.

    Notes
    -----
    Such a schedule takes at most 2 - 1/workers times the best one (Graham, Bell System
    Technical Journal 45, 1966).

    Examples
    --------
    >>> from spadv.empirical.training import TrainConfig
    >>> jobs = [Job(TrainConfig(seed=seed)) for seed in range(3)]
    >>> times = {job.digest: time for job, time in zip(jobs, (3.0, 2.0, 2.0))}
    >>> [makespan(jobs, times, workers) for workers in (1, 2, 3)]
    [7.0, 4.0, 3.0]
    """
    check_integer("workers", workers, minimum=1)
    inside = {job.digest for job in jobs}
    waiting: dict[str, list[int]] = {}
    free: list[int] = []  # places in the order
    for place, job in enumerate(jobs):
        if job.start is not None and job.start.digest in inside:
            waiting.setdefault(job.start.digest, []).append(place)
        else:
            free.append(place)
    heapq.heapify(free)
    running: list[tuple[float, int]] = []
    now = 0.0
    while free or running:
        while free and len(running) < workers:
            place = heapq.heappop(free)
            heapq.heappush(running, (now + seconds[jobs[place].digest], place))
        now, place = heapq.heappop(running)
        for follower in waiting.pop(jobs[place].digest, []):
            heapq.heappush(free, follower)
    return now
