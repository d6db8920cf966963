"""Predictions under attack with many budgets, sharing the work between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...theory.errors import InputError, check_integer
from ...theory.progress import Progress, silent
from ..checks import check_fraction, choose
from ..randomness import require_generator
from .apgd import run
from .arena import Arena, arena, check_inputs, plain
from .climb import Kept, Problem, climb_for_the_best, climb_to_the_end, column, judge
from .objective import CrossEntropy
from .outcomes import RobustnessOutcomes
from .pgd import ITERATES
from .protocol import Protocol, resolve
from .starts import Directions
from .strong import ensemble, rank_targets

ATTACKS = ("pgd", "apgd", "autoattack")
#: Targets of the strong attack, as in AutoAttack.
TARGETS = 9


def profile(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None = None,
    *,
    budgets: Sequence[float | str],
    steps: int,
    step_size: float | str | None = None,
    random_start: bool = True,
    restarts: int = 1,
    attack: str = "pgd",
    iterate: str = "last",
    protocol: Protocol | str = "corrected",
    generator: torch.Generator | None = None,
    batch_size: int = 250,
    precision: str = "float32",
    progress: Progress = silent,
) -> RobustnessOutcomes:
    """Return the predictions on images attacked with each of several budgets.

    Clean predictions are made once and are the outcome of budget 0. Starts for all budgets
    share one random direction per image. With "last", images with all their budgets share
    batches, and each outcome is that of its own attack. Otherwise budgets go upwards, and an
    image that fell is not attacked again: what lies within a budget lies within a larger
    one.

    Parameters
    ----------
    model : torch.nn.Module
        Network from pixels to logits; its state is as before afterwards.
    x : Tensor
        Images (N, C, H, W) in [0, 1].
    y : Tensor, optional
        Labels (N,) that the attack moves away from. None, as for a fooling rate, means the
        network's own predictions.
    budgets : sequence of float or str
        K radii in pixel units, numbers or fractions.
    steps : int
        Gradient steps of each run.
    step_size : float or str, optional
        Of "pgd", the same for all budgets; None means 2.5 * budget / steps (Madry et al.).
    random_start : bool
        Of "pgd"; the other attacks always start at random.
    restarts : int
        Number of runs.
    attack : str
        "pgd"; "apgd" (Auto-PGD on the cross-entropy); or "autoattack" (that, then its
        targeted form; see :func:`strong_attack`).
    iterate : str
        Of "pgd": "last" counts the last iterate, as the published numbers do; "best" counts
        an image as fallen once any iterate, at this or a smaller budget, is misclassified,
        and is both stronger and faster. The other attacks always count the best.
    protocol : Protocol or str
        "corrected", "official", or rules of your own. Under "official" rules the outcome of
        budget 0 is not the clean prediction, because they clip images.
    generator : torch.Generator, optional
        Source of starts; one number is drawn from it. Needed unless "pgd" starts at `x`.
    batch_size : int
        Images (or pairs of image and budget) a pass. Outcomes do not depend on it, up to
        rounding within the network, except in training mode.
    precision : str
        "float32" (the network's own), or "bfloat16" to run it under autocast.
    progress : callable
        Told of pairs of image and budget.

    Returns
    -------
    RobustnessOutcomes
        Clean and adversarial predictions, image by image. Where an image is misclassified
        without an attack and "best" counts, its outcome is that prediction throughout.

    Raises
    ------
    InputError
        If an argument breaks its rule.
    RunFailedError
        If the network returns NaN, or is not differentiable.

    Examples
    --------
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
    >>> _ = net[1].weight.data.copy_(torch.tensor([[0.0], [1.0]])), net[1].bias.data.fill_(0)
    >>> _ = net[1].bias.data[0].fill_(0.5)
    >>> x = torch.tensor([0.3, 0.6]).view(2, 1, 1, 1)
    >>> found = profile(net, x, budgets=[0, 0.15, 0.25], steps=5, random_start=False)
    >>> found.clean.tolist(), found.adversarial.tolist()
    ([0, 1], [[0, 1], [0, 0], [1, 0]])
    """
    y = check_inputs(x, y, True)
    radii = _check_budgets(budgets)
    choose("attack", attack, ATTACKS)
    choose("iterate", iterate, ITERATES)
    steps = check_integer("steps", steps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=1)
    batch_size = check_integer("batch_size", batch_size, minimum=1)
    pace = None if step_size is None else check_fraction("step_size", step_size)
    if attack == "pgd" and not random_start and restarts > 1:
        raise InputError("restarts", "be 1 where starts are not random", restarts)
    rules = resolve(protocol, model)
    draws = random_start or attack != "pgd"
    if draws or rules.train_mode:
        require_generator(generator)
    how = _Attack(attack, iterate, steps, restarts, pace)
    settings = {
        "attack": attack,
        "iterate": iterate if attack == "pgd" else "best",
        "steps": steps,
        "step_size": pace,
        "random_start": draws,
        "restarts": restarts,
        "protocol": rules.to_json(),
        "precision": precision,
    }
    device, count = x.device, len(x)
    adversarial = torch.empty((len(radii), count), dtype=torch.int64, device=device)
    if not count:
        return RobustnessOutcomes(radii, adversarial[0], adversarial, y, settings)
    directions = None
    if draws and generator is not None:
        directions = Directions(generator, x.shape[1:], device, x.dtype)
    with arena(model, x, rules, precision=precision, generator=generator) as ready:
        if y is not None:
            ready = ready.knowing(y)
        bench = _Bench(ready, plain(x), y, how, directions, batch_size)
        if how.last and not rules.train_mode:
            bench.stacked(radii, adversarial, progress)
        elif rules.train_mode:
            bench.one_by_one(radii, adversarial, progress)
        else:
            bench.upwards(radii, adversarial, progress)
        ready.close()
        return RobustnessOutcomes(radii, bench.clean, adversarial, y, settings)


@dataclass(frozen=True)
class _Attack:
    """Which attack, and its numbers."""

    name: str
    iterate: str
    steps: int
    restarts: int
    step_size: float | None

    @property
    def last(self) -> bool:
        return self.name == "pgd" and self.iterate == "last"


class _Bench:
    """A data set under attack: batches of pairs of image and budget, and their outcomes."""

    def __init__(
        self,
        ready: Arena,
        x: Tensor,
        y: Tensor | None,
        how: _Attack,
        directions: Directions | None,
        batch_size: int,
    ) -> None:
        self.ready = ready
        self.x = x
        self.how = how
        self.directions = directions
        self.size = batch_size
        parts, targets = [], []
        for part in torch.split(x, batch_size):
            logits = ready.predict(ready.space.enter(part))
            parts.append(logits.argmax(1))
            if how.name == "autoattack":
                named = parts[-1] if y is None or ready.rules.predicted_labels else y
                start = sum(map(len, parts[:-1])) if named is y else 0
                labels = named[start : start + len(part)]
                targets.append(rank_targets(logits, labels, TARGETS))
        self.classes = logits.shape[1]
        self.clean = torch.cat(parts)
        self.targets = torch.cat(targets) if targets else None
        self.labels = self.clean if y is None or ready.rules.predicted_labels else y
        low, high = ready.space.box
        #: Whether budget 0 leaves images as they are.
        self.faithful = not ready.rules.normalised_units and low <= 0 and high >= 1

    def stacked(self, radii: Sequence[float], found: Tensor, progress: Progress) -> None:
        """Attack every image with every budget, last iterates, several budgets a batch."""
        kinds = [k for k, radius in enumerate(radii) if radius > 0 or not self.faithful]
        for k in range(len(radii)):
            if k not in kinds:
                found[k] = self.clean
        # Neighbours share an image, and so its random direction.
        pairs = [(k, i) for i in range(len(self.x)) for k in kinds]
        for start in range(0, len(pairs), self.size):
            some = pairs[start : start + self.size]
            rows = torch.tensor(some, device=self.x.device).t()
            radius = torch.tensor([radii[k] for k, _ in some], dtype=torch.float64)
            kept = self._attack([i for _, i in some], radius.to(self.x.device))
            found[rows[0], rows[1]] = kept.prediction
            progress(start + len(some), len(pairs))

    def upwards(self, radii: Sequence[float], found: Tensor, progress: Progress) -> None:
        """Attack with growing budgets those images that have not fallen."""
        device, count = self.x.device, len(self.x)
        prediction = self._unattacked()
        fallen = prediction != self.labels
        order = sorted(range(len(radii)), key=lambda k: radii[k])
        for turn, k in enumerate(order):
            left = (~fallen).nonzero()[:, 0].tolist() if radii[k] > 0 else []
            for start in range(0, len(left), self.size):
                some = left[start : start + self.size]
                radius = torch.full((len(some),), radii[k], dtype=torch.float64, device=device)
                kept = self._attack(some, radius)
                rows = torch.tensor(some, device=device)
                prediction[rows] = kept.prediction
                fallen[rows] = kept.value == torch.inf
                progress(turn * count + start + len(some), len(radii) * count)
            found[k] = prediction
            progress((turn + 1) * count, len(radii) * count)

    def one_by_one(self, radii: Sequence[float], found: Tensor, progress: Progress) -> None:
        """Attack whole batches with one budget at a time, as batch statistics need it."""
        device, count = self.x.device, len(self.x)
        for k, budget in enumerate(radii):
            for start in range(0, count, self.size):
                some = range(start, min(start + self.size, count))
                if budget == 0 and self.faithful:
                    found[k, some.start : some.stop] = self.clean[some.start : some.stop]
                    continue
                radius = torch.full((len(some),), budget, dtype=torch.float64, device=device)
                found[k, some.start : some.stop] = self._attack(some, radius).prediction
                progress(k * count + some.stop, len(radii) * count)

    def _unattacked(self) -> Tensor:
        """Return predictions at budget 0, which rules that clip may change."""
        if self.faithful:
            return self.clean.clone()
        parts = []
        for part in torch.split(self.x, self.size):
            clipped = self.ready.space.enter(part).clamp(*self.ready.space.box)
            parts.append(self.ready.predict(clipped).argmax(1))
        return torch.cat(parts)

    def _attack(self, images: Sequence[int], radius: Tensor) -> Kept:
        rows = torch.tensor(images, device=self.x.device)
        origin = self.ready.space.enter(self.x[rows])
        labels = self.labels[rows]
        problem = self.ready.problem(origin, radius, CrossEntropy(labels), labels)
        kept = Kept.nothing(origin)
        if self.how.name == "pgd":
            self._pgd(problem, origin, radius, kept, images)
            return kept

        def directions(number: int) -> Tensor:
            assert self.directions is not None
            return self.directions.of(images, number)

        if self.targets is not None:
            ensemble(
                problem,
                origin,
                radius,
                self.targets[rows],
                kept,
                directions,
                classes=self.classes,
                steps=self.how.steps,
                restarts=self.how.restarts,
            )
            return kept
        for number in range(self.how.restarts):
            run(problem, origin, directions(number), radius, self.how.steps, kept)
        return kept

    def _pgd(
        self, problem: Problem, origin: Tensor, radius: Tensor, kept: Kept, images: Sequence[int]
    ) -> None:
        how, everything = self.how, torch.arange(len(origin), device=origin.device)
        pace = how.step_size
        stride = radius * (2.5 / how.steps) if pace is None else torch.full_like(radius, pace)
        reach = column(radius.to(origin.dtype), origin)
        for number in range(how.restarts):
            begin = origin
            if self.directions is not None:
                begin = torch.addcmul(origin, self.directions.of(images, number), reach)
            begin = torch.clamp(begin, problem.low, problem.high)
            if how.last:
                judge(
                    problem, climb_to_the_end(problem, begin, stride, how.steps), kept, everything
                )
                continue
            left = kept.open if problem.compact else everything
            if len(left):
                some = problem if len(left) == len(origin) else problem.select(left)
                climb_for_the_best(some, begin[left], stride[left], how.steps, kept, left)


def _check_budgets(budgets: object) -> tuple[float, ...]:
    if isinstance(budgets, str) or not isinstance(budgets, Sequence) or not budgets:
        raise InputError("budgets", "be a sequence of numbers or fractions like 8/255", budgets)
    return tuple(check_fraction("budgets", budget) for budget in budgets)
