"""More than two classes: every pair of templates bounds the pair's confusion.

Statement I8 of docs/theory/images.md. An attack that pushes class k towards the transformed class
l makes answers that are right after the attack wrong after the transformation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from ...arrays import Floats
from ...checks import check_real, real_array
from ...errors import InputError


def confusion_bound(adversarial: ArrayLike, distances: ArrayLike) -> Floats:
    """Return how often class l, transformed, is taken for k at least: Phi(Phi^-1(A_k) - D_kl).

    A_k, shape (K,), is the probability that an attacked image of class k is recognised, D_kl,
    shape (K, K), what an attack leaves of the way from m_k to the transformed m_l. For k = l it is
    a bound on the accuracy on transformed images of class k.

    Examples
    --------
    >>> confusion_bound([0.9, 0.8], [[4.0, 0.0], [0.0, 4.0]]).round(2)
    array([[0. , 0.9],
           [0.8, 0. ]])
    """
    a = real_array("adversarial", "be accuracies in [0, 1]", adversarial)
    dist = real_array("distances", "be a square matrix", distances)
    if a.ndim != 1 or not ((a >= 0) & (a <= 1)).all():
        raise InputError("adversarial", "be accuracies in [0, 1]", adversarial)
    if dist.shape != (len(a), len(a)) or not (dist >= 0).all():
        raise InputError("distances", f"be {len(a)} x {len(a)} numbers >= 0", dist.shape)
    return np.asarray(ndtr(ndtri(a)[:, None] - dist))


def spatial_bound(adversarial: float, distances: ArrayLike) -> float:
    """Return the largest S possible beside A, both means over K equally likely classes.

    The largest 1 - (1/K) sum_k h_k(A_k), h_k(u) = sum over l != k of Phi(Phi^-1(u) - D_kl), for A_k
    of mean A. Each h_k is convex: all slopes are one at the optimum, and any common slope gives
    a bound by duality, so that the value is rounded upwards.

    Examples
    --------
    >>> round(spatial_bound(0.76376, [[0, 2.0], [2.0, 0]]), 4)
    0.9
    """
    a = check_real("adversarial", adversarial, low=0, high=1)
    dist = real_array("distances", "be a square matrix", distances)
    count = len(dist)
    confusion_bound(np.full(count, a), dist)  # checks the distances
    off = ~np.eye(count, dtype=bool)

    def slopes(q: Floats) -> Floats:
        """Slope of h_k at u = Phi(q_k)."""
        found = np.exp(np.minimum(dist * q[:, None] - dist**2 / 2, 600))
        return np.asarray((found * off).sum(axis=1))

    def at(slope: float) -> Floats:
        """Phi^-1 of the A_k where every h_k has this slope, by bisection."""
        low, high = np.full(count, -38.0), np.full(count, 38.0)
        for _ in range(45):
            middle = (low + high) / 2
            small = slopes(middle) < slope
            low, high = np.where(small, middle, low), np.where(small, high, middle)
        return (low + high) / 2

    low, high = -800.0, 400.0
    for _ in range(50):
        middle = (low + high) / 2
        if float(ndtr(at(np.exp(middle))).mean()) < a:
            low = middle
        else:
            high = middle
    slope = float(np.exp((low + high) / 2))
    q = at(slope)
    confusion = ndtr(q[:, None] - dist) * off
    value = 1 - float(confusion.sum()) / count + slope * float(ndtr(q).mean() - a)
    return min(max(value, 0.0), 1.0)
