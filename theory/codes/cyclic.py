"""The class of binary cyclic codes of any length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks import check_integer
from ...errors import InputError
from ...progress import Progress, silent
from . import gf2, words
from .bounds import bch_bound, lower_bounds
from .distance import DistanceSearch, search
from .ideal import CyclicIdeal
from .weights import weight_distribution
from .words import Bits

#: Largest enumeration, in codewords, that :meth:`BinaryCyclicCode.weight_distribution`
#: starts unless told otherwise: a minute or so.
MAX_ENUMERATION = 1 << 36


class BinaryCyclicCode(CyclicIdeal):
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

    # Words.

    def generator_matrix(self, systematic: bool = False) -> Bits:
        """Return the generator matrix of shape (k, n), uint8.

        Rows are g, x g, x^2 g, ...; if `systematic`, the last k columns are the identity.

        Examples
        --------
        >>> BinaryCyclicCode(3, (0, 1)).generator_matrix()
        array([[1, 1, 0],
               [0, 1, 1]], dtype=uint8)
        """
        if not systematic:
            return words.shifts(self._g, self.k, self._n)
        matrix = np.zeros((self.k, self._n), dtype=np.uint8)
        for i, row in enumerate(words.systematic_rows(self._g, self._n)):
            matrix[i] = words.unpack(row, self._n)
        return matrix

    def parity_check_matrix(self) -> Bits:
        """Return the parity-check matrix of shape (n - k, n), uint8.

        Its rows are the shifts of the dual's generator.
        """
        return words.shifts(gf2.reciprocal(self.check_int), self._n - self.k, self._n)

    def encode(self, messages: Any, systematic: bool = True) -> Bits:
        """Encode messages.

        Parameters
        ----------
        messages : array_like of 0 and 1, shape (B, k) or (k,)
            Bit i of a message is the coefficient of x^i.
        systematic : bool
            If true the message stands in the last k positions of the word, else the word
            is m(x) g(x).

        Returns
        -------
        ndarray of shape (B, n) or (n,), uint8

        Examples
        --------
        >>> BinaryCyclicCode(7, (0, 1, 3)).encode([1, 0, 0, 0])
        array([1, 1, 0, 1, 0, 0, 0], dtype=uint8)
        """
        bits, single = words.check_bits("messages", messages, self.k)
        encoded = words.product(bits, self.generator_matrix(systematic))
        return encoded[0] if single else encoded

    def contains(self, candidates: Any) -> NDArray[np.bool_]:
        """Return which words belong to the code.

        Parameters
        ----------
        candidates : array_like of 0 and 1, shape (B, n) or (n,)
            Words; a single one counts as a batch of one.

        Returns
        -------
        ndarray of shape (B,), bool

        Examples
        --------
        >>> BinaryCyclicCode(3, (0, 1)).contains([[1, 1, 0], [1, 0, 0]])
        array([ True, False])
        """
        bits, _ = words.check_bits("candidates", candidates, self._n)
        syndromes = words.product(bits, self.parity_check_matrix().T)
        inside: NDArray[np.bool_] = np.logical_not(syndromes.any(axis=1))
        return inside

    def __contains__(self, word: Sequence[int] | NDArray[Any]) -> bool:
        """Whether one word, given as n zeros and ones, belongs to the code."""
        if np.ndim(word) != 1:
            rule = f"be one word of {self._n} zeros and ones; `contains` takes several"
            raise InputError("word", rule, f"shape {np.shape(word)}")
        return bool(self.contains(word)[0])

    def codewords(self) -> Iterator[Bits]:
        """Yield every codeword as an array of shape (n,), uint8, in constant memory.

        The order is m(x) g(x) for m = 0, 1, 2, ... read as binary numbers: the zero word
        comes first, g second.

        Examples
        --------
        >>> ["".join(map(str, word)) for word in BinaryCyclicCode(3, (0, 1)).codewords()]
        ['000', '110', '011', '101']
        """
        for batch in words.stream(self._g, self._n, None):
            yield from batch

    def codeword_batches(self, size: int) -> Iterator[Bits]:
        """Yield every codeword in batches of shape (b, n), b <= `size`, ordered as `codewords`."""
        return words.stream(self._g, self._n, check_integer("size", size, minimum=1))

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

    def minimum_distance(self, progress: Progress = silent) -> int:
        """Return the exact minimum distance, however long it takes.

        :meth:`distance_search` does the same within a time limit, and takes the same `progress`.

        Examples
        --------
        >>> BinaryCyclicCode(23, (0, 2, 4, 5, 6, 10, 11)).minimum_distance()
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

        Ctrl-C, or the time limit, ends the search and keeps the bounds reached.

        Parameters
        ----------
        seconds : float, optional
            Time limit in seconds; none by default. Compiling the kernels on first use is not cut
            short.
        progress : Progress
            Called a few times a second with words checked, words planned and the bounds.
        max_words : int, optional
            Codewords to look through, at most: the search stops before a step that would need
            more. Unlike a time limit it gives the same on every machine.

        Returns
        -------
        DistanceSearch

        Examples
        --------
        >>> found = BinaryCyclicCode(7, (0, 1, 3)).distance_search()
        >>> found.lower, found.upper, found.exact, found.witness
        (3, 3, True, (0, 1, 3))
        """
        self._check_distance_exists()
        found = search(self, seconds, progress, max_words)
        if found.exact:
            self.__dict__["distance"] = found.upper
        return found

    def weight_distribution(
        self,
        progress: Progress = silent,
        max_words: int = MAX_ENUMERATION,
        seconds: float | None = None,
    ) -> dict[int, int]:
        """Return how many codewords there are of each weight, exactly.

        The cheaper of the code and its dual is enumerated up to cyclic shifts; the
        MacWilliams identity gives the other.

        Parameters
        ----------
        progress : Progress
            Called a few times a second with words counted and words planned.
        max_words : int
            Refuse enumerations of more codewords than this.
        seconds : float, optional
            Time limit; none by default.

        Returns
        -------
        dict of int to int
            Weight to count, ascending, without zero counts.

        Raises
        ------
        TooLargeError
            Naming the number of words that would have to be enumerated, or the time that passed.

        Examples
        --------
        >>> BinaryCyclicCode(15, (0, 1, 2, 4, 5, 8, 10)).weight_distribution()
        {0: 1, 7: 15, 8: 15, 15: 1}
        """
        if "weights" not in self.__dict__:
            weights = weight_distribution(self, progress, max_words, seconds)
            self.__dict__["weights"] = weights
            if self.k:
                self.__dict__["distance"] = min(weight for weight in weights if weight)
        return dict(self.__dict__["weights"])

    def _check_distance_exists(self) -> None:
        if self.k == 0:
            raise InputError(
                "code",
                "have a nonzero word to have a minimum distance",
                self,
                "It holds the zero word alone.",
            )
