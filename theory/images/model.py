"""Two Gaussian classes with any means, and what no classifier exceeds on them.

Given Y = y the image is N(m_y, Sigma), its version transformed by g is N(m_{g,y}, Sigma); both
labels are equally likely and there is no x0. A template mu with permutations is the case
m_y = y mu, m_{g,y} = y g mu, Sigma = 1. Statements I1 to I6 of docs/theory/images.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cholesky, solve_triangular
from scipy.special import ndtr

from ...arrays import Floats
from ...checks import check_real, real_array
from ...errors import InputError
from ..orthant import Estimate, student
from ..template import largest_beside
from .lasso import NearestPoint, nearest_point

#: Distances below this are raised to it, which only makes an upper bound larger.
_SMALLEST = 1e-8
_BATCHES = 16
_SAMPLES = 8192
#: Attacks that the mixture bound tries beside the robust one: towards the nearest classes.
_PUSHES = 3


class ClassModel:
    """The distribution of two classes of images, and of their transformed versions.

    `means`, shape (2, d), are those of the classes Y = +1 and Y = -1, `moved`, shape (n, 2, d),
    those after each of n equally likely transformations, whose sizes are `labels`; `covariance` is
    Sigma, positive definite, the same before and after, and `shrinkage` how far it was shrunk.
    Kept are also `mu` and `centre`, shape (d,), half the difference of the means and their middle,
    `root`, the lower Cholesky factor of Sigma, and `norm`, M, the length of mu in the norm of
    Sigma^-1.

    Examples
    --------
    >>> model = ClassModel([[2, 0], [-2, 0]], [[[2, 0], [-2, 0]], [[0, 2], [0, -2]]], np.eye(2))
    >>> model.kappa
    array([1., 0.])
    """

    def __init__(
        self,
        means: ArrayLike,
        moved: ArrayLike,
        covariance: ArrayLike,
        *,
        labels: Sequence[float] | None = None,
        shrinkage: float = 0.0,
    ) -> None:
        self.means = real_array("means", "be two vectors", means)
        self.moved = real_array("moved", "have the shape (n, 2, d)", moved)
        self.covariance = real_array("covariance", "be a matrix", covariance)
        if self.means.ndim != 2 or len(self.means) != 2:
            raise InputError("means", "be two vectors", self.means.shape)
        d = self.means.shape[1]
        if self.moved.ndim != 3 or self.moved.shape[1:] != (2, d) or not len(self.moved):
            raise InputError("moved", f"have the shape (n, 2, {d})", self.moved.shape)
        if self.covariance.shape != (d, d):
            raise InputError("covariance", f"have the shape ({d}, {d})", self.covariance.shape)
        self.labels = tuple(range(len(self.moved))) if labels is None else tuple(labels)
        self.shrinkage = shrinkage
        self.mu: Floats = (self.means[0] - self.means[1]) / 2
        self.centre: Floats = (self.means[0] + self.means[1]) / 2
        if not self.mu.any():
            raise InputError("means", "differ", "twice the same")
        try:
            self.root: Floats = cholesky(self.covariance, lower=True)
        except (np.linalg.LinAlgError, ValueError):
            raise InputError("covariance", "be positive definite", "another matrix") from None
        self.norm = float(np.linalg.norm(self.whitened(self.mu)))
        self._known: dict[tuple[str, float], tuple[NearestPoint, ...]] = {}

    def whitened(self, x: Floats) -> Floats:
        """Return vectors (..., d) in coordinates in which the noise is N(0, 1)."""
        rows = x.reshape(-1, x.shape[-1])
        flat = solve_triangular(self.root, rows.T, lower=True, check_finite=False)
        return np.asarray(flat.T).reshape(x.shape)

    @cached_property
    def kappa(self) -> Floats:
        """<mu, g mu>/||mu||^2 in the norm of Sigma^-1 for every g, shape (n,)."""
        halves = self.whitened(self.moved[:, 0] - self.moved[:, 1]) / 2
        return halves @ self.whitened(self.mu) / self.norm**2

    @cached_property
    def norms(self) -> Floats:
        """M_g, half the distance of the transformed class means, shape (n,)."""
        halves = self.whitened(self.moved[:, 0] - self.moved[:, 1]) / 2
        return np.asarray(np.linalg.norm(halves, axis=1))

    def bayes_accuracy(self) -> float:
        """Return the highest natural accuracy, Phi(M)."""
        return float(ndtr(self.norm))

    def bayes_shifted(self) -> Floats:
        """Return the accuracy of the natural Bayes classifier on every transformed image, (n,)."""
        w = self.whitened(self.mu)
        margins = self.whitened(self.moved - self.centre) @ w / self.norm
        return np.asarray(ndtr(margins * (1, -1)).mean(axis=1))

    def robust_bayes_accuracy(self, eps: float) -> float:
        """Return the highest adversarial accuracy of any classifier at l-infinity budget eps.

        Phi(a), a the distance of mu from the ball, rounded upwards: Proposition I6.
        """
        return float(ndtr(self._nearest("robust", eps)[0].high))

    def robust_direction(self, eps: float) -> Floats:
        """Return w of a linear rule that attains :meth:`robust_bayes_accuracy`."""
        return self._nearest("robust", eps)[0].direction

    def upper_residuals(self, eps: float) -> Floats:
        """Return D_{g,y}, shape (n, 2): what is left of the way from m_y to m_{g,-y}.

        In the norm of Sigma^-1 after the best attack, rounded upwards.
        """
        return np.array([p.high for p in self._nearest("upper", eps)]).reshape(-1, 2)

    def lower_residuals(self, eps: float) -> Floats:
        """Return D'_{g,y}, shape (n, 2): what is left of the way from m_y to m_{g,y}."""
        return np.array([p.high for p in self._nearest("lower", eps)]).reshape(-1, 2)

    def adversarial_bound(self, spatial: ArrayLike, eps: float) -> Floats:
        """Return for every g, shape (n,), the largest A possible beside accuracies S_g.

        The least of the upper law, the lower law and the robust Bayes accuracy: Theorem I1.
        NaN beside an S_g above the Bayes accuracy on transformed images.
        """
        s = np.broadcast_to(np.asarray(spatial, dtype=np.float64), self.norms.shape)
        upper = trade(s, self.upper_residuals(eps))
        lower = trade(1 - s, self.lower_residuals(eps))
        found = np.minimum(np.minimum(upper, lower), self.robust_bayes_accuracy(eps))
        return np.where(s <= ndtr(self.norms) + 1e-12, found, np.nan)

    def spatial_bounds(self, adversarial: float, eps: float) -> tuple[float, float]:
        """Return the interval in which S, the mean over the transformations, lies beside A."""
        a = np.full(len(self.moved), check_real("adversarial", adversarial, low=0, high=1))
        high = np.minimum(trade(a, self.upper_residuals(eps)), ndtr(self.norms))
        low = 1 - trade(a, self.lower_residuals(eps))
        return float(low.mean()), float(high.mean())

    def adversarial_bound_on_average(self, spatial: float, eps: float) -> float:
        """Return the largest A possible given S, the mean over the transformations.

        By bisection, rounded upwards, as for templates (Proposition L6).
        """
        s = check_real("spatial", spatial, low=0, high=1)
        if s > self.spatial_cap():
            rule = f"be at most {self.spatial_cap():.6f}, which none exceeds"
            raise InputError("spatial", rule, spatial)
        cap = self.robust_bayes_accuracy(eps)
        low, high = self.spatial_bounds(cap, eps)
        if low <= s <= high:
            return cap
        return float(largest_beside(s, lambda a: self.spatial_bounds(float(a), eps), cap))

    def spatial_cap(self) -> float:
        """Return a bound on S: the mean of the Bayes accuracies for known transformations."""
        return float(ndtr(self.norms).mean())

    def best_spatial(self, rng: np.random.Generator) -> Estimate:
        """Return the highest S of any classifier, the mean over the transformations."""
        n = len(self.moved)
        moved = self.whitened(self.moved - self.centre)
        return mixture_value(moved, np.full(n, 1 / n), rng=rng)

    def mixture_bound(
        self,
        spatial: float,
        eps: float,
        *,
        rng: np.random.Generator,
        weights: Sequence[float] = (0.5, 1.0, 2.0, 4.0),
    ) -> float:
        """Return an upper bound on A given S, the mean over the transformations.

        The least of (V - S)/w over weights w and over attacks: the robust one, and those that
        push towards the nearest transformed classes with the other label. V is the value of a mixed
        Bayes problem at the upper end of its interval; all hold together at level 0.999
        (Bonferroni). Theorem L9 of docs/theory/laws.md, whose proof holds word for word.
        """
        best = self.robust_bayes_accuracy(eps)
        (robust,) = self._nearest("robust", eps)
        pushes = [np.stack([robust.point, -robust.point])]
        upper = np.stack([point.point for point in self._nearest("upper", eps)])
        near = np.argsort(self.upper_residuals(eps).sum(axis=1), kind="stable")[:_PUSHES]
        pushes += list(upper.reshape(-1, 2, len(self.mu))[near])
        level = 1 - 0.001 / (len(pushes) * len(weights))
        moved = self.whitened(self.moved - self.centre)
        for push in pushes:
            attacked = self.whitened(self.means + push - self.centre)
            points = _coordinates(np.concatenate([attacked[None], moved]))
            for w in weights:
                shares = np.concatenate([[w], np.full(len(moved), 1 / len(moved))])
                top = _mixture_value(points, shares, rng=rng, level=level)
                best = min(best, (top.high - spatial) / w)
        return max(best, 0.0)

    def sample(self, count: int, rng: np.random.Generator, g: int | None = None) -> Floats:
        """Return images of both classes, shape (2, count, d); of transformed ones by number g."""
        means = self.means if g is None else self.moved[g]
        return means[:, None] + rng.standard_normal((2, count, len(self.mu))) @ self.root.T

    def _nearest(self, kind: str, eps: float) -> tuple[NearestPoint, ...]:
        eps = check_real("eps", eps, low=0, rule="be a finite number of at least 0")
        if (kind, eps) not in self._known:
            if kind == "robust":
                ways = self.mu[None]
            else:  # from m_y to the transformed mean of the other label, or of the same
                there = self.moved[:, ::-1] if kind == "upper" else self.moved
                ways = (self.means - there).reshape(-1, len(self.mu))
            self._known[kind, eps] = tuple(
                nearest_point(self.covariance, self.root, way, eps) for way in ways
            )
        return self._known[kind, eps]


