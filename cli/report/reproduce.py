"""The page of reproduced artefacts: what the evidence says first, then figures and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .page import figure, html_table, page, unique_ids

_MEANING = {
    "seen": "the 95% interval of the effect lies on the paper's side",
    "opposite": "it lies on the other side",
    "not seen": "it lies within ±{:.0%}: no effect of a size that matters",
    "underpowered": "none of these: the evidence does not decide",
}


def reproduce_page(documents: Sequence[dict[str, Any]], drawings: Mapping[str, str]) -> str:
    """Return the page of some artefacts as one HTML document.

    Parameters
    ----------
    documents : sequence of dict
        As `spadv.empirical.artefacts.summarise` returns them.
    drawings : mapping
        SVG text by the artefact's identifier.
    """
    sections = [_verdicts(documents)]
    sections += [_artefact(document, drawings.get(document["id"])) for document in documents]
    shrunk = any(document["shrunk"] for document in documents)
    scale = ", ".join(sorted({document["scale"] for document in documents}))
    lead = (
        "Networks trained and measured by spadv, against what arXiv 2002.11318 says about them. "
        f"Scale: {escape(scale)}."
    )
    if shrunk:
        lead += " What is smaller than in the paper is said at each artefact."
    return page("Reproduced artefacts", lead, sections)


def _verdicts(documents: Sequence[dict[str, Any]]) -> str:
    rows = []
    for document in documents:
        for finding in document["findings"]:
            rows.append(
                (
                    f'<a href="#{escape(document["id"])}">{escape(document["id"])}</a>',
                    f'<strong class="{finding["verdict"].replace(" ", "-")}">'
                    f"{escape(finding['verdict'])}</strong>",
                    escape(finding["claim"]),
                    _effect(finding),
                )
            )
    if not rows:
        return ""
    smallest = documents[0]["findings"][0]["smallest"] if documents[0]["findings"] else 0.02
    meaning = "; ".join(
        f"<strong>{word}</strong>: {escape(text.format(smallest))}"
        for word, text in _MEANING.items()
    )
    table = html_table(("artefact", "verdict", "claim", "effect (95% interval)"), rows)
    return f"<h2>What the evidence says</h2>\n<p>{meaning}.</p>\n{table}"


def _effect(finding: Mapping[str, Any]) -> str:
    low, high = finding["interval"]["low"], finding["interval"]["high"]
    seeds = finding["seeds"]
    count = f"{seeds[0]} and {seeds[1]}" if seeds[0] != seeds[1] else f"{seeds[0]}"
    return (
        f"{finding['effect']:+.3f} ({low:+.3f} to {high:+.3f})<br><small>"
        f"{escape(finding['measure'])}; {escape(finding['more'])} {finding['means'][0]:.3f}, "
        f"{escape(finding['less'])} {finding['means'][1]:.3f}; {count} seed(s), "
        f"{finding['images']} images</small>"
    )


def _artefact(document: Mapping[str, Any], drawing: str | None) -> str:
    parts = [
        f'<h2 id="{escape(document["id"])}">{escape(document["id"])}: '
        f"{escape(document['title'])}</h2>",
        f"<p><em>{escape(document['locator'])}.</em> {escape(document['statement'])}</p>",
    ]
    if document["shrunk"]:
        items = "".join(f"<li>{escape(item)}</li>" for item in document["shrunk"])
        parts.append(f"<p>Smaller than in the paper:</p><ul>{items}</ul>")
    if drawing is not None:
        svg = unique_ids(drawing, document["id"])
        parts.append(figure(svg, f"{document['title']}. Bands: 95% intervals."))
    if document["table"]["rows"]:
        parts.append(_table(document["table"]))
    parts.append(_numbers(document))
    parts.append(_sources(document))
    return "\n".join(part for part in parts if part)


def _table(table: Mapping[str, Any]) -> str:
    header = ["", *(escape(column["label"]) for column in table["columns"]), "seeds"]
    rows = []
    for row in table["rows"]:
        cells = [_cell(cell) for cell in row["cells"]]
        rows.append([escape(row["label"]), *cells, str(row["seeds"])])
    return html_table(header, rows, numbers=tuple(range(1, len(header))))


def _cell(cell: Mapping[str, float] | None) -> str:
    if cell is None:
        return "–"
    return f"{cell['value']:.3f} <small>({cell['low']:.3f} to {cell['high']:.3f})</small>"


def _numbers(document: Mapping[str, Any]) -> str:
    rows = []
    for panel in document["panels"]:
        for curve in panel.get("curves", ()):
            points = zip(curve["x"], curve["y"], curve["low"], curve["high"], strict=True)
            rows += [
                (
                    escape(panel["title"]),
                    escape(curve["label"]),
                    f"{x:.4g}",
                    _cell({"value": y, "low": low, "high": high}),
                )
                for x, y, low, high in points
            ]
    if not rows:
        return ""
    table = html_table(("panel", "curve", "at", "value (95% interval)"), rows, numbers=(2, 3))
    return f"<details><summary>Every number of the figure</summary>{table}</details>"


def _sources(document: Mapping[str, Any]) -> str:
    rows = []
    for entry in document["jobs"]:
        for run in entry["runs"]:
            training, data = run["training"], run["data"]
            rows.append(
                (
                    escape(entry["variant"]),
                    str(run["seed"]),
                    str(run["epochs"]),
                    escape(f"{data['name']} ({data['digest'][:10]})"),
                    f"{training['seconds']:.0f} s",
                    escape(str(training["device"])),
                    escape(str(training["commit"] or "")[:10]),
                    escape(f"torch {training['versions'].get('torch', '?')}"),
                    f"<code>{escape(run['folder'])}</code>",
                )
            )
    header = ("variant", "seed", "epochs", "test images", "training", "device", "commit")
    table = html_table((*header, "versions", "run folder"), rows, numbers=(1, 2, 4))
    return f"<details><summary>Where the numbers come from</summary>{table}</details>"
