"""Networks that others trained, all measured alike and placed in one plane.

A folder of results holds, for every network, NAME.json (who made it, every rate with counts and
interval) and the records that the rates come from, one of the common measurement and one of the
strong attack, with the outcome of every image. Table and figure are made from the folder alone,
so that anybody can add a network to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from ...errors import InputError, StoreError
from ...progress import Progress, silent
from ...store import read_json, write_atomically, write_json
from ...style import BLUE, VERMILION, new_figure, plain, styled
from ..data import DataSet
from ..settings import EvaluationSettings, format_number
from .evaluate import evaluate
from .files import read, stem_of
from .record import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = 1
#: Images of the common measurement, and of the strong attack.
IMAGES, STRONG_IMAGES = 2000, 1000
ROTATIONS, TRANSLATIONS = (30.0, 180.0), (0.1,)
#: Budgets on grey and on colour images.
BUDGETS = {1: (0.1, 0.3), 3: (2 / 255, 8 / 255)}
_ABOUT = ("trained", "published", "source")


def place(
    model: nn.Module,
    data: DataSet,
    folder: Path,
    name: str,
    *,
    images: int = IMAGES,
    strong_images: int = STRONG_IMAGES,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Measure a network as all networks of a folder are, and write NAME.json there; return it.

    What the network's attribute `description` says of "trained", "published" and "source" is
    written down, too. First so many test images (all, if there are fewer) are taken for random
    motions and PGD, and for the strong attack (:func:`spadv.empirical.attacks.strong_attack`); what
    is finished is not measured again.
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise InputError("name", "consist of letters, digits, '-', '_' and '.'", name)
    if data.channels not in BUDGETS:
        raise InputError("data", "have 1 or 3 channels", data.channels)
    total, budgets = len(data.test), BUDGETS[data.channels]
    nothing: dict[str, Any] = {"both": (), "distance_images": 0, "budgets": budgets}
    common = EvaluationSettings.for_channels(
        data.channels,
        rotations=ROTATIONS,
        translations=TRANSLATIONS,
        images=min(images, total),
        **nothing,
    )
    strong = EvaluationSettings.for_channels(
        data.channels,
        rotations=(),
        translations=(),
        attack="autoattack",
        images=min(strong_images, total),
        **nothing,
    )
    records = [
        evaluate(model, data, settings, folder=folder, name=title, progress=progress)
        for title, settings in ((name, common), (f"{name}-strong", strong))
    ]
    description: Mapping[str, Any] = getattr(model, "description", {})
    document = {
        "schema": SCHEMA,
        "name": name,
        "data": records[0].data["name"],
        **{key: description[key] for key in _ABOUT if key in description},
        "rates": rates(*records),
        "records": [
            f"{stem_of(record, title)}.json"
            for record, title in zip(records, (name, f"{name}-strong"), strict=True)
        ],
    }
    write_json(folder / f"{name}.json", document)
    return document


def rates(common: Evaluation, strong: Evaluation) -> list[dict[str, Any]]:
    """Return every rate of a network: what was done, metric, setting, and the rate."""
    rows = [_row("natural", None, "accuracy", common.natural_accuracy().to_json())]
    for kind in ("rotation", "translation", "robustness"):
        profile = common.profile(kind)
        what = "pgd" if kind == "robustness" else kind
        for number, value in enumerate(profile.values):
            rows.append(_row(what, value, "unchanged", profile.unchanged(number).to_json()))
            rows.append(_row(what, value, "accuracy", profile.accuracy(number).to_json()))
    profile = strong.profile("robustness")
    for number, value in enumerate(profile.values):
        rows.append(_row("strong", value, "accuracy", profile.accuracy(number).to_json()))
    return rows


def _row(what: str, setting: float | None, metric: str, rate: dict[str, Any]) -> dict[str, Any]:
    return {"what": what, "setting": setting, "metric": metric, **rate}


def read_folder(folder: Path) -> list[dict[str, Any]]:
    """Return what every NAME.json of a folder holds, recomputed from its records.

    StoreError if a file's rates are not those of the images' outcomes.
    """
    documents = []
    for path in sorted(folder.glob("*.json")):
        document = read_json(path)
        if "records" not in document:
            continue  # a record
        if document.get("schema") != SCHEMA:
            raise StoreError(f"{path} has schema {document.get('schema')}, not {SCHEMA}")
        common, strong = (read(folder / name) for name in document["records"])
        if rates(common, strong) != document["rates"]:
            raise StoreError(f"{path} does not fit its records: its rates differ")
        documents.append(document)
    if not documents:
        raise StoreError(
            f"{folder} holds no networks: `spadv place NETWORK --out {folder}` measures one"
        )
    return documents


def rate(document: Mapping[str, Any], what: str, setting: float | None, metric: str) -> Any:
    """Return one rate of a document: value, successes, trials and interval."""
    for row in document["rates"]:
        if (row["what"], row["setting"], row["metric"]) == (what, setting, metric):
            return row
    raise InputError("setting", "be one that was measured", (what, setting, metric))


def write_tables(documents: list[dict[str, Any]], folder: Path) -> Path:
    """Write table.md: a table a data set, published numbers beside ours. Return its path."""
    lines = ["# Networks that others trained: the table", ""]
    for data in sorted({document["data"] for document in documents}):
        mine = [document for document in documents if document["data"] == data]
        budgets = sorted({r["setting"] for r in mine[0]["rates"] if r["what"] == "pgd"})
        shown = [format_number(value) for value in budgets]
        heads = ["network", "natural", "R30", "R180", "T0.1", "inv. R30", "inv. R180"]
        heads += [f"PGD {b}" for b in shown] + [f"strong {b}" for b in shown] + ["published"]
        lines += [f"## {data}", "", _line(heads), _line(["---"] * len(heads))]
        keys: list[tuple[str, float | None, str]] = [("natural", None, "accuracy")]
        keys += [("rotation", 30.0, "accuracy"), ("rotation", 180.0, "accuracy")]
        keys += [("translation", 0.1, "accuracy")]
        keys += [("rotation", 30.0, "unchanged"), ("rotation", 180.0, "unchanged")]
        keys += [(what, value, "accuracy") for what in ("pgd", "strong") for value in budgets]
        for document in mine:
            numbers = [f"{100 * rate(document, *key)['value']:.1f}" for key in keys]
            lines.append(_line([document["name"], *numbers, _published(document)]))
        lines.append("")
    path = folder / "table.md"
    write_atomically(path, "\n".join(lines))
    return path


def _published(document: Mapping[str, Any]) -> str:
    found = document.get("published") or {}
    return "; ".join(
        f"{key} {100 * value:.1f}" if isinstance(value, float) else f"{key}: {value}"
        for key, value in found.items()
    )


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def figure(documents: list[dict[str, Any]]) -> Figure:
    """Draw accuracy under PGD against accuracy and invariance under rotations to 180 degrees.

    A panel a data set and metric; bars are 95% intervals from counts of images.
    """
    names = sorted({document["data"] for document in documents})
    with styled():
        drawn = new_figure(figsize=(10, 4.4 * len(names)))
        axes = drawn.subplots(len(names), 2, squeeze=False)
        for line, data in zip(axes, names, strict=True):
            mine = [document for document in documents if document["data"] == data]
            budget = max(r["setting"] for r in mine[0]["rates"] if r["what"] == "pgd")
            small = min(r["setting"] for r in mine[0]["rates"] if r["what"] == "pgd")
            for axis, metric in zip(line, ("accuracy", "unchanged"), strict=True):
                labels: list[tuple[tuple[float, float], list[str]]] = []
                for value, colour, mark in ((small, BLUE, "o"), (budget, VERMILION, "s")):
                    for number, document in enumerate(mine, start=1):
                        x = rate(document, "rotation", 180.0, metric)
                        y = rate(document, "pgd", value, "accuracy")
                        axis.errorbar(
                            [x["value"]],
                            [y["value"]],
                            xerr=_bars(x),
                            yerr=_bars(y),
                            fmt=mark,
                            color=colour,
                            markersize=4,
                            elinewidth=0.8,
                            label=f"PGD {format_number(value)}" if number == 1 else None,
                        )
                        _add(labels, (x["value"], y["value"]), str(number))
                for place, numbers in labels:
                    axis.annotate(
                        ", ".join(numbers),
                        place,
                        xytext=(4, 4),
                        textcoords="offset points",
                        fontsize=9,
                    )
                axis.set_ylabel("accuracy under attack")
                axis.set_ylim(bottom=0)
                kind = "accuracy" if metric == "accuracy" else "rate of invariance"
                axis.set_xlabel(f"{kind} under rotations to 180 degrees")
                axis.set_title(f"{plain(data)}, {mine[0]['rates'][0]['trials']} test images")
            line[0].legend(loc="best")
            text = "\n".join(f"{n}  {document['name']}" for n, document in enumerate(mine, start=1))
            line[1].annotate(text, (1.02, 1), xycoords="axes fraction", va="top", fontsize=8.5)
    return drawn


def _add(
    labels: list[tuple[tuple[float, float], list[str]]], place: tuple[float, float], name: str
) -> None:
    """Add a point's name, to that of a point at nearly the same place if there is one."""
    for (x, y), names in labels:
        if abs(x - place[0]) < 0.005 and abs(y - place[1]) < 0.01:
            if name not in names:
                names.append(name)
            return
    labels.append((place, [name]))


def _bars(rate: Mapping[str, Any]) -> list[list[float]]:
    low, high = rate["interval"]["low"], rate["interval"]["high"]
    return [[rate["value"] - low], [high - rate["value"]]]
