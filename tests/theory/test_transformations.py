"""Transformations against their definitions: (g x)_t = x_{g(t)}, arrays rolled."""

import numpy as np
import pytest

from spadv.theory import InputError
from spadv.theory.template import Transformations, cyclic_shifts


def act(permutation, x):
    """Return g x one coordinate at a time."""
    return np.array([x[permutation[t]] for t in range(len(x))])


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
    for call, name in (
        (lambda v: cyclic_shifts(v), "d"),
        (lambda v: cyclic_shifts(6, v), "step"),
    ):
        for bad in (0, -2, 1.5, "x", None, True):
            with pytest.raises(InputError, match=f"'{name}' must"):
                call(bad)
    with pytest.raises(InputError, match="'step' must divide"):
        cyclic_shifts(6, 4)


def test_the_callers_arrays_may_change_afterwards():
    rows, law = np.array([[0, 1], [1, 0]]), np.array([0.25, 0.75])
    found = Transformations(rows, law=law)
    rows[:], law[:] = 0, 0
    assert found.permutations.tolist() == [[0, 1], [1, 0]]
    assert found.law.tolist() == [0.25, 0.75]
