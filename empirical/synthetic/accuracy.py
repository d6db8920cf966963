"""Natural, spatial and adversarial accuracy of networks on the theory's distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ...checks import check_integer
from ...config import Checked, option
from ...stats import Interval, clopper_pearson
from ..randomness import make_generator
from .attack import Strength, candidates, exact_worst_margin, worst_margins
from .network import Layer, join
from .sampling import Draw, draw, turn
from .setting import Floats, SyntheticSetting

# Numbers in one intermediate result; more leave the cache.
_CHUNK = 1 << 18
_PLAIN = ("natural", "spatial", "moved", "joint")


@dataclass(frozen=True)
class Measured:
    """Accuracies of networks, each an array of shape (networks,).

    `natural`, `spatial`, `moved` are Pr(f(X) = Y), Pr(f(r X) = Y) with r uniformly random, and
    Pr(f(r_1 X) = Y). `adversarial` has the accuracy on X under attack by budget e; `joint` is that
    on r X with the first budget: both threats at once. These are exact for linear networks, else
    upper bounds: the share of samples that survive every attack tried. `samples` and `attacked`
    are on how many they were counted; 0 where all is exact.
    """

    natural: Floats
    spatial: Floats
    moved: Floats
    joint: Floats
    adversarial: dict[float, Floats]
    samples: int = 0
    attacked: int = 0

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain values that :meth:`from_json` reads, one table a network."""
        trials = dict.fromkeys(_PLAIN, self.samples) | {"joint": self.attacked}
        return [
            {
                **{name: [float(getattr(self, name)[k]), trials[name]] for name in _PLAIN},
                "adversarial": [
                    [e, float(found[k]), self.attacked] for e, found in self.adversarial.items()
                ],
            }
            for k in range(len(self.natural))
        ]

    @classmethod
    def from_json(cls, tables: Sequence[dict[str, Any]]) -> Measured:
        """Return what :meth:`to_json` wrote as `tables`."""
        plain = {name: np.array([table[name][0] for table in tables]) for name in _PLAIN}
        budgets = [e for e, _, _ in tables[0]["adversarial"]]
        adversarial = {
            e: np.array([table["adversarial"][i][1] for table in tables])
            for i, e in enumerate(budgets)
        }
        trials = (tables[0][name][1] for name in ("natural", "joint"))
        return cls(**plain, adversarial=adversarial, samples=next(trials), attacked=next(trials))


def interval_of(accuracy: float, trials: int, level: float = 0.95) -> Interval:
    """Return the interval of Clopper and Pearson; the value itself where it is exact."""
    if trials == 0:
        return Interval(accuracy, accuracy, level)
    return clopper_pearson(round(accuracy * trials), trials, level)


@dataclass(frozen=True)
class Effort(Checked):
    """How precisely networks are measured."""

    samples: int = option(20_000, "Test samples of a network.", check_integer, minimum=1)
    attacked: int = option(8_000, "How many of them are attacked.", check_integer, minimum=1)
    strength: Strength = option(Strength, "How hard.")


