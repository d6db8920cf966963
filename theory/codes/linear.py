"""Any binary linear code, and those that a cyclic code becomes by a parity bit or by shortening.

These are linear but not cyclic, so what rests on shifts is not theirs: their weights are counted
word by word, on the side of the code or of its dual, and their distance is sought by
:mod:`.brouwer_zimmermann`. Two ways lead back to the cyclic code: an extended code has the weights
of the code it extends, odd ones rounded upwards; and each place of a cyclic code is zero in a word
of weight w as often as any other, in (n - w)/n of the words, which gives the weights of the code
shortened once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...checks import check_integer, check_real
from ...errors import InputError, TooLargeError
from ...progress import Progress, silent
from . import brouwer_zimmermann, gf2, weights, words
from .distance import DistanceSearch
from .fields import over
from .pool import OutOfTimeError, Run
from .weights import Distribution
from .words import Bits

if TYPE_CHECKING:
    import galois

#: Largest enumeration, in codewords, that :meth:`LinearCode.weight_distribution` starts unless
#: told otherwise: a minute or so.
MAX_ENUMERATION = 1 << 36


class LinearCode:
    """A binary linear code, given by a generator matrix.

    The matrix, an array of 0 and 1 of shape (k, n) or one of galois, has independent rows.
    :class:`.BinaryCyclicCode` is one, with faster searches; its :meth:`extended` and
    :meth:`~.BinaryCyclicCode.shortened` are others. Codes are immutable, and equal when they hold
    the same words (MacWilliams and Sloane, The Theory of Error-Correcting Codes, chapter 1).

    Examples
    --------
    >>> code = LinearCode([[1, 0, 0, 1, 1], [0, 1, 1, 0, 1]])
    >>> code.n, code.k, code.minimum_distance(), code.weight_distribution()
    (5, 2, 3, {0: 1, 3: 2, 4: 1})
    """

    _distance: int | None = None
    _found: DistanceSearch | None = None
    _counts: Distribution | None = None

    def __init__(self, generator_matrix: Any) -> None:
        rule = "be a matrix of 0 and 1 of shape (k, n), n at least 1"
        try:
            shape = np.shape(generator_matrix)
        except ValueError:  # rows of different lengths
            raise InputError("generator_matrix", rule, generator_matrix) from None
        if len(shape) != 2 or shape[1] == 0:
            raise InputError("generator_matrix", rule, generator_matrix)
        bits, _ = words.check_bits("generator_matrix", generator_matrix, shape[1])
        self._length, self._matrix = shape[1], words.pack(bits)
        rank = len(self._reduced[0])
        if rank != len(bits):
            rule = "have independent rows"
            hint = f"Its {len(bits)} rows have rank {rank}."
            raise InputError("generator_matrix", rule, generator_matrix, hint)

    @property
    def n(self) -> int:
        """Length."""
        return self._length

    @property
    def k(self) -> int:
        """Dimension."""
        return len(self._matrix)

    @cached_property
    def _reduced(self) -> tuple[list[int], list[int]]:
        """Reduced basis and its pivots, both ascending; the pivots are as late as can be."""
        rows, pivots = gf2.reduce_rows(self._basis(), range(self.n - 1, -1, -1))
        return rows[::-1], pivots[::-1]

    def _basis(self, systematic: bool = False) -> list[int]:
        """Return the rows of the generator matrix as integers, bit i being place i."""
        return self._reduced[0] if systematic else self._matrix

    def _checks(self) -> list[int]:
        """Return a basis of the dual."""
        rows, pivots = self._reduced
        others = sorted(set(range(self.n)) - set(pivots))
        return [
            1 << place
            | sum(1 << p for p, row in zip(pivots, rows, strict=True) if row >> place & 1)
            for place in others
        ]

    # Words. A `field` of galois, such as ``galois.GF2``, makes arrays over it.

    def generator_matrix(
        self, systematic: bool = False, field: type[galois.FieldArray] | None = None
    ) -> Bits:
        """Return the generator matrix of shape (k, n), uint8 or over a field of galois.

        If it is to be `systematic`, k columns, as late as they can be, are the identity: of a
        cyclic code the last k, of an extended one those of the code it extends.
        """
        return over(field, words.unpack_rows(self._basis(systematic), self.n))

    def parity_check_matrix(self, field: type[galois.FieldArray] | None = None) -> Bits:
        """Return a parity-check matrix of shape (n - k, n), uint8 or over a field of galois.

        Of a cyclic code its rows are the shifts of the dual's generator.
        """
        return over(field, words.unpack_rows(self._checks(), self.n))

    def encode(self, messages: Any, systematic: bool = True) -> Bits:
        """Encode messages of 0 and 1, shape (B, k) or (k,), as uint8 of shape (B, n) or (n,).

        Bit i of a message multiplies row i of the generator matrix; of a cyclic code it is the
        coefficient of x^i. Systematically the message stands in the word, in the last k positions
        for a cyclic code; else the word is m(x) g(x) there. Messages over a field of galois give
        words over it.

        Examples
        --------
        >>> from spadv.theory.codes import hamming
        >>> hamming(3).encode([1, 0, 0, 0])
        array([1, 1, 0, 1, 0, 0, 0], dtype=uint8)
        """
        return words.image("messages", messages, self.generator_matrix(systematic))

    def syndromes(self, received: Any) -> Bits:
        """Return the products of words with the rows of the parity-check matrix, uint8.

        Words of 0 and 1, shape (B, n) or (n,), perhaps with errors, give (B, n - k) or (n - k,),
        zero for words of the code; over a field of galois if they are.

        Examples
        --------
        >>> from spadv.theory.codes import hamming
        >>> hamming(3).syndromes([1, 1, 0, 1, 0, 0, 1])
        array([0, 0, 1], dtype=uint8)
        """
        return words.image("received", received, self.parity_check_matrix().T)

    def contains(self, candidates: Any) -> NDArray[np.bool_]:
        """Return which words, shape (B, n), belong to the code, shape (B,); one counts as B = 1.

        Examples
        --------
        >>> LinearCode([[1, 1, 0], [0, 1, 1]]).contains([[1, 1, 0], [1, 0, 0]])
        array([ True, False])
        """
        bits, _ = words.check_bits("candidates", candidates, self.n)
        syndromes = words.product(bits, self.parity_check_matrix().T)
        inside: NDArray[np.bool_] = np.logical_not(syndromes.any(axis=1))
        return inside

    def __contains__(self, word: Sequence[int] | NDArray[Any]) -> bool:
        """Whether one word, given as n zeros and ones, belongs to the code."""
        if np.ndim(word) != 1:
            rule = f"be one word of {self.n} zeros and ones; `contains` takes several"
            raise InputError("word", rule, f"shape {np.shape(word)}")
        return bool(self.contains(word)[0])

    def codewords(self, field: type[galois.FieldArray] | None = None) -> Iterator[Bits]:
        """Yield every codeword as an array of shape (n,), uint8, in constant memory.

        The order is that of messages m = 0, 1, 2, ... read as binary numbers, with the rows of the
        generator matrix: of a cyclic code m(x) g(x), the zero word first and g second. With a
        `field` of galois, words over it.

        Examples
        --------
        >>> code = LinearCode([[1, 1, 0], [0, 1, 1]])
        >>> ["".join(map(str, word)) for word in code.codewords()]
        ['000', '110', '011', '101']
        """
        for batch in words.stream(self._basis(), self.n, None):
            yield from over(field, batch)

    def codeword_batches(self, size: int) -> Iterator[Bits]:
        """Yield every codeword in batches of shape (b, n), b <= `size`, ordered as `codewords`."""
        size = check_integer("size", size, minimum=1)
        return words.stream(self._basis(), self.n, size)

    # Other codes.

    def extended(self) -> LinearCode:
        """Return the code with an overall parity bit as a further, last place.

        Its words have even weights: those of this code, odd ones larger by one.

        Examples
        --------
        >>> from spadv.theory.codes import golay
        >>> golay().extended().weight_distribution()
        {0: 1, 8: 759, 12: 2576, 16: 759, 24: 1}
        """
        return _Extended(self)

    # Distance and weights.

    def minimum_distance_if_known(self) -> int | None:
        """Return the minimum distance if it was computed before, else None."""
        return self._distance

    def minimum_distance(self, progress: Progress = silent) -> int:
        """Return the exact minimum distance, however long it takes.

        :meth:`distance_search` does the same within a time limit, and takes the same `progress`.

        Examples
        --------
        >>> from spadv.theory.codes import golay
        >>> golay().minimum_distance()
        7
        """
        self._check_distance_exists()
        known = self.minimum_distance_if_known()
        if known is not None:
            return known
        found = self.distance_search(progress=progress)
        if not found.exact:
            raise KeyboardInterrupt
        return found.upper

    def distance_search(
        self,
        seconds: float | None = None,
        progress: Progress = silent,
        max_words: int | None = None,
    ) -> DistanceSearch:
        """Return bounds on the minimum distance, exact if time allows.

        Ctrl-C, or a limit, ends the search and keeps the bounds reached. `seconds` limits the time
        (compiling the kernels on first use is not cut short), `max_words` the codewords to look
        through: the search stops before a step that would need more, which, unlike a time limit,
        gives the same on every machine. `progress` is called a few times a second with words
        checked, words planned and the bounds.

        Examples
        --------
        >>> from spadv.theory.codes import hamming
        >>> found = hamming(3).distance_search()
        >>> found.lower, found.upper, found.exact, found.witness
        (3, 3, True, (0, 1, 3))
        """
        self._check_distance_exists()
        if seconds is not None:
            seconds = check_real("seconds", seconds, low=0)
        if max_words is not None:
            max_words = check_integer("max_words", max_words, minimum=0)
        return self._search_once(Run(progress, seconds, max_words))

    def _search_once(self, run: Run) -> DistanceSearch:
        found = self._found or self._search(run)
        if found.exact:
            self._distance, self._found = found.upper, found
        return found

    def _search(self, run: Run) -> DistanceSearch:
        known = self.minimum_distance_if_known()
        if known is not None:
            return DistanceSearch(known, known, "weight distribution", 0, 0.0, None, False)
        return brouwer_zimmermann.search(self._basis(), self._checks(), self.n, self._lower(), run)

    def _lower(self) -> int:
        """Return a lower bound on the minimum distance that is known without a search."""
        return 1

    def weight_distribution(
        self,
        progress: Progress = silent,
        max_words: int = MAX_ENUMERATION,
        seconds: float | None = None,
    ) -> dict[int, int]:
        """Return how many codewords there are of each weight, exactly, ascending by weight.

        The cheaper of the code and its dual is enumerated, for a cyclic code up to cyclic shifts;
        the MacWilliams identity gives the other. TooLargeError, which names their number, if more
        than `max_words` codewords would have to be enumerated, and after so many `seconds`, if they
        are limited. `progress` is called a few times a second with words counted and planned.

        Examples
        --------
        >>> from spadv.theory.codes import bch
        >>> bch(15, 7).weight_distribution()
        {0: 1, 7: 15, 8: 15, 15: 1}
        """
        planned = self._cost()
        if planned > max_words:
            raise TooLargeError(
                "code",
                f"have at most {max_words} codewords to enumerate",
                self,
                f"The cheaper of the code and its dual has about {planned:.3g}, up to cyclic "
                "shifts; raise max_words to insist.",
            )
        try:
            return dict(self._count_once(Run(progress, seconds)))
        except OutOfTimeError:
            rule = "be enough to count all codewords"
            raise TooLargeError("seconds", rule, seconds) from None

    def _cost(self) -> int:
        """Codewords that :meth:`_count_once` enumerates, estimated."""
        return self._words_to_count() if self._counts is None else 0

    def _count_once(self, run: Run) -> Distribution:
        if self._counts is None:
            self._counts = self._count(run)
            if self.k:
                self._distance = min(weight for weight in self._counts if weight)
        return self._counts

    def _words_to_count(self) -> int:
        return 1 << min(self.k, self.n - self.k)

    def _count(self, run: Run) -> Distribution:
        return weights.of_matrices(self._basis(), self._checks(), self.n, run)

    def _check_distance_exists(self) -> None:
        if self.k == 0:
            rule = "have a nonzero word to have a minimum distance"
            raise InputError("code", rule, self, "It holds the zero word alone.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LinearCode):
            return NotImplemented
        return self.n == other.n and self._reduced == other._reduced

    def __hash__(self) -> int:
        # The cyclic code that the words generate: for a cyclic code its own generator.
        generator = gf2.x_power_minus_1(self.n)
        for row in self._basis():
            generator = gf2.gcd(generator, row)
        return hash((self.n, generator))

    def __repr__(self) -> str:
        return f"LinearCode, [{self.n}, {self.k}]"


class _Extended(LinearCode):
    """A code with an overall parity bit."""

    def __init__(self, code: LinearCode) -> None:
        self._code = code

    @property
    def n(self) -> int:
        return self._code.n + 1

    @property
    def k(self) -> int:
        return self._code.k

    def _basis(self, systematic: bool = False) -> list[int]:
        rows = self._code._basis(systematic)
        return [row | (row.bit_count() & 1) << self.n - 1 for row in rows]

    def _checks(self) -> list[int]:
        return [*self._code._checks(), (1 << self.n) - 1]

    def _search(self, run: Run) -> DistanceSearch:
        found = self._code._search_once(run)
        lower, upper = found.lower + found.lower % 2, found.upper + found.upper % 2
        witness = found.witness
        if witness is not None and found.upper % 2:
            witness = (*witness, self.n - 1)
        stopped = found.interrupted and lower < upper
        return replace(found, lower=lower, upper=upper, witness=witness, interrupted=stopped)

    def _words_to_count(self) -> int:
        return self._code._cost()

    def _count(self, run: Run) -> Distribution:
        counts: Distribution = {}
        for weight, count in self._code._count_once(run).items():
            counts[weight + weight % 2] = counts.get(weight + weight % 2, 0) + count
        return counts

    def __repr__(self) -> str:
        return f"{self._code!r}, extended to [{self.n}, {self.k}]"
