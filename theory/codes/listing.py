"""All cyclic codes of a length, and their BCH bounds at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...checks import check_integer
from ...errors import TooLargeError
from ...progress import Progress, silent
from . import gf2
from .bounds import longest_runs, unit_multiples, unit_representatives
from .cyclic import BinaryCyclicCode
from .cyclotomic import cyclotomic_cosets, odd_part, root_system

#: Most codes that :func:`bch_bounds_of_all` handles at once.
MAX_CODES = 1 << 22


def count_cyclic_codes(n: int) -> int:
    """Return the number of binary cyclic codes of length n = 2^a n': (2^a + 1)^(cosets modulo n').

    Examples
    --------
    >>> count_cyclic_codes(63), count_cyclic_codes(6)
    (8192, 9)
    """
    odd, power = odd_part(check_integer("n", n, minimum=1))
    return int((power + 1) ** len(cyclotomic_cosets(odd)))


def all_cyclic_codes(n: int) -> Iterator[BinaryCyclicCode]:
    """Yield every binary cyclic code of length n, in constant memory.

    Code number i has, as multiplicity of the zeros in the j-th cyclotomic coset (by
    smallest member), the j-th digit of i in base 2^a + 1, the last coset's digit varying
    fastest. So the first code holds all words, and the last is the zero code (MacWilliams and
    Sloane, The Theory of Error-Correcting Codes, chapter 7).

    Examples
    --------
    >>> [code.k for code in all_cyclic_codes(3)]
    [3, 1, 2, 0]
    """
    odd, power = odd_part(check_integer("n", n, minimum=1))
    return _codes(n, root_system(odd).polynomials, power)


def _codes(n: int, polynomials: tuple[int, ...], power: int) -> Iterator[BinaryCyclicCode]:
    # One entry for each coset already decided: (multiplicities, their product).
    stack: list[tuple[tuple[int, ...], int]] = [((), 1)]
    while stack:
        counts, product = stack.pop()
        if len(counts) == len(polynomials):
            code = BinaryCyclicCode._of(n, product)
            code.__dict__["_multiplicities"] = counts
            yield code
            continue
        polynomial = polynomials[len(counts)]
        choices = []
        for count in range(power + 1):
            choices.append(((*counts, count), product))
            product = gf2.mul(product, polynomial)
        stack.extend(reversed(choices))


def distances_of_all(
    n: int, max_words: int, progress: Progress = silent
) -> Iterator[tuple[BinaryCyclicCode, int | None, int, int]]:
    """Yield every cyclic code with its distance and bounds, for a limited number of words a code.

    As (code, distance, lower, upper), in the order of :func:`all_cyclic_codes`; the distance is
    None where `max_words` for one code were not enough, then lower <= distance <= upper; all are
    None or 0 for the zero code. Codes whose zeros are multiples of each other's by a unit modulo n
    are equivalent, and searched once. `progress` is told after every code.

    Examples
    --------
    >>> [(code.k, distance) for code, distance, *_ in distances_of_all(7, 1000)][:4]
    [(7, 1), (4, 3), (4, 3), (1, 7)]
    """
    max_words = check_integer("max_words", max_words, minimum=0)
    total, known = count_cyclic_codes(n), {}
    units = unit_representatives(n) if n % 2 else [1]
    for done, code in enumerate(all_cyclic_codes(n)):
        progress(done, total, f"[{n}, {code.k}]")
        if code.k == 0:
            yield code, None, 0, 0
            continue
        zeros = code.defining_set
        key = min(tuple(sorted(unit * s % n for s in zeros)) for unit in units)
        if key not in known:
            found = code.distance_search(max_words=max_words)
            known[key] = (found.upper if found.exact else None, found.lower, found.upper)
        yield code, *known[key]


def bch_bounds_of_all(n: int) -> NDArray[np.int64]:
    """Return the BCH bound of every cyclic code of length n, ordered as :func:`all_cyclic_codes`.

    int64, shape (count_cyclic_codes(n),), 0 for the zero code; TooLargeError for more than
    :data:`MAX_CODES` codes. For even n the bound is the one of
    :meth:`.BinaryCyclicCode.lower_bounds` (Huffman and Pless, Fundamentals of Error-Correcting
    Codes, theorem 4.5.3).

    Examples
    --------
    >>> bch_bounds_of_all(3)
    array([1, 3, 2, 0])
    """
    odd, power = odd_part(check_integer("n", n, minimum=1))
    total = count_cyclic_codes(n)
    if total > MAX_CODES:
        raise TooLargeError("n", f"have at most {MAX_CODES} cyclic codes", n, f"It has {total}.")
    simple = _simple_root_bounds(odd)
    if power == 1:
        return simple
    cosets = len(root_system(odd).cosets)
    digits = np.empty((total, cosets), dtype=np.int64)
    rest = np.arange(total)
    for j in reversed(range(cosets)):
        rest, digits[:, j] = np.divmod(rest, power + 1)
    values = 1 << np.arange(cosets - 1, -1, -1)
    best = np.full(total, np.iinfo(np.int64).max)
    for t in range(power):
        bound = simple[(digits > t) @ values]
        # The zero code (bound 0) has no word to offer, so it does not enter the minimum.
        np.minimum(best, bound << t.bit_count(), out=best, where=bound > 0)
    best[-1] = 0
    return best


def _simple_root_bounds(n: int) -> NDArray[np.int64]:
    """BCH bounds for odd n, indexed by the subset of cosets, the last one the lowest bit."""
    roots = root_system(n)
    cosets = len(roots.cosets)
    of_coset = np.array(roots.index)[unit_multiples(n)]
    bounds = np.empty(1 << cosets, dtype=np.int64)
    block = max(1, (1 << 22) // of_coset.size)
    for start in range(0, len(bounds), block):
        subsets = np.arange(start, min(len(bounds), start + block))
        member = (subsets[:, None] >> np.arange(cosets - 1, -1, -1) & 1).astype(np.bool_)
        runs = longest_runs(member[:, of_coset]).max(axis=1)
        bounds[start : start + len(subsets)] = runs + 1
    bounds[-1] = 0
    return bounds
