"""Bounds from mixed Bayes problems: what no classifier exceeds for any number of shifts.

An attack that moves the mean mu to nu, whatever x, turns (1 - w) S + w A into the accuracy of
one classifier on a mixture of N(+-nu, I), weight w, and of N(+-r_j mu, I), weights (1 - w)/n, which
the Bayes rule of the mixture maximises (Theorem L9 of docs/theory/laws.md). Every nu gives a bound;
a good one is found by following the gradient on some points, and its bound is then estimated
on others, so that its confidence interval is not touched by the search.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit, ndtri

from ...arrays import Floats
from ...checks import check_integer, check_real
from ...progress import Progress, silent
from ..classifiers import log_sum_exp
from ..distribution import CodeGaussian
from ..orthant import SCRAMBLINGS, Estimate, sobol, student
from .blocks import block_means
from .inner import check_attack

_SEARCH_BITS, _STEPS = 11, 12
# So many numbers in a block of points times shifts stay in a core's cache.
_BLOCK = 1 << 17


def mixture_lines(
    dist: CodeGaussian,
    budget: float,
    weights: ArrayLike,
    *,
    rng: np.random.Generator,
    bits: int = 10,
    level: float = 0.999,
    progress: Progress = silent,
) -> dict[float, Estimate]:
    """Return what no classifier's (1 - w) S + w A exceeds, by direction w in (0, 1).

    Each value is the bound's estimate, with an interval; the upper ends hold together with
    probability `level`, over the choice of the points (Bonferroni): 2^bits Sobol points around nu,
    and as many around the shifted means, in each of 16 scramblings, seeded by `rng`.
    """
    budget = check_attack(dist, budget)
    bits = check_integer("bits", bits, minimum=4)
    level = check_real("level", level, low=0.5, high=1 - 1e-9)
    directions = np.asarray(weights, dtype=np.float64).ravel().tolist()
    problem = _Mixture(dist, budget)
    each = 1 - (1 - level) / max(len(directions), 1)
    lines: dict[float, Estimate] = {}
    nu = problem.towards_zero
    # From the most robust down: the best nu changes little from one direction to the next.
    for i, w in enumerate(sorted(directions, reverse=True)):
        nu = problem.search(w, nu, rng)
        lines[w] = problem.value(w, nu, bits, rng, each)
        progress(i + 1, len(directions), "mixture bounds")
    return lines


class _Mixture:
    """The mixed problems in the coordinates of the blocks, x being sums over them."""

    def __init__(self, dist: CodeGaussian, budget: float) -> None:
        self.p = dist.p
        #: Means after each shift, shape (shifts, blocks), and how far an attack moves each sum.
        self.means, _, share = block_means(dist)
        self.box: Floats = budget * share
        self.natural: Floats = self.means[0]
        self.towards_zero: Floats = self.natural - np.minimum(self.box, self.natural)

    def search(self, w: float, nu: Floats, rng: np.random.Generator) -> Floats:
        """Return a nu in the box whose bound is lower, by projected gradient steps."""
        points = self._points(_SEARCH_BITS, int(rng.integers(2**63)))
        best, lowest = nu, math.inf
        step = 1.0
        for _ in range(_STEPS):
            value, gradient = self._average(w, nu, points)
            if value < lowest:
                best, lowest, slope = nu, value, gradient
            else:
                step /= 2
            nu = best - step * slope / (np.abs(slope).max() + 1e-12) * self.box.max()
            nu = np.clip(nu, self.natural - self.box, self.natural + self.box)
        return best

    def value(
        self, w: float, nu: Floats, bits: int, rng: np.random.Generator, level: float
    ) -> Estimate:
        """Return the bound of nu, by fresh points."""
        seeds = rng.integers(2**63, size=SCRAMBLINGS).tolist()
        found = np.array([self._average(w, nu, self._points(bits, seed))[0] for seed in seeds])
        return student(
            found, level, f"quasi-Monte-Carlo, 2 x {SCRAMBLINGS} x 2^{bits} Sobol points"
        )

    def _points(self, bits: int, seed: int) -> Floats:
        points = sobol(self.means.shape[1] + 1, seed).random(1 << bits)
        return np.clip(np.asarray(points), 2.0**-33, 1 - 2.0**-33)

    def _average(self, w: float, nu: Floats, points: Floats) -> tuple[float, Floats]:
        """Return the mixture's Bayes accuracy, and its gradient by nu, averaged over points.

        Points are spread around nu, with weight w, and around the shifted means. By symmetry
        the label is +1; given x the larger posterior is right. (By nu only the law of x
        moves: the rule is the best one already.)
        """
        shifts, odds = len(self.means), float(logit(self.p))
        noise, pick = ndtri(points[:, 1:]), (points[:, 0] * shifts).astype(int)
        total, gradient = 0.0, np.zeros_like(nu)
        targets = np.concatenate([nu[None], self.means])
        scale = np.log(np.concatenate([[w], np.full(shifts, (1 - w) / shifts)]))
        scale = scale - np.square(targets).sum(axis=1) / 2
        rows = max(64, _BLOCK // len(targets))
        for start in range(0, len(points), rows):
            z = noise[start : start + rows]
            for weight, centre in ((w, nu), (1 - w, self.means[pick[start : start + rows]])):
                inner = (z + centre) @ targets.T
                evidence = log_sum_exp(inner + scale) - log_sum_exp(scale - inner)
                # The Bayes rule answers by its own posterior, with x0 = +1 and x0 = -1; what it
                # earns is averaged over both labels of the point, which varies less.
                plus = 1 / (1 + np.exp(-evidence))
                agree, differ = evidence + odds >= 0, evidence - odds >= 0
                right = np.where(agree, self.p * plus, (1 - self.p) * (1 - plus))
                right += np.where(differ, (1 - self.p) * plus, self.p * (1 - plus))
                total += weight * float(right.sum())
                if centre is nu:
                    gradient += weight * ((self.p * agree + (1 - self.p) * differ) @ z)
        return total / len(points), gradient / len(points)
