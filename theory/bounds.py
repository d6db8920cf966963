"""The laws that tie spatial accuracy S to adversarial accuracy A, as pure functions.

All are vectorised, take fractions and budgets e = eps sqrt(d), and hold for *every*
classifier. Laws of the paper are stated for e >= 4 and return NaN below it; the gradual
laws hold for every budget. Attacks leave x0 alone, so a budget that can also overwrite x0
only makes the laws less sharp.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from .accuracy import FULL_BUDGET, MEAN_NORM, bayes_accuracy, log_odds, mixture_accuracy
from .errors import InputError

Floats = NDArray[np.float64]

_NEWTON_STEPS = 60


def theorem2_spatial(adversarial: ArrayLike, p: ArrayLike, budget: ArrayLike = FULL_BUDGET) -> Any:
    """Return Theorem 2(a): S <= (1 - A) p/(1-p), at most 1; NaN for a budget below 4.

    The text prints the bound as eta p(1-p); its proof has eta p/(1-p), which is meant here.
    At p = 1 it says nothing: 1 (and 0 * infinity, for A = 1, is taken as 1 too).

    Examples
    --------
    >>> round(float(theorem2_spatial(0.7, 0.7)), 6)
    0.7
    """
    a, p, e = _fractions(adversarial=adversarial, p=p, budget=budget)
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
    s, p, e = _fractions(spatial=spatial, p=p, budget=budget)
    return np.where(e >= FULL_BUDGET, 1 - (1 - p) * s / p, np.nan)[()]


def theorem3_spatial(
    adversarial: ArrayLike, p: ArrayLike, n_shifts: ArrayLike, budget: ArrayLike = FULL_BUDGET
) -> tuple[Any, Any]:
    """Return Theorem 3's interval for S given A; NaN for a budget below 4.

    (1 - 1/n) A <= S <= (1 - 1/n) + (1/n) (1 - A) p/(1-p), with n = d/m shifts, capped at 1.
    True but loose: A <= S <= (1 - A) p/(1-p) holds.

    Examples
    --------
    >>> low, high = theorem3_spatial(0.6, 0.6, 2)
    >>> round(float(low), 6), round(float(high), 6)
    (0.3, 0.8)
    """
    a, p, n, e = _fractions(adversarial=adversarial, p=p, n_shifts=n_shifts, budget=budget)
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
    [0, 1].

    Examples
    --------
    >>> round(float(theorem3_adversarial(0.8, 0.6, 2)), 6)
    0.6
    """
    s, p, n, e = _fractions(spatial=spatial, p=p, n_shifts=n_shifts, budget=budget)
    with np.errstate(divide="ignore"):
        from_low = np.where(n > 1, s / (1 - 1 / n), np.inf)
    from_high = 1 - (n * s - n + 1) * (1 - p) / p
    bound = np.clip(np.minimum(from_low, from_high), 0, 1)
    return np.where(e >= FULL_BUDGET, bound, np.nan)[()]


def residual(budget: ArrayLike, delta: ArrayLike) -> Any:
    """Return D = (4 - e)_+ sqrt(1 - delta): what is left of the way from mu to -r_j mu.

    Examples
    --------
    >>> float(residual(2.0, 0.0))
    2.0
    """
    e, delta = _fractions(budget=budget, delta=delta)
    return (np.maximum(2 * MEAN_NORM - e, 0) * np.sqrt(1 - delta))[()]


