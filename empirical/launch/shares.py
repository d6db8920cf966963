"""Which jobs to do first, and which of them here, where a launch is divided into shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import InputError
from ..experiments.job import Job, merge


def chains(jobs: Sequence[Job], cost: Mapping[str, float]) -> dict[str, float]:
    """Return, by digest, what the most expensive chain of jobs costs that begins with each.

    Every job stands after the one that it starts from, as :func:`merge` returns them.
    """
    found: dict[str, float] = {}
    for job in reversed(jobs):
        found[job.digest] = cost.get(job.digest, 0.0) + found.get(job.digest, 0.0)
        if job.start is not None:
            start = job.start.digest
            found[start] = max(found.get(start, 0.0), found[job.digest])
    return found


def share(jobs: Sequence[Job], cost: Mapping[str, float], which: tuple[int, int]) -> list[Job]:
    """Return the i-th of n shares of some jobs, `which` = (i, n), about equally expensive.

    A job and all that start from it, or from the same job, are one family, and a family is
    never divided: no share waits for another, so shares may be done on machines that share
    no folder, and their run folders be copied together afterwards. Families are dealt out
    from the most expensive to the cheapest, each to the share that has least; ties go by
    digest. Shares depend on the jobs and their estimated costs alone, not on what is done.

    Examples
    --------
    >>> from spadv.empirical.training import TrainConfig
    >>> jobs = [Job(TrainConfig(seed=seed)) for seed in range(5)]
    >>> [len(share(jobs, {}, (i, 2))) for i in (1, 2)]
    [3, 2]
    """
    number, count = which
    if not 1 <= number <= count:
        raise InputError("shard", "be i/n with 1 <= i <= n", f"{number}/{count}")
    everything = merge(list(jobs))
    families: dict[str, list[Job]] = {}
    for job in everything:
        families.setdefault(_root(job).digest, []).append(job)
    total = {
        digest: sum(cost.get(job.digest, 0.0) for job in family)
        for digest, family in families.items()
    }
    loads = [(0.0, 0)] * count
    ours = set()
    for digest in sorted(families, key=lambda digest: (-total[digest], digest)):
        least = min(range(count), key=lambda i: loads[i])
        loads[least] = (loads[least][0] + total[digest], loads[least][1] + len(families[digest]))
        if least == number - 1:
            ours.add(digest)
    return [job for job in everything if _root(job).digest in ours]


def _root(job: Job) -> Job:
    while job.start is not None:
        job = job.start
    return job
