"""The laws that tie spatial accuracy S to adversarial accuracy A, as pure functions.

All are vectorised, take accuracies in [0, 1], p in [1/2, 1], how often x0 equals the label, and
budgets e = eps sqrt(d), and hold for *every* classifier. Laws of the paper (arXiv 2002.11318,
section 3) are stated for e >= 4 and return NaN below it; the gradual
laws hold for every budget. Attacks leave x0 alone, so a budget that can also overwrite x0
only makes the laws less sharp. The gradual laws are stated for one transformation g and any
template mu of norm M (proofs: docs/theory/laws.md): cyclic shifts of +-1 words are the case
M = 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit, ndtr, ndtri

from ..arrays import Floats
from ..checks import fractions
from .accuracy import FULL_BUDGET, MEAN_NORM, mixture_accuracy, two_class_accuracy
from .roots import curve_position, mixture_inverse

# From this h = L/D on, Phi(t + h) and Phi(t - h) never both differ from 0 and 1 in doubles.
_WIDE = 40.0
# Phi(-40) is 0 in double precision: the far end of a curve.
_FAR = 40.0


def theorem2_spatial(adversarial: ArrayLike, p: ArrayLike, budget: ArrayLike = FULL_BUDGET) -> Any:
    """Return Theorem 2(a): S <= (1 - A) p/(1-p), at most 1; NaN for a budget below 4.

    Plain-text copies of the paper print the bound as eta p(1-p); meant is eta p/(1-p) (Erratum E3).
    At p = 1 it says nothing: 1 (and 0 times infinity, for A = 1, is taken as 1 too).

    Examples
    --------
    >>> round(float(theorem2_spatial(0.7, 0.7)), 6)
    0.7
    """
    a, p, e = fractions(adversarial=adversarial, p=p, budget=budget)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.where(p < 1, np.minimum((1 - a) * p / (1 - p), 1), 1.0)
    return np.where(e >= FULL_BUDGET, bound, np.nan)[()]


def theorem2_adversarial(spatial: ArrayLike, p: ArrayLike, budget: ArrayLike = FULL_BUDGET) -> Any:
    """Return Theorem 2(b): A <= 1 - (1-p) S/p; NaN for a budget below 4.

    Examples
    --------
    >>> round(float(theorem2_adversarial(0.9, 0.7)), 4)
    0.6143
    """
    s, p, e = fractions(spatial=spatial, p=p, budget=budget)
    return np.where(e >= FULL_BUDGET, 1 - (1 - p) * s / p, np.nan)[()]


def theorem3_spatial(
    adversarial: ArrayLike, p: ArrayLike, n_shifts: ArrayLike, budget: ArrayLike = FULL_BUDGET
) -> tuple[Any, Any]:
    """Return the ends of Theorem 3's interval for S given A; NaN for a budget below 4.

    (1 - 1/n) A <= S <= (1 - 1/n) + (1/n) (1 - A) p/(1-p), with n = d/m shifts, capped at 1.
    True but loose: A <= S <= min(1, (1 - A) p/(1-p)), Theorem L7 of docs/theory/laws.md.

    Examples
    --------
    >>> low, high = theorem3_spatial(0.6, 0.6, 2)
    >>> round(float(low), 6), round(float(high), 6)
    (0.3, 0.8)
    """
    a, p, n, e = fractions(adversarial=adversarial, p=p, n_shifts=n_shifts, budget=budget)
    rest = 1 - 1 / n
    with np.errstate(divide="ignore", invalid="ignore"):
        high = np.where(p < 1, np.minimum(rest + (1 - a) * p / (1 - p) / n, 1), 1.0)
    low, high = (np.where(e >= FULL_BUDGET, end, np.nan)[()] for end in (rest * a, high))
    return low, high


def theorem3_adversarial(
    spatial: ArrayLike, p: ArrayLike, n_shifts: ArrayLike, budget: ArrayLike = FULL_BUDGET
) -> Any:
    """Return the largest A that Theorem 3 allows given S; NaN for a budget below 4.

    Both of its inequalities solved for A: min(S n/(n-1), 1 - (n S - n + 1)(1-p)/p), within [0, 1].

    Examples
    --------
    >>> round(float(theorem3_adversarial(0.8, 0.6, 2)), 6)
    0.6
    """
    s, p, n, e = fractions(spatial=spatial, p=p, n_shifts=n_shifts, budget=budget)
    with np.errstate(divide="ignore", invalid="ignore"):
        from_low = np.where(n > 1, s / (1 - 1 / n), np.inf)
    from_high = 1 - (n * s - n + 1) * (1 - p) / p
    bound = np.clip(np.minimum(from_low, from_high), 0, 1)
    return np.where(e >= FULL_BUDGET, bound, np.nan)[()]


def residual(budget: ArrayLike, delta: ArrayLike) -> Any:
    """Return D = (4 - e)_+ sqrt(1 - delta): what is left of the way from mu to -r_j mu.

    D_g of docs/theory/laws.md, section 4, for +-1 words; delta in [0, 1] is the fraction of
    coordinates in which the word and its shift differ.

    Examples
    --------
    >>> float(residual(2.0, 0.0))
    2.0
    """
    e, delta = fractions(budget=budget, delta=delta)
    return (np.maximum(FULL_BUDGET - e, 0) * np.sqrt(1 - delta))[()]


def neyman_pearson(accuracy: ArrayLike, distance: ArrayLike) -> Any:
    """Return T_D(u) = Phi(D - Phi^-1(u)), for u = `accuracy` and D = `distance` >= 0.

    If one of two normal classes, N(0, I) and N(mu, I) with ||mu|| = D, is recognised with
    probability u, the other is recognised with probability at most T_D(u) (Neyman and
    Pearson, 1933; Lemma L3 of docs/theory/laws.md). Decreasing and concave in u; T_0(u) = 1 - u.

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
    """Return the gradual upper law: the largest A possible given S_g = S.

    An attack that leaves x0 alone pushes the mean of X towards that of g X with the other
    label; `distance` is what remains of the way. By the Neyman-Pearson lemma, given x0, the
    accuracy after the attack is at most T_D of the accuracy on g X where x0 has the other
    sign, T_D(u) = Phi(D - Phi^-1(u)). Maximised over the two accuracies that average to S
    this is, with G(t) = p Phi(t + L/D) + (1-p) Phi(t - L/D),

        U0_D(S) = G(D - t), where G(t) = S,

    and for D = 0: 1 - (1-p) S/p up to S = p, then p (1-S)/(1-p). Its own inverse. Proofs:
    Theorem L4 of docs/theory/laws.md and the propositions after it.

    `distance` is D >= 0 (see :func:`residual`), `mean_norm` is M = ||mu|| > 0. With `tight` it is
    added that the two accuracies come from one classifier of means 2M apart, ``q_- <= T_2M(q_+)``:
    U instead of U0. Smaller for large S; NaN for S above the Bayes accuracy, which no classifier
    has. For D > 2M, which no residual is, U0 is returned: valid, not sharp.

    Examples
    --------
    >>> round(float(gradual_adversarial(0.97, 0.7, 1.0)), 6)
    0.274365
    >>> round(float(gradual_adversarial(0.97, 0.7, 1.0, tight=True)), 6)
    0.272692
    """
    arrays = fractions(spatial=spatial, p=p, distance=distance, mean_norm=mean_norm)
    s, p, dist, norm = (array.ravel() for array in arrays)
    t, value = _loose(s, p, dist)
    if tight:
        binding = (t > norm) & (p < 1) & (p > 0.5) & (dist <= 2 * norm)
        if binding.any():
            b = np.flatnonzero(binding)
            v = _curve(s[b], norm[b], p[b], dist[b], norm[b], rising=False)
            value[b] = mixture_accuracy(dist[b] - norm[b], v, p[b])
        # The Bayes accuracy itself, however it was rounded, is within.
        value = np.where(s <= two_class_accuracy(norm, p) + 1e-14, value, np.nan)
    return np.clip(value, 0, 1).reshape(arrays[0].shape)[()]


