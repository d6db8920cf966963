from __future__ import annotations

import subprocess
import sys
from itertools import product

import galois
import komm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.errors import InputError
from spadv.theory.codes import BinaryCyclicCode, all_cyclic_codes, gf2, golay, repetition, simplex

LENGTHS = [1, 2, 3, 4, 6, 7, 9, 10, 12, 14, 15, 16, 18]


@st.composite
def codes(draw: st.DrawFn, lengths: tuple[int, ...] = (7, 12, 14, 15, 20, 21)) -> BinaryCyclicCode:
    everything = list(all_cyclic_codes(draw(st.sampled_from(lengths))))
    return draw(st.sampled_from(everything))


@pytest.mark.parametrize("n", LENGTHS)
def test_every_construction_gives_the_same_code(n: int) -> None:
    for code in all_cyclic_codes(n):
        fresh = BinaryCyclicCode(n, code.generator_exponents)
        assert fresh == code
        assert hash(fresh) == hash(code)
        assert (fresh.defining_set, fresh.nonzeros) == (code.defining_set, code.nonzeros)
        assert BinaryCyclicCode.from_check(n, code.check_exponents) == code
        assert BinaryCyclicCode.from_defining_set(n, code.defining_set) == code
        assert len(code.defining_set) == n - code.k
        assert len(code.nonzeros) == code.k
        if gf2.gcd(code.generator_int, code.check_int) == 1:
            assert BinaryCyclicCode.from_idempotent(n, code.idempotent()) == code
        else:
            with pytest.raises(ValueError, match="repeated roots"):
                code.idempotent()


@pytest.mark.parametrize("n", LENGTHS)
def test_against_komm(n: int) -> None:
    for code in all_cyclic_codes(n):
        if 0 < code.k < n:
            other = komm.CyclicCode(n, generator_polynomial=code.generator_int)
            assert other.dimension == code.k
            assert int(other.check_polynomial) == code.check_int
            np.testing.assert_array_equal(
                other.generator_matrix, code.generator_matrix(systematic=True)
            )
            messages = np.eye(code.k, dtype=np.uint8)
            np.testing.assert_array_equal(other.encode(messages), code.encode(messages))


@given(codes())
def test_dual(code: BinaryCyclicCode) -> None:
    dual = code.dual()
    assert dual.dual() == code
    assert dual.k == code.n - code.k
    assert not (code.generator_matrix().astype(int) @ dual.generator_matrix().T % 2).any()
    np.testing.assert_array_equal(code.parity_check_matrix(), dual.generator_matrix())
    odd = code.n // (code.n & -code.n)
    assert sorted(-s % odd for s in code.nonzeros) == list(dual.defining_set)


@given(codes(), st.data())
def test_related_codes_and_properties(code: BinaryCyclicCode, data: st.DataObject) -> None:
    message = data.draw(st.lists(st.integers(0, 1), min_size=code.k, max_size=code.k))
    word = code.encode(message)
    assert word[::-1] in code.reversed()
    even = code.even_weight_subcode()
    assert (word in even) == (word.sum() % 2 == 0)
    assert code.contains_all_ones == (np.ones(code.n, dtype=int) in code)
    rows = code.generator_matrix().astype(int)
    assert code.is_self_orthogonal == (not (rows @ rows.T % 2).any())


@given(codes())
def test_period_of_generator(code: BinaryCyclicCode) -> None:
    word = np.zeros(code.n, dtype=int)
    for exponent in code.generator_exponents:
        word[exponent % code.n] ^= 1
    shifts = range(1, code.n + 1)
    assert code.period_of_generator == next(t for t in shifts if (np.roll(word, t) == word).all())


def test_polynomials_for_galois() -> None:
    code = golay()
    product = code.generator_poly() * code.check_poly()
    assert isinstance(product, galois.Poly)
    assert product == galois.Poly.Degrees([23, 0])


def test_defining_set_is_closed_and_takes_the_largest_multiplicity() -> None:
    assert BinaryCyclicCode.from_defining_set(7, [6]).defining_set == (3, 5, 6)
    code = BinaryCyclicCode.from_defining_set(28, [1, 1, 2, 4, 4, 4, 0])
    assert code.defining_set == (0, *[1] * 3, *[2] * 3, *[4] * 3)
    assert BinaryCyclicCode.from_defining_set(9, []) == BinaryCyclicCode(9, [0])


