"""Checks of batches and of per-image parameters."""

from __future__ import annotations

import torch
from torch import Tensor

from ...checks import check_integer, check_real
from ...errors import InputError

#: Largest height + width. Source coordinates are 16.16 fixed-point numbers in 32 bits.
LARGEST = 8192

# Far beyond every image; sums with it stay within 64 bits.
_FAR = 1 << 62

_BATCH = "be a tensor of shape (batch, channels, height, width), floating point or uint8"


def check_batch(x: Tensor) -> Tensor:
    """Return a batch of images unchanged, or raise :class:`InputError`.

    Type and shape are checked, not the pixels: a transformation only moves them.
    """
    if not isinstance(x, Tensor):
        raise InputError("x", _BATCH, type(x).__name__)
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise InputError("x", _BATCH, f"shape {tuple(x.shape)}")
    if not (x.is_floating_point() or x.dtype == torch.uint8):
        raise InputError("x", _BATCH, f"dtype {x.dtype}")
    if x.shape[2] + x.shape[3] > LARGEST:
        rule = f"have height + width of at most {LARGEST}"
        raise InputError("x", rule, f"shape {tuple(x.shape)}")
    return x


def per_image_real(argument: str, value: object, x: Tensor) -> Tensor:
    """Return a finite number for each image, float64 (batch,) on the device of `x`."""
    if not isinstance(value, Tensor) or value.ndim == 0:
        number = check_real(argument, value, rule="be a finite number, or one for each image")
        return torch.full((len(x),), number, dtype=torch.float64, device=x.device)
    rule = f"be a finite number, or a real tensor of shape ({len(x)},)"
    if value.shape != (len(x),) or value.is_complex() or value.dtype == torch.bool:
        raise InputError(argument, rule, f"{value.dtype} of shape {tuple(value.shape)}")
    if value.is_floating_point() and not bool(value.isfinite().all()):
        raise InputError(argument, rule, "NaN or infinity")
    return value.to(x.device, torch.float64)


def per_image_integer(argument: str, value: object, x: Tensor, modulo: int = 0) -> Tensor:
    """Return an integer for each image, int64 (batch,) on the device of `x`.

    With a `modulo` it is reduced to 0..modulo - 1; else cut off far outside every image.
    """
    if isinstance(value, Tensor) and value.ndim:
        rule = f"be an integer, or an integer tensor of shape ({len(x)},)"
        integral = not (value.is_floating_point() or value.is_complex())
        if value.shape != (len(x),) or not integral or value.dtype == torch.bool:
            raise InputError(argument, rule, f"{value.dtype} of shape {tuple(value.shape)}")
        each = value.to(x.device, torch.int64)
        return each % modulo if modulo else each.clamp(-_FAR, _FAR)
    number = whole_number(argument, value, modulo)
    return torch.full((len(x),), number, dtype=torch.int64, device=x.device)


def whole_number(argument: str, value: object, modulo: int = 0) -> int:
    """Return one integer, reduced or cut off as :func:`per_image_integer` does."""
    number = check_integer(argument, value)
    return number % modulo if modulo else max(-_FAR, min(_FAR, number))
