"""The equivariant twin of a plain network."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from torch import nn
from torch.nn.utils import parametrize

from ....checks import check_real, choose
from ....errors import InputError
from ...randomness import as_generator, draw_seed
from ...settings import HEADS
from .convolution import GroupConv2d, LiftingConv2d
from .groups import Group, get_group
from .layers import (
    POOLS,
    GroupBatchNorm2d,
    GroupDropout2d,
    GroupGroupNorm,
    PooledLinear,
    WholeMapLinear,
)
from .walk import (
    RefusedError,
    Rule,
    Signal,
    Walk,
    convolved,
    left_over,
    refusal,
    require_maps,
    window_sizes,
)

#: Channel rules that have a name: as in the plain network, or divided by sqrt(group order).
CHANNEL_RULES = ("same", "sqrt")
# Layers whose parameters count channels, so that one that never runs has no known twin.
_CHANNELLED = (nn.Conv2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d)


def to_equivariant(
    module: nn.Module,
    group: str | Group = "p4",
    *,
    channels: str | float = "sqrt",
    head: str | None = "paper",
    pool: str = "max",
    exact: bool = False,
    input_shape: tuple[int, int, int] | None = None,
    generator: torch.Generator | int | None = None,
) -> nn.Module:
    """Return the equivariant twin of a plain network, its new layers freshly initialised.

    The network is copied with each layer that must change replaced where it stands, so that the
    twin runs the same `forward`, and its parameters keep their names. A convolution that sees
    the image becomes a :class:`LiftingConv2d`, one that sees maps over the group a
    :class:`GroupConv2d`; normalisation and channel dropout get their versions over the group;
    the first linear layers behind flattened maps are made anew. Images, numbers of image
    channels and of outputs of linear layers stay as they are; layers that need no change, such
    as the last of several linear ones, are copied with their parameters.

    Networks are made of torch's layers, `torch.nn.Sequential`, and blocks whose sums are known:
    those of torchvision's AlexNet, VGG, ResNet, DenseNet, MobileNetV2 and MNASNet, and one's own
    that :func:`declare_paths` describes. What is not known to commute with the group is refused. So
    every layer between the image and the maps commutes with every element of the group, up to
    rounding, at sizes for which :func:`exactness_report` is empty; elementwise dropout does so
    in distribution.

    Parameters
    ----------
    module : Module
        Network, or the features of one, on images (B, C, H, W). A single layer counts.
    group : {"p4", "p4m"} or Group
        Quarter turns, or quarter turns and mirrors.
    channels : {"sqrt", "same"} or float
        Width of the twin. "sqrt" divides the number of channels by sqrt(order), so that twin and
        plain network have about as many parameters; "same" keeps it; a number multiplies it.
        Results are rounded to the nearest integer, halves up, and are at least 1.
    head : {"paper", "invariant"} or None
        What becomes of linear layers that read maps. "paper": they read all elements of the
        group and all places, as published networks do, so that the outputs are not invariant.
        "invariant": pooled over the group before (maps of one place: :class:`PooledLinear`)
        or after (larger maps: :class:`WholeMapLinear`), so that they are. None: refused.
    pool : {"max", "mean"}
        How an invariant head pools over the group.
    exact : bool
        Let windows that leave rows over at `input_shape` grow by these, which makes them
        symmetric and keeps sizes and parameters: pooling layers directly, convolutions by
        averaging their filters (`smoothing`).
    input_shape : (int, int, int), optional
        Channels, rows and columns of the images; needed for `exact`. Without it linear layers
        say how many places they read, and the maps are taken to be square.
    generator : torch.Generator or int, optional
        One number is drawn from it, which seeds the initialisation and leaves global random
        state alone. Without it torch's global state is used, as by any torch layer.

    Returns
    -------
    Module
        Of the same type, device, dtype and mode. Attributes of its containers that are no modules,
        such as torchvision's `inplanes`, still speak of the plain network.

    Raises
    ------
    InputError
        If a layer has no equivariant twin, naming it and saying why; if the network does not
        run on images of that shape; if `exact` cannot be reached.

    Examples
    --------
    >>> plain = nn.Sequential(nn.Conv2d(1, 10, 3), nn.ReLU(), nn.Conv2d(10, 20, 3))
    >>> to_equivariant(plain, "p4", channels="same")
    Sequential(
      (0): LiftingConv2d(1, 10, kernel_size=3, group=p4)
      (1): ReLU()
      (2): GroupConv2d(10, 20, kernel_size=3, group=p4)
    )
    """
    if not isinstance(module, nn.Module):
        raise InputError("module", "be a torch.nn.Module", module)
    if not any(isinstance(part, nn.Conv2d) for part in module.modules()):
        raise InputError("module", "hold a torch.nn.Conv2d", type(module).__name__)
    if head is not None:
        choose("head", head, HEADS)
    if exact and input_shape is None:
        hint = "Which windows must grow depends on the sizes of the maps."
        raise InputError("input_shape", "be given with exact=True", input_shape, hint)
    group = get_group(group)
    if isinstance(channels, str):
        named = choose("channels", channels, CHANNEL_RULES)
        factor = 1.0 if named == "same" else group.order**-0.5
    else:
        factor = check_real("channels", channels, low=1e-6, high=1e6)
    conversion = Conversion(group, factor, head, choose("pool", pool, POOLS), exact)
    with seeded(None if generator is None else draw_seed(as_generator(generator))):
        end = conversion.run(module, input_shape)
    if end is not None and end.form == "flat" and head is not None:
        hint = "With head=None the twin returns them, (B, channels * |G| * H * W)."
        raise InputError("module", "end in a linear layer or in maps", "flattened maps", hint)
    for path, part in module.named_modules():
        if isinstance(part, _CHANNELLED) and id(part) not in conversion.inputs:
            raise refusal(path, part, "It never runs in evaluation mode; take it out first.")
    # A copy in which the new layers stand for the old ones, however often and wherever held.
    return copy.deepcopy(module, dict(conversion.replaced))


@contextmanager
def single_precision() -> Iterator[None]:
    """Make layers in float32, whatever torch's default dtype is."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Let torch's own initialisation draw from a seed, and restore the CPU's global state after.

    `torch.manual_seed` would seed every GPU as well. Without a seed nothing happens.
    """
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


class Conversion(Walk):
    """The way through a plain network on which the layers of its twin are made.

    By the id of a layer, `replaced` has the one that takes its place, and `inputs` what reaches it,
    as far as the twin depends on it.
    """

    def __init__(
        self, group: Group, factor: float, head: str | None, pool: str, exact: bool
    ) -> None:
        super().__init__()
        self.group, self.factor, self.head = group, factor, head
        self.pool, self.exact = pool, exact
        self.replaced: dict[int, nn.Module] = {}
        self.inputs: dict[int, Any] = {}
        self.rules |= _RULES

    def width(self, channels: int) -> int:
        """Return the twin's number of channels for a number in the plain network."""
        return max(1, math.floor(channels * self.factor + 0.5))

    def require_channels(self, path: str, signal: Signal, channels: int) -> None:
        """Raise InputError unless a layer for a number of channels reads as many."""
        if signal.plain not in (None, channels):
            self.unfit(f"{path} is for {channels} channels and reads {signal.plain}.")

    def put(
        self, plain: nn.Module, reads: Any, make: Callable[[], nn.Module] | None = None
    ) -> None:
        """Replace a layer by the one that `make` returns, once however often it runs."""
        if self.inputs.setdefault(id(plain), reads) != reads:
            raise RefusedError("It is used several times, on inputs of different kinds.")
        if make is None or id(plain) in self.replaced:
            return
        if parametrize.is_parametrized(plain) or plain._forward_pre_hooks:
            raise RefusedError("Its parametrisation or hooks would be lost.")
        tensors = [*plain.parameters(), *plain.buffers()]
        like = next((tensor for tensor in tensors if tensor.is_floating_point()), None)
        # Drawn on the CPU, so that a seed gives the same weights on every device.
        with torch.device("meta" if like is not None and like.is_meta else "cpu"):
            layer = make().train(plain.training)
        self.replaced[id(plain)] = layer if like is None else layer.to(like.device, like.dtype)

    def windows(self, module: nn.Module, path: str, signal: Signal) -> int:
        """Return by how much windows must grow to be exact; those of a pooling layer do so here."""
        sizes = window_sizes(module)
        growth = 0
        if self.exact and signal.sides is not None:
            growth, columns = left_over(signal.sides, sizes)
            if growth != columns:
                raise RefusedError(f"Its windows leave {growth} rows but {columns} columns over.")
            if growth and sizes["dilation"] > 1:
                raise RefusedError("Dilated windows cannot grow to be exact.")
        if not isinstance(module, nn.Conv2d):
            self.put(module, growth)
            if growth:
                grown: Any = copy.deepcopy(module)
                if grown.ceil_mode:
                    raise RefusedError(
                        "Windows that reach over the edge (ceil_mode) cannot be exact."
                    )
                grown.kernel_size = sizes["kernel"] + growth
                self.replaced[id(module)] = grown
        return growth


