"""One distribution with a budget, what is known of its frontier, and distances to that."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import check_budget
from ...errors import InputError
from ...theory.classifiers import ShiftBayes
from ...theory.distribution import CodeGaussian
from ...theory.frontier import concave_hull, edge_weights, frontier, gap
from ...theory.words import parse_word

Floats = NDArray[np.float64]

# Samples for the accuracy of shift-Bayes where there are more than two shifts.
_PRICE_SAMPLES = 400_000


@dataclass(frozen=True)
class SyntheticSetting:
    """A word, its shifts, p, and the budget at which networks are judged.

    Attributes
    ----------
    name : str
        As figures and tables show it; unique in a study.
    word : str
        As :func:`spadv.theory.words.parse_word` reads it.
    shift : int
        m, a divisor of the length d; there are n = d/m shifts.
    p : float
        Probability in [1/2, 1) that x0 equals the label.
    budget : float
        e = eps sqrt(d) > 0 of the attack, with eps < 1: it cannot change the sign of x0.
    """

    name: str
    word: str
    shift: int
    p: float
    budget: float

    def __post_init__(self) -> None:
        dist = self.dist
        if not dist.orbit.moving.size:
            raise InputError("shift", "move the word: some r_j c must differ from c", self.shift)
        if self.p == 1:
            raise InputError("p", "be below 1: else x0 decides everything", self.p)
        check_budget("budget", self.budget)
        if not 0 < self.eps < 1:
            rule = f"be above 0 and below sqrt(d) = {dist.d**0.5:.4g}, so that eps < 1"
            raise InputError("budget", rule, self.budget)

    @cached_property
    def dist(self) -> CodeGaussian:
        """The distribution of the theory half."""
        return CodeGaussian(parse_word(self.word), self.p, self.shift)

    @property
    def eps(self) -> float:
        """Largest change of one coordinate, budget / sqrt(d)."""
        return float(self.budget / np.sqrt(self.dist.d))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        orbit = self.dist.orbit
        return asdict(self) | {
            "d": self.dist.d,
            "n_shifts": orbit.n_shifts,
            "kappa": orbit.kappa.tolist(),
        }


@dataclass(frozen=True)
class KnownFrontier:
    """What the theory half knows of the pairs (S, A) in a setting; lines go by increasing S.

    Some classifier achieves each pair of `achieved`, (v, 2): the lower line of the exact frontier
    for up to two different shifts, else the hull of the best linear rules found, which is
    `linear`, (k, 2). No classifier lies beyond `excluded`, (u, 2). Whether the two hold the exact
    frontier between them says `exact`; their largest distance as :func:`shortfall` measures it,
    certified then, is `gap`. Of Bayes, robust Bayes, shift-Bayes and sign(x0) `named` has S, and
    ends of A.
    """

    achieved: Floats
    excluded: Floats
    exact: bool
    gap: float
    linear: Floats
    named: dict[str, tuple[float, float, float]]

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :meth:`from_json` reads."""
        lines = ("achieved", "excluded", "linear")
        return vars(self) | {
            **{name: getattr(self, name).tolist() for name in lines},
            "named": {name: list(point) for name, point in self.named.items()},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> KnownFrontier:
        """Return what :meth:`to_json` wrote as `data`."""
        lines = {
            name: np.array(data[name], dtype=np.float64).reshape(-1, 2)
            for name in ("achieved", "excluded", "linear")
        }
        named = {name: (point[0], point[1], point[2]) for name, point in data["named"].items()}
        return cls(exact=data["exact"], gap=data["gap"], named=named, **lines)


def known_frontier(
    setting: SyntheticSetting, *, points: int = 25, tolerance: float = 5e-4
) -> KnownFrontier:
    """Compute the frontier of a setting: exact for two different shifts, else two lines.

    For more shifts the excluded line is also cut at the price of spatial robustness: the
    upper end of a 99.9% interval of shift-Bayes's accuracy, which no classifier exceeds.
    """
    found = frontier(setting.dist, setting.budget, points, tolerance=tolerance)
    if found.exact is not None:
        achieved, excluded, distance = found.exact.lower, found.exact.upper, found.exact.gap
    else:
        price = ShiftBayes(setting.dist).spatial_accuracy(
            samples=_PRICE_SAMPLES, rng=np.random.default_rng(0), level=0.999
        )
        cap = price.value if price.interval is None else price.interval.high
        achieved, excluded = found.hull, clipped(found.outer, cap)
        distance = gap(concave_hull(excluded), achieved)[0]
    return KnownFrontier(
        achieved,
        excluded,
        found.exact is not None,
        float(distance),
        found.hull,
        {name: (at.spatial.value, *at.adversarial) for name, at in found.named.items()},
    )


def clipped(line: Floats, cap: float) -> Floats:
    """Return a line (S, A) up to the largest S that is possible."""
    kept = line[line[:, 0] < cap]
    if len(kept) == len(line):
        return line
    end = np.interp(cap, line[:, 0], line[:, 1])
    return np.concatenate([kept, [[cap, end]]])


def shortfall(points: ArrayLike, line: ArrayLike) -> Any:
    """Return by how much both accuracies of points (S, A), (..., 2), could rise at once, (...).

    The smallest g for which (S + g, A + g) reaches the concave hull of the line (by increasing S),
    or goes beyond all of it: min over w of max_v {(1-w) S_v + w A_v} - {(1-w) S + w A}. It is 0 on
    the line and negative beyond. Unlike the vertical distance it is well behaved where the
    frontier is steep, and the gap of an exact frontier is measured in the same way.

    Examples
    --------
    >>> line = [(0.6, 0.8), (0.8, 0.6)]
    >>> shortfall([(0.6, 0.7), (0.7, 0.7), (0.9, 0.9)], line).round(3)
    array([ 0.05,  0.  , -0.2 ])
    """
    at = np.asarray(points, dtype=np.float64)
    if at.ndim == 0 or at.shape[-1] != 2:
        raise InputError("points", "be pairs (S, A), of shape (..., 2)", at.shape)
    hull = concave_hull(line)
    # Convex and piecewise linear in w, with breaks at the hull's edges.
    weights = edge_weights(hull)
    both = np.stack([1 - weights, weights])
    return ((hull @ both).max(axis=0) - at @ both).min(axis=-1)[()]


def regret(points: ArrayLike, line: ArrayLike) -> float:
    """Return what the best of some classifiers loses, for the weight where it loses most.

    The largest difference between the best weighted sum (1-w) S + w A on the line and that
    of the points: how far a way to train, tuned in all that it offers, is from serving
    everybody, whatever weight one gives to the two accuracies.
    """
    return max(gap(np.asarray(line, dtype=np.float64), concave_hull(points))[0], 0.0)


def vertical_gap(point: tuple[float, float], line: ArrayLike) -> float | None:
    """Return the line's A at the point's S, less the point's A; None beyond its largest S."""
    hull = concave_hull(line)
    if point[0] > hull[-1, 0]:
        return None
    return float(np.interp(point[0], hull[:, 0], hull[:, 1]) - point[1])
