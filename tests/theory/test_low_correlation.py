"""Words far from their shifts: against all words, and against the bound."""

import itertools

import numpy as np
import pytest

from spadv.theory import CodewordOrbit, InputError, low_correlation_word, parse_word
from spadv.theory.low_correlation import correlation_bound


def largest(word, shift):
    d = len(word)
    return max(sum(word[t] * word[t - s] for t in range(d)) for s in range(shift, d, shift))


@pytest.mark.parametrize(("d", "m"), [(6, 1), (7, 1), (8, 2), (9, 3), (10, 1), (12, 4), (10, 5)])
def test_short_words_are_the_best_of_all(d, m):
    found = low_correlation_word(d, m)
    everything = (largest(word, m) for word in itertools.product((-1, 1), repeat=d))
    assert found.proved
    assert d * found.kappa == pytest.approx(min(everything))
    assert largest(found.word.tolist(), m) == pytest.approx(d * found.kappa)
    assert correlation_bound(d, m) <= d * found.kappa + 1e-9


@pytest.mark.parametrize(
    ("d", "m", "value"), [(63, 1, -1), (31, 1, -1), (33, 1, 1), (64, 16, -20), (66, 1, 2)]
)
def test_longer_words_reach_the_bound(d, m, value):
    found = low_correlation_word(d, m)
    kappa = CodewordOrbit(found.word, m).kappa[1:].max()
    assert kappa == pytest.approx(found.kappa) == pytest.approx(value / d)
    assert found.kappa == found.bound
    assert found.proved


def test_the_same_seed_gives_the_same_word():
    one, two = low_correlation_word(40, 2, seed=3), low_correlation_word(40, 2, seed=3)
    assert np.array_equal(one.word, two.word)
    assert not one.word.flags.writeable
    assert np.array_equal(parse_word("low:64:16"), low_correlation_word(64, 16).word)


@pytest.mark.parametrize(
    ("named", "given"),
    [("length", (1, 1)), ("length", (5000, 1)), ("shift", (12, 5)), ("shift", (12, 12)),
     ("shift", (12, 0)), ("seed", (12, 1, -1))],
)  # fmt: skip
def test_bad_input(named, given):
    with pytest.raises(InputError, match=named):
        low_correlation_word(*given)
