"""The length of a schedule, against brute force and the bounds that hold for any."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spadv.empirical.experiments.job import Job
from spadv.empirical.launch.schedule import makespan
from spadv.empirical.training import TrainConfig
from spadv.theory import InputError


@st.composite
def forests(draw: st.DrawFn, most: int = 9) -> tuple[list[Job], dict[str, float]]:
    jobs: list[Job] = []
    for seed in range(draw(st.integers(1, most))):
        jobs.append(Job(TrainConfig(seed=seed), (), draw(st.sampled_from([None, *jobs]))))
    return jobs, {job.digest: float(draw(st.integers(1, 20))) for job in jobs}


def chain(job: Job | None, seconds: dict[str, float]) -> float:
    return 0.0 if job is None else seconds[job.digest] + chain(job.start, seconds)


@given(forests(), st.integers(1, 5))
def test_bounds(made: tuple[list[Job], dict[str, float]], workers: int) -> None:
    jobs, seconds = made
    found = makespan(jobs, seconds, workers)
    total = sum(seconds.values())
    longest = max(chain(job, seconds) for job in jobs)
    assert max(total / workers, longest) <= found + 1e-9
    assert found <= total / workers + longest * (1 - 1 / workers) + 1e-9  # Graham's proof
    assert makespan(jobs, seconds, 1) == total
    assert makespan(jobs, seconds, len(jobs)) == longest


@settings(max_examples=30)
@given(forests(most=5), st.integers(2, 3))
def test_never_better_than_the_best(made: tuple[list[Job], dict[str, float]], workers: int) -> None:
    """The best schedule is one of those that take jobs in some order."""
    jobs, seconds = made
    best = min(makespan(list(p), seconds, workers) for p in itertools.permutations(jobs))
    found = makespan(jobs, seconds, workers)
    assert best <= found <= (2 - 1 / workers) * best + 1e-9


def test_starts_elsewhere_are_done() -> None:
    start = Job(TrainConfig(seed=0))
    job = Job(TrainConfig(seed=1), (), start)
    assert makespan([job], {job.digest: 2.0}, 1) == 2.0


def test_bad_workers() -> None:
    with pytest.raises(InputError, match="workers"):
        makespan([], {}, 0)