def gradual_spatial(
    adversarial: ArrayLike,
    p: ArrayLike,
    distance: ArrayLike,
    *,
    tight: bool = False,
    mean_norm: ArrayLike = MEAN_NORM,
) -> Any:
    """Return the gradual upper law read the other way: the largest S_g possible given A.

    Arguments as in :func:`gradual_adversarial`. U0 is its own inverse. U falls along U0 up to
    t = M and then along the curve A = p Phi(D - M + v) + (1-p) Phi(D - M - v),
    S = p Phi(M + v) + (1-p) Phi(M - v), on which A rises with v from L/(2M), the Bayes
    classifier's, to L/D. Proposition L4b of docs/theory/laws.md.

    Examples
    --------
    >>> a = gradual_adversarial(0.8, 0.7, 1.0)
    >>> round(float(gradual_spatial(a, 0.7, 1.0)), 9)
    0.8
    """
    arrays = fractions(adversarial=adversarial, p=p, distance=distance, mean_norm=mean_norm)
    a, p, dist, norm = (array.ravel() for array in arrays)
    t, value = _loose(a, p, dist)
    if tight:
        binding = (dist - t > norm) & (p < 1) & (p > 0.5) & (dist <= 2 * norm)
        # Up to the adversarial accuracy of the Bayes classifier, that one is the best.
        free = mixture_accuracy(dist - norm, logit(p) / (2 * norm), p)
        value = np.where(binding & (a <= free), 1.0, value)
        binding &= a > free
        if binding.any():
            b = np.flatnonzero(binding)
            v = _curve(a[b], dist[b] - norm[b], p[b], dist[b], norm[b], rising=True)
            value[b] = mixture_accuracy(norm[b], v, p[b])
        value = np.minimum(value, two_class_accuracy(norm, p))
    return np.clip(value, 0, 1).reshape(arrays[0].shape)[()]


