"""The common opening of attacks: a network made ready, its coordinates, its checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ...checks import choose
from ...errors import InputError
from ..checks import check_images, check_labels
from ..device import PRECISIONS
from ..models import Classifier
from ..randomness import require_generator
from .ball import ball
from .climb import Problem
from .context import attacking
from .cpu import accelerated
from .fusion import hooked
from .gradient import Logits, check_finite, check_logits, forward
from .objective import Objective
from .protocol import Protocol, Space, make_space

#: Where the modules come from that do the same at every call, in evaluation mode.
_KNOWN = ("torch", "spadv")


@dataclass(frozen=True)
class Arena:
    """A network ready to be attacked.

    Attributes
    ----------
    space : Space
        Coordinates in which the attack moves.
    logits : callable
        The network on these coordinates, as fast as may be and with its output checked.
    rules : Protocol
        The rules.
    precision : str
        Of the network.
    witness : Tensor
        NaN once the network returned NaN.
    steady : bool
        Whether the network is known to do the same at every call.
    """

    space: Space
    logits: Logits
    rules: Protocol
    precision: str
    witness: Tensor
    steady: bool = False

    def knowing(self, labels: Tensor) -> Arena:
        """Return the arena with a check that the network has a class for every label.

        The labels are read once, here; the check at each step reads a shape only.
        """
        largest = int(labels.max()) if len(labels) else -1
        logits = self.logits

        def knowing(x: Tensor) -> Tensor:
            found = logits(x)
            if found.shape[1] <= largest:
                raise InputError("y", f"be at least 0 and below {found.shape[1]}", largest)
            return found

        return replace(self, logits=knowing)

    def problem(
        self,
        origin: Tensor,
        radius: Tensor,
        objective: Objective,
        labels: Tensor,
        *,
        targeted: bool = False,
    ) -> Problem:
        """Return the problem of images in these coordinates, with budgets (B,)."""
        low, high = ball(origin, radius, self.space.box)
        return Problem(
            self.logits,
            objective,
            labels,
            targeted,
            low,
            high,
            self.precision,
            compact=not self.rules.train_mode,
            witness=self.witness,
            steady=self.steady,
        )

    def predict(self, origin: Tensor) -> Tensor:
        """Return logits without a graph."""
        logits = forward(self.logits, origin, self.precision)
        self.witness.add_(logits.sum())
        return logits

    def close(self) -> None:
        """Raise :class:`RunFailedError` if the network returned NaN."""
        check_finite(self.witness)


@contextmanager
def arena(
    model: nn.Module,
    x: Tensor,
    rules: Protocol,
    *,
    precision: str = "float32",
    generator: torch.Generator | None = None,
) -> Iterator[Arena]:
    """Make a network ready, and restore it afterwards (see :func:`attacking`).

    Parameters
    ----------
    model : torch.nn.Module
        The network.
    x : Tensor
        Images, for device and dtype.
    rules : Protocol
        Rules of the attack.
    precision : str
        "float32" or "bfloat16".
    generator : torch.Generator, optional
        Where the seed of dropout in training mode comes from; needed in that mode only.
    """
    choose("precision", precision, PRECISIONS)
    seed = draw_seed(generator) if rules.train_mode else None
    with (
        torch.inference_mode(False),
        attacking(model, train=rules.train_mode, seed=seed) as net,
        accelerated(net, (space := make_space(net, x, rules)).logits, x, precision) as fast,
    ):

        def logits(images: Tensor) -> Tensor:
            return check_logits(fast(images), len(images))

        witness = torch.zeros((), dtype=torch.float64, device=x.device)
        yield Arena(space, logits, rules, precision, witness, _is_steady(net, rules))


def _is_steady(network: nn.Module, rules: Protocol) -> bool:
    """Return whether all that happens in a network's call is known to happen in each.

    Networks of others may draw numbers, count calls or look at values, in hooks too.
    """
    if type(network) is not Classifier or rules.train_mode:
        return False
    return not any(
        hooked(m) or type(m).__module__.split(".")[0] not in _KNOWN for m in network.modules()
    )


def draw_seed(generator: torch.Generator | None) -> int:
    """Return a seed drawn from a generator."""
    made = require_generator(generator)
    return int(torch.randint(2**62, (), generator=made, device=made.device))


def plain(x: Tensor) -> Tensor:
    """Return images without a graph, usable in one even if made in inference mode."""
    return x.clone() if x.is_inference() else x.detach()


def check_inputs(x: Tensor, y: Tensor | None, validate: bool) -> Tensor | None:
    """Check images and labels, and return the labels as int64 on the images' device."""
    if validate:
        check_images(x)
        y = None if y is None else check_labels(y, batch=len(x))
    return None if y is None else y.to(x.device)


def check_start(start: Tensor, x: Tensor, validate: bool) -> None:
    """Check that a start is shaped as `x` and finite; it may lie outside [0, 1]."""
    rule = f"be finite, with the shape {tuple(x.shape)} and dtype of x"
    if start.shape != x.shape or start.dtype != x.dtype:
        raise InputError("start", rule, f"shape {tuple(start.shape)}, {start.dtype}")
    if validate and not bool(torch.isfinite(start).all()):
        raise InputError("start", rule, "NaN or infinite values")
