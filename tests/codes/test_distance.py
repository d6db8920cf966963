from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import komm
import numpy as np
import pytest

from spadv.errors import InputError
from spadv.theory.codes import (
    BinaryCyclicCode,
    DistanceSearch,
    all_cyclic_codes,
    bch,
    combinations,
    golay,
    hamming,
    quadratic_residue,
    simplex,
)
from spadv.theory.codes import distance as module
from spadv.theory.codes.reductions import split

ORACLES = json.loads(
    (Path(__file__).parents[1] / "oracles" / "cyclic_codes.json").read_text(encoding="utf-8")
)["codes"]


def check(code: BinaryCyclicCode, found: DistanceSearch) -> None:
    """What every search must satisfy, whatever it found."""
    assert 1 <= found.lower <= found.upper <= code.n
    assert found.exact == (found.lower == found.upper)
    assert not (found.exact and found.interrupted)
    if found.witness is not None:
        word = np.zeros(code.n, dtype=int)
        word[list(found.witness)] = 1
        assert word in code
        assert len(found.witness) == found.upper


def test_oracles() -> None:
    """453 codes of odd and even length; their source is named in the oracle file."""
    assert len(ORACLES) == 453
    for entry in ORACLES:
        code = BinaryCyclicCode(entry["n"], entry["generator_exponents"])
        found = code.distance_search()
        check(code, found)
        assert (code.k, found.upper, found.exact) == (entry["k"], entry["min_distance"], True)
        assert found.witness is not None
        assert max(code.lower_bounds().values()) <= found.upper


@pytest.mark.parametrize("n", range(1, 17))
def test_all_codes_of_short_length_by_brute_force(n: int) -> None:
    for code in all_cyclic_codes(n):
        if code.k:
            weights = np.concatenate([b.sum(axis=1) for b in code.codeword_batches(4096)])
            assert code.minimum_distance() == weights[weights > 0].min()


@pytest.mark.parametrize("n", [7, 8, 12, 15, 18, 21])
def test_against_komm(n: int) -> None:
    for code in list(all_cyclic_codes(n))[::3]:
        if 0 < code.k <= 10 and code.k < n:
            other = komm.CyclicCode(n, generator_polynomial=code.generator_int)
            assert code.minimum_distance() == other.minimum_distance()


@pytest.mark.parametrize(
    ("p", "expected"),
    [(7, 3), (17, 5), (23, 7), (31, 7), (41, 9), (47, 11), (71, 11), (73, 13), (79, 15), (89, 17)],
)
def test_quadratic_residue_codes(p: int, expected: int) -> None:
    """Distances listed in MacWilliams and Sloane, chapter 16."""
    code = quadratic_residue(p)
    found = code.distance_search()
    check(code, found)
    assert (found.lower, found.upper) == (expected, expected)


@pytest.mark.parametrize(
    ("n", "delta", "k", "expected"),
    [
        (15, 3, 11, 3),
        (15, 7, 5, 7),
        (31, 5, 21, 5),
        (31, 7, 16, 7),
        (31, 9, 11, 11),
        (31, 15, 6, 15),
        (63, 5, 51, 5),
        (63, 9, 39, 9),
        (63, 11, 36, 11),
        (63, 13, 30, 13),
        (63, 15, 24, 15),
        (63, 21, 18, 21),
        (127, 9, 99, 9),
        (127, 21, 64, 21),
        (127, 27, 50, 27),
        (255, 31, 139, 31),
        (1023, 7, 993, 7),
    ],
)
def test_bch_codes(n: int, delta: int, k: int, expected: int) -> None:
    """Primitive BCH codes listed in MacWilliams and Sloane, chapter 9."""
    code = bch(n, delta)
    found = code.distance_search()
    check(code, found)
    assert (code.k, found.lower, found.upper) == (k, expected, expected)


@pytest.mark.slow
def test_the_quadratic_residue_code_of_length_127() -> None:
    code = quadratic_residue(127)
    found = code.distance_search()
    check(code, found)
    assert (code.k, found.upper, found.exact) == (64, 19, True)


def test_known_families() -> None:
    assert golay().minimum_distance() == 7
    for K in range(2, 11):
        assert hamming(K).minimum_distance() == 3
        assert simplex(K).minimum_distance() == 2 ** (K - 1)


@pytest.mark.parametrize("n", [6, 9, 12, 14, 15, 16, 20, 21, 24, 28])
def test_reductions_against_enumeration(n: int) -> None:
    """Each reduction's formula and lift, on every code it applies to."""
    for code in all_cyclic_codes(n):
        parts = split(code)
        if not parts or code.k > 14:
            continue
        weights = code.weight_distribution()
        expected = min(w for w in weights if w)
        assert min(part.factor * part.code.minimum_distance() for part in parts) == expected
        for part in parts:
            words = part.code.distance_search()
            assert words.witness is not None
            lifted = part.lift(sum(1 << i for i in words.witness))
            assert 0 < lifted.bit_count() <= part.factor * words.upper
            assert [lifted >> i & 1 for i in range(n)] in code


