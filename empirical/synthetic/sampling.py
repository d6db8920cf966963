"""Samples as tensors, one stream a training seed, and random shifts up to a range.

A random shift up to a range is what a random rotation up to an angle is for images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...checks import check_integer, check_real
from ...theory.distribution import CodeGaussian
from .setting import Floats


class Draw(NamedTuple):
    """Samples of several streams.

    `x` are the coordinates x_1..x_d, float32 (streams, size, d); `x0` and the labels `y` are
    -1 and +1, float32 (streams, size).
    """

    x: Tensor
    x0: Tensor
    y: Tensor

    def take(self, index: Tensor) -> Draw:
        """Return samples by number, `index` of shape (streams, count)."""
        rows = index[..., None].expand(*index.shape, self.x.shape[-1])
        return Draw(self.x.gather(1, rows), self.x0.gather(1, index), self.y.gather(1, index))


def draw(dist: CodeGaussian, size: int, generators: Sequence[torch.Generator]) -> Draw:
    """Return `size` samples (X, Y) of the stream of each of the `generators`."""
    normals, uniforms = [], []
    for generator in generators:
        normals.append(torch.randn((size, dist.d), generator=generator))
        uniforms.append(torch.rand((2, size), generator=generator))
    drawn = torch.stack(uniforms)
    y = torch.where(drawn[:, 0] < 0.5, -1.0, 1.0)
    x0 = torch.where(drawn[:, 1] < dist.p, y, -y)
    mean = torch.tensor(dist.mean, dtype=torch.float32)
    return Draw(torch.stack(normals).addcmul_(y[..., None], mean), x0, y)


def shift_law(n_shifts: int, angle: float) -> Floats:
    """Return the law, (n,), of the shift that stands for a rotation drawn from U[-angle, angle].

    The n shifts are the turns by 360/n degrees; an angle, in degrees of [0, 180], stands for
    the nearest turn. At 180 all shifts are equally likely, which is the theory's random shift.

    Examples
    --------
    >>> shift_law(2, 180), shift_law(2, 120), shift_law(2, 90)
    (array([0.5, 0.5]), array([0.75, 0.25]), array([1., 0.]))
    """
    n = check_integer("n_shifts", n_shifts, minimum=1)
    reach = check_real("angle", angle, low=0, high=180) * n / 360
    law = np.zeros(n)
    if reach <= 0.5:
        law[0] = 1.0
        return law
    turns = np.arange(-n, n + 1)
    inside = np.minimum(turns + 0.5, reach) - np.maximum(turns - 0.5, -reach)
    np.add.at(law, turns % n, np.maximum(inside, 0) / (2 * reach))
    return law


def nearest_shift(position: Tensor, angle: Tensor, n_shifts: int) -> Tensor:
    """Return the shift, int64 in [0, n), of an angle: position in [-1, 1) times the largest."""
    return torch.round(position * (angle * (n_shifts / 360))).long() % n_shifts


def turn(x: Tensor, j: Tensor, n_shifts: int) -> Tensor:
    """Return r_j x for every row of x, (..., d), and j, (...) int64 in [0, n).

    Coordinate t of the result is that of t + m j: :meth:`spadv.theory.CodeGaussian.rotate`
    without x0.
    """
    blocks = x.reshape(*x.shape[:-1], n_shifts, -1)
    if n_shifts == 2:
        return torch.where((j == 1)[..., None, None], blocks.flip(-2), blocks).flatten(-2)
    index = (j[..., None] + torch.arange(n_shifts, device=x.device)) % n_shifts
    return torch.take_along_dim(blocks, index[..., None], dim=-2).flatten(-2)
