"""Independent values: what the claims compare the library's formulas with.

No formula of the library is used here: numbers come from linear programs over all
classifiers of a mesh, from the exact areas of the region where one density is larger, and
from searches for a maximum. All normal laws have unit variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ...arrays import Floats

# Densities beyond this are below 1e-31 for the means of at most 6 that occur.
_END = 18.0


def edges_through(at: float, step: float, half: float = 8.0) -> Floats:
    """Return the edges of cells of width `step`, `half` or more to either side of one at `at`."""
    count = math.ceil(half / step)
    return np.asarray(at + step * np.arange(-count, count + 1), dtype=np.float64)


def cell_masses(edges: Floats, mean: float) -> Floats:
    """Return the normal masses of the cells between `edges` and of the two beyond them."""
    return np.diff(ndtr(edges - mean), prepend=0.0, append=1.0)


def bayes_on_line(p: float, laws: Sequence[tuple[float, float]]) -> float:
    """Return the best accuracy beside x0 where the normal laws (weight, mean) are those of +1.

    Those of -1 are their mirror images.
    """
    sides = ((1, p), (-1, 1 - p))
    weights = np.array([s * (q * w) for s, q in sides for w, _ in laws])
    return _larger(weights, np.array([s * x for s, _ in sides for _, x in laws]))


def _larger(weights: Floats, means: Floats) -> float:
    """Return the integral of the larger of two sums of normal densities.

    Those of the second have weights below 0. The region is found by the signs of the difference
    on a grid, whatever its form; its edges by root finding; its masses are exact.
    """

    def difference(z: float) -> float:
        # Scaled by exp(z^2/2), which has no influence on the sign.
        return float(weights @ np.exp(means * z - means * means / 2))

    # Not symmetric: an edge at 0 must not fall on a point of the grid.
    grid = np.linspace(-_END, _END + 0.0123, 722)
    values = np.exp(np.outer(grid, means) - means * means / 2) @ weights
    turns = np.flatnonzero(np.sign(values[1:]) * np.sign(values[:-1]) < 0)
    edges = np.array([brentq(difference, grid[i], grid[i + 1], xtol=1e-14) for i in turns])
    middles = (np.concatenate([[-_END], edges]) + np.concatenate([edges, [_END]])) / 2
    signs = np.where([difference(z) >= 0 for z in middles], 1.0, -1.0)
    areas = np.array([cell_masses(edges, m) for m in means])
    return float(np.abs(weights) @ np.where(np.sign(weights)[:, None] == signs, areas, 0).sum(1))


def bayes_in_plane(p: float, laws: Sequence[tuple[float, float, float]]) -> float:
    """Return :func:`bayes_on_line` for normal laws (weight, x, y) in the plane.

    Exact along x; along y by the trapezoidal rule, whose error for a function as smooth as
    this one is below 1e-10 from 0.2 standard deviations on.
    """
    sides = ((1, p), (-1, 1 - p))
    weights, means, places = np.array(
        [(s * (q * w), s * x, s * y) for s, q in sides for w, x, y in laws]
    ).T
    step = 0.2
    ys = np.arange(-9.0, 9.0 + step, step)
    total = sum(_larger(weights * np.exp(-((y - places) ** 2) / 2), means) for y in ys)
    return float(total * step / np.sqrt(2 * np.pi))


def two_shifts_bayes(p: float, kappa: float) -> float:
    """Return the best accuracy for two shifts of a correlation, as a problem in the plane."""
    a, b = math.sqrt((1 + kappa) / 2), math.sqrt((1 - kappa) / 2)
    return bayes_in_plane(p, [(0.5, 2 * a, 2 * b), (0.5, 2 * a, -2 * b)])


def maximum(objective: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Return the maxima over [low, high] of many functions with one peak each, by zooming in.

    `objective` maps points of shape (k, m) to values, -inf where a point is not allowed.
    """
    best = np.full(low.shape, -np.inf)
    count = 300
    for _ in range(18):
        points = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, count)
        values = objective(points)
        at = values.argmax(axis=1)
        rows = np.arange(len(at))
        best = np.maximum(best, values[rows, at])
        low, high = (points[rows, np.clip(at + s, 0, count - 1)] for s in (-1, 1))
        count = 16
    return best


