"""The state in which a network is attacked, and its exact restoration afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ...errors import InputError


def unwrap(model: nn.Module) -> nn.Module:
    """Return the network inside a data-parallel wrapper; any other module as it is.

    An attack must not go through a `DistributedDataParallel` wrapper: its forward pass
    expects gradients of parameters to follow, and the next training step would wait for
    them. A compiled module stays compiled, unless what was compiled is such a wrapper.

    Raises
    ------
    InputError
        If `model` is no `torch.nn.Module`.
    """
    if not isinstance(model, nn.Module):
        raise InputError("model", "be a torch.nn.Module", type(model).__name__)
    inner = getattr(model, "_orig_mod", model)  # of torch.compile
    if isinstance(inner, nn.parallel.DistributedDataParallel | nn.DataParallel):
        return unwrap(inner.module)
    return model


@contextmanager
def attacking(
    model: nn.Module, *, train: bool = False, seed: int | None = None
) -> Iterator[nn.Module]:
    """Put a network into the state in which it is attacked, and restore all of it.

    Inside the context every module is in evaluation mode (or in training mode), and no
    parameter asks for a gradient, so that backward passes compute the gradient of the
    input alone. On the way out, whatever happened, these are as they were: the training
    flag of every module, `requires_grad` of every parameter, the global random state (the
    masks of dropout come from it), and in training mode all buffers (the running
    statistics of batch-norm). Gradients already held in `.grad` are never touched.

    Parameters
    ----------
    model : torch.nn.Module
        Any network; it may be wrapped by `DistributedDataParallel` or compiled.
    train : bool
        Mode of the network: False is evaluation, which every attack should use; True is
        how the published script attacks group-equivariant networks.
    seed : int, optional
        Seed of the global random state inside the context, so that dropout in training
        mode is reproducible. None leaves the state as it is.

    Yields
    ------
    torch.nn.Module
        The network to call: the one given, without its data-parallel wrapper.

    Raises
    ------
    InputError
        If `model` is no `torch.nn.Module`.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    >>> with attacking(net) as f:
    ...     f.training, f[1].training, f[0].weight.requires_grad
    (False, False, False)
    >>> net.training, net[0].weight.requires_grad
    (True, True)
    """
    network = unwrap(model)
    flags = [(module, module.training) for module in model.modules()]
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    buffers = [(b, b.detach().clone()) for b in network.buffers()] if train else []
    random_state = _random_state(network)
    try:
        network.train(train)
        for parameter, _ in wanted:
            if parameter.is_leaf:
                parameter.requires_grad_(False)
        if seed is not None:
            torch.manual_seed(seed)
        yield network
    finally:
        for parameter, state in wanted:
            if parameter.is_leaf:
                parameter.requires_grad_(state)
        for module, flag in flags:
            module.training = flag
        _restore(buffers)
        _set_random_state(random_state)


def _restore(buffers: list[tuple[Tensor, Tensor]]) -> None:
    with torch.no_grad():
        for buffer, kept in buffers:
            buffer.copy_(kept)


def _random_state(network: nn.Module) -> list[tuple[torch.device, Tensor]]:
    found = {p.device for p in network.parameters() if p.device.type == "cuda"}
    states = [(torch.device("cpu"), torch.get_rng_state())]
    return states + [(device, torch.cuda.get_rng_state(device)) for device in found]


def _set_random_state(states: list[tuple[torch.device, Tensor]]) -> None:
    for device, state in states:
        if device.type == "cuda":
            torch.cuda.set_rng_state(state, device)
        else:
            torch.set_rng_state(state)
