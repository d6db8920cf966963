"""DenseNet121 for small images, of torchvision's blocks."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ..settings import ModelSpec
from .registry import Blueprint, Width, register


@register("densenet121")
def densenet121(spec: ModelSpec, width: Width) -> Blueprint:
    """DenseNet121 for small images: growth 32, a 3x3 stem without norm and pool.

    Blocks of 6, 12, 24 and 16 layers; 6,956,298 parameters at 3 channels with ten classes.
    Nothing but average pooling halves the maps, so that its group networks are exactly
    equivariant where each halved side is even (32x32, 64x64).
    """
    from torchvision.models import DenseNet  # takes a second to import

    whole = DenseNet(growth_rate=width(32), num_init_features=width(64), num_classes=1)
    layers = OrderedDict(whole.features.named_children())
    for name in ("norm0", "relu0", "pool0"):
        del layers[name]
    layers["conv0"] = nn.Conv2d(
        spec.in_channels, layers["conv0"].out_channels, 3, padding=1, bias=False
    )
    layers["relu5"] = nn.ReLU()
    for module in whole.features.modules():
        # torchvision has its own initialisation; every network here has torch's.
        if isinstance(module, nn.Conv2d):
            module.reset_parameters()
    return Blueprint(nn.Sequential(layers), average=True)
