"""Named families of binary cyclic codes.

References
----------
MacWilliams and Sloane, The Theory of Error-Correcting Codes, chapters 1, 7, 9, 16 and 20;
Huffman and Pless, Fundamentals of Error-Correcting Codes, sections 5.1 and 6.6.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from ...checks import check_integer
from ...errors import InputError
from .cyclic import BinaryCyclicCode
from .cyclotomic import cyclotomic_cosets, prime_factors, primitive_polynomial


def universe(n: int) -> BinaryCyclicCode:
    """Return the [n, n, 1] code of all words.

    Examples
    --------
    >>> universe(5)
    BinaryCyclicCode(5, (0,)), [5, 5]
    """
    return BinaryCyclicCode(n, (0,))


def even_weight(n: int) -> BinaryCyclicCode:
    """Return the [n, n - 1, 2] code of all words of even weight, n >= 2.

    Examples
    --------
    >>> even_weight(5)
    BinaryCyclicCode(5, (0, 1)), [5, 4]
    """
    return BinaryCyclicCode(check_integer("n", n, minimum=2), (0, 1))


def repetition(n: int) -> BinaryCyclicCode:
    """Return the [n, 1, n] code of the zero word and the all-ones word.

    Examples
    --------
    >>> repetition(3)
    BinaryCyclicCode(3, (0, 1, 2)), [3, 1]
    """
    return BinaryCyclicCode(n, range(check_integer("n", n, minimum=1)))


def hamming(K: int) -> BinaryCyclicCode:
    """Return the [2^K - 1, 2^K - 1 - K, 3] Hamming code, K >= 2.

    Its generator is the numerically smallest primitive polynomial of degree K; TooLargeError above
    :data:`spadv.theory.codes.cyclotomic.MAX_PRIMITIVE_DEGREE`.

    Examples
    --------
    >>> hamming(3)
    BinaryCyclicCode(7, (0, 1, 3)), [7, 4]
    """
    K = check_integer("K", K, minimum=2)
    return BinaryCyclicCode._of((1 << K) - 1, primitive_polynomial(K))


def simplex(K: int) -> BinaryCyclicCode:
    """Return the [2^K - 1, K, 2^(K - 1)] simplex code, K >= 2: the dual of :func:`hamming`.

    Its nonzero words are the shifts of one maximal-length sequence.

    Examples
    --------
    >>> simplex(3).weight_distribution()
    {0: 1, 4: 7}
    """
    return hamming(K).dual()


def bch(n: int, delta: int, b: int = 1) -> BinaryCyclicCode:
    """Return the BCH code of odd length n with zeros alpha^b, ..., alpha^(b + delta - 2).

    Narrow-sense for b = 1, primitive for n = 2^m - 1; any odd length from 3 on is allowed. The
    minimum distance is at least `delta`, the designed distance, from 2 to n; b is reduced modulo n
    (MacWilliams and Sloane, chapter 7, section 6; Huffman and Pless, section 5.1).

    Examples
    --------
    >>> bch(15, 5)
    BinaryCyclicCode(15, (0, 4, 6, 7, 8)), [15, 7]
    """
    n = _bch_length(n)
    delta = check_integer("delta", delta, minimum=2)
    if delta > n:
        raise InputError("delta", f"be at most the length {n}", delta)
    b = check_integer("b", b)
    zeros = [(b + i) % n for i in range(delta - 1)]
    code = BinaryCyclicCode.from_defining_set(n, zeros)
    if code.k == 0:
        raise InputError("delta", "leave a nonzero word in the code", delta, "Take it smaller.")
    return code


def bch_table(n: int) -> dict[int, int]:
    """Return the narrow-sense BCH codes of odd length n: dimension to largest designed distance.

    Descending by dimension. Each code corrects (delta - 1) // 2 errors, the t of printed tables;
    its minimum distance may be larger than delta (MacWilliams and Sloane, chapter 7, section 6,
    and chapter 9).

    Examples
    --------
    >>> bch_table(15)
    {11: 3, 7: 5, 5: 7, 1: 15}
    """
    n = _bch_length(n)
    size = {s: (coset[0], len(coset)) for coset in cyclotomic_cosets(n) for s in coset}
    table, k, seen = {}, n, set[int]()
    for s in range(1, n):
        coset, members = size[s]
        if coset not in seen:
            if seen:
                table[k] = s
            seen.add(coset)
            k -= members
    return table | {1: n}


def bch_of_dimension(n: int, k: int) -> BinaryCyclicCode:
    """Return the narrow-sense [n, k] BCH code, of the largest designed distance that k allows.

    The dimension k is a key of :func:`bch_table`.

    Examples
    --------
    >>> bch_of_dimension(15, 7) == bch(15, 5)
    True
    >>> bch_of_dimension(15, 8)
    Traceback (most recent call last):
    ...
    spadv.errors.InputError: Argument 'k' must be the dimension of a narrow-sense BCH code of \
