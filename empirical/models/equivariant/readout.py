"""Linear layers at the end of a network over a group, that no element of it changes.

Both read flattened maps (B, channels * order * rows * columns), channels first.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ....checks import check_integer, choose
from .convolution import restore_index
from .groups import Group, get_group
from .layers import GroupPool


class PooledLinear(nn.Linear):
    """A linear layer on maps of one place, pooled over the group first.

    So end the invariant heads of networks whose maps are averaged over space.

    Parameters
    ----------
    in_channels, out_features : int
        Channels, not counting the elements of the group; outputs.
    bias : bool
        Whether there is a bias.
    group : {"p4", "p4m"} or Group
        The group.
    pool : {"max", "mean"}
        What to take over the group.

    Raises
    ------
    InputError
        If the group or `pool` is unknown.

    References
    ----------
    Cohen and Welling, Group Equivariant Convolutional Networks, ICML 2016, section 6 (pooling
    over the group).

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
    maps, and no element of the group changes what it returns. It is a :class:`GroupConv2d`
    whose filter covers the map; turning the maps, not the weights, is the same and cheaper.

    Parameters
    ----------
    in_channels, out_features : int
        Channels, not counting the elements of the group; outputs.
    side : int
        Rows, and columns, of the maps.
    bias : bool
        Whether there is a bias.
    group : {"p4", "p4m"} or Group
        The group.
    pool : {"max", "mean"}
        What to take over the group.

    Raises
    ------
    InputError
        If a number is out of range, or the group or `pool` is unknown.

    References
    ----------
    Cohen and Welling, Group Equivariant Convolutional Networks, ICML 2016, section 6.

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
        self.kind = choose("pool", pool, ("max", "mean"))
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
