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

from ...checks import check_integer, check_real
from ...progress import Progress, silent
from . import gf2, weights
from .bounds import allowed_weights, bch_bound, lower_bounds
from .combinations import light_sums
from .ideal import CyclicIdeal
from .pool import OutOfTimeError, Run, Words, to_words
from .quadratic import is_quadratic_residue, punctured, rows_from_outside, unseen_weight
from .reductions import Part, split
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
    """What is known of a minimum distance.

    Attributes
    ----------
    lower, upper : int
        lower <= minimum distance <= upper, both proven.
    exact : bool
        Whether they agree.
    method : str
        What gave the bounds: "bounds" (algebraic bounds and a known word), "information
        sets" (Chen), "shifting", "weight distribution" (of the code or, by MacWilliams, its dual),
        or several of them.
    words_checked : int
        Codewords enumerated.
    seconds : float
        Wall time in seconds.
    witness : tuple of int or None
        Positions of the ones of a codeword of weight `upper`; None if `upper` comes from
        a weight distribution and no word was constructed.
    interrupted : bool
        Whether Ctrl-C, the time limit or the limit of words ended the search.
    """

    lower: int
    upper: int
    exact: bool
    method: str
    words_checked: int
    seconds: float
    witness: tuple[int, ...] | None
    interrupted: bool


class _State:
    """Proven bounds on the minimum distance of one code."""

    def __init__(self, code: CyclicIdeal) -> None:
        self.lower = 1
        self.witness: int | None = code.generator_int
        self.upper = code.generator_int.bit_count()

    def offer(self, word: int) -> None:
        """Lower the upper bound to the weight of this codeword, if it is better."""
        weight = word.bit_count()
        if weight < self.upper or (weight == self.upper and self.witness is None):
            self.upper, self.witness = weight, word


