"""The laws as functions: check values, brute-force maximisation, inverses, limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from spadv.theory import InputError, laws
from spadv.theory.accuracy import bayes_accuracy

FRACTION = st.floats(0.001, 0.999)
PROBABILITY = st.sampled_from([0.5, 1.0]) | st.floats(0.5, 0.99)
DISTANCE = st.sampled_from([0.0, 4.0]) | st.floats(0.05, 4)


def neyman_pearson(distance, u):
    """Return the largest power: 1 - Pr(accept) where the mean is `distance` away."""
    return norm.cdf(distance - norm.ppf(u)) if distance else 1 - u


def brute_upper(s, p, distance, *, tight):
    """Maximise p T_D(q-) + (1-p) T_D(q+) over p q+ + (1-p) q- = s by bisection and search.

    The objective is concave along the segment of (q+, q-); `tight` cuts it where
    q- > T_4(q+).
    """
    low, high = max(0.0, (s - (1 - p)) / p), min(1.0, s / p)

    def other(plus):
        return float(np.clip((s - p * plus) / (1 - p), 0, 1))

    def value(plus):
        return p * neyman_pearson(distance, other(plus)) + (1 - p) * neyman_pearson(distance, plus)

    if tight:

        def slack(plus):
            return neyman_pearson(4, plus) - other(plus)

        # Concave as well: allowed between its two zeros.
        peak = minimize_scalar(lambda q: -slack(q), bounds=(low, high), options={"xatol": 1e-13})
        if slack(peak.x) < 0:
            return float("nan")
        ends = []
        for end in (low, high):
            inside, outside = peak.x, end
            if slack(end) >= 0:
                ends.append(end)
                continue
            for _ in range(100):
                middle = (inside + outside) / 2
                inside, outside = (middle, outside) if slack(middle) >= 0 else (inside, middle)
            ends.append(inside)
        low, high = sorted(ends)
    if high - low < 1e-15:
        return value(low)
    best = minimize_scalar(lambda q: -value(q), bounds=(low, high), options={"xatol": 1e-14})
    return max(-best.fun, value(low), value(high))


CHECKS = [
    (2 * np.sqrt(0.5), 0.7, 0.9, 0.644084, 0.644084),
    (0.0, 0.7, 0.6, 0.742857, 0.742857),
    (3.0, 0.5, 0.95, 0.912315, 0.912315),
    (1.0, 0.9, 0.8, 0.941272, 0.941272),
    (1.0, 0.7, 0.97, 0.274365, 0.272692),
    (0.5, 0.9, 0.985, 0.266247, 0.243131),
    (0.0, 0.7, 0.9, 0.233333, 0.23309),
]


@pytest.mark.parametrize(("distance", "p", "s", "loose", "tight"), CHECKS)
def test_check_values(distance, p, s, loose, tight):
    digits = 5 if tight == 0.23309 else 6
    assert round(float(laws.gradual_adversarial(s, p, distance)), 6) == loose
    assert round(float(laws.gradual_adversarial(s, p, distance, tight=True)), digits) == tight
    assert brute_upper(s, p, distance, tight=False) == pytest.approx(loose, abs=6e-7)
    assert brute_upper(s, p, distance, tight=True) == pytest.approx(tight, abs=6e-6)


@given(FRACTION, st.floats(0.5, 0.99), DISTANCE)
def test_upper_law_is_the_brute_force_maximum(s, p, distance):
    found = laws.gradual_adversarial(s, p, distance)
    assert found == pytest.approx(brute_upper(s, p, distance, tight=False), abs=1e-7)


@given(FRACTION, st.floats(0.5, 0.99), DISTANCE)
def test_tight_upper_law_is_the_brute_force_maximum(s, p, distance):
    s *= float(bayes_accuracy(p))
    found = laws.gradual_adversarial(s, p, distance, tight=True)
    expected = brute_upper(s, p, distance, tight=True)
    assert found == pytest.approx(expected, abs=1e-6)
    assert found <= laws.gradual_adversarial(s, p, distance) + 1e-9


@given(PROBABILITY, DISTANCE, FRACTION, FRACTION)
def test_upper_law_falls_with_s_and_grows_with_distance(p, distance, one, other):
    low, high = sorted((one, other))
    for tight in (False, True):
        a, b = laws.gradual_adversarial(
            np.array([low, high]) * bayes_accuracy(p), p, distance, tight=tight
        )
        assert b <= a + 1e-9
        nearer = laws.gradual_adversarial(low * bayes_accuracy(p), p, distance / 2, tight=tight)
        assert nearer <= a + 1e-9


@given(FRACTION, st.floats(0.5, 0.99), DISTANCE)
def test_inverse_gives_the_largest_s(a, p, distance):
    s = laws.gradual_spatial(a, p, distance)
    # Next to S = 1 one unit in the last place of S moves A by more than 1e-7.
    low, high = np.nextafter(s, [0, 1])
    assert laws.gradual_adversarial(high, p, distance) <= a + 1e-9
    assert laws.gradual_adversarial(low, p, distance) >= a - 1e-9
    s = laws.gradual_spatial(a, p, distance, tight=True)
    assert 0 <= s <= bayes_accuracy(p) + 1e-14
    assert laws.gradual_adversarial(s, p, distance, tight=True) >= a - 1e-9
    beyond = s + 1e-6
    if beyond < bayes_accuracy(p):
        assert laws.gradual_adversarial(beyond, p, distance, tight=True) <= a + 1e-9


@given(FRACTION, st.floats(0.5, 0.99))
def test_zero_distance_is_the_limit_of_small_ones(s, p):
    limit = laws.gradual_adversarial(s, p, 0.0)
    expected = 1 - (1 - p) * s / p if s <= p else p * (1 - s) / (1 - p)
    assert limit == pytest.approx(expected, abs=1e-12)
    # dT_D(u)/dD is a normal density, below 0.4. The parametric form, with a parameter of
    # about L/D, must not lose more than the seventh digit.
    for distance in (1e-12, 1.1e-9, 1e-8, 1.1e-7, 1e-5, 1e-3):
        near = laws.gradual_adversarial(s, p, distance)
        assert limit - 1e-7 <= near <= limit + 0.4 * distance + 1e-7


@given(FRACTION, DISTANCE)
def test_limits_of_p(s, distance):
    # p = 1/2: concave and symmetric, so q+ = q- = s is best. p = 1: q- costs nothing.
    expected = neyman_pearson(distance, s)
    assert laws.gradual_adversarial(s, 0.5, distance) == pytest.approx(expected, abs=1e-9)
    assert laws.gradual_adversarial(s, 1.0, distance) == 1.0


@given(PROBABILITY, DISTANCE)
def test_limits_of_s(p, distance):
    assert laws.gradual_adversarial(0.0, p, distance) == 1.0
    assert laws.gradual_adversarial(1.0, p, distance) == (1.0 if p == 1 else 0.0)
    assert laws.gradual_spatial(0.0, p, distance) == 1.0
    assert np.isnan(laws.gradual_adversarial(1.0, 0.5, distance, tight=True))
    # The Bayes classifier's own accuracy is possible, however it is rounded.
    for top in (bayes_accuracy(p), bayes_accuracy(np.full(8, p))[0]):
        assert not np.isnan(laws.gradual_adversarial(top, p, distance, tight=True))


@given(FRACTION, st.floats(0, 6), st.floats(0, 1))
def test_lower_law_and_its_inverse(a, budget, delta):
    s = laws.lower_spatial(a, budget, delta)
    step = max(4 - budget, 0) * np.sqrt(delta)
    assert s == pytest.approx(norm.cdf(norm.ppf(a) - step), abs=1e-12)
    # Up to the digits that a value near 0 or 1 keeps.
    assert laws.lower_adversarial(s, budget, delta) == pytest.approx(a, rel=1e-6)
    assert s <= a + 1e-15


@given(st.floats(0, 6), st.floats(0, 1))
def test_residual(budget, delta):
    # From the definition, on ten coordinates of size 2/sqrt(10) of which some differ.
    d, differ = 1000, round(1000 * delta)
    mu = np.full(d, 2 / np.sqrt(d))
    shifted = np.where(np.arange(d) < differ, -mu, mu)
    left = np.maximum(np.abs(mu + shifted) - budget / np.sqrt(d), 0)
    found = laws.residual(budget, differ / d)
    assert found == pytest.approx(np.linalg.norm(left), abs=1e-12)


@given(FRACTION, FRACTION, st.floats(0.5, 0.99), st.integers(1, 50))
def test_the_papers_theorems_are_implied_by_the_sharper_ones(a, s, p, n):
    assert laws.gradual_adversarial(s, p, 0.0) <= laws.theorem2_adversarial(s, p) + 1e-12
    assert laws.gradual_spatial(a, p, 0.0) <= laws.theorem2_spatial(a, p) + 1e-12 or a > p
    low, high = laws.theorem3_spatial(a, p, n)
    assert low == pytest.approx((1 - 1 / n) * a)
    assert high == pytest.approx(min(1, (1 - 1 / n) + (1 - a) * p / (1 - p) / n))
    if a <= p:
        assert low <= a
        assert laws.theorem2_spatial(a, p) <= high + 1e-12
    # theorem3_adversarial is the largest A that the interval allows.
    most = laws.theorem3_adversarial(s, p, n)
    grid = np.linspace(0, 1, 2001)
    lows, highs = laws.theorem3_spatial(grid, p, n)
    allowed = grid[(lows <= s + 1e-12) & (highs >= s - 1e-12)]
    if allowed.size:
        assert most == pytest.approx(allowed.max(), abs=6e-4)


def test_the_papers_theorems_say_nothing_below_budget_four():
    for value in (
        laws.theorem2_spatial(0.7, 0.7, 3.999),
        laws.theorem2_adversarial(0.7, 0.7, 3.999),
        *laws.theorem3_spatial(0.7, 0.7, 3, 3.999),
        laws.theorem3_adversarial(0.7, 0.7, 3, 3.999),
    ):
        assert np.isnan(value)
    assert laws.theorem2_spatial(0.2, 1.0) == laws.theorem2_spatial(1.0, 1.0) == 1
    assert laws.theorem2_adversarial(0.9, 0.7) == pytest.approx(1 - 0.27 / 0.7)
    assert laws.theorem2_spatial([0.7, 0.9], 0.6)[0] == pytest.approx(0.45)


def test_laws_are_vectorised():
    s = np.linspace(0, 1, 7)[:, None]
    p = np.array([0.5, 0.7, 1.0])
    for tight in (False, True):
        whole = laws.gradual_adversarial(s, p, 1.3, tight=tight)
        inverse = laws.gradual_spatial(s, p, 1.3, tight=tight)
        assert whole.shape == inverse.shape == (7, 3)
        for i, j in np.ndindex(7, 3):
            one = laws.gradual_adversarial(s[i, 0], p[j], 1.3, tight=tight)
            np.testing.assert_allclose(whole[i, j], one, atol=1e-13)
            one = laws.gradual_spatial(s[i, 0], p[j], 1.3, tight=tight)
            np.testing.assert_allclose(inverse[i, j], one, atol=1e-13)


@pytest.mark.parametrize("bad", [-0.01, 1.01, float("nan"), "x", None])
def test_bad_fractions(bad):
    with pytest.raises(InputError, match="spatial"):
        laws.gradual_adversarial(bad, 0.7, 1)
    with pytest.raises(InputError, match="spatial"):
        laws.theorem2_adversarial(bad, 0.7)
    with pytest.raises(InputError, match="adversarial"):
        laws.gradual_spatial(bad, 0.7, 1)
    with pytest.raises(InputError, match="adversarial"):
        laws.lower_spatial(bad, 4, 0.5)
    with pytest.raises(InputError, match="delta"):
        laws.residual(1, bad)
    if bad != 1.01:
        with pytest.raises(InputError, match="distance"):
            laws.gradual_adversarial(0.5, 0.7, bad)
        with pytest.raises(InputError, match="budget"):
            laws.residual(bad, 0.5)
    with pytest.raises(InputError, match="n_shifts"):
        laws.theorem3_spatial(0.5, 0.6, bad if bad != 1.01 else 0)
