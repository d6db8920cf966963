"""Every interval and test of both halves, by name.

Proportions: `clopper_pearson`, `wilson`, `binomial_p_value`; outcomes image by image: `rate_of`,
`mean_of`, and paired `compare` (McNemar, Newcombe); one number a seed: `over_seeds`; scores of
several seeds on the same images: `effect`, `effect_of_seeds`, `pooled`; several tests at once:
`holm`. Only `scipy.special` is used: importing `scipy.stats` costs a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv, ndtri, stdtr, stdtrit

from .checks import check_integer, check_level, check_real
from .errors import InputError

#: Scores are tables of shape (seeds, images), one a kind of training, all on the same images.
Scores = NDArray[np.float64]
LEVEL = 0.95


class Interval(NamedTuple):
    """A confidence interval [low, high] at a stated level, a fraction such as 0.95."""

    low: float
    high: float
    level: float

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float | np.floating | np.integer):
            return False
        return bool(self.low <= value <= self.high)


def clopper_pearson(successes: int, trials: int, level: float = LEVEL) -> Interval:
    """Return the exact binomial interval: coverage is at least `level` for every true value.

    Clopper and Pearson, Biometrika 26 (1934), 404-413.

    Examples
    --------
    >>> low, high, _ = clopper_pearson(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.3085)
    """
    k, n = _counts(successes, trials)
    alpha = 1 - check_level(level)
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, alpha / 2))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - alpha / 2))
    return Interval(low, high, level)


def wilson(successes: int, trials: int, level: float = LEVEL) -> Interval:
    """Return the score interval: shorter than Clopper-Pearson, coverage `level` on average.

    E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.

    Examples
    --------
    >>> low, high, _ = wilson(5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    k, n = _counts(successes, trials)
    return wilson_real(k / n, n, level)


def wilson_real(value: float, trials: float, level: float = LEVEL) -> Interval:
    """Return :func:`wilson` of a proportion with a real number of trials, at least 1."""
    p = check_real("value", value, low=0, high=1)
    n = check_real("trials", trials, low=1)
    z = _normal(check_level(level))
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # At the ends the formula equals 0 or 1; rounding must not push it past them.
    low = 0.0 if p == 0 else max(0.0, centre - half)
    high = 1.0 if p == 1 else min(1.0, centre + half)
    return Interval(low, high, level)


def binomial_p_value(successes: int, trials: int, probability: float) -> float:
    """Return the two-sided exact binomial p-value: twice the smaller tail, at most 1.

    Examples
    --------
    >>> round(binomial_p_value(8, 10, 0.5), 6)
    0.109375
    """
    k, n = _counts(successes, trials)
    q = check_real("probability", probability, low=0, high=1)
    upper = 1.0 if k == 0 else float(betainc(k, n - k + 1, q))
    lower = 1.0 if k == n else float(betainc(n - k, k + 1, 1 - q))
    return min(1.0, 2 * min(lower, upper))


@dataclass(frozen=True)
class Rate:
    """A proportion of outcomes, with Wilson's interval.

    `effective_trials` is the number of independent trials that carry the same information:
    `trials` if every image was measured once, else between the number of images and `trials`.
    """

    value: float
    successes: int
    trials: int
    effective_trials: float
    interval: Interval

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "interval": self.interval._asdict()}


def rate_of(outcomes: ArrayLike, level: float = LEVEL) -> Rate:
    """Return the rate of true outcomes, of shape (images,) or (repeats, images).

    Notes
    -----
    Images are a sample, repeats on one image are not independent of each other. With R
    repeats the variance of the mean is that of the images' own means, and the effective
    number of trials is p (1 - p) over it (Kish, Survey Sampling, 1965, section 5.4), kept
    between N and R N; it is N where all outcomes agree.

    Examples
    --------
    >>> rate_of([True, True, False, True]).value
    0.75
    """
    table = np.atleast_2d(np.asarray(outcomes))
    if table.dtype != np.bool_ or table.ndim != 2 or table.size == 0:
        rule = "be booleans of shape (images,) or (repeats, images), at least one"
        raise InputError("outcomes", rule, f"{table.dtype} of shape {table.shape}")
    repeats, images = table.shape
    successes, trials = int(table.sum()), table.size
    p, effective = successes / trials, float(images)
    if repeats > 1 and images > 1 and 0 < successes < trials:
        variance = float(table.mean(axis=0).var(ddof=1)) / images
        wanted = p * (1 - p) / variance if variance > 0 else math.inf
        effective = min(max(wanted, effective), float(trials))
    return Rate(p, successes, trials, effective, wilson_real(p, effective, level))


