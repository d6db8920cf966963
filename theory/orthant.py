"""Normal orthant probabilities, and estimates: quasi-Monte-Carlo with Student's intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtrit

from ..arrays import Floats
from ..stats import Interval
from .accuracy import bivariate_normal_cdf

#: Independent scramblings of Sobol points: enough for a t interval, few enough to keep each point
#: set long.
SCRAMBLINGS = 16
_ERROR = 5e-5
_BITS = (9, 11, 13)


@dataclass(frozen=True)
class Estimate:
    """A number with what is known of its error."""

    value: float
    #: Confidence interval; None where the value is exact to rounding.
    interval: Interval | None
    #: How it was found: "exact" or the kind of simulation.
    method: str

    @property
    def low(self) -> float:
        """The lower end of the interval, or the value itself."""
        return self.value if self.interval is None else self.interval.low

    @property
    def high(self) -> float:
        """The upper end of the interval, or the value itself."""
        return self.value if self.interval is None else self.interval.high


def student(means: Floats, level: float, method: str) -> Estimate:
    """Return the mean of independent estimates of one number, with Student's interval."""
    value, count = float(means.mean()), len(means)
    half = -float(stdtrit(count - 1, (1 - level) / 2)) * float(means.std(ddof=1)) / math.sqrt(count)
    return Estimate(value, Interval(value - half, value + half, level), method)


def sobol(size: int, seed: int) -> Any:
    """Return a sampler of Sobol points in [0, 1)^size, scrambled by a seed."""
    from scipy.stats.qmc import Sobol  # a second to import

    return Sobol(size, scramble=True, rng=np.random.default_rng(seed))


def orthant_probability(
    limits: ArrayLike, correlation: ArrayLike, *, rng: np.random.Generator, level: float = 0.95
) -> Estimate:
    """Return Pr(Z_1 <= h_1, ..., Z_k <= h_k) for standard normal Z of a given correlation.

    Up to k = 2 in closed form, k = 3 by a Gaussian rule, to about 1e-12. More by Genz's
    separation of variables (A. Genz, Journal of Computational and Graphical Statistics 1 (1992),
    141-149) at 16 scramblings of Sobol points, with a t interval; `rng` seeds them.

    Examples
    --------
    >>> third = np.full((3, 3), 0.5) + np.eye(3) / 2
    >>> round(orthant_probability(np.zeros(3), third, rng=np.random.default_rng(0)).value, 12)
    0.25
    """
    h = np.asarray(limits, dtype=np.float64)
    r = np.asarray(correlation, dtype=np.float64)
    if np.isneginf(h).any():
        return Estimate(0.0, None, "exact")
    certain = np.isposinf(h)
    h, r = h[~certain], r[~certain][:, ~certain]
    if h.size == 0:
        return Estimate(1.0, None, "exact")
    if h.size == 1:
        return Estimate(float(ndtr(h[0])), None, "exact")
    if h.size == 2:
        return Estimate(float(bivariate_normal_cdf(h[0], h[1], r[0, 1])), None, "exact")
    if h.size == 3 and np.abs(r - np.eye(3)).max() < 0.999:
        return Estimate(_three(h, r), None, "exact")
    return _by_points(h, r, rng, level)


def _three(h: Floats, r: Floats) -> float:
    """Integrate over the variable with the lowest limit: given it two are left."""
    order = np.argsort(h)
    h, r = h[order], r[np.ix_(order, order)]
    x, weight = np.polynomial.legendre.leggauss(200)
    low, high = -9.0, min(float(h[0]), 9.0)
    if high <= low:
        return 0.0
    z = (high - low) / 2 * (x + 1) + low
    rest = np.sqrt(1 - r[0, 1:] ** 2)
    between = np.clip((r[1, 2] - r[0, 1] * r[0, 2]) / (rest[0] * rest[1]), -1, 1)
    pair = bivariate_normal_cdf(
        (h[1] - r[0, 1] * z) / rest[0], (h[2] - r[0, 2] * z) / rest[1], between
    )
    total = (weight * np.exp(-z * z / 2) * pair).sum() * (high - low) / 2
    return float(np.clip(total / math.sqrt(2 * math.pi), 0, 1))


def _by_points(h: Floats, r: Floats, rng: np.random.Generator, level: float) -> Estimate:
    order = np.argsort(h)
    h, root = h[order], _root(r[np.ix_(order, order)])
    seeds = rng.integers(2**63, size=SCRAMBLINGS).tolist()
    size = h.size - 1
    for bits in _BITS:
        points = (sobol(size, seed).random(1 << bits) for seed in seeds)
        means = [_separated(h, root, np.clip(u, 1e-16, 1 - 1e-16)).mean() for u in points]
        method = f"quasi-Monte-Carlo, {SCRAMBLINGS} x 2^{bits} Sobol points in {size} dimensions"
        found = student(np.array(means), level, method)
        if found.high - found.value <= _ERROR:
            break
    return replace(found, interval=Interval(max(found.low, 0.0), min(found.high, 1.0), level))


def _separated(h: Floats, root: Floats, uniform: Floats) -> Floats:
    """Return the product of the conditional probabilities of one variable after the other."""
    count = len(uniform)
    z = np.zeros((count, h.size))
    product = np.ones(count)
    for i in range(h.size):
        left = h[i] - z[:, :i] @ root[i, :i]
        # Where the root is 0 the variable is a combination of those before.
        fits = ndtr(left / root[i, i]) if root[i, i] else (left >= 0).astype(np.float64)
        product *= fits
        if i < h.size - 1:
            z[:, i] = ndtri(np.maximum(uniform[:, i] * fits, 1e-300))
    return product


def _root(r: Floats) -> Floats:
    """Return a lower triangular root of a correlation that may be singular."""
    size = len(r)
    root = np.zeros((size, size))
    for i in range(size):
        root[i, i] = math.sqrt(max(r[i, i] - float(root[i, :i] @ root[i, :i]), 0.0))
        if root[i, i] > 1e-7:
            root[i + 1 :, i] = (r[i + 1 :, i] - root[i + 1 :, :i] @ root[i, :i]) / root[i, i]
        else:
            root[i, i] = 0.0
    return root
