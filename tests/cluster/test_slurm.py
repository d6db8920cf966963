"""A real Slurm runs the workers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spadv.empirical.experiments import experiment
from spadv.store import Store

# Where no address is given, parsl asks for all of this machine, and leaves a socket open.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("slurm"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SLURM = ("--device", "cpu", "--launcher", "slurm", "--slurm")


def test_the_demo(spadv: Callable[..., Any], tmp_path: Path) -> None:
    options = (*SLURM, "time=20,cpus_per_task=1", "--workers", "2")
    found = spadv("reproduce", "demo", "--scale", "smoke", "--out", tmp_path, *options)
    assert found.status == 0, found.err
    assert (tmp_path / "report.html").is_file()
    assert (tmp_path / "demo.json").is_file()
    jobs = experiment("demo").plan("smoke", 1).jobs
    store = Store(tmp_path / "runs")
    devices = [json.loads(job.folder(store).provenance_path.read_text())["device"] for job in jobs]
    assert all("1 threads" in device for device in devices)  # what Slurm gave
    scripts = list((tmp_path / "runs" / ".launches").rglob("submit_scripts/*"))
    assert any("#SBATCH --time=20" in path.read_text() for path in scripts)


def test_what_slurm_refuses(spadv: Callable[..., Any], tmp_path: Path) -> None:
    options = (*SLURM, "partition=nowhere")
    found = spadv("reproduce", "demo", "--scale", "smoke", "--out", tmp_path, *options)
    assert found.status == 1
    assert "partition" in found.err
    assert "Traceback" not in found.err
