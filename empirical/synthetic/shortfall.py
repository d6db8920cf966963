"""How far a classifier is from a frontier, with intervals over training seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...stats import Interval, mean_of
from ...theory.frontier import concave_hull, edge_weights, gap

Floats = NDArray[np.float64]


def shortfall(points: ArrayLike, line: ArrayLike) -> Any:
    """Return by how much both accuracies of a point could rise at once.

    The smallest g for which (S + g, A + g) reaches the concave hull of the line, or goes
    beyond all of it: min over w of max_v {(1-w) S_v + w A_v} - {(1-w) S + w A}. It is 0 on
    the line and negative beyond. Unlike the vertical distance it is well behaved where the
    frontier is steep, and the gap of an exact frontier is measured in the same way.

    Parameters
    ----------
    points : array_like, shape (..., 2)
        Pairs (S, A).
    line : array_like, shape (k, 2)
        Points of the line, by increasing S.

    Returns
    -------
    float or ndarray, shape (...)

    Examples
    --------
    >>> line = [(0.6, 0.8), (0.8, 0.6)]
    >>> shortfall([(0.6, 0.7), (0.7, 0.7), (0.9, 0.9)], line).round(3)
    array([ 0.05,  0.  , -0.2 ])
    """
    at = np.asarray(points, dtype=np.float64)
    if at.ndim == 0 or at.shape[-1] != 2:
        raise InputError("points", "be pairs (S, A), of shape (..., 2)", at.shape)
    hull = concave_hull(line)
    # Convex and piecewise linear in w, with breaks at the hull's edges.
    weights = edge_weights(hull)
    both = np.stack([1 - weights, weights])
    return ((hull @ both).max(axis=0) - at @ both).min(axis=-1)[()]


def regret(points: ArrayLike, line: ArrayLike) -> float:
    """Return what the best of some classifiers loses, for the weight where it loses most.

    The largest difference between the best weighted sum (1-w) S + w A on the line and that
    of the points: how far a way to train, tuned in all that it offers, is from serving
    everybody, whatever weight one gives to the two accuracies.

    Examples
    --------
    >>> line = [(0.6, 0.8), (0.8, 0.6)]
    >>> round(regret([(0.8, 0.6)], line), 3), regret(line, line)
    (0.2, 0.0)
    """
    return max(gap(np.asarray(line, dtype=np.float64), concave_hull(points))[0], 0.0)


def vertical_gap(point: tuple[float, float], line: ArrayLike) -> float | None:
    """Return the line's A at the point's S, less the point's A; None beyond its largest S.

    Examples
    --------
    >>> round(vertical_gap((0.7, 0.6), [(0.6, 0.8), (0.8, 0.6)]), 3)
    0.1
    """
    hull = concave_hull(line)
    if point[0] > hull[-1, 0]:
        return None
    return float(np.interp(point[0], hull[:, 0], hull[:, 1]) - point[1])


def over_seeds(values: ArrayLike, level: float = 0.95) -> tuple[float, Interval]:
    """Return the mean over training seeds with Student's interval.

    Each seed has its own training and test samples, so that the spread over seeds holds
    all that is random in a value.

    Examples
    --------
    >>> mean, interval = over_seeds([0.1, 0.2, 0.3])
    >>> round(mean, 3), round(interval.low, 3), round(interval.high, 3)
    (0.2, -0.048, 0.448)
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < 2 or not np.isfinite(array).all():
        raise InputError("values", "be finite numbers, one for each of at least two seeds", values)
    found = mean_of(array, level)
    assert found.interval is not None  # there are two values
    return found.value, found.interval


def clipped(line: Floats, cap: float) -> Floats:
    """Return a line (S, A) up to the largest S that is possible."""
    kept = line[line[:, 0] < cap]
    if len(kept) == len(line):
        return line
    end = np.interp(cap, line[:, 0], line[:, 1])
    return np.concatenate([kept, [[cap, end]]])
