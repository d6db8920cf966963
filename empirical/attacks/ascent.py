"""Sign-gradient ascent between walls: what all l-infinity attacks share.

A batch holds the walls between which its images may move (their ball, cut by the box of
pixels); `BestAdversarial` keeps per image the best result; `restart` attacks from one start
after another those images that have not fallen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ...checks import check_fraction
from ...errors import InputError
from ..randomness import uniform
from .context import AttackContext
from .cuda_graph import repeat
from .losses import Loss, select


def ball(x: Tensor, budget: Tensor, box: tuple[float, float] = (0.0, 1.0)) -> tuple[Tensor, Tensor]:
    """Return the ends of the intervals in which each value of each image may lie.

    Clamping between them is projection to the l-infinity ball followed by clipping to the box.
    They are rounded inwards: whatever lies between them satisfies `(v - x).abs() <= budget`
    without tolerance wherever `x` is in the box, evaluated in the dtype of `x` or a finer
    one. Plain `x - eps` and `x + eps` miss that by rounding for a tenth of all values.
    The budget is float64 (B,), in the units of the images.
    """
    exact = x.double()
    radius = per_pixel(budget.to(x.device, torch.float64), x)
    low, high = (exact - radius).to(x.dtype), (exact + radius).to(x.dtype)
    low = torch.where(exact - low.double() > radius, _neighbours(low, math.inf), low)
    high = torch.where(high.double() - exact > radius, _neighbours(high, -math.inf), high)
    return low.clamp_(*box), high.clamp_(*box)


def _neighbours(values: Tensor, towards: float) -> Tensor:
    """Return the next numbers of the same dtype, in the direction of an infinity."""
    if values.dtype != torch.float16:
        return torch.nextafter(values, torch.full_like(values, towards))
    # Half precision has no nextafter, but its bits count upwards away from zero.
    away = (values < 0) == (towards < 0)
    bits = values.view(torch.int16) + torch.where(away, 1, -1).to(torch.int16)
    smallest = torch.full_like(values, math.copysign(2.0**-24, towards))
    return torch.where(values == 0, smallest, bits.view(torch.float16))


def per_image(
    argument: str, value: object, batch: int, *, device: torch.device | None = None
) -> Tensor:
    """Return numbers of at least 0, one per image, as float64 of shape (batch,).

    The value is a number, a fraction as text ("8/255"), or a tensor (batch,).
    """
    if not isinstance(value, Tensor) or value.ndim == 0:
        plain = value.item() if isinstance(value, Tensor) else value
        number = check_fraction(argument, plain)
        return torch.full((batch,), number, dtype=torch.float64, device=device)
    rule = f"hold one finite number of at least 0 per image, shape ({batch},)"
    if value.shape != (batch,):
        raise InputError(argument, rule, f"shape {tuple(value.shape)}")
    numbers = value.detach().to(device, torch.float64)
    if not bool(((numbers >= 0) & torch.isfinite(numbers)).all()):
        raise InputError(argument, rule, value.tolist())
    return numbers


def per_pixel(values: Tensor, images: Tensor) -> Tensor:
    """Return one value per image, shaped to broadcast over images."""
    return values.view(-1, *[1] * (images.ndim - 1))


@dataclass(frozen=True)
class Batch:
    """Images to attack together: where they may move, and what is to be reached."""

    context: AttackContext
    loss: Loss
    labels: Tensor  # int64 (B,): to leave, or to reach if `targeted`
    low: Tensor  # the walls, shaped as the images: see `ball`
    high: Tensor
    step_size: Tensor  # (B,): of the first step
    rows: Tensor  # places of the images in `BestAdversarial`
    images: Tensor  # and among all images of the context
    targeted: bool = False

    @property
    def may_shrink(self) -> bool:
        """Whether decided images may leave; not where batch-norm is in training mode."""
        return not self.context.protocol.train_mode

    def undecided(self, best: BestAdversarial, step: int) -> Tensor | None:
        """Return the images to go on with after a step; None for all, as they are."""
        # On CUDA each look at who is decided waits for the device.
        interval = 1 if self.low.device.type == "cpu" else 5
        if not self.may_shrink or (step + 1) % interval:
            return None
        left = (best.value[self.rows] < torch.inf).nonzero()[:, 0]
        return left if len(left) < len(self.rows) else None


def make_batch(
    context: AttackContext,
    origin: Tensor,
    radius: Tensor,
    loss: Loss,
    labels: Tensor,
    step_size: Tensor,
    *,
    images: Tensor | None = None,
    targeted: bool = False,
) -> Batch:
    """Return a batch of images `origin`, in the attack's coordinates, with budgets (B,)."""
    low, high = ball(origin, radius, context.coordinates.box)
    rows = torch.arange(len(origin), device=origin.device)
    size, images = step_size.to(origin.dtype), rows if images is None else images
    return Batch(context, loss, labels, low, high, size, rows, images, targeted)


