"""Frontiers of any number of shifts, and of the worst case, against other ways to the numbers."""

import itertools

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import maximum_flow
from scipy.stats import norm

from spadv.errors import InputError, TooLargeError
from spadv.theory import CodeGaussian, LinearRule, bayes, parse_word, robust_bayes
from spadv.theory.frontier import (
    BlockLattice,
    Blocks,
    Plane,
    block_frontier,
    block_lattice,
    bracket,
    frontier,
    gap,
    inner_frontier,
    mixture_lines,
    support,
    worst_case_at_least,
)
from spadv.theory.frontier.blocks import _graph, _moved, uncovered
from spadv.theory.frontier.closure import nested_sets
from spadv.theory.template import mixture_value

THREE = CodeGaussian(parse_word("simplex:6"), 0.7, 21)
TWO = CodeGaussian(parse_word("random:64:1"), 0.7, 32)


def best_by_scipy(arcs, plus, minus):
    """The largest gain of a closed set by scipy's maximum flow, of integer gains."""
    nodes = plus.size
    tails = np.concatenate([np.full(nodes, nodes), np.arange(nodes), arcs[0]])
    heads = np.concatenate([np.arange(nodes), np.full(nodes, nodes + 1), arcs[1]])
    size = np.concatenate([plus, minus, np.full(arcs[0].size, 1 << 27)]).astype(np.int32)
    matrix = sparse.csr_array((size, (tails, heads)), shape=(nodes + 2, nodes + 2))
    return plus.sum() + minus.sum() - maximum_flow(matrix, nodes, nodes + 1).flow_value


@pytest.mark.parametrize("seed", range(6))
def test_nested_sets_are_best_level_by_level(seed):
    """Random graphs; gains whose ratios grow with the level."""
    rng = np.random.default_rng(seed)
    nodes, levels = 60, 9
    ends = rng.integers(nodes, size=(2, 150))
    arcs = ends[:, ends[0] < ends[1]]
    plus, minus = rng.integers(0, 1000, size=(2, 2, nodes)).astype(float)
    rate = np.sort(rng.integers(1, 9, size=(2, levels)), axis=1).astype(float)
    other = np.sort(rng.integers(1, 9, size=(2, levels)), axis=1)[:, ::-1].astype(float)
    first = nested_sets(_graph([(arcs[0], arcs[1])], nodes), plus, minus, rate, other)
    for k in range(levels):
        chosen = first <= k
        assert not (chosen[arcs[0]] & ~chosen[arcs[1]]).any()
        gain, loss = rate[:, k] @ plus, other[:, k] @ minus
        assert gain[chosen].sum() + loss[~chosen].sum() == best_by_scipy(arcs, gain, loss)


def test_the_layers_of_a_part_are_windows(rng):
    """The staged graph against one with an arc to every cell of the window."""
    lattice = BlockLattice(Blocks.of(THREE, 2.0), 1.1)
    assert lattice.strides == (1, 1, 1)
    assert lattice.split == (1, 1, 1)
    (piece,) = lattice.pieces
    *graph, nodes, _ = piece.graph
    cells = np.argwhere(piece.live)
    count = len(cells)
    gain, loss = rng.integers(0, 1000, size=(2, 2, count)) ** 3 // 10**5
    plus, minus = np.zeros((2, 1, nodes))
    # Answers alone, then what their windows earn.
    plus[0, piece.plus_at[0]], minus[0, piece.minus_at[0]] = gain[0], loss[0]
    plus[0, piece.plus_at[1]], minus[0, piece.minus_at[1]] = gain[1], loss[1]
    first = nested_sets(tuple(graph), plus, minus, np.ones((1, 1)), np.ones((1, 1)))
    made = plus[0, first == 0].sum() + minus[0, first > 0].sum()
    place = {tuple(cell): i for i, cell in enumerate(cells)}
    near = [
        (i, place[tuple(cell + offset)])
        for i, cell in enumerate(cells)
        for offset in itertools.product((-1, 0, 1), repeat=3)
        if tuple(cell + offset) in place
    ]
    a, b = np.array(near).T
    arcs = np.concatenate([a + count, b]), np.concatenate([b, a + 2 * count])
    whole = np.zeros((2, 3 * count), dtype=np.int64)
    whole[0, : 2 * count], whole[1, :count] = np.concatenate(gain), loss[0]
    whole[1, 2 * count :] = loss[1]
    assert made <= best_by_scipy(arcs, *whole)
    # The stages go through live cells only: at the rim a window may lack a corner.
    assert made >= best_by_scipy(arcs, *whole) * (1 - 2e-3)


