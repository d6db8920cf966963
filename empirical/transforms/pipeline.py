"""Augmentations as a transformation of torchvision, for anybody's pipeline."""

from __future__ import annotations

import math
from typing import Any

import PIL.Image
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from ...errors import InputError
from ..randomness import as_generator
from ..settings import Augmentation
from .augmentation import DRAWS, move_as_drawn


class RandomMotion(v2.Transform):  # type: ignore[misc]
    """A random crop, mirroring, rotation and translation, of each image of a batch by itself.

    Images are Pillow's, or tensors (..., C, H, W) of any number of leading axes; masks (..., H, W)
    move as their images do. Other entries of a sample, such as labels, stay as they are; boxes and
    points are refused. Resampling is nearest neighbour, pixels from outside are black, equal to
    Pillow's bit for bit (see :func:`rotate`).

    Parameters
    ----------
    augmentation : Augmentation or str
        Such as "crop:4,flip,R:60"; see :class:`Augmentation`.
    generator : torch.Generator or int, optional
        Source of the motions, or a seed. By default torch's global state, as everywhere in
        torchvision: the workers of a data loader then draw apart, which they do not from copies of
        one generator.

    Examples
    --------
    >>> motion = RandomMotion("RT:0.1", generator=0)
    >>> motion(torch.rand(8, 3, 32, 32)).shape
    torch.Size([8, 3, 32, 32])
    """

    def __init__(
        self, augmentation: Augmentation | str, generator: torch.Generator | int | None = None
    ) -> None:
        super().__init__()
        if isinstance(augmentation, str):
            augmentation = Augmentation.parse(augmentation)
        self.augmentation = augmentation
        self.generator = None if generator is None else as_generator(generator)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw the numbers of all images of a sample."""
        for item in flat_inputs:
            if isinstance(item, tv_tensors.BoundingBoxes) or type(item).__name__ == "KeyPoints":
                raise InputError("sample", "hold images and masks alone", type(item).__name__)
        shapes = [
            tuple(item.shape[:-3])
            for item in flat_inputs
            if isinstance(item, Tensor) and not isinstance(item, tv_tensors.Mask) and item.ndim > 2
        ]
        count = math.prod(shapes[0]) if shapes else 1
        device = "cpu" if self.generator is None else self.generator.device
        drawn = torch.rand(
            (count, DRAWS), generator=self.generator, dtype=torch.float64, device=device
        )
        return {"drawn": drawn}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Move an image or a mask."""
        drawn: Tensor = params["drawn"]
        given = functional.pil_to_tensor(inpt) if isinstance(inpt, PIL.Image.Image) else inpt
        x = given.as_subclass(torch.Tensor)
        batch = x.reshape(len(drawn), -1, *x.shape[-2:])
        columns = drawn.to(x.device).unbind(1)
        moved = move_as_drawn(batch, self.augmentation, columns).reshape(x.shape)
        if given is not inpt:
            return functional.to_pil_image(moved, mode=inpt.mode)
        return tv_tensors.wrap(moved, like=inpt) if type(inpt) is not torch.Tensor else moved

    # Before torchvision 0.21.
    _get_params, _transform = make_params, transform

    def extra_repr(self) -> str:
        """Return what `print` shows."""
        return repr(self.augmentation.describe())
