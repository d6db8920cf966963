"""The report of `spadv verify`: verdicts, the paper's slips, figures, every claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from ...result import EQUALITY, HOLDS, Result
from ...style import to_svg
from ...theory.claims import Summary, summarise
from .page import figure, html_table, page, prose, unique_ids

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CAPTIONS = {
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
    "gradual-laws": "Largest adversarial accuracy that any classifier can have beside its accuracy "
    "on shifted input, for budgets 0 to 4 (beyond the paper); circles are classifiers on the law.",
    "gradual-in-range": "Why the trade-off is gradual in the range of the random shift: it comes "
    "in as fast as the word's autocorrelation falls.",
    "region": "What can be had together, for one word with two shifts: forbidden pairs, what "
    "linear rules achieve, and the exact frontier over all classifiers; dashed lines are the laws "
    "for other budgets.",
    "price-of-robustness": "Best accuracy of one classifier that must serve n shifts at once; open "
    "signs are the Bayes accuracy without shifts, dotted lines sign(x0).",
}
# How many of a claim's checks are listed; the rest are in results.jsonl.
_MOST_ROWS = 12


def verify_page(results: Sequence[Result], figures: dict[str, Figure]) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    results : sequence of Result
        Saved or fresh results.
    figures : dict of str to Figure
        As :func:`spadv.theory.plots.verify_figures` makes them.
    """
    summaries = summarise(results)
    by_claim: dict[str, list[Result]] = {}
    for result in results:
        by_claim.setdefault(result.claim, []).append(result)
    sections = [
        "<h2>Verdicts</h2>",
        _verdicts(summaries),
        *_slips(summaries, by_claim),
        "<h2>Figures</h2>",
        *(figure(unique_ids(to_svg(f), name), _CAPTIONS[name]) for name, f in figures.items()),
        "<h2>Every claim</h2>",
        *(_details(s, by_claim[s.claim.id]) for s in summaries),
        "<h2>Where the numbers come from</h2>",
        _provenance(results),
    ]
    return page(
        "Spatial against adversarial robustness: the claims checked", _lead(summaries), sections
    )


def _lead(summaries: Sequence[Summary]) -> str:
    checks = sum(s.checks for s in summaries)
    compared = sum(s.compared for s in summaries)
    wrong = sum(s.mismatches for s in summaries)
    failed = [s.claim.id for s in summaries if not s.ok]
    text = (
        "Proposition 1 and Theorems 2 and 3 of arXiv 2002.11318 (NeurIPS 2021, &ldquo;Can we have "
        "it all?&rdquo;), evaluated exactly and compared with simulation: "
        f"{checks:,} checks of {len(summaries)} claims, {compared:,} comparisons with simulations "
        f"(claims share some), {wrong} contradictions. "
    )
    if failed:
        return text + f'<b class="bad">Not as expected: {prose(", ".join(failed))}.</b>'
    return text + "Every claim came out as expected."


def _verdict(summary: Summary) -> str:
    if not summary.ok:
        mark, kind = "✗", "bad"
    elif summary.verdict in (HOLDS, EQUALITY):
        mark, kind = "✓", "good"
    else:
        mark, kind = "!", "known"
    return f'<span class="verdict {kind}"><span class="mark">{mark}</span>{summary.meaning}</span>'


def _verdicts(summaries: Sequence[Summary]) -> str:
    rows = [
        [
            f'<a href="#{s.claim.id}"><code>{s.claim.id}</code></a>',
            f"{prose(s.claim.title)}<br><span class=soft>{prose(s.claim.locator)}</span>",
            _verdict(s),
            f"{s.checks:,}",
            f"{s.compared:,}",
        ]
        for s in summaries
    ]
    return html_table(["claim", "what", "verdict", "checks", "simulations"], rows, numbers=(3, 4))


