from __future__ import annotations

import math

import numpy as np
import pytest

from spadv.theory.codes import (
    BinaryCyclicCode,
    all_cyclic_codes,
    bch,
    bch_bounds_of_all,
    count_cyclic_codes,
    cyclotomic_cosets,
    simplex,
    universe,
)
from spadv.theory.codes.bounds import (
    allowed_weights,
    divisor_of_even_weights,
    longest_runs,
    simple_root_bounds,
    unit_representatives,
)


def by_definition(n: int, zeros: set[int]) -> dict[str, int]:
    """The three bounds straight from their statements, with sets."""
    units = [a for a in range(1, n) if math.gcd(a, n) == 1] or [1]
    best = {"bch": 1, "hartmann_tzeng": 1, "roos": 1}
    for a in units:
        for delta in range(2, n + 1):
            starts = {
                i for i in range(n) if all((i + a * j) % n in zeros for j in range(delta - 1))
            }
            if not starts:
                break
            best["bch"] = max(best["bch"], delta)
            for first in starts:
                for b in range(1, n):
                    if math.gcd(b, n) < delta:
                        s = 0
                        while (first + b * (s + 1)) % n in starts:
                            s += 1
                        best["hartmann_tzeng"] = max(best["hartmann_tzeng"], delta + s)
                for b in units:
                    size = 0
                    for length in range(1, n + 1):
                        size += (first + b * (length - 1)) % n in starts
                        if length <= size + delta - 2:
                            best["roos"] = max(best["roos"], size + delta - 1)
    return {name: max(value, best["bch"]) for name, value in best.items()}


@pytest.mark.parametrize("n", [1, 3, 5, 7, 9, 11, 13, 15, 17, 21, 23])
def test_against_the_definitions(n: int) -> None:
    for code in all_cyclic_codes(n):
        if code.k:
            found = {k: v for k, v in code.lower_bounds().items() if k != "square_root"}
            assert found == by_definition(n, set(code.defining_set)), code


@pytest.mark.parametrize("n", [*range(1, 22), 24, 28, 30, 31, 33, 35])
def test_no_bound_exceeds_the_distance(n: int) -> None:
    listed = bch_bounds_of_all(n)
    for code, bound in zip(all_cyclic_codes(n), listed, strict=True):
        if code.k == 0:
            assert bound == 0
            continue
        bounds = code.lower_bounds()
        assert bounds["bch"] == bound == code.bch_bound()
        assert bounds["bch"] <= bounds["hartmann_tzeng"]
        assert bounds["bch"] <= bounds["roos"]
        assert max(bounds.values()) <= code.minimum_distance()


def test_hartmann_tzeng_can_beat_bch() -> None:
    """Found by listing: the [17, 9, 5] quadratic residue code, zeros 1, 2, 4, 8, 9, ..."""
    code = BinaryCyclicCode(17, (0, 3, 4, 5, 8))
    assert code.lower_bounds() == {"bch": 4, "hartmann_tzeng": 5, "roos": 5, "square_root": 5}
    assert code.minimum_distance() == 5


def test_roos_can_beat_hartmann_tzeng() -> None:
    """Found by listing, and sharp."""
    code = BinaryCyclicCode(21, (0, 1, 5, 6, 7, 9, 10, 11, 14))
    assert code.lower_bounds() == {"bch": 5, "hartmann_tzeng": 6, "roos": 8}
    assert code.minimum_distance() == 8


@pytest.mark.parametrize(("n", "delta"), [(15, 5), (31, 7), (63, 13), (127, 21), (51, 9)])
def test_bch_codes_reach_their_designed_distance(n: int, delta: int) -> None:
    assert bch(n, delta).lower_bounds()["bch"] >= delta


def test_trivial_codes() -> None:
    assert simple_root_bounds(7, ()) == {"bch": 1, "hartmann_tzeng": 1, "roos": 1}
    assert universe(12).lower_bounds() == {"bch": 1, "hartmann_tzeng": 1, "roos": 1}
    assert simplex(5).lower_bounds()["bch"] == 16


@pytest.mark.parametrize("n", [1, 3, 9, 15, 31, 63, 73])
def test_unit_representatives_cover_the_units(n: int) -> None:
    classes = [
        {sign * unit * 2**i % n for sign in (1, -1) for i in range(n)}
        for unit in unit_representatives(n)
    ]
    covered = sorted(member for group in classes for member in group)
    assert covered == [a for a in range(n) if math.gcd(a, n) == 1]


def test_longest_runs_by_hand() -> None:
    rng = np.random.default_rng(1)
    for n in (1, 2, 5, 9):
        for row in rng.integers(0, 2, (20, n)).astype(bool):
            text = "".join("x" if bit else " " for bit in [*row, *row])
            expected = min(n, max((len(run) for run in text.split()), default=0))
            assert longest_runs(row) == expected


@pytest.mark.parametrize("n", [7, 9, 15, 17, 21, 23, 31, 33, 35])
def test_divisibility_is_exact(n: int) -> None:
    """McEliece's theorem against the weights themselves."""
    for code in all_cyclic_codes(n):
        weights = code.weight_distribution()
        even = math.gcd(*(w for w in weights if w % 2 == 0))
        divisor = divisor_of_even_weights(code)
        # The theorem speaks of powers of two.
        assert divisor == (even & -even if even else 1), code
        allowed = allowed_weights(code)
        assert all(allowed(w) == w for w in weights if w)


def test_every_coset_shape_of_length_45() -> None:
    """Steps that share factors with n: the gcd condition of Hartmann and Tzeng matters."""
    cosets = cyclotomic_cosets(45)
    for i in range(1, len(cosets)):
        zeros = {*cosets[i], *cosets[-1]}
        assert simple_root_bounds(45, tuple(zeros)) == by_definition(45, zeros)


#: Lengths below 63 at which the shifting bound is the distance of every code.
TIGHT = [7, 9, 15, 17, 21, 25, 27, 31, 33, 35, 39, 43, 45, 49]


@pytest.mark.parametrize("n", [*TIGHT, 23, 41, 47, 51, 55, 57])
def test_shifting_bound_against_exact_distances(n: int) -> None:
    """As van Lint and Wilson report: tight for nearly all codes; above the distance of none."""
    better = 0
    seen = set()
    for code in all_cyclic_codes(n):
        units = [u for u in range(1, n) if math.gcd(u, n) == 1]
        key = min(tuple(sorted(u * s % n for s in code.defining_set)) for u in units)
        if code.k == 0 or key in seen:
            continue
        seen.add(key)
        bound, distance = code.shifting_bound(), code.minimum_distance()
        assert max(code.lower_bounds()["bch"], code.lower_bounds()["roos"]) <= bound <= distance
        assert bound == distance or n not in TIGHT
        better += bound > max(code.lower_bounds().values())
    assert better or n not in (21, 31, 33, 35, 39, 43, 45, 51, 55, 57)


@pytest.mark.parametrize("n", [6, 12, 14, 18, 28, 30, 42])
def test_shifting_bound_of_repeated_roots(n: int) -> None:
    for code in list(all_cyclic_codes(n))[:: max(1, count_cyclic_codes(n) // 80)]:
        if code.k:
            assert code.bch_bound() <= code.shifting_bound() <= code.minimum_distance()


def test_shifting_shortens_searches() -> None:
    """The dual of a BCH code that takes 24,000,000,000 words without; and a limit that is kept."""
    code = bch(127, 27).dual()
    found = code.distance_search()
    assert (code.k, found.upper, found.exact) == (77, 16, True)
    assert "shifting" in found.method
    assert not bch(127, 27).dual().distance_search(seconds=0).exact
