"""The one way in which networks are called: on a copy, in their own dtype, the output checked.

A network may work in place (`x -= 0.13`, or `ReLU(inplace=True)` first) and so destroy the images
that it is given, or break the graph that an attack follows. Networks of others are called here
and nowhere else.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..checks import choose
from ..errors import InputError, RunFailedError
from .choices import PRECISIONS

P = ParamSpec("P")
R = TypeVar("R")


def reason_of(error: Exception) -> str:
    """Return the first line that an error says, or else its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context in which a network computes in a precision of :data:`PRECISIONS`."""
    if choose("precision", precision, PRECISIONS) == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, precision))


def unwrap(model: nn.Module) -> nn.Module:
    """Return the network inside a data-parallel wrapper; any other module as it is.

    An attack must not go through a `DistributedDataParallel` wrapper: its forward pass
    expects gradients of parameters to follow, and the next training step would wait for
    them. A compiled module stays compiled, unless what was compiled is such a wrapper.
    """
    if not isinstance(model, nn.Module):
        raise InputError("model", "be a torch.nn.Module", type(model).__name__)
    if any(is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        hint = "A lazy layer has none before its first call: call the network once on a batch."
        raise InputError("model", "have weights", type(model).__name__, hint)
    inner = getattr(model, "_orig_mod", model)  # of torch.compile
    if isinstance(inner, nn.parallel.DistributedDataParallel | nn.DataParallel):
        return unwrap(inner.module)
    return model


def outside_inference_mode(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function run as if no `torch.inference_mode` were around it.

    Tensors made in that mode cannot take part in a gradient; those given are copied.
    """

    def usable(value: object) -> object:
        return value.clone() if isinstance(value, Tensor) and value.is_inference() else value

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch.inference_mode(False):
            given = {name: usable(value) for name, value in kwargs.items()}
            return function(*map(usable, args), **given)  # type: ignore[arg-type]

    return run


def keeping_input(
    function: Callable[[Tensor], Tensor], network: nn.Module | None = None
) -> Callable[[Tensor], Tensor]:
    """Return a function of images that calls another on a copy of them.

    The copy has the dtype of the parameters of the `network`, or of the function if it is one,
    if these share one.
    """
    network = function if network is None and isinstance(function, nn.Module) else network
    tensors = () if network is None else network.parameters()
    kinds = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    dtype = kinds.pop() if len(kinds) == 1 else None

    compiled = any(hasattr(part, "_orig_mod") for part in (function, network))

    def call(images: Tensor) -> Tensor:
        copied = images.to(dtype or images.dtype, copy=True)
        if not compiled:
            return function(copied)
        with warnings.catch_warnings():  # the compiler looks at `.grad` of what is no leaf
            warnings.filterwarnings("ignore", r"The \.grad attribute", UserWarning)
            return function(copied)

    return call


class Logits:
    """A function of images, a network or a method of its, to logits, called as said above.

    The parameters of the network say the dtype; `largest` is the largest label, for which there
    must be a logit, too.
    """

    def __init__(
        self, function: Callable[[Tensor], Tensor], network: nn.Module, largest: int = -1
    ) -> None:
        self._call = keeping_input(function, network)
        self._name = type(network).__name__
        self._largest = largest
        self._works = False

    def __call__(self, images: Tensor) -> Tensor:
        """Return the logits; InputError if the network does not fit the images."""
        logits = self._call(images) if self._works else self._first(images)
        rule = f"turn images of shape {tuple(images.shape[1:])} into logits (batch, classes)"
        if not isinstance(logits, Tensor):
            raise InputError("model", rule, f"a result of type {type(logits).__name__}")
        if logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] < 2:
            given = f"a result of shape {tuple(logits.shape)} for {len(images)} images"
            raise InputError("model", rule, given)
        if not logits.is_floating_point():
            raise InputError("model", rule, f"a result of dtype {logits.dtype}")
        if logits.shape[1] <= self._largest:
            raise InputError("y", f"be at least 0 and below {logits.shape[1]}", self._largest)
        self._works = True
        return logits

    def _first(self, images: Tensor) -> Tensor:
        """Call the network for the first time, and say how it does not fit."""
        try:
            return self._call(images)
        except torch.OutOfMemoryError as error:
            held = f"out of memory with {len(images)} images a batch"
            raise RunFailedError(f"{held}: {error}") from None
        except Exception as error:
            rule = f"turn images of shape {tuple(images.shape[1:])} into logits (batch, classes)"
            raise InputError("model", rule, self._name, f"It fails: {reason_of(error)}") from error
