"""Intervals over seeds and images: closed forms, scipy, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from spadv.errors import InputError
from spadv.stats import (
    common,
    effect,
    holm,
    pooled,
    pooled_counts,
    rank_correlations,
    resampled_means,
    wilson,
)


def crossed(rng, seeds, images, mean, *, seed_sd, image_sd, rest_sd):
    """Return scores with effects of seeds, of images, and of both together."""
    by_seed = rng.normal(0, seed_sd, (seeds, 1))
    by_image = rng.normal(0, image_sd, (1, images))
    return mean + by_seed + by_image + rng.normal(0, rest_sd, (seeds, images))


def test_one_seed_is_a_paired_t_interval():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(1, 60)), rng.normal(size=(1, 60))
    found = effect([one, other], [1, -1])
    theirs = stats.ttest_rel(one[0], other[0]).confidence_interval(0.95)
    assert found.value == pytest.approx((one - other).mean())
    assert (found.interval.low, found.interval.high) == pytest.approx((theirs.low, theirs.high))


def test_seeds_alone_are_welchs_interval():
    # Images that all score alike leave the variance of the seeds.
    rng = np.random.default_rng(1)
    one, other = rng.normal(0, 1, (4, 1)), rng.normal(0.3, 2, (6, 1))
    found = effect([np.repeat(one, 50, axis=1), np.repeat(other, 50, axis=1)], [1, -1])
    theirs = stats.ttest_ind(one[:, 0], other[:, 0], equal_var=False).confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize("seeds", [2, 9, 40])
def test_a_plan_is_welchs_interval_of_so_many_seeds(seeds):
    rng = np.random.default_rng(2)
    one, other = rng.normal(0, 1, (4, 1)), rng.normal(0.3, 2, (6, 1))
    tables = [np.repeat(one, 50, axis=1), np.repeat(other, 50, axis=1)]
    planned = effect(tables, [1, -1], seeds)
    theirs = stats.ttest_ind_from_stats(
        one.mean(), one.std(ddof=1), seeds, other.mean(), other.std(ddof=1), seeds, False
    )
    assert planned.p_value == pytest.approx(theirs.pvalue)
    # As many as there are is no plan.
    assert effect(tables[:1], [1], 4) == effect(tables[:1], [1])


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("seed_sd", [0.05, 0.3])
def test_the_interval_covers_as_often_as_it_says(seeds, seed_sd):
    rng = np.random.default_rng(seeds)
    trials, covered = 1000, 0
    for _ in range(trials):
        tables = [
            crossed(rng, seeds, 80, mean, seed_sd=seed_sd, image_sd=0.5, rest_sd=0.5)
            for mean in (10.5, 10.0)
        ]
        covered += 0.5 in effect(tables, [1, -1]).interval
    # Images of the two tables are independent here, and counted so: not too short, and at
    # few seeds somewhat long.
    assert 0.935 <= covered / trials <= 0.998


def test_a_bootstrap_of_all_seeds_would_be_too_short():
    # Why the interval is Student's: percentiles over three seeds cover much less.
    rng = np.random.default_rng(5)
    trials, student, bootstrap = 300, 0, 0
    for _ in range(trials):
        tables = [
            crossed(rng, 3, 40, 10.0, seed_sd=0.3, image_sd=0.1, rest_sd=0.1) for _ in range(2)
        ]
        student += 0.0 in effect(tables, [1, -1]).interval
        picks = rng.integers(3, size=(2, 400, 3))
        means = [t.mean(axis=1)[p].mean(axis=1) for t, p in zip(tables, picks, strict=True)]
        low, high = np.quantile(means[0] - means[1], [0.025, 0.975])
        bootstrap += low <= 0 <= high
    assert student / trials > 0.93 > 0.9 > bootstrap / trials


def test_no_difference_in_few_images_is_no_proof_of_none():
    ones = np.ones((1, 20))
    low, high, _ = effect([ones, ones], [1, -1]).interval
    assert low < -0.05
    assert high > 0.05
    many = np.ones((1, 10_000))
    assert effect([many, many], [1, -1]).interval.high < 0.001


def test_infinite_distances_and_longer_tables_are_cut():
    short, long = np.array([[1.0, 2.0, math.inf]]), np.array([[3.0, 5.0, 1.0, 9.0]])
    first, second = common([short, long])
    assert first.tolist() == [[1, 2]]
    assert second.tolist() == [[3, 5]]
    assert effect([short, long], [1, -1]).value == pytest.approx(-2.5)
    with pytest.raises(InputError, match="finite for at least one image"):
        common([np.full((1, 3), math.inf)])


def test_the_mean_of_one_seed_is_wilsons():
    outcomes = np.array([[1.0] * 30 + [0.0] * 10])
    mean, interval = pooled(outcomes)
    assert mean == 0.75
    assert tuple(interval) == pytest.approx(tuple(wilson(30, 40)))
    mean, interval = pooled(np.ones((1, 40)))
    assert tuple(interval) == pytest.approx(tuple(wilson(40, 40)))


def test_the_mean_over_seeds_is_covered():
    rng = np.random.default_rng(3)
    trials, covered = 1000, 0
    for _ in range(trials):
        rates = np.clip(rng.normal(0.6, 0.05, (3, 1)), 0, 1)
        _mean, interval = pooled((rng.random((3, 150)) < rates).astype(float))
        covered += 0.6 in interval
    assert 0.93 <= covered / trials <= 0.995


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlations_are_scipys(seed):
    rng = np.random.default_rng(seed)
    means = rng.integers(0, 4, size=(20, 6)) / 4
    levels = [0, 30, 60, 60, 120, 180]
    found = rank_correlations(means, levels)
    for row, value in zip(means, found, strict=True):
        theirs = 0.0 if len(set(row)) == 1 else stats.spearmanr(row, levels).statistic
        assert value == pytest.approx(theirs)


def test_samples_vary_as_new_images_would_and_are_the_same_for_all_tables():
    rng = np.random.default_rng(4)
    table = crossed(rng, 4, 300, 0.0, seed_sd=0.2, image_sd=1.0, rest_sd=0.0)
    one, other = resampled_means([table, table + 1], np.random.default_rng(0), 6000)
    assert one.shape == (6000, 4)
    wanted = table[0].var() / 300
    assert one[:, 0].var() == pytest.approx(wanted, rel=0.08)
    assert one.mean(axis=0) == pytest.approx(table.mean(axis=1), abs=4 * math.sqrt(wanted / 6000))
    assert np.allclose(other - one, 1)


def test_the_p_value_is_that_of_the_interval():
    """Welch's test where images do not vary; below 0.05 exactly where 0 is outside."""
    rng = np.random.default_rng(6)
    one, other = rng.normal(0.0, 1, (4, 1)), rng.normal(0.0, 2, (3, 1))
    for shift in np.linspace(-6, 6, 25):
        found = effect([np.repeat(one + shift, 50, axis=1), np.repeat(other, 50, axis=1)], [1, -1])
        theirs = stats.ttest_ind(one[:, 0] + shift, other[:, 0], equal_var=False).pvalue
        assert found.p_value == pytest.approx(theirs)
        assert (found.p_value < 0.05) == (0 not in found.interval)


def test_counts_are_enough_for_the_interval():
    rng = np.random.default_rng(7)
    for seeds, rate in ((1, 0.3), (3, 0.9), (5, 0.5), (3, 0.0), (3, 1.0)):
        scores = (rng.random((seeds, 200)) < rate).astype(float)
        votes = scores.sum(axis=0).astype(int)
        counts = np.bincount(votes, minlength=seeds + 1)
        value, interval = pooled_counts(scores.mean(axis=1), counts)
        mean, theirs = pooled(scores)
        assert (value, *interval) == pytest.approx((mean, *theirs), abs=1e-12)


def test_holms_p_values_reject_what_the_step_down_procedure_rejects():
    rng = np.random.default_rng(8)
    for _ in range(50):
        p_values = rng.random(7) ** 3
        rejected, order = set(), np.argsort(p_values)
        for number, place in enumerate(order):
            if p_values[place] > 0.05 / (7 - number):
                break
            rejected.add(place)
        adjusted = holm(p_values.tolist())
        assert {k for k, p in enumerate(adjusted) if p <= 0.05} == rejected
