"""Proposition 1: as stated, its mended proof, and exactly how far it reaches."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from ...checks import check_probability, check_real
from ...errors import InputError
from ...result import EQUALITY, HOLDS, INCONCLUSIVE, UNSATISFIABLE, VIOLATED, Hypothesis, Quantity
from ..accuracy import bayes_accuracy, shifted_accuracy
from .registry import ROUNDING, Check, at_most, register
from .setting import ORBITS, PROBABILITIES, Setting

#: Relative distance that the proposition asks for.
DELTA = 3 / 8
#: Accuracy that it promises on X and on r_j X, and the ceiling for f* on r_j X.
FLOOR, CEILING = 0.97, 0.85

_GRID = ORBITS | {"p": PROBABILITIES}
# Correlations drawn for one setting, and how many of them are held at once.
_MOST_CORRELATIONS = 1 << 24
_PART_DOUBLES = 1 << 22


def largest_p(kappa: float, ceiling: float = CEILING) -> float:
    """Return the largest p in [1/2, 1] at which f* has accuracy <= `ceiling` on r_j X.

    The accuracy increases with p, so the p that qualify are the interval from 1/2 to here;
    NaN if no p qualifies. `kappa` in [-1, 1] is the normalised autocorrelation at the shift,
    `ceiling` lies in (0, 1). Proposition 1 of arXiv 2002.11318 asks for a ceiling of 85%.

    Examples
    --------
    >>> round(largest_p(0.25), 5)
    0.93552
    """
    kappa = check_real("kappa", kappa, low=-1, high=1)
    rule = "lie between 0 and 1"
    if not 0 < check_real("ceiling", ceiling, low=0, high=1, rule=rule) < 1:
        raise InputError("ceiling", rule, ceiling)
    if shifted_accuracy(kappa, 0.5) > ceiling:
        return float("nan")
    if shifted_accuracy(kappa, 1.0) <= ceiling:
        return 1.0
    return float(
        brentq(lambda p: shifted_accuracy(kappa, p) - ceiling, 0.5, 1, xtol=1e-15, rtol=1e-14)
    )


def smallest_delta(p: float, ceiling: float = CEILING) -> float:
    """Return the smallest relative distance at which f* has accuracy <= `ceiling` on r_j X.

    At p = 1/2: (1 - Phi^-1(ceiling)/2)/2. The accuracy decreases with the distance, so
    every larger distance in [0, 1] qualifies; NaN if none does. Proposition 1 of
    arXiv 2002.11318 asks for 3/8.

    Examples
    --------
    >>> round(smallest_delta(0.5), 5)
    0.24089
    """
    p = check_probability("p", p)
    if shifted_accuracy(-1.0, p) > ceiling:
        return float("nan")
    if shifted_accuracy(1.0, p) <= ceiling:
        return 0.0
    kappa = brentq(lambda k: shifted_accuracy(k, p) - ceiling, -1, 1, xtol=1e-15, rtol=1e-14)
    return float((1 - kappa) / 2)


class BayesOnShifts(NamedTuple):
    """Accuracy of f* on X, on the r_j X with r_j c != c where it is highest, and on r X.

    Without such a j, `worst` is None and `highest`, its exact accuracy there, is NaN.
    """

    natural: Quantity
    worst: Quantity | None
    average: Quantity
    highest: float

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Those that there are."""
        return tuple(q for q in (self.natural, self.worst, self.average) if q is not None)


def bayes_on_shifts(setting: Setting) -> BayesOnShifts:
    """Return the accuracies that Proposition 1 speaks of."""
    return _bayes_on_shifts(setting.only("shift", "p", "samples", "seed"))


