"""What a claim is checked at: one word, shift, p, budget, eta, and the simulation's seed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...checks import check_budget, check_integer, check_level, check_probability, check_real
from ...result import Hypothesis
from ..distribution import CodeGaussian
from ..words import Word, as_word, check_moves, parse_word

# Doubles drawn for one setting, and samples in any case.
_MOST_DOUBLES, _FEWEST_SAMPLES = 500_000, 500


@dataclass(frozen=True)
class Setting:
    """Checked parameters of one evaluation; equal ones, which have one word, hash alike."""

    #: A form that :func:`spadv.theory.parse_word` reads, or a word of -1 and +1, of period above 1.
    codeword: str | ArrayLike = field(default="simplex:6", compare=False)
    #: m, a divisor of the word's length.
    shift: int = 1
    #: Probability in [1/2, 1] that x0 equals the label.
    p: float = 0.6
    #: e = eps sqrt(d) >= 0.
    budget: float = 4.0
    #: Allowed loss of accuracy in Theorems 2 and 3, in [0, 1]; None for 1 - p, the smallest for
    #: which their hypothesis can be met.
    eta: float | None = None
    #: Simulated samples for each comparison; 0 switches simulation off.
    samples: int = 20_000
    seed: int = 0
    #: Confidence level of the reported intervals, in (0, 1).
    level: float = 0.95
    signs: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checked = {
            "p": check_probability("p", self.p),
            "budget": check_budget("budget", self.budget),
            "shift": check_integer("shift", self.shift, minimum=1),
            "samples": check_integer("samples", self.samples, minimum=0),
            "seed": check_integer("seed", self.seed, minimum=0),
            "eta": None if self.eta is None else check_real("eta", self.eta, low=0, high=1),
            "level": check_level(self.level),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        check_moves(self.dist.orbit.codeword)  # and with it the word and its shift
        object.__setattr__(self, "signs", self.word.tobytes())

    @cached_property
    def word(self) -> Word:
        """The word itself, int8 of shape (d,), read-only."""
        return (
            parse_word(self.codeword) if isinstance(self.codeword, str) else as_word(self.codeword)
        )

    @cached_property
    def dist(self) -> CodeGaussian:
        """The distribution."""
        return CodeGaussian(self.word, self.p, self.shift)

    @property
    def eps(self) -> float:
        """What an attack may change each coordinate by; from 1 on it can overwrite x0."""
        return self.budget / math.sqrt(self.word.size)

    @property
    def trials(self) -> int:
        """Simulated samples of whole vectors: fewer than `samples` for long words."""
        return min(self.samples, max(_FEWEST_SAMPLES, _MOST_DOUBLES // self.word.size))

    @property
    def loss(self) -> float:
        """Eta, with its default 1 - p resolved (rounded to 12 places, as a person would)."""
        return round(1 - self.p, 12) if self.eta is None else self.eta

    def only(self, *names: str) -> Setting:
        """Return the word at these parameters alone, all others at their defaults.

        Functions of it are cached: what several claims look at is computed once.
        """
        return Setting(self.word, **{name: getattr(self, name) for name in names})

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a generator that depends on the seed, the setting and the purpose only.

        Checks may so run in any order, or alone, with the same numbers.
        """
        key = json.dumps([purpose, self.shift, self.p, self.budget, self.samples])
        digest = hashlib.sha256(key.encode() + self.signs).digest()
        return np.random.default_rng([self.seed, int.from_bytes(digest[:8], "big")])

    def as_parameters(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the parameters called `names` as plain JSON values.

        Always with d, n_shifts, samples, seed and level; eta with its default resolved.
        """
        values: dict[str, Any] = {name: getattr(self, name) for name in names}
        if "eta" in values:
            values["eta"] = self.loss
        if not isinstance(self.codeword, str):
            values["codeword"] = "".join("+" if sign > 0 else "-" for sign in self.word)
        values |= {"d": self.dist.d, "n_shifts": self.dist.n_shifts}
        return values | {"samples": self.samples, "seed": self.seed, "level": self.level}


# The default grids of the claims: by name of a parameter its values, or a function that gives
# them from those chosen before.
Values = Sequence[Any] | Callable[[Mapping[str, Any]], Sequence[Any]]

_MOST_SHIFTS = 64


def default_shifts(length: int) -> list[int]:
    """Return the m of the default grid: the fewest shifts, and the most up to 64.

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


#: Simplex codes of every dimension from 3 to 12, a dual BCH word, a quadratic-residue
#: word, a random word; each with one or two shifts.
ORBITS: dict[str, Values] = {
    "codeword": (*(f"simplex:{k}" for k in range(3, 13)), "dual-bch:6", "qr:127", "random:64:0"),
    "shift": lambda at: default_shifts(parse_word(at["codeword"]).size),
}


def shifts_of(*counts: int) -> Callable[[Mapping[str, Any]], list[int]]:
    """Return the m that make so many shifts of a grid's word, or its default ones."""

    def shifts(at: Mapping[str, Any]) -> list[int]:
        d = parse_word(at["codeword"]).size
        return [d // n for n in counts if d % n == 0] or default_shifts(d)

    return shifts


#: Words with two different shifts, of correlations 0.31 and -0.38.
TWO_SHIFTS: dict[str, Values] = {
    "codeword": ("random:64:0", "random:64:10"),
    "shift": shifts_of(2),
}
#: Values of p for claims about one classifier, and for those that try several.
PROBABILITIES = (0.5, 0.6, 0.75, 0.9, 0.95)
FEWER_PROBABILITIES = (0.5, 0.6, 0.75, 0.9)


def survives(setting: Setting) -> Hypothesis:
    """Return the condition that no attack changes the sign of x0."""
    return Hypothesis(f"eps < 1 (eps = {setting.eps:.3g})", setting.eps < 1)


def default_etas(at: Mapping[str, Any]) -> list[float]:
    """Return an eta below the feasible ones, the smallest feasible, and a larger one."""
    smallest = 1 - at["p"]
    return [round(eta, 12) for eta in (smallest / 2, smallest, min(1, smallest + 0.15))]
