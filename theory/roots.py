"""Vectorised, safeguarded root finding for the mixture functions behind the laws.

Every law of :mod:`.laws` is a composition of G(t) = p Phi(t + h) + (1-p) Phi(t - h) with an
inverse of such a function; both are computed to about 1e-13 on arrays of any size.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ..arrays import Floats

# (points, their indices) -> values and slopes of increasing functions
Increasing = Callable[[Floats, NDArray[np.intp]], tuple[Floats, Floats]]

# So many doubles a block that all temporaries stay in a core's cache.
_BLOCK = 1 << 13
_MOST_STEPS = 200
_SQRT_2PI = float(np.sqrt(2 * np.pi))


def increasing_roots(function: Increasing, low: Floats, high: Floats, start: Floats) -> Floats:
    """Return the roots of many increasing functions of one variable.

    Newton's steps, replaced by bisection wherever they leave the brackets [low, high]; points
    that have settled are dropped from the work.
    """
    roots = np.clip(start, low, high)
    for first in range(0, roots.size, _BLOCK):
        part = slice(first, first + _BLOCK)
        index = np.arange(roots.size)[part]
        t, a, b = roots[part].copy(), low[part].copy(), high[part].copy()
        for _ in range(_MOST_STEPS):
            value, slope = function(t, index)
            np.copyto(a, t, where=value <= 0)
            np.copyto(b, t, where=value >= 0)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                step = t - value / slope
            inside = (step >= a) & (step <= b)
            step = np.where(inside, step, (a + b) / 2)
            roots[index] = step
            moving = np.abs(step - t) > 1e-14 * (1 + np.abs(t))
            if not moving.any():
                break
            index, t, a, b = index[moving], step[moving], a[moving], b[moving]
    return roots


def mixture_inverse(value: Floats, h: Floats, p: Floats) -> Floats:
    """Return t with p Phi(t + h) + (1-p) Phi(t - h) = value; h >= 0 is finite.

    Solved in the scale of Phi^-1, where the function is nearly a straight line, and from
    the side on which the tail is small, so that values near 0 and 1 keep their digits. The
    values 0 and 1 give -inf and +inf.
    """
    roots = ndtri(value)
    live = np.isfinite(roots) & (h > 0)
    if not live.any():
        return np.asarray(roots)
    upper = value[live] > 0.5
    tail = np.where(upper, 1 - value[live], value[live])
    weight = np.where(upper, 1 - p[live], p[live])
    spread = h[live]
    target = ndtri(tail)

    def function(t: Floats, i: NDArray[np.intp]) -> tuple[Floats, Floats]:
        above, below = t + spread[i], t - spread[i]
        total = weight[i] * ndtr(above) + (1 - weight[i]) * ndtr(below)
        slope = weight[i] * np.exp(-above * above / 2) + (1 - weight[i]) * np.exp(
            -below * below / 2
        )
        score = ndtri(total)
        with np.errstate(divide="ignore", over="ignore"):
            return score - target[i], slope * np.exp(score * score / 2)

    # For a wide spread the function has two steps; start on the right one.
    with np.errstate(divide="ignore", invalid="ignore"):
        on_first = tail < weight
        first = ndtri(np.clip(tail / weight, 0, 1)) - spread
        second = ndtri(np.clip((tail - weight) / (1 - weight), 0, 1)) + spread
    start = np.where(spread > 1.5, np.where(on_first, first, second), target)
    low, high = target - spread, target + spread
    start = np.where(np.isfinite(start), start, (low + high) / 2)
    found = increasing_roots(function, low, high, start)
    roots[live] = np.where(upper, -found, found)
    return np.asarray(roots)


def curve_position(
    value: Floats, p: Floats, centre: Floats, low: Floats, high: Floats, *, rising: bool
) -> Floats:
    """Return v in [low, high] with p Phi(centre + v) + (1-p) Phi(centre - v) = value.

    The left side is monotone on the bracket, `rising` or falling; an end of it is returned
    where the value is not reached.
    """
    sign = 1.0 if rising else -1.0

    def function(v: Floats, i: NDArray[np.intp]) -> tuple[Floats, Floats]:
        plus, minus = centre[i] + v, centre[i] - v
        # Written with both complements, so that values near 1 keep their digits.
        short = p[i] * ndtr(-plus) + (1 - p[i]) * ndtr(-minus)
        slope = p[i] * np.exp(-plus * plus / 2) - (1 - p[i]) * np.exp(-minus * minus / 2)
        return sign * ((1 - value[i]) - short), sign * slope / _SQRT_2PI

    return increasing_roots(function, low, high, (low + high) / 2)
