"""What the Slurm launcher can say without a Slurm; tests/cluster has the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spadv.empirical.launch import run_slurm
from spadv.empirical.launch.slurm import SlurmWorker, _slurm, read_settings
from spadv.errors import RunFailedError, SpadvError
from spadv.theory import InputError

Make = Callable[..., Any]


def test_settings() -> None:
    assert read_settings("") == {}
    assert read_settings(" partition = gpu , time=600,,gpus-per-node=2,qos=a=b") == {
        "partition": "gpu",
        "time": 600,
        "gpus_per_node": 2,
        "qos": "a=b",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("partition", "settings such as"),
        ("=gpu", "settings such as"),
        ("two words=1", "settings such as"),
        ("partition=", "settings such as"),
        ("time=1-00:00:00", "whole number of minutes"),
        ("mem_gb=32G", "whole number of gigabytes"),
        ("mem=32G", "mem_gb"),
        ("cpus_per_task=many", "whole number"),
    ],
)
def test_garbled_settings(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_settings(text)


def test_without_submitit(
    tmp_path: Path, make_job: Make, make_manifest: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(SpadvError, match=r"pip install 'spadv\[cluster\]'"):
        run_slurm(make_manifest(tmp_path / "runs", make_job()), 1)
    assert not (tmp_path / "runs").exists()


def test_without_slurm(
    tmp_path: Path, make_job: Make, make_manifest: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpadvError, match="there is no Slurm here"):
        run_slurm(make_manifest(tmp_path / "runs", make_job()), 1)


def test_commands_that_fail() -> None:
    with pytest.raises(SpadvError, match="no-such-command is not installed"):
        _slurm(["no-such-command"])
    with pytest.raises(RunFailedError, match="sh failed: out of order"):
        _slurm(["sh", "-c", "echo out of order >&2; exit 3"])


def test_nothing_left_needs_no_slurm(tmp_path: Path, make_manifest: Make) -> None:
    assert run_slurm(make_manifest(tmp_path), 1).settled


def test_workers_are_named_after_their_task(
    tmp_path: Path, make_manifest: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_manifest(tmp_path).write()
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "12")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    seen: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "spadv.empirical.launch.slurm.work_on",
        lambda path, name, threads, patience: seen.append((name, threads)) or 0,
    )
    assert SlurmWorker(path, 1.0, 1)() == 0
    assert seen == [("slurm-12_3", 1)]
