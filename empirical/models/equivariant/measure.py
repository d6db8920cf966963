"""How equivariant, or invariant, a network is: measured on given inputs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ....checks import choose
from ....errors import InputError
from .groups import Group, get_group

#: What the group does to inputs, and to outputs.
BEFORE = ("image", "maps")
AFTER = ("maps", "image", "invariant")


def equivariance_error(
    module: Callable[[Tensor], Tensor],
    x: Tensor,
    group: str | Group = "p4",
    *,
    before: str = "image",
    after: str = "maps",
) -> Tensor:
    """Return how far f(T_g x) is from T_g f(x), for every element g of the group.

    Parameters
    ----------
    module : callable
        The network f, or any function of a batch. It runs in the mode it is in: one in
        training mode updates running statistics, and dropout makes draws of its own.
    x : Tensor
        Inputs, shape (B, channels, H, W), or (B, channels * order, H, W) with before="maps"
        (order is the number of elements of the group).
    group : {"p4", "p4m"} or Group
        The group.
    before : {"image", "maps"}
        How T_g acts on inputs: turning (B, C, H, W), or also moving the elements of the group
        (:meth:`Group.act`).
    after : {"maps", "image", "invariant"}
        How T_g acts on outputs; "invariant": not at all.

    Returns
    -------
    Tensor
        float64 (order,) on the CPU: the largest absolute difference over the batch, divided by
        the largest absolute value of f(x). Rounding alone gives about 1e-6 in float32 and
        1e-15 in float64. The first, of the identity, is 0 for a deterministic network.

    Raises
    ------
    InputError
        If x has the wrong shape, or the outputs have other shapes than their turned selves.

    Examples
    --------
    >>> shift = torch.nn.ZeroPad2d((1, 0, 0, 0))  # one column to the left only
    >>> x = torch.ones(1, 1, 3, 3)
    >>> equivariance_error(lambda x: shift(x)[..., :3], x, after="image").tolist()
    [0.0, 1.0, 1.0, 1.0]
    """
    group = get_group(group)
    act_before = group.act if choose("before", before, BEFORE) == "maps" else group.transform
    act_after = group.act if choose("after", after, AFTER) == "maps" else group.transform
    if not isinstance(x, Tensor) or x.ndim != 4:
        shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise InputError("x", "have shape (B, channels, H, W)", shape)
    errors = []
    with torch.no_grad():
        out = module(x)
        scale = out.abs().amax().double()
        for g in range(group.order):
            turned = module(act_before(x, g))
            expected = out if after == "invariant" else act_after(out, g)
            if turned.shape != expected.shape:
                rule = f"return {tuple(expected.shape)} for inputs moved by {group.label(g)}"
                raise InputError("module", rule, tuple(turned.shape))
            errors.append((turned - expected).abs().amax().double())
        # An output that is zero throughout has no scale; its error is then absolute.
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        return (torch.stack(errors) / scale).cpu()


def invariance_error(
    module: Callable[[Tensor], Tensor], x: Tensor, group: str | Group = "p4"
) -> Tensor:
    """Return how far f(T_g x) is from f(x), for images x and every element g of the group.

    It is :func:`equivariance_error` with ``after="invariant"``.

    Parameters
    ----------
    module, x, group
        As in :func:`equivariance_error`.

    Returns
    -------
    Tensor
        float64 (order,) on the CPU, as there.

    Raises
    ------
    InputError
        As there.

    Examples
    --------
    >>> invariance_error(lambda x: x.mean((2, 3)), torch.eye(4).view(1, 1, 4, 4)).max().item()
    0.0
    """
    return equivariance_error(module, x, group, after="invariant")
