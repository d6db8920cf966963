"""Theorem 2, where it is attained, and where its hypothesis can be met at all.

What the attacks of the proofs force on every classifier is an exact linear program. Let
a = Pr(f(r_j X) = Y | X0 = Y) and b = Pr(f(r_j X) = Y | X0 != Y). Then

    S_j = p a + (1-p) b                          (by definition)
    A  <= p (1-b) + (1-p) (1-a)                  (the attack that sends y mu to -y r_j mu)
    A  <= p a + (1-p) b                          (the attack that sends y mu to y r_j mu)

for every classifier and every budget e >= 4, x0 untouched. The largest or smallest S
(or A) subject to these bounds what any classifier can do; averages over j satisfy the same
inequalities. Two unknowns: the optimum is at a corner, found in rational arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

import numpy as np

from ...result import EQUALITY, HOLDS, INCONCLUSIVE, UNSATISFIABLE, VIOLATED, Hypothesis, Quantity
from ..accuracy import FULL_BUDGET, bayes_accuracy
from ..attacks import imitating_attack, opposing_attack
from ..classifiers import ShiftBayes, bayes, best_adversarial_accuracy, x0_rule
from ..distribution import CodeGaussian
from ..laws import theorem2_adversarial, theorem2_spatial
from ..price import spatial_optimum
from ..words import parse_word
from .reference_classifiers import ReferenceClassifier, random_rule, reference_classifiers
from .registry import ROUNDING, Check, Differences, register, required
from .setting import FEWER_PROBABILITIES, ORBITS, Setting, default_etas, survives

#: S* is an integral in as many dimensions as there are different shifts.
MOST_SHIFTS = 128
GRID = ORBITS | {"p": FEWER_PROBABILITIES, "budget": (4.0,), "eta": default_etas}
_GRID_WITHOUT_ETA = ORBITS | {
    "p": FEWER_PROBABILITIES,
    # At e = 6 an attack on a short word overwrites x0; for long ones it is as at e = 4.
    "budget": lambda at: (4.0, 6.0) if parse_word(at["codeword"]).size < 64 else (4.0,),
}
_ATTAINED = "sign(x0) has A = S = p and attains the bound."

Point = tuple[Fraction, Fraction]
# u a + v b <= w
Constraint = tuple[Fraction, Fraction, Fraction] | tuple[int, int, int]


def exact(value: float) -> Fraction:
    """Return the decimal that the float prints as: 0.1 is 1/10."""
    return Fraction(repr(float(value)))


def spatial_range(p: Fraction, adversarial: Fraction) -> Point | None:
    """Return the least and the largest S over all (a, b) compatible with A >= `adversarial`.

    None if there is no such (a, b): then no classifier has that adversarial accuracy.
    """
    opposing, imitating = (1 - p, p, 1 - adversarial), (-p, p - 1, -adversarial)
    values = [p * a + (1 - p) * b for a, b in _corners(opposing, imitating)]
    return (min(values), max(values)) if values else None


def largest_adversarial(p: Fraction, spatial: Fraction) -> Fraction:
    """Return the largest A compatible with S >= `spatial`."""
    accurate = (-p, p - 1, -spatial)
    # The least of both bounds on A is concave with a kink on a + b = 1: its ends count too.
    corners = _corners(accurate) | _corners(accurate, (1, 1, 1), (-1, -1, -1))
    return max(min(_opposed(p, a, b), p * a + (1 - p) * b) for a, b in corners)


def largest_opposed(p: Fraction, adversarial: Fraction) -> Fraction:
    """Return the largest S that the opposing attack alone leaves beside A >= `adversarial`."""
    return max(p * a + (1 - p) * b for a, b in _corners((1 - p, p, 1 - adversarial)))


def largest_beside(p: Fraction, spatial: Fraction) -> Fraction:
    """Return the largest A that the opposing attack leaves given S exactly: U0 at D = 0."""
    corners = _corners((p, 1 - p, spatial), (-p, p - 1, -spatial))
    return max(_opposed(p, a, b) for a, b in corners)


def _opposed(p: Fraction, a: Fraction, b: Fraction) -> Fraction:
    return p * (1 - b) + (1 - p) * (1 - a)


@lru_cache(maxsize=4096)
def _corners(*constraints: Constraint) -> set[Point]:
    """Return the corners of the constraints within the unit square."""
    rows = [*constraints, (1, 0, 1), (0, 1, 1), (-1, 0, 0), (0, -1, 0)]
    found = set()
    for (u1, v1, w1), (u2, v2, w2) in combinations(rows, 2):
        determinant = Fraction(u1 * v2 - u2 * v1)
        if determinant:
            a = (w1 * v2 - w2 * v1) / determinant
            b = (u1 * w2 - u2 * w1) / determinant
            if all(u * a + v * b <= w for u, v, w in rows):
                found.add((a, b))
    return found


def budget_hypothesis(setting: Setting) -> Hypothesis:
    """Return the theorems' condition on the budget."""
    text = f"attacks of norm eps >= 4/sqrt(d) (e = {setting.budget:g})"
    return Hypothesis(text, setting.budget >= FULL_BUDGET)


