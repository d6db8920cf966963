"""Under which rules an attack runs: corrected ones, or those of the published scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from ...checks import choose
from ...errors import InputError
from ..calling import unwrap


@dataclass(frozen=True)
class Protocol:
    """Rules of an attack; each field is one rule, so that their effects can be told apart.

    Attributes
    ----------
    name : str
        What to call it in results.
    normalised_units : bool
        Whether the attack runs after normalisation by mean and standard deviation, with
        budget and step in those units (2/255 is then about 0.4/255 in pixels).
    clip : tuple of float
        Ends of the interval to which values are clipped after the projection, in the
        units of the attack. (-1, 1) on normalised images changes most images by far more
        than any budget, and does so at budget 0 already.
    train_mode : bool
        Whether the network is in training mode during the attack: batch-norm then uses
        the statistics of the batch, dropout drops.
    predicted_labels : bool
        Whether the attack goes against the network's own predictions on unchanged images.

    References
    ----------
    The scripts published with arXiv 2002.11318 (github.com/ksandeshk/spatial-vs-robustness).
    """

    name: str = "corrected"
    normalised_units: bool = False
    clip: tuple[float, float] = (0.0, 1.0)
    train_mode: bool = False
    predicted_labels: bool = False

    def __post_init__(self) -> None:
        if len(self.clip) != 2 or not self.clip[0] < self.clip[1]:
            raise InputError("clip", "be two increasing numbers", self.clip)

    def to_json(self) -> dict[str, Any]:
        """Return the rules as plain JSON values, to be recorded with results."""
        return {**asdict(self), "clip": list(self.clip)}


#: Budgets in pixels of [0, 1], clipping to valid images.
CORRECTED = Protocol()
#: The script for plain networks.
OFFICIAL = Protocol("official", normalised_units=True, clip=(-1.0, 1.0))
#: The script for group-equivariant networks: it never calls `eval()`.
OFFICIAL_EQUIVARIANT = Protocol(
    "official-equivariant",
    normalised_units=True,
    clip=(-1.0, 1.0),
    train_mode=True,
    predicted_labels=True,
)


def resolve(protocol: Protocol | str, model: nn.Module) -> Protocol:
    """Return the rules meant by a name; "official" means the script that belongs to the network."""
    if isinstance(protocol, Protocol):
        return protocol
    if choose("protocol", protocol, ("corrected", "official")) == "corrected":
        return CORRECTED
    spec = getattr(unwrap(model), "spec", None)
    return OFFICIAL if getattr(spec, "group", None) is None else OFFICIAL_EQUIVARIANT


class Normalised(nn.Module):
    """A network on pixels made of one on normalised images.

    It gives any network what attacks need of it, under "official" rules too.

    Parameters
    ----------
    network : torch.nn.Module
        From normalised images (B, C, H, W) to logits.
    mean, std : sequence of float
        Per channel, in the units of pixels in [0, 1]; std above 0.

    Examples
    --------
    >>> net = Normalised(nn.Flatten(), mean=[0.5], std=[0.25])
    >>> net(torch.tensor([0.5, 1.0]).view(1, 1, 1, 2))
    tensor([[0., 2.]])
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        if len(mean) != len(std) or not len(mean):
            raise InputError("std", "have one number per channel, as mean", std)
        if min(std) <= 0:
            raise InputError("std", "be above 0", std)
        self.network = network
        self.spec = SimpleNamespace(mean=tuple(map(float, mean)), std=tuple(map(float, std)))
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float64).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float64).view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, classes) of images `x`, (B, C, H, W), with pixels in [0, 1]."""
        return self.logits_from_normalised((x - self.mean.to(x)) / self.std.to(x))

    def logits_from_normalised(self, z: Tensor) -> Tensor:
        """Return logits (B, classes) of images `z`, (B, C, H, W), that are normalised already."""
        logits: Tensor = self.network(z)
        return logits


@dataclass(frozen=True)
class Coordinates:
    """Where an attack moves: pixels, or pixels normalised by mean and std, (C, 1, 1).

    The `network` goes from there to logits; values are clipped to the `box`.
    """

    network: Callable[[Tensor], Tensor]
    box: tuple[float, float]
    mean: Tensor | None = None
    std: Tensor | None = None

    def enter(self, pixels: Tensor) -> Tensor:
        """Return the coordinates of images, without a graph, usable in one."""
        pixels = pixels.clone() if pixels.is_inference() else pixels.detach()
        if self.mean is None or self.std is None:
            return pixels
        return (pixels - self.mean) / self.std

    def leave(self, coordinates: Tensor) -> Tensor:
        """Return the pixels of images given by coordinates."""
        if self.mean is None or self.std is None:
            return coordinates
        return coordinates * self.std + self.mean


def make_coordinates(network: nn.Module, x: Tensor, protocol: Protocol) -> Coordinates:
    """Return where an attack on a network moves; `x` gives device and dtype."""
    if not protocol.normalised_units:
        return Coordinates(network, protocol.clip)
    spec = getattr(network, "spec", None)
    mean, std = getattr(spec, "mean", None), getattr(spec, "std", None)
    inner = getattr(network, "logits_from_normalised", None)
    if mean is None or std is None or inner is None:
        raise InputError(
            "protocol",
            "suit the network",
            protocol.name,
            "It attacks after normalisation, and this network tells no mean and std: "
            "wrap it in `Normalised(network, mean, std)`.",
        )
    scales = (
        torch.as_tensor(v, dtype=x.dtype, device=x.device).view(-1, 1, 1) for v in (mean, std)
    )
    return Coordinates(inner, protocol.clip, *scales)
