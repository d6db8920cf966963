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
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ...checks import check_budget, check_integer
from ...errors import InputError
from ...progress import Progress, silent
from ..classifiers import LinearRule
from ..distribution import CodeGaussian
from .hull import concave_hull, pareto

Floats = NDArray[np.float64]

# Thresholds beyond this are those of sign(x0), to 1e-16.
_BIAS = 14.0
# The constrained solver's steps cost the cube of the number of groups.
_MOST_CONSTRAINED = 64
# With so few groups all starts are tried in every direction.
_FEW_GROUPS = 16


@dataclass(frozen=True)
class AchievedRule:
    """A linear rule with its exact spatial and adversarial accuracy.

    Attributes
    ----------
    spatial, adversarial : float
        S and A of the rule, in [0, 1], exact to rounding.
    rule : LinearRule
        The rule itself.
    """

    spatial: float
    adversarial: float
    rule: LinearRule


class LinearFamily:
    """Rules sign(<z, u> + b x0), their accuracies and gradients.

    Parameters
    ----------
    dist : CodeGaussian
        The distribution.
    budget : float
        e = eps sqrt(d) < sqrt(d): the attack must not reach x0.
    """

    def __init__(self, dist: CodeGaussian, budget: float) -> None:
        self.dist, self.budget = dist, check_attack(dist, budget)
        shifts = np.stack([dist.orbit.rotated(j) for j in range(dist.orbit.n_distinct)], axis=1)
        signs, self.group = np.unique(
            shifts * dist.orbit.codeword[:, None], axis=0, return_inverse=True
        )
        self.group = self.group.reshape(-1)
        self.counts = np.bincount(self.group)
        share = np.sqrt(self.counts / dist.d)
        #: Mean of u given Y = 1 after each shift, shape (shifts, groups).
        self.means: Floats = 2 * (signs * share[:, None]).T
        #: What the attack can move each group's sum by, shape (groups,).
        self.box: Floats = self.budget * share

    def rule(self, z: Floats, bias: float) -> LinearRule:
        """Return the rule of group weights z and threshold b as one on x."""
        weights = self.dist.orbit.codeword * (z / np.sqrt(self.counts))[self.group]
        return LinearRule(weights, weights, -bias, bias, name="achievable")

    def accuracies(self, x: Floats) -> tuple[Floats, Floats]:
        """Return (S, A) and their gradients at x = (u, v, b), where the weights are z = u - v.

        Writing the size of z as u + v makes both smooth on u, v >= 0, and loses nothing: for given
        z the best choice has no overlap.

        Parameters
        ----------
        x : ndarray of float64, shape (2 groups + 1,)
            The parts u and v of the weights, and the threshold b.

        Returns
        -------
        values : ndarray, shape (2,)
            S and A.
        gradients : ndarray, shape (2, 2 groups + 1)
            Their derivatives by x.
        """
        size, p = self.box.size, self.dist.p
        plus, minus, bias = x[:size], x[size:-1], x[-1]
        z = plus - minus
        norm = math.sqrt(float(z @ z) + 1e-12)
        clean = self.means @ z
        margins = np.append(clean, clean[0] - self.box @ (plus + minus))
        up, down = (margins + bias) / norm, (margins - bias) / norm
        values = p * ndtr(up) + (1 - p) * ndtr(down)
        slope_up, slope_down = p * _density(up), (1 - p) * _density(down)
        by_margin = (slope_up + slope_down) / norm
        by_norm = -(slope_up * up + slope_down * down) / norm
        by_bias = (slope_up - slope_down) / norm
        shifts = len(clean)
        gradients = np.empty((2, x.size))
        for row, part in enumerate((slice(0, shifts), slice(shifts, None))):
            weight = 1 / shifts if row == 0 else 1.0
            toward = weight * by_margin[part].sum() * self.means[0]
            if row == 0:
                toward = weight * (by_margin[part] @ self.means)
            toward = toward + weight * by_norm[part].sum() * z / norm
            gradients[row, :size], gradients[row, size:-1] = toward, -toward
            gradients[row, -1] = weight * by_bias[part].sum()
        loss = by_margin[-1] * self.box
        gradients[1, :size] -= loss
        gradients[1, size:-1] -= loss
        return np.array([values[:-1].mean(), values[-1]]), gradients


def inner_frontier(
    dist: CodeGaussian,
    budget: float,
    points: int = 25,
    *,
    rng: np.random.Generator | None = None,
    progress: Progress = silent,
) -> list[AchievedRule]:
    """Return linear rules that no other one found beats, by increasing spatial accuracy.

    Weighted sums of both accuracies are maximised first, from several starts; then A for
    given S, which finds the parts that are not concave (for up to 64 groups of
    coordinates). The search is local, the accuracies of its rules are exact: each is
    evaluated once more by :class:`spadv.theory.LinearRule`. The family of rules is that of
    docs/theory/frontiers.md, section 6.

    Parameters
    ----------
    dist : CodeGaussian
        The distribution.
    budget : float
        e = eps sqrt(d), with eps < 1.
    points : int
        Number of directions, and of values of S, to try; at least 2.
    rng : numpy.random.Generator, optional
        Source of random starts; a fixed one if left out.
    progress : Progress
        Told after every direction and value.

    Raises
    ------
    InputError
        If eps >= 1 or `points` is too small.
    """
    family = LinearFamily(dist, budget)
    points = check_integer("points", points, minimum=2)
    rng = np.random.default_rng(0) if rng is None else rng
    starts = _starts(family, rng)
    found = list(starts)
    weights = np.linspace(0, 1, points)
    every = 1 if family.box.size <= _FEW_GROUPS else 6
    for i, w in enumerate(weights):
        merit = [_weighted(family, x, float(w))[0] for x in found]
        near = [found[k] for k in np.argsort(merit)[-2:]]
        tried = near + (starts if i % every == 0 else [])
        found.extend(_climb(family, x, float(w)) for x in tried)
        progress(i + 1, 2 * points, "weighted sums")
    if family.box.size <= _MOST_CONSTRAINED:
        values = np.array([family.accuracies(x)[0] for x in found])
        best_a = values[values[:, 1].argmax(), 0]
        for i, s in enumerate(np.linspace(best_a, values[:, 0].max(), points + 2)[1:-1]):
            order = np.argsort(np.abs(values[:, 0] - s) - values[:, 1])[:2]
            found.extend(_constrained(family, found[k], float(s)) for k in order)
            progress(points + i + 1, 2 * points, "given spatial accuracy")
    return _certified(family, found)