@dataclass(frozen=True)
class Mean:
    """A mean over `count` images with Student's interval; None of a single image."""

    value: float
    count: int
    interval: Interval | None


def mean_of(values: ArrayLike, level: float = LEVEL) -> Mean:
    """Return the mean of finite numbers, shape (N,), with Student's t interval.

    Student, The probable error of a mean, Biometrika 6 (1908), 1-25.

    Examples
    --------
    >>> mean = mean_of([1.0, 2.0, 3.0])
    >>> mean.value, round(mean.interval.low, 3), round(mean.interval.high, 3)
    (2.0, -0.484, 4.484)
    """
    array: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise InputError("values", "be finite numbers, at least one", f"shape {array.shape}")
    check_level(level)
    mean, n = float(array.mean()), array.size
    if n == 1:
        return Mean(mean, 1, None)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * float(array.std(ddof=1)) / math.sqrt(n)
    return Mean(mean, n, Interval(mean - half, mean + half, level))


def over_seeds(values: ArrayLike, level: float = LEVEL) -> tuple[float, Interval]:
    """Return the mean of one number a training seed with Student's interval.

    For seeds with training and test samples of their own: then the spread over seeds holds
    all that is random in a value.

    Examples
    --------
    >>> mean, interval = over_seeds([0.1, 0.2, 0.3])
    >>> round(mean, 3), round(interval.low, 3), round(interval.high, 3)
    (0.2, -0.048, 0.448)
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < 2 or not np.isfinite(array).all():
        raise InputError("values", "be finite numbers, one for each of at least two seeds", values)
    found = mean_of(array, level)
    assert found.interval is not None  # there are two values
    return found.value, found.interval


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same images: how many count for both, for one alone, for none.

    `difference` is the rate of the first minus that of the second, `interval` Newcombe's of
    it, `p_value` that of McNemar's exact test that both rates are equal.
    """

    both: int
    first_only: int
    second_only: int
    neither: int
    difference: float
    interval: Interval
    p_value: float


