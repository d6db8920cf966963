"""A data set under attack with many budgets: who is attacked with what, and in which batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...progress import Progress
from .apgd import run
from .arena import Arena
from .climb import Kept, Problem, climb_for_the_best, climb_to_the_end, column, judge
from .objective import CrossEntropy
from .starts import Directions
from .strong import ensemble, rank_targets

#: Targets of the strong attack, as in AutoAttack.
TARGETS = 9


@dataclass(frozen=True)
class Attack:
    """Which attack, and its numbers."""

    name: str
    iterate: str
    steps: int
    restarts: int
    step_size: float | None

    @property
    def last(self) -> bool:
        """Whether the last iterate counts, instead of the best."""
        return self.name == "pgd" and self.iterate == "last"


class Bench:
    """A data set under attack: batches of pairs of image and budget, and their outcomes.

    Parameters
    ----------
    ready : Arena
        The network.
    x, y : Tensor
        Images (N, C, H, W) and labels (N,) or None.
    how : Attack
        The attack.
    directions : Directions or None
        Of the random starts; None to start at the images.
    batch_size : int
        Rows a pass.

    Attributes
    ----------
    clean : Tensor
        int64 (N,): predictions on the images.
    labels : Tensor
        int64 (N,): what the attack moves away from.
    """

    def __init__(
        self,
        ready: Arena,
        x: Tensor,
        y: Tensor | None,
        how: Attack,
        directions: Directions | None,
        batch_size: int,
    ) -> None:
        self.ready = ready
        self.x = x
        self.how = how
        self.directions = directions
        self.size = batch_size
        spaces = (ready.space.enter(part) for part in torch.split(x, batch_size))
        logits = torch.cat([ready.predict(part) for part in spaces])
        self.clean = logits.argmax(1)
        self.labels = self.clean if y is None or ready.rules.predicted_labels else y
        self.classes = logits.shape[1]
        self.targets = rank_targets(logits, self.labels, TARGETS)
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
        count = len(self.x)
        prediction = self._unattacked()
        fallen = prediction != self.labels
        order = sorted(range(len(radii)), key=lambda k: radii[k])
        for turn, k in enumerate(order):
            left = (~fallen & (radii[k] > 0)).nonzero()[:, 0]
            for rows in torch.split(left, self.size) if len(left) else ():
                kept = self._attack(rows.tolist(), self._numbers(radii[k], len(rows)))
                prediction[rows] = kept.prediction
                fallen[rows] = kept.value == torch.inf
            found[k] = prediction
            progress((turn + 1) * count, len(order) * count)

    def bisected(self, radii: Sequence[float], found: Tensor, progress: Progress) -> None:
        """Find for each image, by halving, the smallest budget that it falls to."""
        device = self.x.device
        unattacked = self._unattacked()
        prediction = unattacked.clone()
        ladder = torch.tensor(sorted({r for r in radii if r > 0}), dtype=torch.float64)
        ladder = ladder.to(device)
        # Each image withstands the budgets before `low` and falls to those from `high` on.
        low = torch.zeros(len(self.x), dtype=torch.int64, device=device)
        high = torch.where(prediction == self.labels, len(ladder), 0)
        total = max(len(self.x) * len(ladder), 1)
        while len(left := (low < high).nonzero()[:, 0]):
            for rows in torch.split(left, self.size):
                middle = (low[rows] + high[rows]) // 2
                kept = self._attack(rows.tolist(), ladder[middle])
                fell = kept.value == torch.inf
                prediction[rows] = torch.where(fell, kept.prediction, prediction[rows])
                high[rows] = torch.where(fell, middle, high[rows])
                low[rows] = torch.where(fell, low[rows], middle + 1)
            progress(total - int((high - low).sum()), total)
        for k, radius in enumerate(radii):
            place = int((ladder < radius).sum())
            fallen = torch.where(high <= place, prediction, self.labels)
            found[k] = fallen if radius > 0 else unattacked
        progress(total, total)

    def one_by_one(self, radii: Sequence[float], found: Tensor, progress: Progress) -> None:
        """Attack whole batches with one budget at a time, as batch statistics need it."""
        count = len(self.x)
        for k, budget in enumerate(radii):
            for start in range(0, count, self.size):
                some = range(start, min(start + self.size, count))
                if budget == 0 and self.faithful:
                    found[k, some.start : some.stop] = self.clean[some.start : some.stop]
                    continue
                kept = self._attack(some, self._numbers(budget, len(some)))
                found[k, some.start : some.stop] = kept.prediction
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

    def _numbers(self, number: float, count: int) -> Tensor:
        return torch.full((count,), number, dtype=torch.float64, device=self.x.device)

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

        if self.how.name == "autoattack":
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
