"""`spadv train`: one training from a file, from options, or from both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..config import read_toml, read_value
from ..empirical.settings import Schedule, TrainConfig, TrainOptions
from ..empirical.settings.data import describe, names, own
from ..errors import InputError
from ..store import Store
from .console import err, out, print_json, print_table, progress_bar
from .options import DataRoot, Device, Json, check_folder, takes

if TYPE_CHECKING:
    from ..empirical.training import TrainResult

RUNS = Path("runs")


@takes(TrainConfig, Schedule)
def train(
    config: Annotated[
        list[str] | None,
        typer.Argument(
            help="TOML file, and keys of it with other values: optimiser.learning_rate=0.02; "
            "these and options stand above the file."
        ),
    ] = None,
    *,
    settings: dict[str, Any],
    data_root: DataRoot = None,
    device: Device = "auto",
    compiled: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write TensorBoard events, too.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Run folder; runs/NAME-DIGEST by default.", callback=check_folder
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the stages only.")] = False,
    as_json: Json = False,
) -> None:
    """Train a network; a training that was stopped goes on where it was."""
    made = configuration(config or [], settings)
    name = label(made).replace(":", "").replace(",", " ")
    path = folder or Store(RUNS).folder(name, made.digest).path
    if dry_run:
        _check_given(made)
        _show_plan(made, path, as_json=as_json)
        return
    from ..empirical.training import train as run_training

    options = TrainOptions(device=device, compiled=compiled, tensorboard=tensorboard)
    try:
        with progress_bar("train") as tell:
            watch = tell if err.is_terminal else _Lines()
            result = run_training(made, path, data_root=data_root, options=options, progress=watch)
    except KeyboardInterrupt:
        err.print(f"The state is saved in {path}; the same command goes on from there.")
        raise
    if result.test_images:  # other processes of torchrun have nothing to say
        _show_result(made, result, as_json=as_json)


def configuration(given: Sequence[str], settings: Mapping[str, Any]) -> TrainConfig:
    """Return a file's configuration, with other values above it.

    Among the texts `given` is at most one file; the others are such as "model.name=vgg16".
    `settings` are options' values by the same keys, None where an option is not given.
    """
    files = [text for text in given if "=" not in text or Path(text).is_file()]
    if len(files) > 1:
        rule = "be one file, and keys with values such as optimiser.learning_rate=0.02"
        raise InputError("config", rule, files[1])
    values = read_toml(Path(files[0])) if files else {}
    told = {key: value for key, value in settings.items() if value is not None}
    for text in (text for text in given if text not in files):
        key, _, value = text.partition("=")
        if (key := key.strip()) in told:
            raise InputError(key, "be given once", value)
        told[key] = read_value(value)
    for key, value in told.items():
        place = values
        *sections, name = key.split(".")
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise InputError(key, f"be in a table ({section} is none)", place)
        place[name] = value
    return TrainConfig.from_table(values)


def label(config: TrainConfig) -> str:
    """Return a short readable name of a training."""
    last = config.stages[-1]
    network = config.model.name + (f" {config.model.group}" if config.model.group else "")
    parts = [Path(config.data.name).name, network, last.augment.describe()]
    if last.objective.name != "natural":
        parts.append(last.objective.name)
    return " ".join(parts)


def _check_given(config: TrainConfig) -> None:
    """Refuse data, weights and a network of one's own that do not serve, as far as can be known."""
    if config.data.name not in names():
        own(config.data.name)
    if config.model.weights is not None and not Path(config.model.weights).is_file():
        raise InputError("model.weights", "be a file that exists", config.model.weights)
    if ":" not in config.model.name or config.data.name not in names():
        return
    from ..empirical.models import build

    about = describe(config.data.name)
    build(
        config.model.name,
        num_classes=about.num_classes,
        in_channels=about.channels,
        image_size=about.image_size,
    )


class _Lines:
    """One line an epoch, where there is no terminal to draw a bar on."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, done: float, total: float, message: str = "") -> None:
        if message != self._said:
            self._said = message
            err.print(message)


def _show_plan(config: TrainConfig, path: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"folder": str(path), "digest": config.digest, "config": config.to_table()})
        return
    rows, begin = [], 0
    for stage in config.stages:
        end = begin + stage.epochs
        rates = sorted({config.learning_rate_at(e) for e in range(begin, end)}, reverse=True)
        attack = stage.objective
        budget = "-" if attack.name == "natural" else f"{attack.budget * 255:.4g}/255"
        rates_text = " ".join(f"{rate:g}" for rate in rates)
        rows.append(
            (f"{begin + 1}-{end}", stage.augment.describe(), attack.name, budget, rates_text)
        )
        begin = end
    print_table("Stages", ("epochs", "augmentation", "objective", "budget", "learning rate"), rows)
    out.print(f"Would train {label(config)} into {path}.")


def _show_result(config: TrainConfig, result: TrainResult, *, as_json: bool) -> None:
    from ..stats import wilson

    interval = wilson(result.test_correct, result.test_images)
    accuracy = result.test_correct / result.test_images
    if as_json:
        test = {
            "correct": result.test_correct,
            "images": result.test_images,
            "accuracy": accuracy,
            "interval": interval._asdict(),
        }
        print_json(
            {
                "folder": str(result.folder),
                "digest": config.digest,
                "trained": result.trained,
                "seconds": result.seconds,
                "test": test,
                "metrics": result.metrics,
            }
        )
        return
    if not result.trained:
        out.print("This training is finished already.")
    epochs = "epoch" if config.epochs == 1 else "epochs"
    out.print(
        f"{label(config)}: natural test accuracy {accuracy:.2%} "
        f"(95% interval {interval.low:.2%} to {interval.high:.2%}, {result.test_images} images), "
        f"{config.epochs} {epochs} in {result.seconds:.0f} s."
    )
    out.print(f"Run folder: {result.folder}")
