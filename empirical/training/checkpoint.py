"""Checkpoints: tensors and plain values, safe to load, enough to go on exactly."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...errors import InputError, StoreError
from ...store import RunFolder, read_json
from ..models import Classifier, ModelSpec, build_spec
from .config import TrainConfig

FORMAT = "spadv checkpoint"
SCHEMA = 1


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after some step.

    Attributes
    ----------
    spec : ModelSpec
        Which network.
    config : TrainConfig
        Which training.
    data_digest : str
        Of the images it was trained on.
    epoch, step : int
        Steps done in the epoch (counted from 0) that comes next or is going on.
    model, optimiser : dict
        State dictionaries.
    sums : dict
        Totals of the epoch going on: loss, correct, images, seconds.
    seconds : float
        Wall time in seconds so far.
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
    """A trained network with what is known of its training.

    Attributes
    ----------
    model : Classifier
        The network, in evaluation mode.
    config : TrainConfig
        What was trained.
    data_name, data_digest : str
        Name of the data set, and SHA-256 of the images, that it was trained on.
    folder : Path or None
        The run folder; None for a checkpoint file outside of one.
    epochs_done : int
        Epochs behind the checkpoint.
    complete : bool
        Whether those are all.
    """

    model: Classifier
    config: TrainConfig
    data_name: str
    data_digest: str
    folder: Path | None
    epochs_done: int
    complete: bool


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all, and on disk when this returns.

    Parameters
    ----------
    path : Path
        The file; folders are made.
    checkpoint : Checkpoint
        What to write.

    Raises
    ------
    StoreError
        If it cannot be written (a full disk, say); an older checkpoint stays.
    """
    header = {
        "format": FORMAT,
        "schema": SCHEMA,
        "spec": checkpoint.spec.to_json(),
        "config": checkpoint.config.to_table(),
        "data_digest": checkpoint.data_digest,
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "sums": checkpoint.sums,
        "seconds": checkpoint.seconds,
    }
    buffer = io.BytesIO()
    torch.save(
        {
            "header": json.dumps(header),
            "model": checkpoint.model,
            "optimiser": checkpoint.optimiser,
        },
        buffer,
    )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.write(buffer.getbuffer())
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from None


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> Checkpoint:
    """Return the checkpoint of a file; nothing in the file is ever executed.

    Parameters
    ----------
    path : Path
        The file.
    device : device
        Where its tensors should be.

    Raises
    ------
    StoreError
        If the file is missing, truncated, holds anything but tensors and plain values, or
        was not written by spadv.
    """
    if not path.is_file():
        raise StoreError(f"there is no checkpoint {path}")
    try:
        # torch's reader does not compare the checksums that its writer left.
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        if broken is not None:
            raise StoreError(f"{path} is damaged: the checksum of {broken} is wrong")
        content = torch.load(path, map_location=device, weights_only=True)
    except StoreError:
        raise
    except pickle.UnpicklingError:
        raise StoreError(
            f"{path} holds more than tensors and plain values, or is damaged; it was not loaded"
        ) from None
    except (
        OSError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StoreError(f"{path} is damaged or no checkpoint: {reason}") from None
    if not isinstance(content, dict):
        raise StoreError(f"{path} is no spadv checkpoint: it holds a {type(content).__name__}")
    try:
        header = json.loads(content["header"])
        if header["format"] != FORMAT or header["schema"] != SCHEMA:
            raise StoreError(
                f"{path} has schema {header['schema']}, this version reads schema {SCHEMA}"
            )
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


def load_weights(model: torch.nn.Module, state: dict[str, torch.Tensor], source: Path) -> None:
    """Load a state dictionary into a network, or say how the two differ.

    Raises
    ------
    StoreError
        Naming missing, unexpected and misshapen tensors.
    """
    own = model.state_dict()
    wrong = [f"lacks {name}" for name in own if name not in state]
    wrong += [f"has {name}, which the network has not" for name in state if name not in own]
    wrong += [
        f"{name} has shape {tuple(state[name].shape)}, not {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise StoreError(f"{source} is of another network: {'; '.join(wrong[:3])}{more}")
    model.load_state_dict(state)


def load_run(path: Path | str, device: torch.device | str = "cpu") -> LoadedRun:
    """Return the network of a run folder or of a checkpoint file, ready to be evaluated.

    Parameters
    ----------
    path : Path or str
        A run folder, or a checkpoint in one.
    device : device
        Where the network should live.

    Raises
    ------
    StoreError
        If there is no checkpoint, or it cannot be used.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    file = RunFolder(path).checkpoint_path if path.is_dir() else path
    if path.is_dir() and not file.is_file():
        raise StoreError(f"{path} is no run folder: it holds no {file.name}")
    checkpoint = read_checkpoint(file, device)
    model = build_spec(checkpoint.spec)
    load_weights(model, checkpoint.model, file)
    run = RunFolder(folder)
    known = run.config_path.is_file()
    if known:
        read_json(run.config_path)
    return LoadedRun(
        model=model.to(device).eval(),
        config=checkpoint.config,
        data_name=checkpoint.config.data.name,
        data_digest=checkpoint.data_digest,
        folder=folder if known else None,
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
