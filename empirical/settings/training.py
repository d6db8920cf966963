"""The whole description of one training, from TOML or Python, checked key by key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...checks import check_integer, check_real, choose
from ...config import (
    Checked,
    check_bool,
    check_keys,
    check_table,
    difference,
    digest_of_table,
    field_names,
    option,
    read_settings,
    to_table,
)
from ...errors import InputError
from ..choices import PRECISIONS
from .network import GROUPS, HEADS, NETWORKS
from .stages import Schedule, Stage


def _data(argument: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(argument, "be the name or path of a data set", value)
    return value


def _text(argument: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(argument, "be text", value)
    return value


def _network(argument: str, value: Any) -> str:
    if isinstance(value, str) and ":" in value:
        module, _, factory = value.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), factory)):
            raise InputError(argument, "be a name, or module:factory", value)
        return value
    return choose(argument, value, sorted(NETWORKS))


def _plain_table(argument: str, value: Any) -> dict[str, Any]:
    table = check_table(argument, value)
    try:
        json.dumps(table, allow_nan=False)
    except (TypeError, ValueError):
        rule = "hold finite numbers, texts, true, false, and lists of them"
        raise InputError(argument, rule, value) from None
    return table


def _milestones(argument: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, str):  # as the command line has it: 75,90,100
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isdecimal() for part in parts):
            raise InputError(argument, "be whole numbers joined by commas", value)
        value = [int(part) for part in parts]
    if not isinstance(value, list | tuple):
        raise InputError(argument, "be a list of epochs", value)
    return tuple(sorted(check_integer(argument, epoch, minimum=1) for epoch in value))


@dataclass(frozen=True)
class DataConfig(Checked):
    """Which images to train on."""

    name: str = option(
        "mnist-sample", "Data set (see spadv data list), folder or .npz file.", _data, flag="data"
    )
    split_seed: int = option(
        0, "Seed of the split into training and validation part.", check_integer, minimum=0
    )
    train_on: str = option(  # the published CuSP script trains on all 50,000
        "train", "train or train+validation.", choose, options=("train", "train+validation")
    )
    limit: int | None = option(
        None, "Use the first so many images.", check_integer, flag="limit", minimum=1
    )
    size: int | None = option(
        None, "Resize the images of a folder to this side.", check_integer, flag="size", minimum=1
    )


@dataclass(frozen=True)
class ModelConfig(Checked):
    """Which network, and where it starts."""

    name: str = option(
        "stdcnn",
        "stdcnn, vgg16, resnet18, lenet, ..., or module:factory for your own.",
        _network,
        flag="model",
    )
    group: str | None = option(
        None, "p4 or p4m: its equivariant twin.", choose, flag="group", options=GROUPS
    )
    head: str | None = option(None, "paper or invariant.", choose, flag="head", options=HEADS)
    normalise: bool = option(True, "Subtract the mean, divide by the deviation.", check_bool)
    options: Mapping[str, Any] = option(dict, "Other options of models.build.", _plain_table)
    weights: str | None = option(None, "Checkpoint to begin from.", _text, flag="warm-start")
    weights_digest: str | None = option(None, "SHA-256 of that checkpoint, filled in.", _text)


@dataclass(frozen=True)
class OptimiserConfig(Checked):
    """How the weights move."""

    name: str = option("sgd", "sgd or adam.", choose, flag="optimiser", options=("sgd", "adam"))
    learning_rate: float = option(
        0.1,
        "0.1 by default.",
        check_real,
        flag="learning-rate",
        low=5e-324,
        high=1e3,
        rule="be a number above 0 and at most 1000",
    )
    momentum: float = option(0.9, "Momentum of SGD.", check_real, low=0, high=1)
    nesterov: bool = option(False, "Nesterov's momentum.", check_bool)
    weight_decay: float = option(
        5e-4, "5e-4 by default.", check_real, flag="weight-decay", low=0, high=1e3
    )
    decay: str = option(
        "all",
        "Which parameters decay: all, or kernels as in Madry's code.",
        choose,
        options=("all", "kernels"),
    )
    milestones: tuple[int, ...] = option(
        (), "Epochs after which the rate falls tenfold: 75,90,100.", _milestones, flag="milestones"
    )
    gamma: float = option(0.1, "Factor of the rate at a milestone.", check_real, low=0, high=1)
    batch_size: int = option(
        128, "Images a step, of all processes.", check_integer, flag="batch-size", minimum=1
    )
    shuffle: bool = option(
        True, "Draw a new order every epoch, as CuSP's loaders do not.", check_bool
    )


@dataclass(frozen=True)
class TrainConfig(Checked):
    """One training: data, network, optimiser, stages, seed.

    Two configurations with the same :attr:`digest` describe the same training; where it
    runs, and where the data lie, is not part of it.

    Examples
    --------
    >>> config = TrainConfig.from_table({"epochs": 2, "augment": {"rotation": 180}})
    >>> config.stages[0].augment.rotation, config.epochs
    (180.0, 2)
    >>> TrainConfig.from_table(config.to_table()) == config
    True
    """

    data: DataConfig = option(DataConfig, "Which images to train on.")
    model: ModelConfig = option(ModelConfig, "Which network.")
    optimiser: OptimiserConfig = option(OptimiserConfig, "How the weights move.")
    stages: tuple[Stage, ...] = option((Stage(),), "What is minimised, for how long.")
    seed: int = option(0, "Seed of everything random.", check_integer, flag="seed", minimum=0)
    precision: str = option(
        "float32", "float32, bfloat16 or float16.", choose, flag="precision", options=PRECISIONS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.stages:
            raise InputError("stages", "hold at least one stage", self.stages)

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)

    def stage_at(self, epoch: int) -> tuple[int, int]:
        """Return the number of the stage of an epoch, and the schedule's epoch there.

        The schedule's epoch counts from the last stage that restarts.
        """
        begin = clock = 0
        for number, stage in enumerate(self.stages):
            if stage.restart:
                clock = begin
            if epoch < begin + stage.epochs:
                return number, epoch - clock
            begin += stage.epochs
        raise InputError("epoch", f"be below {self.epochs}", epoch)

    def learning_rate_at(self, epoch: int) -> float:
        """Return the learning rate of an epoch (counted from 0)."""
        _, clock = self.stage_at(epoch)
        passed = sum(clock >= milestone for milestone in self.optimiser.milestones)
        return self.optimiser.learning_rate * self.optimiser.gamma**passed

    @property
    def digest(self) -> str:
        """SHA-256 over everything that decides the outcome, as hex."""
        table = self.to_table()
        if self.model.weights_digest is not None:
            del table["model"]["weights"]  # the content counts, not the place
        return digest_of_table(table)

    def to_table(self) -> dict[str, Any]:
        """Return plain JSON values that :meth:`from_table` reads back."""
        table = to_table(self)
        if self.data.size is None:
            del table["data"]["size"]  # digests are those of configurations without this key
        return table

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> TrainConfig:
        """Read a configuration from nested tables, as in TOML or JSON.

        Beside the fields of this class a table may hold those of :class:`Schedule` (`epochs`,
        `curriculum`, `augment`, `objective`): they describe a training without `stages`, and
        are the defaults of stages that do not name their own. `augment` and `objective` are
        tables, or text such as "R:180" and "pgd:8/255".
        """
        check_keys(table, field_names(cls) | field_names(Schedule))
        own = {key: table[key] for key in table if key in field_names(cls)}
        short = {key: table[key] for key in table if key in field_names(Schedule)}
        schedule = read_settings(Schedule, short)
        if "stages" not in table:
            return read_settings(cls, own | {"stages": schedule.stages()})
        for key in ("epochs", "curriculum"):
            if key in table:
                raise InputError(
                    key, "not stand beside stages, which say it themselves", table[key]
                )
        return read_settings(cls, own | {"stages": schedule.read_stages(table["stages"])})

    def difference(self, other: TrainConfig) -> str:
        """Return in words where this configuration and `other` differ, one key a clause."""
        return difference(self.to_table(), other.to_table())