@lru_cache(maxsize=1024)
def _bayes_on_shifts(setting: Setting) -> BayesOnShifts:
    dist, moving, n = setting.dist, setting.dist.orbit.moving, setting.dist.n_shifts
    exact = shifted_accuracy(dist.orbit.kappa, dist.p)
    worst = int(moving[np.argmax(exact[moving])]) if moving.size else 0
    trials = min(setting.samples, max(500, _MOST_CORRELATIONS // n))
    hits = [0, 0, 0]
    rng = setting.rng("bayes on shifts")
    rows = max(1, _PART_DOUBLES // n)
    for start in range(0, trials, rows):
        x0, g, y = dist.sample_correlations(min(rows, trials - start), rng)
        # f* applied to r_j x sees <c, r_j x>/sqrt(d) = g_{-j}.
        evidence = np.where(x0 > 0, dist.log_odds, -dist.log_odds)
        shifts = (np.zeros(len(y), dtype=np.intp), np.full(len(y), worst))
        for i, j in enumerate((*shifts, rng.integers(n, size=len(y)))):
            score = evidence + 4 * g[np.arange(len(y)), -j % n]
            hits[i] += int((np.where(score >= 0, 1, -1) == y).sum())

    def quantity(where: str, exactly: float, count: int) -> Quantity:
        simulated = (count, trials) if trials else (None, None)
        return Quantity(f"accuracy of f* on {where}", float(exactly), *simulated)

    return BayesOnShifts(
        natural=quantity("X", bayes_accuracy(dist.p), hits[0]),
        worst=quantity(f"r_{worst} X", exact[worst], hits[1]) if moving.size else None,
        average=quantity("r X", exact.mean(), hits[2]),
        highest=float(exact[worst]) if moving.size else float("nan"),
    )


def _distance_hypothesis(setting: Setting) -> Hypothesis:
    found = setting.dist.orbit.min_delta
    shown = "undefined: no shift moves the word" if found is None else f"{found:.4g}"
    text = f"relative distance of the orbit at least 3/8 (it is {shown})"
    return Hypothesis(text, found is not None and found >= DELTA)


@register(
    "prop1",
    title="Proposition 1 as stated",
    locator="Section 3, Proposition 1",
    numbers="1",
    value_name="highest accuracy of f* on an r_j X with r_j c != c",
    bound_name="85%",
    grid=_GRID,
)
def _as_stated(setting: Setting) -> Check:
    """There are p >= 1/2 and a cyclic code of relative distance >= 3/8 such that the best
    classifiers of X and of r_j X have accuracy >= 97%, but the best classifier of X has
    accuracy <= 85% on every r_j X. (Read with j such that r_j c != c.)
    """
    found = bayes_on_shifts(setting)
    distance = _distance_hypothesis(setting)
    hypotheses = (Hypothesis("p >= 1/2", True), distance)
    natural = found.natural.exact or 0.0
    verdict = INCONCLUSIVE
    if not distance.satisfied:
        note = "This orbit is too close to itself to be the code that the proposition promises."
    elif natural >= FLOOR and found.highest <= CEILING:
        verdict = HOLDS
        note = f"A witness: natural accuracy {natural:.4f}, at most {found.highest:.4f} shifted."
    else:
        note = (
            "No witness at this p (x0 alone is too informative); the proposition only says "
            "that some p is."
        )
    return Check(verdict, found.highest, CEILING, hypotheses, found.quantities, note)


@register(
    "prop1.variance",
    title="Prop 1: variance in proof",
    locator="Supplement, proof of Proposition 1",
    numbers="1.1 E1",
    value_name="variance of the shifted sum / d",
    bound_name="printed variance / d",
    grid=_GRID,
    expected=VIOLATED,
    remark="The sum has d independent terms of variance 1, so its variance is d whatever their "
    "signs (for simplex codes the printed value is even negative). The accuracy at p -> 1/2 is "
    "Phi(2 kappa), not Phi(2 sqrt(kappa)); the proposition survives, with more room.",
)
def _variance(setting: Setting) -> Check:
    """The sum over S_j of c_t X_t minus the sum over its complement, given Y, has variance
    2|S_j| - d, where S_j is the set of places in which c and r_j c agree.
    """
    orbit = setting.dist.orbit
    moving = orbit.moving
    if not moving.size:
        return Check(INCONCLUSIVE, note="No shift moves the word: there is no such sum.")
    j = int(moving[np.argmax(orbit.kappa[moving])])
    printed = float(orbit.kappa[j])
    # A sum of d independent terms +-X_t, each of variance 1. Exactly d, whatever the signs.
    true = 1.0
    quantities = []
    if setting.samples:
        # From raw samples of X: the correlations' own sampler assumes the covariance.
        trials = setting.trials
        signs = np.concatenate([[0], orbit.rotated(j)]) / np.sqrt(orbit.d)
        inside = 0
        for x, y in setting.dist.stream(trials, setting.rng("variance")):
            centred = x @ signs - 2 * y * printed
            # Within one deviation of its mean with probability 0.6827 if the variance is d.
            inside += int((np.abs(centred) <= 1).sum())
        name = f"share of the sum (j = {j}) within sqrt(d) of its mean"
        quantities.append(Quantity(name, float(2 * ndtr(1) - 1), inside, trials))
    negative = ", a negative variance" if printed < 0 else ""
    note = f"printed: {printed:.4g} d at j = {j}{negative}"
    verdict = VIOLATED if abs(true - printed) > ROUNDING else EQUALITY
    return Check(verdict, true, printed, (), tuple(quantities), note)


@register(
    "prop1.corrected",
    title="Prop 1: true variance",
    locator="Supplement, proof of Proposition 1, mended",
    numbers="1.1 E1",
    value_name="highest Phi(2 kappa_j) over r_j c != c",
    bound_name="Phi(1/2)",
    grid=ORBITS,
)
def _corrected(setting: Setting) -> Check:
    """For relative distance >= 3/8 and p -> 1/2, the best classifier of X has accuracy
    Phi(2 kappa_j) <= Phi(1/2) = 0.6915 on every r_j X with r_j c != c.
    """
    distance = _distance_hypothesis(setting)
    at_half = Setting(setting.word, setting.shift, 0.5, samples=setting.samples, seed=setting.seed)
    found = bayes_on_shifts(at_half)
    bound = float(ndtr(0.5))
    if not distance.satisfied:
        note = "The orbit has a smaller distance; the bound speaks of others."
        return Check(INCONCLUSIVE, found.highest, bound, (distance,), note=note)
    verdict = at_most(found.highest, bound)
    return Check(verdict, found.highest, bound, (distance,), found.quantities)


@register(
    "prop1.p_interval",
    title="Prop 1: interval of p",
    locator="sharpens Section 3, Proposition 1",
    numbers="1.2",
    value_name="largest p for this orbit",
    bound_name="0.93552, the largest p for distance 3/8",
    grid=ORBITS,
)
def _p_interval(setting: Setting) -> Check:
    """For every code of relative distance >= 3/8, the conclusions of Proposition 1 hold for
    every p from 1/2 to 0.93552..., and for an orbit of larger distance up to a larger p.
    """
    # One p-interval, because the accuracy rises with p: symbolic derivation "monotonicity".
    distance = _distance_hypothesis(setting)
    guaranteed = largest_p(1 - 2 * DELTA)
    delta = setting.dist.orbit.min_delta
    value = float("nan") if delta is None else largest_p(1 - 2 * delta)
    if delta is None or not distance.satisfied:
        note = "The orbit has a smaller distance; its own interval may be shorter or empty."
        return Check(INCONCLUSIVE, value, guaranteed, (distance,), note=note)
    # The natural accuracy is lowest at p = 1/2, where it is Phi(2) = 0.977.
    ends_right = value == 1 or abs(shifted_accuracy(1 - 2 * delta, value) - CEILING) < 1e-9
    accurate = bayes_accuracy(0.5) >= FLOOR
    verdict = at_most(guaranteed, value) if ends_right and accurate else VIOLATED
    note = f"All three conclusions hold exactly for p in [0.5, {value:.5f}]."
    return Check(verdict, value, guaranteed, (distance,), note=note)


@register(
    "prop1.smallest_delta",
    title="Prop 1: smallest distance",
    locator="sharpens Section 3, Proposition 1",
    numbers="1.2",
    value_name="relative distance of the orbit",
    bound_name="smallest distance that gives 85% at this p",
    grid=_GRID,
)
def _smallest_delta(setting: Setting) -> Check:
    """At each p there is a smallest relative distance that brings the accuracy of f* on
    r_j X to 85% (0.24089... at p = 1/2, not 3/8): it is reached by every orbit at or above
    that distance and by no orbit below it.
    """
    found = bayes_on_shifts(setting)
    needed = smallest_delta(setting.p)
    delta = setting.dist.orbit.min_delta
    if delta is None:
        return Check(INCONCLUSIVE, None, needed, note="No shift moves the word.")
    if np.isnan(needed):
        note = f"At p = {setting.p:g} x0 alone exceeds 85%: no distance is enough."
        verdict = HOLDS if found.highest > CEILING else VIOLATED
        return Check(verdict, delta, None, (), found.quantities, note)
    reached = found.highest <= CEILING
    verdict = HOLDS if reached == (delta >= needed) else VIOLATED
    if verdict == HOLDS and delta == needed:
        verdict = EQUALITY
    note = f"85% is {'reached' if reached else 'not reached'}: distance {delta:.4f}."
    return Check(verdict, delta, needed, (), found.quantities, note)


@register(
    "prop1.any_j",
    title="Prop 1: any j, literally",
    locator="Section 3, Proposition 1",
    numbers="1 E2",
    value_name="highest accuracy of f* on r_j X over every j",
    bound_name="85%",
    grid=_GRID,
    expected=VIOLATED,
    remark="j = d/m is the identity, where r_j X is X and f* is as good as ever; a word of "
    "smaller period is fixed by more j. 'Any j' must mean any j with r_j c != c.",
)
def _any_j(setting: Setting) -> Check:
    """Read literally: the best classifier of X has accuracy <= 85% on r_j X for *any* j in
    {1, ..., d/m}.
    """
    found = bayes_on_shifts(setting)
    fixed = setting.dist.orbit.fixed
    value = found.natural.exact
    others = f", and {fixed.size - 1} more j fix the word" if fixed.size > 1 else ""
    note = f"j = {setting.dist.n_shifts} is the identity{others}"
    verdict = VIOLATED if (value or 0) > CEILING else HOLDS
    return Check(verdict, value, CEILING, (), (found.natural,), note)


@register(
    "prop1.random_shift",
    title="Prop 1: random shift",
    locator="Supplement, end of the proof of Proposition 1",
    numbers="1.2",
    value_name="accuracy of f* on r X",
    bound_name="85%",
    grid=_GRID,
)
def _random_shift(setting: Setting) -> Check:
    """The best classifier of X has accuracy <= 85% on r X for the uniformly random shift r
    as well, although r is the identity with probability m/d: at p -> 1/2 the accuracy is at
    most (Phi(2) + (n-1) Phi(1/2))/n <= 0.8344 for n = d/m >= 2 different shifts.
    """
    average = bayes_on_shifts(setting).average
    n = setting.dist.orbit.n_distinct
    value = float(average.exact or 0)
    worst = float((ndtr(2) + (n - 1) * ndtr(0.5)) / n)
    distance = _distance_hypothesis(setting)
    several = Hypothesis("at least two different shifts", n >= 2)
    near_half = Hypothesis(f"p close to 1/2: here p = {setting.p:g}", setting.p <= 0.5 + 1e-9)
    if not several.satisfied:
        verdict = UNSATISFIABLE
    elif not distance.satisfied:
        verdict = INCONCLUSIVE
    elif not near_half.satisfied:
        verdict = HOLDS if value <= CEILING else INCONCLUSIVE
    else:
        verdict = HOLDS if value <= min(worst, CEILING) + ROUNDING else VIOLATED
    note = f"At p = 1/2 no orbit of distance 3/8 with as many shifts exceeds {worst:.4f}."
    hypotheses = (distance, several, near_half)
    return Check(verdict, value, CEILING, hypotheses, (average,), note)
