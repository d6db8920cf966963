"""Jobs by workers of this machine: the same outcome whatever is killed, or fills up."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from spadv.empirical.experiments.running import state_of
from spadv.empirical.launch import DiskFullError, LaunchSettings, configs, launch, read_failure
from spadv.errors import InputError, SpadvError
from spadv.store import RunFolder

Make = Callable[..., Any]


@pytest.fixture
def workers(settings_of: Make) -> Callable[..., LaunchSettings]:
    """Settings of a launch by two workers of this machine."""

    def make(root: Path, **more: Any) -> LaunchSettings:
        return settings_of(root, launcher="processes", **({"workers": 2} | more))

    return make


def wait_for(what: Callable[[], Any], seconds: float = 300.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def holder(run: RunFolder) -> psutil.Process | None:
    """Return the process that holds a folder's lock."""
    for process in psutil.process_iter():
        try:
            if any(Path(f.path) == run.path / ".lock" for f in process.open_files()):
                return process
        except psutil.Error:
            continue
    return None


def mentioning(root: Path) -> list[psutil.Process]:
    """Return the processes whose command names a folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(root) in word for word in process.info["cmdline"] or ()):
            found.append(process)
    return found


LAUNCH = """
import pickle, sys
from spadv.empirical.launch import launch
jobs, settings = pickle.load(sys.stdin.buffer)
outcome = launch(jobs, settings)
print(len(outcome.done))
"""


@contextmanager
def launcher(jobs: list[Any], settings: LaunchSettings) -> Iterator[subprocess.Popen[bytes]]:
    """Launch in a process of its own."""
    command = [sys.executable, "-c", LAUNCH]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(pickle.dumps((jobs, settings)))
    process.stdin.close()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_two_workers(tmp_path: Path, make_job: Make, workers: Make, diverging: Make) -> None:
    """Starts first, once each; what fails stops only what starts from it."""
    first, bad = make_job(0), diverging(3)
    good = [first, make_job(1, start=first), make_job(2)]
    blocked = make_job(4, start=bad)
    settings, said = workers(tmp_path), list[str]()
    outcome = launch([*good, bad, blocked], settings, say=said.append)
    assert outcome.done == {job.digest for job in good}
    assert [failure.kind for failure in outcome.failed.values()] == ["diverged"]
    assert outcome.blocked == {blocked.digest: bad.label}
    assert all(state_of(job, settings.store) == "done" for job in good)
    assert read_failure(bad.folder(settings.store)) == outcome.failed[bad.digest]
    names = [text.partition(": ")[0] for text in said]
    assert sorted(names) == sorted(job.label for job in [*good, bad])
    assert names.index(first.label) < names.index(good[1].label)
    devices = {
        json.loads(job.folder(settings.store).provenance_path.read_text())["device"] for job in good
    }
    assert all("1 threads" in device for device in devices)
    # Nothing is left to do: nobody is started.
    launches = len(list((tmp_path / ".launches").iterdir()))
    assert launch([*good, bad, blocked], settings) == outcome
    assert len(list((tmp_path / ".launches").iterdir())) == launches


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_its_job_goes_on(
    tmp_path: Path, make_job: Make, workers: Make, settings_of: Make
) -> None:
    job, other = make_job(0, epochs=60), make_job(1)
    settings, said = workers(tmp_path / "runs"), list[str]()
    run, kept = job.folder(settings.store), list[Any]()

    def kill() -> None:
        wait_for(lambda: len(run.read_metrics()) >= 3)
        wait_for(lambda: holder(run)).kill()
        # The line of an epoch is written before its checkpoint; the last may be made again.
        kept.extend(run.read_metrics()[:-1])

    thread = threading.Thread(target=kill)
    thread.start()
    outcome = launch([job, other], settings, say=said.append)
    thread.join()
    assert outcome.done == {job.digest, other.digest}
    assert f"{job.label}: its worker was lost" in said
    rows = run.read_metrics()
    assert [row["epoch"] for row in rows] == list(range(1, 61))
    assert rows[: len(kept)] == kept  # their seconds, too: these epochs were not done again
    whole = settings_of(tmp_path / "unharmed")
    launch([job], whole)
    fingerprints = {
        json.loads(job.folder(s.store).provenance_path.read_text())["fingerprint"]
        for s in (settings, whole)
    }
    assert len(fingerprints) == 1


@pytest.mark.slow
def test_a_killed_launcher_is_started_anew(tmp_path: Path, make_job: Make, workers: Make) -> None:
    jobs = [make_job(0, epochs=60), make_job(1)]
    settings = workers(tmp_path)
    run = jobs[0].folder(settings.store)
    with launcher(jobs, settings) as process:
        wait_for(lambda: len(run.read_metrics()) >= 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = run.read_metrics()[:-1]
    assert launch(jobs, settings).done == {job.digest for job in jobs}
    rows = run.read_metrics()
    assert [row["epoch"] for row in rows] == list(range(1, 61))
    assert rows[: len(kept)] == kept
    wait_for(lambda: not mentioning(tmp_path))  # nothing of the first launch is left either


@pytest.mark.slow
def test_two_launchers_on_one_folder(tmp_path: Path, make_job: Make, workers: Make) -> None:
    first = make_job(0, epochs=5)
    jobs = [first, make_job(1), make_job(2, start=first), make_job(3)]
    settings = workers(tmp_path, workers=1)
    with launcher(jobs, settings) as process:
        outcome = launch(jobs, settings)
        assert process.stdout is not None
        assert process.stdout.read() == b"4\n"
    assert outcome.done == {job.digest for job in jobs}
    for job in jobs:
        rows = job.folder(settings.store).read_metrics()
        assert [row["epoch"] for row in rows] == list(range(1, job.config.epochs + 1))


@pytest.mark.slow
def test_a_job_that_loses_its_workers_is_given_up(
    tmp_path: Path, make_job: Make, workers: Make
) -> None:
    """As a limit on memory would: before its first epoch ends, and anything is saved."""
    fatal, good = make_job(0, data={"limit": 4000}), make_job(1)
    settings, said = workers(tmp_path), list[str]()
    run, stop = fatal.folder(settings.store), list[bool]()

    def kill() -> None:
        while not stop:
            process = holder(run)
            if process is not None and not run.checkpoint_path.exists():
                process.kill()
            time.sleep(0.005)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        outcome = launch([fatal, good], settings, say=said.append)
    finally:
        stop.append(True)
        thread.join()
    assert outcome.done == {good.digest}
    assert outcome.failed[fatal.digest].kind == "lost"
    assert "3 workers were lost" in outcome.failed[fatal.digest].reason
    assert said.count(f"{fatal.label}: its worker was lost") == 3
    assert launch([fatal, good], settings) == outcome  # for good, unless asked
    assert len(launch([fatal, good], workers(tmp_path, retry=True)).done) == 2


@pytest.mark.slow
def test_a_full_disk_stops_the_launch_and_loses_nothing(
    tmp_path: Path, make_job: Make, workers: Make
) -> None:
    def mount(options: str) -> int:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(tmp_path)]
        return subprocess.run(command, capture_output=True).returncode

    if os.geteuid() != 0 or mount("size=900k"):
        pytest.skip("a small file system takes root")
    try:
        jobs, settings = [make_job(seed) for seed in range(4)], workers(tmp_path / "runs")
        with pytest.raises(DiskFullError, match="make room and run the same command again"):
            launch(jobs, settings)
        assert not any(read_failure(job.folder(settings.store)) for job in jobs)
        wait_for(lambda: not mentioning(tmp_path))
        assert mount("remount,size=200m") == 0
        assert launch(jobs, settings).done == {job.digest for job in jobs}
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


CONFIG = """
from parsl import Config
from parsl.executors import HighThroughputExecutor

