"""The best linear rules of the model: what of S and A they reach together.

For a rule sign(<w, x> - b) with w^T Sigma w = 1 both accuracies are means of Phi of margins, those
of A less eps ||w||_1. The search maximises (1 - weight) S + weight * (mean of log Phi of
attacked margins): the logarithm keeps a slope where the attack wins, and finds the points of the
frontier that are not on its hull. Its best w solves a lasso problem whose target is the sum of the
margins' means, each weighted by the slope there (Proposition I7 of docs/theory/images.md). So the
search alternates: slopes at a rule, the lasso for them, a step towards its solution.

Where margins of S are negative this is not concave, and a rule that has given up some
transformations stays where it is. With the logarithm for all margins it is concave everywhere: the
best rule for that is a start that gives up none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve
from scipy.special import log_ndtr, ndtr

from ...arrays import Floats
from ...checks import check_integer, check_real
from ..frontier import concave_hull
from .lasso import lasso
from .model import ClassModel

#: How far below its best S may be where the loss of A is told.
SLACK = 0.02
_ROUNDS = 60
#: Steps stop when they gain less.
_GAIN = 1e-6
#: The lasso of a step need not be exact: a step is taken for what it gains.
_CHANGE = 1e-3
_STEPS = (1.0, 0.5, 0.25, 0.1, 0.03)
#: Weights of A, from the highest A down; each rule is the start of the next.
_COARSE = (0.6, 0.3, 0.1, 0.03, 0.008)
_ROOT = math.sqrt(2 * math.pi)


class TaskRule(NamedTuple):
    """Rule sign(<w, x> - b) with its spatial and adversarial accuracy in the model."""

    spatial: float
    adversarial: float
    weights: Floats
    threshold: float


class LinearFrontier(NamedTuple):
    """Rules by increasing S, and the concave hull of their accuracies, shape (points, 2).

    The hull counts coins between rules, and the constant answer (1/2, 1/2).
    """

    rules: tuple[TaskRule, ...]
    hull: Floats

    def beside(self, spatial: float) -> float:
        """Return the largest A on the hull beside at least this S; NaN beyond its end."""
        s, a = self.hull.T
        if spatial > s[-1] + 1e-12:
            return float("nan")
        return float(np.interp(spatial, s, a))


def _scaled(w: Floats, pull: Floats) -> tuple[Floats, Floats]:
    """Return w and Sigma w scaled so that w^T Sigma w = 1."""
    size = math.sqrt(w @ pull)
    return w / size, pull / size


class _RuleSearch:
    """Margins of rules: rows of means about the model's centre, and their labels."""

    def __init__(self, model: ClassModel, eps: float) -> None:
        n = len(model.moved)
        self.model, self.eps = model, eps
        #: How many margins count by the logarithm of Phi: those of A, or all.
        self.concave = 2
        clean = model.means - model.centre
        moved = (model.moved - model.centre).reshape(2 * n, -1)
        self.signs = np.concatenate([[1.0, -1.0], np.tile([1.0, -1.0], n)])
        self.rows = np.concatenate([clean, moved]) * self.signs[:, None]
        self.counts = np.concatenate([[0.5, 0.5], np.full(2 * n, 0.5 / n)])

    def margins(self, w: Floats, b: float) -> Floats:
        found = self.rows @ w - self.signs * b
        found[:2] -= self.eps * np.abs(w).sum()
        return np.asarray(found)

    def accuracies(self, w: Floats, b: float) -> tuple[float, float]:
        """Return (S, A)."""
        found = self.counts * ndtr(self.margins(w, b))
        return float(found[2:].sum()), float(found[:2].sum())

    def value(self, t: Floats, shares: Floats) -> float:
        """Return the objective at margins t: log Phi for the first margins, Phi for the others."""
        k = self.concave
        return float(shares[:k] @ log_ndtr(t[:k]) + shares[k:] @ ndtr(t[k:]))

    def slopes(self, t: Floats, shares: Floats) -> Floats:
        """Return its derivative by each margin."""
        k = self.concave
        found = shares * np.exp(-t * t / 2) / _ROOT
        found[:k] = shares[:k] * np.exp(-(t[:k] ** 2) / 2 - log_ndtr(t[:k])) / _ROOT
        return found

    def worth(self, weight: float, rule: TaskRule) -> float:
        """Return the objective at a rule."""
        self.concave = 2
        b = rule.threshold - float(rule.weights @ self.model.centre)
        return self.value(self.margins(rule.weights, b), self.shares(weight))

    def leader(self, weight: float, rules: Sequence[TaskRule]) -> TaskRule:
        """Return the best of some rules."""
        return max(rules, key=lambda rule: self.worth(weight, rule))

    def shares(self, weight: float) -> Floats:
        """Return the weight of every margin."""
        return self.counts * np.where(np.arange(len(self.counts)) < 2, weight, 1 - weight)

    def best_threshold(self, w: Floats, b: float, shares: Floats) -> tuple[float, float]:
        """Return b after a few of Newton's steps that raise the objective, and its value."""
        free = self.margins(w, 0.0)
        t = free - self.signs * b
        value = self.value(t, shares)
        for _ in range(8):
            slopes = self.slopes(t, shares)
            bend = slopes * t
            k = self.concave
            bend[:k] += slopes[:k] ** 2 / np.maximum(shares[:k], 1e-300)
            first, second = -float(slopes @ self.signs), float(bend.sum())
            step = min(max(first / max(second, 1e-3), -1.0), 1.0)
            moved = free - self.signs * (b + step)
            raised = self.value(moved, shares)
            if raised <= value + 1e-10:
                break
            b, value, t = b + step, raised, moved
        return b, value

    def climb(self, weight: float, start: TaskRule, *, concave: bool = False) -> TaskRule:
        """Raise the objective, or its concave form, from a rule until nothing is gained."""
        self.concave = len(self.counts) if concave else 2
        w, b = start.weights, start.threshold - float(start.weights @ self.model.centre)
        shares = self.shares(weight)
        rule = _scaled(w, self.model.covariance @ w)
        b, value = self.best_threshold(rule[0], b, shares)
        wanted = rule
        for _ in range(_ROUNDS):
            slopes = self.slopes(self.margins(rule[0], b), shares)
            slopes /= slopes.sum()
            target = slopes @ self.rows
            penalty = self.eps * float(slopes[:2].sum())
            if penalty > 0:
                wanted = lasso(self.model.covariance, target, penalty, wanted, _CHANGE)
            else:
                wanted = cho_solve((self.model.root, True), target, check_finite=False), target
            if not wanted[0].any():
                break
            towards, before = _scaled(*wanted), value
            for step in _STEPS:
                tried = _scaled(
                    *((1 - step) * u + step * v for u, v in zip(rule, towards, strict=True))
                )
                moved, raised = self.best_threshold(tried[0], b, shares)
                if raised > value:
                    rule, b, value = tried, moved, raised
                    break
            if value - before < _GAIN:
                break
        w = rule[0]
        return TaskRule(*self.accuracies(w, b), w, b + float(w @ self.model.centre))


