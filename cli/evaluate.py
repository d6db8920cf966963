"""`spadv evaluate`: what a network does on unchanged, transformed and attacked images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..checks import check_level, choose
from ..empirical.settings import EvaluationSettings, format_number
from ..errors import InputError
from ..store import RunFolder
from .console import between, err, out, print_json, print_table, progress_bar
from .options import DataRoot, Device, Json, Level, check_folder, takes

if TYPE_CHECKING:
    from ..empirical.data import DataSet
    from ..empirical.evaluation import Evaluation
    from ..empirical.training.checkpoint import LoadedRun

_TITLES = {
    "rotation": ("Random rotation, angles up to", "degrees"),
    "translation": ("Random translation, shifts up to", "of the side"),
    "both": ("Rotation up to 180 i degrees with translation up to i", "i"),
    "robustness": ("l-infinity attack, budget", "pixels"),
}


@takes(EvaluationSettings)
def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="Run folder, checkpoint, module:factory (a function giving a torch "
            "network that takes pixels in [0, 1]), timm:NAME, hf:REPO, robustbench:NAME, or a "
            ".json description of layers that names its weights."
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(help="Data set, folder or .npz file; the training's own by default."),
    ] = None,
    data_root: DataRoot = None,
    size: Annotated[
        int | None, typer.Option(help="Resize the images of a folder to this side.", min=1)
    ] = None,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    layers: Annotated[
        Path | None,
        typer.Option(help="JSON description of the layers; MODEL is then a file of weights."),
    ] = None,
    *,
    settings: dict[str, Any],
    device: Device = "auto",
    level: Level = 0.95,
    compare: Annotated[
        str | None, typer.Option(help="A second network: paired differences on the same images.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for results and figures; RUN/evaluations by default.",
            callback=check_folder,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure accuracy, invariance and robustness of a network, with intervals.

    Defaults are the paper's: on grey images PGD of 40 steps of 0.01 up to budget 0.3, else 10
    steps of 2/255 up to 8/255. What is finished is saved; the same command goes on.
    """
    names = [model] if compare is None else [model, compare]
    check_level(level)
    choose("part", part, ("train", "validation", "test"))
    EvaluationSettings.for_channels(1, **settings)  # refused before anything is loaded
    from ..empirical.device import pick_device
    from ..empirical.evaluation import evaluate as measure
    from ..empirical.evaluation.comparison import differences
    from ..empirical.evaluation.files import stem_of
    from ..empirical.evaluation.target import load_target

    place = pick_device(device)
    targets = [load_target(model, place, layers)]
    if compare is not None:
        try:
            targets.append(load_target(compare, place))
        except InputError as error:
            raise error.about("compare") from None
    images = _images(model, targets[0][1], data, size, data_root)
    chosen = EvaluationSettings.for_channels(images.channels, **settings)
    records: list[Evaluation] = []
    files: list[str | None] = []
    for name, (network, trained) in zip(names, targets, strict=True):
        home = folder
        if home is None and trained is not None and trained.folder is not None:
            home = RunFolder(trained.folder).evaluations
        try:
            with progress_bar(f"evaluate {Path(name).name}") as tell:
                record = measure(
                    network, images, chosen, folder=home, part=part, device=place, progress=tell
                )
        except KeyboardInterrupt:
            if home is not None:
                err.print(
                    f"What is finished is saved in {home}; the same command goes on from there."
                )
            raise
        records.append(record)
        files.append(None if home is None else str(home / f"{stem_of(record)}.json"))
        for note in record.notes:
            err.print(note)
    compared = differences(*records, level=level) if len(records) == 2 else []
    if folder is not None:
        _draw(dict(zip(names, records, strict=True)), folder, level)
    if as_json:
        made = [
            {
                "model": name,
                "file": file,
                "evaluation": record.to_json() | {"summary": record.summary(level)},
            }
            for name, file, record in zip(names, files, records, strict=True)
        ]
        more = {"compared_with": made[-1], "differences": compared} if compared else {}
        print_json({**made[0], **more})
        return
    for name, record in zip(names, records, strict=True):
        _show(name, record, level)
    if compared:
        _show_differences(names, compared)
    for file in files:
        if file is not None:
            out.print(f"Saved: {file}")