def _slips(summaries: Sequence[Summary], by_claim: dict[str, list[Result]]) -> list[str]:
    """Return the section on what does not hold as printed, with one note each."""
    items = []
    for s in summaries:
        if s.claim.expected == HOLDS:
            continue
        if any(r.verdict == s.claim.expected for r in by_claim[s.claim.id]):
            items.append(
                f"<li><b>{prose(s.claim.title)}</b> ({prose(s.claim.locator)}). "
                f"&ldquo;{prose(s.claim.statement)}&rdquo; <br>{prose(s.claim.remark)}</li>"
            )
    if not items:
        return []
    return ["<h2>What does not hold as printed</h2>", f"<ul>{''.join(items)}</ul>"]


def _details(summary: Summary, results: Sequence[Result]) -> str:
    c = summary.claim
    counts = ", ".join(f"{verdict} {count:,}" for verdict, count in summary.counts.items())
    rows = [
        [
            prose(_setting(r)),
            _number(r.value),
            _number(r.bound),
            prose(r.verdict),
            prose(r.note or _unmet(r)),
        ]
        for r in _telling(results)
    ]
    shown = html_table(
        ["setting", prose(c.value_name), prose(c.bound_name), "verdict", "note"],
        rows,
        numbers=(1, 2),
    )
    return (
        f'<h3 id="{c.id}"><code>{c.id}</code> {prose(c.title)}</h3>'
        f"<p>{prose(c.statement)}{f' <i>{prose(c.remark)}</i>' if c.remark else ''}</p>"
        f"<p class=soft>{prose(c.locator)}. {_verdict(summary)}: {prose(counts)}.</p>"
        f"<details open><summary>{len(rows)} of {len(results):,} checks</summary>{shown}</details>"
    )


def _telling(results: Sequence[Result]) -> list[Result]:
    """Return a few results: what is alarming first, then some of each verdict."""
    chosen = [r for r in results if r.alarming][:_MOST_ROWS]
    kinds = list(dict.fromkeys(r.verdict for r in results))
    share = max(1, _MOST_ROWS // len(kinds))
    for kind in kinds:
        of_kind = [r for r in results if r.verdict == kind and r not in chosen]
        step = max(1, len(of_kind) // share)
        chosen += of_kind[::step][:share]
    return chosen[:_MOST_ROWS]


def _unmet(result: Result) -> str:
    unmet = [h.text for h in result.hypotheses if not h.satisfied]
    return f"Not met: {'; '.join(unmet)}." if unmet else ""


def _setting(result: Result) -> str:
    names = {"codeword": "", "n_shifts": "n = ", "p": "p = ", "budget": "e = ", "eta": "η = "}
    shown = []
    for key, label in names.items():
        if key in result.parameters:
            value = result.parameters[key]
            text = f"{value:g}" if isinstance(value, int | float) else str(value)
            shown.append(label + (text if len(text) <= 24 else text[:21] + "..."))
    return ", ".join(shown)


def _number(value: float | None) -> str:
    return f"{value:.4f}" if value is not None and isfinite(value) else "&ndash;"


def _provenance(results: Sequence[Result]) -> str:
    found = [r.provenance for r in results if r.provenance]
    if not found:
        return "<p>Not recorded.</p>"
    seconds = sum(p.seconds for p in found)
    samples = sorted({str(r.parameters.get("samples")) for r in results})
    rows = [
        ["seed", ", ".join(sorted({str(p.seed) for p in found}))],
        ["samples a comparison, at most", ", ".join(samples)],
        ["versions", _joined(", ".join(f"{k} {v}" for k, v in p.versions.items()) for p in found)],
        ["commit", _joined(p.commit or "not in a checkout" for p in found)],
        ["device", _joined(p.device for p in found)],
        ["time in checks", f"{seconds:.1f} s"],
    ]
    cells = [[name, prose(value)] for name, value in rows]
    note = (
        "<p class=soft>Simulations draw from their own generator, seeded by the seed, the "
        "setting and the purpose: any check gives the same numbers alone. Intervals are exact "
        "(Clopper-Pearson). A simulation counts as a contradiction if its exact two-sided "
        "p-value is below 1e-9. Long words are simulated with fewer samples. Every check, with "
        "its hypotheses and simulations, is in results.jsonl.</p>"
    )
    return html_table(["what", "value"], cells) + note


def _joined(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))