def compare(first: ArrayLike, second: ArrayLike, level: float = LEVEL) -> Comparison:
    """Compare two networks by their outcomes (booleans, shape (N,)) on the same images.

    Examples
    --------
    >>> compare([True, True, False], [True, False, False]).difference
    0.3333333333333333
    """
    a, b = np.asarray(first), np.asarray(second)
    for name, array in (("first", a), ("second", b)):
        if array.dtype != np.bool_ or array.ndim != 1 or not array.size:
            rule = "be booleans of shape (images,), at least one"
            raise InputError(name, rule, f"{array.dtype} of shape {array.shape}")
    if a.shape != b.shape:
        raise InputError("second", f"be {len(a)} outcomes, one for each of first's", b.shape)
    both, first_only, second_only = (int(n.sum()) for n in (a & b, a & ~b, ~a & b))
    neither = len(a) - both - first_only - second_only
    return Comparison(
        both,
        first_only,
        second_only,
        neither,
        (first_only - second_only) / len(a),
        newcombe(both, first_only, second_only, neither, level),
        mcnemar(first_only, second_only),
    )


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the two-sided exact p-value of McNemar's test.

    Images on which both networks agree say nothing; of the others each is a fair coin if the
    rates are equal. The p-value is twice the smaller tail, at most 1; 1 if there are none
    (McNemar, Psychometrika 12 (1947), 153-157; Fagerland, Lydersen and Laake, BMC Medical
    Research Methodology 13 (2013) 91, equation 3).

    Examples
    --------
    >>> round(mcnemar(1, 7), 4)
    0.0703
    """
    b = check_integer("first_only", first_only, minimum=0)
    c = check_integer("second_only", second_only, minimum=0)
    return 1.0 if b + c == 0 else binomial_p_value(b, b + c, 0.5)


def newcombe(
    both: int, first_only: int, second_only: int, neither: int, level: float = LEVEL
) -> Interval:
    """Return Newcombe's interval of a difference of paired proportions (square and add).

    Wilson intervals of the two rates are joined with their correlation phi:
    low = D - sqrt((p1 - l1)^2 - 2 phi (p1 - l1) (u2 - p2) + (u2 - p2)^2), high alike. A positive
    correlation is corrected for continuity: Newcombe, Statistics in Medicine 17 (1998), 2635-2650,
    method 10; the example is that of Fagerland, Lydersen and Laake, Statistics in Medicine 33
    (2014), 2850-2875.

    Examples
    --------
    >>> low, high, _ = newcombe(1, 1, 7, 12)
    >>> round(low, 3), round(high, 3)
    (-0.507, -0.026)
    """
    counts = {"both": both, "first_only": first_only, "second_only": second_only}
    counts["neither"] = neither
    a, b, c, d = (check_integer(name, count, minimum=0) for name, count in counts.items())
    n = a + b + c + d
    if n == 0:
        raise InputError("both", "count at least one image, with the others", 0)
    p1, p2 = (a + b) / n, (a + c) / n
    l1, u1, _ = wilson(a + b, n, level)
    l2, u2, _ = wilson(a + c, n, level)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    excess = a * d - b * c
    corrected = excess if excess < 0 else max(excess - n / 2, 0.0)
    phi = corrected / math.sqrt(margins) if margins else 0.0

    def joined(x: float, y: float) -> float:
        return math.sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))

    difference = (b - c) / n
    low = difference - joined(p1 - l1, u2 - p2)
    high = difference + joined(u1 - p1, p2 - l2)
    return Interval(max(-1.0, low), min(1.0, high), level)


@dataclass(frozen=True)
class Effect:
    """A weighted sum of means over `images` images, with its interval.

    `p_value` is two-sided, of the hypothesis that the sum is 0, by the same Student's t as the
    interval.
    """

    value: float
    interval: Interval
    images: int
    p_value: float


def common(tables: Sequence[Scores]) -> list[Scores]:
    """Return the scores of the images that all tables have, with finite scores in all.

    Evaluations take the first so many images, so that shorter tables hold the first of
    longer ones. Distances are infinite where no boundary was found. InputError if no image
    is left.
    """
    count = min(table.shape[1] for table in tables)
    tables = [table[:, :count] for table in tables]
    finite = np.logical_and.reduce([np.isfinite(table).all(axis=0) for table in tables])
    if not finite.any():
        raise InputError("scores", "be finite for at least one image in all", "none")
    return [table[:, finite] for table in tables]


def effect(tables: Sequence[Scores], weights: Sequence[float], seeds: int | None = None) -> Effect:
    """Return a weighted sum of mean scores: weights (1, -1) give a difference.

    Tables have shape (seeds, images), one a weight, on the same images; the numbers of seeds
    may differ. With `seeds`, a plan: what so many a table would give if value, spread over
    images and spread over seeds were as they are here.

    Notes
    -----
    The variance is that of the sum over images, the networks being what they are, plus the
    sum of those of the tables' means over seeds (independent trainings): the two ways of
    Owen, Annals of Applied Statistics 1 (2007), 386-411. Degrees of freedom by Welch and
    Satterthwaite, Biometrics Bulletin 2 (1946), 110-114, so that few seeds give wide
    intervals. A single seed tells nothing of other seeds: then the interval is over images
    alone. For scores in [0, 1] half an image more of each kind is counted, as Agresti and Min
    do (Statistics in Medicine 24, 2005, 729-740), so that no difference in few images is no
    proof of none.

    Examples
    --------
    >>> ones, zeros = np.ones((1, 100)), np.zeros((1, 100))
    >>> found = effect([ones, zeros], [1, -1])
    >>> found.value, round(found.interval.low, 3)
    (1.0, 0.98)
    """
    shown = common(tables)
    images = shown[0].shape[1]
    weighted = [w * t.mean(axis=0) for w, t in zip(weights, shown, strict=True)]
    value = float(sum(w * t.mean() for w, t in zip(weights, shown, strict=True)))
    over_images = float(np.sum(weighted, axis=0).var(ddof=1)) / images if images > 1 else 0.0
    if all(t.min() >= 0 and t.max() <= 1 for t in shown):
        over_images += float(np.square(weights).sum()) / 2 / images**2
    means = [(t.mean(axis=1), w) for w, t in zip(weights, shown, strict=True)]
    spread = _Spread(over_images, max(images - 1.0, 1.0), *means, planned=seeds)
    return _student(value, spread, images)


class _Spread:
    """A sum of estimated variances: over images, and of the weighted means over several seeds.

    Degrees of freedom by Welch and Satterthwaite.
    """

    def __init__(
        self,
        over_images: float,
        freedom: float,
        *seeds: tuple[NDArray[np.float64], float],
        planned: int | None = None,
    ) -> None:
        parts = [(over_images, freedom)]
        for means, weight in seeds:
            if len(means) > 1:
                count = planned or len(means)
                parts.append((weight**2 * float(means.var(ddof=1)) / count, count - 1.0))
        self.variance = sum(v for v, _ in parts)
        below = sum(v * v / f for v, f in parts)
        self.freedom = self.variance**2 / below if below > 0 else math.inf

    @property
    def quantile(self) -> float:
        """Student's quantile of a two-sided interval."""
        if self.freedom == math.inf:
            return _normal(LEVEL)
        return float(stdtrit(self.freedom, (1 + LEVEL) / 2))


