"""Damaged files are named, set aside and made again; what is not ours is refused and kept."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spadv.empirical.data import load
from spadv.empirical.experiments.job import Job
from spadv.empirical.experiments.running import DamagedError, results_of, run_job, state_of
from spadv.empirical.launch import DiskFullError, LaunchSettings, Outcome, launch
from spadv.empirical.training import load_run
from spadv.store import FolderInUseError, RunFolder, Store
from spadv.theory import StoreError

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, request: Any) -> Path:
    """A store with two finished jobs, the second from the network of the first."""
    from spadv.empirical.training import TrainConfig, TrainOptions

    table = {
        "data": {"name": "mnist-sample", "limit": 100},
        "model": {"name": "lenet"},
        "optimiser": {"learning_rate": 0.05, "batch_size": 50},
    }
    settings = request.module.MEASURED
    first = Job(TrainConfig.from_table(table), (settings,))
    second = Job(TrainConfig.from_table(table | {"seed": 1}), (settings,), first)
    root = tmp_path_factory.mktemp("finished")
    torch.set_num_threads(1)  # the number of threads decides the last bits
    options = TrainOptions(device="cpu")
    launch([second], LaunchSettings(root=root, options=options))
    return root


def _measured() -> Any:
    from spadv.empirical.evaluation import EvaluationSettings

    return EvaluationSettings(
        rotations=(0.0, 90.0), translations=(), both=(), budgets=(), distance_images=0, images=20
    )


MEASURED = _measured()


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Store:
    """A copy that a test may spoil."""
    shutil.copytree(finished, tmp_path / "runs")
    return Store(tmp_path / "runs")


@pytest.fixture
def pair(make_job: Make) -> tuple[Job, Job]:
    first = make_job(0)
    return first, make_job(1, start=first)


def again(settings_of: Make, store: Store, *jobs: Job) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    return launch(jobs, settings_of(store.root), say=said.append), said


def evaluation(job: Job, store: Store) -> Path:
    (path,) = job.folder(store).evaluations.glob("*.json")
    return path


def begun(settings_of: Make, store: Store, job: Job) -> RunFolder:
    """Leave a training that was stopped after its first epoch."""

    def tell(done: float, total: float, message: str = "") -> None:
        if "epoch" in message:  # one is over and saved
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch([job], settings_of(store.root), progress=tell)
    assert state_of(job, store) == "begun"
    return job.folder(store)


def garble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8] = b"\0garbage"
    path.write_bytes(data)


# Damaged evaluations ------------------------------------------------------------------


def test_what_another_process_holds_is_not_moved(store: Store, pair: tuple[Job, Job]) -> None:
    job = pair[0]
    garble(evaluation(job, store))
    with job.folder(store).locked(), pytest.raises(FolderInUseError):
        run_job(job, store, load())
    assert evaluation(job, store).exists()
    assert not (job.folder(store).path / ".aside").exists()


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("how", ["garbled", "truncated", "missing"])
def test_a_damaged_evaluation_is_made_again(
    store: Store, pair: tuple[Job, Job], settings_of: Make, suffix: str, how: str
) -> None:
    job = pair[0]
    path = evaluation(job, store)
    outcome = results_of(job, store)[MEASURED].arrays["rotation"]
    damaged = path.with_suffix(suffix)
    if how == "garbled":
        garble(damaged)
    elif how == "truncated":
        damaged.write_bytes(damaged.read_bytes()[:40])
    else:
        damaged.unlink()
    content = damaged.read_bytes() if damaged.exists() else None
    if (suffix, how) != (".json", "missing"):  # then nothing says that there ever was one
        with pytest.raises(DamagedError, match=path.stem):
            results_of(job, store)
    checkpoint = job.folder(store).checkpoint_path.stat().st_mtime_ns

    # A launch sees damage when it comes to the job; arrays are read then, too.
    if state_of(job, store) == "done":
        run_job(job, store, load())
    else:
        result, said = again(settings_of, store, job)
        assert result.done == {job.digest}
        if damaged.exists() and how != "missing":
            assert any(path.name in text for text in said)
    np.testing.assert_array_equal(results_of(job, store)[MEASURED].arrays["rotation"], outcome)
    assert job.folder(store).checkpoint_path.stat().st_mtime_ns == checkpoint
    aside = job.folder(store).path / ".aside" / "1" / damaged.name
    if content is not None:
        assert aside.read_bytes() == content


# Damaged trainings --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl", "checkpoint.pt"])
def test_a_damaged_training_is_begun_anew(
    store: Store, make_job: Make, settings_of: Make, name: str
) -> None:
    job = make_job(7, epochs=2)
    run = begun(settings_of, store, job)
    path = run.path / name
    garble(path)
    content = path.read_bytes()
    result, said = again(settings_of, store, job)
    assert result.done == {job.digest}
    (note,) = [text for text in said if "aside" in text]
    assert name in note
    assert ".aside/1" in note
    assert (run.path / ".aside" / "1" / name).read_bytes() == content
    assert len(run.read_metrics()) == 2


def test_a_stopped_training_goes_on(store: Store, make_job: Make, settings_of: Make) -> None:
    """Without damage: the first epoch is not done again, and the weights are as if unstopped."""
    job, epochs = make_job(7, epochs=2), []
    run = begun(settings_of, store, job)
    epochs.append(run.read_metrics()[0])
    again(settings_of, store, job)
    assert run.read_metrics()[0] == epochs[0]
    whole = settings_of(store.root.parent / "other")
    launch([job], whole)
    fingerprints = {
        json.loads(job.folder(s).provenance_path.read_text())["fingerprint"]
        for s in (store, whole.store)
    }
    assert len(fingerprints) == 1


@pytest.mark.parametrize("name", ["provenance.json", "config.json"])
def test_a_finished_training_with_damage_is_done_again(
    store: Store, pair: tuple[Job, Job], settings_of: Make, name: str
) -> None:
    job = pair[1]
    run = job.folder(store)
    before = json.loads(run.provenance_path.read_text())["fingerprint"]
    garble(run.path / name)
    assert state_of(job, store) == "damaged"
    result, said = again(settings_of, store, *pair)
    assert len(result.done) == 2
    assert any(name in text for text in said)
    assert json.loads(run.provenance_path.read_text())["fingerprint"] == before


def test_a_damaged_start_is_trained_again(
    store: Store, pair: tuple[Job, Job], make_job: Make, settings_of: Make
) -> None:
    first = pair[0]
    run = first.folder(store)
    before = json.loads(run.provenance_path.read_text())["fingerprint"]
    garble(run.checkpoint_path)
    third = make_job(2, start=first)
    result, said = again(settings_of, store, *pair, third)
    assert result.done == {job.digest for job in (*pair, third)}
    done = [text.rpartition(":")[0] for text in said if text.endswith(" s")]
    assert done == [third.label]  # what starts from sound weights stays
    assert any("SHA-256" in text for text in said)
    assert json.loads(run.provenance_path.read_text())["fingerprint"] == before
    assert (run.path / ".aside" / "1" / "checkpoint.pt").is_file()


def test_a_lost_checkpoint_is_noticed_before_measuring(
    store: Store, pair: tuple[Job, Job], settings_of: Make
) -> None:
    job = pair[1]
    evaluation(job, store).unlink()
    job.folder(store).checkpoint_path.unlink()
    result, said = again(settings_of, store, job)
    assert job.digest in result.done
    assert any("checkpoint.pt: it is missing" in text for text in said)
    load_run(job.folder(store).path)


def test_a_begun_job_whose_start_was_trained_again(
    store: Store, make_job: Make, settings_of: Make
) -> None:
    first = make_job(0)
    job = make_job(7, start=first, epochs=2)
    run = begun(settings_of, store, job)
    for path in (first.folder(store).provenance_path, first.folder(store).checkpoint_path):
        path.unlink()
    result, said = again(settings_of, store, job)
    assert len(result.done) == 2
    assert any("another run of the training" in text for text in said)
    assert (run.path / ".aside" / "1" / "checkpoint.pt").is_file()


# What is not ours ---------------------------------------------------------------------


def refused(settings_of: Make, store: Store, job: Job, *words: str) -> None:
    """The job fails with the difference, and no result is touched or used."""
    run = job.folder(store)
    results = {p: p.read_bytes() for p in run.path.rglob("*") if p.is_file()}
    with pytest.raises(StoreError) as caught:
        results_of(job, store)
    outcome, _ = again(settings_of, store, job)
    failure = outcome.failed[job.digest]
    assert failure.kind == "refused"
    for word in words:
        assert word in str(caught.value)
        assert word in failure.reason
    for path, content in results.items():
        assert path.read_bytes() == content
    assert not (run.path / ".aside").exists()


def test_another_release(
    store: Store, pair: tuple[Job, Job], settings_of: Make, edit: Make
) -> None:
    job = pair[0]
    run = job.folder(store)
    edit(run.provenance_path, lambda d: d["versions"].update(spadv="0.0.7"))
    refused(settings_of, store, job, "spadv 0.0.7", "--any-version")
    mixed = settings_of(store.root, any_version=True)
    assert launch([job], mixed).done == {job.digest}


def test_an_evaluation_by_another_release(
    store: Store, pair: tuple[Job, Job], settings_of: Make, edit: Make
) -> None:
    path = evaluation(pair[0], store)
    edit(path, lambda d: d["provenance"]["versions"].update(spadv="9.0.0"))
    refused(settings_of, store, pair[0], path.name, "spadv 9.0.0")


def test_another_layout(store: Store, pair: tuple[Job, Job], settings_of: Make, edit: Make) -> None:
    edit(pair[0].folder(store).config_path, lambda d: d.update(layout=99))
    refused(settings_of, store, pair[0], "layout 99")


def test_another_schema(store: Store, pair: tuple[Job, Job], settings_of: Make, edit: Make) -> None:
    edit(evaluation(pair[0], store), lambda d: d.update(schema=99))
    refused(settings_of, store, pair[0], "schema 99")


def test_another_protocol(
    store: Store, pair: tuple[Job, Job], settings_of: Make, edit: Make
) -> None:
    edit(evaluation(pair[0], store), lambda d: d["protocol"].update(clip=[-1.0, 1.0]))
    refused(
        settings_of, store, pair[0], "rules of attack", "clip is [0.0, 1.0] here, [-1.0, 1.0] there"
    )


def test_another_training(
    store: Store, pair: tuple[Job, Job], make_job: Make, settings_of: Make
) -> None:
    """A folder copied under another job's name is not taken for its result."""
    other = make_job(5)
    shutil.copytree(pair[0].folder(store).path, other.folder(store).path)
    refused(settings_of, store, other, "another training", "seed is 5 here, 0 there")


