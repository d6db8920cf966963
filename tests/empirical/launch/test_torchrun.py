"""One training on two processes, through torchrun."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spadv.empirical.launch import run_local
from spadv.empirical.launch.torchrun import _outcome_path, _raise
from spadv.errors import RunFailedError
from spadv.store import FolderInUseError, write_json
from spadv.theory import StoreError

Make = Callable[..., Any]


@pytest.mark.slow
def test_jobs_on_two_processes(
    tmp_path: Path, make_job: Make, make_manifest: Make, diverging: Make
) -> None:
    good, bad = make_job(0, epochs=2), diverging(1)
    told: list[float] = []
    manifest = make_manifest(tmp_path, good, bad, job_processes=2)
    outcome = run_local(manifest, progress=lambda done, total, message="": told.append(done))
    assert list(outcome.done) == [good.digest]
    assert [failure.kind for failure in outcome.failed.values()] == ["diverged"]
    run = good.folder(manifest.store)
    assert json.loads(run.provenance_path.read_text())["processes"] == 2
    assert [row["train_images"] for row in run.read_metrics()] == [100, 100]
    assert told


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("diverged", RunFailedError, "up"),
        ("in use", FolderInUseError, "up"),
        ("refused", StoreError, "up"),
        ("error", RuntimeError, "up; see"),
        ("interrupted", RuntimeError, "up; see"),
    ],
)
def test_outcomes_become_errors(
    tmp_path: Path, kind: str, error: type[Exception], text: str
) -> None:
    path = tmp_path / "x.outcome.json"
    write_json(path, {"kind": kind, "text": "up"})
    with pytest.raises(error, match=text):
        _raise(path, tmp_path / "log", 1)


def test_a_full_disk_stays_one(tmp_path: Path) -> None:
    from spadv.empirical.launch.failure import disk_is_full

    path = tmp_path / "x.outcome.json"
    write_json(path, {"kind": "full", "text": "no space", "errno": 28})
    with pytest.raises(StoreError) as caught:
        _raise(path, tmp_path / "log", 1)
    assert disk_is_full(caught.value)


def test_no_outcome_names_the_log(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"status 7 .*the\.log"):
        _raise(tmp_path / "none.json", tmp_path / "the.log", 7)


def test_orders_and_outcomes_lie_beside_each_other(tmp_path: Path) -> None:
    assert _outcome_path(tmp_path / "a.b.order.json") == tmp_path / "a.b.outcome.json"
