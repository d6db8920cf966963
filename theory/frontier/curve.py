"""The frontier of half-spaces along one direction: exact for one shift, and from e = 4 on.

With means +-m and attacks of size k along a line, and thresholds -+t by the sign of x0,

    S(t) = p Phi(m - t) + (1-p) Phi(m + t),  A(t) = p Phi(m - k - t) + (1-p) Phi(m - k + t).

One shift: m = 2, k = e, for every budget (Theorem F3 of docs/theory/frontiers.md). Two
shifts and e >= 4: m = 2 sqrt(1 - delta), k = e sqrt(1 - delta) (Theorem F6 there).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import check_budget, check_probability
from ..accuracy import MEAN_NORM, mixture_accuracy
from .hull import concave_hull, edge_weights, envelope, support

Floats = NDArray[np.float64]

# Thresholds beyond this lose less than 1e-16 of any accuracy, for means of at most 2 and
# attacks of at most 4; larger attacks only make the constant rules better.
_REACH = 12.0
_STEP = 2e-3


def half_space_point(t: ArrayLike, p: float, mean: float, attack: float) -> Floats:
    """Return (S, A) of the rule sign(z + t) for x0 = -1 and sign(z - t) for x0 = +1.

    Theorem F3 of docs/theory/frontiers.md says where these rules are the best.

    Parameters
    ----------
    t : array_like, any shape (...)
        Threshold; -inf gives sign(x0), which has S = A = p.
    p : float
        Probability in [1/2, 1] that x0 equals the label.
    mean, attack : float
        m and k: the statistic z is N(y m, 1) and the attack moves it by at most k.

    Returns
    -------
    ndarray, shape (..., 2)

    Examples
    --------
    >>> half_space_point(-np.inf, 0.7, 2.0, 3.0)
    array([0.7, 0.7])
    """
    array = np.asarray(t, dtype=np.float64)
    pairs = (mixture_accuracy(mean, -array, p), mixture_accuracy(mean - attack, -array, p))
    return np.stack(pairs, axis=-1)


def half_space_frontier(p: float, mean: float, attack: float) -> tuple[Floats, Floats]:
    """Return polylines (lower, upper) around the concave hull of all half-space points.

    Where it is the frontier of all classifiers: Theorems F3 and F6 of docs/theory/frontiers.md.

    Parameters
    ----------
    p, mean, attack
        As in :func:`half_space_point`.

    Returns
    -------
    lower, upper : ndarray, shapes (v, 2) and (u, 2)
        Vertices by increasing S. The lower ones are achieved; no half-space rule lies
        beyond the upper ones. The objective's second derivative in t is at most 0.25 (the
        largest slope of the normal density is below it), so between thresholds h apart it
        exceeds the larger end by at most h^2/32: 1.3e-7 here, added to the support values.
    """
    grid = np.arange(-_REACH - attack, _REACH + attack + _STEP, _STEP)
    points = half_space_point(np.concatenate([[-np.inf], grid]), p, mean, attack)
    lower = concave_hull(points)
    slack = _STEP**2 / 32
    weights = edge_weights(lower)
    if len(weights) > 400:
        weights = weights[np.unique(np.linspace(0, len(weights) - 1, 400).astype(int))]
    return lower, envelope({float(w): support(lower, float(w)) + slack for w in weights})


def one_shift_frontier(p: float, budget: float) -> tuple[Floats, Floats]:
    """Return the exact frontier of natural against adversarial accuracy, as polylines.

    Proved for every e = eps sqrt(d) >= 0 with eps < 1 and every measurable classifier, by
    Gaussian isoperimetry: half-spaces along the word are best for both accuracies at once
    (Theorem F3 of docs/theory/frontiers.md).

    Parameters
    ----------
    p : float
        Probability in [1/2, 1] that x0 equals the label.
    budget : float
        e = eps sqrt(d).

    Returns
    -------
    lower, upper : ndarray of float64, shapes (v, 2) and (u, 2)
        Vertices (S, A) by increasing S; see :func:`half_space_frontier`.

    Raises
    ------
    InputError
        If `p` is not in [1/2, 1] or the budget is negative.

    Examples
    --------
    >>> lower, upper = one_shift_frontier(0.5, 1.0)
    >>> lower.round(4)
    array([[0.9772, 0.8413]])
    """
    p, budget = check_probability("p", p), check_budget("budget", budget)
    return half_space_frontier(p, MEAN_NORM, budget)
