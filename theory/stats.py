"""Intervals and exact tests for proportions.

Everything here uses `scipy.special` alone: importing `scipy.stats` costs a second.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import betainc, betaincinv, ndtri

from .errors import InputError, check_integer, check_real


class Interval(NamedTuple):
    """A confidence interval [low, high] at a stated level (a fraction, e.g. 0.95).

    Attributes
    ----------
    low, high : float
        Its ends.
    level : float
        Confidence level in (0, 1).
    """

    low: float
    high: float
    level: float

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Return the exact binomial confidence interval of Clopper and Pearson.

    Parameters
    ----------
    successes, trials : int
        Observed successes out of `trials` independent trials.
    level : float
        Confidence level in (0, 1). Coverage is at least this for every true value.

    Returns
    -------
    Interval
        Both ends in [0, 1].

    Raises
    ------
    InputError
        If the counts are no counts, or `level` is not in (0, 1).

    References
    ----------
    Clopper and Pearson, Biometrika 26 (1934), 404-413.

    Examples
    --------
    >>> low, high, _ = clopper_pearson(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.3085)
    """
    k, n, alpha = _counts(successes, trials, level)
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, alpha / 2))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - alpha / 2))
    return Interval(low, high, level)


def wilson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Return Wilson's score interval: close to nominal coverage, shorter than Clopper-Pearson.

    Unlike that of :func:`clopper_pearson`, its coverage may fall below the level.

    Parameters
    ----------
    successes, trials, level
        As in :func:`clopper_pearson`.

    Returns
    -------
    Interval
        Both ends in [0, 1].

    Raises
    ------
    InputError
        If the counts are no counts, or `level` is not in (0, 1).

    References
    ----------
    E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.

    Examples
    --------
    >>> low, high, _ = wilson(5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    k, n, alpha = _counts(successes, trials, level)
    z = -float(ndtri(alpha / 2))
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    # At the ends the formula equals 0 or 1; rounding must not push it past them.
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return Interval(low, high, level)


def binomial_p_value(successes: int, trials: int, probability: float) -> float:
    """Two-sided exact binomial p-value: twice the smaller tail, at most 1.

    Parameters
    ----------
    successes, trials : int
        Observed successes out of `trials`.
    probability : float
        Success probability under the hypothesis, in [0, 1].

    Examples
    --------
    >>> round(binomial_p_value(8, 10, 0.5), 6)
    0.109375
    """
    k, n, _ = _counts(successes, trials, 0.5)
    q = check_real("probability", probability, low=0, high=1)
    upper = 1.0 if k == 0 else float(betainc(k, n - k + 1, q))
    lower = 1.0 if k == n else float(betainc(n - k, k + 1, 1 - q))
    return min(1.0, 2 * min(lower, upper))


def _counts(successes: int, trials: int, level: float) -> tuple[int, int, float]:
    n = check_integer("trials", trials, minimum=1)
    k = check_integer("successes", successes, minimum=0)
    if k > n:
        raise InputError("successes", f"be at most the number of trials {n}", successes)
    if not 0 < level < 1:
        raise InputError("level", "lie strictly between 0 and 1", level)
    return k, n, 1 - level
