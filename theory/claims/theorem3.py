"""Theorem 3, the sharper interval behind it, and its quoted limit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.special import ndtr

from ...result import HOLDS, INCONCLUSIVE, UNSATISFIABLE, VIOLATED, Hypothesis, Quantity
from ..accuracy import FULL_BUDGET
from ..classifiers import best_adversarial_accuracy, x0_rule
from ..laws import theorem3_adversarial, theorem3_spatial
from .reference_classifiers import reference_classifiers
from .registry import ROUNDING, Check, register, required
from .setting import FEWER_PROBABILITIES, ORBITS, PROBABILITIES, Setting, shifts_of, survives
from .theorem2 import (
    GRID,
    all_quantities,
    breaking,
    budget_hypothesis,
    exact,
    for_every_classifier,
    robust_hypothesis,
    spatial_range,
)


def _too_low(setting: Setting, share: float) -> list[str]:
    """Return the reference classifiers with exact S < share * A."""
    pairs = [(one.name, one.exact) for one in reference_classifiers(setting)]
    return [name for name, pair in pairs if pair and pair[0] < share * pair[1] - ROUNDING]


def _not_as_stated(setting: Setting) -> list[str]:
    """Return the names of the functions for Theorem 3 that are not what it says."""
    p, eta, n = exact(setting.p), exact(setting.loss), setting.dist.n_shifts
    if p == 1:
        return []
    low, high = (float(end) for end in theorem3_spatial(float(1 - eta), float(p), n))
    rest = 1 - Fraction(1, n)
    stated = float(rest * (1 - eta)), float(min(rest + eta * p / (1 - p) / n, Fraction(1)))
    names = []
    if max(abs(low - stated[0]), abs(high - stated[1])) > ROUNDING:
        names.append(f"theorem3_spatial, which gives [{low:.6g}, {high:.6g}]")
    # The largest A whose interval holds S: it does just below, and not just above.
    for s in (Fraction(k, 8) for k in range(9)):
        top = float(theorem3_adversarial(float(s), float(p), n))

        def holds(a: float, s: Fraction = s) -> bool:
            share = exact(a)
            return rest * share <= s <= rest + (1 - share) * p / (1 - p) / n

        if not ((0 <= top <= 1 and holds(max(top - 1e-9, 0.0))) or top == 0) or (
            top < 1 - 1e-9 and holds(top + 1e-9)
        ):
            names.append(f"theorem3_adversarial, which gives {top:.6g} beside {s}")
    return names


@register(
    "thm3",
    title="Theorem 3 as stated",
    locator="Supplement, Theorem 3",
    numbers="3 E5",
    value_name="largest S that the attacks leave possible",
    bound_name="(1 - m/d) + (m/d) eta p/(1-p)",
    grid=GRID,
)
def _as_stated(setting: Setting) -> Check:
    """If a classifier has adversarial accuracy >= 1 - eta against attacks of norm 4/sqrt(d),
    then (1 - m/d)(1 - eta) <= spatial accuracy <= (1 - m/d) + (m/d) eta p/(1-p).
    """
    p, eta, n = setting.p, setting.loss, setting.dist.n_shifts
    hypotheses = (budget_hypothesis(setting), robust_hypothesis(setting))
    low, high = (float(v) for v in theorem3_spatial(1 - eta, p, n))
    possible = spatial_range(exact(p), 1 - exact(eta)) if p < 1 else None
    broken = breaking(setting, lambda a: float(theorem3_spatial(a, p, n)[1]))
    broken += _too_low(setting, 1 - 1 / n) + _not_as_stated(setting)
    value, note = None, ""
    if possible is not None:
        least, value = (float(end) for end in possible)
        if least < low - ROUNDING:
            broken.append(f"the attacks, which leave {least:.4g} possible")
        note = (
            f"Interval [{low:.4f}, {high:.4f}]; the attacks leave only [{least:.4f}, {value:.4f}]."
        )
    return for_every_classifier(setting, hypotheses, value, high, broken, note)


@register(
    "thm3.sharper",
    title="Thm 3: sharper interval",
    locator="beyond the paper (sharpens Theorem 3)",
    numbers="3.1 E5 L7",
    value_name="largest S that the attacks leave possible",
    bound_name="min(1, eta p/(1-p))",
    grid=GRID,
)
def _sharper(setting: Setting) -> Check:
    """If a classifier has adversarial accuracy >= 1 - eta against attacks of norm 4/sqrt(d),
    then 1 - eta <= spatial accuracy <= min(1, eta p/(1-p)): inside the interval of Theorem 3.
    """
    p, eta = setting.p, setting.loss
    hypotheses = (budget_hypothesis(setting), robust_hypothesis(setting))
    if p == 1:
        note = "At p = 1 the upper end is undefined."
        quantities = all_quantities(reference_classifiers(setting))
        return Check(INCONCLUSIVE, None, None, hypotheses, quantities, note)
    possible = spatial_range(exact(p), 1 - exact(eta))
    bound = min(1.0, float(exact(eta) * exact(p) / (1 - exact(p))))
    value = None if possible is None else float(possible[1])
    broken = breaking(setting, lambda a: min(1.0, (1 - a) * p / (1 - p)))
    broken += _too_low(setting, 1.0)
    if possible is not None and possible[0] != 1 - exact(eta):
        broken.append(f"the attacks, which leave {float(possible[0]):.4g} possible")
    found = for_every_classifier(setting, hypotheses, value, bound, broken)
    low, high = theorem3_spatial(1 - eta, p, setting.dist.n_shifts)
    if found.verdict == HOLDS and (low > 1 - eta + ROUNDING or high < bound - ROUNDING):
        return replace(found, verdict=VIOLATED, note="Not inside.")
    return found


@register(
    "thm3.limit",
    title="Thm 3: the quoted limit",
    locator="Supplement, after Theorem 3",
    numbers="2.3 E4",
    value_name="largest A of any classifier",
    bound_name="1 - eta, which the limit needs",
    grid=GRID,
    expected=UNSATISFIABLE,
    remark="The bounds do approach 1 - m/d, but around nothing: no classifier has adversarial "
    "accuracy above p, so none meets the hypothesis for eta < 1 - p, and the limit has no "
    "member.",
)
def _limit(setting: Setting) -> Check:
    """As p -> 1/2 and eta -> 0 both bounds of Theorem 3 approach 1 - m/d, so that for
    m = d/2 a robust classifier is as bad as random under random shifts.
    """
    p, eta = setting.p, setting.loss
    best = best_adversarial_accuracy(setting.dist, setting.budget)
    text = f"p close to 1/2 and eta close to 0: here p + eta = {p + eta:g} < 1"
    near, robust = Hypothesis(text, p + eta < 1), robust_hypothesis(setting)
    hypotheses = (budget_hypothesis(setting), near, robust)
    if not (hypotheses[0].satisfied and near.satisfied):
        note = "This setting is outside the limit."
        return Check(INCONCLUSIVE, best, 1 - eta, hypotheses, note=note)
    low, high = theorem3_spatial(1 - eta, p, setting.dist.n_shifts)
    note = f"the bounds: [{float(low):.4f}, {float(high):.4f}]; the best A: {best:.4g}"
    verdict = HOLDS if robust.satisfied else UNSATISFIABLE
    return Check(verdict, best, 1 - eta, hypotheses, note=note)


@register(
    "thm3.pointwise",
    title="Thm 3: a shift as an attack",
    locator="Supplement, proof of Theorem 3",
    numbers="E6",
    value_name="share of coordinates that r_j moves by at most 4/sqrt d",
    bound_name="1",
    grid=ORBITS | {"p": FEWER_PROBABILITIES[:1]},
    expected=VIOLATED,
    remark="A shifted *mean* is within 4/sqrt d of the mean, a shifted sample is not: its noise is "
    "shifted too. What an attack can imitate is the law of r_j X, which is all that is needed.",
)
def _pointwise(setting: Setting) -> Check:
    """For Gaussian x the shifted input r_j(x) is x, moved by at most 4/sqrt d in every
    coordinate.
    """
    dist, d = setting.dist, setting.dist.d
    if not dist.orbit.moving.size:
        return Check(INCONCLUSIVE, None, 1.0, note="No shift moves the word.")
    j = int(dist.orbit.moving[0])
    # x_{t+mj} - x_t is N(0, 2) where the word agrees, and N(+-4/sqrt d, 2) where it does not.
    size = FULL_BUDGET / np.sqrt(2 * d)
    kept = float(2 * ndtr(size) - 1)
    changed = float(ndtr(0.0) - ndtr(-2 * size))
    delta = float(dist.orbit.delta[j])
    share = (1 - delta) * kept + delta * changed
    quantities: tuple[Quantity, ...] = ()
    note = f"j = {j}"
    if setting.samples:
        trials = setting.trials
        rng = setting.rng("pointwise")
        inside, whole = 0, 0
        for x, _ in dist.stream(trials, rng):
            moved = np.abs(dist.rotate(x, j)[:, 1:] - x[:, 1:]) <= FULL_BUDGET / np.sqrt(d)
            whole += int(moved.all(axis=1).sum())
            # One place of each: places of one vector are not independent.
            inside += int(moved[np.arange(len(x)), rng.integers(d, size=len(x))].sum())
        name = f"share of coordinates that r_{j} moves by at most 4/sqrt d"
        quantities = (Quantity(name, share, inside, trials),)
        note += f"; so moved as a whole: {whole} of {trials} vectors"
    verdict = VIOLATED if share < 1 - ROUNDING else HOLDS
    return Check(verdict, share, 1.0, (), quantities, note)


@register(
    "thm3.random",
    title="Thm 3: as bad as random",
    locator="Section 3, after Theorem 3",
    numbers="E7",
    value_name="S of sign(x0)",
    bound_name="1/2, a random classifier's",
    grid={"codeword": ("random:64:0",), "shift": shifts_of(2), "p": PROBABILITIES},
    expected=VIOLATED,
    remark="sign(x0) has natural, spatial and adversarial accuracy p. What the bounds of Theorem 3 "
    "approach for m = d/2 is a bound, not an accuracy.",
)
def _random(setting: Setting) -> Check:
    """For m = d/2 high adversarial robustness (here: A >= 0.9 at budget 4) implies that spatial
    accuracy is as bad as that of a random classifier.
    """
    dist = setting.dist
    rule = x0_rule(dist)
    spatial, robust = rule.spatial_accuracy(dist), rule.adversarial_accuracy(dist, FULL_BUDGET)
    half = Hypothesis(f"m = d/2 (n = {dist.n_shifts})", dist.n_shifts == 2)
    met = Hypothesis(f"sign(x0) has A >= 0.9 (it has {robust:.4g})", robust >= 0.9 - ROUNDING)
    hypotheses = required(half, survives(setting), met, value=spatial, bound=0.5)
    verdict = VIOLATED if spatial > 0.5 + ROUNDING else HOLDS
    return Check(verdict, spatial, 0.5, hypotheses, note=f"sign(x0): A = {robust:.4g}")