class _Search:
    """A run over one code and the smaller codes it reduces to."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.methods: list[str] = []
        self.interrupted = False

    def solve(self, code: CyclicIdeal) -> _State:
        """Bounds for any code, through its reductions."""
        parts = split(code)
        if not parts:
            return self._irreducible(code)
        state = _State(code)
        best_lower = code.n
        for part in parts:
            factor = part.factor
            if factor >= state.upper:
                best_lower = min(best_lower, state.upper)
                continue
            solved = self.solve(part.code)
            best_lower = min(best_lower, factor * solved.lower)
            self._lift(state, part, solved)
        state.lower = min(best_lower, state.upper)
        return state

    @staticmethod
    def _lift(state: _State, part: Part, solved: _State) -> None:
        if solved.witness is not None:
            state.offer(part.lift(solved.witness))
        elif part.factor * solved.upper < state.upper:
            state.upper, state.witness = part.factor * solved.upper, None

    def _irreducible(self, code: CyclicIdeal) -> _State:
        state = _State(code)
        known = code.minimum_distance_if_known()
        if known is not None and known == state.upper:
            state.lower = known
            self._note("bounds")
            return state
        try:
            self._search(code, state)
        except (KeyboardInterrupt, OutOfTimeError):
            self.interrupted = True
        return state

    def _note(self, method: str) -> None:
        if method not in self.methods:
            self.methods.append(method)

    def _search(self, code: CyclicIdeal, state: _State) -> None:
        allowed = allowed_weights(code)
        state.offer(sum(1 << i for i in code.idempotent()))
        if code.n <= ALL_BOUNDS_UP_TO:
            state.lower = allowed(max(lower_bounds(code).values()))
        else:
            state.lower = allowed(bch_bound(code))
        self._note("bounds")
        # A stopped search still gives the bounds of the codes it did not reach.
        if state.lower >= state.upper or self.interrupted:
            return
        n, k = code.n, code.k
        rows = [row & ((1 << (n - k)) - 1) for row in systematic_rows(code.generator_int, n)]
        packed = to_words(rows, n - k)
        outside: list[int] = []
        if is_quadratic_residue(code):
            # What the messages on the other side see is the last k places.
            outside = rows_from_outside(code)
            seen = to_words([row >> (n - k) & ((1 << k) - 1) for row in outside], k)
        shifted = self.run.max_words is not None  # whose limit is meant for short searches
        for t in range(1, k + 1):
            if state.lower >= state.upper and state.witness is not None:
                return
            planned = _planned(code, t, state.upper, allowed, two_sided=bool(outside))
            if planned > _LONG and not shifted:
                shifted = True
                while state.lower < state.upper and proves(
                    n, code.defining_set, state.lower + 1, self.run.check
                ):
                    state.lower = allowed(state.lower + 1)
                    self._note("shifting")
            if state.lower < state.upper and math.comb(k, t) > SMALL:
                self._weigh(code, state, min(planned, math.comb(k, t)))
            if state.lower >= state.upper:
                # The distance is known; a word of that weight may be too far to seek.
                planned = _planned(code, t, state.upper + 1, allowed, two_sided=bool(outside))
                if state.witness is not None or planned > _WITNESS_WORDS:
                    return
            self.run.afford(planned)
            self._level(code, state, packed, t, planned)
            state.lower = max(state.lower, allowed(-(-(t + 1) * n // k)))
            if outside:
                self._level(code, state, seen, t, planned, outside)
                unseen = unseen_weight(n + 1, t) - 1
                state.lower = max(state.lower, min(allowed(unseen), state.upper))
            if t == k or state.lower > state.upper:
                state.lower = state.upper

    def _weigh(self, code: CyclicIdeal, state: _State, words: int) -> None:
        """Use the weight distribution if that is cheaper than the next `words` messages.

        Levels grow so fast that the smaller ones, done before, cost little in comparison.
        """
        if COUNTING * weights.cost(code) >= words * _pieces(code.n - code.k):
            return
        self.run.afford(weights.cost(code))
        distribution = weights.compute(code, self.run)
        self._note("weight distribution")
        distance = min(weight for weight in distribution if weight)
        state.lower = distance
        if distance < state.upper:
            state.upper, state.witness = distance, None

    def _level(
        self,
        code: CyclicIdeal,
        state: _State,
        rows: Words,
        t: int,
        planned: int,
        extended: Sequence[int] = (),
    ) -> None:
        """Encode every message of weight t; `extended` has the rows of the extended code."""
        self._note("information sets")
        # The message has weight t, and the rows are the other n - k positions; words of the
        # extended code are one heavier than what they stand for.
        hidden = t - bool(extended)
        total = self.run.done + planned

        def below() -> int:
            return state.upper - hidden + (state.witness is None)

        def report(words: int) -> None:
            bounds = f"weight {state.lower} to {state.upper}, t = {t}"
            self.run.report(words, total, bounds)

        with closing(light_sums(self.run, rows, t, below, report)) as found:
            for message in found:
                if extended:
                    word = reduce(xor, (extended[i] for i in message))
                    state.offer(punctured(word, code.n))
                else:
                    state.offer(_encode(code, message))
                if state.lower >= state.upper and state.witness is not None:
                    return


def search(
    code: CyclicIdeal,
    seconds: float | None = None,
    progress: Progress = silent,
    max_words: int | None = None,
) -> DistanceSearch:
    """Bounds on the minimum distance of a code with k >= 1, exact if time allows.

    See :meth:`.BinaryCyclicCode.distance_search`.
    """
    if seconds is not None:
        seconds = check_real("seconds", seconds, low=0)
    if max_words is not None:
        max_words = check_integer("max_words", max_words, minimum=0)
    work = _Search(Run(progress, seconds, max_words))
    try:
        state = work.solve(code)
    except (KeyboardInterrupt, OutOfTimeError):
        work.interrupted = True
        state = _State(code)
    witness = None if state.witness is None else gf2.exponents(state.witness)
    exact = state.lower == state.upper
    return DistanceSearch(
        state.lower,
        state.upper,
        exact,
        " + ".join(work.methods) or "bounds",
        work.run.done,
        work.run.seconds,
        witness,
        work.interrupted and not exact,
    )


def _pieces(bits: int) -> int:
    return max(1, -(-bits // 64))


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


def _encode(code: CyclicIdeal, message: list[int]) -> int:
    word = 0
    rows = systematic_rows(code.generator_int, code.n)
    for i in message:
        word ^= rows[i]
    return word
