"""Codes whose minimum distance is that of shorter codes.

Three cases, each with a proof of two lines:

- repetition: h divides x^e - 1 for some e < n, so every word has period e, and the code
  repeats the words of a code of length e;
- interleaving: g is a polynomial in x^r, so the code is r shorter codes side by side;
- repeated roots, n = 2^a n': a word is (x^n' - 1)^t v(x) with v not divisible by x^n' - 1.
  Its weight is at least 2^wt(t) times that of v modulo x^n' - 1, where wt(t) counts the
  binary ones of t, and that residue lies in the code C_t of length n' whose zeros are those
  of multiplicity above t. Conversely (x^n' - 1)^t v(x)^(2^a) is a codeword for v in C_t,
  of weight at most 2^wt(t) wt(v). Hence d = min over t of 2^wt(t) d(C_t).

References
----------
G. Castagnoli, J. L. Massey, P. A. Schoeller, N. von Seemann, On repeated-root cyclic
codes, IEEE Transactions on Information Theory 37 (1991), 337-342.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from . import gf2
from .cyclotomic import odd_part, root_system
from .ideal import CyclicIdeal


@dataclass(frozen=True)
class Part:
    """A shorter code, the factor on its distance, and how its words become words here."""

    code: CyclicIdeal
    factor: int
    lift: Callable[[int], int]


def split(code: CyclicIdeal) -> list[Part]:
    """Shorter codes, such that d(code) = min over the parts of factor * d(part).

    Empty if no reduction applies; the zero code is never a part.
    """
    if code.k == 0:
        return []
    return repetition(code) or interleaving(code) or repeated_roots(code)


def check_period(code: CyclicIdeal) -> int:
    """Smallest divisor e of n such that every word has period e: h(x) divides x^e - 1."""
    n, h = code.n, code.check_int
    return next(
        e
        for e in range(1, n + 1)
        if n % e == 0 and e >= code.k and gf2.mod(gf2.x_power_minus_1(e), h) == 0
    )


def repetition(code: CyclicIdeal) -> list[Part]:
    """Return the code whose words this one repeats, or nothing."""
    n = code.n
    period = check_period(code) if code.k else n
    if period == n:
        return []
    short = type(code)._of(period, gf2.divide(gf2.x_power_minus_1(period), code.check_int)[0])
    spread = gf2.divide(gf2.x_power_minus_1(n), gf2.x_power_minus_1(period))[0]
    return [Part(short, n // period, lambda word: gf2.mul(word, spread))]


def interleaving(code: CyclicIdeal) -> list[Part]:
    """Return the code that this one interleaves with itself, or nothing."""
    copies = math.gcd(code.n, *code.generator_exponents)
    if copies == 1 or code.k in (0, code.n):
        return []
    short = type(code)._of(
        code.n // copies, sum(1 << i // copies for i in code.generator_exponents)
    )
    return [Part(short, 1, lambda word: sum(1 << i * copies for i in gf2.exponents(word)))]


def repeated_roots(code: CyclicIdeal) -> list[Part]:
    """Return the codes C_t of odd length that can attain the minimum; nothing for odd n."""
    n = code.n
    odd, power = odd_part(n)
    if power == 1:
        return []
    polynomials = root_system(odd).polynomials
    multiplicities = code._multiplicities
    parts: list[Part] = []
    smallest = power + 1
    # C_t grows with t, so a part matters only if its factor is below those of all larger t.
    for t in reversed(range(power)):
        factor = 1 << t.bit_count()
        if factor >= smallest:
            continue
        generator = 1
        for polynomial, count in zip(polynomials, multiplicities, strict=True):
            if count > t:
                generator = gf2.mul(generator, polynomial)
        if gf2.degree(generator) < odd:
            smallest = factor
            parts.append(Part(type(code)._of(odd, generator), factor, _lifter(n, odd, power, t)))
    # Small factors first: a small upper bound spares the others.
    return parts[::-1]


def _lifter(n: int, odd: int, power: int, t: int) -> Callable[[int], int]:
    def lift(word: int) -> int:
        word = sum(1 << i * power for i in gf2.exponents(word))
        for bit in range(t.bit_length()):
            if t >> bit & 1:
                word ^= word << (odd << bit)
        return gf2.fold(word, n)

    return lift
