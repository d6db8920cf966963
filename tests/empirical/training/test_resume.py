"""Stopped at any moment: the training goes on to the same bits, or says clearly why not."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from spadv.empirical.data import DataSet, Images, load
from spadv.empirical.training import (
    Callback,
    TrainConfig,
    TrainOptions,
    TrainResult,
    load_run,
    train,
)
from spadv.empirical.training.checkpoint import read_checkpoint
from spadv.theory import StoreError

TABLE: dict[str, Any] = {
    "model": {"name": "stdcnn"},
    "data": {"limit": 200},
    "epochs": 2,
    "augment": "R:90",
    "objective": "pgd:0.1,steps=2",
    "optimiser": {"batch_size": 25, "milestones": [1]},
}
SCRIPT = """
import json, sys
from pathlib import Path
from spadv.empirical.training import TrainConfig, TrainOptions, train
options = TrainOptions(device="cpu", checkpoint_seconds=0.1)
train(TrainConfig.from_table(json.loads(sys.argv[1])), Path(sys.argv[2]), options=options)
"""


@pytest.fixture(scope="module")
def data() -> DataSet:
    return load("mnist-sample")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same training, left alone, in a process like the others."""
    folder = tmp_path_factory.mktemp("whole")
    finish(folder)
    return folder


def start(folder: Path, table: dict[str, Any] = TABLE) -> subprocess.Popen[bytes]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    # Shells that run things in the background have SIGINT ignored, and children inherit it.
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps(table), str(folder)],
        env=environment,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def finish(folder: Path) -> None:
    process = start(folder)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said.decode()


def stop_at(folder: Path, number: int, saves: int) -> tuple[int, str]:
    """Send a signal once so many checkpoints have appeared."""
    process = start(folder)
    file, seen, last = folder / "checkpoint.pt", 0, None
    deadline = time.monotonic() + 60
    while process.poll() is None and seen < saves and time.monotonic() < deadline:
        stamp = file.stat().st_mtime_ns if file.exists() else None
        seen, last = seen + (stamp != last), stamp
        time.sleep(0.002)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said.decode()


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(folder / "checkpoint.pt").model


def assert_same(folder: Path, whole: Path) -> None:
    mine, theirs = weights(folder), weights(whole)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[key], theirs[key]) for key in mine)
    rows = [
        [
            {k: v for k, v in json.loads(line).items() if k != "seconds"}
            for line in (place / "metrics.jsonl").read_text().splitlines()
        ]
        for place in (folder, whole)
    ]
    assert rows[0] == rows[1]


def test_kill_minus_nine_and_go_on_gives_the_same_bits(tmp_path: Path, whole: Path) -> None:
    status, _ = stop_at(tmp_path, signal.SIGKILL, saves=3)
    assert status == -signal.SIGKILL
    assert not (tmp_path / "provenance.json").exists()
    finish(tmp_path)
    assert_same(tmp_path, whole)


def test_ctrl_c_saves_the_step_going_on(tmp_path: Path, whole: Path) -> None:
    status, said = stop_at(tmp_path, signal.SIGINT, saves=2)
    assert status != 0
    assert "KeyboardInterrupt" in said
    kept = read_checkpoint(tmp_path / "checkpoint.pt")
    assert (kept.epoch, kept.step) < (2, 0)
    finish(tmp_path)
    assert_same(tmp_path, whole)


def test_ctrl_c_in_the_last_steps_ends_what_would_follow(tmp_path: Path, data: DataSet) -> None:
    config = TrainConfig.from_table(TABLE | {"epochs": 1, "objective": "natural"})
    stop(config, tmp_path, data, lambda done, total: done == total)
    assert load_run(tmp_path).complete
    assert not train(config, tmp_path, data=data).trained


