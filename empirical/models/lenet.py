"""The LeNets: Madry's for MNIST and a classical one for CIFAR10 (table 8)."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ...errors import InputError
from ..settings import ModelSpec
from .registry import Blueprint, Width, register


@register("madry_lenet")
def madry_lenet(spec: ModelSpec, width: Width) -> Blueprint:
    """Conv32-Pool-Conv64-Pool-FC1024-FC: the MNIST network of Madry et al.

    5x5 convolutions that keep the size, ReLU, 2x2 max-pools: 3,274,634 parameters at 28x28x1
    with ten classes.
    """
    return Blueprint(_features(spec, width(32), width(64), padding=2), False, hidden=(1024,))


@register("lenet")
def lenet(spec: ModelSpec, width: Width, *, fully_connected: int = 2) -> Blueprint:
    """Conv6-Pool-Conv16-Pool-FC120-FC: a LeNet-5 with ReLU and max-pools, for table 8.

    The paper's text says two convolutions and two fully connected layers, the published file
    has three of the latter; the sizes are not known to us. These are LeNet-5's: 5x5
    convolutions without padding, and `fully_connected=3` adds its layer of 84.
    """
    if fully_connected not in (2, 3):
        raise InputError("fully_connected", "be 2 or 3", fully_connected)
    hidden = (120, 84)[: fully_connected - 1]
    return Blueprint(_features(spec, width(6), width(16), padding=0), False, hidden)


def _features(spec: ModelSpec, a: int, b: int, *, padding: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(spec.in_channels, a, 5, padding=padding),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(a, b, 5, padding=padding),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
        )
    )