def lower_spatial_at(adversarial: ArrayLike, distance: ArrayLike) -> Any:
    """Return the lower law: S_g >= Phi(Phi^-1(A) - D'), D' = `distance` >= 0.

    An attack can push the mean of X towards that of g X with the same label; D' is what
    remains of the way. Theorem L5 of docs/theory/laws.md.

    Examples
    --------
    >>> float(lower_spatial_at(0.6, 0.0))
    0.6
    """
    a, dist = fractions(adversarial=adversarial, distance=distance)
    return ndtr(ndtri(a) - dist)[()]


def lower_adversarial_at(spatial: ArrayLike, distance: ArrayLike) -> Any:
    """Return the lower law solved for A: A <= Phi(Phi^-1(S_g) + D')."""
    s, dist = fractions(spatial=spatial, distance=distance)
    return ndtr(ndtri(s) + dist)[()]


def lower_spatial(adversarial: ArrayLike, budget: ArrayLike, delta: ArrayLike) -> Any:
    """Return the lower law for a shift: S_j >= Phi(Phi^-1(A) - (4 - e)_+ sqrt(delta_j)).

    delta_j in [0, 1] is the relative Hamming distance of the word and its shift. From e = 4 on
    an attack imitates the shift, so A <= S_j. Theorem L5 of docs/theory/laws.md.

    Examples
    --------
    >>> float(lower_spatial(0.6, 4.0, 0.5))
    0.6
    """
    return lower_spatial_at(adversarial, _way_to_shift(budget, delta))


def lower_adversarial(spatial: ArrayLike, budget: ArrayLike, delta: ArrayLike) -> Any:
    """Return the lower law solved for A: A <= Phi(Phi^-1(S_j) + (4 - e)_+ sqrt(delta_j))."""
    return lower_adversarial_at(spatial, _way_to_shift(budget, delta))


def _way_to_shift(budget: ArrayLike, delta: ArrayLike) -> Floats:
    e, delta = fractions(budget=budget, delta=delta)
    return np.maximum(FULL_BUDGET - e, 0) * np.sqrt(delta)


def _slope(p: Floats, dist: Floats) -> Floats:
    """Return h = L/D: 0 for p = 1/2, else infinite at D = 0."""
    odds = logit(p)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(odds > 0, odds / dist, 0.0)


def _loose(s: Floats, p: Floats, dist: Floats) -> tuple[Floats, Floats]:
    """Return t with G(t) = s, and U0 = G(D - t)."""
    h = _slope(p, dist)
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


def _curve(
    value: Floats, centre: Floats, p: Floats, dist: Floats, norm: Floats, *, rising: bool
) -> Floats:
    """Return where a curve on which both Neyman-Pearson bounds are equalities has a value."""
    low = logit(p) / (2 * norm)
    high = np.minimum(np.maximum(_slope(p, dist), low), low + norm + _FAR)
    return curve_position(value, p, centre, low, high, rising=rising)
