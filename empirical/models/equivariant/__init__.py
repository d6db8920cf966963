"""Networks equivariant to quarter turns (p4) and mirrors (p4m).

Feature maps over a group G have the shape (B, channels * order, H, W), the group index running
fastest; order is the number of elements of G. `to_equivariant` makes the twin of a plain
network; `equivariance_error` measures how equivariant it is, `exactness_report` says which
layers keep it from being exact. Layers and groups are those of Cohen and Welling, Group
Equivariant Convolutional Networks, ICML 2016, sections 4 and 6.
"""

from .convolution import GroupConv2d, LiftingConv2d
from .exactness import equivariance_error, exactness_report, invariance_error
from .groups import P4, P4M, Group, get_group
from .layers import (
    GroupBatchNorm2d,
    GroupDropout2d,
    GroupGroupNorm,
    GroupPool,
    PooledLinear,
    WholeMapLinear,
)
from .twin import to_equivariant
from .walk import Break, declare_paths

__all__ = [
    "P4",
    "P4M",
    "Break",
    "Group",
    "GroupBatchNorm2d",
    "GroupConv2d",
    "GroupDropout2d",
    "GroupGroupNorm",
    "GroupPool",
    "LiftingConv2d",
    "PooledLinear",
    "WholeMapLinear",
    "declare_paths",
    "equivariance_error",
    "exactness_report",
    "get_group",
    "invariance_error",
    "to_equivariant",
]
