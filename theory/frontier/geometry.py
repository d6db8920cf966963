"""The planar problem of two shifts: means, boxes, lattice, and what its rules achieve.

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
from numpy.typing import NDArray
from scipy.special import ndtr

from ...errors import TooLargeError

Floats = NDArray[np.float64]

# Masses beyond this many standard deviations are granted to the classifier (6e-7 each).
_TAIL = 5.0
# Integrals of |phi''| and of |phi'''| over the line, and the maximum of phi.
_SECOND, _THIRD, _PEAK = 0.96789, 1.51171, 0.39895
_MEMORY = 4 << 30


class Weights(NamedTuple):
    """Weights, summing to 1, of S_0 (the identity), S_1 (the shift) and A.

    Attributes
    ----------
    identity, shifted, adversarial : float
        Weights of S_0, S_1 and A, at least 0.
    """

    identity: float
    shifted: float
    adversarial: float


@dataclass(frozen=True)
class Plane:
    """Two shifts of correlation kappa, x0 of strength p, budget e.

    Attributes
    ----------
    p, budget, kappa : float
        Probability in [1/2, 1], e = eps sqrt(d), and <c, r_1 c>/d in [-1, 1].
    """

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


@dataclass(frozen=True)
class Lattice:
    """Points v_i and levels tau_k; an attack on v reaches `reach` neighbours.

    `reach` steps are at most e b, so that restricting the attack to the lattice weakens
    it; `cover` steps are at least e b. Both are equal unless e b is tiny.
    """

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


def make_lattice(plane: Plane, mesh: float, *, bytes_per_cell: int = 96) -> Lattice:
    """Return the lattice of a mesh at most `mesh` wide in both directions.

    Parameters
    ----------
    plane : Plane
        The problem.
    mesh : float
        Largest spacing, in standard deviations of u and v.
    bytes_per_cell : int
        Memory that the solver needs for a cell.

    Raises
    ------
    TooLargeError
        If more than 4 GiB would be needed.
    """
    attack = plane.budget * plane.b
    half = 2 * plane.b + _TAIL
    top = 2 * plane.a + _TAIL
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
    return Lattice(v, tau, step, level_step, reach, cover)


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


def gains(plane: Plane, lattice: Lattice, weights: Weights) -> Gains:
    """Return the masses that a rule can earn on the lattice, for given weights."""
    m, n, shift = 2 * plane.a, 2 * plane.b, plane.budget * plane.a
    v, tau, p = lattice.v, lattice.levels, plane.p
    cell = lattice.step * lattice.level_step
    near, far = _density(v - n), _density(v + n)
    plus = weights.identity * near + weights.shifted * far
    minus = weights.identity * far + weights.shifted * near
    w = weights.adversarial
    return Gains(
        p * cell * np.outer(plus, _density(tau - m)),
        (1 - p) * cell * np.outer(minus, _density(tau + m)),
        p * cell * w * np.outer(near, _density(tau - m + shift)),
        (1 - p) * cell * w * np.outer(far, _density(tau + m - shift)),
    )


class Achieved(NamedTuple):
    """Exact accuracies of one rule: on X, on r_1 X, and under attack."""

    identity: float
    shifted: float
    adversarial: float

    @property
    def spatial(self) -> float:
        """Accuracy on a random one of the two shifts."""
        return (self.identity + self.shifted) / 2


def evaluate(plane: Plane, lattice: Lattice, threshold: Floats) -> Achieved:
    """Return what the rule "u >= t(v)" achieves, t constant on the cells around v_i.

    Cell masses are differences of Phi, the outermost cells reach to infinity, and a point
    of cell i is attacked through all cells i - cover..i + cover: the values are achieved.

    Parameters
    ----------
    plane, lattice
        The problem and its lattice.
    threshold : ndarray, shape (points,)
        t at the lattice points; +-inf where the answer does not depend on u.
    """
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    edges = (lattice.v[1:] + lattice.v[:-1]) / 2
    m, n, shift, p = 2 * plane.a, 2 * plane.b, plane.budget * plane.a, plane.p
    near, far = _cell_masses(edges - n), _cell_masses(edges + n)
    t, window = threshold, 2 * lattice.cover + 1
    highest = maximum_filter1d(t, window, mode="nearest")
    lowest = minimum_filter1d(t, window, mode="nearest")
    hit_plus, hit_minus = p * ndtr(m - t), (1 - p) * ndtr(m + t)
    return Achieved(
        float(near @ hit_plus + far @ hit_minus),
        float(far @ hit_plus + near @ hit_minus),
        float(near @ (p * ndtr(m - shift - highest)) + far @ ((1 - p) * ndtr(m - shift + lowest))),
    )


def threshold_of(lattice: Lattice, answers: NDArray[np.bool_]) -> Floats:
    """Return t(v_i), halfway below the lowest level answered +1; -inf at the lowest of all."""
    first = answers.argmax(axis=1)
    t = lattice.levels[first] - lattice.level_step / 2
    t = np.where(first == 0, -np.inf, t)
    return np.where(answers.any(axis=1), t, np.inf)


def _density(x: Floats) -> Floats:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _cell_masses(edges: Floats) -> Floats:
    return np.diff(np.concatenate([[0.0], ndtr(edges), [1.0]]))