def test_idempotents_by_brute_force() -> None:
    """Length 7 has eight idempotents, one for each code."""
    found = set()
    for bits in product((0, 1), repeat=7):
        exponents = [i for i, bit in enumerate(bits) if bit]
        if sorted(2 * i % 7 for i in exponents) == exponents:
            found.add(BinaryCyclicCode.from_idempotent(7, exponents))
        else:
            with pytest.raises(InputError, match="idempotent"):
                BinaryCyclicCode.from_idempotent(7, exponents)
    assert found == set(all_cyclic_codes(7))


@pytest.mark.parametrize(
    ("n", "generator", "message"),
    [
        (0, [0], "'n'"),
        (-3, [0], "'n'"),
        (7.0, [0], "'n'"),
        ("7", [0], "'n'"),
        (True, [0], "'n'"),
        (7, [], "at least one exponent"),
        (7, [0, 0, 1], "not repeat an exponent"),
        (7, [0, -1], "at least 0"),
        (7, [0, 1.5], "integer"),
        (7, "0,1,3", "not text"),
        (7, 11, "iterable"),
        (7, [1], "divide x"),
        (7, [0, 8], "divide x"),
        (7, [0, 14], "divide x"),
    ],
)
def test_bad_generators(n: object, generator: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        BinaryCyclicCode(n, generator)  # type: ignore[arg-type]


def test_a_generator_that_does_not_divide_names_the_one_that_does() -> None:
    with pytest.raises(InputError, match=r"remainder is 1 \+ x.* exponents are \(0, 1\)"):
        BinaryCyclicCode(7, (0, 2))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: BinaryCyclicCode.from_check(7, [0, 2]), "divisor"),
        (lambda: BinaryCyclicCode.from_check(7, []), "divisor"),
        (lambda: BinaryCyclicCode.from_defining_set(7, [7]), r"lie in 0\.\.6"),
        (lambda: BinaryCyclicCode.from_defining_set(14, [7]), "odd part of n = 14"),
        (lambda: BinaryCyclicCode.from_defining_set(7, [1, 1]), "at most 1 time"),
        (lambda: BinaryCyclicCode.from_defining_set(14, [1, 1, 1]), "at most 2 times"),
        (lambda: BinaryCyclicCode.from_defining_set(7, [-1]), "at least 0"),
        (lambda: BinaryCyclicCode.from_idempotent(7, [7]), r"lie in 0\.\.6"),
    ],
)
def test_bad_constructions(build: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build()  # type: ignore[operator]


def test_the_zero_code() -> None:
    zero = BinaryCyclicCode(7, (0, 7))
    assert (zero.k, zero.idempotent(), zero.check_exponents) == (0, (), (0,))
    assert zero.dual() == BinaryCyclicCode(7, (0,))
    assert zero == BinaryCyclicCode.from_idempotent(7, [])
    assert zero.generator_matrix().shape == (0, 7)
    assert zero.period_of_generator == 1
    assert zero.is_self_orthogonal
    assert not zero.contains_all_ones
    for ask in (zero.minimum_distance, zero.distance_search, zero.lower_bounds):
        with pytest.raises(InputError, match="nonzero word"):
            ask()
    assert zero.minimum_distance_if_known() is None
    assert zero.weight_distribution() == {0: 1}


def test_identity() -> None:
    code = BinaryCyclicCode(7, [3, 1, 0])
    assert code != BinaryCyclicCode(7, [3, 2, 0])
    assert code != BinaryCyclicCode(14, (0, 2, 6))
    assert code != "code"
    assert repr(code) == "BinaryCyclicCode(7, (0, 1, 3)), [7, 4]"
    assert "..." in repr(simplex(10))
    assert BinaryCyclicCode(np.int64(7), np.array([0, 1, 3])) == code
    with pytest.raises(AttributeError):
        code.n = 8  # type: ignore[misc]
    assert len({code, BinaryCyclicCode(7, (0, 1, 3)), repetition(7)}) == 2


def test_importing_is_cheap() -> None:
    script = (
        "import sys; before = set(sys.modules); import spadv.theory.codes.families;"
        "slow = {'galois', 'numba', 'sympy'} & (set(sys.modules) - before);"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
