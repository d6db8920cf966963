"""The laws beyond the paper: gradual in the budget, attained, and sharper than Theorem 2."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...result import EQUALITY, HOLDS, INCONCLUSIVE, VIOLATED, Hypothesis
from ..accuracy import FULL_BUDGET, bayes_accuracy, mixture_accuracy
from ..classifiers import LinearRule, bayes, best_adversarial_accuracy, robust_bayes, x0_rule
from ..distribution import CodeGaussian
from ..laws import gradual_adversarial, lower_spatial, residual, theorem2_adversarial
from .reference_classifiers import ROUNDING, reference_classifiers
from .registry import Check, register
from .setting import FEWER_PROBABILITIES, ORBITS, PROBABILITIES, Setting
from .theorem2 import all_quantities, exact, largest_beside

Floats = NDArray[np.float64]

_GRID = ORBITS | {"p": FEWER_PROBABILITIES, "budget": (1.0, 2.0, 4.0)}
# Of the laws and their inversions.
_LAW_ROUNDING = 1e-9
_RANDOM_RULES = 10
# Error of the trapezoidal rule at a kink, with steps of 1/2000, and of the curve's steps.
_QUADRATURE = 1e-6


def _trial_rules(setting: Setting) -> list[LinearRule]:
    """Return linear rules that come near the laws, and random ones.

    Along the word restricted to the coordinates where it agrees with a shift, and where it
    differs, with the thresholds at which each law is attained; Bayes rules of some shifts;
    random mixtures of shifts with random thresholds on either side of x0.
    """
    dist = setting.dist
    rng = setting.rng("law rules")
    rules = [bayes(dist), robust_bayes(dist, setting.budget), x0_rule(dist)]
    moving = dist.orbit.moving
    for j in {int(k) for k in (moving[:1].tolist() + moving[-1:].tolist())}:
        rules.append(bayes(dist, j))
        same = dist.orbit.rotated(j) == dist.orbit.codeword
        for part in (same, ~same):
            if part.any():
                rules += _thresholds(dist, setting.budget, dist.mean * part, float(part.mean()))
    for _ in range(_RANDOM_RULES):
        mixed = [
            sum(
                rng.normal() * dist.rotated_mean(int(j))
                for j in rng.integers(dist.n_shifts, size=2)
            )
            + dist.mean * rng.uniform(0, 2)
            for _ in range(2)
        ]
        low, high = np.sort(rng.normal(scale=2, size=2))
        rules.append(LinearRule(mixed[0], mixed[1], low, high, name="random rule"))
    return rules


def _thresholds(
    dist: CodeGaussian, budget: float, weights: Floats, share: float
) -> list[LinearRule]:
    """Return rules along `weights` whose x0 thresholds attain the upper and lower law."""
    rules = [LinearRule(weights, weights, 0.0, 0.0, name="no x0")]
    distance = (FULL_BUDGET - min(budget, FULL_BUDGET)) * math.sqrt(share)
    if distance > 0 and math.isfinite(dist.log_odds):
        b = dist.log_odds / distance * float(np.linalg.norm(weights))
        rules.append(LinearRule(weights, weights, -b, b, name="gradual"))
        rules.append(LinearRule(weights, weights, b, -b, name="gradual, reversed"))
    return rules


def _margins(setting: Setting, upper: bool) -> tuple[float, str]:
    """Return the smallest margin to a law over all rules and shifts, and where it is."""
    dist, delta = setting.dist, setting.dist.orbit.delta
    best, where = math.inf, ""
    for rule in _trial_rules(setting):
        s = np.clip(rule.shifted_accuracies(dist), 0, 1)
        a = min(rule.adversarial_accuracy(dist, setting.budget), 1.0)
        if upper:
            # Rounding, and only that, may lift an attained Bayes accuracy above itself.
            best_s = float(bayes_accuracy(setting.p))
            s = np.where((s > best_s) & (s < best_s + 1e-12), best_s, s)
            law = gradual_adversarial(s, setting.p, residual(setting.budget, delta), tight=True)
            margins = law - a
        else:
            margins = s - lower_spatial(a, setting.budget, delta)
        if np.isnan(margins).any():
            return -math.inf, f"{rule.name} is above the Bayes accuracy"
        j = int(np.argmin(margins))
        if margins[j] < best:
            best, where = float(margins[j]), f"{rule.name}, j = {j}"
    return best, where


def _law(setting: Setting, upper: bool) -> Check:
    margin, where = _margins(setting, upper)
    verdict = EQUALITY if margin > -_LAW_ROUNDING else VIOLATED
    if margin > _LAW_ROUNDING:
        verdict = HOLDS
    return Check(verdict, margin, 0.0, note=f"nearest: {where}")


@register(
    "law.upper",
    title="Gradual upper law",
    locator="beyond the paper",
    value_name="smallest U_D(S_j) - A over rules and shifts",
    bound_name="0",
    grid=_GRID,
    remark="Proved in docs/theory/laws.md, Theorem L4; here tried on rules that come near it.",
)
def _upper(setting: Setting) -> Check:
    """For every classifier, shift j and budget e, A <= U_D(S_j) with
    D = (4 - e)_+ sqrt(1 - delta_j): adversarial accuracy falls gradually as spatial accuracy
    grows.
    """
    return _law(setting, upper=True)


@register(
    "law.lower",
    title="Gradual lower law",
    locator="beyond the paper",
    value_name="smallest S_j - Phi(Phi^-1(A) - D') over rules and shifts",
    bound_name="0",
    grid=_GRID,
    remark="Proved in docs/theory/laws.md, Theorem L5; here tried on rules that come near it.",
)
def _lower(setting: Setting) -> Check:
    """For every classifier, shift j and budget e, S_j >= Phi(Phi^-1(A) - D') with
    D' = (4 - e)_+ sqrt(delta_j): a robust classifier keeps some accuracy on shifted input.
    """
    return _law(setting, upper=False)


@register(
    "law.sharpens",
    title="Sharper than Theorem 2(b)",
    locator="beyond the paper (sharpens Theorem 2)",
    value_name="largest U0_0(S) - (1 - (1-p) S/p) over S",
    bound_name="0",
    grid={"p": PROBABILITIES},
)
def _sharpens(setting: Setting) -> Check:
    """At e >= 4 the upper law is A <= 1 - (1-p) S/p for S <= p, which is Theorem 2(b), and
    A <= p (1-S)/(1-p) for S > p, which is strictly smaller for p > 1/2.
    """
    p = setting.p
    s = np.linspace(0, 1, 2001)
    law, paper = gradual_adversarial(s, p, 0.0), theorem2_adversarial(s, p)
    value = float((law - paper).max())
    strict = bool((law < paper)[(s > p + 1e-3)].all()) if 0.5 < p < 1 else True
    # Independent of the closed form: the linear program over all (a, b), in rationals.
    some = [Fraction(k, 20) for k in range(21)]
    solved = [largest_beside(exact(p), at) for at in some]
    found = gradual_adversarial([float(at) for at in some], p, 0.0)
    same = p == 1 or bool(np.abs(found - np.array(solved, dtype=float)).max() <= 1e-12)
    verdict = EQUALITY if value <= ROUNDING and strict and same else VIOLATED
    above = min(1.0, (1 + p) / 2)
    note = (
        f"at S = {above:g}: {float(gradual_adversarial(above, p, 0.0)):.4f} "
        f"in place of {float(theorem2_adversarial(above, p)):.4f}"
    )
    return Check(verdict, value, 0.0, note=note)


@register(
    "law.natural",
    title="Natural vs adversarial",
    locator="beyond the paper",
    value_name="largest gap between the rules and the curve",
    bound_name="0",
    grid=_GRID,
    remark="docs/theory/laws.md, Theorem L8: for e <= 2 no classifier at all is above this curve.",
)
def _natural(setting: Setting) -> Check:
    """For e < 2 the exact frontier of natural against adversarial accuracy is the curve
    S(t) = p Phi(2-t) + (1-p) Phi(2+t), A(t) = p Phi(2-e-t) + (1-p) Phi(2-e+t), attained by
    sign(<c, x>/sqrt d - t sign(x0)), t from -L/4 to -L/(2(2-e)): for every weight w the largest
    w A + S on it is the value of the mixed Bayes problem, which no classifier exceeds.
    """
    dist, p, e = setting.dist, setting.p, setting.budget
    hypotheses = (
        Hypothesis(f"budget e < 2 (e = {e:g})", e < 2),
        Hypothesis("eps < 1", setting.eps < 1),
        Hypothesis("p < 1", p < 1),
    )
    if not all(h.satisfied for h in hypotheses):
        return Check(INCONCLUSIVE, None, 0.0, hypotheses)
    ends = (-dist.log_odds / 4, -dist.log_odds / (2 * (2 - e)))
    gap = 0.0
    for t in np.linspace(*ends, 9):
        rule = LinearRule(dist.mean / 2, dist.mean / 2, float(t), float(-t))
        s, a = (float(mixture_accuracy(2 - cost, -t, p)) for cost in (0.0, e))
        gap = max(gap, abs(rule.natural_accuracy(dist) - s))
        gap = max(gap, abs(rule.adversarial_accuracy(dist, e) - a))
    t = np.linspace(*ends, 20001) if p > 0.5 else np.zeros(1)
    curve = [mixture_accuracy(2 - cost, -t, p) for cost in (0.0, e)]
    above = max(
        abs(float((w * curve[1] + curve[0]).max()) - _mixed_bayes(w, p, e))
        for w in (0.0, 0.3, 1.0, 3.0)
    )
    verdict = EQUALITY if gap <= ROUNDING and above <= _QUADRATURE else VIOLATED
    note = f"largest gap to the mixed Bayes problems' values: {above:.1e}"
    return Check(verdict, gap, 0.0, hypotheses, note=note)


def _mixed_bayes(w: float, p: float, e: float) -> float:
    """Return max_f w Pr(f = Y | means +-(2-e)) + Pr(f = Y | means +-2), by quadrature.

    The integral of the larger posterior density on a line, by the trapezoidal rule: no use
    is made of the form of the best rule.
    """
    u = np.linspace(-14.0, 14.0, 56001)

    def density(sign: float) -> Floats:
        near, far = np.exp(-((u - sign * (2 - e)) ** 2) / 2), np.exp(-((u - sign * 2) ** 2) / 2)
        return np.asarray((w * near + far) / math.sqrt(2 * math.pi))

    best = np.maximum(p * density(1.0), (1 - p) * density(-1.0))
    return float(np.trapezoid(best, u))


@register(
    "robust_bayes",
    title="Best adversarial accuracy",
    locator="beyond the paper",
    value_name="A of the robust Bayes rule",
    bound_name="A*(e)",
    grid=_GRID,
)
def _robust_bayes(setting: Setting) -> Check:
    """No classifier has adversarial accuracy above A*(e) = p Phi(a + L/(2a)) + (1-p)
    Phi(a - L/(2a)), a = max(2 - e, 0) (Phi(a) where eps >= 1), and the linear rule along the
    mean that the attack leaves attains it.
    """
    dist = setting.dist
    best = best_adversarial_accuracy(dist, setting.budget)
    value = robust_bayes(dist, setting.budget).adversarial_accuracy(dist, setting.budget)
    found = reference_classifiers(setting)
    # Without a closed form A is known from above only, which can break no upper bound.
    broken = [c.name for c in found if c.exact and c.breaks(lambda s: best, of="A")]
    if abs(value - best) > ROUNDING:
        broken.append("the robust Bayes rule, which should attain it")
    note = f"Broken by {', '.join(broken)}." if broken else ""
    hypotheses = (Hypothesis("budget e >= 0", True),)
    verdict = VIOLATED if broken else EQUALITY
    return Check(verdict, value, best, hypotheses, all_quantities(found), note)
