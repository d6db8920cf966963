"""Generators and parameters as printed tables give them, and the same things in galois."""

from __future__ import annotations

import math
import subprocess
import sys

import galois
import numpy as np
import pytest

from spadv.errors import InputError
from spadv.theory.codes import (
    BinaryCyclicCode,
    all_cyclic_codes,
    bch,
    bch_of_dimension,
    bch_table,
    dual_bch,
    family,
    golay,
    hamming,
    quadratic_residue,
)

#: Lin and Costello, Error Control Coding, appendix C: n, k, t, generator in octal. MacWilliams and
#: Sloane, chapter 9, figure 9.1, have the same parameters.
GENERATORS = """
7 4 1 13
15 11 1 23
15 7 2 721
15 5 3 2467
31 26 1 45
31 21 2 3551
31 16 3 107657
31 11 5 5423325
31 6 7 313365047
63 57 1 103
63 51 2 12471
63 45 3 1701317
63 39 4 166623567
63 36 5 1033500423
63 30 6 157464165547
63 24 7 17323260404441
63 18 10 1363026512351725
63 16 11 6331141367235453
63 10 13 472622305527250155
63 7 15 5231045543503271737
127 120 1 211
127 113 2 41567
127 106 3 11554743
127 99 4 3447023271
127 92 5 624730022327
127 85 6 130704476322273
127 78 7 26230002166130115
255 247 1 435
255 239 2 267543
255 231 3 156720665
255 223 4 75626641375
255 215 5 23157564726421
"""
ROWS = [line.split() for line in GENERATORS.strip().splitlines()]
#: The same source: k and t of the other codes of lengths 127 and 255.
REST = {
    127: "71 9 64 10 57 11 50 13 43 14 36 15 29 21 22 23 15 27 8 31",
    255: "207 6 199 7 191 8 187 9 179 10 171 11 163 12 155 13 147 14 139 15 131 18 123 19 115 21 "
    "107 22 99 23 91 25 87 26 79 27 71 29 63 30 55 31 47 42 45 43 37 45 29 47 21 55 13 59 9 63",
}
#: The polynomial of alpha there is the smallest primitive one, but for length 127.
OTHER_ALPHA = {127: "0o211"}


def field_of(m: int, polynomial: object = None) -> type[galois.FieldArray]:
    """A field whose arithmetic is not compiled: compiling takes seconds each."""
    return galois.GF(2**m, irreducible_poly=polynomial, compile="python-calculate")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_octal_generators(row: list[str]) -> None:
    n, k, t = map(int, row[:3])
    code = BinaryCyclicCode(n, f"0o{row[3]}")
    mine = bch_of_dimension(n, k)
    assert code == (mine.with_alpha(OTHER_ALPHA[n]) if n in OTHER_ALPHA else mine)
    assert (code.k, oct(code.generator_int)) == (k, f"0o{row[3]}")
    assert mine == bch(n, 2 * t + 1) == family(n, f"bch:k={k}")
    number = code.generator_int
    for text in (hex(number), bin(number), f" {oct(number).upper()} "):
        assert BinaryCyclicCode(n, text) == code
    assert BinaryCyclicCode.from_check(n, oct(code.check_int)) == code


