"""Halving a feature map so that it commutes with turns and mirrors."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class SymmetricHalve(nn.Module):
    """Halve maps (B, C, H, W) so that turning first or halving first is the same.

    A stride-2 convolution keeps the pixels 0, 2, 4, ...; on a side of even length that choice
    is not symmetric, and a group network is no longer equivariant. Here an even side is
    averaged in pairs, and an odd side keeps every second pixel, which is symmetric.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return maps of shape (B, C, ceil(H/2), ceil(W/2)); square maps are meant."""
        return F.avg_pool2d(x, 2) if x.shape[-1] % 2 == 0 else x[..., ::2, ::2]
