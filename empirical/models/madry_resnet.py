"""The CIFAR10 network of Madry et al., "w32-10"."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import cast

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ..settings import ModelSpec
from .equivariant import declare_paths
from .registry import Blueprint, Width, register

#: Slope of the leaky ReLU.
SLOPE = 0.1


@declare_paths(())
class StandardiseImage(nn.Module):
    """Subtract an image's mean and divide by its standard deviation, all channels together.

    The divisor is at least 1/sqrt(number of values), so that a constant image becomes zero:
    TensorFlow's `per_image_standardization`. In bfloat16 or float16 it computes in float32.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return standardised images of shape (B, C, H, W)."""
        values = x.float() if x.element_size() < 4 else x
        count = x.shape[1:].numel()
        centred = values - values.mean(dim=(1, 2, 3), keepdim=True)
        variance = centred.square().mean(dim=(1, 2, 3), keepdim=True)
        # The root of a clamped variance, not a clamped root, whose gradient at 0 is infinite.
        return (centred / variance.clamp(min=1 / count).sqrt()).to(x.dtype)


@declare_paths(("bn1", "conv1", "bn2", "conv2"), ("shortcut",))
class MadryUnit(nn.Module):
    """A pre-activation unit whose shortcut has no parameters.

    Where the stride is 2 the shortcut averages 2x2 pixels; new channels are zeros, half of
    them before and half behind. The first unit of all activates its shortcut too.
    """

    def __init__(self, inputs: int, width: int, stride: int, *, activate: bool = False) -> None:
        super().__init__()
        self.activate = activate
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.shortcut = nn.Sequential()
        if stride == 2:  # rounding odd sides up, as the convolution does
            self.shortcut.append(nn.AvgPool2d(2, ceil_mode=True))
        if new := width - inputs:
            self.shortcut.append(nn.ConstantPad3d((0, 0, 0, 0, new // 2, new - new // 2), 0.0))

    def forward(self, x: Tensor) -> Tensor:
        """Return maps (B, width, H / stride, W / stride) of maps (B, inputs, H, W)."""
        active = F.leaky_relu(self.bn1(x), SLOPE)
        out = self.conv2(F.leaky_relu(self.bn2(self.conv1(active)), SLOPE))
        return cast(Tensor, out + self.shortcut(active if self.activate else x))


@register("madry_resnet")
def madry_resnet(spec: ModelSpec, width: Width) -> Blueprint:
    """Madry's ResNet "w32-10" for CIFAR10: three stages of five units, 160/320/640 channels.

    Images are standardised one by one inside the network, so that it needs no mean and std.
    45,901,914 parameters at 3 channels with ten classes. Convolutions are padded alike on all
    sides; TensorFlow's pad a strided one on the far sides only. What is said
    of exactness in resnet18 holds here, too.
    """
    widths = [width(channels) for channels in (16, 160, 320, 640)]
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        standardise=StandardiseImage(),
        conv0=nn.Conv2d(spec.in_channels, widths[0], 3, padding=1, bias=False),
    )
    for stage, (inputs, outputs) in enumerate(pairwise(widths), start=1):
        first = MadryUnit(inputs, outputs, 1 if stage == 1 else 2, activate=stage == 1)
        layers[f"stage{stage}"] = nn.Sequential(
            first, *(MadryUnit(outputs, outputs, 1) for _ in range(4))
        )
    layers["bn"] = nn.BatchNorm2d(widths[3])
    layers["relu"] = nn.LeakyReLU(SLOPE)
    return Blueprint(nn.Sequential(layers), average=True)
