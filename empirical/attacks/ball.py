"""The l-infinity ball around images, cut by the box of pixels, without rounding errors."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...checks import check_fraction
from ...errors import InputError


def ball(x: Tensor, budget: Tensor, box: tuple[float, float] = (0.0, 1.0)) -> tuple[Tensor, Tensor]:
    """Return the ends of the intervals in which each value of each image may lie.

    Clamping between them is projection to the ball followed by clipping to the box. They
    are rounded inwards: whatever lies between them satisfies `(v - x).abs() <= budget`
    without tolerance wherever `x` is in the box, evaluated in the dtype of `x` or a finer
    one. Plain `x - eps` and `x + eps` miss that by rounding for a tenth of all values.

    Parameters
    ----------
    x : Tensor
        Images (batch, ...), any floating dtype.
    budget : Tensor
        Float64, shape (batch,), in the units of `x`.
    box : tuple of float
        Smallest and largest value.

    Returns
    -------
    low, high : Tensor
        Of the shape and dtype of `x`.
    """
    exact = x.double()
    radius = budget.to(x.device, torch.float64).view(-1, *[1] * (x.ndim - 1))
    low, high = (exact - radius).to(x.dtype), (exact + radius).to(x.dtype)
    low = torch.where(exact - low.double() > radius, _next(low, math.inf), low)
    high = torch.where(high.double() - exact > radius, _next(high, -math.inf), high)
    return low.clamp_(*box), high.clamp_(*box)


def _next(values: Tensor, towards: float) -> Tensor:
    """Return the neighbours of numbers of the same dtype, in the direction of an infinity."""
    if values.dtype != torch.float16:
        return torch.nextafter(values, torch.full_like(values, towards))
    # Half precision has no nextafter, but its bits count upwards away from zero.
    away = (values < 0) == (towards < 0)
    bits = values.view(torch.int16) + torch.where(away, 1, -1).to(torch.int16)
    smallest = torch.full_like(values, math.copysign(2.0**-24, towards))
    return torch.where(values == 0, smallest, bits.view(torch.float16))


def per_image(
    argument: str, value: object, batch: int, *, device: torch.device | None = None
) -> Tensor:
    """Return numbers, one per image, as float64 of shape (batch,).

    Parameters
    ----------
    argument : str
        Name to use in the error.
    value : float, str or Tensor
        A number of at least 0, a fraction as text ("8/255"), or a tensor (batch,).
    batch : int
        Number of images.
    device : torch.device, optional
        Where to put them.

    Raises
    ------
    InputError
        If a number is negative or not finite, or the shape is not (batch,).
    """
    if not isinstance(value, Tensor) or value.ndim == 0:
        plain = value.item() if isinstance(value, Tensor) else value
        number = check_fraction(argument, plain)
        return torch.full((batch,), number, dtype=torch.float64, device=device)
    rule = f"hold one finite number of at least 0 per image, shape ({batch},)"
    if value.shape != (batch,):
        raise InputError(argument, rule, f"shape {tuple(value.shape)}")
    numbers = value.detach().to(device, torch.float64)
    if not bool(((numbers >= 0) & torch.isfinite(numbers)).all()):
        raise InputError(argument, rule, value.tolist())
    return numbers
