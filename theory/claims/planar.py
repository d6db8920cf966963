"""The problem of two shifts in the plane: the frontiers' statements F2, F4, F5 and F7."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from ...arrays import Bools, Floats
from ...result import Hypothesis, Quantity
from ..accuracy import FULL_BUDGET
from ..frontier import Plane, bracket
from ..frontier.lattice import Lattice, make_lattice
from ..frontier.levels import are_nested, best_levels, best_nested
from .frontier import PROGRAM, TWO, WEIGHTS, best_half_space, two_shifts
from .independent import bayes_in_plane, best_on_mesh, cell_masses, edges_through
from .registry import ROUNDING, Differences, register
from .setting import Setting

_NORMAL = NormalDist()
# Of thresholds found from masses near 1.
_MASSES = 1e-10
#: Mesh at which the lattice problems are small enough for a linear program.
_COARSE = 0.8


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


def optimum(lattice: Lattice, weights: tuple[float, float, float], *, nested: bool) -> float:
    """Return the optimum of the lattice problem over randomised answers."""
    return best_on_mesh(_masses(lattice, weights), (lattice.reach, 0), nested=nested)


@register(
    "frontier.hull",
    title="Coins add the hull, no more",
    numbers="F2",
    value_name="linear program less the deterministic optimum",
    grid=TWO | {"budget": (1.0, 3.0)},
    within=PROGRAM,
)
def _hull(setting: Setting) -> Differences:
    """For every weight the supremum of (1-w) S + w A is the same for deterministic and for
    randomised classifiers: on a lattice the linear program's optimum is that of a minimum cut.
    """
    hypotheses, plane = two_shifts(setting)
    yield hypotheses
    lattice = make_lattice(plane, _COARSE)
    # With much weight on A levels left alone do not always nest.
    for w in (0.4, 0.8):
        weights = ((1 - w) / 2, (1 - w) / 2, w)
        cut, answers = best_nested(lattice.gains(weights), lattice.reach)
        randomised = optimum(lattice, weights, nested=True)
        # Capacities are rounded down to multiples of 2^-29, which raises the cut.
        rounding = 4 * answers.size * 2.0**-29
        earned = _earned(lattice, weights, answers)
        yield f"program above the cut, w = {w}", randomised - cut
        yield f"cut above the program, w = {w}", cut - randomised - rounding
        yield f"program above the answers, w = {w}", randomised - earned - rounding
        yield f"growth, w = {w}", float(not are_nested(answers))


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
    numbers="F4",
    value_name="largest loss by passing to a threshold",
    grid=TWO | {"budget": (1.0, 3.0)},
    within=_MASSES,
)
def _thresholds(setting: Setting) -> Differences:
    """For every planar set F there is a rule {u >= t(v)}, with the same mass under N(-2a, 1) in
    every section, that has at least the same S_0, S_1 and A. (Random F, constant on cells; if F is
    such a rule itself, all are equal.)
    """
    hypotheses, plane = two_shifts(setting)
    yield hypotheses
    lattice, rng = make_lattice(plane, 0.5), setting.rng("sets")
    alpha = plane.budget * plane.a
    reach = max(1, round(alpha / 0.5))
    step = alpha / reach if alpha else 0.5
    edges = edges_through(0.0, step)
    cells = len(edges) + 1
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
        yield f"set number {k}", float(np.abs(gaps).max() if k >= 3 else gaps.max())


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
    numbers="F5",
    value_name="largest difference of separate and nested levels",
    grid=TWO | {"budget": (1.0, 2.0)},
    within=PROGRAM,
)
def _levels(setting: Setting) -> Differences:
    """For e <= 2 the best sets of separate levels grow with the level and so form one rule: the
    sum of their gains is the optimum of the program in which they have to. (On a lattice.)
    """
    small = Hypothesis(f"e <= 2 (e = {setting.budget:g})", setting.budget <= 2)
    hypotheses, plane = two_shifts(setting, small)
    yield hypotheses
    lattice = make_lattice(plane, _COARSE)
    for w in WEIGHTS:
        weights = ((1 - w) / 2, (1 - w) / 2, w)
        value, answers = best_levels(lattice.gains(weights), lattice.reach)
        yield f"program, w = {w}", abs(value - optimum(lattice, weights, nested=True))
        yield f"answers, w = {w}", abs(value - _earned(lattice, weights, answers))
        yield f"growth, w = {w}", float(not are_nested(answers))


@register(
    "frontier.certified",
    title="Certified values",
    numbers="F7",
    value_name="largest difference to independent values, in units of the tolerance",
    grid=TWO | {"budget": (0.0, 1.0, 3.0, 4.0)},
    within=1,
)
def _certified(setting: Setting) -> Differences:
    """For weights that sum to 1 no classifier of two shifts exceeds the optimum of the lattice
    problem plus h^2/8 (int |phi''| + h int |phi'''|)(1 + h' phi(0)), the same with h and h'
    exchanged, and the tails; and the rule that comes with it achieves what is said.
    """
    hypotheses, plane = two_shifts(setting)
    yield hypotheses
    e = setting.budget
    for mesh, weights in ((_COARSE, (0.25, 0.15, 0.6)), (0.1, (0.3, 0.3, 0.4))):
        lattice = make_lattice(plane, mesh)
        found = bracket(plane, weights, mesh=mesh, cut_mesh=None)
        yield f"lattice {mesh}", 2 * _outside(lattice)
        slack = _slack(lattice)
        # Its constants are rounded upwards.
        yield f"slack {mesh}", 2.0 * (not slack <= lattice.slack <= 1.002 * slack)
        if mesh == _COARSE:
            # Levels that need not nest: the program of the value that is used.
            best = optimum(lattice, weights, nested=False)
            yield "upper value", abs(found.upper - best - lattice.slack) / (2 * PROGRAM)
        else:
            answers = np.less.outer(found.threshold, lattice.levels)
            earned = _earned(lattice, weights, answers)
            # Up to e = 2 the levels nest, and the rule earns all of the optimum.
            over = earned - (found.upper - lattice.slack)
            yield "optimum and its rule", (abs(over) if e <= 2 else over) / PROGRAM
        achieved = _box(plane, found.v, found.threshold, lattice.cover)
        gap = np.abs(achieved - np.array(found.achieved)).max() / ROUNDING
        yield f"achieved {mesh}", float(gap)
        value = float(np.dot(weights, achieved))
        yield f"rule above the upper value {mesh}", (value - found.upper) / ROUNDING
        true = _known(plane, weights)
        if true is not None:
            yield f"true value {mesh}", (true - found.upper) / PROGRAM
            yield f"rule above the true value {mesh}", (value - true) / PROGRAM
            # Twice the slack: the rule loses about as much by its cells.
            yield f"far from the true value {mesh}", (found.upper - true) / (2 * slack)
    quantities = _attacked(setting, plane, found.v, found.threshold, lattice.cover, achieved)
    yield {"quantities": quantities if e > 0 else ()}


def _known(plane: Plane, weights: tuple[float, float, float]) -> float | None:
    """Return the largest weighted sum of all classifiers where it has another derivation."""
    p, a, b = plane.p, plane.a, plane.b
    first, second, robust = weights
    if plane.budget == 0:
        # A is S_0 then: a Bayes problem of two points.
        return bayes_in_plane(p, [(first + robust, 2 * a, 2 * b), (second, 2 * a, -2 * b)])
    if plane.budget >= FULL_BUDGET and first == second:
        best, _ = best_half_space(p, 2 * a, plane.budget * a, robust)
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
    trials = setting.trials
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
