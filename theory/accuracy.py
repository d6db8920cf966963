"""Closed forms for accuracies on the Gaussian-plus-x0 distribution.

Pure functions, vectorised over every argument; budgets are e = eps sqrt(d). All rules see
only the sign of x0, which an attack with eps < 1 cannot change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit, ndtr, owens_t

from ..errors import InputError

Floats = NDArray[np.float64]

#: Distance ||mu|| of each class mean from the origin; the class means are 4 apart.
MEAN_NORM = 2.0
#: Budget e = eps sqrt(d) at which an attack can exchange the two class means.
FULL_BUDGET = 4.0


def log_odds(p: ArrayLike) -> Any:
    """Return L = log(p/(1-p)), the evidence of x0; infinite at p = 1.

    The log-likelihood ratio of x0 = +1 in docs/theory/laws.md, "Setting and notation".

    Parameters
    ----------
    p : array_like, any shape
        Probability in [1/2, 1] that x0 equals the label.

    Returns
    -------
    float64 or ndarray of float64
        In [0, inf], of the shape of `p`.

    Raises
    ------
    InputError
        If some p lies outside [1/2, 1].

    Examples
    --------
    >>> float(log_odds(0.5)), float(log_odds(1))
    (0.0, inf)
    """
    array = _in_range("p", p, 0.5, 1, "lie in [1/2, 1]")
    return logit(array)[()]


def mixture_accuracy(t: ArrayLike, h: ArrayLike, p: ArrayLike) -> Any:
    """Return p Phi(t + h) + (1 - p) Phi(t - h).

    The accuracy of sign(b x0 + <w, x>) where <w, x>/||w|| has mean y t and h = b/||w||:
    every closed form of this module is an instance (G_h in docs/theory/laws.md). Nothing is
    checked: NaN where an argument is NaN.

    Parameters
    ----------
    t : array_like, any shape
        Mean of the margin, in standard deviations.
    h : array_like, broadcast with `t`
        Threshold b/||w||, in the same unit; may be infinite.
    p : array_like, broadcast with `t`
        Probability in [1/2, 1] that x0 equals the label.

    Returns
    -------
    float64 or ndarray of float64
        Accuracies in [0, 1], of the arguments' broadcast shape.

    Examples
    --------
    >>> round(float(mixture_accuracy(2, 0, 0.7)), 6)
    0.97725
    """
    t, h, p = (np.asarray(v, dtype=np.float64) for v in (t, h, p))
    return (p * ndtr(t + h) + (1 - p) * ndtr(t - h))[()]


def bayes_accuracy(p: ArrayLike) -> Any:
    """Return the highest accuracy of any classifier on (X, Y), and on (r_j X, Y).

    p Phi(2 + L/4) + (1-p) Phi(2 - L/4), attained by sign(L x0 + (4/sqrt d) <c, x>):
    Theorem L1 of docs/theory/laws.md with M = 2.

    Parameters
    ----------
    p : array_like, any shape
        Probability in [1/2, 1] that x0 equals the label.

    Returns
    -------
    float64 or ndarray of float64
        Accuracies in [0.977, 1], of the shape of `p`.

    Raises
    ------
    InputError
        If some p lies outside [1/2, 1].

    Examples
    --------
    >>> round(float(bayes_accuracy(0.5)), 6)
    0.97725
    """
    return shifted_accuracy(1.0, p)


def shifted_accuracy(kappa: ArrayLike, p: ArrayLike) -> Any:
    """Return the accuracy of the Bayes classifier of X when it is applied to r_j X.

    p Phi(2 kappa + L/4) + (1-p) Phi(2 kappa - L/4): increasing in kappa, and increasing
    in p for every kappa <= 1. The printed proof of Proposition 1 has a smaller variance
    for the shifted sum and so a larger argument in place of 2 kappa (arXiv 2002.11318,
    Proposition 1; the claim `prop1.variance`).

    Parameters
    ----------
    kappa : array_like, any shape
        Normalised autocorrelation of the word at the shift, in [-1, 1].
    p : array_like, broadcast with `kappa`
        Probability in [1/2, 1] that x0 equals the label.

    Returns
    -------
    float64 or ndarray of float64
        Accuracies in [0, 1], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some kappa or p is out of range.

    Examples
    --------
    >>> round(float(shifted_accuracy(0.25, 0.5)), 6)
    0.691462
    """
    k = _in_range("kappa", kappa, -1, 1, "lie in [-1, 1]")
    return mixture_accuracy(2 * k, log_odds(p) / 4, p)


def robust_margin(budget: ArrayLike) -> Any:
    """Return a = max(2 - e, 0), the norm of the class means +-nu that an attack leaves.

    Every coordinate of the mean has size 2/sqrt(d). Moving each by eps towards 0, as an
    attack that knows the label can, leaves a norm of 2 - e; from e = 2 on the two classes
    can be brought together. Theorem L2 of docs/theory/laws.md.

    Parameters
    ----------
    budget : array_like, any shape
        e = eps sqrt(d), at least 0.

    Returns
    -------
    float64 or ndarray of float64
        Norms in [0, 2], of the shape of `budget`.

    Raises
    ------
    InputError
        If some budget is negative or NaN.

    Examples
    --------
    >>> float(robust_margin(1.5)), float(robust_margin(3))
    (0.5, 0.0)
    """
    e = _in_range("budget", budget, 0, np.inf, "be at least 0")
    return np.maximum(MEAN_NORM - e, 0)[()]


def robust_bayes_accuracy(p: ArrayLike, budget: ArrayLike, d: ArrayLike) -> Any:
    """Return A*(e), the highest adversarial accuracy of any classifier.

    With a = max(2 - e, 0) and eps = e/sqrt(d) < 1: p Phi(a + L/(2a)) + (1-p) Phi(a - L/(2a)),
    which is p for a = 0. From eps = 1 on the attack can overwrite x0: Phi(a).

    Upper bound: shifting both means inwards is an attack, and leaves the problem of telling
    N(+-nu, I) apart with ||nu|| = a. Attained: by the linear rule along nu. Proof: Theorem L2
    of docs/theory/laws.md.

    Parameters
    ----------
    p : array_like, any shape
        Probability in [1/2, 1] that x0 equals the label.
    budget : array_like, broadcast with `p`
        e = eps sqrt(d), at least 0.
    d : array_like, broadcast with `p`
        Length of the word, at least 1.

    Returns
    -------
    float64 or ndarray of float64
        Accuracies in [1/2, 1], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some argument is out of range.

    Examples
    --------
    >>> float(robust_bayes_accuracy(0.7, 4.0, d=63))
    0.7
    >>> float(robust_bayes_accuracy(0.7, 4.0, d=7))  # eps > 1: x0 is overwritten
    0.5
    """
    a = np.asarray(robust_margin(budget))
    odds = np.asarray(log_odds(p))
    size = _in_range("d", d, 1, np.inf, "be at least 1")
    a, odds, prob, e, size = np.broadcast_arrays(a, odds, p, budget, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.where(odds > 0, odds / (2 * a), 0.0)
    return np.where(e >= np.sqrt(size), ndtr(a), mixture_accuracy(a, h, prob))[()]


def two_shift_accuracy(kappa: ArrayLike, p: ArrayLike) -> Any:
    """Return S*(p, 2): the highest accuracy on X shifted by the identity or by r_1, at random.

    With two equally likely shifts of correlation kappa the log-odds are linear,
    L x0 + <mu_1 + mu_2, x>, hence with s = sqrt(8 (1 + kappa)) the accuracy is
    p Phi((4 (1 + kappa) + L)/s) + (1-p) Phi((4 (1 + kappa) - L)/s); p for kappa = -1.
    Proposition P12 of docs/theory/price.md.

    Parameters
    ----------
    kappa : array_like, any shape
        Normalised autocorrelation of the word at the shift, in [-1, 1].
    p : array_like, broadcast with `kappa`
        Probability in [1/2, 1] that x0 equals the label.

    Returns
    -------
    float64 or ndarray of float64
        Accuracies in [p, 1], of the arguments' broadcast shape.

    Raises
    ------
    InputError
        If some kappa or p is out of range.

    Examples
    --------
    >>> bool(np.isclose(two_shift_accuracy(1, 0.7), bayes_accuracy(0.7)))
    True
    """
    k = _in_range("kappa", kappa, -1, 1, "lie in [-1, 1]")
    odds = np.asarray(log_odds(p))
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.where(odds > 0, odds / np.sqrt(8 * (1 + k)), 0.0)
    return mixture_accuracy(np.sqrt(2 * (1 + k)), h, p)


def bivariate_normal_cdf(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> Any:
    """Return Pr(U <= h, V <= k) for standard normal U, V of correlation rho.

    By Owen's T function, accurate to about 1e-15 (D. B. Owen, Annals of Mathematical
    Statistics 27 (1956), 1075-1090); exact limits at rho = +-1 and infinite h, k.

    Parameters
    ----------
    h, k : array_like, any shapes that broadcast
        Upper limits; may be infinite.
    rho : array_like, broadcast with `h`
        Correlation in [-1, 1]; not checked.

    Returns
    -------
    float64 or ndarray of float64
        Probabilities in [0, 1], of the arguments' broadcast shape.

    Examples
    --------
    >>> round(float(bivariate_normal_cdf(0, 0, 0.5)), 6)
    0.333333
    """
    h, k, rho = np.broadcast_arrays(
        np.asarray(h, dtype=np.float64), np.asarray(k, dtype=np.float64), rho
    )
    # Products and quotients of smaller numbers would leave the range of doubles.
    h, k = (np.where(np.abs(v) < 1e-150, 0.0, v) for v in (h, k))
    root = np.sqrt(np.maximum(1 - rho * rho, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        # At h = 0 the slope is +-infinity by the sign of its numerator, as Owen's T wants.
        slope_h = np.where(h == 0, np.copysign(np.inf, k), (k - rho * h) / (h * root))
        slope_k = np.where(k == 0, np.copysign(np.inf, h), (h - rho * k) / (k * root))
        beta = np.where((h * k > 0) | ((h * k == 0) & (h + k >= 0)), 0.0, 0.5)
        value = (ndtr(h) + ndtr(k)) / 2 - owens_t(h, slope_h) - owens_t(k, slope_k) - beta
    both_zero = (h == 0) & (k == 0)
    value = np.where(both_zero, 0.25 + np.arcsin(np.clip(rho, -1, 1)) / (2 * np.pi), value)
    # Perfect correlation, and a coordinate that is certain.
    value = np.where(rho >= 1, ndtr(np.minimum(h, k)), value)
    value = np.where(rho <= -1, np.maximum(ndtr(h) + ndtr(k) - 1, 0), value)
    value = np.where(np.isinf(h) | np.isinf(k), ndtr(h) * ndtr(k), value)
    return np.clip(value, 0, 1)[()]


def _in_range(argument: str, value: ArrayLike, low: float, high: float, rule: str) -> Floats:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(argument, rule, value) from None
    wrong = ~((array >= low) & (array <= high))  # True for NaN as well
    if wrong.any():
        raise InputError(argument, rule, array[wrong].ravel()[0].item())
    return array
