"""The reduced sampler: correlations of X with every shift of the word.

Dense products up to 128 shifts, FFTs beyond: both are tested against the definition and
against the whole sampler.
"""

import numpy as np
import pytest
from scipy import stats

from spadv.theory import CodeGaussian, random_word, simplex_word

CASES = {
    "simplex, dense": (simplex_word(4), 1, 0),
    "random, dense, shifted": (random_word(144, 7), 4, 5),
    "simplex, FFT": (simplex_word(8), 1, 0),
    "random, FFT, shifted": (random_word(144, 8), 1, -31),
    "antipode": (np.array([1, 1, 1, -1, -1, -1]), 3, 1),
    "periodic": (np.array([1, -1, -1] * 4), 2, 1),
    "identity only": (random_word(9, 0), 9, 0),
    "periodic, FFT": (np.tile(random_word(50, 1), 3), 1, 2),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request):
    return request.param


def brute_shifts(word, shift):
    word, d = np.asarray(word), len(word)
    return np.array([np.roll(word, -shift * j) for j in range(d // shift)])


def test_correlations_are_the_definition(case, rng):
    word, shift, _ = case
    x = rng.standard_normal((5, len(word) + 1))
    expected = x[:, 1:] @ brute_shifts(word, shift).T / np.sqrt(len(word))
    found = CodeGaussian(word, 0.7, shift).correlations(x)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_law_of_the_reduced_sampler(case, rng, level, assert_proportion, brute_kappa):
    word, shift, i = case
    size, p = 60_000, 0.7
    dist = CodeGaussian(word, p, shift)
    x0, g, y = dist.sample_correlations(size, rng, shift=i)
    n = len(word) // shift
    assert g.shape == (size, n)
    assert_proportion((y == 1).sum(), size, 0.5)
    assert_proportion((x0 == y).sum(), size, p)
    assert_proportion((x0 == y)[y > 0].sum(), (y > 0).sum(), p)
    kappa = brute_kappa(word, shift)
    lags = (np.arange(n)[:, None] - np.arange(n)) % n
    mean = 2 * kappa[(np.arange(n) - i) % n]
    directions = [np.eye(n)[0], np.eye(n)[-1], np.eye(n)[0] + np.eye(n)[n // 2], mean]
    directions += list(rng.standard_normal((8, n)))
    for a in directions:
        variance = a @ kappa[lags] @ a
        projection = g @ a - y * (a @ mean)
        if variance < 1e-9 * (a @ a):  # a combination that is constant
            np.testing.assert_allclose(projection, 0, atol=1e-5 * np.linalg.norm(a))
            continue
        z = projection / np.sqrt(variance)
        assert stats.kstest(z, "norm").pvalue >= level
        # Two per cent in the scale are seven standard deviations of the sum of squares.
        assert level <= stats.chi2.cdf(z @ z, size) <= 1 - level
        assert stats.ks_2samp(z[x0 > 0], z[x0 < 0]).pvalue >= level
        assert stats.ks_2samp(z[y > 0], z[y < 0]).pvalue >= level


def test_reduced_and_whole_samplers_have_one_law(case, rng, level):
    word, shift, i = case
    size = 8000
    dist = CodeGaussian(word, 0.8, shift)
    x, y = dist.sample(size, rng)
    whole = dist.correlations(dist.rotate(x, i))
    x0, reduced, label = dist.sample_correlations(size, rng, shift=i)
    for mine, theirs in ((reduced, whole), (reduced**2, whole**2)):
        for _ in range(4):
            a = rng.standard_normal(dist.n_shifts)
            for u, v in (
                (mine @ a, theirs @ a),
                (label * (mine @ a), y * (theirs @ a)),
                (x0 * (mine @ a), x[:, 0] * (theirs @ a)),
            ):
                assert stats.ks_2samp(u, v).pvalue >= level
    largest = stats.ks_2samp(reduced.max(axis=1), whole.max(axis=1))
    assert largest.pvalue >= level


def test_same_state_same_numbers_and_empty_samples():
    dist = CodeGaussian(simplex_word(5), 0.7)
    first = dist.sample_correlations(100, np.random.default_rng(1))
    second = dist.sample_correlations(100, np.random.default_rng(1))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    empty = dist.sample_correlations(0, np.random.default_rng(1))
    assert empty.g.shape == (0, 31)


def test_many_chunks_keep_their_labels(rng, level):
    # More rows than one chunk holds: every part of the array must get its own mean.
    dist = CodeGaussian(simplex_word(3), 1.0)
    for size in (70_000,):
        x0, g, y = dist.sample_correlations(size, rng)
        np.testing.assert_array_equal(x0, y)
        for part in np.array_split(np.arange(size), 5):
            assert stats.kstest(g[part, 0] - 2 * y[part], "norm").pvalue >= level
