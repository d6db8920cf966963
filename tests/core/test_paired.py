"""Paired comparisons: published examples, scipy, and coverage with exact binomial levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spadv.stats import compare, mcnemar, newcombe

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
        (lambda: compare([True], [True, False]), "'second' must be 1 outcomes"),
        (lambda: compare([1], [0]), "booleans"),
        (lambda: compare([], []), "at least one"),
        (lambda: mcnemar(-1, 2), "'first_only'"),
        (lambda: mcnemar(1.5, 2), "'first_only'"),
        (lambda: newcombe(0, 0, 0, 0), "at least one image"),
        (lambda: newcombe(1, 1, 1, 1, level=0), "'level'"),
    ],
)
def test_bad_input(call, match):
    with pytest.raises(ValueError, match=match):
        call()