def _convolution(walk: Conversion, plain: nn.Conv2d, path: str, signal: Signal) -> Signal:
    require_maps(signal)
    walk.require_channels(path, signal, plain.in_channels)
    if type(plain)._conv_forward is not nn.Conv2d._conv_forward:
        raise RefusedError("It convolves in a way of its own.")
    # The channels of the first convolution are those of images whose number is not known.
    inputs = plain.in_channels if signal.channels is None else signal.channels
    groups, outputs = plain.groups, walk.width(plain.out_channels)
    if signal.form == "maps" and groups == plain.in_channels > 1:
        # Depthwise stays depthwise: each channel has its elements to itself.
        groups, outputs = inputs, plain.out_channels // plain.in_channels * inputs
    if inputs % groups or outputs % groups:
        why = f"Its {groups} groups do not divide the twin's {inputs} and {outputs} channels; "
        raise RefusedError(why + "channels='same' keeps them.")
    sizes = window_sizes(plain)
    growth = walk.windows(plain, path, signal)
    make = partial(
        LiftingConv2d if signal.form == "image" else GroupConv2d,
        inputs,
        outputs,
        sizes["kernel"],
        sizes["stride"],
        sizes["padding"],
        sizes["dilation"],
        groups,
        plain.bias is not None,
        plain.padding_mode,
        group=walk.group,
        smoothing=1 + growth,
    )
    walk.put(plain, (signal.form, inputs, growth), make)
    return Signal("maps", outputs, plain.out_channels, convolved(walk, path, signal, sizes))


