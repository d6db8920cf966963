"""Closed forms against integrals of densities: no formula of the module is used."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from spadv.theory import InputError, accuracy, laws

PS = [0.5, 0.55, 0.7, 0.9, 0.999, 1.0]
KAPPAS = [-1.0, -0.5, 0.0, 0.25, 0.8, 1.0]
PROBABILITY = st.floats(0.5, 1)
KAPPA = st.floats(-1, 1)


def best_of_two(mean, p):
    """Return the accuracy of the likelihood-ratio rule on (x0, N(mean y, 1)), by quadrature.

    The integral over z of the larger of the two joint densities, for either sign of x0.
    """

    def larger(z):
        right, left = stats.norm.pdf(z, mean), stats.norm.pdf(z, -mean)
        return max(p * right, (1 - p) * left)

    # Twice a half by symmetry of x0; the kink is where both are equal.
    kink = 0.0
    if mean > 0 and 0.5 < p < 1:
        kink = np.log((1 - p) / p) / (2 * mean)
    cuts = sorted({-40.0, 40.0, float(np.clip(kink, -40, 40)), -mean, mean})
    parts = [integrate.quad(larger, a, b, epsabs=1e-13) for a, b in pairwise(cuts)]
    return sum(value for value, _ in parts)


@pytest.mark.parametrize("p", PS)
def test_bayes_accuracy_is_the_integral_of_the_larger_density(p):
    assert accuracy.bayes_accuracy(p) == pytest.approx(best_of_two(2, p), abs=1e-10)


@pytest.mark.parametrize("p", PS)
@pytest.mark.parametrize("budget", [0, 0.5, 1, 1.7, 1.99, 2, 3, 4, 6])
def test_robust_bayes_accuracy_is_bayes_for_the_means_that_are_left(p, budget):
    left = max(2 - budget, 0)
    found = accuracy.robust_bayes_accuracy(p, budget, d=1023)
    assert found == pytest.approx(best_of_two(left, p), abs=1e-10)
    # From eps = 1 on x0 is worth nothing.
    for d in {1, int(budget**2)} - {0}:
        if budget >= np.sqrt(d):
            expected = best_of_two(left, 0.5)
            assert accuracy.robust_bayes_accuracy(p, budget, d) == pytest.approx(
                expected, abs=1e-10
            )


@pytest.mark.parametrize("p", PS)
@pytest.mark.parametrize("kappa", KAPPAS)
def test_two_shift_accuracy_is_the_integral_of_the_larger_mixture(p, kappa):
    # In the axes along c + r_1 c and c - r_1 c, of squared mean 2 (1 +- kappa): the second
    # carries only which shift it was, and its density is the same for both labels.
    found = accuracy.two_shift_accuracy(kappa, p)
    assert found == pytest.approx(best_of_two(np.sqrt(2 * (1 + kappa)), p), abs=1e-10)


@pytest.mark.parametrize(("p", "kappa"), [(0.5, 0.2), (0.7, -0.6), (0.9, 0.5)])
def test_two_shift_accuracy_in_the_plane(p, kappa):
    # The same without a change of axes: mixtures of two normals in the plane of (g_0, g_1),
    # summed on a fine grid (the rectangle rule errs by the kinks alone, O(h^2)).
    grid = np.linspace(-9, 9, 721)
    points = np.stack(np.meshgrid(grid, grid), axis=-1)
    covariance = [[1, kappa], [kappa, 1]]
    first, second = np.array([2, 2 * kappa]), np.array([2 * kappa, 2])
    plus, minus = (
        sum(stats.multivariate_normal.pdf(points, s * m, covariance) for m in (first, second)) / 2
        for s in (1, -1)
    )
    cell = (grid[1] - grid[0]) ** 2
    value = np.maximum(p * plus, (1 - p) * minus).sum() * cell
    assert accuracy.two_shift_accuracy(kappa, p) == pytest.approx(value, abs=2e-4)


@pytest.mark.parametrize("p", PS)
@pytest.mark.parametrize("kappa", KAPPAS)
def test_shifted_accuracy_is_the_mass_of_the_half_lines_of_the_bayes_rule(p, kappa):
    # Where the joint density of label +1 is larger, x0 = 1, weighed by N(2 kappa y, 1).
    def part(y):
        def integrand(z):
            right = p * stats.norm.pdf(z, 2) >= (1 - p) * stats.norm.pdf(z, -2)
            return stats.norm.pdf(z, 2 * kappa * y) * (right == (y > 0))

        kink = np.clip(np.log((1 - p) / p) / 4, -38, 38) if p < 1 else -38.0
        cuts = sorted({-40.0, float(kink), 2 * kappa * y, 40.0})
        return sum(integrate.quad(integrand, a, b, epsabs=1e-13)[0] for a, b in pairwise(cuts))

    value = p * part(1) + (1 - p) * part(-1)
    assert accuracy.shifted_accuracy(kappa, p) == pytest.approx(value, abs=1e-9)


@given(PROBABILITY, KAPPA, KAPPA)
def test_more_correlation_is_never_worse(p, one, other):
    low, high = sorted((one, other))
    for law in (accuracy.shifted_accuracy, accuracy.two_shift_accuracy):
        assert law(low, p) <= law(high, p) + 1e-15


@given(PROBABILITY, PROBABILITY, KAPPA, st.floats(0, 8))
def test_a_more_informative_x0_is_never_worse(one, other, kappa, budget):
    low, high = sorted((one, other))
    assert accuracy.bayes_accuracy(low) <= accuracy.bayes_accuracy(high) + 1e-15
    assert (
        accuracy.two_shift_accuracy(kappa, low) <= accuracy.two_shift_accuracy(kappa, high) + 1e-15
    )
    assert accuracy.shifted_accuracy(kappa, low) <= accuracy.shifted_accuracy(kappa, high) + 1e-15
    robust = accuracy.robust_bayes_accuracy
    assert robust(low, budget, 100) <= robust(high, budget, 100) + 1e-15
    assert robust(low, budget, 100) <= robust(low, budget / 2, 100) + 1e-15


@given(PROBABILITY, KAPPA)
def test_order_of_the_accuracies(p, kappa):
    # Serving two shifts costs; the specialist of one shift does no better than the best
    # rule for both; nothing is worse than x0 or better than the Bayes accuracy.
    best, both = accuracy.bayes_accuracy(p), accuracy.two_shift_accuracy(kappa, p)
    specialist = (best + accuracy.shifted_accuracy(kappa, p)) / 2
    assert specialist <= both + 1e-14
    assert p - 1e-14 <= both <= best + 1e-14


def test_values_of_the_mended_proposition():
    phi = stats.norm.cdf
    assert accuracy.bayes_accuracy(0.5) == pytest.approx(phi(2))
    assert accuracy.shifted_accuracy(1 / 4, 0.5) == pytest.approx(phi(0.5))
    assert round(float(accuracy.shifted_accuracy(1 / 4, 0.5)), 4) == 0.6915
    assert float(accuracy.shifted_accuracy(1 / 4, 0.93552)) <= 0.85
    assert float(accuracy.shifted_accuracy(1 / 4, 0.93553)) > 0.85
    assert float(accuracy.shifted_accuracy(1 - 2 * 0.24089, 0.5)) == pytest.approx(0.85, abs=1e-5)
    average = (accuracy.bayes_accuracy(0.5) + accuracy.shifted_accuracy(1 / 4, 0.5)) / 2
    assert round(float(average), 3) == 0.834


FAR = st.sampled_from([0.0, -0.0, 1e-300, -1e-9, 1.0, -2.5, 6.0, -9.0, np.inf, -np.inf])


@given(st.floats(-8, 8) | FAR, st.floats(-8, 8) | FAR, st.floats(-0.999, 0.999))
def test_bivariate_normal_is_scipys(h, k, rho):
    found = accuracy.bivariate_normal_cdf(h, k, rho)
    assert 0 <= found <= 1
    theirs = stats.multivariate_normal.cdf(
        [np.clip(h, -40, 40), np.clip(k, -40, 40)], cov=[[1, rho], [rho, 1]]
    )
    assert found == pytest.approx(theirs, abs=1e-10)


@given(st.floats(-8, 8) | FAR, st.floats(-8, 8) | FAR)
def test_bivariate_normal_of_perfect_correlation(h, k):
    phi = stats.norm.cdf
    cdf = accuracy.bivariate_normal_cdf
    assert cdf(h, k, 1) == pytest.approx(phi(min(h, k)), abs=1e-15)
    assert cdf(h, k, -1) == pytest.approx(max(phi(h) - phi(-k), 0), abs=1e-15)
    assert cdf(h, k, 0) == pytest.approx(phi(h) * phi(k), abs=1e-14)
    # And continuously so.
    assert cdf(h, k, 1 - 1e-14) == pytest.approx(cdf(h, k, 1), abs=1e-6)
    assert cdf(h, k, -1 + 1e-14) == pytest.approx(cdf(h, k, -1), abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("h", "k", "gap"), [(0.5, 0.500001, 1e-12), (-1.2, -1.2000003, 3e-13), (0.3, 0.3, 1e-9)]
)
def test_bivariate_normal_near_perfect_correlation(sign, h, k, gap):
    """Against mpmath's integral of the density times the conditional probability."""
    rho = 1 - gap
    with mpmath.workdps(40):
        rest = mpmath.mpf(1) - mpmath.mpf(rho)
        root = mpmath.sqrt(rest * (1 + mpmath.mpf(rho)))
        ends = [-9, *(k + mpmath.mpf(n) * root for n in (-40, -8, 0)), h]
        inside = mpmath.quad(
            lambda u: mpmath.npdf(u) * mpmath.ncdf((k - rho * u) / root),
            sorted(end for end in ends if end <= h),
        )
        # Turning one coordinate round turns the correlation round.
        expected = inside if sign == 1 else mpmath.ncdf(h) - inside
    found = accuracy.bivariate_normal_cdf(h, sign * k, sign * rho)
    assert found == pytest.approx(float(expected), abs=1e-15)


