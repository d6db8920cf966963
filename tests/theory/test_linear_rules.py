"""Exact accuracies of linear rules against simulation by the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from spadv.theory import CodeGaussian, InputError, LinearRule, random_word

SIZE = 40_000


def draw(word, p, size, rng):
    """Draw (x, y) by the definition, independently of the package's sampler."""
    y = rng.choice([-1, 1], size)
    x0 = np.where(rng.random(size) < p, y, -y)
    x = rng.normal(size=(size, len(word))) + np.outer(y, 2 * np.asarray(word) / np.sqrt(len(word)))
    return x0, x, y


def answer(rule, x0, x):
    """Return the rule's labels from its docstring."""
    score = np.where(x0 > 0, x @ rule.plus + rule.bias_plus, x @ rule.minus + rule.bias_minus)
    return np.where(score >= 0, 1, -1)


def attacked_right(rule, x0, x, y, eps):
    """Whether the answer survives every attack: all branches within reach, each coordinate.

    A coordinate's best move is one of the ends +-eps, against the label along the weight.
    """
    branches = []
    for weights, bias, reachable in (
        (rule.minus, rule.bias_minus, x0 - eps <= 0),
        (rule.plus, rule.bias_plus, x0 + eps > 0),
    ):
        moved = x - eps * y[:, None] * np.sign(weights)
        right = np.where(moved @ weights + bias >= 0, 1, -1) == y
        branches.append(right | ~reachable)
    return branches[0] & branches[1]


def random_rule(d, rng):
    weights = rng.normal(size=(2, d)) / np.sqrt(d) + rng.choice([0, 1, 2]) * rng.normal(size=d) / d
    return LinearRule(*weights, *rng.normal(size=2))


def rules(d, mean, rng):
    zero = np.zeros(d)
    return {
        "random": random_rule(d, rng),
        "along the mean": LinearRule(mean, mean, -0.8, 0.8),
        "opposite branches": LinearRule(-mean, mean, 0.3, -0.2),
        "proportional branches": LinearRule(mean / 3, 2 * mean, 0.1, 0.4),
        "one zero branch": LinearRule(zero, mean, 0.0, -0.5),
        "other zero branch": LinearRule(mean + rng.normal(size=d), zero, 0.2, -1e-300),
        "both zero": LinearRule(zero, zero, -1.0, 1.0),
        "constant, ties": LinearRule(zero, zero),
        "infinite biases": LinearRule(mean, mean, -np.inf, np.inf),
        "one infinite bias": LinearRule(mean, mean, 0.1, -np.inf),
        "sparse": LinearRule(np.eye(d)[0], -np.eye(d)[d - 1], 0.5, -0.5),
    }


