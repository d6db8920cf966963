"""The price of spatial robustness: S*(p, n), the best accuracy under a random shift.

The best classifier of (r X, Y) sees x_1..x_d through the n correlations g_j alone, jointly
normal with mean 2 y kappa_{j-i} and circulant covariance kappa_{j-k}: an n-dimensional
integral, exact in small cases, else by randomised quasi-Monte-Carlo with an error estimate.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import circulant
from scipy.special import ndtri

from ..arrays import Floats
from ..checks import check_real, fractions
from ..errors import InputError
from ..progress import Progress, silent
from ..random import as_rng
from ..stats import Interval
from .accuracy import MEAN_NORM, log_odds, two_class_accuracy
from .classifiers import exact_spatial_optimum
from .distribution import CodeGaussian
from .orthant import SCRAMBLINGS, Estimate, sobol, student

# Longest set of points in one scrambling, 2^18, and the largest number of shifts for which
# Sobol points exist in scipy (21201) and the circulant root is worth a dense product.
_MOST_BITS = 18
_MOST_SHIFTS = 2048
_BLOCK = 1 << 11


def spatial_optimum(
    dist: CodeGaussian,
    *,
    rng: np.random.Generator | int,
    error: float = 1e-4,
    level: float = 0.95,
    progress: Progress = silent,
) -> Estimate:
    """Return S*(p, n), the highest accuracy of any classifier on (r X, Y).

    The integrand is the larger posterior probability, max(P, 1 - P): smooth but for one
    kink, bounded by [1/2, 1], both values of x0 and all n shifts of the input averaged
    exactly; the symmetry (x0, g, y) -> -(x0, g, y) leaves y = 1 alone. Scrambled Sobol points,
    as many as it takes for the half-width of a t interval over 16 scramblings to be below
    `error`, at most 2^18 a scrambling. Theorem P11 of docs/theory/price.md and the propositions
    after it.

    Exact in the cases of :func:`~spadv.theory.classifiers.exact_spatial_optimum`; elsewhere `dist`
    may have at most 2048 different shifts, `rng` seeds the scramblings, and `progress` is told
    points used and the most that may be.

    Examples
    --------
    >>> dist = CodeGaussian([1, -1, 1, 1], p=0.6, shift=2)
    >>> spatial_optimum(dist, rng=np.random.default_rng(0)).method
    'exact'
    """
    error = check_real("error", error, low=1e-7, high=1)
    level = check_real("level", level, low=0.5, high=1 - 1e-9)
    exact = exact_spatial_optimum(dist)
    if exact is not None:
        return Estimate(exact, None, "exact")
    n = dist.orbit.n_distinct
    if n > _MOST_SHIFTS:
        raise InputError("dist", f"have at most {_MOST_SHIFTS} different shifts", n)
    root, kappa = _law_of_correlations(dist)
    seeds = as_rng(rng).integers(2**63, size=SCRAMBLINGS)
    bits = 9
    while True:
        work = partial(_average, bits=bits, root=root, kappa=kappa, p=dist.p)
        # numpy lets go of the interpreter in the long loops, so threads are enough.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            means = np.array(list(pool.map(work, seeds.tolist())))
        method = f"quasi-Monte-Carlo, {SCRAMBLINGS} x 2^{bits} Sobol points in {n} dimensions"
        found = student(means, level, method)
        half = found.high - found.value
        progress(2.0**bits, 2.0**_MOST_BITS, f"half-width {half:.1e}")
        if half <= error or bits >= _MOST_BITS:
            break
        # The error falls about as fast as the number of points grows: aim, do not creep.
        bits = min(_MOST_BITS, bits + max(1, round(math.log2(half / error))))
    # x0 alone reaches p: an estimate below it is noise.
    value = max(found.value, dist.p)
    interval = Interval(max(found.low, dist.p), min(max(found.high, value), 1.0), level)
    return Estimate(value, interval, method)


def orthogonal_limit(p: ArrayLike, n: ArrayLike, *, mean_norm: float = MEAN_NORM) -> Any:
    """Return the law of S*(p, n) for many orthogonal shifts of a word of norm M = `mean_norm`.

    The accuracy of telling +-s apart in unit noise beside x0, p Phi(s + L/(2s)) +
    (1-p) Phi(s - L/(2s)), with s = sqrt(sinh(M^2)/n), M = 2: Theorem P14 of docs/theory/price.md.
    It is approached slowly and from below: at p = 1/2 the excess over 1/2 is 66% of it at n = 63
    and 89% at n = 4095. Words that are only nearly orthogonal, such as maximal-length ones, have a
    smaller limit.

    Examples
    --------
    >>> round(float(orthogonal_limit(0.5, 4096)), 4)
    0.5325
    """
    m = check_real("mean_norm", mean_norm, low=1e-6, high=20)
    p, n = fractions(p=p, n=n)
    return two_class_accuracy(np.sqrt(np.sinh(m * m) / n), p)


def _law_of_correlations(dist: CodeGaussian) -> tuple[Floats, Floats]:
    """Return a root of the covariance of the different g_j, and their kappa.

    The columns of the root are ordered by their share of the variance, so that the first,
    best spread Sobol coordinates carry most.
    """
    n = dist.orbit.n_distinct
    kappa = dist.orbit.kappa[:n]  # the shifts repeat with period n_distinct
    values, vectors = np.linalg.eigh(circulant(kappa))
    order = np.argsort(values)[::-1]
    root = vectors[:, order] * np.sqrt(np.maximum(values[order], 0))
    return root, kappa


def _average(seed: int, bits: int, root: Floats, kappa: Floats, p: float) -> float:
    """Return the mean of the integrand over 2^bits points of one scrambling.

    Each point is one draw of the noise, used for every shift that X may have had: by symmetry all
    have the same mean. For shift i, sum_j exp(2 g_j) = sum_j exp(2 noise_j) exp(4 kappa_{j-i}).
    """
    n = len(kappa)
    sampler = sobol(n, seed)
    signal = np.exp(2 * MEAN_NORM * circulant(kappa))
    against = 1 / signal
    odds = float(log_odds(p))
    total = 0.0
    left = 1 << bits
    while left:
        count = min(left, _BLOCK)
        # A scrambled point may be 0; half a unit of the grid moves it inside.
        normal = ndtri(np.maximum(sampler.random(count), 2.0**-33))
        growth = np.exp(2 * (normal @ root.T))
        evidence = np.log((growth @ signal) / ((1 / growth) @ against))
        # The larger posterior, for either value of x0, weighted by their probabilities.
        agree = 1 / (1 + np.exp(-np.abs(evidence + odds)))
        differ = 1 / (1 + np.exp(-np.abs(evidence - odds))) if odds else agree
        total += float(p * agree.sum() + (1 - p) * differ.sum()) / n
        left -= count
    return total / (1 << bits)
