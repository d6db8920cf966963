"""One artefact on the page: verdicts, figures, tables, every number, where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from .page import figure, html_table, unique_ids
from .tables import shown

CLASSES = {"seen": "good", "not seen": "known", "opposite": "bad", "underpowered": "soft"}


def section(document: Mapping[str, Any], drawings: Mapping[str, str]) -> str:
    """Return the section of one artefact as HTML.

    Parameters
    ----------
    document : mapping
        As `spadv.empirical.experiments.summarise` returns it.
    drawings : mapping
        SVG text by name: the identifier, and with "-accuracy" the other metric's figure.
    """
    return "\n".join(part for part in _parts(document, drawings) if part)


def _parts(document: Mapping[str, Any], drawings: Mapping[str, str]) -> Iterator[str]:
    name = document["id"]
    yield f'<h2 id="{escape(name)}">{escape(name)}: {escape(document["title"])}</h2>'
    yield f"<p><em>{escape(document['locator'])}.</em> {escape(document['statement'])}</p>"
    yield _findings(document)
    yield "".join(f"<p><strong>{escape(remark)}.</strong></p>" for remark in document["remarks"])
    if name in drawings:
        svg = unique_ids(drawings[name], name)
        yield figure(svg, f"{document['title']}. Bands and bars: 95% intervals.")
    yield _table(document)
    yield _known(document)
    yield _fronts(document)
    for network in document["architectures"]:
        yield _architecture(network)
    yield _list("Smaller than in the paper:", document["shrunk"])
    yield _list("Chosen, where the paper does not tell:", document["chosen"])
    other = f"{name}-accuracy"
    if other in drawings:
        svg = unique_ids(drawings[other], other)
        drawn = figure(svg, f"{document['title']}, in the other metric.")
        yield f"<details><summary>The figure in the other metric</summary>{drawn}</details>"
    yield _numbers(document)
    yield _sources(document)


def verdict(finding: Mapping[str, Any] | None) -> str:
    """Return a verdict as HTML."""
    if finding is None:
        return ""
    word = finding["verdict"]
    return f'<span class="verdict {CLASSES[word]}">{escape(word)}</span>'


def _findings(document: Mapping[str, Any]) -> str:
    findings = document["findings"]
    if not findings:
        return ""
    ranked = any(finding["rank"] for finding in findings)
    paired = any(finding["other"] for finding in findings)
    header = ["verdict", "claim", "effect (95% interval)"]
    header += ["rank correlation, all levels"] if ranked else []
    header += ["in the other metric"] if paired else []
    rows = []
    for finding in findings:
        row = [verdict(finding), _claim(finding), _effect(finding)]
        row += [_rank(finding["rank"])] if ranked else []
        row += [_other(finding["other"])] if paired else []
        rows.append(row)
    return html_table(header, rows)


def _claim(finding: Mapping[str, Any]) -> str:
    more, less = finding["means"]
    seeds = finding["seeds"]
    count = str(seeds[0]) if seeds[0] == seeds[1] else f"{seeds[0]} and {seeds[1]}"
    plural = "" if count == "1" else "s"
    return (
        f"{escape(finding['claim'])}<br><span class=soft>{escape(finding['measure'])}: "
        f"{escape(finding['more'])} {more:.3f}, {escape(finding['less'])} {less:.3f}; "
        f"{count} seed{plural}, {finding['images']:,} images</span>"
    )


def _effect(finding: Mapping[str, Any]) -> str:
    low, high = finding["interval"]["low"], finding["interval"]["high"]
    return f"{finding['effect']:+.3f} ({low:+.3f} to {high:+.3f})"


def _rank(rank: Mapping[str, Any] | None) -> str:
    if rank is None:
        return ""
    return f"{rank['value']:+.2f} ({rank['low']:+.2f} to {rank['high']:+.2f})"


def _other(finding: Mapping[str, Any] | None) -> str:
    if finding is None:
        return ""
    return f"{verdict(finding)}<br>{_effect(finding)}"


def _table(document: Mapping[str, Any]) -> str:
    table = document["table"]
    if not table["rows"]:
        return ""
    columns = table["columns"]
    header = ["", *(_column(column) for column in columns), "seeds"]
    rows = [
        [
            escape(row["label"]),
            *(_cell(cell, col) for cell, col in zip(row["cells"], columns, strict=True)),
            str(row["seeds"]),
        ]
        for row in table["rows"]
    ]
    return html_table(header, rows, numbers=tuple(range(1, len(header))))


def _column(column: Mapping[str, Any]) -> str:
    return escape(column["label"]) + (", %" if column["rate"] else "")


def _cell(cell: Mapping[str, float] | None, column: Mapping[str, Any]) -> str:
    value, interval = shown(cell, column)
    return f"{value}<br><span class=soft>{interval}</span>" if interval else value


def _known(document: Mapping[str, Any]) -> str:
    rows = []
    for known in document["known"]:
        here = known["here"]
        found = f"{here['value']:.3f} ({here['low']:.3f} to {here['high']:.3f})"
        what = f"{escape(known['variant'])}: {escape(known['measure'])}"
        rows.append((what, escape(known["paper"]), found, escape(known["source"])))
    if not rows:
        return ""
    return "<h3>Numbers of the paper</h3>" + html_table(("", "paper", "here", "known from"), rows)


def _fronts(document: Mapping[str, Any]) -> str:
    rows = [
        (
            escape(front["panel"]),
            f"{front['points']} ({front['count']})",
            f"{front['area']:.4f} ({front['low']:.4f} to {front['high']:.4f})",
        )
        for front in document["fronts"]
    ]
    if not rows:
        return ""
    table = html_table(("panel", "points", "area (95% interval)"), rows, numbers=(2,))
    return f"<h3>Area dominated by the points (hypervolume from (0, 0))</h3>{table}"


def _architecture(network: Mapping[str, Any]) -> str:
    rows = [
        (
            f"<code>{escape(layer['name'])}</code>",
            escape(layer["kind"]),
            " × ".join(map(str, layer["output"])),
            f"{layer['parameters']:,}" if layer["parameters"] else "",
        )
        for layer in network["layers"]
    ]
    rows.append(("in all", "", "", f"{network['parameters']:,}"))
    image = " × ".join(map(str, network["image"]))
    table = html_table(("layer", "kind", "output", "parameters"), rows, numbers=(2, 3))
    return f"<h3>{escape(network['label'])}, image {image}</h3>{table}"


def _list(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details><summary>{title} {len(lines)}</summary><ul>{items}</ul></details>"


def _numbers(document: Mapping[str, Any]) -> str:
    rows = []
    for panel in (*document["panels"], *document["other_metric"]):
        for curve in panel.get("curves", ()):
            points = zip(curve["x"], curve["y"], curve["low"], curve["high"], strict=True)
            rows += [
                (
                    escape(panel["title"]),
                    escape(panel["unit"]),
                    escape(curve["label"]),
                    f"{x:.4g}",
                    f"{y:.3f} <span class=soft>({low:.3f} to {high:.3f})</span>",
                )
                for x, y, low, high in points
            ]
    if not rows:
        return ""
    header = ("panel", "metric", "curve", "at", "value (95% interval)")
    table = html_table(header, rows, numbers=(3, 4))
    return f"<details><summary>Every number of the figures</summary>{table}</details>"


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
                    escape(str(run["protocol"].get("name", ""))),
                    f"{training['seconds']:,.0f} s",
                    escape(str(training["device"])),
                    escape(str(training["commit"] or "")[:10]),
                    escape(f"torch {training['versions'].get('torch', '?')}"),
                    f"<code>{escape(run['folder'])}</code>",
                )
            )
    if not rows:
        return ""
    header = ("variant", "seed", "epochs", "test images", "protocol", "training", "device")
    names = (*header, "commit", "versions", "run folder")
    table = html_table(names, rows, numbers=(1, 2, 5))
    return f"<details><summary>Where the numbers come from</summary>{table}</details>"
