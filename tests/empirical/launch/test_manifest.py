"""Manifests: written and read again, ordered by what they unlock, dealt out in shares."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.empirical.experiments.job import Job, merge
from spadv.empirical.launch import Manifest, share
from spadv.empirical.training import TrainConfig
from spadv.theory import InputError, StoreError

Make = Callable[..., Any]


def test_read_is_written(tmp_path: Path, make_job: Make, make_manifest: Make) -> None:
    first = make_job(0, augment={"rotation": 30.0})
    second = make_job(1, start=first, objective={"name": "pgd", "budget": 8 / 255, "steps": 2})
    manifest = make_manifest(
        tmp_path / "runs", second, first, data_root=Path("data"), flops={first.digest: 2.5},
        retry=True, job_processes=2, any_version=True,
    )  # fmt: skip
    path = manifest.write()
    assert path.parent.parent == tmp_path / "runs" / ".launches"
    found = Manifest.read(path)
    assert found == manifest
    assert [job.digest for job in found.jobs] == [first.digest, second.digest]
    assert found.jobs[1].start == found.jobs[0]
    assert found.data_root == Path("data").absolute()


def test_launches_have_names_of_their_own(tmp_path: Path, make_manifest: Make) -> None:
    assert make_manifest(tmp_path).launch != make_manifest(tmp_path).launch


def test_a_changed_job_is_refused(
    tmp_path: Path, make_job: Make, make_manifest: Make, edit: Make
) -> None:
    path = make_manifest(tmp_path, make_job()).write()
    whole = path.read_text()
    edit(path, lambda d: d["jobs"][0]["config"].update(seed=5))
    with pytest.raises(StoreError, match="another version"):
        Manifest.read(path)
    for key in json.loads(whole):
        path.write_text(whole)
        edit(path, lambda d, key=key: d.pop(key))
        with pytest.raises(StoreError, match="manifest"):
            Manifest.read(path)


def test_dear_chains_begin_first(tmp_path: Path, make_job: Make, make_manifest: Make) -> None:
    a, b, c = make_job(0), make_job(1), make_job(2)
    d = make_job(3, start=b)
    e = make_job(4, start=d)
    flops = {a.digest: 5.0, b.digest: 1.0, c.digest: 2.0, d.digest: 3.0, e.digest: 4.0}
    manifest = make_manifest(tmp_path, a, b, c, d, e, flops=flops)
    seeds = [job.config.seed for job in manifest.order]
    assert seeds == [1, 3, 0, 4, 2]  # chains of 8, 7, 5, 4, 2
    assert [job.config.seed for job in make_manifest(tmp_path, e, c).order] == [1, 3, 4, 2]


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
    # Dealing the dearest first: no share exceeds a fair one by more than the dearest family.
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
