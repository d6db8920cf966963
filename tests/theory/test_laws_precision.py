"""The gradual laws against their definitions at 34 digits: tails, ends, any norm.

The truth here maximises p T_D(q-) + (1-p) T_D(q+) by its own first-order condition: with
q = Phi(z) the slope of T_D is -exp(D z - D^2/2), so the best pair has z+ - z- = 2 L/D. The
constraint q- <= T_2M(q+) is z+ + z- <= 2M.
"""

import mpmath as mp
import numpy as np
import pytest

from spadv.theory import InputError, laws
from spadv.theory.roots import curve_position, increasing_roots, mixture_inverse

DIGITS = 34
ULP = 2.0**-52
FAR = mp.mpf(60)


@pytest.fixture(autouse=True)
def _digits():
    with mp.workdps(DIGITS):
        yield


def bisect(function, low, high):
    """Return a root of an increasing function in a bracket, or the end nearest to it."""
    width = mp.mpf(10) ** -25
    while high - low > width * (1 + abs(low)):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return (low + high) / 2


def phi(z):
    """Return the normal distribution function; beyond FAR it is 0 or 1 to 700 digits."""
    return mp.ncdf(z) if abs(z) < FAR else mp.mpf(int(z > 0))


def quantile(u):
    return bisect(lambda z: phi(z) - u, -FAR, FAR)


def pair_of(s, p, distance):
    """Return (z+, z-) of the largest A beside S for D > 0, without the constraint on M."""
    gap = 2 * mp.log(p / (1 - p)) / distance
    if gap > 3 * FAR:  # one of them is as good as infinite
        return (quantile(s / p), -mp.inf) if s <= p else (mp.inf, quantile((s - p) / (1 - p)))
    plus = bisect(lambda z: p * phi(z) + (1 - p) * phi(z - gap) - s, -FAR, FAR + gap)
    return plus, plus - gap


def attacked(pair, p, distance):
    return p * phi(distance - pair[1]) + (1 - p) * phi(distance - pair[0])


def truth(s, p, distance, norm=None):
    """Return U0, or U for a norm M, from exact (binary) arguments."""
    s, p, distance = mp.mpf(s), mp.mpf(p), mp.mpf(distance)
    if not 0 < s < 1 or p == 1:
        return mp.mpf(1 if s <= 0 or p == 1 else 0)
    if norm is None:
        if distance == 0:
            return 1 - (1 - p) * s / p if s <= p else p * (1 - s) / (1 - p)
        return attacked(pair_of(s, p, distance), p, distance)
    norm = mp.mpf(norm)
    peak = mp.log(p / (1 - p)) / (2 * norm)

    def height(v):
        return p * phi(norm + v) + (1 - p) * phi(norm - v)

    if s >= height(peak):
        return attacked((norm + peak, norm - peak), p, distance)
    if distance > 0:
        plus, minus = pair_of(s, p, distance)
        if plus + minus <= 2 * norm:
            return attacked((plus, minus), p, distance)
    elif s <= p:
        return truth(s, p, distance)
    # S falls on both sides of the peak: the better of the two pairs on the boundary.
    right = bisect(lambda v: s - height(v), peak, peak + norm + FAR)
    left = bisect(lambda v: height(v) - s, peak - norm - FAR, peak)
    return max(attacked((norm + v, norm - v), p, distance) for v in (left, right))


def bayes(p, norm):
    p, norm = mp.mpf(p), mp.mpf(norm)
    h = mp.log(p / (1 - p)) / (2 * norm) if p < 1 else mp.inf
    return p * phi(norm + h) + (1 - p) * phi(norm - h)


def backward_error(found, s, p, distance, norm=None, ulps=8):
    """Return how far the value is outside what S moved by a few units in its last place gives."""
    step = ulps * ULP
    high = truth(max(s * (1 - step), s - step), p, distance, norm)
    low = truth(min(s * (1 + step), s + step), p, distance, norm)
    return float(max(low - mp.mpf(float(found)), mp.mpf(float(found)) - high, 0))


EVERYWHERE = [1e-300, 1e-12, 0.1, 0.5, 0.7, 0.999, 1 - 1e-15]
PROBABILITIES = [0.5, 0.5 + 2**-52, 0.500001, 0.6, 0.999, 1 - 2**-53]
DISTANCES = [0.0, 1e-300, 9e-8, 1.1e-7, 0.02, 1.0, 4.0]
NORMS = [0.05, 1.3]


@pytest.mark.parametrize("p", PROBABILITIES)
def test_loose_law_at_high_precision(p):
    for distance in DISTANCES:
        found = laws.gradual_adversarial(EVERYWHERE, p, distance)
        for s, value in zip(EVERYWHERE, found, strict=True):
            assert backward_error(value, s, p, distance, ulps=2) <= 1e-15, (s, distance)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("p", [0.5 + 2**-40, 0.6, 0.97])
