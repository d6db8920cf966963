"""Convolution, ReLU and pooling as one step, where a network has them one after another.

Between the modules of an `nn.Sequential` nobody else sees the values. ReLU may then
overwrite its input, and come after the max-pooling that follows it, on a quarter of the
values: the largest of rectified values is the rectified largest, and the gradient goes the
same way. Values and gradients stay the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules import module as registry

from .convolution import FEW, MANY, Pair, Spread, back_by_planes, channels_last, pair

_aten = torch.ops.aten


@contextmanager
def fused(network: nn.Module) -> Iterator[None]:
    """Let plain runs of modules in a network work as one step within this context.

    These are Conv2d, ReLU and, perhaps, MaxPool2d in a row in an `nn.Sequential`, without
    hooks. Everything else is left alone, and all of it while weights need gradients.

    Parameters
    ----------
    network : torch.nn.Module
        The network; its modules get another `forward` for the time being.
    """
    changed = []
    try:
        for module in network.modules():
            if type(module) is nn.Sequential and "forward" not in vars(module):
                steps = _steps(list(module))
                if any(isinstance(step, _Block) for step in steps):
                    module.forward = _chain(steps)  # type: ignore[method-assign]
                    changed.append(module)
        yield
    finally:
        for module in changed:
            del module.forward


def _chain(steps: list[Callable[[Tensor], Tensor]]) -> Callable[[Tensor], Tensor]:
    def forward(input: Tensor) -> Tensor:  # noqa: A002
        for step in steps:
            input = step(input)  # noqa: A001
        return input

    return forward


def _steps(modules: list[nn.Module]) -> list[Callable[[Tensor], Tensor]]:
    steps: list[Callable[[Tensor], Tensor]] = []
    while modules:
        first, second, third = [*modules, None, None][:3]
        if isinstance(first, nn.Conv2d) and _is_plain(first, second):
            pool = third if isinstance(third, nn.MaxPool2d) and _poolable(third) else None
            steps.append(_Block(first, second, pool))  # type: ignore[arg-type]
            modules = modules[2 if pool is None else 3 :]
        else:
            steps.append(modules[0])
            modules = modules[1:]
    return steps


def _is_plain(conv: nn.Conv2d, relu: nn.Module | None) -> bool:
    return (
        type(conv) is nn.Conv2d
        and type(relu) is nn.ReLU
        and conv.groups == 1
        and conv.padding_mode == "zeros"
        and not isinstance(conv.padding, str)
        and not hooked(conv)
        and not hooked(relu)
    )


def _poolable(pool: nn.MaxPool2d) -> bool:
    return type(pool) is nn.MaxPool2d and not pool.return_indices and not hooked(pool)


def hooked(module: nn.Module) -> bool:
    """Return whether a module's call does more than its class says: hooks, another forward."""
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    everywhere = any(getattr(registry, "_global" + name, None) for name in names)
    return everywhere or "forward" in vars(module) or any(getattr(module, n) for n in names)


class _Pooling(NamedTuple):
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    ceil: bool


class _Block:
    """The modules of one step, in the order in which they are written."""

    def __init__(self, conv: nn.Conv2d, relu: nn.ReLU, pool: nn.MaxPool2d | None) -> None:
        self.conv = conv
        self.relu = relu
        self.pool = pool
        self.spread = Spread(pair(conv.stride), pair(conv.padding), pair(conv.dilation))
        self.pooling = None
        if pool is not None:
            stride = pool.kernel_size if pool.stride is None else pool.stride
            kernel, padding, dilation = pool.kernel_size, pool.padding, pool.dilation
            self.pooling = _Pooling(
                pair(kernel), pair(stride), pair(padding), pair(dilation), pool.ceil_mode
            )
        weight = conv.weight.detach()
        self.weight = weight if weight.shape[0] > MANY else channels_last(weight)

    def __call__(self, x: Tensor) -> Tensor:
        conv = self.conv
        fixed = not (
            conv.weight.requires_grad or (conv.bias is not None and conv.bias.requires_grad)
        )
        if fixed and x.ndim == 4 and not torch._C._are_functorch_transforms_active():
            found: Tensor = _Fused.apply(x, self.weight, conv.bias, self.spread, self.pooling)
            return found
        y: Tensor = self.relu(conv(x))
        return y if self.pool is None else self.pool(y)


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        spread: Spread,
        pooling: _Pooling | None,
    ) -> Tensor:
        if weight.shape[0] > MANY:
            x = x.contiguous()
        y = torch.conv2d(x, weight, bias, *spread)
        ctx.spread, ctx.pooling = spread, pooling
        if pooling is None:
            out = y.relu_()
            ctx.save_for_backward(x, weight, out)
        else:
            out, index = _aten.max_pool2d_with_indices(y, *pooling)
            out.relu_()
            ctx.save_for_backward(x, weight, out, index, y)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        x, weight, out, *rest = ctx.saved_tensors
        gradient = _aten.threshold_backward(gradient, out, 0)
        if rest:
            index, y = rest
            gradient = _aten.max_pool2d_with_indices_backward(gradient, y, *ctx.pooling, index)
        stride, padding, dilation = ctx.spread
        if weight.shape[1] <= FEW and weight.shape[0] <= MANY:
            found = back_by_planes(gradient, weight, x.shape[2:], ctx.spread)
        else:
            found = _aten.convolution_backward(
                gradient,
                x,
                weight,
                None,
                stride,
                padding,
                dilation,
                False,
                [0, 0],
                1,
                [True, False, False],
            )[0]
        return found, None, None, None, None
