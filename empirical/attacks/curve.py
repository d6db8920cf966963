"""Predictions under attack with many budgets at once, sharing the work between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import Any

import torch
from torch import Tensor, nn

from ...checks import check_fraction, check_integer, choose
from ...errors import InputError
from ...progress import Progress, silent
from ...random import derive_seed
from ..calling import outside_inference_mode
from ..choices import ATTACKS, ITERATES
from ..randomness import as_generator, draw_seed, make_generator, uniform
from .apgd import apgd_ascent, boundary_points
from .ascent import BestAdversarial, make_batch, restart
from .autoattack import attack_all, rank_targets
from .context import AttackContext, attack_context, check_inputs
from .losses import CrossEntropy
from .pgd import pgd_ascent, random_points, step_sizes
from .protocol import Protocol, resolve

#: Images whose random directions are drawn together; part of what a seed means.
BLOCK = 64
#: Targets of the strong attack, as in AutoAttack.
TARGETS = 9


@dataclass(frozen=True, eq=False)
class RobustnessOutcomes:
    """Predictions on N images, clean (N,) and under attack with K budgets in pixel units (K, N).

    Predictions and `labels` (N,), if known, are int64; `masked` is at how many images the gradient
    was exactly zero where an attack began.
    """

    budgets: tuple[float, ...]
    clean: Tensor
    adversarial: Tensor
    labels: Tensor | None
    masked: int = 0

    @property
    def fooled(self) -> Tensor:
        """Bool (K, N): whether the attack changed the prediction."""
        return self.adversarial != self.clean

    @property
    def correct(self) -> Tensor | None:
        """Bool (K, N): whether the prediction under attack is right; None without labels."""
        return None if self.labels is None else self.adversarial == self.labels


@outside_inference_mode
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
    generator: torch.Generator | int | None = None,
    batch_size: int = 250,
    precision: str = "float32",
    progress: Progress = silent,
) -> RobustnessOutcomes:
    """Return the predictions on images attacked with each of several budgets.

    Clean predictions are made once and are the outcome of budget 0. Starts for all budgets
    share one random direction per image. With "last", images with all their budgets share
    batches, and each outcome is that of its own attack. Otherwise budgets are tried upwards, and
    an image that fell is not attacked again: what lies within a budget lies within a larger one.
    The paper (arXiv 2002.11318, section 4) calls 1 - fooling rate against the budget a robustness
    profile.

    Parameters
    ----------
    model, x : torch.nn.Module and Tensor
        As for :func:`pgd`.
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
        As for :func:`pgd`. Under "official" rules the outcome of budget 0 is not the clean
        prediction, because they clip images.
    generator : torch.Generator or int, optional
        Source of starts, from which one number is drawn, or a seed; None is the seed 0.
    batch_size : int
        Images (or pairs of image and budget) a pass. Outcomes do not depend on it, up to
        rounding within the network, except in training mode.
    precision : str
        As for :func:`pgd`.
    progress : Progress
        Told of pairs of image and budget.

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
    y = check_inputs(x, y)
    if isinstance(budgets, str) or not isinstance(budgets, Sequence) or not budgets:
        raise InputError("budgets", "be a sequence of numbers or fractions like 8/255", budgets)
    radii = tuple(check_fraction("budgets", budget) for budget in budgets)
    choose("attack", attack, ATTACKS)
    choose("iterate", iterate, ITERATES)
    steps = check_integer("steps", steps, minimum=1)
    restarts = check_integer("restarts", restarts, minimum=1)
    batch_size = check_integer("batch_size", batch_size, minimum=1)
    step = None if step_size is None else check_fraction("step_size", step_size)
    if attack == "pgd" and not random_start and restarts > 1:
        raise InputError("restarts", "be 1 where starts are not random", restarts)
    rules = resolve(protocol, model)
    random_start = random_start or attack != "pgd"
    source = as_generator(generator, seed=0)
    iterate = iterate if attack == "pgd" else "best"
    how = {"attack": attack, "iterate": iterate, "steps": steps, "step_size": step}
    adversarial = torch.empty((len(radii), len(x)), dtype=torch.int64, device=x.device)
    if not len(x):
        return RobustnessOutcomes(radii, adversarial[0], adversarial, y)
    drawn = RandomDirections(source, x) if random_start else None
    with attack_context(
        model, x, rules, labels=y, precision=precision, generator=source
    ) as context:
        curve = _Curve(context, x.detach(), y, how | {"restarts": restarts}, drawn, batch_size)
        attacked = curve.each if iterate == "last" or rules.train_mode else curve.upwards
        attacked(radii, adversarial, progress)
        return RobustnessOutcomes(radii, curve.clean, adversarial, y, int(context.masked.sum()))


