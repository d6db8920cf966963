from __future__ import annotations

import numpy as np
import pytest

from spadv.errors import InputError, TooLargeError
from spadv.theory.codes import (
    BinaryCyclicCode,
    all_cyclic_codes,
    bch,
    bch_bounds_of_all,
    count_cyclic_codes,
    dual_bch,
    even_weight,
    family,
    golay,
    hamming,
    quadratic_residue,
    repetition,
    simplex,
    universe,
)


def test_parameters() -> None:
    assert (repetition(9).k, repetition(9).minimum_distance()) == (1, 9)
    assert (even_weight(9).k, even_weight(9).minimum_distance()) == (8, 2)
    assert (universe(9).k, universe(9).minimum_distance()) == (9, 1)
    assert (golay().n, golay().k) == (23, 12)
    assert hamming(4) == BinaryCyclicCode(15, (0, 1, 4))
    assert hamming(4) == bch(15, 3)
    assert simplex(4) == hamming(4).dual()
    assert hamming(20).k == 2**20 - 21


@pytest.mark.parametrize("n", [9, 17, 21, 23, 45, 63])
def test_bch_zeros(n: int) -> None:
    """Any odd length: lengths 17, 21 and 23 need fields far larger than log2 n suggests."""
    for delta in range(2, n):
        for b in (1, 0, 5, -1):
            wanted = {(b + i) % n for i in range(delta - 1)}
            try:
                code = bch(n, delta, b)
            except InputError:
                assert b != 1
                continue
            assert wanted <= set(code.defining_set)
            assert code == BinaryCyclicCode.from_defining_set(n, wanted)
    assert bch(n, n) == repetition(n)


def test_dual_bch() -> None:
    assert dual_bch(31, 5) == bch(31, 5).dual()


@pytest.mark.parametrize("p", [7, 17, 23, 31, 41, 47, 71])
def test_quadratic_residue_zeros(p: int) -> None:
    code = quadratic_residue(p)
    assert code.k == (p + 1) // 2
    assert set(code.defining_set) == {s * s % p for s in range(1, p)}


@pytest.mark.parametrize("p", [2, 3, 5, 9, 11, 15, 49, 1, 0, "7", 119])
def test_no_quadratic_residue_code(p: object) -> None:
    with pytest.raises(InputError, match="'p'"):
        quadratic_residue(p)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((14, 3), "'n'"),
        ((1, 3), "'n'"),
        ((15, 1), "'delta'"),
        ((15, 16), "'delta'"),
        ((15, 15, 0), "'delta'"),
        ((15, 3, 0.5), "'b'"),
    ],
)
def test_bad_bch(arguments: tuple[int, ...], name: str) -> None:
    with pytest.raises(InputError, match=name):
        bch(*arguments)


@pytest.mark.parametrize(
    ("n", "spec", "expected"),
    [
        (9, "repetition", repetition(9)),
        (9, "even-weight", even_weight(9)),
        (9, "universe", universe(9)),
        (15, "simplex:4", simplex(4)),
        (15, "simplex", simplex(4)),
        (15, "Hamming:4", hamming(4)),
        (15, "bch:5", bch(15, 5)),
        (15, "dual-bch:5", dual_bch(15, 5)),
        (17, " qr ", quadratic_residue(17)),
        (23, "golay", golay()),
    ],
)
def test_specs(n: int, spec: str, expected: BinaryCyclicCode) -> None:
    assert family(n, spec) == expected


@pytest.mark.parametrize(
    ("n", "spec", "message"),
    [
        (15, "simplx:4", "Did you mean 'simplex'?"),
        (15, "", "be one of repetition"),
        (15, "bch", "bch:DELTA"),
        (15, "bch:", "bch:DELTA"),
        (15, "bch:five", "whole number"),
        (15, "bch:-5", "whole number"),
        (15, "simplex:", "whole number"),
        (15, "bch:1", "'DELTA of bch:1'"),
        (14, "bch:3", "odd"),
        (15, "golay", "be 23"),
        (23, "golay:7", "no argument"),
        (15, "simplex:5", "2\\^5 - 1 = 31"),
        (14, "hamming", "2\\^K - 1"),
        (14, "hamming:99", "2\\^K - 1"),
        (1, "hamming", "'n' must be at least 3"),
        (15, "qr", "'n' must be a prime"),
        (0, "repetition", "'n'"),
        (15, 5, "be text"),
    ],
)
def test_bad_specs(n: int, spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        family(n, spec)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 12, 14, 15, 20, 21])
def test_listing_is_complete(n: int) -> None:
    codes = list(all_cyclic_codes(n))
    assert len(set(codes)) == len(codes) == count_cyclic_codes(n)
    assert codes[0] == universe(n)
    assert codes[-1] == BinaryCyclicCode(n, (0, n))
    if n <= 15:
        divisors = 0
        for candidate in range(1, 1 << (n + 1)):
            try:
                BinaryCyclicCode(n, [i for i in range(n + 1) if candidate >> i & 1])
            except InputError:
                continue
            divisors += 1
        assert divisors == len(codes)


def test_listing_all_codes_of_length_63() -> None:
    bounds = bch_bounds_of_all(63)
    assert bounds.shape == (8192,)
    assert bounds.dtype == np.int64
    for i, code in enumerate(all_cyclic_codes(63)):
        if i % 501 == 0 and code.k:
            assert code.lower_bounds()["bch"] == bounds[i]


def test_listing_is_lazy_and_refuses_what_is_too_much() -> None:
    assert next(all_cyclic_codes(1023)).k == 1023
    with pytest.raises(TooLargeError, match="cyclic codes"):
        bch_bounds_of_all(255)
    for function in (count_cyclic_codes, all_cyclic_codes, bch_bounds_of_all):
        with pytest.raises(InputError, match="'n'"):
            function(0)
