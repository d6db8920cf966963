"""Theorem 3, the sharper interval behind it, and its quoted limit."""

from __future__ import annotations

from dataclasses import replace

from ...result import HOLDS, INCONCLUSIVE, UNSATISFIABLE, VIOLATED, Hypothesis
from ..classifiers import best_adversarial_accuracy
from ..laws import theorem3_spatial
from .reference_classifiers import ROUNDING, reference_classifiers
from .registry import Check, register
from .setting import Setting
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


@register(
    "thm3",
    title="Theorem 3 as stated",
    locator="Supplement, Theorem 3",
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
    broken += _too_low(setting, 1 - 1 / n)
    value, note = None, ""
    if possible is not None:
        least, value = (float(end) for end in possible)
        note = (
            f"Interval [{low:.4f}, {high:.4f}]; the attacks leave only [{least:.4f}, {value:.4f}]."
        )
    return for_every_classifier(setting, hypotheses, value, high, broken, note)


@register(
    "thm3.sharper",
    title="Thm 3: sharper interval",
    locator="beyond the paper (sharpens Theorem 3)",
    value_name="largest S that the attacks leave possible",
    bound_name="min(1, eta p/(1-p))",
    grid=GRID,
)
def _sharper(setting: Setting) -> Check:
    """If a classifier has adversarial accuracy >= 1 - eta against attacks of norm 4/sqrt(d),
    then 1 - eta <= spatial accuracy <= eta p/(1-p): inside the interval of Theorem 3.
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
    found = for_every_classifier(setting, hypotheses, value, bound, broken)
    low, high = theorem3_spatial(1 - eta, p, setting.dist.n_shifts)
    if found.verdict == HOLDS and (low > 1 - eta + ROUNDING or high < bound - ROUNDING):
        return replace(found, verdict=VIOLATED, note="Not inside.")
    return found


@register(
    "thm3.limit",
    title="Thm 3: the quoted limit",
    locator="Supplement, after Theorem 3",
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
