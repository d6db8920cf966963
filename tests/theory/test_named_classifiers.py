"""Bayes, robust Bayes, sign(x0) and shift-Bayes: optimal, and what they are said to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, multivariate_normal

from spadv.theory import (
    CodeGaussian,
    InputError,
    LinearRule,
    ShiftBayes,
    bayes,
    best_adversarial_accuracy,
    random_word,
    robust_bayes,
    simplex_word,
    x0_rule,
)

WORDS = st.tuples(st.integers(2, 24), st.integers(0, 10**6))
PROBABILITY = st.sampled_from([0.5, 1.0]) | st.floats(0.5, 1)


def density(x, mean):
    return multivariate_normal.logpdf(x, mean, np.eye(len(mean)))


def log_ratio(dist, x, means):
    """Return log Pr(y = 1 | x0, x) / Pr(y = -1 | x0, x) for a mixture over the means."""
    prior = np.where(x[:, 0] > 0, np.log(dist.p / (1 - dist.p)), np.log((1 - dist.p) / dist.p))
    right, left = (
        np.logaddexp.reduce([density(x[:, 1:], s * m) for m in means], axis=0) for s in (1, -1)
    )
    return prior + right - left


def all_shifts(dist):
    mean = 2 * np.asarray(dist.orbit.codeword) / np.sqrt(dist.d)
    return [np.roll(mean, -dist.orbit.shift * j) for j in range(dist.n_shifts)]


@pytest.mark.parametrize("p", [0.5, 0.6, 0.95])
@pytest.mark.parametrize("j", [0, 1, 3, -2])
def test_bayes_is_the_likelihood_ratio_rule(p, j, rng):
    dist = CodeGaussian(simplex_word(3), p)
    x = dist.rotate(dist.sample(3000, rng).x, j)
    score = log_ratio(dist, x, [all_shifts(dist)[j % 7]])
    np.testing.assert_array_equal(bayes(dist, j).predict(x), np.where(score >= 0, 1, -1))


@pytest.mark.parametrize("p", [0.5, 0.6, 0.95])
@pytest.mark.parametrize(
    ("word", "shift"),
    [(simplex_word(3), 1), ([1, 1, 1, -1, -1, -1], 3), ([1, -1, -1] * 3, 1), ([1, 1, -1], 3)],
)
def test_shift_bayes_is_the_likelihood_ratio_rule(word, shift, p, rng):
    dist = CodeGaussian(word, p, shift)
    x = dist.sample_shifted(3000, rng).x
    score = log_ratio(dist, x, all_shifts(dist))
    # Away from ties, which rounding may break either way.
    clear = np.abs(score) > 1e-9
    found = ShiftBayes(dist).predict(x)
    np.testing.assert_array_equal(found[clear], np.where(score >= 0, 1, -1)[clear])


def test_shift_bayes_by_correlations_is_shift_bayes(rng, assert_proportion):
    dist = CodeGaussian(random_word(30, 1), 0.6, 3)
    rule, size = ShiftBayes(dist), 20_000
    x, y, j = dist.sample_shifted(size, rng)
    right = rule.predict(x) == y
    found = rule.spatial_accuracy(samples=200_000, rng=rng, level=1 - 1e-6)
    assert found.method.startswith("Monte Carlo")
    assert found.interval.level == 1 - 1e-6
    assert found.value in found.interval
    # Two samples are compared by Fisher's exact test.
    hits = round(found.value * 200_000)
    table = [[hits, 200_000 - hits], [right.sum(), size - right.sum()]]
    assert fisher_exact(table).pvalue >= 1e-6
    # The same on every shift, as its docstring claims.
    average = right.mean()
    for number in range(0, 10, 3):
        part = right[j == number]
        rest = right[j != number]
        table = [[part.sum(), (~part).sum()], [rest.sum(), (~rest).sum()]]
        assert fisher_exact(table).pvalue >= 1e-6
    assert average > bayes(dist).spatial_accuracy(dist)


@pytest.mark.parametrize("p", [0.5, 0.7, 1.0])
@pytest.mark.parametrize(
    ("word", "shift"),
    [
        ([1, 1, -1, 1, 1, 1, -1, 1, -1, 1], 5),  # two shifts
        ([1, 1, 1, -1, -1, -1], 3),  # the second is the negative
        ([1, 1, 1, -1, -1, -1], 1),  # some shift is the negative
        ([1, 1, -1, 1] * 2, 2),  # four shifts, two different words
        (np.ones(8), 2),  # every shift fixes the word
        ([1, -1, 1, 1, -1], 5),  # the identity alone
    ],
)
def test_exact_spatial_accuracy_of_shift_bayes(word, shift, p, rng, assert_proportion):
    dist, size = CodeGaussian(word, p, shift), 60_000
    rule = ShiftBayes(dist)
    found = rule.spatial_accuracy(rng=rng)
    assert found.method == "exact"
    assert found.interval is None
    x, y, _ = dist.sample_shifted(size, rng)
    score = None
    if p < 1:
        score = log_ratio(dist, x, all_shifts(dist))
    right = (np.where(score >= -1e-12, 1, -1) if p < 1 else x[:, 0]) == y
    assert_proportion(right.sum(), size, found.value)
    assert_proportion((rule.predict(x) == y).sum(), size, found.value)


@given(WORDS, PROBABILITY, st.integers(0, 10**6))
def test_no_linear_rule_beats_bayes_or_robust_bayes(word, p, seed):
    d, word_seed = word
    rng = np.random.default_rng(seed)
    divisors = [m for m in range(1, d + 1) if d % m == 0]
    dist = CodeGaussian(random_word(d, word_seed), p, int(rng.choice(divisors)))
    j = int(rng.integers(dist.n_shifts))
    best = bayes(dist, j).shifted_accuracies(dist)[j]
    near = bayes(dist, j)
    rules = [
        LinearRule(*rng.normal(size=(2, d)), *rng.normal(size=2)),
        LinearRule(
            near.minus + 0.1 * rng.normal(size=d),
            near.plus + 0.1 * rng.normal(size=d),
            near.bias_minus + 0.1 * rng.normal(),
            near.bias_plus + 0.1 * rng.normal(),
        ),
        x0_rule(dist),
    ]
    assert max(rule.shifted_accuracies(dist)[j] for rule in rules) <= best + 1e-12
    assert max(rule.spatial_accuracy(dist) for rule in rules) <= best + 1e-12
    for budget in (0.0, rng.uniform(0, 4), 4.0, np.sqrt(d), 1.3 * np.sqrt(d)):
        most = best_adversarial_accuracy(dist, budget)
        robust = robust_bayes(dist, budget)
        assert robust.adversarial_accuracy(dist, budget) == pytest.approx(most, abs=1e-12)
        nudge = 0.1 * rng.normal(size=d)
        near = LinearRule(
            robust.minus + nudge, robust.plus + nudge, robust.bias_minus, robust.bias_plus
        )
        for rule in (*rules, near):
            assert rule.adversarial_accuracy(dist, budget) <= most + 1e-12


@given(WORDS, PROBABILITY)
def test_sign_of_x0(word, p):
    d, seed = word
    dist = CodeGaussian(random_word(d, seed), p)
    rule = x0_rule(dist)
    np.testing.assert_allclose(rule.shifted_accuracies(dist), p, atol=1e-15)
    below, above = 0.999 * np.sqrt(d), 1.001 * np.sqrt(d)
    assert rule.adversarial_accuracy(dist, below) == pytest.approx(p, abs=1e-15)
    assert rule.adversarial_accuracy(dist, above) == 0


@given(WORDS, PROBABILITY)
def test_robust_bayes_without_an_attack_is_bayes(word, p):
    dist = CodeGaussian(random_word(*word), p)
    for robust, plain in zip(
        (robust_bayes(dist, 0).minus, robust_bayes(dist, 0).plus),
        (bayes(dist).minus, bayes(dist).plus),
        strict=True,
    ):
        np.testing.assert_allclose(robust, plain)


def test_two_shift_rule_is_the_price_of_spatial_robustness():
    # With two shifts the best rule is linear along c + r_1 c: its exact accuracy is S*.
    dist = CodeGaussian(random_word(40, 3), 0.65, 20)
    weights = 2 * (dist.mean + dist.rotated_mean(1)) / 2
    rule = LinearRule(weights, weights, -dist.log_odds, dist.log_odds)
    best = ShiftBayes(dist).spatial_accuracy(rng=np.random.default_rng(0)).value
    assert rule.spatial_accuracy(dist) == pytest.approx(best, abs=1e-12)


def test_bad_inputs():
    dist = CodeGaussian([1, -1, 1], 0.7)
    with pytest.raises(InputError, match="budget"):
        robust_bayes(dist, -0.1)
    with pytest.raises(InputError, match="budget"):
        best_adversarial_accuracy(dist, float("nan"))
    with pytest.raises(InputError, match="shift"):
        bayes(dist, 0.5)
    rng = np.random.default_rng(0)
    for samples in (0, -5, 1.5):
        with pytest.raises(InputError, match="samples"):
            ShiftBayes(dist).spatial_accuracy(samples=samples, rng=rng)
    for level in (0, 1, 2):
        with pytest.raises(InputError, match="level"):
            ShiftBayes(dist).spatial_accuracy(samples=10, rng=rng, level=level)
    with pytest.raises(InputError, match="'x'"):
        ShiftBayes(dist).predict(np.zeros((2, 3)))
