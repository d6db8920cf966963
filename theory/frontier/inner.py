"""The achievable frontier: the best rules that are linear given the sign of x0.

Coordinates in which all shifts of the word agree up to one sign play the same part, so
they are gathered: u_g is the normalised sum of c_t x_t over group g, of share q_g^2 of the
coordinates, and has mean 2 y s_gj q_g after shift j. Averaging the weights of a rule over
a group keeps its means and lowers its norms, so the best linear rules are among
sign(<z, u> + b x0) with one weight a group. (These need not lie in the span of the shifts.)

Giving the two signs of x0 rules that do not mirror each other adds nothing to the hull:
for eps < 1 both accuracies are means over the two branches, so such a rule is halfway
between two mirrored ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from ...arrays import Floats
from ...checks import check_budget, check_integer
from ...errors import InputError
from ...progress import Progress, silent
from ...random import as_rng
from ..classifiers import LinearRule
from ..distribution import CodeGaussian
from .blocks import block_means
from .hull import concave_hull, pareto
from .lattice import density

# Thresholds beyond this are those of sign(x0), to 1e-16.
_BIAS = 14.0
# The constrained solver's steps cost the cube of the number of groups.
_MOST_CONSTRAINED = 64
# With so few groups all starts are tried in every direction.
_FEW_GROUPS = 16
# Up to three shifts S^ has a closed form; with more it takes up to a second a rule.
_FEW_SHIFTS, _MOST_RULES = 3, 12


class AchievedRule(NamedTuple):
    """A linear rule with its spatial and adversarial accuracy, exact to rounding."""

    spatial: float
    adversarial: float
    rule: LinearRule


def check_attack(dist: CodeGaussian, budget: float) -> float:
    """Return the budget if eps < 1, or raise an error that says why it must be."""
    budget = check_budget("budget", budget)
    if budget >= math.sqrt(dist.d):
        rule = f"be below sqrt(d) = {math.sqrt(dist.d):.4g}, so that eps < 1"
        hint = "A larger attack overwrites x0; frontiers are known for smaller ones only."
        raise InputError("budget", rule, budget, hint)
    return budget


class LinearFamily:
    """Rules sign(<z, u> + b x0), their accuracies and gradients, for e = eps sqrt(d), eps < 1.

    A rule is x = (u, v, b) with z = u - v: writing the size of z as u + v makes both
    accuracies smooth on u, v >= 0, and loses nothing: for given z the best choice has no
    overlap.
    """

    def __init__(self, dist: CodeGaussian, budget: float) -> None:
        self.dist, self.budget = dist, check_attack(dist, budget)
        #: Mean of u given Y = 1 after each shift, shape (shifts, groups).
        self.means, self.group, share = block_means(dist)
        self.counts = np.bincount(self.group)
        #: What the attack can move each group's sum by, shape (groups,).
        self.box: Floats = self.budget * share

    def pack(self, z: Floats, bias: float) -> Floats:
        """Return x for group weights z and threshold b, scaled to norm 1."""
        norm = max(float(np.linalg.norm(z)), 1e-9)
        z, bias = z / norm, min(max(bias / norm, -_BIAS), _BIAS)
        return np.concatenate([np.maximum(z, 0), np.maximum(-z, 0), [bias]])

    def unpack(self, x: Floats) -> tuple[Floats, float]:
        """Return (z, b)."""
        groups = self.box.size
        return x[:groups] - x[groups:-1], float(x[-1])

    def rule(self, z: Floats, bias: float) -> LinearRule:
        """Return the rule of group weights z and threshold b as one on x."""
        weights = self.dist.orbit.codeword * (z / np.sqrt(self.counts))[self.group]
        return LinearRule(weights, weights, -bias, bias, name="achievable")

    def accuracies(self, x: Floats) -> tuple[Floats, Floats]:
        """Return (S, A), shape (2,), and their gradients by x, shape (2, 2 groups + 1)."""
        groups, p = self.box.size, self.dist.p
        z, bias = self.unpack(x)
        norm = math.sqrt(float(z @ z) + 1e-12)
        clean = self.means @ z
        margins = np.append(clean, clean[0] - self.box @ (x[:groups] + x[groups:-1]))
        up, down = (margins + bias) / norm, (margins - bias) / norm
        values = p * ndtr(up) + (1 - p) * ndtr(down)
        slope_up, slope_down = p * density(up), (1 - p) * density(down)
        by_margin = (slope_up + slope_down) / norm
        by_norm = -(slope_up * up + slope_down * down) / norm
        by_bias = (slope_up - slope_down) / norm
        # S is the mean over the shifts, A the last of the margins.
        shifts = len(clean)
        spatial = 1 / shifts * (by_margin[:-1] @ self.means)
        spatial = spatial + 1 / shifts * by_norm[:-1].sum() * z / norm
        robust = by_margin[-1] * self.means[0] + by_norm[-1] * z / norm
        loss = by_margin[-1] * self.box
        gradients = np.stack(
            [
                np.concatenate([spatial, -spatial, [1 / shifts * by_bias[:-1].sum()]]),
                np.concatenate([robust - loss, -robust - loss, [by_bias[-1]]]),
            ]
        )
        return np.array([values[:-1].mean(), values[-1]]), gradients

    def best_sum(self, start: Floats, w: float) -> Floats:
        """Maximise (1 - w) S + w A."""
        mix = np.array([1 - w, w])

        def loss(x: Floats) -> tuple[float, Floats]:
            values, gradients = self.accuracies(x)
            return -float(mix @ values), -(mix @ gradients)

        return self._minimise(loss, start, "L-BFGS-B", {"maxiter": 200, "ftol": 1e-12})

    def best_beside(self, start: Floats, s: float) -> Floats:
        """Maximise A with S >= s."""

        def loss(x: Floats) -> tuple[float, Floats]:
            values, gradients = self.accuracies(x)
            return -float(values[1]), -gradients[1]

        constraint = {
            "type": "ineq",
            "fun": lambda x: float(self.accuracies(x)[0][0]) - s,
            "jac": lambda x: self.accuracies(x)[1][0],
        }
        options = {"maxiter": 100, "ftol": 1e-10}
        return self._minimise(loss, start, "SLSQP", options, constraints=[constraint])

    def _minimise(
        self,
        loss: Callable[[Floats], tuple[float, Floats]],
        start: Floats,
        method: str,
        options: dict[str, float],
        **more: Any,
    ) -> Floats:
        from scipy.optimize import minimize

        bounds = [(0.0, 4.0)] * (2 * self.box.size) + [(-_BIAS, _BIAS)]
        made = minimize(
            loss, start, jac=True, method=method, bounds=bounds, options=options, **more
        )
        # The step before a failure may have left the box; what is returned is re-evaluated.
        return self.pack(*self.unpack(made.x)) if np.isfinite(made.x).all() else start


def inner_frontier(
    dist: CodeGaussian,
    budget: float,
    points: int = 25,
    *,
    rng: np.random.Generator | int | None = None,
    progress: Progress = silent,
) -> list[AchievedRule]:
    """Return linear rules that no other one found beats, by increasing spatial accuracy.

    Weighted sums of both accuracies are maximised first, from several starts; then A for
    given S, which finds the parts that are not concave (for up to 64 groups of
    coordinates). The search is local, the accuracies of its rules are exact: each is
    evaluated once more by :class:`spadv.theory.LinearRule`. The family of rules is that of
    docs/theory/frontiers.md, section 6. `points` is the number of directions, and of values of S,
    to try, at least 2; `rng` the source of random starts, a fixed one if left out.
    """
    family = LinearFamily(dist, budget)
    points = check_integer("points", points, minimum=2)
    rng = as_rng(rng, seed=0)
    starts = _starts(family, rng)
    found = list(starts)
    every = 1 if family.box.size <= _FEW_GROUPS else 6
    for i, w in enumerate(np.linspace(0, 1, points).tolist()):
        mix = np.array([1 - w, w])
        merit = [float(mix @ family.accuracies(x)[0]) for x in found]
        near = [found[k] for k in np.argsort(merit)[-2:]]
        tried = near + (starts if i % every == 0 else [])
        found.extend(family.best_sum(x, w) for x in tried)
        progress(i + 1, 2 * points, "weighted sums")
    if family.box.size <= _MOST_CONSTRAINED:
        values = np.array([family.accuracies(x)[0] for x in found])
        lowest = values[values[:, 1].argmax(), 0]
        wanted = np.linspace(lowest, values[:, 0].max(), points + 2)[1:-1].tolist()
        for i, s in enumerate(wanted):
            order = np.argsort(np.abs(values[:, 0] - s) - values[:, 1])[:2]
            found.extend(family.best_beside(found[k], s) for k in order)
            progress(points + i + 1, 2 * points, "given spatial accuracy")
    rules = []
    for i in _thinned(np.array([family.accuracies(x)[0] for x in found])):
        rule = family.rule(*family.unpack(found[i]))
        robust = rule.adversarial_accuracy(dist, family.budget)
        rules.append(AchievedRule(rule.spatial_accuracy(dist), robust, rule))
    return [rules[i] for i in pareto([rule[:2] for rule in rules])]


def _starts(family: LinearFamily, rng: np.random.Generator) -> list[Floats]:
    """Return blends of Bayes and shift-average with several thresholds, and random rules.

    Where x0 says little (p near 1/2) Bayes' own threshold is a saddle between trusting x0
    more and trusting it less: larger ones must be tried.
    """
    odds = min(family.dist.log_odds, 40.0)
    natural, mean = family.means[0], family.means.mean(axis=0)
    starts = []
    for share in (1.0, 0.6, 0.3, 0.0):
        z = share * natural + (1 - share) * mean
        if np.linalg.norm(z) > 1e-9:
            starts += [family.pack(2 * z, bias) for bias in (odds, odds + 3, odds + 8)]
    margin = max(2 - family.budget, 0.05)
    starts += [family.pack(margin * natural, odds), family.pack(natural, _BIAS)]
    for _ in range(2):
        mixed = rng.dirichlet(np.ones(len(family.means))) @ family.means
        noise = 0.1 * rng.standard_normal(mixed.size)
        starts.append(family.pack(mixed + noise, odds * rng.random()))
    return starts


def _thinned(values: Floats) -> Sequence[int]:
    """Return unbeaten points, those on the hull first and closest together."""
    best = pareto(values).tolist()
    on_hull = {tuple(vertex) for vertex in concave_hull(values).tolist()}
    ranked = sorted(best, key=lambda i: tuple(values[i].tolist()) not in on_hull)
    # The two ends of the frontier always stay.
    kept = [best[0]] + ([best[-1]] if len(best) > 1 else [])
    for i in ranked:
        distance = 5e-4 if tuple(values[i].tolist()) in on_hull else 1e-2
        if np.abs(values[kept] - values[i]).max(axis=1).min() > distance:
            kept.append(i)
    return kept


def worst_case_at_least(rule: LinearRule, dist: CodeGaussian) -> float:
    """Return S^ of a linear rule, or the lower end of its 99.99% interval."""
    return rule.worst_case_accuracy(dist, rng=np.random.default_rng(0), level=0.9999).low


def worst_case_rules(
    rules: list[AchievedRule], dist: CodeGaussian, budget: float
) -> list[AchievedRule]:
    """Return rules that no other one beats by (S^, A), in the place of those found for (S, A).

    Tried are `rules` (some of them, where there are many shifts) and rules between the word
    and the mean of its shifts, with several thresholds; the latter no shift changes, so their
    S^ is their S.
    """
    few = dist.orbit.n_distinct <= _FEW_SHIFTS
    natural = dist.mean
    shared = np.mean([dist.rotated_mean(j) for j in range(dist.orbit.n_distinct)], axis=0)
    thresholds = np.array([0.0, 0.15, 0.25, 0.35, 0.5, 0.7, 1.0, 1.5, 3.0] if few else [0.25, 1.0])
    most = len(rules) if few else _MOST_RULES
    tried = [rules[i].rule for i in np.unique(np.linspace(0, len(rules) - 1, most).astype(int))]
    odds = min(dist.log_odds, 40.0)
    for share in np.linspace(0, 1, 13 if few else 5).tolist():
        mixed = (1 - share) * natural + share * shared
        norm = float(np.linalg.norm(mixed))
        if norm > 1e-9:
            for h in (thresholds * odds).tolist():
                tried.append(LinearRule(mixed / norm, mixed / norm, -h, h, name="achievable"))
    points = [
        AchievedRule(worst_case_at_least(rule, dist), rule.adversarial_accuracy(dist, budget), rule)
        for rule in tried
    ]
    return [points[i] for i in pareto([point[:2] for point in points])]
