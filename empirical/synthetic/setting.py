"""One distribution with a budget, and what is known of its frontier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks import check_budget
from ...errors import InputError
from ...progress import Progress, silent
from ...theory.classifiers import ShiftBayes
from ...theory.distribution import CodeGaussian
from ...theory.frontier import NamedPoint, concave_hull, frontier
from ...theory.words import parse_word
from .shortfall import clipped

Floats = NDArray[np.float64]

# Samples for the accuracy of shift-Bayes where there are more than two shifts.
_PRICE_SAMPLES = 400_000


@dataclass(frozen=True)
class Setting:
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

    Examples
    --------
    >>> setting = Setting("two shifts", "random:16:6", 8, p=0.7, budget=1.0)
    >>> setting.eps, float(setting.dist.orbit.kappa[1])
    (0.25, 0.0)
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
        return {key: getattr(self, key) for key in ("name", "word", "shift", "p", "budget")} | {
            "d": self.dist.d,
            "n_shifts": self.dist.n_shifts,
            "kappa": self.dist.orbit.kappa.tolist(),
        }


@dataclass(frozen=True)
class Known:
    """What the theory half knows of the pairs (S, A) in a setting.

    Attributes
    ----------
    achieved : ndarray, shape (v, 2)
        Pairs that some classifier achieves, by increasing S: the lower line of the exact
        frontier for up to two different shifts, else the hull of the best linear rules.
    excluded : ndarray, shape (u, 2)
        No classifier lies beyond this line.
    exact : bool
        Whether the two lines hold the exact frontier between them.
    gap : float
        Largest distance of the two lines as :func:`.shortfall` measures it;
        certified for an exact frontier.
    linear : ndarray, shape (k, 2)
        Hull of the best linear rules found.
    named : dict of str to (S, A low, A high)
        Bayes, robust Bayes, shift-Bayes and sign(x0).
    """

    achieved: Floats
    excluded: Floats
    exact: bool
    gap: float
    linear: Floats
    named: dict[str, tuple[float, float, float]]

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :meth:`from_json` reads."""
        return {
            "achieved": self.achieved.tolist(),
            "excluded": self.excluded.tolist(),
            "exact": self.exact,
            "gap": self.gap,
            "linear": self.linear.tolist(),
            "named": {name: list(point) for name, point in self.named.items()},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Known:
        """Return what :meth:`to_json` wrote as `data`."""
        lines = {
            name: np.array(data[name], dtype=np.float64).reshape(-1, 2)
            for name in ("achieved", "excluded", "linear")
        }
        named = {name: (point[0], point[1], point[2]) for name, point in data["named"].items()}
        return cls(exact=data["exact"], gap=data["gap"], named=named, **lines)


def known(
    setting: Setting, *, points: int = 25, tolerance: float = 5e-4, progress: Progress = silent
) -> Known:
    """Compute the frontier of a setting: exact for two different shifts, else two lines.

    For more shifts the excluded line is also cut at the price of spatial robustness: the
    upper end of a 99.9% interval of shift-Bayes's accuracy, which no classifier exceeds.

    Parameters
    ----------
    setting : Setting
        Which one.
    points, tolerance : int, float
        As for :func:`spadv.theory.frontier.frontier`.
    progress : Progress
        Told how far the work is.

    Returns
    -------
    Known
        Both lines, and the points of the named classifiers.
    """
    found = frontier(setting.dist, setting.budget, points, tolerance=tolerance, progress=progress)
    if found.exact is not None:
        achieved, excluded, gap = found.exact.lower, found.exact.upper, found.exact.gap
    else:
        price = ShiftBayes(setting.dist).spatial_accuracy(
            samples=_PRICE_SAMPLES, rng=np.random.default_rng(0), level=0.999
        )
        cap = price.value if price.interval is None else price.interval.high
        achieved, excluded = found.hull, clipped(found.outer, cap)
        from ...theory.frontier import gap as distance

        gap = distance(concave_hull(excluded), achieved)[0]
    return Known(
        achieved,
        excluded,
        found.exact is not None,
        float(gap),
        found.hull,
        {name: _point(point) for name, point in found.named.items()},
    )


def _point(point: NamedPoint) -> tuple[float, float, float]:
    return (point.spatial.value, *point.adversarial)