def linear_frontier(
    model: ClassModel,
    eps: float,
    *,
    slack: float = SLACK,
    points: int = 10,
    start: TaskRule | None = None,
) -> LinearFrontier:
    """Return the best linear rules found between the highest A and the highest S.

    The search is local, the accuracies of its rules are exact in the model. First weights are
    tried on a coarse grid, each from the rule before it and from the best one of the concave form;
    then between the two whose S lie around the best S less `slack`, up to so many `points` between
    the two ends. `start` is the rule of the highest S, where another budget has shown it.
    """
    eps = check_real("eps", eps, low=0, rule="be a finite number of at least 0")
    points = check_integer("points", points, minimum=2)
    search = _RuleSearch(model, eps)
    w = model.robust_direction(eps)
    w = w if w.any() else model.robust_direction(0.0)
    last = even = TaskRule(0.0, 0.0, w, float(w @ model.centre))
    found: dict[float, list[TaskRule]] = {}
    for weight in (1.0, *_COARSE, 0.0):
        even = search.climb(weight, even, concave=True)
        found[weight] = [search.climb(weight, even), search.climb(weight, last)]
        last = search.leader(weight, found[weight])
    if start is None:
        w = model.robust_direction(0.0)
        start = search.climb(0.0, TaskRule(0.0, 0.0, w, float(w @ model.centre)))
    found[0.0].append(start)
    best = max(rule.spatial for rule in found[0.0])
    for _ in range(points - len(_COARSE)):
        near = [t for t, known in found.items() if max(r.spatial for r in known) >= best - slack]
        above = max(near, default=0.0)
        below = min((t for t in found if t > above), default=1.0)
        if below / max(above, 1e-5) < 1.05:
            break
        weight = (max(above, 1e-5) * below) ** 0.5
        ends = (search.leader(above, found[above]), search.leader(below, found[below]))
        found[weight] = [search.climb(weight, rule) for rule in ends]
    rules = sorted((r for rules in found.values() for r in rules), key=lambda rule: rule.spatial)
    return LinearFrontier(tuple(rules), upper_hull([(r.spatial, r.adversarial) for r in rules]))


def upper_hull(points: Sequence[Sequence[float]]) -> Floats:
    """Return the upper right part of the convex hull of points (S, A), by increasing S.

    The constant answer (1/2, 1/2) is one of the points, and coins between classifiers are counted.

    Examples
    --------
    >>> upper_hull([(0.6, 0.9), (0.7, 0.6), (0.9, 0.5)])
    array([[0.6, 0.9],
           [0.9, 0.5]])
    """
    return concave_hull([*points, (0.5, 0.5)])


def loss_of(hull: Floats, slack: float = SLACK) -> float:
    """Return the adversarial accuracy lost when S must be within `slack` of its best.

    Examples
    --------
    >>> round(loss_of(np.array([[0.6, 0.9], [0.9, 0.5]]), 0.15), 6)
    0.2
    """
    s, a = hull.T
    return float(a[0] - np.interp(s[-1] - slack, s, a))