def check_attack(dist: CodeGaussian, budget: float) -> float:
    """Return the budget if eps < 1, or raise an error that says why it must be."""
    budget = check_budget("budget", budget)
    if budget >= math.sqrt(dist.d):
        rule = f"be below sqrt(d) = {math.sqrt(dist.d):.4g}, so that eps < 1"
        hint = "A larger attack overwrites x0; frontiers are known for smaller ones only."
        raise InputError("budget", rule, budget, hint)
    return budget


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
            starts += [_pack(2 * z, bias) for bias in (odds, odds + 3, odds + 8)]
    margin = max(2 - family.budget, 0.05)
    starts += [_pack(margin * natural, odds), _pack(natural, _BIAS)]
    for _ in range(2):
        mixed = rng.dirichlet(np.ones(len(family.means))) @ family.means
        starts.append(_pack(mixed + 0.1 * rng.standard_normal(mixed.size), odds * rng.random()))
    return starts


def _pack(z: Floats, bias: float) -> Floats:
    norm = max(float(np.linalg.norm(z)), 1e-9)
    z, bias = z / norm, min(max(bias / norm, -_BIAS), _BIAS)
    return np.concatenate([np.maximum(z, 0), np.maximum(-z, 0), [bias]])


def _unpack(family: LinearFamily, x: Floats) -> tuple[Floats, float]:
    return x[: family.box.size] - x[family.box.size : -1], float(x[-1])


def _weighted(family: LinearFamily, x: Floats, w: float) -> tuple[float, Floats]:
    values, gradients = family.accuracies(x)
    mix = np.array([1 - w, w])
    return float(mix @ values), mix @ gradients


def _bounds(family: LinearFamily) -> list[tuple[float, float]]:
    return [(0.0, 4.0)] * (2 * family.box.size) + [(-_BIAS, _BIAS)]


def _climb(family: LinearFamily, x: Floats, w: float) -> Floats:
    from scipy.optimize import minimize

    def loss(y: Floats) -> tuple[float, Floats]:
        value, gradient = _weighted(family, y, w)
        return -value, -gradient

    options = {"maxiter": 200, "ftol": 1e-12}
    made = minimize(loss, x, jac=True, method="L-BFGS-B", bounds=_bounds(family), options=options)
    return _pack(*_unpack(family, made.x))


def _constrained(family: LinearFamily, x: Floats, s: float) -> Floats:
    """Maximise A with S >= s."""
    from scipy.optimize import minimize

    def loss(y: Floats) -> tuple[float, Floats]:
        values, gradients = family.accuracies(y)
        return -float(values[1]), -gradients[1]

    def spare(y: Floats) -> float:
        return float(family.accuracies(y)[0][0]) - s

    def slope(y: Floats) -> Floats:
        return np.asarray(family.accuracies(y)[1][0])

    constraint = {"type": "ineq", "fun": spare, "jac": slope}
    made = minimize(
        loss,
        x,
        jac=True,
        method="SLSQP",
        bounds=_bounds(family),
        constraints=[constraint],
        options={"maxiter": 100, "ftol": 1e-10},
    )
    # The step before a failure may have left the box; what is returned is re-evaluated.
    return _pack(*_unpack(family, made.x)) if np.isfinite(made.x).all() else x


def _certified(family: LinearFamily, found: Sequence[Floats]) -> list[AchievedRule]:
    """Return the best rules with accuracies from the exact closed forms of LinearRule."""
    rules = []
    values = np.array([family.accuracies(x)[0] for x in found])
    for i in _thinned(values):
        z, bias = _unpack(family, found[i])
        rule = family.rule(z, bias)
        achieved = rule.adversarial_accuracy(family.dist, family.budget)
        rules.append(AchievedRule(rule.spatial_accuracy(family.dist), achieved, rule))
    order = pareto([(r.spatial, r.adversarial) for r in rules])
    return [rules[i] for i in order]


def _thinned(values: Floats) -> list[int]:
    """Return unbeaten points, those on the hull first and closest together."""
    best = pareto(values)
    on_hull = {tuple(vertex) for vertex in concave_hull(values).tolist()}
    ranked = sorted(best.tolist(), key=lambda i: tuple(values[i].tolist()) not in on_hull)
    # The two ends of the frontier always stay.
    kept = [int(best[0])] + ([int(best[-1])] if len(best) > 1 else [])
    for i in ranked:
        distance = 5e-4 if tuple(values[i].tolist()) in on_hull else 1e-2
        if np.abs(values[kept] - values[i]).max(axis=1).min() > distance:
            kept.append(i)
    return kept


def _density(x: Floats) -> Floats:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
