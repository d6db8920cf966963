"""Being right after all shifts at once: orthants, linear rules, limits, and the claim."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from spadv.theory import (
    CodeGaussian,
    InputError,
    LinearRule,
    ShiftBayes,
    bayes,
    orthant_probability,
    parse_word,
    robust_bayes,
    x0_rule,
)
from spadv.theory.frontier import outer_bound, worst_case_rules
from spadv.theory.frontier.inner import inner_frontier


@pytest.mark.parametrize("k", [2, 3, 4, 9])
def test_orthants_of_equal_correlations(k, rng):
    """Zero limits, correlations 1/2: 1/(k + 1), for any k."""
    found = orthant_probability(np.zeros(k), np.full((k, k), 0.5) + np.eye(k) / 2, rng=rng)
    if found.interval is None:
        assert found.value == pytest.approx(1 / (k + 1), abs=1e-12)
    else:
        assert found.value == pytest.approx(1 / (k + 1), abs=2e-4)


@pytest.mark.parametrize("k", [3, 5])
def test_orthants_against_scipy(k, rng):
    root = rng.standard_normal((k, k))
    r = root @ root.T
    r /= np.sqrt(np.outer(np.diag(r), np.diag(r)))
    h = rng.normal(0.7, 1, k)
    other = multivariate_normal.cdf(h, cov=r, maxpts=200_000, abseps=1e-6)
    assert orthant_probability(h, r, rng=rng).value == pytest.approx(other, abs=1e-4)


def test_orthants_that_are_singular_or_cut_off(rng):
    """Z, -Z and a fourth variable; limits of +-infinity."""
    root = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0.6, 0.8]])
    found = orthant_probability([0.5, 0.3, 0.0, np.inf], root @ root.T, rng=rng)
    z = np.random.default_rng(1).standard_normal(10**6)
    assert found.value == pytest.approx(((z <= 0.5) & (-z <= 0.3)).mean() / 2, abs=2e-3)
    assert orthant_probability([-np.inf, 3.0], np.eye(2), rng=rng).value == 0
    assert orthant_probability([np.inf, np.inf], np.eye(2), rng=rng).value == 1


@pytest.mark.parametrize(
    ("word", "shift"), [("random:24:5", 12), ("simplex:4", 5), ("random:24:5", 3)]
)
def test_linear_rules_by_simulation(word, shift, rng, assert_proportion):
    """Two, three and eight shifts; rules of one and of two weight vectors."""
    dist = CodeGaussian(parse_word(word), 0.75, shift)
    other = LinearRule(dist.mean, dist.mean + dist.rotated_mean(1), -0.4, 1.1)
    x, y = dist.sample(40_000, rng)
    for rule in (bayes(dist), robust_bayes(dist, 1.0), other, x0_rule(dist)):
        right = np.ones(len(y), dtype=bool)
        for j in range(dist.n_shifts):
            right &= rule.predict(dist.rotate(x, j)) == y
        found = rule.worst_case_accuracy(dist, rng=rng)
        assert (found.interval is None) == (dist.n_shifts <= 3 or rule.name == "sign(x0)")
        assert_proportion(right.sum(), len(y), found.value)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.sampled_from([4, 6]), p=st.floats(0.5, 0.99))
def test_limits_and_laws(seed, shift, p):
    """1 - sum (1 - S_j) <= S^ <= min S_j; no rule is beyond the outer curve of the worst case."""
    rng = np.random.default_rng(seed)
    dist = CodeGaussian(parse_word("random:12:3"), p, shift)
    mixed = rng.normal(size=2) @ [dist.mean, dist.rotated_mean(1)]
    rule = LinearRule(mixed, mixed + rng.normal(size=12) / 5, rng.normal(), rng.normal())
    found = rule.worst_case_accuracy(dist, rng=rng)
    each = rule.shifted_accuracies(dist)
    assert 1 - (1 - each).sum() - 1e-9 <= found.value <= each.min() + 1e-9
    bound = outer_bound(dist, 1.0, [found.value], worst_case=True)
    assert rule.adversarial_accuracy(dist, 1.0) <= bound[0] + 1e-9


def test_no_shift_changes_shift_bayes(rng):
    dist = CodeGaussian(parse_word("simplex:5"), 0.7, 1)
    x, _ = dist.sample(300, rng)
    rule = ShiftBayes(dist)
    for j in (1, 7, 30):
        np.testing.assert_array_equal(rule.predict(dist.rotate(x, j)), rule.predict(x))


def test_rules_of_the_worst_case_include_invariant_ones():
    dist = CodeGaussian(parse_word("random:64:1"), 0.7, 32)
    found = worst_case_rules(inner_frontier(dist, 1.0, 5), dist, 1.0)
    best = ShiftBayes(dist).spatial_accuracy(rng=np.random.default_rng(0)).value
    assert found[-1].spatial == pytest.approx(best, abs=2e-3)
    assert all(a.spatial < b.spatial for a, b in pairwise(found))


def test_many_different_shifts_are_refused():
    dist = CodeGaussian(parse_word("simplex:9"), 0.7, 1)
    with pytest.raises(InputError, match="256 different shifts"):
        bayes(dist).worst_case_accuracy(dist, rng=np.random.default_rng(0))


def test_command(spadv):
    done = spadv(
        *[
            "accuracy",
            "--codeword",
            "simplex:6",
            "--shift",
            "21",
            "--p",
            "0.7",
            "--budget",
            "1",
            "--json",
        ]
    )
    worst = json.loads(done.out)["worst_case"]
    assert worst["bayes"]["value"] == pytest.approx(0.26994, abs=1e-5)
    assert worst["bayes"]["method"] == "exact"
    assert worst["x0_rule"]["value"] == pytest.approx(0.7)
    assert worst["shift_bayes"] == json.loads(done.out)["shift_bayes"]
    line = "accuracy --codeword simplex:9 --shift 1 --p 0.7 --budget 1 --samples 10 --json"
    done = spadv(*line.split())
    assert json.loads(done.out)["worst_case"]["bayes"] is None
