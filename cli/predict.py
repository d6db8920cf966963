"""`spadv predict`: what the theory says of real classes of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from ..checks import check_fraction, choose
from ..errors import InputError, StoreError
from ..store import Store, read_json, trusting, write_json
from ..theory.images import Task, class_moments, tasks, windows
from ..theory.images import predict as predict_task
from ..theory.images.linear import SLACK
from ..theory.images.prediction import SCHEMA
from .console import between, err, number, out, print_json, print_table, progress_bar
from .options import DataRoot, Json, check_folder, read_share

if TYPE_CHECKING:
    from ..empirical.data import DataSet, Images


def predict(
    data: Annotated[str, typer.Option(help="Data set, folder or .npz file.")] = "mnist-sample",
    classes: Annotated[
        str | None, typer.Option(help="Two classes: 3,8; or one, against the others: 3.")
    ] = None,
    pairs: Annotated[
        str | None, typer.Option(help="all pairs of classes, or each against the rest: all, rest.")
    ] = None,
    rotations: Annotated[
        str | None, typer.Option(help="Angles in degrees: 0,30,...,180; or none.")
    ] = None,
    ranges: Annotated[
        str | None,
        typer.Option(
            help="Which angles are ranges; by default all but 0, or for --pairs the largest."
        ),
    ] = None,
    shifts: Annotated[str | None, typer.Option(help="Fractions of the side: 0,0.1,0.2.")] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Also the mirror image.")] = False,
    torus: Annotated[bool, typer.Option("--torus", help="Shifts wrap around.")] = False,
    budgets: Annotated[
        str, typer.Option(help="l-infinity budgets in pixels: 0,0.05,8/255.")
    ] = "0,0.05,0.1,0.2",
    bounds: Annotated[
        bool | None,
        typer.Option(help="What no classifier exceeds; by default for one pair only."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Try the linear rules on the test images.")
    ] = False,
    pool: Annotated[
        int | None,
        typer.Option(help="Side of blocks of pixels seen as one; by default few enough."),
    ] = None,
    data_root: DataRoot = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for prediction.json and figures.", callback=check_folder
        ),
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(help="Train and measure what --out holds: R:90:0.1 (range, budget), T:.2:.1."),
    ] = None,
    networks: Annotated[
        str | None,
        typer.Option(help="With --measure: which networks; linear,mlp_a,stdcnn by default."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="With --measure: trainings of each kind; 3 by default.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option(help="With --measure: cpu by default, or smoke (seconds).")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="With --measure: the i-th of n shares, i/n.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Predict the trade-off between spatial and adversarial robustness of real classes.

    Two Gaussian classes are fitted to the images: their means, and one covariance. From it come
    the accuracies of Bayes classifiers, the laws' bounds, and the best linear rules; nothing
    is trained. With --measure, networks are trained on the pairs of an earlier prediction, and
    its order is compared with theirs; what is finished is kept, the same command goes on.
    """
    how = {"networks": networks, "seeds": seeds, "scale": scale, "shard": shard}
    what: dict[str, Any] = {
        "classes": classes,
        "pairs": pairs,
        "rotations": rotations,
        "ranges": ranges,
    }
    what |= {"shifts": shifts, "mirror": mirror or None, "bounds": bounds, "pool": pool}
    for option, value in (how if measure is None else what).items():
        if value is not None:
            rule = "be given with --measure" if measure is None else "not be given with --measure"
            raise InputError(option, rule, value)
    if measure is not None:
        if folder is None:
            raise InputError("out", "be the folder of a prediction", None)
        _measure(folder, measure, how, data_root, as_json)
        return
    if (classes is None) == (pairs is None):
        raise InputError("classes", "be given, or --pairs, and not both", classes)
    if rotations is None and shifts is None and not mirror:
        rotations = "0,30,...,180"
    sizes = [check_fraction("budgets", eps, high=1) for eps in numbers("budgets", budgets)]
    if not sizes:
        raise InputError("budgets", "hold at least one number", budgets)
    angles, fractions = numbers("rotations", rotations), numbers("shifts", shifts)
    largest = numbers("ranges", ranges)
    if pairs is not None:
        choose("pairs", pairs, ("all", "rest"))
        if ranges is None:  # a table of many pairs shows the largest range alone
            largest = [a for a in [max(angles, default=0.0)] if a > 0]
            fractions = [f for f in fractions if f in (0.0, max(fractions))]
    from ..empirical.data import load

    loaded = load(data, root=data_root)
    train, test = by_class(loaded, loaded.train), by_class(loaded, loaded.test)
    todo = _tasks(list(train), classes, pairs)
    used = {name for task in todo for name in (*task.first, *task.second)}
    shape = tuple(loaded.train.pixels.shape[1:])
    chosen = windows(
        (shape[0], shape[1], shape[2]),
        rotations_to=angles,
        shifts_to=fractions,
        only=largest,
        mirrored=mirror,
        torus=torus,
        pool=pool,
    )
    found = []
    with progress_bar("predict") as tell:
        known = class_moments({n: x for n, x in train.items() if n in used}, chosen)
        for done, task in enumerate(todo):
            tell(done, len(todo), task.name)
            made = predict_task(
                task,
                known,
                chosen,
                sizes,
                bounds=len(todo) == 1 if bounds is None else bounds,
                test=test if check else None,
            )
            found.append({**made, "slack": SLACK})
    document = {
        "schema": SCHEMA,
        "id": "prediction",
        "data": loaded.name,
        "source": data,
        "digest": loaded.digest,
        "shape": list(shape),
        "pool": chosen[0].maps.pool,
        "budgets": sizes,
        "slack": SLACK,
        "tasks": found,
    }
    if folder is not None:
        _write(folder, document)
    if as_json:
        print_json(document)
    else:
        _show(document, folder)


