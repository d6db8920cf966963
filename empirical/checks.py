"""Checks of tensors at the public boundaries of the empirical half."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..errors import InputError

_IMAGES = "be a float tensor of shape (batch, channels, height, width) with pixels in [0, 1]"


def check_images(x: Tensor) -> Tensor:
    """Return a batch of images unchanged, or raise :class:`InputError`.

    They are floating point, (batch, channels, height, width), finite, in [0, 1]. The check
    reads the pixels once, which on a GPU waits for it: call it at public boundaries, never
    inside a loop over steps.
    """
    if not isinstance(x, Tensor):
        raise InputError("x", _IMAGES, type(x).__name__)
    if not x.is_floating_point():
        hint = "Divide 8-bit pixels by 255." if x.dtype == torch.uint8 else ""
        raise InputError("x", _IMAGES, f"dtype {x.dtype}", hint)
    if x.ndim != 4:
        raise InputError("x", _IMAGES, f"shape {tuple(x.shape)}")
    if x.numel() == 0:
        return x
    low, high = (value.item() for value in torch.aminmax(x.detach()))
    if math.isnan(low) or math.isnan(high):
        raise InputError("x", _IMAGES, "NaN")
    if low < 0 or high > 1:
        wrong = low if low < 0 else high
        hint = "Normalise inside the model, not before." if low < 0 else ""
        raise InputError("x", _IMAGES, wrong, hint)
    return x


def check_labels(
    y: Tensor, *, batch: int, num_classes: int | None = None, argument: str = "y"
) -> Tensor:
    """Return labels (batch,), each in [0, num_classes), as int64, or raise InputError."""
    rule = f"be an integer tensor of shape ({batch},)"
    if not isinstance(y, Tensor):
        raise InputError(argument, rule, type(y).__name__)
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise InputError(argument, rule, f"dtype {y.dtype}")
    if y.shape != (batch,):
        raise InputError(argument, rule, f"shape {tuple(y.shape)}")
    if y.numel():
        low, high = (int(value) for value in torch.aminmax(y))
        if low < 0 or (num_classes is not None and high >= num_classes):
            upper = "" if num_classes is None else f" and below {num_classes}"
            raise InputError(argument, f"be at least 0{upper}", low if low < 0 else high)
    return y.long()
