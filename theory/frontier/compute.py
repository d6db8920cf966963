"""Everything known of the trade-off at one codeword, p and budget, in one result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ...arrays import Floats
from ...checks import check_integer
from ...errors import InputError
from ...progress import Progress, silent
from ...random import as_rng
from ..accuracy import FULL_BUDGET, robust_bayes_accuracy
from ..distribution import CodeGaussian
from ..orthant import Estimate
from ..price import spatial_optimum
from .blocks import Blocks, block_lattice
from .exact import ExactFrontier, block_frontier, two_shift_frontier
from .hull import concave_hull, envelope, gap
from .inner import AchievedRule, check_attack, inner_frontier, worst_case_rules
from .mixture import mixture_lines
from .named import NamedPoint, named_points
from .outer import outer_curve

#: Confidence that all estimated bounds of an outer curve hold together.
OUTER_LEVEL = 0.999
# More directions of mixture bounds take long.
_MOST_LINES = 25
# From so many shifts on the bounds' points are fewer.
_MANY_SHIFTS = 16


@dataclass(frozen=True)
class Frontier:
    """The trade-off between spatial and adversarial accuracy for one distribution."""

    p: float
    budget: float
    d: int
    n_shifts: int
    #: Linear rules found, with exact accuracies: achieved, but perhaps not the best linear ones.
    rules: tuple[AchievedRule, ...]
    #: Concave hull of the rules, shape (v, 2): achieved with a coin that no attacker can influence.
    hull: Floats
    #: (S, largest A not excluded), shape (k, 2), for every classifier: laws, and where there are at
    #: least three shifts pairs of them, mixture bounds and the best S. Those two are estimated by
    #: quasi-Monte-Carlo, and taken at the upper ends of intervals that hold together with
    #: probability 0.999.
    outer: Floats
    exact: ExactFrontier | None
    #: Bayes, robust Bayes, shift-Bayes and sign(x0), by these names.
    named: Mapping[str, NamedPoint]
    #: Certified limits (low, high) of how far the best of all classifiers exceeds the hull of the
    #: linear rules found, in the weighted sum where it does so most.
    linear_gap: tuple[float, float] | None
    #: What (1 - w) S + w A does not exceed, by w; empty for up to two shifts.
    mixture: Mapping[float, Estimate] = field(default_factory=dict)
    #: Whether S stands for S^, the probability of being right after all shifts at once.
    worst_case: bool = False

    @property
    def linear_shortfall(self) -> tuple[float, float]:
        """Limits of how far the best of all classifiers exceeds the hull of the linear rules.

        Certified where the exact frontier is known (:attr:`linear_gap`); else by how far the
        lower end of shift-Bayes's interval does, and what the estimated upper bounds leave.
        """
        if self.linear_gap is not None:
            return self.linear_gap
        lines = {w: line.high for w, line in self.mixture.items()}
        lines[0.0] = float(self.outer[-1, 0])
        lines[1.0] = float(robust_bayes_accuracy(self.p, self.budget, np.inf))
        best = self.named["shift-Bayes"]
        point = best.spatial.low, best.adversarial[0]
        # A rule with a larger S and no more A than the hull's end has gained in S alone.
        low = gap(concave_hull([*self.hull, point]), self.hull)[0]
        return max(low, 0.0), max(gap(envelope(lines), self.hull)[0], 0.0)

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
            "mixture": [[w, e.value, e.high] for w, e in sorted(self.mixture.items())],
            "outer_level": OUTER_LEVEL if self.mixture else None,
            "worst_case": self.worst_case,
        }


def frontier(
    dist: CodeGaussian,
    budget: float,
    points: int = 25,
    *,
    exact: bool | Literal["auto"] = "auto",
    worst_case: bool = False,
    tolerance: float = 1e-3,
    samples: int = 100_000,
    rng: np.random.Generator | int | None = None,
    progress: Progress = silent,
) -> Frontier:
    """Return achievable, excluded and, where it is known, exact frontier.

    Parameters
    ----------
    points : int
        Directions and values of S to try for the achievable part, and points of the outer
        curve; at least 2.
    exact : bool or "auto"
        Whether to compute the exact frontier; "auto": where it takes seconds, with one or
        two different words. With three it takes about a minute, with more it is refused unless
        the blocks of coordinates in which they differ are few; beyond e = 2 its upper line is
        not known to be attained.
    worst_case : bool
        The frontier of S^, being right after all shifts at once, in place of S; see
        docs/theory/worst-case.md.
    tolerance : float
        Gap between the certified polylines at which no more work is done.
    samples : int
        Simulated samples for shift-Bayes, where it is not linear.
    rng : numpy.random.Generator or int, optional
        Source of randomness; a fixed one if left out.

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
    rng = as_rng(rng, seed=0)
    distinct = dist.orbit.n_distinct
    if exact not in (True, False, "auto"):
        raise InputError("exact", "be True, False or 'auto'", exact)
    if exact is True and distinct > 2:
        # Refuses at once what would be too much.
        block_lattice(Blocks.of(dist, budget), worst_case=worst_case)
    rules = inner_frontier(dist, budget, points, rng=rng, progress=progress)
    if worst_case:
        rules = worst_case_rules(rules, dist, budget)
    hull = concave_hull([(r.spatial, r.adversarial) for r in rules])
    named = named_points(dist, budget, samples=samples, rng=rng, worst_case=worst_case)
    mixture: dict[float, Estimate] = {}
    cap = 1.0
    if distinct > 2 and dist.p < 1:
        # Streams of their own: what was computed before bounds were added stays as it was.
        weights = np.linspace(0, 1, min(points, _MOST_LINES) + 2)[1:-1]
        bits = 12 if distinct < _MANY_SHIFTS else 11
        level = (1 + OUTER_LEVEL) / 2
        mixture = mixture_lines(
            dist, budget, weights, rng=np.random.default_rng(1), bits=bits, level=level,
            progress=progress,
        )  # fmt: skip
        price = spatial_optimum(dist, rng=np.random.default_rng(2), error=3e-4, level=level)
        cap = price.high
    lines = {w: line.high for w, line in mixture.items()}
    outer = outer_curve(
        dist, budget, points, lines=lines, cap=cap, worst_case=worst_case, progress=progress
    )
    known, linear_gap = None, None
    if exact is True or (exact and distinct <= 2):
        # At full budget half-spaces that no shift changes are best (Theorems F6 and W4).
        if distinct == 1 or (distinct == 2 and (not worst_case or budget >= FULL_BUDGET)):
            kappa = float(dist.orbit.kappa[1]) if distinct == 2 else 1.0
            known = two_shift_frontier(
                dist.p, budget, kappa, tolerance=tolerance, achieved=hull, progress=progress
            )
        else:
            known = block_frontier(
                dist, budget, worst_case=worst_case, tolerance=tolerance, achieved=hull,
                progress=progress,
            )  # fmt: skip
        linear_gap = (max(gap(known.lower, hull)[0], 0.0), max(gap(known.upper, hull)[0], 0.0))
    return Frontier(
        dist.p, budget, dist.d, dist.n_shifts, tuple(rules), hull, outer, known, named, linear_gap,
        mixture, worst_case,
    )  # fmt: skip