def _measure(
    folder: Path,
    point: str,
    how: Mapping[str, Any],
    data_root: Path | None,
    as_json: bool,
) -> None:
    """Train what is missing of a prediction's measurement, and show what is there."""
    document = read_json(folder / "prediction.json")
    if document.get("id") != "prediction" or document.get("schema") != SCHEMA:
        raise StoreError(f"{folder / 'prediction.json'} is no prediction of this version")
    from ..empirical.data import load
    from ..empirical.prediction import NETWORKS, PairMeasurement, Point, write

    told = {name: value for name, value in how.items() if value is not None}
    shard = read_share(told.pop("shard", "1/1"))
    parts = told.get("networks", ",".join(NETWORKS)).split(",")
    told["networks"] = tuple(choose("networks", part.strip(), NETWORKS) for part in parts)
    with trusting(folder / "prediction.json"):
        plan = PairMeasurement(document, Point.parse(point), **told)
        data = load(document["source"], root=data_root)
    store = Store(folder / "runs")
    with progress_bar("measure") as tell:
        plan.run(data, store, shard=shard, progress=tell, say=err.print)
    found = plan.results(store)
    stem = f"measured-{plan.point.stem}"
    write(found, folder, stem)
    if as_json:
        print_json(found)
        return
    rows = []
    for network, row in found["orders"].items():
        correlation, interval = number(row["correlation"], 2), row.get("interval")
        shown = between(interval, ".2f") if interval else "-"
        by_class = between(row["by_class"], ".2f") if row.get("by_class") else "-"
        rows.append((network, str(row["pairs"]), correlation, shown, by_class, row["verdict"]))
    heads = ("network", "pairs", "rank correlation", "95%", "95%, by class", "verdict")
    print_table(f"{found['data']}: {plan.point.stem}", heads, rows, numbers=(1, 2))
    if found["missing"]:
        out.print(f"{found['missing']} networks of pairs are not complete.")
    out.print(f"{stem}.json and figures are in {folder}.")


def by_class(data: DataSet, part: Images) -> dict[str, NDArray[np.uint8]]:
    """Return the images of a part class by class."""
    pixels, labels = part.pixels.numpy(), part.labels.numpy()
    return {name: pixels[labels == label] for label, name in enumerate(data.classes)}


def numbers(argument: str, text: str | None) -> list[float]:
    """Read numbers joined by commas; "..." goes on with the step of the two before it.

    Examples
    --------
    >>> numbers("rotations", "0,30,...,120,180")
    [0.0, 30.0, 60.0, 90.0, 120.0, 180.0]
    """
    found: list[float] = []
    go_on = False
    for part in (text or "").replace(" ", "").split(","):
        if part in ("", "none"):
            continue
        if part == "...":
            go_on = True
            continue
        value = check_fraction(argument, part, low=-np.inf)
        if go_on:
            step = found[-1] - found[-2] if len(found) > 1 else 0.0
            count = round((value - found[-1]) / step) if step else 0
            if not 0 < count < 1000 or abs(found[-1] + count * step - value) > 1e-9:
                raise InputError(argument, "reach the number after ... in equal steps", text)
            found += [found[-1] + step * k for k in range(1, count)]
            go_on = False
        found.append(value)
    if go_on:
        raise InputError(argument, "name a number after ...", text)
    return found


