"""Weight distributions: enumeration up to cyclic shifts, and the MacWilliams identity.

A cyclic code is the direct sum V + W of a primary component V (the words killed by a power
of one irreducible polynomial) and the sum W of the others. Shifting permutes V, so the
words with a nonzero V-part are counted by one representative of each orbit on V: the code
has the weights of W, and for each orbit, that of v say, as many times those of the coset
v + W as the orbit has words.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from . import gf2
from .cyclotomic import odd_part, root_system
from .ideal import CyclicIdeal
from .pool import CHUNK, Run, Words, to_words
from .reductions import interleaving, repetition
from .words import shifts

Distribution = dict[int, int]

#: Components of larger dimension are enumerated without using their orbits.
_MAX_ORBIT_DIMENSION = 24
#: Bytes of the table of sums that the inner loop runs through.
_TABLE_BYTES = 1 << 16


def cost(code: CyclicIdeal) -> int:
    """Codewords that :func:`compute` enumerates, estimated."""
    return min(_side_cost(side) for side in (code, code.dual()))


def compute(code: CyclicIdeal, run: Run) -> Distribution:
    """Return the weight distribution, ascending by weight, without zero counts."""
    dual = code.dual()
    total = run.done + cost(code)
    if _side_cost(dual) < _side_cost(code):
        return macwilliams(_side(dual, run, total), code.n, dual.k, run)
    return _side(code, run, total)


def of_matrices(rows: list[int], checks: list[int], n: int, run: Run) -> Distribution:
    """Weights of any linear code, given by bases of the code and of its dual."""
    smaller = min(rows, checks, key=len)
    found = _histogram(to_words([0], n), smaller, n, run, run.done + (1 << len(smaller)))
    return found if smaller is rows else macwilliams(found, n, len(checks), run)


def _side_cost(code: CyclicIdeal) -> int:
    for part in repetition(code) or interleaving(code):
        return cost(part.code)
    return _enumeration_cost(code)


def _side(code: CyclicIdeal, run: Run, total: int) -> Distribution:
    """Weights of this code, not by way of its dual; shorter codes give those they can."""
    for part in repetition(code):
        short = compute(part.code, run)
        return {part.factor * weight: count for weight, count in short.items()}
    for part in interleaving(code):
        short = compute(part.code, run)
        counts = {0: 1}
        for _ in range(code.n // part.code.n):
            counts = _product(counts, short)
        return dict(sorted(counts.items()))
    return _enumerate(code, run, total)


def _product(left: Distribution, right: Distribution) -> Distribution:
    """Weights of the words that put a word of each code side by side."""
    counts: Distribution = {}
    for weight, count in left.items():
        _add(counts, {weight + other: times for other, times in right.items()}, count)
    return counts


@dataclass(frozen=True)
class _Component:
    """A primary component: polynomial power of degree `dimension`, shift orbits of `period`."""

    polynomial: int
    dimension: int
    period: int


def _components(code: CyclicIdeal) -> list[_Component]:
    """Primary components, those whose orbits save most first."""
    odd, power = odd_part(code.n)
    roots = root_system(odd)
    parts = []
    for coset, polynomial, zeros in zip(
        roots.cosets, roots.polynomials, code._multiplicities, strict=True
    ):
        times = power - zeros
        if times:
            primary = 1
            for _ in range(times):
                primary = gf2.mul(primary, polynomial)
            # The order of x modulo the power: a typical orbit is that long.
            period = odd // math.gcd(odd, coset[0]) << (times - 1).bit_length()
            parts.append(_Component(primary, gf2.degree(primary), period))
    return sorted(parts, key=lambda part: (-part.period, part.dimension))


def _strips_all_ones(code: CyclicIdeal) -> bool:
    return code.n % 2 == 1 and code.k > 1 and code.contains_all_ones


def _enumeration_cost(code: CyclicIdeal) -> int:
    if _strips_all_ones(code):
        code = code.even_weight_subcode()
    rest, total = code.k, 0
    for part in _components(code):
        if part.dimension <= _MAX_ORBIT_DIMENSION:
            rest -= part.dimension
            total += -(-((1 << part.dimension) - 1) // part.period) << rest
    return total + ((1 << rest) - 1 if rest else 0)


def _enumerate(code: CyclicIdeal, run: Run, total: int) -> Distribution:
    if code.k == 0:
        return {0: 1}
    if _strips_all_ones(code):
        even = _enumerate(code.even_weight_subcode(), run, total)
        both = dict(even)
        for weight, count in even.items():
            both[code.n - weight] = both.get(code.n - weight, 0) + count
        return dict(sorted(both.items()))
    counts: Distribution = {}
    rest = code.generator_int
    for part in _components(code):
        if part.dimension > _MAX_ORBIT_DIMENSION:
            continue
        # Words of V are multiples of (x^n - 1) / polynomial; W gets one factor more.
        rest = gf2.mul(rest, part.polynomial)
        _add_orbits(code.n, part, rest, counts, run, total)
    _add(counts, _histogram(to_words([0], code.n), shifts(rest, code.n), code.n, run, total), 1)
    return dict(sorted((weight, count) for weight, count in counts.items() if count))


def _add_orbits(
    n: int, part: _Component, rest: int, counts: Distribution, run: Run, total: int
) -> None:
    """Add the words whose part in this component is not zero, W being the multiples of `rest`."""
    from .kernels import multiplication_orbits

    members, lengths = multiplication_orbits(part.polynomial, part.dimension)
    start = gf2.divide(gf2.x_power_minus_1(n), part.polynomial)[0]
    basis = to_words([start << i for i in range(part.dimension)], n)
    for length in np.unique(lengths):
        chosen = members[lengths == length]
        words = np.zeros((len(chosen), basis.shape[1]), dtype=np.uint64)
        for i, row in enumerate(basis):
            words[(chosen >> i & 1).astype(np.bool_)] ^= row
        histogram = _histogram(words, shifts(rest, n), n, run, total)
        _add(counts, histogram, int(length))


def _add(counts: Distribution, histogram: Distribution, factor: int) -> None:
    for weight, count in histogram.items():
        counts[weight] = counts.get(weight, 0) + factor * count


def _histogram(offsets: Words, rows: list[int], n: int, run: Run, total: int) -> Distribution:
    """Weights of offset + W for all offsets (R, pieces), W spanned by independent rows."""
    from .kernels import count_weights

    pieces, dimension = offsets.shape[1], len(rows)
    basis = to_words(rows, n).reshape(-1, pieces)
    low = min(dimension, max(2, (_TABLE_BYTES // (8 * pieces)).bit_length() - 1))
    table = np.zeros((1, pieces), dtype=np.uint64)
    for row in basis[:low]:
        table = np.concatenate([table, table ^ row])
    entries = np.ascontiguousarray(table.T)
    high = basis[low:]
    combinations = 1 << len(high)
    size = max(1, CHUNK // (pieces << low))
    sums = np.zeros(n + 1, dtype=object)
    started: deque[int] = deque()

    def tasks() -> Iterator[tuple[Any, ...]]:
        # Either whole ranges of offsets, or part of the combinations of a single one.
        rows = max(1, size // combinations)
        step = min(combinations, size)
        for r in range(0, len(offsets), rows):
            block = offsets[r : r + rows]
            for first in range(0, combinations, step):
                last = min(combinations, first + step)
                started.append(len(block) * (last - first) << low)
                yield block, high, entries, first, last, n

    for histogram in run.in_order(count_weights, tasks()):
        sums += histogram.astype(object)
        run.report(started.popleft(), total, "weight distribution")
    return {weight: int(count) for weight, count in enumerate(sums) if count}


def macwilliams(
    weights: Mapping[int, int], n: int, k: int, run: Run | None = None
) -> dict[int, int]:
    """Return the weight distribution of the dual of a binary linear [n, k] code.

    The dual's count at weight j is 2^-k sum_w A_w K_j(w), K_j(w) being the coefficient of
    z^j in (1 - z)^w (1 + z)^(n - w), a Krawtchouk polynomial (MacWilliams and Sloane, chapter 5,
    theorem 1). `weights` gives the number of codewords A_w by weight w. The result is ascending by
    weight, without zero counts; InputError if no code has these weights, as far as their dual
    shows: its counts are integers of at least 0. The time limit of a `run` is kept.

    Examples
    --------
    >>> macwilliams({0: 1, 4: 7}, 7, 3)
    {0: 1, 3: 7, 4: 7, 7: 1}
    """
    sums = [0] * (n + 1)
    for weight, count in weights.items():
        if not count:
            continue
        if run is not None:
            run.check()
        # (j + 1) K_{j+1} = (n - 2w) K_j - (n - j + 1) K_{j-1}
        before, current = 0, count
        for j in range(n + 1):
            sums[j] += current
            following = ((n - 2 * weight) * current - (n - j + 1) * before) // (j + 1)
            before, current = current, following
    wrong = [j for j, value in enumerate(sums) if value < 0 or value % (1 << k)]
    if wrong or weights.get(0) != 1 or sum(weights.values()) != 1 << k:
        rule = f"be the weight distribution of a linear [{n}, {k}] code"
        raise InputError("weights", rule, dict(weights))
    return {j: value >> k for j, value in enumerate(sums) if value}
