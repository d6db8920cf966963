"""Train stacked networks: one for each level of a method and seed, a batched product a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ...checks import check_integer, check_real, choose
from ...config import Checked, option
from ...errors import RunFailedError
from ..randomness import make_generator
from ..settings import Stage
from .methods import EPOCHS, Method
from .network import Layer, Networks, join
from .sampling import Draw, draw, nearest_shift, turn
from .setting import SyntheticSetting

#: Standard deviation of the start of the TRADES attack, in units of eps.
_TRADES_START = 0.005
SCHEDULES = ("published", "settled")


@dataclass(frozen=True)
class Options(Checked):
    """How networks are trained, the same for every method.

    The schedule "published" lowers the learning rate to a tenth after 75, 90 and 100 of 120
    epochs, as CuSP is published. With "settled" every stage begins at the full rate, which
    falls to 0 along a half cosine, so that each stage can reach its own optimum.
    """

    width: int = option(32, "Hidden units.", check_integer, minimum=1)
    steps_per_epoch: int = option(5, "Steps in each of 120 epochs.", check_integer, minimum=1)
    batch_size: int = option(512, "Samples a step.", check_integer, minimum=1)
    samples: int | None = option(
        None, "Size of the training sample; fresh samples without.", check_integer, minimum=1
    )
    learning_rate: float = option(0.5, "Of stochastic gradient descent.", check_real, low=0)
    momentum: float = option(0.9, "The same.", check_real, low=0, high=1)
    schedule: str = option("published", "How the rate falls.", choose, options=SCHEDULES)

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
    setting: SyntheticSetting,
    kind: str,
    method: Method,
    levels: Sequence[float],
    seeds: Sequence[int],
    options: Options,
) -> Layer:
    """Train one network for each level of a method and seed, and return them level by level.

    Networks of one seed start from the same weights and see the same samples, whatever
    their training: differences between methods and levels are differences of these. Number
    i * len(seeds) + k is level i, seed k. RunFailedError if a training diverges.
    """
    dist = setting.dist
    starts = [make_generator(seed, "start", kind) for _ in levels for seed in seeds]
    networks = Networks(kind, dist.d, dist.n_shifts, options.width, starts)
    optimiser = torch.optim.SGD(networks.parameters, lr=0.0, momentum=options.momentum)
    batches = _Batches(setting, seeds, options)
    begin = 0
    for stages in zip(*(method.stages(setting.eps, level) for level in levels), strict=True):
        objective = _StackedObjective(setting, method, levels, stages, len(seeds))
        end = begin + stages[0].epochs
        for step in range(begin * options.steps_per_epoch, end * options.steps_per_epoch):
            epoch = step / options.steps_per_epoch
            optimiser.param_groups[0]["lr"] = options.rate(epoch, begin, end)
            noise = batches.noise() if objective.name != "natural" else None
            loss = objective.loss(networks.layer(), *batches.next(), noise)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimiser.step()
        begin = end
    if not all(bool(torch.isfinite(weights).all()) for weights in networks.parameters):
        raise RunFailedError(
            f"training diverged ({kind}, {method.name}, learning rate "
            f"{options.learning_rate:g}); try a smaller learning rate"
        )
    return networks.layer().detach()


class _Batches:
    """Batches of every seed, and noise for attacks, each from a stream of its own."""

    def __init__(self, setting: SyntheticSetting, seeds: Sequence[int], options: Options) -> None:
        self.dist, self.size = setting.dist, options.batch_size
        self._samples, self._shifts, self._noise = (
            [make_generator(seed, purpose) for seed in seeds]
            for purpose in ("samples", "shifts", "noise")
        )
        self._pool: Draw | None = None
        if options.samples is not None:
            self._pool = draw(self.dist, options.samples, self._samples)

    def next(self) -> tuple[Draw, Tensor]:
        """Return samples, and where the shift of each lies in its range, in [-1, 1)."""
        if self._pool is None:
            drawn = draw(self.dist, self.size, self._samples)
        else:
            total = self._pool.y.shape[1]
            index = [torch.randint(total, (self.size,), generator=g) for g in self._samples]
            drawn = self._pool.take(torch.stack(index))
        places = [torch.rand(self.size, generator=g) for g in self._shifts]
        return drawn, torch.stack(places) * 2 - 1

    def noise(self) -> Tensor:
        """Return uniform numbers in [-1, 1), shape (seeds, batch, d)."""
        shape = (self.size, self.dist.d)
        return torch.stack([torch.rand(shape, generator=g) for g in self._noise]) * 2 - 1


class _StackedObjective:
    """The loss of one stage, summed over all networks (they share no weights)."""

    def __init__(
        self,
        setting: SyntheticSetting,
        method: Method,
        levels: Sequence[float],
        stages: Sequence[Stage],
        seeds: int,
    ) -> None:
        self.n_shifts, self.levels, self.mixes = setting.dist.n_shifts, len(levels), method.mixes
        objectives = [stage.objective for stage in stages]
        self.name, self.steps = objectives[0].name, objectives[0].steps

        def column(values: Sequence[float], axes: int) -> Tensor:
            """One number a network, with axes to broadcast over."""
            repeated = torch.tensor(values, dtype=torch.float32).repeat_interleave(seeds)
            return repeated.view(-1, *[1] * axes)

        self.angle = column([stage.augment.rotation for stage in stages], 1)
        self.eps = column([objective.budget for objective in objectives], 2)
        self.step_size = column([objective.step for objective in objectives], 2)
        self.beta = column([objective.beta for objective in objectives], 1)
        self.weight = column(levels, 1)

    def loss(self, layer: Layer, drawn: Draw, place: Tensor, noise: Tensor | None) -> Tensor:
        """Return the sum over networks of their mean losses; noise is for attacks."""
        x, x0, y, place = (self._each(part) for part in (*drawn, place))
        turned = x
        if bool((self.angle > 0).any()):
            turned = turn(x, nearest_shift(place, self.angle, self.n_shifts), self.n_shifts)
        z = join(turned, x0)
        if noise is None:
            return _cross_entropy(layer.logits(z), y).mean(dim=1).sum()
        noise, fixed = self._each(noise), layer.detach()
        if self.mixes:
            attacked = self._attacked(fixed, join(x, x0), noise, y)
            spatial = _cross_entropy(layer.logits(z), y)
            robust = _cross_entropy(layer.logits(attacked), y)
            loss = (1 - self.weight) * spatial + self.weight * robust
        elif self.name == "pgd":
            loss = _cross_entropy(layer.logits(self._attacked(fixed, z, noise, y)), y)
        else:
            attacked = self._attacked(fixed, z, noise)
            clean, other = layer.logits(z), layer.logits(attacked)
            loss = _cross_entropy(clean, y) + self.beta * divergence(clean, other)
        return loss.mean(dim=1).sum()

    def _each(self, part: Tensor) -> Tensor:
        """Repeat what every seed has for every level."""
        return part.repeat(self.levels, *[1] * (part.ndim - 1))

    def _attacked(self, layer: Layer, z: Tensor, noise: Tensor, y: Tensor | None = None) -> Tensor:
        """Ascend the loss of labels, or without them the divergence, starting very near.

        With two classes all losses of the labels have one direction.
        """
        d = noise.shape[-1]
        low, high = z[..., :d] - self.eps, z[..., :d] + self.eps
        clean = layer.logits(z) if y is None else torch.zeros(())
        moved = z.clone()
        moved[..., :d] += (_TRADES_START if y is None else 1.0) * self.eps * noise
        for _ in range(self.steps):
            if y is None:
                logits, gradient = layer.logits_and_gradient(moved)
                away = (logits - clean).sign()
            else:
                gradient, away = layer.gradient(moved), -y
            push = away[..., None] * self.step_size
            ahead = torch.addcmul(moved[..., :d], gradient.sign(), push)
            moved[..., :d] = ahead.clamp_(low, high)
        return moved


def _cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    return softplus(-y * logits)


def divergence(clean: Tensor, other: Tensor) -> Tensor:
    """Return KL(sigmoid(clean) || sigmoid(other)) of the two-class distributions."""
    chance = clean.sigmoid()
    return chance * (clean - other) + softplus(other) - softplus(clean)