def test_a_finished_training_is_not_done_again(
    tmp_path: Path, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig.from_table(TABLE | {"epochs": 1, "objective": "natural"})
    first = train(config, tmp_path, data=data)
    stamp = (tmp_path / "checkpoint.pt").stat().st_mtime_ns
    second = train(config, tmp_path, data=data)
    assert first.trained
    assert not second.trained
    assert second.test_correct == first.test_correct
    assert (tmp_path / "checkpoint.pt").stat().st_mtime_ns == stamp
    run = load_run(tmp_path)
    assert run.complete
    x, _ = data.test.batch(slice(0, 50))
    with torch.no_grad():
        assert torch.equal(run.model(x), first.model(x))


def interrupted(folder: Path, data: DataSet, steps: int = 5) -> TrainConfig:
    """Train for some steps and stop as Ctrl-C does."""
    config = TrainConfig.from_table(TABLE | {"objective": "natural"})
    stop(config, folder, data, lambda done, total: done == steps)
    return config


def stop(
    config: TrainConfig, folder: Path, data: DataSet, when: Callable[[float, float], bool]
) -> None:
    asked = []

    def progress(done: float, total: float, message: str = "") -> None:
        if when(done, total) and not asked:
            asked.append(done)
            signal.raise_signal(signal.SIGINT)

    # Background shells ignore the signal, and what they start inherits it.
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(config, folder, data=data, progress=progress)
    finally:
        signal.signal(signal.SIGINT, old)


def test_the_interrupted_state_is_exactly_that_step(tmp_path: Path, data: DataSet) -> None:
    config = interrupted(tmp_path / "a", data, steps=5)
    kept = read_checkpoint(tmp_path / "a" / "checkpoint.pt")
    assert (kept.epoch, kept.step) == (0, 5)
    one = train(config, tmp_path / "a", data=data)
    other = train(config, tmp_path / "b", data=data)
    for mine, theirs in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_another_training_in_the_same_folder_is_refused(tmp_path: Path, data: DataSet) -> None:
    config = interrupted(tmp_path, data)
    other = TrainConfig.from_table(config.to_table() | {"seed": 7})
    before = sorted((p.name, p.stat().st_mtime_ns) for p in tmp_path.glob("[!.]*"))
    with pytest.raises(StoreError, match="seed is 7 here, 0 there"):
        train(other, tmp_path, data=data)
    assert before == sorted((p.name, p.stat().st_mtime_ns) for p in tmp_path.glob("[!.]*"))


STAGES = [
    {"epochs": 1, "augment": "R:30"},
    {"epochs": 2, "augment": "R:60", "objective": "pgd:0.1,steps=1", "restart": True},
]


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_more_epochs_for_a_finished_training(tmp_path: Path, data: DataSet, precision: str) -> None:
    """What a training of all epochs from the start gives, bit for bit."""
    table: dict[str, Any] = {"model": {"name": "mlp_a"}, "data": {"limit": 60}}
    table |= {"optimiser": {"batch_size": 20, "milestones": [1]}, "precision": precision}
    few = dataclasses.replace(data, validation=data.validation.take(50), test=data.test.take(50))

    def run(folder: str, stages: list[dict[str, Any]]) -> TrainResult:
        config = TrainConfig.from_table(table | {"stages": stages})
        return train(config, tmp_path / folder, data=few)

    shorter = [STAGES[0], STAGES[1] | {"epochs": 1}]
    assert run("a", STAGES[:1]).trained
    assert run("a", shorter).trained
    longer, whole = run("a", STAGES), run("b", STAGES)
    assert longer.trained
    assert [row | {"seconds": 0} for row in longer.metrics] == [
        row | {"seconds": 0} for row in whole.metrics
    ]
    for mine, theirs in zip(longer.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert not run("a", STAGES).trained
    assert load_run(tmp_path / "a").complete
    for other in (shorter, [STAGES[0] | {"augment": "R:31"}, STAGES[1] | {"epochs": 3}]):
        with pytest.raises(StoreError, match="holds another training"):
            run("a", other)


class Told(Callback):
    """Ten lines are enough for any service."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def begin(self, config: TrainConfig, folder: Path) -> None:
        self.heard.append((config.epochs, folder.name))

    def epoch(self, row: dict[str, Any]) -> None:
        self.heard.append(row["epoch"])
        if row["epoch"] == 3:
            raise ValueError("the service is down")

    def end(self, failed: bool) -> None:
        self.heard.append(failed)


def test_callbacks_are_told(tmp_path: Path, data: DataSet) -> None:
    table = {"model": {"name": "mlp_a"}, "data": {"limit": 20}, "epochs": 2}
    few = dataclasses.replace(data, validation=data.validation.take(5), test=data.test.take(5))
    told = Told()
    train(TrainConfig.from_table(table), tmp_path / "run", data=few, callbacks=[told, Callback()])
    assert told.heard == [(2, "run"), 1, 2, False]
    longer, failing = TrainConfig.from_table(table | {"epochs": 4}), Told()
    with pytest.raises(ValueError, match="down"):
        train(longer, tmp_path / "run", data=few, callbacks=[failing])
    assert failing.heard == [(4, "run"), 3, True]
    again = train(longer, tmp_path / "run", data=few)
    assert [row["epoch"] for row in again.metrics] == [1, 2, 3, 4]


def test_tensorboard_has_every_number(tmp_path: Path, data: DataSet) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    table = {"model": {"name": "mlp_a"}, "data": {"limit": 20}, "epochs": 2}
    few = dataclasses.replace(data, validation=data.validation.take(5), test=data.test.take(5))
    options = TrainOptions(tensorboard=True)
    result = train(TrainConfig.from_table(table), tmp_path, data=few, options=options)
    events = reader.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    found = [(event.step, event.value) for event in events.Scalars("train_loss")]
    assert [step for step, _ in found] == [1, 2]
    expected = [row["train_loss"] for row in result.metrics]
    assert [value for _, value in found] == pytest.approx(expected, rel=1e-6)


def test_other_images_under_the_same_name_are_refused(tmp_path: Path, data: DataSet) -> None:
    config = interrupted(tmp_path, data)
    pixels = data.train.pixels.clone()
    pixels[0, 0, 0, 0] += 1
    changed = load_changed(data, Images(pixels, data.train.labels))
    with pytest.raises(StoreError, match="other images"):
        train(config, tmp_path, data=changed)


def load_changed(data: DataSet, images: Images) -> DataSet:
    import dataclasses

    return dataclasses.replace(data, train=images, digest="another")


def test_a_folder_of_other_files_is_refused(tmp_path: Path, data: DataSet) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="other files"):
        train(TrainConfig.from_table(TABLE), tmp_path, data=data)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_two_processes_in_one_folder(tmp_path: Path, data: DataSet) -> None:
    from spadv.store import RunFolder

    with RunFolder(tmp_path).locked(), pytest.raises(StoreError, match="another process"):
        train(TrainConfig.from_table(TABLE), tmp_path, data=data)


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_truncated_checkpoints(tmp_path: Path, data: DataSet, size: int) -> None:
    config = interrupted(tmp_path, data)
    file = tmp_path / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(StoreError, match="damaged"):
        train(config, tmp_path, data=data)


def test_a_flipped_bit_in_a_checkpoint(tmp_path: Path, data: DataSet) -> None:
    config = interrupted(tmp_path, data)
    file = tmp_path / "checkpoint.pt"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        train(config, tmp_path, data=data)


class Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_hostile_checkpoint_is_never_executed(tmp_path: Path, writer: str) -> None:
    bait, file = tmp_path / "executed", tmp_path / "checkpoint.pt"
    content = {"header": "{}", "model": Hostile(bait), "optimiser": {}}
    if writer == "torch":
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(content))
    with pytest.raises(StoreError, match=r"not loaded|damaged"):
        load_run(file)
    assert not bait.exists()


def test_checkpoints_of_others(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    torch.save({"state_dict": {"weight": torch.zeros(3)}}, file)
    with pytest.raises(StoreError, match="no spadv checkpoint"):
        load_run(file)
    torch.save(torch.zeros(3), file)
    with pytest.raises(StoreError, match="no spadv checkpoint"):
        load_run(file)
    with pytest.raises(StoreError, match="no run folder"):
        load_run(tmp_path.parent)
    with pytest.raises(StoreError, match=r"no checkpoint .*missing\.pt"):
        load_run(tmp_path / "missing.pt")


def test_a_checkpoint_of_another_model(tmp_path: Path, data: DataSet) -> None:
    config = interrupted(tmp_path, data)
    file = tmp_path / "checkpoint.pt"
    content = torch.load(file, weights_only=True)
    names = list(content["model"])
    content["model"][names[1]] = torch.zeros(3, 2)
    del content["model"][names[0]]
    torch.save(content, file)
    with pytest.raises(StoreError, match=r"of another network: lacks .*shape"):
        train(config, tmp_path, data=data)


def test_a_full_disk_keeps_what_was_saved(
    tmp_path: Path, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = interrupted(tmp_path, data)
    kept = (tmp_path / "checkpoint.pt").read_bytes()
    monkeypatch.setattr(os, "fsync", lambda handle: full())
    with pytest.raises(StoreError, match="No space left"):
        train(config, tmp_path, data=data, options=TrainOptions(checkpoint_seconds=0))
    assert (tmp_path / "checkpoint.pt").read_bytes() == kept
    assert not list(tmp_path.glob(".*.part"))
    monkeypatch.undo()
    assert train(config, tmp_path, data=data).trained


def full() -> None:
    raise OSError(28, "No space left on device")


def test_a_folder_that_cannot_be_made(tmp_path: Path, data: DataSet) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        train(TrainConfig.from_table(TABLE), file / "run", data=data)


def test_metrics_changed_by_hand(tmp_path: Path, data: DataSet) -> None:
    config = interrupted(tmp_path, data, steps=10)  # in the second epoch
    (tmp_path / "metrics.jsonl").write_text("")
    with pytest.raises(StoreError, match="changed by hand"):
        train(config, tmp_path, data=data)
    (tmp_path / "metrics.jsonl").write_text("{\n")
    with pytest.raises(StoreError, match="line 1"):
        train(config, tmp_path, data=data)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(StoreError, match="no JSON object"):
        train(config, tmp_path, data=data)
    (tmp_path / "config.json").write_text('{"layout": 99}')
    with pytest.raises(StoreError, match="layout 99"):
        train(config, tmp_path, data=data)
