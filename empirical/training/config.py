"""The whole description of one training, from TOML or Python, checked key by key."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from ...checks import check_fraction, check_integer, check_real, choose
from ...errors import InputError, StoreError
from ..device import PRECISIONS
from ..transforms import Augmentation
from .stages import Objective, Stage, curriculum

_Section = TypeVar("_Section")


@dataclass(frozen=True)
class DataConfig:
    """Which images to train on.

    Attributes
    ----------
    name : str
        Name of a data set, or path of a folder or .npz file.
    split_seed : int
        Seed of the split into training and validation part.
    train_on : str
        "train" or "train+validation" (the published CuSP script trains on all 50k).
    limit : int or None
        Use only the first so many training images.

    Raises
    ------
    InputError
        For a value that breaks a rule.
    """

    name: str = "mnist-sample"
    split_seed: int = 0
    train_on: str = "train"
    limit: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InputError("data.name", "be the name or path of a data set", self.name)
        check_integer("data.split_seed", self.split_seed, minimum=0)
        choose("data.train_on", self.train_on, ("train", "train+validation"))
        if self.limit is not None:
            check_integer("data.limit", self.limit, minimum=1)


@dataclass(frozen=True)
class ModelConfig:
    """Which network, and where it starts.

    Attributes
    ----------
    name, group, head, options
        As in :func:`spadv.empirical.models.build`.
    normalise : bool
        Subtract the training mean and divide by the standard deviation, inside the network.
    weights : str or None
        Checkpoint of a warm start.
    weights_digest : str or None
        SHA-256 of that file; filled in when training begins.

    Raises
    ------
    InputError
        For a value that breaks a rule.
    """

    name: str = "stdcnn"
    group: str | None = None
    head: str | None = None
    normalise: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: str | None = None
    weights_digest: str | None = None

    def __post_init__(self) -> None:
        from ..models import names

        choose("model.name", self.name, names())
        if self.group is not None:
            choose("model.group", self.group, ("p4", "p4m"))
        if self.head is not None:
            choose("model.head", self.head, ("paper", "invariant"))
        _check_bool("model.normalise", self.normalise)
        if not isinstance(self.options, Mapping):
            raise InputError("model.options", "be a table", self.options)


@dataclass(frozen=True)
class OptimiserConfig:
    """How the weights move.

    Attributes
    ----------
    name : str
        "sgd" or "adam".
    learning_rate, momentum, nesterov, weight_decay
        As usual; momentum and nesterov are for SGD alone.
    decay : str
        "all" parameters decay, or "kernels" alone (as in Madry's code).
    milestones : tuple of int
        Epochs after which the rate is multiplied by `gamma`.
    gamma : float
        See `milestones`.
    batch_size : int
        Images a step, over all processes together.
    shuffle : bool
        Draw a new order every epoch (the published CuSP loaders do not).

    Raises
    ------
    InputError
        For a value that breaks a rule.
    """

    name: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 5e-4
    decay: str = "all"
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    batch_size: int = 128
    shuffle: bool = True

    def __post_init__(self) -> None:
        choose("optimiser.name", self.name, ("sgd", "adam"))
        if check_real("optimiser.learning_rate", self.learning_rate, low=0, high=1e3) == 0:
            raise InputError("optimiser.learning_rate", "be above 0", self.learning_rate)
        check_real("optimiser.momentum", self.momentum, low=0, high=1)
        check_real("optimiser.weight_decay", self.weight_decay, low=0, high=1e3)
        check_real("optimiser.gamma", self.gamma, low=0, high=1)
        choose("optimiser.decay", self.decay, ("all", "kernels"))
        check_integer("optimiser.batch_size", self.batch_size, minimum=1)
        _check_bool("optimiser.nesterov", self.nesterov)
        _check_bool("optimiser.shuffle", self.shuffle)
        if not isinstance(self.milestones, list | tuple):
            raise InputError("optimiser.milestones", "be a list of epochs", self.milestones)
        for milestone in self.milestones:
            check_integer("optimiser.milestones", milestone, minimum=1)
        object.__setattr__(self, "milestones", tuple(sorted(self.milestones)))


@dataclass(frozen=True)
class TrainConfig:
    """One training: data, network, optimiser, stages, seed.

    Two configurations with the same :attr:`digest` describe the same training; where it
    runs, and where the data lie, is not part of it.

    Attributes
    ----------
    data : DataConfig
        Which images to train on.
    model : ModelConfig
        Which network, and where it starts.
    optimiser : OptimiserConfig
        How the weights move.
    stages : tuple of Stage
        At least one, in order.
    seed : int
        Of the initialisation and of everything random in training.
    precision : str
        "float32", or "bfloat16" for autocast.

    Raises
    ------
    InputError
        For a value that breaks a rule.

    Examples
    --------
    >>> config = TrainConfig.from_table({"epochs": 2, "augment": {"rotation": 180}})
    >>> config.stages[0].augment.rotation, config.epochs
    (180.0, 2)
    >>> TrainConfig.from_table(config.to_table()) == config
    True
    """

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    stages: tuple[Stage, ...] = (Stage(1),)
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self) -> None:
        check_integer("seed", self.seed, minimum=0)
        choose("precision", self.precision, PRECISIONS)
        if not self.stages:
            raise InputError("stages", "hold at least one stage", self.stages)

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)

    def stage_at(self, epoch: int) -> tuple[int, int]:
        """Return the number of the stage of an epoch, and the schedule's epoch there.

        The schedule's epoch counts from the last stage that restarts.

        Raises
        ------
        InputError
            If the training has not so many epochs.
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
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()

    def to_table(self) -> dict[str, Any]:
        """Return plain JSON values that :meth:`from_table` reads back."""
        table = dataclasses.asdict(self)
        table["model"]["options"] = dict(self.model.options)
        plain: dict[str, Any] = json.loads(json.dumps(table))
        return plain

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> TrainConfig:
        """Read a configuration from nested tables, as in TOML or JSON.

        Beside the fields of this class a table may hold `epochs`, `curriculum`,
        `augment` and `objective`: they describe a training without `stages`, and are the
        defaults of stages that do not name their own. `augment` and `objective` are
        tables, or text such as "R:180" and "pgd:8/255".

        Raises
        ------
        InputError
            Naming the key, its rule and the value.
        """
        known = {"data", "model", "optimiser", "stages", "seed", "precision"}
        known |= {"epochs", "curriculum", "augment", "objective"}
        _check_keys("", table, known)
        augment = _augmentation("augment", table.get("augment", {}), Augmentation())
        objective = _objective("objective", table.get("objective", {}), Objective())
        simple = {key: table[key] for key in ("seed", "precision") if key in table}
        return cls(
            data=_section(DataConfig, "data", table),
            model=_section(ModelConfig, "model", table),
            optimiser=_section(OptimiserConfig, "optimiser", table),
            stages=_stages(table, augment, objective),
            **simple,
        )

    @classmethod
    def from_toml(cls, path: Path) -> TrainConfig:
        """Read the configuration file at `path`.

        Raises
        ------
        StoreError
            If the file cannot be read.
        InputError
            If it is not TOML, or a value breaks a rule.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError("config", f"be TOML ({error})", str(path)) from None
        return cls.from_table(table)

    def difference(self, other: TrainConfig) -> str:
        """Return in words where this configuration and `other` differ, one key a clause."""
        mine, theirs = _flat(self.to_table()), _flat(other.to_table())
        keys = sorted(set(mine) | set(theirs))
        return "; ".join(
            f"{key} is {mine.get(key)!r} here, {theirs.get(key)!r} there"
            for key in keys
            if mine.get(key) != theirs.get(key)
        )


def _stages(
    table: Mapping[str, Any], augment: Augmentation, objective: Objective
) -> tuple[Stage, ...]:
    if "stages" not in table:
        return curriculum(
            table.get("curriculum", "plain"),
            epochs=check_integer("epochs", table.get("epochs", 1), minimum=1),
            augment=augment,
            objective=objective,
        )
    for key in ("epochs", "curriculum"):
        if key in table:
            raise InputError(key, "not stand beside stages, which say it themselves", table[key])
    rows = table["stages"]
    if not isinstance(rows, list | tuple):
        raise InputError("stages", "be a list of tables", rows)
    return tuple(_stage(f"stages[{i}]", row, augment, objective) for i, row in enumerate(rows))


def _stage(path: str, row: Any, augment: Augmentation, objective: Objective) -> Stage:
    _check_table(path, row)
    # A stage may name single settings ("rotation", "budget") beside whole tables.
    turns = {f.name for f in dataclasses.fields(Augmentation)}
    attack = {f.name for f in dataclasses.fields(Objective)} - {"name"}
    _check_keys(path + ".", row, {"epochs", "restart", "augment", "objective"} | turns | attack)
    if "epochs" not in row:
        raise InputError(f"{path}.epochs", "be given", None)
    augment = _augmentation(f"{path}.augment", row.get("augment", {}), augment)
    objective = _objective(f"{path}.objective", row.get("objective", {}), objective)
    own = {key: row[key] for key in row if key in turns}
    augment = _augmentation(path, own, augment)
    own = {key: row[key] for key in row if key in attack}
    objective = _objective(path, own, objective)
    restart = _check_bool(f"{path}.restart", row.get("restart", False))
    epochs = check_integer(f"{path}.epochs", row["epochs"], minimum=1)
    return Stage(epochs, augment, objective, restart)


def _augmentation(path: str, value: Any, default: Augmentation) -> Augmentation:
    if isinstance(value, str):
        return Augmentation.parse(value)
    _check_table(path, value)
    _check_keys(path + ".", value, {f.name for f in dataclasses.fields(Augmentation)})
    for key in ("rotation", "translation"):
        if key in value:
            check_real(f"{path}.{key}", value[key])
            value = {**value, key: float(value[key])}
    return replace(default, **value)


def _objective(path: str, value: Any, default: Objective) -> Objective:
    if isinstance(value, str):
        return Objective.parse(value)
    _check_table(path, value)
    _check_keys(path + ".", value, {f.name for f in dataclasses.fields(Objective)})
    value = dict(value)
    for key in ("budget", "step_size"):
        if value.get(key) is not None:
            value[key] = check_fraction(f"{path}.{key}", value[key])
    if "beta" in value:
        value["beta"] = check_real(f"{path}.beta", value["beta"], low=0)
    return replace(default, **value)


def _section(cls: type[_Section], name: str, table: Mapping[str, Any]) -> _Section:
    values = table.get(name, {})
    _check_table(name, values)
    fields = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    _check_keys(name + ".", values, fields)
    values = dict(values)
    for key in ("learning_rate", "momentum", "weight_decay", "gamma"):
        if key in values:
            values[key] = check_real(f"{name}.{key}", values[key])
    return cls(**values)


def _check_table(path: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise InputError(path, "be a table", value)


def _check_keys(path: str, table: Mapping[str, Any], known: set[str]) -> None:
    for key in table:
        if key not in known:
            try:
                choose(f"{path}{key}", key, sorted(known))
            except InputError as error:
                hint = str(error).partition("Did you mean ")[2].rstrip("?")
                suggestion = f"Did you mean {path}{hint}?" if hint else ""
                names = ", ".join(sorted(known))
                raise InputError(
                    f"{path}{key}", f"be a known key ({names})", key, suggestion
                ) from None


def _check_bool(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(name, "be true or false", value)
    return value


def _flat(table: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{path}{key}.")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            for index, item in enumerate(value):
                flat |= _flat(item, f"{path}{key}[{index}].")
        else:
            flat[path + key] = value
    return flat