executor = HighThroughputExecutor(address="127.0.0.1", max_workers_per_node=1)
config = Config(executors=[executor], initialize_logging=False)
"""


@pytest.mark.slow
def test_a_config_of_ones_own(tmp_path: Path, make_job: Make, settings_of: Make) -> None:
    path = tmp_path / "cluster.py"
    path.write_text(CONFIG)
    job = make_job()
    assert launch([job], settings_of(tmp_path / "runs", launcher=str(path))).done == {job.digest}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "gives 0 of them"),
        ("1 / 0", "ZeroDivisionError"),
        ("import parsl\nc = parsl.Config()", "HighThroughputExecutors alone"),
    ],
)
def test_what_is_no_config(
    tmp_path: Path, make_job: Make, settings_of: Make, text: str, words: str
) -> None:
    path = tmp_path / "cluster.py"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        launch([make_job()], settings_of(tmp_path, launcher=str(path)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("partition", "partition=gpu"),
        ("=3", "partition=gpu"),
        ("time=1-00:00:00", "whole number of minutes"),
        ("mem_gb=4G", "whole number of gigabytes"),
        ("mem=4G", "mem_gb"),
    ],
)
def test_options_of_slurm_that_are_not(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        configs.read_options(text)


def test_no_slurm(
    tmp_path: Path, make_job: Make, settings_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpadvError, match="no Slurm here"):
        launch([make_job()], settings_of(tmp_path, launcher="slurm"))
