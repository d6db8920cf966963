from __future__ import annotations

import math

import galois
import pytest

from spadv.errors import InputError, TooLargeError
from spadv.theory.codes import (
    cyclotomic_cosets,
    factor_xn_minus_1,
    gf2,
    multiplicative_order,
    primitive_polynomial,
)
from spadv.theory.codes.cyclotomic import prime_factors, root_system


def patient(polynomial: galois.Poly) -> tuple[list[galois.Poly], list[int]]:
    """Factor by galois, which searches at random and once in a while gives up."""
    for _ in range(4):
        try:
            return polynomial.factors()
        except RuntimeError:
            continue
    return polynomial.factors()


@pytest.mark.parametrize("n", [*range(1, 64), 73, 89, 127, 128, 144, 255])
def test_factors_against_galois(n: int) -> None:
    odd = n // (n & -n)
    expected, _ = patient(galois.Poly.Degrees([odd, 0]) if odd > 1 else galois.Poly.Int(3))
    assert factor_xn_minus_1(n) == sorted((int(f), n // odd) for f in expected)


@pytest.mark.parametrize("n", [1019, 1023, 1155, 2047, 2049, 3000, 4095])
def test_factors_of_long_lengths(n: int) -> None:
    product = 1
    for polynomial, multiplicity in factor_xn_minus_1(n):
        assert galois.Poly.Int(polynomial).is_irreducible()
        for _ in range(multiplicity):
            product = gf2.mul(product, polynomial)
    assert product == gf2.x_power_minus_1(n)


@pytest.mark.parametrize("n", [1, 3, 9, 15, 21, 45, 51, 63, 73, 127, 255])
def test_minimal_polynomials_vanish_where_they_should(n: int) -> None:
    """In galois's field, a root of the chosen factor has the cosets as conjugates."""
    roots = root_system(n)
    alpha_polynomial = min(
        polynomial
        for coset, polynomial in zip(roots.cosets, roots.polynomials, strict=True)
        if math.gcd(coset[0], n) == 1
    )
    assert roots.polynomials[roots.index[1 % n]] == alpha_polynomial
    # Compiling a field's arithmetic takes seconds; it is not needed here.
    field = galois.GF(2 ** max(2, multiplicative_order(n)), compile="python-calculate")
    order = field.order - 1
    candidates = (field.primitive_element ** (order // n * u) for u in range(1, n + 1))
    alpha = next(
        a
        for a in candidates
        if galois.Poly.Degrees(gf2.exponents(alpha_polynomial), field=field)(a) == 0
    )
    for coset, polynomial in zip(roots.cosets, roots.polynomials, strict=True):
        assert gf2.degree(polynomial) == len(coset)
        evaluated = galois.Poly.Degrees(gf2.exponents(polynomial), field=field)
        assert all(evaluated(alpha**s) == 0 for s in coset)


@pytest.mark.parametrize("n", [1, 7, 9, 23, 63, 341, 1023])
def test_cosets_partition_and_are_closed(n: int) -> None:
    cosets = cyclotomic_cosets(n)
    assert sorted(s for coset in cosets for s in coset) == list(range(n))
    for coset in cosets:
        assert {2 * s % n for s in coset} == set(coset)
        assert multiplicative_order(n // math.gcd(n, coset[0])) == len(coset)


@pytest.mark.parametrize("degree", [*range(1, 21), 24])
def test_primitive_polynomial_against_galois(degree: int) -> None:
    assert primitive_polynomial(degree) == int(galois.primitive_poly(2, degree, method="min"))


@pytest.mark.parametrize("degree", [31, 32, 37, 48])
def test_primitive_polynomial_of_high_degree(degree: int) -> None:
    assert galois.Poly.Int(primitive_polynomial(degree)).is_primitive()


@pytest.mark.parametrize(
    ("number", "factors"), [(1, ()), (2, (2,)), (97, (97,)), (1023, (3, 11, 31))]
)
def test_prime_factors(number: int, factors: tuple[int, ...]) -> None:
    assert prime_factors(number) == factors


def test_refusals() -> None:
    with pytest.raises(TooLargeError, match="'degree' must be at most 48, got 49"):
        primitive_polynomial(49)
    with pytest.raises(InputError, match="'degree'"):
        primitive_polynomial(0)
    for function in (cyclotomic_cosets, multiplicative_order):
        for bad in (0, 6, -7, 7.5, "7"):
            with pytest.raises(InputError, match="'n'"):
                function(bad)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'n'"):
        factor_xn_minus_1(0)