def test_tight_law_of_any_norm_at_high_precision(p, norm):
    # Down to a distance of 1e-13 from the Bayes accuracy, where U has a vertical tangent.
    top = float(bayes(p, norm))
    values = [1e-20, 0.2, p, *(top - (top - p) * gap for gap in (0.9, 0.3, 1e-2)), top - 1e-13]
    for distance in (0.0, 1e-9, 0.7 * norm):
        found = laws.gradual_adversarial(values, p, distance, tight=True, mean_norm=norm)
        for s, value in zip(values, found, strict=True):
            assert backward_error(value, s, p, distance, norm) <= 1e-14, (s, distance)
        loose = laws.gradual_adversarial(values, p, distance)
        assert (found <= loose + 1e-15).all()


def test_tight_law_is_the_best_pair_of_accuracies_on_a_grid():
    # Neither first-order condition: every pair (q+, q-) on a fine grid.
    from scipy.stats import norm as normal

    p, m, distance = 0.7, 0.8, 0.6
    plus = np.linspace(1e-6, 1 - 1e-6, 400_001)
    for s in (0.2, 0.55, 0.7, 0.8, 0.815):
        minus = (s - p * plus) / (1 - p)
        for tight in (False, True):
            allowed = (minus > 0) & (minus < 1)
            if tight:
                allowed &= minus <= normal.cdf(2 * m - normal.ppf(plus))
            q, r = plus[allowed], minus[allowed]
            best = p * normal.cdf(distance - normal.ppf(r))
            best += (1 - p) * normal.cdf(distance - normal.ppf(q))
            found = laws.gradual_adversarial(s, p, distance, tight=tight, mean_norm=m)
            assert found == pytest.approx(best.max(), abs=2e-5)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("p", [0.5, 0.6, 0.97])
def test_inverses_at_high_precision(p, norm):
    values = np.array([1e-15, 1e-4, 0.3, 0.5, p, 0.98, 1 - 1e-12])
    top = bayes(p, norm)
    for distance in (0.0, 1e-9, 0.7 * norm):
        loose = laws.gradual_spatial(values, p, distance)
        # U0 is its own inverse.
        for a, s in zip(values, loose, strict=True):
            assert backward_error(s, a, p, distance) <= 1e-15
        tight = laws.gradual_spatial(values, p, distance, tight=True, mean_norm=norm)
        for a, s in zip(values, tight, strict=True):
            assert s <= float(top) + 1e-15
            # The largest S whose bound is at least A: A lies between the bounds of S moved
            # either way.
            step = 4e-15
            assert truth(max(s - step, 0), p, distance, norm) >= a - step
            if s + step < top:
                assert truth(s + step, p, distance, norm) <= a + step


def test_norms_are_vectorised_and_the_codeword_is_the_default():
    s = np.linspace(0.01, 0.6, 5)
    norms = np.array([[0.3], [2.0], [5.0]])
    for law in (laws.gradual_adversarial, laws.gradual_spatial):
        whole = law(s, 0.6, 1.1, tight=True, mean_norm=norms)
        assert whole.shape == (3, 5)
        for i, j in np.ndindex(3, 5):
            one = law(s[j], 0.6, 1.1, tight=True, mean_norm=norms[i, 0])
            assert one == pytest.approx(whole[i, j], abs=1e-14)
        np.testing.assert_array_equal(whole[1], law(s, 0.6, 1.1, tight=True))
        # Without the constraint the norm plays no part.
        np.testing.assert_array_equal(law(s, 0.6, 1.1, mean_norm=0.3), law(s, 0.6, 1.1))


@pytest.mark.parametrize("norm", [0.3, 2.0, 7.0])
def test_above_the_bayes_accuracy_is_nan(norm):
    top = float(bayes(0.7, norm))
    s = [top + (1 - top) / 2, top]
    above, at = laws.gradual_adversarial(s, 0.7, 1, tight=True, mean_norm=norm)
    assert np.isnan(above)
    assert not np.isnan(at)


@pytest.mark.parametrize("bad", [0, -1.0, float("nan"), float("inf"), "x", None])
def test_bad_norms(bad):
    for law in (laws.gradual_adversarial, laws.gradual_spatial):
        with pytest.raises(InputError, match=r"'?mean_norm'? must be finite and above 0"):
            law(0.5, 0.7, 1.0, tight=True, mean_norm=bad)


