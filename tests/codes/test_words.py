from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.errors import InputError
from spadv.theory.codes import BinaryCyclicCode, bch, golay, quadratic_residue, words

CODE = bch(15, 5)


@given(st.integers(0, 2**7 - 1), st.booleans())
def test_encoded_words_are_in_the_code(message: int, systematic: bool) -> None:
    bits = [message >> i & 1 for i in range(7)]
    word = CODE.encode(bits, systematic=systematic)
    assert word.shape == (15,)
    assert word.dtype == np.uint8
    assert word in CODE
    if systematic:
        assert word[-7:].tolist() == bits
    for position in range(15):
        word[position] ^= 1
        assert word not in CODE
        word[position] ^= 1


def test_batches_agree_with_single_words() -> None:
    messages = np.array(list(itertools.product((0, 1), repeat=7)))
    batch = CODE.encode(messages)
    assert batch.shape == (128, 15)
    np.testing.assert_array_equal(batch[37], CODE.encode(messages[37]))
    assert CODE.contains(batch).all()
    damaged = batch ^ np.eye(15, dtype=np.uint8)[3]
    assert not CODE.contains(damaged).any()
    assert CODE.contains(batch[0]).shape == (1,)
    assert CODE.contains(np.zeros((0, 15), dtype=int)).shape == (0,)


def test_codewords_come_in_the_documented_order() -> None:
    expected = [CODE.encode([m >> i & 1 for i in range(7)], systematic=False) for m in range(128)]
    listed = list(CODE.codewords())
    np.testing.assert_array_equal(listed, expected)
    assert listed[0].shape == (15,)
    for size in (1, 5, 128, 1000):
        batches = list(CODE.codeword_batches(size))
        assert all(len(batch) == size for batch in batches[:-1])
        np.testing.assert_array_equal(np.concatenate(batches), expected)


def test_streaming_a_code_too_large_to_hold() -> None:
    code = quadratic_residue(199)
    first = list(itertools.islice(code.codewords(), 3))
    assert [int(word.sum()) for word in first[:2]] == [0, len(code.generator_exponents)]
    assert sum(1 for _ in golay().codewords()) == 4096


def test_zero_and_full_codes() -> None:
    zero = BinaryCyclicCode(5, (0, 5))
    assert [word.tolist() for word in zero.codewords()] == [[0] * 5]
    assert zero.encode(np.zeros((2, 0), dtype=int)).shape == (2, 5)
    assert [0] * 5 in zero
    assert [1, 0, 0, 0, 0] not in zero
    full = BinaryCyclicCode(5, (0,))
    assert full.parity_check_matrix().shape == (0, 5)
    assert [1, 0, 0, 0, 0] in full


@pytest.mark.parametrize("n", [1, 7, 8, 9, 64, 65])
def test_unpacking(n: int) -> None:
    assert words.unpack(1 << (n - 1), n).tolist() == [0] * (n - 1) + [1]


@pytest.mark.parametrize(
    "values", [[0, 1], [[0] * 15], [2] * 7, [0.5] * 7, "0101010", [[[0] * 7]], [[0], [0, 1]], None]
)
def test_bad_messages(values: object) -> None:
    with pytest.raises(InputError, match="'messages'"):
        CODE.encode(values)


def test_bad_words_and_sizes() -> None:
    with pytest.raises(InputError, match="shape"):
        CODE.contains([0] * 14)
    with pytest.raises(InputError, match="0 and 1"):
        [3] * 15 in CODE  # noqa: B015
    for size in (0, -1, 1.5):
        with pytest.raises(InputError, match="'size'"):
            CODE.codeword_batches(size)  # type: ignore[arg-type]
