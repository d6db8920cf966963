"""The price of spatial robustness against integrals and simulations of other kinds."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import binomtest, norm

from spadv.theory import CodeGaussian, InputError, random_word, simplex_word
from spadv.theory.accuracy import bayes_accuracy, two_shift_accuracy
from spadv.theory.price import orthogonal_limit, spatial_optimum

THREE = np.array([1, 1, 1, 1, -1, -1, 1, 1, -1])  # shifts by 3: three different ones
LIMIT = 1e-9  # level of comparisons that must not fail by luck


def rng(seed=0):
    return np.random.default_rng(seed)


def quadrature(word, shift, p, points=241, reach=9.0):
    """Return S* for three shifts: the larger of both labels' densities, on a grid of g.

    The integral of max(Pr(1) f(x0, g | 1), Pr(-1) f(x0, g | -1)) over the correlations,
    with the three-dimensional normal density on the span of the shifts' own axes.
    """
    word = np.asarray(word, dtype=float)
    shifts = np.array([np.roll(word, -shift * j) for j in range(3)]) / np.sqrt(len(word))
    # Orthonormal axes of the span; coordinates of the means in them.
    axes = np.linalg.svd(shifts)[2][: np.linalg.matrix_rank(shifts)]
    means = 2 * shifts @ axes.T
    line = np.linspace(-reach, reach, points)
    step = (line[1] - line[0]) ** axes.shape[0]
    grid = np.stack(np.meshgrid(*[line] * axes.shape[0], indexing="ij"), -1).reshape(
        -1, axes.shape[0]
    )

    def density(sign):
        return sum(np.prod(norm.pdf(grid - sign * m), axis=1) for m in means) / 3

    plus, minus = density(1), density(-1)
    # x0 = 1 and x0 = -1: by symmetry both halves are equal.
    return float(np.maximum(p * plus, (1 - p) * minus).sum() * step)


@pytest.mark.parametrize("p", [0.5, 0.7])
@pytest.mark.parametrize(
    ("word", "shift"), [(THREE, 3), ([1, 1, -1], 1), (simplex_word(4), 5), (random_word(30, 3), 10)]
)
def test_three_shifts_against_quadrature(word, shift, p):
    dist = CodeGaussian(word, p, shift)
    assert dist.orbit.n_distinct == 3
    found = spatial_optimum(dist, rng=rng(), error=1e-5, level=1 - LIMIT)
    exact = quadrature(word, shift, p, points=111, reach=7.5)
    assert found.interval.low - 5e-5 <= exact <= found.interval.high + 5e-5
    # The grid meets a kink, which costs it up to 5e-5.
    assert abs(found.value - exact) <= 6e-5


def monte_carlo(word, shift, p, size, seed):
    """Return how often the best classifier of (r X, Y) is right, by the definition on x."""
    source = np.random.default_rng(seed)
    d = len(word)
    means = np.array([np.roll(word, -shift * j) for j in range(d // shift)]) * 2 / np.sqrt(d)
    hits = 0
    for _ in range(size // 10_000):
        y = source.choice([-1, 1], 10_000)
        x0 = np.where(source.random(10_000) < p, y, -y)
        x = y[:, None] * means[source.integers(len(means), size=10_000)]
        g = (x + source.normal(size=x.shape)) @ means.T
        score = np.log(p / (1 - p)) * x0 + logsumexp(g, axis=1) - logsumexp(-g, axis=1)
        hits += int((np.sign(score) == y).sum())
    return hits


@pytest.mark.parametrize(
    ("word", "shift", "p"),
    [
        (simplex_word(4), 1, 0.5),
        (simplex_word(5), 1, 0.7),
        (random_word(24, 0), 4, 0.9),
        (np.array([1, 1, -1, 1, -1] * 4), 1, 0.6),
        (random_word(16, 2), 2, 0.95),
    ],
)
def test_many_shifts_against_simulation(word, shift, p, level):
    size = 40_000
    found = spatial_optimum(CodeGaussian(word, p, shift), rng=rng(1), error=1e-3, level=1 - LIMIT)
    hits = monte_carlo(word, shift, p, size, seed=5)
    low, high, _ = found.interval
    near = min(max(hits / size, low), high)
    assert binomtest(hits, size, near).pvalue >= level


def test_exact_cases():
    def best(word, shift, p):
        found = spatial_optimum(CodeGaussian(word, p, shift), rng=rng())
        assert found.interval is None
        assert found.method == "exact"
        return found.value

    # One shift; a constant word; one different word among several shifts.
    for word, shift in ((THREE, 9), (np.ones(6), 1), (np.array([1, -1] * 3), 2)):
        assert best(word, shift, 0.7) == pytest.approx(bayes_accuracy(0.7), abs=1e-15)
    # Two: the sum of the means is the best direction.
    word = random_word(20, 4)
    mean = word * 2 / np.sqrt(20)
    both = mean + np.roll(mean, 10)
    for p in (0.5, 0.8):
        size, odds = np.linalg.norm(both), np.log(p / (1 - p))
        t = both @ mean / size
        expected = p * norm.cdf(t + odds / size) + (1 - p) * norm.cdf(t - odds / size)
        assert best(word, 10, p) == pytest.approx(expected, abs=1e-12)
        kappa = word @ np.roll(word, 10) / 20
        assert best(word, 10, p) == pytest.approx(two_shift_accuracy(kappa, p), abs=1e-15)
        # The same two words, each met twice.
        assert best(np.tile(word, 2), 10, p) == pytest.approx(expected, abs=1e-12)
    # A shift that negates the word hides the label from all but x0.
    assert best([1, 1, -1, -1], 1, 0.7) == 0.7
    assert best(simplex_word(4), 1, 1.0) == 1.0


@pytest.mark.parametrize("p", [0.5, 0.7])
def test_coverage_of_the_interval(p, level):
    dist = CodeGaussian(simplex_word(4), p)
    exact = spatial_optimum(dist, rng=rng(99), error=1e-5, level=0.99)
    inside = runs = 0
    for seed in range(30):
        found = spatial_optimum(dist, rng=rng(seed), error=1e-3, level=0.8)
        low, high, stated = found.interval
        assert stated == 0.8
        assert low <= found.value <= high
        assert high - low <= 2e-3
        inside += low <= exact.value <= high
        runs += 1
    assert binomtest(inside, runs, 0.8, alternative="less").pvalue >= level
    assert binomtest(inside, runs, 0.8, alternative="greater").pvalue >= 1e-4


def test_the_same_seed_gives_the_same_value():
    dist = CodeGaussian(simplex_word(4), 0.6)
    one, other, third = (spatial_optimum(dist, rng=rng(s), error=1e-3) for s in (3, 3, 4))
    assert one == other
    assert one != third


@pytest.mark.parametrize("p", [0.5, 0.7])
@pytest.mark.parametrize(
    "word",
    [
        simplex_word(4),
        random_word(12, 0),
        pytest.param(random_word(16, 5), marks=pytest.mark.slow),
    ],
)
def test_more_shifts_never_help(p, word):
    # The shifts by multiples of m hold those by multiples of any k m.
    d = len(word)
    found = {
        m: spatial_optimum(CodeGaussian(word, p, m), rng=rng(m), error=1e-3, level=1 - LIMIT)
        for m in range(1, d + 1)
        if d % m == 0
    }
    for m, larger in found.items():
        low = larger.value if larger.interval is None else larger.interval.low
        assert p - 1e-12 <= low <= bayes_accuracy(p)
        for k, smaller in found.items():
            if k % m == 0:
                top = smaller.value if smaller.interval is None else smaller.interval.high
                assert low <= top + 1e-9


@pytest.mark.parametrize("p", [0.99, 0.9999, 1 - 1e-9])
@pytest.mark.parametrize("seed", range(4))
def test_value_and_interval_stay_above_x0_alone(p, seed):
    # So little is gained over x0 that noise could put the estimate below p.
    found = spatial_optimum(CodeGaussian(simplex_word(6), p), rng=rng(seed), error=1e-3)
    low, high, _ = found.interval
    assert p <= low <= found.value <= high <= 1


def test_progress_and_points():
    calls = []
    dist = CodeGaussian(simplex_word(4), 0.6)
    found = spatial_optimum(dist, rng=rng(), error=1e-4, progress=lambda *a: calls.append(a))
    assert calls
    assert all(0 < done <= total for done, total, _ in calls)
    assert [c[0] for c in calls] == sorted(c[0] for c in calls)
    assert "Sobol points in 15 dimensions" in found.method
    low, high, _ = found.interval
    assert high - low <= 2.0001e-4


def orthogonal(p, n, size, seed):
    """Simulate n truly orthogonal shifts: independent correlations, one of them of mean 2 y."""
    source = np.random.default_rng(seed)
    hits = 0
    rows = 500
    for _ in range(size // rows):
        g = source.normal(size=(rows, n))
        g[:, 0] += 2  # y = 1; every shift is alike
        growth = np.exp(2 * g)
        evidence = np.log(growth.sum(axis=1)) - np.log((1 / growth).sum(axis=1))
        x0 = np.where(source.random(rows) < p, 1, -1)
        hits += int((np.log(p / (1 - p)) * x0 + evidence > 0).sum())
    return hits / size


@pytest.mark.parametrize("p", [0.5, 0.55])
def test_orthogonal_limit_against_simulation(p):
    n, size = 20_000, 2_000
    seen = orthogonal(p, n, size, seed=2)
    # First order in e^4/n = 0.003, far below five standard deviations of the simulation.
    assert abs(seen - orthogonal_limit(p, n)) <= 5 * np.sqrt(0.25 / size)


@pytest.mark.slow
def test_orthogonal_limit_closes_in():
    gaps = [
        orthogonal(0.5, n, 100_000, seed=n) - float(orthogonal_limit(0.5, n))
        for n in (30, 300, 3000)
    ]
    assert gaps[0] < -0.05  # too high below n = 55
    assert abs(gaps[1]) < abs(gaps[0])
    assert abs(gaps[2]) < 5 * np.sqrt(0.25 / 100_000) + 0.005


def test_orthogonal_limit_formula():
    n = np.array([100, 10_000])[:, None]
    p = np.array([0.5, 0.7, 1.0])
    found = orthogonal_limit(p, n)
    assert found.shape == (2, 3)
    assert (found[:, 2] == 1).all()
    for m in (0.5, 2.0, 3.0):
        s = np.sqrt(np.sinh(m**2) / 400)
        odds = np.log(0.7 / 0.3) / (2 * s)
        expected = 0.7 * norm.cdf(s + odds) + 0.3 * norm.cdf(s - odds)
        assert orthogonal_limit(0.7, 400, mean_norm=m) == pytest.approx(expected, abs=1e-14)
        assert orthogonal_limit(0.5, 400, mean_norm=m) == pytest.approx(norm.cdf(s), abs=1e-14)
    assert (np.diff(orthogonal_limit(0.6, [10, 100, 1e4, 1e8])) < 0).all()
    assert orthogonal_limit(0.6, 1e12) == pytest.approx(0.6)
    assert orthogonal_limit(0.6, np.inf) == pytest.approx(0.6)
    assert orthogonal_limit(0.5, np.inf) == 0.5


def test_bad_arguments():
    dist = CodeGaussian(simplex_word(4), 0.6)
    for bad in (0, -1, 2, float("nan"), "x", None):
        with pytest.raises(InputError, match="'error' must be a finite number"):
            spatial_optimum(dist, rng=rng(), error=bad)
    for bad in (0, 0.4, 1, float("nan"), "x", None):
        with pytest.raises(InputError, match="'level' must be a finite number"):
            spatial_optimum(dist, rng=rng(), level=bad)
    with pytest.raises(InputError, match="at most 2048 different shifts, got 4095"):
        spatial_optimum(CodeGaussian(simplex_word(12), 0.6), rng=rng())
    for bad in (0, 0.5, -3, float("nan"), "x", None, [10, 0]):
        with pytest.raises(InputError, match="'n' must be at least 1"):
            orthogonal_limit(0.6, bad)
    for bad in (0.4, 1.1, float("nan"), "x", None):
        with pytest.raises(InputError, match=r"'p' must lie in \[1/2, 1\]"):
            orthogonal_limit(bad, 10)
    for bad in (0, -1, float("nan"), float("inf"), "x", None):
        with pytest.raises(InputError, match="'mean_norm' must be a finite number"):
            orthogonal_limit(0.6, 10, mean_norm=bad)
