"""Attacks on stacked networks, in an l-infinity ball without a box of pixels.

With two classes every increasing loss of the margin y f(x) has the gradient of the margin
for its direction, so projected gradient ascent on the cross-entropy, on the margin or on
any other such loss is one and the same when steps are signs. What helps are good starts: the
attacks of the theory's proofs, and for two shifts a grid over all attacks that add
multiples of the word on the coordinates where both shifts agree, and on those where they
differ. The exact frontier is proved with attacks of that plane alone.

What these attacks find bounds adversarial accuracy from above; :func:`exact_worst_margin` says
by how much it may be off, by mixed-integer programming: one hidden layer of ReLUs, minimised
over a box. Units that pull the margin up enter by their convex lower envelope, the others need
a binary variable each if both their states are possible in the box (Tjeng, Xiao and Tedrake,
ICLR 2019).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...checks import check_integer
from ...config import Checked, option
from ...errors import RunFailedError
from ...theory.attacks import proof_attacks
from ..attacks.ascent import ball
from .network import Layer, join
from .sampling import Draw
from .setting import Floats, SyntheticSetting

_INFINITE = (-float("inf"), float("inf"))


@dataclass(frozen=True)
class Strength(Checked):
    """How hard networks are attacked.

    The first half of the gradient steps is of eps/4, the others of eps/16; random starts come
    besides the best of the candidates; the planar grid is for two shifts only.
    """

    steps: int = option(20, "Gradient steps from each start.", check_integer, minimum=1)
    restarts: int = option(2, "Random starts.", check_integer, minimum=0)
    grid: int = option(5, "Points a side of the planar grid, odd.", check_integer, minimum=2)


def candidates(setting: SyntheticSetting, budget: float, grid: int = 5) -> Tensor:
    """Return displacements for y = +1, shape (count, d): those of the proofs, and the grid."""
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
    """Return the smallest margin y f(x') that the attacks find, the clean one included."""
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
        logits, gradient = layer.logits_and_gradient(z)
        best = torch.minimum(best, y * logits)
        if step < steps:
            step_size = eps / 4 if 2 * step < steps else eps / 16
            ahead = torch.addcmul(z[..., :d], gradient.sign(), y[..., None], value=-step_size)
            z[..., :d] = torch.clamp(ahead, low, high)
    return best


def exact_worst_margin(
    layer: Layer, number: int, x: Floats, x0: float, y: float, eps: float
) -> tuple[float, Floats]:
    """Return the smallest margin y f(x') over the box of x' within eps of x, (d,), and where it is.

    It is that of network `number` in double precision at the point found; the solver's lower bound
    is within 1e-6 of it, relatively or absolutely. eps = e / sqrt(d), below 1.

    Examples
    --------
    >>> import torch
    >>> direct = torch.tensor([[1.0, -2.0, 0.0, 0.0]])
    >>> linear = Layer(torch.zeros(1, 0, 4), torch.zeros(1, 0), direct)
    >>> exact_worst_margin(linear, 0, np.zeros(2), 1.0, 1.0, 0.5)[0]
    -1.5
    """
    hidden, out, direct = (part[number].double().cpu().numpy() for part in layer.detach())
    d = direct.size - 2
    sign = 1.0 if x0 > 0 else -1.0
    weights, offsets = hidden[:, :d], hidden[:, d] * sign + hidden[:, d + 1]
    middle = weights @ x + offsets
    reach = eps * np.abs(weights).sum(axis=1)
    pull = y * out
    active, open_ = middle - reach >= 0, np.abs(middle) < reach
    gradient = y * direct[:d] + pull[active] @ weights[active]
    point = x - eps * np.sign(gradient)
    if open_.any():
        point = _solve(gradient, weights[open_], offsets[open_], pull[open_], x, eps)
    # The point counts, not the solver's arithmetic.
    point = np.clip(point, x - eps, x + eps)
    fixed = direct[d] * sign + direct[d + 1]
    value = direct[:d] @ point + fixed + out @ np.maximum(weights @ point + offsets, 0)
    return float(y * value), point


def _solve(
    gradient: Floats, weights: Floats, offsets: Floats, pull: Floats, x: Floats, eps: float
) -> Floats:
    """Minimise gradient x' + sum pull relu(weights x' + offsets) over the box."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    units, d = weights.shape
    free = np.flatnonzero(pull < 0)
    middle, reach = weights @ x + offsets, eps * np.abs(weights).sum(axis=1)
    low, high = middle - reach, middle + reach
    # Variables: x', the units' outputs r, and for those with a negative pull a binary b.
    # r >= pre for all; r <= pre - low (1 - b) and r <= high b where the pull is negative.
    eye = np.eye(units)
    picked = eye[free]
    none = np.zeros((units, len(free)))
    rows = [
        np.hstack([-weights, eye, none]),
        np.hstack([-weights[free], picked, -np.diag(low[free])]),
        np.hstack([np.zeros((len(free), d)), picked, -np.diag(high[free])]),
    ]
    lower = np.concatenate([offsets, np.full(2 * len(free), -np.inf)])
    upper = np.concatenate([np.full(units, np.inf), offsets[free] - low[free], np.zeros(len(free))])
    found = milp(
        np.concatenate([gradient, pull, np.zeros(len(free))]),
        constraints=LinearConstraint(np.vstack(rows), lower, upper),
        integrality=np.concatenate([np.zeros(d + units), np.ones(len(free))]),
        bounds=Bounds(
            np.concatenate([x - eps, np.zeros(units + len(free))]),
            np.concatenate([x + eps, high, np.ones(len(free))]),
        ),
        # With presolve HiGHS writes debugging lines to the standard output.
        options={"mip_rel_gap": 1e-6, "presolve": False},
    )
    if found.x is None:
        raise RunFailedError(f"the mixed-integer program was not solved: {found.message}")
    return np.asarray(found.x[:d], dtype=np.float64)
