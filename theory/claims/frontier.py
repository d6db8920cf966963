"""Coins, branches and half-spaces: the frontiers' statements F1, F2a, F3 and F6."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtr

from ...arrays import Floats
from ...result import Hypothesis
from ..accuracy import FULL_BUDGET
from ..classifiers import LinearRule
from ..frontier import Plane, half_space_frontier, one_shift_frontier, support, two_shift_frontier
from .independent import best_on_mesh, cell_masses, edges_through
from .reference_classifiers import random_rule
from .registry import Differences, register, required
from .setting import TWO_SHIFTS, Setting, survives

# The steps of thresholds, and of directions, of the polylines for half-spaces.
_STEPS = 1e-6
#: Tolerance for linear programs.
PROGRAM = 1e-8
TWO = TWO_SHIFTS | {"p": (0.5, 0.7)}
#: Weights of A at which claims look.
WEIGHTS = (0.3, 0.6)


def two_shifts(setting: Setting, *more: Hypothesis) -> tuple[tuple[Hypothesis, ...], Plane]:
    """Return the conditions of the planar problem, and more, and the problem itself."""
    orbit = setting.dist.orbit
    two = Hypothesis(f"two different shifts ({orbit.n_distinct})", orbit.n_distinct == 2)
    met = required(two, survives(setting), *more)
    return met, Plane(setting.p, setting.budget, float(orbit.kappa[orbit.moving[0]]))


def best_half_space(p: float, mean: float, attack: float, w: float) -> tuple[float, float]:
    """Return the largest (1-w) S + w A of half-spaces, and its threshold, by search."""

    def value(t: Floats) -> Floats:
        s = p * ndtr(mean - t) + (1 - p) * ndtr(mean + t)
        a = p * ndtr(mean - attack - t) + (1 - p) * ndtr(mean - attack + t)
        return np.asarray((1 - w) * s + w * a)

    grid = np.linspace(-9, 9, 3601)
    at = grid[int(value(grid).argmax())]
    for step in (5e-3, 1e-4, 2e-6, 4e-8):
        near = at + step * np.linspace(-1, 1, 101)
        at = near[int(value(near).argmax())]
    return float(value(at)), float(at)


@register(
    "frontier.coin",
    title="Coins are mixtures",
    numbers="F1",
    value_name="largest difference between f and its level sets",
    grid={"p": (0.5, 0.7), "budget": (1.0, 3.0)},
)
def _coin(setting: Setting) -> Differences:
    """For a randomised classifier f and f_t = 1{f > t}, S and A of f are the integrals over t of
    those of f_t. (Random f, constant on the cells of a line.)
    """
    rng, p = setting.rng("coin"), setting.p
    step = 0.25
    edges = edges_through(0.0, step)
    reach = math.ceil(setting.budget / step)
    plus, minus = p * cell_masses(edges, 2.0), (1 - p) * cell_masses(edges, -2.0)

    def accuracies(f: Floats) -> Floats:
        least, most = (_window(f, reach, pick) for pick in (np.min, np.max))
        return np.array([plus @ f + minus @ (1 - f), plus @ least + minus @ (1 - most)])

    for k in range(4):
        f = rng.integers(0, 6, size=plus.size) / 5
        levels = [accuracies((f > t).astype(np.float64)) for t in (np.arange(5) + 0.5) / 5]
        yield f"f number {k}", float(np.abs(accuracies(f) - np.mean(levels, axis=0)).max())


def _window(values: Floats, reach: int, pick: Any) -> Floats:
    padded = np.pad(values, reach, mode="edge")
    return np.asarray(pick(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1))


@register(
    "frontier.branch",
    title="One branch is enough",
    numbers="F2a",
    value_name="largest difference to the mean of the two mirrored rules",
    grid=TWO_SHIFTS | {"p": (0.6, 0.9), "budget": (1.0, 3.0)},
)
def _branch(setting: Setting) -> Differences:
    """S and A of a rule are the means of those of two rules that treat both values of x0 alike:
    each built from one branch of it and that branch's mirror image.
    """
    dist, rng = setting.dist, setting.rng("branch")
    yield required(survives(setting))
    for k in range(4):
        rule = random_rule(dist, rng)
        parts = [
            LinearRule(rule.plus, rule.plus, -rule.bias_plus, rule.bias_plus),
            LinearRule(rule.minus, rule.minus, rule.bias_minus, -rule.bias_minus),
        ]
        whole, *halves = (
            np.append(one.shifted_accuracies(dist), one.adversarial_accuracy(dist, setting.budget))
            for one in (rule, *parts)
        )
        yield f"rule number {k}", float(np.abs(whole - np.mean(halves, axis=0)).max())


@register(
    "frontier.one_shift",
    title="One shift: half-spaces",
    numbers="F3",
    value_name="largest difference to linear programs, in units of the tolerance",
    grid={"p": (0.5, 0.7, 0.9), "budget": (0.5, 1.5, 2.5, 3.5)},
    within=1,
)
def _one_shift(setting: Setting) -> Differences:
    """For one shift and every budget with eps < 1 the frontier of natural against adversarial
    accuracy is the concave hull of the half-spaces sign(<c, x>/sqrt d - t sign(x0)): for every
    weight no classifier has a larger weighted sum.
    """
    p, e = setting.p, setting.budget
    yield required(survives(setting), Hypothesis("e > 0", e > 0))
    lower, upper = one_shift_frontier(p, e)
    step, largest = e / max(1, round(e / 0.25)), 0.0
    for w in (0.2, 0.5, 0.8):
        best, threshold = best_half_space(p, 2.0, e, w)
        # sign(x0) is the half-space without end.
        true = max(best, p)
        # A mesh that has the best half-space among its classifiers.
        edges = edges_through(threshold, step)
        plus, minus = p * cell_masses(edges, 2.0), (1 - p) * cell_masses(edges, -2.0)
        program = best_on_mesh(
            ((1 - w) * plus, (1 - w) * minus, w * plus, w * minus), (round(e / step),)
        )
        low, high = float(support(lower, w)), float(support(upper, w))
        largest = max(largest, abs(program - true))
        yield "program", abs(program - true) / PROGRAM
        # Only the lines have steps; what is certified must hold without.
        yield "closed form", abs(low - true) / _STEPS
        yield "lower line above", (low - program) / PROGRAM
        yield "upper line below", (program - high) / PROGRAM
        yield "slack", (high - true) / (10 * _STEPS)
    yield {"note": f"largest difference to a program: {largest:.1e}."}


@register(
    "frontier.full_budget",
    title="Two shifts from e = 4 on",
    numbers="F6",
    value_name="largest difference to linear programs, in units of the tolerance",
    grid=TWO | {"budget": (4.0, 5.0)},
    within=1,
)
def _full_budget(setting: Setting) -> Differences:
    """For two shifts and e >= 4 with eps < 1 the frontier is the concave hull of the half-spaces in
    u, S(t) = p Phi(2a-t) + (1-p) Phi(2a+t), A(t) = p Phi((2-e)a-t) + (1-p) Phi((2-e)a+t).
    """
    p, e = setting.p, setting.budget
    full = Hypothesis(f"e >= 4 (e = {e:g})", e >= FULL_BUDGET)
    hypotheses, plane = two_shifts(setting, full)
    a, b = math.sqrt((1 + plane.kappa) / 2), math.sqrt((1 - plane.kappa) / 2)
    if a == 0:
        required(*hypotheses, Hypothesis("a > 0", False))
    yield hypotheses
    found = two_shift_frontier(p, e, plane.kappa)
    lower, upper = half_space_frontier(p, 2 * a, e * a)
    yield "lines", 2.0 * (not np.array_equal(found.lower, lower))
    for w in WEIGHTS:
        best, threshold = best_half_space(p, 2 * a, e * a, w)
        true = max(best, p)
        # Cells of a quarter of the attack on u and a third of that on v.
        step, wide = e * a / 4, e * b / 3
        edges, borders = edges_through(threshold, step, 7.0), edges_through(0.0, wide, 7.0)
        up, down = cell_masses(edges, 2 * a), cell_masses(edges, -2 * a)
        here, there = cell_masses(borders, 2 * b), cell_masses(borders, -2 * b)
        both = (here + there) / 2
        masses = [
            (1 - w) * p * np.outer(both, up),
            (1 - w) * (1 - p) * np.outer(both, down),
            w * p * np.outer(here, up),
            w * (1 - p) * np.outer(there, down),
        ]
        yield f"program, w = {w}", abs(best_on_mesh(masses, (3, 4)) - true) / PROGRAM
        low, high = float(support(lower, w)), float(support(upper, w))
        yield f"lower, w = {w}", abs(low - true) / _STEPS
        yield f"upper, w = {w}", max((true - high) / PROGRAM, (high - true) / (10 * _STEPS))
