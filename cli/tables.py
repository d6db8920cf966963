"""The tables of an artefact for other programs: CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "→": r"$\to$",
    "θ": r"$\theta$",
}


def csv_table(table: Mapping[str, Any]) -> str:
    """Return a document's table as CSV: each column's value and both ends of its interval."""
    names = [column["label"] for column in table["columns"]]
    header = ["", "seeds", *(f"{n}{s}" for n in names for s in ("", " low", " high"))]
    rows = (
        [
            row["label"],
            row["seeds"],
            *(
                cell[key] if cell else ""
                for cell in row["cells"]
                for key in ("value", "low", "high")
            ),
        ]
        for row in table["rows"]
    )
    return _csv(header, rows)


def csv_curves(document: Mapping[str, Any]) -> str:
    """Return every number of a document's curves as CSV, one row a point."""
    header = ["metric", "panel", "curve", "at", "value", "low", "high"]
    return _csv(
        header,
        (
            [panel["unit"], panel["title"], curve["label"], *point]
            for panel in (*document["panels"], *document["other_metric"])
            for curve in panel.get("curves", ())
            for point in zip(curve["x"], curve["y"], curve["low"], curve["high"], strict=True)
        ),
    )


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def latex_table(document: Mapping[str, Any]) -> str:
    """Return a document's table as LaTeX (booktabs), the best of each column in bold face.

    Rates are in percent; small type gives the 95% interval.
    """
    table = document["table"]
    columns = table["columns"]
    lines = [
        f"% {document['id']}, scale {document['scale']}; needs \\usepackage{{booktabs}}",
        r"\begin{tabular}{l" + "r" * len(columns) + "}",
        r"\toprule",
        " & ".join(["", *(_escape(column["label"]) for column in columns)]) + r" \\",
        r"\midrule",
    ]
    best = [_best(table["rows"], number) for number in range(len(columns))]
    for row in table["rows"]:
        cells = [
            _cell(cell, column, best=cell is not None and cell["value"] == top)
            for cell, column, top in zip(row["cells"], columns, best, strict=True)
        ]
        lines.append(" & ".join([_escape(row["label"]), *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def latex_architecture(network: Mapping[str, Any]) -> str:
    """Return the layers of a network as LaTeX (booktabs)."""
    lines = [
        f"% {network['label']}; needs \\usepackage{{booktabs}}",
        r"\begin{tabular}{llr}",
        r"\toprule",
        r"layer & output & parameters \\",
        r"\midrule",
    ]
    for layer in network["layers"]:
        shape = r" $\times$ ".join(map(str, layer["output"]))
        count = f"{layer['parameters']:,}" if layer["parameters"] else ""
        lines.append(f"{_escape(layer['kind'])} & {shape} & {count} \\\\")
    lines += [r"\midrule", f"in all & & {network['parameters']:,} \\\\"]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def shown(cell: Mapping[str, float] | None, column: Mapping[str, Any]) -> tuple[str, str]:
    """Return a cell's value and interval as text: percent for rates, plain otherwise.

    Examples
    --------
    >>> shown({"value": 0.5, "low": 0.4, "high": 0.6}, {"rate": True})
    ('50.0', '40.0 to 60.0')
    """
    if cell is None:
        return "–", ""
    factor, digits = (100, 1) if column["rate"] else (1, 2)
    value, low, high = (f"{cell[key] * factor:.{digits}f}" for key in ("value", "low", "high"))
    return value, f"{low} to {high}"


def _best(rows: Sequence[Mapping[str, Any]], number: int) -> float | None:
    values = [row["cells"][number]["value"] for row in rows if row["cells"][number]]
    return max(values, default=None)


def _cell(cell: Mapping[str, float] | None, column: Mapping[str, Any], *, best: bool) -> str:
    value, interval = shown(cell, column)
    if not interval:
        return "--"
    low, _, high = interval.partition(" to ")
    value = rf"\textbf{{{value}}}" if best else value
    return rf"{value} {{\scriptsize({low}--{high})}}"


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)
