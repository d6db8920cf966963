"""Checks of tensors, budgets and names at the public boundaries of the empirical half."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from fractions import Fraction

import torch
from torch import Tensor

from ..theory.errors import InputError

_IMAGES = "be a float tensor of shape (batch, channels, height, width) with pixels in [0, 1]"


def check_images(x: Tensor, *, argument: str = "x", channels: int | None = None) -> Tensor:
    """Return a batch of images unchanged, or raise :class:`InputError`.

    The check reads the pixels once, which on a GPU waits for it: call it at public
    boundaries, never inside a loop over steps.

    Parameters
    ----------
    x : Tensor
        Floating point, shape (batch, channels, height, width), finite, in [0, 1].
    argument : str
        Name to use in the error.
    channels : int, optional
        Number of channels that is expected.

    Raises
    ------
    InputError
        Naming what is wrong: type, shape, channels, NaN, or the offending pixel.
    """
    if not isinstance(x, Tensor):
        raise InputError(argument, _IMAGES, type(x).__name__)
    if not x.is_floating_point():
        hint = "Divide 8-bit pixels by 255." if x.dtype == torch.uint8 else ""
        raise InputError(argument, _IMAGES, f"dtype {x.dtype}", hint)
    if x.ndim != 4:
        raise InputError(argument, _IMAGES, f"shape {tuple(x.shape)}")
    if channels is not None and x.shape[1] != channels:
        raise InputError(argument, f"have {channels} channels", f"shape {tuple(x.shape)}")
    if x.numel() == 0:
        return x
    low, high = (value.item() for value in torch.aminmax(x.detach()))
    if math.isnan(low) or math.isnan(high):
        raise InputError(argument, _IMAGES, "NaN")
    if low < 0 or high > 1:
        wrong = low if low < 0 else high
        hint = "Normalise inside the model, not before." if low < 0 else ""
        raise InputError(argument, _IMAGES, wrong, hint)
    return x


def check_labels(
    y: Tensor, *, batch: int, num_classes: int | None = None, argument: str = "y"
) -> Tensor:
    """Return labels as int64, or raise :class:`InputError`.

    Parameters
    ----------
    y : Tensor
        Integers of shape (batch,), each in [0, num_classes).
    batch : int
        Number of images they belong to.
    num_classes : int, optional
        Number of classes; not checked if None.
    argument : str
        Name to use in the error.
    """
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


def check_fraction(
    argument: str, value: object, *, low: float = 0.0, high: float = math.inf
) -> float:
    """Return a number given as a number or as text such as "8/255".

    Raises
    ------
    InputError
        If it is no number, not finite, or outside [low, high].

    Examples
    --------
    >>> check_fraction("budget", "8/256")
    0.03125
    >>> check_fraction("budget", 0.3)
    0.3
    """
    upper = "" if math.isinf(high) else f" and at most {high:g}"
    rule = f"be a number or a fraction like 8/255, at least {low:g}{upper}"
    if isinstance(value, bool):
        raise InputError(argument, rule, value)
    try:
        if isinstance(value, str) and "/" in value:
            number = float(Fraction(value.replace(" ", "")))
        else:
            number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        raise InputError(argument, rule, value) from None
    if not math.isfinite(number) or not low <= number <= high:
        raise InputError(argument, rule, value)
    return number


def choose(argument: str, name: object, options: Iterable[str]) -> str:
    """Return `name` if it is one of the options, or raise naming the nearest one.

    Examples
    --------
    >>> choose("model", "stdcnn", ["stdcnn", "vgg16"])
    'stdcnn'
    >>> choose("model", "vgg-16", ["stdcnn", "vgg16"])
    Traceback (most recent call last):
    ...
    spadv.theory.errors.InputError: Argument 'model' must be one of stdcnn, vgg16, got 'vgg-16'. \
Did you mean vgg16?
    """
    known = list(options)
    if isinstance(name, str) and name in known:
        return name
    lowered = {option.lower(): option for option in known}
    near = difflib.get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.5)
    hint = f"Did you mean {lowered[near[0]]}?" if near else ""
    raise InputError(argument, "be one of " + ", ".join(known), name, hint)
