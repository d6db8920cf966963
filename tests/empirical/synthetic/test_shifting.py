"""Random shifts up to a range."""

import numpy as np
import pytest
import torch

from spadv.empirical.synthetic.sampling import nearest_shift, shift_law, turn
from spadv.errors import InputError
from spadv.theory import CodeGaussian


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8])
def test_at_half_a_turn_every_shift_is_equally_likely(n):
    np.testing.assert_allclose(shift_law(n, 180), np.full(n, 1 / n), atol=1e-15)


@pytest.mark.parametrize("n", [2, 5, 8])
@pytest.mark.parametrize("angle", [0.0, 30.0, 100.0, 120.0, 150.0, 180.0])
def test_law_is_that_of_the_nearest_turn(n, angle):
    law = shift_law(n, angle)
    assert law.sum() == pytest.approx(1, abs=1e-14)
    grid = (np.arange(200_000) + 0.5) / 100_000 - 1
    j = nearest_shift(torch.tensor(grid), torch.tensor(angle), n)
    counted = np.bincount(j.numpy(), minlength=n) / len(grid)
    np.testing.assert_allclose(counted, law, atol=2e-5)


def test_law_by_hand():
    # 120 degrees are 4/3 of a quarter turn: of U[-4/3, 4/3] the share within 1/2 is 3/8.
    np.testing.assert_allclose(shift_law(4, 120), [3 / 8, 5 / 16, 0, 5 / 16])


@pytest.mark.parametrize(("word", "shift"), [("two", 8), ("four", 4), ("one", 1)])
def test_turn_is_the_theorys_shift(word, shift):
    dist = CodeGaussian([1, -1] * 8, 0.7, shift)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 17))
    j = rng.integers(dist.n_shifts, size=50)
    expected = dist.rotate(x, j)[:, 1:]
    found = turn(torch.tensor(x[:, 1:]), torch.tensor(j), dist.n_shifts)
    np.testing.assert_array_equal(found.numpy(), expected)


def test_turn_has_leading_axes():
    x = torch.arange(24.0).reshape(2, 3, 4)
    j = torch.tensor([[0, 1, 0], [1, 1, 0]])
    found = turn(x, j, 2)
    assert found[0, 1].tolist() == [6.0, 7.0, 4.0, 5.0]
    assert found[1, 2].tolist() == x[1, 2].tolist()


@pytest.mark.parametrize("angle", [-1, 181, float("nan"), "wide"])
def test_angle_out_of_range(angle):
    with pytest.raises(InputError, match="angle"):
        shift_law(2, angle)
