"""Intervals and tests for proportions, against scipy.stats and by enumeration."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spadv.stats import binomial_p_value
from spadv.theory import InputError, Interval, clopper_pearson, wilson

COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LEVELS = st.sampled_from([0.5, 0.9, 0.95, 0.999, 1 - 1e-9])


@given(COUNTS, LEVELS)
@pytest.mark.parametrize(("ours", "method"), [(clopper_pearson, "exact"), (wilson, "wilson")])
def test_intervals_are_scipys(ours, method, counts, level):
    theirs = stats.binomtest(*counts).proportion_ci(level, method=method)
    np.testing.assert_allclose(ours(*counts, level)[:2], theirs, atol=1e-9, rtol=1e-6)


@pytest.mark.parametrize("trials", [1, 2, 7, 30, 101])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_clopper_pearson_covers_at_its_level_for_every_truth(trials, level):
    intervals = [clopper_pearson(k, trials, level) for k in range(trials + 1)]
    # Coverage has its infima at the ends of the intervals: look there, and between.
    ends = np.array([end for i in intervals for end in i[:2]])
    truths = np.concatenate([ends - 1e-12, ends, ends + 1e-12, np.linspace(0, 1, 203)])
    truths = truths[(truths >= 0) & (truths <= 1)]
    pmf = stats.binom.pmf(np.arange(trials + 1), trials, truths[:, None])
    inside = np.array([[low <= q <= high for low, high, _ in intervals] for q in truths])
    assert (pmf * inside).sum(axis=1).min() >= level - 1e-9


def test_wilson_covers_on_average_at_its_level():
    truths = np.linspace(0.001, 0.999, 997)
    intervals = [wilson(k, 50, 0.95) for k in range(51)]
    pmf = stats.binom.pmf(np.arange(51), 50, truths[:, None])
    inside = np.array([[low <= q <= high for low, high, _ in intervals] for q in truths])
    coverage = (pmf * inside).sum(axis=1)
    assert 0.94 < coverage.mean() < 0.97
    assert coverage.min() > 0.83  # its known dip near 0 and 1 (Agresti and Coull, 1998)


@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
def test_ends_are_exact_and_symmetric(interval):
    assert interval(0, 9).low == 0.0
    assert interval(9, 9).high == 1.0
    for k in range(10):
        np.testing.assert_allclose(interval(k, 9).low, 1 - interval(9 - k, 9).high, atol=1e-12)


def test_interval_contains_numbers():
    interval = clopper_pearson(5, 10)
    assert 0.5 in interval
    assert 0 not in interval
    assert "0.5" not in interval
    assert Interval(0, 1, 0.95).level == 0.95


@given(st.integers(1, 60), st.data(), st.floats(0, 1))
def test_p_value_is_twice_the_smaller_tail_by_enumeration(trials, data, probability):
    k = data.draw(st.integers(0, trials))
    q = probability
    pmf = np.array(
        [math.comb(trials, i) * q**i * (1 - q) ** (trials - i) for i in range(trials + 1)]
    )
    expected = min(1.0, 2 * min(pmf[: k + 1].sum(), pmf[k:].sum()))
    assert binomial_p_value(k, trials, probability) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("probability", [0.03, 0.5, 0.977])
def test_p_values_are_conservative(probability):
    pmf = stats.binom.pmf(np.arange(201), 200, probability)
    p_values = np.array([binomial_p_value(k, 200, probability) for k in range(201)])
    for level in (0.5, 0.05, 1e-3, 1e-9):
        assert pmf[p_values <= level].sum() <= level * (1 + 1e-9)


def test_p_value_of_certain_events():
    assert binomial_p_value(10, 10, 1.0) == 1.0
    assert binomial_p_value(9, 10, 1.0) == 0.0
    assert binomial_p_value(0, 10, 0.0) == 1.0
    assert binomial_p_value(1, 10, 0.0) == 0.0


@pytest.mark.parametrize("function", [clopper_pearson, wilson])
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((11, 10), "successes"),
        ((-1, 10), "successes"),
        ((0.5, 10), "successes"),
        ((0, 0), "trials"),
        ((True, 10), "successes"),
        ((1, 10.0), "trials"),
        ((1, 10, 0), "level"),
        ((1, 10, 1), "level"),
        ((1, 10, float("nan")), "level"),
        ((1, 10, 95), "level"),
    ],
)
def test_bad_inputs_are_named(function, arguments, named):
    with pytest.raises(InputError, match=named):
        function(*arguments)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan"), "half", None])
def test_bad_probability_is_named(probability):
    with pytest.raises(InputError, match="probability"):
        binomial_p_value(1, 2, probability)
