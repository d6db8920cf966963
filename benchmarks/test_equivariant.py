"""Group convolutions and normalisation against the plain layers of the same expanded shape.

Must be reached: forward and backward within 1.2 times a plain convolution, at the sizes of the
paper's networks. Both are timed in turn in one run. On a shared machine either the shortest times
or the median of the ratios may be disturbed; the smaller of both ratios counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spadv.empirical.models.equivariant import GroupBatchNorm2d, GroupConv2d, LiftingConv2d

BATCH = 64
LIMIT = 1.2
# Layer, channels in and out, side of the map, padding: StdCNN at 28x28, ResNet18-P4 and
# VGG16-P4 at 32x32 (channels not counting the group).
LAYERS = {
    "stdcnn conv1": (LiftingConv2d, 1, 10, 28, 0),
    "stdcnn conv2": (GroupConv2d, 10, 10, 26, 0),
    "stdcnn conv3": (GroupConv2d, 10, 20, 12, 0),
    "stdcnn conv4": (GroupConv2d, 20, 20, 10, 0),
    "resnet18 conv1": (LiftingConv2d, 3, 32, 32, 1),
    "resnet18 layer1": (GroupConv2d, 32, 32, 32, 1),
    "resnet18 layer2": (GroupConv2d, 64, 64, 16, 1),
    "resnet18 layer3": (GroupConv2d, 128, 128, 8, 1),
    "resnet18 layer4": (GroupConv2d, 256, 256, 4, 1),
    "vgg16 last": (GroupConv2d, 256, 256, 2, 1),
}


def step(layer: nn.Module, x: Tensor, gradient: Tensor) -> Callable[[], None]:
    """Return a forward and backward pass, to the input and to the parameters."""

    def run() -> None:
        layer.zero_grad(set_to_none=True)
        x.grad = None
        layer(x).backward(gradient)

    return run


def ratios(ours: Callable[[], None], plain: Callable[[], None], seconds: float) -> dict[str, float]:
    """Return times of ours over times of the plain layer, from alternating rounds.

    "shortest" compares the least disturbed rounds, "median" is that of the rounds' ratios.
    """
    ours(), plain()  # warm-up
    times, begin = [], time.perf_counter()
    while len(times) < 7 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        ours()
        middle = time.perf_counter()
        plain()
        times.append((middle - start, time.perf_counter() - middle))
    first, second = zip(*times, strict=True)
    median = statistics.median(a / b for a, b in times)
    return {"shortest": round(min(first) / min(second), 3), "median": round(median, 3)}


@pytest.mark.parametrize("name", LAYERS)
def test_convolution(benchmark: Any, name: str) -> None:
    make, inputs, outputs, side, padding = LAYERS[name]
    torch.manual_seed(0)
    layer = make(inputs, outputs, 3, padding=padding, bias=False)
    rows, columns = layer.expanded_weight().shape[:2]
    plain = nn.Conv2d(columns, rows, 3, padding=padding, bias=False)
    # As within a network: the gradient goes on to the input, but not to the image.
    x = torch.randn(BATCH, columns, side, side, requires_grad=make is GroupConv2d)
    gradient = torch.randn_like(plain(x))
    ours, theirs = step(layer, x, gradient), step(plain, x, gradient)
    found = ratios(ours, theirs, 1.5)
    benchmark.group = "group convolution, forward and backward"
    benchmark.extra_info |= {"times_of_plain": found, "batch": BATCH}
    benchmark.pedantic(ours, rounds=3)
    assert min(found.values()) < LIMIT


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(benchmark: Any, training: bool, channels_last: bool) -> None:
    torch.manual_seed(0)
    layer, plain = GroupBatchNorm2d(32).train(training), nn.BatchNorm2d(128).train(training)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.randn(BATCH, 128, 32, 32).contiguous(memory_format=layout).requires_grad_()
    gradient = torch.randn_like(x)
    ours, theirs = step(layer, x, gradient), step(plain, x, gradient)
    found = ratios(ours, theirs, 1.0)
    benchmark.group = "group batch normalisation, forward and backward"
    benchmark.extra_info["times_of_plain"] = found
    benchmark.pedantic(ours, rounds=3)
