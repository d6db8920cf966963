"""Exact minimum distance: reductions, lower bounds, and Chen's search.

Any k consecutive positions of a cyclic code are an information set, and every word of
weight w has a cyclic shift with at most floor(w k / n) ones there. So once every message
of weight at most t is encoded, an unseen word has weight w with floor(w k / n) > t. The
weights that McEliece's theorem excludes are skipped, and searches that would be long try
:mod:`.shifting` first. For quadratic-residue codes two information sets and a larger
group do with less: see :mod:`.quadratic`.

References
----------
C. L. Chen, Computer results on the minimum distance of some binary cyclic codes,
IEEE Transactions on Information Theory 16 (1970), 359-360.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import reduce
from operator import xor

from . import gf2, weights
from .bounds import allowed_weights, bch_bound, lower_bounds
from .combinations import light_sums
from .ideal import CyclicIdeal
from .pool import OutOfTimeError, Run, Words, to_words
from .quadratic import is_quadratic_residue, punctured, rows_from_outside, unseen_weight
from .reductions import split
from .shifting import proves
from .words import systematic_rows

#: Length up to which all bounds take well under a second; beyond it BCH's alone is used.
ALL_BOUNDS_UP_TO = 511
#: Words for which looking for a cheaper method than Chen's is not worth while.
SMALL = 1 << 22
#: Words that take so long that the shifting bound is tried first.
_LONG = 1 << 33
#: Time to count a word by its weight, in units of the time to look for a lighter one.
COUNTING = 8
#: Words to look through for a word whose weight is already known to be the distance.
_WITNESS_WORDS = 1 << 30


@dataclass(frozen=True)
class DistanceSearch:
    """What is known of a minimum distance: it lies from `lower` to `upper`, both proven."""

    lower: int
    upper: int
    #: What gave the bounds: "bounds" (algebraic bounds and a known word), "information sets"
    #: (Chen; Brouwer and Zimmermann), "shifting", "weight distribution" (of the code or, by
    #: MacWilliams, its dual), or several of them.
    method: str
    #: Codewords enumerated.
    words_checked: int
    #: Wall time in seconds.
    seconds: float
    #: Positions of the ones of a codeword of weight `upper`; None if `upper` comes from a weight
    #: distribution and no word was constructed.
    witness: tuple[int, ...] | None
    #: Whether Ctrl-C, the time limit or the limit of words ended the search.
    interrupted: bool

    @property
    def exact(self) -> bool:
        """Whether both bounds agree."""
        return self.lower == self.upper


class Bounds:
    """Proven bounds on the minimum distance of one code, from one of its words on."""

    def __init__(self, run: Run, word: int) -> None:
        self.run, self.lower, self.upper = run, 1, word.bit_count()
        self.witness: int | None = word

    @property
    def settled(self) -> bool:
        """Whether the bounds meet, and a word of that weight is known."""
        return self.lower >= self.upper and self.witness is not None

    def offer(self, word: int) -> None:
        """Lower the upper bound to the weight of this codeword, if it is better."""
        weight = word.bit_count()
        if weight < self.upper or (weight == self.upper and self.witness is None):
            self.upper, self.witness = weight, word

    def take(self, distribution: weights.Distribution) -> None:
        """Read the distance off a weight distribution."""
        self.run.note("weight distribution")
        self.lower = min(weight for weight in distribution if weight)
        if self.lower < self.upper:
            self.upper, self.witness = self.lower, None

    def look(
        self,
        packed: Words,
        basis: Sequence[int],
        t: int,
        planned: int,
        *,
        hidden: int = 0,
        as_word: Callable[[int], int] = int,
    ) -> None:
        """Offer the sums of t rows of a basis that are lighter than what is known.

        `packed` holds the places of the rows that have to be counted, all but `hidden` ones of a
        sum; `as_word` makes a codeword of a sum.
        """
        self.run.note("information sets")
        total = self.run.done + planned

        def below() -> int:
            return self.upper - hidden + (self.witness is None)

        def report(words: int) -> None:
            bounds = f"weight {self.lower} to {self.upper}, t = {t}"
            self.run.report(words, total, bounds)

        with closing(light_sums(self.run, packed, t, below, report)) as found:
            for message in found:
                self.offer(as_word(reduce(xor, (basis[i] for i in message))))
                if self.settled:
                    return

    def found(self) -> DistanceSearch:
        """Return the bounds, and how they came about."""
        run, method = self.run, " + ".join(self.run.methods) or "bounds"
        witness = None if self.witness is None else gf2.exponents(self.witness)
        stopped = run.interrupted and self.lower < self.upper
        return DistanceSearch(
            self.lower, self.upper, method, run.done, run.seconds, witness, stopped
        )


def search(code: CyclicIdeal, run: Run) -> DistanceSearch:
    """Bounds on the minimum distance of a code with k >= 1, exact if the limits allow."""
    bounds = Bounds(run, code.generator_int)
    try:
        bounds = _solve(code, run)
    except (KeyboardInterrupt, OutOfTimeError):
        run.interrupted = True
    return bounds.found()


def _solve(code: CyclicIdeal, run: Run) -> Bounds:
    """Return bounds for any code, through its reductions."""
    bounds, parts = Bounds(run, code.generator_int), split(code)
    if not parts:
        _irreducible(code, bounds)
        return bounds
    lower = code.n
    for part in parts:
        if part.factor >= bounds.upper:
            lower = min(lower, bounds.upper)
            continue
        solved = _solve(part.code, run)
        lower = min(lower, part.factor * solved.lower)
        if solved.witness is not None:
            bounds.offer(part.lift(solved.witness))
        elif part.factor * solved.upper < bounds.upper:
            bounds.upper, bounds.witness = part.factor * solved.upper, None
    bounds.lower = min(lower, bounds.upper)
    return bounds


def _irreducible(code: CyclicIdeal, bounds: Bounds) -> None:
    if code.minimum_distance_if_known() == bounds.upper:
        bounds.lower = bounds.upper
        bounds.run.note("bounds")
        return
    try:
        _close_in(code, bounds)
    except (KeyboardInterrupt, OutOfTimeError):
        bounds.run.interrupted = True


def _close_in(code: CyclicIdeal, bounds: Bounds) -> None:
    """Raise the lower bound and find lighter words until they meet."""
    run, allowed = bounds.run, allowed_weights(code)
    bounds.offer(sum(1 << i for i in code.idempotent()))
    if code.n <= ALL_BOUNDS_UP_TO:
        bounds.lower = allowed(max(lower_bounds(code).values()))
    else:
        bounds.lower = allowed(bch_bound(code))
    run.note("bounds")
    # A stopped search still gives the bounds of the codes it did not reach.
    if bounds.lower >= bounds.upper or run.interrupted:
        return
    n, k = code.n, code.k
    basis, checks = systematic_rows(code.generator_int, n), n - k
    packed = to_words([row & ((1 << checks) - 1) for row in basis], checks)
    outside: list[int] = []
    if is_quadratic_residue(code):
        # What the messages on the other side see is the last k places.
        outside = rows_from_outside(code)
        seen = to_words([row >> checks & ((1 << k) - 1) for row in outside], k)
    shifted = run.max_words is not None  # whose limit is meant for short searches
    for t in range(1, k + 1):
        if bounds.settled:
            return
        planned = _planned(code, t, bounds.upper, allowed, two_sided=bool(outside))
        if planned > _LONG and not shifted:
            shifted = True
            while bounds.lower < bounds.upper and proves(
                n, code.defining_set, bounds.lower + 1, run.check
            ):
                bounds.lower = allowed(bounds.lower + 1)
                run.note("shifting")
        level = math.comb(k, t)
        if bounds.lower < bounds.upper and level > SMALL:
            # Levels grow so fast that the smaller ones, done before, cost little beside the next.
            cost = weights.cost(code)
            if COUNTING * cost < min(planned, level) * packed.shape[1]:
                run.afford(cost)
                bounds.take(weights.compute(code, run))
        if bounds.lower >= bounds.upper:
            # The distance is known; a word of that weight may be too far to seek.
            planned = _planned(code, t, bounds.upper + 1, allowed, two_sided=bool(outside))
            if bounds.witness is not None or planned > _WITNESS_WORDS:
                return
        run.afford(planned)
        # The message has weight t, and the packed rows are the other n - k places.
        bounds.look(packed, basis, t, planned, hidden=t)
        bounds.lower = max(bounds.lower, allowed(-(-(t + 1) * n // k)))
        if outside:
            # Words of the extended code are one heavier than what they stand for.
            bounds.look(
                seen, outside, t, planned, hidden=t - 1, as_word=lambda word: punctured(word, n)
            )
            unseen = unseen_weight(n + 1, t) - 1
            bounds.lower = max(bounds.lower, min(allowed(unseen), bounds.upper))
        if t == k or bounds.lower > bounds.upper:
            bounds.lower = bounds.upper


def _planned(
    code: CyclicIdeal, t: int, upper: int, allowed: Callable[[int], int], *, two_sided: bool
) -> int:
    """Messages of weight t, t + 1, ... that prove `upper` if no lighter word turns up."""
    n, k = code.n, code.k
    total = 0
    for size in range(t, k + 1):
        total += math.comb(k, size) << two_sided
        if allowed(-(-(size + 1) * n // k)) >= upper:
            break
        if two_sided and allowed(unseen_weight(n + 1, size) - 1) >= upper:
            break
    return total
