"""The two four-layer perceptrons of table 8, and a linear rule."""

from __future__ import annotations

from torch import nn

from ..settings import ModelSpec
from .registry import Blueprint, Width, register


@register("linear", groups=())
def linear(spec: ModelSpec, width: Width) -> Blueprint:
    """Linear classifier of the pixels."""
    return Blueprint(nn.Flatten(), average=False)


@register("mlp_a", groups=())
def mlp_a(spec: ModelSpec, width: Width) -> Blueprint:
    """Perceptron of four linear layers, hidden widths 512-512-512.

    The paper's text gives the number of layers only; these widths are our choice.
    """
    return _mlp(spec, (512, 512, 512))


@register("mlp_b", groups=())
def mlp_b(spec: ModelSpec, width: Width) -> Blueprint:
    """Perceptron of four linear layers, hidden widths 2048-1024-512.

    As for mlp_a, the widths are our choice: a wider network that narrows.
    """
    return _mlp(spec, (2048, 1024, 512))


def _mlp(spec: ModelSpec, widths: tuple[int, ...]) -> Blueprint:
    inputs = spec.in_channels * spec.image_size**2
    layers: list[nn.Module] = [nn.Flatten()]
    for outputs in widths:
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        inputs = outputs
    return Blueprint(nn.Sequential(*layers), average=False)
