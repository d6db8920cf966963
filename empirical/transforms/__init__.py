"""Rotations, translations, crops and flips of whole batches, one parameter an image.

Conventions everywhere: `x` is (batch, channels, height, width), floating point pixels in
[0, 1] or 8-bit pixels, on any device; angles are in degrees counter-clockwise; `dx` and `dy`
are whole pixels, positive to the right and downwards; pixels from outside are black;
resampling is nearest neighbour. A parameter is a number for all images, or a tensor of shape
(batch,). The result has the type and device of `x` and is differentiable in `x`.
"""

from typing import Any

from ..settings import Augmentation
from .augmentation import augment, random_crop, random_flip
from .geometry import cyclic_shift, quarter_turn, rotate, rotate_translate, translate

__all__ = [
    "Augmentation",
    "RandomMotion",
    "augment",
    "cyclic_shift",
    "quarter_turn",
    "random_crop",
    "random_flip",
    "rotate",
    "rotate_translate",
    "translate",
]


def __getattr__(name: str) -> Any:
    """Import what needs torchvision, which takes a second, when it is asked for."""
    if name != "RandomMotion":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .pipeline import RandomMotion

    return RandomMotion
