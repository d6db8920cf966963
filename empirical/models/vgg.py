"""VGG16 with batch-norm for small images."""

from __future__ import annotations

from torch import nn

from ..settings import ModelSpec
from .registry import Blueprint, Width, register

# Channels of the convolutions; 0 for a pool. Configuration D of Simonyan and Zisserman.
_LAYERS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)


@register("vgg16")
def vgg16(spec: ModelSpec, width: Width) -> Blueprint:
    """VGG16 for CIFAR: 13 convolutions with batch-norm, 5 max-pools, one linear layer.

    14,728,266 parameters at 3 channels with ten classes; the P4 network with half the channels
    and a head pooled over the group has 14,718,506. What is left of the map is averaged. Images
    below 32x32 would vanish in five halvings: there the pools round sizes up instead of down.
    """
    layers: list[nn.Module] = []
    inputs = spec.in_channels
    for channels in _LAYERS:
        if not channels:
            layers.append(nn.MaxPool2d(2, ceil_mode=spec.image_size < 32))
            continue
        outputs = width(channels)
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    return Blueprint(nn.Sequential(*layers), average=True)