@pytest.mark.parametrize(
    ("word", "shift"), [("simplex:6", 21), ("random:24:5", 6), ("+++-" * 3, 1)]
)
def test_moves_are_what_shifts_do_to_the_sums(word, shift, rng):
    dist = CodeGaussian(parse_word(word), 0.7, shift)
    blocks = Blocks.of(dist, 1.0)
    signs = dist.orbit.codeword[:, None] * np.stack(
        [dist.orbit.rotated(j) for j in range(dist.orbit.n_distinct)], axis=1
    )
    rows = np.array(blocks.signs).T

    def sums(x):
        inside = (signs[:, None, :] == rows[None]).all(axis=2)
        return (dist.orbit.codeword * x[1:]) @ inside / np.sqrt(inside.sum(axis=0))

    x = rng.standard_normal(dist.d + 1)
    for j, (source, sign) in enumerate(blocks.moves):
        np.testing.assert_allclose(sums(dist.rotate(x, j)), sign * sums(x)[source], atol=1e-12)
    # On a lattice: a function of v and the same one after the shift.
    axis = np.arange(-2, 3)
    grid = np.stack(np.meshgrid(*[axis] * len(blocks.widths), indexing="ij"))
    table = np.arange(axis.size ** len(blocks.widths)).reshape(grid.shape[1:])
    for source, sign in blocks.moves:
        turned = sign.reshape(-1, *[1] * len(blocks.widths)) * grid[source]
        np.testing.assert_array_equal(_moved(table, (source, sign)), table[tuple(turned + 2)])


@pytest.mark.parametrize(("step", "mean"), [(0.25, 1.0), (0.4, 0.33), (0.1, -0.7)])
def test_what_the_spline_lacks(step, mean):
    """By brute force: the lattice Gaussian, convolved with three uniform variables."""
    axis = np.arange(-60, 61) * step
    x = np.linspace(-7, 7, 56_001)
    deviation = np.sqrt(1 - step**2 / 4)
    spline = np.zeros_like(x)
    for point in axis:
        t = np.abs(x - point) / step
        basis = np.where(t < 0.5, 0.75 - t * t, np.where(t < 1.5, (1.5 - t) ** 2 / 2, 0.0))
        spline += norm.pdf(point, mean, deviation) * basis
    lack = np.maximum(norm.pdf(x, mean) - spline, 0).sum() * (x[1] - x[0])
    bound = uncovered(axis, step, mean)
    assert lack <= bound <= lack + 1.3 * step**4 / 100 + 2e-5
    # The same points with the whole variance would cover a wider law, not this one.
    assert bound < 2e-3


@pytest.mark.parametrize(("e", "kappa_of"), [(1.0, TWO), (1.7, TWO)])
def test_two_shifts_by_the_other_solver(e, kappa_of):
    """Runs on a line, another slack, another lattice: both brackets hold one value."""
    plane = Plane(0.7, e, float(kappa_of.orbit.kappa[1]))
    lattice = block_lattice(Blocks.of(kappa_of, e))
    for w in (0.3, 0.6, 0.9):
        weights = ((1 - w) / 2, (1 - w) / 2, w)
        known, found = bracket(plane, weights), lattice.bracket(w)
        achieved = (1 - w) * found.spatial + w * found.adversarial
        assert achieved <= known.upper + 1e-9
        assert np.dot(weights, known.achieved) <= found.upper + 1e-9
        assert found.upper - achieved < 1e-3


def test_three_shifts_without_attack_are_a_bayes_problem(rng):
    """e = 0: A is the natural accuracy; the best mixture of accuracies by sampling."""
    lattice = BlockLattice(Blocks.of(THREE, 0.0), 0.3)
    for w in (0.0, 0.5):
        found = lattice.bracket(w)
        means = [THREE.rotated_mean(j) for j in range(3)]
        law = np.array([1 + 2 * w, 1 - w, 1 - w]) / 3
        exact = mixture_value(means, law, 0.7, rng=rng, bits=11)
        assert found.upper >= exact.interval.low
        assert found.upper == pytest.approx(exact.value, abs=3e-3)
        achieved = (1 - w) * found.spatial + w * found.adversarial
        assert achieved <= exact.interval.high
        assert achieved == pytest.approx(exact.value, abs=2e-3)


def test_the_public_value_lies_between_linear_rules_and_mixtures(rng):
    """simplex:6, m = 21, p = 0.7, e = 1, w = 0.2; coarse and fine lattices enclose one value."""
    rules = inner_frontier(THREE, 1.0, 9)
    linear = max(0.8 * r.spatial + 0.2 * r.adversarial for r in rules)
    mixed = mixture_lines(THREE, 1.0, [0.2], rng=rng)[0.2]
    blocks = Blocks.of(THREE, 1.0)
    made = [BlockLattice(blocks, mesh).bracket(0.2) for mesh in (0.51, 0.26)]
    lower = [0.8 * found.spatial + 0.2 * found.adversarial for found in made]
    assert linear < lower[1] < made[1].upper < mixed.interval.low
    assert max(lower) <= min(found.upper for found in made)
    assert made[1].upper - lower[1] < 2e-3


