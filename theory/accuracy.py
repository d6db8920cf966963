"""Closed forms for accuracies on the Gaussian-plus-x0 distribution.

Pure functions, vectorised over every argument: p is the probability in [1/2, 1] that x0 equals the
label, L its log-odds, kappa in [-1, 1] a word's normalised autocorrelation at a shift; budgets are
e = eps sqrt(d) >= 0. All rules see only the sign of x0, which an attack with eps < 1 cannot change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit, ndtr, owens_t

from ..checks import fractions

#: Distance ||mu|| of each class mean from the origin; the class means are 4 apart.
MEAN_NORM = 2.0
#: Budget e = eps sqrt(d) at which an attack can exchange the two class means.
FULL_BUDGET = 4.0


def log_odds(p: ArrayLike) -> Any:
    """Return L = log(p/(1-p)) for p in [1/2, 1], the evidence of x0; infinite at p = 1.

    The log-likelihood ratio of x0 = +1 in docs/theory/laws.md, "Setting and notation".

    Examples
    --------
    >>> float(log_odds(0.5)), float(log_odds(1))
    (0.0, inf)
    """
    (p,) = fractions(p=p)
    return logit(p)[()]


def mixture_accuracy(t: ArrayLike, h: ArrayLike, p: ArrayLike) -> Any:
    """Return p Phi(t + h) + (1 - p) Phi(t - h).

    The accuracy of sign(b x0 + <w, x>) where <w, x>/||w|| has mean y t and h = b/||w||, which
    may be infinite: every closed form of this module is an instance (G_h in
    docs/theory/laws.md). Nothing is checked: NaN where an argument is NaN.

    Examples
    --------
    >>> round(float(mixture_accuracy(2, 0, 0.7)), 6)
    0.97725
    """
    t, h, p = (np.asarray(v, dtype=np.float64) for v in (t, h, p))
    return (p * ndtr(t + h) + (1 - p) * ndtr(t - h))[()]


def two_class_accuracy(norm: ArrayLike, p: ArrayLike) -> Any:
    """Return p Phi(M + L/(2M)) + (1-p) Phi(M - L/(2M)), M = `norm`; p for M = 0.

    The highest accuracy beside x0 on two classes N(+-m, I) with ||m|| = M: Theorem L1 of
    docs/theory/laws.md. Nothing is checked.

    Examples
    --------
    >>> float(two_class_accuracy(0, 0.7))
    0.7
    """
    norm, p = (np.asarray(v, dtype=np.float64) for v in (norm, p))
    odds = logit(p)
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.where(odds > 0, odds / (2 * norm), 0.0)
    return mixture_accuracy(norm, h, p)


def bayes_accuracy(p: ArrayLike) -> Any:
    """Return the highest accuracy of any classifier on (X, Y), and on (r_j X, Y).

    p Phi(2 + L/4) + (1-p) Phi(2 - L/4) for p in [1/2, 1], attained by
    sign(L x0 + (4/sqrt d) <c, x>): Theorem L1 of docs/theory/laws.md with M = 2.

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

    Examples
    --------
    >>> round(float(shifted_accuracy(0.25, 0.5)), 6)
    0.691462
    """
    kappa, p = fractions(kappa=kappa, p=p)
    return mixture_accuracy(2 * kappa, logit(p) / 4, p)


def robust_bayes_accuracy(p: ArrayLike, budget: ArrayLike, d: ArrayLike) -> Any:
    """Return A*(e), the highest adversarial accuracy of any classifier, for words of length d.

    With a = max(2 - e, 0) and eps = e/sqrt(d) < 1: p Phi(a + L/(2a)) + (1-p) Phi(a - L/(2a)),
    which is p for a = 0. From eps = 1 on the attack can overwrite x0: Phi(a). Theorem L2 of
    docs/theory/laws.md.

    Examples
    --------
    >>> float(robust_bayes_accuracy(0.7, 4.0, d=63))
    0.7
    >>> float(robust_bayes_accuracy(0.7, 4.0, d=7))  # eps > 1: x0 is overwritten
    0.5
    """
    p, e, d = fractions(p=p, budget=budget, d=d)
    a = np.maximum(MEAN_NORM - e, 0)
    return np.where(e >= np.sqrt(d), ndtr(a), two_class_accuracy(a, p))[()]


def two_shift_accuracy(kappa: ArrayLike, p: ArrayLike) -> Any:
    """Return S*(p, 2): the highest accuracy on X shifted by the identity or by r_1, at random.

    With two equally likely shifts of correlation kappa the log-odds are linear,
    L x0 + <mu_1 + mu_2, x>, and their means sqrt(2 (1 + kappa)) from the origin; p for
    kappa = -1. Proposition P12 of docs/theory/price.md.

    Examples
    --------
    >>> bool(np.isclose(two_shift_accuracy(1, 0.7), bayes_accuracy(0.7)))
    True
    """
    kappa, p = fractions(kappa=kappa, p=p)
    return two_class_accuracy(np.sqrt(2 * (1 + kappa)), p)


def bivariate_normal_cdf(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> Any:
    """Return Pr(U <= h, V <= k) for standard normal U, V of correlation rho.

    By Owen's T function, accurate to about 1e-15 (D. B. Owen, Annals of Mathematical
    Statistics 27 (1956), 1075-1090); exact limits at rho = +-1 and infinite h, k. Nothing is
    checked.

    Examples
    --------
    >>> round(float(bivariate_normal_cdf(0, 0, 0.5)), 6)
    0.333333
    """
    h, k, rho = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (h, k, rho)))
    # Products and quotients of smaller numbers would leave the range of doubles.
    h, k = (np.where(np.abs(v) < 1e-150, 0.0, v) for v in (h, k))
    root = np.sqrt(np.maximum((1 - rho) * (1 + rho), 0))
    sign, rest = np.where(rho < 0, -1.0, 1.0), 1 - np.abs(rho)
    with np.errstate(divide="ignore", invalid="ignore"):
        # k - rho h and h - rho k without the cancellation near rho = +-1.
        over_h = (k - sign * h) + sign * h * rest
        over_k = (h - sign * k) + sign * k * rest
        # At h = 0 the slope is +-infinity by the sign of its numerator, as Owen's T wants.
        slope_h = np.where(h == 0, np.copysign(np.inf, k), over_h / (h * root))
        slope_k = np.where(k == 0, np.copysign(np.inf, h), over_k / (k * root))
        beta = np.where((h * k > 0) | ((h * k == 0) & (h + k >= 0)), 0.0, 0.5)
        value = (ndtr(h) + ndtr(k)) / 2 - owens_t(h, slope_h) - owens_t(k, slope_k) - beta
    both_zero = (h == 0) & (k == 0)
    value = np.where(both_zero, 0.25 + np.arcsin(np.clip(rho, -1, 1)) / (2 * np.pi), value)
    # Perfect correlation, and a coordinate that is certain.
    value = np.where(rho >= 1, ndtr(np.minimum(h, k)), value)
    value = np.where(rho <= -1, np.maximum(ndtr(h) + ndtr(k) - 1, 0), value)
    value = np.where(np.isinf(h) | np.isinf(k), ndtr(h) * ndtr(k), value)
    return np.clip(value, 0, 1)[()]
