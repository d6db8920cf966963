"""Linear codes that are not cyclic: any matrix, extended and shortened codes."""

from __future__ import annotations

import itertools

import galois
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spadv.errors import InputError, TooLargeError
from spadv.theory.codes import (
    BinaryCyclicCode,
    LinearCode,
    all_cyclic_codes,
    bch,
    brouwer_zimmermann,
    combinations,
    golay,
    hamming,
    quadratic_residue,
)


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    """Independent rows, some columns perhaps zero or alike."""
    n = draw(st.integers(1, 14))
    k = draw(st.integers(0, min(n, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    matrix = (rng.random((k, n)) < draw(st.sampled_from([0.2, 0.5]))).astype(np.uint8)
    if k and np.linalg.matrix_rank(galois.GF2(matrix)) < k:
        matrix[:, rng.permutation(n)[:k]] = np.eye(k, dtype=np.uint8)
    return matrix


def words_of(matrix: np.ndarray) -> np.ndarray:
    """All words, by brute force."""
    k = len(matrix)
    messages = np.array(list(itertools.product((0, 1), repeat=k)), dtype=int).reshape(2**k, k)
    return messages @ matrix.astype(int) % 2


def counted(words: np.ndarray) -> dict[int, int]:
    weights, counts = np.unique(words.sum(axis=1), return_counts=True)
    return dict(zip(weights.tolist(), counts.tolist(), strict=True))


def check(code: LinearCode, words: np.ndarray) -> None:
    """Everything about a code against the list of its words."""
    n, k = code.n, code.k
    assert words.shape == (2**k, n)
    fresh = LinearCode(code.generator_matrix())
    assert fresh == code
    assert hash(fresh) == hash(code)
    assert code.contains(words).all()
    assert {tuple(word) for word in code.codewords()} == {tuple(word) for word in words}
    for systematic in (False, True):
        matrix = code.generator_matrix(systematic)
        assert code.contains(matrix).all()
        np.testing.assert_array_equal(code.encode(np.eye(k, dtype=int), systematic), matrix)
    columns = {tuple(column) for column in matrix.T}
    assert {tuple(row) for row in np.eye(k, dtype=int)} <= columns
    checks = code.parity_check_matrix(galois.GF2)
    assert np.linalg.matrix_rank(checks) == n - k if n > k else checks.shape == (0, n)
    received = np.random.default_rng(n).integers(0, 2, (40, n))
    inside = [tuple(word) in {tuple(word) for word in words} for word in received]
    assert code.contains(received).tolist() == inside
    assert code.syndromes(received).any(axis=1).tolist() == [not one for one in inside]
    for one in (code, fresh):
        if k:
            found = one.distance_search()
            assert found.exact
            assert found.upper == min(w for w in counted(words) if w)
            assert found.witness is None or len(found.witness) == found.upper
            assert found.witness is None or [int(i in found.witness) for i in range(n)] in code
        assert one.weight_distribution() == counted(words)


@given(matrices())
@settings(max_examples=40, deadline=None)
def test_matrices_by_brute_force(matrix: np.ndarray) -> None:
    code = LinearCode(matrix)
    words = words_of(matrix)
    np.testing.assert_array_equal(code.generator_matrix(), matrix)
    check(code, words)
    check(code.extended(), np.column_stack([words, words.sum(axis=1) % 2]))


@pytest.mark.parametrize("n", [3, 6, 7, 9, 12, 14, 15])
def test_extended_and_shortened_by_brute_force(n: int) -> None:
    for code in list(all_cyclic_codes(n))[::3]:
        if not 2 <= code.k <= 11:
            continue
        words = np.array(list(code.codewords()), dtype=int)
        check(code.extended(), np.column_stack([words, words.sum(axis=1) % 2]))
        for s in {1, code.k // 2, code.k - 1}:
            kept = words[~words[:, n - s :].any(axis=1), : n - s]
            fresh = BinaryCyclicCode(n, code.generator_exponents)  # nothing is known of it
            check(fresh.shortened(s), kept)
            parity = np.column_stack([kept, kept.sum(axis=1) % 2])
            check(fresh.shortened(s).extended(), parity)


def test_known_weight_distributions() -> None:
    """MacWilliams and Sloane: chapter 2 (Golay), 15 (Reed-Muller), 16 and 19 (self-dual)."""
    assert golay().extended().weight_distribution() == {0: 1, 8: 759, 12: 2576, 16: 759, 24: 1}
    assert quadratic_residue(31).extended().weight_distribution() == {
        0: 1, 8: 620, 12: 13888, 16: 36518, 20: 13888, 24: 620, 32: 1
    }  # fmt: skip
    assert quadratic_residue(47).extended().weight_distribution() == {
        0: 1, 12: 17296, 16: 535095, 20: 3995376, 24: 7681680, 28: 3995376, 32: 535095,
        36: 17296, 48: 1
    }  # fmt: skip
    assert hamming(3).extended().weight_distribution() == {0: 1, 4: 14, 8: 1}
    assert bch(15, 7).extended().weight_distribution() == {0: 1, 8: 30, 16: 1}  # RM(1, 4)
    # The Steiner system S(3, 6, 22) of the Mathieu group M22 has 77 blocks.
    assert golay().shortened(1).weight_distribution() == {
        0: 1, 7: 176, 8: 330, 11: 672, 12: 616, 15: 176, 16: 77
    }  # fmt: skip
    even = golay().even_weight_subcode().shortened(1)
    assert even.weight_distribution() == {0: 1, 8: 330, 12: 616, 16: 77}


@pytest.mark.parametrize(("p", "self_dual"), [(7, True), (17, False), (23, True), (31, True)])
def test_extended_quadratic_residue_codes_are_self_dual(p: int, self_dual: bool) -> None:
    """For p = -1 modulo 8; MacWilliams and Sloane, chapter 16, theorem 7."""
    code = quadratic_residue(p).extended()
    assert (LinearCode(code.parity_check_matrix()) == code) == self_dual


@pytest.mark.parametrize(
    ("code", "parameters"),
    [
        (bch(15, 5).extended(), (16, 7, 6)),
        (bch(31, 5).extended(), (32, 21, 6)),
        (bch(63, 5).extended(), (64, 51, 6)),
        (quadratic_residue(17).extended(), (18, 9, 6)),
        (quadratic_residue(89).extended(), (90, 45, 18)),
        (hamming(7).shortened(56).extended(), (72, 64, 4)),  # memories
        (hamming(6).shortened(25), (38, 32, 3)),
        (bch(127, 5).shortened(40), (87, 73, 5)),
        (bch(63, 9).shortened(12).extended(), (52, 27, 10)),
        (bch(1023, 5).extended(), (1024, 1003, 6)),
    ],
    ids=repr,
)
def test_parameters(code: LinearCode, parameters: tuple[int, int, int]) -> None:
    assert (code.n, code.k, code.minimum_distance()) == parameters
    found = code.distance_search()
    assert found.witness is not None
    assert [int(i in found.witness) for i in range(code.n)] in code


def test_searches_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search of any matrix, in small pieces and as counted weights, and that by shifts."""
    cases = [(bch(31, 7), 7), (quadratic_residue(41), 9), (bch(63, 13), 13)]
    dual = bch(63, 21).dual()
    for code, distance in [*cases, (dual, dual.minimum_distance())]:
        found = LinearCode(code.generator_matrix(True)).distance_search()
        assert (found.upper, found.exact) == (distance, True)
    monkeypatch.setattr(combinations, "CHUNK", 500)
    monkeypatch.setattr(combinations, "_TABLE_BYTES", 1 << 10)
    assert LinearCode(bch(31, 7).generator_matrix()).minimum_distance() == 7
    monkeypatch.setattr(brouwer_zimmermann, "SMALL", 0)
    monkeypatch.setattr(brouwer_zimmermann, "COUNTING", 0)
    found = LinearCode(bch(63, 5).generator_matrix()).distance_search()
    assert (found.upper, found.exact, found.method) == (5, True, "weight distribution")


def test_limits_keep_what_is_proved() -> None:
    matrix = bch(127, 27).generator_matrix()
    for limits in ({"seconds": 0}, {"max_words": 0}, {"max_words": 50_000}):
        found = LinearCode(matrix).distance_search(**limits)  # type: ignore[arg-type]
        assert found.lower <= 27 <= found.upper
        assert found.interrupted
        assert not found.exact
    assert found.lower > 4
    with pytest.raises(TooLargeError, match="at most 100 codewords"):
        LinearCode(matrix).weight_distribution(max_words=100)
    short = bch(127, 27).shortened(3)
    assert short.distance_search(max_words=0).lower == 27
    longer = short.extended().distance_search(max_words=0)
    assert longer.lower == 28


def test_arrays_of_galois() -> None:
    code = bch(15, 5)
    gf2 = galois.GF2
    generator, checks = code.generator_matrix(True, gf2), code.parity_check_matrix(gf2)
    assert type(generator) is type(checks) is gf2
    assert not np.any(generator @ checks.T)
    messages = gf2.Random((20, 7), seed=1)
    sent = code.encode(messages)
    assert type(sent) is gf2
    np.testing.assert_array_equal(sent, messages @ generator)
    assert code.contains(sent).all()
    error = gf2.Zeros(15)
    error[4] = 1
    syndrome = code.syndromes(sent + error)
    assert type(syndrome) is gf2
    np.testing.assert_array_equal(syndrome, np.tile(checks[:, 4], (20, 1)))
    assert LinearCode(generator) == code
    assert type(next(code.extended().codewords(gf2))) is gf2
    # galois writes words and messages with the highest power first.
    field = galois.GF(16, compile="python-calculate")  # compiling takes seconds
    theirs = galois.BCH(15, 7, extension_field=field)
    mine = BinaryCyclicCode(15, theirs.generator_poly)
    np.testing.assert_array_equal(theirs.encode(messages)[:, ::-1], mine.encode(messages[:, ::-1]))
    np.testing.assert_array_equal(theirs.G[::-1, ::-1], mine.generator_matrix(True))
    for code_of, shape in ((code.encode, 7), (code.contains, 15), (code.syndromes, 15)):
        with pytest.raises(InputError, match="characteristic 2"):
            code_of(galois.GF(3, compile="python-calculate").Ones(shape))


@pytest.mark.parametrize(
    "matrix", [[[1, 0], [1, 0]], [[0, 0]], [1, 0], [[]], [[2, 0]], "10", [[1], [0, 1]], 7]
)
def test_bad_matrices(matrix: object) -> None:
    with pytest.raises(InputError, match="'generator_matrix'"):
        LinearCode(matrix)


def test_bad_shortening_and_zero_codes() -> None:
    for s in (0, 7, 8, 1.5):
        with pytest.raises(InputError, match="'s'"):
            bch(15, 5).shortened(s)  # type: ignore[arg-type]
    zero = BinaryCyclicCode(7, (0, 7)).extended()
    assert (zero.n, zero.k, zero.weight_distribution()) == (8, 0, {0: 1})
    with pytest.raises(InputError, match="nonzero word"):
        zero.minimum_distance()
    assert "extended to [24, 12]" in repr(golay().extended())
    assert "shortened to [20, 9]" in repr(golay().shortened(3))
    assert LinearCode(golay().generator_matrix()) != golay().extended()
    assert LinearCode([[1, 1]]) != "code"
