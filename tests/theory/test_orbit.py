"""Autocorrelation, period and degenerate orbits, from the definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spadv.theory import CodewordOrbit, InputError, periodic_autocorrelation, simplex_word

WORDS = st.integers(1, 200).flatmap(
    lambda d: st.lists(st.sampled_from([-1, 1]), min_size=d, max_size=d)
)
# Repetitions of short words, some with alternating sign: periods and antipodes.
PERIODIC = st.tuples(
    st.lists(st.sampled_from([-1, 1]), min_size=1, max_size=12),
    st.integers(1, 8),
    st.booleans(),
).map(lambda t: [s * (-1 if t[2] and i % 2 else 1) for i in range(t[1]) for s in t[0]])


@given(WORDS | PERIODIC)
def test_autocorrelation_is_the_definition(word):
    d = len(word)
    brute = [sum(word[t] * word[(t + s) % d] for t in range(d)) for s in range(d)]
    found = periodic_autocorrelation(word)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, brute)


@given(WORDS | PERIODIC, st.data())
@settings(max_examples=200)
def test_orbit_is_the_definition(word, data):
    d = len(word)
    m = data.draw(st.sampled_from([m for m in range(1, d + 1) if d % m == 0]))
    n = d // m
    orbit = CodewordOrbit(word, m)
    shifts = [[word[(t + m * j) % d] for t in range(d)] for j in range(n)]
    differ = np.array([sum(a != b for a, b in zip(s, word, strict=True)) for s in shifts])
    assert (orbit.d, orbit.shift, orbit.n_shifts) == (d, m, n)
    np.testing.assert_array_equal(orbit.kappa, (d - 2 * differ) / d)
    np.testing.assert_array_equal(orbit.delta, differ / d)
    np.testing.assert_array_equal(orbit.kappa[1:], orbit.kappa[1:][::-1])  # kappa_j = kappa_-j
    for j in (0, 1, n - 1, n, -1, 3 * n + 1):
        np.testing.assert_array_equal(orbit.rotated(j), shifts[j % n])
    period = next(t for t in range(1, d + 1) if word[t:] + word[:t] == word)
    assert orbit.period == period
    assert orbit.n_distinct == len({tuple(s) for s in shifts})
    np.testing.assert_array_equal(orbit.fixed, np.flatnonzero(differ == 0))
    np.testing.assert_array_equal(orbit.moving, np.flatnonzero(differ))
    assert orbit.has_antipode == any(s == [-a for a in word] for s in shifts)
    expected = min(differ[differ > 0] / d, default=None)
    assert orbit.min_delta == expected
    degenerate = n == 1 or orbit.n_distinct < n or orbit.has_antipode
    assert bool(orbit.degeneracies()) == degenerate


@pytest.mark.parametrize("d", [1, 2, 7, 12])
def test_all_ones_is_fixed_by_every_shift(d):
    orbit = CodewordOrbit(np.ones(d), 1)
    assert orbit.period == 1
    assert orbit.n_distinct == 1
    assert orbit.min_delta is None
    assert not orbit.moving.size
    assert (orbit.kappa == 1).all()


def test_the_distance_ten_code_of_length_fifteen_has_words_of_period_three():
    # [15, 2, 10]: its nonzero words repeat 110, and two thirds of the places differ.
    orbit = CodewordOrbit([-1, -1, 1] * 5, 1)
    assert orbit.period == 3
    assert orbit.n_distinct == 3
    assert orbit.min_delta == 10 / 15
    assert "period 3" in " ".join(orbit.degeneracies())


def test_antipode_needs_even_length():
    orbit = CodewordOrbit([1, 1, 1, -1, -1, -1], 3)
    assert orbit.has_antipode
    assert orbit.kappa.tolist() == [1, -1]
    assert not CodewordOrbit([1, 1, 1, -1, -1, -1], 2).has_antipode


def test_whole_length_shift_has_the_identity_only():
    orbit = CodewordOrbit([1, -1, -1], 3)
    assert (orbit.n_shifts, orbit.n_distinct, orbit.min_delta) == (1, 1, None)
    assert "identity" in orbit.degeneracies()[0]


def test_exact_at_length_two_to_the_twenty():
    values = periodic_autocorrelation(simplex_word(20))
    assert values[0] == 2**20 - 1
    assert (values[1:] == -1).all()


def test_exact_at_a_large_prime_length():
    word = np.where(np.random.default_rng(0).random(1_000_003) < 0.3, -1, 1)
    values = periodic_autocorrelation(word)
    word = word.astype(np.int64)
    for s in (1, 2, 777, 500_001, 1_000_002):
        assert values[s] == word @ np.roll(word, -s)


@pytest.mark.parametrize("shift", [0, -1, 2, 8, 1.0, "1", None, True, float("nan")])
def test_the_shift_must_divide_the_length(shift):
    with pytest.raises(InputError, match="shift"):
        CodewordOrbit([1, 1, 1, -1, 1, -1, -1], shift)


@pytest.mark.parametrize("j", [0.5, "1", None])
def test_the_number_of_a_shift_is_whole(j):
    with pytest.raises(InputError, match="j"):
        CodewordOrbit([1, 1, -1]).rotated(j)
