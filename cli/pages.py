"""HTML reports, one self-contained file each, drawn from saved results alone.

The pages are Jinja2 templates in `templates/`; every text in them is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ..result import EQUALITY, HOLDS, SHOWN, SHOWN_OF_THEORY, Result
from ..style import to_svg
from .console import effect
from .symbols import NETWORKS, THEORY
from .tables import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..theory.claims import Claim, Summary

_SIGNS = {">=": "≥", "<=": "≤", "!=": "≠", "->": "→", "sqrt(": "√(", "x0": "x₀"}
_GREEK = {"eta": "η", "kappa": "κ", "delta": "δ", "eps": "ε", "mu": "μ", "Phi": "Φ", "alpha": "α"}
#: Checks of a claim that the page lists, at most; the rest are in results.jsonl.
_MOST_ROWS = 12
#: Points of width from which a figure is given a row of its own, and scrolls on a phone.
_WIDE = 520


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("spadv.cli"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "prose": prose,
        "number": _number,
        "effect": effect,
        "shown": shown,
        "setting": _setting,
        "telling": _telling,
        "mark": _mark,
        "labelled": _labelled,
        "said": _said,
        "worded": (SHOWN | SHOWN_OF_THEORY).__getitem__,
    }
    return made


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values) + "\n"


def prose(text: str) -> Markup:
    """Return text as HTML, the formulas of plain prose in typeset signs.

    Examples
    --------
    >>> print(prose("kappa_j <= 1/4 & eta -> 0"))
    κ<sub>j</sub> ≤ 1/4 &amp; η → 0
    """
    for plain, sign in _SIGNS.items():
        text = text.replace(plain, sign)
    html = str(escape(text))
    html = re.sub(r"(?<![A-Za-z])([A-Za-z]+?)(?=\b|_)", lambda m: _GREEK.get(m[1], m[1]), html)
    return Markup(re.sub(r"(?<=[\w*κμ])_(\w+)", r"<sub>\1</sub>", html))


def picture(svg: str, name: str, caption: str) -> dict[str, Any]:
    """Return a picture for a page: its ids made unique, its caption for screen readers too."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    label = escape(caption)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    width = re.search(r'<svg [^>]*\bwidth="([\d.]+)pt"', svg)
    wide = width is not None and float(width[1]) > _WIDE
    return {"svg": Markup(svg), "caption": caption, "wide": wide}


def _labelled(rows: Markup, header: Sequence[str]) -> Markup:
    """Return a table's rows with the name of its column at every cell, for narrow windows."""

    def row(match: re.Match[str]) -> str:
        names = iter(header)
        return re.sub(r"<td\b", lambda _: _cell(next(names)), match[0])

    return Markup(re.sub(r"<tr>.*?</tr>", row, str(rows), flags=re.DOTALL))


def _said(rule: str) -> str:
    """Return a rule in the words of readers: files call a supported claim "seen"."""
    words = "|".join(sorted(SHOWN, key=len, reverse=True))
    return re.sub(rf"\b({words})(?=:)", lambda found: SHOWN[found[1]], rule)


def _cell(name: str) -> str:
    return f'<td data-label="{escape(name)}"' if name else "<td"


def _number(value: float | None) -> str:
    return f"{value:.4f}" if value is not None and isfinite(value) else "–"


# The report of `spadv verify`.

_VERIFY_CAPTIONS = {
    "accuracy-against-kappa": "Accuracy of the Bayes classifier f* on shifted input against the "
    "word's autocorrelation: the true curve, the one of the printed proof (whose variance is too "
    "small), and simulations.",
    "accuracy-against-p": "Accuracy on clean and on shifted input against p. The shaded interval "
    "is where all three conclusions of Proposition 1 hold for every word of distance 3/8.",
    "feasibility-region": "Adversarial accuracy that Theorems 2 and 3 ask for, against p. Above "
    "the line no classifier has it; the limit quoted after Theorem 3 lies there.",
    "autocorrelation": "Autocorrelation of the word over its shifts.",
    "simulated-against-exact": "Every simulation against its closed form, with 95% intervals, and "
    "the differences as normal scores of their exact p-values.",
    "gradual-laws": "Largest adversarial accuracy that any classifier can have given its accuracy "
    "on shifted input, for budgets 0 to 4 (beyond the paper); circles are classifiers on the law.",
    "gradual-in-range": "Why the trade-off is gradual in the range of the random shift: it comes "
    "in as fast as the word's autocorrelation falls.",
    "region": "What can be had together, for one word with two shifts: forbidden pairs, what "
    "linear rules achieve, and the exact frontier over all classifiers; dashed lines are the laws "
    "for other budgets.",
    "price-of-robustness": "Best accuracy of one classifier that must serve n shifts at once; open "
    "signs are the Bayes accuracy without shifts, dotted lines sign(x0).",
}


_PRINTED = "What does not hold as printed"
_COPIED = "What plain-text copies of the paper lose"


