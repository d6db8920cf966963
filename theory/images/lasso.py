"""The distance from a point to an l-infinity ball under coloured noise, from both sides.

min over |v| <= eps of ||q + v|| in the norm of Sigma^-1 is, by duality, the maximum of
<w, q> - eps ||w||_1 over w^T Sigma w <= 1: a lasso problem, whose sparse solution is found by
coordinate descent. The residual gives a point v of the ball, hence an upper value; w itself
gives a lower one. Proposition I5 of docs/theory/images.md.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from ...arrays import Floats

#: Where descent stops, if not told otherwise.
_CHANGE = 1e-4
_MOST_SWEEPS = 5000


class NearestPoint(NamedTuple):
    """Both bounds of a distance, the point v of the ball, and the direction w, unscaled."""

    low: float
    high: float
    point: Floats
    direction: Floats


def nearest_point(covariance: Floats, root: Floats, q: Floats, eps: float) -> NearestPoint:
    """Return the distance min ||q + v|| over ||v||_inf <= eps, the norm that of Sigma^-1.

    `covariance` is Sigma, positive definite, shape (d, d), `root` its lower Cholesky factor.

    Examples
    --------
    >>> eye = np.eye(2)
    >>> found = nearest_point(eye, eye, np.array([3.0, 1.0]), 1.0)
    >>> round(found.low, 4), round(found.high, 4), found.point
    (2.0, 2.0, array([-1., -1.]))
    """
    if eps == 0:
        half = solve_triangular(root, q, lower=True, check_finite=False)
        w = solve_triangular(root, half, lower=True, trans="T", check_finite=False)
        size = float(np.linalg.norm(half))
        return NearestPoint(size, size, np.zeros_like(q), w)
    w, pull = lasso(covariance, q, eps)
    point = np.clip(pull - q, -eps, eps)
    high = float(np.linalg.norm(solve_triangular(root, q + point, lower=True, check_finite=False)))
    size = math.sqrt(max(float(w @ pull), 0.0))
    low = float(w @ q - eps * np.abs(w).sum()) / size if size > 0 else 0.0
    return NearestPoint(min(max(low, 0.0), high), high, point, w)  # but for rounding


def lasso(
    covariance: Floats,
    q: Floats,
    eps: float,
    start: tuple[Floats, Floats] | None = None,
    change: float = _CHANGE,
) -> tuple[Floats, Floats]:
    """Return the minimiser w of w^T Sigma w / 2 - <q, w> + eps ||w||_1, and Sigma w.

    `start` is another w with its Sigma w; descent stops where no coordinate changes by more than
    `change`, in standard deviations.
    """
    w, pull = (np.zeros_like(q), 0.0) if start is None else (start[0].copy(), start[1])
    rest = q - pull
    _compiled()(covariance, eps, w, rest, change, _MOST_SWEEPS)
    return w, q - rest


@cache
def _compiled() -> Any:
    from numba import njit

    return njit(cache=True)(_descend)


def _descend(
    covariance: Any, eps: float, w: Any, rest: Any, change: float, most: int
) -> None:  # pragma: no cover - compiled
    """Minimise coordinate by coordinate; `rest` is q - Sigma w throughout."""
    d = len(w)
    for _ in range(most):
        largest = 0.0
        for i in range(d):
            s = covariance[i, i]
            old = w[i]
            z = rest[i] + s * old
            new = 0.0
            if z > eps:
                new = (z - eps) / s
            elif z < -eps:
                new = (z + eps) / s
            if new != old:
                step = new - old
                w[i] = new
                for j in range(d):
                    rest[j] -= covariance[i, j] * step
                largest = max(largest, abs(step) * np.sqrt(s))
        if largest < change:
            return
