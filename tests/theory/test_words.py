"""Families of words, from their definitions."""

import numpy as np
import pytest

from spadv.theory import (
    InputError,
    as_word,
    dual_bch_word,
    legendre_word,
    qr_word,
    random_word,
    simplex_word,
    word_from_bits,
)
from spadv.theory.codes import bch
from spadv.theory.words import linear_recurrence


def bits_of(word):
    return (1 - np.asarray(word, dtype=np.int64)) // 2


def recurrence_of(bits):
    """Return the shortest linear recurrence (Massey 1969) as taps c, sum c_i s_{t-i} = 0."""
    current, previous = [1], [1]
    length, gap = 0, 1
    for t in range(len(bits)):
        wrong = sum(int(c) & int(bits[t - i]) for i, c in enumerate(current) if i <= t) & 1
        if not wrong:
            gap += 1
            continue
        old = current
        size = max(len(current), len(previous) + gap)
        shifted = [0] * gap + previous
        current = [
            (current[i] if i < len(current) else 0) ^ (shifted[i] if i < len(shifted) else 0)
            for i in range(size)
        ]
        if 2 * length <= t:
            length, previous, gap = t + 1 - length, old, 1
        else:
            gap += 1
    return length, current


def x_power(exponent, polynomial):
    """Return x^exponent modulo a binary polynomial, both as integers."""
    degree = polynomial.bit_length() - 1

    def times(a, b):
        product = 0
        while b:
            if b & 1:
                product ^= a
            a <<= 1
            if a >> degree & 1:
                a ^= polynomial
            b >>= 1
        return product

    result, base = 1, 2 if degree > 1 else 2 ^ polynomial
    while exponent:
        if exponent & 1:
            result = times(result, base)
        base = times(base, base)
        exponent >>= 1
    return result


def prime_divisors(n):
    return [q for q in range(2, n + 1) if n % q == 0 and all(q % r for r in range(2, q))]


@pytest.mark.parametrize("degree", range(2, 15))
def test_simplex_words_are_maximal_length_sequences(degree):
    word = simplex_word(degree)
    d = 2**degree - 1
    assert word.shape == (d,)
    assert word.sum() == -1  # balance: 2^(K-1) ones, one zero fewer
    bits = bits_of(word)
    # Every nonzero window of K bits occurs exactly once in a period.
    windows = sum(np.roll(bits, -i) << i for i in range(degree))
    np.testing.assert_array_equal(np.sort(windows), np.arange(1, d + 1))
    # The recurrence has degree K and a primitive polynomial: x has order exactly d.
    length, taps = recurrence_of(bits[: 4 * degree])
    assert length == degree
    polynomial = sum(c << (degree - i) for i, c in enumerate(taps))
    assert x_power(d, polynomial) == 1
    small = [q for q in prime_divisors(d) if q < d] if degree < 13 else [3, 43, 127]
    assert all(x_power(d // q, polynomial) != 1 for q in small if d % q == 0)
    residue = sum(np.roll(bits, i) * c for i, c in enumerate(taps)) % 2
    assert not residue.any()


@pytest.mark.parametrize("degree", range(2, 15))
def test_simplex_words_have_a_two_valued_autocorrelation(degree):
    word = simplex_word(degree).astype(np.int64)
    shifts = range(1, len(word))
    if degree > 9:
        shifts = np.random.default_rng(degree).choice(np.arange(1, len(word)), 300)
    assert {int(word @ np.roll(word, s)) for s in shifts} == {-1}


@pytest.mark.parametrize("polynomial", [0b11, 0b111, 0b1011, 0b11111, 0b110000001, 0b100000001])
@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 1000])
def test_linear_recurrence_term_by_term(polynomial, length):
    k = polynomial.bit_length() - 1
    terms = [0] * (k - 1) + [1]
    while len(terms) < length:
        terms.append(sum(terms[len(terms) - k + i] for i in range(k) if polynomial >> i & 1) % 2)
    np.testing.assert_array_equal(linear_recurrence(polynomial, length), terms[:length])


PRIMES = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 101, 103, 127, 257, 499]


@pytest.mark.parametrize("prime", PRIMES)
def test_legendre_words_hold_the_squares_and_have_their_autocorrelation(prime, brute_kappa):
    word = legendre_word(prime)
    squares = {t * t % prime for t in range(prime)}
    np.testing.assert_array_equal(word, [1 if t in squares else -1 for t in range(prime)])
    values = set(np.rint(brute_kappa(word)[1:] * prime).astype(int))
    assert values == ({-1} if prime % 4 == 3 else {1, -3})


