"""The page of networks on the exact frontier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .page import figure, html_table, page, unique_ids

_CAPTIONS = (
    "Spatial against adversarial accuracy. Grey: no classifier. Orange: the exact frontier. "
    "Dashed: the best linear rules. Crosses: 95% intervals over training seeds. For networks "
    "with hidden units adversarial accuracy is an upper bound: what the attacks tried leave.",
    "Training with random shifts alone, for growing ranges: accuracy on the shifted input "
    "against adversarial accuracy. Lines: the gradual law at each budget, which no classifier "
    "passes. Dotted: the best classifier of each training distribution, computed. Open squares: "
    "linear networks; dots: networks with a hidden layer. Finite samples: distance from the "
    "frontier.",
)


def bridge_page(document: Mapping[str, Any], drawings: Sequence[str]) -> str:
    """Return the page as one HTML document.

    Parameters
    ----------
    document : mapping
        As :func:`spadv.empirical.synthetic.document` returns it.
    drawings : sequence of str
        SVG text of its figures.
    """
    lead = f"{escape(document['statement'])} Scale: {escape(document['scale'])}."
    if document["shrunk"]:
        lead += " Smaller than in the largest study: " + escape("; ".join(document["shrunk"])) + "."
    sections = [_findings(document)]
    for number, (drawing, caption) in enumerate(zip(drawings, _CAPTIONS, strict=False)):
        sections.append(figure(unique_ids(drawing, f"bridge{number}"), caption))
    sections += [_settings(document), _families(document), _attack(document)]
    sections += [_networks(document), _parts(document)]
    return page(document["title"], lead, sections)


def _findings(document: Mapping[str, Any]) -> str:
    parts = ["<h2>Hypotheses and what the evidence says</h2>"]
    topics = dict.fromkeys(finding["topic"] for finding in document["findings"])
    for topic in topics:
        chosen = [finding for finding in document["findings"] if finding["topic"] == topic]
        rows = [
            (
                f'<strong class="{f["verdict"].replace(" ", "-")}">{escape(f["verdict"])}</strong>',
                escape(f["claim"]),
                f"{f['effect']:+.4f} ({f['interval']['low']:+.4f} to {f['interval']['high']:+.4f})"
                f"<br><small>{escape(f['measure'])}; {f['seeds']} seeds</small>",
            )
            for f in chosen
        ]
        parts.append(f"<h3>{escape(topic)}</h3><p>{escape(chosen[0]['rule'])}.</p>")
        parts.append(html_table(("verdict", "claim", "effect (95% interval)"), rows))
    return "\n".join(parts)


def _settings(document: Mapping[str, Any]) -> str:
    rows = []
    for setting in document["settings"]:
        frontier = setting["frontier"]
        kind = "exact" if frontier["exact"] else "between two lines"
        kappa = ", ".join(f"{value:.3f}" for value in dict.fromkeys(setting["kappa"][1:]))
        rows.append(
            (
                escape(setting["name"]),
                f"<code>{escape(setting['word'])}</code>",
                *(f"{setting[key]:g}" for key in ("d", "n_shifts", "p", "budget")),
                kappa,
                f"{kind}, gap {frontier['gap']:.4f}",
            )
        )
    header = ("setting", "word", "d", "shifts", "p", "e", "kappa", "frontier")
    return "<h2>Settings</h2>\n" + html_table(header, rows, numbers=(2, 3, 4, 5))


def _families(document: Mapping[str, Any]) -> str:
    rows = [
        (
            escape(row["setting"]),
            escape(row["kind"]),
            escape(row["family"]),
            _cell(row["loss"]),
            f"{row['nearest']:.4f}",
            f"{row['farthest']:.4f}",
            f"{row['spatial'][0]:.3f} to {row['spatial'][1]:.3f}",
        )
        for row in document["families"]
    ]
    header = ("setting", "network", "methods", "largest loss", "nearest", "farthest", "S reached")
    return (
        "<h2>What each way to train can serve</h2>\n<p>Largest loss: for every weight w take the "
        "best of the networks in (1-w) S + w A; shown is the w where that loses most against what "
        "is achieved. Nearest and farthest: shortfall of single networks.</p>\n"
        + html_table(header, rows, numbers=(3, 4, 5))
    )


def _attack(document: Mapping[str, Any]) -> str:
    if not document["attack"]:
        return ""
    rows = [
        (
            escape(row["kind"]),
            *(str(row[key]) for key in ("networks", "samples", "survived", "missed")),
        )
        for row in document["attack"]
    ]
    header = ("network", "networks", "samples", "survived the attacks", "broken by exact search")
    return "<h2>How tight the attacks are</h2>\n" + html_table(header, rows, numbers=(1, 2, 3, 4))


def _networks(document: Mapping[str, Any]) -> str:
    content = document["table"]
    rows = [
        [escape(row["label"]), *(_cell(cell) for cell in row["cells"]), escape(row["verdict"])]
        for row in content["rows"]
    ]
    header = ["", *(escape(column["label"]) for column in content["columns"]), "standing"]
    table = html_table(header, rows, numbers=tuple(range(1, len(header) - 1)))
    return f"<details><summary>Every network</summary>{table}</details>"


def _cell(cell: Mapping[str, float]) -> str:
    return f"{cell['value']:.4f} <small>({cell['low']:.4f} to {cell['high']:.4f})</small>"


def _parts(document: Mapping[str, Any]) -> str:
    rows = [
        (
            escape(part["label"]),
            str(part["seeds"]),
            f"{part['seconds']:.0f} s",
            escape(str(part["commit"] or "")[:10]),
            f"<code>{escape(part['digest'][:12])}</code>",
        )
        for part in document["parts"]
    ]
    header = ("part", "seeds", "seconds", "commit", "digest")
    machines = "".join(
        f"<li>{escape(machine['device'])}; "
        + escape(", ".join(f"{name} {number}" for name, number in machine["versions"].items()))
        + "</li>"
        for machine in document["machines"]
    )
    table = html_table(header, rows, numbers=(1, 2))
    return (
        "<details><summary>Where the numbers come from</summary>"
        f"<ul>{machines}</ul>{table}</details>"
    )
