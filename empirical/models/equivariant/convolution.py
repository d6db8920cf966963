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
from .layers import shared_over_group

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
Pair = int | tuple[int, int]


class _GroupConvolution(nn.Module):
    """What both convolutions share: a compact weight, its expansion, one conv2d."""

    index: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair | str = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        group: str | Group = "p4",
        smoothing: int = 1,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.group = get_group(group)
        self.in_channels = check_integer("in_channels", in_channels, minimum=1)
        self.out_channels = check_integer("out_channels", out_channels, minimum=1)
        self.kernel_size = square("kernel_size", kernel_size, minimum=1)
        self.stride = square("stride", stride, minimum=1)
        self.dilation = square("dilation", dilation, minimum=1)
        self.padding = _padding(padding, self.kernel_size, self.dilation, self.stride)
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
        self.weight = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = nn.Parameter(torch.empty(self.out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.register_buffer("index", self._make_index(), persistent=False)
        self.register_load_state_dict_post_hook(restore_index)  # type: ignore[no-untyped-call]
        self.reset_parameters()

    @property
    def order_in(self) -> int:
        """Number of maps that a channel has in the input: 1 for images."""
        raise NotImplementedError

    @property
    def _width(self) -> int:
        # A 1x1 filter is not smoothed itself: averaging the input first is far cheaper.
        grown = self.smoothing - 1 if self._smooths_filter else 0
        return self.kernel_size + grown

    @property
    def _smooths_filter(self) -> bool:
        return self.smoothing > 1 and (self.kernel_size > 1 or self.padding > 0)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw weight and bias as torch's Conv2d does, with the fan-in of the expanded filter.

        Uniform in +-1/sqrt(fan-in) for a fan-in of in_channels/groups * order_in * k * k; see
        :attr:`order_in`.

        Parameters
        ----------
        generator : torch.Generator, optional
            Where to draw from, on the device of the weight; torch's global state if None, as
            in every torch layer.
        """
        with torch.no_grad():
            bound = 1 / math.sqrt(self.weight[0].numel())
            self.weight.uniform_(-bound, bound, generator=generator)
            if self.bias is not None:
                self.bias.uniform_(-bound, bound, generator=generator)
            # A layer made on the meta device and then emptied has lost its index as well.
            self.index.copy_(self._make_index())

    def _make_index(self) -> Tensor:
        """Return where each entry of the expanded filter is in the compact one."""
        size = (self.order_in, self.in_channels // self.groups, self._width)
        return _expansion(self.group, *size).to(self.weight.device)

    def expanded_weight(self) -> Tensor:
        """Return the filters of all group elements, as conv2d takes them.

        Returns
        -------
        Tensor
            Shape (out_channels * order, in_channels / groups * order_in, k, k).
        """
        weight: Tensor = self.weight
        if self._smooths_filter:
            weight = _smooth(weight, self.smoothing)
        chosen = weight.flatten(1).index_select(1, self.index)
        rows = self.out_channels * self.group.order
        return chosen.view(rows, -1, self._width, self._width)

    def expanded_bias(self) -> Tensor | None:
        """Return the bias of every map, shape (out_channels * order,), or None."""
        return shared_over_group(self.bias, self.group.order)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps over the group.

        Parameters
        ----------
        x : Tensor
            Shape (B, in_channels * order_in, H, W).

        Returns
        -------
        Tensor
            Shape (B, out_channels * order, H', W').
        """
        if x.ndim != 4 or x.shape[1] != self.in_channels * self.order_in:
            rule = f"have shape (B, {self.in_channels * self.order_in}, H, W)"
            raise InputError("x", rule, f"shape {tuple(x.shape)}")
        stride = self.stride
        if self.smoothing > 1 and not self._smooths_filter:
            x, stride = F.avg_pool2d(x, self.smoothing, stride), 1
        padding = self.padding
        if padding and self.padding_mode != "zeros":
            x, padding = F.pad(x, (padding,) * 4, mode=self.padding_mode), 0
        weight, bias = self.expanded_weight(), self.expanded_bias()
        return F.conv2d(x, weight, bias, stride, padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        for name, default in (
            ("stride", 1),
            ("padding", 0),
            ("dilation", 1),
            ("groups", 1),
            ("padding_mode", "zeros"),
            ("smoothing", 1),
        ):
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        text += ", bias=False" if self.bias is None else ""
        return f"{text}, group={self.group}"


class LiftingConv2d(_GroupConvolution):
    """Convolution from images to maps over a group: every filter in all its orientations.

    out[c, g] = b[c] + sum_i (T_g w[c, i]) * x[i], where * is the cross-correlation of
    `torch.nn.functional.conv2d`. Transforming the image by h transforms the result by h (see
    :meth:`Group.act`), exactly up to rounding, if the windows fit the image: size + 2 padding -
    dilation (kernel_size - 1) - 1 must be a multiple of the stride (see
    :func:`exactness_report`).

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the images, and of the maps over the group (not counting its elements).
    kernel_size, stride, padding, dilation, groups, bias, padding_mode
        As in `torch.nn.Conv2d`, but square.
    group : {"p4", "p4m"} or Group
        The group.
    smoothing : int
        Average every filter over smoothing x smoothing places, which makes it that much
        larger: a stride s with smoothing s is a convolution of stride 1 followed by s x s
        average pooling, at the cost of a strided one.
    device, dtype
        As in `torch.nn.Conv2d`.

    Attributes
    ----------
    weight : Parameter
        Shape (out_channels, in_channels / groups, k, k).
    bias : Parameter or None
        Shape (out_channels,), shared by the elements of the group.

    Raises
    ------
    InputError
        For sizes that are not square, or channels that do not divide into `groups`.

    References
    ----------
    Cohen and Welling, Group Equivariant Convolutional Networks, ICML 2016, section 6.

    Examples
    --------
    >>> LiftingConv2d(1, 10, 3)(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 40, 26, 26])
    """

    @property
    def order_in(self) -> int:
        """Number of maps that a channel of an image has: 1."""
        return 1


class GroupConv2d(_GroupConvolution):
    """Convolution between maps over a group.

    out[c, g] = b[c] + sum_i sum_h (T_g w[c, i, g^-1 h]) * x[i, h]. It commutes with the action
    of the group under the condition given for :class:`LiftingConv2d`, whose parameters it has.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode
        As in :class:`LiftingConv2d`; channels do not count the elements of the group.
    group, smoothing, device, dtype
        As in :class:`LiftingConv2d`.

    Attributes
    ----------
    weight : Parameter
        Shape (out_channels, in_channels / groups * order, k, k), the group index fastest.
    bias : Parameter or None
        Shape (out_channels,), shared by the elements of the group.

    Raises
    ------
    InputError
        As :class:`LiftingConv2d`.

    References
    ----------
    Cohen and Welling, Group Equivariant Convolutional Networks, ICML 2016, section 6.

    Examples
    --------
    >>> layer = GroupConv2d(10, 20, 3, group="p4m")
    >>> layer(torch.zeros(2, 80, 10, 10)).shape, layer.weight.shape
    (torch.Size([2, 160, 8, 8]), torch.Size([20, 80, 3, 3]))
    """

    @property
    def order_in(self) -> int:
        """Number of maps that a channel has in the input: the order of the group."""
        return self.group.order


def restore_index(module: Any, _: object) -> None:
    """Make the index again where a layer on the meta device has been assigned its weights."""
    if module.index.is_meta and not module.weight.is_meta:
        module.index = module._make_index()


def square(argument: str, value: Pair, *, minimum: int) -> int:
    """Return a size given as one number or as two equal ones, or raise InputError."""
    if isinstance(value, tuple | list):
        if len(value) != 2 or value[0] != value[1]:
            hint = "A quarter turn exchanges rows and columns."
            raise InputError(argument, "be the same for rows and columns", value, hint)
        value = value[0]
    return check_integer(argument, value, minimum=minimum)


def _padding(padding: Pair | str, kernel: int, dilation: int, stride: int) -> int:
    if not isinstance(padding, str):
        return square("padding", padding, minimum=0)
    if choose("padding", padding, ("valid", "same")) == "valid":
        return 0
    total = dilation * (kernel - 1)
    if stride > 1 or total % 2:
        rule = "be a number where 'same' is not symmetric (an even kernel) or the stride is not 1"
        raise InputError("padding", rule, padding)
    return total // 2


def _expansion(group: Group, order_in: int, channels: int, kernel: int) -> Tensor:
    """Return where each entry of the expanded filter of one output channel is found.

    Entry (g, i, h, p) of the expansion is entry (i, g^-1 h, T_g p) of the compact filter; all
    axes are flattened on both sides.
    """
    places = kernel * kernel
    # On the CPU whatever the default device: a table made on "meta" would hold nothing.
    source = torch.zeros(group.order, 1, dtype=torch.int64, device="cpu")
    if order_in > 1:
        source = group.table[group.inverses]
    fields = torch.arange(channels, device="cpu").view(1, channels, 1, 1) * order_in
    fields = (fields + source.view(group.order, 1, order_in, 1)) * places
    return (fields + group.filter_permutation(kernel).view(group.order, 1, 1, places)).flatten()


def _smooth(weight: Tensor, width: int) -> Tensor:
    """Return filters (..., k, k) averaged over width x width places: (..., k + width - 1, ...)."""
    return F.avg_pool2d(F.pad(weight, (width - 1,) * 4), width, 1)
