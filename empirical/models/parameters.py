"""Which parameters weight decay acts on."""

from __future__ import annotations

from typing import Any

from torch import nn

from ...checks import check_real, choose


def parameter_groups(
    model: nn.Module, weight_decay: float, *, decay: str = "all"
) -> list[dict[str, Any]]:
    """Return parameter groups for a torch optimiser.

    Parameters
    ----------
    model : Module
        Its trainable parameters are taken, each once.
    weight_decay : float
        At least 0; 2e-4 in the networks of Madry et al., 5e-4 elsewhere in the paper.
    decay : {"all", "kernels"}
        "all": every parameter decays, as in torch's optimisers. "kernels": only weights of
        convolutions and linear layers, neither biases nor batch-norm, as Madry et al. do.

    Returns
    -------
    list of dict
        Keys "params" and "weight_decay"; groups without parameters are left out.

    Raises
    ------
    InputError
        If `weight_decay` is negative or `decay` is unknown.

    Examples
    --------
    >>> groups = parameter_groups(nn.Linear(3, 2), 2e-4, decay="kernels")
    >>> [(len(group["params"]), group["weight_decay"]) for group in groups]
    [(1, 0.0002), (1, 0.0)]
    """
    check_real("weight_decay", weight_decay, low=0)
    choose("decay", decay, ("all", "kernels"))
    trained = [p for p in model.parameters() if p.requires_grad]
    # Kernels are what has at least two axes; biases and batch-norm have one.
    decayed = [p for p in trained if decay == "all" or p.ndim > 1]
    free = [p for p in trained if decay == "kernels" and p.ndim <= 1]
    groups = [(decayed, weight_decay), (free, 0.0)]
    return [{"params": found, "weight_decay": value} for found, value in groups if found]
