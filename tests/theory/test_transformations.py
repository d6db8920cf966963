"""Transformations against their definitions: (g x)_t = x_{g(t)}, arrays turned and rolled."""

import itertools

import numpy as np
import pytest

from spadv.theory import InputError
from spadv.theory.transformations import (
    Transformations,
    cyclic_shifts,
    quarter_turns,
    torus_translations,
)


def act(permutation, x):
    """Return g x one coordinate at a time."""
    return np.array([x[permutation[t]] for t in range(len(x))])


def rows_of(transformations):
    return {tuple(row) for row in transformations.permutations.tolist()}


@pytest.mark.parametrize("seed", range(5))
def test_action_and_default_law(seed):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(1, 9, size=2)
    permutations = np.array([rng.permutation(d) for _ in range(n)])
    found = Transformations(permutations)
    x = rng.normal(size=d)
    images = found.apply(x)
    assert images.shape == (n, d)
    for g in range(n):
        np.testing.assert_array_equal(images[g], act(permutations[g], x))
    assert len(found) == n
    assert found.d == d
    np.testing.assert_allclose(found.law, 1 / n)


def test_all_permutations_of_four_form_a_group_of_twenty_four():
    found = Transformations(np.array(list(itertools.permutations(range(4)))))
    assert len(rows_of(found)) == 24
    product = found.then(found)
    assert len(product) == 24 * 24
    assert rows_of(product) == rows_of(found)
    # Every product is as likely as every other.
    counts = {}
    for row, share in zip(product.permutations.tolist(), product.law, strict=True):
        counts[tuple(row)] = counts.get(tuple(row), 0) + share
    assert np.allclose(list(counts.values()), 1 / 24)


@pytest.mark.parametrize("seed", range(5))
def test_products_are_one_action_after_the_other(seed):
    rng = np.random.default_rng(seed)
    d, n, k = 7, 3, 4
    laws = [rng.dirichlet(np.ones(size)) for size in (n, k)]
    first, second = (
        Transformations(np.array([rng.permutation(d) for _ in law]), law=law) for law in laws
    )
    both = first.then(second)
    assert both.labels is None
    x = rng.normal(size=d)
    images = both.apply(x)
    for number, (g, h) in enumerate(itertools.product(range(n), range(k))):
        step = act(first.permutations[g], x)
        np.testing.assert_array_equal(images[number], act(second.permutations[h], step))
        assert both.law[number] == pytest.approx(laws[0][g] * laws[1][h])
    # Associative, with the law of independent choices.
    third = cyclic_shifts(d)
    one, other = first.then(second).then(third), first.then(second.then(third))
    np.testing.assert_array_equal(one.permutations, other.permutations)
    np.testing.assert_allclose(one.law, other.law)


@pytest.mark.parametrize(("d", "step"), [(1, 1), (6, 1), (6, 2), (9, 3), (8, 8), (63, 21)])
def test_cyclic_shifts_are_rolls(d, step):
    found = cyclic_shifts(d, step)
    x = np.random.default_rng(d).normal(size=d)
    images = found.apply(x)
    assert len(found) == d // step
    for j, label in enumerate(found.labels):
        np.testing.assert_array_equal(images[j], np.roll(x, -step * j))
        np.testing.assert_array_equal(images[j], np.roll(x, -int(label)))
        assert -d / 2 <= label <= d / 2
    assert found.labels[0] == 0
    assert len(set(found.labels)) == len(found)


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"),
    [(3, 5, None, None), (4, 4, None, None), (5, 6, 1, 2), (7, 4, 0, None), (1, 3, 5, 0)],
)
def test_torus_translations_are_rolls(height, width, rows, columns):
    found = torus_translations(height, width, rows=rows, columns=columns)
    image = np.random.default_rng(0).normal(size=(height, width))
    # All moves, each as the representative nearest to 0, filtered by size.
    expected = {}
    for y, x in itertools.product(range(height), range(width)):
        dy, dx = min(y, height - y), min(x, width - x)
        if (rows is None or dy <= rows) and (columns is None or dx <= columns):
            expected[np.roll(image, (y, x), axis=(0, 1)).tobytes()] = max(dy, dx)
    images = found.apply(image.ravel())
    assert len(found) == len(expected)
    for moved, label in zip(images, found.labels, strict=True):
        assert expected.pop(moved.tobytes()) == label
    assert not expected


