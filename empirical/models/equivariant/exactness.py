"""At which sizes a network is exactly equivariant, and which layers break it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from torch import nn

from ....checks import check_integer
from ....errors import InputError
from .convolution import GroupConv2d, LiftingConv2d
from .flow import VECTOR, Break, Flow, Kind, LeafCall, RefusedError, Window
from .groups import Group
from .layers import GroupBatchNorm2d, GroupDropout2d, GroupGroupNorm, GroupPool
from .readout import PooledLinear, WholeMapLinear


def exactness_report(module: nn.Module, input_shape: tuple[int, int, int]) -> list[Break]:
    """Return the layers that keep a network from exact equivariance or invariance.

    Windows of k places (with dilation d: d (k - 1) + 1 places) at stride s on n places with
    padding p commute with a quarter turn if n + 2p - k is a multiple of s; else they leave
    places over at the far side, which after a turn is another side. So a 3x3 convolution of
    stride 2 with padding 1 is exact at 33 and not at 32, a 2x2 pool at 28 and not at 7. The
    network is run on the meta device: nothing is computed.

    Parameters
    ----------
    module : Module
        A network over a group, or a plain one, of which only the windows are judged.
    input_shape : (int, int, int)
        Channels, rows and columns of the images.

    Returns
    -------
    list of Break
        In the order of the run; empty if the network is exact up to rounding.

    Raises
    ------
    InputError
        If the network does not run on images of that shape.

    Examples
    --------
    >>> strided = LiftingConv2d(3, 8, 3, stride=2, padding=1)
    >>> for found in exactness_report(strided, (3, 32, 32)):
    ...     print(found)
    the module itself (LiftingConv2d): 3x3 windows at stride 2, padding 1, leave 1 row of 32 over \
at the far side; turned maps are sampled elsewhere. Exact at 31 and 33.
    >>> exactness_report(strided, (3, 33, 33))
    []
    """
    groups = [part.group for part in module.modules() if isinstance(part, _WITH_GROUP)]
    leaves = GroupLeaves(plain=not groups)
    flow = Flow(module, leaves, unit=groups[0].order if groups else 1, strict=False)
    run_flow(flow, check_shape(input_shape))
    judged = (explain(note) if isinstance(note, Window) else note for note in flow.notes)
    return [note for note in judged if note is not None]


def explain(window: Window) -> Break | None:
    """Return why windows break the equivariance, None if they do not."""
    rows, columns = window.left_over
    if rows == columns == 0:
        return None
    side, left = (window.sides[0], rows) if rows else (window.sides[1], columns)
    size = window.dilation * (window.kernel - 1) + 1
    windows = f"{size}x{size} windows at stride {window.stride}, padding {window.padding},"
    plural = "" if left == 1 else "s"
    near = f"Exact at {side - left} and {side - left + window.stride}"
    reason = f"{windows} leave {left} row{plural} of {side} over at the far side; turned maps are"
    return Break(window.path, window.layer, "equivariance", f"{reason} sampled elsewhere. {near}.")


def follow_group(twin: nn.Module, shape: tuple[int, int, int], group: Group) -> Flow:
    """Run a network over a group, and raise InputError where it is not equivariant."""
    flow = Flow(twin, GroupLeaves(), unit=group.order)
    run_flow(flow, shape)
    return flow


def run_flow(flow: Flow, shape: tuple[int, int, int]) -> None:
    """Run a flow; raise InputError if the network does not run on images of the shape."""
    try:
        flow.run(shape)
    except Exception as error:
        if isinstance(error, InputError) and error.argument == "module":
            raise
        rule = "be the shape (C, H, W) of images that the network runs on"
        raise InputError("input_shape", rule, shape, f"{error}") from error


def check_shape(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the shape of an image, (channels, rows, columns), or raise InputError."""
    if not isinstance(shape, tuple | list) or len(shape) != 3:
        raise InputError("input_shape", "be (channels, rows, columns)", shape)
    channels, rows, columns = (check_integer("input_shape", n, minimum=1) for n in shape)
    return channels, rows, columns


class GroupLeaves:
    """What the layers of a network over a group do.

    Parameters
    ----------
    plain : bool
        Whether the network is a plain one, whose convolutions are judged by their windows.
    """

    def __init__(self, plain: bool = False) -> None:
        self.plain = plain

    def knows(self, module: nn.Module) -> bool:
        """Return whether there is a rule for the layer as a whole."""
        return isinstance(module, tuple(_RULES))

    def kind(self, call: LeafCall) -> Kind:
        """Return the kind of a layer's output, or raise :class:`RefusedError`."""
        rule = next(rule for known, rule in _RULES.items() if isinstance(call.module, known))
        return rule(self, call)


