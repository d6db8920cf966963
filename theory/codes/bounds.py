"""Lower bounds on the minimum distance from the zeros, and weights that cannot occur.

For odd n, with Z the defining set (exponents modulo n) and "consecutive" meaning an
arithmetic progression whose step is coprime to n:

- BCH: delta - 1 consecutive elements in Z give d >= delta;
- Hartmann and Tzeng: A + {0, b, ..., s b} inside Z, A of delta - 1 consecutive elements and
  gcd(b, n) < delta, give d >= delta + s;
- square root: for quadratic-residue codes, see :mod:`.quadratic`;
- Roos: A + M inside Z, A of delta - 1 consecutive elements and M a set of m elements that a
  consecutive set of at most m + delta - 2 elements contains, give d >= m + delta - 1.

The first is cheap. The others take seconds from lengths of about a thousand on.

For even n the code is taken apart as :mod:`.reductions` says, d = min 2^wt(t) d(C_t), and
each d(C_t) is replaced by its bound.

References
----------
Huffman and Pless, Fundamentals of Error-Correcting Codes, theorems 4.5.3, 4.5.6 and
section 4.5. C. Roos, A new lower bound for the minimum distance of a cyclic code, IEEE
Transactions on Information Theory 29 (1983), 330-332.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from . import gf2
from .cyclotomic import odd_part, root_system
from .ideal import CyclicIdeal
from .quadratic import is_quadratic_residue, square_root_bound


@lru_cache(maxsize=256)
def lower_bounds(code: CyclicIdeal) -> dict[str, int]:
    """Lower bounds on the minimum distance of a code with k >= 1, by name.

    bch, hartmann_tzeng, roos, each at least the BCH bound; square_root, for quadratic-residue
    codes alone.
    """
    found = over_parts(code, simple_root_bounds)
    if is_quadratic_residue(code):
        found["square_root"] = square_root_bound(code.n)
    return found


def bch_bound(code: CyclicIdeal) -> int:
    """Return the BCH bound alone, for a code with k >= 1."""
    return over_parts(code, lambda n, zeros: {"bch": simple_root_bch(n, zeros)})["bch"]


def over_parts(
    code: CyclicIdeal, bounds: Callable[[int, tuple[int, ...]], dict[str, int]]
) -> dict[str, int]:
    """Least of 2^wt(t) times the bounds of C_t; for odd n, C_0 is the code itself."""
    odd, power = odd_part(code.n)
    cosets = root_system(odd).cosets
    best: dict[str, int] = {}
    known: dict[tuple[int, ...], dict[str, int]] = {}
    for t in range(power):
        zeros = tuple(
            s
            for coset, count in zip(cosets, code._multiplicities, strict=True)
            if count > t
            for s in coset
        )
        if len(zeros) == odd:
            continue
        if zeros not in known:
            known[zeros] = bounds(odd, zeros)
        for name, value in known[zeros].items():
            candidate = value << t.bit_count()
            best[name] = min(best.get(name, candidate), candidate)
    return best


def simple_root_bounds(n: int, zeros: tuple[int, ...]) -> dict[str, int]:
    """Return the three bounds for odd n and a proper subset of 0..n-1 closed under doubling."""
    bch = simple_root_bch(n, zeros)
    best = {"bch": bch, "hartmann_tzeng": bch, "roos": bch}
    # No set of zeros proves more than one zero more than it has.
    if bch > len(zeros):
        return best
    from .kernels import hartmann_tzeng, roos

    # The progression A may be given step 1, as every unit multiple of Z is tried; one call
    # for each multiple leaves Ctrl-C a chance between them.
    for row in _scaled(n, zeros):
        best["hartmann_tzeng"] = int(hartmann_tzeng(row, best["hartmann_tzeng"]))
        best["roos"] = int(roos(row, best["roos"]))
    return best


def simple_root_bch(n: int, zeros: tuple[int, ...]) -> int:
    """Return the BCH bound for odd n and a proper subset of 0..n-1 closed under doubling."""
    return 1 + max(int(longest_runs(row)) for row in _scaled(n, zeros))


def _scaled(n: int, zeros: tuple[int, ...]) -> Iterator[NDArray[np.bool_]]:
    """Yield the marks of the defining set scaled by each unit, shape (n,)."""
    inside = np.zeros(n, dtype=np.bool_)
    inside[list(zeros)] = True
    steps = np.arange(n)
    for unit in unit_representatives(n):
        yield inside[unit * steps % n]


def unit_representatives(n: int) -> list[int]:
    """Units modulo odd n, one of each class under multiplication by 2 and by -1.

    Multiplying by 2 fixes a defining set, and multiplying by -1 reverses its runs.
    """
    seen = bytearray(n)
    units = []
    for unit in range(1, max(n, 2)):
        if math.gcd(unit, n) != 1 or seen[unit % n]:
            continue
        units.append(unit)
        member = unit % n
        while not seen[member]:
            seen[member] = seen[-member % n] = 1
            member = 2 * member % n
    return units


def unit_multiples(n: int) -> NDArray[np.intp]:
    """Return indices (units, n): row u lists u i modulo n, so that steps of u become steps of 1."""
    return np.outer(unit_representatives(n), np.arange(n)) % n


def longest_runs(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Longest cyclic run of true values along the last axis, at most its length."""
    n = inside.shape[-1]
    twice = np.concatenate([inside, inside], axis=-1)
    position = np.arange(2 * n, dtype=np.int32)
    last_gap = np.maximum.accumulate(np.where(twice, np.int32(-1), position), axis=-1)
    runs: NDArray[np.int64] = (position - last_gap).max(axis=-1).astype(np.int64)
    return np.minimum(runs, n)


def divisor_of_even_weights(code: CyclicIdeal) -> int:
    """Return the largest 2^e that divides every weight of the even-weight subcode, for odd n.

    McEliece's theorem: if l is the least number of nonzeros (repetition allowed) whose
    exponents add up to 0 modulo n, then 2^(l - 1) divides all weights, and 2^l does not.
    Returns 1 if the even-weight subcode is the zero code (R. J. McEliece, Weight congruences for
    p-ary cyclic codes, Discrete Mathematics 3 (1972), 177-192).
    """
    n = code.n
    nonzeros = [s for s in code.nonzeros if s]
    sums = sum(1 << s for s in nonzeros)
    divisor = 1
    while nonzeros and not sums & 1:
        longer = 0
        for s in nonzeros:
            longer |= gf2.rotate(sums, s, n)
        sums = longer
        divisor *= 2
    return divisor


def allowed_weights(code: CyclicIdeal) -> Callable[[int], int]:
    """For odd n, a function: the least weight >= w that divisibility does not exclude.

    Even weights are multiples of the divisor of the even-weight subcode; odd words, if
    there are any, are the complements of even ones.
    """
    n, divisor = code.n, divisor_of_even_weights(code)
    odd_words = code.generator_int.bit_count() % 2 == 1

    def next_allowed(weight: int) -> int:
        even = -(-weight // divisor) * divisor
        if not odd_words:
            return even
        return min(even, weight + (n - weight) % divisor)

    return next_allowed