def robust_hypothesis(setting: Setting) -> Hypothesis:
    """Return whether any classifier has adversarial accuracy >= 1 - eta."""
    best = best_adversarial_accuracy(setting.dist, setting.budget)
    text = f"some classifier has adversarial accuracy >= 1 - eta (the best has {best:.4g})"
    return Hypothesis(text, 1 - setting.loss <= best + ROUNDING)


def all_quantities(found: Sequence[ReferenceClassifier]) -> tuple[Quantity, ...]:
    """Return the spatial and the adversarial accuracy of each classifier, in order."""
    return tuple(q for one in found for q in one.quantities)


def breaking(setting: Setting, allowed: Callable[[float], float], *, of: str = "S") -> list[str]:
    """Return the names of the reference classifiers that break a law."""
    return [one.name for one in reference_classifiers(setting) if one.breaks(allowed, of=of)]


def for_every_classifier(
    setting: Setting,
    hypotheses: tuple[Hypothesis, ...],
    value: float | None,
    bound: float,
    broken: list[str],
    note: str = "",
) -> Check:
    """Return the check of "for every classifier, value <= bound".

    That `value` is the supremum over a relaxation that contains every classifier (None if
    nothing is in it), so value <= bound proves the claim at this setting. The first of the
    hypotheses is that on the budget; unmet, the check is inconclusive. `broken` are the names
    of classifiers that break the claim.
    """
    budget_met, *rest = hypotheses
    if not budget_met.satisfied:
        verdict, note = INCONCLUSIVE, "The theorem says nothing about budgets below 4."
    elif broken:
        verdict, note = VIOLATED, f"Broken by {', '.join(broken)}."
    elif not all(h.satisfied for h in rest):
        verdict = UNSATISFIABLE
        note = note or "No classifier meets the hypothesis: vacuous here."
    else:
        verdict = HOLDS if value is None or value <= bound + ROUNDING else VIOLATED
    quantities = all_quantities(reference_classifiers(setting))
    return Check(verdict, value, bound, hypotheses, quantities, note)


def _x0_accuracies(setting: Setting) -> tuple[float, float]:
    """Return S and A of sign(x0)."""
    rule = x0_rule(setting.dist)
    spatial = rule.spatial_accuracy(setting.dist)
    return spatial, rule.adversarial_accuracy(setting.dist, setting.budget)


