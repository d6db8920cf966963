"""Concave hulls of achievable points, envelopes of support lines, and the gap between them.

Points are (S, A), spatial and adversarial accuracy; both are to be large. A direction is a
weight w in [0, 1], standing for the objective (1 - w) S + w A.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def pareto(points: ArrayLike) -> NDArray[np.intp]:
    """Return the indices of the points that no other point beats, by increasing S.

    Examples
    --------
    >>> pareto([(0.9, 0.1), (0.5, 0.5), (0.4, 0.4)])
    array([1, 0])
    """
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    kept, best = [], -np.inf
    for i in np.lexsort((-array[:, 1], -array[:, 0])):
        if array[i, 1] > best:
            kept.append(i)
            best = array[i, 1]
    return np.array(kept[::-1], dtype=np.intp)


def concave_hull(points: ArrayLike) -> Floats:
    """Return the upper right part of the convex hull, from largest A to largest S.

    Every point between two vertices is achieved by a classifier that flips a coin which
    the attacker cannot influence.

    Parameters
    ----------
    points : array_like, shape (k, 2)
        Achievable pairs (S, A), at least one.

    Returns
    -------
    ndarray, shape (v, 2)
        Vertices with S increasing and A decreasing.

    Examples
    --------
    >>> concave_hull([(0.5, 0.5), (0.7, 0.3), (0.9, 0.2)])
    array([[0.5, 0.5],
           [0.9, 0.2]])
    """
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    vertices: list[Floats] = []
    for point in array[pareto(array)]:
        while len(vertices) > 1 and _cross(vertices[-2], vertices[-1], point) >= 0:
            vertices.pop()
        vertices.append(point)
    return np.array(vertices)


def support(points: ArrayLike, weight: float) -> float:
    """Return the largest (1 - w) S + w A among the points."""
    array = np.asarray(points, dtype=np.float64)
    return float(((1 - weight) * array[:, 0] + weight * array[:, 1]).max())


def edge_weights(hull: Floats) -> Floats:
    """Return the directions at right angles to a hull's edges, with 0 and 1.

    Between two of them the support function of the hull is that of one vertex.
    """
    ds, da = np.diff(hull[:, 0]), -np.diff(hull[:, 1])
    inner = ds / (ds + da)
    return np.unique(np.concatenate([[0.0, 1.0], inner]))


def envelope(lines: Mapping[float, float] | Iterable[tuple[float, float]]) -> Floats:
    """Return the vertices of the region (1 - w_i) S + w_i A <= h_i, from large A to large S.

    Parameters
    ----------
    lines : mapping of float to float, or pairs
        Support values h by direction w; the directions 0 and 1 must be among them.

    Returns
    -------
    ndarray, shape (v, 2)
        The vertices between the caps on A (direction 1) and on S (direction 0).

    Examples
    --------
    >>> envelope({0.0: 0.9, 0.5: 0.6, 1.0: 0.5})
    array([[0.7, 0.5],
           [0.9, 0.3]])
    """
    stack: list[tuple[float, float]] = []
    for line in sorted(dict(lines).items(), reverse=True):
        while len(stack) > 1 and _redundant(stack[-2], stack[-1], line):
            stack.pop()
        stack.append(line)
    return np.array([_meet(a, b) for a, b in pairwise(stack)])


def gap(upper: ArrayLike, lower: Floats) -> tuple[float, float]:
    """Return how far an outer polyline lies beyond an inner hull, and in which direction.

    The gap is max over w of h_upper(w) - h_lower(w), for the objective (1 - w) S + w A. It
    is also the smallest g such that (S - g, A - g) is achievable for every (S, A) that is
    not excluded. For each outer vertex the difference is concave in w with breaks where
    the hull has edges, so finitely many directions decide.

    Parameters
    ----------
    upper : array_like, shape (k, 2)
        Vertices of the outer polyline.
    lower : ndarray, shape (v, 2)
        Vertices of the inner hull.

    Returns
    -------
    (gap, weight) : tuple of float
        The gap, in units of accuracy, and a direction in which it occurs.
    """
    weights = edge_weights(lower)
    above = _values(np.asarray(upper, dtype=np.float64), weights).max(axis=0)
    difference = above - _values(lower, weights).max(axis=0)
    worst = int(difference.argmax())
    return float(difference[worst]), float(weights[worst])


def _values(points: Floats, weights: Floats) -> Floats:
    return points[:, :1] * (1 - weights) + points[:, 1:] * weights


def _cross(a: Floats, b: Floats, c: Floats) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def _meet(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    (v, f), (w, g) = a, b
    determinant = (1 - v) * w - (1 - w) * v
    return (f * w - g * v) / determinant, ((1 - v) * g - (1 - w) * f) / determinant


def _redundant(
    first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]
) -> bool:
    s, a = _meet(first, last)
    w, h = middle
    return (1 - w) * s + w * a <= h
