"""Train what a configuration says, into a folder, going on where an earlier run stopped."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...errors import InputError, RunFailedError, StoreError
from ...progress import Progress, silent
from ...stats import wilson
from ...store import LAYOUT, RunFolder, read_json, write_json
from ..data import DataSet, Images, load
from ..device import make_provenance, pick_device
from ..evaluation import fingerprint
from ..models import Classifier, build
from ..randomness import make_generator
from .board import Board
from .checkpoint import (
    Checkpoint,
    file_digest,
    load_weights,
    read_checkpoint,
)
from .config import TrainConfig
from .distributed import World, joined
from .interrupts import Interrupts
from .keeper import Keeper
from .loop import Trainer


@dataclass(frozen=True)
class TrainOptions:
    """Where and how a training runs; none of it changes what is trained.

    Attributes
    ----------
    device : str
        "auto", "cpu", "cuda" or "cuda:N".
    channels_last : bool or None
        Memory format; None is channels-last on CUDA alone, and not for group networks.
    compiled : bool
        Use torch.compile.
    checkpoint_seconds : float
        Save at the end of each epoch, and after so many seconds inside one.
    tensorboard : bool
        Write TensorBoard events beside metrics.jsonl; needs the package tensorboard.
    """

    device: str = "auto"
    channels_last: bool | None = None
    compiled: bool = False
    checkpoint_seconds: float = 300.0
    tensorboard: bool = False


@dataclass(frozen=True)
class TrainResult:
    """What a finished training left.

    Attributes
    ----------
    model : Classifier
        The network, in evaluation mode.
    folder : Path
        The run folder.
    metrics : list of dict
        One row an epoch.
    test_correct, test_images : int
        Natural accuracy on the test part.
    seconds : float
        Wall time of the training in seconds, over all its sittings.
    trained : bool
        False if the folder already held the finished training.
    """

    model: Classifier
    folder: Path
    metrics: list[dict[str, Any]]
    test_correct: int
    test_images: int
    seconds: float
    trained: bool


def train(
    config: TrainConfig,
    folder: Path | str,
    *,
    data: DataSet | None = None,
    data_root: Path | str | None = None,
    options: TrainOptions | None = None,
    progress: Progress = silent,
) -> TrainResult:
    """Train a network, or go on with it, or return it if it is finished.

    Started by `torchrun`, the processes share each batch; the first one writes the files.
    On Ctrl-C or SIGTERM the state after the step going on is saved first.

    Parameters
    ----------
    config : TrainConfig
        What to train.
    folder : Path or str
        The run folder. If it holds another training, nothing is touched.
    data : DataSet, optional
        The images; loaded by the name in `config` if not given.
    data_root : Path or str, optional
        Where data sets lie.
    options : TrainOptions, optional
        Device and the like.
    progress : Progress
        Told the steps done, out of all.

    Returns
    -------
    TrainResult
        The network in evaluation mode, its metrics and its folder.

    Raises
    ------
    InputError
        If network and data do not fit each other.
    StoreError
        If the folder holds another training, is in use, damaged, or cannot be written.
    RunFailedError
        If the loss is not finite any more; the last good checkpoint stays.
    KeyboardInterrupt
        After Ctrl-C, once the state is saved.

    Examples
    --------
    >>> config = TrainConfig.from_table({"data": {"limit": 500}, "epochs": 1})
    >>> result = train(config, tmp_path)  # doctest: +SKIP
    """
    options = options or TrainOptions()
    with joined(pick_device(options.device)) as (world, device):
        config = _resolve(config)
        run = RunFolder(Path(folder))
        if not world.is_main:
            return _train(config, run, data, data_root, options, world, device, silent)
        with run.locked():
            return _train(config, run, data, data_root, options, world, device, progress)


def _train(
    config: TrainConfig,
    run: RunFolder,
    data: DataSet | None,
    data_root: Path | str | None,
    options: TrainOptions,
    world: World,
    device: torch.device,
    progress: Progress,
) -> TrainResult:
    check_folder(run, config)
    if data is None:
        root = None if data_root is None else Path(data_root)
        data = load(config.data.name, root=root, split_seed=config.data.split_seed)
    _check_digest(run, data)
    checkpoint = _checkpoint(run, config, device)
    cpu = torch.device("cpu")
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        model = _model(config, data).to(device)
        data = data.to(device)
        if run.is_complete and checkpoint is not None:
            load_weights(model, checkpoint.model, run.checkpoint_path)
            return _finished(run, model, trained=False)
        if world.is_main:
            _write_config(run, config, data)
        channels_last = options.channels_last
        trainer = Trainer(
            config,
            model,
            _training_images(config, data),
            device,
            world,
            # Batch-norm of group networks has to copy channels-last maps.
            channels_last=device.type == "cuda" and config.model.group is None
            if channels_last is None
            else channels_last,
            compiled=options.compiled,
        )
        keeper = Keeper(run, trainer, data.digest, options.checkpoint_seconds)
        if checkpoint is not None:
            keeper.restore(checkpoint)
        elif config.model.weights is not None:
            path = Path(config.model.weights)
            load_weights(model, read_checkpoint(path, cpu).model, path)
        with Interrupts() as interrupts, Board(run.path, options.tensorboard, world) as board:
            _loop(trainer, keeper, data, interrupts, board, progress)
        correct = trainer.count_correct(data.test)
    if world.is_main:
        _write_provenance(run, config, model, data, keeper.seconds, device, world, options, correct)
    return _finished(run, model, trained=True)


def _loop(
    trainer: Trainer,
    keeper: Keeper,
    data: DataSet,
    interrupts: Interrupts,
    board: Board,
    progress: Progress,
) -> None:
    steps = trainer.steps_per_epoch
    total = steps * trainer.config.epochs
    message = ""
    while trainer.epoch < trainer.config.epochs:
        trainer.begin_epoch()
        while trainer.step < steps:
            trainer.run_step()
            done = trainer.epoch * steps + trainer.step
            progress(done, total, message)
            if trainer.step % trainer.look_every == 0 and trainer.step < steps:
                keeper.save_if(interrupts.asked)
        row = trainer.finish_epoch()
        trainer.check_weights()
        row["validation_correct"] = trainer.count_correct(data.validation)
        row["validation_images"] = len(data.validation)
        keeper.finish_epoch(row)
        board.write(row)
        message = (
            f"epoch {row['epoch']}/{trainer.config.epochs}, loss {row['train_loss']:.3f}, "
            f"validation {row['validation_correct'] / max(1, row['validation_images']):.1%}"
        )
        keeper.save_if(interrupts.asked, always=True)


def check_folder(run: RunFolder, config: TrainConfig) -> None:
    """Refuse a folder that holds another training, or another version's.

    Raises
    ------
    StoreError
        Saying how the two differ.
    """
    if not run.config_path.exists():
        # Hidden files are bookkeeping (locks, claims), not results.
        if run.path.is_dir() and any(not p.name.startswith(".") for p in run.path.iterdir()):
            raise StoreError(f"{run.path} holds other files; choose an empty or new folder")
        return
    saved = read_json(run.config_path)
    if saved.get("layout") != LAYOUT:
        raise StoreError(
            f"{run.path} has layout {saved.get('layout')}, this version reads layout {LAYOUT}"
        )
    try:
        other = TrainConfig.from_table(saved["config"])
    except (KeyError, TypeError, InputError) as error:
        raise StoreError(f"{run.config_path} is damaged: {error}") from None
    if other.digest != config.digest:
        raise StoreError(
            f"{run.path} holds another training: {config.difference(other)}; choose another folder"
        )


def _check_digest(run: RunFolder, data: DataSet) -> None:
    if run.config_path.exists():
        found = read_json(run.config_path).get("data_digest")
        if found != data.digest:
            raise StoreError(
                f"{run.path} was begun on other images of {data.name} (digest {found}, now "
                f"{data.digest}); choose another folder"
            )


def _checkpoint(run: RunFolder, config: TrainConfig, device: torch.device) -> Checkpoint | None:
    if not run.checkpoint_path.exists():
        return None
    checkpoint = read_checkpoint(run.checkpoint_path, device)
    if checkpoint.config.digest != config.digest:
        raise StoreError(
            f"{run.checkpoint_path} is of another training: {config.difference(checkpoint.config)}"
        )
    return checkpoint


def _resolve(config: TrainConfig) -> TrainConfig:
    """Fill in the digest of the warm start's weights."""
    weights = config.model.weights
    if weights is None:
        return config
    digest = file_digest(Path(weights))
    if config.model.weights_digest not in (None, digest):
        raise StoreError(f"{weights} has changed since the configuration was made")
    model = dataclasses.replace(config.model, weights_digest=digest)
    return dataclasses.replace(config, model=model)


