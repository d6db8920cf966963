"""The two-shift problem level by level: exact up to e = 2, an upper bound beyond.

The set V = {v : t(v) <= tau} of one level earns: masses where v lies in V or not, and
robust masses where a whole window around v lies in V or outside it. Left to itself, each
level is a problem on a line: cut it into runs, alternately in V and outside; a run from s
to t earns G(t) - G(s) + (R(t - K) - R(s + K))_+, with cumulative masses G, R and reach K.
The positive part is the larger of two terms that separate s from t, so running maxima give
the best cut in one pass. Up to e = 2 the best sets grow with the level and so fit together
to one rule (Theorem F5 of docs/theory/frontiers.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .geometry import Gains

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def best_levels(gains: Gains, reach: int) -> tuple[float, Bools]:
    """Return the largest total gain of separate levels, and the sets that earn it.

    Parameters
    ----------
    gains : Gains
        Nonnegative masses, arrays of shape (points, levels).
    reach : int
        K: windows are i - K..i + K, cut off at the ends of the lattice.

    Returns
    -------
    (value, answers) : tuple of float and ndarray of bool
        ``answers[i, k]`` says whether point i answers +1 at level k.
    """
    points, levels = gains.plus.shape
    # State 0 answers -1, state 1 answers +1.
    total = [_cumulative(gains.minus), _cumulative(gains.plus)]
    robust = [_cumulative(gains.minus_robust), _cumulative(gains.plus_robust)]
    # Best value of starting a run at s: without, and with, its robust masses.
    bare = [np.zeros(levels), np.zeros(levels)]
    full = [np.zeros(levels), np.zeros(levels)]
    bare_at = [np.zeros(levels, dtype=np.int32) for _ in range(2)]
    full_at = [np.zeros(levels, dtype=np.int32) for _ in range(2)]
    start = np.zeros((2, points + 1, levels), dtype=np.int32)
    for t in range(1, points + 1):
        value = []
        for state in (0, 1):
            end = points if t == points else max(t - reach, 0)
            with_robust = full[state] + robust[state][end]
            better = with_robust >= bare[state]
            start[state, t] = np.where(better, full_at[state], bare_at[state])
            value.append(np.maximum(with_robust, bare[state]) + total[state][t])
        for state in (0, 1):
            gain = value[1 - state] - total[state][t]
            better = gain > bare[state]
            bare[state] = np.where(better, gain, bare[state])
            bare_at[state] = np.where(better, t, bare_at[state])
            gain = gain - robust[state][min(t + reach, points)]
            better = gain > full[state]
            full[state] = np.where(better, gain, full[state])
            full_at[state] = np.where(better, t, full_at[state])
    return float(np.maximum(*value).sum()), _trace(start, value[1] >= value[0])


def are_nested(answers: Bools) -> bool:
    """Return whether the sets grow with the level: then they form one rule u >= t(v)."""
    return bool((answers[:, 1:] >= answers[:, :-1]).all())


def _cumulative(masses: Floats) -> Floats:
    return np.concatenate([np.zeros((1, masses.shape[1])), np.cumsum(masses, axis=0)])


def _trace(start: NDArray[np.int32], last_state: Bools) -> Bools:
    """Follow the runs back from the last point, all levels at once."""
    points, levels = start.shape[1] - 1, start.shape[2]
    # Marks at both ends of every +1 run; their running sum is the answer.
    marks = np.zeros((points + 1, levels), dtype=np.int8)
    end, state = np.full(levels, points), last_state.astype(np.intp)
    column = np.arange(levels)
    while (end > 0).any():
        begin = start[state, end, column]
        live = (end > 0) & (state == 1)
        marks[begin[live], column[live]] += 1
        marks[end[live], column[live]] -= 1
        end, state = np.where(end > 0, begin, 0), 1 - state
    return np.cumsum(marks, axis=0)[:-1] > 0
