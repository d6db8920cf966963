"""What an evaluation measures, with the paper's choices as defaults."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...checks import check_fraction, check_integer, check_real, choose
from ...errors import InputError, StoreError
from ..device import PRECISIONS
from .attacked import ATTACK_BATCH, check_budgets
from .invariance import ROTATIONS, TRANSLATIONS, check_ranges

ATTACKS = ("pgd", "apgd", "autoattack")
ITERATES = ("last", "best")
PROTOCOLS = ("corrected", "official")

#: Budgets, steps and step size on MNIST-like (grey) and CIFAR-like (colour) images.
GREY: dict[str, Any] = {
    "budgets": (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3),
    "steps": 40,
    "step_size": 0.01,
}
COLOUR: dict[str, Any] = {
    "budgets": tuple(k / 255 for k in (0, 1, 2, 4, 6, 8)),
    "steps": 10,
    "step_size": 2 / 255,
}


@dataclass(frozen=True)
class EvaluationSettings:
    """Everything that is chosen before a network is evaluated.

    Attributes
    ----------
    rotations : tuple of float
        theta in degrees, 0 to 180; empty: not measured.
    translations : tuple of float
        Fractions of the side, 0 to 1.
    both : tuple of float
        i: rotation up to 180 i degrees with translation up to i.
    repeats : int
        Random motions an image.
    budgets : tuple of float
        l-infinity budgets in pixels; empty: no attack.
    attack : str
        "pgd", "apgd" or "autoattack".
    steps, restarts : int
        Of the attack.
    step_size : float or None
        In pixels, for "pgd"; None lets the attack choose.
    iterate : str
        "last" (as the paper) or "best".
    protocol : str
        "corrected", or "official": the rules of the published scripts.
    distance_images : int
        DeepFool distances of the first so many images, at most; 0: none.
    worst_rotation, worst_translation : float
        Range of the worst-of-grid search (degrees, fraction of the side); 0 and 0: none.
    images : int or None
        Use the first so many images; None uses all.
    seed : int
        Of motions and attacks.
    batch_size : int
        Images a batch of an attack; no part of what defines an evaluation.
    precision : str
        "float32" or "bfloat16"; distances are computed in float32.

    Raises
    ------
    InputError
        For a value that breaks a rule.
    """

    rotations: tuple[float, ...] = tuple(float(theta) for theta in ROTATIONS)
    translations: tuple[float, ...] = TRANSLATIONS
    both: tuple[float, ...] = TRANSLATIONS
    repeats: int = 1
    budgets: tuple[float, ...] = COLOUR["budgets"]
    attack: str = "pgd"
    steps: int = COLOUR["steps"]
    step_size: float | None = COLOUR["step_size"]
    restarts: int = 1
    iterate: str = "last"
    protocol: str = "corrected"
    distance_images: int = 500
    worst_rotation: float = 0.0
    worst_translation: float = 0.0
    images: int | None = None
    seed: int = 0
    batch_size: int = ATTACK_BATCH
    precision: str = "float32"

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("rotations", check_ranges("rotation", self.rotations))
        put("translations", check_ranges("translation", self.translations))
        put("both", check_ranges("both", self.both))
        put("budgets", check_budgets(self.budgets) if len(self.budgets) else ())
        choose("attack", self.attack, ATTACKS)
        choose("iterate", self.iterate, ITERATES)
        choose("protocol", self.protocol, PROTOCOLS)
        choose("precision", self.precision, PRECISIONS)
        if self.step_size is not None:
            put("step_size", check_fraction("step_size", self.step_size, high=1))
        for name, least in (("repeats", 1), ("steps", 1), ("restarts", 1), ("batch_size", 1)):
            put(name, check_integer(name, getattr(self, name), minimum=least))
        put("distance_images", check_integer("distance_images", self.distance_images, minimum=0))
        put("seed", check_integer("seed", self.seed, minimum=0))
        put("worst_rotation", check_real("worst_rotation", self.worst_rotation, low=0, high=180))
        worst = check_real("worst_translation", self.worst_translation, low=0, high=1)
        put("worst_translation", worst)
        if self.images is not None:
            put("images", check_integer("images", self.images, minimum=1))

    @classmethod
    def for_channels(cls, channels: int, **changes: Any) -> EvaluationSettings:
        """Return the paper's settings for grey or colour images, with some changed.

        MNIST: 40 steps of 0.01, budgets to 0.3; others: 10 steps of 2/255, budgets to 8/255.
        The stronger attacks choose their own step size and get 100 steps.

        Parameters
        ----------
        channels : int
            1 for grey images.
        **changes
            Attributes that should differ; None is not given.

        Raises
        ------
        InputError
            For an unknown attribute, or a value that breaks a rule.
        """
        given = {name: value for name, value in changes.items() if value is not None}
        chosen: dict[str, Any] = dict(GREY if channels == 1 else COLOUR)
        if given.get("attack", "pgd") != "pgd":
            chosen |= {"steps": 100, "step_size": None}
        known = {field.name for field in dataclasses.fields(cls)}
        for name in given:
            choose("setting", name, known)
        return cls(**(chosen | given))

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        data = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in data.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EvaluationSettings:
        """Rebuild settings from `data`, which :meth:`to_json` made.

        Raises
        ------
        StoreError
            If the data are no settings of this version.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(data, Mapping) or set(data) != names:
            raise StoreError("evaluation settings must have the fields " + ", ".join(sorted(names)))
        try:
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in data.items()
            }
            return cls(**fields)
        except (InputError, TypeError) as error:
            raise StoreError(f"evaluation settings are garbled: {error}") from None


def digest_of_json(value: Any) -> str:
    """Return the SHA-256 of plain JSON values, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
