"""The attacks of the paper's proofs, and the optimal attack on a linear rule.

Budgets are e = eps sqrt(d): every coordinate of x_1..x_d moves by at most eps, x0 stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats
from ..checks import check_budget, check_integer
from ..errors import InputError
from .classifiers import LinearRule
from .distribution import CodeGaussian


@dataclass(frozen=True)
class MeanAttack:
    """Attack that adds y times a fixed vector, shape (d,), to x_1..x_d and leaves x0 alone."""

    displacement: Floats
    name: str

    def perturb(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return attacked copies of rows `x`, shape (size, d + 1), with labels `y`, (size,)."""
        rows = np.array(x, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.displacement.size + 1:
            raise InputError(
                "x", f"have the shape (size, {self.displacement.size + 1})", rows.shape
            )
        rows[:, 1:] += np.asarray(y, dtype=np.float64)[:, None] * self.displacement
        return rows


def opposing_attack(dist: CodeGaussian, j: int, budget: float) -> MeanAttack:
    """Return the attack that moves the mean y mu towards -y r_j mu.

    From budget 4 on it gets there, so that f on the attacked input sees r_j X with the
    other label's mean: the step that proves Theorem 2 (j = 0: Theorem 3's attack
    A(x)_t = -4 c_t y / sqrt d). A smaller budget moves every coordinate as far as it may.

    Examples
    --------
    >>> dist = CodeGaussian([1, 1, -1, 1], p=0.7)
    >>> opposing_attack(dist, 0, 4).displacement
    array([-2., -2.,  2., -2.])
    """
    return _towards(dist, -dist.rotated_mean(j), budget, f"to -r_{j % dist.n_shifts} mu")


def imitating_attack(dist: CodeGaussian, j: int, budget: float) -> MeanAttack:
    """Return the attack that moves the mean y mu towards y r_j mu.

    From budget 4 on the attacked input is distributed exactly as r_j X: adversarial
    accuracy is at most the accuracy on r_j X (the step that proves Theorem 3's lower
    bound, and the feasibility bound A <= S_j).
    """
    return _towards(dist, dist.rotated_mean(j), budget, f"to r_{j % dist.n_shifts} mu")


def _towards(dist: CodeGaussian, target: Floats, budget: float, name: str) -> MeanAttack:
    eps = check_budget("budget", budget) / math.sqrt(dist.d)
    return MeanAttack(np.clip(target - dist.mean, -eps, eps), name)


def proof_attacks(dist: CodeGaussian, budget: float, *, most: int = 16) -> list[MeanAttack]:
    """Return the proofs' attacks for up to `most` different shifts, the identity first.

    The opposing attack of every shift taken, and the imitating attack of every one but the
    identity: those of Theorems 2 and 3 of arXiv 2002.11318. The shifts taken are spread
    evenly over the orbit.
    """
    distinct = dist.orbit.n_distinct
    count = min(distinct, check_integer("most", most, minimum=1))
    shifts = [i * distinct // count for i in range(count)]
    attacks = [opposing_attack(dist, j, budget) for j in shifts]
    return attacks + [imitating_attack(dist, j, budget) for j in shifts if j]


def optimal_linear_attack(rule: LinearRule, x: ArrayLike, y: ArrayLike, budget: float) -> Floats:
    """Return attacked copies of x: the best attack on a linear rule that keeps x0's sign.

    Every coordinate of the rows `x`, shape (size, d + 1), moves by eps against the label `y`
    along the sign of its weight. For eps < 1 no attack does better (docs/theory/laws.md,
    "Setting and notation").
    """
    rows = np.array(x, dtype=np.float64)
    eps = check_budget("budget", budget) / math.sqrt(rule.plus.size)
    signs = np.sign(np.stack([rule.minus, rule.plus]))
    step = -eps * np.asarray(y, dtype=np.float64)
    if np.array_equal(*signs):
        rows[:, 1:] += step[:, None] * signs[0]
    else:
        rows[:, 1:] += step[:, None] * signs[(rows[:, 0] > 0).astype(np.intp)]
    return rows
