"""Quadratic-residue codes: what their large group of symmetries says of the distance.

Let p be a prime, +-1 modulo 8, and C the [p, (p + 1)/2] code with the nonzero squares, or the
nonsquares, as zeros. Its extension by a parity bit, at infinity, has N = p + 1 places and is
invariant under PSL_2(p) (Gleason and Prange), which moves any two places to any two others.
So:

- a lightest word can be moved so that it has a one at infinity: d is odd, and the extended code
  has distance d + 1;
- *square root*: d^2 >= p, and d^2 - d + 1 >= p for p = -1 modulo 8;
- *two information sets*: the places I = {p - k, ..., p - 1}, k = N/2, are an information set, and
  so are the others, J, because I is one of the dual, which is an extended quadratic-residue code
  too. Moved at random, a word of weight W has X ones in I, of mean W/2 and, as pairs of places
  are moved to all pairs alike, of variance W (N - W)/(4 (N - 1)), as if drawn without replacement.
  Some move has |X - W/2| at least as large as the deviation, rounded upwards to a whole number m
  (W is even), hence at most W/2 - m ones in I or in J. Encoding all messages of so few ones on both
  sides finds the word. For W = 20, N = 138 that is 7, where one information set and cyclic shifts
  alone need 10.

References
----------
MacWilliams and Sloane, The Theory of Error-Correcting Codes, chapter 16: theorems 1, 12 and 13.
"""

from __future__ import annotations

import math

from . import gf2
from .cyclotomic import prime_factors
from .ideal import CyclicIdeal
from .words import systematic_rows


def is_quadratic_residue(code: CyclicIdeal) -> bool:
    """Whether a code is one of the two [p, (p + 1)/2] quadratic-residue codes of its length.

    Examples
    --------
    >>> from spadv.theory.codes import golay, hamming
    >>> is_quadratic_residue(golay()), is_quadratic_residue(hamming(4))
    (True, False)
    """
    p = code.n
    if p < 7 or p % 8 not in (1, 7) or 2 * code.k != p + 1:
        return False
    if prime_factors(p) != (p,):
        return False
    squares = {i * i % p for i in range(1, p)}
    zeros = set(code.defining_set)
    return zeros == squares or zeros == set(range(1, p)) - squares


def square_root_bound(p: int) -> int:
    """Return the least odd d with d^2 >= p, and with d^2 - d + 1 >= p for p = -1 modulo 8.

    Examples
    --------
    >>> [square_root_bound(p) for p in (7, 17, 23, 137)]
    [3, 5, 7, 13]
    """
    d = 1
    while d * d < p or (p % 8 == 7 and d * d - d + 1 < p):
        d += 2
    return d


def unseen_weight(places: int, ones: int) -> int:
    """Return the least weight of an extended word that messages of so few ones do not find.

    Examples
    --------
    >>> unseen_weight(138, 7)
    22
    """
    weight = 2
    while weight < places:
        # The least m with m^2 at least the variance.
        variance, scale = weight * (places - weight), 4 * (places - 1)
        m = math.isqrt((variance - 1) // scale) + 1 if variance else 0
        if weight // 2 - m > ones:
            return weight
        weight += 2
    return places


def rows_from_outside(code: CyclicIdeal) -> list[int]:
    """Return a basis of the extended code, systematic in J.

    Bit n is the place at infinity. Row i has a one in place i of J = {0, ..., p - k - 1, p}, and
    zeros in the others.
    """
    n, k = code.n, code.k
    rows = [row | (row.bit_count() & 1) << n for row in systematic_rows(code.generator_int, n)]
    return gf2.reduce_rows(rows, [*range(n - k), n])[0]


def punctured(word: int, p: int) -> int:
    """Return a word of C one lighter than an extended word: moved to have a one at infinity."""
    if not word >> p & 1:
        (first, *_) = gf2.exponents(word)
        # A cyclic shift takes that place to 0, and x -> -1/x takes 0 to infinity.
        moved = [(s - first) % p for s in gf2.exponents(word)]
        word = 1 << p | sum(1 << (-pow(s, -1, p) % p) for s in moved if s)
    return word & ~(1 << p)
