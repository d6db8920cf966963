"""`spadv train`: one training from a file, from options, or from both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD

from ..config import read_toml
from ..empirical.training import TrainConfig, TrainOptions, TrainResult, train
from ..errors import InputError
from ..stats import wilson
from ..store import Store
from .console import err, out, print_json, progress_bar, table

RUNS = Path("runs")


def run(
    file: Path | None,
    settings: dict[str, Any],
    options: TrainOptions,
    *,
    data_root: Path | None,
    folder: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train, or say what would be trained.

    Parameters
    ----------
    file : Path or None
        TOML configuration.
    settings : dict
        Values that stand above the file's, keyed by their place ("model.name"); None is
        not given.
    options : TrainOptions
        Device and the like.
    data_root, folder : Path or None
        Where data sets lie; where the run goes (by default under runs/, named by content).
    dry_run : bool
        Only show the stages.
    as_json : bool
        One JSON document on stdout.
    """
    config = configuration(file, settings)
    path = folder or Store(RUNS).folder(label(config), config.digest).path
    if dry_run:
        _show_plan(config, path, as_json=as_json)
        return
    try:
        with progress_bar("train") as tell:
            watch = tell if err.is_terminal else _Lines()
            result = train(config, path, data_root=data_root, options=options, progress=watch)
    except KeyboardInterrupt:
        err.print(f"The state is saved in {path}; the same command goes on from there.")
        raise
    if result.test_images:  # other processes of torchrun have nothing to say
        _show_result(config, result, as_json=as_json)


def configuration(file: Path | None, settings: dict[str, Any]) -> TrainConfig:
    """Return a file's configuration with some values replaced."""
    values: dict[str, Any] = {} if file is None else read_toml(file)
    for key, value in settings.items():
        if value is None:
            continue
        section, _, name = key.rpartition(".")
        place = values.setdefault(section, {}) if section else values
        if not isinstance(place, dict):
            raise InputError(section, "be a table", place)
        place[name] = value
    return TrainConfig.from_table(values)


def label(config: TrainConfig) -> str:
    """Return a short readable name of a training."""
    last = config.stages[-1]
    network = config.model.name + (f" {config.model.group}" if config.model.group else "")
    parts = [Path(config.data.name).name, network, last.augment.describe()]
    if last.objective.name != "natural":
        parts.append(last.objective.name)
    return " ".join(parts).replace(":", "").replace(",", " ")


class _Lines:
    """One line an epoch, where there is no terminal to draw a bar on."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, done: float, total: float, message: str = "") -> None:
        if message != self._said:
            self._said = message
            err.print(message)


def _show_plan(config: TrainConfig, path: Path, *, as_json: bool) -> None:
    rows, begin = [], 0
    for stage in config.stages:
        end = begin + stage.epochs
        rates = sorted({config.learning_rate_at(e) for e in range(begin, end)}, reverse=True)
        rows.append((f"{begin + 1}-{end}", stage, " ".join(f"{rate:g}" for rate in rates)))
        begin = end
    if as_json:
        print_json({"folder": str(path), "digest": config.digest, "config": config.to_table()})
        return
    shown = table("Stages", "epochs", "augmentation", "objective", "budget", "learning rate")
    shown.box = SIMPLE_HEAD
    for epochs, stage, rates_text in rows:
        attack = stage.objective
        budget = "-" if attack.name == "natural" else f"{attack.budget * 255:.4g}/255"
        shown.add_row(epochs, stage.augment.describe(), attack.name, budget, rates_text)
    out.print(shown)
    out.print(f"Would train {label(config)} into {path}.")


def _show_result(config: TrainConfig, result: TrainResult, *, as_json: bool) -> None:
    interval = wilson(result.test_correct, result.test_images)
    accuracy = result.test_correct / result.test_images
    if as_json:
        print_json(
            {
                "folder": str(result.folder),
                "digest": config.digest,
                "trained": result.trained,
                "seconds": result.seconds,
                "test": {
                    "correct": result.test_correct,
                    "images": result.test_images,
                    "accuracy": accuracy,
                    "interval": interval._asdict(),
                },
                "metrics": result.metrics,
            }
        )
        return
    if not result.trained:
        out.print("This training is finished already.")
    low, high = interval.low, interval.high
    out.print(
        f"{label(config)}: natural test accuracy {accuracy:.2%} "
        f"(95% interval {low:.2%} to {high:.2%}, {result.test_images} images), "
        f"{config.epochs} epochs in {result.seconds:.0f} s."
    )
    out.print(f"Run folder: {result.folder}")
