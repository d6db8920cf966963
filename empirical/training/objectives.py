"""The losses of a training step, and the adversarial examples they are made on."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..attacks import pgd, trades_attack
from ..randomness import normal, uniform
from ..settings import Objective
from .distributed import World

#: Standard deviation of TRADES's starting point, in pixels.
TRADES_START = 0.001


class Losses(nn.Module):
    """A network with its loss: one forward call a step, whatever the objective.

    A data-parallel wrapper expects one forward call before each backward pass; TRADES
    needs two passes through the network, which therefore happen inside.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, x: Tensor, y: Tensor, weight: Tensor, attacked: Tensor | None, beta: float | None
    ) -> tuple[Tensor, Tensor]:
        """Return the weighted sum of the losses of the images, and how many are right.

        With `beta` it is TRADES's loss, without it cross-entropy on the adversarial images (or on
        the clean ones, if there are no others); counted are the images that the cross-entropy is
        taken on.
        """
        first = x if attacked is None or beta is not None else attacked
        logits = self.model(first).float()
        loss = functional.cross_entropy(logits, y, reduction="none")
        if beta is not None and attacked is not None:
            clean = functional.log_softmax(logits, dim=1)
            other = functional.log_softmax(self.model(attacked).float(), dim=1)
            divergence = functional.kl_div(other, clean, reduction="none", log_target=True)
            loss = loss + beta * divergence.sum(dim=1)
        right = (logits.detach().argmax(dim=1) == y) & (weight > 0)
        return (loss * weight).sum(), right.sum()


def adversarial_examples(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    objective: Objective,
    world: World,
    total: int,
    generator: torch.Generator,
) -> Tensor | None:
    """Return what the objective's attack makes of a share of a batch of `total` images.

    The starting points are drawn for the whole batch on every process, so that the number
    of processes changes nothing. The network is attacked in evaluation mode.
    """
    if objective.name == "natural":
        return None
    shape, budget = (total, *x.shape[1:]), objective.budget
    share = world.share(total)
    if share.start == share.stop:  # without a share a process takes an image, of weight zero
        share = slice(0, len(x))
    # The images are known to be right, and a loss that is not finite is noticed by the loop:
    # checks in the attack would only wait for the device.
    if objective.name == "trades":
        noise = normal(shape, generator=generator, device=x.device)[share]
        return trades_attack(
            model,
            x,
            budget=budget,
            step_size=objective.step,
            steps=objective.steps,
            start=x + TRADES_START * noise,
            validate=False,
        )
    noise = uniform(shape, -budget, budget, generator=generator, device=x.device)[share]
    return pgd(
        model,
        x,
        y,
        budget=budget,
        step_size=objective.step,
        steps=objective.steps,
        start=(x + noise).clamp_(0, 1),
        random_start=False,
        validate=False,
    )
