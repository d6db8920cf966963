"""Convolutions that are cheaper on a CPU while weights are fixed, for any network.

Two things are slow in a gradient attack on a CPU. Small networks lose half of the time to
the layout (batch, channels, height, width): with channels last, convolutions with up to
about a hundred channels are up to twice, and pooling five times as fast. And oneDNN goes
back through the first layer at a twentieth of the speed of the machine, because images have
so few channels; one matrix product from output channels to the kernel's taps, whose planes
are then added up shifted, does the same sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

#: Up to this number of input channels the way back is a matrix product and shifted sums.
FEW = 4
#: Up to this number of output channels, channels come last (measured: oneDNN 3, AVX-512).
MANY = 128

Pair = tuple[int, int]


class Spread(NamedTuple):
    """How the taps of a convolution lie: stride, padding and dilation, rows then columns."""

    stride: Pair
    padding: Pair
    dilation: Pair


class FastConvolutions(TorchFunctionMode):
    """While active, `conv2d` calls with fixed weights run faster, with the same result.

    All calls are covered, whatever module makes them. Results differ from torch's own by
    the order of summation only. Calls to which this does not apply (a weight that needs a
    gradient, groups, other devices) are left alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._weights: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is torch.conv2d:
            return self._convolve(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _convolve(
        self,
        input: Tensor,  # noqa: A002
        weight: Tensor,
        bias: Tensor | None = None,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
    ) -> Tensor:
        if (
            groups != 1
            or weight.requires_grad
            or input.device.type != "cpu"
            or input.ndim != 4
            or isinstance(padding, str)
        ):
            return torch.conv2d(input, weight, bias, stride, padding, dilation, groups)
        if weight.shape[0] > MANY:
            return torch.conv2d(input.contiguous(), weight, bias, stride, padding, dilation)
        weight = self._prepared(weight)
        if weight.shape[1] > FEW or not (input.requires_grad and torch.is_grad_enabled()):
            return torch.conv2d(input, weight, bias, stride, padding, dilation)
        spread = Spread(pair(stride), pair(padding), pair(dilation))
        found: Tensor = _FirstConvolution.apply(input, weight, bias, spread)
        return found

    def _prepared(self, weight: Tensor) -> Tensor:
        known = self._weights.get(id(weight))
        if known is not None and known[0] is weight:
            return known[1]
        prepared = channels_last(weight)
        # Only parameters live as long as this object; other weights are made anew each time.
        if isinstance(weight, nn.Parameter):
            self._weights[id(weight)] = (weight, prepared)
        return prepared


class _FirstConvolution(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None, spread: Spread) -> Tensor:
        return torch.conv2d(x, weight, bias, spread.stride, spread.padding, spread.dilation)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, ctx.weight, _, ctx.spread = inputs
        ctx.size = x.shape[2:]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return back_by_planes(gradient, ctx.weight, ctx.size, ctx.spread), None, None, None


def back_by_planes(
    gradient: Tensor, weight: Tensor, size: tuple[int, int], spread: Spread
) -> Tensor:
    """Return the gradient at a convolution's input: one product, one shifted sum per tap."""
    (sy, sx), (py, px), (dy, dx) = spread
    out, channels, ky, kx = weight.shape
    batch, _, rows, cols = gradient.shape
    pixels = gradient.permute(0, 2, 3, 1).reshape(-1, out)
    taps = weight.reshape(out, -1).t() @ pixels.t()
    planes = taps.view(channels, ky, kx, batch, rows, cols)
    total = gradient.new_zeros(channels, batch, size[0] + 2 * py, size[1] + 2 * px)
    for i in range(ky):
        for j in range(kx):
            top, left = i * dy, j * dx
            bottom, right = top + sy * (rows - 1) + 1, left + sx * (cols - 1) + 1
            total[:, :, top:bottom:sy, left:right:sx].add_(planes[:, i, j])
    return total[:, :, py : py + size[0], px : px + size[1]].transpose(0, 1)


def channels_last(values: Tensor) -> Tensor:
    """Return values laid out with channels last, also where there is one channel only."""
    _, channels, rows, cols = values.shape
    strides = (channels * rows * cols, 1, cols * channels, channels)
    if values.stride() == strides:
        return values
    made = torch.empty_strided(values.shape, strides, dtype=values.dtype, device=values.device)
    return made.copy_(values)


def pair(value: Any) -> Pair:
    """Return rows and columns of a size given as one or two numbers."""
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[-1]))
