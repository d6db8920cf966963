"""What `spadv reproduce` writes and prints: figures, tables, the page, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from ..empirical.experiments import EXPERIMENTS
from ..empirical.experiments.document import SCHEMA
from ..empirical.experiments.draw import draw, draw_other_metric, stand_ins
from ..errors import StoreError
from ..result import SHOWN
from ..store import read_json, read_text, write_atomically
from ..style import save
from .console import effect, err, out, print_table
from .pages import reproduce_page
from .tables import csv_curves, csv_table, latex_architecture, latex_table, shown

#: Columns that a terminal shows with their intervals, at most.
_WITH_INTERVALS = 4
_STYLES = {"seen": "green", "not seen": "yellow", "opposite": "red"}


def saved(folder: Path) -> list[dict[str, Any]]:
    """Return the experiments' documents that lie in a folder, in the registry's order.

    Those of another version are left out, and named on stderr.
    """
    found = []
    for name in EXPERIMENTS:
        path = folder / f"{name}.json"
        if not path.is_file():
            continue
        document = read_json(path)
        if document.get("schema") == SCHEMA:
            found.append(document)
        else:
            err.print(f"{path} was written by another version; reproduce {name} again.")
    return found


def write_figures(documents: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write figures (PNG, SVG) and tables (CSV, LaTeX) of some documents."""
    for document in documents:
        name = document["id"]
        drawings = {name: draw(document), f"{name}-accuracy": draw_other_metric(document)}
        for stem, picture in drawings.items():
            if picture is not None:
                save(picture, folder, stem)
        if document["table"]["rows"]:
            write_atomically(folder / f"{name}.csv", csv_table(document["table"]))
            write_atomically(folder / f"{name}.tex", latex_table(document))
        if document["architectures"]:
            text = "\n".join(map(latex_architecture, document["architectures"]))
            write_atomically(folder / f"{name}.tex", text)
        if any("curves" in panel for panel in document["panels"]):
            write_atomically(folder / f"{name}-curves.csv", csv_curves(document))


def write_page(documents: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    """Write report.html from a folder's documents, and the figures that lie there."""
    if not documents:
        raise StoreError(
            f"{folder} holds no experiment: run `spadv reproduce --out {folder}` first"
        )
    drawings = {}
    for document in documents:
        for stem in (document["id"], f"{document['id']}-accuracy"):
            path = folder / f"{stem}.svg"
            if path.is_file():
                text = read_text(path)
                drawings[stem] = text[text.index("<svg") :]
    made = {document[key] for document in documents for key in ("id", "part_of")}
    others = [
        (name, experiment.title)
        for name, experiment in EXPERIMENTS.items()
        if name not in made and not experiment.part_of
    ]
    path = folder / "report.html"
    write_atomically(path, reproduce_page(documents, drawings, others))
    return path


def show(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print verdicts and tables."""
    for document in documents:
        heading = f"{document['id']}: {document['title']}"
        here = stand_ins(document)
        heading += f" (here: {'; '.join(here)})" * bool(here)
        out.print(heading, style="bold")
        findings = [
            (
                _coloured(finding),
                finding["claim"],
                effect(finding),
                _coloured(finding["other"]) if finding["other"] else "",
            )
            for finding in document["findings"]
        ]
        if document["scale"] == "smoke":
            out.print("Scale smoke shows that everything runs: its numbers mean nothing.")
        elif findings:
            heads = ("verdict", "claim", "effect", "in accuracy")
            print_table("Claims", heads, findings, numbers=(2,))
        for remark in document["remarks"]:
            out.print(f"{remark}.", style="yellow")
        for line in document.get("explanations", ()):
            out.print(line, style="yellow")
        if document["table"]["rows"]:
            _show_numbers(document["table"])
        for network in document["architectures"]:
            _show_layers(network)


def _coloured(finding: Mapping[str, Any]) -> Text:
    return Text(SHOWN[finding["verdict"]], _STYLES.get(finding["verdict"], "dim"))


def _show_numbers(table: Mapping[str, Any]) -> None:
    columns, rows = table["columns"], []
    for row in table["rows"]:
        cells = [shown(cell, column) for cell, column in zip(row["cells"], columns, strict=True)]
        # A terminal has no room for the intervals of many columns: they are in the files.
        values = [f"{a}\n{b}" if b and len(columns) <= _WITH_INTERVALS else a for a, b in cells]
        rows.append((row["label"], *values, str(row["seeds"])))
    names = [column["label"] + (", %" if column["rate"] else "") for column in columns]
    print_table("Numbers", ("", *names, "seeds"), rows, numbers=range(1, len(names) + 2))


def _show_layers(network: Mapping[str, Any]) -> None:
    rows = []
    for layer in network["layers"]:
        shape = " x ".join(map(str, layer["output"]))
        count = f"{layer['parameters']:,}" if layer["parameters"] else ""
        rows.append((layer["name"], layer["kind"], shape, count))
    columns = ("layer", "kind", "output", "parameters")
    total = ("in all", "", "", f"{network['parameters']:,}")
    print_table(network["label"], columns, rows, numbers=(3,), totals=[total])
