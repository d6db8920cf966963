"""Rotation, translation, both, quarter turns, and the theory's cyclic shift."""

from __future__ import annotations

import torch
from torch import Tensor

from ...checks import check_integer, check_real
from ...errors import InputError
from .resample import move, turn

#: Largest height + width. Source coordinates are 16.16 fixed-point numbers in 32 bits.
LARGEST = 8192
# Far beyond every image; sums with it stay within 64 bits.
_FAR = 1 << 62


def rotate(x: Tensor, degrees: float | Tensor) -> Tensor:
    """Rotate images about their centres, counter-clockwise, nearest neighbour, black fill.

    Images (B, C, H, W) are floating point or uint8, the angle is one for all, or of each (B,),
    whose check waits for the device.

    Notes
    -----
    Equal to Pillow's ``Image.rotate`` bit for bit, on every device. torchvision's ``rotate``
    of tensors computes in float32 and differs in about 1.5e-4 of the pixels of noise images
    of side 28 to 32, where a coordinate falls on the border of two pixels. At multiples of
    90 degrees a square image is permuted exactly.

    Examples
    --------
    >>> x = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
    >>> rotate(x, 90)[0, 0]
    tensor([[2, 4],
            [1, 3]], dtype=torch.uint8)
    """
    return rotate_translate(x, degrees, 0, 0)


def translate(x: Tensor, dx: int | Tensor, dy: int | Tensor) -> Tensor:
    """Move images (B, C, H, W) by whole pixels; what enters is black.

    Shifts, int or Tensor of int (B,), go to the right and downwards, as ``translate`` of
    torchvision's ``affine``.

    Examples
    --------
    >>> x = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
    >>> translate(x, 1, 0)[0, 0]
    tensor([[0, 1],
            [0, 3]], dtype=torch.uint8)
    """
    check_batch(x)
    return move(x, _integers("dx", dx, x), _integers("dy", dy, x))


def rotate_translate(
    x: Tensor, degrees: float | Tensor, dx: int | Tensor, dy: int | Tensor
) -> Tensor:
    """Rotate counter-clockwise about the centre, then move, in one resampling.

    :func:`rotate` and :func:`translate` are the cases without the other part, and describe
    the parameters. Rotating and then translating in two steps would lose what the rotation
    moves out of the frame and the shift would bring back.

    Notes
    -----
    Equal to torchvision's ``affine(image, -degrees, [dx, dy], scale=1, shear=0)`` of a Pillow
    image bit for bit. Mind the sign: torchvision's ``affine`` turns clockwise, its ``rotate``
    counter-clockwise; here everything turns counter-clockwise.

    Examples
    --------
    >>> x = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
    >>> rotate_translate(x, 90, 0, 1)[0, 0]
    tensor([[0, 0],
            [2, 4]], dtype=torch.uint8)
    """
    check_batch(x)
    return turn(x, _reals("degrees", degrees, x), _integers("dx", dx, x), _integers("dy", dy, x))


def quarter_turn(x: Tensor, k: int | Tensor) -> Tensor:
    """Turn images (B, C, H, W) by `k` times 90 degrees counter-clockwise, exactly.

    One odd `k` makes (B, C, W, H) of images that are not square; with turns (B,) of their own,
    images must be square.

    Examples
    --------
    >>> x = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
    >>> quarter_turn(x, 1)[0, 0]
    tensor([[2, 4],
            [1, 3]], dtype=torch.uint8)
    """
    check_batch(x)
    if not isinstance(k, Tensor) or k.ndim == 0:
        return torch.rot90(x, check_integer("k", k) % 4, (2, 3))
    turns = _integers("k", k, x) % 4
    channels, height, width = x.shape[1:]
    if height != width:
        rule = "hold square images where each is turned by itself"
        raise InputError("x", rule, f"shape {tuple(x.shape)}")
    places = torch.arange(height * width, device=x.device).view(height, width)
    table = torch.stack([torch.rot90(places, count).flatten() for count in range(4)])
    index = table[turns][:, None].expand(-1, channels, -1)
    return x.flatten(2).gather(2, index).view(x.shape)


def cyclic_shift(x: Tensor, shift: int | Tensor) -> Tensor:
    """Shift flattened images cyclically: coordinate t becomes x_{t + shift}.

    The theory's r_j is the shift by m j coordinates (arXiv 2002.11318, section 3, and
    ``CodeGaussian.rotate``). Coordinates are counted channel by channel, row by row; the shift,
    int or Tensor of int (B,), is taken modulo C H W.

    Examples
    --------
    >>> x = torch.arange(4.0).view(1, 1, 2, 2)
    >>> cyclic_shift(x, 1).flatten()
    tensor([1., 2., 3., 0.])
    """
    check_batch(x)
    flat = x.flatten(1)
    size = flat.shape[1]
    if not isinstance(shift, Tensor) or shift.ndim == 0:
        return flat.roll(-(check_integer("shift", shift) % size), 1).view(x.shape)
    steps = _integers("shift", shift, x) % size
    index = (torch.arange(size, device=x.device) + steps[:, None]) % size
    return flat.gather(1, index).view(x.shape)


def check_batch(x: Tensor) -> None:
    """Check type and shape of images, not the pixels: a transformation only moves them."""
    rule = "be a tensor of shape (batch, channels, height, width), floating point or uint8"
    if not isinstance(x, Tensor):
        raise InputError("x", rule, type(x).__name__)
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise InputError("x", rule, f"shape {tuple(x.shape)}")
    if not (x.is_floating_point() or x.dtype == torch.uint8):
        raise InputError("x", rule, f"dtype {x.dtype}")
    if x.shape[2] + x.shape[3] > LARGEST:
        rule = f"have height + width of at most {LARGEST}"
        raise InputError("x", rule, f"shape {tuple(x.shape)}")


def _reals(argument: str, value: object, x: Tensor) -> Tensor:
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


def _integers(argument: str, value: object, x: Tensor) -> Tensor:
    """Return an integer for each image, int64 (batch,), cut off far outside every image."""
    if not isinstance(value, Tensor) or value.ndim == 0:
        number = max(-_FAR, min(_FAR, check_integer(argument, value)))
        return torch.full((len(x),), number, dtype=torch.int64, device=x.device)
    rule = f"be an integer, or an integer tensor of shape ({len(x)},)"
    integral = not (value.is_floating_point() or value.is_complex())
    if value.shape != (len(x),) or not integral or value.dtype == torch.bool:
        raise InputError(argument, rule, f"{value.dtype} of shape {tuple(value.shape)}")
    return value.to(x.device, torch.int64).clamp(-_FAR, _FAR)
