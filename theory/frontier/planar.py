"""The exact frontier over all measurable classifiers of two different shifts.

Each direction w of the objective (1 - w) S + w A gets a certified bracket: a rule whose
accuracies are evaluated exactly, and a value that no classifier exceeds. Directions are
chosen where the polylines through the rules and around the values are furthest apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import check_budget, check_probability, check_real
from ...progress import Progress, silent
from ..accuracy import (
    FULL_BUDGET,
    MEAN_NORM,
    mixture_accuracy,
    robust_bayes_accuracy,
    two_shift_accuracy,
)
from .curve import half_space_frontier, one_shift_frontier
from .cut import best_nested, bytes_per_cell
from .geometry import Achieved, Plane, Weights, evaluate, gains, make_lattice, threshold_of
from .hull import concave_hull, envelope, gap, support
from .levels import are_nested, best_levels

Floats = NDArray[np.float64]

#: Mesh of separate levels and of the minimum cut, in standard deviations.
MESH, CUT_MESH = 0.03, 0.1
_MOST_DIRECTIONS = 80


@dataclass(frozen=True)
class Bracket:
    """What is known of the best weighted accuracy in one direction.

    Attributes
    ----------
    upper : float
        No classifier, randomised or not, has a larger weighted sum.
    achieved : Achieved
        Exact accuracies of a rule that comes near.
    v, threshold : ndarray of float64, shape (points,)
        The rule: +1 where u >= threshold(v), constant on cells around v, in the branch
        x0 = +1; mirrored in the other.
    method : str
        "levels" or "minimum cut".
    """

    upper: float
    achieved: Achieved
    v: Floats
    threshold: Floats
    method: str


@dataclass(frozen=True)
class ExactFrontier:
    """Polylines that hold the frontier of all classifiers between them.

    Attributes
    ----------
    lower : ndarray, shape (v, 2)
        Achieved (S, A), by increasing S; points between vertices by a coin.
    upper : ndarray, shape (u, 2)
        No classifier lies beyond.
    gap : float
        Largest difference of their support functions; see
        :func:`spadv.theory.frontier.hull.gap`.
    method : str
        "half-spaces" (a closed form), or "planar".
    brackets : tuple of (float, Bracket)
        Directions and what was found there; empty for closed forms.
    """

    lower: Floats
    upper: Floats
    gap: float
    method: str
    brackets: tuple[tuple[float, Bracket], ...] = ()


def bracket(
    plane: Plane, weights: Weights, *, mesh: float = MESH, cut_mesh: float | None = CUT_MESH
) -> Bracket:
    """Return a certified bracket of the largest weighted sum of S_0, S_1 and A.

    Theorems F4 and F5 and Proposition F7 of docs/theory/frontiers.md.

    Parameters
    ----------
    plane : Plane
        The problem of two shifts.
    weights : Weights
        Nonnegative weights that sum to 1.
    mesh : float
        Lattice width for separate levels.
    cut_mesh : float or None
        Lattice width of the minimum cut, used where the levels do not fit together;
        None: never.

    Raises
    ------
    TooLargeError
        If the lattice would need more than 4 GiB.
    """
    lattice = make_lattice(plane, mesh)
    value, answers = best_levels(gains(plane, lattice, weights), lattice.reach)
    threshold = threshold_of(lattice, answers)
    upper = value + lattice.slack
    best = Bracket(upper, evaluate(plane, lattice, threshold), lattice.v, threshold, "levels")
    if cut_mesh is None or are_nested(answers):
        return best
    reach = int(np.ceil(plane.budget * plane.b / cut_mesh))
    lattice = make_lattice(plane, cut_mesh, bytes_per_cell=bytes_per_cell(reach))
    value, answers = best_nested(gains(plane, lattice, weights), lattice.reach)
    threshold = threshold_of(lattice, answers)
    achieved = evaluate(plane, lattice, threshold)
    if np.dot(weights, achieved) < np.dot(weights, best.achieved):
        threshold, achieved, lattice_v = best.threshold, best.achieved, best.v
    else:
        lattice_v = lattice.v
    upper = min(upper, value + lattice.slack)
    return Bracket(upper, achieved, lattice_v, threshold, "minimum cut")


def two_shift_frontier(
    p: float,
    budget: float,
    kappa: float,
    *,
    tolerance: float = 1e-3,
    mesh: float = MESH,
    cut_mesh: float = CUT_MESH,
    achieved: ArrayLike = (),
    progress: Progress = silent,
) -> ExactFrontier:
    """Return the frontier of (S, A) over all measurable classifiers, between certified lines.

    S is the mean accuracy on X and r_1 X, where the orbit has two different words. Sections 3 to
    5 of docs/theory/frontiers.md.

    Parameters
    ----------
    p : float
        Probability in [1/2, 1] that x0 equals the label.
    budget : float
        e = eps sqrt(d), with eps < 1: the attack must not reach x0.
    kappa : float
        <c, r_1 c>/d, in [-1, 1]; 1 means that there is only one shift.
    tolerance : float
        Gap at which no more directions are tried.
    mesh, cut_mesh : float
        Lattice widths; halving them divides the gap's floor, about 0.24 mesh^2 (1 + w)
        and a part for rounding the rules to cells, by about four.
    achieved : array_like, shape (k, 2)
        Points (S, A) known to be achieved; they may raise the lower line.
    progress : Progress
        Told after every direction.

    Raises
    ------
    InputError
        If an argument is out of range.
    TooLargeError
        If the lattice would need more than 4 GiB.

    Examples
    --------
    >>> frontier = two_shift_frontier(0.7, 1.0, 0.0, tolerance=0.01, mesh=0.1)
    >>> frontier.gap < 0.01
    True
    """
    p, budget = check_probability("p", p), check_budget("budget", budget)
    kappa = check_real("kappa", kappa, low=-1, high=1)
    tolerance = check_real("tolerance", tolerance, low=0)
    mesh, cut_mesh = (
        check_real(name, value, low=1e-3, high=1)
        for name, value in (("mesh", mesh), ("cut_mesh", cut_mesh))
    )
    plane = Plane(p, budget, kappa)
    if kappa == 1:
        lower, upper = one_shift_frontier(p, budget)
        return ExactFrontier(lower, upper, max(gap(upper, lower)[0], 0.0), "half-spaces")
    if budget >= FULL_BUDGET:
        lower, upper = half_space_frontier(p, MEAN_NORM * plane.a, budget * plane.a)
        return ExactFrontier(lower, upper, max(gap(upper, lower)[0], 0.0), "half-spaces")
    # The ends are known in closed form: S* and A*.
    lines = {
        0.0: float(two_shift_accuracy(kappa, p)),
        1.0: float(robust_bayes_accuracy(p, budget, np.inf)),
    }
    points = [*_linear_rules(plane), *map(tuple, np.reshape(np.asarray(achieved), (-1, 2)))]
    found: dict[float, Bracket] = {}
    waiting = [0.5, 0.25, 0.75]
    floor = 0.0
    while len(found) < _MOST_DIRECTIONS:
        lower, upper = concave_hull(points), envelope(lines)
        distance, weight = gap(upper, lower)
        if waiting:
            weight = waiting.pop()
        elif distance < max(tolerance, floor) or weight in found or not 0 < weight < 1:
            break
        spatial = (1 - weight) / 2
        part = bracket(plane, Weights(spatial, spatial, weight), mesh=mesh, cut_mesh=cut_mesh)
        found[weight], lines[weight] = part, part.upper
        points.append((part.achieved.spatial, part.achieved.adversarial))
        # More directions cannot close the gap that the mesh leaves in a single one.
        floor = max(floor, 1.25 * (part.upper - support(points, weight)))
        progress(len(found), _MOST_DIRECTIONS, f"gap {distance:.4f}")
    lower, upper = concave_hull(points), envelope(lines)
    distance = max(gap(upper, lower)[0], 0.0)
    return ExactFrontier(lower, upper, distance, "planar", tuple(sorted(found.items())))


def linear_points(plane: Plane, direction: ArrayLike, offset: ArrayLike) -> Floats:
    """Return (S, A) of the rules cos(s) u + sin(s) v + x0 h >= 0, in closed form.

    Parameters
    ----------
    plane : Plane
        The problem.
    direction, offset : array_like
        s and h, broadcast together; h = inf gives sign(x0).

    Returns
    -------
    ndarray, shape (..., 2)
    """
    x, y = plane.a * np.cos(direction), plane.b * np.sin(direction)
    p, e = plane.p, plane.budget
    natural = mixture_accuracy(2 * (x + y), offset, p)
    spatial = (natural + mixture_accuracy(2 * (x - y), offset, p)) / 2
    margin = 2 * (x + y) - e * (np.abs(x) + np.abs(y))
    return np.stack([spatial, mixture_accuracy(margin, offset, p)], axis=-1)


def _linear_rules(plane: Plane) -> Sequence[tuple[float, float]]:
    """Return the points of sign(x0), shift-Bayes, Bayes and robust Bayes."""
    odds = np.log(plane.p / (1 - plane.p)) if plane.p < 1 else np.inf
    bayes_angle = np.arctan2(plane.b, plane.a)
    rules = [(0.0, np.inf), (bayes_angle, odds / 4)]
    if plane.a > 0:
        rules.append((0.0, odds / (4 * plane.a)))
    if plane.budget < MEAN_NORM:
        rules.append((bayes_angle, odds / (2 * (MEAN_NORM - plane.budget))))
    return [tuple(linear_points(plane, s, h)) for s, h in rules]