def _attained(setting: Setting, found: Check, given: str) -> Check:
    """Say that sign(x0) attains a bound of Theorem 2 where eta = 1 - p; it has to, if eps < 1."""
    if found.verdict != HOLDS or found.bound is None:
        return found
    spatial, robust = _x0_accuracies(setting)
    has, other = (robust, spatial) if given == "A" else (spatial, robust)
    if has >= 1 - setting.loss - ROUNDING and abs(other - found.bound) <= ROUNDING:
        return replace(found, verdict=EQUALITY, note=_ATTAINED)
    if setting.eps < 1 and abs(setting.loss - (1 - setting.p)) <= ROUNDING:
        note = f"sign(x0) has A = {robust:.6g}, S = {spatial:.6g} and should attain it."
        return replace(found, verdict=VIOLATED, note=note)
    return found


@register(
    "thm2.relaxation",
    title="Thm 2: what the attacks force",
    locator="Supplement, proof of Theorem 2",
    numbers="2.1",
    value_name="largest difference to closed forms, or violation by a rule",
    grid=ORBITS | {"p": FEWER_PROBABILITIES},
)
def _relaxation(setting: Setting) -> Differences:
    """With a = Pr(f(r_j X) = Y | X0 = Y) and b = Pr(f(r_j X) = Y | X0 != Y), every classifier has
    A <= p (1-b) + (1-p)(1-a) and A <= p a + (1-p) b = S_j at budget 4. The S compatible with
    A >= A' are those from A' to p + (1-p)(p-A')/p, none for A' > p; the A compatible with S >= S'
    go up to p, and for S' > p to p (1-S')/(1-p).
    """
    dist, p = setting.dist, setting.p
    yield required(Hypothesis("p < 1", p < 1))
    yield "the linear program", float(_wrong_program(exact(p)))
    rng = setting.rng("relaxation")
    rules = [x0_rule(dist), bayes(dist), *(random_rule(dist, rng) for _ in range(3))]
    shifts = sorted({0, *dist.orbit.moving[:2].tolist()})
    alone, even = (CodeGaussian(setting.word, q, setting.shift) for q in (1.0, 0.5))
    for rule in rules:
        # a is what p = 1 gives, (a + b)/2 what p = 1/2 does.
        a = rule.shifted_accuracies(alone)[shifts]
        b = 2 * rule.shifted_accuracies(even)[shifts] - a
        robust = rule.adversarial_accuracy(dist, FULL_BUDGET)
        allowed = np.minimum(p * (1 - b) + (1 - p) * (1 - a), p * a + (1 - p) * b)
        yield rule.name, float((robust - allowed).max())
        if rule is rules[0] and dist.d > FULL_BUDGET**2:
            yield "sign(x0), attained", abs(float(allowed.min()) - p) + abs(robust - p)
    for j in shifts:
        moved = [
            dist.mean + attack(dist, j, FULL_BUDGET).displacement
            for attack in (opposing_attack, imitating_attack)
        ]
        gap = np.abs(np.array(moved) - [-dist.rotated_mean(j), dist.rotated_mean(j)]).max()
        yield f"the attacks reach shift {j}", float(gap)


@lru_cache
def _wrong_program(p: Fraction) -> bool:
    """Return whether some corner differs from the closed forms."""
    for at in (Fraction(k, 20) for k in range(21)):
        wanted = (at, p + (1 - p) * (p - at) / p) if at <= p else None
        top = p if at <= p else p * (1 - at) / (1 - p)
        if spatial_range(p, at) != wanted or largest_adversarial(p, at) != top:
            return True
    return False