def test_evaluations_of_other_weights(
    store: Store, pair: tuple[Job, Job], settings_of: Make
) -> None:
    foreign = evaluation(pair[1], store)
    own = evaluation(pair[0], store)
    for suffix in (".json", ".npz"):
        own.with_suffix(suffix).unlink()
        shutil.copy(foreign.with_suffix(suffix), own.parent)
    refused(settings_of, store, pair[0], "other weights", foreign.name)


def test_evaluations_on_other_images_are_left_alone(
    store: Store, pair: tuple[Job, Job], settings_of: Make
) -> None:
    """`spadv evaluate --part validation` writes beside ours, with the same settings."""
    from spadv.empirical.data import load
    from spadv.empirical.evaluation import evaluate

    job = pair[0]
    run = job.folder(store)
    own = evaluation(job, store)
    for suffix in (".json", ".npz"):
        own.with_suffix(suffix).unlink()
    model = load_run(run.path).model
    evaluate(model, load("mnist-sample"), MEASURED, folder=run.evaluations, part="validation")
    assert state_of(job, store) == "trained"
    result, _ = again(settings_of, store, job)
    assert result.done == {job.digest}
    assert results_of(job, store)[MEASURED].data["part"] == "test"


# No room ------------------------------------------------------------------------------


def test_a_full_disk_stops_the_launch_and_loses_nothing(
    tmp_path: Path, make_job: Make, settings_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, settings = (make_job(0), make_job(1), make_job(2)), settings_of(tmp_path)
    sync, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError, match="make room and run the same command again"):
        launch(jobs, settings)
    monkeypatch.undo()
    assert [state_of(job, settings.store) for job in jobs] == ["done", "missing", "missing"]
    assert not any(job.folder(settings.store).failure_path.exists() for job in jobs)
    assert len(launch(jobs, settings).done) == 3


def test_no_room_to_begin(
    tmp_path: Path, make_job: Make, settings_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **named: Any) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(DiskFullError, match="quota"):
        launch([make_job(0)], settings_of(tmp_path))
