"""Observed proportions with intervals that respect repeated measurements of one image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from ...theory.errors import InputError, check_integer, check_real
from ...theory.stats import Interval, wilson

LEVEL = 0.95


@dataclass(frozen=True)
class Rate:
    """A proportion of images, measured once or several times each.

    Attributes
    ----------
    successes, trials : int
        Totals over images and repeats.
    effective_trials : float
        Number of independent trials that carry the same information: `trials` if every
        image was measured once, between the number of images and `trials` otherwise.
    level : float
        Confidence level of :attr:`interval`.
    """

    successes: int
    trials: int
    effective_trials: float
    level: float = LEVEL

    @property
    def value(self) -> float:
        """Observed proportion in [0, 1]."""
        return self.successes / self.trials

    @property
    def interval(self) -> Interval:
        """Wilson score interval, with the effective number of trials."""
        if self.effective_trials == self.trials:
            return wilson(self.successes, self.trials, self.level)
        return wilson_real(self.value, self.effective_trials, self.level)

    def to_json(self) -> dict[str, Any]:
        """Return value, counts and interval as plain JSON values."""
        return {
            "value": self.value,
            "successes": self.successes,
            "trials": self.trials,
            "effective_trials": self.effective_trials,
            "interval": self.interval._asdict(),
        }


def rate_of(outcomes: ArrayLike, level: float = LEVEL) -> Rate:
    """Return the rate of true outcomes.

    Parameters
    ----------
    outcomes : array_like of bool, shape (N,) or (repeats, N)
        One row a repeat, one column an image.
    level : float
        Confidence level of the interval, in (0, 1).

    Raises
    ------
    InputError
        If there is no outcome, or they are not true or false.

    Notes
    -----
    Images are a sample, repeats on one image are not independent of each other. With R
    repeats the variance of the mean is that of the images' own means, and the effective
    number of trials is p (1 - p) over it (Kish, Survey Sampling, 1965, section 5.4), kept
    between N and R N; it is N where all outcomes agree.

    Examples
    --------
    >>> rate_of([True, True, False, True]).value
    0.75
    """
    table = np.atleast_2d(np.asarray(outcomes))
    if table.dtype != np.bool_ or table.ndim != 2 or table.size == 0:
        rule = "be booleans of shape (images,) or (repeats, images), at least one"
        raise InputError("outcomes", rule, f"{table.dtype} of shape {table.shape}")
    check_level(level)
    repeats, images = table.shape
    successes = int(table.sum())
    effective = float(images)
    if repeats > 1 and images > 1 and 0 < successes < table.size:
        p = successes / table.size
        variance = float(table.mean(axis=0).var(ddof=1)) / images
        most = float(table.size)
        effective = most if variance == 0 else min(max(p * (1 - p) / variance, effective), most)
    return Rate(successes, table.size, effective, level)


def wilson_real(value: float, trials: float, level: float = LEVEL) -> Interval:
    """Wilson score interval of a proportion with a real number of trials.

    Equal to :func:`spadv.theory.stats.wilson` where trials are whole.

    Examples
    --------
    >>> low, high, _ = wilson_real(0.5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    p = check_real("value", value, low=0, high=1)
    n = check_real("trials", trials, low=1)
    check_level(level)
    z = -float(ndtri((1 - level) / 2))
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if p == 0 else max(0.0, centre - half)
    high = 1.0 if p == 1 else min(1.0, centre + half)
    return Interval(low, high, level)


@dataclass(frozen=True)
class Mean:
    """A mean over images with Student's interval.

    Attributes
    ----------
    value : float
        The mean.
    count : int
        Number of images.
    interval : Interval or None
        Student's t interval; None for a single image.
    """

    value: float
    count: int
    interval: Interval | None

    def to_json(self) -> dict[str, Any]:
        """Return value, count and interval as plain JSON values."""
        interval = None if self.interval is None else self.interval._asdict()
        return {"value": self.value, "count": self.count, "interval": interval}


def mean_of(values: ArrayLike, level: float = LEVEL) -> Mean:
    """Return the mean of finite numbers, one an image, with Student's t interval.

    Student, The probable error of a mean, Biometrika 6 (1908), 1-25.

    Parameters
    ----------
    values : array_like of float, shape (N,)
        The numbers.
    level : float
        Confidence level of the interval, in (0, 1).

    Raises
    ------
    InputError
        If there is none, or one is not finite.

    Examples
    --------
    >>> mean = mean_of([1.0, 2.0, 3.0])
    >>> mean.value, round(mean.interval.low, 3), round(mean.interval.high, 3)
    (2.0, -0.484, 4.484)
    """
    array: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise InputError("values", "be finite numbers, at least one", f"shape {array.shape}")
    check_level(level)
    mean, n = float(array.mean()), array.size
    if n == 1:
        return Mean(mean, 1, None)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * float(array.std(ddof=1)) / math.sqrt(n)
    return Mean(mean, n, Interval(mean - half, mean + half, level))


def check_level(level: float) -> float:
    """Return a confidence level strictly between 0 and 1, or raise :class:`InputError`."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise InputError("level", "lie strictly between 0 and 1", level)
    return float(level)


def check_repeats(repeats: int) -> int:
    """Return a number of repeats of at least 1, or raise :class:`InputError`."""
    return check_integer("repeats", repeats, minimum=1)
