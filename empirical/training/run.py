"""Train what a configuration says, into a folder, going on where an earlier run stopped."""

from __future__ import annotations

import dataclasses
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from ...errors import InputError, StoreError
from ...progress import Progress, silent
from ...stats import wilson
from ...store import LAYOUT, RunFolder, read_json, trusting, write_json
from ..calling import outside_inference_mode
from ..data import DataSet, Images, load
from ..device import make_provenance, pick_device
from ..models import Classifier, build
from ..models.equivariant.layers import GroupBatchNorm2d
from ..models.weights import load_weights, read_weights
from ..randomness import make_generator
from ..settings import TrainConfig, TrainOptions
from .callbacks import Callback, TensorBoard, telling
from .checkpoint import Checkpoint, CheckpointManager, file_digest, fingerprint, read_checkpoint
from .distributed import World, joined
from .loop import Trainer, lay_out


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
        Wall time of the training in seconds, over all its sessions.
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


@outside_inference_mode
def train(
    config: TrainConfig,
    folder: Path | str,
    *,
    data: DataSet | None = None,
    data_root: Path | str | None = None,
    options: TrainOptions | None = None,
    callbacks: Sequence[Callback] = (),
    progress: Progress = silent,
) -> TrainResult:
    """Train a network, or go on with it, or return it if it is finished.

    A folder whose training has fewer epochs, and agrees on those, is gone on with: that gives
    what a training of all epochs from the start gives, on a CPU to the last bit.

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
    callbacks : sequence of Callback
        Told of every epoch.
    progress : Progress
        Told the steps done, out of all.

    Raises
    ------
    StoreError
        If the folder holds another training, is in use, damaged, or cannot be written.
    RunFailedError
        If the loss is not finite any more; the last good checkpoint stays.

    Examples
    --------
    >>> config = TrainConfig.from_table({"data": {"limit": 500}, "epochs": 1})
    >>> result = train(config, tmp_path)  # doctest: +SKIP
    """
    options, run = options or TrainOptions(), RunFolder(Path(folder))
    told = [*callbacks, *([TensorBoard()] if options.tensorboard else [])]
    with joined(pick_device(options.device)) as (world, device):
        config = _with_digest_of_weights(config)

        def work(progress: Progress) -> TrainResult:
            begun_on, seed = _digest_in_folder(run, config), config.data.split_seed
            images = data or load(
                config.data.name, root=data_root, split_seed=seed, size=config.data.size
            )
            if begun_on not in (None, images.digest):
                raise StoreError(
                    f"{run.path} was begun on other images of {images.name} (digest {begun_on}, "
                    f"now {images.digest}); choose another folder"
                )
            if not len(images.test):
                raise InputError("data", "hold test images", f"none in {images.name}")
            return _train(config, run, images, options, world, device, told, progress)

        if not world.is_main:
            return work(silent)
        with run.locked():
            return work(progress)


def _train(
    config: TrainConfig,
    run: RunFolder,
    data: DataSet,
    options: TrainOptions,
    world: World,
    device: torch.device,
    callbacks: Sequence[Callback],
    progress: Progress,
) -> TrainResult:
    checkpoint = _checkpoint(run, config, device)
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        model = _model(config, data).to(device)
        if run.is_complete and checkpoint is not None and checkpoint.epoch >= config.epochs:
            load_weights(model, checkpoint.model, run.checkpoint_path)
            return _finished(run, model, trained=False)
        data = data.to(device)
        if world.is_main:
            begun = {"layout": LAYOUT, "digest": config.digest, "data_digest": data.digest}
            begun |= {"data_source": data.source, "config": config.to_table()}
            run.provenance_path.unlink(missing_ok=True)  # there are more epochs to do
            write_json(run.config_path, begun)
        # Batch-norm of group networks has to copy channels-last maps. On one CPU thread StdCNN
        # trains 1.2 to 1.6 times as fast with them, its P4 twin 1.1 to 1.5, VGG16 1.2 to 1.4,
        # other networks 0.9 to 1.1.
        copies = any(isinstance(module, GroupBatchNorm2d) for module in model.modules())
        best = config.model.group is None or (device.type == "cpu" and not copies)
        trainer = Trainer(
            config,
            model,
            _training_images(config, data),
            device,
            world,
            channels_last=best if options.channels_last is None else options.channels_last,
            compiled=options.compiled,
        )
        manager = CheckpointManager(run, trainer, data.digest, options.checkpoint_seconds)
        if checkpoint is not None:
            manager.restore(checkpoint)
        elif config.model.weights is not None:
            path = Path(config.model.weights)
            load_weights(model, read_weights(path), path)
        told = callbacks if world.is_main else ()
        with interrupts() as asked, telling(told, config, run.path):
            _run_epochs(trainer, manager, data, asked, told, progress)
        correct = trainer.count_correct(data.test)
        lay_out(model, torch.contiguous_format)  # as when it is loaded
    if world.is_main:
        interval = wilson(correct, len(data.test))
        record = {
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
            **dataclasses.asdict(make_provenance(config.seed, manager.seconds, device)),
        }
        write_json(run.provenance_path, record)
    if asked():  # during the last steps: the training is whole, what follows shall not begin
        raise KeyboardInterrupt
    return _finished(run, model, trained=True)


