"""How equivariant a network is: by the sizes of its layers, and measured on given inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from ....checks import choose
from ....errors import InputError
from ...calling import keeping_input
from .convolution import GroupConv2d, LiftingConv2d
from .groups import Group, get_group
from .layers import (
    GroupBatchNorm2d,
    GroupDropout2d,
    GroupGroupNorm,
    GroupPool,
    PooledLinear,
    WholeMapLinear,
)
from .walk import Break, RefusedError, Rule, Signal, Walk, convolved, left_over, window_sizes

_WITH_GROUP = (LiftingConv2d, GroupConv2d, GroupBatchNorm2d, GroupPool)
#: What the group does to inputs, and to outputs.
BEFORE = ("image", "maps")
AFTER = ("maps", "image", "invariant")


def exactness_report(module: nn.Module, input_shape: tuple[int, int, int]) -> list[Break]:
    """Return the layers, in the order of the run, that keep a network from exact equivariance.

    Windows of k places (with dilation d: d (k - 1) + 1 places) at stride s on n places with
    padding p commute with a quarter turn if n + 2p - k is a multiple of s; else they leave
    places over at the far side, which after a turn is another side. So a 3x3 convolution of
    stride 2 with padding 1 is exact at 33 and not at 32, a 2x2 pool at 28 and not at 7. Nothing
    is computed. The way ends at a module that is not known (:func:`to_equivariant` says which
    are); it is in the report, and what is behind it is not judged.

    The network is one over a group, or a plain one, of which only the windows are judged; images
    have the shape (channels, rows, columns).

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
    report = Report(groups[0] if groups else None)
    report.run(module, input_shape)
    return report.breaks


class Report(Walk):
    """The way through a network, or a plain one without a group, that notes what is not exact."""

    def __init__(self, group: Group | None) -> None:
        super().__init__()
        self.group = group
        self.breaks: list[Break] = []
        self.rules |= _RULES

    def note(self, path: str, module: nn.Module, loses: str, reason: str) -> None:
        """Put a layer into the report."""
        self.breaks.append(Break(path, type(module).__name__, loses, reason))

    def refuse(self, path: str, module: nn.Module, why: str) -> None:
        """Put a layer that is not equivariant at any size into the report."""
        self.note(path, module, "equivariance", why)

    def windows(self, module: nn.Module, path: str, signal: Signal) -> int:
        """Put windows that do not fit into the report."""
        sizes, sides = window_sizes(module), signal.sides
        assert sides is not None  # a report is made for a shape
        rows, columns = left_over(sides, sizes)
        if rows or columns:
            side, left = (sides[0], rows) if rows else (sides[1], columns)
            size, stride = sizes["dilation"] * (sizes["kernel"] - 1) + 1, sizes["stride"]
            reason = (
                f"{size}x{size} windows at stride {stride}, padding {sizes['padding']}, leave "
                f"{left} row{'' if left == 1 else 's'} of {side} over at the far side; turned "
                f"maps are sampled elsewhere. Exact at {side - left} and {side - left + stride}."
            )
            self.note(path, module, "equivariance", reason)
        return 0


def _forms(layer: nn.Module) -> tuple[str, str]:
    return next(forms for kind, forms in _FORMS.items() if isinstance(layer, kind))


def _convolution(
    report: Report, layer: LiftingConv2d | GroupConv2d | nn.Conv2d, path: str, signal: Signal
) -> Signal:
    if isinstance(layer, nn.Conv2d) and report.group is not None:
        report.refuse(path, layer, "A plain convolution does not commute with turns.")
        signal = replace(signal, form="image", channels=layer.in_channels)
    reads, form = _forms(layer)
    if signal.form != reads:
        raise RefusedError(f"It reads {reads}, not {signal.form}.")
    if layer.in_channels != signal.channels:
        report.unfit(f"{path} is for {layer.in_channels} channels, not {signal.channels}.")
    report.windows(layer, path, signal)
    sides = convolved(report, path, signal, window_sizes(layer))
    return Signal(form, layer.out_channels, layer.out_channels, sides)


def _other(_: Report, layer: nn.Module, path: str, signal: Signal) -> Signal | None:
    reads, form = _forms(layer)
    if isinstance(layer, GroupPool) and signal.form == "flat" and signal.sides == (1, 1):
        return None
    if signal.form != reads:
        raise RefusedError(f"It reads {reads}, not {signal.form}.")
    return replace(signal, form=form) if form else None


