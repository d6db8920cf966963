"""Achievable rules, outer curves and the joint result, against simulation and brute force."""

import json

import numpy as np
import pytest
from scipy.optimize import check_grad

from spadv.theory import (
    CodeGaussian,
    InputError,
    TooLargeError,
    bayes,
    laws,
    optimal_linear_attack,
    parse_word,
    robust_bayes,
    x0_rule,
)
from spadv.theory.frontier import (
    Plane,
    concave_hull,
    envelope,
    frontier,
    gap,
    inner_frontier,
    named_points,
    outer_bound,
    outer_curve,
    pair_lines,
    spatial_cap,
    spatial_range,
    support,
)
from spadv.theory.frontier.inner import LinearFamily

WORDS = [("simplex:6", 21), ("random:64:1", 32), ("simplex:4", 3), ("random:24:5", 8)]


@pytest.mark.parametrize(("word", "shift"), WORDS)
def test_gradients_and_values(word, shift, rng):
    dist = CodeGaussian(parse_word(word), 0.7, shift)
    family = LinearFamily(dist, 1.2)
    x = np.abs(rng.standard_normal(2 * family.box.size + 1))
    for i in range(2):
        error = check_grad(
            lambda y, i=i: family.accuracies(y)[0][i], lambda y, i=i: family.accuracies(y)[1][i], x
        )
        assert error < 1e-5
    # Without overlap of both halves the values are those of the rule.
    z = rng.standard_normal(family.box.size)
    x = np.concatenate([np.maximum(z, 0), np.maximum(-z, 0), [0.7]])
    rule = family.rule(z, 0.7)
    expected = rule.spatial_accuracy(dist), rule.adversarial_accuracy(dist, 1.2)
    np.testing.assert_allclose(family.accuracies(x)[0], expected, atol=1e-9)


