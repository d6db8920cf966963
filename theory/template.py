"""The general form: any real template, any coordinate permutations, any law on them.

X_1..X_d given Y = y is N(y mu, I) for a template mu in R^d; X0 agrees with Y with
probability p. A transformation g acts on a vector by (g x)_t = x_{g(t)}, and keeps x0. Codewords
and cyclic shifts are the case mu = 2c/sqrt(d). Proofs of the laws: docs/theory/laws.md. Budgets
here are eps itself, finite, at least 0, in the units of the template (for a codeword e/sqrt(d)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from ..arrays import Floats
from ..checks import check_integer, check_probability, check_real, real_array
from ..errors import InputError
from ..random import as_rng
from .accuracy import log_odds, mixture_accuracy, two_class_accuracy
from .classifiers import log_sum_exp
from .laws import gradual_adversarial, gradual_spatial, lower_adversarial_at, lower_spatial_at
from .orthant import SCRAMBLINGS, Estimate, sobol, student
from .words import as_word

_ROUNDING = 1e-13
_BISECTIONS = 45
_BLOCK = 1 << 11


def codeword_template(codeword: ArrayLike) -> Floats:
    """Return 2c/sqrt(d), the template of a +-1 word, of norm 2 (arXiv 2002.11318, section 3).

    Examples
    --------
    >>> codeword_template([1, -1, 1, 1])
    array([ 1., -1.,  1.,  1.])
    """
    word = as_word(codeword)
    return 2 * word.astype(np.float64) / math.sqrt(word.size)


class Transformations:
    """Permutations of d coordinates, a law on them, and a size of each.

    Row g of `permutations`, integers of shape (n, d), holds g(0), ..., g(d-1); `law`, shape (n,),
    their probabilities pi(g), uniform if left out; `labels` a size for each, such as its shift.
    Those of images, where they lose no pixel, are the `sources` of
    :class:`spadv.theory.images.PixelMaps`.

    Examples
    --------
    >>> Transformations([[0, 1, 2], [1, 2, 0]]).apply([5, 6, 7])
    array([[5., 6., 7.],
           [6., 7., 5.]])
    """

    def __init__(
        self,
        permutations: ArrayLike,
        law: ArrayLike | None = None,
        labels: Sequence[float] | None = None,
    ) -> None:
        rule = "be integers of shape (n, d)"
        try:
            rows = np.asarray(permutations)
        except ValueError:  # rows of different lengths
            raise InputError("permutations", rule, permutations) from None
        if rows.ndim != 2 or rows.size == 0 or rows.dtype.kind not in "iu":
            raise InputError("permutations", rule, permutations)
        n, self.d = rows.shape
        wrong = (np.sort(rows, axis=1) != np.arange(self.d)).any(axis=1)
        if wrong.any():
            rule = f"have a permutation of 0..{self.d - 1} in every row"
            raise InputError("permutations", rule, f"row {int(wrong.argmax())}")
        self.permutations: NDArray[np.intp] = rows.astype(np.intp)
        rule = f"be {n} probabilities that sum to 1"
        self.law: Floats = np.full(n, 1 / n) if law is None else real_array("law", rule, law)
        if self.law.shape != (n,) or not (self.law >= 0).all() or abs(self.law.sum() - 1) > 1e-9:
            raise InputError("law", rule, self.law.tolist() if n < 9 else self.law.shape)
        self.labels = None if labels is None else tuple(map(float, labels))
        if self.labels is not None and len(self.labels) != n:
            raise InputError("labels", f"be one for each of {n} permutations", len(self.labels))

    def __len__(self) -> int:
        return len(self.permutations)

    def apply(self, template: ArrayLike) -> Floats:
        """Return g x for every g, float64 of shape (n, d), for x = `template` of shape (d,)."""
        rule = f"have the shape ({self.d},)"
        x = real_array("template", rule, template)
        if x.shape != (self.d,):
            raise InputError("template", rule, x.shape)
        return x[self.permutations]

    def window(self, half_width: float) -> Transformations:
        """Return the transformations with labels of size at most `half_width`, equally likely.

        The analogue of a random rotation in [-theta, theta].
        """
        if self.labels is None:
            raise InputError("labels", "be given to cut a window", None)
        check_real("half_width", half_width, low=0, rule="be a finite number of at least 0")
        labels = np.asarray(self.labels)
        inside = np.abs(labels) <= half_width
        if not inside.any():
            raise InputError("half_width", "keep at least one transformation", half_width)
        return Transformations(self.permutations[inside], labels=labels[inside].tolist())


def cyclic_shifts(d: int, step: int = 1) -> Transformations:
    """Return the shifts r_j of d coordinates by multiples of `step`, j = 0..d/step - 1.

    Labels are the shifts in coordinates, between -d/2 and d/2; `step` divides d.

    Examples
    --------
    >>> cyclic_shifts(4, 2).permutations
    array([[0, 1, 2, 3],
           [2, 3, 0, 1]])
    """
    d, step = check_integer("d", d, minimum=1), check_integer("step", step, minimum=1)
    if d % step:
        raise InputError("step", f"divide the length d = {d}", step)
    moves = np.arange(0, d, step)
    nearest = np.where(2 * moves > d, moves - d, moves)
    return Transformations((np.arange(d) + moves[:, None]) % d, labels=nearest.tolist())


class TemplateModel:
    """The Gaussian-plus-x0 distribution of a template, and its transformed versions.

    The model of docs/theory/laws.md, "Setting and notation". The template mu, shape (d,), finite,
    its largest entry of a size between 1e-100 and 1e100, is kept as `mean`, and M = ||mu|| as
    `norm`; `p` in [1/2, 1] is the probability that X0 equals Y.

    Examples
    --------
    >>> model = TemplateModel([2, 0, 0], p=0.7, transformations=cyclic_shifts(3))
    >>> model.kappa
    array([1., 0., 0.])
    """

    def __init__(self, template: ArrayLike, p: float, transformations: Transformations) -> None:
        mean = real_array("template", "be a finite vector other than 0", template)
        if mean.ndim != 1 or not np.isfinite(mean).all() or not mean.any():
            raise InputError("template", "be a finite vector other than 0", template)
        if not 1e-100 < np.abs(mean).max() < 1e100:  # its square is out of range
            raise InputError("template", "have entries between 1e-100 and 1e100", template)
        if mean.size != transformations.d:
            raise InputError("template", f"have the length {transformations.d}", mean.size)
        mean.flags.writeable = False
        self.mean = mean
        self.p = check_probability("p", p)
        self.transformations = transformations
        self.norm = float(np.linalg.norm(mean))

    def __repr__(self) -> str:
        return f"TemplateModel(d={self.mean.size}, n={len(self.transformations)}, p={self.p:g})"

    @cached_property
    def images(self) -> Floats:
        """G mu for every g, shape (n, d)."""
        return self.transformations.apply(self.mean)

    @cached_property
    def kappa(self) -> Floats:
        """<mu, g mu>/||mu||^2 for every g, shape (n,), in [-1, 1]."""
        return np.clip(self.images @ self.mean / self.norm**2, -1, 1)

    def bayes_accuracy(self) -> float:
        """Return the highest accuracy on (X, Y), and on (g X, Y) for each g."""
        return float(two_class_accuracy(self.norm, self.p))

    def bayes_shifted(self) -> Floats:
        """Return the accuracy on g X of the Bayes classifier of X, for every g, shape (n,)."""
        h = log_odds(self.p) / (2 * self.norm)
        return np.asarray(mixture_accuracy(self.norm * self.kappa, h, self.p))

    def bayes_spatial(self) -> float:
        """Return the accuracy on g X of the Bayes classifier of X, g of the law pi."""
        return float(self.transformations.law @ self.bayes_shifted())

    def robust_bayes_accuracy(self, eps: float) -> float:
        """Return the highest adversarial accuracy of any classifier at l-infinity budget eps.

        With nu the template whose entries are moved by eps towards 0, or to it, and a its norm:
        p Phi(a + L/(2a)) + (1-p) Phi(a - L/(2a)) for eps < 1, where x0 survives; Phi(a) from
        eps = 1 on. Theorem L2 of docs/theory/laws.md.
        """
        eps = _check_eps(eps)
        a = float(np.linalg.norm(np.maximum(np.abs(self.mean) - eps, 0)))
        return float(ndtr(a) if eps >= 1 else two_class_accuracy(a, self.p))

    def upper_residuals(self, eps: float) -> Floats:
        """Return D_g for every g, shape (n,): what is left on the way from mu to -g mu.

        The norm of mu + g mu after the size of every entry is lowered by `eps`, to 0 at least.
        """
        return _residuals(self.mean + self.images, eps)

    def lower_residuals(self, eps: float) -> Floats:
        """Return D'_g for every g, shape (n,): what is left on the way from mu to g mu."""
        return _residuals(self.mean - self.images, eps)

    def adversarial_bound(self, spatial: ArrayLike, eps: float, *, tight: bool = True) -> Floats:
        """Return, for every g, shape (n,), the largest A possible beside the given S_g.

        The least of the upper law, the lower law and the robust Bayes accuracy; NaN where no
        classifier has an S_g so high. `spatial` is one accuracy, or one for each g; `tight` as in
        :func:`spadv.theory.laws.gradual_adversarial`.
        """
        n = len(self.transformations)
        rule = f"be one accuracy or {n}"
        if real_array("spatial", rule, spatial).shape not in ((), (n,)):
            raise InputError("spatial", rule, np.shape(spatial))
        upper = gradual_adversarial(
            spatial, self.p, self.upper_residuals(eps), tight=tight, mean_norm=self.norm
        )
        lower = lower_adversarial_at(spatial, self.lower_residuals(eps))
        return np.minimum(np.minimum(upper, lower), self.robust_bayes_accuracy(eps))

    def spatial_bounds(self, adversarial: float, eps: float) -> tuple[float, float]:
        """Return the interval in which S, averaged over the law pi, lies beside A.

        Each S_g has its own interval from the two laws; S lies in their average. Where A is above
        the robust Bayes accuracy it says nothing: its upper end may be below the lower one.
        """
        a = check_real("adversarial", adversarial, low=0, high=1)
        high = gradual_spatial(
            a, self.p, self.upper_residuals(eps), tight=True, mean_norm=self.norm
        )
        low = lower_spatial_at(a, self.lower_residuals(eps))
        law = self.transformations.law
        return float(law @ low), float(law @ high)

    def adversarial_bound_on_average(self, spatial: float, eps: float) -> float:
        """Return the largest A possible given S, averaged over the law pi.

        The interval of :meth:`spatial_bounds` shrinks as A grows; the largest A whose
        interval still holds S is found by bisection, rounded upwards. An S above the Bayes
        accuracy, which no classifier exceeds on any g X, is refused.
        """
        s = check_real("spatial", spatial, low=0, high=1)
        best = self.bayes_accuracy()
        if s > best:
            raise InputError("spatial", f"be at most the Bayes accuracy {best:.6f}", spatial)
        cap = self.robust_bayes_accuracy(eps)
        return float(largest_beside(s, lambda a: self.spatial_bounds(float(a), eps), cap))

    def mixture_bound(
        self,
        spatial: float,
        eps: float,
        *,
        rng: np.random.Generator | int,
        weights: ArrayLike = (0.25, 0.5, 1.0, 2.0, 4.0),
        bits: int = 10,
    ) -> float:
        """Return an upper bound on A given S, averaged over pi, from mixed Bayes problems.

        The least of (V(w, nu) - S)/w over the given weights and over nu: the mean moved by the
        attack towards -g mu or towards the origin, as far as it goes. V is taken at the upper
        end of its interval; all intervals hold together at level 0.999 (Bonferroni). Theorem L9
        of docs/theory/laws.md. More `weights` above 0 give a sharper bound; `rng` seeds the
        quadrature, by 2^bits points in each of 16 scramblings.
        """
        s, eps = check_real("spatial", spatial, low=0, high=1), _check_eps(eps)
        tried = np.asarray(weights, dtype=np.float64)
        if tried.ndim != 1 or not (tried > 0).all():
            raise InputError("weights", "be numbers above 0", weights)
        targets = [np.zeros_like(self.mean), *(-self.images)]
        reached = {
            tuple(np.round(nu, 12)): nu
            for nu in (self.mean + np.clip(t - self.mean, -eps, eps) for t in targets)
        }
        best = self.robust_bayes_accuracy(eps)
        level = 1 - 0.001 / (len(reached) * tried.size)
        rng = as_rng(rng)
        for nu in reached.values():
            means = np.concatenate([nu[None], self.images])
            for w in tried.tolist():
                mixed = np.concatenate([[w], self.transformations.law])
                top = mixture_value(means, mixed, self.p, rng=rng, bits=bits, level=level)
                best = min(best, (top.high - s) / w)
        return max(best, 0.0)


