"""Cyclotomic cosets, and the factors of x^n - 1 over GF(2).

For odd n the irreducible factors of x^n - 1 correspond to the 2-cyclotomic cosets modulo n:
the coset of s gives the minimal polynomial of alpha^s, alpha being a root of order n.

Convention: alpha is a root of the numerically smallest irreducible factor of order n
(as a binary number, bit i the coefficient of x^i). For n = 2^m - 1 that is the smallest
primitive polynomial of degree m.

MacWilliams and Sloane is The Theory of Error-Correcting Codes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from ...checks import check_integer
from ...errors import InputError, TooLargeError
from . import gf2

#: Largest degree of :func:`primitive_polynomial`: 2^K - 1 is factored by trial division.
MAX_PRIMITIVE_DEGREE = 48


def prime_factors(number: int) -> tuple[int, ...]:
    """Distinct prime factors by trial division, ascending."""
    factors = []
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            factors.append(divisor)
            while number % divisor == 0:
                number //= divisor
        divisor += 1 if divisor == 2 else 2
    if number > 1:
        factors.append(number)
    return tuple(factors)


def odd_part(n: int) -> tuple[int, int]:
    """Write n = 2^a n' with n' odd; return (n', 2^a)."""
    power = n & -n
    return n // power, power


def multiplicative_order(n: int) -> int:
    """Return the order of 2 modulo the odd number n: the degree of the field that contains alpha.

    Examples
    --------
    >>> multiplicative_order(23)
    11
    """
    n = _check_odd(n)
    order, power = 1, 2 % n
    while power != 1 % n:
        power = 2 * power % n
        order += 1
    return order


def cyclotomic_cosets(n: int) -> tuple[tuple[int, ...], ...]:
    """Return the 2-cyclotomic cosets {s, 2s, 4s, ...} modulo the odd number n.

    Sorted by smallest member, each in ascending order (MacWilliams and Sloane, chapters 4 and 7).

    Examples
    --------
    >>> cyclotomic_cosets(7)
    ((0,), (1, 2, 4), (3, 5, 6))
    """
    n = _check_odd(n)
    seen = bytearray(n)
    cosets = []
    for start in range(n):
        if seen[start]:
            continue
        coset = []
        member = start
        while not seen[member]:
            seen[member] = 1
            coset.append(member)
            member = 2 * member % n
        cosets.append(tuple(sorted(coset)))
    return tuple(cosets)


@dataclass(frozen=True)
class RootSystem:
    """The n-th roots of unity for odd n, grouped as GF(2) sees them."""

    n: int
    cosets: tuple[tuple[int, ...], ...]
    #: `index[s]` is the position in `cosets` of the coset that holds s.
    index: tuple[int, ...]
    #: Minimal polynomial of alpha^s for each coset, in the order of `cosets`.
    polynomials: tuple[int, ...]


@lru_cache(maxsize=64)
def root_system(n: int) -> RootSystem:
    """Cosets and minimal polynomials modulo the odd number n.

    One irreducible factor of the n-th cyclotomic polynomial is split off with gcds; the
    minimal polynomial of each power of its root is then the feedback polynomial of a
    linear recurrence, found by the Berlekamp-Massey algorithm (MacWilliams and Sloane,
    chapter 7, section 5, and chapter 9, section 6).
    """
    cosets = cyclotomic_cosets(n)
    index = [0] * n
    for i, coset in enumerate(cosets):
        for s in coset:
            index[s] = i
    first = _one_factor_of_order(n, cosets)
    polynomials = _minimal_polynomials(n, cosets, first)
    units = [i for i, coset in enumerate(cosets) if math.gcd(coset[0], n) == 1]
    smallest = min(units, key=lambda i: polynomials[i])
    unit = cosets[smallest][0]
    # With alpha^unit as the new alpha, the polynomial of s is the old one of unit * s.
    relabelled = tuple(polynomials[index[unit * coset[0] % n]] for coset in cosets)
    return RootSystem(n, cosets, tuple(index), relabelled)


def factor_xn_minus_1(n: int) -> list[tuple[int, int]]:
    """Return the irreducible factors of x^n - 1 over GF(2), for any n >= 1.

    Pairs (polynomial, multiplicity), sorted by polynomial. With n = 2^a n', n' odd, every
    multiplicity is 2^a (MacWilliams and Sloane, chapter 7).

    Examples
    --------
    >>> factor_xn_minus_1(14)
    [(3, 2), (11, 2), (13, 2)]
    """
    odd, power = odd_part(check_integer("n", n, minimum=1))
    return [(polynomial, power) for polynomial in sorted(root_system(odd).polynomials)]


@lru_cache(maxsize=64)
def primitive_polynomial(degree: int) -> int:
    """Return the numerically smallest primitive polynomial of this degree over GF(2).

    Its coefficients are bits, that of x^i being bit i. TooLargeError for a degree above
    :data:`MAX_PRIMITIVE_DEGREE` (MacWilliams and Sloane, chapter 4).

    Examples
    --------
    >>> [primitive_polynomial(degree) for degree in (1, 2, 3, 4, 5)]
    [3, 7, 11, 19, 37]
    """
    degree = check_integer("degree", degree, minimum=1)
    if degree > MAX_PRIMITIVE_DEGREE:
        raise TooLargeError("degree", f"be at most {MAX_PRIMITIVE_DEGREE}", degree)
    order = (1 << degree) - 1
    cofactors = [order // prime for prime in prime_factors(order)]
    for candidate in range(order + 2, 2 * order + 2, 2):
        # An even number of terms means a root at 1; only x + 1 itself may have it.
        if degree > 1 and candidate.bit_count() % 2 == 0:
            continue
        # If x has order 2^K - 1, its powers are all the nonzero residues: a field.
        if gf2.powmod(2, order, candidate) == 1 and all(
            gf2.powmod(2, exponent, candidate) != 1 for exponent in cofactors
        ):
            return candidate
    raise AssertionError("primitive polynomials exist in every degree")


def exponent_of_root(n: int, polynomial: int) -> int:
    """Return a unit u modulo odd n such that alpha^u is a root of order n that a polynomial gives.

    The polynomial is irreducible and its root has an order e that n divides; the root of order n
    is the root to the power e / n. For n = 2^m - 1 it is primitive of degree m.
    """
    roots = root_system(n)
    units = [coset[0] for coset in roots.cosets if math.gcd(coset[0], n) == 1]
    for u in units:
        if roots.polynomials[roots.index[u]] == polynomial:
            return u
    order = _order_of_root(polynomial)
    if not order or order % n:
        rule = f"be an irreducible polynomial with a root of an order that {n} divides"
        hint = f"Its root has order {order}." if order else ""
        raise InputError("alpha", rule, gf2.exponents(polynomial), hint)
    root = gf2.powmod(2, order // n, polynomial)
    for u in units:
        if gf2.evaluate(roots.polynomials[roots.index[u]], root, polynomial) == 0:
            return u
    raise AssertionError("every root of order n is a power of alpha")


def _order_of_root(polynomial: int) -> int:
    """Return the order of a root of an irreducible polynomial, or 0 if it is not irreducible."""
    degree = gf2.degree(polynomial)
    if degree > MAX_PRIMITIVE_DEGREE:
        rule = f"have a degree of at most {MAX_PRIMITIVE_DEGREE}"
        raise TooLargeError("alpha", rule, gf2.exponents(polynomial))
    if degree < 1 or polynomial == 2:
        return 0
    # Rabin's test: all roots lie in the field of 2^degree elements, and in no smaller one.
    conjugates = [2]
    for _ in range(degree):
        conjugates.append(gf2.mod(gf2.square(conjugates[-1]), polynomial))
    subfields = [degree // prime for prime in prime_factors(degree)]
    if gf2.mod(conjugates[-1] ^ 2, polynomial) or any(
        gf2.gcd(polynomial, conjugates[m] ^ 2) != 1 for m in subfields
    ):
        return 0
    order = (1 << degree) - 1
    for prime in prime_factors(order):
        while order % prime == 0 and gf2.powmod(2, order // prime, polynomial) == 1:
            order //= prime
    return order


def _check_odd(n: int) -> int:
    n = check_integer("n", n, minimum=1)
    if n % 2 == 0:
        raise InputError("n", "be odd", n)
    return n


def _one_factor_of_order(n: int, cosets: tuple[tuple[int, ...], ...]) -> int:
    """Return some irreducible factor of the n-th cyclotomic polynomial."""
    order = multiplicative_order(n)
    if n == (1 << order) - 1 and order <= MAX_PRIMITIVE_DEGREE:
        return primitive_polynomial(order)
    factor = _cyclotomic_polynomial(n)
    for coset in cosets:
        if gf2.degree(factor) == order:
            break
        # theta(x) = sum of x^i over a coset takes the values 0 and 1 on the roots of
        # unity, so gcds with it split the factor; all cosets together split everything.
        theta = gf2.mod(sum(1 << i for i in coset), factor)
        part = gf2.gcd(factor, theta)
        if 0 < gf2.degree(part) < gf2.degree(factor):
            rest = gf2.divide(factor, part)[0]
            factor = min(part, rest, key=gf2.degree)
    return factor


def _cyclotomic_polynomial(n: int) -> int:
    """Product of (x^(n/d) - 1)^mu(d) over the squarefree divisors d of n."""
    numerator, denominator = [n], list[int]()
    for prime in prime_factors(n):
        numerator, denominator = (
            numerator + [m // prime for m in denominator],
            denominator + [m // prime for m in numerator],
        )
    result = 1
    for m in numerator:
        result ^= result << m
    for m in denominator:
        result = gf2.divide(result, gf2.x_power_minus_1(m))[0]
    return result


def _minimal_polynomials(
    n: int, cosets: tuple[tuple[int, ...], ...], factor: int
) -> tuple[int, ...]:
    """Minimal polynomials of beta^s for each coset, beta a root of `factor`."""
    top = 1 << gf2.degree(factor)
    power, bits = 1, bytearray(n)
    for i in range(n):
        bits[i] = power & 1
        power <<= 1
        if power & top:
            power ^= factor
    # The constant coefficient of beta^(s t), t = 0, 1, ..., obeys the recurrence of the
    # minimal polynomial; the sequence starts with 1, and the polynomial is irreducible,
    # so it obeys no shorter one.
    return tuple(
        _shortest_recurrence([bits[coset[0] * t % n] for t in range(2 * len(coset))])
        for coset in cosets
    )


def _shortest_recurrence(sequence: list[int]) -> int:
    """Characteristic polynomial of the shortest linear recurrence (Berlekamp-Massey)."""
    current, previous, length, gap, history = 1, 1, 0, 1, 0
    for t, bit in enumerate(sequence):
        history = history << 1 | bit
        if (current & history).bit_count() & 1:
            updated = current ^ previous << gap
            if 2 * length <= t:
                previous, length, gap = current, t + 1 - length, 0
            current = updated
        gap += 1
    # `current` holds the feedback taps; the characteristic polynomial is its reverse.
    return int(format(current, "b").zfill(length + 1)[::-1], 2)
