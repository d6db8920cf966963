"""The default grid: the settings at which `spadv verify` checks each claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ..words import parse_word
from .registry import Claim
from .setting import DEFAULTS, Setting

#: Simplex codes of every dimension from 3 to 12, a dual BCH word, a quadratic-residue
#: word, a random word.
WORDS = (*(f"simplex:{k}" for k in range(3, 13)), "dual-bch:6", "qr:127", "random:64:0")
PROBABILITIES = (0.5, 0.6, 0.75, 0.9, 0.95)
#: Budgets of the claims with an eta, of those without, and of the robust Bayes rule.
BUDGETS = (4.0,)
LARGE_BUDGETS = (4.0, 6.0)
SMALL_BUDGETS = (1.0, 2.0, 4.0)
# Theorems 2 and 3 look at several classifiers and etas a setting.
_THEOREM_PROBABILITIES = (0.5, 0.6, 0.75, 0.9)
_MOST_SHIFTS = 64
#: The price is an integral in as many dimensions as there are shifts.
PRICE_PROBABILITIES = (0.5, 0.75)


@dataclass(frozen=True)
class Grid:
    """Values to take the place of the default grid's; None keeps the default.

    Attributes
    ----------
    codewords : sequence of str, optional
        Forms that :func:`spadv.theory.parse_word` reads.
    shifts : sequence of int, optional
        Values of m; by default up to two divisors of each length.
    ps, budgets, etas : sequence of float, optional
        Values of p, of e = eps sqrt(d), and of eta.
    samples : int
        Simulated samples for each comparison; 0 switches simulation off.
    seed : int
        Seed of the simulations.
    level : float
        Confidence level of the reported intervals, in (0, 1).
    """

    codewords: Sequence[str] | None = None
    shifts: Sequence[int] | None = None
    ps: Sequence[float] | None = None
    budgets: Sequence[float] | None = None
    etas: Sequence[float] | None = None
    samples: int = 20_000
    seed: int = 0
    level: float = 0.95


def default_shifts(length: int) -> list[int]:
    """Return the m of the default grid: the fewest shifts, and the most up to 64.

    Parameters
    ----------
    length : int
        d, at least 1.

    Returns
    -------
    list of int
        One or two divisors of d; [1] for d = 1.

    Examples
    --------
    >>> default_shifts(63)  # 3 and 63 shifts
    [21, 1]
    """
    counts = [n for n in range(2, length + 1) if length % n == 0]
    if not counts:
        return [1]
    most = max((n for n in counts if n <= _MOST_SHIFTS), default=counts[0])
    return [length // n for n in dict.fromkeys((counts[0], most))]


def settings(claim: Claim, grid: Grid) -> Iterator[Setting]:
    """Yield the settings at which to check a claim.

    Parameters
    ----------
    claim : Claim
        The claim; parameters that it does not depend on are not varied.
    grid : Grid
        Overrides of the default values.
    """
    axes = claim.parameters
    theorem = "budget" in axes
    words = (grid.codewords or WORDS) if "codeword" in axes else (DEFAULTS["codeword"],)
    ps = grid.ps or (_THEOREM_PROBABILITIES if theorem else PROBABILITIES)
    if claim.id == "price":
        ps = grid.ps or PRICE_PROBABILITIES
    budgets = grid.budgets or _budgets(claim)
    for word in words:
        length = parse_word(word).size
        shifts = grid.shifts or default_shifts(length)
        if "shift" not in axes:
            shifts = shifts[:1] if "codeword" in axes else (1,)
        for shift, p, budget in product(
            shifts, ps if "p" in axes else (0.5,), budgets if theorem else (4.0,)
        ):
            for eta in grid.etas or _etas(p) if "eta" in axes else (None,):
                chosen: dict[str, Any] = {"codeword": word, "shift": shift, "p": p}
                yield Setting(
                    **chosen,
                    budget=budget,
                    eta=eta,
                    samples=grid.samples,
                    seed=grid.seed,
                    level=grid.level,
                )


def _budgets(claim: Claim) -> tuple[float, ...]:
    if claim.id == "robust_bayes" or claim.id.startswith("law."):
        return SMALL_BUDGETS
    return BUDGETS if "eta" in claim.parameters else LARGE_BUDGETS


def _etas(p: float) -> tuple[float, ...]:
    """Return an eta below the feasible ones, the smallest feasible, and a larger one."""
    smallest = 1 - p
    return tuple(round(eta, 12) for eta in (smallest / 2, smallest, min(1, smallest + 0.15)))
