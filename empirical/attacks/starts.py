"""Random directions that belong to images, whatever batches the images come in."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...random import derive_seed
from ..randomness import make_generator, require_generator, uniform
from .arena import draw_seed

#: Images whose directions are drawn together; part of what a seed means.
BLOCK = 64


class Directions:
    """Directions uniform in [-1, 1] for each image of a data set and each run of an attack.

    They are drawn in blocks of images with a seed per block and run, so that they depend
    neither on batches nor on which images are still attacked, and need no memory.

    Parameters
    ----------
    generator : torch.Generator
        Gives the seed, one draw; its device is where directions are drawn.
    shape : sequence of int
        Shape of one image.
    device : torch.device
        Where to put them.
    dtype : torch.dtype
        Their type.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> draws = Directions(generator, (1, 2, 2), torch.device("cpu"), torch.float32)
    >>> bool((draws.of([70, 3], 0)[1] == draws.of([3], 0)[0]).all())
    True
    """

    def __init__(
        self,
        generator: torch.Generator,
        shape: Sequence[int],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._source = require_generator(generator).device
        self._seed = draw_seed(generator)
        self._shape = tuple(shape)
        self._device = device
        self._dtype = dtype
        self._last: tuple[tuple[int, int], Tensor] | None = None

    def of(self, images: Sequence[int], run: int) -> Tensor:
        """Return the directions of images, given by their places in the data set."""
        made = torch.empty((len(images), *self._shape), device=self._device, dtype=self._dtype)
        rows: dict[int, tuple[list[int], list[int]]] = {}
        for row, image in enumerate(images):
            here, there = rows.setdefault(image // BLOCK, ([], []))
            here.append(row)
            there.append(image % BLOCK)
        for block, (here, there) in rows.items():
            drawn = self._block(block, run)
            target = torch.tensor(here, device=self._device)
            made[target] = drawn[torch.tensor(there, device=self._device)]
        return made

    def _block(self, block: int, run: int) -> Tensor:
        if self._last is None or self._last[0] != (block, run):
            generator = make_generator(
                derive_seed(self._seed, "directions"), run, block, device=self._source
            )
            shape = (BLOCK, *self._shape)
            drawn = uniform(
                shape, -1, 1, generator=generator, device=self._device, dtype=self._dtype
            )
            self._last = ((block, run), drawn)
        return self._last[1]