@pytest.mark.parametrize("words", [1, 10, 1000])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_chunks_cover_every_subset_once(words: int, depth: int) -> None:
    for k, t in ((7, 3), (9, 4), (5, 5), (8, 6)):
        chunks = list(combinations._chunks(k, t, depth, words))
        assert sum(math.comb(limit, t - len(prefix)) for prefix, limit in chunks) == math.comb(k, t)
        assert len(set(chunks)) == len(chunks)


def test_small_chunks_and_wide_words_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every branch of the kernel: one, two and more pieces, tables of one to three rows."""
    cases = [(bch(31, 7), 7), (bch(63, 13), 13), (bch(127, 31), 31), (bch(255, 91), 91)]
    for table_bytes, chunk in ((0, 5000), (1 << 12, 20000), (1 << 20, 1 << 20)):
        monkeypatch.setattr(combinations, "_TABLE_BYTES", table_bytes)
        monkeypatch.setattr(combinations, "CHUNK", chunk)
        monkeypatch.setattr(module, "bch_bound", lambda code: 1)
        monkeypatch.setattr(module, "ALL_BOUNDS_UP_TO", 0)
        for code, expected in cases:
            fresh = BinaryCyclicCode(code.n, code.generator_exponents)
            found = fresh.distance_search(seconds=1)
            check(fresh, found)
            assert found.lower <= expected <= found.upper


def test_weights_decide_when_cheaper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", 0)
    monkeypatch.setattr(module, "COUNTING", 0)
    for code, expected in ((bch(63, 11), 11), (bch(127, 9), 9), (bch(1023, 7), 7)):
        found = code.distance_search()
        check(code, found)
        assert found.exact
        assert found.upper == expected
    monkeypatch.setattr(module, "_WITNESS_WORDS", 0)
    found = quadratic_residue(41).distance_search()
    assert (found.lower, found.upper, found.exact) == (9, 9, True)
    assert found.method == "bounds + weight distribution"
    assert found.witness is None


def test_a_distance_without_a_word_passes_through_reductions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SMALL", "COUNTING", "_WITNESS_WORDS"):
        monkeypatch.setattr(module, name, 0)
    odd = quadratic_residue(41)
    code = BinaryCyclicCode(82, (2 * i for i in odd.generator_exponents))
    found = code.distance_search()
    assert (found.lower, found.upper, found.exact, found.witness) == (9, 9, True, None)


def test_parts_that_cannot_matter_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The even-weight code of length 7 gives 2; twice the other part cannot be less."""
    code = BinaryCyclicCode.from_defining_set(14, [0])
    solved = []
    inner = module._irreducible

    def count(part: BinaryCyclicCode, bounds: module.Bounds) -> None:
        solved.append(part)
        inner(part, bounds)

    monkeypatch.setattr(module, "_irreducible", count)
    assert [part.factor for part in split(code)] == [1, 2]
    assert code.distance_search().upper == 2
    assert [part.k for part in solved] == [6]


def test_an_early_interruption_returns_what_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(code: BinaryCyclicCode) -> list[object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "split", interrupt)
    code = bch(31, 7)
    found = code.distance_search()
    check(code, found)
    assert (found.lower, found.upper, found.interrupted) == (1, 11, True)


def test_a_time_limit_returns_bounds() -> None:
    code = quadratic_residue(199)
    found = code.distance_search(seconds=0.5)
    check(code, found)
    assert found.interrupted
    assert found.lower < found.upper
    assert found.words_checked > 0
    at_once = code.distance_search(seconds=0)
    check(code, at_once)
    assert at_once.interrupted
    assert code.minimum_distance_if_known() is None


def test_a_time_limit_in_an_even_length() -> None:
    odd = quadratic_residue(199)
    code = BinaryCyclicCode(398, (2 * i for i in odd.generator_exponents))
    found = code.distance_search(seconds=0.3)
    check(code, found)
    assert found.interrupted


def test_progress_is_reported_and_may_interrupt() -> None:
    calls = []

    def progress(done: float, total: float, message: str = "") -> None:
        calls.append((done, total, message))
        if len(calls) == 2:
            raise KeyboardInterrupt

    code = quadratic_residue(199)
    found = code.distance_search(progress=progress)
    check(code, found)
    assert found.interrupted
    assert len(calls) == 2
    assert all(0 < done <= total for done, total, _ in calls)
    assert "weight" in calls[0][2]
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        code.minimum_distance(progress=progress)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_a_real_signal_returns_bounds() -> None:
    script = """
import os, signal
# Where the tests run in the background of a shell, SIGINT is ignored and stays so.
signal.signal(signal.SIGINT, signal.default_int_handler)
from spadv.theory.codes import quadratic_residue
def progress(done, total, message=""):
    os.kill(os.getpid(), signal.SIGINT)
found = quadratic_residue(199).distance_search(progress=progress)
print(found.interrupted, found.lower < found.upper)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["True", "True"], "")


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "soon"])
def test_bad_time_limits(seconds: object) -> None:
    with pytest.raises(InputError, match="'seconds'"):
        bch(15, 5).distance_search(seconds=seconds)  # type: ignore[arg-type]


def test_what_is_known_is_kept() -> None:
    code = bch(31, 7)
    assert code.minimum_distance_if_known() is None
    assert code.minimum_distance() == 7
    assert code.minimum_distance_if_known() == 7
    other = bch(31, 7)
    other.weight_distribution()
    assert other.minimum_distance_if_known() == 7