@pytest.mark.parametrize("degree", range(3, 12))
def test_dual_bch_words_lie_in_the_dual_and_in_neither_component(degree):
    bits = bits_of(dual_bch_word(degree))
    n = 2**degree - 1
    code = bch(n, 5)  # two errors: zeros alpha and alpha^3
    generator = np.zeros(n, dtype=np.int64)
    generator[list(code.generator_exponents)] = 1
    # Orthogonal to every shift of the generator, which span the code.
    assert not any(bits @ np.roll(generator, s) % 2 for s in range(n))
    assert code.dual().contains(bits)
    length, _ = recurrence_of(np.tile(bits, 4)[: 8 * degree])
    cube = n // np.gcd(n, 3)
    half = next(i for i in range(1, degree + 1) if (2**i - 1) % cube == 0)
    assert length == degree + half


@pytest.mark.parametrize("degree", [3, 5, 7, 9, 11])
def test_dual_bch_words_of_odd_degree_have_golds_three_values(degree, brute_kappa):
    word = dual_bch_word(degree)
    step = 2 ** ((degree + 1) // 2)
    values = set(np.rint(brute_kappa(word)[1:] * len(word)).astype(int))
    assert values <= {-1, -1 + step, -1 - step}
    assert len(values) == 3 or degree == 3


@pytest.mark.parametrize("prime", [7, 17, 23, 31, 41, 47, 127])
def test_qr_words_vanish_at_the_squares_or_at_the_non_squares(prime):
    # A polynomial over GF(2) is divisible by the product over one class of residues iff
    # multiplying its places by a square permutes the code; the weight decides nothing, so
    # look at the code itself: dimension (N + 1)/2 and closed under t -> 2 t.
    bits = bits_of(qr_word(prime))
    rows = np.array([np.roll(bits, s) for s in range(prime)])
    basis = _reduce(rows)
    assert len(basis) == (prime + 1) // 2
    doubled = np.zeros_like(bits)
    doubled[2 * np.arange(prime) % prime] = bits
    assert len(_reduce(np.vstack([rows, doubled]))) == len(basis)


def _reduce(rows):
    basis = {}
    for row in rows:
        number = int("".join(map(str, row)), 2)
        while number:
            top = number.bit_length()
            if top not in basis:
                basis[top] = number
                break
            number ^= basis[top]
    return basis


def test_random_words_are_reproducible_fair_and_different(assert_proportion):
    word = random_word(100_000, seed=5)
    np.testing.assert_array_equal(word, random_word(100_000, seed=5))
    assert (word != random_word(100_000, seed=6)).any()
    assert_proportion((word == 1).sum(), word.size, 0.5)
    assert_proportion((word[1:] == word[:-1]).sum(), word.size - 1, 0.5)


def test_words_are_read_only_copies():
    given = np.array([1, -1, 1])
    word = as_word(given)
    given[0] = -1
    assert word[0] == 1
    assert word.dtype == np.int8
    with pytest.raises(ValueError, match="read-only"):
        word[0] = -1


@pytest.mark.parametrize(
    "codeword",
    [[], [[1, -1]], 1, [0, 1], [2], [1, float("nan")], ["+", "-"], [True], [1j], [1, [1]],
     None, [-128], np.array([-128], dtype=np.int8), [1, 1.5]],
)  # fmt: skip
def test_other_things_are_not_words(codeword):
    with pytest.raises(InputError, match="codeword"):
        as_word(codeword)


def test_binary_words_are_pointed_to_word_from_bits():
    with pytest.raises(InputError, match="word_from_bits"):
        as_word([0, 1, 1])
    np.testing.assert_array_equal(word_from_bits([0, 1, True]), [1, -1, -1])


@pytest.mark.parametrize("bits", [[2], [-1, 1], [0.5], "01", [float("nan")]])
def test_other_bits_are_refused(bits):
    with pytest.raises(InputError, match="bits"):
        word_from_bits(bits)


@pytest.mark.parametrize(
    ("make", "bad"),
    [
        (simplex_word, [1, 25, -3, 2.5, "4", True]),
        (legendre_word, [0, 1, 2, 4, 9, 15, 91, -7, 7.0]),
        (dual_bch_word, [2, 17, 3.0]),
        (qr_word, [5, 11, 13, 15, 2]),
        (lambda n: random_word(n, 0), [0, -1, 1.0]),
        (lambda seed: random_word(4, seed), [-1, 0.5, None]),
    ],
)
def test_families_refuse_what_they_cannot_make(make, bad):
    for value in bad:
        with pytest.raises(InputError):
            make(value)