def test_no_rule_of_three_shifts_lies_beyond(rng):
    lattice = BlockLattice(Blocks.of(THREE, 1.0), 0.51)
    uppers = {w: lattice.bracket(w).upper for w in (0.2, 0.6)}
    assert uppers[0.6] < mixture_lines(THREE, 1.0, [0.6], rng=rng)[0.6].interval.low + 0.01
    rules = [bayes(THREE), robust_bayes(THREE, 1.0)]
    for _ in range(100):
        mix = rng.dirichlet(np.ones(3)) @ [THREE.rotated_mean(j) for j in range(3)]
        h = rng.exponential(1)
        rules.append(LinearRule(mix, mix, -h, h))
    for rule in rules:
        s, a = rule.spatial_accuracy(THREE), rule.adversarial_accuracy(THREE, 1.0)
        for w, upper in uppers.items():
            assert (1 - w) * s + w * a <= upper


@pytest.mark.parametrize("worst_case", [False, True])
def test_found_rules_achieve_their_values(worst_case, rng, assert_proportion):
    """Draw (x0, u, v, y), shift, let the box attack do its worst, and count."""
    blocks = Blocks.of(THREE, 1.0)
    lattice = BlockLattice(blocks, 0.51, worst_case)
    found = lattice.bracket(0.4)
    size = 60_000
    y = rng.choice([-1, 1], size)
    # Reflected by x0, every sample lands in the branch x0 = +1 with label y x0.
    label = np.where(rng.random(size) < 0.7, y, -y) * y
    u = 2 * blocks.agree * label + rng.standard_normal(size)
    v = label[:, None] * 2 * np.array(blocks.widths) + rng.standard_normal((size, 3))

    def threshold(at):
        cells = [
            np.clip(
                np.rint(at[:, g] / lattice.steps[g]).astype(int) + axis.size // 2, 0, axis.size - 1
            )
            for g, axis in enumerate(lattice.axes)
        ]
        return found.threshold[tuple(cells)]

    turned = [sign * v[:, source] for source, sign in blocks.moves]
    right = np.array([(u >= threshold(at)) == (label > 0) for at in turned])
    hits = (
        right.all(axis=0).sum()
        if worst_case
        else right[rng.integers(3, size=size), range(size)].sum()
    )
    assert_proportion(hits, size, found.spatial)
    survived = np.ones(size, dtype=bool)
    for move in itertools.product((-1, 0, 1), repeat=3):
        # Cells are half as wide as the box: its ends and middle meet every one.
        at = v + np.array(move) * np.array(blocks.widths)
        survived &= ((u - label * blocks.agree) >= threshold(at)) == (label > 0)
    assert_proportion(survived.sum(), size, found.adversarial)


def worst_case_program(plane, w, mesh_u, mesh_v):
    """Every planar classifier on cells, box attacks and the shift (u, v) -> (u, -v), from below."""
    a, b, e, p = plane.a, plane.b, plane.budget, plane.p
    reach_u, reach_v = round(e * a / mesh_u), round(e * b / mesh_v)
    u = np.arange(-round(4.5 / mesh_u), round(4.5 / mesh_u) + 1) * mesh_u
    v = np.arange(-round(4.5 / mesh_v), round(4.5 / mesh_v) + 1) * mesh_v

    def mass(grid, mesh, mean):
        edges = np.concatenate([[-np.inf], grid[:-1] + mesh / 2, [np.inf]])
        return np.diff(norm.cdf(edges - mean))

    plus = p * np.outer(mass(v, mesh_v, 2 * b), mass(u, mesh_u, 2 * a))
    minus = (1 - p) * np.outer(mass(v, mesh_v, -2 * b), mass(u, mesh_u, -2 * a))
    size = plus.size
    index = np.arange(size).reshape(plus.shape)
    rows, columns, values, right = [], [], [], []
    for i in range(len(v)):
        for k in range(len(u)):
            box = index[
                max(0, i - reach_v) : i + reach_v + 1, max(0, k - reach_u) : k + reach_u + 1
            ]
            for first, others in ((1, box.ravel()), (3, [index[i, k], index[len(v) - 1 - i, k]])):
                for j in others:
                    for offset, sign, bound in ((first, -1, 0), (first + 1, 1, 1)):
                        rows += [len(right)] * 2
                        columns += [offset * size + index[i, k], j]
                        values += [1, sign]
                        right.append(bound)
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(right), 5 * size))
    gains = [np.zeros(size), w * plus, w * minus, (1 - w) * plus, (1 - w) * minus]
    made = linprog(
        -np.concatenate([gain.ravel() for gain in gains]),
        A_ub=matrix, b_ub=right, bounds=(0, 1), method="highs",
    )  # fmt: skip
    assert made.status == 0
    return -made.fun


