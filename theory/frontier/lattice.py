"""The problem of two shifts in the plane, and on a lattice there.

Let u and v be the normalised sums of c_t x_t over the coordinates where c and r_1 c agree,
and differ; a = sqrt(1 - delta), b = sqrt(delta). Given Y = y, (u, v) has unit variances and
mean y (2a, 2b) for X, y (2a, -2b) for r_1 X; an attack moves it within +-e a, +-e b. By
Theorem F4 of docs/theory/frontiers.md it is enough, in the branch x0 = +1, to look at rules
"+1 where u >= t(v)"; the other branch mirrors it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ...arrays import Floats
from ...errors import TooLargeError
from ..accuracy import mixture_accuracy

#: Weights of S_0 (the identity), S_1 (the shift) and A: at least 0, and of sum 1.
Weights = tuple[float, float, float]

# Masses beyond this many standard deviations are granted to the classifier (6e-7 each).
_TAIL = 5.0
# Bounds of the integrals of |phi''| and of |phi'''| over the line, and of the maximum of phi.
_SECOND, _THIRD, _PEAK = 0.96789, 1.51171, 0.39895
_MEMORY = 4 << 30


@dataclass(frozen=True)
class Plane:
    """Two shifts of correlation kappa = <c, r_1 c>/d in [-1, 1], x0 of strength p, budget e."""

    p: float
    budget: float
    kappa: float

    @property
    def a(self) -> float:
        """Norm of u's share of the mean, sqrt(1 - delta)."""
        return math.sqrt((1 + self.kappa) / 2)

    @property
    def b(self) -> float:
        """Norm of v's share of the mean, sqrt(delta)."""
        return math.sqrt((1 - self.kappa) / 2)

    def linear_points(self, direction: ArrayLike, offset: ArrayLike) -> Floats:
        """Return (S, A) of the rules cos(s) u + sin(s) v + x0 h >= 0, shape (..., 2).

        `direction` s and `offset` h are broadcast together; h = inf gives sign(x0).
        """
        x, y = self.a * np.cos(direction), self.b * np.sin(direction)
        natural = mixture_accuracy(2 * (x + y), offset, self.p)
        spatial = (natural + mixture_accuracy(2 * (x - y), offset, self.p)) / 2
        margin = 2 * (x + y) - self.budget * (np.abs(x) + np.abs(y))
        return np.stack([spatial, mixture_accuracy(margin, offset, self.p)], axis=-1)


class Gains(NamedTuple):
    """Masses on the lattice, (points, levels), for the two answers of the branch x0 = +1.

    ``plus`` and ``minus`` are earned where the answer is +1 and -1; ``plus_robust`` and
    ``minus_robust`` where it is so in the whole window that the attack on v reaches. The
    attack on u is in the levels already: it shifts the densities.
    """

    plus: Floats
    minus: Floats
    plus_robust: Floats
    minus_robust: Floats


class Achieved(NamedTuple):
    """Exact accuracies of one rule: on X, on r_1 X, and under attack."""

    identity: float
    shifted: float
    adversarial: float

    @property
    def spatial(self) -> float:
        """Accuracy on a random one of the two shifts."""
        return (self.identity + self.shifted) / 2


