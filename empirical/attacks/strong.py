"""A strong attack in the manner of AutoAttack: two Auto-PGDs, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ...checks import check_integer
from ..randomness import require_generator
from .apgd import run, unit_directions
from .arena import arena, check_inputs, plain
from .ball import per_image
from .climb import Kept, Problem, judge
from .objective import CrossEntropy, LogitsRatio, Margin
from .protocol import Protocol, resolve

#: How an image fell, as in :attr:`StrongOutcome.fell_to`.
ROBUST, CLEAN, CE, TARGETED = range(4)


@dataclass(frozen=True, eq=False)
class StrongOutcome:
    """What a strong attack did to each image.

    Attributes
    ----------
    images : Tensor
        Adversarial images (B, C, H, W).
    prediction : Tensor
        int64 (B,): the network's prediction on them.
    fell_to : Tensor
        int64 (B,): 0 not misclassified, 1 misclassified without an attack, 2 fell to the
        attack on the cross-entropy, 3 fell to the targeted attack.
    """

    images: Tensor
    prediction: Tensor
    fell_to: Tensor

    @property
    def robust(self) -> Tensor:
        """Bool (B,): whether the image withstood everything."""
        return self.fell_to == ROBUST


def strong_attack(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None,
    *,
    budget: float | str | Tensor,
    steps: int = 100,
    restarts: int = 1,
    targets: int = 9,
    generator: torch.Generator | None = None,
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
    generator : torch.Generator
        Source of random starts.
    protocol, precision
        As for :func:`pgd`.

    Returns
    -------
    StrongOutcome
        Images, predictions, and which attack each image fell to.

    Raises
    ------
    InputError
        If an argument breaks its rule.
    RunFailedError
        If the network returns NaN, or is not differentiable.

    References
    ----------
    Croce and Hein, Reliable evaluation of adversarial robustness with an ensemble of
    diverse parameter-free attacks, ICML 2020.
    """
    y = check_inputs(x, y, True)
    steps = check_integer("steps", steps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=1)
    targets = check_integer("targets", targets, minimum=1)
    source = require_generator(generator)
    radius = per_image("budget", budget, len(x), device=x.device)
    rules = resolve(protocol, model)
    if not len(x):
        nothing = torch.zeros(0, dtype=torch.int64, device=x.device)
        return StrongOutcome(x.clone(), nothing, nothing)
    with arena(model, x, rules, precision=precision, generator=generator) as ready:
        origin = ready.space.enter(plain(x))
        if y is not None:
            ready = ready.knowing(y)
        clean = ready.predict(origin)
        if y is None or rules.predicted_labels:
            y = clean.argmax(1)
        problem = ready.problem(origin, radius, CrossEntropy(y), y)
        kept = Kept.nothing(origin)
        fell_to = ensemble(
            problem,
            origin,
            radius,
            rank_targets(clean, y, targets),
            kept,
            lambda number: unit_directions(origin, source),
            classes=clean.shape[1],
            steps=steps,
            restarts=restarts,
        )
        ready.close()
        return StrongOutcome(ready.space.leave(kept.images), kept.prediction, fell_to)


def rank_targets(logits: Tensor, labels: Tensor, count: int) -> Tensor:
    """Return the most likely classes other than the label, int64 (B, count or fewer)."""
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return others.topk(min(count, logits.shape[1] - 1), dim=1).indices


def ensemble(
    problem: Problem,
    origin: Tensor,
    radius: Tensor,
    targets: Tensor,
    kept: Kept,
    directions: Callable[[int], Tensor],
    *,
    classes: int,
    steps: int,
    restarts: int,
) -> Tensor:
    """Run all attacks on a batch, and return what each image fell to, int64 (B,).

    Parameters
    ----------
    problem : Problem
        The batch, with the cross-entropy as its objective.
    origin : Tensor
        Clean images in the coordinates of the attack.
    radius : Tensor
        Budgets (B,).
    targets : Tensor
        Target classes (B, T), in the order of trial.
    kept : Kept
        Where results go.
    directions : callable
        From the number of a run to directions in [-1, 1] for all images.
    classes : int
        Number of classes of the network.
    steps, restarts : int
        As for :func:`strong_attack`.
    """
    everything = torch.arange(len(origin), device=origin.device)
    judge(problem, torch.clamp(origin, problem.low, problem.high), kept, everything)
    stages = [kept.value == torch.inf]
    number = 0
    for _ in range(restarts):
        run(problem, origin, directions(number), radius, steps, kept)
        number += 1
    stages.append(kept.value == torch.inf)
    labels = problem.labels
    for target in targets.unbind(1):
        aim = Margin(labels, target) if classes < 4 else LogitsRatio(labels, target)
        towards = replace(problem, objective=aim)
        _forget_values(kept)
        for _ in range(restarts):
            if problem.compact and not len(kept.open):
                break
            run(towards, origin, directions(number), radius, steps, kept, targeted_loss=True)
            number += 1
    stages.append(kept.value == torch.inf)
    fell = torch.stack(stages)
    # The first stage by which an image has fallen; 0 for none.
    return torch.where(fell.any(0), fell.to(torch.int64).argmax(0) + 1, 0)


def _forget_values(kept: Kept) -> None:
    """Make values of another objective comparable: any new one is an improvement."""
    kept.value = torch.where(kept.value == torch.inf, torch.inf, -torch.inf)
