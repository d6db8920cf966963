"""One worker: starts first, failures kept apart, nothing done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spadv.empirical.experiments.job import Job
from spadv.empirical.launch import Event, Outcome, claim, read_failure, run_local, settle
from spadv.empirical.launch.failure import Failure
from spadv.empirical.launch.work import Worker
from spadv.store import RunFolder
from spadv.theory import RunFailedError

Make = Callable[..., Any]


def files(root: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file() and ".c" not in str(p)}


def kinds(events: list[Event], job: Job) -> list[str]:
    return [event.kind for event in events if event.digest == job.digest]


def test_jobs_are_done_once_and_in_order(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    first = make_job(0)
    second = make_job(1, start=first)
    events: list[Event] = []
    told: list[tuple[float, float]] = []
    manifest = make_manifest(tmp_path, second, first)
    outcome = run_local(
        manifest, watch=events.append, progress=lambda d, t, m="": told.append((d, t))
    )
    assert set(outcome.done) == {first.digest, second.digest}
    assert outcome.settled
    assert [(e.kind, e.digest) for e in events] == [
        ("begun", first.digest), ("done", first.digest),
        ("begun", second.digest), ("done", second.digest),
    ]  # fmt: skip
    assert told == sorted(told)
    assert {total for _, total in told} == {2}
    store = manifest.store
    assert [job.state(store) for job in (first, second)] == ["done", "done"]
    assert len(second.results(store)) == 1

    before = files(tmp_path)
    events.clear()
    again = run_local(make_manifest(tmp_path, first, second), watch=events.append)
    assert set(again.done) == set(outcome.done)
    assert events == []
    assert files(tmp_path) == before


def test_a_failure_stops_only_what_starts_from_it(
    tmp_path: Path, make_job: Make, make_manifest: Make, diverging: Make
) -> None:
    bad, good = diverging(0), make_job(1)
    after = make_job(2, start=bad)
    later = make_job(3, start=after)
    jobs = (later, bad, good)

    outcome = run_local(make_manifest(tmp_path, *jobs))
    assert list(outcome.done) == [good.digest]
    assert [f.kind for f in outcome.failed.values()] == ["diverged"]
    assert outcome.blocked == {after.digest: bad.label, later.digest: after.label}
    failure = read_failure(bad.folder(make_manifest(tmp_path).store))
    assert failure is not None
    assert "diverged" in failure.reason
    assert failure.job == bad.label

    events: list[Event] = []
    again = run_local(make_manifest(tmp_path, *jobs), watch=events.append)
    assert again.failed == outcome.failed
    assert events == []  # a training that diverged is not tried again

    run_local(make_manifest(tmp_path, *jobs, retry=True), watch=events.append)
    assert kinds(events, bad) == ["begun", "failed"]
    assert kinds(events, good) == kinds(events, after) == []


def test_other_failures_are_tried_in_the_next_launch(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    job = make_job()
    calls: list[Path] = []

    def broken(config: Any, folder: Path, *rest: Any) -> None:
        calls.append(folder)
        raise ZeroDivisionError("not today")

    for _ in range(2):
        manifest = make_manifest(tmp_path, job)
        outcome = Worker(manifest, "w", trainer=broken).work()
        failure = outcome.failed[job.digest]
        assert (failure.kind, failure.launch) == ("error", manifest.launch)
        assert failure.reason == "ZeroDivisionError: not today"
        assert "in broken" in failure.details
        # Another worker of the same launch leaves it alone.
        assert Worker(manifest, "v", trainer=broken).work().failed == outcome.failed
    assert len(calls) == 2
    done = run_local(make_manifest(tmp_path, job))
    assert list(done.done) == [job.digest]
    assert not job.folder(manifest.store).failure_path.exists()


def test_bad_input_is_a_failure_with_a_reason(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    nowhere = make_job(0, data={"name": str(tmp_path / "nowhere")})
    outcome = run_local(make_manifest(tmp_path / "runs", nowhere, make_job(1)))
    assert [f.kind for f in outcome.failed.values()] == ["refused"]
    assert "nowhere" in outcome.failed[nowhere.digest].reason
    assert len(outcome.done) == 1


def test_a_job_that_loses_its_workers_is_given_up(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    import json
    import os

    job, manifest = make_job(), make_manifest(tmp_path, make_job(), stale_after=10.0)
    claims = job.folder(manifest.store).path / ".claims"
    claims.mkdir(parents=True)
    gone = {"who": "x", "host": "another", "boot": "b", "pid": 1, "tries": 3, "stamp": 0}
    (claims / "3").write_text(json.dumps(gone))
    os.utime(claims / "3", (0, 0))
    outcome = run_local(manifest)
    assert outcome.failed[job.digest].kind == "lost"
    assert "3 workers were lost" in outcome.failed[job.digest].reason
    assert list(run_local(make_manifest(tmp_path, job)).failed) == [job.digest]
    assert list(run_local(make_manifest(tmp_path, job, retry=True)).done) == [job.digest]


def test_what_others_hold_is_waited_for(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    job = make_job()
    manifest = make_manifest(tmp_path, job, beat=0.05)
    held = claim(job.folder(manifest.store), "somebody")
    assert held is not None
    events: list[Event] = []
    with held:
        outcome = Worker(manifest, "w", watch=events.append, patience=0.2).work()
        assert list(outcome.left) == [job.digest]
        assert not outcome.settled
        assert [(e.kind, e.text[:20]) for e in events] == [("waiting", "worked on by somebod")]
        assert settle(manifest).left == outcome.left
        worker = Worker(manifest, "w")
        thread = threading.Thread(target=worker.work)
        thread.start()
    thread.join(60)
    assert list(worker.outcome.done) == [job.digest]


def test_a_folder_in_use_outside_of_launchers_is_waited_for(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    job = make_job()
    manifest = make_manifest(tmp_path, job)
    with job.folder(manifest.store).locked():  # as `spadv train` holds it
        outcome = Worker(manifest, "w", patience=0.2).work()
    assert list(outcome.left) == [job.digest]
    assert outcome.failed == {}


def test_a_lost_claim_stops_the_training(
    tmp_path: Path, make_job: Make, make_manifest: Make
) -> None:
    """A worker that was believed gone must not go on beside its successor."""
    job = make_job(epochs=2)
    manifest = make_manifest(tmp_path, job, beat=0.01, stale_after=30.0)
    store = manifest.store
    steps: list[float] = []

    def slow(config: Any, folder: Path, data: Any, options: Any, progress: Any) -> None:
        (folder / ".claims" / "2").write_text("")  # another machine's, just made
        for step in range(500):
            threading.Event().wait(0.01)
            steps.append(step)
            progress(step, 500)

    events: list[Event] = []
    outcome: Outcome = Worker(manifest, "w", watch=events.append, trainer=slow, patience=0.0).work()
    assert len(steps) < 500
    assert list(outcome.left) == [job.digest]
    assert any("taken over" in event.text for event in events)
    assert read_failure(job.folder(store)) is None


@pytest.mark.parametrize("text", ["", "{", '{"kind": 1}'])
def test_a_garbled_failure_is_no_failure(tmp_path: Path, text: str) -> None:
    run = RunFolder(tmp_path)
    run.failure_path.write_text(text)
    assert read_failure(run) is None


def test_failures_are_read_again(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    made = Failure.of(RunFailedError("up and away"), job="j", launch="l", worker="w")
    made.write(run)
    assert read_failure(run) == made
