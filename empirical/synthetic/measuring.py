"""Natural, spatial and adversarial accuracy of networks on the theory's distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ...checks import check_integer
from ...stats import Interval, clopper_pearson
from ..randomness import make_generator
from .attack import Strength, candidates, exact_worst_margin, worst_margins
from .network import Layer, join
from .sampling import Draw, Source, turn
from .setting import Setting

# Numbers in one intermediate result; more leave the cache.
_CHUNK = 1 << 18
_PLAIN = ("natural", "spatial", "moved", "joint")


@dataclass(frozen=True)
class Accuracy:
    """An accuracy: exact, or counted on samples.

    Attributes
    ----------
    value : float
        A fraction.
    trials : int
        Samples it was counted on; 0 where it is exact (linear networks).
    """

    value: float
    trials: int = 0

    def interval(self, level: float = 0.95) -> Interval:
        """Return the interval of Clopper and Pearson; the value itself where it is exact.

        Its confidence level is `level`.
        """
        if self.trials == 0:
            return Interval(self.value, self.value, level)
        return clopper_pearson(round(self.value * self.trials), self.trials, level)


@dataclass(frozen=True)
class Measured:
    """What one network does.

    Attributes
    ----------
    natural : Accuracy
        Pr(f(X) = Y).
    spatial : Accuracy
        Pr(f(r X) = Y), r uniformly random.
    moved : Accuracy
        Pr(f(r_1 X) = Y).
    joint : Accuracy
        Accuracy on r X under attack with the first budget: both threats at once.
    adversarial : dict of float to Accuracy
        Accuracy on X under attack, by budget e. This and `joint` are exact for linear
        networks, else upper bounds: the share of samples that survive every attack tried.
    """

    natural: Accuracy
    spatial: Accuracy
    moved: Accuracy
    joint: Accuracy
    adversarial: dict[float, Accuracy]

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :meth:`from_json` reads."""
        return {
            **{name: [getattr(self, name).value, getattr(self, name).trials] for name in _PLAIN},
            "adversarial": [[e, a.value, a.trials] for e, a in self.adversarial.items()],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Measured:
        """Return what :meth:`to_json` wrote as `data`."""
        plain = {name: Accuracy(*data[name]) for name in _PLAIN}
        return cls(**plain, adversarial={e: Accuracy(v, n) for e, v, n in data["adversarial"]})


@dataclass(frozen=True)
class Effort:
    """How precisely networks are measured.

    Attributes
    ----------
    samples : int
        Test samples of a network for natural and spatial accuracy.
    attacked : int
        How many of them are attacked.
    strength : Strength
        How hard.
    """

    samples: int = 20_000
    attacked: int = 8_000
    strength: Strength = Strength()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        check_integer("samples", self.samples, minimum=1)
        check_integer("attacked", self.attacked, minimum=1)


def measure(
    layer: Layer,
    setting: Setting,
    seeds: Sequence[int],
    *,
    budgets: Sequence[float] = (),
    effort: Effort | None = None,
) -> list[Measured]:
    """Measure networks, each on test samples of its seed.

    Linear networks have no hidden units, and all their accuracies are exact. Others are
    measured on samples that depend on the seed alone: networks of one seed share them.

    Parameters
    ----------
    layer : Layer
        Networks, one a seed.
    setting : Setting
        The distribution.
    seeds : sequence of int
        Training seeds; their test samples are independent of the training samples.
    budgets : sequence of float
        Budgets e = eps sqrt(d) of the attack, the first of them for `joint`
        too; the setting's own if empty.
    effort : Effort, optional
        How precisely.

    Returns
    -------
    list of Measured
        One a network, in order.
    """
    effort = effort or Effort()
    chosen = tuple(budgets) or (setting.budget,)
    if not layer.out.shape[1]:
        return [_exact(layer, number, setting, chosen) for number in range(len(seeds))]
    n = setting.dist.n_shifts
    rows = max(64, _CHUNK // (len(seeds) * layer.out.shape[1]))
    source = Source(setting.dist)
    streams = [make_generator(seed, "test") for seed in seeds]
    noise = make_generator(0, "attack")
    natural, spatial, moved, joint = torch.zeros((4, len(seeds)), dtype=torch.int64)
    survived = {e: torch.zeros(len(seeds), dtype=torch.int64) for e in chosen}
    moves = {e: candidates(setting, e, effort.strength.grid) for e in chosen}
    done = 0
    while done < effort.samples:
        drawn = source.draw(min(rows, effort.samples - done), streams)
        places = torch.stack([torch.randint(n, drawn.y.shape[1:], generator=g) for g in streams])
        shifted = drawn._replace(x=turn(drawn.x, places, n))
        natural += _right(layer, drawn)
        spatial += _right(layer, shifted)
        one = torch.ones_like(drawn.y, dtype=torch.int64)
        moved += _right(layer, drawn._replace(x=turn(drawn.x, one, n)))
        left = effort.attacked - done
        if left > 0:
            some = Draw(*(part[:, :left] for part in drawn))
            for e in chosen:
                eps = e / setting.dist.d**0.5
                margins = worst_margins(layer, some, eps, moves[e], noise, effort.strength)
                survived[e] += (margins > 0).sum(dim=1)
            some = Draw(*(part[:, :left] for part in shifted))
            # What attacks X, shifted as the sample is, attacks r X.
            turned = [turn(m.expand_as(some.x), places[:, :left], n) for m in moves[chosen[0]]]
            eps = chosen[0] / setting.dist.d**0.5
            margins = worst_margins(layer, some, eps, turned, noise, effort.strength)
            joint += (margins > 0).sum(dim=1)
        done += drawn.y.shape[1]
    trials = min(effort.attacked, effort.samples)

    def counted(count: torch.Tensor, of: int) -> Accuracy:
        return Accuracy(int(count) / of, of)

    return [
        Measured(
            counted(natural[k], effort.samples),
            counted(spatial[k], effort.samples),
            counted(moved[k], effort.samples),
            counted(joint[k], trials),
            {e: counted(count[k], trials) for e, count in survived.items()},
        )
        for k in range(len(seeds))
    ]


def attack_misses(
    layer: Layer, number: int, setting: Setting, seed: int, samples: int, strength: Strength
) -> tuple[int, int]:
    """Count samples that survive the attacks, and those of them that an exact search breaks."""
    drawn = Source(setting.dist).draw(samples, [make_generator(seed, "exact check")])
    one, noise = layer.select([number]), make_generator(seed, "exact check", "attack")
    moves = candidates(setting, setting.budget, strength.grid)
    margins = worst_margins(one, drawn, setting.eps, moves, noise, strength)[0]
    left = torch.nonzero(margins > 0).flatten().tolist()
    x, x0, y = (part[0].double().numpy() for part in drawn)
    missed = 0
    for i in left:
        worst, _ = exact_worst_margin(layer, number, x[i], x0[i], y[i], setting.eps)
        missed += worst < 0
    return len(left), missed


def _right(layer: Layer, drawn: Draw) -> torch.Tensor:
    return (drawn.y * layer.logits(join(drawn.x, drawn.x0)) > 0).sum(dim=1)


def _exact(layer: Layer, number: int, setting: Setting, budgets: Sequence[float]) -> Measured:
    rule, dist = layer.rule(number), setting.dist
    shifted = rule.shifted_accuracies(dist)
    # w applied to r_j x is r_j^-1 w applied to x.
    padded = np.concatenate([[0.0], rule.plus])
    turned = [dist.rotate(padded, -j)[1:] for j in range(dist.n_shifts)]
    joint = [replace(rule, minus=w, plus=w).adversarial_accuracy(dist, budgets[0]) for w in turned]
    return Measured(
        Accuracy(float(shifted[0])),
        Accuracy(float(shifted.mean())),
        Accuracy(float(shifted[1])),
        Accuracy(float(np.mean(joint))),
        {e: Accuracy(rule.adversarial_accuracy(dist, e)) for e in budgets},
    )
