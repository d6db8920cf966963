"""Networks equivariant to quarter turns (p4) and mirrors (p4m)."""

from __future__ import annotations

from .convolution import GroupConv2d, LiftingConv2d
from .groups import P4, P4M, Group, get_group
from .layers import GroupBatchNorm2d, GroupPool

__all__ = [
    "P4",
    "P4M",
    "Group",
    "GroupBatchNorm2d",
    "GroupConv2d",
    "GroupPool",
    "LiftingConv2d",
    "get_group",
]
