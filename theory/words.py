"""Words over {-1, +1}: the codewords that carry the mean of the distribution.

A word is a read-only vector of int8, shape (d,); a binary word b becomes the signs (-1)^b
throughout: 0 -> +1, 1 -> -1. MacWilliams and Sloane is The Theory of Error-Correcting Codes.
"""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_integer
from ..errors import InputError
from .low_correlation import FarWord, far_word

Word = NDArray[np.int8]

#: Longest word that the families make: 16 million coordinates.
MAX_LENGTH = 1 << 24
#: Longest word that :func:`low_correlation_word` searches.
LONGEST_SEARCHED = 1 << 12


def as_word(codeword: ArrayLike) -> Word:
    """Return a copy of a +-1 word, of any numeric dtype, or say what is wrong with it.

    Examples
    --------
    >>> as_word([1, -1, -1.0])
    array([ 1, -1, -1], dtype=int8)
    """
    try:
        array = np.asarray(codeword)
    except ValueError:
        raise InputError("codeword", "be a vector of -1 and +1", codeword) from None
    if array.ndim != 1 or array.size == 0:
        raise InputError("codeword", "be a non-empty vector", codeword)
    if array.dtype.kind not in "iuf":
        raise InputError("codeword", "have the entries -1 and +1 only", codeword)
    wrong = np.flatnonzero(np.abs(array) != 1)
    if wrong.size:
        hint = "Binary words: use word_from_bits." if set(np.unique(array)) <= {0, 1} else ""
        raise InputError(f"codeword[{wrong[0]}]", "be -1 or +1", array[wrong[0]].item(), hint=hint)
    word = array.astype(np.int8)
    word.flags.writeable = False
    return word


def check_moves(codeword: Word) -> None:
    """Refuse a constant word: every shift fixes it, so there is nothing to compare."""
    if (codeword == codeword[0]).all():
        rule = "have a period above 1 (every shift fixes a constant word)"
        shown = f"{codeword[0]:+d} in all {codeword.size} places"
        raise InputError("codeword", rule, shown)


def word_from_bits(bits: ArrayLike) -> Word:
    """Return the signs of a binary word, 0 (or False) -> +1 and 1 -> -1.

    Examples
    --------
    >>> word_from_bits([0, 1, 1])
    array([ 1, -1, -1], dtype=int8)
    """
    array = np.asarray(bits)
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise InputError("bits", "hold 0 and 1 only", bits)
    return as_word(1 - 2 * array.astype(np.int8))


def simplex_word(degree: int) -> Word:
    """Return a maximal-length sequence: a nonzero word of the simplex code.

    The recurrence polynomial is the numerically smallest primitive polynomial of the
    degree. Length 2^degree - 1; every proper shift has kappa = -1/d (MacWilliams and
    Sloane, chapter 14, section 4). `degree` is the number of register stages, from 2 to 24.

    Examples
    --------
    >>> simplex_word(3)
    array([ 1,  1, -1,  1, -1, -1, -1], dtype=int8)
    """
    k = check_integer("degree", degree, minimum=2, maximum=24)
    from .codes import primitive_polynomial

    return word_from_bits(linear_recurrence(primitive_polynomial(k), 2**k - 1))


