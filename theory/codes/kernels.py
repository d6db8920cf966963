"""Compiled inner loops. Importing this module imports numba: do it inside functions.

Words are stored as structures of arrays, `table[w, i]` being the w-th 64-bit piece of
word i, so that the loops over i become vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_BLOCK = 512


def _emit_popcount(typing_context: Any, value: Any) -> Any:
    """Emit the processor's own count of ones of a uint64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate


_popcount: Any = intrinsic(_emit_popcount)


@njit(nogil=True, cache=True)
def _lightest(table: Any, offset: Any, count: int, best: int) -> int:
    """Least weight among `offset ^ table[:, i]`, i < count, or `best` if none is below."""
    if table.shape[0] == 1:
        row, x = table[0], offset[0]
        for i in range(count):
            best = min(best, _popcount(row[i] ^ x))
        return best
    if table.shape[0] == 2:
        row0, row1, x0, x1 = table[0], table[1], offset[0], offset[1]
        for i in range(count):
            best = min(best, _popcount(row0[i] ^ x0) + _popcount(row1[i] ^ x1))
        return best
    weights = np.empty(_BLOCK, np.int64)
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        weights[:size] = 0
        for w in range(table.shape[0]):
            row, x = table[w, start : start + size], offset[w]
            for i in range(size):
                weights[i] += _popcount(row[i] ^ x)
        for i in range(size):
            best = min(best, weights[i])
    return best


@njit(nogil=True, cache=True)
def _position(table: Any, offset: Any, count: int, weight: int) -> int:
    """Index of the first word of this weight among `offset ^ table[:, i]`."""
    for i in range(count):
        total = 0
        for w in range(table.shape[0]):
            total += _popcount(table[w, i] ^ offset[w])
        if total == weight:
            return i
    return -1


@njit(nogil=True, cache=True)
def lightest_combination(
    rows: Any, table: Any, depth: int, offset: Any, limit: int, size: int, best: int
) -> Any:
    """Least weight of `offset` plus a sum of `size` distinct rows with index below `limit`.

    `table` holds the sums of all `depth` <= `size` rows, ordered by their largest index,
    then the next: those with indices below m are its first binomial(m, depth) entries, so
    the last `depth` rows of a combination are one contiguous loop.

    Returns the weight (`best` if no sum is below it) and, for a sum below it, the leading
    `size - depth` row indices followed by the index into `table`.
    """
    leading = size - depth
    chosen = np.full(leading + 1, limit, np.int64)
    found = np.full(leading + 1, -1, np.int64)
    sums = np.empty((leading + 1, rows.shape[1]), np.uint64)
    sums[0] = offset
    level = 0
    while level >= 0:
        if level < leading:
            chosen[level] -= 1
            if chosen[level] < size - level - 1:
                level -= 1
                continue
            for w in range(rows.shape[1]):
                sums[level + 1, w] = sums[level, w] ^ rows[chosen[level], w]
            chosen[level + 1] = chosen[level]
            level += 1
            if level < leading:
                continue
        below = chosen[leading]
        count = below
        if depth == 2:
            count = below * (below - 1) // 2
        elif depth == 3:
            count = below * (below - 1) * (below - 2) // 6
        weight = _lightest(table, sums[leading], count, best)
        if weight < best:
            best = weight
            found[:leading] = chosen[:leading]
            found[leading] = _position(table, sums[leading], count, weight)
        level -= 1
    return best, found


@njit(nogil=True, cache=True)
def count_weights(offsets: Any, basis: Any, table: Any, first: int, last: int, length: int) -> Any:
    """Histogram of the weights of `offset + combination + entry`.

    Over all `offsets` (R, W), the combinations number `first`..`last - 1` of the rows of
    `basis` (b, W) in Gray-code order, and all entries of `table` (W, N).

    Returns int64 counts of shape (length + 1,).
    """
    # Four histograms in turn: consecutive words often share a weight, and adding to the
    # same counter would make each addition wait for the one before.
    counts = np.zeros((4, length + 1), np.int64)
    pieces, entries = table.shape
    weights = np.empty(_BLOCK, np.int64)
    offset = np.empty(pieces, np.uint64)
    for r in range(offsets.shape[0]):
        gray = first ^ (first >> 1)
        offset[:] = offsets[r]
        for bit in range(basis.shape[0]):
            if gray >> bit & 1:
                for w in range(pieces):
                    offset[w] ^= basis[bit, w]
        for number in range(first, last):
            for start in range(0, entries, _BLOCK):
                size = min(_BLOCK, entries - start)
                weights[:size] = 0
                for w in range(pieces):
                    row, x = table[w, start : start + size], offset[w]
                    for i in range(size):
                        weights[i] += _popcount(row[i] ^ x)
                full = size - size % 4
                for i in range(0, full, 4):
                    counts[0, weights[i]] += 1
                    counts[1, weights[i + 1]] += 1
                    counts[2, weights[i + 2]] += 1
                    counts[3, weights[i + 3]] += 1
                for i in range(full, size):
                    counts[0, weights[i]] += 1
            if number + 1 < last:
                flip, rest = 0, number + 1
                while rest & 1 == 0:
                    rest >>= 1
                    flip += 1
                for w in range(pieces):
                    offset[w] ^= basis[flip, w]
    return counts.sum(axis=0)


@njit(nogil=True, cache=True)
def multiplication_orbits(modulus: int, degree: int) -> Any:
    """Orbits of multiplication by x on the nonzero residues modulo a polynomial.

    `modulus` has nonzero constant term, so that multiplication by x is a permutation.
    Returns the smallest member and the length of each orbit, int64 arrays.
    """
    size = 1 << degree
    seen = np.zeros(size, np.uint8)
    representatives = []
    lengths = []
    for start in range(1, size):
        if seen[start]:
            continue
        member, length = start, 0
        while not seen[member]:
            seen[member] = 1
            length += 1
            member <<= 1
            if member & size:
                member ^= modulus
        representatives.append(start)
        lengths.append(length)
    return np.array(representatives, np.int64), np.array(lengths, np.int64)


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


@njit(cache=True)
def _progression(order: Any, first: int, step: int, size: int) -> None:
    """Set the first `size` places of `order` to first, first + step, ... modulo its length."""
    n, position = order.shape[0], first
    for i in range(size):
        order[i] = position
        position += step
        if position >= n:
            position -= n


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
                _progression(order, first, b, size)
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
            _progression(order, 0, b, n)
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
