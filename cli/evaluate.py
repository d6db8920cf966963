"""`spadv evaluate`: what a network does on unchanged, moved and attacked images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.box import SIMPLE_HEAD
from rich.markup import escape

from ..checks import check_fraction, check_level
from ..empirical.data import DataSet, load
from ..empirical.device import pick_device
from ..empirical.evaluation import Distances, Evaluation, EvaluationSettings, Rate, evaluate
from ..empirical.evaluation.comparison import Difference, differences
from ..empirical.evaluation.files import stem_of
from ..empirical.evaluation.target import Target, load_target
from ..errors import InputError
from ..stats import Interval
from ..store import RunFolder
from .console import err, out, print_json, progress_bar, table

_NAMES = {
    "rotation": ("Random rotation, angles up to", "degrees"),
    "translation": ("Random translation, shifts up to", "of the side"),
    "both": ("Rotation up to 180 i degrees with translation up to i", "i"),
    "robustness": ("l-infinity attack, budget", "pixels"),
}
_KEPT = {"robustness": "1 - fooling"}


@dataclass(frozen=True)
class Options:
    """What the command line says beside the settings.

    Attributes
    ----------
    data : str or None
        Data set; that of the training by default.
    data_root : Path or None
        Where data sets lie.
    part : str
        "train", "validation" or "test".
    device : str
        "auto", "cpu", "cuda" or "cuda:N".
    compare : str or None
        A second network.
    out : Path or None
        Folder of results and figures.
    level : float
        Confidence level of what is shown.
    """

    data: str | None = None
    data_root: Path | None = None
    part: str = "test"
    device: str = "auto"
    compare: str | None = None
    out: Path | None = None
    level: float = 0.95


def run(model: str, settings: dict[str, Any], options: Options, *, as_json: bool) -> None:
    """Evaluate one network, or two on the same images, and print tables or JSON.

    Parameters
    ----------
    model : str
        Run folder, checkpoint, or module:factory.
    settings : dict
        Attributes of :class:`EvaluationSettings` that were given; None is not given.
    options : Options
        The rest.
    as_json : bool
        One JSON document on stdout: {"model", "file", "evaluation", "compared_with",
        "differences"}.
    """
    check_level(options.level)
    device = pick_device(options.device)
    names = [model] + ([] if options.compare is None else [options.compare])
    targets = [load_target(name, device) for name in names]
    data = _data(targets[0], options)
    chosen = EvaluationSettings.for_channels(data.channels, **settings)
    records, files = [], []
    for target in targets:
        folder = _folder(target, options)
        records.append(_evaluate(target, data, chosen, folder, options.part, device))
        files.append(None if folder is None else str(folder / f"{stem_of(records[-1])}.json"))
        for note in records[-1].notes:
            err.print(escape(note))
    compared = differences(*records, level=options.level) if len(records) == 2 else []
    if options.out is not None:
        _draw(dict(zip(names, records, strict=True)), options.out, options.level)
    if as_json:
        made = [
            {"model": name, "file": file, "evaluation": record.to_json()}
            for name, file, record in zip(names, files, records, strict=True)
        ]
        document: dict[str, Any] = made[0]
        if compared:
            document |= {
                "compared_with": made[1],
                "differences": [difference.to_json() for difference in compared],
            }
        print_json(document)
        return
    for name, record in zip(names, records, strict=True):
        _show(name, record, options.level)
    if compared:
        _show_differences(names, compared)
    for file in files:
        if file is not None:
            out.print(f"Saved: {file}", soft_wrap=True, markup=False)


def numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """Return the numbers of a list such as 0,2/255,8/255; () for none, None without a text."""
    if text is None:
        return None
    if text.strip().lower() in ("", "none"):
        return ()
    return tuple(check_fraction(option, part.strip()) for part in text.split(","))


def _data(target: Target, options: Options) -> DataSet:
    """Return the images to evaluate on: those asked for, else the training's own."""
    if options.data is not None:
        return load(options.data, root=options.data_root)
    if target.run is None:
        hint = f"{target.text} does not say what it was trained on."
        raise InputError("data", "be given", None, hint)
    config = target.run.config
    data = load(config.data.name, root=options.data_root, split_seed=config.data.split_seed)
    if not target.run.complete:
        done = target.run.epochs_done
        err.print(f"The training of {escape(target.text)} is at epoch {done} of {config.epochs}.")
    return data


def _folder(target: Target, options: Options) -> Path | None:
    """Return where to save: --out, else the run's own folder, else nowhere."""
    if options.out is not None:
        return options.out
    if target.run is None or target.run.folder is None:
        return None
    return RunFolder(target.run.folder).evaluations


def _evaluate(
    target: Target,
    data: DataSet,
    settings: EvaluationSettings,
    folder: Path | None,
    part: str,
    device: torch.device,
) -> Evaluation:
    try:
        with progress_bar(f"evaluate {escape(Path(target.text).name)}") as tell:
            return evaluate(
                target.model,
                data,
                settings,
                folder=folder,
                part=part,
                device=device,
                progress=tell,
            )
    except KeyboardInterrupt:
        if folder is not None:
            err.print(
                f"What is finished is saved in {escape(str(folder))}; "
                "the same command goes on from there."
            )
        raise