def verify_page(results: Sequence[Result], figures: Mapping[str, Figure]) -> str:
    """Return the report of checked claims as one HTML document.

    `figures` are those of :func:`spadv.theory.plots.verify_figures`.
    """
    from ..theory.claims import summarise

    summaries = summarise(results)
    by_claim: dict[str, list[Result]] = {s.claim.id: [] for s in summaries}
    for result in results:
        by_claim[result.claim].append(result)
    slips: dict[str, list[Claim]] = {_PRINTED: [], _COPIED: []}
    for claim in (s.claim for s in summaries if s.claim.expected != HOLDS):
        if any(r.verdict == claim.expected for r in by_claim[claim.id]):
            copied = claim.locator.startswith("plain-text copies")
            slips[_COPIED if copied else _PRINTED].append(claim)
    return _render(
        "verify.html",
        known=THEORY,
        summaries=summaries,
        results=by_claim,
        slips=slips,
        pictures=[picture(to_svg(f), n, _VERIFY_CAPTIONS[n]) for n, f in figures.items()],
        provenance=_provenance(results),
    )


def _provenance(results: Sequence[Result]) -> dict[str, str]:
    found = [r.provenance for r in results if r.provenance]
    if not found:
        return {}

    versions = (", ".join(f"{k} {v}" for k, v in p.versions.items()) for p in found)
    commits = (p.commit or "not in a checkout" for p in found)
    return {
        "seed": ", ".join(sorted({str(p.seed) for p in found})),
        "samples a comparison, at most": ", ".join(
            sorted({str(r.parameters.get("samples")) for r in results})
        ),
        "versions": "; ".join(dict.fromkeys(versions)),
        "commit": "; ".join(dict.fromkeys(commits)),
        "device": "; ".join(dict.fromkeys(p.device for p in found)),
        "time in checks": f"{sum(p.seconds for p in found):.1f} s",
    }


def _mark(summary: Summary) -> tuple[str, str]:
    if not summary.ok:
        return "✗", "bad"
    return ("✓", "good") if summary.verdict in (HOLDS, EQUALITY) else ("!", "known")


def _telling(results: Sequence[Result]) -> list[Result]:
    """Return a few results: what is alarming first, then some of each verdict."""
    chosen = [r for r in results if r.alarming][:_MOST_ROWS]
    told = {id(r) for r in chosen}
    kinds: dict[str, list[Result]] = {}
    for r in results:
        of_kind = kinds.setdefault(r.verdict, [])
        if id(r) not in told:
            of_kind.append(r)
    share = max(1, _MOST_ROWS // len(kinds))
    for of_kind in kinds.values():
        chosen += of_kind[:: max(1, len(of_kind) // share)][:share]
    return chosen[:_MOST_ROWS]


def _setting(result: Result) -> str:
    names = {"codeword": "", "n_shifts": "n = ", "p": "p = ", "budget": "e = ", "eta": "η = "}
    found = []
    for key, label in names.items():
        if key in result.parameters:
            value = result.parameters[key]
            text = f"{value:g}" if isinstance(value, int | float) else str(value)
            found.append(label + (text if len(text) <= 24 else text[:21] + "..."))
    return ", ".join(found)


# The report of `spadv reproduce`.

_VERDICT_CLASSES = {
    "seen": "good",
    "not seen": "known",
    "opposite": "bad",
    "underpowered": "soft",
    "untestable": "soft",
    "not assessed": "soft",
}


def reproduce_page(
    documents: Sequence[Mapping[str, Any]],
    drawings: Mapping[str, str],
    others: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page of reproduced figures and tables as one HTML document.

    `drawings` are SVG text by the name of the figure's file, `others` identifier and title of
    figures and tables that are not made.
    """
    from ..empirical.experiments.draw import stand_ins

    captions = {}
    for document in documents:
        name, title = document["id"], document["title"]
        captions[name] = f"{title}. Bands and bars: 95% intervals."
        captions[f"{name}-accuracy"] = f"{title}, in accuracy."
    return _render(
        "reproduce.html",
        known=NETWORKS,
        here={document["id"]: "; ".join(stand_ins(document)) for document in documents},
        documents=documents,
        pictures={stem: picture(svg, stem, captions[stem]) for stem, svg in drawings.items()},
        classes=_VERDICT_CLASSES,
        others=others,
    )


# The report of `spadv bridge`.

_BRIDGE_CAPTIONS = (
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
    """Return the page of `spadv bridge` as one HTML document; `drawings` are SVG text."""
    topics: dict[str, list[Mapping[str, Any]]] = {}
    for finding in document["findings"]:
        topics.setdefault(finding["topic"], []).append(finding)
    pairs = enumerate(zip(drawings, _BRIDGE_CAPTIONS, strict=False))
    pictures = [picture(svg, f"bridge{i}", caption) for i, (svg, caption) in pairs]
    return _render(
        "bridge.html",
        known=THEORY,
        document=document,
        topics=topics,
        pictures=pictures,
        classes=_VERDICT_CLASSES,
    )
