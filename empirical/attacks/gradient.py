"""The gradient of an objective with respect to the images, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ...errors import InputError, RunFailedError
from ..device import autocast
from .objective import Objective

Logits = Callable[[Tensor], Tensor]


class Slope(NamedTuple):
    """Logits (B, classes), objective (B,) and its gradient at the images, up to a factor."""

    logits: Tensor
    value: Tensor
    gradient: Tensor


def input_gradient(
    logits: Logits, x: Tensor, objective: Objective, precision: str = "float32"
) -> Slope:
    """Return logits, objective and its gradient with respect to the images.

    The objective's gradient with respect to the logits is known in closed form, so the
    backward pass starts at the logits.

    Parameters
    ----------
    logits : callable
        The network.
    x : Tensor
        Images; a leaf of the graph, marked as needing a gradient here.
    objective : callable
        See :mod:`objective`.
    precision : str
        "float32" (the network's own) or "bfloat16" (autocast).

    Raises
    ------
    RunFailedError
        If the output does not depend differentiably on the images.
    """
    found = tracked(logits, x, precision)
    with torch.no_grad():
        plain = wide(found.detach())
        value, direction = objective(plain)
    (gradient,) = torch.autograd.grad(found, x, direction.to(found.dtype))
    return Slope(plain, value, gradient)


def tracked(logits: Logits, x: Tensor, precision: str = "float32") -> Tensor:
    """Return the logits at images, a leaf marked here, with the graph that leads to them.

    Raises
    ------
    RunFailedError
        If there is no graph.
    """
    with torch.enable_grad():
        x.requires_grad_()
        with autocast(x.device, precision):
            found = logits(x)
    if not found.requires_grad:
        raise RunFailedError(
            "The network's output does not depend differentiably on its input: "
            "a gradient attack would call it robust without having attacked it."
        )
    return found


def forward(logits: Logits, x: Tensor, precision: str = "float32") -> Tensor:
    """Return the logits at the images, without a graph, in float32 or wider."""
    with torch.no_grad(), autocast(x.device, precision):
        return wide(logits(x.detach()))


def wide(logits: Tensor) -> Tensor:
    """Return logits in float32 at least: half precision loses the ranking of losses."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def check_logits(logits: object, batch: int) -> Tensor:
    """Return logits unchanged, or raise if they are no (batch, classes) tensor.

    Raises
    ------
    InputError
        If the network returns something else, or fewer than two classes.
    """
    rule = f"return logits of shape ({batch}, classes), with at least 2 classes"
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        raise InputError("model", rule, type(logits).__name__)
    if logits.ndim != 2 or logits.shape[0] != batch or logits.shape[1] < 2:
        raise InputError("model", rule, f"shape {tuple(logits.shape)}")
    return logits


def check_finite(witness: Tensor) -> None:
    """Raise if a sum over all steps is NaN: the network returned NaN somewhere.

    The sign of NaN is 0 in torch, so such an attack would stand still unnoticed.

    Raises
    ------
    RunFailedError
        If the witness is NaN.
    """
    if bool(torch.isnan(witness).any()):
        raise RunFailedError("The network returned NaN during the attack.")
