"""Mixture (dual) bounds: one Bayes problem bounds a weighted sum of accuracies.

If f has accuracy a_k on the class-conditional means +-y m_k (x0 as given), then
sum_k w_k a_k is at most the value of the Bayes problem that mixes N(y m_k, I) with weights
w_k. With m_0 = nu a mean that the attack can reach and m_g = g mu this bounds w A + S; any
nu and w give a valid bound (docs/theory/laws.md).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from ..checks import check_integer, check_probability, check_real
from ..errors import InputError
from ..stats import Interval
from .template import TemplateModel

Floats = NDArray[np.float64]

_SCRAMBLINGS = 16
_BLOCK = 1 << 11


class MixtureValue(NamedTuple):
    """Value of a mixed Bayes problem, with a confidence interval.

    Attributes
    ----------
    value : float
        The estimated value.
    interval : Interval
        Confidence interval of the true one.
    """

    value: float
    interval: Interval


def mixture_value(
    means: ArrayLike,
    weights: ArrayLike,
    p: float,
    *,
    rng: np.random.Generator,
    bits: int = 12,
    level: float = 0.999,
) -> MixtureValue:
    """Return max over all classifiers of sum_k w_k Pr(f = Y | means +-y m_k).

    The integral of max(p f, (1-p) g), f and g the mixtures of N(m_k, I) and of N(-m_k, I), over
    the span of the means, by scrambled Sobol points around every mean, with a t interval over 16
    scramblings. Theorem L9 of docs/theory/laws.md.

    Parameters
    ----------
    means : array_like, shape (K, d)
        The means m_k.
    weights : array_like, shape (K,)
        w_k, not negative, not all 0.
    p : float
        Probability in [1/2, 1] that x0 equals the label.
    rng : numpy.random.Generator
        Seeds the scramblings.
    bits : int
        2^bits points in each scrambling.
    level : float
        Confidence level.

    Raises
    ------
    InputError
        If an argument has another shape or is out of range.

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
    coordinates = _span(m)
    seeds = rng.integers(2**63, size=_SCRAMBLINGS)
    values = np.array([_value(int(seed), bits, coordinates, w, p) for seed in seeds])
    value = float(values.mean())
    spread = float(values.std(ddof=1)) / math.sqrt(_SCRAMBLINGS)
    half = -float(stdtrit(_SCRAMBLINGS - 1, (1 - level) / 2)) * spread
    return MixtureValue(value, Interval(value - half, value + half, level))


def _span(means: Floats) -> Floats:
    """Return the means in an orthonormal basis of their span, shape (K, r), r >= 1."""
    left, sizes, _ = np.linalg.svd(means, full_matrices=False)
    rank = max(1, int((sizes > 1e-12 * max(1.0, sizes[0])).sum()))
    return np.asarray((left * sizes)[:, :rank])


def _value(seed: int, bits: int, means: Floats, weights: Floats, p: float) -> float:
    """Return the mean over 2^bits points: the posterior of the likelier label, summed.

    Sampling around +m_k with weight w_k (the mixtures at -m_k follow by symmetry), the
    contribution of a point is (max(p f_+, q f_-) + max(p f_-, q f_+))/(f_+ + f_-), q = 1-p.
    """
    from scipy.stats.qmc import Sobol  # a second to import

    sampler = Sobol(means.shape[1], scramble=True, rng=np.random.default_rng(seed))
    half_norms = np.square(means).sum(axis=1) / 2
    total = 0.0
    for _ in range(max(1, (1 << bits) // _BLOCK)):
        normal = ndtri(np.maximum(sampler.random(min(_BLOCK, 1 << bits)), 2.0**-33))
        for mean, weight in zip(means, weights, strict=True):
            inner = (normal + mean) @ means.T
            odds = _log_sum(inner - half_norms, weights) - _log_sum(-inner - half_norms, weights)
            plus = 1 / (1 + np.exp(-odds))
            best = np.maximum(p * plus, (1 - p) * (1 - plus))
            other = np.maximum(p * (1 - plus), (1 - p) * plus)
            total += weight * float((best + other).sum())
    return total / (1 << bits)


def _log_sum(exponents: Floats, weights: Floats) -> Floats:
    top = exponents.max(axis=1)
    return np.asarray(top + np.log(np.exp(exponents - top[:, None]) @ weights))


def mixture_adversarial(
    model: TemplateModel,
    spatial: float,
    eps: float,
    *,
    rng: np.random.Generator,
    weights: ArrayLike = (0.25, 0.5, 1.0, 2.0, 4.0),
    bits: int = 10,
) -> float:
    """Return an upper bound on A beside S, the accuracy averaged over the law pi.

    The least of (V(w, nu) - S)/w over the given weights and over nu: the mean moved by the
    attack towards -g mu or towards the origin, as far as it goes. V is taken at the upper
    end of its interval; all intervals hold together at level 0.999. Theorem L9 of
    docs/theory/laws.md.

    Parameters
    ----------
    model : TemplateModel
        Template, p, transformations and their law.
    spatial : float
        S in [0, 1].
    eps : float
        l-infinity budget, at least 0, in the template's units.
    rng : numpy.random.Generator
        Seeds the quadrature.
    weights : array_like, shape (k,)
        Values of w above 0 to try; more give a sharper bound.
    bits : int
        2^bits points in each of 16 scramblings.

    Returns
    -------
    float
        At most the robust Bayes accuracy.

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    s = check_real("spatial", spatial, low=0, high=1)
    eps = check_real("eps", eps, low=0, rule="be a finite number of at least 0")
    tried = np.asarray(weights, dtype=np.float64)
    if tried.ndim != 1 or not (tried > 0).all():
        raise InputError("weights", "be numbers above 0", weights)
    targets = [np.zeros_like(model.mean), *(-model.images)]
    reached = {
        tuple(np.round(nu, 12)): nu
        for nu in (model.mean + np.clip(t - model.mean, -eps, eps) for t in targets)
    }
    best = model.robust_bayes_accuracy(eps)
    # All intervals together hold at 0.999 (Bonferroni).
    level = 1 - 0.001 / (len(reached) * tried.size)
    law = model.transformations.probabilities
    for nu in reached.values():
        means = np.concatenate([nu[None], model.images])
        for w in tried:
            mixed = np.concatenate([[w], law])
            top = mixture_value(
                means, mixed, model.p, rng=rng, bits=bits, level=level
            ).interval.high
            best = min(best, (top - s) / w)
    return max(best, 0.0)
