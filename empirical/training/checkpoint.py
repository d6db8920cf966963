"""Checkpoints: tensors and plain values, safe to load, enough to go on exactly."""

from __future__ import annotations

import hashlib
import io
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...errors import InputError, StoreError
from ...store import RunFolder, read_json, write_atomically
from ..models import Classifier, ModelSpec, build_spec
from ..models.weights import load_weights, read_file
from ..settings import TrainConfig
from .loop import Trainer

FORMAT = "spadv checkpoint"
SCHEMA = 1


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training, on images of this digest, after some step.

    `step` counts from 0 those done in the epoch that comes next or is going on, whose totals are
    `sums`: loss, correct, images, seconds. The state of the optimiser holds that of the gradient's
    scaling in float16; `seconds` is the wall time so far.
    """

    spec: ModelSpec
    config: TrainConfig
    data_digest: str
    epoch: int
    step: int
    model: dict[str, torch.Tensor]
    optimiser: dict[str, Any]
    sums: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class LoadedRun:
    """A trained network, in evaluation mode, with what is known of its training.

    The folder is None for a checkpoint file outside of a run folder; it is complete if
    `epochs_done` are all.
    """

    model: Classifier
    config: TrainConfig
    data_digest: str
    folder: Path | None
    epochs_done: int
    complete: bool


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> Checkpoint:
    """Return the checkpoint of a file; nothing in the file is ever executed.

    Raises :class:`StoreError` if the file is missing, truncated, holds anything but tensors
    and plain values, or was not written by spadv.
    """
    if not path.is_file():
        raise StoreError(f"there is no checkpoint {path}")
    content = read_file(path, device)
    if isinstance(content, dict) and "header" not in content:
        raise StoreError(
            f"{path} is no spadv checkpoint but holds weights alone: say which network they are "
            "of by --layers DESCRIPTION"
        )
    if not isinstance(content, dict):
        raise StoreError(f"{path} is no spadv checkpoint: it holds a {type(content).__name__}")
    try:
        header = json.loads(content["header"])
        if header["format"] != FORMAT or header["schema"] != SCHEMA:
            found = f"{path} has schema {header['schema']}"
            raise StoreError(f"{found}, this version reads schema {SCHEMA}")
        return Checkpoint(
            spec=ModelSpec.from_json(header["spec"]),
            config=TrainConfig.from_table(header["config"]),
            data_digest=header["data_digest"],
            epoch=int(header["epoch"]),
            step=int(header["step"]),
            model=content["model"],
            optimiser=content["optimiser"],
            sums=header["sums"],
            seconds=float(header["seconds"]),
        )
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise StoreError(f"{path} is no spadv checkpoint: {error!r}") from None
    except InputError as error:
        raise StoreError(f"{path} describes a training unknown to this version: {error}") from None


def load_run(path: Path | str, device: torch.device | str = "cpu") -> LoadedRun:
    """Return the network of a run folder, or of a checkpoint in one, ready to be evaluated."""
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    file = RunFolder(path).checkpoint_path if path.is_dir() else path
    if path.is_dir() and not file.is_file():
        raise StoreError(f"{path} is no run folder: it holds no {file.name}")
    checkpoint = read_checkpoint(file, device)
    model = build_spec(checkpoint.spec)
    load_weights(model, checkpoint.model, file)
    known = RunFolder(folder).config_path
    if known.is_file():
        read_json(known)
    return LoadedRun(
        model=model.to(device).eval(),
        config=checkpoint.config,
        data_digest=checkpoint.data_digest,
        folder=folder if known.is_file() else None,
        epochs_done=checkpoint.epoch,
        complete=checkpoint.epoch >= checkpoint.config.epochs,
    )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, as hex."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None


def fingerprint(model: torch.nn.Module) -> str:
    """Return the SHA-256 over a network's structure and weights, in hexadecimal.

    It does not depend on device or mode.
    """
    total = hashlib.sha256(repr(model).encode())
    for key, value in model.state_dict().items():
        if not isinstance(value, torch.Tensor):
            continue
        tensor = value.detach().cpu().contiguous()
        total.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


class CheckpointManager:
    """Saves a trainer's state into its run folder as it goes on, and restores it.

    There are at most `every` seconds between two saves within an epoch.
    """

    def __init__(self, run: RunFolder, trainer: Trainer, data_digest: str, every: float) -> None:
        self._run, self._trainer = run, trainer
        self._data_digest, self._every = data_digest, every
        self._rows: list[dict[str, Any]] = []
        self._begun = self._saved = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Wall time over all sessions."""
        return time.perf_counter() - self._begun

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint."""
        trainer, file = self._trainer, self._run.checkpoint_path
        load_weights(trainer.model, checkpoint.model, file)
        try:
            state = dict(checkpoint.optimiser)
            trainer.scaler.load_state_dict(state.pop("scaler", {}))
            trainer.optimiser.load_state_dict(state)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(f"{file} holds no usable optimiser state: {error}") from None
        trainer.epoch, trainer.step = checkpoint.epoch, checkpoint.step
        trainer.add_up_from(checkpoint.sums)
        self._begun -= checkpoint.seconds
        # Lines of epochs after the checkpoint (killed between the two) are made again.
        rows = self._run.read_metrics()
        self._rows = [row for row in rows if row.get("epoch", math.inf) <= checkpoint.epoch]
        if len(self._rows) != checkpoint.epoch:
            raise StoreError(
                f"{self._run.metrics_path} has {len(self._rows)} of the {checkpoint.epoch} "
                "epochs that the checkpoint has done; the folder has been changed by hand"
            )

    def finish_epoch(self, row: dict[str, Any]) -> None:
        """Add an epoch's line."""
        self._rows.append(row)
        if self._trainer.world.is_main:
            self._run.write_metrics(self._rows)

    def save_if(self, asked: bool, *, always: bool = False) -> None:
        """Save if it is time, or somebody asked to stop; then stop."""
        trainer = self._trainer
        due = trainer.world.is_main and time.perf_counter() - self._saved > self._every
        stop = trainer.world.agree(asked, trainer.device)
        if not (stop or always or trainer.world.agree(due, trainer.device)):
            return
        if not always:
            trainer.check_loss()
            trainer.check_weights()
        sums = trainer.sums()
        scaler = {"scaler": trainer.scaler.state_dict()} if trainer.scaler.is_enabled() else {}
        if trainer.world.is_main:
            header = {
                "format": FORMAT,
                "schema": SCHEMA,
                "spec": trainer.model.spec.to_json(),
                "config": trainer.config.to_table(),
                "data_digest": self._data_digest,
                "epoch": trainer.epoch,
                "step": trainer.step,
                "sums": sums,
                "seconds": self.seconds,
            }
            states = {
                "model": trainer.model.state_dict(),
                "optimiser": trainer.optimiser.state_dict() | scaler,
            }
            buffer = io.BytesIO()
            torch.save({"header": json.dumps(header), **states}, buffer)
            path = self._run.checkpoint_path
            write_atomically(path, buffer.getbuffer(), on_disk=True)
        self._saved = time.perf_counter()
        if stop and trainer.epoch < trainer.config.epochs:
            raise KeyboardInterrupt
