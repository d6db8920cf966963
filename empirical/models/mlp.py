"""The two four-layer perceptrons of table 8."""

from __future__ import annotations

from torch import nn

from .plan import Parts, Plan, linear_tail
from .registry import register


@register("mlp_a", groups=())
def mlp_a(plan: Plan) -> Parts:
    """Perceptron of four linear layers, hidden widths 512-512-512.

    The paper's text gives the number of layers only; these widths are our choice.
    """
    return _mlp(plan, (512, 512, 512))


@register("mlp_b", groups=())
def mlp_b(plan: Plan) -> Parts:
    """Perceptron of four linear layers, hidden widths 2048-1024-512.

    As for mlp_a, the widths are our choice: a wider network that narrows.
    """
    return _mlp(plan, (2048, 1024, 512))


def _mlp(plan: Plan, widths: tuple[int, ...]) -> Parts:
    spec = plan.spec
    inputs = spec.in_channels * spec.image_size**2
    layers: list[nn.Module] = [nn.Flatten()]
    for width in widths:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return Parts(nn.Sequential(*layers), average=False, tail=linear_tail(spec.num_classes))
