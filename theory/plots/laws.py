"""Figures of what goes beyond the paper: gradual laws, range of shifts, price."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...result import Result
from ...style import BLACK, BLUE, CYCLE, GREEN, GREY, LINES, VERMILION, note, panels
from ..accuracy import bayes_accuracy, mixture_accuracy, robust_bayes_accuracy
from ..laws import gradual_adversarial, lower_adversarial, residual
from ..price import orthogonal_limit
from ..template import TemplateModel, codeword_template, cyclic_shifts
from ..words import Word, as_word, simplex_word

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "^", "D", "v")


def gradual_laws(p: float = 0.7, delta: float = 0.5) -> Figure:
    """Draw the largest A given S_j for budgets 0 to 4, and where the law is attained."""
    with panels() as (figure, axes):
        top = float(bayes_accuracy(p))
        s = np.concatenate([np.linspace(0, top, 600), top - np.geomspace(1e-2, 1e-9, 60)])
        s = np.sort(np.clip(s, 0, top))
        for budget, color, line in zip((0, 1, 2, 3, 4), CYCLE, LINES, strict=False):
            distance = float(residual(budget, delta))
            law = gradual_adversarial(s, p, distance, tight=True)
            law = np.minimum(law, lower_adversarial(s, budget, delta))
            law = np.minimum(law, robust_bayes_accuracy(p, budget, math.inf))
            axes.plot(s, law, color=color, ls=line, label=f"e = {budget}")
            if budget < 4:
                # Proposition L4c: the rule along the agreeing coordinates is on the law.
                share = math.sqrt(1 - delta)
                h = math.log(p / (1 - p)) / distance
                at = [mixture_accuracy(m * share, h, p) for m in (2.0, 2.0 - budget)]
                axes.plot(*at, marker="o", ms=6, mfc="white", mec=color, ls="none")
        axes.plot([], [], marker="o", ms=6, mfc="white", mec=BLACK, ls="none", label="attained")
        axes.plot([p], [p], marker="X", ms=8, color=BLACK, ls="none", label="sign(x₀), ε < 1")
        axes.axvline(top, color=GREY, lw=1)
        note(axes, top - 0.01, 0.03, "Bayes accuracy", rotation=90, ha="right")
        axes.set(
            xlabel="accuracy $S_j$ on shifted input",
            ylabel="largest adversarial accuracy A",
            xlim=(0, 1),
            ylim=(0, 1.02),
            title=f"The gradual laws (p = {p:g}, δ = {delta:g}): no classifier is above a line",
        )
        axes.legend(loc="lower center", ncols=2)
    return figure


def price_of_robustness(results: Sequence[Result]) -> Figure:
    """Draw S*(p, n) against n, from those results that are of the claim "price"."""
    found = [r for r in results if r.claim == "price" and r.value is not None]
    ps = sorted({r.parameters["p"] for r in found})
    with panels() as (figure, axes):
        for p, color, marker in zip(ps, CYCLE, _MARKERS, strict=False):
            mine = [r for r in found if r.parameters["p"] == p]
            n, best = [r.parameters["n_shifts"] for r in mine], [r.value for r in mine]
            look, label = {"marker": marker, "ls": "none"}, f"best for all n shifts, p = {p:g}"
            axes.plot(n, best, ms=5, color=color, alpha=0.75, label=label, **look)
            axes.plot([1], [bayes_accuracy(p)], ms=8, mfc="white", mec=color, **look)
            axes.axhline(p, color=color, lw=0.8, ls=":")
            grid = np.geomspace(500, 4096, 60)
            label = "orthogonal shifts, n → ∞" if p == ps[0] else "_"
            axes.plot(grid, orthogonal_limit(p, grid), color=color, ls="--", lw=1, label=label)
        axes.set(
            xscale="log",
            xlabel="number n of shifts to be served at once (n = 1: Bayes accuracy)",
            ylabel="accuracy under a random shift, S*",
            ylim=(0.48, 1.01),
            title="The price of spatial robustness (words of the checked grid)",
        )
        if found:
            axes.legend(loc="upper right")
    return figure


def gradual_in_range(p: float = 0.7, budget: float = 3.0) -> Figure:
    """Draw how autocorrelation sets how fast the trade-off comes in with the range.

    Three words of length 63: one wave, three waves, a maximal-length sequence. Left: kappa
    against the shift. Right: the largest S that the laws leave given A = A* - 0.02, averaged
    over shifts up to the range.
    """
    words: dict[str, Word] = {
        "one wave (smooth)": _wave(1),
        "three waves": _wave(3),
        "m-sequence (rough)": simplex_word(6),
    }
    with panels(1, 2, size=(8.4, 4.0)) as (figure, (left, right)):
        lines = zip(words.items(), (BLUE, GREEN, VERMILION), ("-", "-.", "--"), strict=True)
        for (name, word), color, line in lines:
            d = word.size
            shifts = cyclic_shifts(d)
            whole = TemplateModel(codeword_template(word), p, shifts)
            labels = np.abs(shifts.labels or ())
            order = np.argsort(labels, kind="stable")
            left.plot(labels[order], whole.kappa[order], color=color, ls=line, label=name)
            eps = budget / math.sqrt(d)
            robust = whole.robust_bayes_accuracy(eps) - 0.02
            widths = np.arange(d // 2 + 1)
            cut = [TemplateModel(whole.mean, p, shifts.window(float(w))) for w in widths]
            highest = [model.spatial_bounds(robust, eps)[1] for model in cut]
            right.plot(widths, highest, color=color, ls=line, label=name)
        left.axhline(0, color=GREY, lw=0.8)
        left.set(xlabel="shift (coordinates)", ylabel="normalised autocorrelation κ")
        left.set_title("Smooth and rough words")
        right.set(xlabel="range of the random shift (coordinates)", ylabel="largest possible S")
        right.set_title(f"S given A = A* - 0.02, e = {budget:g}")
        right.legend(loc="best")
    return figure


def _wave(periods: int) -> Word:
    """Return a square wave of length 63 with so many periods."""
    t = np.arange(63)
    return as_word(np.where((2 * periods * t // 63) % 2 == 0, 1, -1))
