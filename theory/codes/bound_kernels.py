"""Compiled searches for the Hartmann-Tzeng and Roos bounds; imports numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


@njit(cache=True)
def _shrink(starts: Any, inside: Any, length: int) -> int:
    """Keep the starts of runs of `length`; return how many remain."""
    n = starts.shape[0]
    remaining = 0
    for i in range(n):
        if starts[i] and not inside[(i + length - 1) % n]:
            starts[i] = False
        if starts[i]:
            remaining += 1
    return remaining


@njit(nogil=True, cache=True)
def hartmann_tzeng(inside: Any, best: int) -> int:
    """Return the largest delta + s whose progression A has step 1, or `best` if not above it.

    `inside` (n,), bool, marks the defining set.
    """
    n = inside.shape[0]
    order = np.empty(n, np.int64)
    starts = inside.copy()
    for delta in range(2, n + 1):
        remaining = _shrink(starts, inside, delta - 1)
        if remaining == 0:
            break
        # The set B picks s + 1 starts, and there are `remaining`.
        if delta + remaining - 1 <= best:
            continue
        for b in range(1, n // 2 + 1):
            common = _gcd(b, n)
            if common >= delta:
                continue
            size = n // common
            for first in range(common):
                position = first
                for i in range(size):
                    order[i] = position
                    position += b
                    if position >= n:
                        position -= n
                # Only a run of `need` or more is of use, so look at every need-th place,
                # and on a start go back to where its run begins. Runs may wrap.
                need = best - delta + 2
                last = need - 1
                while last < size + need - 1:
                    run = 0
                    while run < need and starts[order[(last - run) % size]]:
                        run += 1
                    if run < need:
                        last += need - run
                        continue
                    while run < size and starts[order[(last + 1) % size]]:
                        run += 1
                        last += 1
                    best = delta + run - 1
                    need = run + 1
                    last += need
    return best


@njit(nogil=True, cache=True)
def roos(inside: Any, best: int) -> int:
    """Return the largest m + delta - 1 with A of step 1, or `best` if not above it.

    `inside` (n,), bool, marks the defining set; m is the number of elements of M.
    """
    n = inside.shape[0]
    order = np.empty(n, np.int64)
    starts = inside.copy()
    for delta in range(2, n + 1):
        remaining = _shrink(starts, inside, delta - 1)
        if remaining == 0:
            break
        if remaining + delta - 1 <= best:
            continue
        for b in range(1, n // 2 + 1):
            if _gcd(b, n) != 1:
                continue
            position = 0
            for i in range(n):
                order[i] = position
                position += b
                if position >= n:
                    position -= n
            # A window of step b with at most delta - 2 gaps, and at most n long.
            low, gaps = 0, 0
            for high in range(2 * n):
                if not starts[order[high % n]]:
                    gaps += 1
                while gaps > delta - 2 or high - low >= n:
                    if not starts[order[low % n]]:
                        gaps -= 1
                    low += 1
                best = max(best, high - low + 1 - gaps + delta - 1)
    return best
