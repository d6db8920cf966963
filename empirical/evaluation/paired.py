"""Comparing two networks on the same images: exact test, intervals, and bootstrap over seeds.

Outcomes are True where an image counts for a network (kept its prediction, or was classified
correctly). The same images serve both networks, so differences are taken image by image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...theory.errors import InputError, check_integer
from ...theory.stats import Interval, binomial_p_value, wilson
from .rates import LEVEL, check_level

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same images, one outcome an image each.

    Attributes
    ----------
    both, first_only, second_only, neither : int
        How many images count for both networks, for one alone, for none.
    level : float
        Confidence level of :attr:`interval`.
    """

    both: int
    first_only: int
    second_only: int
    neither: int
    level: float = LEVEL

    @property
    def images(self) -> int:
        """Number of images."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def difference(self) -> float:
        """Rate of the first network minus rate of the second."""
        return (self.first_only - self.second_only) / self.images

    @property
    def p_value(self) -> float:
        """Two-sided exact p-value of McNemar's test that both rates are equal."""
        return mcnemar(self.first_only, self.second_only)

    @property
    def interval(self) -> Interval:
        """Newcombe's interval of the difference."""
        return newcombe(self.both, self.first_only, self.second_only, self.neither, self.level)

    def to_json(self) -> dict[str, Any]:
        """Return counts, difference, interval and p-value as plain JSON values."""
        return {
            "images": self.images,
            "both": self.both,
            "first_only": self.first_only,
            "second_only": self.second_only,
            "neither": self.neither,
            "difference": self.difference,
            "interval": self.interval._asdict(),
            "mcnemar_p_value": self.p_value,
        }


def compare(first: ArrayLike, second: ArrayLike, level: float = LEVEL) -> Comparison:
    """Return the comparison of two networks by their outcomes on the same images.

    Its p-value is McNemar's (1947), its interval Newcombe's (1998).

    Parameters
    ----------
    first, second : array_like of bool, shape (N,)
        Outcomes, image by image in the same order.
    level : float
        Confidence level of the interval.

    Raises
    ------
    InputError
        If they are not booleans of one length of at least 1.

    Examples
    --------
    >>> compare([True, True, False], [True, False, False]).difference
    0.3333333333333333
    """
    a, b = _outcomes("first", first, 1), _outcomes("second", second, 1)
    if a.shape != b.shape:
        raise InputError("second", f"be {len(a)} outcomes, one for each of first's", b.shape)
    check_level(level)
    both, first_only, second_only, neither = (
        int(count.sum()) for count in (a & b, a & ~b, ~a & b, ~a & ~b)
    )
    return Comparison(both, first_only, second_only, neither, level)


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the two-sided exact p-value of McNemar's test.

    Images on which both networks agree say nothing; of the others each is a fair coin if the
    rates are equal. The p-value is twice the smaller tail, at most 1; 1 if there are none.

    Parameters
    ----------
    first_only, second_only : int
        Images that count for one network alone.

    Raises
    ------
    InputError
        If a count is not an integer of at least 0.

    References
    ----------
    McNemar, Psychometrika 12 (1947), 153-157; Fagerland, Lydersen and Laake, BMC Medical
    Research Methodology 13 (2013) 91, equation 3.

    Examples
    --------
    >>> round(mcnemar(1, 7), 4)
    0.0703
    """
    b = check_integer("first_only", first_only, minimum=0)
    c = check_integer("second_only", second_only, minimum=0)
    return 1.0 if b + c == 0 else binomial_p_value(b, b + c, 0.5)


def newcombe(
    both: int, first_only: int, second_only: int, neither: int, level: float = LEVEL
) -> Interval:
    """Return Newcombe's interval of a difference of paired proportions (square and add).

    Wilson intervals of the two rates are joined with their correlation phi:
    low = D - sqrt((p1 - l1)^2 - 2 phi (p1 - l1) (u2 - p2) + (u2 - p2)^2), high alike. A positive
    correlation is corrected for continuity.

    Parameters
    ----------
    both, first_only, second_only, neither : int
        Images that count for both networks, for one alone, for none.
    level : float
        Confidence level.

    Raises
    ------
    InputError
        If a count is not an integer of at least 0, or all are 0.

    References
    ----------
    Newcombe, Statistics in Medicine 17 (1998), 2635-2650, method 10; the example is that of
    Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014), 2850-2875.

    Examples
    --------
    >>> low, high, _ = newcombe(1, 1, 7, 12)
    >>> round(low, 3), round(high, 3)
    (-0.507, -0.026)
    """
    names = ("both", "first_only", "second_only", "neither")
    a, b, c, d = (
        check_integer(name, count, minimum=0)
        for name, count in zip(names, (both, first_only, second_only, neither), strict=True)
    )
    n = a + b + c + d
    if n == 0:
        raise InputError("both", "count at least one image, with the others", 0)
    p1, p2 = (a + b) / n, (a + c) / n
    l1, u1, _ = wilson(a + b, n, level)
    l2, u2, _ = wilson(a + c, n, level)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    excess = a * d - b * c
    corrected = excess if excess < 0 else max(excess - n / 2, 0.0)
    phi = corrected / math.sqrt(margins) if margins else 0.0

    def joined(x: float, y: float) -> float:
        return math.sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))

    difference = (b - c) / n
    low = difference - joined(p1 - l1, u2 - p2)
    high = difference + joined(u1 - p1, p2 - l2)
    return Interval(max(-1.0, low), min(1.0, high), level)


@dataclass(frozen=True)
class BootstrapDifference:
    """Difference of two networks' mean outcomes with a bootstrap interval.

    Attributes
    ----------
    difference : float
        Mean of the first minus mean of the second.
    interval : Interval
        Percentile interval.
    resamples : int
        How many bootstrap samples it rests on.
    """

    difference: float
    interval: Interval
    resamples: int

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as plain JSON values."""
        return {
            "difference": self.difference,
            "interval": self.interval._asdict(),
            "resamples": self.resamples,
        }


