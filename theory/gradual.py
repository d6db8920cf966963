"""The gradual laws: what holds between S and A at every budget, for every classifier.

They are stated for one transformation g and any template mu of norm M (proofs:
docs/theory/laws.md): cyclic shifts of +-1 words are the case M = 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from ..checks import fractions
from .accuracy import MEAN_NORM, mixture_accuracy
from .roots import curve_position, mixture_inverse

Floats = NDArray[np.float64]

# From this h = L/D on, Phi(t + h) and Phi(t - h) never both differ from 0 and 1 in doubles.
_WIDE = 40.0
# Phi(-40) is 0 in double precision: the far end of a curve.
_FAR = 40.0


def neyman_pearson(accuracy: ArrayLike, distance: ArrayLike) -> Any:
    """Return T_D(u) = Phi(D - Phi^-1(u)).

    If one of two normal classes, N(0, I) and N(mu, I) with ||mu|| = D, is recognised with
    probability u, the other is recognised with probability at most T_D(u) (Neyman and
    Pearson, 1933; Lemma L3 of docs/theory/laws.md). Decreasing and concave in u; T_0(u) = 1 - u.

    Parameters
    ----------
    accuracy : array_like, any shape
        u in [0, 1].
    distance : array_like, broadcast with `accuracy`
        D >= 0, finite.

    Returns
    -------
    float64 or ndarray of float64
        Probabilities in [0, 1], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

    Examples
    --------
    >>> round(float(neyman_pearson(0.9, 2.0)), 6)
    0.76376
    """
    u, dist = fractions(accuracy=accuracy, distance=distance)
    return ndtr(dist - ndtri(u))[()]


def gradual_adversarial(
    spatial: ArrayLike,
    p: ArrayLike,
    distance: ArrayLike,
    *,
    tight: bool = False,
    mean_norm: ArrayLike = MEAN_NORM,
) -> Any:
    """Return the gradual upper law: the largest A possible beside S_g = S.

    An attack that leaves x0 alone pushes the mean of X towards that of g X with the other
    label; `distance` is what remains of the way. By the Neyman-Pearson lemma, given x0, the
    accuracy after the attack is at most T_D of the accuracy on g X where x0 has the other
    sign, T_D(u) = Phi(D - Phi^-1(u)). Maximised over the two accuracies that average to S
    this is, with G(t) = p Phi(t + L/D) + (1-p) Phi(t - L/D),

        U0_D(S) = G(D - t), where G(t) = S,

    and for D = 0: 1 - (1-p) S/p up to S = p, then p (1-S)/(1-p). Its own inverse. Proofs:
    Theorem L4 of docs/theory/laws.md and the propositions after it.

    Parameters
    ----------
    spatial : array_like, any shape
        S_g, accuracy on g X, in [0, 1].
    p : array_like, broadcast with `spatial`
        Probability in [1/2, 1] that x0 equals the label.
    distance : array_like, broadcast with `spatial`
        D >= 0; see :func:`spadv.theory.bounds.residual`.
    tight : bool
        Add that the two accuracies come from one classifier of means 2M apart,
        ``q_- <= T_2M(q_+)``: U instead of U0. Smaller for large S; NaN for S above the Bayes
        accuracy, which no classifier has. For D > 2M, which no residual is, U0 is returned:
        valid, not sharp.
    mean_norm : array_like, broadcast with `spatial`
        M = ||mu||, above 0.

    Returns
    -------
    float64 or ndarray of float64
        The largest A, in [0, 1] or NaN, of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

    Examples
    --------
    >>> round(float(gradual_adversarial(0.97, 0.7, 1.0)), 6)
    0.274365
    >>> round(float(gradual_adversarial(0.97, 0.7, 1.0, tight=True)), 6)
    0.272692
    """
    arrays = fractions(spatial=spatial, p=p, distance=distance, mean_norm=mean_norm)
    shape = arrays[0].shape
    s, p, dist, norm = (array.ravel() for array in arrays)
    odds, h = _spread(p, dist)
    t, value = _loose(s, p, dist, h)
    if tight:
        binding = (t > norm) & (p < 1) & (p > 0.5) & (dist <= 2 * norm)
        if binding.any():
            b = np.flatnonzero(binding)
            low, high = _curve_ends(odds[b], norm[b], h[b])
            v = curve_position(s[b], p[b], norm[b], low, high, rising=False)
            value[b] = mixture_accuracy(dist[b] - norm[b], v, p[b])
        # The Bayes accuracy itself, however it was rounded, is within.
        value = np.where(s <= _bayes(p, odds, norm) + 1e-14, value, np.nan)
    return np.clip(value, 0, 1).reshape(shape)[()]


def gradual_spatial(
    adversarial: ArrayLike,
    p: ArrayLike,
    distance: ArrayLike,
    *,
    tight: bool = False,
    mean_norm: ArrayLike = MEAN_NORM,
) -> Any:
    """Return the gradual upper law read the other way: the largest S_g possible beside A.

    U0 is its own inverse. U falls along U0 up to t = M and then along the curve
    A = p Phi(D - M + v) + (1-p) Phi(D - M - v), S = p Phi(M + v) + (1-p) Phi(M - v), on
    which A rises with v from L/(2M), the Bayes classifier's, to L/D. Proposition L4b of
    docs/theory/laws.md.

    Parameters
    ----------
    adversarial : array_like, any shape
        A in [0, 1].
    p, distance, tight, mean_norm
        As in :func:`gradual_adversarial`.

    Returns
    -------
    float64 or ndarray of float64
        In [0, 1], with `tight` at most the Bayes accuracy; of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

    Examples
    --------
    >>> a = gradual_adversarial(0.8, 0.7, 1.0)
    >>> round(float(gradual_spatial(a, 0.7, 1.0)), 9)
    0.8
    """
    arrays = fractions(adversarial=adversarial, p=p, distance=distance, mean_norm=mean_norm)
    if not tight:
        return gradual_adversarial(*arrays[:3])
    shape = arrays[0].shape
    a, p, dist, norm = (array.ravel() for array in arrays)
    odds, h = _spread(p, dist)
    t, value = _loose(a, p, dist, h)
    binding = (dist - t > norm) & (p < 1) & (p > 0.5) & (dist <= 2 * norm)
    # Up to the adversarial accuracy of the Bayes classifier, that one is the best.
    free = mixture_accuracy(dist - norm, odds / (2 * norm), p)
    value = np.where(binding & (a <= free), 1.0, value)
    binding &= a > free
    if binding.any():
        b = np.flatnonzero(binding)
        low, high = _curve_ends(odds[b], norm[b], h[b])
        v = curve_position(a[b], p[b], dist[b] - norm[b], low, high, rising=True)
        value[b] = mixture_accuracy(norm[b], v, p[b])
    value = np.minimum(value, _bayes(p, odds, norm))
    return np.clip(value, 0, 1).reshape(shape)[()]


def lower_spatial_at(adversarial: ArrayLike, distance: ArrayLike) -> Any:
    """Return the lower law: S_g >= Phi(Phi^-1(A) - D').

    An attack can push the mean of X towards that of g X with the same label; D' is what
    remains of the way. Theorem L5 of docs/theory/laws.md.

    Parameters
    ----------
    adversarial : array_like, any shape
        A in [0, 1].
    distance : array_like, broadcast with `adversarial`
        D' >= 0, for +-1 words (4 - e)_+ sqrt(delta).

    Returns
    -------
    float64 or ndarray of float64
        The smallest S_g, in [0, 1], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

    Examples
    --------
    >>> float(lower_spatial_at(0.6, 0.0))
    0.6
    """
    a, dist = fractions(adversarial=adversarial, distance=distance)
    return ndtr(ndtri(a) - dist)[()]


def lower_adversarial_at(spatial: ArrayLike, distance: ArrayLike) -> Any:
    """Return the lower law solved for A: A <= Phi(Phi^-1(S_g) + D').

    Theorem L5 of docs/theory/laws.md.

    Parameters
    ----------
    spatial : array_like, any shape
        S_g in [0, 1].
    distance : array_like, broadcast with `spatial`
        D' >= 0, as in :func:`lower_spatial_at`.

    Returns
    -------
    float64 or ndarray of float64
        The largest A, in [0, 1], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.
    """
    s, dist = fractions(spatial=spatial, distance=distance)
    return ndtr(ndtri(s) + dist)[()]


def _spread(p: Floats, dist: Floats) -> tuple[Floats, Floats]:
    """Return L, and h = L/D: 0 for p = 1/2, else infinite at D = 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        odds = np.log(p) - np.log1p(-p)
        return odds, np.where(odds > 0, odds / dist, 0.0)


def _loose(s: Floats, p: Floats, dist: Floats, h: Floats) -> tuple[Floats, Floats]:
    """Return t with G(t) = s, and U0 = G(D - t)."""
    wide = h > _WIDE
    narrow = np.where(wide, 0.0, h)
    t = mixture_inverse(s, narrow, p)
    value = mixture_accuracy(dist - t, narrow, p)
    if wide.any():
        # G has two steps: of the two accuracies q one is 0 or 1.
        below = s <= p
        with np.errstate(divide="ignore", invalid="ignore"):
            z = ndtri(np.where(below, s / p, (s - p) / (1 - p)))
            t = np.where(wide, np.where(below, z - h, z + h), t)
        steps = np.where(below, p, 0) + np.where(below, 1 - p, p) * ndtr(dist - z)
        value = np.where(wide, steps, value)
    return t, value


def _bayes(p: Floats, odds: Floats, norm: Floats) -> Floats:
    return np.asarray(mixture_accuracy(norm, odds / (2 * norm), p))


def _curve_ends(odds: Floats, norm: Floats, h: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the curve on which both Neyman-Pearson bounds are equalities."""
    low = odds / (2 * norm)
    return low, np.minimum(np.maximum(h, low), low + norm + _FAR)
