"""The frontiers' statements F1 to F9, against linear programs and closed forms."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from ...result import Hypothesis, Quantity
from ..accuracy import FULL_BUDGET
from ..classifiers import LinearRule, best_adversarial_accuracy
from ..distribution import CodeGaussian
from ..frontier import (
    Plane,
    bracket,
    half_space_frontier,
    inner_frontier,
    one_shift_frontier,
    outer_bound,
    pair_lines,
    spatial_cap,
    spatial_range,
    support,
    two_shift_frontier,
)
from ..frontier.lattice import Lattice, make_lattice
from ..frontier.levels import are_nested, best_levels, best_nested
from ..laws import gradual_spatial
from ..template import TemplateModel, codeword_template
from ..transformations import cyclic_shifts
from .independent import bayes_in_plane, best_on_mesh, cell_masses, edges_through
from .reference_classifiers import MOST_DOUBLES, ROUNDING, random_rule
from .registry import Check, compared, register
from .setting import TWO_SHIFTS, Setting, shifts_of, survives

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_NORMAL = NormalDist()
# Linear programs, at the solver's tolerances.
_PROGRAM = 1e-8
# Of thresholds found from masses near 1.
_MASSES = 1e-10
# The steps of thresholds, and of directions, of the polylines for half-spaces.
_STEPS = 1e-6
#: Mesh at which the lattice problems are small enough for a linear program.
_COARSE = 0.8
_TWO = TWO_SHIFTS | {"p": (0.5, 0.7)}
_WEIGHTS = (0.3, 0.6)
_PAIR_WEIGHTS = (0.4, 0.7)


def _two_shifts(setting: Setting) -> tuple[tuple[Hypothesis, ...], Plane | None]:
    """Return the conditions of the planar problem, and the problem if they are met."""
    orbit = setting.dist.orbit
    text = f"two different shifts ({orbit.n_distinct})"
    met = (Hypothesis(text, orbit.n_distinct == 2), survives(setting))
    if not all(h.satisfied for h in met):
        return met, None
    return met, Plane(setting.p, setting.budget, float(orbit.kappa[orbit.moving[0]]))


def _best_half_space(p: float, mean: float, attack: float, w: float) -> tuple[float, float]:
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
    locator="beyond the paper",
    numbers="F1",
    value_name="largest difference between f and its level sets",
    bound_name="0",
    grid={"p": (0.5, 0.7), "budget": (1.0, 3.0)},
)
def _coin(setting: Setting) -> Check:
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

    differences = {}
    for k in range(4):
        f = rng.integers(0, 6, size=plus.size) / 5
        levels = [accuracies((f > t).astype(np.float64)) for t in (np.arange(5) + 0.5) / 5]
        gap = accuracies(f) - np.mean(levels, axis=0)
        differences[f"f number {k}"] = float(np.abs(gap).max())
    return compared(differences, ROUNDING)


def _window(values: Floats, reach: int, pick: Any) -> Floats:
    padded = np.pad(values, reach, mode="edge")
    return np.asarray(pick(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1))


@register(
    "frontier.branch",
    title="One branch is enough",
    locator="beyond the paper",
    numbers="F2a",
    value_name="largest difference to the mean of the two mirrored rules",
    bound_name="0",
    grid=TWO_SHIFTS | {"p": (0.6, 0.9), "budget": (1.0, 3.0)},
)
def _branch(setting: Setting) -> Check:
    """S and A of a rule are the means of those of two rules that treat both values of x0 alike:
    each built from one branch of it and that branch's mirror image.
    """
    dist, rng = setting.dist, setting.rng("branch")
    hypotheses = (survives(setting),)
    if setting.eps >= 1:
        return compared({}, 0.0, hypotheses)
    differences = {}
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
        differences[f"rule number {k}"] = float(np.abs(whole - np.mean(halves, axis=0)).max())
    return compared(differences, ROUNDING, hypotheses)


@register(
    "frontier.one_shift",
    title="One shift: half-spaces",
    locator="beyond the paper",
    numbers="F3",
    value_name="largest difference to linear programs over all classifiers of a mesh",
    bound_name="0",
    grid={"p": (0.5, 0.7, 0.9), "budget": (0.5, 1.5, 2.5, 3.5)},
)
def _one_shift(setting: Setting) -> Check:
    """For one shift and every budget with eps < 1 the frontier of natural against adversarial
    accuracy is the concave hull of the half-spaces sign(<c, x>/sqrt d - t sign(x0)): for every
    weight no classifier has a larger weighted sum.
    """
    p, e = setting.p, setting.budget
    hypotheses = (survives(setting), Hypothesis("e > 0", e > 0))
    if not all(h.satisfied for h in hypotheses):
        return compared({}, 0.0, hypotheses)
    lower, upper = one_shift_frontier(p, e)
    step = e / max(1, round(e / 0.25))
    names = ("program", "closed form", "lower line above", "upper line below", "slack")
    differences = dict.fromkeys(names, 0.0)
    for w in (0.2, 0.5, 0.8):
        best, threshold = _best_half_space(p, 2.0, e, w)
        # sign(x0) is the half-space without end.
        true = max(best, p)
        # A mesh that has the best half-space among its classifiers.
        edges = edges_through(threshold, step)
        plus, minus = p * cell_masses(edges, 2.0), (1 - p) * cell_masses(edges, -2.0)
        program = best_on_mesh(
            ((1 - w) * plus, (1 - w) * minus, w * plus, w * minus), (round(e / step),)
        )
        low, high = float(support(lower, w)), float(support(upper, w))
        gaps = (abs(program - true), abs(low - true), low - program, program - high, high - true)
        for name, gap in zip(names, gaps, strict=True):
            differences[name] = max(differences[name], gap)
    # Only the lines have steps; what is certified must hold without.
    limits = {"closed form": _STEPS, "slack": 10 * _STEPS}
    scaled = {k: v / limits.get(k, _PROGRAM) for k, v in differences.items()}
    note = f"largest difference to a program: {differences['program']:.1e}."
    return compared(scaled, 1.0, hypotheses, note)


def _masses(lattice: Lattice, weights: tuple[float, float, float]) -> list[Floats]:
    """Return what answers +1 and -1 earn, bare and robust, on the points of a lattice."""
    plane = lattice.plane
    p, a, b = plane.p, math.sqrt((1 + plane.kappa) / 2), math.sqrt((1 - plane.kappa) / 2)
    cell, alpha = lattice.step * lattice.level_step, plane.budget * a

    def phi(x: Floats) -> Floats:
        return np.asarray(np.exp(-x * x / 2) / math.sqrt(2 * math.pi))

    here, there = phi(lattice.v - 2 * b), phi(lattice.v + 2 * b)
    up, down = phi(lattice.levels - 2 * a), phi(lattice.levels + 2 * a)
    near, far = phi(lattice.levels - 2 * a + alpha), phi(lattice.levels + 2 * a - alpha)
    first, second, robust = weights
    return [
        p * cell * np.outer(first * here + second * there, up),
        (1 - p) * cell * np.outer(first * there + second * here, down),
        p * cell * robust * np.outer(here, near),
        (1 - p) * cell * robust * np.outer(there, far),
    ]


def _slack(lattice: Lattice) -> float:
    """Return the slack of Proposition F7, its constants by quadrature."""

    def phi(x: float) -> float:
        return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    second = 2 * quad(lambda x: abs(x * x - 1) * phi(x), 0, 9, points=[1.0])[0]
    third = 2 * quad(lambda x: abs(x**3 - 3 * x) * phi(x), 0, 9, points=[math.sqrt(3)])[0]
    h, k = lattice.step, lattice.level_step
    by_v = h * h / 8 * (second + h * third) * (1 + k * phi(0))
    by_level = k * k / 8 * (second + k * third) * (1 + h * phi(0))
    return by_v + by_level + 4 * _NORMAL.cdf(-5.0)


def _outside(lattice: Lattice) -> float:
    """Return 1 if a lattice breaks a condition of its statement, else 0."""
    plane = lattice.plane
    a, b = math.sqrt((1 + plane.kappa) / 2), math.sqrt((1 - plane.kappa) / 2)
    beta = plane.budget * b
    kept = lattice.reach * lattice.step <= beta + 1e-12 <= lattice.cover * lattice.step + 2e-12
    wide = lattice.v[-1] >= 2 * b + 5 - 1e-9 and lattice.levels[-1] >= 2 * a + 5 - 1e-9
    even = np.ptp(np.diff(lattice.v)) < 1e-9 and np.ptp(np.diff(lattice.levels)) < 1e-9
    same = abs(lattice.v[1] - lattice.v[0] - lattice.step) < 1e-12
    same &= abs(lattice.levels[1] - lattice.levels[0] - lattice.level_step) < 1e-12
    return float(not (kept and wide and even and same))


def _program(lattice: Lattice, weights: tuple[float, float, float], *, nested: bool) -> float:
    """Return the optimum of the lattice problem over randomised answers."""
    return best_on_mesh(_masses(lattice, weights), (lattice.reach, 0), nested=nested)


@register(
    "frontier.hull",
    title="Coins add the hull, no more",
    locator="beyond the paper",
    numbers="F2",
    value_name="linear program less the deterministic optimum",
    bound_name="0",
    grid=_TWO | {"budget": (1.0, 3.0)},
)
def _hull(setting: Setting) -> Check:
    """For every weight the supremum of (1-w) S + w A is the same for deterministic and for
    randomised classifiers: on a lattice the linear program's optimum is that of a minimum cut.
    """
    hypotheses, plane = _two_shifts(setting)
    if plane is None:
        return compared({}, 0.0, hypotheses)
    lattice, differences = make_lattice(plane, _COARSE), {}
    # With much weight on A levels left alone do not always nest.
    for w in (0.4, 0.8):
        weights = ((1 - w) / 2, (1 - w) / 2, w)
        cut, answers = best_nested(lattice.gains(weights), lattice.reach)
        program = _program(lattice, weights, nested=True)
        # Capacities are rounded down to multiples of 2^-29, which raises the cut.
        rounding = 4 * answers.size * 2.0**-29
        earned = _earned(lattice, weights, answers)
        differences[f"program above the cut, w = {w}"] = program - cut
        differences[f"cut above the program, w = {w}"] = cut - program - rounding
        differences[f"program above the answers, w = {w}"] = program - earned - rounding
        differences[f"growth, w = {w}"] = float(not are_nested(answers))
    return compared(differences, _PROGRAM, hypotheses)


def _earned(lattice: Lattice, weights: tuple[float, float, float], answers: Bools) -> float:
    """Return what a set of answers earns on a lattice, point by point."""
    plus, minus, robust_plus, robust_minus = _masses(lattice, weights)
    total = float(plus[answers].sum() + minus[~answers].sum())
    for i in range(len(lattice.v)):
        window = answers[max(i - lattice.reach, 0) : i + lattice.reach + 1]
        total += float(robust_plus[i][window.all(axis=0)].sum())
        total += float(robust_minus[i][~window.any(axis=0)].sum())
    return total


@register(
    "frontier.thresholds",
    title="Two shifts: thresholds in u",
    locator="beyond the paper",
    numbers="F4",
    value_name="largest loss by passing to a threshold",
    bound_name="0",
    grid=_TWO | {"budget": (1.0, 3.0)},
)
def _thresholds(setting: Setting) -> Check:
    """For every planar set F there is a rule {u >= t(v)}, with the same mass under N(-2a, 1) in
    every section, that has at least the same S_0, S_1 and A. (Random F, constant on cells; if F is
    such a rule itself, all are equal.)
    """
    hypotheses, plane = _two_shifts(setting)
    if plane is None:
        return compared({}, 0.0, hypotheses)
    lattice, rng = make_lattice(plane, 0.5), setting.rng("sets")
    alpha = plane.budget * plane.a
    reach = max(1, round(alpha / 0.5))
    step = alpha / reach if alpha else 0.5
    edges = edges_through(0.0, step)
    cells = len(edges) + 1
    differences = {}
    for k in range(6):
        if k < 3:
            # Noise, smoothed so that some of the set survives an attack.
            tilt = np.add.outer(0.4 * rng.normal() * lattice.v, np.linspace(-3, 3, cells))
            noise = _smooth(rng.standard_normal((len(lattice.v), cells)), 3)
            inside = tilt + 2 * noise > 0
        else:
            first = rng.integers(cells // 4, 3 * cells // 4, size=(len(lattice.v) + 3) // 4)
            inside = np.arange(cells) > np.repeat(first, 4)[: len(lattice.v), None]
        clean = inside @ cell_masses(edges, -2 * plane.a)
        threshold = -2 * plane.a - ndtri(np.clip(clean, 0, 1))
        gaps = _planar(lattice, edges, inside, reach if alpha else 0)
        gaps -= np.array(lattice.achieved(threshold))
        differences[f"set number {k}"] = float(np.abs(gaps).max() if k >= 3 else gaps.max())
    return compared(differences, _MASSES, hypotheses)


def _smooth(noise: Floats, width: int) -> Floats:
    for axis in (0, 1):
        noise = np.mean([np.roll(noise, s, axis) for s in range(-width, width + 1)], axis=0)
    return np.asarray(noise / noise.std())


def _planar(lattice: Lattice, edges: Floats, inside: Bools, reach: int) -> Floats:
    """Return S_0, S_1 and A of a set of cells in the plane, attacked by a box of cells."""
    plane = lattice.plane
    p, m, n = plane.p, 2 * plane.a, 2 * plane.b
    borders = (lattice.v[1:] + lattice.v[:-1]) / 2
    here, there = cell_masses(borders, n), cell_masses(borders, -n)
    up, down = cell_masses(edges, m), cell_masses(edges, -m)
    kept, lost = inside.copy(), ~inside
    for axis, steps in ((0, lattice.cover), (1, reach)):
        pads = [(steps, steps) if i == axis else (0, 0) for i in (0, 1)]
        for part in (kept, lost):
            view = np.lib.stride_tricks.sliding_window_view(
                np.pad(part, pads, mode="edge"), 2 * steps + 1, axis=axis
            )
            part[:] = view.all(axis=-1)
    first = p * here @ inside @ up + (1 - p) * there @ ~inside @ down
    second = p * there @ inside @ up + (1 - p) * here @ ~inside @ down
    return np.array([first, second, p * here @ kept @ up + (1 - p) * there @ lost @ down])


@register(
    "frontier.levels",
    title="Levels fit up to e = 2",
    locator="beyond the paper",
    numbers="F5",
    value_name="largest difference of separate and nested levels",
    bound_name="0",
    grid=_TWO | {"budget": (1.0, 2.0)},
)
def _levels(setting: Setting) -> Check:
    """For e <= 2 the best sets of separate levels grow with the level and so form one rule: the
    sum of their gains is the optimum of the program in which they have to. (On a lattice.)
    """
    hypotheses, plane = _two_shifts(setting)
    small = Hypothesis(f"e <= 2 (e = {setting.budget:g})", setting.budget <= 2)
    if plane is None or not small.satisfied:
        return compared({}, 0.0, (*hypotheses, small))
    lattice = make_lattice(plane, _COARSE)
    differences = {}
    for w in _WEIGHTS:
        weights = ((1 - w) / 2, (1 - w) / 2, w)
        value, answers = best_levels(lattice.gains(weights), lattice.reach)
        differences[f"program, w = {w}"] = abs(value - _program(lattice, weights, nested=True))
        differences[f"answers, w = {w}"] = abs(value - _earned(lattice, weights, answers))
        differences[f"growth, w = {w}"] = float(not are_nested(answers))
    return compared(differences, _PROGRAM, (*hypotheses, small))


@register(
    "frontier.full_budget",
    title="Two shifts from e = 4 on",
    locator="beyond the paper",
    numbers="F6",
    value_name="largest difference to linear programs over all classifiers of a mesh",
    bound_name="0",
    grid=_TWO | {"budget": (4.0, 5.0)},
)
def _full_budget(setting: Setting) -> Check:
    """For two shifts and e >= 4 with eps < 1 the frontier is the concave hull of the half-spaces in
    u, S(t) = p Phi(2a-t) + (1-p) Phi(2a+t), A(t) = p Phi((2-e)a-t) + (1-p) Phi((2-e)a+t).
    """
    hypotheses, plane = _two_shifts(setting)
    p, e = setting.p, setting.budget
    full = Hypothesis(f"e >= 4 (e = {e:g})", e >= FULL_BUDGET)
    if plane is None or not full.satisfied or plane.a == 0:
        return compared({}, 0.0, (*hypotheses, full, Hypothesis("a > 0", plane is not None)))
    a, b = math.sqrt((1 + plane.kappa) / 2), math.sqrt((1 - plane.kappa) / 2)
    found = two_shift_frontier(p, e, plane.kappa)
    lower, upper = half_space_frontier(p, 2 * a, e * a)
    differences = {"lines": 2.0 * (not np.array_equal(found.lower, lower))}
    for w in _WEIGHTS:
        best, threshold = _best_half_space(p, 2 * a, e * a, w)
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
        gap = abs(best_on_mesh(masses, (3, 4)) - true) / _PROGRAM
        differences[f"program, w = {w}"] = gap
        low, high = float(support(lower, w)), float(support(upper, w))
        differences[f"lower, w = {w}"] = abs(low - true) / _STEPS
        slack = (high - true) / (10 * _STEPS)
        differences[f"upper, w = {w}"] = max((true - high) / _PROGRAM, slack)
    return compared(differences, 1.0, (*hypotheses, full), "In units of the tolerance:")


@register(
    "frontier.certified",
    title="Certified values",
    locator="beyond the paper",
    numbers="F7",
    value_name="largest difference to independent values, in units of the tolerance",
    bound_name="1",
    grid=_TWO | {"budget": (0.0, 1.0, 3.0, 4.0)},
)
def _certified(setting: Setting) -> Check:
    """For weights that sum to 1 no classifier of two shifts exceeds the optimum of the lattice
    problem plus h^2/8 (int |phi''| + h int |phi'''|)(1 + h' phi(0)), the same with h and h'
    exchanged, and the tails; and the rule that comes with it achieves what is said.
    """
    hypotheses, plane = _two_shifts(setting)
    if plane is None:
        return compared({}, 0.0, hypotheses)
    e = setting.budget
    differences = {}
    for mesh, weights in ((_COARSE, (0.25, 0.15, 0.6)), (0.1, (0.3, 0.3, 0.4))):
        lattice = make_lattice(plane, mesh)
        found = bracket(plane, weights, mesh=mesh, cut_mesh=None)
        differences[f"lattice {mesh}"] = 2 * _outside(lattice)
        slack = _slack(lattice)
        # Its constants are rounded upwards.
        differences[f"slack {mesh}"] = 2.0 * (not slack <= lattice.slack <= 1.002 * slack)
        if mesh == _COARSE:
            # Levels that need not nest: the program of the value that is used.
            optimum = _program(lattice, weights, nested=False)
            gap = abs(found.upper - optimum - lattice.slack)
            differences["upper value"] = gap / (2 * _PROGRAM)
        else:
            answers = np.less.outer(found.threshold, lattice.levels)
            earned = _earned(lattice, weights, answers)
            # Up to e = 2 the levels nest, and the rule earns all of the optimum.
            over = earned - (found.upper - lattice.slack)
            differences["optimum and its rule"] = (abs(over) if e <= 2 else over) / _PROGRAM
        achieved = _box(plane, found.v, found.threshold, lattice.cover)
        gap = np.abs(achieved - np.array(found.achieved)).max() / ROUNDING
        differences[f"achieved {mesh}"] = float(gap)
        value = float(np.dot(weights, achieved))
        differences[f"rule above the upper value {mesh}"] = (value - found.upper) / ROUNDING
        true = _known(plane, weights)
        if true is not None:
            differences[f"true value {mesh}"] = (true - found.upper) / _PROGRAM
            differences[f"rule above the true value {mesh}"] = (value - true) / _PROGRAM
            # Twice the slack: the rule loses about as much by its cells.
            differences[f"far from the true value {mesh}"] = (found.upper - true) / (2 * slack)
    quantities = _attacked(setting, plane, found.v, found.threshold, lattice.cover, achieved)
    check = compared(differences, 1.0, hypotheses, "In units of the tolerance:")
    return Check(
        check.verdict, check.value, 1.0, hypotheses, quantities if e > 0 else (), check.note
    )


def _known(plane: Plane, weights: tuple[float, float, float]) -> float | None:
    """Return the largest weighted sum of all classifiers where it has another derivation."""
    p, a, b = plane.p, plane.a, plane.b
    first, second, robust = weights
    if plane.budget == 0:
        # A is S_0 then: a Bayes problem of two points.
        laws = [(first + robust, 2 * a, 2 * b), (second, 2 * a, -2 * b)]
        sides = [[(q * w, s * x, s * y) for w, x, y in laws] for q, s in ((p, 1.0), (1 - p, -1.0))]
        return bayes_in_plane(*sides)
    if plane.budget >= FULL_BUDGET and first == second:
        best, _ = _best_half_space(p, 2 * a, plane.budget * a, robust)
        return max(best, p)
    return None


def _box(plane: Plane, v: Floats, threshold: Floats, cover: int) -> Floats:
    """Return S_0, S_1 and A of a rule u >= t(v) on cells, cell by cell."""
    p, m, n = plane.p, 2 * plane.a, 2 * plane.b
    borders = (v[1:] + v[:-1]) / 2
    here, there = cell_masses(borders, n), cell_masses(borders, -n)
    total = np.zeros(3)
    for i, t in enumerate(threshold):
        near = threshold[max(i - cover, 0) : i + cover + 1]
        attack = plane.budget * plane.a
        right, wrong = ndtr(m - t), ndtr(m + t)
        robust = p * here[i] * ndtr(m - attack - near.max())
        robust += (1 - p) * there[i] * ndtr(m - attack + near.min())
        total += [
            p * here[i] * right + (1 - p) * there[i] * wrong,
            p * there[i] * right + (1 - p) * here[i] * wrong,
            robust,
        ]
    return total


def _attacked(
    setting: Setting, plane: Plane, v: Floats, threshold: Floats, cover: int, achieved: Floats
) -> tuple[Quantity, ...]:
    """Return the accuracies of a rule beside their simulation, from samples of X itself."""
    dist = setting.dist
    if not setting.samples:
        return ()
    trials = min(setting.samples, max(500, MOST_DOUBLES // dist.d))
    word = dist.orbit.codeword
    same = word == dist.orbit.rotated(int(dist.orbit.moving[0]))
    borders = (v[1:] + v[:-1]) / 2
    hits = np.zeros(3, dtype=int)
    for x, y in dist.stream(trials, setting.rng("planar rule")):
        x0 = np.where(x[:, 0] > 0, 1, -1)
        for k in (0, 1):
            rows = dist.rotate(x, k)[:, 1:] * word
            # In the branch x0 = -1 everything is mirrored.
            u, w = (
                x0 * rows[:, part].sum(axis=1) / math.sqrt(max(part.sum(), 1))
                for part in (same, ~same)
            )
            at = np.searchsorted(borders, w)
            label = x0 * y
            hits[k] += int((np.where(u >= threshold[at], 1, -1) == label).sum())
            if k == 0:
                near = [threshold[np.clip(at + s, 0, len(v) - 1)] for s in range(-cover, cover + 1)]
                push = plane.budget * plane.a
                right = np.where(
                    label > 0, u - push >= np.max(near, axis=0), u + push < np.min(near, axis=0)
                )
                hits[2] += int(right.sum())
    names = ("S_0", "S_1", "A")
    return tuple(
        Quantity(f"{name} of the planar rule", float(exact), int(count), trials)
        for name, exact, count in zip(names, achieved, hits, strict=True)
    )


@register(
    "frontier.laws",
    title="Averaged laws",
    locator="beyond the paper",
    numbers="F8 L6",
    value_name="largest difference to independent values, in units of the tolerance",
    bound_name="1",
    grid={
        "codeword": ("random:48:0",),
        "shift": shifts_of(2, 4),
        "p": (0.7,),
        "budget": (1.0, 3.0, 4.0),
    },
)
def _averaged(setting: Setting) -> Check:
    """Given A the laws confine S to the interval between the means over j of their lower and upper
    limits for S_j, and to the cap from pairs of shifts; the largest A given S is the largest whose
    interval holds S; and no linear rule that is found lies outside.
    """
    dist, p, e = setting.dist, setting.p, setting.budget
    kappas, count = np.unique(dist.orbit.kappa[1 : dist.orbit.n_distinct], return_counts=True)
    few = Hypothesis(f"2 to 8 different shifts ({dist.orbit.n_distinct})", 0 < count.sum() < 8)
    hypotheses = (few, survives(setting), Hypothesis("p < 1", p < 1))
    if not all(h.satisfied for h in hypotheses):
        return compared({}, 0.0, hypotheses)
    pairs = [_pair_optimum(p, float(k)) for k in kappas]
    cap = float(np.dot(pairs, count) / count.sum())
    differences = {"cap": abs(spatial_cap(dist) - cap) / _PROGRAM}
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
        gap = float(np.abs(found - [low, min(high, cap)]).max())
        differences["interval"] = max(differences.get("interval", 0.0), gap / _PROGRAM)
        gap = float(np.abs(np.array(model.spatial_bounds(a, setting.eps)) - [low, high]).max())
        differences["template"] = max(differences.get("template", 0.0), gap / _PROGRAM)

    def possible(a: float, s: float) -> bool:
        low, high = limits(a)
        return a <= best + 1e-12 and low <= s + 1e-12 and s <= min(high, cap) + 1e-12

    grid = np.linspace(1 - p + 0.02, cap - 0.002, 5)
    tops = [("given S", s, top) for s, top in zip(grid, outer_bound(dist, e, grid), strict=True)]
    s = float(grid[2])
    tops.append(("given S, template", s, model.adversarial_bound_on_average(s, setting.eps)))
    for name, s, top in tops:
        wrong = not possible(top - 2e-7, s) or possible(top + 2e-7, s)
        differences[name] = max(differences.get(name, 0.0), 2.0 * wrong)
    for rule in inner_frontier(dist, e, 2):
        s, a = rule.rule.spatial_accuracy(dist), rule.rule.adversarial_accuracy(dist, e)
        gap = max(abs(rule.spatial - s), abs(rule.adversarial - a)) / ROUNDING
        differences["rules"] = max(differences.get("rules", 0.0), gap)
        outside = 2.0 * (not possible(a - 2e-7, s))
        differences["rule outside"] = max(differences.get("rule outside", 0.0), outside)
    return compared(differences, 1.0, hypotheses, "In units of the tolerance:")


def _pair_optimum(p: float, kappa: float) -> float:
    """Return the best accuracy for two shifts of a correlation, as a Bayes problem in the plane."""
    a, b = math.sqrt((1 + kappa) / 2), math.sqrt((1 - kappa) / 2)
    sides = [
        [(q / 2, s * 2 * a, 2 * b), (q / 2, s * 2 * a, -2 * b)]
        for q, s in ((p, 1.0), (1 - p, -1.0))
    ]
    return bayes_in_plane(*sides)


@register(
    "frontier.pairs",
    title="Pairs of shifts",
    locator="beyond the paper",
    numbers="F9",
    value_name="largest difference to linear programs, in units of the tolerance",
    bound_name="1",
    grid={
        "codeword": ("random:64:0",),
        "shift": shifts_of(4),
        "p": (0.7,),
        "budget": (0.5, 2.0),
    },
)
def _pairs(setting: Setting) -> Check:
    """(1-w) S + w A is at most the sum over j != 0 of the bounds of the pairs (identity, r_j) with
    weights (1-w)/(n(n-1)), (1-w)/n and w/(n-1).
    """
    dist, p, e = setting.dist, setting.p, setting.budget
    n = dist.orbit.n_distinct
    several = Hypothesis(f"three to five different shifts ({n})", 3 <= n <= 5)
    hypotheses = (several, survives(setting))
    if not all(h.satisfied for h in hypotheses):
        return compared({}, 0.0, hypotheses)
    mesh, differences = 1.0, {}
    for w, line in pair_lines(dist, e, _PAIR_WEIGHTS, mesh=mesh).items():
        total = 0.0
        for kappa in dist.orbit.kappa[1:n].tolist():
            # The weights of the statement, scaled to sum 1.
            weights = np.array([(1 - w) / (n * (n - 1)), (1 - w) / n, w / (n - 1)])
            lattice = make_lattice(Plane(p, e, kappa), mesh)
            first, second, robust = (weights / weights.sum()).tolist()
            optimum = _program(lattice, (first, second, robust), nested=False)
            total += float(weights.sum()) * (optimum + lattice.slack)
        differences[f"sum of programs, w = {w}"] = abs(line - total) / (2 * _PROGRAM)
        for name, rule in _some_rules(setting.dist, setting.rng("pairs")):
            value = (1 - w) * rule.spatial_accuracy(dist) + w * rule.adversarial_accuracy(dist, e)
            differences[f"{name} above, w = {w}"] = (value - line) / ROUNDING
    return compared(differences, 1.0, hypotheses, "In units of the tolerance:")


def _some_rules(dist: CodeGaussian, rng: np.random.Generator) -> list[tuple[str, LinearRule]]:
    mean = np.mean([dist.rotated_mean(j) for j in range(dist.n_shifts)], axis=0)
    rules = [("random rule", random_rule(dist, rng))]
    for share in (0.0, 0.5, 1.0):
        weights = share * dist.mean + (1 - share) * mean
        rules.append(("blend", LinearRule(weights, weights, -1.0, 1.0)))
    return rules
