"""VGG16 with batch-norm for small images."""

from __future__ import annotations

from torch import nn

from .plan import Parts, Plan, linear_tail
from .registry import register

# Channels of the convolutions; "pool" halves the map. Configuration D of Simonyan and Zisserman.
_LAYERS: tuple[int | str, ...] = (64, 64, "pool", 128, 128, "pool")
_LAYERS += (256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool")


@register("vgg16")
def vgg16(plan: Plan) -> Parts:
    """VGG16 for CIFAR: 13 convolutions with batch-norm, 5 max-pools, one linear layer.

    14,728,266 parameters at 3 channels with ten classes; the P4 network with half the channels
    and a head pooled over the group has 14,718,506. What is left of the map is averaged. Images
    below 32x32 would vanish in five halvings: there the pools round sizes up instead of down.
    """
    layers: list[nn.Module] = []
    channels = plan.spec.in_channels
    for item in _LAYERS:
        if isinstance(item, str):
            layers.append(nn.MaxPool2d(2, ceil_mode=plan.spec.image_size < 32))
        else:
            width = plan.width(item)
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
    return Parts(nn.Sequential(*layers), average=True, tail=linear_tail(plan.spec.num_classes))
