"""Auto-PGD: projected gradient ascent that chooses its own step sizes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...checks import check_integer, choose
from ..randomness import require_generator, uniform
from .arena import arena, check_inputs, plain
from .ball import per_image
from .climb import Kept, Problem, column, judge
from .gradient import input_gradient
from .objective import CrossEntropy, LogitsRatio, Margin, Objective
from .protocol import Protocol, resolve

LOSSES = ("ce", "dlr", "margin")

#: Share of the new point in a step; the rest is momentum.
MOMENTUM = 0.75
#: Share of improving steps below which the step size is halved: untargeted, targeted.
RHO = {False: 0.75, True: 0.5}


def apgd(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None,
    *,
    budget: float | str | Tensor,
    steps: int = 100,
    loss: str = "ce",
    restarts: int = 1,
    generator: torch.Generator | None = None,
    protocol: Protocol | str = "corrected",
    precision: str = "float32",
    validate: bool = True,
) -> Tensor:
    """Attack images by Auto-PGD (l-infinity).

    Ascent with momentum whose step size starts at twice the budget and is halved, going
    back to the best point, at checkpoints where too few steps have improved the loss.

    Parameters
    ----------
    model, x, y, budget
        As for :func:`pgd`.
    steps : int
        Number of gradient steps of each run.
    loss : str
        "ce" (cross-entropy), "dlr" (difference of logits ratio; needs three classes) or
        "margin" (largest other logit minus the label's).
    restarts : int
        Number of runs. Images that are misclassified leave at once.
    generator : torch.Generator
        Source of random starts.
    protocol, precision, validate
        As for :func:`pgd`.

    Returns
    -------
    Tensor (B, C, H, W)
        For each image its first misclassified iterate, else the iterate of highest loss;
        within the ball and [0, 1] as for :func:`pgd`.

    Raises
    ------
    InputError
        If an argument breaks its rule.
    RunFailedError
        If the network returns NaN, or is not differentiable.

    References
    ----------
    Croce and Hein, Reliable evaluation of adversarial robustness with an ensemble of
    diverse parameter-free attacks, ICML 2020, Algorithm 1. Where paper and the authors'
    code differ (the number of improving steps may equal the threshold), as the code.
    """
    y = check_inputs(x, y, validate)
    choose("loss", loss, LOSSES)
    steps = check_integer("steps", steps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=1)
    generator = require_generator(generator)
    radius = per_image("budget", budget, len(x), device=x.device)
    rules = resolve(protocol, model)
    if not len(x):
        return x.clone()
    with arena(model, x, rules, precision=precision, generator=generator) as ready:
        origin = ready.space.enter(plain(x))
        if y is None or rules.predicted_labels:
            y = ready.predict(origin).argmax(1)
        elif validate:
            ready = ready.knowing(y)
        problem = ready.problem(origin, radius, make_objective(loss, y), y)
        kept = Kept.nothing(origin)
        for _ in range(restarts):
            direction = unit_directions(origin, generator)
            run(problem, origin, direction, radius, steps, kept)
        if validate:
            ready.close()
        return ready.space.leave(kept.images)


def make_objective(loss: str, labels: Tensor, targets: Tensor | None = None) -> Objective:
    """Return the objective with a name of :data:`LOSSES`."""
    if loss == "ce":
        return CrossEntropy(labels)
    return (LogitsRatio if loss == "dlr" else Margin)(labels, targets)


def unit_directions(origin: Tensor, generator: torch.Generator) -> Tensor:
    """Return directions uniform in [-1, 1], shaped as the images."""
    return uniform(
        tuple(origin.shape), -1, 1, generator=generator, device=origin.device, dtype=origin.dtype
    )


def checkpoints(steps: int) -> set[int]:
    """Return after which steps the step size is looked at.

    The distances between them shrink from 22% of the steps by 3% at a time to 6%.

    Examples
    --------
    >>> sorted(checkpoints(100))
    [22, 41, 57, 70, 80, 87, 93, 99]
    """
    gap, shrink, least = (max(int(share * steps), 1) for share in (0.22, 0.03, 0.06))
    found, position = set(), gap
    while position <= steps:
        found.add(position)
        gap = max(gap - shrink, least)
        position += gap
    return found


def run(
    problem: Problem,
    origin: Tensor,
    direction: Tensor,
    radius: Tensor,
    steps: int,
    kept: Kept,
    *,
    targeted_loss: bool = False,
) -> None:
    """Do one run on the images without success so far, offering every iterate.

    Parameters
    ----------
    problem : Problem
        What and where.
    origin : Tensor
        The clean images, in the coordinates of the attack.
    direction : Tensor
        Directions in [-1, 1]; the start is where they, stretched to length 1 in the
        l-infinity norm, leave the ball.
    radius : Tensor
        Budgets (B,).
    steps : int
        Number of gradient steps.
    kept : Kept
        Results so far; images that are a success are left out.
    targeted_loss : bool
        Use the threshold of the targeted losses.
    """
    index = kept.open if problem.compact else torch.arange(len(origin), device=origin.device)
    if not len(index):
        return
    if len(index) < len(origin):
        problem, origin = problem.select(index), origin[index]
        direction, radius = direction[index], radius[index]
    length = direction.flatten(1).abs().amax(1).clamp_min(1e-12)
    reach = column(radius.to(origin.dtype), origin)
    start = torch.addcmul(origin, direction / column(length, origin), reach)
    state = _State(problem, torch.clamp(start, problem.low, problem.high), 2 * radius, index)
    marks, since, rho = checkpoints(steps), 0, RHO[targeted_loss]
    state.look(kept)
    for step in range(1, steps + 1):
        state.move(1.0 if step == 1 else MOMENTUM)
        if step == steps:
            judge(state.problem, state.x, kept, state.index)
            return
        state.look(kept)
        since += 1
        if step in marks:
            state.adapt(rho * since)
            since = 0
        if problem.compact and step % problem.interval == 0 and not state.drop_decided(kept):
            return


class _State:
    """What Auto-PGD remembers of each image of the batch."""

    def __init__(self, problem: Problem, start: Tensor, stride: Tensor, index: Tensor) -> None:
        self.problem = problem
        self.index = index
        self.x = start
        self.previous = start.clone()
        self.gradient = torch.zeros_like(start)
        self.stride = stride.to(start.dtype)
        self.value = torch.full_like(stride, -torch.inf)
        self.improved = torch.zeros_like(stride)
        self.best = start.clone()
        self.best_gradient = self.gradient.clone()
        self.best_value = self.value.clone()
        self.last_best = self.value.clone()
        self.halved = torch.ones_like(stride, dtype=torch.bool)
        self.first = True

    def look(self, kept: Kept) -> None:
        """Evaluate the network and the gradient where we are."""
        p = self.problem
        slope = input_gradient(p.logits, self.x, p.objective, p.precision)
        with torch.no_grad():
            p.witness.add_(slope.value.sum())
            self.x = self.x.detach()
            prediction = slope.logits.argmax(1)
            kept.offer(self.index, self.x, slope.value, prediction, p.solved(prediction))
            self.gradient = slope.gradient
            value = slope.value.to(self.value.dtype)
            if self.first:
                self.first = False
                self.last_best = value.clone()
            else:
                self.improved += value > self.value
            self.value = value
            better = value > self.best_value
            choice = column(better, self.x)
            self.best = torch.where(choice, self.x, self.best)
            self.best_gradient = torch.where(choice, self.gradient, self.best_gradient)
            self.best_value = torch.where(better, value, self.best_value)

    def move(self, share: float) -> None:
        """Take a step: projected ascent, mixed with the movement of the step before."""
        p = self.problem
        with torch.no_grad():
            pace = column(self.stride, self.x)
            ahead = torch.addcmul(self.x, self.gradient.sign(), pace).clamp_(p.low, p.high)
            inertia = self.x - self.previous
            self.previous = self.x
            mixed = ahead.sub_(self.x).mul_(share).add_(inertia, alpha=1 - share).add_(self.x)
            self.x = mixed.clamp_(p.low, p.high)

    def adapt(self, threshold: float) -> None:
        """Halve the step and go back to the best point where progress was too small."""
        with torch.no_grad():
            stuck = ~self.halved & (self.last_best >= self.best_value)
            halve = (self.improved <= threshold) | stuck
            self.stride = torch.where(halve, self.stride / 2, self.stride)
            choice = column(halve, self.x)
            self.x = torch.where(choice, self.best, self.x)
            self.gradient = torch.where(choice, self.best_gradient, self.gradient)
            self.halved = halve
            self.last_best = self.best_value.clone()
            self.improved.zero_()

    def drop_decided(self, kept: Kept) -> bool:
        """Let decided images leave; return whether any stay."""
        left = (kept.value[self.index] < torch.inf).nonzero()[:, 0]
        if 0 < len(left) < len(self.index):
            self.problem = self.problem.select(left)
            for name, value in vars(self).items():
                if isinstance(value, Tensor):
                    setattr(self, name, value[left])
        return bool(len(left))