def bootstrap_difference(
    first: ArrayLike,
    second: ArrayLike,
    *,
    rng: np.random.Generator,
    resamples: int = 4000,
    level: float = LEVEL,
) -> BootstrapDifference:
    """Compare two kinds of training over several seeds and one set of images.

    Training seeds and images are resampled independently of each other, images in common
    for all networks: an interval for the difference over new seeds and new images.

    Parameters
    ----------
    first, second : array_like of bool or float, shape (N,) or (seeds, N)
        Outcomes, or distances, image by image; one row a training seed. The two kinds may
        have different numbers of seeds. A single seed is not resampled.
    rng : numpy.random.Generator
        Source of randomness.
    resamples : int
        Bootstrap samples.
    level : float
        Confidence level.

    Returns
    -------
    BootstrapDifference
        Difference of the means of all entries, and a percentile interval.

    Raises
    ------
    InputError
        If the tables are empty, not finite, or of different images.

    Notes
    -----
    With few seeds the interval is too short: resampling S seeds shows (S - 1)/S of their
    variance. Report at least five.

    References
    ----------
    Owen, Annals of Applied Statistics 1 (2007), 386-411 (resampling both ways of a table);
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    a, b = _table("first", first), _table("second", second)
    if a.shape[1] != b.shape[1]:
        raise InputError("second", f"have {a.shape[1]} images as first has", b.shape)
    if not isinstance(rng, np.random.Generator):
        raise InputError("rng", "be a numpy.random.Generator", rng)
    check_integer("resamples", resamples, minimum=1)
    check_level(level)
    images = a.shape[1]
    drawn = np.empty(resamples)
    # A few megabytes of weights at a time.
    step = max(1, 2_000_000 // images)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        weights = rng.multinomial(images, np.full(images, 1 / images), size=count) / images
        means = (_seed_weights(rng, len(t), count) * (weights @ t.T) for t in (a, b))
        one, other = (values.sum(axis=1) for values in means)
        drawn[start : start + count] = one - other
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    interval = Interval(float(low), float(high), level)
    return BootstrapDifference(float(a.mean() - b.mean()), interval, resamples)


def _seed_weights(rng: np.random.Generator, seeds: int, count: int) -> Floats:
    if seeds == 1:
        return np.ones((count, 1))
    return rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=count) / seeds


def _outcomes(argument: str, values: ArrayLike, ndim: int) -> Booleans:
    array = np.asarray(values)
    if array.dtype != np.bool_ or array.ndim != ndim or not array.size:
        rule = "be booleans of shape (images,), at least one"
        raise InputError(argument, rule, f"{array.dtype} of shape {array.shape}")
    return array


def _table(argument: str, values: ArrayLike) -> Floats:
    rule = "be booleans or finite numbers of shape (images,) or (seeds, images), at least one"
    try:
        array = np.atleast_2d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        raise InputError(argument, rule, values) from None
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise InputError(argument, rule, f"shape {array.shape}")
    return array
