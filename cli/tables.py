"""The tables of documents for other programs: CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{sign: rf"\{sign}" for sign in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "→": r"$\to$",
        "θ": r"$\theta$",
    }
)


def csv_table(
    table: Mapping[str, Any],
    first: Mapping[str, str] = MappingProxyType({"label": "", "seeds": "seeds"}),
    last: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return a document's table as CSV: each column's value and both ends of its interval.

    Before and behind them stands what a row holds under the keys of `first` and `last`, which
    give the names of these columns.
    """
    names = [column["label"] for column in table["columns"]]
    header = [f"{name}{end}" for name in names for end in ("", " low", " high")]
    rows = (
        [
            *(row[key] for key in first),
            *(cell[e] if cell else "" for cell in row["cells"] for e in ("value", "low", "high")),
            *(row[key] for key in last),
        ]
        for row in table["rows"]
    )
    return _csv([*first.values(), *header, *last.values()], rows)


def csv_curves(document: Mapping[str, Any]) -> str:
    """Return every number of a document's curves as CSV, one row a point."""
    return _csv(
        ["metric", "panel", "curve", "at", "value", "low", "high"],
        (
            [panel["unit"], panel["title"], curve["label"], *point]
            for panel in (*document["panels"], *document["other_metric"])
            for curve in panel.get("curves", ())
            for point in zip(curve["x"], curve["y"], curve["low"], curve["high"], strict=True)
        ),
    )


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()


def latex_table(document: Mapping[str, Any]) -> str:
    """Return a document's table as LaTeX (booktabs), the best of each column in bold face.

    Rates are in percent; small type gives the 95% interval.
    """
    columns, rows = document["table"]["columns"], document["table"]["rows"]
    by_column = zip(*(row["cells"] for row in rows), strict=True)
    best = [max((cell["value"] for cell in cells if cell), default=None) for cells in by_column]

    def text(cell: Mapping[str, float] | None, column: Mapping[str, Any], top: float | None) -> str:
        if cell is None:
            return "--"
        value, interval = shown(cell, column)
        if cell["value"] == top:
            value = rf"\textbf{{{value}}}"
        return rf"{value} {{\scriptsize({interval.replace(' to ', '--')})}}"

    lines = [[_escape(row["label"]), *map(text, row["cells"], columns, best)] for row in rows]
    header = ["", *(_escape(column["label"]) for column in columns)]
    title = f"{document['id']}, scale {document['scale']}"
    return _latex(title, "l" + "r" * len(columns), header, lines)


def latex_architecture(network: Mapping[str, Any]) -> str:
    """Return the layers of a network as LaTeX (booktabs)."""
    rows = [
        [
            _escape(layer["kind"]),
            r" $\times$ ".join(map(str, layer["output"])),
            f"{layer['parameters']:,}" if layer["parameters"] else "",
        ]
        for layer in network["layers"]
    ]
    total = [r"\midrule", f"in all & & {network['parameters']:,} \\\\"]
    return _latex(network["label"], "llr", ["layer", "output", "parameters"], rows, total)


def _latex(
    title: str,
    alignment: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    last: Iterable[str] = (),
) -> str:
    lines = [
        f"% {title}; needs \\usepackage{{booktabs}}",
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        " & ".join(header) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        *last,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)


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