@dataclass(frozen=True)
class Lattice:
    """Points v_i and levels tau_k of u; an attack on v reaches `reach` neighbours.

    `reach` steps are at most e b, so that restricting the attack to the lattice weakens
    it; `cover` steps are at least e b. Both are equal unless e b is tiny.
    """

    plane: Plane
    v: Floats
    levels: Floats
    step: float
    level_step: float
    reach: int
    cover: int

    @property
    def slack(self) -> float:
        """What a lattice value may lack of the true one, for weights that sum to 1.

        Densities between lattice points exceed their linear interpolation by at most
        h^2/8 times the size of phi''; summed, with sup over a cell bounded by mean plus variation,
        that is h^2/8 (C_2 + h C_3), C_2 and C_3 the integrals of the sizes of phi'' and phi''', and
        the tails outside the lattice are added (Proposition F7 of docs/theory/frontiers.md).
        """
        h, k = self.step, self.level_step
        curvature = h * h / 8 * (_SECOND + h * _THIRD) * (1 + k * _PEAK)
        curvature += k * k / 8 * (_SECOND + k * _THIRD) * (1 + h * _PEAK)
        return curvature + 4 * float(ndtr(-_TAIL))

    def gains(self, weights: Weights) -> Gains:
        """Return the masses that a rule can earn, for given weights of its accuracies."""
        p, m, n = self.plane.p, 2 * self.plane.a, 2 * self.plane.b
        attack = self.plane.budget * self.plane.a
        cell = self.step * self.level_step
        near, far, tau = density(self.v - n), density(self.v + n), self.levels
        identity, shifted, robust = weights
        plus, minus = identity * near + shifted * far, identity * far + shifted * near
        return Gains(
            p * cell * np.outer(plus, density(tau - m)),
            (1 - p) * cell * np.outer(minus, density(tau + m)),
            p * cell * robust * np.outer(near, density(tau - m + attack)),
            (1 - p) * cell * robust * np.outer(far, density(tau + m - attack)),
        )

    def threshold(self, answers: NDArray[np.bool_]) -> Floats:
        """Return t(v_i), halfway below the lowest level answered +1; -inf at the lowest of all."""
        first = answers.argmax(axis=1)
        t = np.where(first == 0, -np.inf, self.levels[first] - self.level_step / 2)
        return np.where(answers.any(axis=1), t, np.inf)

    def achieved(self, threshold: Floats) -> Achieved:
        """Return what the rule "u >= t(v)" achieves, t constant on the cells around v_i.

        Cell masses are differences of Phi, the outermost cells reach to infinity, and a point
        of cell i is attacked through all cells i - cover..i + cover: the values are achieved.
        `threshold` is t, of shape (points,); +-inf where the answer does not depend on u.
        """
        from scipy.ndimage import maximum_filter1d, minimum_filter1d

        p, m, n = self.plane.p, 2 * self.plane.a, 2 * self.plane.b
        attack, window = self.plane.budget * self.plane.a, 2 * self.cover + 1
        edges = (self.v[1:] + self.v[:-1]) / 2
        near, far = (np.diff(ndtr(edges + shift), prepend=0, append=1) for shift in (-n, n))
        highest = maximum_filter1d(threshold, window, mode="nearest")
        lowest = minimum_filter1d(threshold, window, mode="nearest")
        plus, minus = p * ndtr(m - threshold), (1 - p) * ndtr(m + threshold)
        robust_plus, robust_minus = ndtr(m - attack - highest), ndtr(m - attack + lowest)
        return Achieved(
            float(near @ plus + far @ minus),
            float(far @ plus + near @ minus),
            float(near @ (p * robust_plus) + far @ ((1 - p) * robust_minus)),
        )


def make_lattice(plane: Plane, mesh: float, *, bytes_per_cell: int = 96) -> Lattice:
    """Return the lattice of a mesh at most `mesh` standard deviations wide in both directions.

    TooLargeError if the solver, at so many bytes a cell, would need more than 4 GiB.
    """
    attack = plane.budget * plane.b
    half, top = 2 * plane.b + _TAIL, 2 * plane.a + _TAIL
    levels = 2 * math.ceil(top / mesh) + 1
    reach = cover = math.ceil(attack / mesh - 1e-9)
    step = attack / reach if reach else mesh
    if reach and step < mesh / 4 and 2 * half / step * levels * bytes_per_cell > _MEMORY / 8:
        # A tiny attack on v: neglect it above, exaggerate it below.
        reach, cover, step = 0, 1, mesh
    count = 2 * math.ceil(half / step) + 1
    size = count * levels * bytes_per_cell
    if size > _MEMORY:
        raise TooLargeError(
            "mesh",
            f"keep the working memory below {_MEMORY / 2**30:.0f} GiB",
            mesh,
            hint=f"{count} x {levels} cells would take {size / 2**30:.1f} GiB.",
        )
    v = (np.arange(count, dtype=np.float64) - count // 2) * step
    level_step = top / (levels // 2)
    tau = (np.arange(levels, dtype=np.float64) - levels // 2) * level_step
    return Lattice(plane, v, tau, step, level_step, reach, cover)


def density(x: Floats) -> Floats:
    """Return the standard normal density."""
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
