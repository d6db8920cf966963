"""Integer polynomials against galois.Poly."""

from __future__ import annotations

import galois
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.errors import InputError
from spadv.theory.codes import gf2

polynomials = st.integers(0, (1 << 90) - 1)
nonzero = st.integers(1, (1 << 60) - 1)


def poly(a: int) -> galois.Poly:
    return galois.Poly.Int(a)


@given(polynomials, polynomials)
def test_product_and_square(a: int, b: int) -> None:
    assert gf2.mul(a, b) == int(poly(a) * poly(b))
    assert gf2.square(a) == gf2.mul(a, a)


@given(polynomials, nonzero)
def test_division(a: int, b: int) -> None:
    quotient, rest = gf2.divide(a, b)
    assert (quotient, rest) == (int(poly(a) // poly(b)), int(poly(a) % poly(b)))
    assert gf2.mod(a, b) == rest


@given(polynomials, nonzero)
def test_gcd(a: int, b: int) -> None:
    assert gf2.gcd(a, b) == int(galois.gcd(poly(a), poly(b)))


@given(nonzero, nonzero, st.integers(0, 200))
def test_power(a: int, modulus: int, exponent: int) -> None:
    # galois refuses constants as moduli.
    if modulus > 1:
        assert gf2.powmod(a, exponent, modulus) == int(pow(poly(a), exponent, poly(modulus)))
    assert gf2.powmod(a, exponent, 1) == 0


@given(nonzero, st.integers(2, (1 << 60) - 1))
def test_inverse(a: int, modulus: int) -> None:
    if gf2.gcd(a, modulus) == 1:
        assert gf2.mod(gf2.mul(a, gf2.inverse(a, modulus)), modulus) == 1
    else:
        with pytest.raises(ValueError, match="not invertible"):
            gf2.inverse(a, modulus)


@given(polynomials, st.integers(1, 100))
def test_folding_is_reduction(a: int, n: int) -> None:
    folded = gf2.fold(a, n)
    assert folded == gf2.mod(a, gf2.x_power_minus_1(n))
    for shift in (0, 1 % n, n - 1):
        assert gf2.rotate(folded, shift, n) == gf2.fold(a << shift, n)


@given(nonzero)
def test_exponents_round_trip(a: int) -> None:
    assert gf2.polynomial("a", gf2.exponents(a)) == a
    assert gf2.reciprocal(a) == int(poly(a).reverse())


def test_zero() -> None:
    assert gf2.degree(0) == -1
    assert gf2.exponents(0) == ()
    assert gf2.mul(0, 5) == gf2.square(0) == gf2.fold(0, 3) == 0
    for divide in (gf2.divide, gf2.mod):
        with pytest.raises(ZeroDivisionError):
            divide(5, 0)


@pytest.mark.parametrize(
    "values", [[0, 0], [-1], [1.5], ["1"], [None], [True], "0,1", b"01", 7, None]
)
def test_bad_exponents_name_the_argument(values: object) -> None:
    with pytest.raises(InputError, match="'powers'"):
        gf2.polynomial("powers", values)  # type: ignore[arg-type]
