"""Jobs in this process: starts first, failures kept apart, nothing done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spadv.empirical.experiments.running import results_of, state_of
from spadv.empirical.launch import Failure, launch, read_failure, work
from spadv.errors import RunFailedError
from spadv.store import RunFolder

Make = Callable[..., Any]


def files(root: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file() and p.name != ".lock"}


def test_jobs_are_done_once_and_in_order(tmp_path: Path, make_job: Make, settings_of: Make) -> None:
    first = make_job(0)
    second = make_job(1, start=first)
    said: list[str] = []
    told: list[tuple[float, float]] = []
    settings = settings_of(tmp_path)
    outcome = launch(
        [second, first], settings, say=said.append, progress=lambda d, t, m="": told.append((d, t))
    )
    assert outcome.done == {first.digest, second.digest}
    assert [text.rpartition(":")[0] for text in said] == [first.label, second.label]
    assert told == sorted(told)
    assert {total for _, total in told} == {2}
    store = settings.store
    assert [state_of(job, store) for job in (first, second)] == ["done", "done"]
    assert len(results_of(second, store)) == 1

    before = files(tmp_path)
    said.clear()
    again = launch([first, second], settings, say=said.append)
    assert again == outcome
    assert said == []
    assert files(tmp_path) == before


def test_a_failure_stops_only_what_starts_from_it(
    tmp_path: Path, make_job: Make, settings_of: Make, diverging: Make
) -> None:
    bad, good = diverging(0), make_job(1)
    after = make_job(2, start=bad)
    later = make_job(3, start=after)
    jobs, settings = (later, bad, good), settings_of(tmp_path)
    outcome = launch(jobs, settings)
    assert outcome.done == {good.digest}
    assert [f.kind for f in outcome.failed.values()] == ["diverged"]
    assert outcome.blocked == {after.digest: bad.label, later.digest: after.label}
    failure = read_failure(bad.folder(settings.store))
    assert failure is not None
    assert "diverged" in failure.reason
    assert failure.job == bad.label

    said: list[str] = []
    assert launch(jobs, settings, say=said.append) == outcome
    assert said == []  # a training that diverged is not tried again
    launch(jobs, settings_of(tmp_path, retry=True), say=said.append)
    assert [text.partition(": ")[0] for text in said] == [bad.label]


def test_other_failures_are_tried_in_the_next_launch(
    tmp_path: Path, make_job: Make, settings_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, settings = make_job(), settings_of(tmp_path)

    def broken(*arguments: Any, **options: Any) -> None:
        raise ZeroDivisionError("not today")

    monkeypatch.setattr(work, "train", broken)
    for _ in range(2):
        failure = launch([job], settings).failed[job.digest]
        assert failure.kind == "error"
        assert failure.reason == "ZeroDivisionError: not today"
        assert "in broken" in failure.details
        assert read_failure(job.folder(settings.store)) == failure
    monkeypatch.undo()
    assert launch([job], settings).done == {job.digest}
    assert not job.folder(settings.store).failure_path.exists()


def test_bad_input_is_a_failure_with_a_reason(
    tmp_path: Path, make_job: Make, settings_of: Make
) -> None:
    nowhere = make_job(0, data={"name": str(tmp_path / "nowhere")})
    outcome = launch([nowhere, make_job(1)], settings_of(tmp_path / "runs"))
    assert [f.kind for f in outcome.failed.values()] == ["refused"]
    assert "nowhere" in outcome.failed[nowhere.digest].reason
    assert len(outcome.done) == 1


def test_a_folder_in_use_is_waited_for(
    tmp_path: Path, make_job: Make, settings_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `spadv train` holds it; the other jobs are done meanwhile, but not what starts there."""
    monkeypatch.setattr(work, "PAUSE", 0.05)
    job, other, settings = make_job(), make_job(1), settings_of(tmp_path)
    after, said = make_job(2, start=job), list[str]()
    free = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        if text.startswith(other.label):
            free.set()

    def hold(held: threading.Event) -> None:
        with job.folder(settings.store).locked():
            held.set()
            free.wait(60)

    held = threading.Event()
    thread = threading.Thread(target=hold, args=(held,))
    thread.start()
    held.wait(60)
    outcome = launch([job, after, other], settings, say=say)
    thread.join(60)
    assert outcome.done == {job.digest, after.digest, other.digest}
    assert said[0] == f"{job.label}: waiting, another process works in its folder"
    names = [text.rpartition(":")[0] for text in said[1:]]
    assert names == [other.label, job.label, after.label]


def test_two_launches_on_one_folder(
    tmp_path: Path, make_job: Make, settings_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every job is trained once, by one or the other, and both end."""
    monkeypatch.setattr(work, "PAUSE", 0.05)
    first = make_job(0)
    jobs = [first, make_job(1), make_job(2, start=first), make_job(3)]
    trained: list[str] = []
    train = work.train

    def counted(config: Any, folder: Path, **more: Any) -> None:
        if train(config, folder, **more).trained:
            trained.append(folder.name)

    monkeypatch.setattr(work, "train", counted)
    outcomes: list[Any] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(launch(jobs, settings_of(tmp_path))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert [outcome.done for outcome in outcomes] == [{job.digest for job in jobs}] * 2
    store = settings_of(tmp_path).store
    assert sorted(trained) == sorted(job.folder(store).path.name for job in jobs)


@pytest.mark.parametrize("text", ["", "{", '{"kind": 1}'])
def test_a_garbled_failure_is_no_failure(tmp_path: Path, text: str) -> None:
    run = RunFolder(tmp_path)
    run.failure_path.write_text(text)
    assert read_failure(run) is None


def test_failures_are_read_again(tmp_path: Path, edit: Make) -> None:
    run = RunFolder(tmp_path)
    made = Failure.of(RunFailedError("up and away"), "j")
    made.write(run)
    edit(run.failure_path, lambda d: d.update(launch="of an earlier layout", worker="w"))
    assert read_failure(run) == made
