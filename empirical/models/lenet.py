"""The LeNets: Madry's for MNIST and a classical one for CIFAR10 (table 8)."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ...errors import InputError
from .plan import Parts, Plan, hidden_tail
from .registry import register


@register("madry_lenet")
def madry_lenet(plan: Plan) -> Parts:
    """Conv32-Pool-Conv64-Pool-FC1024-FC: the MNIST network of Madry et al.

    5x5 convolutions that keep the size, ReLU, 2x2 max-pools: 3,274,634 parameters at 28x28x1
    with ten classes.
    """
    a, b = plan.width(32), plan.width(64)
    features = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(plan.spec.in_channels, a, 5, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(a, b, 5, padding=2),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
        )
    )
    return Parts(features, average=False, tail=hidden_tail((1024,), plan.spec.num_classes))


@register("lenet")
def lenet(plan: Plan, *, fully_connected: int = 2) -> Parts:
    """Conv6-Pool-Conv16-Pool-FC120-FC: a LeNet-5 with ReLU and max-pools, for table 8.

    The paper's text says two convolutions and two fully connected layers, the published file
    has three of the latter; the sizes are not known to us. These are LeNet-5's: 5x5
    convolutions without padding, and `fully_connected=3` adds its layer of 84.
    """
    if fully_connected not in (2, 3):
        raise InputError("fully_connected", "be 2 or 3", fully_connected)
    a, b = plan.width(6), plan.width(16)
    features = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(plan.spec.in_channels, a, 5),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(a, b, 5),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
        )
    )
    hidden = (120,) if fully_connected == 2 else (120, 84)
    return Parts(features, average=False, tail=hidden_tail(hidden, plan.spec.num_classes))
