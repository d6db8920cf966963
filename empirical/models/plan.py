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
    spec: ModelSpec, parts: Parts, shape: tuple[int, ...], *, pooled: bool = False
) -> nn.Module:
    """Return the head for features whose maps have the shape (channels, H', W').

    Maps that the plain network averages are averaged. Over the group they are pooled before
    (`pooled`, or head "invariant"), or the linear layer sees every element. Maps that the plain
    network flattens are flattened with all their elements; for head "invariant" the first
    linear layer is applied in all orientations, with the same parameters, and pooled.

    Parameters
    ----------
    spec : ModelSpec
        Says group and head, and with a group how to pool.
    parts : Parts
        The plain network.
    shape : tuple of int
        Of one image's feature maps in the plain network, the group not counted.
    pooled : bool
        Whether the paper's head pools averaged maps over the group.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels = shape[0]
    invariant = spec.head == "invariant"
    if spec.group is not None and parts.average and (pooled or invariant):
        from .equivariant import GroupPool

        layers["group"] = GroupPool(spec.group, spec.options["pool"])
    else:
        channels *= group_order(spec.group)
    if parts.average:
        layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    inputs = channels if parts.average else channels * math.prod(shape[1:])
    layers.update(parts.tail(inputs).named_children())
    if spec.group is not None and invariant and not parts.average:
        _read_in_all_orientations(layers, shape, spec.group, spec.options["pool"])
    return nn.Sequential(layers)


def _read_in_all_orientations(
    layers: OrderedDict[str, nn.Module], shape: tuple[int, ...], group: str, pool: str
) -> None:
    """Replace the first linear layer by one that the group does not change."""
    from .equivariant import WholeMapLinear

    for name, layer in layers.items():
        if isinstance(layer, nn.Linear):
            layers[name] = WholeMapLinear(
                shape[0], layer.out_features, shape[1], group=group, pool=pool
            )
            return