@pytest.mark.parametrize("bad", [-1e-9, float("nan"), float("inf"), "x"])
def test_bad_distances_and_fractions(bad):
    for law, name in (
        (laws.gradual_adversarial, "spatial"),
        (laws.gradual_spatial, "adversarial"),
    ):
        with pytest.raises(InputError, match="distance"):
            law(0.5, 0.7, bad)
        with pytest.raises(InputError, match=name):
            law(bad, 0.7, 1.0)
        with pytest.raises(InputError, match=r"\[1/2, 1\]"):
            law(0.5, bad, 1.0)
    for law, name in (
        (laws.lower_spatial_at, "adversarial"),
        (laws.lower_adversarial_at, "spatial"),
        (laws.neyman_pearson, "accuracy"),
    ):
        with pytest.raises(InputError, match="distance"):
            law(0.5, bad)
        with pytest.raises(InputError, match=name):
            law(bad, 1.0)


def test_lower_laws_and_neyman_pearson_at_high_precision():
    for u in EVERYWHERE:
        for distance in (0.0, 1e-9, 0.3, 4.0):
            ends = [quantile(mp.mpf(v)) for v in (u * (1 - 4 * ULP), min(u * (1 + 4 * ULP), 1))]
            for law, sign, shift in (
                (laws.neyman_pearson, -1, distance),
                (laws.lower_spatial_at, 1, -distance),
                (laws.lower_adversarial_at, 1, distance),
            ):
                low, high = sorted(phi(sign * z + shift) for z in ends)
                found = law(u, distance)
                assert low * (1 - mp.mpf("1e-12")) - 1e-16 <= found <= high + 1e-15
    assert laws.lower_spatial_at([0, 1], 3.0).tolist() == [0, 1]
    assert laws.lower_adversarial_at([0, 1], 3.0).tolist() == [0, 1]


@pytest.mark.parametrize("h", [0.0, 1e-8, 0.4, 1.6, 5.0, 30.0])
def test_mixture_inverse_keeps_the_digits_of_its_tails(h):
    p = np.array([0.5, 0.8, 1 - 1e-9])
    for value in (1e-300, 1e-18, 1e-3, 0.4, 0.5, 0.8, 1 - 1e-12):
        t = mixture_inverse(np.full(3, value), np.full(3, h), p)
        for one, weight in zip(t, p, strict=True):
            w, v = mp.mpf(float(weight)), mp.mpf(value)
            exact = bisect(
                lambda x, w=w, v=v: w * phi(x + h) + (1 - w) * phi(x - h) - v, -2 * FAR, 2 * FAR
            )
            back = w * phi(one + h) + (1 - w) * phi(one - h)
            # Right in t, or as right as the last place of the value allows.
            close = abs(one - exact) <= 1e-13 * (1 + abs(exact))
            assert close or abs(back - v) <= 2 * ULP * v
    assert mixture_inverse(np.array([0.0, 1.0]), np.array([h, h]), p[:2]).tolist() == [
        -np.inf,
        np.inf,
    ]


def test_increasing_roots_on_functions_newton_gets_wrong():
    # Newton's steps from the start leave the bracket, or circle, or meet slope 0.
    targets = np.linspace(-0.9, 0.9, 20_001)

    def arc(t, i):
        return np.arctan(20 * t) / 2 - targets[i] * 0.7, 10 / (1 + 400 * t * t)

    ones = np.ones_like(targets)
    found = increasing_roots(arc, -10 * ones, 10 * ones, 9 * ones)
    np.testing.assert_allclose(found, np.tan(1.4 * targets) / 20, rtol=1e-11, atol=1e-14)

    def cube(t, i):
        return t**3 - targets[i], 3 * t * t

    found = increasing_roots(cube, -ones, ones, 0 * ones)
    np.testing.assert_allclose(found**3, targets, atol=1e-13)

    def step(t, i):
        return np.where(t < 0.25, -1.0, 1.0), 0 * t

    found = increasing_roots(step, -ones[:3], ones[:3], 0 * ones[:3])
    np.testing.assert_allclose(found, 0.25, atol=1e-13)


def test_ends_are_returned_where_the_curve_does_not_reach():
    value, p, centre = (np.array([v, v]) for v in (0.999999, 0.7, 0.5))
    low, high = np.array([0.5, 0.5]), np.array([1.0, 2.0])
    # The height falls from v = L/(2 centre) = 0.85 on; all of it is below the value.
    found = curve_position(value, p, centre, np.array([0.9, 0.9]), high, rising=False)
    assert found == pytest.approx([0.9, 0.9], abs=1e-12)
    found = curve_position(value, p, centre, low, np.array([0.6, 0.8]), rising=True)
    assert found == pytest.approx([0.6, 0.8], abs=1e-12)
