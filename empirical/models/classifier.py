"""What every model here is: normalisation, features and a head, and a record of its making."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn

from ...checks import check_integer, check_real, choose
from ...errors import InputError, StoreError
from .equivariant import declare_paths
from .equivariant.groups import GROUPS
from .equivariant.twin import HEADS


@dataclass(frozen=True)
class ModelSpec:
    """All that is needed to build a network again, apart from its weights.

    Attributes
    ----------
    name : str
        Name in the registry, e.g. "resnet18".
    num_classes : int
        Number of logits, at least 2.
    in_channels, image_size : int
        Channels and side in pixels of the square images.
    group : {None, "p4", "p4m"}
        Group of an equivariant network: quarter turns, or quarter turns and mirrors.
    head : {"paper", "invariant"}
        How an equivariant network comes from feature maps to logits.
    mean, std : tuple of float or None
        Per channel, in the units of pixels in [0, 1]; None for no normalisation.
    options : dict
        Options of the network, as plain JSON values.
    """

    name: str
    num_classes: int
    in_channels: int
    image_size: int
    group: str | None = None
    head: str = "paper"
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, least in (("num_classes", 2), ("in_channels", 1), ("image_size", 1)):
            number = check_integer(name, getattr(self, name), minimum=least)
            object.__setattr__(self, name, number)  # numpy's integers are no JSON
        if self.group is not None:
            choose("group", self.group, GROUPS)
        choose("head", self.head, HEADS)
        if (self.mean is None) != (self.std is None):
            given = f"mean {self.mean} and std {self.std}"
            raise InputError("mean", "be given together with std", given)
        if self.mean is not None and self.std is not None:
            object.__setattr__(self, "mean", _channels("mean", self.mean, self.in_channels))
            object.__setattr__(self, "std", _channels("std", self.std, self.in_channels, above=0))
        object.__setattr__(self, "options", dict(self.options))

    def to_json(self) -> dict[str, Any]:
        """Return the specification as plain JSON values."""
        data = dataclasses.asdict(self)
        for name in ("mean", "std"):
            data[name] = None if data[name] is None else list(data[name])
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelSpec:
        """Rebuild a specification from what :meth:`to_json` made; StoreError for anything else."""
        names = [item.name for item in dataclasses.fields(cls)]
        if not isinstance(data, Mapping) or set(data) != set(names):
            raise StoreError("a model specification must have the fields " + ", ".join(names))
        if not isinstance(data["options"], Mapping) or not isinstance(data["name"], str):
            raise StoreError("a model specification has a garbled name or options")
        try:
            return cls(**data)
        except InputError as error:
            raise StoreError(f"a model specification is garbled: {error}") from None


def _channels(
    argument: str, values: Sequence[float], channels: int, *, above: float | None = None
) -> tuple[float, ...]:
    rule = f"be {channels} finite numbers, one a channel"
    if not isinstance(values, Sequence) or len(values) != channels:
        raise InputError(argument, rule, values)
    numbers = tuple(check_real(argument, value, rule=rule) for value in values)
    if above is not None and min(numbers) <= above:
        raise InputError(argument, f"be above {above:g}", values)
    return numbers


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

    Parameters
    ----------
    spec : ModelSpec
        What it was built from.
    normalise, features, head : Module
        The three steps; `features` gives maps of shape (B, channels * group order, H', W'),
        the group index running fastest (an MLP gives vectors), `head` gives logits (B, classes).
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
        """Return logits (B, classes) of images `z`, (B, C, H, W), that are normalised already.

        The published scripts attack in that space; `protocol="official"` needs it.
        """
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
