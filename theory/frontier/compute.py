"""Everything known of the trade-off at one codeword, p and budget, in one result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...checks import check_integer
from ...errors import InputError
from ...progress import Progress, silent
from ..distribution import CodeGaussian
from .exact import ExactFrontier, two_shift_frontier
from .hull import concave_hull, gap
from .inner import AchievedRule, check_attack, inner_frontier
from .named import NamedPoint, named_points
from .outer import outer_curve

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frontier:
    """The trade-off between spatial and adversarial accuracy for one distribution.

    Attributes
    ----------
    p, budget, d, n_shifts : float, float, int, int
        The setting; the budget is e = eps sqrt(d).
    rules : tuple of AchievedRule
        Linear rules found, with exact accuracies; certified to be achieved, not to be the
        best linear ones.
    hull : ndarray, shape (v, 2)
        Concave hull of the rules: achieved with a coin that the attacker cannot influence.
    outer : ndarray, shape (k, 2)
        (S, largest A not excluded), for every classifier: laws, and pairs of shifts where
        there are at least three.
    exact : ExactFrontier or None
        Certified polylines for all measurable classifiers, for one or two different shifts.
    named : mapping of str to NamedPoint
        Bayes, robust Bayes, shift-Bayes and sign(x0).
    linear_gap : (low, high) or None
        Certified limits of how far the best of all classifiers exceeds the hull of the
        linear rules found, in the weighted sum where it does so most.
    """

    p: float
    budget: float
    d: int
    n_shifts: int
    rules: tuple[AchievedRule, ...]
    hull: Floats
    outer: Floats
    exact: ExactFrontier | None
    named: Mapping[str, NamedPoint]
    linear_gap: tuple[float, float] | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values, with the keys that `spadv frontier --json` promises."""
        exact = self.exact and {
            "lower": self.exact.lower.tolist(),
            "upper": self.exact.upper.tolist(),
            "gap": self.exact.gap,
            "method": self.exact.method,
        }
        return {
            "p": self.p,
            "budget": self.budget,
            "d": self.d,
            "n_shifts": self.n_shifts,
            "inner": [[r.spatial, r.adversarial] for r in self.rules],
            "hull": self.hull.tolist(),
            "outer": self.outer.tolist(),
            "exact": exact,
            "named": {name: point.to_json() for name, point in self.named.items()},
            "linear_gap": self.linear_gap and list(self.linear_gap),
        }


def frontier(
    dist: CodeGaussian,
    budget: float,
    points: int = 25,
    *,
    exact: bool | Literal["auto"] = "auto",
    tolerance: float = 1e-3,
    samples: int = 100_000,
    rng: np.random.Generator | None = None,
    progress: Progress = silent,
) -> Frontier:
    """Return achievable, excluded and, where it is known, exact frontier.

    Parameters
    ----------
    dist, budget : CodeGaussian, float
        The distribution, and e = eps sqrt(d), with eps < 1.
    points : int
        Directions and values of S to try for the achievable part, and points of the outer
        curve; at least 2.
    exact : bool or "auto"
        Whether to compute the exact frontier; "auto": where the orbit has one or two
        different words.
    tolerance : float
        Gap between the certified polylines at which no more work is done.
    samples : int
        Simulated samples for shift-Bayes, where it is not linear.
    rng : numpy.random.Generator, optional
        Source of randomness; a fixed one if left out.
    progress : Progress
        Told how far the work is.

    Examples
    --------
    >>> from spadv.theory import CodeGaussian
    >>> known = frontier(CodeGaussian([1, 1, 1, -1] * 4, 0.7, shift=8), 1.0, points=5)
    >>> known.exact.method
    'half-spaces'
    """
    budget = check_attack(dist, budget)
    points = check_integer("points", points, minimum=2)
    check_integer("samples", samples, minimum=1)
    rng = np.random.default_rng(0) if rng is None else rng
    distinct = dist.orbit.n_distinct
    if exact is True and distinct > 2:
        rule = f"be False or 'auto' for an orbit of {distinct} different words"
        raise InputError("exact", rule, exact, "The exact frontier is known for one and two.")
    if exact not in (True, False, "auto"):
        raise InputError("exact", "be True, False or 'auto'", exact)
    rules = tuple(inner_frontier(dist, budget, points, rng=rng, progress=progress))
    hull = concave_hull([(r.spatial, r.adversarial) for r in rules])
    outer = outer_curve(dist, budget, points, progress=progress)
    named = named_points(dist, budget, samples=samples, rng=rng)
    known, linear_gap = None, None
    if exact and distinct <= 2:
        kappa = float(dist.orbit.kappa[1]) if distinct == 2 else 1.0
        known = two_shift_frontier(
            dist.p, budget, kappa, tolerance=tolerance, achieved=hull, progress=progress
        )
        linear_gap = (max(gap(known.lower, hull)[0], 0.0), max(gap(known.upper, hull)[0], 0.0))
    return Frontier(
        dist.p, budget, dist.d, dist.n_shifts, rules, hull, outer, known, named, linear_gap
    )
