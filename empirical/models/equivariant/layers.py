"""Normalisation, dropout, pooling and linear layers on maps over a group.

Maps have the shape (B, channels * order, H, W), the group index running fastest; order is the
number of elements of the group, 4 or 8.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ....checks import check_integer, check_real, choose
from ....errors import InputError
from .groups import Group, get_group, split_group

_POOLS = ("max", "mean")


def check_maps(x: Tensor, channels: int | None, group: Group) -> None:
    """Raise InputError unless x is (B, channels * order, ...) for any rest of its shape."""
    wrong = x.ndim < 2 or x.shape[1] % group.order
    if channels is None:
        if wrong:
            rule = f"have a multiple of {group.order} channels"
            raise InputError("x", rule, f"shape {tuple(x.shape)}")
    elif wrong or x.shape[1] != channels * group.order:
        rule = f"have {channels} channels of {group.order} elements each"
        raise InputError("x", rule, f"shape {tuple(x.shape)}")


class GroupBatchNorm2d(nn.Module):
    """Batch normalisation with statistics and affine parameters shared over the group.

    It is `torch.nn.BatchNorm2d` of the maps viewed as (B, channels, order * H, W), which is how
    the layer computes; the BatchNorm2d is its child `norm`, so that
    `SyncBatchNorm.convert_sync_batchnorm` and rules for batch-norm parameters find it. In
    training mode maps in the channels-last format are copied to be joined, and the result is
    contiguous; in evaluation mode every format is kept.

    Parameters
    ----------
    num_features : int
        Channels, not counting the elements of the group.
    eps, momentum, affine, track_running_stats
        As in `torch.nn.BatchNorm2d`.
    group : {"p4", "p4m"} or Group
        The group.
    device, dtype
        As in `torch.nn.BatchNorm2d`.

    Raises
    ------
    InputError
        If `num_features` is not an integer of at least 1, or the group is unknown.

    References
    ----------
    Cohen and Welling, Group Equivariant Convolutional Networks, ICML 2016.

    Examples
    --------
    >>> GroupBatchNorm2d(10)(torch.zeros(2, 40, 5, 5)).shape
    torch.Size([2, 40, 5, 5])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        group: str | Group = "p4",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.group = get_group(group)
        self.num_features = check_integer("num_features", num_features, minimum=1)
        self.norm: nn.Module = nn.BatchNorm2d(
            num_features, eps, momentum, affine, track_running_stats, device=device, dtype=dtype
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return maps `x` of shape (B, num_features * order, H, W) normalised."""
        check_maps(x, self.num_features, self.group)
        order, rows = self.group.order, x.shape[-2]
        norm = self.norm
        if isinstance(norm, nn.BatchNorm2d) and norm.track_running_stats and not norm.training:
            return self._evaluate(x, norm)
        joined = x.reshape(x.shape[0], self.num_features, order * rows, x.shape[-1])
        return cast(Tensor, norm(joined)).view(x.shape)

    def _evaluate(self, x: Tensor, norm: nn.BatchNorm2d) -> Tensor:
        """Normalise by repeated statistics, which suits every memory format."""
        named = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        mean, var, weight, bias = (shared_over_group(v, self.group.order) for v in named)
        return F.batch_norm(x, mean, var, weight, bias, eps=norm.eps)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        return f"group={self.group}"


class GroupPool(nn.Module):
    """Pool over the group: (B, channels * order, ...) to (B, channels, ...).

    Transforming the input by an element (see :meth:`Group.act`) transforms the result as an
    image; where space is gone, or is pooled next, the result does not change at all. Gradients
    of tied maxima are shared evenly, so that they are equivariant, too.

    Parameters
    ----------
    group : {"p4", "p4m"} or Group
        The group.
    kind : {"max", "mean"}
        What to take over the elements.

    Raises
    ------
    InputError
        If the group or the kind is unknown.

    References
    ----------
    Cohen and Welling, Group Equivariant Convolutional Networks, ICML 2016, section 6.

    Examples
    --------
    >>> GroupPool("p4")(torch.arange(8.0).view(1, 8))
    tensor([[3., 7.]])
    """

    def __init__(self, group: str | Group = "p4", kind: str = "max") -> None:
        super().__init__()
        self.group = get_group(group)
        self.kind = choose("kind", kind, _POOLS)

    def forward(self, x: Tensor) -> Tensor:
        """Return the maximum or mean of `x` over the elements of the group, (B, channels, ...)."""
        check_maps(x, None, self.group)
        split = split_group(x, self.group)
        return split.amax(2) if self.kind == "max" else split.mean(2)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        return f"{self.group}, kind={self.kind!r}"


class GroupGroupNorm(nn.Module):
    """Group normalisation in which a channel comes with all its elements of the group.

    The statistics of an image go over the channels of one of `num_groups` groups, their
    elements and places; with as many groups as channels it is instance normalisation.

    Parameters
    ----------
    num_groups : int
        Groups of channels; must divide `num_channels`.
    num_channels : int
        Channels, not counting the elements of the point group.
    eps : float
        Added to the variance.
    affine : bool
        Whether each channel has a weight and a bias, shared by its elements.
    group : {"p4", "p4m"} or Group
        The point group.

    Raises
    ------
    InputError
        If a number is out of range, `num_groups` does not divide `num_channels`, or the group is
        unknown.

    References
    ----------
    Wu and He, Group Normalization, ECCV 2018, with the statistics shared over the point group.

    Examples
    --------
    >>> GroupGroupNorm(2, 10)(torch.zeros(2, 40, 5, 5)).shape
    torch.Size([2, 40, 5, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        group: str | Group = "p4",
    ) -> None:
        super().__init__()
        self.group = get_group(group)
        self.num_groups = check_integer("num_groups", num_groups, minimum=1)
        self.num_channels = check_integer("num_channels", num_channels, minimum=1)
        if self.num_channels % self.num_groups:
            raise InputError("num_channels", f"be a multiple of {num_groups}", num_channels)
        self.eps = check_real("eps", eps, low=0)
        if affine:
            self.weight = nn.Parameter(torch.ones(self.num_channels))
            self.bias = nn.Parameter(torch.zeros(self.num_channels))
        else:
            self.register_parameter("weight", None)
            self.register_parameter("bias", None)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps `x` of shape (B, num_channels * order, H, W) normalised."""
        check_maps(x, self.num_channels, self.group)
        weight, bias = (shared_over_group(p, self.group.order) for p in (self.weight, self.bias))
        return F.group_norm(x, self.num_groups, weight, bias, self.eps)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        affine = self.weight is not None
        return f"{self.num_groups}, {self.num_channels}, affine={affine}, group={self.group}"


class GroupDropout2d(nn.Module):
    """Dropout of whole channels, with all their elements of the group.

    Dropping one element of a channel and not another would break the equivariance of every
    single draw. In evaluation mode it does nothing.

    Parameters
    ----------
    p : float
        Probability, in [0, 1], that a channel of an image is dropped; the others are divided
        by 1 - p.
    group : {"p4", "p4m"} or Group
        The group.

    Raises
    ------
    InputError
        If `p` is out of range or the group is unknown.

    References
    ----------
    Tompson et al., Efficient Object Localization Using Convolutional Networks, CVPR 2015 (dropout
    of whole channels), with the elements of a channel dropped together.

    Examples
    --------
    >>> GroupDropout2d(0.5).eval()(torch.ones(1, 4, 1, 1)).flatten()
    tensor([1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, group: str | Group = "p4") -> None:
        super().__init__()
        self.group = get_group(group)
        self.p = check_real("p", p, low=0, high=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps `x` of shape (B, channels * order, H, W) with channels dropped."""
        check_maps(x, None, self.group)
        if not self.training or self.p == 0:
            return x
        order = self.group.order
        kept = F.dropout(x.new_ones(x.shape[0], x.shape[1] // order, 1), self.p)
        return x * kept.expand(-1, -1, order).reshape(*x.shape[:2], 1, 1)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        return f"p={self.p}, group={self.group}"


def shared_over_group(values: Tensor | None, order: int) -> Tensor | None:
    """Return one value a channel (C,) repeated for every element: (C * order,)."""
    return None if values is None else values.unsqueeze(1).expand(-1, order).reshape(-1)