class RandomDirections:
    """Directions uniform in [-1, 1] for each image of a data set and each run of an attack.

    They are drawn in blocks of images with a seed per block and run, so that they depend
    neither on batches nor on which images are still attacked, and need no memory. One draw
    from the `generator` gives the seed; its device is where directions are drawn.
    """

    def __init__(self, generator: torch.Generator, x: Tensor) -> None:
        self._seed, self._source = draw_seed(generator), generator.device
        self._x = x[:0]
        self._last: tuple[tuple[int, int], Tensor] | None = None

    def of(self, images: Sequence[int], run: int) -> Tensor:
        """Return the directions of images, given by their places in the data set."""
        made = self._x.new_empty((len(images), *self._x.shape[1:]))
        rows: dict[int, tuple[list[int], list[int]]] = {}
        for row, image in enumerate(images):
            here, there = rows.setdefault(image // BLOCK, ([], []))
            here.append(row)
            there.append(image % BLOCK)
        for block, (here, there) in rows.items():
            drawn = self._block(block, run)
            target = torch.tensor(here, device=made.device)
            made[target] = drawn[torch.tensor(there, device=made.device)]
        return made

    def _block(self, block: int, run: int) -> Tensor:
        if self._last is None or self._last[0] != (block, run):
            seed = derive_seed(self._seed, "directions")
            generator = make_generator(seed, run, block, device=self._source)
            shape, device, dtype = self._x.shape[1:], self._x.device, self._x.dtype
            drawn = uniform((BLOCK, *shape), -1, 1, generator=generator, device=device, dtype=dtype)
            self._last = ((block, run), drawn)
        return self._last[1]


class _Curve:
    """A data set under attack: batches of images and budgets, and their predictions."""

    def __init__(
        self,
        context: AttackContext,
        x: Tensor,
        y: Tensor | None,
        how: dict[str, Any],
        drawn: RandomDirections | None,
        batch_size: int,
    ) -> None:
        self.context, self.x, self.how, self.drawn, self.size = context, x, how, drawn, batch_size
        enter, box = context.coordinates.enter, context.coordinates.box
        logits = torch.cat([context.logits(enter(part)) for part in torch.split(x, batch_size)])
        self.clean = logits.argmax(1)
        self.labels = self.clean if y is None or context.protocol.predicted_labels else y
        self.classes = logits.shape[1]
        self.targets = rank_targets(logits, self.labels, TARGETS)
        #: Whether budget 0 leaves images as they are: not where rules clip more than pixels.
        self.faithful = not context.protocol.normalised_units and box[0] <= 0 and box[1] >= 1

    def each(self, radii: Sequence[float], found: Tensor, progress: Progress) -> None:
        """Attack every image with every budget, several budgets a batch."""
        images, kinds = range(len(self.x)), []
        for k, radius in enumerate(radii):
            if radius == 0 and self.faithful:
                found[k] = self.clean
            else:
                kinds.append(k)
        if self.context.protocol.train_mode:  # batch statistics are those of one budget
            runs = [[(k, i) for i in images] for k in kinds]
        else:  # neighbours share an image, and so its random direction
            runs = [[(k, i) for i in images for k in kinds]]
        done, total = 0, len(kinds) * len(images)
        for pairs in runs:
            for start in range(0, len(pairs), self.size):
                some = pairs[start : start + self.size]
                ks, rows = torch.tensor(some, device=self.x.device).t()
                numbers = torch.tensor([radii[k] for k, _ in some], dtype=torch.float64)
                best = self._attack([i for _, i in some], numbers.to(self.x.device))
                found[ks, rows] = best.prediction
                done += len(some)
                progress(done, total)

    def upwards(self, radii: Sequence[float], found: Tensor, progress: Progress) -> None:
        """Attack with growing budgets those images that have not fallen."""
        prediction = self.clean.clone()
        if not self.faithful:  # rules that clip may change an image at budget 0, too
            enter, box = self.context.coordinates.enter, self.context.coordinates.box
            parts = (enter(part).clamp(*box) for part in torch.split(self.x, self.size))
            prediction = torch.cat([self.context.logits(part).argmax(1) for part in parts])
        fallen = prediction != self.labels
        order = sorted(range(len(radii)), key=lambda k: radii[k])
        for turn, k in enumerate(order, 1):
            left = (~fallen & (radii[k] > 0)).nonzero()[:, 0]
            for rows in torch.split(left, self.size) if len(left) else ():
                radius = torch.full((len(rows),), radii[k], dtype=torch.float64, device=rows.device)
                best = self._attack(rows.tolist(), radius)
                prediction[rows] = best.prediction
                fallen[rows] = best.fallen
            found[k] = prediction
            progress(turn * len(self.x), len(order) * len(self.x))

    def _attack(self, images: Sequence[int], radius: Tensor) -> BestAdversarial:
        """Attack images, given by their places, with budgets (B,)."""
        attack, steps, restarts, size = (
            self.how[name] for name in ("attack", "steps", "restarts", "step_size")
        )
        rows = torch.tensor(images, device=self.x.device)
        origin, labels = self.context.coordinates.enter(self.x[rows]), self.labels[rows]
        sizes = step_sizes(size, radius, steps) if attack == "pgd" else 2 * radius
        loss = CrossEntropy(labels)
        batch = make_batch(self.context, origin, radius, loss, labels, sizes, images=rows)
        source = self.drawn
        drawn = (source.of(images, run) for run in count()) if source else iter(())
        if attack == "autoattack":
            starts, targets = boundary_points(origin, radius, drawn), self.targets[rows]
            numbers = {"classes": self.classes, "steps": steps, "restarts": restarts}
            return attack_all(batch, origin, targets, starts, **numbers)[0]
        best = BestAdversarial.none_yet(origin)
        if attack == "apgd":
            starts = boundary_points(origin, radius, drawn)
            ascend = partial(apgd_ascent, steps=steps)
        elif attack == "pgd":
            starts = random_points(origin, radius, drawn) if source else iter([origin])
            ascend = partial(pgd_ascent, steps=steps, iterate=self.how["iterate"])
        else:
            raise NotImplementedError(f"a curve of the attack {attack!r}")
        restart(batch, islice(starts, restarts), best, ascend)
        return best
