"""What a claim is checked at: one word, shift, p, budget, eta, and the simulation's seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...checks import check_budget, check_integer, check_probability, check_real
from ...errors import InputError
from ..distribution import CodeGaussian
from ..words import Word, as_word, check_moves, parse_word

DEFAULTS: dict[str, Any] = {
    "codeword": "simplex:6",
    "shift": 1,
    "p": 0.6,
    "budget": 4.0,
    "eta": None,
    "samples": 20_000,
    "seed": 0,
    "level": 0.95,
}


@dataclass(frozen=True)
class Setting:
    """Checked parameters of one evaluation.

    Parameters
    ----------
    codeword : str or array_like
        A form that :func:`spadv.theory.parse_word` reads, or a word of -1 and +1.
    shift : int
        m, a divisor of the word's length.
    p : float
        Probability in [1/2, 1] that x0 equals the label.
    budget : float
        e = eps sqrt(d) >= 0.
    eta : float or None
        Allowed loss of accuracy in Theorems 2 and 3, in [0, 1]; None for 1 - p, the
        smallest for which their hypothesis can be met.
    samples : int
        Simulated samples for each comparison; 0 switches simulation off.
    seed : int
        Seed of the simulation.
    level : float
        Confidence level of the reported intervals, in (0, 1).

    Raises
    ------
    InputError
        If a value is out of range, the word has period 1, or `shift` does not divide its length.
    """

    codeword: str | ArrayLike = DEFAULTS["codeword"]
    shift: int = DEFAULTS["shift"]
    p: float = DEFAULTS["p"]
    budget: float = DEFAULTS["budget"]
    eta: float | None = DEFAULTS["eta"]
    samples: int = DEFAULTS["samples"]
    seed: int = DEFAULTS["seed"]
    level: float = DEFAULTS["level"]

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("p", check_probability("p", self.p))
        put("budget", check_budget("budget", self.budget))
        put("shift", check_integer("shift", self.shift, minimum=1))
        put("samples", check_integer("samples", self.samples, minimum=0))
        put("seed", check_integer("seed", self.seed, minimum=0))
        if self.eta is not None:
            put("eta", check_real("eta", self.eta, low=0, high=1))
        level = check_real("level", self.level, low=0, high=1)
        if level in (0, 1):
            raise InputError("level", "lie strictly between 0 and 1", level)
        put("level", level)
        check_moves(self.dist.orbit.codeword)  # and with it the word and its shift

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
    def eps_below_one(self) -> bool:
        """Whether eps < 1, so that no attack can overwrite x0."""
        return self.budget < np.sqrt(self.word.size)

    @property
    def loss(self) -> float:
        """Eta, with its default 1 - p resolved (rounded to 12 places, as a person would)."""
        return round(1 - self.p, 12) if self.eta is None else self.eta

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a generator that depends on the seed, the setting and the purpose only.

        Checks may so run in any order, or alone, with the same numbers.
        """
        key = json.dumps([purpose, self.shift, self.p, self.budget, self.samples])
        digest = hashlib.sha256(key.encode() + self.word.tobytes()).digest()
        return np.random.default_rng([self.seed, int.from_bytes(digest[:8], "big")])

    def as_parameters(self, names: tuple[str, ...]) -> dict[str, Any]:
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
