"""The exact frontier of two shifts against linear programs, closed forms and simulation."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog
from scipy.stats import norm

from spadv.errors import InputError, TooLargeError
from spadv.theory.accuracy import robust_bayes_accuracy, two_shift_accuracy
from spadv.theory.frontier import (
    Plane,
    bracket,
    concave_hull,
    gap,
    half_space_point,
    one_shift_frontier,
    support,
    two_shift_frontier,
)
from spadv.theory.frontier.lattice import Gains, make_lattice
from spadv.theory.frontier.levels import are_nested, best_levels, best_nested


def lattice_program(masses, reach, nested):
    """All classifiers with values in [0, 1] on a tiny lattice, every constraint written out."""
    points, levels = masses.plus.shape
    size = points * levels
    index = np.arange(size).reshape(points, levels)
    cost = np.concatenate(
        [
            (masses.minus - masses.plus).ravel(),
            -masses.plus_robust.ravel(),
            -masses.minus_robust.ravel(),
        ]
    )
    rows, columns, values, right = [], [], [], []

    def constrain(pairs, bound):
        for column, value in pairs:
            rows.append(len(right))
            columns.append(column)
            values.append(value)
        right.append(bound)

    for i in range(points):
        for k in range(levels):
            for j in range(max(0, i - reach), min(points, i + reach + 1)):
                constrain([(size + index[i, k], 1), (index[j, k], -1)], 0)
                constrain([(2 * size + index[i, k], 1), (index[j, k], 1)], 1)
            if nested and k + 1 < levels:
                constrain([(index[i, k], 1), (index[i, k + 1], -1)], 0)
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(right), 3 * size))
    made = linprog(cost, A_ub=matrix, b_ub=right, bounds=(0, 1), method="highs")
    assert made.status == 0
    return masses.minus.sum() - made.fun


@pytest.mark.parametrize("reach", [0, 1, 2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_levels_and_cut_against_linear_programs(reach, seed):
    rng = np.random.default_rng(seed)
    masses = Gains(*(rng.random((9, 5)) ** 3 / 90 for _ in range(4)))
    value, answers = best_levels(masses, reach)
    assert value == pytest.approx(lattice_program(masses, reach, nested=False), abs=1e-6)
    assert earned(masses, answers, reach) == pytest.approx(value, abs=1e-12)
    value, answers = best_nested(masses, reach)
    assert are_nested(answers)
    assert value == pytest.approx(lattice_program(masses, reach, nested=True), abs=1e-6)
    assert earned(masses, answers, reach) == pytest.approx(value, abs=1e-6)


def earned(masses, answers, reach):
    """The gain of a set, from the definition."""
    total = masses.plus[answers].sum() + masses.minus[~answers].sum()
    for i in range(len(answers)):
        window = answers[max(0, i - reach) : i + reach + 1]
        total += masses.plus_robust[i][window.all(axis=0)].sum()
        total += masses.minus_robust[i][~window.any(axis=0)].sum()
    return total


def planar_program(plane, w, mesh_u, mesh_v):
    """Every planar classifier on cells, box attacks in both directions, from below.

    Cells of sides that divide the box: a classifier constant on cells is attacked through
    exactly these neighbours. No monotonicity is assumed.
    """
    a, b, e, p = plane.a, plane.b, plane.budget, plane.p
    reach_u, reach_v = round(e * a / mesh_u), round(e * b / mesh_v)
    assert np.isclose(reach_u * mesh_u, e * a)
    assert np.isclose(reach_v * mesh_v, e * b)
    u = np.arange(-round(4.5 / mesh_u), round(4.5 / mesh_u) + 1) * mesh_u
    v = np.arange(-round(4.5 / mesh_v), round(4.5 / mesh_v) + 1) * mesh_v

    def mass(grid, mesh, mean):
        edges = np.concatenate([[-np.inf], grid[:-1] + mesh / 2, [np.inf]])
        return np.diff(norm.cdf(edges - mean))

    up, um = mass(u, mesh_u, 2 * a), mass(u, mesh_u, -2 * a)
    vp, vm = mass(v, mesh_v, 2 * b), mass(v, mesh_v, -2 * b)
    both = (1 - w) * (vp + vm) / 2
    plus, minus = p * np.outer(both, up), (1 - p) * np.outer(both, um)
    rp, rm = w * p * np.outer(vp, up), w * (1 - p) * np.outer(vm, um)
    size = plus.size
    index = np.arange(size).reshape(plus.shape)
    rows, columns, values, right = [], [], [], []
    for i in range(len(v)):
        for k in range(len(u)):
            box = index[
                max(0, i - reach_v) : i + reach_v + 1, max(0, k - reach_u) : k + reach_u + 1
            ]
            for j in box.ravel():
                for offset, sign, bound in ((size, -1, 0), (2 * size, 1, 1)):
                    rows += [len(right)] * 2
                    columns += [offset + index[i, k], j]
                    values += [1, sign]
                    right.append(bound)
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(right), 3 * size))
    cost = -np.concatenate([(plus - minus).ravel(), rp.ravel(), rm.ravel()])
    made = linprog(cost, A_ub=matrix, b_ub=right, bounds=(0, 1), method="highs")
    assert made.status == 0
    return minus.sum() - made.fun


@pytest.mark.parametrize(("p", "e", "w"), [(0.7, 1.0, 0.5), (0.6, 3.0, 0.6), (0.5, 2.5, 0.7)])
def test_bracket_against_all_planar_classifiers(p, e, w):
    plane = Plane(p, e, 0.0)
    # kappa = 0: a = b, so the box is a square.
    side = e * plane.a / round(e * plane.a / 0.45)
    coarse = planar_program(plane, w, side, side)
    known = bracket(plane, ((1 - w) / 2, (1 - w) / 2, w))
    assert coarse <= known.upper + 1e-6
    # Coarse cells cost something, but not much.
    assert coarse >= known.upper - 0.03


@pytest.mark.parametrize("p", [0.5, 0.7])
@pytest.mark.parametrize("e", [1.0, 1.9, 2.5, 3.9, 5.0])
def test_one_shift_is_the_closed_curve(p, e):
    t = np.linspace(-15, 15, 4001)
    s = p * norm.cdf(2 - t) + (1 - p) * norm.cdf(2 + t)
    a = p * norm.cdf(2 - e - t) + (1 - p) * norm.cdf(2 - e + t)
    lower, upper = one_shift_frontier(p, e)
    for w in np.linspace(0, 1, 21):
        best = ((1 - w) * s + w * a).max()
        assert support(lower, w) == pytest.approx(best, abs=1e-5)
        assert support(upper, w) == pytest.approx(best, abs=1e-4)
    assert gap(upper, lower)[0] < 1e-4


@pytest.mark.parametrize("e", [1.0, 3.0])
def test_the_planar_solver_finds_the_closed_curve_at_kappa_one(e):
    """The general solver, given the degenerate case that the closed form would take over."""
    lower, _ = one_shift_frontier(0.7, e)
    for w in (0.3, 0.5, 0.7):
        found = bracket(Plane(0.7, e, 1.0), (1 - w, 0.0, w))
        assert found.upper >= support(lower, w) - 1e-9
        # The minimum cut works on a coarser lattice.
        assert found.upper <= support(lower, w) + (1e-3 if e <= 2 else 4e-3)
        achieved = np.dot((1 - w, 0.0, w), found.achieved)
        assert achieved <= support(lower, w) + 1e-6
        assert achieved >= support(lower, w) - 1e-3


@pytest.mark.parametrize("kappa", [-1.0, -0.5, 0.0, 0.6])
@pytest.mark.parametrize("p", [0.5, 0.8, 1.0])
def test_without_attack_the_best_mixture_of_accuracies(p, kappa):
    """e = 0: A is the natural accuracy S_0, and (1-w) S + w S_0 a mixture of two Gaussians."""
    plane = Plane(p, 0.0, kappa)
    for w in (0.0, 0.5, 0.9):
        found = bracket(plane, ((1 - w) / 2, (1 - w) / 2, w))
        a, b = plane.a, plane.b
        x = np.linspace(-9, 9, 721)
        u, v = np.meshgrid(x, x, indexing="ij")

        def density(sign, a=a, b=b, u=u, v=v, w=w):
            near = norm.pdf(u - 2 * sign * a) * norm.pdf(v - 2 * sign * b)
            far = norm.pdf(u - 2 * sign * a) * norm.pdf(v + 2 * sign * b)
            return (1 + w) / 2 * near + (1 - w) / 2 * far

        bayes = np.maximum(p * density(1), (1 - p) * density(-1)).sum() * (x[1] - x[0]) ** 2
        assert found.upper >= bayes - 1e-6
        assert found.upper == pytest.approx(bayes, abs=1e-3)
        value = np.dot(((1 - w) / 2, (1 - w) / 2, w), found.achieved)
        assert value == pytest.approx(bayes, abs=1e-3)


@pytest.mark.parametrize(
    ("p", "e", "kappa"),
    [(0.7, 0.5, 0.3), (0.7, 1.5, -0.5), (0.9, 2.0, 0.0), (0.5, 1.0, -0.9), (0.6, 2.5, 0.5)],
)
def test_gap_and_ends(p, e, kappa):
    known = two_shift_frontier(p, e, kappa)
    assert known.gap < 0.005
    assert known.upper[0, 1] <= robust_bayes_accuracy(p, e, np.inf) + 1e-12
    assert known.upper[-1, 0] <= two_shift_accuracy(kappa, p) + 1e-12
    assert gap(known.lower, known.upper)[0] <= 1e-9


@pytest.mark.parametrize("kappa", [-1.0, -0.3, 0.5, 1.0])
def test_full_budget_meets_the_sharpened_theorem_2(kappa):
    """At e = 4 the hull has slope at least (1-p)/p: S (1-p)/p + A <= 1 holds everywhere."""
    p = 0.7
    known = two_shift_frontier(p, 4.0, kappa)
    s, a = known.upper.T
    assert np.all((1 - p) / p * s + a <= 1 + 1e-4)
    # sign(x0) attains it with equality, and the exact line passes through it.
    assert support(known.lower, 0.9) >= p - 1e-12
    assert known.gap < 1e-4


def test_full_budget_agrees_with_the_planar_solver():
    plane = Plane(0.7, 4.0, 0.0)
    closed = two_shift_frontier(0.7, 4.0, 0.0)
    for w in (0.15, 0.25):
        found = bracket(plane, ((1 - w) / 2, (1 - w) / 2, w))
        assert found.upper == pytest.approx(support(closed.lower, w), abs=4e-3)
        assert found.upper >= support(closed.lower, w) - 1e-9


@pytest.mark.parametrize(("p", "e", "kappa"), [(0.7, 1.0, 0.0), (0.55, 2.5, -0.5), (0.8, 3.5, 0.4)])
def test_random_linear_rules_and_trees_stay_below(p, e, kappa, rng):
    known = two_shift_frontier(p, e, kappa, tolerance=0.004)
    angles = rng.uniform(-np.pi, np.pi, 4000)
    points = Plane(p, e, kappa).linear_points(angles, rng.normal(0, 2, 4000))
    weights = np.linspace(0, 1, 41)
    for w in weights:
        assert ((1 - w) * points[:, 0] + w * points[:, 1]).max() <= support(known.upper, w) + 1e-9
    # Trees of depth 2 on (u, v): boxes, whose accuracies under box attacks are exact.
    plane = Plane(p, e, kappa)
    for _ in range(200):
        s, a = tree_accuracies(plane, rng)
        for w in weights[::8]:
            assert (1 - w) * s + w * a <= support(known.upper, w) + 1e-9


def tree_accuracies(plane, rng):
    """A rule "+1 on a box of the plane, -1 outside", in the branch x0 = +1."""
    low_u, low_v = rng.normal(-1, 1.5, 2)
    high_u, high_v = low_u + rng.exponential(8), low_v + rng.exponential(8)
    m, n, p = 2 * plane.a, 2 * plane.b, plane.p
    du, dv = plane.budget * plane.a, plane.budget * plane.b

    def inside(mu, mv, shrink):
        def line(low, high, mean, by):
            return max(norm.cdf(high - by - mean) - norm.cdf(low + by - mean), 0)

        return line(low_u, high_u, mu, shrink * du) * line(low_v, high_v, mv, shrink * dv)

    s = sum(p * inside(m, x, 0) + (1 - p) * (1 - inside(-m, -x, 0)) for x in (n, -n)) / 2
    return s, p * inside(m, n, 1) + (1 - p) * (1 - inside(-m, -n, -1))


@pytest.mark.parametrize(("p", "e", "kappa", "w"), [(0.7, 1.0, -0.5, 0.6), (0.5, 2.5, 0.0, 0.7)])
def test_the_found_rule_achieves_its_values(p, e, kappa, w, rng, assert_proportion):
    """Draw (x0, u, v, y), let the box attack do its worst, and count."""
    plane = Plane(p, e, kappa)
    found = bracket(plane, ((1 - w) / 2, (1 - w) / 2, w))
    size = 200_000
    y = rng.choice([-1, 1], size)
    x0 = np.where(rng.random(size) < p, y, -y)
    noise = rng.standard_normal((2, size))

    def branch(shift):
        # Reflected by x0, every sample lands in the branch x0 = +1 with label y x0.
        label = y * x0
        u = 2 * plane.a * label + noise[0] * x0
        return label, u, 2 * plane.b * shift * label + noise[1] * x0

    edges = (found.v[1:] + found.v[:-1]) / 2

    def cell(v):
        return np.searchsorted(edges, v)

    for shift, value in ((1, found.achieved.identity), (-1, found.achieved.shifted)):
        label, u, v = branch(shift)
        right = (u >= found.threshold[cell(v)]) == (label > 0)
        assert_proportion(right.sum(), size, value)
    label, u, v = branch(1)
    reach = e * plane.b
    # The attack tries every cell within its reach, and moves u all the way.
    survived = np.ones(size, dtype=bool)
    low, high = cell(v - reach), cell(v + reach)
    for step in range(int((high - low).max()) + 1):
        here = np.minimum(low + step, high)
        survived &= ((u - label * e * plane.a) >= found.threshold[here]) == (label > 0)
    hits, value = survived.sum(), found.achieved.adversarial
    assert_proportion(hits, size, value)


def test_finer_meshes_close_the_gap():
    plane, weights = Plane(0.7, 1.0, 0.0), (0.25, 0.25, 0.5)
    gaps = []
    for mesh in (0.2, 0.1, 0.05):
        found = bracket(plane, weights, mesh=mesh)
        gaps.append(found.upper - np.dot(weights, found.achieved))
    assert gaps[0] > gaps[1] > gaps[2] > 0
    assert gaps[2] < gaps[0] / 8


def test_a_tiny_attack_is_neglected_above_and_exaggerated_below():
    lattice = make_lattice(Plane(0.7, 1e-4, 0.0), 0.03)
    assert (lattice.reach, lattice.cover) == (0, 1)
    assert two_shift_frontier(0.7, 1e-4, 0.0).gap < 0.02


def test_certain_x0_and_constant_rules():
    known = two_shift_frontier(1.0, 1.0, 0.0)
    np.testing.assert_allclose(known.lower, [[1, 1]])
    assert known.gap < 1e-9
    plane = Plane(0.7, 1.0, 0.0)
    lattice = make_lattice(plane, 0.1)
    for t, value in ((-np.inf, 0.7), (np.inf, 0.3)):
        achieved = lattice.achieved(np.full(lattice.v.size, t))
        np.testing.assert_allclose(achieved, value, atol=1e-12)


def test_masses_sum_to_one():
    plane = Plane(0.7, 1.0, 0.2)
    lattice = make_lattice(plane, 0.1)
    masses = lattice.gains((0.2, 0.3, 0.5))
    # The densities of robust gains are shifted by the attack; all of them fit the lattice.
    assert sum(part.sum() for part in masses) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((0.4, 1.0, 0.0), "p"),
        ((0.7, -1.0, 0.0), "budget"),
        ((0.7, 1.0, 1.5), "kappa"),
        ((0.7, float("nan"), 0.0), "budget"),
    ],
)
def test_bad_inputs(arguments, named):
    with pytest.raises(InputError, match=named):
        two_shift_frontier(*arguments)


def test_too_fine_a_mesh_is_refused_with_the_number():
    with pytest.raises(TooLargeError, match="GiB"):
        two_shift_frontier(0.7, 1.0, 0.0, mesh=0.001)


def test_half_space_points_and_hull():
    points = half_space_point(np.array([-np.inf, np.inf, 0.0]), 0.7, 2.0, 1.0)
    np.testing.assert_allclose(points[:2], [[0.7, 0.7], [0.3, 0.3]])
    hull = concave_hull([(0, 1), (0.5, 0.9), (0.5, 0.2), (1, 0)])
    np.testing.assert_allclose(hull, [[0, 1], [0.5, 0.9], [1, 0]])
