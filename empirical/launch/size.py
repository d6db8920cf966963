"""How much work a network is: operations and layers, counted without computing anything."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.nn import functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count, mm_flop

from ..models import ModelSpec, build_spec


class Size(NamedTuple):
    """How much work a network is.

    `forward` are the floating-point operations of a forward pass of one image, an addition and a
    multiplication being two; `layers` are, roughly, kernels that a GPU starts one after the other.
    """

    forward: float
    layers: int


def size_of(spec: ModelSpec) -> Size:
    """Return how much work a network is; its normalisation does not matter.

    Convolutions and matrix products are counted, by torch's formulas. A backward pass to the
    input costs as much as a forward pass, one to input and weights twice as much.

    Examples
    --------
    >>> size_of(ModelSpec("resnet18", 10, 3, 32)).forward / 1e9
    1.11084544
    """
    return _size(json.dumps(spec.to_json() | {"mean": None, "std": None}, sort_keys=True))


@cache
def _size(text: str) -> Size:
    spec = ModelSpec.from_json(json.loads(text))
    if ":" in spec.name:  # what somebody's own code does is not known from shapes alone
        model = build_spec(spec).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(torch.zeros(1, spec.in_channels, spec.image_size, spec.image_size))
        layers = sum(not list(module.children()) for module in model.modules())
        return Size(float(counter.get_total_flops()), layers)
    with _Counting() as counting, torch.no_grad():
        model = build_spec(spec, device="meta").eval()
        counting.total = 0  # building looks at shapes, too
        model(torch.empty(1, spec.in_channels, spec.image_size, spec.image_size, device="meta"))
    return Size(counting.total, sum(not list(module.children()) for module in model.modules()))


_SAME_SHAPE = {F.batch_norm, F.relu, torch.relu, torch.Tensor.uniform_, torch.Tensor.normal_}


class _Counting(TorchFunctionMode):
    """Adds up the operations of convolutions and matrix products on the meta device.

    It stands for torch's FlopCounterMode, by whose formulas it counts, because that takes ten
    times as long for the networks of all experiments: here the shape alone is followed, values
    are never drawn, and what keeps the shape is left out.
    """

    total = 0

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if function in _SAME_SHAPE:
            return args[0]
        if function is F.adaptive_avg_pool2d and args[1] in (1, (1, 1)):
            return args[0][..., :1, :1]
        if function is F.linear:
            x, weight = args[:2]
            out = x.new_empty(*x.shape[:-1], weight.shape[0])
            rows = x.shape[:-1].numel()
            self.total += mm_flop((rows, x.shape[-1]), (weight.shape[1], weight.shape[0]))
            return out
        out = function(*args, **(kwargs or {}))
        if function is F.conv2d:
            self.total += conv_flop_count(list(args[0].shape), list(args[1].shape), list(out.shape))
        return out