def measure(
    layer: Layer,
    setting: SyntheticSetting,
    seeds: Sequence[int],
    *,
    budgets: Sequence[float] = (),
    effort: Effort | None = None,
) -> Measured:
    """Measure networks, one a seed, each on test samples of its seed.

    Linear networks have no hidden units, and all their accuracies are exact. Others are
    measured on samples that depend on the seed alone: networks of one seed share them, and they
    are independent of the training samples. Budgets e = eps sqrt(d) are the setting's own if
    none are given; the first of them is that of `joint`, too.
    """
    effort, dist = effort or Effort(), setting.dist
    budgets = tuple(budgets) or (setting.budget,)
    if not layer.units:
        return _exact(layer, setting, budgets)
    n, strength = dist.n_shifts, effort.strength
    rows = max(64, _CHUNK // (len(seeds) * layer.units))
    streams = [make_generator(seed, "test") for seed in seeds]
    noise = make_generator(0, "attack")
    natural, spatial, moved, joint = torch.zeros((4, len(seeds)), dtype=torch.int64)
    survived = {e: torch.zeros(len(seeds), dtype=torch.int64) for e in budgets}
    moves = {e: candidates(setting, e, strength.grid) for e in budgets}
    eps = {e: e / dist.d**0.5 for e in budgets}
    done, first = 0, budgets[0]
    while done < effort.samples:
        drawn = draw(dist, min(rows, effort.samples - done), streams)
        places = torch.stack([torch.randint(n, drawn.y.shape[1:], generator=g) for g in streams])
        shifted = drawn._replace(x=turn(drawn.x, places, n))
        natural += _right(layer, drawn)
        spatial += _right(layer, shifted)
        one = torch.ones_like(drawn.y, dtype=torch.int64)
        moved += _right(layer, drawn._replace(x=turn(drawn.x, one, n)))
        left = effort.attacked - done
        if left > 0:
            some = Draw(*(part[:, :left] for part in drawn))
            for e in budgets:
                margins = worst_margins(layer, some, eps[e], moves[e], noise, strength)
                survived[e] += (margins > 0).sum(dim=1)
            some = Draw(*(part[:, :left] for part in shifted))
            # What attacks X, shifted as the sample is, attacks r X.
            turned = [turn(m.expand_as(some.x), places[:, :left], n) for m in moves[first]]
            margins = worst_margins(layer, some, eps[first], turned, noise, strength)
            joint += (margins > 0).sum(dim=1)
        done += drawn.y.shape[1]
    samples, attacked = effort.samples, min(effort.attacked, effort.samples)
    return Measured(
        natural=natural.numpy() / samples,
        spatial=spatial.numpy() / samples,
        moved=moved.numpy() / samples,
        joint=joint.numpy() / attacked,
        adversarial={e: count.numpy() / attacked for e, count in survived.items()},
        samples=samples,
        attacked=attacked,
    )


def attack_misses(
    layer: Layer,
    number: int,
    setting: SyntheticSetting,
    seed: int,
    samples: int,
    strength: Strength,
) -> tuple[int, int]:
    """Count samples that survive the attacks, and those of them that an exact search breaks."""
    drawn = draw(setting.dist, samples, [make_generator(seed, "exact check")])
    one, noise = layer.select([number]), make_generator(seed, "exact check", "attack")
    moves = candidates(setting, setting.budget, strength.grid)
    margins = worst_margins(one, drawn, setting.eps, moves, noise, strength)[0]
    left = torch.nonzero(margins > 0).flatten().tolist()
    x, x0, y = (part[0].double().numpy() for part in drawn)
    worst = [exact_worst_margin(one, 0, x[i], x0[i], y[i], setting.eps)[0] for i in left]
    return len(left), sum(margin < 0 for margin in worst)


def _right(layer: Layer, drawn: Draw) -> torch.Tensor:
    return (drawn.y * layer.logits(join(drawn.x, drawn.x0)) > 0).sum(dim=1)


def _exact(layer: Layer, setting: SyntheticSetting, budgets: Sequence[float]) -> Measured:
    dist = setting.dist
    rules = [layer.rule(number) for number in range(len(layer.direct))]
    shifted = np.stack([rule.shifted_accuracies(dist) for rule in rules])
    joint = []
    for rule in rules:
        # w applied to r_j x is r_j^-1 w applied to x.
        padded = np.concatenate([[0.0], rule.plus])
        turned = [dist.rotate(padded, -j)[1:] for j in range(dist.n_shifts)]
        attacked = (replace(rule, minus=w, plus=w) for w in turned)
        joint.append(np.mean([one.adversarial_accuracy(dist, budgets[0]) for one in attacked]))
    return Measured(
        natural=shifted[:, 0],
        spatial=np.array([row.mean() for row in shifted]),
        moved=shifted[:, 1],
        joint=np.array(joint),
        adversarial={
            e: np.array([rule.adversarial_accuracy(dist, e) for rule in rules]) for e in budgets
        },
    )
