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
from .convolution import repeated, restore_index
from .groups import Group, get_group, split_group

POOLS = ("max", "mean")


def _check_maps(x: Tensor, channels: int | None, group: Group) -> None:
    """Raise InputError unless x is (B, channels * order, ...) for any rest of its shape."""
    wrong = x.ndim < 2 or x.shape[1] % group.order
    if channels is None and wrong:
        raise InputError("x", f"have a multiple of {group.order} channels", f"shape {x.shape}")
    if channels is not None and (wrong or x.shape[1] != channels * group.order):
        rule = f"have {channels} channels of {group.order} elements each"
        raise InputError("x", rule, f"shape {tuple(x.shape)}")


class GroupBatchNorm2d(nn.Module):
    """Batch normalisation with statistics and affine parameters shared over the group.

    It is `torch.nn.BatchNorm2d` of the maps viewed as (B, channels, order * H, W), which is how
    the layer computes; the BatchNorm2d is its child `norm`, so that
    `SyncBatchNorm.convert_sync_batchnorm` and rules for batch-norm parameters find it. In
    training mode maps in the channels-last format are copied to be joined, and the result is
    contiguous; in evaluation mode every format is kept. The parameters are those of
    `torch.nn.BatchNorm2d`; `num_features` does not count the elements of the group.

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
    ) -> None:
        super().__init__()
        self.group = get_group(group)
        self.num_features = check_integer("num_features", num_features, minimum=1)
        self.norm: nn.Module = nn.BatchNorm2d(
            num_features, eps, momentum, affine, track_running_stats
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return maps `x` of shape (B, num_features * order, H, W) normalised."""
        _check_maps(x, self.num_features, self.group)
        order, norm = self.group.order, self.norm
        if isinstance(norm, nn.BatchNorm2d) and norm.track_running_stats and not norm.training:
            # Repeated statistics suit every memory format.
            named = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
            mean, var, weight, bias = (repeated(values, order) for values in named)
            return F.batch_norm(x, mean, var, weight, bias, eps=norm.eps)
        joined = x.reshape(x.shape[0], self.num_features, order * x.shape[-2], x.shape[-1])
        return cast(Tensor, norm(joined)).view(x.shape)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        return f"group={self.group}"


class GroupGroupNorm(nn.Module):
    """Group normalisation in which a channel comes with all its elements of the group.

    The statistics of an image go over the channels of one of `num_groups` groups (Wu and He, ECCV
    2018), their elements and places; with as many groups as channels it is instance normalisation.
    The parameters are those of `torch.nn.GroupNorm`, shared by the elements of a channel.

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
        self.weight = nn.Parameter(torch.ones(self.num_channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(self.num_channels)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """Return maps `x` of shape (B, num_channels * order, H, W) normalised."""
        _check_maps(x, self.num_channels, self.group)
        weight, bias = (repeated(values, self.group.order) for values in (self.weight, self.bias))
        return F.group_norm(x, self.num_groups, weight, bias, self.eps)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        affine = self.weight is not None
        return f"{self.num_groups}, {self.num_channels}, affine={affine}, group={self.group}"


class GroupDropout2d(nn.Module):
    """Dropout of whole channels, with all their elements of the group.

    Dropping one element of a channel and not another would break the equivariance of every
    single draw.

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
        _check_maps(x, None, self.group)
        if not self.training or self.p == 0:
            return x
        order = self.group.order
        kept = F.dropout(x.new_ones(x.shape[0], x.shape[1] // order, 1), self.p)
        return x * kept.expand(-1, -1, order).reshape(*x.shape[:2], 1, 1)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        return f"p={self.p}, group={self.group}"


class GroupPool(nn.Module):
    """Maximum or mean over the group: (B, channels * order, ...) to (B, channels, ...).

    Transforming the input by an element (see :meth:`Group.act`) transforms the result as an
    image; where space is gone, or is pooled next, the result does not change at all. Gradients
    of tied maxima are shared evenly, so that they are equivariant, too.

    Examples
    --------
    >>> GroupPool("p4")(torch.arange(8.0).view(1, 8))
    tensor([[3., 7.]])
    """

    def __init__(self, group: str | Group = "p4", kind: str = "max") -> None:
        super().__init__()
        self.group = get_group(group)
        self.kind = choose("kind", kind, POOLS)

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` of shape (B, channels * order, ...) pooled: (B, channels, ...)."""
        _check_maps(x, None, self.group)
        split = split_group(x, self.group)
        return split.amax(2) if self.kind == "max" else split.mean(2)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        return f"{self.group}, kind={self.kind!r}"


class PooledLinear(nn.Linear):
    """A linear layer on maps of one place, (B, in_channels * order), pooled over the group first.

    So end the invariant heads of networks whose maps are averaged over space.

    Examples
    --------
    >>> PooledLinear(256, 10)(torch.zeros(2, 1024)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        in_channels: int,
        out_features: int,
        bias: bool = True,
        *,
        group: str | Group = "p4",
        pool: str = "max",
    ) -> None:
        super().__init__(in_channels, out_features, bias)
        self.pool = GroupPool(group, pool)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out_features) for `x` of shape (B, in_channels * order)."""
        return super().forward(self.pool(x))


class WholeMapLinear(nn.Linear):
    """A linear layer on flattened maps in all orientations, pooled over the group last.

    out = pool over g of W (T_g x) + b: it has the weights of a linear layer on the flattened
    maps (B, channels * order * side * side), and no element of the group changes what it
    returns. It is a :class:`GroupConv2d` whose filter covers the map; turning the maps, not the
    weights, is the same and cheaper.

    Examples
    --------
    >>> WholeMapLinear(20, 50, 4)(torch.zeros(2, 20 * 4 * 16)).shape
    torch.Size([2, 50])
    """

    index: Tensor

    def __init__(
        self,
        in_channels: int,
        out_features: int,
        side: int,
        bias: bool = True,
        *,
        group: str | Group = "p4",
        pool: str = "max",
    ) -> None:
        self.group = get_group(group)
        self.side = check_integer("side", side, minimum=1)
        in_channels = check_integer("in_channels", in_channels, minimum=1)
        super().__init__(in_channels * self.group.order * side * side, out_features, bias)
        self.kind = choose("pool", pool, POOLS)
        self.register_buffer("index", self._make_index(), persistent=False)
        self.register_load_state_dict_post_hook(restore_index)  # type: ignore[no-untyped-call]

    def reset_parameters(self) -> None:
        """Draw weight and bias as `torch.nn.Linear` does."""
        super().reset_parameters()
        if hasattr(self, "index"):  # else the constructor makes it next
            with torch.no_grad():
                self.index.copy_(self._make_index())

    def _make_index(self) -> Tensor:
        """Return where the flattened maps transformed by each element come from."""
        places = torch.arange(self.in_features, device="cpu").view(1, -1, self.side, self.side)
        turned = [self.group.act(places, g).flatten() for g in range(self.group.order)]
        return torch.cat(turned).to(self.weight.device)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out_features) for `x` of shape (B, in_channels * order * side * side)."""
        turned = x.index_select(1, self.index).view(-1, self.group.order, self.in_features)
        out = super().forward(turned)
        return out.amax(1) if self.kind == "max" else out.mean(1)
