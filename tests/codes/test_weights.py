from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.errors import InputError, TooLargeError
from spadv.theory.codes import (
    BinaryCyclicCode,
    all_cyclic_codes,
    bch,
    dual_bch,
    golay,
    hamming,
    macwilliams,
    quadratic_residue,
    simplex,
    weights,
)
from spadv.theory.codes.pool import OutOfTimeError, Run

ORACLES = json.loads(
    (Path(__file__).parents[1] / "oracles" / "cyclic_codes.json").read_text(encoding="utf-8")
)["codes"]


def counted(code: BinaryCyclicCode) -> dict[int, int]:
    total = np.zeros(code.n + 1, dtype=np.int64)
    for batch in code.codeword_batches(8192):
        total += np.bincount(batch.sum(axis=1), minlength=code.n + 1)
    return {w: int(count) for w, count in enumerate(total) if count}


def test_oracles() -> None:
    """453 codes of odd and even length; their source is named in the oracle file."""
    for entry in ORACLES:
        code = BinaryCyclicCode(entry["n"], entry["generator_exponents"])
        expected = {int(w): count for w, count in entry["weights"].items()}
        assert code.weight_distribution() == expected


@pytest.mark.parametrize("n", range(1, 17))
def test_all_codes_of_short_length_by_brute_force(n: int) -> None:
    for code in all_cyclic_codes(n):
        assert code.weight_distribution() == counted(code)


@given(st.sampled_from([15, 18, 20, 21, 24]), st.data())
def test_code_and_dual_agree_through_macwilliams(n: int, data: st.DataObject) -> None:
    """Both sides are enumerated, so neither rests on the identity."""
    code = data.draw(st.sampled_from([c for c in all_cyclic_codes(n) if 5 <= c.k <= n - 5]))
    mine = weights._side(code, Run(), 1)
    theirs = weights._side(code.dual(), Run(), 1)
    assert macwilliams(mine, n, code.k) == theirs
    assert macwilliams(theirs, n, n - code.k) == mine


@given(st.integers(0, 2**16 - 1), st.integers(0, 16))
def test_weights_do_not_change_under_shifts(message: int, shift: int) -> None:
    code = bch(31, 7)
    word = code.encode([message >> i & 1 for i in range(16)])
    shifted = np.roll(word, shift)
    assert shifted in code
    assert int(shifted.sum()) in code.weight_distribution()


def test_small_tables_and_chunks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [golay(), bch(63, 23), dual_bch(63, 7), quadratic_residue(31), bch(127, 55)]
    expected = [code.weight_distribution() for code in cases]
    monkeypatch.setattr(weights, "_TABLE_BYTES", 64)
    monkeypatch.setattr(weights, "CHUNK", 256)
    for code, distribution in zip(cases, expected, strict=True):
        assert weights.compute(code, Run()) == distribution
    monkeypatch.undo()
    # Without orbits: the plain enumeration.
    monkeypatch.setattr(weights, "_MAX_ORBIT_DIMENSION", 0)
    for code, distribution in zip(cases[:4], expected, strict=False):
        assert weights.compute(code, Run()) == distribution


def test_known_distributions() -> None:
    """MacWilliams and Sloane, chapter 2, section 6 (Golay) and chapter 15 (dual BCH)."""
    assert golay().weight_distribution() == {
        0: 1, 7: 253, 8: 506, 11: 1288, 12: 1288, 15: 506, 16: 253, 23: 1
    }  # fmt: skip
    assert simplex(7).weight_distribution() == {0: 1, 64: 127}
    # Gold: the dual of the two-error-correcting code of length 2^m - 1, m odd.
    assert dual_bch(31, 5).weight_distribution() == {0: 1, 12: 310, 16: 527, 20: 186}
    assert dual_bch(127, 5).weight_distribution() == {0: 1, 56: 4572, 64: 8255, 72: 3556}


def test_counts_are_exact_integers_however_large() -> None:
    for code in (hamming(9), bch(1023, 5), BinaryCyclicCode(512, (0, 256))):
        distribution = code.weight_distribution()
        assert sum(distribution.values()) == 2**code.k
        assert all(type(count) is int and count > 0 for count in distribution.values())
        assert list(distribution) == sorted(distribution)


@pytest.mark.parametrize("n", [63, 73, 85, 105])
def test_components_of_many_shapes(n: int) -> None:
    """Totals and the first power moments, which the dual's distance determines."""
    for code in list(all_cyclic_codes(n))[:: 97 if n != 73 else 41]:
        if code.k == 0 or weights.cost(code) > 1 << 22:
            continue
        distribution = code.weight_distribution()
        assert sum(distribution.values()) == 2**code.k
        if code.dual().k and code.dual().minimum_distance() > 1:
            assert 2 * sum(w * a for w, a in distribution.items()) == n * 2**code.k


def test_out_of_reach_is_refused_with_the_size() -> None:
    with pytest.raises(TooLargeError, match=r"dual has about 7\.26e\+16, up to"):
        quadratic_residue(127).weight_distribution()
    with pytest.raises(TooLargeError, match="at most 10 codewords"):
        golay().weight_distribution(max_words=10)
    assert golay().weight_distribution(max_words=10**6)


def test_progress_and_time_limit() -> None:
    calls = []

    def progress(done: float, total: float, message: str = "") -> None:
        calls.append((done, total))

    bch(63, 13).weight_distribution(progress)
    assert calls
    assert all(0 < done <= total for done, total in calls)
    with pytest.raises(OutOfTimeError):
        weights.compute(bch(63, 13), Run(seconds=0))


@pytest.mark.parametrize("weights", [{0: 1, 1: 7}, {0: 1, 4: 6}, {0: 8}, {0: 1, 3: 6, 4: 1}])
def test_macwilliams_refuses_what_no_code_has(weights: dict[int, int]) -> None:
    """A dual with negative or broken counts."""
    with pytest.raises(InputError, match=r"weight distribution of a linear \[7, 3\] code"):
        macwilliams(weights, 7, 3)


def test_one_word_is_in_a_code() -> None:
    code = BinaryCyclicCode(7, (0, 1, 3))
    word, other = [1, 1, 0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]
    assert word in code
    assert other not in code
    for several in ([word, other], [word]):
        with pytest.raises(InputError, match="one word of 7 zeros and ones"):
            assert several in code
