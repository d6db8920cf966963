"""Attacks on stacked networks, in an l-infinity ball without a box of pixels.

With two classes every increasing loss of the margin y f(x) has the gradient of the margin
for its direction, so projected gradient ascent on the cross-entropy, on the margin or on
any other such loss is one and the same when steps are signs. What helps are good starts: the
attacks of the theory's proofs, and for two shifts a grid over all attacks that add
multiples of the word on the coordinates where both shifts agree, and on those where they
differ. The exact frontier is proved with attacks of that plane alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...checks import check_integer
from ...theory.attacks import proof_attacks
from ..attacks.ascent import ball
from .network import Layer, join
from .sampling import Draw
from .setting import Setting

_INFINITE = (-float("inf"), float("inf"))


@dataclass(frozen=True)
class Strength:
    """How hard networks are attacked.

    Attributes
    ----------
    steps : int
        Gradient steps from each start: the first half of eps/4, the others of eps/16.
    restarts : int
        Random starts, besides the best of the candidates.
    grid : int
        Points a side of the planar grid, odd; two shifts only.

    Raises
    ------
    InputError
        If a number is too small.
    """

    steps: int = 20
    restarts: int = 2
    grid: int = 5

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("restarts", 0), ("grid", 2)):
            check_integer(name, getattr(self, name), minimum=least)


def candidates(setting: Setting, budget: float, grid: int = 5) -> Tensor:
    """Return displacements for y = +1, shape (count, d): those of the proofs, and the grid.

    Parameters
    ----------
    setting : Setting
        The word and its shifts.
    budget : float
        e = eps sqrt(d).
    grid : int
        Points a side of the planar grid, for two different shifts.
    """
    dist = setting.dist
    found = [attack.displacement for attack in proof_attacks(dist, budget)]
    orbit = dist.orbit
    if orbit.n_distinct == 2:
        word, eps = orbit.codeword.astype(np.float64), budget / np.sqrt(dist.d)
        agree = word == orbit.rotated(1)
        sides = np.linspace(-1, 1, grid)
        found += [eps * word * np.where(agree, a, b) for a in sides for b in sides]
    unique = np.unique(np.round(np.stack(found), 12), axis=0)
    return torch.tensor(unique, dtype=torch.float32)


def worst_margins(
    layer: Layer,
    drawn: Draw,
    eps: float,
    moves: Iterable[Tensor],
    generator: torch.Generator,
    strength: Strength | None = None,
) -> Tensor:
    """Return the smallest margin y f(x') that the attacks find, the clean one included.

    A positive margin is a sample that survived: its share bounds the adversarial accuracy
    from above.

    Parameters
    ----------
    layer : Layer
        Networks, one for each stream of the samples.
    drawn : Draw
        Samples.
    eps : float
        Budget of a coordinate, below 1: e = eps sqrt(d).
    moves : iterable of Tensor
        Candidates for y = +1, none larger than eps, broadcast against the samples' x.
    generator : torch.Generator
        Of the random starts.
    strength : Strength, optional
        Steps and restarts.

    Returns
    -------
    Tensor, shape (networks, size)
    """
    strength = strength or Strength()
    x, x0, y = drawn
    budget = torch.full((x.shape[0],), eps, dtype=torch.float64)
    low, high = ball(x, budget, _INFINITE)
    best = y * layer.logits(join(x, x0))
    start = x
    for move in moves:
        moved = torch.clamp(torch.addcmul(x, y[..., None], move), low, high)
        margin = y * layer.logits(join(moved, x0))
        start = torch.where((margin < best)[..., None], moved, start)
        best = torch.minimum(best, margin)
    for restart in range(1 + strength.restarts):
        if restart:
            noise = torch.rand(x.shape[1:], generator=generator) * 2 - 1
            start = torch.clamp(torch.add(x, noise, alpha=eps), low, high)
        best = torch.minimum(best, _descend(layer, start, drawn, low, high, eps, strength.steps))
    return best


def _descend(
    layer: Layer, start: Tensor, drawn: Draw, low: Tensor, high: Tensor, eps: float, steps: int
) -> Tensor:
    """Return the smallest margin on the way of projected gradient descent."""
    y, d = drawn.y, start.shape[-1]
    z = join(start, drawn.x0)
    best = torch.full_like(y, float("inf"))
    for step in range(steps + 1):
        logits, slope = layer.logits_and_slope(z)
        best = torch.minimum(best, y * logits)
        if step < steps:
            stride = eps / 4 if 2 * step < steps else eps / 16
            ahead = torch.addcmul(z[..., :d], slope.sign(), y[..., None], value=-stride)
            z[..., :d] = torch.clamp(ahead, low, high)
    return best