def trade(x: ArrayLike, distances: Floats) -> Floats:
    """Return the largest mean of T_D(u) over the labels, for u of mean x, rounded upwards.

    For x in [0, 1], shape (n,), and D >= 0 for each of k labels, shape (n, k);
    T_D(u) = Phi(D - Phi^-1(u)). It is concave with slope -exp(D q - D^2/2), q = Phi^-1(u): at the
    maximum all slopes are one, -exp(t), found by bisection. For any t the Lagrangian bounds the
    maximum from above, and that is what is returned. The function is its own inverse, as T_D is.

    Examples
    --------
    >>> trade([0.9], np.array([[2.0, 2.0]])).round(5)
    array([0.76376])
    """
    x = np.atleast_1d(np.asarray(x, dtype=np.float64))
    dist = np.maximum(distances, _SMALLEST)
    low = (-40 * dist - dist**2 / 2).min(axis=1)
    high = (40 * dist - dist**2 / 2).max(axis=1)
    for _ in range(45):
        t = (low + high) / 2
        mean = ndtr((t[:, None] + dist**2 / 2) / dist).mean(axis=1)
        low, high = np.where(mean < x, t, low), np.where(mean < x, high, t)
    t = (low + high) / 2
    q = (t[:, None] + dist**2 / 2) / dist
    value = ndtr(dist - q).mean(axis=1) + np.exp(np.minimum(t, 700)) * (ndtr(q).mean(axis=1) - x)
    inside = np.clip(value, 0, 1)
    return np.where(x <= 0, 1.0, np.where(x >= 1, 0.0, inside))