def gradual_adversarial(
    spatial: ArrayLike, p: ArrayLike, distance: ArrayLike, *, tight: bool = False
) -> Any:
    """Return the gradual upper law: the largest A possible beside S_j = S.

    An attack that leaves x0 alone pushes the mean of X towards that of r_j X with the other
    label; `distance` is what remains. By the Neyman-Pearson lemma, given x0, the accuracy
    after the attack is at most T_D of the accuracy on r_j X where x0 has the other sign,
    T_D(u) = Phi(D - Phi^-1(u)). Maximised over the two accuracies that average to S this is,
    with G(t) = p Phi(t + L/D) + (1-p) Phi(t - L/D),

        U0_D(S) = G(D - t), where G(t) = S,

    and for D = 0: 1 - (1-p) S/p up to S = p, then p (1-S)/(1-p).

    Parameters
    ----------
    spatial : array_like
        S_j, accuracy on r_j X, in [0, 1].
    p : array_like
        Probability in [1/2, 1] that x0 equals the label.
    distance : array_like
        D >= 0; see :func:`residual`.
    tight : bool
        Add that the two accuracies come from one classifier of means 4 apart,
        q_- <= T_4(q_+): U instead of U0. Then S above the Bayes accuracy is impossible and
        the value is NaN.

    Examples
    --------
    >>> round(float(gradual_adversarial(0.97, 0.7, 1.0)), 6)
    0.274365
    >>> round(float(gradual_adversarial(0.97, 0.7, 1.0, tight=True)), 6)
    0.272692
    """
    s, p, dist = _fractions(spatial=spatial, p=p, distance=distance)
    odds = np.asarray(log_odds(p))
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.where(odds > 0, odds / dist, 0.0)
    # Too close to zero the parametric form loses its digits while the limit is exact.
    smooth = (dist > 1e-7) & np.isfinite(h)
    t = _invert_mixture(s, np.where(smooth, h, 0.0), p)
    value = np.where(smooth, mixture_accuracy(dist - t, np.where(smooth, h, 0.0), p), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        broken = np.where(s <= p, 1 - (1 - p) * s / p, p * (1 - s) / (1 - p))
    value = np.where(smooth, value, np.where(p < 1, broken, 1.0))
    if tight:
        q_plus, q_minus = _split(s, p, t, h, smooth)
        # Binding: both accuracies on the curve q_- = T_4(q_+), q_+ = Phi(2 + v).
        # At the corner (1, 0), where it does not bind, the sum is infinity - infinity.
        with np.errstate(invalid="ignore"):
            binding = (ndtri(q_plus) + ndtri(q_minus) > 2 * MEAN_NORM) & (p < 1)
        v = _invert_bayes_branch(s, p, odds)
        on_curve = mixture_accuracy(dist - MEAN_NORM, v, p)
        value = np.where(binding, on_curve, value)
        value = np.where(s <= bayes_accuracy(p), value, np.nan)
    return np.clip(value, 0, 1)[()]


def gradual_spatial(
    adversarial: ArrayLike, p: ArrayLike, distance: ArrayLike, *, tight: bool = False
) -> Any:
    """Return the gradual upper law read the other way: the largest S_j possible beside A.

    U0 is decreasing in S and its own inverse in form: S = G(D - t), where G(t) = A. For
    `tight` the largest S with U_D(S) >= A is found by bisection, between 0 and the Bayes
    accuracy. Parameters as in :func:`gradual_adversarial`, with A in [0, 1].

    Examples
    --------
    >>> a = gradual_adversarial(0.8, 0.7, 1.0)
    >>> round(float(gradual_spatial(a, 0.7, 1.0)), 9)
    0.8
    """
    a, p, dist = _fractions(adversarial=adversarial, p=p, distance=distance)
    if not tight:
        with np.errstate(divide="ignore", invalid="ignore"):
            # At D = 0 the two straight pieces swap under inversion.
            flat = np.where(a >= p, p * (1 - a) / (1 - p), 1 - (1 - p) * a / p)
        curved = gradual_adversarial(a, p, dist)
        return np.where((dist > 1e-7) | (p == 1), curved, np.clip(flat, 0, 1))[()]
    low, high = np.zeros_like(a), np.broadcast_to(bayes_accuracy(p), a.shape).copy()
    for _ in range(_NEWTON_STEPS):
        middle = (low + high) / 2
        reachable = gradual_adversarial(middle, p, dist, tight=True) >= a
        low, high = np.where(reachable, middle, low), np.where(reachable, high, middle)
    return low[()]


def lower_spatial(adversarial: ArrayLike, budget: ArrayLike, delta: ArrayLike) -> Any:
    """Return the lower law: S_j >= Phi(Phi^-1(A) - (4 - e)_+ sqrt(delta_j)).

    An attack can push the mean of X towards that of r_j X with the same label; from e = 4
    on it imitates the shift, so A <= S_j.

    Examples
    --------
    >>> float(lower_spatial(0.6, 4.0, 0.5))
    0.6
    """
    a, e, delta = _fractions(adversarial=adversarial, budget=budget, delta=delta)
    return ndtr(ndtri(a) - np.maximum(2 * MEAN_NORM - e, 0) * np.sqrt(delta))[()]


def lower_adversarial(spatial: ArrayLike, budget: ArrayLike, delta: ArrayLike) -> Any:
    """Return the lower law solved for A: A <= Phi(Phi^-1(S_j) + (4 - e)_+ sqrt(delta_j))."""
    s, e, delta = _fractions(spatial=spatial, budget=budget, delta=delta)
    return ndtr(ndtri(s) + np.maximum(2 * MEAN_NORM - e, 0) * np.sqrt(delta))[()]


_RULES = {
    "spatial": (0.0, 1.0, "lie in [0, 1]"),
    "adversarial": (0.0, 1.0, "lie in [0, 1]"),
    "delta": (0.0, 1.0, "lie in [0, 1]"),
    "p": (0.5, 1.0, "lie in [1/2, 1]"),
    "budget": (0.0, np.inf, "be at least 0"),
    "distance": (0.0, np.inf, "be at least 0"),
    "n_shifts": (1.0, np.inf, "be at least 1"),
}


def _fractions(**arguments: ArrayLike) -> tuple[Floats, ...]:
    """Check every argument against its rule and broadcast them together."""
    arrays = []
    for name, value in arguments.items():
        low, high, rule = _RULES[name]
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(name, rule, value) from None
        wrong = ~((array >= low) & (array <= high))
        if wrong.any():
            raise InputError(name, rule, array[wrong].ravel()[0].item())
        arrays.append(array)
    return tuple(np.broadcast_arrays(*arrays))


def _invert_mixture(value: Floats, h: Floats, p: Floats) -> Floats:
    """Solve p Phi(t + h) + (1-p) Phi(t - h) = value for t.

    Newton's steps, kept inside the bracket Phi^-1(value) -+ h and replaced by bisection
    where they leave it.
    """
    centre = ndtri(value)
    low, high = centre - h, centre + h
    t = centre.copy()
    for _ in range(_NEWTON_STEPS):
        # Where the slope underflows, or at values 0 and 1, the bisection step is taken.
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            gap = mixture_accuracy(t, h, p) - value
            low, high = np.where(gap < 0, t, low), np.where(gap > 0, t, high)
            slope = (p * np.exp(-((t + h) ** 2) / 2) + (1 - p) * np.exp(-((t - h) ** 2) / 2)) / (
                np.sqrt(2 * np.pi)
            )
            newton = t - gap / slope
            inside = (newton > low) & (newton < high)
            step = np.where(inside, newton, (low + high) / 2)
        step = np.where(np.isfinite(centre) & (gap != 0), step, t)
        moved = np.where(np.isfinite(centre), step, 0) - np.where(np.isfinite(centre), t, 0)
        if np.all(np.abs(moved) <= 1e-14 * (1 + np.abs(t))):
            return step
        t = step
    return t


def _split(
    s: Floats, p: Floats, t: Floats, h: Floats, smooth: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return the accuracies (q_+, q_-) at which U0 is attained."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(s <= p, s / p, 1.0)
        second = np.where(s <= p, 0.0, np.where(p < 1, (s - p) / (1 - p), 0.0))
        return np.where(smooth, ndtr(t + h), first), np.where(smooth, ndtr(t - h), second)


def _invert_bayes_branch(s: Floats, p: Floats, odds: Floats) -> Floats:
    """Solve p Phi(2 + v) + (1-p) Phi(2 - v) = s for the root v >= L/4.

    There the left side falls from the Bayes accuracy to p: plain bisection is safe.
    """
    low = np.broadcast_to(np.where(np.isfinite(odds), odds, 0.0) / 4, s.shape).copy()
    high = low + 40.0
    for _ in range(_NEWTON_STEPS):
        middle = (low + high) / 2
        above = mixture_accuracy(MEAN_NORM, middle, p) > s
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2
