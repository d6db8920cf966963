"""The laws that tie spatial accuracy S to adversarial accuracy A, as pure functions.

All are vectorised, take fractions and budgets e = eps sqrt(d), and hold for *every*
classifier. Laws of the paper are stated for e >= 4 and return NaN below it; the gradual
laws hold for every budget. Attacks leave x0 alone, so a budget that can also overwrite x0
only makes the laws less sharp.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import fractions
from .accuracy import FULL_BUDGET, MEAN_NORM
from .gradual import (
    gradual_adversarial,
    gradual_spatial,
    lower_adversarial_at,
    lower_spatial_at,
    neyman_pearson,
)

__all__ = [
    "gradual_adversarial",
    "gradual_spatial",
    "lower_adversarial",
    "lower_adversarial_at",
    "lower_spatial",
    "lower_spatial_at",
    "neyman_pearson",
    "residual",
    "theorem2_adversarial",
    "theorem2_spatial",
    "theorem3_adversarial",
    "theorem3_spatial",
]


def theorem2_spatial(adversarial: ArrayLike, p: ArrayLike, budget: ArrayLike = FULL_BUDGET) -> Any:
    """Return Theorem 2(a): S <= (1 - A) p/(1-p), at most 1; NaN for a budget below 4.

    The text prints the bound as eta p(1-p); its proof has eta p/(1-p), which is meant here.
    At p = 1 it says nothing: 1 (and 0 times infinity, for A = 1, is taken as 1 too). Source:
    arXiv 2002.11318, section 3.

    Parameters
    ----------
    adversarial : array_like, any shape
        A in [0, 1].
    p : array_like, broadcast with `adversarial`
        Probability in [1/2, 1] that x0 equals the label.
    budget : array_like, broadcast with `adversarial`
        e = eps sqrt(d), at least 0.

    Returns
    -------
    float64 or ndarray of float64
        The largest S, in [0, 1] or NaN, of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

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

    Source: arXiv 2002.11318, section 3.

    Parameters
    ----------
    spatial : array_like, any shape
        S in [0, 1].
    p : array_like, broadcast with `spatial`
        Probability in [1/2, 1] that x0 equals the label.
    budget : array_like, broadcast with `spatial`
        e = eps sqrt(d), at least 0.

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
    >>> round(float(theorem2_adversarial(0.9, 0.7)), 4)
    0.6143
    """
    s, p, e = fractions(spatial=spatial, p=p, budget=budget)
    return np.where(e >= FULL_BUDGET, 1 - (1 - p) * s / p, np.nan)[()]


def theorem3_spatial(
    adversarial: ArrayLike, p: ArrayLike, n_shifts: ArrayLike, budget: ArrayLike = FULL_BUDGET
) -> tuple[Any, Any]:
    """Return Theorem 3's interval for S given A; NaN for a budget below 4.

    (1 - 1/n) A <= S <= (1 - 1/n) + (1/n) (1 - A) p/(1-p), with n = d/m shifts, capped at 1.
    True but loose: A <= S <= (1 - A) p/(1-p) holds. Source: arXiv 2002.11318, section 3, and
    Theorem L7 of docs/theory/laws.md.

    Parameters
    ----------
    adversarial : array_like, any shape
        A in [0, 1].
    p : array_like, broadcast with `adversarial`
        Probability in [1/2, 1] that x0 equals the label.
    n_shifts : array_like, broadcast with `adversarial`
        n = d/m, at least 1.
    budget : array_like, broadcast with `adversarial`
        e = eps sqrt(d), at least 0.

    Returns
    -------
    low, high : float64 or ndarray of float64
        The interval's ends, in [0, 1] or NaN, each of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

    Examples
    --------
    >>> low, high = theorem3_spatial(0.6, 0.6, 2)
    >>> round(float(low), 6), round(float(high), 6)
    (0.3, 0.8)
    """
    a, p, n, e = fractions(adversarial=adversarial, p=p, n_shifts=n_shifts, budget=budget)
    rest = 1 - 1 / n
    low = rest * a
    with np.errstate(divide="ignore", invalid="ignore"):
        high = np.where(p < 1, np.minimum(rest + (1 - a) * p / (1 - p) / n, 1), 1.0)
    applies = e >= FULL_BUDGET
    return np.where(applies, low, np.nan)[()], np.where(applies, high, np.nan)[()]


def theorem3_adversarial(
    spatial: ArrayLike, p: ArrayLike, n_shifts: ArrayLike, budget: ArrayLike = FULL_BUDGET
) -> Any:
    """Return the largest A that Theorem 3 allows beside S; NaN for a budget below 4.

    Both of its inequalities solved for A: min(S n/(n-1), 1 - (n S - n + 1)(1-p)/p), within
    [0, 1]. Source: arXiv 2002.11318, section 3.

    Parameters
    ----------
    spatial : array_like, any shape
        S in [0, 1].
    p : array_like, broadcast with `spatial`
        Probability in [1/2, 1] that x0 equals the label.
    n_shifts : array_like, broadcast with `spatial`
        n = d/m, at least 1.
    budget : array_like, broadcast with `spatial`
        e = eps sqrt(d), at least 0.

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

    D_g of docs/theory/laws.md, section 4, for +-1 words; delta is the fraction of coordinates in
    which the word and its shift differ.

    Parameters
    ----------
    budget : array_like, any shape
        e = eps sqrt(d), at least 0.
    delta : array_like, broadcast with `budget`
        Relative Hamming distance of the word and its shift, in [0, 1].

    Returns
    -------
    float64 or ndarray of float64
        Distances in [0, 4], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

    Examples
    --------
    >>> float(residual(2.0, 0.0))
    2.0
    """
    e, delta = fractions(budget=budget, delta=delta)
    return (np.maximum(2 * MEAN_NORM - e, 0) * np.sqrt(1 - delta))[()]


def lower_spatial(adversarial: ArrayLike, budget: ArrayLike, delta: ArrayLike) -> Any:
    """Return the lower law: S_j >= Phi(Phi^-1(A) - (4 - e)_+ sqrt(delta_j)).

    An attack can push the mean of X towards that of r_j X with the same label; from e = 4
    on it imitates the shift, so A <= S_j. Theorem L5 of docs/theory/laws.md.

    Parameters
    ----------
    adversarial : array_like, any shape
        A in [0, 1].
    budget : array_like, broadcast with `adversarial`
        e = eps sqrt(d), at least 0.
    delta : array_like, broadcast with `adversarial`
        Relative Hamming distance of the word and its shift, in [0, 1].

    Returns
    -------
    float64 or ndarray of float64
        The smallest S_j, in [0, 1], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

    Examples
    --------
    >>> float(lower_spatial(0.6, 4.0, 0.5))
    0.6
    """
    e, delta = fractions(budget=budget, delta=delta)
    return lower_spatial_at(adversarial, np.maximum(2 * MEAN_NORM - e, 0) * np.sqrt(delta))


def lower_adversarial(spatial: ArrayLike, budget: ArrayLike, delta: ArrayLike) -> Any:
    """Return the lower law solved for A: A <= Phi(Phi^-1(S_j) + (4 - e)_+ sqrt(delta_j)).

    Theorem L5 of docs/theory/laws.md.

    Parameters
    ----------
    spatial : array_like, any shape
        S_j in [0, 1].
    budget, delta
        As in :func:`lower_spatial`.

    Returns
    -------
    float64 or ndarray of float64
        The largest A, in [0, 1], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.
    """
    e, delta = fractions(budget=budget, delta=delta)
    return lower_adversarial_at(spatial, np.maximum(2 * MEAN_NORM - e, 0) * np.sqrt(delta))