@dataclass
class BestAdversarial:
    """Per image the best result so far."""

    images: Tensor
    value: Tensor  # float64 (B,): their loss; infinite once a result is a success
    prediction: Tensor  # int64 (B,): the network's on them

    @classmethod
    def none_yet(cls, images: Tensor) -> BestAdversarial:
        """Return a record to which anything is an improvement."""
        value = torch.full((len(images),), -torch.inf, device=images.device, dtype=torch.float64)
        return cls(images.clone(), value, torch.full_like(value, -1, dtype=torch.int64))

    @property
    def fallen(self) -> Tensor:
        """Bool (B,): which images have a success."""
        return self.value == torch.inf

    def offer(self, batch: Batch, images: Tensor, logits: Tensor, value: Tensor) -> None:
        """Take over the results that are better; the first success stays."""
        prediction, rows = logits.argmax(1), batch.rows
        solved = (prediction == batch.labels) == batch.targeted
        value = torch.where(solved, torch.inf, value.to(self.value.dtype))
        old = self.value[rows]
        better = value > old
        self.value[rows] = torch.where(better, value, old)
        self.prediction[rows] = torch.where(better, prediction, self.prediction[rows])
        self.images[rows] = torch.where(per_pixel(better, images), images, self.images[rows])

    def offer_unseen(self, batch: Batch, images: Tensor) -> None:
        """Offer images that the network has not seen yet."""
        logits = batch.context.logits(images)
        self.offer(batch, images, logits, batch.loss(logits)[0])


def directions(origin: Tensor, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield directions uniform in [-1, 1], shaped as the images, again and again."""
    shape, device, dtype = tuple(origin.shape), origin.device, origin.dtype
    while True:
        yield uniform(shape, -1, 1, generator=generator, device=device, dtype=dtype)


def restart(
    batch: Batch,
    starts: Iterable[Tensor],
    best: BestAdversarial,
    attack: Callable[[Batch, Tensor, BestAdversarial], object],
) -> None:
    """Attack from one start after another those images that have not fallen."""
    for start in starts:
        start = torch.clamp(start, batch.low, batch.high)
        left = (~best.fallen).nonzero()[:, 0] if batch.may_shrink else batch.rows
        if len(left) == len(start):
            attack(batch, start, best)
        elif len(left):
            attack(select(batch, left), start[left], best)


def gradient_ascent(batch: Batch, start: Tensor, steps: int) -> Tensor:
    """Return the last iterate of projected sign-gradient ascent; `start` is overwritten."""
    x, step_size, begun = start, per_pixel(batch.step_size, start), False

    def step() -> None:
        nonlocal begun
        gradient = batch.context.gradient(x, batch.loss).gradient
        if not begun:  # the first step, which is never a recorded one
            batch.context.note_start(gradient, batch.images)
            begun = True
        x.addcmul_(gradient.sign_(), step_size).clamp_(batch.low, batch.high)

    repeat(step, steps, x.device, repeatable=batch.context.repeatable)
    return x


def best_of_ascent(batch: Batch, start: Tensor, best: BestAdversarial, steps: int) -> None:
    """Ascend likewise, offering every iterate; images leave once they are a success."""
    x = start
    for step in range(steps):
        found = batch.context.gradient(x, batch.loss)
        best.offer(batch, x, found.logits, found.value)
        if step == 0:
            batch.context.note_start(found.gradient, batch.images)
        x.addcmul_(found.gradient.sign_(), per_pixel(batch.step_size, x))
        x.clamp_(batch.low, batch.high)
        left = batch.undecided(best, step)
        if left is not None:
            if not len(left):
                return
            batch, x = select(batch, left), x[left]
    best.offer_unseen(batch, x)
