"""Rates and means: known intervals, and coverage by simulation."""

import numpy as np
import pytest
from scipy import stats

from spadv.stats import mean_of, rate_of, wilson, wilson_real


@pytest.mark.parametrize(("successes", "trials"), [(0, 7), (3, 7), (7, 7), (812, 1000)])
def test_one_repeat_is_plain_wilson(successes, trials):
    outcomes = np.arange(trials) < successes
    rate = rate_of(outcomes, 0.9)
    assert (rate.value, rate.successes, rate.trials) == (successes / trials, successes, trials)
    assert rate.interval == wilson(successes, trials, 0.9)
    assert wilson_real(successes / trials, trials, 0.9) == pytest.approx(rate.interval, abs=1e-12)
    theirs = stats.binomtest(successes, trials).proportion_ci(0.9, "wilson")
    assert tuple(rate.interval[:2]) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_repeats_that_agree_add_nothing():
    one = np.random.default_rng(0).random(200) < 0.7
    rate = rate_of(np.stack([one] * 5))
    # The variance between images has the divisor N - 1.
    assert rate.effective_trials == pytest.approx(200, rel=0.01)
    assert rate.trials == 1000
    always = rate_of(np.ones((5, 200), dtype=bool))
    assert always.effective_trials == 200
    assert always.interval == pytest.approx(wilson(200, 200))


def test_independent_repeats_count_in_full():
    outcomes = np.random.default_rng(1).random((8, 20_000)) < 0.4
    assert rate_of(outcomes).effective_trials == pytest.approx(160_000, rel=0.05)


@pytest.mark.parametrize("concentration", [0.2, 3.0, 1e6])
def test_coverage_with_dependent_repeats(concentration, level):
    """Images have their own probability (beta), repeats are drawn from it."""
    rng, truth, runs, images, repeats = np.random.default_rng(2), 0.7, 2000, 150, 4
    own = rng.beta(truth * concentration, (1 - truth) * concentration, size=(runs, 1, images))
    outcomes = rng.random((runs, repeats, images)) < own
    covered = sum(truth in rate_of(run).interval for run in outcomes)
    # Nominal 0.95; true coverage of such intervals lies within a point or two.
    assert stats.binomtest(covered, runs, 0.93, alternative="less").pvalue > level
    assert stats.binomtest(covered, runs, 0.975, alternative="greater").pvalue > level


def test_mean_against_scipy():
    values = np.random.default_rng(3).exponential(size=40)
    mean = mean_of(values, 0.9)
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert tuple(mean.interval[:2]) == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    assert (mean.value, mean.count) == (pytest.approx(values.mean()), 40)
    assert mean_of([2.5]).interval is None


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: rate_of([]), "at least one"),
        (lambda: rate_of([0, 1]), "booleans"),
        (lambda: rate_of(np.ones((2, 2, 2), dtype=bool)), "shape"),
        (lambda: rate_of([True], 1.0), "'level' must lie strictly between 0 and 1"),
        (lambda: rate_of([True], "high"), "'level'"),
        (lambda: mean_of([]), "at least one"),
        (lambda: mean_of([1.0, np.nan]), "finite"),
        (lambda: wilson_real(1.5, 10), "'value'"),
        (lambda: wilson_real(0.5, 0.5), "'trials'"),
    ],
)
def test_bad_input(call, match):
    with pytest.raises(ValueError, match=match):
        call()