@pytest.mark.parametrize("n", [7, 15, 31, 63, 127, 255])
def test_parameters_of_primitive_bch_codes(n: int) -> None:
    printed = {int(k): int(t) for length, k, t, _ in ROWS if int(length) == n}
    rest = list(map(int, REST.get(n, "").split()))
    printed |= dict(zip(rest[::2], rest[1::2], strict=True))
    found = {k: (delta - 1) // 2 for k, delta in bch_table(n).items()}
    assert found == printed | {1: (n - 1) // 2}  # tables leave the repetition code out


@pytest.mark.parametrize("n", [9, 21, 23, 45, 73, 89])
def test_bch_tables_of_other_lengths_by_brute_force(n: int) -> None:
    largest: dict[int, int] = {}
    for delta in range(2, n + 1):
        largest[bch(n, delta).k] = delta
    assert bch_table(n) == largest
    assert list(bch_table(n)) == sorted(largest, reverse=True)


@pytest.mark.parametrize(
    ("n", "k", "message"),
    [
        (255, 80, "length 255, got 80. Those nearest are 71, 79, 87, 91."),
        (15, 15, "Those nearest are 7, 11."),
        (15, 0, "Those nearest are 1, 5."),
        (15, 7.0, "'k' must be an integer"),
        (14, 7, "odd"),
    ],
)
def test_no_such_bch_code(n: int, k: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bch_of_dimension(n, k)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0o789", "digits from 0 to 7 after 0o"),
        ("0b12", "digits from 0 to 1 after 0b"),
        ("0x1g", "digits from 0 to f after 0x"),
        ("0o-13", "digits from 0 to 7"),
        ("0o", "digits after 0b, 0o or 0x"),
        ("721", "digits after 0b, 0o or 0x"),
        ("0o0", "at least one exponent"),
        ("0o722", r"divide x\^15 - 1"),
        (galois.Poly([1, 2], field=field_of(2)), "over GF"),
    ],
)
def test_bad_digits(text: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        BinaryCyclicCode(15, text)  # type: ignore[arg-type]


def test_a_bare_integer_has_no_base() -> None:
    """13 in base 8 and 13 in base 10 both generate a code of length 7."""
    assert BinaryCyclicCode(7, oct(0o13)) != BinaryCyclicCode(7, oct(13))
    with pytest.raises(InputError, match=r"In which base\? '0b1101' is bin\(13\)"):
        BinaryCyclicCode(7, 13)  # type: ignore[arg-type]


@pytest.mark.parametrize("m", [4, 5, 6])
def test_bch_against_galois(m: int) -> None:
    """A BCH code of galois, whose d is the designed distance."""
    n, field = 2**m - 1, field_of(m, galois.primitive_poly(2, m, method="max"))
    for k, delta in list(bch_table(n).items())[:-1][::3]:
        theirs = galois.BCH(n, k, extension_field=field)
        mine = bch_of_dimension(n, k).with_alpha(field)
        assert BinaryCyclicCode(n, theirs.generator_poly) == mine
        assert mine.generator_poly() == theirs.generator_poly
        assert mine.check_poly() * mine.generator_poly() == galois.Poly.Degrees([n, 0])
        assert set(map(int, theirs.roots)) <= set(map(int, mine.roots(field)))
        assert theirs.d == delta


@pytest.mark.parametrize("n", [7, 15, 21, 28, 45, 51])
def test_roots_are_zeros_of_the_generator(n: int) -> None:
    """In galois's arithmetic, with the multiplicities that g has."""
    odd = n // (n & -n)
    field = field_of(next(m for m in range(1, 20) if (2**m - 1) % odd == 0))
    for code in list(all_cyclic_codes(n))[1::7][:4]:
        roots = code.roots(field)
        assert len(roots) == n - code.k
        over = galois.Poly.Degrees(code.generator_exponents, field=field)
        assert over == galois.Poly.Roots(list(map(int, roots)), field=field)


@pytest.mark.parametrize("n", [7, 15, 17, 21, 30])
def test_another_alpha_permutes_the_codes(n: int) -> None:
    """Every primitive polynomial gives an equivalent code with the same powers as zeros."""
    odd = n // (n & -n)
    m = next(m for m in range(1, 20) if (2**m - 1) % odd == 0)
    codes = [c for c in all_cyclic_codes(n) if c.k][::5][:6]
    for polynomial in list(galois.primitive_polys(2, m))[1:3]:
        field = field_of(m, polynomial)
        root = field.primitive_element ** ((2**m - 1) // odd)
        for code in codes:
            other = code.with_alpha(polynomial)
            assert other == code.with_alpha(field) == code.with_alpha(field.primitive_element)
            over = galois.Poly.Degrees(other.generator_exponents, field=field)
            assert not np.any(over(root ** np.array(code.defining_set, dtype=int)))
            assert other.k == code.k
            assert (
                BinaryCyclicCode(n, other.generator_exponents).weight_distribution()
                == code.weight_distribution()
            )


def test_alpha_of_known_codes() -> None:
    # The reciprocal polynomial has the inverse roots.
    assert hamming(4).with_alpha("0o31") == hamming(4).reversed() == BinaryCyclicCode(15, "0o31")
    conway = galois.conway_poly(2, 8)
    assert bch(255, 5).with_alpha(conway) == bch(255, 5)  # 0o435 in both
    # x^8 + x^4 + x^3 + x + 1 (AES) is irreducible of order 51, its field's generator is x + 1.
    field = field_of(8, "x^8 + x^4 + x^3 + x + 1")
    assert field.primitive_element == 3
    assert bch(51, 5).with_alpha("0x11b").k == bch(51, 5).k
    zeros = bch(255, 5).with_alpha(field).roots(field)
    assert {int(field(3) ** s) for s in range(1, 5)} <= set(map(int, zeros))
    code = quadratic_residue(23)
    code.weight_distribution()
    other = code.with_alpha("0o6165")
    assert other in (code, code.reversed())
    assert other.minimum_distance_if_known() == 7  # what is known of equivalent codes is kept
    assert dual_bch(127, 5).with_alpha("0o211") == bch(127, 5).with_alpha("0o211").dual()


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        ("0o7", "Its root has order 3"),
        ("0x11b", "Its root has order 51"),
        ("0o21", "irreducible polynomial"),  # (x + 1)^4
        ("0b10", "irreducible polynomial"),
        ("0o1", "irreducible polynomial"),
        ("0o0", "irreducible polynomial"),
        ([0, 1, 99], "degree of at most 48"),
        (field_of(4)(0), "nonzero element"),
        (field_of(4)([2, 3]), "one nonzero element"),
    ],
)
def test_no_such_alpha(alpha: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bch(15, 5).with_alpha(alpha)  # type: ignore[arg-type]


def test_fields_without_the_roots() -> None:
    with pytest.raises(InputError, match="15 a divisor of 2"):
        bch(15, 5).roots(field_of(3))
    with pytest.raises(InputError, match="field of galois"):
        bch(15, 5).roots(16)  # type: ignore[arg-type]
    roots = golay().roots(field_of(22))
    assert len(set(map(int, roots))) == 11
    assert math.prod(roots) == 1  # the constant coefficient of g


def test_a_missing_galois_is_one_line() -> None:
    script = (
        "import sys; sys.modules['galois'] = None\n"
        "from spadv.errors import SpadvError\n"
        "from spadv.theory.codes import BinaryCyclicCode\n"
        "code = BinaryCyclicCode(15, '0o721').with_alpha('0o31')\n"
        "try: code.roots()\n"
        "except SpadvError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("this needs galois: pip install 'galois>=0.4'\n", "")
