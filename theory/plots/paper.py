"""Figures of the paper's claims: accuracies against kappa and p, feasibility, simulations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from ...result import MISMATCH_LEVEL, Quantity, Result
from ...style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, note, panels, plain
from ..accuracy import bayes_accuracy, shifted_accuracy
from ..claims.proposition1 import CEILING, FLOOR, largest_p, smallest_delta
from ..orbit import CodewordOrbit
from ..words import parse_word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def accuracy_against_kappa(results: Sequence[Result] = ()) -> Figure:
    """Draw the accuracy of f* on r_j X against kappa: true, printed, and simulated.

    Results of the claim "prop1" at p = 1/2 give the simulated points.
    """
    with panels() as (figure, axes):
        kappa = np.linspace(-1, 1, 401)
        axes.plot(kappa, shifted_accuracy(kappa, 0.5), color=BLUE, label="exact, p = 0.5: Φ(2κ)")
        axes.plot(kappa, shifted_accuracy(kappa, 0.9), color=GREEN, ls="-.", label="exact, p = 0.9")
        positive = kappa[kappa >= 0]
        label = "printed proof, p → 0.5: Φ(2√κ)"
        axes.plot(positive, ndtr(2 * np.sqrt(positive)), color=VERMILION, ls="--", label=label)
        points = _at_half(results)
        if points:
            x, q = zip(*points, strict=True)
            _error_bars(axes, x, q, "simulated, p = 0.5 (95% intervals)")
        axes.axhline(CEILING, color=GREY, lw=1, ls=":")
        note(axes, -0.98, CEILING + 0.012, "85%, the claimed ceiling")
        axes.axvline(0.25, color=GREY, lw=1, ls=":")
        note(axes, 0.265, 0.03, "κ = 1/4\n(δ = 3/8)")
        axes.set(
            xlabel="normalised autocorrelation κ of the shift",
            ylabel="accuracy of f* on shifted input",
            ylim=(0, 1.02),
            xlim=(-1, 1),
            title="How much a shift costs the Bayes classifier",
        )
        axes.legend(loc="upper left", bbox_to_anchor=(0, 0.82))
    return figure


def _at_half(results: Sequence[Result]) -> list[tuple[float, Quantity]]:
    """Return (kappa, worst shifted accuracy) of the results at p = 1/2."""
    return [
        (float(ndtri(quantity.exact) / 2), quantity)
        for result in results
        if result.claim == "prop1" and result.parameters.get("p") == 0.5
        for quantity in result.quantities
        if quantity.exact and quantity.simulated is not None and " r_" in quantity.name
    ]


def _error_bars(axes: Axes, x: Sequence[float], quantities: Sequence[Quantity], label: str) -> None:
    """Draw simulations with their intervals; as a bitmap where there are many."""
    values = np.array([q.simulated for q in quantities], dtype=np.float64)
    ends = np.array([q.interval[:2] for q in quantities if q.interval is not None])
    reach = [values - ends[:, 0], ends[:, 1] - values]
    look: Any = {"fmt": "o", "ms": 4, "lw": 1.2, "capsize": 2, "color": BLACK}
    axes.errorbar(x, values, yerr=reach, label=label, rasterized=len(values) > 200, **look)


def accuracy_against_p() -> Figure:
    """Draw the accuracies of Proposition 1 against p, with the interval in which it holds."""
    lines = (
        (0.5, ORANGE, ":"),
        (0.25, BLUE, "--"),
        (0.0, GREEN, "-."),
        (-0.25, PURPLE, (0, (5, 1, 1, 1))),
    )
    with panels() as (figure, axes):
        p = np.concatenate([np.linspace(0.5, 0.99, 300), 1 - np.geomspace(0.01, 1e-9, 100), [1]])
        axes.plot(p, bayes_accuracy(p), color=BLACK, ls="-", label="$f^*$ on X, $f^*_j$ on $r_jX$")
        for kappa, color, line in lines:
            label = f"$f^*$ on $r_jX$, κ = {kappa:g} (δ = {(1 - kappa) / 2:g})"
            axes.plot(p, shifted_accuracy(kappa, p), color=color, ls=line, label=label)
        end = largest_p(0.25)
        axes.axvspan(0.5, end, color=BLUE, alpha=0.07, lw=0)
        axes.axvline(end, color=BLUE, lw=1)
        text = f"δ ≥ 3/8: the claim holds\nup to p = {end:.5f}"
        note(axes, end - 0.006, 0.08, text, ha="right", color=BLUE)
        for level in (FLOOR, CEILING):
            axes.axhline(level, color=GREY, lw=1, ls=":")
            note(axes, 1.006, level - 0.012, f"{level:.0%}")
        axes.set(
            xlabel="p, probability that x₀ equals the label",
            ylabel="accuracy",
            xlim=(0.5, 1),
            ylim=(0, 1.005),
            title="Where Proposition 1 holds",
        )
        axes.legend(loc="lower left", fontsize=8, labelspacing=0.25, borderaxespad=0.2)
    return figure


def feasibility_region() -> Figure:
    """Draw which pairs (p, 1 - eta) any classifier can reach, at budgets e >= 4, eps < 1."""
    with panels() as (figure, axes):
        p = np.linspace(0.5, 1, 401)
        shade = {"color": VERMILION, "edgecolor": VERMILION, "hatch": "///", "alpha": 0.18}
        axes.fill_between(p, p, 1, lw=0, **shade)
        axes.fill_between(p, 0, p, color=SKY, alpha=0.15, lw=0)
        axes.plot(p, p, color=BLACK, ls="-", label="sign(x₀): A = S = p, both bounds attained")
        label = "Theorem 2(a) allows S up to η p/(1-p) = the number"
        for level, at in ((0.6, 0.52), (0.7, 0.545), (0.8, 0.57), (0.9, 0.595), (1.0, 0.62)):
            # eta p/(1-p) = level, where some classifier is so robust.
            curve = 1 - level * (1 - p) / p
            axes.plot(p, np.where(curve <= p, curve, np.nan), color=BLUE, lw=1, ls="-", label=label)
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            height = 1 - level * (1 - at) / at
            centred = {"ha": "center", "va": "center", "bbox": box}
            note(axes, at, height, f"{level:g}", color=BLUE, fontsize=8, **centred)
            label = "_"
        label = "the quoted limit p → 1/2, η → 0"
        axes.plot([0.508], [0.98], marker="X", ms=9, color=VERMILION, ls="none", label=label)
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85}
        axes.text(0.6, 0.82, "no classifier\nhas A ≥ 1 - η", fontsize=10, bbox=box)
        note(axes, 0.77, 0.32, "the hypothesis can be met,\nbut the bound on S exceeds 1")
        axes.set(
            xlabel="p, probability that x₀ equals the label",
            ylabel="1 - η, adversarial accuracy asked for",
            xlim=(0.5, 1),
            ylim=(0, 1),
            title="Where Theorems 2 and 3 say something (e ≥ 4)",
        )
        axes.legend(loc="lower right")
    return figure


def autocorrelation(codeword: str, shift: int = 1) -> Figure:
    """Draw kappa_j of a word over its shifts, with the distance that Proposition 1 asks for.

    The codeword has a form that :func:`spadv.theory.parse_word` reads; m = `shift`.
    """
    orbit = CodewordOrbit(parse_word(codeword), shift)
    with panels() as (figure, axes):
        j = np.arange(orbit.n_shifts)
        if orbit.n_shifts <= 200:
            axes.vlines(j, 0, orbit.kappa, color=BLUE, lw=1)
            axes.plot(j, orbit.kappa, "o", ms=3.5, color=BLUE, label="κ at shift j", ls="none")
        else:
            axes.plot(j, orbit.kappa, color=BLUE, lw=0.8, label="κ at shift j")
        needed = 1 - 2 * smallest_delta(0.5)
        asked = "1/4: δ = 3/8, asked for by Proposition 1"
        enough = f"{needed:.3f}: enough for 85% at p = 1/2"
        axes.axhline(0.25, color=VERMILION, ls="--", lw=1.2, label=asked)
        axes.axhline(needed, color=GREEN, ls="-.", lw=1.2, label=enough)
        axes.axhline(0, color=GREY, lw=0.8)
        name = codeword if len(codeword) <= 24 else f"{codeword[:21]}..."
        axes.set(
            xlabel=f"shift j, by {shift} coordinate{'s' if shift > 1 else ''} each",
            ylabel="normalised autocorrelation κ",
            ylim=(min(-0.3, float(orbit.kappa.min()) - 0.1), 1.08),
            title=f"Autocorrelation of {plain(name)} (d = {orbit.d}, n = {orbit.n_shifts})",
        )
        axes.legend(loc="upper center")
    return figure


def simulated_against_exact(results: Sequence[Result]) -> Figure:
    """Draw every simulation of some results against its closed form, and their differences."""
    found = _distinct(results)
    with panels(1, 2, size=(8.4, 4.0)) as (figure, (left, right)):
        exact = np.array([q.exact for q in found], dtype=np.float64)
        seen = np.array([q.simulated for q in found], dtype=np.float64)
        if len(found):
            _error_bars(left, exact.tolist(), found, f"{len(found)} comparisons")
        left.plot([0, 1], [0, 1], color=VERMILION, lw=1, ls="-", label="equal", zorder=3)
        left.set(xlabel="closed form", ylabel="simulated", xlim=(0, 1), ylim=(0, 1))
        left.set_title("Simulation against closed form")
        left.legend(loc="upper left")
        # The exact p-value as a signed normal score: right for rare events too.
        tails = np.array([q.p_value for q in found], dtype=np.float64)
        z = np.sign(seen - exact) * -ndtri(np.clip(tails, 1e-300, 1) / 2)
        right.plot(exact, z, ".", ms=4, color=BLUE, alpha=0.5, ls="none", rasterized=True)
        for level, color, line in ((0.05, ORANGE, "--"), (MISMATCH_LEVEL, VERMILION, "-")):
            cut = -float(ndtri(level / 2))
            right.axhline(cut, color=color, ls=line, lw=1.2)
            right.axhline(-cut, color=color, ls=line, lw=1.2)
            text = "95%" if level == 0.05 else "alarm (p < 1e-9)"
            note(right, 0.01, cut + 0.15, text, color=color)
        inside = sum(bool(q.interval and q.exact in q.interval) for q in found)
        share = f"{inside} of {len(found)} intervals cover" if found else "no simulations"
        right.set(xlabel="closed form", ylabel="difference, as a normal score", title=share)
        right.set(xlim=(0, 1), ylim=(-7.4, 7.4))
    return figure


def _distinct(results: Sequence[Result]) -> list[Quantity]:
    """Return the simulated quantities, those that several claims share only once."""
    every = (q for result in results for q in result.quantities)
    kept = {
        (q.name, q.exact, q.successes, q.trials): q
        for q in every
        if q.simulated is not None and q.exact is not None
    }
    return list(kept.values())
