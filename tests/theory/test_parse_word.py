"""Words as people write them: families, signs, hexadecimal digits, files."""

import numpy as np
import pytest

from spadv.theory import (
    InputError,
    dual_bch_word,
    legendre_word,
    parse_word,
    qr_word,
    random_word,
    simplex_word,
)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("simplex:5", simplex_word(5)),
        ("legendre:31", legendre_word(31)),
        ("random:40:3", random_word(40, 3)),
        ("dual-bch:6", dual_bch_word(6)),
        ("qr:31", qr_word(31)),
        ("  simplex:3\n", simplex_word(3)),
        ("+", [1]),
        ("+-+--", [1, -1, 1, -1, -1]),
    ],
)
def test_families_and_signs(text, word):
    np.testing.assert_array_equal(parse_word(text), word)


@pytest.mark.parametrize("digits", ["0", "f", "A5", "0123456789abcdef", "DEADBEEF"])
def test_hexadecimal_digits_are_four_coordinates_each(digits):
    binary = bin(int("1" + digits, 16))[3:]
    expected = [-1 if bit == "1" else 1 for bit in binary]
    assert len(expected) == 4 * len(digits)
    for text in (digits, "0x" + digits, "0X" + digits):
        np.testing.assert_array_equal(parse_word(text), expected)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("+--+\n", [1, -1, -1, 1]),
        ("+- -\n+", [1, -1, -1, 1]),
        ("1 -1\n-1,+1\n", [1, -1, -1, 1]),
        ("1", [1]),
        ("6\n", [1, -1, -1, 1]),
        ("0x6", [1, -1, -1, 1]),
    ],
)
def test_files(tmp_path, content, word):
    path = tmp_path / "word.txt"
    path.write_text(content)
    np.testing.assert_array_equal(parse_word(str(path)), word)


@pytest.mark.parametrize("content", ["", "  \n", "hello", "+-x", "1 -1 2", "1 1 1.5", "+1 -"])
def test_files_with_something_else(tmp_path, content):
    path = tmp_path / "word.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=r"word\.txt"):
        parse_word(str(path))


def test_binary_file_and_directory_and_missing_file(tmp_path):
    path = tmp_path / "word.bin"
    path.write_bytes(b"\xff\xfe\x00\x80")
    for name in (path, tmp_path, tmp_path / "nothing.txt", tmp_path / "no" / "such"):
        with pytest.raises(InputError, match="codeword"):
            parse_word(str(name))


@pytest.mark.parametrize(
    ("text", "meant"),
    [("simplx:6", "simplex"), ("legender:31", "legendre"), ("dual-bhc:5", "dual-bch")],
)
def test_a_misspelt_family_is_guessed(text, meant):
    with pytest.raises(InputError, match=f"Did you mean '{meant}'"):
        parse_word(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "+-0", "xyz", "0x", "0xg", "zzz:3", "simplex", "simplex:", "simplex:x", "simplex:-3",
     "simplex:3:4", "random:5", "random:5:", "random:0:0", "legendre:15", "simplex:99", "\0",
     "qr:11"],
)  # fmt: skip
def test_everything_else_is_bad_input(text):
    with pytest.raises(InputError):
        parse_word(text)


def test_a_long_word_with_a_slip_is_bad_input_too():
    # Longer than any file name: asking the file system about it must not raise.
    with pytest.raises(InputError, match="codeword"):
        parse_word("+-" * 4000 + "x")
