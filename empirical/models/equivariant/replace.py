"""What becomes of each layer of a plain network in its equivariant twin."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from torch import nn

from .convolution import GroupConv2d, LiftingConv2d
from .flow import VECTOR, Kind, LeafCall, RefusedError, Window
from .groups import Group
from .layers import GroupBatchNorm2d, GroupDropout2d, GroupGroupNorm
from .readout import PooledLinear, WholeMapLinear

#: A maker of the new layer, attributes to set on the old one, or None: it stays.
Change = Callable[[], nn.Module] | dict[str, Any] | None
Outcome = tuple[Change, Kind]


class PlainLeaves:
    """Notes, during one run of a plain network, how its layers change.

    Attributes
    ----------
    changes : dict
        For the path of a layer the kind of its input and its :data:`Change`, in the order in
        which the layers run.
    """

    def __init__(
        self, group: Group, factor: float, head: str | None, pool: str, exact: bool
    ) -> None:
        self.group, self.factor, self.head = group, factor, head
        self.pool, self.exact = pool, exact
        self.changes: dict[str, tuple[Kind, Change]] = {}

    def knows(self, module: nn.Module) -> bool:
        """Return whether there is a rule for the layer as a whole."""
        return _rule(module) is not None

    def kind(self, call: LeafCall) -> Kind:
        """Note the layer's change, and return the kind of its output in the twin."""
        rule = _rule(call.module)
        assert rule is not None
        change, kind = rule(self, call)
        seen, earlier = self.changes.setdefault(call.path, (call.kind, change))
        same = seen.form == call.kind.form and seen.channels == call.kind.channels
        grown = isinstance(change, dict) and change != earlier
        if not same or grown:
            raise RefusedError("It is used several times, on inputs of different kinds.")
        return kind

    def width(self, channels: int) -> int:
        """Return the twin's number of channels for a number in the plain network."""
        return max(1, math.floor(channels * self.factor + 0.5))

    def growth(self, call: LeafCall, sizes: dict[str, int]) -> int:
        """Return by how much the windows of a layer must grow to be exact."""
        sides = (call.x.shape[-2], call.x.shape[-1])
        window = Window(call.path, type(call.module).__name__, sides, **sizes)
        rows, columns = window.left_over
        if not self.exact or rows == columns == 0:
            return 0
        if rows != columns:
            raise RefusedError(f"Its windows leave {rows} rows but {columns} columns over.")
        if sizes["dilation"] > 1:
            raise RefusedError("Dilated windows cannot grow to be exact.")
        return rows


def _convolution(leaves: PlainLeaves, call: LeafCall) -> Outcome:
    plain, kind = cast(nn.Conv2d, call.module), call.kind
    _require_maps(kind)
    inputs, groups = kind.channels, plain.groups
    outputs = leaves.width(plain.out_channels)
    if kind.form == "maps" and groups == plain.in_channels > 1:
        # Depthwise stays depthwise: each channel has its elements to itself.
        groups, outputs = inputs, plain.out_channels // plain.in_channels * inputs
    if inputs % groups or outputs % groups:
        why = f"Its {groups} groups do not divide the twin's {inputs} and {outputs} channels; "
        raise RefusedError(why + "channels='same' keeps them.")
    sizes = _sizes(plain)
    if isinstance(plain.padding, str):
        pads = plain._reversed_padding_repeated_twice
        if len(set(pads)) != 1:
            raise RefusedError(f"The padding {plain.padding!r} of an even kernel is one-sided.")
        sizes["padding"] = pads[0]
    smoothing = 1 + leaves.growth(call, sizes)
    make = partial(
        LiftingConv2d if kind.form == "image" else GroupConv2d,
        inputs,
        outputs,
        sizes["kernel"],
        sizes["stride"],
        sizes["padding"],
        sizes["dilation"],
        groups,
        plain.bias is not None,
        plain.padding_mode,
        group=leaves.group,
        smoothing=smoothing,
    )
    return make, Kind("maps", outputs, _sides(call))


def _batch_norm(leaves: PlainLeaves, call: LeafCall) -> Outcome:
    plain, kind = cast(nn.BatchNorm2d, call.module), call.kind
    if kind.form != "maps":
        return None, kind
    options = (plain.eps, plain.momentum, plain.affine, plain.track_running_stats)
    return partial(GroupBatchNorm2d, kind.channels, *options, group=leaves.group), kind


def _group_norm(leaves: PlainLeaves, call: LeafCall) -> Outcome:
    plain, kind = cast(nn.GroupNorm, call.module), call.kind
    if kind.form != "maps":
        return None, kind
    every = plain.num_groups == plain.num_channels
    groups = kind.channels if every else plain.num_groups
    if kind.channels % groups:
        why = f"Its {groups} groups do not divide the twin's {kind.channels} channels; "
        raise RefusedError(why + "channels='same' keeps them.")
    options = (groups, kind.channels, plain.eps, plain.affine)
    return partial(GroupGroupNorm, *options, group=leaves.group), kind


