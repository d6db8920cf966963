"""Proportions, outcomes image by image, paired comparisons: scipy, enumeration, publications."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spadv.errors import InputError
from spadv.stats import (
    Interval,
    binomial_p_value,
    clopper_pearson,
    compare,
    mcnemar,
    mean_of,
    newcombe,
    node_jackknife,
    rate_of,
    spearman,
    wilson,
    wilson_real,
)

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


counts = st.integers(0, 40)


def table(both, first_only, second_only, neither):
    first = [True] * both + [True] * first_only + [False] * second_only + [False] * neither
    second = [True] * both + [False] * first_only + [True] * second_only + [False] * neither
    return first, second


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table II, method 10.
        ((36, 12, 2, 0), 0.0569, 0.3404),
        ((20, 12, 2, 16), 0.0562, 0.3292),
        # Bentur et al. (2009), in Fagerland, Lydersen and Laake (2014), square and add.
        ((1, 1, 7, 12), -0.507, -0.026),
    ],
)
def test_newcombe_against_published_intervals(cells, low, high):
    digits = 4 if low > 0 else 3
    interval = newcombe(*cells)
    assert (round(interval.low, digits), round(interval.high, digits)) == (low, high)


@given(a=counts, b=counts, c=counts, d=counts)
def test_counts_test_and_symmetry(a, b, c, d):
    images = a + b + c + d
    if images == 0:
        return
    made, swapped = compare(*table(a, b, c, d)), compare(*table(a, c, b, d))
    assert (made.both, made.first_only, made.second_only, made.neither) == (a, b, c, d)
    assert made.difference == pytest.approx((a + b) / images - (a + c) / images)
    expected = 1.0 if b + c == 0 else stats.binomtest(b, b + c).pvalue
    assert made.p_value == pytest.approx(min(1.0, expected), rel=1e-9)
    assert -1 <= made.interval.low <= made.difference <= made.interval.high <= 1
    assert swapped.difference == -made.difference
    assert swapped.interval[:2] == pytest.approx((-made.interval.high, -made.interval.low))


def test_published_mcnemar():
    """Fagerland, Lydersen and Laake (2013): exact conditional p-value of the same data."""
    assert round(mcnemar(1, 7), 4) == 0.0703
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0


@pytest.mark.parametrize("probabilities", [(0.6, 0.1, 0.1, 0.2), (0.05, 0.3, 0.05, 0.6)])
def test_newcombe_coverage(probabilities, level):
    rng, runs, images = np.random.default_rng(0), 3000, 120
    truth = probabilities[1] - probabilities[2]
    draws = rng.multinomial(images, probabilities, size=runs)
    covered = sum(truth in newcombe(*(int(n) for n in row)) for row in draws)
    assert stats.binomtest(covered, runs, 0.94, alternative="less").pvalue > level
    assert stats.binomtest(covered, runs, 0.97, alternative="greater").pvalue > level


@pytest.mark.parametrize("excess", [0.0, 0.12])
def test_mcnemar_is_exact(excess, level):
    """Under equal rates at most 5% are rejected; a true difference is found."""
    rng, runs, images = np.random.default_rng(1), 3000, 200
    draws = rng.multinomial(images, [0.6, 0.1 + excess, 0.1, 0.2 - excess], size=runs)
    rejected = sum(mcnemar(int(row[1]), int(row[2])) < 0.05 for row in draws)
    if excess:
        assert rejected > 0.8 * runs
    else:
        assert stats.binomtest(rejected, runs, 0.05, alternative="greater").pvalue > level


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
        (lambda: compare([True], [True, False]), "'second' must be 1 outcomes"),
        (lambda: compare([1], [0]), "booleans"),
        (lambda: compare([], []), "at least one"),
        (lambda: mcnemar(-1, 2), "'first_only'"),
        (lambda: mcnemar(1.5, 2), "'first_only'"),
        (lambda: newcombe(0, 0, 0, 0), "at least one image"),
        (lambda: newcombe(1, 1, 1, 1, level=0), "'level'"),
    ],
)
def test_bad_outcomes_are_named(call, match):
    with pytest.raises(InputError, match=match):
        call()


@pytest.mark.parametrize("kind", [float, np.float32, np.float64, np.float16])
def test_numbers_of_every_kind_lie_in_an_interval(kind):
    assert kind(0.5) in wilson(5, 10)
    assert kind(0.9) not in wilson(5, 10)
    assert np.int64(1) in wilson(10, 10)
    assert "0.5" not in wilson(5, 10)


def test_spearman_is_scipys_and_its_interval_covers():
    rng = np.random.default_rng(0)
    rho, n, inside = 0.7, 45, 0
    true = 6 / math.pi * math.asin(rho / 2)
    for _ in range(400):
        x = rng.standard_normal(n)
        y = rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(n)
        value, interval = spearman(x, y)
        inside += true in interval
    assert value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert stats.binomtest(inside, 400, 0.95).pvalue > 1e-4


def test_the_node_jackknife_knows_that_pairs_share_things():
    """Losses of pairs that are sums of class effects: 45 pairs are not 45 observations."""
    rng = np.random.default_rng(1)
    names = "abcdefghij"
    edges = [(a, b) for a in names for b in names if a < b]
    places = np.array([[names.index(a), names.index(b)] for a, b in edges])
    plain = shared = 0
    for _ in range(100):
        effects = rng.standard_normal((2, 10))
        x, y = effects[:, places].sum(axis=2)
        plain += 0 in spearman(x, y)[1]
        shared += 0 in node_jackknife(edges, lambda k, x=x, y=y: spearman(x[k], y[k])[0])
    assert plain < 75 < 80 < shared
    assert node_jackknife([("a", "b"), ("b", "c")], lambda kept: 0.0) is None
    equal = node_jackknife(edges, lambda kept: 0.5)
    assert (equal.low, equal.high) == pytest.approx((0.5, 0.5))