def _tasks(names: list[str], classes: str | None, pairs: str | None) -> list[Task]:
    if pairs is not None:
        return tasks(names, pairs)
    wanted = [choose("classes", part.strip(), names) for part in (classes or "").split(",")]
    if len(wanted) == 1:
        return [task for task in tasks(names, "rest") if task.first == (wanted[0],)]
    if len(wanted) != 2 or wanted[0] == wanted[1]:
        raise InputError("classes", "be two different classes, or one", classes)
    return [Task("-".join(wanted), (wanted[0],), (wanted[1],))]


def _write(folder: Path, document: Mapping[str, Any]) -> None:
    from ..style import save
    from ..theory.plots.images import prediction_figure, predictions_figure

    write_json(folder / "prediction.json", document)
    made = document["tasks"]
    figure = prediction_figure(made[0]) if len(made) == 1 else predictions_figure(made)
    save(figure, folder, "prediction")


def _show(document: Mapping[str, Any], folder: Path | None) -> None:
    made = document["tasks"]
    if len(made) == 1:
        _show_one(made[0], document["data"])
    else:
        _show_many(made, document["data"])
    if folder is not None:
        out.print(f"prediction.json and figures are in {folder}.")


def _show_one(task: Mapping[str, Any], data: str) -> None:
    rows = []
    for made in task["ranges"]:
        best = made.get("best_spatial")
        for row in made["budgets"]:
            rows.append(
                (
                    _range(made),
                    f"{row['budget']:g}",
                    number(made["natural"], 3),
                    number(row["linear_spatial"], 3),
                    number(best["value"] if best else None, 3),
                    number(row["robust_bayes"], 3),
                    number(row["linear_adversarial"], 3),
                    number(row["loss"], 3),
                    number(row["law"] if best else None, 3),
                )
            )
    heads = ("range", "budget", "natural", "S linear", "S any", "A best", "A linear", "loss")
    print_table(
        f"{data} {task['task']}: fitted model", (*heads, "A any <="), rows, numbers=range(1, 9)
    )
    out.print(
        f"A linear: best linear rule with S within {task['slack']:g} of the best linear one; loss: "
        "A best less A linear; A any: no classifier with S within as much of S any exceeds it."
    )
    for kind, table in task["transformations"].items():
        largest = task["ranges"][-1]["budgets"]
        lines: list[tuple[str, ...]] = [
            (
                f"{line['label']:.3g}",
                number(line["kappa"], 3),
                number(line["bayes"], 3),
                number(line["kept"], 3),
                *(number(float(np.mean(pair)), 2) for pair in line["upper"]),
            )
            for line in table[:40]
        ]
        names = [f"D at {row['budget']:g}" for row in largest]
        heads = (kind, "kappa", "Bayes rule", "kept", *names)
        print_table("Transformations", heads, lines, numbers=range(len(heads)))
    _show_check(task)


def _range(made: Mapping[str, Any]) -> str:
    short = {"rotation": "R", "shift": "T"}.get(made["kind"])
    return f"{short} {made['range']:g}" if short else "mirror"


def _show_check(task: Mapping[str, Any]) -> None:
    rows = []
    for made in {made["kind"]: made for made in task["ranges"]}.values():
        for row in made["budgets"]:
            for rule in row.get("on_test", ())[:: max(1, len(row.get("on_test", ())) // 3)]:
                cells = [number(v, 3) for v in rule["predicted"]]
                cells += [
                    number(rule[k]["value"], 3) for k in ("spatial", "adversarial", "in_range")
                ]
                rows.append((_range(made), f"{row['budget']:g}", *cells))
    if rows:
        heads = ("range", "budget", "S predicted", "A predicted", "S", "A", "A in [0, 1]")
        print_table("Linear rules of the model on test images", heads, rows, numbers=range(1, 7))


def _show_many(made: list[Mapping[str, Any]], data: str) -> None:
    for kind in made[0]["transformations"]:
        last = [[r for r in task["ranges"] if r["kind"] == kind][-1] for task in made]
        order = sorted(range(len(made)), key=lambda i: -last[i]["budgets"][-1]["loss"])
        rows = [
            (
                made[i]["task"],
                number(last[i]["natural"], 3),
                number(last[i]["budgets"][0]["linear_spatial"], 3),
                *(number(row["loss"], 3) for row in last[i]["budgets"]),
            )
            for i in order
        ]
        names = [f"loss at {row['budget']:g}" for row in last[0]["budgets"]]
        title = f"{data}: predicted loss of A, {kind} to {last[0]['range']:g}"
        heads = ("classes", "natural", "S linear", *names)
        print_table(title, heads, rows, numbers=range(1, len(heads)))
