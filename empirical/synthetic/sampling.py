"""Samples of the Gaussian-plus-x0 distribution as tensors, one stream a training seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ...checks import check_integer
from ...theory.distribution import CodeGaussian


class Draw(NamedTuple):
    """Samples of several streams.

    Attributes
    ----------
    x : Tensor, shape (streams, size, d)
        Coordinates x_1..x_d, float32.
    x0 : Tensor, shape (streams, size)
        -1 and +1.
    y : Tensor, shape (streams, size)
        Labels -1 and +1, float32.
    """

    x: Tensor
    x0: Tensor
    y: Tensor

    def take(self, index: Tensor) -> Draw:
        """Return samples by number, `index` of shape (streams, count)."""
        rows = index[..., None].expand(*index.shape, self.x.shape[-1])
        return Draw(self.x.gather(1, rows), self.x0.gather(1, index), self.y.gather(1, index))


class Source:
    """Draws (X, Y) of a :class:`spadv.theory.CodeGaussian` from torch generators.

    Parameters
    ----------
    dist : CodeGaussian
        The distribution.

    Examples
    --------
    >>> source = Source(CodeGaussian([1, 1, -1, 1], 0.7))
    >>> source.draw(5, [torch.Generator().manual_seed(0)]).x.shape
    torch.Size([1, 5, 4])
    """

    def __init__(self, dist: CodeGaussian) -> None:
        self.dist = dist
        self.mean = torch.tensor(dist.mean, dtype=torch.float32)

    def draw(self, size: int, generators: Sequence[torch.Generator]) -> Draw:
        """Return `size` samples of the stream of each of the `generators`.

        Raises
        ------
        InputError
            If `size` is not an integer of at least 0.
        """
        size = check_integer("size", size, minimum=0)
        normals, uniforms = [], []
        for generator in generators:
            normals.append(torch.randn((size, self.dist.d), generator=generator))
            uniforms.append(torch.rand((2, size), generator=generator))
        drawn = torch.stack(uniforms)
        y = torch.where(drawn[:, 0] < 0.5, -1.0, 1.0)
        x0 = torch.where(drawn[:, 1] < self.dist.p, y, -y)
        return Draw(torch.stack(normals).addcmul_(y[..., None], self.mean), x0, y)
