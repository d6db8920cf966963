"""Quadratic-residue codes: distances from tables, and the symmetries that the search rests on."""

import itertools

import numpy as np
import pytest

from spadv.theory.codes import BinaryCyclicCode, bch, family, golay, hamming, quadratic_residue
from spadv.theory.codes import distance as distance_module
from spadv.theory.codes.quadratic import (
    is_quadratic_residue,
    punctured,
    rows_from_outside,
    square_root_bound,
    unseen_weight,
)

# MacWilliams and Sloane, The Theory of Error-Correcting Codes, figure 16.2, and M. Grassl's
# tables (codetables.de) for 127 and 151.
DISTANCES = {
    7: 3, 17: 5, 23: 7, 31: 7, 41: 9, 47: 11, 71: 11, 73: 13, 79: 15, 89: 17, 97: 15, 103: 19,
    113: 15, 127: 19,
}  # fmt: skip


@pytest.mark.parametrize("p", DISTANCES)
def test_distances_are_those_of_the_tables(p):
    code = quadratic_residue(p)
    found = code.distance_search()
    assert found.exact
    assert found.upper == DISTANCES[p]
    assert len(found.witness) == found.upper
    word = np.zeros(p, dtype=np.uint8)
    word[list(found.witness)] = 1
    assert word in code
    assert code.lower_bounds()["square_root"] <= found.upper


@pytest.mark.slow
@pytest.mark.parametrize(("p", "distance"), [(137, 21), (151, 19)])
def test_long_ones_take_seconds(p, distance):
    found = quadratic_residue(p).distance_search(300)
    assert (found.lower, found.upper) == (distance, distance)
    assert found.witness is not None


def test_one_information_set_gives_the_same(monkeypatch):
    monkeypatch.setattr(distance_module, "is_quadratic_residue", lambda code: False)
    for p in (41, 73, 79):
        assert (
            BinaryCyclicCode(p, quadratic_residue(p).generator_exponents).minimum_distance()
            == (DISTANCES[p])
        )


def test_which_codes_are_recognised():
    for p in (7, 17, 23, 31, 137):
        code = quadratic_residue(p)
        other = BinaryCyclicCode.from_defining_set(p, [-s % p for s in code.defining_set])
        expurgated = BinaryCyclicCode.from_defining_set(p, [0, *code.defining_set])
        assert is_quadratic_residue(code)
        assert is_quadratic_residue(other)
        assert not is_quadratic_residue(expurgated)
        assert "square_root" not in expurgated.lower_bounds()
    assert is_quadratic_residue(golay())
    assert is_quadratic_residue(hamming(3))
    for code in (hamming(4), bch(31, 7), bch(63, 13), family(31, "dual-bch:5")):
        assert is_quadratic_residue(code) == (code.n == 31 and code.k == 16 and _squares(code))


def _squares(code):
    squares = {i * i % code.n for i in range(1, code.n)}
    return set(code.defining_set) in (squares, set(range(1, code.n)) - squares)


def test_square_root_bounds_are_least():
    for p in (7, 17, 23, 31, 41, 47, 71, 137, 199):
        d = square_root_bound(p)
        smaller = d - 2
        assert d * d >= p
        assert smaller**2 < p or (p % 8 == 7 and smaller**2 - smaller + 1 < p)


@pytest.mark.parametrize("p", [17, 23])
def test_moved_words_have_the_mean_and_variance_of_draws(p):
    """Over all of PSL_2(p), as x -> (a x + b)/(c x + d), for words of every weight in turn."""
    code = quadratic_residue(p)
    inside = np.zeros(p + 1)
    inside[p - code.k : p] = 1
    moves = []
    for a, b, c in itertools.product(range(p), repeat=3):
        # One of each pair of matrices that differ in sign: the first entry that is not 0 is small.
        for d in [pow(a, -1, p) * (1 + b * c) % p] if a else range(p):
            if (a * d - b * c) % p == 1 and next(v for v in (a, b, c, d) if v) <= p // 2:
                image = []
                for x in range(p):
                    low = (c * x + d) % p
                    image.append(p if low == 0 else (a * x + b) * pow(low, -1, p) % p)
                image.append(p if c == 0 else a * pow(c, -1, p) % p)
                moves.append(image)
    moves = np.array(moves)
    assert len(moves) == p * (p * p - 1) // 2
    hits = inside[moves]
    rng = np.random.default_rng(0)
    matrix = code.generator_matrix()
    for _ in range(4):
        word = code.encode(rng.integers(0, 2, size=code.k))
        extended = np.append(word, word.sum() % 2)
        # Every move takes it to a word of the extended code.
        image = np.zeros(p + 1, dtype=np.uint8)
        image[moves[rng.integers(len(moves))]] = extended
        assert image[:p] in code
        assert image.sum() % 2 == 0
        weight, places = int(extended.sum()), p + 1
        ones = hits @ extended
        assert ones.mean() == pytest.approx(weight / 2)
        assert ones.var() == pytest.approx(weight * (places - weight) / (4 * (places - 1)))
        if 0 < weight < places:
            fewest = int(np.minimum(ones, weight - ones).min())
            # So what encodes messages of so few ones does not leave this weight unseen.
            assert unseen_weight(places, fewest) > weight or fewest <= _promised(weight, places)
            assert fewest <= _promised(weight, places)
    assert matrix.shape == (code.k, p)


def _promised(weight, places):
    variance = weight * (places - weight) / (4 * (places - 1))
    return weight // 2 - int(np.ceil(np.sqrt(variance) - 1e-12))


@pytest.mark.parametrize("p", [7, 17, 23, 41])
def test_rows_from_outside_and_punctured_words(p):
    code = quadratic_residue(p)
    rows = rows_from_outside(code)
    outside = [*range(p - code.k), p]
    assert len(outside) == code.k
    for i, row in enumerate(rows):
        assert [row >> place & 1 for place in outside] == [int(j == i) for j in range(code.k)]
        assert row.bit_count() % 2 == 0
        word = punctured(row, p)
        assert word.bit_count() == row.bit_count() - 1
        assert np.array([word >> t & 1 for t in range(p)], dtype=np.uint8) in code


def test_true_distances_of_all_codes_of_a_length():
    from spadv.theory.codes import distances_of_all

    for n in (15, 21, 14):
        for code, distance, lower, upper in distances_of_all(n, 10**6):
            if code.k:
                weights = code.weight_distribution()
                assert distance == lower == upper == min(w for w in weights if w)
    few = [d for _, d, *_ in distances_of_all(21, 30)]
    assert None in few[:-1]
    for code, distance, lower, upper in distances_of_all(21, 30):
        if code.k and distance is None:
            assert lower <= code.minimum_distance() <= upper