def _model(config: TrainConfig, data: DataSet) -> Classifier:
    chosen = config.model
    return build(
        chosen.name,
        num_classes=data.num_classes,
        in_channels=data.channels,
        image_size=data.image_size,
        group=chosen.group,
        head=chosen.head,
        mean=data.mean if chosen.normalise else None,
        std=data.std if chosen.normalise else None,
        generator=make_generator(config.seed, "weights"),
        **dict(chosen.options),
    )


def _training_images(config: TrainConfig, data: DataSet) -> Images:
    images = data.train
    if config.data.train_on == "train+validation":
        pixels = torch.cat([images.pixels, data.validation.pixels])
        images = Images(pixels, torch.cat([images.labels, data.validation.labels]))
    limit = config.data.limit
    if limit is not None and limit > len(images):
        raise InputError("data.limit", f"be at most the {len(images)} training images", limit)
    return images if limit is None else images.take(limit)


def _write_config(run: RunFolder, config: TrainConfig, data: DataSet) -> None:
    write_json(
        run.config_path,
        {
            "layout": LAYOUT,
            "digest": config.digest,
            "data_digest": data.digest,
            "data_source": data.source,
            "config": config.to_table(),
        },
    )


def _write_provenance(
    run: RunFolder,
    config: TrainConfig,
    model: Classifier,
    data: DataSet,
    seconds: float,
    device: torch.device,
    world: World,
    options: TrainOptions,
    correct: int,
) -> None:
    interval = wilson(correct, len(data.test))
    write_json(
        run.provenance_path,
        {
            "digest": config.digest,
            "data_digest": data.digest,
            "checkpoint_sha256": file_digest(run.checkpoint_path),
            "fingerprint": fingerprint(model),
            "processes": world.size,
            "compiled": options.compiled,
            "test": {
                "correct": correct,
                "images": len(data.test),
                "accuracy": correct / len(data.test),
                "interval": interval._asdict(),
            },
            **dataclasses.asdict(make_provenance(config.seed, seconds, device)),
        },
    )


def _finished(run: RunFolder, model: Classifier, *, trained: bool) -> TrainResult:
    # On other processes than the first the file may not be there yet.
    record = read_json(run.provenance_path) if run.is_complete else {}
    test = record.get("test", {"correct": 0, "images": 0})
    return TrainResult(
        model=model.eval(),
        folder=run.path,
        metrics=run.read_metrics(),
        test_correct=int(test["correct"]),
        test_images=int(test["images"]),
        seconds=float(record.get("seconds", 0.0)),
        trained=trained,
    )


__all__ = ["RunFailedError", "TrainOptions", "TrainResult", "train"]
