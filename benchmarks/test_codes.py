"""Cyclic codes: the cases that must stay quick, and komm on one it can manage.

Kernels are compiled before the clock starts; caches on the code objects are not used,
as every round builds a fresh code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import komm
import pytest

from spadv.theory.codes import (
    BinaryCyclicCode,
    all_cyclic_codes,
    bch,
    bch_bounds_of_all,
    dual_bch,
    factor_xn_minus_1,
    golay,
    primitive_polynomial,
    quadratic_residue,
)
from spadv.theory.codes.cyclotomic import root_system

Make = Callable[[], BinaryCyclicCode]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    for code in (golay(), bch(63, 11), quadratic_residue(73), bch(1023, 101)):
        code.distance_search(seconds=0.5)
    golay().weight_distribution()
    dual_bch(127, 5).weight_distribution()


@pytest.mark.parametrize(
    ("make", "distance"),
    [
        pytest.param(lambda: bch(63, 13), 13, id="bch-63-30"),
        pytest.param(lambda: bch(127, 15), 15, id="bch-127-78"),
        pytest.param(lambda: quadratic_residue(89), 17, id="qr-89-45"),
        pytest.param(lambda: quadratic_residue(127), 19, id="qr-127-64"),
        pytest.param(lambda: bch(255, 31), 31, id="bch-255-139"),
        pytest.param(lambda: bch(1023, 7), 7, id="bch-1023-993"),
    ],
)
def test_minimum_distance(benchmark: Any, make: Make, distance: int) -> None:
    benchmark.group = "minimum distance"
    result = benchmark.pedantic(lambda: make().minimum_distance(), rounds=3)
    assert result == distance


@pytest.mark.parametrize("tool", ["spadv", "komm"])
def test_minimum_distance_against_komm(benchmark: Any, tool: str) -> None:
    """The [63, 24, 15] BCH code, of 2^24 words."""
    benchmark.group = "minimum distance of [63, 24, 15]"
    generator = bch(63, 15).generator_int
    if tool == "spadv":
        result = benchmark(lambda: bch(63, 15).minimum_distance())
    else:
        result = benchmark.pedantic(
            lambda: komm.CyclicCode(63, generator_polynomial=generator).minimum_distance(),
            rounds=3,
        )
    assert result == 15


@pytest.mark.parametrize(
    ("make", "k"),
    [
        pytest.param(lambda: bch(63, 13), 30, id="bch-63-30"),
        pytest.param(lambda: quadratic_residue(73), 37, id="qr-73-37"),
        pytest.param(lambda: bch(127, 31), 36, id="bch-127-36"),
        pytest.param(lambda: dual_bch(1023, 7), 30, id="dual-bch-1023-30"),
        pytest.param(lambda: bch(1023, 7), 993, id="bch-1023-993"),
    ],
)
def test_weight_distribution(benchmark: Any, make: Make, k: int) -> None:
    benchmark.group = "weight distribution"
    result = benchmark.pedantic(lambda: make().weight_distribution(), rounds=3)
    assert sum(result.values()) == 2**k


@pytest.mark.parametrize("n", [1023, 2047, 4095])
def test_factoring(benchmark: Any, n: int) -> None:
    benchmark.group = "factor x^n - 1"

    def fresh() -> int:
        root_system.cache_clear()
        return len(factor_xn_minus_1(n))

    assert benchmark(fresh) == {1023: 107, 2047: 187, 4095: 351}[n]


def test_primitive_polynomial(benchmark: Any) -> None:
    benchmark.group = "primitive polynomial of degree 20"

    def fresh() -> int:
        primitive_polynomial.cache_clear()
        return primitive_polynomial(20)

    assert benchmark(fresh) == 1 << 20 | 0b1001


def test_listing_all_codes_of_length_63(benchmark: Any) -> None:
    """Dimension, generator and BCH bound of all 8192 codes."""
    benchmark.group = "list all codes of length 63"

    def listing() -> int:
        rows = [
            (code.k, code.generator_exponents, bound)
            for code, bound in zip(all_cyclic_codes(63), bch_bounds_of_all(63), strict=True)
        ]
        return len(rows)

    assert benchmark.pedantic(listing, rounds=3) == 8192


def test_importing(benchmark: Any) -> None:
    """A fresh interpreter that imports the package."""
    import subprocess
    import sys

    benchmark.group = "import"
    command = [sys.executable, "-c", "import spadv.theory.codes.cyclic"]
    benchmark.pedantic(lambda: subprocess.run(command, check=True), rounds=3)