def largest_adversarial(
    spatial: Floats, p: float, distance: Floats, *, mean_norm: float | None = None
) -> Floats:
    """Return the largest p T_D(q_-) + (1-p) T_D(q_+) over q with p q_+ + (1-p) q_- = S.

    T_D(u) = Phi(D - Phi^-1(u)); with `mean_norm` M subject to q_- <= T_2M(q_+) as well.
    For p < 1. All arrays have the shape (k,).
    """
    least = np.maximum(0.0, (spatial - p) / (1 - p))[:, None]
    most = np.minimum(1.0, spatial / (1 - p))[:, None]

    def objective(z: Floats) -> Floats:
        low = least + (most - least) * ndtr(z)
        high = np.clip((spatial[:, None] - (1 - p) * low) / p, 0, 1)
        gap = distance[:, None]
        value = p * ndtr(gap - ndtri(low)) + (1 - p) * ndtr(gap - ndtri(high))
        if mean_norm is not None:
            value = np.where(low <= ndtr(2 * mean_norm - ndtri(high)) + 1e-15, value, -np.inf)
        return np.asarray(value)

    # The ends themselves are q = 0 and q = 1.
    return maximum(objective, np.full(spatial.shape, -9.0), np.full(spatial.shape, 9.0))


def best_on_mesh(masses: Sequence[Floats], reach: Sequence[int], *, nested: bool = False) -> float:
    """Return the largest gain of any classifier of a mesh, by linear programming.

    Cell z answers +1 with probability f(z). It earns plus f + minus (1 - f), and
    robust_plus times the least f, robust_minus times the least 1 - f, of the cells that an
    attack reaches: `reach` cells along each axis, up to the ends of the mesh.

    Parameters
    ----------
    masses : sequence of four ndarrays of one shape
        plus, minus, robust_plus, robust_minus of the cells.
    reach : sequence of int
        One for each axis.
    nested : bool
        Whether f has to grow along the last axis.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    plus, minus, *robust = masses
    shape, size = plus.shape, plus.size
    index = np.arange(size).reshape(shape)
    rows: list[NDArray[np.intp]] = []
    columns: list[NDArray[np.intp]] = []
    signs: list[NDArray[np.float64]] = []
    limits: list[float] = []
    variables = size

    def require(left: NDArray[np.intp], right: NDArray[np.intp], sign: float, limit: float) -> None:
        """Add left + sign right <= limit."""
        first = len(limits) + np.arange(left.size)
        rows.append(np.concatenate([first, first]))
        columns.append(np.concatenate([left.ravel(), right.ravel()]))
        signs.append(np.concatenate([np.ones(left.size), np.full(left.size, sign)]))
        limits.extend([limit] * left.size)

    gains = [minus.ravel() - plus.ravel()]
    for earned, answer in zip(robust, (-1.0, 1.0), strict=True):
        below, sign, limit = index, answer, 0.5 + 0.5 * answer
        for axis, steps in enumerate(reach):
            if not steps and not (axis == len(reach) - 1 and below is index):
                continue
            fresh = variables + index
            variables += size
            for offset in range(-steps, steps + 1):
                at = np.clip(np.arange(shape[axis]) + offset, 0, shape[axis] - 1)
                require(fresh, np.take(below, at, axis=axis), sign, limit)
            gains.append(np.zeros(size))
            below, sign, limit = fresh, -1.0, 0.0
        gains[-1] = -earned.ravel()
    if nested:
        require(index[..., :-1], index[..., 1:], -1.0, 0.0)
    matrix = coo_array(
        (np.concatenate(signs), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(limits), variables),
    )
    cost = np.concatenate(gains)
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(
        cost, A_ub=matrix.tocsr(), b_ub=limits, bounds=(0, 1), method="highs", options=options
    )
    return float(minus.sum() - found.fun)


def most_likely_complement(masses: Iterable[float], others: Iterable[float], size: float) -> float:
    """Return the largest second mass of cells left when cells of first mass `size` are taken.

    By taking cells in the order of their likelihood ratio (the fractional knapsack), whatever
    the region that results.
    """
    first, second = (np.fromiter(m, dtype=np.float64) for m in (masses, others))
    order = np.argsort(second / first)
    taken = np.cumsum(first[order]) <= size + 1e-13
    return float(second[order][~taken].sum())