def mixture_value(
    means: ArrayLike,
    weights: ArrayLike,
    p: float,
    *,
    rng: np.random.Generator | int,
    bits: int = 12,
    level: float = 0.999,
) -> Estimate:
    """Return max over all classifiers of sum_k w_k Pr(f = Y | means +-y m_k).

    The integral of max(p f, (1-p) g), f and g the mixtures of N(m_k, I) and of N(-m_k, I), over
    the span of the means, by scrambled Sobol points around every mean, with a t interval over 16
    scramblings of 2^bits points, seeded by `rng`. `means` has the shape (K, d); the `weights` w_k
    are not negative, not all 0. Theorem L9 of docs/theory/laws.md.

    Examples
    --------
    >>> found = mixture_value([[2.0]], [1.0], 0.5, rng=np.random.default_rng(0))
    >>> round(found.value, 3)
    0.977
    """
    m = np.asarray(means, dtype=np.float64)
    w = np.asarray(weights, dtype=np.float64)
    p = check_probability("p", p)
    bits = check_integer("bits", bits, minimum=1)
    if m.ndim != 2 or not np.isfinite(m).all():
        raise InputError("means", "be finite and have the shape (K, d)", m.shape)
    if w.shape != m.shape[:1] or not (w >= 0).all() or not w.any():
        raise InputError("weights", f"be {len(m)} numbers >= 0, not all 0", weights)
    m, w = m[w > 0], w[w > 0]
    # The means in an orthonormal basis of their span.
    left, sizes, _ = np.linalg.svd(m, full_matrices=False)
    rank = max(1, int((sizes > 1e-12 * max(1.0, sizes[0])).sum()))
    m = (left * sizes)[:, :rank]
    seeds = as_rng(rng).integers(2**63, size=SCRAMBLINGS).tolist()
    values = np.array([_mean_over_points(seed, bits, m, w, p) for seed in seeds])
    method = f"quasi-Monte-Carlo, {SCRAMBLINGS} x 2^{bits} Sobol points in {rank} dimensions"
    return student(values, level, method)


