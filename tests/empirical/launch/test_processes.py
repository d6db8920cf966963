"""Worker processes: several launchers on one folder, and workers that are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from spadv.empirical.launch import (
    Event,
    Manifest,
    holder_of,
    read_failure,
    run_local,
    run_processes,
)
from spadv.empirical.launch.events import EventLog, EventReader

Make = Callable[..., Any]

LAUNCH = """
import json, sys
from pathlib import Path
from spadv.empirical.launch import Manifest, run_processes
manifest = Manifest.read(Path(sys.argv[1]))
outcome = run_processes(manifest, int(sys.argv[2]))
print(json.dumps([sorted(outcome.done), sorted(outcome.failed)]))
"""


@contextmanager
def launcher(manifest: Manifest, workers: int) -> Iterator[subprocess.Popen[str]]:
    """Launch in a process of its own; whatever is left of it is killed in the end."""
    command = [sys.executable, "-c", LAUNCH, str(manifest.write()), str(workers)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def wait_for(what: Callable[[], Any], seconds: float = 90.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def done_events(root: Path) -> list[str]:
    """Digests of jobs, once for every time that one was done."""
    events = [e for folder in (root / ".launches").iterdir() for e in EventReader(folder).new()]
    return sorted(event.digest for event in events if event.kind == "done")


def test_two_launchers_on_one_folder(
    tmp_path: Path, make_job: Make, make_manifest: Make, diverging: Make
) -> None:
    first = make_job(0)
    jobs = [first, make_job(1), make_job(2, start=first), make_job(3)]
    bad = diverging(4)
    manifests = [make_manifest(tmp_path, *jobs, bad) for _ in range(2)]
    with ThreadPoolExecutor(2) as both:
        outcomes = list(both.map(lambda manifest: run_processes(manifest, 1), manifests))
    digests = sorted(job.digest for job in jobs)
    for outcome in outcomes:
        assert (sorted(outcome.done), list(outcome.failed)) == (digests, [bad.digest])
    assert done_events(tmp_path) == digests  # each job once, by one or the other
    for job in jobs:
        assert len(job.folder(manifests[0].store).read_metrics()) == 1
    assert read_failure(bad.folder(manifests[0].store)) is not None


def test_a_killed_worker_is_replaced_and_its_job_goes_on(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    long = make_job(0, epochs=20)
    manifest = make_manifest(tmp_path, long)
    store = manifest.store
    run = long.folder(store)
    events: list[Event] = []
    killed: list[int] = []
    kept: list[Any] = []

    def watch(event: Event) -> None:
        events.append(event)
        if event.kind == "begun" and not killed:
            wait_for(lambda: len(run.read_metrics()) >= 2)
            holder = holder_of(run)
            assert holder is not None
            killed.append(holder.pid)
            os.kill(holder.pid, signal.SIGKILL)
            # The line of an epoch is written before its checkpoint; the last may be made again.
            kept.extend(run.read_metrics()[:-1][:2])

    outcome = run_processes(manifest, 1, watch=watch)
    assert list(outcome.done) == [long.digest]
    texts = [event.text for event in events if event.kind == "note"]
    assert any("was lost (SIGKILL)" in text for text in texts)
    assert any("taken over from worker-0" in text for text in texts)
    assert [event.kind for event in events if event.kind != "note"] == ["begun", "begun", "done"]
    rows = run.read_metrics()
    assert [row["epoch"] for row in rows] == list(range(1, 21))
    assert rows[: len(kept)] == kept  # their seconds, too: these epochs were not done again
    whole = make_manifest(tmp_path / "unharmed", long)
    run_local(whole)
    weights = [
        json.loads(long.folder(m.store).provenance_path.read_text())["fingerprint"]
        for m in (manifest, whole)
    ]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_workers_end_with_their_launcher(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    """SIGTERM to the launcher, or its death, makes workers save their state and go."""
    job = make_job(0, epochs=100_000)
    manifest = make_manifest(tmp_path, job)
    run = job.folder(manifest.store)
    with launcher(manifest, 1) as process:
        wait_for(lambda: run.is_complete or len(run.read_metrics()) >= 2)
        holder = holder_of(run)
        assert holder is not None
        process.kill()
        process.wait()
        wait_for(lambda: holder_of(run) is None)
        wait_for(lambda: not Path(f"/proc/{holder.pid}").exists())
    assert job.state(manifest.store) == "begun"
    claims = list((run.path / ".claims").iterdir())
    assert json.loads(claims[0].read_text())["released"]  # it had time to say so
    told = EventReader(manifest.folder).new()
    assert told[-1].text == "asked to stop; the state is saved"


def test_nothing_to_do_starts_nobody(tmp_path: Path, make_manifest: Make) -> None:
    manifest = make_manifest(tmp_path)
    assert run_processes(manifest, 3).settled
    assert not manifest.folder.exists()


def test_events_are_read_in_whole_lines(tmp_path: Path) -> None:
    reader, path = EventReader(tmp_path), tmp_path / "w.events"
    log = EventLog(path)
    one, two = Event("done", "w", "a job", "d", seconds=1.5), Event("note", "w", text="ä\n")
    log(one)
    with path.open("a") as stream:
        stream.write('{"kind": "no')
    assert reader.new() == [one]
    with path.open("a") as stream:
        stream.write('te", "worker": "w"}\n')
    log(two)
    assert reader.new() == [Event("note", "w"), two]
    assert reader.new() == []
    with path.open("a") as stream:
        stream.write('{"kind": "cut off by a full di\n')
    log(one)
    assert reader.new() == [one]


@pytest.mark.parametrize("value", [0, -1, 1.5])
def test_workers_must_be_some(tmp_path: Path, make_manifest: Make, value: Any) -> None:
    with pytest.raises(ValueError, match="workers"):
        run_processes(make_manifest(tmp_path), value)
