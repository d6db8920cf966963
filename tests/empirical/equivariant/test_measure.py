"""The measures of equivariance, on functions whose error is known."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from spadv.empirical.models.equivariant import P4M, equivariance_error, invariance_error
from spadv.errors import InputError


def ramp(side=4):
    """An image that grows to the right by 1 a column."""
    return torch.arange(side, dtype=torch.float64).repeat(1, 1, side, 1)


def test_known_errors():
    # Shifting the ramp to the left: columns 1 2 3 0, against 2 1 0 3 after half a turn.
    errors = equivariance_error(lambda x: x.roll(-1, -1), ramp(), after="image")
    assert errors.tolist() == pytest.approx([0, 1, 2 / 3, 1])
    # A linear function that sees one half: 2 + 3 against 0 + 1 after half a turn.
    half = equivariance_error(lambda x: x[..., 2:].mean((1, 2, 3)), ramp(), after="invariant")
    assert half.tolist() == pytest.approx([0, 0.4, 0.8, 0.4])


def test_zero_for_what_commutes():
    x = torch.rand(2, 3, 5, 5)
    assert equivariance_error(lambda x: F.avg_pool2d(x, 3, 1), x, P4M, after="image").max() < 1e-6
    assert invariance_error(lambda x: x.amax((2, 3)), x, P4M).max() == 0
    assert invariance_error(lambda x: torch.zeros(len(x)), x).tolist() == [0] * 4
    maps = torch.rand(2, 8, 5, 5)
    assert equivariance_error(torch.relu, maps, before="maps").max() == 0
    assert equivariance_error(torch.relu, maps, "p4m", before="maps").shape == (8,)


def test_nothing_is_recorded_for_gradients():
    x = torch.rand(1, 1, 3, 3, requires_grad=True)
    assert not equivariance_error(lambda x: x, x, after="image").requires_grad


def test_bad_input():
    with pytest.raises(InputError, match="'x'"):
        equivariance_error(torch.relu, torch.zeros(3, 4, 4))
    with pytest.raises(InputError, match="'x'"):
        equivariance_error(torch.relu, [1.0])
    with pytest.raises(InputError, match="'x'"):
        equivariance_error(torch.relu, torch.zeros(1, 3, 4, 4))  # no maps over p4
    with pytest.raises(InputError, match="before"):
        equivariance_error(torch.relu, torch.zeros(1, 3, 4, 4), before="maps over")
    with pytest.raises(InputError, match=r"r90.*got \(1, 1, 2, 6\)|\(1, 1, 6, 2\)"):
        equivariance_error(lambda x: x.reshape(1, 1, 2, 6), torch.zeros(1, 1, 3, 4), after="image")