NAMES = list(rules(3, np.ones(3), np.random.default_rng(0)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("d", "shift", "p"), [(12, 3, 0.7), (5, 1, 0.5), (36, 6, 1.0)])
def test_accuracies_are_those_of_a_simulation(name, d, shift, p, assert_proportion):
    rng = np.random.default_rng([d, NAMES.index(name)])
    word = random_word(d, 5)
    dist = CodeGaussian(word, p, shift)
    rule = rules(d, dist.mean, rng)[name]
    x0, x, y = draw(word, p, SIZE, rng)
    packed = np.column_stack([x0, x])
    np.testing.assert_array_equal(rule.predict(packed), answer(rule, x0, x))
    assert_proportion((answer(rule, x0, x) == y).sum(), SIZE, rule.natural_accuracy(dist))
    shifted = rule.shifted_accuracies(dist)
    assert shifted.shape == (d // shift,)
    turned = [np.roll(x, -shift * j, axis=1) for j in range(d // shift)]
    for j, moved in enumerate(turned):
        assert_proportion((answer(rule, x0, moved) == y).sum(), SIZE, shifted[j])
    number = rng.integers(d // shift, size=SIZE)
    mixed = np.array(turned)[number, np.arange(SIZE)]
    assert_proportion((answer(rule, x0, mixed) == y).sum(), SIZE, rule.spatial_accuracy(dist))
    for budget in (0.0, 0.7, 2.0, 4.0, 6.5):
        eps = budget / np.sqrt(d)
        right = attacked_right(rule, x0, x, y, eps)
        assert_proportion(right.sum(), SIZE, rule.adversarial_accuracy(dist, budget))


@pytest.mark.parametrize("seed", range(6))
def test_random_rules_around_eps_one(seed, assert_proportion):
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 9))
    p = rng.uniform(0.5, 1)
    word = random_word(d, seed)
    dist, rule = CodeGaussian(word, p), random_rule(d, rng)
    x0, x, y = draw(word, p, SIZE, rng)
    for eps in (0.2, 0.999, 1.001, 1.5, 3.0):
        right = attacked_right(rule, x0, x, y, eps)
        exact = rule.adversarial_accuracy(dist, eps * np.sqrt(d))
        assert_proportion(right.sum(), SIZE, exact)


def test_eps_one_is_the_limit_from_above():
    # At eps = 1 exactly x0 = 1 can be brought to 0, where the rule takes the branch x0 <= 0;
    # x0 = -1 can be brought to 0 as well but no further. The value given is the infimum
    # over every convention for x0 = 0: what any larger eps leaves.
    dist = CodeGaussian(random_word(16, 0), 0.7)
    for rule in (random_rule(16, np.random.default_rng(1)), LinearRule(0 * dist.mean, dist.mean)):
        at, above = (rule.adversarial_accuracy(dist, 4 * s) for s in (1, 1 + 1e-12))
        assert at == pytest.approx(above, abs=1e-9)
        assert at <= rule.adversarial_accuracy(dist, 4 * (1 - 1e-12))


@pytest.mark.parametrize("name", NAMES)
def test_no_attack_of_a_finer_search_does_better(name):
    # Two coordinates: try every attack on a lattice, x0 included.
    rng = np.random.default_rng(NAMES.index(name))
    word, p = np.array([1, -1]), 0.8
    dist = CodeGaussian(word, p)
    rule = rules(2, dist.mean, rng)[name]
    x0, x, y = draw(word, p, 2000, rng)
    for eps in (0.4, 1.3):
        alive = np.ones(2000, dtype=bool)
        for u in np.linspace(-eps, eps, 5):
            for v in np.linspace(-eps, eps, 5):
                for w in (-eps, 0, eps):
                    alive &= answer(rule, x0 + w, x + np.array([u, v])) == y
        np.testing.assert_array_equal(alive, attacked_right(rule, x0, x, y, eps))


@given(st.integers(1, 20), st.integers(0, 10**6), st.floats(0.5, 1), st.floats(0, 8))
def test_order_of_the_accuracies(d, seed, p, budget):
    rng = np.random.default_rng(seed)
    dist, rule = CodeGaussian(random_word(d, seed), p), random_rule(d, rng)
    natural = rule.natural_accuracy(dist)
    attacked = rule.adversarial_accuracy(dist, budget)
    assert -1e-12 <= attacked <= natural + 1e-12
    assert rule.adversarial_accuracy(dist, budget + 0.1) <= attacked + 1e-12
    assert rule.adversarial_accuracy(dist, 0) == natural
    np.testing.assert_allclose(rule.shifted_accuracies(dist)[0], natural, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([[1.0]], [1.0]), "minus"),
        (([1.0], [float("nan")]), "plus"),
        (([1.0], [float("inf")]), "plus"),
        (([1.0], [1.0, 2.0]), "plus"),
        (([1.0], [1.0], float("nan")), "bias_minus"),
        (([1.0], [1.0], 0.0, float("nan")), "bias_plus"),
    ],
)
def test_bad_rules(arguments, named):
    with pytest.raises(InputError, match=named):
        LinearRule(*map(np.array, arguments))


def test_bad_arguments():
    dist, rule = CodeGaussian([1, -1, 1], 0.7), LinearRule(np.ones(3), np.ones(3))
    for budget in (-1, float("nan"), float("inf"), "x"):
        with pytest.raises(InputError, match="budget"):
            rule.adversarial_accuracy(dist, budget)
    for x in (np.zeros((2, 3)), np.zeros(4)):
        with pytest.raises(InputError, match="'x'"):
            rule.predict(x)
    other = CodeGaussian([1, -1], 0.7)
    for call in (rule.natural_accuracy, rule.shifted_accuracies, rule.spatial_accuracy):
        with pytest.raises(InputError, match="length"):
            call(other)


def test_rules_keep_their_weights():
    weights = np.ones(2)
    rule = LinearRule(weights, weights)
    weights[:] = 5
    assert (rule.plus == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        rule.minus[0] = 2
    assert rule.predict(np.array([[1.0, 0, 0], [-1, 0, 0]])).tolist() == [1, 1]  # ties are +1


@pytest.mark.parametrize("scale", [1.0, -1.0, 1 / 3, -7.0])
def test_parallel_branches_keep_their_digits(scale):
    # Both margins are one normal variable: Pr(both survive) is an interval of it.
    dist, eps = CodeGaussian([1, -1, 1], 0.6), 1.05
    weights = np.array([0.3, -0.8, 0.9])
    rule = LinearRule(weights, scale * weights, 0.2, 0.5)
    size, loss = np.linalg.norm(weights), eps * np.abs(weights).sum()
    expected = 0.0
    for y in (-1, 1):
        # y (<w, x> + b) > loss for the first, y (scale <w, x> + b') > |scale| loss for the
        # second; <w, x> = y mean + size Z.
        mean = weights @ dist.mean
        first = (mean + y * 0.2 - loss) / size
        second = (scale * mean + y * 0.5 - abs(scale) * loss) / (abs(scale) * size)
        if scale > 0:
            expected += norm.cdf(min(first, second)) / 2
        else:
            expected += max(norm.cdf(first) - norm.cdf(-second), 0) / 2
    found = rule.adversarial_accuracy(dist, eps * np.sqrt(3))
    assert found == pytest.approx(expected, abs=1e-14)