def _lifting(_: GroupLeaves, call: LeafCall) -> Kind:
    layer = cast(LiftingConv2d, call.module)
    if call.kind.form != "image":
        raise RefusedError("It lifts images, but reads maps over the group.")
    return _after_windows(call, layer)


def _group_convolution(_: GroupLeaves, call: LeafCall) -> Kind:
    layer = cast(GroupConv2d, call.module)
    if call.kind.form != "maps" or call.kind.channels != layer.in_channels:
        raise RefusedError("It reads maps over the group, of its number of channels.")
    return _after_windows(call, layer)


def _after_windows(call: LeafCall, layer: LiftingConv2d | GroupConv2d) -> Kind:
    _note(
        call, layer.kernel_size + layer.smoothing - 1, layer.stride, layer.padding, layer.dilation
    )
    return Kind("maps", layer.out_channels, _sides(call))


def _plain_convolution(leaves: GroupLeaves, call: LeafCall) -> Kind:
    layer = cast(nn.Conv2d, call.module)
    pads = layer._reversed_padding_repeated_twice
    sizes = (layer.kernel_size, layer.stride, layer.dilation)
    if any(first != second for first, second in sizes) or len(set(pads)) != 1:
        raise RefusedError("Its windows are not the same for rows and columns.")
    (kernel, _), (stride, _), (dilation, _) = sizes
    _note(call, kernel, stride, pads[0], dilation)
    if not leaves.plain:
        raise RefusedError("A plain convolution does not commute with turns.")
    return Kind("image", layer.out_channels, _sides(call))


def _normalisation(leaves: GroupLeaves, call: LeafCall) -> Kind:
    ours = not isinstance(call.module, nn.BatchNorm2d | nn.GroupNorm | nn.InstanceNorm2d)
    if ours != (call.kind.form == "maps"):
        raise RefusedError(f"It does not normalise {call.kind.form}.")
    return call.kind


def _channel_dropout(_: GroupLeaves, call: LeafCall) -> Kind:
    ours = isinstance(call.module, GroupDropout2d)
    if ours != (call.kind.form == "maps"):
        raise RefusedError("It drops elements of the group one by one.")
    return call.kind


def _group_pool(_: GroupLeaves, call: LeafCall) -> Kind:
    kind = call.kind
    if kind.form == "maps":
        return Kind("image", kind.channels, _sides(call))
    if kind.form != "flat" or kind.sides != (1, 1):
        raise RefusedError("It pools maps over the group, or flattened maps of one place.")
    return VECTOR


def _readout(_: GroupLeaves, call: LeafCall) -> Kind:
    if call.kind.form != "flat":
        raise RefusedError("It reads flattened maps over the group.")
    return VECTOR


def _linear(_: GroupLeaves, call: LeafCall) -> Kind:
    kind, layer = call.kind, type(call.module).__name__
    reads = [f"the {kind.sides[0]}x{kind.sides[1]} places"] if kind.sides != (1, 1) else []
    reads += ["the elements of the group"] if kind.form == "flat" else []
    if kind.form not in ("flat", "places"):
        raise RefusedError("A linear layer must read flattened maps.")
    reason = f"It reads {' and '.join(reads)} apart; pool over them for an invariant output."
    call.flow.notes.append(Break(call.path, layer, "invariance", reason))
    return VECTOR


def _note(call: LeafCall, kernel: int, stride: int, padding: int, dilation: int) -> None:
    sides = (call.x.shape[-2], call.x.shape[-1])
    layer = type(call.module).__name__
    call.flow.notes.append(Window(call.path, layer, sides, kernel, stride, padding, dilation))


def _sides(call: LeafCall) -> tuple[int, int]:
    return (call.out.shape[-2], call.out.shape[-1]) if call.out.ndim == 4 else (1, 1)


_WITH_GROUP = (LiftingConv2d, GroupConv2d, GroupBatchNorm2d, GroupPool)
# Subclasses come before the classes they extend: the first match counts.
_RULES: dict[type[nn.Module], Callable[[GroupLeaves, LeafCall], Kind]] = {
    LiftingConv2d: _lifting,
    GroupConv2d: _group_convolution,
    GroupBatchNorm2d: _normalisation,
    GroupGroupNorm: _normalisation,
    GroupDropout2d: _channel_dropout,
    GroupPool: _group_pool,
    PooledLinear: _readout,
    WholeMapLinear: _readout,
    nn.Conv2d: _plain_convolution,
    nn.BatchNorm2d: _normalisation,
    nn.GroupNorm: _normalisation,
    nn.InstanceNorm2d: _normalisation,
    nn.Dropout2d: _channel_dropout,
    nn.Linear: _linear,
}
