"""The page of reproduced artefacts: what the evidence says first, then each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .artefact import CLASSES, section
from .page import html_table, page

_MEANING = {
    "seen": "the 95% interval of the effect lies on the claim's side",
    "not seen": "it holds 0 and lies within ±0.02 (2% of a distance, ±0.005 of an area): no "
    "effect of a size that matters",
    "opposite": "it lies on the other side",
    "underpowered": "none of these: the evidence does not decide",
}


def reproduce_page(
    documents: Sequence[Mapping[str, Any]],
    drawings: Mapping[str, str],
    others: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page of some artefacts as one HTML document.

    Parameters
    ----------
    documents : sequence of mapping
        As `spadv.empirical.experiments.summarise` returns them.
    drawings : mapping
        SVG text by the name of the figure's file.
    others : sequence of (str, str)
        Identifier and title of artefacts that are not made.
    """
    scale = ", ".join(sorted({document["scale"] for document in documents}))
    lead = (
        "Networks trained and measured by spadv, against what arXiv 2002.11318 says about them. "
        f"Scale: {escape(scale)}."
    )
    if any(document["shrunk"] for document in documents):
        lead += " What is smaller than in the paper is said at each artefact."
    sections = [_verdicts(documents)]
    sections += [section(document, drawings) for document in documents]
    sections.append(_index(documents, others))
    return page("Reproduced artefacts", lead, [part for part in sections if part])


def _verdicts(documents: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for document in documents:
        findings = document["findings"]
        if not findings:
            continue
        found = Counter(finding["verdict"] for finding in findings)
        other = Counter(finding["other"]["verdict"] for finding in findings if finding["other"])
        name = escape(document["id"])
        title = escape(document["title"]) + _stand_ins(document)
        rows.append((f'<a href="#{name}">{name}</a>', title, _counts(found), _counts(other)))
    if not rows:
        return ""
    meaning = "; ".join(
        f'<span class="verdict {CLASSES[word]}">{word}</span>: {escape(text)}'
        for word, text in _MEANING.items()
    )
    remark = (
        "Intervals are over test images and over training seeds (Student's, so that few seeds "
        "make them wide); with a single seed, over images alone. They are not corrected for how "
        "many claims there are: of twenty intervals at 95%, about one misses."
    )
    header = ("artefact", "", "claims in the paper's metric", "the same in the other metric")
    table = html_table(header, rows)
    return f"<h2>What the evidence says</h2>\n<p>{meaning}. {remark}</p>\n{table}"


def _stand_ins(document: Mapping[str, Any]) -> str:
    """Return the data and network that stand for those of the title, if there are any."""
    found = [line for line in document["shrunk"] if line.startswith(("data:", "network:"))]
    text = "; ".join(line.partition(": ")[2].split(";")[0] for line in found)
    return f"<br><small>here: {escape(text)}</small>" if text else ""


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(
        f'<span class="verdict {CLASSES[word]}">{found[word]} {word}</span>'
        for word in _MEANING
        if found.get(word)
    )


def _index(documents: Sequence[Mapping[str, Any]], others: Sequence[tuple[str, str]]) -> str:
    rows = [
        (
            f'<a href="#{escape(document["id"])}">{escape(document["id"])}</a>',
            escape(document["title"]),
            f"made, scale {escape(document['scale'])}",
        )
        for document in documents
    ]
    rows += [(escape(name), escape(title), "not made") for name, title in others]
    return f"<h2>All artefacts</h2>\n{html_table(('artefact', 'title', 'state'), rows)}"