@register(
    "thm2a",
    title="Thm 2(a): A bounds S",
    locator="Section 3, Theorem 2",
    numbers="2",
    value_name="largest S that the attacks leave possible",
    bound_name="eta p/(1-p)",
    grid=GRID,
)
def _part_a(setting: Setting) -> Check:
    """If a classifier has adversarial accuracy >= 1 - eta against attacks of norm 4/sqrt(d),
    then its spatial accuracy is <= eta p/(1-p).
    """
    p, eta = setting.p, setting.loss
    hypotheses = (budget_hypothesis(setting), robust_hypothesis(setting))
    if p == 1:
        note = "At p = 1 the bound is infinite (undefined for eta = 0): it says nothing."
        quantities = all_quantities(reference_classifiers(setting))
        return Check(INCONCLUSIVE, 1.0, None, hypotheses, quantities, note)
    possible = spatial_range(exact(p), 1 - exact(eta))
    value = None if possible is None else float(possible[1])
    bound = float(exact(eta) * exact(p) / (1 - exact(p)))
    broken = breaking(setting, lambda a: float(theorem2_spatial(a, p)))
    # The function itself, both ways: up to eta = 1 - p its attack leaves no less.
    opposed = float(largest_opposed(exact(p), 1 - exact(eta)))
    found = float(theorem2_spatial(1 - eta, p, max(setting.budget, FULL_BUDGET)))
    sharp = eta > 1 - p + ROUNDING or abs(found - opposed) <= ROUNDING
    if not (sharp and found >= opposed - ROUNDING and abs(found - min(bound, 1.0)) <= ROUNDING):
        broken.append(f"theorem2_spatial, which gives {found:.6g}")
    return _attained(setting, for_every_classifier(setting, hypotheses, value, bound, broken), "A")


@register(
    "thm2a.no_fraction",
    title="Thm 2(a): no fraction bar",
    locator="plain-text copies of Section 3, Theorem 2",
    numbers="2 E3",
    value_name="S of sign(x0)",
    bound_name="eta p (1-p)",
    grid=GRID,
    expected=VIOLATED,
    remark="The proof has eta p/(1-p), which is what is meant: plain-text copies lose the "
    "fraction bars of the theorem (in part (b) too).",
)
def _without_fraction(setting: Setting) -> Check:
    """As text copies of the paper print it, with the fraction bar lost: adversarial accuracy
    >= 1 - eta implies spatial accuracy <= eta p (1-p).
    """
    spatial, robust = _x0_accuracies(setting)
    text = f"sign(x0) has adversarial accuracy >= 1 - eta (it has {robust:.4g})"
    met = Hypothesis(text, robust >= 1 - setting.loss - ROUNDING)
    bound = setting.loss * setting.p * (1 - setting.p)
    hypotheses = required(budget_hypothesis(setting), met, value=spatial, bound=bound)
    verdict = VIOLATED if spatial > bound + ROUNDING else HOLDS
    return Check(verdict, spatial, bound, hypotheses, note="sign(x0) refutes it")


@register(
    "thm2b",
    title="Thm 2(b): S bounds A",
    locator="Section 3, Theorem 2",
    numbers="2",
    value_name="largest A that the attacks leave possible",
    bound_name="1 - (1-p)(1-eta)/p",
    grid=GRID,
)
def _part_b(setting: Setting) -> Check:
    """If a classifier has spatial accuracy >= 1 - eta, then its adversarial accuracy against
    attacks of norm 4/sqrt(d) is <= 1 - (1-p)(1-eta)/p.
    """
    p, eta = setting.p, setting.loss
    best, source = _spatial_optimum(setting, 1 - eta)
    text = f"some classifier has spatial accuracy >= 1 - eta (the best has {source} {best:.4g})"
    hypotheses = (budget_hypothesis(setting), Hypothesis(text, 1 - eta <= best + ROUNDING))
    value = float(largest_adversarial(exact(p), 1 - exact(eta)))
    bound = float(1 - (1 - exact(p)) * (1 - exact(eta)) / exact(p))
    broken = breaking(setting, lambda s: float(theorem2_adversarial(s, p)), of="A")
    # The function itself, both ways: up to S = p its attack leaves no less.
    opposed = float(largest_beside(exact(p), 1 - exact(eta)))
    found = float(theorem2_adversarial(1 - eta, p, max(setting.budget, FULL_BUDGET)))
    sharp = 1 - eta > p + ROUNDING or abs(found - opposed) <= ROUNDING
    if not (sharp and found >= opposed - ROUNDING and abs(found - bound) <= ROUNDING):
        broken.append(f"theorem2_adversarial, which gives {found:.6g}")
    return _attained(setting, for_every_classifier(setting, hypotheses, value, bound, broken), "S")


