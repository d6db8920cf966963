"""ResNet18 for small images, of torchvision's blocks."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ..settings import ModelSpec
from .registry import Blueprint, Width, register


@register("resnet18")
def resnet18(spec: ModelSpec, width: Width) -> Blueprint:
    """ResNet18 for CIFAR: a 3x3 stem without max-pool, four stages of two basic blocks.

    11,173,962 parameters at 3 channels with ten classes. P4 with 32/64/128/256 channels and a
    pooled head has 11,165,738; P4M with 23/45/91/181 channels and a head that sees all eight
    group elements of the averaged maps, as the authors' "GCNN", has 11,201,415.

    Stride-2 convolutions break the equivariance where they halve an even side, as at 32x32;
    the option `exact` of group networks mends it (:func:`build`).
    """
    inputs = width(64)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(spec.in_channels, inputs, 3, padding=1, bias=False),
        bn1=nn.BatchNorm2d(inputs),
        relu=nn.ReLU(),
    )
    for number, channels in enumerate((64, 128, 256, 512), start=1):
        outputs = width(channels)
        layers[f"layer{number}"] = _stage(inputs, outputs, 1 if number == 1 else 2)
        inputs = outputs
    return Blueprint(nn.Sequential(layers), average=True)


def _stage(inputs: int, width: int, stride: int) -> nn.Sequential:
    from torchvision.models.resnet import BasicBlock  # takes a second to import

    shortcut = None
    if stride == 2:
        shortcut = nn.Sequential(
            nn.Conv2d(inputs, width, 1, stride=2, bias=False), nn.BatchNorm2d(width)
        )
    return nn.Sequential(BasicBlock(inputs, width, stride, shortcut), BasicBlock(width, width))