def _student(value: float, spread: _Spread, images: int) -> Effect:
    error = math.sqrt(spread.variance)
    half = spread.quantile * error
    p_value = float(value == 0)
    if error > 0:
        p_value = 2 * float(stdtr(spread.freedom, -abs(value) / error))
    return Effect(value, Interval(value - half, value + half, LEVEL), images, p_value)


def effect_of_seeds(values: ArrayLike, resampled: ArrayLike, images: int) -> Effect:
    """Return the mean of one number a seed that is no mean over images, such as an area.

    `values`, shape (seeds,), are the numbers, `resampled`, shape (samples,), their mean in
    bootstrap samples of the images, the seeds being what they are. The variance is that of the
    bootstrap over images plus that of the seeds' mean, as in :func:`effect`. Seeds are not
    resampled: percentiles over three of them cover about 80% where 95% is said.
    """
    found, drawn = (np.asarray(v, dtype=np.float64) for v in (values, resampled))
    spread = _Spread(float(drawn.var(ddof=1)), max(images - 1.0, 1.0), (found, 1.0))
    return _student(float(found.mean()), spread, images)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for how many there are, by Holm's step-down method.

    All at most 0.05 that are so after it are false together with a probability of at most 0.05,
    whatever the dependence (Holm, Scandinavian Journal of Statistics 6 (1979), 65-70).

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for number, place in enumerate(sorted(range(len(p_values)), key=lambda k: p_values[k])):
        largest = max(largest, min(1.0, (len(p_values) - number) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def pooled(scores: Scores) -> tuple[float, Interval]:
    """Return the mean of scores (seeds, images) with an interval over seeds and images.

    For scores in [0, 1] the variance of :func:`effect` tells how many independent trials
    carry the same information; the interval is Wilson's for so many. For distances it is
    Student's. Images with an infinite distance are left out.

    Examples
    --------
    >>> mean, interval = pooled(np.array([[1.0, 1.0, 0.0, 0.0]]))
    >>> mean, round(interval.low, 3)
    (0.5, 0.15)
    """
    (scores,) = common([scores])
    seeds, images = scores.mean(axis=1), scores.shape[1]
    rates = bool(scores.min() >= 0 and scores.max() <= 1)
    return _pooled(seeds, float(scores.mean(axis=0).var()) / images, images, rates)


def pooled_counts(seeds: Sequence[float], counts: Sequence[int]) -> tuple[float, Interval]:
    """Return :func:`pooled` from the mean of every seed and counts of images alone.

    Outcomes are true or false; `counts` says how many images are true for 0, 1, ..., S of the S
    seeds.

    Examples
    --------
    >>> outcomes = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    >>> pooled_counts([0.5, 0.25], [2, 1, 1]) == pooled(outcomes)
    True
    """
    number, images = np.asarray(counts, dtype=np.float64), int(np.sum(counts))
    shares = np.arange(len(counts)) / (len(counts) - 1)
    mean = float(number @ shares) / images
    over_images = float(number @ (shares - mean) ** 2) / images**2
    return _pooled(np.asarray(seeds, dtype=np.float64), over_images, images, True)


def _pooled(
    seeds: NDArray[np.float64], over_images: float, images: int, rates: bool
) -> tuple[float, Interval]:
    mean, spread = float(seeds.mean()), _Spread(over_images, math.inf, (seeds, 1.0))
    if not rates:
        half = spread.quantile * math.sqrt(spread.variance)
        return mean, Interval(mean - half, mean + half, LEVEL)
    if spread.variance == 0 or not 0 < mean < 1:
        return mean, wilson_real(mean, float(images))
    # Fewer trials make Wilson's normal quantile as wide as Student's.
    trials = mean * (1 - mean) / spread.variance * (_normal(LEVEL) / spread.quantile) ** 2
    return mean, wilson_real(mean, max(trials, 1.0))


def resampled_means(
    tables: Sequence[Scores], rng: np.random.Generator, resamples: int = 1000
) -> list[NDArray[np.float64]]:
    """Return the means of tables (seeds, images) in bootstrap samples of the images.

    The same images for all tables; every seed stays as it is. Shapes (samples, seeds).
    """
    tables = common(tables)
    images = tables[0].shape[1]
    drawn = rng.multinomial(images, np.full(images, 1 / images), size=resamples) / images
    return [np.asarray(drawn @ table.T, dtype=np.float64) for table in tables]


def rank_correlations(means: NDArray[np.float64], levels: Sequence[float]) -> NDArray[np.float64]:
    """Return Spearman's correlation of each row of means with the levels; 0 if all are equal.

    Examples
    --------
    >>> rank_correlations(np.array([[0.1, 0.2, 0.9], [0.9, 0.1, 0.2]]), [0, 60, 180]).tolist()
    [1.0, -0.5]
    """
    ranks, against = _ranks(means), _ranks(np.asarray([levels], dtype=np.float64))
    below = np.sqrt((ranks**2).sum(axis=1) * (against**2).sum())
    products = (ranks * against).sum(axis=1)
    found: NDArray[np.float64] = np.divide(
        products, below, out=np.zeros_like(products), where=below > 0
    )
    return found


def spearman(x: ArrayLike, y: ArrayLike) -> tuple[float, Interval]:
    """Return Spearman's rank correlation of n >= 4 pairs of numbers with its interval.

    Fisher's z with the standard error sqrt((1 + r^2/2)/(n - 3)): Bonett and Wright, Psychometrika
    65 (2000), 23-28.

    Examples
    --------
    >>> value, interval = spearman([1, 2, 3, 4, 5], [1, 3, 2, 4, 5])
    >>> round(value, 3), round(interval.low, 3), round(interval.high, 3)
    (0.9, -0.169, 0.996)
    """
    a, b = (np.asarray(v, dtype=np.float64) for v in (x, y))
    if a.ndim != 1 or a.shape != b.shape or len(a) < 4 or not np.isfinite([a, b]).all():
        raise InputError("x", "be at least 4 finite numbers, and y as many", (a.shape, b.shape))
    r = float(rank_correlations(a[None], b.tolist())[0])
    half = _normal(LEVEL) * math.sqrt((1 + r * r / 2) / (len(a) - 3))
    return r, _from_z(_fisher_z(r), half)


def node_jackknife(
    edges: Sequence[Sequence[str]], correlation: Callable[[list[int]], float]
) -> Interval | None:
    """Return an interval for a correlation over pairs of things, where pairs share things.

    `edges` says which two things each observation is about; `correlation` is called with the
    numbers of observations that are kept. Each thing is left out with all its pairs; the standard
    error of Fisher's z is sqrt((N - 2)/(2 N) sum (z_i - mean z)^2) over the N things, the interval
    Student's with N - 1 degrees of freedom; None where some are left with fewer than four pairs
    (Snijders and Borgatti, Connections 22 (1999), 61-70).
    """
    things = sorted({name for edge in edges for name in edge})
    kept = [[i for i, edge in enumerate(edges) if name not in edge] for name in things]
    if min(map(len, kept)) < 4:
        return None
    values = np.array([_fisher_z(correlation(which)) for which in kept])
    n = len(things)
    spread = math.sqrt((n - 2) / (2 * n) * float(np.square(values - values.mean()).sum()))
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * spread
    return _from_z(_fisher_z(correlation(list(range(len(edges))))), half)


def _fisher_z(correlation: float) -> float:
    return math.atanh(min(max(correlation, -1 + 1e-15), 1 - 1e-15))


def _from_z(centre: float, half: float) -> Interval:
    return Interval(math.tanh(centre - half), math.tanh(centre + half), LEVEL)


def _ranks(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks in each row about their mean, ties sharing the mean of theirs."""
    below = (rows[:, None, :] < rows[:, :, None]).sum(axis=2)
    ties = (rows[:, None, :] == rows[:, :, None]).sum(axis=2)
    ranks: NDArray[np.float64] = below + (ties + 1) / 2
    return ranks - ranks.mean(axis=1, keepdims=True)


def _counts(successes: int, trials: int) -> tuple[int, int]:
    n = check_integer("trials", trials, minimum=1)
    k = check_integer("successes", successes, minimum=0)
    if k > n:
        raise InputError("successes", f"be at most the number of trials {n}", successes)
    return k, n


def _normal(level: float) -> float:
    """Return the normal quantile of a two-sided interval."""
    return -float(ndtri((1 - level) / 2))