@pytest.mark.parametrize("side", [1, 2, 3, 4, 7])
def test_quarter_turns_and_mirrors(side):
    image = np.random.default_rng(side).normal(size=(side, side))
    plain, mirrored = quarter_turns(side), quarter_turns(side, mirrors=True)
    assert plain.labels == (0, 90, 180, -90)
    assert mirrored.labels == 2 * plain.labels
    for k, moved in enumerate(plain.apply(image.ravel())):
        np.testing.assert_array_equal(moved.reshape(side, side), np.rot90(image, k))
    for k, moved in enumerate(mirrored.apply(image.ravel())):
        start = image if k < 4 else image[:, ::-1]
        np.testing.assert_array_equal(moved.reshape(side, side), np.rot90(start, k % 4))
    if side > 1:
        assert len(rows_of(mirrored)) == 8
        # A group: closed under products.
        assert rows_of(mirrored.then(mirrored)) == rows_of(mirrored)
    if side % 2:  # the centre pixel stays, and can be x0
        centre = side * side // 2
        assert (mirrored.permutations[:, centre] == centre).all()


def test_turns_then_translations():
    both = quarter_turns(3).then(torus_translations(3, 3, rows=1, columns=0))
    image = np.arange(9.0).reshape(3, 3)
    expected = [
        np.roll(np.rot90(image, k), dy, axis=0).ravel() for k in range(4) for dy in (0, 1, -1)
    ]
    np.testing.assert_array_equal(both.apply(image.ravel()), expected)


def test_windows():
    shifts = cyclic_shifts(10)
    assert set(shifts.window(2).labels) == {0, 1, 2, -1, -2}
    assert shifts.window(0).labels == (0,)
    assert len(shifts.window(100)) == 10
    law = np.arange(1, 11) / 55
    weighted = Transformations(shifts.permutations, law=law, labels=shifts.labels)
    cut = weighted.window(1.5)
    np.testing.assert_allclose(cut.law, 1 / 3)
    x = np.random.default_rng(0).normal(size=10)
    for moved, label in zip(cut.apply(x), cut.labels, strict=True):
        np.testing.assert_array_equal(moved, np.roll(x, -int(label)))


@pytest.mark.parametrize(
    "bad",
    [
        [0, 1],
        [[0, 0]],
        [[0, 1], [0, 2]],
        [[1, 2]],
        [[-1, 0]],
        [[0.0, 1.0]],
        [],
        [[]],
        [[0, 1], [0]],
        "x",
        None,
        [[True, False]],
    ],
)
def test_bad_permutations(bad):
    with pytest.raises(InputError, match="'permutations' must"):
        Transformations(bad)


@pytest.mark.parametrize(
    "bad", [[1.0], [0.5, 0.6], [1.5, -0.5], [np.nan, 1], [[0.5, 0.5]], "x", ["a", "b"], 0.5]
)
def test_bad_laws(bad):
    with pytest.raises(InputError, match="'law' must be 2 probabilities that sum to 1"):
        Transformations([[0, 1], [1, 0]], law=bad)


def test_other_bad_arguments():
    two = Transformations([[0, 1], [1, 0]])
    with pytest.raises(InputError, match="'labels' must be one for each of 2"):
        Transformations([[0, 1], [1, 0]], labels=(1.0,))
    with pytest.raises(InputError, match="'labels' must be given"):
        two.window(1)
    for bad in (-1, float("nan")):
        with pytest.raises(InputError, match="'half_width' must"):
            cyclic_shifts(4).window(bad)
    for bad in ([1.0], [[1.0, 2.0]], 3.0, ["a", "b"]):
        with pytest.raises(InputError, match="'template' must"):
            two.apply(bad)
    with pytest.raises(InputError, match="'other' must permute 2"):
        two.then(cyclic_shifts(3))
    for call, name in (
        (lambda v: cyclic_shifts(v), "d"),
        (lambda v: cyclic_shifts(6, v), "step"),
        (lambda v: torus_translations(v, 3), "height"),
        (lambda v: torus_translations(3, v), "width"),
        (lambda v: quarter_turns(v), "side"),
    ):
        for bad in (0, -2, 1.5, "x", None, True):
            with pytest.raises(InputError, match=f"'{name}' must"):
                call(bad)
    with pytest.raises(InputError, match="'step' must divide"):
        cyclic_shifts(6, 4)
    for bad in (-1, "x", float("nan")):
        with pytest.raises(InputError, match="'rows' must"):
            torus_translations(3, 3, rows=bad)
        with pytest.raises(InputError, match="'columns' must"):
            torus_translations(3, 3, columns=bad)


def test_the_callers_arrays_may_change_afterwards():
    rows, law = np.array([[0, 1], [1, 0]]), np.array([0.25, 0.75])
    found = Transformations(rows, law=law)
    rows[:], law[:] = 0, 0
    assert found.permutations.tolist() == [[0, 1], [1, 0]]
    assert found.law.tolist() == [0.25, 0.75]
