"""What every model here is: normalisation, features and a head, and a record of its making."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ...checks import check_real, choose
from ..settings import ModelSpec
from .equivariant import declare_paths


@declare_paths(())
class Normalise(nn.Module):
    """Subtract a mean and divide by a standard deviation, per channel; None is the identity."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: Sequence[float] | None = None, std: Sequence[float] | None = None
    ) -> None:
        super().__init__()
        self.identity = mean is None or std is None
        if mean is not None and std is not None:
            shape = (1, -1, 1, 1)
            self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(shape))
            self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Return images `x` of shape (B, C, H, W) normalised."""
        return x if self.identity else (x - self.mean) / self.std

    def extra_repr(self) -> str:
        """Return what `print(model)` shows."""
        return "identity" if self.identity else f"channels={self.mean.numel()}"


@declare_paths(("normalise", "features", "head"))
class Classifier(nn.Module):
    """A network from pixels in [0, 1] to logits, with its normalisation inside.

    `features` gives maps of shape (B, channels * group order, H', W'), the group index running
    fastest (an MLP gives vectors), `head` gives logits (B, classes); `spec` is what it was built
    from.
    """

    def __init__(
        self, spec: ModelSpec, normalise: nn.Module, features: nn.Module, head: nn.Module
    ) -> None:
        super().__init__()
        self.spec = spec
        self.normalise = normalise
        self.features = features
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, classes) of images `x`, (B, C, H, W), with pixels in [0, 1]."""
        return self.logits_from_normalised(self.normalise(x))

    def logits_from_normalised(self, z: Tensor) -> Tensor:
        """Return logits (B, classes) of images `z`, (B, C, H, W), that are normalised already."""
        return cast(Tensor, self.head(self.features(z)))


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters.

    Examples
    --------
    >>> count_parameters(nn.Linear(3, 2))
    8
    """
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def parameter_groups(
    model: nn.Module, weight_decay: float, *, decay: str = "all"
) -> list[dict[str, Any]]:
    """Return parameter groups for a torch optimiser, without empty ones.

    "all": every parameter decays, as in torch's optimisers (Madry et al.: 2e-4, elsewhere in the
    paper 5e-4). "kernels": only weights of convolutions and linear layers, neither biases nor
    batch-norm, as Madry et al. do.

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
