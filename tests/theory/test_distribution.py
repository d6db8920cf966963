"""The law of (X, Y), streams, shifts of samples, and their correlations with the word."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from spadv.theory import (
    CodeGaussian,
    InputError,
    ShiftBayes,
    measure,
    random_word,
    simplex_word,
)
from spadv.theory.frontier import inner_frontier
from spadv.theory.price import spatial_optimum

SIZES = [(simplex_word(4), 1, 0.5), (random_word(12, 1), 3, 0.8), (random_word(300, 2), 1, 1.0)]
IDS = ["half", "p=0.8", "certain"]


@pytest.mark.parametrize(("word", "shift", "p"), SIZES, ids=IDS)
def test_law_of_the_samples(word, shift, p, rng, level, assert_proportion):
    size, d = 40_000, len(word)
    x, y = CodeGaussian(word, p, shift).sample(size, rng)
    assert x.shape == (size, d + 1)
    assert x.dtype == np.float64
    assert y.dtype == np.int8
    assert set(np.unique(y)) == {-1, 1}
    assert set(np.unique(x[:, 0])) <= {-1, 1}
    assert_proportion((y == 1).sum(), size, 0.5)
    agrees = x[:, 0] == y
    assert_proportion(agrees.sum(), size, p)
    assert_proportion(agrees[y == 1].sum(), (y == 1).sum(), p)
    # Standardised by the definition: mean 2 y c_t / sqrt d, variance 1.
    noise = x[:, 1:] - y[:, None] * 2 * np.asarray(word) / np.sqrt(d)
    for t in range(0, d, max(1, d // 6)):
        assert stats.kstest(noise[:, t], "norm").pvalue >= level
    assert stats.kstest(noise.ravel()[:500_000], "norm").pvalue >= level
    # Independent of each other, of x0 and of y: random unit projections are standard normal.
    for _ in range(6):
        direction = rng.standard_normal(d)
        projection = noise @ (direction / np.linalg.norm(direction))
        assert stats.kstest(projection, "norm").pvalue >= level
        if p < 1:
            assert stats.ks_2samp(projection[agrees], projection[~agrees]).pvalue >= level
        assert stats.ks_2samp(projection[y > 0], projection[y < 0]).pvalue >= level
    assert stats.chi2.sf((noise**2).sum(), noise.size) >= level
    assert stats.chi2.cdf((noise**2).sum(), noise.size) >= level


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_the_stream_joined_is_the_sample(size):
    dist = CodeGaussian(random_word(100, 0), 0.7)
    x, y = dist.sample(size, np.random.default_rng(3))
    chunks = [(a.copy(), b.copy()) for a, b in dist.stream(size, np.random.default_rng(3))]
    assert sum(len(b) for _, b in chunks) == size
    if size:
        np.testing.assert_array_equal(np.concatenate([a for a, _ in chunks]), x)
        np.testing.assert_array_equal(np.concatenate([b for _, b in chunks]), y)
        again, _ = dist.sample(size, np.random.default_rng(3))
        np.testing.assert_array_equal(again, x)
        assert not np.array_equal(dist.sample(size, np.random.default_rng(4)).x, x)


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_chunk_sizes_are_kept(chunk, rng):
    dist = CodeGaussian(simplex_word(3), 0.7)
    sizes = [len(y) for _, y in dist.stream(20, rng, chunk=chunk)]
    assert sum(sizes) == 20
    assert all(size == min(chunk, 20) for size in sizes[:-1])


def test_a_stream_takes_constant_memory(rng):
    dist = CodeGaussian(random_word(200, 0), 0.7)

    def peak(size):
        tracemalloc.start()
        for _ in dist.stream(size, rng):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(5000)  # caches
    small, large = peak(5000), peak(100_000)
    assert large < small + 100_000  # the samples themselves would take 160 MB
    assert small < 4_000_000


@pytest.mark.parametrize("shift", [1, 2, 5, 10])
def test_rotation_is_the_definition(shift, rng):
    d = 10
    n = d // shift
    dist = CodeGaussian(random_word(d, 0), 0.7, shift)
    x = rng.standard_normal((2 * n + 3, d + 1))
    for j in (-3, 0, 1, n - 1, n, n + 1, np.int64(2)):
        turned = dist.rotate(x, j)
        for t in range(d):
            np.testing.assert_array_equal(turned[:, 1 + t], x[:, 1 + (t + shift * j) % d])
        np.testing.assert_array_equal(turned[:, 0], x[:, 0])
    numbers = np.arange(-2, 2 * n + 1)
    rows = dist.rotate(x, numbers)
    for row, original, j in zip(rows, x, numbers, strict=True):
        np.testing.assert_array_equal(row, dist.rotate(original, int(j)))
    np.testing.assert_array_equal(dist.rotate(dist.rotate(x, 1), n - 1), x)
    assert dist.rotate(x, 1) is not x


def test_rotation_keeps_the_input_and_takes_any_leading_shape(rng):
    dist = CodeGaussian([1, 1, -1], 0.7)
    x = rng.standard_normal((2, 3, 4))
    before = x.copy()
    turned = dist.rotate(x, 1)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(turned[..., 1:], x[..., [2, 3, 1]])


def test_shifted_samples_are_shifts_of_samples(rng, level):
    dist = CodeGaussian(random_word(12, 3), 0.7, 2)
    x, y, j = dist.sample_shifted(60_000, np.random.default_rng(5))
    original, same = dist.sample(60_000, np.random.default_rng(5))
    np.testing.assert_array_equal(y, same)
    np.testing.assert_array_equal(dist.rotate(original, j), x)
    assert stats.chisquare(np.bincount(j, minlength=6)).pvalue >= level
    table = np.array([np.bincount(j[y == s], minlength=6) for s in (-1, 1)])
    assert stats.chi2_contingency(table).pvalue >= level


def test_means_are_the_definition():
    dist = CodeGaussian([1, 1, -1, 1], 0.7, 2)
    np.testing.assert_array_equal(dist.mean, [1, 1, -1, 1])
    np.testing.assert_array_equal(dist.rotated_mean(1), [-1, 1, 1, 1])
    assert np.linalg.norm(CodeGaussian(random_word(77, 0), 0.7).mean) == pytest.approx(2)
    assert dist.log_odds == pytest.approx(np.log(7 / 3))
    assert CodeGaussian([1], 1).log_odds == np.inf


# The reduced sampler: dense products up to 128 shifts, FFTs beyond; both against the
# definition and against the whole sampler.
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


@pytest.mark.parametrize("p", [0.49, 1.01, -1, float("nan"), float("inf"), "x", None, [0.6]])
def test_bad_p(p):
    with pytest.raises(InputError, match="'p'"):
        CodeGaussian([1, -1, 1], p)


def test_a_seed_stands_for_a_generator():
    dist = CodeGaussian([1, -1, 1, 1, -1], 0.7, 1)
    for draw in (dist.sample, dist.sample_shifted, dist.sample_correlations):
        for ours, theirs in zip(draw(9, 3), draw(9, np.random.default_rng(3)), strict=True):
            assert np.array_equal(ours, theirs)
    calls = (
        lambda rng: measure(lambda x: np.sign(x[:, 0]), dist, samples=50, rng=rng).natural.value,
        lambda rng: spatial_optimum(dist, rng=rng, error=0.1).value,
        lambda rng: ShiftBayes(dist).spatial_accuracy(samples=50, rng=rng).value,
        lambda rng: inner_frontier(dist, 0.1, 3, rng=rng)[1].spatial,
    )
    for call in calls:
        assert call(3) == call(np.random.default_rng(3))


def test_bad_arguments(rng):
    dist = CodeGaussian([1, -1, 1, 1], 0.7, 2)
    x = np.zeros((3, 5))
    for size in (-1, 1.5, None, True):
        with pytest.raises(InputError, match="size"):
            dist.sample(size, rng)
    for generator in (None, -1, True, np.random.RandomState(0), np.random):
        with pytest.raises(InputError, match="rng"):
            dist.sample(3, generator)
        with pytest.raises(InputError, match="rng"):
            dist.sample_correlations(3, generator)
    for chunk in (0, -1, 2.0):
        with pytest.raises(InputError, match="chunk"):
            list(dist.stream(3, rng, chunk=chunk))
    for wrong in (np.zeros((3, 4)), np.zeros(4), 0.0):
        with pytest.raises(InputError, match="'x'"):
            dist.rotate(wrong, 1)
        with pytest.raises(InputError, match="'x'"):
            dist.correlations(wrong)
    for j in (0.5, "1", np.zeros(2, dtype=int), np.zeros((3, 1), dtype=int), np.full(3, 0.5)):
        with pytest.raises(InputError, match="'j'"):
            dist.rotate(x, j)
    with pytest.raises(InputError, match="'shift'"):
        CodeGaussian([1, -1, 1, 1], 0.7, 3)
