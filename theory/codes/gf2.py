"""Polynomials over GF(2) as Python integers: bit i is the coefficient of x^i.

Addition is `^`. Python integers beat general polynomial classes at the sizes met here
(a gcd at degree 1023 takes well under a millisecond), and importing them is free.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable
from typing import Any

from ...checks import check_integer
from ...errors import InputError


def degree(a: int) -> int:
    """Degree of `a`; the zero polynomial has degree -1."""
    return a.bit_length() - 1


def mul(a: int, b: int) -> int:
    """Product of two polynomials."""
    if a.bit_count() < b.bit_count():
        a, b = b, a
    product = 0
    while b:
        low = b & -b
        product ^= a << (low.bit_length() - 1)
        b ^= low
    return product


def square(a: int) -> int:
    """Square of a polynomial: the same coefficients at twice the exponents."""
    return int(bin(a)[2:], 4)


def divide(a: int, b: int) -> tuple[int, int]:
    """Quotient and remainder of `a` by `b`.

    Runs in (deg a - deg b + 1) steps on integers of deg b bits, so that dividing
    x^n - 1 by a short polynomial is linear in n.
    """
    if b == 0:
        raise ZeroDivisionError("division by the zero polynomial")
    size = b.bit_length()
    steps = a.bit_length() - size + 1
    if steps <= 0:
        return 0, a
    top = 1 << (size - 1)
    rest = a >> steps
    quotient = []
    for bit in bin((a & ((1 << steps) - 1)) | (1 << steps))[3:]:
        rest <<= 1
        if bit == "1":
            rest |= 1
        if rest & top:
            rest ^= b
            quotient.append("1")
        else:
            quotient.append("0")
    return int("".join(quotient), 2), rest


def mod(a: int, b: int) -> int:
    """Remainder of `a` by `b`."""
    size = b.bit_length()
    # Far apart, the long division's short integers win; in Euclid's algorithm this loop does.
    if size == 0 or a.bit_length() - size > 48:
        return divide(a, b)[1]
    while (shift := a.bit_length() - size) >= 0:
        a ^= b << shift
    return a


def gcd(a: int, b: int) -> int:
    """Greatest common divisor."""
    while b:
        a, b = b, mod(a, b)
    return a


def inverse(a: int, modulus: int) -> int:
    """Inverse of `a` modulo `modulus`; ValueError if they have a common factor."""
    old, new = modulus, mod(a, modulus)
    s_old, s_new = 0, 1
    while new:
        quotient, rest = divide(old, new)
        old, new = new, rest
        s_old, s_new = s_new, s_old ^ mul(quotient, s_new)
    if old != 1:
        raise ValueError("the polynomial is not invertible: it shares a factor with the modulus")
    return mod(s_old, modulus)


def powmod(a: int, exponent: int, modulus: int) -> int:
    """Return `a` to the power `exponent` modulo `modulus`."""
    result = mod(1, modulus)
    a = mod(a, modulus)
    for bit in bin(exponent)[2:]:
        result = mod(square(result), modulus)
        if bit == "1":
            result = mod(mul(result, a), modulus)
    return result


def evaluate(a: int, point: int, modulus: int) -> int:
    """Return the polynomial `a` at a point of the field of residues modulo an irreducible one."""
    value = 0
    for bit in bin(a)[2:]:
        value = mod(mul(value, point), modulus) ^ (bit == "1")
    return value


def x_power_minus_1(n: int) -> int:
    """Return the polynomial x^n - 1, n >= 1."""
    return (1 << n) | 1


def fold(a: int, n: int) -> int:
    """Remainder of `a` modulo x^n - 1: exponents are reduced modulo n."""
    mask = (1 << n) - 1
    result = 0
    while a:
        result ^= a & mask
        a >>= n
    return result


def rotate(a: int, shift: int, n: int) -> int:
    """Return the cyclic shift x^shift a modulo x^n - 1, for deg a < n and 0 <= shift < n."""
    return ((a << shift) | (a >> (n - shift))) & ((1 << n) - 1)


def reciprocal(a: int) -> int:
    """Return the reciprocal x^(deg a) a(1/x): coefficients in reverse order."""
    return int(bin(a)[:1:-1], 2)


def exponents(a: int) -> tuple[int, ...]:
    """Exponents with coefficient 1, ascending."""
    return tuple(i for i, bit in enumerate(bin(a)[:1:-1]) if bit == "1")


def reduce_rows(rows: Iterable[int], places: Iterable[int]) -> tuple[list[int], list[int]]:
    """Return a basis of the span of `rows` in reduced form, and its pivots.

    Pivots are the first `places` that can be: row i has a one in the i-th and zeros in the others.
    """
    rest, pivots = list(rows), list[int]()
    for place in places:
        done = len(pivots)
        pivot = next((i for i in range(done, len(rest)) if rest[i] >> place & 1), None)
        if pivot is None:
            continue
        rest[done], rest[pivot] = rest[pivot], rest[done]
        for i, row in enumerate(rest):
            if i != done and row >> place & 1:
                rest[i] = row ^ rest[done]
        pivots.append(place)
    return rest[: len(pivots)], pivots


#: Digits of the bases in which a polynomial may be written, by their prefix.
_DIGITS = {"0b": "01", "0o": "01234567", "0x": "0123456789abcdef"}


def polynomial(argument: str, value: Any) -> int:
    """Return a polynomial given in any of the ways that public functions take.

    Exponents, distinct and in any order; text in base 2, 8 or 16, the highest power first as in
    printed tables ("0o13", "0xb" and "0b1011" are x^3 + x + 1); or a galois.Poly over GF(2). A
    bare integer is refused: 13 is a generator of length 7 in base 8 and another in base 10.
    """
    rule = "be an iterable of exponents (not text), or digits after 0b, 0o or 0x as in '0o13'"
    if isinstance(value, str):
        prefix, digits = value.strip().lower()[:2], value.strip().lower()[2:]
        if prefix not in _DIGITS or not digits:
            raise InputError(argument, rule, value)
        allowed = _DIGITS[prefix]
        if set(digits) - set(allowed):
            last = allowed[-1]
            raise InputError(argument, f"have only digits from 0 to {last} after {prefix}", value)
        return int(digits, len(allowed))
    galois = sys.modules.get("galois")  # without it there is no such polynomial
    if galois is not None and isinstance(value, galois.Poly):
        if value.field.order != 2:
            raise InputError(argument, "be a polynomial over GF(2)", value)
        return int(value)
    try:
        number = operator.index(value)
    except TypeError:
        pass
    else:
        hint = f"In which base? {bin(number)!r} is bin({number})." if 1 < number < 1 << 32 else ""
        raise InputError(argument, rule, value, hint)
    result = 0
    for exponent in integers(argument, value):
        if result >> exponent & 1:
            raise InputError(argument, "not repeat an exponent", exponent)
        result |= 1 << exponent
    return result


def integers(argument: str, values: Iterable[Any]) -> list[int]:
    """Check an iterable of integers of at least 0."""
    if isinstance(values, str | bytes):
        raise InputError(argument, "be an iterable of integers, not text", values)
    try:
        items = list(values)
    except TypeError:
        raise InputError(argument, "be an iterable of integers", values) from None
    return [check_integer(argument, item, minimum=0) for item in items]
