"""The price of spatial robustness as a claim: what serving every shift at once costs."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from ...result import EQUALITY, HOLDS, VIOLATED, Hypothesis, Quantity
from ..accuracy import bayes_accuracy, two_shift_accuracy
from ..classifiers import ShiftBayes
from ..price import orthogonal_limit, spatial_optimum
from ..template import mixture_value
from .independent import two_shifts_bayes
from .registry import Check, Differences, register, required
from .setting import ORBITS, PROBABILITIES, Setting
from .theorem2 import MOST_SHIFTS

# Half-width of the interval for S*: small beside that of the simulation it is compared with.
_ERROR = 2e-3
_ROUNDING = 1e-9
_FEW_SHIFTS = 4


@register(
    "price",
    title="Price of all n shifts",
    numbers="P11 P13",
    value_name="S*, the best accuracy on r X",
    bound_name="Bayes accuracy on X",
    # An integral in as many dimensions as there are shifts.
    grid=ORBITS | {"p": (0.5, 0.75)},
    remark="docs/theory/price.md, Theorem P11 to Theorem P14.",
)
def _price(setting: Setting) -> Check:
    """The best accuracy S*(p, n) of one classifier on randomly shifted input lies between p
    and the Bayes accuracy on X, and is that of the shift-Bayes rule.
    """
    dist = setting.dist
    n = dist.orbit.n_distinct
    natural = float(bayes_accuracy(setting.p))
    few = Hypothesis(f"at most {MOST_SHIFTS} different shifts ({n})", n <= MOST_SHIFTS)
    hypotheses = required(few, bound=natural)
    best = spatial_optimum(dist, rng=setting.rng("price"), error=_ERROR, level=setting.level)
    quantities: tuple[Quantity, ...] = ()
    if setting.samples:
        sample = dist.sample_correlations(setting.samples, setting.rng("shift-Bayes"))
        hits = int((ShiftBayes(dist).predict_correlations(sample) == sample.y).sum())
        # The quadrature's error is far below what this comparison can see.
        quantities = (Quantity("S of shift-Bayes", best.value, hits, setting.samples),)
    inside = best.low <= natural + _ROUNDING and best.high >= setting.p - _ROUNDING
    note = f"costs {natural - best.value:.4f}; {best.method}"
    if n <= _FEW_SHIFTS:
        # As the mixture of all shifts in the space of x, not of the correlations.
        means = np.stack([dist.rotated_mean(j) for j in range(n)])
        rng = setting.rng("mixture of shifts")
        mixed = mixture_value(means, np.full(n, 1 / n), setting.p, rng=rng, bits=8)
        apart = abs(mixed.value - best.value) - 2 * (mixed.high - mixed.value)
        if apart > max(best.high - best.value, 0.0) + 1e-9:
            inside = False
            note += f"; {mixed.value:.4f} as a mixture"
    verdict = VIOLATED if not inside else EQUALITY if n == 1 else HOLDS
    return Check(verdict, best.value, natural, hypotheses, quantities, note, best.interval)


@register(
    "price.two",
    title="Price of two shifts",
    numbers="P12",
    value_name="largest difference to a Bayes problem in the plane",
    grid={"p": PROBABILITIES},
    within=_ROUNDING,
)
def _two(setting: Setting) -> Differences:
    """For two words of correlation kappa, S* = p Phi((4(1+kappa) + L)/s) + (1-p) Phi((4(1+kappa) -
    L)/s), s = sqrt(8(1+kappa)); it is the Bayes accuracy for kappa = 1 and p for kappa = -1.
    """
    p = setting.p
    for kappa in (-1.0, -0.5, 0.0, 0.3, 1.0):
        found = float(two_shift_accuracy(kappa, p))
        yield f"kappa = {kappa}", abs(found - two_shifts_bayes(p, kappa))
        if kappa > -1 and p < 1:
            odds, size = math.log(p / (1 - p)), math.sqrt(8 * (1 + kappa))
            z = [(4 * (1 + kappa) + sign * odds) / size for sign in (1, -1)]
            stated = p * float(ndtr(z[0])) + (1 - p) * float(ndtr(z[1]))
            yield f"as stated, kappa = {kappa}", abs(found - stated)


@register(
    "price.limit",
    title="Price of many shifts",
    numbers="P14",
    value_name="excess of S* over 1/2 as a share of its limit's, 1023 orthogonal shifts",
    bound_name="1",
    grid={"p": (0.5,)},
)
def _limit(setting: Setting) -> Check:
    """For n orthogonal shifts S* - 1/2 approaches, from below, p Phi(s + L/(2s)) + (1-p) Phi(s -
    L/(2s)) - 1/2 with s = sqrt(sinh(4)/n); at p = 1/2 that is sqrt(sinh(4)/(2 pi n)) + o(n^-1/2).
    """
    p = 0.5
    # The limit's own law: at n = 10^10 the next term is below 1e-9 of it.
    n = 1e10
    law = (float(orthogonal_limit(p, n)) - 0.5) / math.sqrt(math.sinh(4) / (2 * math.pi * n))
    hypotheses = required(Hypothesis("p = 1/2", setting.p == p), bound=1.0)
    rng, shares, deviations = setting.rng("orthogonal"), [], []
    for count, draws in ((63, 40_000), (1023, 4_000)):
        g = rng.standard_normal((draws, count))
        # X itself is shifted by 0: the first correlation has mean 2.
        g[:, 0] += 2
        evidence = np.log(np.exp(2 * g).sum(axis=1) / np.exp(-2 * g).sum(axis=1))
        # The larger posterior probability, whose mean is S*.
        larger = 1 / (1 + np.exp(-np.abs(evidence)))
        excess = float(orthogonal_limit(p, count)) - 0.5
        shares.append((float(larger.mean()) - 0.5) / excess)
        deviations.append(float(larger.std()) / math.sqrt(draws) / excess)
    growing = shares[0] + 5 * deviations[0] < shares[1] < 1 + 5 * deviations[1]
    verdict = HOLDS if abs(law - 1) <= 1e-8 and growing else VIOLATED
    note = f"shares of the excess: {shares[0]:.3f} at n = 63, {shares[1]:.3f} at n = 1023"
    return Check(verdict, shares[1], 1.0, hypotheses, note=note)