def _channel_pad(report: Report, layer: nn.ConstantPad3d, path: str, signal: Signal) -> Signal:
    *around, before, behind = layer.padding
    order = report.group.order if report.group and signal.form == "maps" else 1
    if any(around) or not signal.spatial or before % order or behind % order:
        raise RefusedError("Only whole channels of maps can be padded so.")
    channels = (signal.channels or 0) + (before + behind) // order
    return replace(signal, channels=channels, plain=channels)


def _linear(report: Report, layer: nn.Linear, path: str, signal: Signal) -> None:
    if signal.spatial:
        raise RefusedError("A linear layer must read flattened maps.")
    rows, columns = signal.sides or (1, 1)
    reads = [f"the {rows}x{columns} places"] if rows * columns > 1 else []
    reads += ["the elements of the group"] if signal.form == "flat" else []
    reason = f"It reads {' and '.join(reads)} apart; pool over them for an invariant output."
    report.note(path, layer, "invariance", reason)


#: What layers read and return.
_FORMS: dict[type[nn.Module], tuple[str, str]] = {
    nn.Conv2d: ("image", "image"),
    LiftingConv2d: ("image", "maps"),
    GroupConv2d: ("maps", "maps"),
    **dict.fromkeys((GroupBatchNorm2d, GroupGroupNorm, GroupDropout2d), ("maps", "maps")),
    **dict.fromkeys((nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d), ("image", "image")),
    nn.Dropout2d: ("image", "image"),
    GroupPool: ("maps", "image"),
    **dict.fromkeys((PooledLinear, WholeMapLinear), ("flat", "")),
}
_RULES: dict[type[nn.Module], Rule] = {
    **dict.fromkeys(_FORMS, _other),
    **dict.fromkeys((LiftingConv2d, GroupConv2d, nn.Conv2d), _convolution),
    **dict.fromkeys((nn.ConstantPad3d, nn.ZeroPad3d), _channel_pad),
    nn.Linear: _linear,
}


def equivariance_error(
    module: Callable[[Tensor], Tensor],
    x: Tensor,
    group: str | Group = "p4",
    *,
    before: str = "image",
    after: str = "maps",
) -> Tensor:
    """Return how far f(T_g x) is from T_g f(x), for every element g of the group.

    Parameters
    ----------
    module : callable
        The network f, or any function of a batch. It runs in the mode it is in: one in
        training mode updates running statistics, and dropout makes draws of its own.
    x : Tensor
        Inputs, shape (B, channels, H, W), or (B, channels * order, H, W) with before="maps".
    group : {"p4", "p4m"} or Group
        The group.
    before : {"image", "maps"}
        How T_g acts on inputs: turning them, or also moving the elements of the group
        (:meth:`Group.act`).
    after : {"maps", "image", "invariant"}
        How T_g acts on outputs; "invariant": not at all.

    Returns
    -------
    Tensor
        float64 (order,) on the CPU: the largest absolute difference over the batch, divided by
        the largest absolute value of f(x) (not divided if f(x) is zero). Rounding alone gives
        about 1e-6 in float32 and 1e-15 in float64.

    Examples
    --------
    >>> shift = torch.nn.ZeroPad2d((1, 0, 0, 0))  # one column to the left only
    >>> x = torch.ones(1, 1, 3, 3)
    >>> equivariance_error(lambda x: shift(x)[..., :3], x, after="image").tolist()
    [0.0, 1.0, 1.0, 1.0]
    """
    group = get_group(group)
    act_before = group.act if choose("before", before, BEFORE) == "maps" else group.transform
    act_after = group.act if choose("after", after, AFTER) == "maps" else group.transform
    if not isinstance(x, Tensor) or x.ndim != 4:
        shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise InputError("x", "have shape (B, channels, H, W)", shape)
    errors = []
    call = keeping_input(module)
    with torch.no_grad():
        out = call(x)
        scale = out.abs().amax().double()
        for g in range(group.order):
            found = call(act_before(x, g))
            expected = out if after == "invariant" else act_after(out, g)
            if found.shape != expected.shape:
                rule = f"return {tuple(expected.shape)} for inputs transformed by {group.label(g)}"
                raise InputError("module", rule, tuple(found.shape))
            errors.append((found - expected).abs().amax().double())
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        return (torch.stack(errors) / scale).cpu()


def invariance_error(
    module: Callable[[Tensor], Tensor], x: Tensor, group: str | Group = "p4"
) -> Tensor:
    """Return how far f(T_g x) is from f(x), for images x and every element g of the group.

    It is :func:`equivariance_error` with ``after="invariant"``.

    Examples
    --------
    >>> invariance_error(lambda x: x.mean((2, 3)), torch.eye(4).view(1, 1, 4, 4)).max().item()
    0.0
    """
    return equivariance_error(module, x, group, after="invariant")