def _mean_over_points(seed: int, bits: int, means: Floats, weights: Floats, p: float) -> float:
    """Return the mean over 2^bits points: the posterior of the likelier label, summed.

    Sampling around +m_k with weight w_k (the mixtures at -m_k follow by symmetry), the
    contribution of a point is (max(p f_+, q f_-) + max(p f_-, q f_+))/(f_+ + f_-), q = 1-p.
    """
    sampler = sobol(means.shape[1], seed)
    # Exponents of the mixtures at +m_k, with their weights.
    scale = np.log(weights) - np.square(means).sum(axis=1) / 2
    total = 0.0
    for _ in range(max(1, (1 << bits) // _BLOCK)):
        normal = ndtri(np.maximum(sampler.random(min(_BLOCK, 1 << bits)), 2.0**-33))
        for mean, weight in zip(means, weights, strict=True):
            inner = (normal + mean) @ means.T
            odds = log_sum_exp(scale + inner) - log_sum_exp(scale - inner)
            plus = 1 / (1 + np.exp(-odds))
            best = np.maximum(p * plus, (1 - p) * (1 - plus))
            other = np.maximum(p * (1 - plus), (1 - p) * plus)
            total += weight * float((best + other).sum())
    return total / (1 << bits)


def largest_beside(
    spatial: ArrayLike, limits: Callable[[Floats], tuple[Any, Any]], cap: float
) -> Floats:
    """Return the largest A in [0, cap] whose limits (low, high) hold S, rounded upwards.

    By bisection: the limits draw nearer to each other as A grows.
    """
    s = np.asarray(spatial, dtype=np.float64)
    low, high = np.zeros_like(s), np.full_like(s, cap)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        least, most = limits(middle)
        # They are averages: one rounding must not make an attained S impossible.
        possible = (least <= s + _ROUNDING) & (s <= most + _ROUNDING)
        low, high = np.where(possible, middle, low), np.where(possible, high, middle)
    return high


def _check_eps(eps: float) -> float:
    return check_real("eps", eps, low=0, rule="be a finite number of at least 0")


def _residuals(way: Floats, eps: float) -> Floats:
    left = np.maximum(np.abs(way) - _check_eps(eps), 0)
    return np.asarray(np.sqrt(np.square(left).sum(axis=1)), dtype=np.float64)