def _spatial_optimum(setting: Setting, wanted: float) -> tuple[float, str]:
    """Return S*, as exactly as it takes to tell whether it is at least `wanted`, and how."""
    if wanted <= setting.p:
        return setting.p, "at least"
    if setting.dist.orbit.n_distinct > MOST_SHIFTS:
        return float(bayes_accuracy(setting.p)), "at most"
    for one in reference_classifiers(setting):
        # The best classifier of random shifts; simulated it may be too close to tell.
        if one.name == ShiftBayes.name and not one.could_be(wanted):
            return one.spatial.exact or one.spatial.simulated or 0.0, "about"
    alone = setting.only("shift", "p")
    rough = _optimum(alone, 5e-3)
    return (rough if abs(rough - wanted) > 0.02 else _optimum(alone, 1e-3)), "about"


@lru_cache(maxsize=1024)
def _optimum(setting: Setting, error: float) -> float:
    """Return S*; the number does not depend on the seed of the simulations."""
    return spatial_optimum(setting.dist, rng=np.random.default_rng(0), error=error).value


@register(
    "thm2.equality",
    title="Thm 2: both are attained",
    numbers="2.2 L7",
    value_name="S of sign(x0)",
    bound_name="(1 - A) p/(1-p)",
    grid=_GRID_WITHOUT_ETA,
)
def _equality(setting: Setting) -> Check:
    """For eps < 1 the rule sign(x0) has natural, spatial and adversarial accuracy p and
    attains both parts of Theorem 2 with equality.
    """
    p = setting.p
    spatial, robust = _x0_accuracies(setting)
    hypotheses = (
        budget_hypothesis(setting),
        survives(setting),
        Hypothesis("p < 1", p < 1),
    )
    quantities = next(c for c in reference_classifiers(setting) if c.name == "sign(x0)").quantities
    if not all(h.satisfied for h in hypotheses):
        note = "" if setting.eps < 1 else "The attack overwrites x0: sign(x0) is lost."
        return Check(INCONCLUSIVE, spatial, None, hypotheses, quantities, note)
    bound = (1 - robust) * p / (1 - p)
    other = 1 - (1 - p) * spatial / p
    equal = max(abs(spatial - bound), abs(robust - other), abs(spatial - p)) <= ROUNDING
    return Check(EQUALITY if equal else VIOLATED, spatial, bound, hypotheses, quantities)


@register(
    "thm2.feasibility",
    title="Thm 2: what is feasible",
    numbers="2.3 E4 L2 L7",
    value_name="largest A of any classifier",
    bound_name="p",
    grid=_GRID_WITHOUT_ETA,
)
def _feasibility(setting: Setting) -> Check:
    """Against attacks of norm 4/sqrt(d) no classifier has adversarial accuracy above p, so
    the hypothesis of Theorem 2(a) and of Theorem 3 cannot be met for eta < 1 - p.
    """
    p = setting.p
    # Independent of the closed form: the two attacks alone leave no (a, b) above p.
    relaxed = largest_adversarial(exact(p), exact(0.0))
    value = best_adversarial_accuracy(setting.dist, setting.budget)
    broken = breaking(setting, lambda s: p, of="A")
    if setting.budget >= FULL_BUDGET and relaxed != exact(p):
        broken.append("the relaxation")
    found = for_every_classifier(setting, (budget_hypothesis(setting),), value, p, broken)
    if found.verdict == HOLDS and abs(value - p) <= ROUNDING:
        note = "sign(x0) attains it; it holds from e = 2 on, where the class means can be merged."
        return replace(found, verdict=EQUALITY, note=note)
    if found.verdict == HOLDS:
        note = f"eps >= 1: the attack overwrites x0 too, and nothing above {value:.4g} is left."
        return replace(found, note=note)
    return found
