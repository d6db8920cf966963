"""Chains of jobs, and shares: whole families, about equally expensive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.empirical.experiments.job import Job, merge
from spadv.empirical.launch import chains, share
from spadv.empirical.training import TrainConfig
from spadv.errors import InputError

Make = Callable[..., Any]


def test_the_most_expensive_chains(make_job: Make) -> None:
    a, b, c = make_job(0), make_job(1), make_job(2)
    d = make_job(3, start=b)
    e = make_job(4, start=d)
    cost = {a.digest: 5.0, b.digest: 1.0, c.digest: 2.0, d.digest: 3.0, e.digest: 4.0}
    jobs = (a, b, c, d, e)
    found = chains(jobs, cost)
    assert [found[job.digest] for job in jobs] == [5.0, 8.0, 2.0, 7.0, 4.0]


@st.composite
def families(draw: st.DrawFn) -> tuple[list[Job], dict[str, float]]:
    jobs: list[Job] = []
    for seed in range(draw(st.integers(1, 25))):
        start = draw(st.sampled_from([None, *jobs]))
        jobs.append(Job(TrainConfig(seed=seed), (), start))
    numbers = st.floats(0, 1e20)
    return jobs, {job.digest: draw(numbers) for job in jobs}


@given(families(), st.integers(1, 6))
def test_shares(made: tuple[list[Job], dict[str, float]], count: int) -> None:
    jobs, flops = made
    shares = [share(jobs, flops, (i, count)) for i in range(1, count + 1)]
    dealt = [job.digest for part in shares for job in part]
    assert sorted(dealt) == sorted(job.digest for job in merge(jobs))  # each job once
    for part in shares:
        inside = {job.digest for job in part}
        assert all(job.start is None or job.start.digest in inside for job in part)
    # Dealing the most expensive first: no share exceeds a fair one by more than such a family.
    loads = [sum(flops[job.digest] for job in part) for part in shares]
    roots: dict[str, float] = {}
    for job in jobs:
        root = job
        while root.start is not None:
            root = root.start
        roots[root.digest] = roots.get(root.digest, 0.0) + flops[job.digest]
    assert max(loads) <= sum(loads) / count + max(roots.values()) + 1e-6 * sum(loads)


def test_shares_do_not_depend_on_the_order(make_job: Make) -> None:
    jobs = [make_job(seed) for seed in range(9)]
    flops = {job.digest: float(number % 4) for number, job in enumerate(jobs)}
    for i in (1, 2, 3):
        there = {job.digest for job in share(jobs, flops, (i, 3))}
        assert there == {job.digest for job in share(jobs[::-1], flops, (i, 3))}


@pytest.mark.parametrize("which", [(0, 2), (3, 2), (1, 0), (-1, 2)])
def test_shares_that_are_not(which: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="shard"):
        share([], {}, which)
