"""AutoAttack's attacks on gradients: two Auto-PGDs, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import torch
from torch import Tensor, nn

from ...checks import check_integer
from ..calling import outside_inference_mode
from ..randomness import as_generator
from .apgd import RHO, RHO_TARGETED, apgd_ascent, boundary_points
from .ascent import Batch, BestAdversarial, directions, make_batch, per_image, restart
from .context import attack_context, check_inputs
from .losses import CrossEntropy, LogitsRatio, Loss, Margin
from .protocol import Protocol


@dataclass(frozen=True, eq=False)
class StrongOutcome:
    """What a strong attack did to each image: the result (B, C, H, W), its prediction (B,).

    `fell_to` is int64 (B,): 0 not misclassified, 1 misclassified without an attack, 2 fell to the
    attack on the cross-entropy, 3 to the targeted attack.
    """

    images: Tensor
    prediction: Tensor
    fell_to: Tensor

    @property
    def robust(self) -> Tensor:
        """Bool (B,): whether the image withstood everything."""
        return self.fell_to == 0


@outside_inference_mode
def strong_attack(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None,
    *,
    budget: float | str | Tensor,
    steps: int = 100,
    restarts: int = 1,
    targets: int = 9,
    generator: torch.Generator | int | None = None,
    protocol: Protocol | str = "corrected",
    precision: str = "float32",
) -> StrongOutcome:
    """Attack images with Auto-PGD on the cross-entropy, survivors with its targeted form.

    The second attack climbs the targeted difference of logits ratio towards each of the
    most likely other classes in turn. With fewer than four classes, where that ratio is
    undefined, it climbs the difference of two logits. These are the two white-box attacks
    on gradients of AutoAttack; its FAB and Square attacks are not part of this.

    Parameters
    ----------
    model, x, y, budget
        As for :func:`pgd`.
    steps : int
        Gradient steps of each run.
    restarts : int
        Runs of the first attack, and of the second for each target.
    targets : int
        Number of target classes, the most likely first.
    generator, protocol, precision
        As for :func:`pgd`.

    References
    ----------
    Croce and Hein, Reliable evaluation of adversarial robustness with an ensemble of
    diverse parameter-free attacks, ICML 2020.
    """
    y = check_inputs(x, y)
    steps = check_integer("steps", steps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=1)
    targets = check_integer("targets", targets, minimum=1)
    source = as_generator(generator, seed=0)
    radius = per_image("budget", budget, len(x), device=x.device)
    if not len(x):
        nothing = torch.zeros(0, dtype=torch.int64, device=x.device)
        return StrongOutcome(x.clone(), nothing, nothing)
    with attack_context(
        model, x, protocol, labels=y, precision=precision, generator=source
    ) as context:
        origin = context.coordinates.enter(x)
        clean = context.logits(origin)
        if y is None or context.protocol.predicted_labels:
            y = clean.argmax(1)
        batch = make_batch(context, origin, radius, CrossEntropy(y), y, 2 * radius)
        starts = boundary_points(origin, radius, directions(origin, source))
        ranked = rank_targets(clean, y, targets)
        best, fell_to = attack_all(
            batch, origin, ranked, starts, classes=clean.shape[1], steps=steps, restarts=restarts
        )
        return StrongOutcome(context.coordinates.leave(best.images), best.prediction, fell_to)


def rank_targets(logits: Tensor, labels: Tensor, count: int) -> Tensor:
    """Return the most likely classes other than the label, int64 (B, count or fewer)."""
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return others.topk(min(count, logits.shape[1] - 1), dim=1).indices


def attack_all(
    batch: Batch,
    origin: Tensor,
    targets: Tensor,
    starts: Iterator[Tensor],
    *,
    classes: int,
    steps: int,
    restarts: int,
) -> tuple[BestAdversarial, Tensor]:
    """Run all attacks on a batch; return results, and what each image fell to, int64 (B,).

    The `targets`, (B, T), are in the order of trial; every run takes one of the `starts`.
    """
    best = BestAdversarial.none_yet(origin)

    def attack(loss: Loss, rho: float) -> None:
        run = partial(apgd_ascent, steps=steps, rho=rho)
        restart(replace(batch, loss=loss), islice(starts, restarts), best, run)

    best.offer_unseen(batch, torch.clamp(origin, batch.low, batch.high))
    stages = [best.fallen]
    attack(batch.loss, RHO)
    stages.append(best.fallen)
    for target in targets.unbind(1):
        if batch.may_shrink and bool(best.fallen.all()):
            break
        # Values of another loss are not comparable: any new one is an improvement.
        best.value = torch.where(best.fallen, torch.inf, -torch.inf)
        kind = Margin if classes < 4 else LogitsRatio
        attack(kind(batch.labels, target), RHO_TARGETED)
    stages.append(best.fallen)
    fell = torch.stack(stages)
    # The first stage by which an image has fallen; 0 for none.
    return best, torch.where(fell.any(0), fell.to(torch.int64).argmax(0) + 1, 0)
