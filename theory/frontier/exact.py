"""The exact frontier over all measurable classifiers, for one, two, and any number of shifts.

*Half-spaces.* With means +-m and attacks of size k along a line, and thresholds -+t by the
sign of x0,

    S(t) = p Phi(m - t) + (1-p) Phi(m + t),  A(t) = p Phi(m - k - t) + (1-p) Phi(m - k + t).

Their hull is the frontier for one shift, m = 2, k = e, at every budget (Theorem F3 of
docs/theory/frontiers.md), and for two shifts from e = 4 on, m = 2 sqrt(1 - delta),
k = e sqrt(1 - delta) (Theorem F6 there).

*The plane.* For two shifts and e < 4 each direction w of the objective (1 - w) S + w A gets a
certified bracket: a rule whose accuracies are evaluated exactly, and a value that no
classifier exceeds. Directions are chosen where the polylines through the rules and around
the values are furthest apart.

*Blocks.* For any number of shifts, and for the worst case S^, the same on a lattice in several
dimensions (:mod:`.blocks`; section 7 there, and docs/theory/worst-case.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...arrays import Floats
from ...checks import check_budget, check_integer, check_probability, check_real
from ...progress import Progress, silent
from ..accuracy import (
    FULL_BUDGET,
    MEAN_NORM,
    log_odds,
    mixture_accuracy,
    robust_bayes_accuracy,
    two_shift_accuracy,
)
from ..classifiers import bayes, robust_bayes, x0_rule
from ..distribution import CodeGaussian
from .blocks import Blocks, block_lattice
from .hull import concave_hull, edge_weights, envelope, gap, support
from .inner import check_attack, worst_case_at_least
from .lattice import Achieved, Plane, Weights, make_lattice
from .levels import are_nested, best_levels, best_nested, bytes_per_cell

#: Mesh of separate levels and of the minimum cut, in standard deviations.
MESH, CUT_MESH = 0.03, 0.1
_MOST_DIRECTIONS = 80
# Thresholds beyond this lose less than 1e-16 of any accuracy, for means of at most 2 and
# attacks of at most 4; larger attacks only make the constant rules better.
_REACH = 12.0
_STEP = 2e-3


class Bracket(NamedTuple):
    """What is known of the best weighted accuracy in one direction.

    No classifier, randomised or not, has a weighted sum above `upper`. The rule "+1 where
    u >= threshold(v)", constant on cells around v, in the branch x0 = +1 and mirrored in the other,
    has exactly the accuracies `achieved`. `v` and `threshold` have the shape (points,).
    """

    upper: float
    achieved: Achieved
    v: Floats
    threshold: Floats


@dataclass(frozen=True)
class ExactFrontier:
    """Polylines that hold the frontier of all classifiers between them."""

    #: Achieved (S, A), shape (v, 2), by increasing S; points between vertices by a coin.
    lower: Floats
    #: No classifier lies beyond; shape (u, 2).
    upper: Floats
    #: "half-spaces" (a closed form), "planar", "blocks", or "blocks, upper line only".
    method: str

    @property
    def gap(self) -> float:
        """Largest difference of their support functions; see :func:`gap`."""
        return max(gap(self.upper, self.lower)[0], 0.0)


def half_space_point(t: ArrayLike, p: float, mean: float, attack: float) -> Floats:
    """Return (S, A) of the rule sign(z + t) for x0 = -1 and sign(z - t) for x0 = +1.

    Given the label y, z is N(y m, 1), m = `mean`, and the attack moves it by at most `attack`.
    For t of shape (...) the points have shape (..., 2); t = -inf gives sign(x0), S = A = p.

    Examples
    --------
    >>> half_space_point(-np.inf, 0.7, 2.0, 3.0)
    array([0.7, 0.7])
    """
    h = -np.asarray(t, dtype=np.float64)
    return np.stack((mixture_accuracy(mean, h, p), mixture_accuracy(mean - attack, h, p)), axis=-1)


def half_space_frontier(p: float, mean: float, attack: float) -> tuple[Floats, Floats]:
    """Return polylines (lower, upper) around the concave hull of all half-space points.

    The lower one is achieved; no half-space rule lies beyond the upper one. The objective's
    second derivative in t is at most 0.25 (the largest slope of the normal density is below
    it), so between thresholds h apart it exceeds the larger end by at most h^2/32: 1.3e-7
    here, added to the support values. Where it is the frontier of all classifiers: Theorems
    F3 and F6 of docs/theory/frontiers.md.
    """
    grid = np.arange(-_REACH - attack, _REACH + attack + _STEP, _STEP)
    lower = concave_hull(half_space_point(np.append(-np.inf, grid), p, mean, attack))
    weights = edge_weights(lower)
    if len(weights) > 400:
        weights = weights[np.unique(np.linspace(0, len(weights) - 1, 400).astype(int))]
    slack = _STEP**2 / 32
    return lower, envelope({float(w): float(support(lower, w)) + slack for w in weights})


def one_shift_frontier(p: float, budget: float) -> tuple[Floats, Floats]:
    """Return the exact frontier of natural against adversarial accuracy, as polylines.

    Proved for every budget with eps < 1 and every measurable classifier, by Gaussian
    isoperimetry: half-spaces along the word are best for both accuracies at once (Theorem F3
    of docs/theory/frontiers.md). The polylines (lower, upper) of :func:`half_space_frontier`.

    Examples
    --------
    >>> lower, upper = one_shift_frontier(0.5, 1.0)
    >>> lower.round(4)
    array([[0.9772, 0.8413]])
    """
    p, budget = check_probability("p", p), check_budget("budget", budget)
    return half_space_frontier(p, MEAN_NORM, budget)


def bracket(
    plane: Plane, weights: Weights, *, mesh: float = MESH, cut_mesh: float | None = CUT_MESH
) -> Bracket:
    """Return a certified bracket of the largest weighted sum of S_0, S_1 and A.

    Theorems F4 and F5 and Proposition F7 of docs/theory/frontiers.md. The weights are at least 0
    and sum to 1; `mesh` is the lattice's width for separate levels, `cut_mesh` that of the minimum
    cut where the levels do not fit together (None: never). TooLargeError for more than 4 GiB.
    """
    lattice = make_lattice(plane, mesh)
    value, answers = best_levels(lattice.gains(weights), lattice.reach)
    threshold, upper = lattice.threshold(answers), value + lattice.slack
    best = Bracket(upper, lattice.achieved(threshold), lattice.v, threshold)
    if cut_mesh is None or are_nested(answers):
        return best
    reach = int(np.ceil(plane.budget * plane.b / cut_mesh))
    lattice = make_lattice(plane, cut_mesh, bytes_per_cell=bytes_per_cell(reach))
    value, answers = best_nested(lattice.gains(weights), lattice.reach)
    upper, threshold = min(upper, value + lattice.slack), lattice.threshold(answers)
    achieved = lattice.achieved(threshold)
    if np.dot(weights, achieved) < np.dot(weights, best.achieved):
        return best._replace(upper=upper)
    return Bracket(upper, achieved, lattice.v, threshold)


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
    5 of docs/theory/frontiers.md. TooLargeError if the lattice would need more than 4 GiB.

    Parameters
    ----------
    kappa : float
        <c, r_1 c>/d, in [-1, 1]; 1 means that there is only one shift.
    tolerance : float
        Gap at which no more directions are tried.
    mesh, cut_mesh : float
        Lattice widths; halving them divides the gap's floor, about 0.25 mesh^2
        and a part for rounding the rules to cells, by about four.
    achieved : array_like, shape (k, 2)
        Points (S, A) known to be achieved; they may raise the lower line.

    Examples
    --------
    >>> frontier = two_shift_frontier(0.7, 1.0, 0.0, tolerance=0.01, mesh=0.1)
    >>> frontier.gap < 0.01
    True
    """
    p, budget = check_probability("p", p), check_budget("budget", budget)
    kappa = check_real("kappa", kappa, low=-1, high=1)
    tolerance = check_real("tolerance", tolerance, low=0)
    mesh = check_real("mesh", mesh, low=1e-3, high=1)
    cut_mesh = check_real("cut_mesh", cut_mesh, low=1e-3, high=1)
    plane = Plane(p, budget, kappa)
    # For one shift a = 1, and both cases of half-spaces are the same.
    if kappa == 1 or budget >= FULL_BUDGET:
        lines = half_space_frontier(p, MEAN_NORM * plane.a, budget * plane.a)
        return ExactFrontier(*lines, "half-spaces")
    # The ends are known in closed form: S* and A*.
    limits = {
        0.0: float(two_shift_accuracy(kappa, p)),
        1.0: float(robust_bayes_accuracy(p, budget, np.inf)),
    }
    points = [*_linear_rules(plane), *map(tuple, np.reshape(np.asarray(achieved), (-1, 2)))]

    def look(weight: float) -> tuple[float, float, float]:
        spatial = (1 - weight) / 2
        part = bracket(plane, (spatial, spatial, weight), mesh=mesh, cut_mesh=cut_mesh)
        return part.upper, part.achieved.spatial, part.achieved.adversarial

    lines = _enclosed(look, limits, points, tolerance, _MOST_DIRECTIONS, progress)
    return ExactFrontier(*lines, "planar")