def test_everything_is_vectorised():
    p = np.array([[0.5], [0.8], [1.0]])
    kappa = np.array([-1, 0, 0.3, 1])
    for law in (accuracy.shifted_accuracy, accuracy.two_shift_accuracy):
        whole = law(kappa, p)
        assert whole.shape == (3, 4)
        for i, j in np.ndindex(3, 4):
            assert whole[i, j] == law(kappa[j], p[i, 0])
    robust = accuracy.robust_bayes_accuracy(p, [0, 1, 2, 5.0], 16)
    assert robust.shape == (3, 4)
    assert robust[1, 3] == accuracy.robust_bayes_accuracy(0.8, 5, 16) == 0.5


@pytest.mark.parametrize("bad", [0.4, 1.1, float("nan"), "x", None, -float("inf")])
def test_bad_p_is_refused_everywhere(bad):
    calls = [
        lambda p: accuracy.log_odds(p),
        lambda p: accuracy.bayes_accuracy(p),
        lambda p: accuracy.shifted_accuracy(0.5, p),
        lambda p: accuracy.two_shift_accuracy(0.5, p),
        lambda p: accuracy.robust_bayes_accuracy(p, 1, 10),
        lambda p: laws.theorem2_spatial(0.5, p),
        lambda p: laws.gradual_adversarial(0.5, p, 1),
    ]
    for call in calls:
        with pytest.raises(InputError, match="'p'"):
            call(bad)


def test_bad_other_arguments():
    for bad in (-1.1, 1.1, float("nan"), "x"):
        with pytest.raises(InputError, match="kappa"):
            accuracy.shifted_accuracy(bad, 0.6)
    for bad in (-0.1, float("nan"), "x"):
        with pytest.raises(InputError, match="budget"):
            accuracy.robust_bayes_accuracy(0.6, bad, 10)
    with pytest.raises(InputError, match="'d'"):
        accuracy.robust_bayes_accuracy(0.6, 1, 0)
