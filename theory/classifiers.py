"""Bayes, robust and x0 classifiers, with exact accuracies of all linear rules.

A linear rule chooses a weight vector and a threshold by the sign of x0, then thresholds
<w, x> + b: "a decision stump at x0 followed by a linear classifier" (arXiv 2002.11318,
supplement). Every named classifier of the paper but one is such a rule; the exception is
the best rule for a random shift.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ..arrays import Floats, Labels
from ..checks import check_budget, check_integer
from ..errors import InputError
from ..random import as_rng
from ..stats import Interval, clopper_pearson
from .accuracy import (
    MEAN_NORM,
    bayes_accuracy,
    bivariate_normal_cdf,
    robust_bayes_accuracy,
    two_shift_accuracy,
)
from .distribution import CodeGaussian, CorrelationSample
from .orthant import Estimate, orthant_probability

#: Margins, one a shift, whose joint probability is computed.
MOST_MARGINS = 256


@dataclass(frozen=True)
class LinearRule:
    """Classifier sign(<w, x_1..x_d> + b), with w and b chosen by the sign of x0.

    `minus` and `plus`, shape (d,), are the weights where x0 <= 0, and where x0 > 0; a threshold b
    of +-inf makes the branch constant. A score of exactly 0 is answered +1, so that a rule with
    w = 0, b = 0 is constant.

    Examples
    --------
    >>> import numpy as np
    >>> rule = x0_rule(CodeGaussian([1, 1, -1], p=0.7))
    >>> rule.predict(np.array([[1.0, 0, 0, 0], [-1.0, 5, 5, 5]]))
    array([ 1, -1], dtype=int8)
    """

    minus: Floats
    plus: Floats
    bias_minus: float = 0.0
    bias_plus: float = 0.0
    name: str = "linear rule"

    def __post_init__(self) -> None:
        for side in ("minus", "plus"):
            weights = np.array(getattr(self, side), dtype=np.float64)
            if weights.ndim != 1 or not np.isfinite(weights).all():
                raise InputError(side, "be a vector of finite weights", getattr(self, side))
            weights.flags.writeable = False
            object.__setattr__(self, side, weights)
            bias = float(getattr(self, f"bias_{side}"))
            if math.isnan(bias):
                raise InputError(f"bias_{side}", "be a number", bias)
        if self.minus.shape != self.plus.shape:
            raise InputError("plus", f"have the length {self.minus.size} of minus", self.plus.shape)

    def predict(self, x: ArrayLike) -> Labels:
        """Return the labels, int8 of shape (size,), of rows `x` of shape (size, d + 1)."""
        rows = np.asarray(x, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.plus.size + 1:
            raise InputError("x", f"have the shape (size, {self.plus.size + 1})", rows.shape)
        if np.array_equal(self.minus, self.plus):
            minus = plus = rows[:, 1:] @ self.plus
        else:
            minus, plus = (rows[:, 1:] @ np.stack([self.minus, self.plus], axis=1)).T
        score = np.where(rows[:, 0] > 0, plus + self.bias_plus, minus + self.bias_minus)
        return np.where(score >= 0, 1, -1).astype(np.int8)

    def shifted_accuracies(self, dist: CodeGaussian) -> Floats:
        """Return Pr(f(r_j X) = Y), exactly, for j = 0..n-1 (0: natural accuracy), shape (n,)."""
        return self._accuracy(dist, self._shifted_means(dist), np.zeros(2))

    def natural_accuracy(self, dist: CodeGaussian) -> float:
        """Return Pr(f(X) = Y), exactly, for (X, Y) of the distribution `dist`."""
        return self.adversarial_accuracy(dist, 0.0)

    def spatial_accuracy(self, dist: CodeGaussian) -> float:
        """Return Pr(f(r X) = Y) for the uniformly random shift r of `dist`, exactly."""
        return float(self.shifted_accuracies(dist).mean())

    def worst_case_accuracy(
        self, dist: CodeGaussian, *, rng: np.random.Generator, level: float = 0.95
    ) -> Estimate:
        """Return S^ = Pr(f(r_j X) = Y for all j): the accuracy where an adversary shifts.

        The margins after all shifts are jointly normal: one orthant probability a value of x0,
        exact to rounding for up to three different margins, by quasi-Monte-Carlo with an interval
        for more. `rng` seeds it. See docs/theory/worst-case.md.
        """
        weights = self._weights(dist)
        if weights.any() and dist.orbit.n_distinct > MOST_MARGINS:
            rule = f"have at most {MOST_MARGINS} different shifts"
            raise InputError("dist", rule, dist.orbit.n_distinct)
        means = self._shifted_means(dist)
        terms: list[tuple[float, Estimate]] = []
        known: dict[tuple[bytes, bytes], Estimate] = {}
        for share, y, branch in _cases(dist.p):
            norm = float(np.linalg.norm(weights[branch]))
            if norm == 0:
                right = float(self._constant_branches_correct(y)[branch])
                terms.append((share, Estimate(right, None, "exact")))
                continue
            # <w, r_j x> is the inner product of x with w shifted back.
            moves = dist.orbit.shift * np.arange(dist.n_shifts)
            turned = np.stack([np.roll(weights[branch], move) / norm for move in moves])
            different, at = np.unique(turned.round(13), axis=0, return_index=True)
            margin = (means[branch, at] + y * self._biases[branch]) / norm
            # Rules that mirror each other meet every probability twice.
            key = (different.tobytes(), margin.round(13).tobytes())
            if key not in known:
                known[key] = orthant_probability(
                    margin, different @ different.T, rng=rng, level=1 - (1 - level) / 4
                )
            terms.append((share, known[key]))
        value = min(sum(share * found.value for share, found in terms), 1.0)
        inexact = [found for _, found in terms if found.interval]
        if not inexact:
            return Estimate(value, None, "exact")
        low, high = sum(s * f.low for s, f in terms), sum(s * f.high for s, f in terms)
        return Estimate(value, Interval(low, min(high, 1.0), level), inexact[0].method)

    def adversarial_accuracy(self, dist: CodeGaussian, budget: float) -> float:
        """Return the accuracy under the worst l-infinity attack, exactly.

        The attack of budget e = eps sqrt(d) >= 0 may see (x, y), and moves every coordinate by
        at most eps, x0 too: from eps = 1 on it can choose the branch.

        Notes
        -----
        The worst attack on a branch takes eps ||w||_1 off the margin y (<w, x> + b), which
        is normal; with a choice of branch both margins must survive, a bivariate normal
        probability. At eps = 1 exactly the value is the limit from above.
        """
        eps = check_budget("budget", budget) / math.sqrt(dist.d)
        weights = self._weights(dist)
        means = weights @ dist.mean
        loss = eps * np.abs(weights).sum(axis=1)
        if eps < 1:
            return float(self._accuracy(dist, means[:, None], loss)[0])
        norms = np.linalg.norm(weights, axis=1)
        total = 0.0
        for y in (-1, 1):
            margin = means + y * self._biases - loss
            live = norms > 0
            if not self._constant_branches_correct(y)[~live].all():
                continue
            z = margin[live] / norms[live]
            if live.all():
                total += float(bivariate_normal_cdf(z[0], z[1], _cosine(*weights)))
            else:
                total += float(np.prod(ndtr(z)))
        return total / 2

    @property
    def _biases(self) -> Floats:
        return np.array([self.bias_minus, self.bias_plus])

    def _weights(self, dist: CodeGaussian) -> Floats:
        if self.plus.size != dist.d:
            raise InputError("dist", f"have the rule's length {self.plus.size}", dist.d)
        return np.stack([self.minus, self.plus])

    def _shifted_means(self, dist: CodeGaussian) -> Floats:
        """Return <w, r_j mu>, shape (2, n): 2 g_j of the weights themselves."""
        rows = np.zeros((2, dist.d + 1))
        rows[:, 1:] = self._weights(dist)
        return 2 * dist.correlations(rows)

    def _constant_branches_correct(self, y: int) -> NDArray[np.bool_]:
        return (self._biases >= 0) == (y > 0)

    def _accuracy(self, dist: CodeGaussian, means: Floats, loss: Floats) -> Floats:
        """Average the correct probabilities over y and x0; means is (2, n), loss (2,)."""
        norms = np.linalg.norm(self._weights(dist), axis=1)
        total = np.zeros(means.shape[1])
        for share, y, branch in _cases(dist.p):
            if norms[branch] == 0:
                total += share * float(self._constant_branches_correct(y)[branch])
            else:
                margin = means[branch] + y * self._biases[branch] - loss[branch]
                total += share * ndtr(margin / norms[branch])
        return total


def _cases(p: float) -> Iterator[tuple[float, int, int]]:
    """Yield the label y and the branch (0 for x0 = -1), each case with its probability."""
    for y in (-1, 1):
        for branch, x0 in enumerate((-1, 1)):
            yield (p if x0 == y else 1 - p) / 2, y, branch


def bayes(dist: CodeGaussian, shift: int = 0) -> LinearRule:
    """Return the classifier of highest accuracy on (r_j X, Y).

    f*_j(x) = sign(L x0 + (4/sqrt d) <r_j c, x>); f* of the paper for shift 0 (arXiv 2002.11318,
    section 3; Theorem L1 of docs/theory/laws.md).
    `shift` is j, the shift that the rule is best for (modulo n); 0 for X itself.

    Examples
    --------
    >>> dist = CodeGaussian([1, 1, 1, -1, 1, -1, -1], p=0.5)
    >>> round(bayes(dist).natural_accuracy(dist), 6)
    0.97725
    """
    j = check_integer("shift", shift) % dist.n_shifts
    weights = 2 * dist.rotated_mean(j)
    odds = dist.log_odds
    return LinearRule(weights, weights, -odds, odds, name="f*" if j == 0 else f"f*_{j}")


def robust_bayes(dist: CodeGaussian, budget: float) -> LinearRule:
    """Return the classifier of highest adversarial accuracy at a budget.

    With a = max(2 - e, 0), sign(L x0 + (2a/sqrt d) <c, x>): the Bayes rule of the problem
    that the attack leaves. For a = 0 that is x0 alone; where eps >= 1 as well nothing is
    left and the rule is constant. For eps >= 1 and a > 0 (d < 4) it is sign(<c, x>). Theorem L2
    of docs/theory/laws.md.
    """
    e = check_budget("budget", budget)
    weights = max(MEAN_NORM - e, 0.0) * dist.mean
    if e < math.sqrt(dist.d):
        bias_minus, bias_plus = -dist.log_odds, dist.log_odds
        if not weights.any():
            # Any threshold would do, and L may be 0.
            bias_minus, bias_plus = -1.0, 1.0
    else:
        bias_minus = bias_plus = 0.0
    return LinearRule(weights, weights, bias_minus, bias_plus, name="robust Bayes")


def x0_rule(dist: CodeGaussian) -> LinearRule:
    """Return sign(x0): natural, spatial and (for eps < 1) adversarial accuracy all p.

    It attains both parts of Theorem 2 of arXiv 2002.11318.
    """
    zero = np.zeros(dist.d)
    return LinearRule(zero, zero, -1.0, 1.0, name="sign(x0)")


class ShiftBayes:
    """Classifier of highest accuracy on (r X, Y), r a uniformly random shift of `dist`.

    sign(L x0 + logsumexp_j <mu_j, x> - logsumexp_j -<mu_j, x>), mu_j = r_j mu. It sees
    x_1..x_d through the correlations g_j alone: <mu_j, x> = 2 g_j. Theorem P11 of
    docs/theory/price.md.
    """

    name = "shift-Bayes"

    def __init__(self, dist: CodeGaussian) -> None:
        self.dist = dist

    def predict(self, x: ArrayLike) -> Labels:
        """Return the labels, int8 of shape (size,), of rows `x` of shape (size, d + 1)."""
        rows = np.asarray(x, dtype=np.float64)
        g = self.dist.correlations(rows)
        return self._decide(np.where(rows[:, 0] > 0, 1, -1), g)

    def predict_correlations(self, sample: CorrelationSample) -> Labels:
        """Return the labels, int8 of shape (size,), of a `sample` of the sufficient statistics."""
        return self._decide(sample.x0, sample.g)

    def _decide(self, x0: NDArray[np.integer], g: Floats) -> Labels:
        evidence = log_sum_exp(2 * g) - log_sum_exp(-2 * g)
        score = np.where(x0 > 0, self.dist.log_odds, -self.dist.log_odds) + evidence
        return np.where(score >= 0, 1, -1).astype(np.int8)

    def spatial_accuracy(
        self, *, samples: int = 200_000, rng: np.random.Generator | int, level: float = 0.95
    ) -> Estimate:
        """Return its accuracy on (r X, Y): the price of having to serve every shift.

        Exact in the cases of :func:`exact_spatial_optimum`. Otherwise simulated on the
        n correlations, with a Clopper-Pearson interval of confidence `level`. By symmetry the
        accuracy is the same on every shift, so no shift need be drawn.
        """
        dist = self.dist
        exact = exact_spatial_optimum(dist)
        if exact is not None:
            return Estimate(exact, None, "exact")
        check_integer("samples", samples, minimum=1)
        rng = as_rng(rng)
        rows = max(1, (1 << 20) // dist.n_shifts)
        hits = 0
        for start in range(0, samples, rows):
            part = dist.sample_correlations(min(rows, samples - start), rng)
            hits += int((self.predict_correlations(part) == part.y).sum())
        return Estimate(
            hits / samples, clopper_pearson(hits, samples, level), f"Monte Carlo, {samples} samples"
        )


def exact_spatial_optimum(dist: CodeGaussian) -> float | None:
    """Return S*(p, n), the highest accuracy on (r X, Y), where it has a closed form.

    That is so for p = 1, for orbits of one or two different words, and for those that hold the
    negative of the word: then x_1..x_d say nothing and it is p. None elsewhere.
    """
    orbit = dist.orbit
    if dist.p == 1 or orbit.has_antipode:
        return dist.p
    if orbit.n_distinct == 1:
        return float(bayes_accuracy(dist.p))
    if orbit.n_distinct == 2:
        return float(two_shift_accuracy(orbit.kappa[orbit.moving[0]], dist.p))
    return None


def best_adversarial_accuracy(dist: CodeGaussian, budget: float) -> float:
    """Return A*(e), the highest adversarial accuracy that any classifier can have.

    Theorem L2 of docs/theory/laws.md.
    """
    return float(robust_bayes_accuracy(dist.p, check_budget("budget", budget), dist.d))


def _cosine(a: Floats, b: Floats) -> float:
    """Return the cosine of the angle between two vectors, exactly +-1 for parallel ones.

    Near +-1 a rounding error of 1e-16 in a correlation is one of 1e-8 in a probability.
    """
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    for sign in (1.0, -1.0):
        if np.abs(a - sign * b).max() <= 1e-15:
            return sign
    return float(a @ b)


def log_sum_exp(a: Floats) -> Floats:
    """Return log sum exp over each row; scipy's general version takes twice as long."""
    top = a.max(axis=1)
    return np.asarray(top + np.log(np.exp(a - top[:, None]).sum(axis=1)))
