"""Means and differences over seeds and images, with intervals that know of few seeds.

Scores are tables of shape (seeds, images), one a kind of training, all on the same images.
Their means vary because other images, or other training seeds, could have been drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from ...theory.errors import InputError
from ...theory.stats import Interval
from ..evaluation.rates import wilson_real

Scores = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class Effect:
    """A weighted sum of means.

    Attributes
    ----------
    value : float
        The sum.
    interval : Interval
        Student's, over images and seeds.
    images : int
        Images it rests on: those that all tables have, with finite scores in all.
    """

    value: float
    interval: Interval
    images: int


def common(tables: Sequence[Scores]) -> list[Scores]:
    """Return the scores of the images that all tables have, with finite scores in all.

    Evaluations take the first so many images, so that shorter tables hold the first of
    longer ones. Distances are infinite where no boundary was found.

    Raises
    ------
    InputError
        If no image is left.
    """
    count = min(table.shape[1] for table in tables)
    tables = [table[:, :count] for table in tables]
    finite = np.logical_and.reduce([np.isfinite(table).all(axis=0) for table in tables])
    if not finite.any():
        raise InputError("scores", "be finite for at least one image in all", "none")
    return [table[:, finite] for table in tables]


def effect(tables: Sequence[Scores], weights: Sequence[float], level: float = LEVEL) -> Effect:
    """Return a weighted sum of mean scores: (1, -1) gives a difference.

    Parameters
    ----------
    tables : sequence of ndarray (seeds, images)
        Scores, on the same images; the numbers of seeds may differ.
    weights : sequence of float
        One a table.
    level : float
        Confidence level.

    Notes
    -----
    The variance is that of the sum over images, the networks being what they are, plus the
    sum of those of the tables' means over seeds (independent trainings): the two ways of
    Owen, Annals of Applied Statistics 1 (2007), 386-411. Degrees of freedom by Welch and
    Satterthwaite, Biometrics Bulletin 2 (1946), 110-114, so that few seeds give wide
    intervals. A single seed tells nothing of other seeds: then the interval is over images
    alone. For scores in [0, 1] half an image more of each kind is counted, as Agresti and Min
    do (Statistics in Medicine 24, 2005, 729-740), so that no difference in few images is no
    proof of none.

    Examples
    --------
    >>> ones, zeros = np.ones((1, 100)), np.zeros((1, 100))
    >>> found = effect([ones, zeros], [1, -1])
    >>> found.value, round(found.interval.low, 3)
    (1.0, 0.98)
    """
    shown = common(tables)
    images = shown[0].shape[1]
    value = float(sum(w * t.mean() for w, t in zip(weights, shown, strict=True)))
    joined = np.sum([w * t.mean(axis=0) for w, t in zip(weights, shown, strict=True)], axis=0)
    variances = [float(joined.var(ddof=1)) / images if images > 1 else 0.0]
    freedoms = [max(images - 1.0, 1.0)]
    if all(t.min() >= 0 and t.max() <= 1 for t in shown):
        variances[0] += float(np.square(weights).sum()) / 2 / images**2
    for weight, table in zip(weights, shown, strict=True):
        seeds = len(table)
        if seeds > 1:
            variances.append(weight**2 * float(table.mean(axis=1).var(ddof=1)) / seeds)
            freedoms.append(seeds - 1.0)
    half = _quantile(variances, freedoms, level) * math.sqrt(sum(variances))
    return Effect(value, Interval(value - half, value + half, level), images)


def _quantile(variances: Sequence[float], freedoms: Sequence[float], level: float) -> float:
    """Return Student's quantile for a sum of estimated variances."""
    total = sum(variances)
    below = sum(v * v / f for v, f in zip(variances, freedoms, strict=True))
    if below == 0:
        return -float(ndtri((1 - level) / 2))
    return float(stdtrit(total * total / below, (1 + level) / 2))


