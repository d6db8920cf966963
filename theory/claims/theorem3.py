"""Theorem 3, the sharper interval behind it, and its quoted limit."""

from __future__ import annotations

from ...result import HOLDS, INCONCLUSIVE, UNSATISFIABLE, VIOLATED, Hypothesis
from ..classifiers import best_adversarial_accuracy
from ..laws import theorem3_spatial
from .registry import Outcome, register
from .relaxation import exact, spatial_range
from .scene import Witness, witnesses
from .setting import Setting
from .theorem2 import (
    PARAMETERS,
    ROUNDING,
    all_quantities,
    budget_hypothesis,
    offenders,
    robust_hypothesis,
    universal_outcome,
)


def _too_low(found: tuple[Witness, ...], share: float) -> list[str]:
    """Return the classifiers with exact S < share * A."""
    pairs = [(w.name, w.pair()) for w in found]
    return [name for name, pair in pairs if pair and pair[0] < share * pair[1] - ROUNDING]


@register(
    "thm3",
    title="Theorem 3 as stated",
    locator="Supplement, Theorem 3",
    value_name="largest S that the attacks leave possible",
    bound_name="(1 - m/d) + (m/d) eta p/(1-p)",
    parameters=PARAMETERS,
)
def _as_stated(setting: Setting) -> Outcome:
    """If a classifier has adversarial accuracy >= 1 - eta against attacks of norm 4/sqrt(d),
    then (1 - m/d)(1 - eta) <= spatial accuracy <= (1 - m/d) + (m/d) eta p/(1-p).
    """
    p, eta, n = setting.p, setting.loss, setting.dist.n_shifts
    hypotheses = (budget_hypothesis(setting), robust_hypothesis(setting))
    found = witnesses(setting)
    low, high = (float(v) for v in theorem3_spatial(1 - eta, p, n))
    possible = spatial_range(exact(p), 1 - exact(eta)) if p < 1 else None
    value = None if possible is None else float(possible.high)
    broken = offenders(found, lambda a: float(theorem3_spatial(a, p, n)[1]))
    broken += _too_low(found, 1 - 1 / n)
    note = ""
    if possible is not None:
        note = (
            f"Interval [{low:.4f}, {high:.4f}]; the attacks leave only "
            f"[{float(possible.low):.4f}, {float(possible.high):.4f}]."
        )
    return universal_outcome(setting, hypotheses, value, high, broken, note=note)


@register(
    "thm3.sharper",
    title="Thm 3: sharper interval",
    locator="beyond the paper (sharpens Theorem 3)",
    value_name="largest S that the attacks leave possible",
    bound_name="min(1, eta p/(1-p))",
    parameters=PARAMETERS,
)
def _sharper(setting: Setting) -> Outcome:
    """If a classifier has adversarial accuracy >= 1 - eta against attacks of norm 4/sqrt(d),
    then 1 - eta <= spatial accuracy <= eta p/(1-p): inside the interval of Theorem 3.
    """
    p, eta = setting.p, setting.loss
    hypotheses = (budget_hypothesis(setting), robust_hypothesis(setting))
    found = witnesses(setting)
    quantities = all_quantities(found)
    if p == 1:
        note = "At p = 1 the upper end is undefined."
        return Outcome(INCONCLUSIVE, None, None, None, hypotheses, quantities, note)
    possible = spatial_range(exact(p), 1 - exact(eta))
    bound = min(1.0, float(exact(eta) * exact(p) / (1 - exact(p))))
    value = None if possible is None else float(possible.high)
    broken = offenders(found, lambda a: min(1.0, (1 - a) * p / (1 - p))) + _too_low(found, 1.0)
    outcome = universal_outcome(setting, hypotheses, value, bound, broken)
    low, high = theorem3_spatial(1 - eta, p, setting.dist.n_shifts)
    if outcome.verdict == HOLDS and (low > 1 - eta + ROUNDING or high < bound - ROUNDING):
        return Outcome(VIOLATED, value, bound, None, hypotheses, quantities, "Not inside.")
    return outcome


@register(
    "thm3.limit",
    title="Thm 3: the quoted limit",
    locator="Supplement, after Theorem 3",
    value_name="largest A of any classifier",
    bound_name="1 - eta, which the limit needs",
    parameters=PARAMETERS,
    expected=UNSATISFIABLE,
    remark="The bounds do approach 1 - m/d, but around nothing: no classifier has adversarial "
    "accuracy above p, so none meets the hypothesis for eta < 1 - p, and the limit has no "
    "member.",
)
def _limit(setting: Setting) -> Outcome:
    """As p -> 1/2 and eta -> 0 both bounds of Theorem 3 approach 1 - m/d, so that for
    m = d/2 a robust classifier is as bad as random under random shifts.
    """
    p, eta = setting.p, setting.loss
    best = best_adversarial_accuracy(setting.dist, setting.budget)
    hypotheses = (
        budget_hypothesis(setting),
        Hypothesis(
            f"p close to 1/2 and eta close to 0: here p + eta = {p + eta:g} < 1", p + eta < 1
        ),
        robust_hypothesis(setting),
    )
    if not (hypotheses[0].satisfied and hypotheses[1].satisfied):
        note = "This setting is outside the limit."
        return Outcome(INCONCLUSIVE, best, 1 - eta, None, hypotheses, (), note)
    low, high = theorem3_spatial(1 - eta, p, setting.dist.n_shifts)
    note = f"the bounds: [{float(low):.4f}, {float(high):.4f}]; the best A: {best:.4g}"
    verdict = HOLDS if hypotheses[2].satisfied else UNSATISFIABLE
    return Outcome(verdict, best, 1 - eta, None, hypotheses, (), note)