def _images(
    name: str,
    trained: LoadedRun | None,
    data: str | None,
    size: int | None,
    data_root: Path | None,
) -> DataSet:
    """Return the images to evaluate on: those asked for, else the training's own."""
    from ..empirical.data import load

    if data is not None:
        return load(data, root=data_root, size=size)
    if trained is None:
        raise InputError("data", "be given", None, f"{name} does not say what it was trained on.")
    config = trained.config
    told = config.data
    size = size or told.size
    found = load(told.name, root=data_root, split_seed=told.split_seed, size=size)
    if not trained.complete:
        done = trained.epochs_done
        err.print(f"The training of {name} is at epoch {done} of {config.epochs}.")
    return found


def _show(name: str, record: Evaluation, level: float) -> None:
    """Print all rates of one network with their intervals."""
    from ..empirical.evaluation.record import PROFILES

    settings, data, summary = record.settings, record.data, record.summary(level)
    repeats = f", {settings.repeats} motions an image" if settings.repeats > 1 else ""
    out.print(
        f"{name} on {record.images} {data['part']} images of {data['name']} "
        f"(seed {settings.seed}{repeats}; {100 * level:.4g}% intervals)",
        style="bold",
    )
    out.print(f"Natural accuracy: {_value(summary['natural_accuracy'])}")
    if worst := summary.get("worst_case"):
        out.print(
            f"Worst of a grid up to {worst['rotation']:g} degrees, {worst['translation']:g} of "
            f"the side: unchanged {_value(worst['rate_of_invariance'])}, "
            f"accuracy {_value(worst['accuracy'])}"
        )
    if distance := summary.get("distance"):
        found = "none was found."
        if distance["count"]:
            missing = f"; none found for {distance['missing']}" if distance["missing"] else ""
            found = f"{_value(distance, 3)} ({distance['count']} images{missing})"
        out.print(f"Mean l2 distance to the boundary: {found}")
    for kind in PROFILES:
        if kind not in summary:
            continue
        (title, unit), metric = _TITLES[kind], "rate of invariance"
        if kind == "robustness":
            title = f"{settings.attack}, {settings.steps} steps, {record.protocol['name']} protocol"
            metric = "1 - fooling rate"
        rows = [
            (format_number(value), _value(unchanged), _value(accuracy))
            for value, unchanged, accuracy in (row.values() for row in summary[kind])
        ]
        print_table(title, (unit, metric, "accuracy"), rows, numbers=(0,))


def _show_differences(names: list[str], compared: list[dict[str, Any]]) -> None:
    """Print paired differences of two networks."""
    rows = []
    for row in compared:
        kind, setting, metric = row["what"], row["setting"], row["metric"]
        if metric == "unchanged" and setting == 0:
            continue  # both are 1 by definition
        what = "budget" if kind == "robustness" else kind
        if setting is not None:
            what += f" {format_number(setting)}"
        if metric == "unchanged":
            metric = "1 - fooling" if kind == "robustness" else "invariance"
        p = row["mcnemar_p_value"]
        rows.append(
            (
                what,
                metric,
                f"{row['first']:.3f}",
                f"{row['second']:.3f}",
                f"{row['difference']:+.3f}",
                between(row["interval"], "+.3f") if row["interval"] else "-",
                "-" if p is None else "<1e-9" if p < 1e-9 else f"{p:.2g}",
            )
        )
    print_table(
        f"{names[0]} minus {names[1]}, image by image; p: McNemar's exact test",
        ("", "metric", "first", "second", "minus", "interval", "p"),
        rows,
        numbers=(2, 3, 4, 6),
    )


def _draw(records: dict[str, Evaluation], folder: Path, level: float) -> None:
    """Write profiles of both metrics as PNG and SVG."""
    from ..empirical.evaluation.plots import profiles_figure
    from ..empirical.evaluation.record import PROFILES
    from ..style import save

    if not any(record.has(kind) for record in records.values() for kind in PROFILES):
        return
    stem = "-".join(record.identity[:12] for record in records.values())
    for metric in ("unchanged", "accuracy"):
        save(profiles_figure(records, metric=metric, level=level), folder, f"{metric}-{stem}")


def _value(found: Mapping[str, Any], digits: int = 4) -> str:
    """Return a number with its interval, if it has one."""
    form = f".{digits}f"
    interval = f" ({between(found['interval'], form)})" if found["interval"] else ""
    return f"{found['value']:{form}}{interval}"