def pooled(scores: Scores, level: float = LEVEL) -> tuple[float, Interval]:
    """Return the mean of a table of scores with an interval over seeds and images.

    For scores in [0, 1] the variance of :func:`effect` tells how many independent trials
    carry the same information; the interval is Wilson's for so many. For distances it is
    Student's. Images with an infinite distance are left out.

    Parameters
    ----------
    scores : ndarray of float64, shape (seeds, images)
        One score a network and image, in [0, 1] or a distance.
    level : float
        Confidence level of the interval, in (0, 1).

    Examples
    --------
    >>> mean, interval = pooled(np.array([[1.0, 1.0, 0.0, 0.0]]))
    >>> mean, round(interval.low, 3)
    (0.5, 0.15)
    """
    (scores,) = common([scores])
    seeds, images = scores.shape
    mean = float(scores.mean())
    variances = [float(scores.mean(axis=0).var()) / images]
    freedoms = [math.inf]
    if seeds > 1:
        variances.append(float(scores.mean(axis=1).var(ddof=1)) / seeds)
        freedoms.append(seeds - 1.0)
    total = sum(variances)
    factor = _quantile(variances, freedoms, level)
    if scores.min() < 0 or scores.max() > 1:
        half = factor * math.sqrt(total)
        return mean, Interval(mean - half, mean + half, level)
    if total == 0:
        return mean, wilson_real(mean, float(images), level)
    # Fewer trials make Wilson's normal quantile as wide as Student's.
    shrink = (-float(ndtri((1 - level) / 2)) / factor) ** 2
    trials = mean * (1 - mean) / total * shrink
    return mean, wilson_real(mean, max(trials, 1.0), level)


class Resampler:
    """Bootstrap samples of images and seeds, the same images for all tables.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    resamples : int
        How many samples.

    Notes
    -----
    Of S seeds S - 1 are drawn, with replacement: their mean then varies as that of S new
    seeds would (Rao and Wu, Journal of the American Statistical Association 83, 1988,
    231-241); S drawn of S would vary less by a factor (S - 1)/S. A single seed stays.
    """

    def __init__(self, rng: np.random.Generator, resamples: int = 1000) -> None:
        self.rng = rng
        self.resamples = resamples
        self._images: dict[int, NDArray[np.float32]] = {}

    def means(self, tables: Sequence[Scores]) -> NDArray[np.float64]:
        """Return the means of tables (seeds, images) in each sample, (samples, tables)."""
        tables = common(tables)
        weights = self._weights(tables[0].shape[1])
        drawn = np.empty((self.resamples, len(tables)))
        for column, table in enumerate(tables):
            means = weights @ table.T.astype(np.float32)
            drawn[:, column] = (self._seeds(len(table)) * means).sum(axis=1)
        return drawn

    def _weights(self, images: int) -> NDArray[np.float32]:
        if images not in self._images:
            even = np.full(images, 1 / images)
            drawn = self.rng.multinomial(images, even, size=self.resamples)
            self._images[images] = (drawn / images).astype(np.float32)
        return self._images[images]

    def _seeds(self, seeds: int) -> NDArray[np.float64]:
        if seeds == 1:
            return np.ones((self.resamples, 1))
        even = np.full(seeds, 1 / seeds)
        return self.rng.multinomial(seeds - 1, even, size=self.resamples) / (seeds - 1)


def rank_correlations(means: NDArray[np.float64], levels: Sequence[float]) -> NDArray[np.float64]:
    """Return Spearman's correlation of each row of means with the levels; 0 if all are equal.

    Examples
    --------
    >>> rank_correlations(np.array([[0.1, 0.2, 0.9], [0.9, 0.1, 0.2]]), [0, 60, 180]).tolist()
    [1.0, -0.5]
    """
    ranks, against = _ranks(means), _ranks(np.asarray([levels], dtype=np.float64))
    ranks, against = (r - r.mean(axis=1, keepdims=True) for r in (ranks, against))
    below = np.sqrt((ranks**2).sum(axis=1) * (against**2).sum())
    products = (ranks * against).sum(axis=1)
    found: NDArray[np.float64] = np.divide(
        products, below, out=np.zeros_like(products), where=below > 0
    )
    return found


def _ranks(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks in each row, ties sharing the mean of theirs."""
    below = (rows[:, None, :] < rows[:, :, None]).sum(axis=2)
    ties = (rows[:, None, :] == rows[:, :, None]).sum(axis=2)
    ranks: NDArray[np.float64] = below + (ties + 1) / 2
    return ranks


def percentiles(samples: NDArray[np.float64], level: float = LEVEL) -> Interval:
    """Return the percentile interval of bootstrap samples."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)
