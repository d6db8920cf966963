"""A network in the state in which it is attacked, and given back exactly as it was."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...errors import InputError, RunFailedError
from ..calling import Logits, autocast, unwrap
from ..checks import check_images, check_labels
from ..randomness import draw_seed
from .channels_last import faster_convolutions
from .cuda_graph import is_repeatable
from .losses import Loss
from .protocol import Coordinates, Protocol, make_coordinates, resolve


class MaskedGradientWarning(UserWarning):
    """An attack had no gradient to follow, so that what it found says little of robustness."""


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
        Any network. What is yielded is the network inside a data-parallel wrapper.
    train : bool
        Mode of the network: False is evaluation, which every attack should use; True is
        how the published script attacks group-equivariant networks.
    seed : int, optional
        Seed of the global random state inside the context, so that dropout in training
        mode is reproducible.

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
    wanted = [(p, p.requires_grad) for p in model.parameters() if p.is_leaf]
    buffers = [(b, b.detach().clone()) for b in network.buffers()] if train else []
    random_state = torch.get_rng_state()
    devices = {p.device for p in network.parameters() if p.device.type == "cuda"}
    cuda_states = [(device, torch.cuda.get_rng_state(device)) for device in devices]
    try:
        network.train(train)
        for parameter, _ in wanted:
            parameter.requires_grad_(False)
        if seed is not None:
            torch.manual_seed(seed)
        yield network
    finally:
        for parameter, state in wanted:
            parameter.requires_grad_(state)
        for module, flag in flags:
            module.training = flag
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        torch.set_rng_state(random_state)
        for device, cuda_state in cuda_states:
            torch.cuda.set_rng_state(cuda_state, device)


class Gradient(NamedTuple):
    """Logits (B, classes), loss (B,) and its gradient at the images, up to a factor."""

    logits: Tensor
    value: Tensor
    gradient: Tensor


@dataclass
class AttackContext:
    """A network ready to be attacked."""

    network: Callable[[Tensor], Tensor]  # from coordinates to logits: see `Logits`
    coordinates: Coordinates
    protocol: Protocol
    precision: str
    total: Tensor  # a sum over everything computed: NaN if the network ever returned NaN
    masked: Tensor  # bool (N,): which images had a gradient of zero where an attack began
    repeatable: bool  # whether the network does the same at every call: see cuda_graph.py
    watched: bool = True  # whether to look for what makes an attack weak
    probabilities: Tensor | None = None  # whether the first outputs were such

    def logits(self, x: Tensor) -> Tensor:
        """Return the logits at images, without a graph, in float32 or wider."""
        with torch.no_grad(), autocast(x.device, self.precision):
            logits = wide(self.network(x))
        self.look_at(logits, logits.sum())
        return logits

    def tracked_logits(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return images as a leaf, and their logits with the graph that leads to them."""
        leaf = x.detach().requires_grad_()
        with torch.enable_grad(), autocast(x.device, self.precision):
            logits = self.network(leaf)
        if not logits.requires_grad:
            raise RunFailedError(
                "The network's output does not depend differentiably on its input: "
                "a gradient attack would call it robust without having attacked it."
            )
        return leaf, logits

    def gradient(self, x: Tensor, loss: Loss) -> Gradient:
        """Return logits, loss and its gradient with respect to the images alone."""
        leaf, tracked = self.tracked_logits(x)
        logits = wide(tracked.detach())
        value, direction = loss(logits)
        self.look_at(logits, value.sum())
        if tracked.dtype == torch.float16:  # else small gradients would underflow to zero
            direction = direction * 256
        (gradient,) = torch.autograd.grad(tracked, leaf, direction.to(tracked.dtype))
        return Gradient(logits, value, gradient)

    def note_start(self, gradient: Tensor, images: Tensor) -> None:
        """Note which images, given by their places, have no gradient where an attack begins."""
        if not self.watched:
            return
        zero = (gradient == 0).flatten(1).all(1)
        self.masked.scatter_reduce_(0, images, zero.to(torch.uint8), "amax")

    def look_at(self, logits: Tensor, total: Tensor) -> None:
        """Note an output, and a sum of it or of its losses."""
        self.total.add_(total)
        if self.watched and self.probabilities is None:
            self.probabilities = are_probabilities(logits)

    def finish(self) -> None:
        """Raise if the network returned NaN, whose sign is 0; warn where nothing was climbed."""
        if bool(torch.isnan(self.total)):
            raise RunFailedError("The network returned NaN during the attack.")
        notes = []
        if count := int(self.masked.sum()):
            notes.append(masked_note(count, len(self.masked)))
        if self.probabilities is not None and bool(self.probabilities):
            notes.append(PROBABILITIES)
        for note in notes:
            warnings.warn(note, MaskedGradientWarning, stacklevel=6)


def are_probabilities(logits: Tensor) -> Tensor:
    """Return whether every row is at least 0 and sums to 1, and so many that it is no accident."""
    sums = (logits.sum(1) - 1).abs() < 1e-3
    return (sums & (logits >= 0).all(1)).all() & (len(logits) >= 4)


PROBABILITIES = (
    "the network returns probabilities, not logits: attacks that follow gradients of a softmax "
    "are weak, and distances are hardly found; let it return what comes before the softmax"
)


def masked_note(count: int, images: int) -> str:
    """Return the note that images have no gradient."""
    return (
        f"the network's gradient was exactly zero at {count} of {images} images where an attack "
        "began: it did not move there, and says nothing of robustness"
    )


@contextmanager
def attack_context(
    model: nn.Module,
    x: Tensor,
    protocol: Protocol | str,
    *,
    labels: Tensor | None = None,
    precision: str = "float32",
    generator: torch.Generator | None = None,
    validate: bool = True,
) -> Iterator[AttackContext]:
    """Make a network ready to attack images `x`, and restore it afterwards.

    With `labels` every output is checked to have a class for each of them. The `generator`
    gives the seed of dropout in training mode.
    """
    rules = resolve(protocol, model)
    seed = draw_seed(generator) if rules.train_mode and generator is not None else None
    largest = -1 if labels is None or not len(labels) else int(labels.max())
    with attacking(model, train=rules.train_mode, seed=seed) as net:
        coordinates = make_coordinates(net, x, rules)
        fast = faster_convolutions(net, coordinates.network, x.device, precision)
        context = AttackContext(
            Logits(fast, net, largest),
            coordinates,
            rules,
            precision,
            total=torch.zeros((), dtype=torch.float64, device=x.device),
            masked=torch.zeros(len(x), dtype=torch.uint8, device=x.device),
            repeatable=not rules.train_mode and is_repeatable(net),
            watched=validate,
        )
        yield context
        if validate:
            context.finish()


def check_inputs(x: Tensor, y: Tensor | None, validate: bool = True) -> Tensor | None:
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


def wide(logits: Tensor) -> Tensor:
    """Return logits in float32 at least: half precision loses the ranking of losses."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
