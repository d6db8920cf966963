"""WideResNet-34-10, also in the form that TRADES's published weights need."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import cast

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...errors import InputError
from ..settings import ModelSpec
from .equivariant import declare_paths
from .registry import Blueprint, Width, register


@declare_paths(("bn1", "conv1", "bn2", "conv2"), ("convShortcut",))
class WideBlock(nn.Module):
    """A pre-activation block: BN, ReLU, conv, BN, ReLU, conv, added to the shortcut.

    Where the width changes, the shortcut is a 1x1 convolution of the activated input.
    The names of the layers are those of TRADES's public code.
    """

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.changes = inputs != width or stride != 1
        if self.changes:
            self.convShortcut = nn.Conv2d(inputs, width, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps (B, width, H / stride, W / stride) of maps (B, inputs, H, W)."""
        active = F.relu(self.bn1(x))
        out = self.conv2(F.relu(self.bn2(self.conv1(active))))
        return out + (self.convShortcut(active) if self.changes else x)


@declare_paths(("layer",))
class WideStage(nn.Module):
    """Blocks one after the other, the first with the stride."""

    def __init__(self, blocks: int, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        first = WideBlock(inputs, width, stride)
        self.layer = nn.Sequential(first, *(WideBlock(width, width, 1) for _ in range(blocks - 1)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps of the last block."""
        return cast(Tensor, self.layer(x))


class Unused(WideStage):
    """A stage that hands on what it gets."""

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`."""
        return x


@register("wrn34_10")
def wrn34_10(spec: ModelSpec, width: Width, *, trades_block: bool = False) -> Blueprint:
    """WideResNet-34-10: three stages of five pre-activation blocks, 160/320/640 channels.

    46,160,474 parameters at 3 channels with ten classes. With `trades_block=True` it carries
    the stage that TRADES's public code defines and never uses (48,262,586), so that its
    weights load (:func:`from_trades`). What is said of exactness in resnet18 holds here, too.
    """
    if trades_block and spec.group is not None:
        raise InputError("trades_block", "be False with a group", trades_block)
    widths = [width(channels) for channels in (16, 160, 320, 640)]
    stem = nn.Conv2d(spec.in_channels, widths[0], 3, padding=1, bias=False)
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv1=stem)
    layers["block1"] = WideStage(5, widths[0], widths[1], 1)
    if trades_block:
        layers["sub_block1"] = Unused(5, widths[0], widths[1], 1)
    layers["block2"] = WideStage(5, widths[1], widths[2], 2)
    layers["block3"] = WideStage(5, widths[2], widths[3], 2)
    layers["bn1"] = nn.BatchNorm2d(widths[3])
    layers["relu"] = nn.ReLU()
    return Blueprint(nn.Sequential(layers), average=True)


def from_trades(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of TRADES's public WideResNet (Zhang et al., ICML 2019) under our names.

    They fit `build("wrn34_10", ..., trades_block=True)`.

    Examples
    --------
    >>> list(from_trades({"module.conv1.weight": None, "module.fc.bias": None}))
    ['features.conv1.weight', 'head.fc.bias']
    """
    plain = {key.removeprefix("module."): value for key, value in state.items()}
    return {
        ("head." if key.startswith("fc.") else "features.") + key: value
        for key, value in plain.items()
    }