def mixture_value(
    means: Floats,
    weights: Floats,
    *,
    rng: np.random.Generator,
    samples: int = _SAMPLES,
    level: float = 0.999,
) -> Estimate:
    """Return the largest weighted sum of accuracies of one classifier on several problems.

    Problem k tells N(means[k, 0], 1) from N(means[k, 1], 1), equally likely; the optimum is the
    integral of the larger of the two mixtures, halved. `means` has the shape (K, 2, d), the weights
    are above 0. Sampled from their mean, with a t interval over 16 batches.

    Examples
    --------
    >>> means = np.array([[[2.0], [-2.0]]])
    >>> found = mixture_value(means, np.ones(1), rng=np.random.default_rng(0))
    >>> 0.977 in found.interval
    True
    """
    return _mixture_value(_coordinates(means), weights, rng=rng, samples=samples, level=level)


def _coordinates(means: Floats) -> Floats:
    """Return the means (2K, rank) in the space that they span."""
    left, sizes, _ = np.linalg.svd(means.reshape(-1, means.shape[-1]), full_matrices=False)
    rank = max(1, int((sizes > 1e-9 * max(1.0, sizes[0])).sum()))
    return np.asarray((left * sizes)[:, :rank])


def _mixture_value(
    points: Floats,
    weights: Floats,
    *,
    rng: np.random.Generator,
    samples: int = _SAMPLES,
    level: float,
) -> Estimate:
    count, rank = points.shape
    shares = np.repeat(weights, 2) / weights.sum() / 2
    half_norms = np.square(points).sum(axis=1) / 2
    values = []
    for own in rng.choice(count, size=(_BATCHES, samples // _BATCHES), p=shares):
        z = rng.standard_normal((len(own), rank)) + points[own]
        exponents = z @ points.T - half_norms
        densities = np.exp(exponents - exponents.max(axis=1, keepdims=True)) * shares
        plus, minus = densities[:, ::2].sum(axis=1), densities[:, 1::2].sum(axis=1)
        values.append(float((np.maximum(plus, minus) / (plus + minus)).mean()))
    method = f"Monte Carlo, {samples} points in {rank} dimensions"
    return student(np.array(values) * float(weights.sum()), level, method)