def _show(name: str, record: Evaluation, level: float) -> None:
    """Print all rates of one network with their intervals."""
    settings, data = record.settings, record.data
    repeats = f", {settings.repeats} motions an image" if settings.repeats > 1 else ""
    out.print(
        f"{name} on {record.images} {data['part']} images of {data['name']} "
        f"(seed {settings.seed}{repeats}; {100 * level:.4g}% intervals)",
        soft_wrap=True,
        markup=False,
        style="bold",
    )
    out.print(f"Natural accuracy: {_rate(record.natural_accuracy(level))}")
    if record.has("worst"):
        worst = record.worst_case()
        moved = f"{settings.worst_rotation:g} degrees, {settings.worst_translation:g} of the side"
        out.print(
            f"Worst of a grid up to {moved}: unchanged {_rate(worst.unchanged(level))}, "
            f"accuracy {_rate(worst.accuracy(level))}",
            soft_wrap=True,
        )
    if record.has("distance"):
        out.print(_distance(record.distances(), level))
    for kind, (title, unit) in _NAMES.items():
        if not record.has(kind):
            continue
        profile = record.profile(kind)
        in_255ths = _in_255ths(kind, profile.values)
        if kind == "robustness":
            title = f"{settings.attack}, {settings.steps} steps, {record.protocol['name']} protocol"
        shown = table(
            title,
            unit,
            "1 - fooling rate" if kind == "robustness" else "rate of invariance",
            "accuracy",
            numbers=(0,),
        )
        for number, value in enumerate(profile.values):
            shown.add_row(
                _value(value, in_255ths),
                _rate(profile.unchanged(number, level)),
                _rate(profile.accuracy(number, level)),
            )
        out.print(shown)


def _show_differences(names: list[str], compared: list[Difference]) -> None:
    """Print paired differences of two networks."""
    out.print(
        f"{names[0]} minus {names[1]}, image by image; p: McNemar's exact test",
        soft_wrap=True,
        markup=False,
        style="bold",
    )
    shown = table(
        "", *("", "metric", "first", "second", "minus", "interval", "p"), numbers=(2, 3, 4, 6)
    )
    shown.title = None
    shown.box, shown.padding, shown.pad_edge = SIMPLE_HEAD, (0, 1, 0, 0), False
    in_255ths = {
        kind: _in_255ths(kind, [r.setting for r in compared if r.what == kind]) for kind in _NAMES
    }
    for row in compared:
        if row.metric == "unchanged" and row.setting == 0:
            continue  # both are 1 by definition
        what = {"robustness": "budget"}.get(row.what, row.what)
        if row.setting is not None:
            what += f" {_value(row.setting, in_255ths[row.what])}"
        shown.add_row(
            what,
            {"unchanged": _KEPT.get(row.what, "invariance")}.get(row.metric, row.metric),
            f"{row.first:.3f}",
            f"{row.second:.3f}",
            f"{row.difference:+.3f}",
            _interval(row.interval, 3),
            "-" if row.p_value is None else _p_value(row.p_value),
        )
    out.print(shown)


def _draw(records: dict[str, Evaluation], folder: Path, level: float) -> None:
    """Write profiles of both metrics as PNG and SVG."""
    from ..empirical.evaluation.plots import profiles_figure
    from ..style import save

    kinds = ("rotation", "translation", "both", "robustness")
    if not any(record.has(kind) for record in records.values() for kind in kinds):
        return
    stem = "-".join(
        stem_of(record, "profiles").removeprefix("profiles-") for record in records.values()
    )
    for metric in ("unchanged", "accuracy"):
        save(profiles_figure(records, metric=metric, level=level), folder, f"{metric}-{stem}")


def _in_255ths(kind: str, values: Iterable[float | None]) -> bool:
    """Return whether all budgets are multiples of 1/255."""
    scaled = [255 * value for value in values if value is not None]
    return kind == "robustness" and all(abs(v - round(v)) < 1e-9 for v in scaled)


def _value(value: float, in_255ths: bool) -> str:
    return f"{round(255 * value)}/255" if in_255ths and value else f"{value:g}"


def _rate(rate: Rate) -> str:
    return f"{rate.value:.4f} {_interval(rate.interval)}"


def _distance(distances: Distances, level: float) -> str:
    mean = distances.mean(level)
    if mean is None:
        return "Mean l2 distance to the boundary: none was found."
    interval = "" if mean.interval is None else f" {_interval(mean.interval, 3)}"
    missing = f"; none found for {distances.missing}" if distances.missing else ""
    images = f"{mean.count} images{missing}"
    return f"Mean l2 distance to the boundary: {mean.value:.3f}{interval} ({images})"


def _p_value(value: float) -> str:
    return "<1e-9" if value < 1e-9 else f"{value:.2g}"


def _interval(interval: Interval, digits: int = 4) -> str:
    # A bracket would begin a style of rich's markup if it were not for the digit.
    return f"[{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
