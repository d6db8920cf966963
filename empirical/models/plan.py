"""What the maker of a network receives and returns, and the head made for it."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from .classifier import ModelSpec, group_order


@dataclass(frozen=True)
class Plan:
    """What a network is built for.

    Attributes
    ----------
    spec : ModelSpec
        Classes, channels, image size, group and head.
    scale : float
        Factor on all channel counts; below 1 for a group network that divides them.
    """

    spec: ModelSpec
    scale: float = 1.0

    def width(self, channels: int) -> int:
        """Return a channel count of the plain network, scaled and rounded (halves up).

        Examples
        --------
        >>> plan = Plan(ModelSpec("resnet18", 10, 3, 32), scale=8 ** -0.5)
        >>> [plan.width(c) for c in (64, 128, 256, 512)]
        [23, 45, 91, 181]
        """
        return max(1, math.floor(channels * self.scale + 0.5))


@dataclass(frozen=True)
class Parts:
    """A plain network in two parts, so that a group can act on the first.

    Attributes
    ----------
    features : Module
        From images (B, C, H, W) to maps (B, C', H', W'), or to vectors for an MLP.
    average : bool
        Whether the plain network averages its maps over space (else it flattens them).
    tail : callable
        From the number of inputs to the layers that end in logits.
    """

    features: nn.Module
    average: bool
    tail: Callable[[int], nn.Sequential]


def linear_tail(num_classes: int) -> Callable[[int], nn.Sequential]:
    """Return the tail that is one linear layer, named fc."""

    def tail(inputs: int) -> nn.Sequential:
        return nn.Sequential(OrderedDict(fc=nn.Linear(inputs, num_classes)))

    return tail


def hidden_tail(
    widths: tuple[int, ...], num_classes: int, *, dropout: float = 0.0
) -> Callable[[int], nn.Sequential]:
    """Return a tail of hidden ReLU layers fc1, fc2, ... before the logits.

    Dropout, if any, stands after the last hidden layer.
    """

    def tail(inputs: int) -> nn.Sequential:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, width in enumerate(widths, start=1):
            layers[f"fc{number}"] = nn.Linear(inputs, width)
            layers[f"relu{number}"] = nn.ReLU()
            inputs = width
        if dropout:
            layers["dropout"] = nn.Dropout(dropout)
        layers[f"fc{len(widths) + 1}"] = nn.Linear(inputs, num_classes)
        return nn.Sequential(layers)

    return tail


def make_head(
    spec: ModelSpec, parts: Parts, shape: tuple[int, ...], *, pooled: bool, pool: str = "max"
) -> nn.Module:
    """Return the head for features whose maps have the shape (channels, H', W').

    Parameters
    ----------
    spec : ModelSpec
        Says group and head.
    parts : Parts
        The plain network.
    shape : tuple of int
        Of one image's feature maps in the plain network, the group not counted.
    pooled : bool
        Whether the paper's head pools over the group.
    pool : {"max", "mean"}
        How to pool over the group.
    """
    invariant = spec.head == "invariant"
    average = parts.average or invariant
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inputs = shape[0] if average else math.prod(shape)
    if spec.group is not None:
        if invariant or (pooled and parts.average):
            from .equivariant import GroupPool

            layers["group"] = GroupPool(spec.group, pool)
        else:
            inputs *= group_order(spec.group)
    if average:
        layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers.update(parts.tail(inputs).named_children())
    return nn.Sequential(layers)
