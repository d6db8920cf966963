"""Rotation, translation, both, quarter turns, and the theory's cyclic shift."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import InputError
from .parameters import check_batch, per_image_integer, per_image_real, whole_number
from .resample import move, turn


def rotate(x: Tensor, degrees: float | Tensor) -> Tensor:
    """Rotate images about their centres, counter-clockwise, nearest neighbour, black fill.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Floating point or uint8 images.
    degrees : float or Tensor (B,)
        Angle in degrees for all images, or of each.

    Returns
    -------
    Tensor (B, C, H, W)
        Of the type of `x`; differentiable in `x`.

    Raises
    ------
    InputError
        If `x` is no batch of images or an angle is not finite. The check of a tensor of
        angles waits for its device.

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
    """Move images by whole pixels; what enters is black.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Floating point or uint8 images.
    dx, dy : int or Tensor of int (B,)
        Whole pixels to the right and downwards, as ``translate`` of torchvision's ``affine``.

    Returns
    -------
    Tensor (B, C, H, W)
        Of the type of `x`; differentiable in `x`.

    Raises
    ------
    InputError
        If `x` is no batch of images or a shift is no integer.

    Examples
    --------
    >>> x = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
    >>> translate(x, 1, 0)[0, 0]
    tensor([[0, 1],
            [0, 3]], dtype=torch.uint8)
    """
    check_batch(x)
    right, down = per_image_integer("dx", dx, x), per_image_integer("dy", dy, x)
    return move(x, right, down)


def rotate_translate(
    x: Tensor, degrees: float | Tensor, dx: int | Tensor, dy: int | Tensor
) -> Tensor:
    """Rotate counter-clockwise about the centre, then move, in one resampling.

    :func:`rotate` and :func:`translate` are the cases without the other part.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Floating point or uint8 images.
    degrees : float or Tensor (B,)
        Angle in degrees for all images, or of each.
    dx, dy : int or Tensor of int (B,)
        Whole pixels to the right and downwards, after the rotation.

    Returns
    -------
    Tensor (B, C, H, W)
        Of the type of `x`; differentiable in `x`.

    Raises
    ------
    InputError
        As :func:`rotate` and :func:`translate`.

    Notes
    -----
    Equal to torchvision's ``affine(image, -degrees, [dx, dy], scale=1, shear=0)`` of a Pillow
    image bit for bit. Mind the sign: torchvision's ``affine`` turns clockwise, its ``rotate``
    counter-clockwise; here everything turns counter-clockwise. Rotating and then translating
    in two steps would lose what the rotation moves out of the frame and the shift would
    bring back.

    Examples
    --------
    >>> x = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
    >>> rotate_translate(x, 90, 0, 1)[0, 0]
    tensor([[0, 0],
            [2, 4]], dtype=torch.uint8)
    """
    check_batch(x)
    angles = per_image_real("degrees", degrees, x)
    right, down = per_image_integer("dx", dx, x), per_image_integer("dy", dy, x)
    return turn(x, angles, right, down)


def quarter_turn(x: Tensor, k: int | Tensor) -> Tensor:
    """Turn images by `k` times 90 degrees counter-clockwise, exactly.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Images.
    k : int or Tensor of int (B,)
        Number of turns, taken modulo 4.

    Returns
    -------
    Tensor
        (B, C, H, W), or (B, C, W, H) where one odd `k` turns images that are not square.

    Raises
    ------
    InputError
        If `x` is no batch of images, `k` is no integer, or images that are not square get turns of
        their own.

    Examples
    --------
    >>> x = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
    >>> quarter_turn(x, 1)[0, 0]
    tensor([[2, 4],
            [1, 3]], dtype=torch.uint8)
    """
    check_batch(x)
    if not isinstance(k, Tensor) or k.ndim == 0:
        return torch.rot90(x, whole_number("k", k, 4), (2, 3))
    turns = per_image_integer("k", k, x, 4)
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
    ``CodeGaussian.rotate``).

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Images; coordinates are counted channel by channel, row by row.
    shift : int or Tensor of int (B,)
        Number of coordinates, taken modulo C H W.

    Returns
    -------
    Tensor (B, C, H, W)
        Of the type of `x`.

    Raises
    ------
    InputError
        If `x` is no batch of images or a shift is no integer.

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
        return flat.roll(-whole_number("shift", shift, size), 1).view(x.shape)
    steps = per_image_integer("shift", shift, x, size)
    index = (torch.arange(size, device=x.device) + steps[:, None]) % size
    return flat.gather(1, index).view(x.shape)
