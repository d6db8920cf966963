"""Concave hulls of achieved points, envelopes of support lines, and the gap between them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...arrays import Floats


def pareto(points: ArrayLike) -> NDArray[np.intp]:
    """Return the indices of the points that no other point beats, by increasing S.

    Examples
    --------
    >>> pareto([(0.9, 0.1), (0.5, 0.5), (0.4, 0.4)])
    array([1, 0])
    """
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    order = np.lexsort((-array[:, 1], -array[:, 0]))
    best = np.maximum.accumulate(array[order, 1])
    return order[np.diff(best, prepend=-np.inf) > 0][::-1]


def concave_hull(points: ArrayLike) -> Floats:
    """Return the vertices of the upper right part of the convex hull of points (S, A).

    Every point between two vertices is achieved by a classifier that flips a coin which
    the attacker cannot influence.

    Examples
    --------
    >>> concave_hull([(0.5, 0.5), (0.7, 0.3), (0.9, 0.2)])
    array([[0.5, 0.5],
           [0.9, 0.2]])
    """
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    vertices: list[Floats] = []
    for point in array[pareto(array)]:
        while len(vertices) > 1 and _turns_left(vertices[-2], vertices[-1], point):
            vertices.pop()
        vertices.append(point)
    return np.array(vertices)


def support(points: ArrayLike, weight: ArrayLike) -> Any:
    """Return the largest (1 - w) S + w A among the points, in the shape of `weight`."""
    s, a = np.asarray(points, dtype=np.float64).T
    w = np.asarray(weight, dtype=np.float64)[..., None]
    return ((1 - w) * s + w * a).max(axis=-1)[()]


def edge_weights(hull: Floats) -> Floats:
    """Return the directions at right angles to a hull's edges, with 0 and 1.

    Between two of them the support function of the hull is that of one vertex.
    """
    ds, da = np.diff(hull[:, 0]), -np.diff(hull[:, 1])
    return np.unique(np.concatenate([[0.0, 1.0], ds / (ds + da)]))


def envelope(lines: Mapping[float, float]) -> Floats:
    """Return the vertices of the region (1 - w_i) S + w_i A <= h_i, from large A to large S.

    `lines` holds the support values h by direction w; the directions 0 (the cap on S) and 1
    (the cap on A) must be among them.

    Examples
    --------
    >>> envelope({0.0: 0.9, 0.5: 0.6, 1.0: 0.5})
    array([[0.7, 0.5],
           [0.9, 0.3]])
    """
    stack: list[tuple[float, float]] = []
    for w, h in sorted(lines.items(), reverse=True):
        while len(stack) > 1:
            s, a = _crossing(stack[-2], (w, h))
            middle, limit = stack[-1]
            if (1 - middle) * s + middle * a > limit:
                break
            stack.pop()  # it touches the region nowhere
        stack.append((w, h))
    return np.array([_crossing(*lines) for lines in pairwise(stack)])


def gap(upper: ArrayLike, lower: Floats) -> tuple[float, float]:
    """Return how far an outer polyline lies beyond an inner hull, and in which direction.

    The gap is max over w of h_upper(w) - h_lower(w), for the objective (1 - w) S + w A. It
    is also the smallest g such that (S - g, A - g) is achievable for every (S, A) that is
    not excluded. For each outer vertex the difference is concave in w with breaks where
    the hull has edges, so finitely many directions decide.
    """
    weights = edge_weights(lower)
    difference = support(upper, weights) - support(lower, weights)
    worst = int(difference.argmax())
    return float(difference[worst]), float(weights[worst])


def _turns_left(a: Floats, b: Floats, c: Floats) -> bool:
    return bool((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) >= 0)


def _crossing(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """Return the point (S, A) on two lines (w, h)."""
    (v, f), (w, g) = a, b
    determinant = (1 - v) * w - (1 - w) * v
    return (f * w - g * v) / determinant, ((1 - v) * g - (1 - w) * f) / determinant
