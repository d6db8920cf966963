"""Which network: its name, and all that is needed to build it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ...checks import check_integer, check_real, choose
from ...config import to_table
from ...errors import InputError, StoreError

#: Names of the networks; :func:`spadv.empirical.models.register` adds others.
NETWORKS = [
    "densenet121",
    "lenet",
    "linear",
    "madry_lenet",
    "madry_resnet",
    "mlp_a",
    "mlp_b",
    "resnet18",
    "stdcnn",
    "vgg16",
    "wrn34_10",
]
#: Groups that a network can be made equivariant to.
GROUPS = ("p4", "p4m")
#: Heads of such networks.
HEADS = ("paper", "invariant")


@dataclass(frozen=True)
class ModelSpec:
    """All that is needed to build a network again, apart from its weights.

    Attributes
    ----------
    name : str
        Name in the registry, e.g. "resnet18".
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
        return to_table(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelSpec:
        """Rebuild a specification from what :meth:`to_json` made; StoreError for anything else."""
        names = [item.name for item in fields(cls)]
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
