"""What `spadv reproduce` writes and prints: figures, tables, the page, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..empirical.experiments import EXPERIMENTS, draw, draw_other_metric
from ..empirical.experiments.document import SCHEMA
from ..errors import StoreError
from ..store import read_json, read_text, write_atomically
from ..style import save
from .console import err, out, table
from .pages import reproduce_page
from .tables import csv_curves, csv_table, latex_architecture, latex_table, shown

#: Columns that a terminal shows with their intervals, at most.
_WITH_INTERVALS = 4
_STYLES = {"seen": "green", "not seen": "yellow", "opposite": "red", "underpowered": "dim"}


def saved(folder: Path) -> list[dict[str, Any]]:
    """Return the artefacts' documents that lie in a folder, in the registry's order.

    Those of another version are left out, and named on stderr.
    """
    found = []
    for name in EXPERIMENTS:
        path = folder / f"{name}.json"
        if not path.is_file():
            continue
        document = read_json(path)
        if document.get("schema") != SCHEMA:
            err.print(f"{path} was written by another version; reproduce {name} again.")
            continue
        found.append(document)
    return found


def write_figures(documents: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write figures (PNG, SVG) and tables (CSV, LaTeX) of some documents."""
    for document in documents:
        name = document["id"]
        for picture, stem in (
            (draw(document), name),
            (draw_other_metric(document), f"{name}-accuracy"),
        ):
            if picture is not None:
                save(picture, folder, stem)
        texts = {}
        if document["table"]["rows"]:
            texts["csv"] = csv_table(document["table"])
            texts["tex"] = latex_table(document)
        if document["architectures"]:
            texts["tex"] = "\n".join(map(latex_architecture, document["architectures"]))
        for suffix, text in texts.items():
            write_atomically(folder / f"{name}.{suffix}", text)
        if any("curves" in panel for panel in document["panels"]):
            write_atomically(folder / f"{name}-curves.csv", csv_curves(document))


def write_page(folder: Path) -> Path:
    """Write report.html from the documents and figures that lie in a folder.

    Raises
    ------
    StoreError
        If there is no document.
    """
    documents = saved(folder)
    if not documents:
        raise StoreError(f"{folder} holds no artefact")
    drawings = {}
    for document in documents:
        for stem in (document["id"], f"{document['id']}-accuracy"):
            path = folder / f"{stem}.svg"
            if path.is_file():
                text = read_text(path)
                drawings[stem] = text[text.index("<svg") :]
    made = {document["id"] for document in documents}
    whole = {document["part_of"] for document in documents}
    others = [
        (name, experiment.title)
        for name, experiment in EXPERIMENTS.items()
        if name not in made and not experiment.part_of and name not in whole
    ]
    path = folder / "report.html"
    write_atomically(path, reproduce_page(documents, drawings, others))
    return path


def show(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print verdicts and tables."""
    for document in documents:
        heading = f"{document['id']}: {document['title']}"
        if document["findings"]:
            out.print(_verdicts(heading, document["findings"]))
        for remark in document["remarks"]:
            out.print(f"[yellow]{remark}.[/yellow]")
        if document["table"]["rows"]:
            out.print(_numbers(heading, document["table"]))
        for network in document["architectures"]:
            out.print(_architecture(network))


def _verdicts(heading: str, findings: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("verdict", "claim", "effect", "other metric")
    made = table(heading, *columns)
    made.box = SIMPLE_HEAD
    for finding in findings:
        low, high = finding["interval"]["low"], finding["interval"]["high"]
        effect = f"{finding['effect']:+.3f} ({low:+.3f} to {high:+.3f})"
        other = finding["other"]
        cells = [_coloured(finding["verdict"]), finding["claim"], effect]
        made.add_row(*cells, _coloured(other["verdict"]) if other else "")
    return made


def _coloured(verdict: str) -> str:
    style = _STYLES[verdict]
    return f"[{style}]{verdict}[/{style}]"


def _numbers(heading: str, content: Mapping[str, Any]) -> Table:
    columns = content["columns"]
    names = [column["label"] + (", %" if column["rate"] else "") for column in columns]
    made = table(heading, "", *names, "seeds", numbers=tuple(range(1, len(names) + 2)))
    made.box = SIMPLE_HEAD
    for row in content["rows"]:
        cells = [shown(cell, column) for cell, column in zip(row["cells"], columns, strict=True)]
        # A terminal has no room for the intervals of many columns: they are in the files.
        values = [f"{a}\n{b}" if b and len(columns) <= _WITH_INTERVALS else a for a, b in cells]
        made.add_row(row["label"], *values, str(row["seeds"]))
    return made


def _architecture(network: Mapping[str, Any]) -> Table:
    made = table(network["label"], "layer", "kind", "output", "parameters", numbers=(3,))
    made.box = SIMPLE_HEAD
    for layer in network["layers"]:
        shape = " x ".join(map(str, layer["output"]))
        count = f"{layer['parameters']:,}" if layer["parameters"] else ""
        made.add_row(layer["name"], layer["kind"], shape, count)
    made.add_section()
    made.add_row("in all", "", "", f"{network['parameters']:,}")
    return made
