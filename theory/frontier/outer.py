"""What no classifier exceeds: the laws averaged over shifts, and exact pairs of shifts.

Given A, the laws confine every S_j to an interval [lo_j(A), hi_j(A)], lo_j increasing and
hi_j decreasing in A. Some choice of S_j with mean s satisfies all of them exactly if
mean_j lo_j(A) <= s <= mean_j hi_j(A): the largest such A is the value of
"max over (S_j) with mean s of min_j (law of A beside S_j)".
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from ...arrays import Floats
from ...progress import Progress, silent
from .. import laws
from ..accuracy import FULL_BUDGET, bayes_accuracy, robust_bayes_accuracy, two_shift_accuracy
from ..distribution import CodeGaussian
from ..template import largest_beside
from .exact import bracket
from .inner import check_attack
from .lattice import Plane

# With more different correlations, pairs of shifts take too long.
_MOST_PAIRS = 8


def spatial_cap(dist: CodeGaussian) -> float:
    """Return a bound on S: exact for up to two different words, else from pairs of shifts.

    The mean of S_0 and S_j is at most S*(p, 2) at kappa_j. Averaged over pairs (each S_i
    is in as many) that bounds S; the Bayes accuracy does too, and is larger. The
    best for two words is Proposition P12 of docs/theory/price.md.
    """
    orbit = dist.orbit
    if orbit.n_distinct == 1:
        return float(bayes_accuracy(dist.p))
    kappa = orbit.kappa[1 : orbit.n_distinct]
    return float(two_shift_accuracy(kappa, dist.p).mean())


def spatial_range(
    dist: CodeGaussian, budget: float, adversarial: ArrayLike
) -> tuple[Floats, Floats]:
    """Return the means over j of the laws' lower and upper limits for S_j, given A.

    For A of shape (k,), or one number (k = 1), both bounds on S have the shape (k,). The upper
    one includes :func:`spatial_cap`, and Theorems 2 and 3 from e = 4 on.
    """
    a = np.atleast_1d(np.asarray(adversarial, dtype=np.float64))
    p, orbit = dist.p, dist.orbit
    delta, count = np.unique(orbit.delta, return_counts=True)
    share = count / count.sum()
    low = laws.lower_spatial(a[:, None], budget, delta) @ share
    tight = laws.gradual_spatial(a[:, None], p, laws.residual(budget, delta), tight=True)
    high = np.minimum(tight @ share, spatial_cap(dist))
    if budget >= FULL_BUDGET:
        high = np.minimum(high, laws.theorem2_spatial(a, p, budget))
        high = np.minimum(high, laws.theorem3_spatial(a, p, dist.n_shifts, budget)[1])
    return low, high


def outer_bound(
    dist: CodeGaussian, budget: float, spatial: ArrayLike, *, worst_case: bool = False
) -> Floats:
    """Return the largest A that the laws allow beside each S, for every classifier.

    For S of shape (k,), or one number (k = 1), an array of shape (k,): upper ends of bisection
    brackets, NaN where S is above its cap. Proposition F8 of docs/theory/frontiers.md. In the
    worst case `spatial` is S^, at most every S_j: each shift's law holds beside it by itself, and
    the lower laws say nothing.

    Examples
    --------
    >>> dist = CodeGaussian([1, 1, 1, -1, 1, -1, -1] * 3, p=0.7, shift=7)
    >>> outer_bound(dist, 4.0, [0.6, 0.9]).round(4)
    array([0.6   , 0.2331])
    """
    budget = check_attack(dist, budget)
    s = np.atleast_1d(np.asarray(spatial, dtype=np.float64))
    cap = float(robust_bayes_accuracy(dist.p, budget, np.inf))

    def limits(a: Floats) -> tuple[Floats, Floats]:
        low, high = spatial_range(dist, budget, a)
        if not worst_case:
            return low, high
        distances = laws.residual(budget, np.unique(dist.orbit.delta))
        each = laws.gradual_spatial(np.atleast_1d(a)[:, None], dist.p, distances, tight=True)
        return np.zeros_like(low), np.minimum(high, each.min(axis=1))

    high = largest_beside(s, limits, cap)
    # At the cap itself nothing was ruled out; the bracket's upper end is valid there too.
    return np.where(s <= spatial_cap(dist) + 1e-15, high, np.nan)


def pair_lines(
    dist: CodeGaussian,
    budget: float,
    weights: ArrayLike,
    *,
    mesh: float = 0.05,
    progress: Progress = silent,
) -> dict[float, float]:
    """Return bounds h on (1 - w) S + w A by direction w, from exact problems of two shifts.

    They use what all the shifts say together about A, two at a time, and are sharper than the
    laws: Proposition F9 of docs/theory/frontiers.md.

    The directions `weights` lie in (0, 1); `mesh` is the lattice width. Empty for more than 8
    different correlations, and for a single word.
    """
    budget = check_attack(dist, budget)
    n = dist.orbit.n_distinct
    kappa, count = np.unique(dist.orbit.kappa[1:n], return_counts=True)
    if not 0 < len(kappa) <= _MOST_PAIRS:
        return {}
    planes = [Plane(dist.p, budget, float(k)) for k in kappa]
    shares = (count / (n - 1)).tolist()
    lines = {}
    directions = np.asarray(weights, dtype=np.float64).tolist()
    for i, w in enumerate(directions):
        each = ((1 - w) / n, (1 - w) * (n - 1) / n, w)
        lines[w] = sum(
            share * bracket(plane, each, mesh=mesh, cut_mesh=None).upper
            for plane, share in zip(planes, shares, strict=True)
        )
        progress(i + 1, len(directions), "pairs of shifts")
    return lines


def below_lines(spatial: ArrayLike, lines: Mapping[float, float]) -> Floats:
    """Return the largest A beside each S that support lines with w > 0 allow."""
    s = np.asarray(spatial, dtype=np.float64)
    if not lines:
        return np.full_like(s, np.inf)
    w, h = np.array(list(lines.items())).T[:, :, None]
    return ((h - (1 - w) * s) / w).min(axis=0)


def outer_curve(
    dist: CodeGaussian,
    budget: float,
    points: int,
    *,
    lines: Mapping[float, float] | None = None,
    cap: float = 1.0,
    worst_case: bool = False,
    progress: Progress = silent,
) -> Floats:
    """Return so many points (S, A) of a curve beyond which there is no classifier.

    They are evenly spaced in S up to its cap, from 1 - p on, which a constant answer against
    x0 reaches. The laws, pairs of shifts, and what is known besides: `lines`, bounds on
    (1 - w) S + w A by w > 0, and a `cap` on S. (S^ in place of S in the worst case.)
    """
    grid = np.linspace(1 - dist.p, min(spatial_cap(dist), cap), points)
    excluded = outer_bound(dist, budget, grid, worst_case=worst_case)
    if dist.orbit.n_distinct > 2 and dist.p < 1:
        weights = np.linspace(0, 1, points + 2)[1:-1]
        pairs = pair_lines(dist, budget, weights, progress=progress)
        excluded = np.minimum(excluded, below_lines(grid, pairs))
    excluded = np.minimum(excluded, below_lines(grid, lines or {}))
    best = float(robust_bayes_accuracy(dist.p, budget, np.inf))
    return np.stack([grid, np.clip(excluded, 0, best)], axis=1)


def law_lines(dist: CodeGaussian) -> dict[float, Floats]:
    """Return the laws' outer bound as points (S, A), shape (200, 2), e = 1 to 4, eps < 1."""
    grid = np.linspace(1 - dist.p, spatial_cap(dist), 200)
    budgets = [e for e in (1.0, 2.0, 3.0, 4.0) if e < math.sqrt(dist.d)]
    return {e: np.stack([grid, outer_bound(dist, e, grid)], axis=1) for e in budgets}
