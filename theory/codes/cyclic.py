"""The class of binary cyclic codes of any length."""

from __future__ import annotations

from ...checks import check_integer
from ...errors import InputError
from . import gf2, weights, words
from .bounds import bch_bound, lower_bounds
from .distance import ALL_BOUNDS_UP_TO, DistanceSearch, search
from .ideal import CyclicIdeal
from .linear import LinearCode
from .pool import Run
from .shifting import shifting_bound


class BinaryCyclicCode(CyclicIdeal, LinearCode):
    """A binary cyclic code: the multiples of g(x) modulo x^n - 1 over GF(2).

    Position i of a word is the coefficient of x^i. Codes are immutable, and equal when
    they hold the same words. Any length is allowed; for even lengths g may have repeated
    roots.

    Parameters
    ----------
    n : int
        Length, at least 1.
    generator : iterable of int, str or galois.Poly
        The generator polynomial g(x), a divisor of x^n - 1. As exponents, (0, 1, 3) means
        1 + x + x^3, and (0, n) gives the zero code; as text in base 2, 8 or 16, the highest power
        comes first as in printed tables: "0b1011", "0o13" and "0xb" are x^3 + x + 1.

    References
    ----------
    MacWilliams and Sloane, The Theory of Error-Correcting Codes, chapter 7.
    Huffman and Pless, Fundamentals of Error-Correcting Codes, chapter 4.

    Examples
    --------
    >>> code = BinaryCyclicCode(7, (0, 1, 3))
    >>> code.n, code.k, code.minimum_distance()
    (7, 4, 3)
    >>> code.weight_distribution()
    {0: 1, 3: 7, 4: 7, 7: 1}
    >>> BinaryCyclicCode(15, "0o721"), oct(BinaryCyclicCode(15, "0o721").generator_int)
    (BinaryCyclicCode(15, (0, 4, 6, 7, 8)), [15, 7], '0o721')
    """

    # What :class:`.LinearCode` does with a basis, it does with shifts of g.

    def _basis(self, systematic: bool = False) -> list[int]:
        make = words.systematic_rows if systematic else words.shifts
        return make(self._g, self._n)

    def _checks(self) -> list[int]:
        return words.shifts(gf2.reciprocal(self.check_int), self._n)

    def shortened(self, s: int) -> LinearCode:
        """Return the code of the words that are zero in the last s places, without those places.

        Any other s consecutive places give an equivalent code; s is from 1 to k - 1. Its minimum
        distance is at least this one's. For a parity bit besides, shorten first:
        ``code.shortened(s).extended()``.

        Examples
        --------
        >>> from spadv.theory.codes import hamming
        >>> code = hamming(4).shortened(3)
        >>> code.n, code.k, code.minimum_distance()
        (12, 8, 3)
        """
        s = check_integer("s", s, minimum=1)
        if s >= self.k:
            rule = f"be below the dimension {self.k}, so that a nonzero word is left"
            raise InputError("s", rule, s)
        return _Shortened(self, s)

    # Distance and weights.

    def bch_bound(self) -> int:
        """Return the BCH bound on the minimum distance, over all steps and starts.

        Cheap at every length; :meth:`lower_bounds` gives stronger ones besides.

        Examples
        --------
        >>> BinaryCyclicCode(7, (0, 1, 3)).bch_bound()
        3
        """
        self._check_distance_exists()
        return bch_bound(self)

    def lower_bounds(self) -> dict[str, int]:
        """Return lower bounds on the minimum distance: keys bch, hartmann_tzeng, roos.

        Quadratic-residue codes have square_root as well. See :mod:`.bounds` for what each means,
        and for even lengths. Hartmann-Tzeng's and Roos's take a second at length 1023 and minutes
        beyond 4000.

        Examples
        --------
        >>> BinaryCyclicCode(7, (0, 1, 3)).lower_bounds()
        {'bch': 3, 'hartmann_tzeng': 3, 'roos': 3, 'square_root': 3}
        """
        self._check_distance_exists()
        return dict(lower_bounds(self))

    def shifting_bound(self) -> int:
        """Return a lower bound on the minimum distance by van Lint's and Wilson's shifting method.

        At least the BCH bound, and for most codes of length up to 63 the distance itself; see
        :mod:`.shifting` for the proof and its source. Takes milliseconds at length 63, a second at
        127, up to a minute at 255, and longer beyond.

        Examples
        --------
        >>> code = BinaryCyclicCode(21, "0o15217")
        >>> max(code.lower_bounds().values()), code.shifting_bound(), code.minimum_distance()
        (6, 8, 8)
        """
        self._check_distance_exists()
        return shifting_bound(self)

    def _search(self, run: Run) -> DistanceSearch:
        return search(self, run)

    def _words_to_count(self) -> int:
        return weights.cost(self)

    def _count(self, run: Run) -> weights.Distribution:
        return weights.compute(self, run)


class _Shortened(LinearCode):
    """The words of a cyclic code that are zero in the last places, without those."""

    def __init__(self, code: BinaryCyclicCode, s: int) -> None:
        self._code, self._s = code, s

    @property
    def n(self) -> int:
        return self._code.n - self._s

    @property
    def k(self) -> int:
        return self._code.k - self._s

    def _basis(self, systematic: bool = False) -> list[int]:
        make = words.systematic_rows if systematic else words.shifts
        return make(self._code.generator_int, self.n)

    def _checks(self) -> list[int]:
        return [row & ((1 << self.n) - 1) for row in self._code._checks()]

    def _lower(self) -> int:
        known = self._code.minimum_distance_if_known()
        if known is not None:
            return known
        if self._code.n > ALL_BOUNDS_UP_TO:
            return self._code.bch_bound()
        return max(self._code.lower_bounds().values())

    def _once(self) -> bool:
        """Whether the weights of the cyclic code give those of this one more cheaply."""
        return self._s == 1 and self._code._cost() <= super()._words_to_count()

    def _words_to_count(self) -> int:
        return self._code._cost() if self._once() else super()._words_to_count()

    def _count(self, run: Run) -> weights.Distribution:
        if not self._once():
            return super()._count(run)
        n = self._code.n
        counts = {w: count * (n - w) // n for w, count in self._code._count_once(run).items()}
        return {w: count for w, count in counts.items() if count}

    def __repr__(self) -> str:
        return f"{self._code!r}, shortened to [{self.n}, {self.k}]"
