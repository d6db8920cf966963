"""A real Slurm runs the workers: the demo, a killed worker, two processes a training."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spadv.empirical.experiments import experiment
from spadv.empirical.experiments.job import Job
from spadv.empirical.launch import Event, Manifest, holder_of, run_slurm
from spadv.empirical.launch.events import EventReader
from spadv.empirical.training import TrainConfig, TrainOptions
from spadv.errors import InputError, RunFailedError
from spadv.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("slurm")]

SETTINGS = "time=20,cpus_per_task=1"


def long_job(epochs: int) -> Job:
    table = {
        "data": {"name": "mnist-sample", "limit": 200},
        "model": {"name": "lenet"},
        "optimiser": {"learning_rate": 0.01, "batch_size": 50},
        "epochs": epochs,
    }
    return Job(TrainConfig.from_table(table))


def manifest_of(folder: Path, *jobs: Job, **more: Any) -> Manifest:
    return Manifest(
        jobs=jobs, root=folder / "runs", options=TrainOptions(device="cpu"), beat=0.5, **more
    )


def wait_for(what: Callable[[], Any], seconds: float = 120.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def test_the_demo(spadv: Callable[..., Any], tmp_path: Path) -> None:
    found = spadv(
        "reproduce", "demo", "--scale", "smoke", "--out", tmp_path, "--device", "cpu",
        "--launcher", "slurm", "--workers", "2", "--slurm", SETTINGS,
    )  # fmt: skip
    assert found.status == 0, found.err
    assert "submitted 2 worker(s) to Slurm" in found.err
    assert (tmp_path / "report.html").is_file()
    assert (tmp_path / "demo.json").is_file()
    jobs = experiment("demo").plan("smoke", 1).jobs
    (launch,) = (tmp_path / "runs" / ".launches").iterdir()
    done = [event for event in EventReader(launch).new() if event.kind == "done"]
    assert sorted(event.digest for event in done) == sorted(job.digest for job in jobs)
    assert all(event.worker.startswith("slurm-") for event in done)
    store = Store(tmp_path / "runs")
    devices = [json.loads(job.folder(store).provenance_path.read_text())["device"] for job in jobs]
    assert all("1 threads" in device for device in devices)  # what Slurm gave


def test_a_killed_workers_job_goes_on(tmp_path: Path) -> None:
    job = long_job(25)
    manifest = manifest_of(tmp_path, job)
    run = job.folder(manifest.store)
    events: list[Event] = []

    def watch(event: Event) -> None:
        events.append(event)
        if event.kind == "begun" and sum(e.kind == "begun" for e in events) == 1:
            wait_for(lambda: len(run.read_metrics()) >= 3)
            holder = holder_of(run)
            assert holder is not None
            os.kill(holder.pid, signal.SIGKILL)

    outcome = run_slurm(manifest, 1, SETTINGS, watch=watch, look=0.5)
    assert list(outcome.done) == [job.digest]
    texts = [event.text for event in events]
    assert sum("submitted 1 worker(s)" in text for text in texts) == 2
    assert any("taken over from slurm-" in text for text in texts)
    assert [row["epoch"] for row in run.read_metrics()] == list(range(1, 26))


def test_a_cancelled_worker_saves_first(tmp_path: Path) -> None:
    """As at the end of its time: Slurm asks (SIGTERM, or SIGUSR2 two minutes before)."""
    import subprocess

    job = long_job(100_000)
    manifest = manifest_of(tmp_path, job)
    run = job.folder(manifest.store)
    outcome = run_slurm(manifest, 1, SETTINGS, wait=False)
    assert list(outcome.left) == [job.digest]
    holder = wait_for(lambda: run.metrics_path.exists() and holder_of(run))
    os.kill(holder.pid, signal.SIGUSR2)
    wait_for(lambda: holder_of(run) is None)
    (claim,) = (run.path / ".claims").iterdir()
    assert json.loads(claim.read_text())["released"]
    assert job.state(manifest.store) == "begun"

    again = manifest_of(tmp_path, job)
    run_slurm(again, 1, SETTINGS, wait=False)
    wait_for(lambda: holder_of(run))
    wait_for(lambda: len(run.read_metrics()) >= 2)
    subprocess.run(["scancel", f"--name=spadv-{again.launch}"], check=True)
    wait_for(lambda: holder_of(run) is None)
    assert EventReader(again.folder).new()[-1].text == "asked to stop; the state is saved"


def test_two_processes_a_training(tmp_path: Path) -> None:
    job = long_job(2)
    manifest = manifest_of(tmp_path, job, job_processes=2)
    settings = "time=20,cpus_per_task=1"  # this machine may have no more
    outcome = run_slurm(manifest, 1, settings, look=0.5)
    assert list(outcome.done) == [job.digest], outcome.failed
    provenance = json.loads(job.folder(manifest.store).provenance_path.read_text())
    assert provenance["processes"] == 2


def test_what_slurm_refuses(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path, long_job(1))
    with pytest.raises(RunFailedError, match=r"Slurm does not take the workers.*partition"):
        run_slurm(manifest, 1, "partition=nowhere")
    with pytest.raises(InputError, match="whole number of minutes"):
        run_slurm(manifest, 1, "time=1-00:00:00")
