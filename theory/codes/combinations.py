"""All sums of t rows of a matrix over GF(2), in search of one lighter than what is known."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from .pool import CHUNK, Run, Words

#: Bytes that the table of sums of rows may take, so that it stays in a core's cache.
_TABLE_BYTES = 1 << 20


def light_sums(
    run: Run,
    rows: Words,
    t: int,
    below: Callable[[], int],
    report: Callable[[int], None],
) -> Generator[list[int], None, None]:
    """Yield the members of t-subsets of rows whose sum has a weight below `below()`.

    The limit is asked for when a chunk starts, and each chunk gives its lightest. All are seen
    if the iterator is exhausted; `report` hears of the sums done.
    """
    from .kernels import lightest_combination

    count, pieces = rows.shape
    depth, table = _table(rows, t)
    words = max(1, CHUNK // pieces)
    started: deque[tuple[tuple[int, ...], int]] = deque()

    def tasks() -> Iterator[tuple[Any, ...]]:
        for prefix, limit in _chunks(count, t, depth, words):
            offset = np.zeros(pieces, dtype=np.uint64)
            for i in prefix:
                offset ^= rows[i]
            remaining = t - len(prefix)
            started.append((prefix, math.comb(limit, remaining)))
            yield rows, table, depth, offset, limit, remaining, below()

    with closing(run.in_order(lightest_combination, tasks())) as results:
        for _, found in results:
            prefix, size = started.popleft()
            report(size)
            if found[-1] >= 0:
                yield [*prefix, *map(int, found[:-1]), *_unrank(int(found[-1]), depth)]


def _table(rows: Words, t: int) -> tuple[int, Words]:
    """Return sums of up to three rows, by largest index, as many rows as the cache allows."""
    depth, table = 1, rows
    k, pieces = rows.shape
    while depth < min(3, t) and math.comb(k, depth + 1) * pieces * 8 <= _TABLE_BYTES:
        parts = [table[: math.comb(j, depth)] ^ rows[j] for j in range(k)]
        depth, table = depth + 1, np.concatenate(parts)
    return depth, np.ascontiguousarray(table.T)


def _chunks(k: int, t: int, depth: int, words: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Split the t-subsets of range(k) into (fixed members, limit of the others)."""
    stack: list[tuple[tuple[int, ...], int]] = [((), k)]
    while stack:
        prefix, limit = stack.pop()
        rest = t - len(prefix)
        if limit < rest:
            continue
        if rest == depth or math.comb(limit, rest) <= words:
            yield prefix, limit
        else:
            stack.append((prefix, limit - 1))
            stack.append(((*prefix, limit - 1), limit - 1))


def _unrank(index: int, depth: int) -> list[int]:
    """Return the `depth`-subset at this place of the order by largest member, then the next."""
    members = []
    for size in range(depth, 0, -1):
        member = size - 1
        while math.comb(member + 1, size) <= index:
            member += 1
        members.append(member)
        index -= math.comb(member, size)
    return members