def _instance_norm(leaves: PlainLeaves, call: LeafCall) -> Outcome:
    plain, kind = cast(nn.InstanceNorm2d, call.module), call.kind
    if kind.form != "maps":
        return None, kind
    if plain.track_running_stats:
        raise RefusedError("Instance normalisation with running statistics has no twin.")
    options = (kind.channels, kind.channels, plain.eps, plain.affine)
    return partial(GroupGroupNorm, *options, group=leaves.group), kind


def _channel_dropout(leaves: PlainLeaves, call: LeafCall) -> Outcome:
    plain = cast(nn.Dropout2d, call.module)
    if call.kind.form != "maps":
        return None, call.kind
    return partial(GroupDropout2d, plain.p, group=leaves.group), call.kind


def _linear(leaves: PlainLeaves, call: LeafCall) -> Outcome:
    plain, kind, group = cast(nn.Linear, call.module), call.kind, leaves.group
    outputs, bias = plain.out_features, plain.bias is not None
    if kind.form == "places":
        return None, VECTOR
    if kind.form != "flat" or call.x.ndim != 2:
        raise RefusedError("A linear layer must read flattened maps, (B, channels * H * W).")
    if leaves.head is None:
        raise RefusedError("It reads maps over the group; with head=None there is no rule for it.")
    rows, columns = kind.sides
    if leaves.head == "paper":
        inputs = kind.channels * group.order * rows * columns
        return partial(nn.Linear, inputs, outputs, bias), VECTOR
    if rows != columns:
        raise RefusedError(f"An invariant head cannot read maps of {rows}x{columns} places.")
    if rows == 1:
        sizes = (kind.channels, outputs)
        return partial(PooledLinear, *sizes, bias, group=group, pool=leaves.pool), VECTOR
    whole = (kind.channels, outputs, rows)
    return partial(WholeMapLinear, *whole, bias, group=group, pool=leaves.pool), VECTOR


def _pooling(leaves: PlainLeaves, call: LeafCall) -> Outcome:
    plain, kind = call.module, call.kind
    _require_maps(kind)
    sizes = _sizes(plain)
    if getattr(plain, "return_indices", False):
        raise RefusedError("Indices of maxima do not commute with the group.")
    growth = leaves.growth(call, sizes)
    if growth and getattr(plain, "ceil_mode", False):
        raise RefusedError("Windows that reach over the edge (ceil_mode) cannot be exact.")
    change = {"kernel_size": sizes["kernel"] + growth} if growth else None
    return change, Kind(kind.form, kind.channels, _sides(call))


def _channel_pad(leaves: PlainLeaves, call: LeafCall) -> Outcome:
    plain, channels = cast(nn.ConstantPad3d, call.module), call.kind.channels
    left, right, top, bottom, before, behind = plain.padding
    if not left == right == top == bottom or call.kind.form != "maps" or min(before, behind) < 0:
        raise RefusedError("Only maps can be padded in channels, and alike on all four sides.")
    # The twin's width is that of a convolution with as many channels, so that sums fit.
    total = call.x.shape[1] + before + behind
    new = leaves.width(total) - channels
    if new < 0 or (new > 0 and before + behind == 0):
        raise RefusedError(f"The twin's {channels} channels cannot be padded to {total}.")
    first = math.floor(new * before / (before + behind) + 0.5) if new else 0
    order = leaves.group.order
    padding = (left, right, top, bottom, first * order, (new - first) * order)
    return {"padding": padding}, Kind("maps", channels + new, _sides(call))


def _require_maps(kind: Kind) -> None:
    if not kind.spatial:
        raise RefusedError("It reads flattened maps.")


def _sizes(plain: nn.Module) -> dict[str, int]:
    """Return kernel, stride, padding and dilation as numbers; a text as 0."""
    sizes = {}
    for name, default in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
        value = getattr(plain, name, default)
        values = [value] if isinstance(value, int) else [0] if isinstance(value, str) else [*value]
        if len(set(values)) != 1:
            raise RefusedError(f"Its {name} {value} is not the same for rows and columns.")
        sizes[name.removesuffix("_size")] = int(values[0])
    return sizes


def _sides(call: LeafCall) -> tuple[int, int]:
    return (call.out.shape[-2], call.out.shape[-1])


Rule = Callable[[PlainLeaves, LeafCall], Outcome]
_RULES: dict[type[nn.Module], Rule] = {
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
    nn.GroupNorm: _group_norm,
    nn.InstanceNorm2d: _instance_norm,
    nn.Dropout2d: _channel_dropout,
    nn.Linear: _linear,
    nn.MaxPool2d: _pooling,
    nn.AvgPool2d: _pooling,
    nn.LPPool2d: _pooling,
    nn.ConstantPad3d: _channel_pad,
    nn.ZeroPad3d: _channel_pad,
}
#: Layers whose parameters count channels, so that one that never runs has no known twin.
CHANNELLED = (nn.Conv2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d)


def _rule(module: nn.Module) -> Rule | None:
    """Return the rule for a layer; a subclass that computes in its own way has none."""
    for known, rule in _RULES.items():
        if isinstance(module, known) and type(module).forward is known.forward:
            convolves = getattr(type(module), "_conv_forward", nn.Conv2d._conv_forward)
            return rule if convolves is nn.Conv2d._conv_forward else None
    return None
