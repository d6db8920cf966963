"""Walls hold without tolerance, and are not tighter than they need be."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spadv.empirical.attacks.ascent import ball, per_image
from spadv.errors import InputError

pixels = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8)


@settings(deadline=None, max_examples=300)
@example(values=[0.4293082654476166], budget=0.429308265249434)
@given(values=pixels, budget=st.one_of(st.floats(0, 1.5), st.sampled_from([8 / 255, 0.1, 1e-9])))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_walls_hold_exactly_and_are_tight(dtype, values, budget):
    x = torch.tensor([values], dtype=torch.float64).to(dtype)
    low, high = ball(x, torch.tensor([budget], dtype=torch.float64))
    assert (low.dtype, high.dtype) == (dtype, dtype)
    assert ((low >= 0) & (high <= 1) & (low <= x) & (x <= high)).all()
    for wall in (low, high):
        assert ((wall - x).abs() <= budget).all()
        assert ((wall.double() - x.double()).abs() <= budget).all()
    if dtype == torch.float32:  # two units in the last place further is outside
        centre = x.numpy()
        for wall, sign in ((low.numpy(), -1), (high.numpy(), 1)):
            # A wall near 0 is a difference of larger numbers: their last place counts.
            place = np.spacing(np.maximum(np.abs(wall), np.abs(centre))).astype(np.float64)
            beyond = wall.astype(np.float64) + 2 * sign * place
            outside = np.abs(beyond - centre) > budget
            assert (outside | (beyond < 0) | (beyond > 1)).all()


def test_plain_sums_would_break_the_ball():
    """The reason for rounding inwards."""
    x = torch.rand(10_000, generator=torch.Generator().manual_seed(0))
    budget = 8 / 255
    radius = torch.tensor([budget], dtype=torch.float64)
    low, high = (wall[0].double() for wall in ball(x[None], radius, (-10.0, 10.0)))
    plain_low, plain_high, exact = (x - budget).double(), (x + budget).double(), x.double()
    assert (exact - plain_low > budget).float().mean() > 0.05
    assert (plain_high - exact > budget).float().mean() > 0.02
    assert ((x + budget) - x > budget).any()  # in float32, too
    assert (exact - low <= budget).all()
    assert (high - exact <= budget).all()


def test_walls_are_projection_followed_by_clipping():
    """Also where an image leaves the box, as under the official rules."""
    generator = torch.Generator().manual_seed(0)
    x = 3 * torch.randn(4, 50, generator=generator, dtype=torch.float64)
    moved = x + torch.randn(4, 50, generator=generator, dtype=torch.float64)
    budget = torch.tensor([0.0, 0.1, 0.5, 2.0], dtype=torch.float64)
    low, high = ball(x, budget, (-1.0, 1.0))
    radius = budget[:, None]
    expected = (x + (moved - x).clamp(-radius, radius)).clamp(-1, 1)
    torch.testing.assert_close(moved.clamp(low, high), expected, atol=1e-14, rtol=0)


def test_numbers_fractions_and_tensors():
    assert per_image("budget", "8/256", 3).tolist() == [0.03125] * 3
    assert per_image("budget", torch.tensor(0.5), 2).tolist() == [0.5, 0.5]
    assert per_image("budget", torch.tensor([0.25, 0.5]), 2).tolist() == [0.25, 0.5]


@pytest.mark.parametrize(
    "bad",
    ["8/0", "eight", -0.1, float("nan"), True, None, torch.tensor([0.1]),
     torch.tensor([0.1, -0.1]), torch.tensor([0.1, torch.nan]), torch.tensor([[0.1, 0.1]])],
)  # fmt: skip
def test_bad_numbers(bad):
    with pytest.raises(InputError, match="budget"):
        per_image("budget", bad, 2)