def _run_epochs(
    trainer: Trainer,
    manager: CheckpointManager,
    data: DataSet,
    asked: Callable[[], bool],
    callbacks: Sequence[Callback],
    progress: Progress,
) -> None:
    steps, epochs = trainer.steps_per_epoch, trainer.config.epochs
    message = ""
    while trainer.epoch < epochs:
        trainer.begin_epoch()
        while trainer.step < steps:
            trainer.run_step()
            progress(trainer.epoch * steps + trainer.step, steps * epochs, message)
            if trainer.step % trainer.look_every == 0 and trainer.step < steps:
                manager.save_if(asked())
        row = trainer.finish_epoch()
        trainer.check_weights()
        right, count = trainer.count_correct(data.validation), len(data.validation)
        row |= {"validation_correct": right, "validation_images": count}
        manager.finish_epoch(row)
        for callback in callbacks:
            callback.epoch(dict(row))
        message = (
            f"epoch {row['epoch']}/{epochs}, loss {row['train_loss']:.3f}, "
            f"validation {right / max(1, count):.1%}"
        )
        manager.save_if(asked(), always=True)


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C or SIGTERM came; a second one stops at once.

    Outside the main thread signals cannot be handled, and nothing changes.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    old: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for asking in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(asking) is not signal.SIG_IGN:
                    old[asking] = signal.signal(asking, note)
        yield lambda: bool(came)
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _digest_in_folder(run: RunFolder, config: TrainConfig) -> str | None:
    """Return the digest of the images of a folder; refuse one of another training."""
    if not run.config_path.exists():
        # Hidden files are bookkeeping (locks), not results.
        if run.path.is_dir() and any(not p.name.startswith(".") for p in run.path.iterdir()):
            raise StoreError(f"{run.path} holds other files; choose an empty or new folder")
        return None
    saved = read_json(run.config_path)
    if saved.get("layout") != LAYOUT:
        raise StoreError(
            f"{run.path} has layout {saved.get('layout')}, this version reads layout {LAYOUT}"
        )
    try:
        other = TrainConfig.from_table(saved["config"])
    except (KeyError, TypeError, InputError) as error:
        raise StoreError(f"{run.config_path} is damaged: {error}") from None
    if other.digest != config.digest and not _goes_on(config, other):
        raise StoreError(
            f"{run.path} holds another training: {config.difference(other)}; choose another folder"
        )
    return str(saved.get("data_digest"))


def _checkpoint(run: RunFolder, config: TrainConfig, device: torch.device) -> Checkpoint | None:
    if not run.checkpoint_path.exists():
        return None
    checkpoint = read_checkpoint(run.checkpoint_path, device)
    other = checkpoint.config
    if other.digest != config.digest and not _goes_on(config, other):
        raise StoreError(
            f"{run.checkpoint_path} is of another training: {config.difference(checkpoint.config)}"
        )
    return checkpoint


def _goes_on(longer: TrainConfig, shorter: TrainConfig) -> bool:
    """Return whether a training is another one with more epochs behind it."""

    def parts(config: TrainConfig) -> tuple[dict[str, Any], list[Any]]:
        table, epochs = config.to_table(), []
        del table["stages"]
        if config.model.weights_digest is not None:
            del table["model"]["weights"]
        for epoch in range(config.epochs):
            number, clock = config.stage_at(epoch)
            stage = config.stages[number]
            epochs.append((stage.augment, stage.objective, clock, config.learning_rate_at(epoch)))
        return table, epochs

    (mine, many), (theirs, few) = parts(longer), parts(shorter)
    return mine == theirs and len(many) > len(few) and many[: len(few)] == few


def _with_digest_of_weights(config: TrainConfig) -> TrainConfig:
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
        **chosen.options,
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


def _finished(run: RunFolder, model: Classifier, *, trained: bool) -> TrainResult:
    # On other processes than the first the file may not be there yet.
    record: dict[str, Any] = {"test": {"correct": 0, "images": 0}, "seconds": 0.0}
    if run.is_complete:
        record = read_json(run.provenance_path)
    with trusting(run.provenance_path):
        return TrainResult(
            model=model.eval(),
            folder=run.path,
            metrics=run.read_metrics(),
            test_correct=int(record["test"]["correct"]),
            test_images=int(record["test"]["images"]),
            seconds=float(record["seconds"]),
            trained=trained,
        )
