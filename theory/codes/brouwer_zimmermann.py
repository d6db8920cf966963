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
from contextlib import closing
from functools import reduce
from operator import xor

from ...checks import check_integer, check_real
from ...progress import Progress
from . import gf2, weights
from .combinations import light_sums
from .distance import COUNTING, SMALL, DistanceSearch
from .pool import OutOfTimeError, Run, Words, to_words


def search(
    rows: list[int],
    checks: list[int],
    n: int,
    lower: int,
    seconds: float | None,
    progress: Progress,
    max_words: int | None,
) -> DistanceSearch:
    """Bounds on the minimum distance of the code that independent rows span, exact if time allows.

    Parameters
    ----------
    rows, checks : list of int
        Bases of the code and of its dual, words as integers; at least one row.
    n : int
        Length.
    lower : int
        A lower bound known beforehand.
    seconds, progress, max_words
        As in :meth:`.LinearCode.distance_search`.
    """
    if seconds is not None:
        seconds = check_real("seconds", seconds, low=0)
    if max_words is not None:
        max_words = check_integer("max_words", max_words, minimum=0)
    work = _DisjointSetSearch(rows, checks, n, lower, Run(progress, seconds, max_words))
    interrupted = False
    try:
        work.solve()
    except (KeyboardInterrupt, OutOfTimeError):
        interrupted = True
    exact = work.lower == work.upper
    return DistanceSearch(
        work.lower,
        work.upper,
        exact,
        " + ".join(work.methods) or "bounds",
        work.run.done,
        work.run.seconds,
        None if work.witness is None else gf2.exponents(work.witness),
        interrupted and not exact,
    )


class _DisjointSetSearch:
    def __init__(self, rows: list[int], checks: list[int], n: int, lower: int, run: Run) -> None:
        self.rows, self.checks, self.n, self.run = rows, checks, n, run
        self.step = 1 if any(row.bit_count() % 2 for row in rows) else 2
        self.witness: int | None = min(rows, key=int.bit_count)
        self.upper = self.witness.bit_count()
        self.lower = self._allowed(lower)
        self.methods: list[str] = []

    def _allowed(self, weight: int) -> int:
        """Return the least weight from this one on that words have, at most the upper bound."""
        return min(-(-weight // self.step) * self.step, self.upper)

    def solve(self) -> None:
        """Raise the lower bound and find lighter words until they meet."""
        k = len(self.rows)
        systems = _systems(self.rows, self.n)
        for basis, _ in systems:
            self._offer(min(basis, key=int.bit_count))
        packed = [to_words(basis, self.n) for basis, _ in systems]
        done = [1] * len(systems)
        self._raise(systems, done)
        for t in range(1, k + 1):
            for i, (basis, rank) in enumerate(systems):
                if t < k - rank:
                    continue  # would bound nothing yet
                for size in range(done[i] + 1, t + 1):
                    if self.lower >= self.upper or self._weigh(math.comb(k, size)):
                        return
                    self.run.afford(math.comb(k, size))
                    self._level(packed[i], basis, size)
                    done[i] = size
                    self._raise(systems, done)
        self.lower = self.upper

    def _offer(self, word: int) -> None:
        if word.bit_count() < self.upper:
            self.upper, self.witness = word.bit_count(), word
            self.lower = min(self.lower, self.upper)

    def _raise(self, systems: list[tuple[list[int], int]], done: list[int]) -> None:
        k = len(self.rows)
        parts = zip(systems, done, strict=True)
        bound = sum(max(0, level + 1 - (k - rank)) for (_, rank), level in parts)
        self.lower = max(self.lower, self._allowed(bound))

    def _weigh(self, words: int) -> bool:
        """Count all weights instead if that is cheaper than the next `words` sums."""
        cost = 1 << min(len(self.rows), len(self.checks))
        if words <= SMALL or COUNTING * cost >= words:
            return False
        self.run.afford(cost)
        found = weights.of_matrices(self.rows, self.checks, self.n, self.run)
        self.methods.append("weight distribution")
        distance = min(weight for weight in found if weight)
        if distance < self.upper:
            self.witness = None
        self.lower = self.upper = distance
        return True

    def _level(self, packed: Words, basis: list[int], t: int) -> None:
        if "information sets" not in self.methods:
            self.methods.append("information sets")
        total = self.run.done + math.comb(len(basis), t)

        def report(words: int) -> None:
            self.run.report(words, total, f"weight {self.lower} to {self.upper}, t = {t}")

        with closing(light_sums(self.run, packed, t, lambda: self.upper, report)) as found:
            for message in found:
                self._offer(reduce(xor, (basis[i] for i in message)))
                if self.lower >= self.upper:
                    return


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