def _normalisation(
    walk: Conversion,
    plain: nn.BatchNorm2d | nn.GroupNorm | nn.InstanceNorm2d,
    path: str,
    signal: Signal,
) -> Signal:
    require_maps(signal)
    count = plain.num_channels if isinstance(plain, nn.GroupNorm) else plain.num_features
    walk.require_channels(path, signal, count)
    reads = (signal.form, signal.channels)
    if signal.form == "image":
        walk.put(plain, reads)
        return signal
    channels = cast(int, signal.channels)
    make: Callable[..., nn.Module] = GroupGroupNorm
    options: tuple[Any, ...]
    if isinstance(plain, nn.BatchNorm2d):
        make = GroupBatchNorm2d
        options = (channels, plain.eps, plain.momentum, plain.affine, plain.track_running_stats)
    elif isinstance(plain, nn.InstanceNorm2d):
        if plain.track_running_stats:
            raise RefusedError("Instance normalisation with running statistics has no twin.")
        options = (channels, channels, plain.eps, plain.affine)
    else:
        groups = channels if plain.num_groups == plain.num_channels else plain.num_groups
        if channels % groups:
            why = f"Its {groups} groups do not divide the twin's {channels} channels; "
            raise RefusedError(why + "channels='same' keeps them.")
        options = (groups, channels, plain.eps, plain.affine)
    walk.put(plain, reads, partial(make, *options, group=walk.group))
    return signal


def _channel_dropout(walk: Conversion, plain: nn.Dropout2d, path: str, signal: Signal) -> Signal:
    over = signal.form == "maps"
    walk.put(plain, over, partial(GroupDropout2d, plain.p, group=walk.group) if over else None)
    return signal


def _linear(walk: Conversion, plain: nn.Linear, path: str, signal: Signal) -> None:
    if signal.form == "places":
        return
    if signal.form != "flat":
        raise RefusedError("A linear layer must read flattened maps, (B, channels * H * W).")
    if walk.head is None:
        raise RefusedError("It reads maps over the group; with head=None there is no rule for it.")
    before, channels = cast(int, signal.plain), cast(int, signal.channels)
    places = plain.in_features // before
    rows, columns = signal.sides or (math.isqrt(places), places // max(1, math.isqrt(places)))
    if before * rows * columns != plain.in_features:
        text = f"reads {before} channels of {rows}x{columns} places, not {plain.in_features}."
        walk.unfit(f"{path} {text}")
    outputs, bias = plain.out_features, plain.bias is not None
    options: dict[str, Any] = {"group": walk.group, "pool": walk.pool}
    make: Callable[[], nn.Module]
    if walk.head == "paper":
        make = partial(nn.Linear, channels * walk.group.order * places, outputs, bias)
    elif rows != columns:
        raise RefusedError(f"An invariant head cannot read maps of {rows}x{columns} places.")
    elif rows == 1:
        make = partial(PooledLinear, channels, outputs, bias, **options)
    else:
        make = partial(WholeMapLinear, channels, outputs, rows, bias, **options)
    walk.put(plain, (channels, rows, columns), make)


def _channel_pad(walk: Conversion, plain: nn.ConstantPad3d, path: str, signal: Signal) -> Signal:
    left, right, top, bottom, before, behind = plain.padding
    if not left == right == top == bottom == 0 or signal.form != "maps" or min(before, behind) < 0:
        raise RefusedError("Only channels of maps can be padded so.")
    # The twin's width is that of a convolution with as many channels, so that sums fit.
    channels, total = cast(int, signal.channels), cast(int, signal.plain) + before + behind
    new = walk.width(total) - channels
    if new < 0 or (new > 0 and before + behind == 0):
        raise RefusedError(f"The twin's {channels} channels cannot be padded to {total}.")
    first = math.floor(new * before / (before + behind) + 0.5) if new else 0
    order = walk.group.order
    padding = (0, 0, 0, 0, first * order, (new - first) * order)
    walk.put(plain, channels, partial(nn.ConstantPad3d, padding, plain.value))
    return replace(signal, channels=channels + new, plain=total)


_RULES: dict[type[nn.Module], Rule] = {
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _normalisation,
    nn.GroupNorm: _normalisation,
    nn.InstanceNorm2d: _normalisation,
    nn.Dropout2d: _channel_dropout,
    nn.Linear: _linear,
    nn.ConstantPad3d: _channel_pad,
    nn.ZeroPad3d: _channel_pad,
}