def block_frontier(
    dist: CodeGaussian,
    budget: float,
    *,
    worst_case: bool = False,
    directions: int = 13,
    tolerance: float = 1e-3,
    mesh: float | None = None,
    achieved: ArrayLike = (),
    progress: Progress = silent,
) -> ExactFrontier:
    """Return the frontier of (S, A) over all measurable classifiers, between certified lines.

    Up to e = 2 the lines close in on the frontier as the mesh gets finer; beyond, the upper
    line is certified as well, but is not known to be attained: its rule need not be one, and the
    lower line is that of the rules found. TooLargeError, before any work is done, if the lattice
    would have more than 300,000 cells (100,000 for the worst case, a fifth of either beyond e = 2).
    Theorems F10, F11, Proposition F12 of docs/theory/frontiers.md.

    Parameters
    ----------
    worst_case : bool
        S^, the probability of being right after all shifts at once, in place of S.
    directions : int
        At most so many weights w are tried, each in seconds, or up to a minute.
    tolerance : float
        Gap at which no more directions are tried.
    mesh : float, optional
        Width of the lattice's cells, at most; left out, the finest that is not too expensive. For
        three shifts the gap's floor is about 0.02 mesh^2.
    achieved : array_like, shape (k, 2)
        Points (S, A) known to be achieved; they may raise the lower line.

    Examples
    --------
    >>> dist = CodeGaussian([1, 1, -1] * 4, 0.7, shift=1)
    >>> found = block_frontier(dist, 1.0, directions=3, mesh=0.6)
    >>> bool(found.gap < 0.05)
    True
    """
    budget = check_attack(dist, budget)
    directions = check_integer("directions", directions, minimum=3)
    tolerance = check_real("tolerance", tolerance, low=0)
    if mesh is not None:
        mesh = check_real("mesh", mesh, low=0.01, high=1)
    blocks = Blocks.of(dist, budget)
    if not blocks.widths:
        return ExactFrontier(*half_space_frontier(dist.p, 2.0, budget), "half-spaces")
    lattice = block_lattice(blocks, worst_case=worst_case, mesh=mesh)

    rules: dict[float, Floats] = {}

    def look(weight: float) -> tuple[float, float, float]:
        found = lattice.bracket(weight)
        rules[weight] = found.threshold
        order = sorted(rules)
        place = order.index(weight)
        # Halfway between the rules of neighbouring directions lies one that is nearly best
        # between them.
        for other in (*order[max(place - 1, 0) : place], *order[place + 1 : place + 2]):
            points.append(lattice.achieved((found.threshold + rules[other]) / 2))
        return found.upper, found.spatial, found.adversarial

    named = [x0_rule(dist), bayes(dist), robust_bayes(dist, budget)]
    points = [
        (
            worst_case_at_least(rule, dist) if worst_case else rule.spatial_accuracy(dist),
            rule.adversarial_accuracy(dist, budget),
        )
        for rule in named
    ]
    points += [(float(s), float(a)) for s, a in np.reshape(np.asarray(achieved), (-1, 2))]
    top, *first = look(0.0)
    points.append((first[0], first[1]))
    limits = {0.0: top, 1.0: float(robust_bayes_accuracy(dist.p, budget, np.inf))}
    lines = _enclosed(look, limits, points, tolerance, directions - 1, progress)
    return ExactFrontier(*lines, "blocks" if budget <= 2 else "blocks, upper line only")