length 15, got 8. Those nearest are 5, 7, 11.
    """
    table = bch_table(n)
    k = check_integer("k", k)
    if k not in table:
        below, above = (sorted(d for d in table if (d > k) == side) for side in (False, True))
        near = [*below[-2:], *above[:2]]
        raise InputError(
            "k",
            f"be the dimension of a narrow-sense BCH code of length {n}",
            k,
            f"Those nearest are {', '.join(map(str, near))}.",
        )
    return bch(n, table[k])


def _bch_length(n: int) -> int:
    n = check_integer("n", n, minimum=3)
    if n % 2 == 0:
        raise InputError("n", "be odd for a BCH code", n)
    return n


def dual_bch(n: int, delta: int) -> BinaryCyclicCode:
    """Return the dual of the narrow-sense BCH code of odd length n and designed distance delta.

    Examples
    --------
    >>> dual_bch(15, 5).minimum_distance()
    4
    """
    return bch(n, delta).dual()


def quadratic_residue(p: int) -> BinaryCyclicCode:
    """Return the [p, (p + 1) / 2] code whose zeros are alpha^s for the nonzero squares s modulo p.

    (MacWilliams and Sloane, chapter 16; Huffman and Pless, section 6.6.)

    Examples
    --------
    >>> quadratic_residue(17)
    BinaryCyclicCode(17, (0, 3, 4, 5, 8)), [17, 9]
    """
    p = check_integer("p", p, minimum=2)
    if p % 8 not in (1, 7) or prime_factors(p) != (p,):
        raise InputError("p", "be a prime of the form 8m + 1 or 8m - 1", p)
    return BinaryCyclicCode.from_defining_set(p, {s * s % p for s in range(1, p)})


def golay() -> BinaryCyclicCode:
    """Return the [23, 12, 7] binary Golay code, the quadratic residue code of length 23.

    Examples
    --------
    >>> golay().minimum_distance()
    7
    """
    return quadratic_residue(23)


def _degree(n: int, K: int | None) -> int:
    """Return the K of a length 2^K - 1."""
    degree = n.bit_length()
    if n < 3:
        raise InputError("n", "be at least 3 for this family", n)
    if n != (1 << degree) - 1 or (K is not None and degree != K):
        wanted = "2^K - 1" if K is None or K > 64 else f"2^{K} - 1 = {(1 << K) - 1}"
        raise InputError("n", f"be {wanted} for this family", n)
    return degree


def _quadratic_residue(n: int) -> BinaryCyclicCode:
    try:
        return quadratic_residue(n)
    except InputError as error:
        raise error.about("n") from None


def _golay(n: int) -> BinaryCyclicCode:
    if n != 23:
        raise InputError("n", "be 23 for the Golay code", n)
    return golay()


#: By name: what may stand after it, and the code of a length and that number.
_FAMILIES: dict[str, tuple[str, Callable[[int, Any], BinaryCyclicCode]]] = {
    "repetition": ("", lambda n, _: repetition(n)),
    "even-weight": ("", lambda n, _: even_weight(n)),
    "universe": ("", lambda n, _: universe(n)),
    "simplex": ("K", lambda n, K: simplex(_degree(n, K))),
    "hamming": ("K", lambda n, K: hamming(_degree(n, K))),
    "bch": ("DELTA", bch),
    "dual-bch": ("DELTA", dual_bch),
    "qr": ("", lambda n, _: _quadratic_residue(n)),
    "golay": ("", lambda n, _: _golay(n)),
}


def family(n: int, spec: str) -> BinaryCyclicCode:
    """Return the member of length n of a family written NAME or NAME:ARG.

    repetition, even-weight, universe, simplex:K, hamming:K, bch:DELTA, bch:k=DIMENSION,
    dual-bch:DELTA, qr or golay. The K of simplex and hamming may be left out; the length must be
    one that the family has.

    Examples
    --------
    >>> family(15, "bch:5")
    BinaryCyclicCode(15, (0, 4, 6, 7, 8)), [15, 7]
    >>> family(15, "bch:k=7") == family(15, "bch:5")
    True
    """
    n = check_integer("n", n, minimum=1)
    if not isinstance(spec, str):
        raise InputError("family", "be text such as 'bch:5'", spec)
    name, colon, text = spec.strip().lower().partition(":")
    if name not in _FAMILIES:
        near = difflib.get_close_matches(name, _FAMILIES, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]!r}?" if near else ""
        raise InputError("family", f"be one of {', '.join(_FAMILIES)}", spec, hint)
    argument, build = _FAMILIES[name]
    if colon and not argument:
        raise InputError("family", f"take no argument for {name}", spec)
    if argument == "DELTA" and not text:
        raise InputError("family", f"be written {name}:DELTA, as in {name}:5", spec)
    if name == "bch" and text.startswith("k="):
        argument, build, text = "DIMENSION", bch_of_dimension, text[2:]
    if colon and not (text.isascii() and text.isdigit()):
        raise InputError("family", f"have a whole number after {name}:", spec)
    try:
        return build(n, int(text) if text else None)
    except InputError as error:
        if error.argument == "n":
            raise
        raise error.about(f"{argument} of {spec.strip()}") from None
