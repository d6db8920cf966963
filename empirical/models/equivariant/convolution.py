"""Convolutions from images to maps over a group, and between maps over a group.

Feature maps over a group G have the shape (B, channels * order, H, W), order being the number of
elements of G; channel c at element g is number c * order + g. A layer keeps one filter a channel
and expands it to the filters of all elements by a single gather; what follows is one ordinary
convolution, so that its speed, memory format, precision and export are those of
`torch.nn.functional.conv2d`. On CUDA the gradient's sum over the group is made by atomic
additions, of which torch.use_deterministic_algorithms fixes the order.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ....checks import check_integer, choose
from ....errors import InputError
from .groups import Group, get_group

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
Pair = int | tuple[int, int]


class _Convolution(nn.Module):
    """What both convolutions share: a compact weight, its expansion, one conv2d."""

    index: Tensor
    #: Whether it reads images, whose channels have one map each.
    lifts = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        group: str | Group = "p4",
        smoothing: int = 1,
    ) -> None:
        super().__init__()
        self.group = get_group(group)
        self.in_channels = check_integer("in_channels", in_channels, minimum=1)
        self.out_channels = check_integer("out_channels", out_channels, minimum=1)
        self.kernel_size = _square("kernel_size", kernel_size, minimum=1)
        self.stride = _square("stride", stride, minimum=1)
        self.dilation = _square("dilation", dilation, minimum=1)
        self.padding = _square("padding", padding, minimum=0)
        self.groups = check_integer("groups", groups, minimum=1)
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                raise InputError(name, f"be a multiple of groups = {groups}", getattr(self, name))
        self.padding_mode = choose("padding_mode", padding_mode, _PADDING_MODES)
        self.smoothing = check_integer("smoothing", smoothing, minimum=1)
        if self.smoothing > 1 and self.dilation > 1:
            raise InputError("smoothing", "be 1 for a dilated filter", smoothing)
        # Four axes, as every tool that treats weights of convolutions expects.
        maps_in = self.in_channels // self.groups * self.order_in
        shape = (self.out_channels, maps_in, self.kernel_size, self.kernel_size)
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(self.out_channels)) if bias else None
        self.register_buffer("index", self._make_index(), persistent=False)
        self.register_load_state_dict_post_hook(restore_index)  # type: ignore[no-untyped-call]
        self.reset_parameters()

    @property
    def order_in(self) -> int:
        """Number of maps that a channel has in the input: the order of the group, 1 for images."""
        return 1 if self.lifts else self.group.order

    @property
    def smooths_input(self) -> bool:
        """Whether the input is averaged, not the filter: far cheaper for a 1x1 filter."""
        return self.smoothing > 1 and self.kernel_size == 1 and self.padding == 0

    @property
    def _width(self) -> int:
        """Side of the expanded filter."""
        return self.kernel_size + (0 if self.smooths_input else self.smoothing - 1)

    def reset_parameters(self) -> None:
        """Draw both uniformly in +-1/sqrt(fan-in) of the expanded filter, as torch's Conv2d."""
        with torch.no_grad():
            bound = 1 / math.sqrt(self.weight[0].numel())
            self.weight.uniform_(-bound, bound)
            if self.bias is not None:
                self.bias.uniform_(-bound, bound)
            # A layer made on the meta device and then emptied has lost its index as well.
            self.index.copy_(self._make_index())

    def _make_index(self) -> Tensor:
        """Return where each entry of the expanded filter is found in the compact one.

        Entry (g, i, h, p) of the expansion is entry (i, g^-1 h, T_g p) of the compact filter;
        all axes are flattened on both sides.
        """
        group, order, channels = self.group, self.order_in, self.in_channels // self.groups
        places = self._width**2
        # On the CPU whatever the default device: a table made on "meta" would hold nothing.
        source = torch.zeros(group.order, 1, dtype=torch.int64, device="cpu")
        if order > 1:
            source = torch.stack([group.source(g) for g in range(group.order)])
        fields = torch.arange(channels, device="cpu").view(1, channels, 1, 1) * order
        fields = (fields + source.view(group.order, 1, order, 1)) * places
        permuted = group.filter_permutation(self._width).view(group.order, 1, 1, places)
        return (fields + permuted).flatten().to(self.weight.device)

    def expanded_weight(self) -> Tensor:
        """Return the filters of all group elements, as conv2d takes them.

        Shape (out_channels * order, in_channels / groups * order_in, k, k).
        """
        weight: Tensor = self.weight
        if self._width > self.kernel_size:
            padded = F.pad(weight, (self.smoothing - 1,) * 4)
            weight = F.avg_pool2d(padded, self.smoothing, 1)
        expanded = weight.flatten(1).index_select(1, self.index)
        rows = self.out_channels * self.group.order
        expanded = expanded.view(rows, -1, self._width, self._width)
        if self.weight.is_contiguous():
            return expanded
        return expanded.contiguous(memory_format=torch.channels_last)  # as the compact one

    def expanded_bias(self) -> Tensor | None:
        """Return the bias of every map, shape (out_channels * order,), or None."""
        return repeated(self.bias, self.group.order)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps (B, out_channels * order, H', W') of (B, in_channels * order_in, H, W)."""
        if x.ndim != 4 or x.shape[1] != self.in_channels * self.order_in:
            rule = f"have shape (B, {self.in_channels * self.order_in}, H, W)"
            raise InputError("x", rule, f"shape {tuple(x.shape)}")
        stride = self.stride
        if self.smooths_input:
            x, stride = F.avg_pool2d(x, self.smoothing, stride), 1
        padding = self.padding
        if padding and self.padding_mode != "zeros":
            x, padding = F.pad(x, (padding,) * 4, mode=self.padding_mode), 0
        weight, bias = self.expanded_weight(), self.expanded_bias()
        return F.conv2d(x, weight, bias, stride, padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        defaults = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        for name, default in {**defaults, "padding_mode": "zeros", "smoothing": 1}.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        text += ", bias=False" if self.bias is None else ""
        return f"{text}, group={self.group}"


class LiftingConv2d(_Convolution):
    """Convolution from images to maps over a group: every filter in all its orientations.

    out[c, g] = b[c] + sum_i (T_g w[c, i]) * x[i], where * is the cross-correlation of
    `torch.nn.functional.conv2d`. Transforming the image by h transforms the result by h (see
    :meth:`Group.act`), exactly up to rounding, if the windows fit the image: size + 2 padding -
    dilation (kernel_size - 1) - 1 must be a multiple of the stride (see
    :func:`exactness_report`).

    The weight is (out_channels, in_channels / groups, k, k), the bias (out_channels,), shared by
    the elements of the group; windows are square.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the images, and of the maps over the group (not counting its elements).
    kernel_size, stride, padding, dilation, groups, bias, padding_mode
        As in `torch.nn.Conv2d`.
    group : {"p4", "p4m"} or Group
        The group.
    smoothing : int
        Average every filter over smoothing x smoothing places, which makes it that much
        larger: a stride s with smoothing s is a convolution of stride 1 followed by s x s
        average pooling, at the cost of a strided one.

    Examples
    --------
    >>> LiftingConv2d(1, 10, 3)(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 40, 26, 26])
    """

    lifts = True


class GroupConv2d(_Convolution):
    """Convolution between maps over a group.

    out[c, g] = b[c] + sum_i sum_h (T_g w[c, i, g^-1 h]) * x[i, h]. It commutes with the action
    of the group under the condition given for :class:`LiftingConv2d`, whose parameters it has.
    The weight is (out_channels, in_channels / groups * order, k, k), the group index fastest.

    Examples
    --------
    >>> layer = GroupConv2d(10, 20, 3, group="p4m")
    >>> layer(torch.zeros(2, 80, 10, 10)).shape, layer.weight.shape
    (torch.Size([2, 160, 8, 8]), torch.Size([20, 80, 3, 3]))
    """


def restore_index(module: Any, _: object) -> None:
    """Make the index again where a layer on the meta device has been assigned its weights."""
    if module.index.is_meta and not module.weight.is_meta:
        module.index = module._make_index()


def repeated(values: Tensor | None, order: int) -> Tensor | None:
    """Return one value a channel (C,) repeated for every element: (C * order,)."""
    return None if values is None else values.unsqueeze(1).expand(-1, order).reshape(-1)


def _square(argument: str, value: Pair, *, minimum: int) -> int:
    if isinstance(value, tuple | list):
        if len(value) != 2 or value[0] != value[1]:
            hint = "A quarter turn exchanges rows and columns."
            raise InputError(argument, "be the same for rows and columns", value, hint)
        value = value[0]
    return check_integer(argument, value, minimum=minimum)
