"""Auto-PGD: projected gradient ascent that chooses its own step sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

import torch
from torch import Tensor, nn

from ...checks import check_integer, choose
from ..calling import outside_inference_mode
from ..randomness import as_generator
from .ascent import Batch, BestAdversarial, directions, make_batch, per_image, per_pixel, restart
from .context import attack_context, check_inputs
from .losses import CrossEntropy, LogitsRatio, Margin, select
from .protocol import Protocol

LOSSES: dict[str, type[CrossEntropy | LogitsRatio | Margin]] = {
    "ce": CrossEntropy,
    "dlr": LogitsRatio,
    "margin": Margin,
}

#: Share of the new point in a step; the rest is momentum.
MOMENTUM = 0.75
#: Share of improving steps below which the step size is halved: untargeted, targeted losses.
RHO, RHO_TARGETED = 0.75, 0.5


@outside_inference_mode
def apgd(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None,
    *,
    budget: float | str | Tensor,
    steps: int = 100,
    loss: str = "ce",
    restarts: int = 1,
    generator: torch.Generator | int | None = None,
    protocol: Protocol | str = "corrected",
    precision: str = "float32",
) -> Tensor:
    """Attack images by Auto-PGD (l-infinity).

    Ascent with momentum whose step size starts at twice the budget and is halved, going
    back to the best point, at checkpoints where too few steps have improved the loss.

    Parameters
    ----------
    model, x, y, budget
        As for :func:`pgd`.
    steps : int
        Gradient steps of each run.
    loss : {"ce", "dlr", "margin"}
        Cross-entropy, difference of logits ratio (needs three classes), or largest other logit
        minus the label's.
    restarts : int
        Number of runs. Images that are misclassified leave at once.
    generator, protocol, precision
        As for :func:`pgd`.

    Returns
    -------
    Tensor (B, C, H, W)
        For each image its first misclassified iterate, else that of highest loss; within the ball
        and [0, 1] as for :func:`pgd`.

    References
    ----------
    Croce and Hein, Reliable evaluation of adversarial robustness with an ensemble of
    diverse parameter-free attacks, ICML 2020, Algorithm 1. Where paper and the authors'
    code differ (the number of improving steps may equal the threshold), as the code.
    """
    y = check_inputs(x, y)
    make_loss = LOSSES[choose("loss", loss, LOSSES)]
    steps = check_integer("steps", steps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=1)
    source = as_generator(generator, seed=0)
    radius = per_image("budget", budget, len(x), device=x.device)
    if not len(x):
        return x.clone()
    with attack_context(
        model, x, protocol, labels=y, precision=precision, generator=source
    ) as context:
        origin = context.coordinates.enter(x)
        if y is None or context.protocol.predicted_labels:
            y = context.logits(origin).argmax(1)
        batch = make_batch(context, origin, radius, make_loss(y), y, 2 * radius)
        best = BestAdversarial.none_yet(origin)
        starts = boundary_points(origin, radius, directions(origin, source))
        restart(batch, islice(starts, restarts), best, partial(apgd_ascent, steps=steps))
        return context.coordinates.leave(best.images)


def boundary_points(origin: Tensor, radius: Tensor, drawn: Iterator[Tensor]) -> Iterator[Tensor]:
    """Yield where directions, stretched to length 1 in the l-infinity norm, leave the balls."""
    reach = per_pixel(radius.to(origin.dtype), origin)
    for direction in drawn:
        length = direction.flatten(1).abs().amax(1).clamp_min(1e-12)
        yield torch.addcmul(origin, direction / per_pixel(length, origin), reach)


def checkpoints(steps: int) -> set[int]:
    """Return after which steps the step size is reconsidered.

    The distances between them shrink from 22% of the steps by 3% at a time to 6%.
    """
    gap, shrink, least = (max(int(share * steps), 1) for share in (0.22, 0.03, 0.06))
    found, position = set(), gap
    while position <= steps:
        found.add(position)
        gap = max(gap - shrink, least)
        position += gap
    return found


def apgd_ascent(
    batch: Batch, start: Tensor, best: BestAdversarial, *, steps: int, rho: float = RHO
) -> None:
    """Do one run from a start between the walls, offering every iterate."""
    state = _ApgdState.at(start, batch.step_size)
    marks, since = checkpoints(steps), 0
    for step in range(steps):
        state.evaluate(batch, best)
        if step == 0:
            batch.context.note_start(state.gradient, batch.images)
        if step in marks:
            state.adapt(rho * (step - since))
            since = step
        left = batch.undecided(best, step)
        if left is not None:
            if not len(left):
                return
            batch, state = select(batch, left), select(state, left)
        state.move(batch, MOMENTUM if step else 1.0)
    best.offer_unseen(batch, state.x)


@dataclass
class _ApgdState:
    """What Auto-PGD remembers of each image of the batch."""

    x: Tensor
    previous: Tensor
    gradient: Tensor
    best_x: Tensor
    best_gradient: Tensor
    step_size: Tensor
    value: Tensor
    best_value: Tensor
    best_value_before: Tensor
    improved: Tensor
    halved: Tensor

    @classmethod
    def at(cls, start: Tensor, step_size: Tensor) -> _ApgdState:
        nothing = torch.zeros_like(start)
        lowest = torch.full_like(step_size, -torch.inf, dtype=torch.float64)
        halved = torch.ones_like(step_size, dtype=torch.bool)
        values = -lowest, lowest, lowest, torch.zeros_like(lowest)
        return cls(start, start, nothing, start, nothing, step_size, *values, halved)

    def evaluate(self, batch: Batch, best: BestAdversarial) -> None:
        """Evaluate the network and the gradient where we are."""
        found = batch.context.gradient(self.x, batch.loss)
        best.offer(batch, self.x, found.logits, found.value)
        self.gradient = found.gradient
        value = found.value.double()
        self.improved = self.improved + (value > self.value)
        self.value = value
        better = value > self.best_value
        chosen = per_pixel(better, self.x)
        self.best_x = torch.where(chosen, self.x, self.best_x)
        self.best_gradient = torch.where(chosen, self.gradient, self.best_gradient)
        self.best_value = torch.where(better, value, self.best_value)

    def adapt(self, threshold: float) -> None:
        """Halve the step and go back to the best point where progress was too small."""
        stuck = ~self.halved & (self.best_value_before >= self.best_value)
        halve = (self.improved <= threshold) | stuck
        self.step_size = torch.where(halve, self.step_size / 2, self.step_size)
        chosen = per_pixel(halve, self.x)
        self.x = torch.where(chosen, self.best_x, self.x)
        self.gradient = torch.where(chosen, self.best_gradient, self.gradient)
        self.halved = halve
        self.best_value_before = self.best_value
        self.improved = torch.zeros_like(self.improved)

    def move(self, batch: Batch, share: float) -> None:
        """Take a step: projected ascent, mixed with the movement of the step before."""
        size = per_pixel(self.step_size, self.x)
        ahead = torch.addcmul(self.x, self.gradient.sign(), size).clamp_(batch.low, batch.high)
        inertia = self.x - self.previous
        self.previous = self.x
        mixed = ahead.sub_(self.x).mul_(share).add_(inertia, alpha=1 - share).add_(self.x)
        self.x = mixed.clamp_(batch.low, batch.high)