def linear_recurrence(polynomial: int, length: int) -> NDArray[np.uint8]:
    """Return the impulse response of a binary linear recurrence.

    s_0, ..., s_{k-2} = 0, s_{k-1} = 1 and sum_i f_i s_{t+i} = 0 for f of degree k, given as an
    integer whose bit i is the coefficient of x^i; f_0 = 1. uint8, shape (length,).
    """
    k = polynomial.bit_length() - 1
    taps = [i for i in range(k) if polynomial >> i & 1]
    s = np.zeros(length, dtype=np.uint8)
    if length >= k:
        s[k - 1] = 1
    done = k
    while done < length:
        # f(x)^(2^a) = f(x^(2^a)): the same recurrence holds at 2^a times the lag, and then
        # yields this many terms at once.
        stride = 1 << (done // k).bit_length() - 1
        block = min(stride * (k - max(taps)), length - done)
        start = done - stride * k
        for tap in taps:
            first = start + stride * tap
            s[done : done + block] ^= s[first : first + block]
        done += block
    return s


def legendre_word(length: int) -> Word:
    """Return the Legendre word of prime length: (t/N), with +1 at position 0.

    For N = 3 mod 4 every proper shift has kappa = -1/N; for N = 1 mod 4 the values are
    1/N and -3/N (MacWilliams and Sloane, chapter 18). `length` is N, an odd prime.

    Examples
    --------
    >>> legendre_word(7)
    array([ 1,  1,  1, -1,  1, -1, -1], dtype=int8)
    """
    n = check_integer("length", length, minimum=3, maximum=MAX_LENGTH)
    if n % 2 == 0 or any(n % q == 0 for q in range(3, math.isqrt(n) + 1, 2)):
        raise InputError("length", "be an odd prime", length)
    word = np.full(n, -1, dtype=np.int8)
    half = np.arange(n // 2 + 1, dtype=np.int64)
    word[half * half % n] = 1
    return as_word(word)


def random_word(length: int, seed: int) -> Word:
    """Return a word of independent fair signs, from numpy's default generator with a seed.

    Examples
    --------
    >>> random_word(5, seed=1)
    array([ 1, -1, -1, -1,  1], dtype=int8)
    """
    n = check_integer("length", length, minimum=1, maximum=MAX_LENGTH)
    rng = np.random.default_rng(check_integer("seed", seed, minimum=0))
    return word_from_bits(rng.integers(0, 2, size=n))


def dual_bch_word(degree: int) -> Word:
    """Return a word of the dual of the double-error-correcting BCH code.

    Length 2^degree - 1; the word is a maximal-length sequence plus the same sequence read
    at every third place, so that it lies in neither component of the code (zeros alpha and
    alpha^3). For odd degree its proper shifts have kappa in
    {-1, -1 +- 2^((degree+1)/2)}/d (R. Gold, IEEE Transactions on Information Theory 13
    (1967), 619-621). `degree` is the number of register stages, from 3 to 16.

    Examples
    --------
    >>> dual_bch_word(5).size
    31
    """
    k = check_integer("degree", degree, minimum=3, maximum=16)
    from .codes import primitive_polynomial

    n = 2**k - 1
    bits = linear_recurrence(primitive_polynomial(k), n)
    # The impulse response is Tr(b alpha^t); every third term of it is Tr(b alpha^(3t)).
    return word_from_bits(bits ^ bits[3 * np.arange(n) % n])


def qr_word(length: int) -> Word:
    """Return the generator polynomial's word of the quadratic-residue code.

    `length` is a prime of the form 8m + 1 or 8m - 1.

    Examples
    --------
    >>> int((qr_word(7) == -1).sum())  # 1 + x + x^3
    3
    """
    from .codes import quadratic_residue

    try:
        code = quadratic_residue(length)
    except InputError as error:
        raise error.about("length") from None
    bits = np.zeros(code.n, dtype=np.uint8)
    bits[list(code.generator_exponents)] = 1
    return word_from_bits(bits)


def low_correlation_word(length: int, shift: int = 1, seed: int = 0) -> FarWord:
    """Return a word whose largest correlation with another shift is as small as was found.

    All words up to length 20; beyond, a tabu search of some seconds at most, from words that are
    known to be good and from random ones; the same `seed` gives the same word. `length` is d, from
    2 to 4096; `shift` is m, a divisor of d below d: the shifts are those by multiples of m.

    Examples
    --------
    >>> found = low_correlation_word(15)
    >>> round(15 * found.kappa), found.proved
    (-1, True)
    >>> low_correlation_word(64, 4).kappa  # of 16 shifts none is nearer than that
    -0.0625
    """
    n = check_integer("length", length, minimum=2, maximum=MAX_LENGTH)
    if n > LONGEST_SEARCHED:
        raise InputError("length", f"be at most {LONGEST_SEARCHED}, to be searched", length)
    m = check_integer("shift", shift, minimum=1)
    starts = []
    for make, size in ((simplex_word, (n + 1).bit_length() - 1), (legendre_word, n)):
        try:
            word = make(size)
        except InputError:
            continue
        if word.size == n:
            starts.append(word)
    return far_word(n, m, starts, check_integer("seed", seed, minimum=0))


@lru_cache(maxsize=64)
def _low_correlation(length: int, shift: int) -> Word:
    return low_correlation_word(length, shift).word


_FAMILIES: dict[str, tuple[Callable[..., Word], str]] = {
    "simplex": (simplex_word, "K"),
    "legendre": (legendre_word, "N"),
    "random": (random_word, "D:SEED"),
    "dual-bch": (dual_bch_word, "K"),
    "qr": (qr_word, "N"),
    "low": (_low_correlation, "D:M"),
}
_FORMS = ", ".join(f"{name}:{form}" for name, (_, form) in _FAMILIES.items())


def parse_word(text: str) -> Word:
    """Return the word that a text means in the form used on the command line.

    A family (``simplex:6``, ``legendre:31``, ``random:63:1``, ``dual-bch:6``, ``qr:31``,
    ``low:64:4``), a string of ``+`` and ``-``, a hexadecimal number (four coordinates a digit,
    most significant bit first, bit 1 -> -1; an optional ``0x`` in front), or the path of a text
    file that holds one of the last two or numbers -1 and +1.

    Examples
    --------
    >>> parse_word("++-")
    array([ 1,  1, -1], dtype=int8)
    >>> parse_word("0x6")
    array([ 1, -1, -1,  1], dtype=int8)
    """
    text = text.strip()
    name, _, rest = text.partition(":")
    if name in _FAMILIES:
        return _from_family(name, rest, text)
    word = _from_literal(text)
    if word is not None:
        if not set(text) <= {"+", "-"} and os.path.isfile(text):
            hint = f"Write ./{text} for the file, 0x{text.removeprefix('0x')} for the digits."
            raise InputError("codeword", "not be both a file and hexadecimal digits", text, hint)
        return word
    # os.path.isfile takes any text; Path.is_file raises on one longer than a file name.
    if os.path.isfile(text):
        return _from_file(Path(text))
    if ":" in text and re.fullmatch(r"[a-z-]+(:\d+)*", text):
        near = difflib.get_close_matches(name, _FAMILIES, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise InputError("codeword", f"name a known family ({_FORMS})", text, hint=hint.strip())
    rule = f"be {_FORMS}, a string of + and -, hexadecimal digits, or an existing file"
    raise InputError("codeword", rule, text)


def _from_family(name: str, rest: str, text: str) -> Word:
    make, form = _FAMILIES[name]
    numbers = rest.split(":")
    if len(numbers) != form.count(":") + 1 or not all(re.fullmatch(r"\d+", n) for n in numbers):
        raise InputError("codeword", f"have the form {name}:{form} with whole numbers", text)
    try:
        return make(*map(int, numbers))
    except InputError as error:
        raise error.about(f"{error.argument} of {text}") from None


def _from_literal(text: str) -> Word | None:
    if text and set(text) <= {"+", "-"}:
        return as_word([1 if symbol == "+" else -1 for symbol in text])
    if re.fullmatch(r"[01]{2,}", text):
        hint = f"Write 0x{text} for hexadecimal, or the signs themselves for a binary word."
        raise InputError("codeword", "not be made of 0 and 1 alone", text, hint=hint)
    if match := re.fullmatch(r"(?:0[xX])?([0-9a-fA-F]+)", text):
        return word_from_bits([int(b) for digit in match[1] for b in f"{int(digit, 16):04b}"])
    return None


def _from_file(path: Path) -> Word:
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("codeword", f"be a readable text file ({error})", str(path)) from None
    tokens: list[Any] = re.split(r"[\s,]+", text)
    if set(tokens) <= {"1", "+1", "-1"}:
        return as_word([int(token) for token in tokens])
    joined = "".join(tokens)
    word = _from_literal(joined)
    if word is None:
        shown = joined if len(joined) <= 40 else joined[:37] + "..."
        raise InputError("codeword", f"be a word of +, - or hexadecimal digits in {path}", shown)
    return word
