"""Any number of shifts: averaged laws and pairs, the frontiers' statements F8 and F9."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from ...result import Hypothesis
from ..classifiers import LinearRule, best_adversarial_accuracy
from ..distribution import CodeGaussian
from ..frontier import Plane, inner_frontier, outer_bound, pair_lines, spatial_cap, spatial_range
from ..frontier.lattice import make_lattice
from ..laws import gradual_spatial
from ..template import TemplateModel, codeword_template, cyclic_shifts
from .frontier import PROGRAM
from .independent import two_shifts_bayes
from .planar import optimum
from .reference_classifiers import random_rule
from .registry import ROUNDING, Differences, register, required
from .setting import Setting, shifts_of, survives

_NORMAL = NormalDist()
_PAIR_WEIGHTS = (0.4, 0.7)


@register(
    "frontier.laws",
    title="Averaged laws",
    numbers="F8 L6",
    value_name="largest difference to independent values, in units of the tolerance",
    grid={
        "codeword": ("random:48:0",),
        "shift": shifts_of(2, 4),
        "p": (0.7,),
        "budget": (1.0, 3.0, 4.0),
    },
    within=1,
)
def _averaged(setting: Setting) -> Differences:
    """Given A the laws confine S to the interval between the means over j of their lower and upper
    limits for S_j, and to the cap from pairs of shifts; the largest A given S is the largest whose
    interval holds S; and no linear rule that is found lies outside.
    """
    dist, p, e = setting.dist, setting.p, setting.budget
    kappas, count = np.unique(dist.orbit.kappa[1 : dist.orbit.n_distinct], return_counts=True)
    few = Hypothesis(f"2 to 8 different shifts ({dist.orbit.n_distinct})", 0 < count.sum() < 8)
    yield required(few, survives(setting), Hypothesis("p < 1", p < 1))
    pairs = [two_shifts_bayes(p, float(k)) for k in kappas]
    cap = float(np.dot(pairs, count) / count.sum())
    yield "cap", abs(spatial_cap(dist) - cap) / PROGRAM
    best = best_adversarial_accuracy(dist, e)
    ways = np.array(
        [
            [np.linalg.norm(np.maximum(np.abs(way) - setting.eps, 0)) for way in both]
            for j in range(dist.n_shifts)
            for both in [(dist.mean + dist.rotated_mean(j), dist.mean - dist.rotated_mean(j))]
        ]
    )

    def limits(a: float) -> tuple[float, float]:
        z = _NORMAL.inv_cdf(a)
        low = float(np.mean([_NORMAL.cdf(z - there) for there in ways[:, 1]]))
        return low, float(np.mean(gradual_spatial(a, p, ways[:, 0], tight=True)))

    shifts = cyclic_shifts(dist.d, setting.shift)
    model = TemplateModel(codeword_template(setting.word), p, shifts)
    for a in np.linspace(0.3, 0.95, 5) * best:
        low, high = limits(a)
        # No law is weakened by the theorems of the paper, from e = 4 on.
        found = np.ravel(spatial_range(dist, e, a))
        yield "interval", float(np.abs(found - [low, min(high, cap)]).max()) / PROGRAM
        found = np.array(model.spatial_bounds(a, setting.eps))
        yield "template", float(np.abs(found - [low, high]).max()) / PROGRAM

    def possible(a: float, s: float) -> bool:
        low, high = limits(a)
        return a <= best + 1e-12 and low <= s + 1e-12 and s <= min(high, cap) + 1e-12

    grid = np.linspace(1 - p + 0.02, cap - 0.002, 5)
    tops = [("given S", s, top) for s, top in zip(grid, outer_bound(dist, e, grid), strict=True)]
    s = float(grid[2])
    tops.append(("given S, template", s, model.adversarial_bound_on_average(s, setting.eps)))
    for name, s, top in tops:
        yield name, 2.0 * (not possible(top - 2e-7, s) or possible(top + 2e-7, s))
    for rule in inner_frontier(dist, e, 2):
        s, a = rule.rule.spatial_accuracy(dist), rule.rule.adversarial_accuracy(dist, e)
        yield "rules", max(abs(rule.spatial - s), abs(rule.adversarial - a)) / ROUNDING
        yield "rule outside", 2.0 * (not possible(a - 2e-7, s))


@register(
    "frontier.pairs",
    title="Pairs of shifts",
    numbers="F9",
    value_name="largest difference to linear programs, in units of the tolerance",
    grid={
        "codeword": ("random:64:0",),
        "shift": shifts_of(4),
        "p": (0.7,),
        "budget": (0.5, 2.0),
    },
    within=1,
)
def _pairs(setting: Setting) -> Differences:
    """(1-w) S + w A is at most the sum over j != 0 of the bounds of the pairs (identity, r_j) with
    weights (1-w)/(n(n-1)), (1-w)/n and w/(n-1).
    """
    dist, p, e = setting.dist, setting.p, setting.budget
    n = dist.orbit.n_distinct
    several = Hypothesis(f"three to five different shifts ({n})", 3 <= n <= 5)
    yield required(several, survives(setting))
    mesh = 1.0
    for w, line in pair_lines(dist, e, _PAIR_WEIGHTS, mesh=mesh).items():
        total = 0.0
        for kappa in dist.orbit.kappa[1:n].tolist():
            # The weights of the statement, scaled to sum 1.
            weights = np.array([(1 - w) / (n * (n - 1)), (1 - w) / n, w / (n - 1)])
            lattice = make_lattice(Plane(p, e, kappa), mesh)
            first, second, robust = (weights / weights.sum()).tolist()
            best = optimum(lattice, (first, second, robust), nested=False)
            total += float(weights.sum()) * (best + lattice.slack)
        yield f"sum of programs, w = {w}", abs(line - total) / (2 * PROGRAM)
        for name, rule in _some_rules(setting.dist, setting.rng("pairs")):
            value = (1 - w) * rule.spatial_accuracy(dist) + w * rule.adversarial_accuracy(dist, e)
            yield f"{name} above, w = {w}", (value - line) / ROUNDING


def _some_rules(dist: CodeGaussian, rng: np.random.Generator) -> list[tuple[str, LinearRule]]:
    mean = np.mean([dist.rotated_mean(j) for j in range(dist.n_shifts)], axis=0)
    rules = [("random rule", random_rule(dist, rng))]
    for share in (0.0, 0.5, 1.0):
        weights = share * dist.mean + (1 - share) * mean
        rules.append(("blend", LinearRule(weights, weights, -1.0, 1.0)))
    return rules
