"""The MNIST network of the paper (its table 2)."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ..settings import ModelSpec
from .registry import Blueprint, Width, register


@register("stdcnn", channels="same")
def stdcnn(spec: ModelSpec, width: Width) -> Blueprint:
    """Conv10-Conv10-Pool-Conv20-Conv20-Pool-FC50-FC: the paper's network for MNIST.

    3x3 convolutions without padding, ReLU, 2x2 max-pools, dropout 1/2 before the logits:
    23,010 parameters at 28x28x1 with ten classes. The P4 network keeps the channel counts and
    flattens the maps of all four turns into FC50: 89,910 parameters.
    """
    a, b = width(10), width(20)
    features = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(spec.in_channels, a, 3),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(a, a, 3),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(a, b, 3),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(b, b, 3),
            relu4=nn.ReLU(),
            pool4=nn.MaxPool2d(2),
        )
    )
    return Blueprint(features, average=False, hidden=(50,), dropout=0.5)
