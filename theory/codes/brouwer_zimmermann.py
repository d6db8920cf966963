"""Exact minimum distance of any linear code, by information sets that do not overlap.

A basis reduced at k places (an information set) gives all words with at most t ones there as sums
of at most t rows. Do so at several disjoint sets of places, the last of them perhaps of a rank r
below k, filled up with places of the others. A word that none of them has shown has more than t
ones in each, and at least t + 1 - (k - r) in the places that are new; so the sum of these over the
sets bounds its weight from below. Weights are even if all rows are.

References
----------
K.-H. Zimmermann, Integral Hecke modules, integral generalized Reed-Muller codes, and linear codes,
Technical report 3-96, TU Hamburg-Harburg, 1996; A. Betten et al., Error-Correcting Linear Codes,
Springer, 2006, section 1.8.
"""

from __future__ import annotations

import math

from . import gf2, weights
from .distance import COUNTING, SMALL, Bounds, DistanceSearch
from .pool import OutOfTimeError, Run, to_words


def search(rows: list[int], checks: list[int], n: int, lower: int, run: Run) -> DistanceSearch:
    """Bounds on the minimum distance of the code that rows span, exact if the limits allow.

    `rows` and `checks` are bases of the code and of its dual, words as integers, at least one row;
    n is the length and `lower` a lower bound known beforehand.
    """
    bounds = Bounds(run, min(rows, key=int.bit_count))
    try:
        _close_in(bounds, rows, checks, n, lower)
    except (KeyboardInterrupt, OutOfTimeError):
        run.interrupted = True
    return bounds.found()


def _close_in(bounds: Bounds, rows: list[int], checks: list[int], n: int, lower: int) -> None:
    """Raise the lower bound and find lighter words until they meet."""
    run, k = bounds.run, len(rows)
    step = 1 if any(row.bit_count() % 2 for row in rows) else 2
    systems = _systems(rows, n)
    for basis, _ in systems:
        bounds.offer(min(basis, key=int.bit_count))
    done = [1] * len(systems)

    def raised(weight: int) -> None:
        """Raise the lower bound to the least weight from this one on that words have."""
        bounds.lower = max(bounds.lower, min(-(-weight // step) * step, bounds.upper))

    def unseen() -> int:
        parts = zip(systems, done, strict=True)
        return sum(max(0, level + 1 - (k - rank)) for (_, rank), level in parts)

    raised(max(lower, unseen()))
    packed = [to_words(basis, n) for basis, _ in systems]
    for t in range(1, k + 1):
        for i, (basis, rank) in enumerate(systems):
            if t < k - rank:
                continue  # would bound nothing yet
            for size in range(done[i] + 1, t + 1):
                if bounds.lower >= bounds.upper:
                    return
                words, cost = math.comb(k, size), 1 << min(k, len(checks))
                if words > SMALL and COUNTING * cost < words:
                    run.afford(cost)
                    bounds.take(weights.of_matrices(rows, checks, n, run))
                    return
                run.afford(words)
                bounds.look(packed[i], basis, size, words)
                done[i] = size
                raised(unseen())
    bounds.lower = bounds.upper


def _systems(rows: list[int], n: int) -> list[tuple[list[int], int]]:
    """Return bases reduced at disjoint sets of places, each with its rank there."""
    systems, unused, used = list[tuple[list[int], int]](), list(range(n)), list[int]()
    while True:
        basis, pivots = gf2.reduce_rows(rows, [*unused, *used])
        new = set(pivots) & set(unused)
        if not new:
            return systems
        systems.append((basis, len(new)))
        used += new
        unused = [place for place in unused if place not in new]