@pytest.mark.parametrize(("p", "e"), [(0.7, 1.0), (0.5, 2.5), (0.9, 3.0)])
def test_inner_frontier_finds_the_best_planar_linear_rules(p, e):
    """Two shifts: all directions and thresholds on a grid."""
    dist = CodeGaussian(parse_word("random:64:1"), p, 32)
    rules = inner_frontier(dist, e)
    hull = concave_hull([(r.spatial, r.adversarial) for r in rules])
    plane = Plane(p, e, float(dist.orbit.kappa[1]))
    angle, offset = np.meshgrid(
        np.linspace(-np.pi, np.pi, 361), [*np.linspace(-6, 14, 401), np.inf], indexing="ij"
    )
    grid = plane.linear_points(angle, offset).reshape(-1, 2)
    for w in np.linspace(0, 1, 41):
        assert support(hull, w) >= support(grid, w) - 1e-3
    for r in rules[:: max(1, len(rules) // 5)]:
        assert r.rule.spatial_accuracy(dist) == r.spatial
        assert r.rule.adversarial_accuracy(dist, e) == r.adversarial


@pytest.mark.parametrize(("word", "shift"), WORDS)
def test_no_other_linear_rule_found_by_chance_is_better(word, shift, rng):
    dist = CodeGaussian(parse_word(word), 0.7, shift)
    hull = concave_hull([(r.spatial, r.adversarial) for r in inner_frontier(dist, 1.0)])
    named = [bayes(dist), robust_bayes(dist, 1.0), x0_rule(dist)]
    family = LinearFamily(dist, 1.0)
    chance = [family.rule(rng.standard_normal(family.box.size), rng.normal()) for _ in range(200)]
    for rule in named + chance:
        s, a = rule.spatial_accuracy(dist), rule.adversarial_accuracy(dist, 1.0)
        for w in np.linspace(0, 1, 11):
            assert (1 - w) * s + w * a <= support(hull, w) + 1e-4


def test_an_achieved_rule_simulated(rng, assert_proportion):
    dist = CodeGaussian(parse_word("simplex:6"), 0.7, 21)
    rules = inner_frontier(dist, 1.0, points=7)
    best = rules[len(rules) // 2]
    x, y, _ = dist.sample_shifted(60_000, rng)
    assert_proportion((best.rule.predict(x) == y).sum(), len(y), best.spatial)
    x, y = dist.sample(60_000, rng)
    moved = optimal_linear_attack(best.rule, x, y, 1.0)
    assert_proportion((best.rule.predict(moved) == y).sum(), len(y), best.adversarial)


@pytest.mark.parametrize("p", [0.5, 0.8])
@pytest.mark.parametrize("e", [0.0, 1.0, 2.5, 4.0])
@pytest.mark.parametrize(("word", "shift"), WORDS)
def test_no_random_linear_rule_is_excluded(word, shift, p, e, rng):
    dist = CodeGaussian(parse_word(word), p, shift)
    if e >= np.sqrt(dist.d):
        pytest.skip("eps >= 1")
    family = LinearFamily(dist, e)
    points = []
    for _ in range(150):
        z = rng.dirichlet(np.ones(len(family.means))) @ family.means
        z = z + rng.exponential(0.3) * rng.standard_normal(z.size)
        rule = family.rule(z, rng.normal(0, 3))
        points.append((rule.spatial_accuracy(dist), rule.adversarial_accuracy(dist, e)))
    s, a = np.array(points).T
    assert np.all(s <= spatial_cap(dist) + 1e-12)
    assert np.all(a <= outer_bound(dist, e, s) + 1e-9)
    low, high = spatial_range(dist, e, a)
    assert np.all((low - 1e-9 <= s) & (s <= high + 1e-9))
    if dist.orbit.n_distinct > 1:
        for w, h in pair_lines(dist, e, [0.3, 0.6, 0.9], mesh=0.15).items():
            assert np.all((1 - w) * s + w * a <= h + 1e-9)


def test_outer_bound_is_the_best_choice_of_single_accuracies(rng):
    """Against the definition: max over (S_j) of mean s of the smallest law, on a grid."""
    dist = CodeGaussian(parse_word("random:24:5"), 0.7, 8)
    e = 1.5
    delta = dist.orbit.delta
    grid = np.linspace(0.02, 0.985, 120)

    def law(s, delta):
        upper = laws.gradual_adversarial(s, 0.7, laws.residual(e, delta), tight=True)
        return np.minimum(np.nan_to_num(upper), laws.lower_adversarial(s, e, delta))

    tables = [law(grid, x) for x in delta]
    s0, s1, s2 = np.meshgrid(grid, grid, grid, indexing="ij")
    least = np.minimum.reduce(np.meshgrid(*tables, indexing="ij"))
    mean = (s0 + s1 + s2) / 3
    for target in (0.5, 0.75, 0.85):
        near = np.abs(mean - target) < 0.003
        brute = least[near].max()
        bound = float(outer_bound(dist, e, [target])[0])
        cap = float(robust_bayes(dist, e).adversarial_accuracy(dist, e))
        assert bound >= min(brute, cap) - 0.01
        assert bound <= min(brute, cap) + 0.02


def test_pairs_reproduce_the_exact_frontier_of_two_shifts():
    dist = CodeGaussian(parse_word("random:64:1"), 0.7, 32)
    known = frontier(dist, 1.0, points=5)
    for w, h in pair_lines(dist, 1.0, [0.3, 0.5, 0.7], mesh=0.03).items():
        assert h == pytest.approx(support(known.exact.lower, w), abs=1.5e-3)


def test_frontier_is_consistent():
    dist = CodeGaussian(parse_word("random:64:1"), 0.7, 32)
    known = frontier(dist, 1.0)
    assert known.exact is not None
    assert known.exact.gap < 0.005
    assert gap(known.hull, known.exact.upper)[0] <= 1e-9
    low, high = known.linear_gap
    assert 0 <= low <= high < 0.02
    for s, a in known.exact.lower:
        assert a <= outer_bound(dist, 1.0, s)[0] + 1e-9
    document = json.loads(json.dumps(known.to_json(), allow_nan=False))
    assert {"inner", "outer", "exact", "named"} <= document.keys()
    for point in known.named.values():
        assert point.exact
        for w in np.linspace(0, 1, 11):
            value = (1 - w) * point.spatial.value + w * point.adversarial[0]
            assert value <= support(known.exact.upper, w) + 1e-9


def test_shift_bayes_of_three_shifts_lies_within_its_limits(rng):
    dist = CodeGaussian(parse_word("simplex:6"), 0.7, 21)
    point = named_points(dist, 0.5, samples=50_000, rng=rng)["shift-Bayes"]
    assert not point.exact
    low, high = point.adversarial
    assert 0 < low < high < 1
    assert high <= outer_bound(dist, 0.5, [0.7])[0] + 0.02


@pytest.mark.parametrize(("word", "shift"), [("simplex:4", 15), ("+-" * 8, 1), ("++--" * 4, 2)])
def test_degenerate_orbits(word, shift):
    """One shift; and r_1 c = -c, where only x0 helps after a shift."""
    dist = CodeGaussian(parse_word(word), 0.7, shift)
    known = frontier(dist, 1.0, points=5)
    assert known.exact.gap < 1e-3
    if dist.orbit.has_antipode:
        assert known.exact.upper[-1, 0] == pytest.approx(0.7, abs=1e-9)


@pytest.mark.parametrize("p", [0.5, 1.0])
def test_extreme_p(p):
    dist = CodeGaussian(parse_word("simplex:4"), p, 5)
    known = frontier(dist, 1.0, points=5, samples=2000)
    assert known.exact is None
    if p == 1:
        np.testing.assert_allclose(known.hull, [[1, 1]], atol=1e-9)
        assert known.outer[-1].tolist() == [1, 1]
    assert outer_curve(dist, 1.0, 4).shape == (4, 2)


def test_large_attacks_and_bad_inputs():
    dist = CodeGaussian(parse_word("simplex:3"), 0.7, 1)
    with pytest.raises(InputError, match="eps < 1"):
        frontier(dist, 3.0)
    with pytest.raises(TooLargeError, match="cells"):
        frontier(dist, 1.0, exact=True)
    with pytest.raises(InputError, match="points"):
        frontier(dist, 1.0, points=1)
    with pytest.raises(InputError, match="exact"):
        frontier(dist, 1.0, exact="yes")
    with pytest.raises(InputError, match="samples"):
        frontier(dist, 1.0, samples=0)


def test_hull_helpers():
    assert gap([(1.0, 0.5)], np.array([[0.9, 0.45]]))[0] == pytest.approx(0.1)
    square = envelope({0.0: 1.0, 0.5: 2.0, 1.0: 1.0})
    np.testing.assert_allclose(square, [[1, 1]])