@pytest.mark.slow
def test_optima_of_meshes_tend_to_a_value_in_the_bracket():
    """Extrapolated as the square of the mesh, without slack: independent of both bounds."""
    blocks, w = Blocks.of(THREE, 1.0), 0.2
    lattices = [BlockLattice(blocks, mesh, level_step=0.03) for mesh in (0.51, 0.26, 0.17)]
    optima = [lattice.best(w)[0] - lattice.slack() for lattice in lattices]
    steps = [lattice.steps[0] for lattice in lattices]
    limits = [
        fine + (fine - coarse) / ((far / near) ** 2 - 1)
        for coarse, fine, far, near in zip(optima, optima[1:], steps, steps[1:], strict=False)
    ]
    assert limits[0] == pytest.approx(limits[1], abs=1e-4)
    certified = block_lattice(blocks).bracket(w)
    achieved = (1 - w) * certified.spatial + w * certified.adversarial
    assert achieved < min(limits) < max(limits) < certified.upper


@pytest.mark.parametrize("w", [0.4, 0.7])
def test_worst_case_of_two_shifts_against_all_planar_classifiers(w):
    dist = CodeGaussian([1, 1, 1, -1], 0.7, 2)
    assert dist.orbit.kappa[1] == 0
    plane = Plane(0.7, 1.0, 0.0)
    side = plane.a / 2
    coarse = worst_case_program(plane, w, side, side)
    found = block_lattice(Blocks.of(dist, 1.0), worst_case=True).bracket(w)
    achieved = (1 - w) * found.spatial + w * found.adversarial
    assert found.upper - achieved < 1e-3
    assert coarse <= found.upper + 1e-6
    assert coarse >= achieved - 0.02


def test_worst_and_random_frontiers():
    """Equal at their right ends; nowhere is the worst case better; linear rules lie within."""
    both = [
        block_frontier(TWO, 1.0, worst_case=worst, directions=8, tolerance=2e-3)
        for worst in (False, True)
    ]
    assert gap(both[1].lower, both[0].upper)[0] <= 1e-12
    assert support(both[1].lower, 0.0) == pytest.approx(support(both[0].lower, 0.0), abs=1e-3)
    assert gap(both[0].lower, both[1].upper)[0] > 0.01
    for r in inner_frontier(TWO, 1.0, 5):
        s = worst_case_at_least(r.rule, TWO)
        assert s <= r.spatial + 1e-12
        for w in (0.2, 0.5, 0.8):
            assert (1 - w) * s + w * r.adversarial <= support(both[1].upper, w) + 1e-9


def test_large_budgets_have_an_upper_line_only():
    known = block_frontier(TWO, 3.0, directions=3)
    assert known.method == "blocks, upper line only"
    line = bracket(Plane(0.7, 3.0, float(TWO.orbit.kappa[1])), (0.25, 0.25, 0.5))
    assert support(known.upper, 0.5) >= np.dot((0.25, 0.25, 0.5), line.achieved) - 1e-9


def test_blocks_without_common_coordinates():
    """Four shifts of a word of period four: no coordinate agrees with all, one level is all."""
    dist = CodeGaussian([1, 1, 1, -1] * 4, 0.7, 1)
    blocks = Blocks.of(dist, 1.9)
    assert blocks.agree == 0
    found = BlockLattice(blocks, 1.0).bracket(0.5)
    known = frontier(dist, 1.9, 5, samples=2000)
    assert known.exact is None
    assert support(known.hull, 0.5) <= found.upper
    assert (found.spatial + found.adversarial) / 2 <= known.mixture[0.5].interval.high


def test_too_many_blocks_are_refused_with_the_number():
    dist = CodeGaussian(parse_word("simplex:6"), 0.7, 9)
    with pytest.raises(TooLargeError, match=r"cells.*7 blocks|cells"):
        frontier(dist, 1.0, exact=True)
    with pytest.raises(InputError, match="directions"):
        block_frontier(THREE, 1.0, directions=2)


@pytest.mark.parametrize("p", [0.5, 1.0])
def test_extreme_p(p):
    dist = CodeGaussian(parse_word("random:64:1"), p, 32)
    known = block_frontier(dist, 1.0, directions=3)
    assert known.gap < 0.05
    if p == 1:
        np.testing.assert_allclose(known.lower, [[1, 1]], atol=1e-9)
