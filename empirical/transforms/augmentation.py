"""Random crops, mirror images, rotations and translations, drawn from explicit generators."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...checks import check_integer, check_real
from ..randomness import as_generator, uniform
from ..settings import Augmentation
from .geometry import check_batch
from .resample import move, turn

#: Numbers that every image takes.
DRAWS = 6


def augment(x: Tensor, augmentation: Augmentation, generator: torch.Generator | int) -> Tensor:
    """Return images (B, C, H, W), each transformed at random; `x` itself if nothing is to be done.

    Every call draws six numbers an image, whatever is switched on: with the same generator,
    two augmentations that differ in size alone crop and mirror alike and rotate by
    proportional angles, call after call. On a CPU generator the numbers of an image do not
    depend on how images are cut into batches.

    Examples
    --------
    >>> x = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> augment(x, Augmentation.parse("R:60,flip"), torch.Generator()).shape
    torch.Size([1, 1, 4, 4])
    """
    check_batch(x)
    return move_as_drawn(x, augmentation, _drawn(x, DRAWS, generator))


def move_as_drawn(x: Tensor, augmentation: Augmentation, columns: Sequence[Tensor]) -> Tensor:
    """Return images transformed by numbers in [0, 1) drawn for them, :data:`DRAWS` of (B,)."""
    if augmentation.is_identity:
        return x
    height, width = x.shape[2:]
    if augmentation.crop or augmentation.flip:
        dx, dy = (whole(column, augmentation.crop) for column in columns[:2])
        mirrored = columns[2] < 0.5 if augmentation.flip else None
        x = move(x, dx, dy, mirrored)
    dx = whole(columns[4], round(augmentation.translation * width))
    dy = whole(columns[5], round(augmentation.translation * height))
    if augmentation.rotation:
        angles = (2 * columns[3] - 1) * augmentation.rotation
        x = turn(x, angles, dx, dy)
    elif augmentation.translation:
        x = move(x, dx, dy)
    return x


def random_crop(x: Tensor, padding: int, generator: torch.Generator | int) -> Tensor:
    """Pad by black pixels on every side and cut out a window of the old size at random.

    The distribution of torchvision's ``RandomCrop(size, padding)``: images (B, C, H, W) move by
    whole pixels, uniform on -padding..padding in each direction.
    """
    check_batch(x)
    check_integer("padding", padding, minimum=0)
    dx, dy = (whole(column, padding) for column in _drawn(x, 2, generator))
    return move(x, dx, dy)


def random_flip(x: Tensor, generator: torch.Generator | int, probability: float = 0.5) -> Tensor:
    """Mirror each image of a batch (B, C, H, W) left to right with a probability."""
    check_batch(x)
    check_real("probability", probability, low=0, high=1)
    (drawn,) = _drawn(x, 1, generator)
    return torch.where((drawn < probability)[:, None, None, None], x.flip(3), x)


def whole(unit: Tensor, most: int) -> Tensor:
    """Map numbers uniform in [0, 1) to integers uniform on -most..most."""
    return (unit * (2 * most + 1)).floor_().long() - most


def _drawn(x: Tensor, count: int, generator: torch.Generator | int) -> tuple[Tensor, ...]:
    """Return numbers uniform in [0, 1), `count` an image, drawn image after image."""
    shape, dtype, source = (len(x), count), torch.float64, as_generator(generator)
    return uniform(shape, 0, 1, generator=source, device=x.device, dtype=dtype).unbind(1)