def _enclosed(
    look: Callable[[float], tuple[float, float, float]],
    limits: dict[float, float],
    points: list[tuple[float, float]],
    tolerance: float,
    most: int,
    progress: Progress,
) -> tuple[Floats, Floats]:
    """Return polylines (lower, upper), new directions taken where they are furthest apart.

    `look` gives an upper bound, and a point (S, A) achieved, in one direction; `limits` and
    `points` are what is known already, the directions 0 and 1 among the limits.
    """
    waiting = [0.5, 0.25, 0.75]
    floor, tried = 0.0, 0
    while tried < most:
        distance, weight = gap(envelope(limits), concave_hull(points))
        if waiting:
            weight = waiting.pop()
        elif distance < max(tolerance, floor) or weight in limits:
            break
        limits[weight], *point = look(weight)
        points.append((point[0], point[1]))
        # More directions cannot close the gap that the mesh leaves in a single one.
        floor = max(floor, 1.25 * (limits[weight] - support(points, weight)))
        tried += 1
        progress(tried, most, f"gap {distance:.4f}")
    return concave_hull(points), envelope(limits)


def _linear_rules(plane: Plane) -> Sequence[tuple[float, float]]:
    """Return the points of sign(x0), shift-Bayes, Bayes and robust Bayes."""
    odds = float(log_odds(plane.p))
    bayes_angle = np.arctan2(plane.b, plane.a)
    rules = [(0.0, np.inf), (bayes_angle, odds / 4)]
    if plane.a > 0:
        rules.append((0.0, odds / (4 * plane.a)))
    if plane.budget < MEAN_NORM:
        rules.append((bayes_angle, odds / (2 * (MEAN_NORM - plane.budget))))
    return [tuple(plane.linear_points(s, h)) for s, h in rules]
