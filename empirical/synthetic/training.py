"""Train stacked networks: one for each recipe and seed, a batched product a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ...checks import check_integer, check_real, choose
from ...errors import InputError, RunFailedError
from ..randomness import make_generator
from ..settings import Stage
from .network import Layer, Networks, join
from .recipe import EPOCHS, Recipe
from .sampling import Draw, Source, nearest_shift, turn
from .setting import Setting

#: Standard deviation of the start of the TRADES attack, in units of eps.
_TRADES_START = 0.005
SCHEDULES = ("published", "settled")


@dataclass(frozen=True)
class Options:
    """How networks are trained, the same for every method.

    Attributes
    ----------
    width : int
        Hidden units.
    steps_per_epoch : int
        Optimiser steps in each of the 120 epochs.
    batch_size : int
        Samples a step.
    samples : int or None
        Size of the training sample; None draws fresh samples at every step.
    learning_rate, momentum : float
        Of stochastic gradient descent.
    schedule : str
        "published": a tenth of the learning rate after 75, 90 and 100 of 120 epochs, as
        CuSP is published. "settled": every stage begins at the full rate, which falls to 0
        along a half cosine, so that each stage can reach its own optimum.
    """

    width: int = 32
    steps_per_epoch: int = 5
    batch_size: int = 512
    samples: int | None = None
    learning_rate: float = 0.5
    momentum: float = 0.9
    schedule: str = "published"

    def __post_init__(self) -> None:
        for name in ("width", "steps_per_epoch", "batch_size"):
            check_integer(name, getattr(self, name), minimum=1)
        if self.samples is not None:
            check_integer("samples", self.samples, minimum=1)
        check_real("learning_rate", self.learning_rate, low=0)
        check_real("momentum", self.momentum, low=0, high=1)
        choose("schedule", self.schedule, SCHEDULES)

    def rate(self, epoch: float, begin: int, end: int) -> float:
        """Return the learning rate at an `epoch` within the stage from `begin` to `end`.

        All three are counted in epochs from the start of training; `epoch` may have a fraction.
        """
        if self.schedule == "published":
            drops = sum(epoch >= EPOCHS * share for share in (75 / 120, 90 / 120, 100 / 120))
            return self.learning_rate * 0.1**drops
        share = torch.tensor((epoch - begin) / (end - begin) * torch.pi)
        return self.learning_rate * (1 + float(torch.cos(share))) / 2


def train(
    setting: Setting,
    kind: str,
    recipes: Sequence[Recipe],
    seeds: Sequence[int],
    options: Options | None = None,
) -> Layer:
    """Train one network for each recipe and seed.

    Networks of one seed start from the same weights and see the same samples, whatever
    their recipe: differences between recipes are differences of method.

    Parameters
    ----------
    setting : Setting
        The distribution.
    kind : str
        Kind of network; see :mod:`.network`.
    recipes : sequence of Recipe
        With equally long stages of the same objectives.
    seeds : sequence of int
        Training seeds.
    options : Options, optional
        How.

    Returns
    -------
    Layer
        The networks, recipe by recipe: number i * len(seeds) + k is recipe i, seed k.

    Raises
    ------
    RunFailedError
        If a training diverges.
    """
    options = options or Options()
    _check_together(recipes)
    if not seeds:
        raise InputError("seeds", "name at least one seed", seeds)
    dist = setting.dist
    starts = [make_generator(seed, "start", kind) for _ in recipes for seed in seeds]
    networks = Networks(kind, dist.d, dist.n_shifts, options.width, starts)
    optimiser = torch.optim.SGD(networks.parameters, lr=0.0, momentum=options.momentum)
    feed = _Feed(setting, seeds, options)
    begin = 0
    for stages in zip(*(recipe.stages for recipe in recipes), strict=True):
        step_of = _Step(setting, recipes, stages, len(seeds))
        end = begin + stages[0].epochs
        for step in range(begin * options.steps_per_epoch, end * options.steps_per_epoch):
            epoch = step / options.steps_per_epoch
            optimiser.param_groups[0]["lr"] = options.rate(epoch, begin, end)
            noise = feed.noise() if step_of.name != "natural" else None
            loss = step_of.loss(networks.layer(), feed.batch(), noise)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimiser.step()
        begin = end
    if not all(bool(torch.isfinite(weights).all()) for weights in networks.parameters):
        raise RunFailedError(
            f"training diverged ({kind}, {recipes[0].method}, learning rate "
            f"{options.learning_rate:g}); try a smaller learning rate"
        )
    return networks.layer().detach()


def _check_together(recipes: Sequence[Recipe]) -> None:
    if not recipes:
        raise InputError("recipes", "hold at least one recipe", recipes)

    def shape(recipe: Recipe) -> list[tuple[int, str]]:
        return [(stage.epochs, stage.objective.name) for stage in recipe.stages]

    for recipe in recipes[1:]:
        mixed = (recipe.mixing is None) == (recipes[0].mixing is None)
        if shape(recipe) != shape(recipes[0]) or not mixed:
            rule = f"have the stages and objectives of {recipes[0].label} to be trained with it"
            raise InputError("recipes", rule, recipe.label)


class _Feed:
    """Batches of every seed, and noise for attacks, each from a stream of its own."""

    def __init__(self, setting: Setting, seeds: Sequence[int], options: Options) -> None:
        self.source, self.size = Source(setting.dist), options.batch_size
        self.shape = (options.batch_size, setting.dist.d)
        self._samples = [make_generator(seed, "samples") for seed in seeds]
        self._shifts = [make_generator(seed, "shifts") for seed in seeds]
        self._noise = [make_generator(seed, "noise") for seed in seeds]
        self._pool: Draw | None = None
        if options.samples is not None:
            self._pool = self.source.draw(options.samples, self._samples)

    def batch(self) -> tuple[Draw, Tensor]:
        """Return samples, and where the shift of each lies in its range, in [-1, 1)."""
        if self._pool is None:
            drawn = self.source.draw(self.size, self._samples)
        else:
            total = self._pool.y.shape[1]
            index = [torch.randint(total, (self.size,), generator=g) for g in self._samples]
            drawn = self._pool.take(torch.stack(index))
        places = [torch.rand(self.size, generator=g) for g in self._shifts]
        return drawn, torch.stack(places) * 2 - 1

    def noise(self) -> Tensor:
        """Return uniform numbers in [-1, 1), shape (seeds, batch, d)."""
        return torch.stack([torch.rand(self.shape, generator=g) for g in self._noise]) * 2 - 1


class _Step:
    """The loss of one step, summed over all networks (they share no weights)."""

    def __init__(
        self, setting: Setting, recipes: Sequence[Recipe], stages: Sequence[Stage], seeds: int
    ) -> None:
        self.n_shifts, self.levels, self.seeds = setting.dist.n_shifts, len(recipes), seeds
        objectives = [stage.objective for stage in stages]
        self.name, self.steps = objectives[0].name, objectives[0].steps
        self.mixed = recipes[0].mixing is not None

        def column(values: Sequence[float], axes: int) -> Tensor:
            """One number a network, with axes to broadcast over."""
            repeated = torch.tensor(values, dtype=torch.float32).repeat_interleave(seeds)
            return repeated.view(-1, *[1] * axes)

        self.angle = column([stage.augment.rotation for stage in stages], 1)
        self.eps = column([objective.budget for objective in objectives], 2)
        self.stride = column([objective.step for objective in objectives], 2)
        self.beta = column([objective.beta for objective in objectives], 1)
        self.mixing = column([recipe.mixing or 0.0 for recipe in recipes], 1)
        self.turns = bool((self.angle > 0).any())

    def loss(self, layer: Layer, batch: tuple[Draw, Tensor], noise: Tensor | None) -> Tensor:
        """Return the sum over networks of their mean losses; noise is for attacks."""
        (x, x0, y), place = batch
        x, x0, y, place = (self._each(part) for part in (x, x0, y, place))
        turned = x
        if self.turns:
            turned = turn(x, nearest_shift(place, self.angle, self.n_shifts), self.n_shifts)
        if noise is None:
            return _cross_entropy(layer.logits(join(turned, x0)), y).mean(dim=1).sum()
        noise, fixed = self._each(noise), layer.detach()
        if self.mixed:
            attacked = self._attacked(fixed, join(x, x0), y, noise)
            spatial = _cross_entropy(layer.logits(join(turned, x0)), y)
            robust = _cross_entropy(layer.logits(attacked), y)
            both = (1 - self.mixing) * spatial + self.mixing * robust
            return both.mean(dim=1).sum()
        z = join(turned, x0)
        if self.name == "pgd":
            attacked = self._attacked(fixed, z, y, noise)
            return _cross_entropy(layer.logits(attacked), y).mean(dim=1).sum()
        attacked = self._diverted(fixed, z, noise)
        clean, other = layer.logits(z), layer.logits(attacked)
        loss = _cross_entropy(clean, y) + self.beta * divergence(clean, other)
        return loss.mean(dim=1).sum()

    def _each(self, part: Tensor) -> Tensor:
        """Repeat what every seed has for every recipe."""
        return part.repeat(self.levels, *[1] * (part.ndim - 1))

    def _attacked(self, layer: Layer, z: Tensor, y: Tensor, noise: Tensor) -> Tensor:
        """Projected gradient ascent: with two classes all losses have one direction."""
        d = noise.shape[-1]
        x = z[..., :d]
        low, high = x - self.eps, x + self.eps
        moved = z.clone()
        moved[..., :d] += self.eps * noise
        push = -y[..., None] * self.stride
        for _ in range(self.steps):
            ahead = torch.addcmul(moved[..., :d], layer.slope(moved).sign(), push)
            moved[..., :d] = ahead.clamp_(low, high)
        return moved

    def _diverted(self, layer: Layer, z: Tensor, noise: Tensor) -> Tensor:
        """Ascent on the divergence from the clean output, from very near the sample."""
        d = noise.shape[-1]
        low, high = z[..., :d] - self.eps, z[..., :d] + self.eps
        clean = layer.logits(z)
        moved = z.clone()
        moved[..., :d] += _TRADES_START * self.eps * noise
        for _ in range(self.steps):
            logits, slope = layer.logits_and_slope(moved)
            away = (logits - clean).sign()[..., None] * self.stride
            ahead = torch.addcmul(moved[..., :d], slope.sign(), away)
            moved[..., :d] = ahead.clamp_(low, high)
        return moved


def _cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    return softplus(-y * logits)


def divergence(clean: Tensor, other: Tensor) -> Tensor:
    """Return KL(sigmoid(clean) || sigmoid(other)) of the two-class distributions."""
    chance = clean.sigmoid()
    return chance * (clean - other) + softplus(other) - softplus(clean)
