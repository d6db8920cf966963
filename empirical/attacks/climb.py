"""Gradient steps between two walls: the loops that l-infinity attacks share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .gradient import Logits, forward, input_gradient
from .objective import Objective
from .replay import repeat


@dataclass(frozen=True)
class Problem:
    """Images to attack together: where they may move, and what is to be reached.

    Attributes
    ----------
    logits : callable
        The network, on the coordinates of the attack.
    objective : Objective
        What to climb.
    labels : Tensor
        int64 (B,): labels to leave, or targets to reach.
    targeted : bool
        Whether success is prediction equal to the label.
    low, high : Tensor
        The walls, shaped as the images (see :func:`ball`).
    precision : str
        Of the network.
    compact : bool
        Whether decided images may leave the batch; not where batch-norm is in training mode.
    witness : Tensor
        A sum over everything computed: NaN if the network ever returned NaN.
    steady : bool
        Whether the network does the same at every call (see :func:`repeat`).
    """

    logits: Logits
    objective: Objective
    labels: Tensor
    targeted: bool
    low: Tensor
    high: Tensor
    precision: str
    compact: bool
    witness: Tensor
    steady: bool = False

    def select(self, index: Tensor) -> Problem:
        """Return the problem of some of the images."""
        return replace(
            self,
            objective=self.objective.select(index),
            labels=self.labels[index],
            low=self.low[index],
            high=self.high[index],
        )

    def solved(self, prediction: Tensor) -> Tensor:
        """Return which predictions are successes."""
        hit = prediction == self.labels
        return hit if self.targeted else ~hit

    @property
    def interval(self) -> int:
        """Steps between looks at who is decided; on CUDA each look waits for the device."""
        return 1 if self.low.device.type == "cpu" else 5


@dataclass
class Kept:
    """Per image the best result so far.

    Attributes
    ----------
    images : Tensor
        The results.
    value : Tensor
        float64 (B,): their objective; infinite once a result is a success.
    prediction : Tensor
        int64 (B,): the network's prediction on them.
    """

    images: Tensor
    value: Tensor
    prediction: Tensor

    @classmethod
    def nothing(cls, images: Tensor) -> Kept:
        """Return a record to which anything is an improvement."""
        size, device = len(images), images.device
        return cls(
            images.clone(),
            torch.full((size,), -torch.inf, device=device, dtype=torch.float64),
            torch.full((size,), -1, device=device, dtype=torch.int64),
        )

    @property
    def open(self) -> Tensor:
        """Indices of the images without success; on CUDA this waits for the device."""
        return (self.value < torch.inf).nonzero()[:, 0]

    def offer(
        self, index: Tensor, images: Tensor, value: Tensor, prediction: Tensor, solved: Tensor
    ) -> None:
        """Take over the results that are better; the first success stays."""
        value = torch.where(solved, torch.inf, value.to(self.value.dtype))
        old = self.value[index]
        better = value > old
        self.value[index] = torch.where(better, value, old)
        self.prediction[index] = torch.where(better, prediction, self.prediction[index])
        self.images[index] = torch.where(column(better, images), images, self.images[index])


def column(values: Tensor, images: Tensor) -> Tensor:
    """Return one value per image, shaped to broadcast over images."""
    return values.view(-1, *[1] * (images.ndim - 1))


def climb_to_the_end(problem: Problem, start: Tensor, stride: Tensor, steps: int) -> Tensor:
    """Return the last iterate of projected sign-gradient ascent.

    Parameters
    ----------
    problem : Problem
        What and where.
    start : Tensor
        Where to begin, between the walls; it is overwritten.
    stride : Tensor
        Step sizes (B,).
    steps : int
        Number of steps.
    """
    x, pace = start, column(stride.to(start.dtype), start)

    def step() -> None:
        slope = input_gradient(problem.logits, x, problem.objective, problem.precision)
        with torch.no_grad():
            problem.witness.add_(slope.value.sum())
            x.addcmul_(slope.gradient.sign_(), pace).clamp_(problem.low, problem.high)

    repeat(step, steps, x.device, steady=problem.steady)
    return x.detach()


def judge(problem: Problem, images: Tensor, kept: Kept, index: Tensor) -> None:
    """Offer images as they are, with the network's prediction on them."""
    logits = forward(problem.logits, images, problem.precision)
    value, _ = problem.objective(logits)
    problem.witness.add_(value.sum())
    prediction = logits.argmax(1)
    kept.offer(index, images, value, prediction, problem.solved(prediction))


def climb_for_the_best(
    problem: Problem, start: Tensor, stride: Tensor, steps: int, kept: Kept, index: Tensor
) -> None:
    """Ascend, offering every iterate; images leave the batch once they are a success.

    Parameters
    ----------
    problem, start, stride, steps
        As for :func:`climb_to_the_end`.
    kept : Kept
        Where results go.
    index : Tensor
        Places of the images of the problem in `kept`.
    """
    x, pace = start, column(stride.to(start.dtype), start)
    for step in range(steps):
        slope = input_gradient(problem.logits, x, problem.objective, problem.precision)
        with torch.no_grad():
            problem.witness.add_(slope.value.sum())
            prediction = slope.logits.argmax(1)
            solved = problem.solved(prediction)
            kept.offer(index, x.detach(), slope.value, prediction, solved)
            x.addcmul_(slope.gradient.sign_(), pace).clamp_(problem.low, problem.high)
            x = x.detach()
        if problem.compact and step % problem.interval == problem.interval - 1:
            left = (kept.value[index] < torch.inf).nonzero()[:, 0]
            if not len(left):
                return
            if len(left) < len(index):
                problem, x = problem.select(left), x[left]
                pace, index = pace[left], index[left]
    judge(problem, x, kept, index)
