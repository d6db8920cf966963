"""Random crops with padding and random mirror images, drawn from an explicit generator."""

from __future__ import annotations

import torch
from torch import Tensor

from ...checks import check_integer, check_real
from ..randomness import uniform
from .parameters import check_batch
from .resample import move


def random_crop(x: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Pad by black pixels on every side and cut out a window of the old size at random.

    The distribution of torchvision's ``RandomCrop(size, padding)``: the image moves by whole
    pixels, uniform on -padding..padding in each direction.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Images.
    padding : int
        Pixels, at least 0.
    generator : torch.Generator
        Two numbers an image are drawn from it, image after image.

    Returns
    -------
    Tensor (B, C, H, W)
        Of the type of `x`.

    Raises
    ------
    InputError
        If `x` is no batch of images or `padding` is no integer of at least 0.
    """
    check_batch(x)
    check_integer("padding", padding, minimum=0)
    drawn = uniform((len(x), 2), 0, 1, generator=generator, device=x.device, dtype=torch.float64)
    dx, dy = (whole(column, padding) for column in drawn.unbind(1))
    return move(x, dx, dy)


def random_flip(x: Tensor, generator: torch.Generator, probability: float = 0.5) -> Tensor:
    """Mirror each image left to right with a probability.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Images.
    generator : torch.Generator
        One number an image is drawn from it.
    probability : float
        In [0, 1].

    Returns
    -------
    Tensor (B, C, H, W)
        Of the type of `x`.

    Raises
    ------
    InputError
        If `x` is no batch of images or `probability` is out of range.
    """
    check_batch(x)
    check_real("probability", probability, low=0, high=1)
    drawn = uniform((len(x),), 0, 1, generator=generator, device=x.device, dtype=torch.float64)
    return torch.where((drawn < probability)[:, None, None, None], x.flip(3), x)


def whole(unit: Tensor, most: int) -> Tensor:
    """Map numbers uniform in [0, 1) to integers uniform on -most..most."""
    return (unit * (2 * most + 1)).floor_().long() - most
