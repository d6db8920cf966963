"""Theorem 2, where it is attained, and where its hypothesis can be met at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from ...result import (
    EQUALITY,
    HOLDS,
    INCONCLUSIVE,
    MISMATCH_LEVEL,
    UNSATISFIABLE,
    VIOLATED,
    Hypothesis,
    Quantity,
)
from ...stats import clopper_pearson
from ..accuracy import FULL_BUDGET, bayes_accuracy
from ..classifiers import best_adversarial_accuracy, x0_rule
from ..distribution import CodeGaussian
from ..laws import theorem2_adversarial, theorem2_spatial
from ..price import spatial_optimum
from .registry import Outcome, register
from .relaxation import exact, largest_adversarial, spatial_range
from .scene import Witness, witnesses
from .setting import Setting

#: S* is an integral in as many dimensions as there are different shifts.
MOST_SHIFTS = 128
PARAMETERS = ("codeword", "shift", "p", "budget", "eta")
ROUNDING = 1e-12


def budget_hypothesis(setting: Setting) -> Hypothesis:
    """Return the theorems' condition on the budget.

    Parameters
    ----------
    setting : Setting
        Where the claim is checked.
    """
    text = f"attacks of norm eps >= 4/sqrt(d) (e = {setting.budget:g})"
    return Hypothesis(text, setting.budget >= FULL_BUDGET)


def robust_hypothesis(setting: Setting) -> Hypothesis:
    """Return whether any classifier has adversarial accuracy >= 1 - eta.

    Parameters
    ----------
    setting : Setting
        Where the claim is checked; its eta is used with the default resolved.
    """
    best = best_adversarial_accuracy(setting.dist, setting.budget)
    text = f"some classifier has adversarial accuracy >= 1 - eta (the best has {best:.4g})"
    return Hypothesis(text, 1 - setting.loss <= best + ROUNDING)


def all_quantities(found: tuple[Witness, ...]) -> tuple[Quantity, ...]:
    """Return the exact values and simulations of every witness.

    Parameters
    ----------
    found : tuple of Witness
        Classifiers with their measured accuracies.

    Returns
    -------
    tuple of Quantity
        The spatial and the adversarial accuracy of each, in order.
    """
    return tuple(q for w in found for q in (w.spatial, w.adversarial))


def offenders(
    found: tuple[Witness, ...], allowed: Callable[[float], float], *, of: str = "S"
) -> list[str]:
    """Return the names of classifiers that break a law.

    Parameters
    ----------
    found : tuple of Witness
        The classifiers.
    allowed : callable
        The law: from A to the largest S (of="S"), or from S to the largest A (of="A");
        decreasing.
    of : str
        Which.

    Notes
    -----
    A classifier without closed forms is judged by its accuracy under the proofs' attacks for
    some shifts j, and only if the far ends of intervals at level 1 - 1e-9 break the law.
    The proofs bound that accuracy by S_j; so it takes a classifier whose S_j are all equal,
    as shift-Bayes, the only such witness, has.
    """
    names = []
    for witness in found:
        pair = witness.pair()
        if pair is None:
            pair = (_low_end(witness.spatial), _low_end(witness.adversarial))
        s, a = pair
        if (of == "S" and s > allowed(a) + ROUNDING) or (of == "A" and a > allowed(s) + ROUNDING):
            names.append(witness.name)
    return names


def _low_end(quantity: Quantity) -> float:
    if quantity.exact is not None:
        return quantity.exact
    assert quantity.successes is not None  # a quantity without either is never made
    assert quantity.trials is not None
    return clopper_pearson(quantity.successes, quantity.trials, 1 - MISMATCH_LEVEL).low


def universal_outcome(
    setting: Setting,
    hypotheses: tuple[Hypothesis, ...],
    value: float | None,
    bound: float,
    broken: list[str],
    *,
    note: str = "",
) -> Outcome:
    """Return the outcome of "for every classifier, value <= bound".

    That `value` is the supremum over a relaxation that contains every classifier, so
    value <= bound proves the claim at this setting. Equality there is called so only if a
    classifier attains it.

    Parameters
    ----------
    setting : Setting
        Where the claim is checked.
    hypotheses : tuple of Hypothesis
        The condition on the budget first; unmet, the outcome is inconclusive.
    value : float or None
        Supremum over the relaxation; None if nothing is in it.
    bound : float
        What the claim says that no classifier exceeds.
    broken : list of str
        Names of classifiers that break the claim.
    note : str
        A sentence for a reader.
    """
    quantities = all_quantities(witnesses(setting))
    budget_met, *rest = hypotheses

    def outcome(verdict: str, note: str) -> Outcome:
        return Outcome(verdict, value, bound, None, hypotheses, quantities, note)

    if not budget_met.satisfied:
        return outcome(INCONCLUSIVE, "The theorem says nothing about budgets below 4.")
    if broken:
        return outcome(VIOLATED, f"Broken by {', '.join(broken)}.")
    if not all(h.satisfied for h in rest):
        return outcome(UNSATISFIABLE, note or "No classifier meets the hypothesis: vacuous here.")
    if value is not None and value > bound + ROUNDING:
        return outcome(VIOLATED, note)
    return outcome(HOLDS, note)


@register(
    "thm2a",
    title="Thm 2(a): A bounds S",
    locator="Section 3, Theorem 2",
    value_name="largest S that the attacks leave possible",
    bound_name="eta p/(1-p)",
    parameters=PARAMETERS,
)
def _part_a(setting: Setting) -> Outcome:
    """If a classifier has adversarial accuracy >= 1 - eta against attacks of norm 4/sqrt(d),
    then its spatial accuracy is <= eta p/(1-p).
    """
    p, eta = setting.p, setting.loss
    hypotheses = (budget_hypothesis(setting), robust_hypothesis(setting))
    found = witnesses(setting)
    if p == 1:
        note = "At p = 1 the bound is infinite (undefined for eta = 0): it says nothing."
        return Outcome(INCONCLUSIVE, 1.0, None, None, hypotheses, all_quantities(found), note)
    possible = spatial_range(exact(p), 1 - exact(eta))
    value = None if possible is None else float(possible.high)
    bound = float(exact(eta) * exact(p) / (1 - exact(p)))
    broken = offenders(found, lambda a: float(theorem2_spatial(a, p)))
    outcome = universal_outcome(setting, hypotheses, value, bound, broken)
    if outcome.verdict == HOLDS and _stump_attains(setting, bound):
        note = "sign(x0) has A = S = p and attains the bound."
        return Outcome(EQUALITY, value, bound, None, hypotheses, outcome.quantities, note)
    return outcome


def _stump_attains(setting: Setting, bound: float) -> bool:
    """Whether sign(x0) has A >= 1 - eta and S equal to the bound."""
    rule = x0_rule(setting.dist)
    robust = rule.adversarial_accuracy(setting.dist, setting.budget) >= 1 - setting.loss - ROUNDING
    return robust and abs(rule.spatial_accuracy(setting.dist) - bound) <= ROUNDING


@register(
    "thm2a.no_fraction",
    title="Thm 2(a): no fraction bar",
    locator="Section 3, Theorem 2",
    value_name="S of sign(x0)",
    bound_name="eta p (1-p)",
    parameters=PARAMETERS,
    expected=VIOLATED,
    remark="The proof has eta p/(1-p), which is what is meant: plain-text copies lose the "
    "fraction bars of the theorem (in part (b) too).",
)
def _without_fraction(setting: Setting) -> Outcome:
    """As text copies of the paper print it, with the fraction bar lost: adversarial accuracy
    >= 1 - eta implies spatial accuracy <= eta p (1-p).
    """
    rule = x0_rule(setting.dist)
    spatial = rule.spatial_accuracy(setting.dist)
    robust = rule.adversarial_accuracy(setting.dist, setting.budget)
    hypotheses = (
        budget_hypothesis(setting),
        Hypothesis(
            f"sign(x0) has adversarial accuracy >= 1 - eta (it has {robust:.4g})",
            robust >= 1 - setting.loss - ROUNDING,
        ),
    )
    bound = setting.loss * setting.p * (1 - setting.p)
    if not all(h.satisfied for h in hypotheses):
        return Outcome(INCONCLUSIVE, spatial, bound, None, hypotheses)
    note = "sign(x0) refutes it"
    verdict = VIOLATED if spatial > bound + ROUNDING else HOLDS
    return Outcome(verdict, spatial, bound, None, hypotheses, (), note)


@register(
    "thm2b",
    title="Thm 2(b): S bounds A",
    locator="Section 3, Theorem 2",
    value_name="largest A that the attacks leave possible",
    bound_name="1 - (1-p)(1-eta)/p",
    parameters=PARAMETERS,
)
def _part_b(setting: Setting) -> Outcome:
    """If a classifier has spatial accuracy >= 1 - eta, then its adversarial accuracy against
    attacks of norm 4/sqrt(d) is <= 1 - (1-p)(1-eta)/p.
    """
    p, eta = setting.p, setting.loss
    best, source = _best_spatial(setting)
    text = f"some classifier has spatial accuracy >= 1 - eta (the best has {source} {best:.4g})"
    hypotheses = (budget_hypothesis(setting), Hypothesis(text, 1 - eta <= best + ROUNDING))
    value = float(largest_adversarial(exact(p), 1 - exact(eta)))
    bound = float(1 - (1 - exact(p)) * (1 - exact(eta)) / exact(p))
    found = witnesses(setting)
    broken = offenders(found, lambda s: float(theorem2_adversarial(s, p)), of="A")
    outcome = universal_outcome(setting, hypotheses, value, bound, broken)
    rule = x0_rule(setting.dist)
    spatial_enough = rule.spatial_accuracy(setting.dist) >= 1 - eta - ROUNDING
    attained = abs(rule.adversarial_accuracy(setting.dist, setting.budget) - bound) <= ROUNDING
    if outcome.verdict == HOLDS and spatial_enough and attained:
        note = "sign(x0) has A = S = p and attains the bound."
        return Outcome(EQUALITY, value, bound, None, hypotheses, outcome.quantities, note)
    return outcome


def _best_spatial(setting: Setting) -> tuple[float, str]:
    """Return S*, exactly or by quadrature; for very many shifts only a bound above it."""
    dist = setting.dist
    if dist.orbit.n_distinct > MOST_SHIFTS:
        return float(bayes_accuracy(setting.p)), "at most"
    key = (setting.word.tobytes(), setting.shift, setting.p)
    return _spatial_optimum(*key), "about"


@lru_cache(maxsize=1024)
def _spatial_optimum(word: bytes, shift: int, p: float) -> float:
    """Return S* to about 1e-3; the number does not depend on the seed of the simulations."""
    dist = CodeGaussian(np.frombuffer(word, dtype=np.int8), p, shift)
    return spatial_optimum(dist, rng=np.random.default_rng(0), error=1e-3).value


@register(
    "thm2.equality",
    title="Thm 2: both are attained",
    locator="beyond the paper",
    value_name="S of sign(x0)",
    bound_name="(1 - A) p/(1-p)",
    parameters=("codeword", "shift", "p", "budget"),
)
def _equality(setting: Setting) -> Outcome:
    """For eps < 1 the rule sign(x0) has natural, spatial and adversarial accuracy p and
    attains both parts of Theorem 2 with equality.
    """
    dist, p = setting.dist, setting.p
    rule = x0_rule(dist)
    spatial = rule.spatial_accuracy(dist)
    robust = rule.adversarial_accuracy(dist, setting.budget)
    hypotheses = (
        budget_hypothesis(setting),
        Hypothesis(
            f"eps < 1 (eps = {setting.budget / np.sqrt(dist.d):.3g})", setting.eps_below_one
        ),
        Hypothesis("p < 1", p < 1),
    )
    found = next(w for w in witnesses(setting) if w.name == rule.name)
    quantities = (found.spatial, found.adversarial)
    if not all(h.satisfied for h in hypotheses):
        note = "" if setting.eps_below_one else "The attack overwrites x0: sign(x0) is lost."
        return Outcome(INCONCLUSIVE, spatial, None, None, hypotheses, quantities, note)
    bound = (1 - robust) * p / (1 - p)
    other = 1 - (1 - p) * spatial / p
    equal = max(abs(spatial - bound), abs(robust - other), abs(spatial - p)) <= ROUNDING
    verdict = EQUALITY if equal else VIOLATED
    return Outcome(verdict, spatial, bound, None, hypotheses, quantities)


@register(
    "thm2.feasibility",
    title="Thm 2: what is feasible",
    locator="beyond the paper",
    value_name="largest A of any classifier",
    bound_name="p",
    parameters=("codeword", "shift", "p", "budget"),
)
def _feasibility(setting: Setting) -> Outcome:
    """Against attacks of norm 4/sqrt(d) no classifier has adversarial accuracy above p, so
    the hypothesis of Theorem 2(a) and of Theorem 3 cannot be met for eta < 1 - p.
    """
    p = setting.p
    hypotheses = (budget_hypothesis(setting),)
    # Independent of the closed form: the two attacks alone leave no (a, b) above p.
    relaxed = largest_adversarial(exact(p), exact(0.0))
    value = best_adversarial_accuracy(setting.dist, setting.budget)
    broken = offenders(witnesses(setting), lambda s: p, of="A")
    if setting.budget >= FULL_BUDGET and relaxed != exact(p):
        broken.append("the relaxation")
    outcome = universal_outcome(setting, hypotheses, value, p, broken)
    if outcome.verdict == HOLDS and abs(value - p) <= ROUNDING:
        note = "sign(x0) attains it; it holds from e = 2 on, where the class means can be merged."
        return Outcome(EQUALITY, value, p, None, hypotheses, outcome.quantities, note)
    if outcome.verdict == HOLDS:
        note = f"eps >= 1: the attack overwrites x0 too, and nothing above {value:.4g} is left."
        return Outcome(HOLDS, value, p, None, hypotheses, outcome.quantities, note)
    return outcome
