"""What an evaluation measures, with the paper's choices as defaults.

The command line makes its options from these fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...checks import check_fraction, check_integer, check_real, choose
from ...config import Checked, field_names, option, to_table
from ...errors import InputError, StoreError
from ..choices import ATTACKS, ITERATES, PRECISIONS

#: A number of pixels in [0, 1]; wherever it is given, text such as "8/255" does as well.
Pixels: TypeAlias = float


def format_number(value: float) -> str:
    """Return a number, as a fraction of 255 where it is one and has no short decimals.

    Examples
    --------
    >>> format_number(8 / 255), format_number(0.3), format_number(60.0)
    ('8/255', '0.3', '60')
    """
    share = value * 255
    if value and abs(share - round(share)) < 1e-9 and abs(value * 1000 % 1) > 1e-9:
        return f"{round(share)}/255"
    return f"{value:g}"


#: Steps, restarts and repeats: more than anybody waits for.
MOST = 1_000_000

PROTOCOLS = ("corrected", "official")

TRANSLATIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)

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


def _numbers(name: str, values: object, high: float = 1) -> tuple[float, ...]:
    """Return numbers from a sequence, or from a text such as 0,2/255 or none."""
    if isinstance(values, str):
        none = values.strip().lower() in ("", "none")
        values = () if none else [part.strip() for part in values.split(",")]
    if not isinstance(values, Sequence):
        rule = f"be a sequence of numbers in [0, {high:g}], or of fractions like 8/255"
        raise InputError(name, rule, values)
    checked = tuple(check_fraction(name, value, high=high) for value in values)
    if len(set(checked)) != len(checked):
        raise InputError(name, "hold no value twice", values)
    return checked


def _step(name: str, value: Any) -> float | None:
    size = None if value is None else check_fraction(name, value, high=1)
    if size == 0:
        raise InputError(name, "be above 0", value)
    return size


@dataclass(frozen=True)
class EvaluationSettings(Checked):
    """Everything that is chosen before a network is evaluated.

    The values of profiles are explained at :class:`Profile`, the attack's options at
    :func:`spadv.empirical.attacks.profile`. Empty tuples, 0 distances and ranges of 0 leave their
    part out; all numbers of pixels may be text such as "8/255". `batch_size` is no part of what
    defines an evaluation; distances are in float32.
    """

    rotations: tuple[float, ...] = option(
        tuple(float(theta) for theta in range(0, 181, 10)),
        "Largest angles in degrees: 0,30,60; or none.",
        _numbers,
        flag="rotations",
        high=180,
    )
    translations: tuple[float, ...] = option(
        TRANSLATIONS,
        "Largest shifts as fractions of the side: 0,0.1; or none.",
        _numbers,
        flag="translations",
    )
    both: tuple[float, ...] = option(
        TRANSLATIONS,
        "Values of i, rotation to 180 i degrees with shift to i; or none.",
        _numbers,
        flag="both",
    )
    repeats: int = option(
        1, "Random motions an image; 1.", check_integer, flag="repeats", minimum=1, maximum=MOST
    )
    budgets: tuple[Pixels, ...] = option(
        COLOUR["budgets"],
        "l-infinity budgets in pixels: 0,2/255,8/255; or none.",
        _numbers,
        flag="budgets",
    )
    attack: str = option(
        "pgd", f"One of {', '.join(ATTACKS)}.", choose, flag="attack", options=ATTACKS
    )
    steps: int = option(
        COLOUR["steps"],
        "Steps of the attack.",
        check_integer,
        flag="steps",
        minimum=1,
        maximum=MOST,
    )
    step_size: Pixels | None = option(
        COLOUR["step_size"], "Step of the attack in pixels, such as 2/255.", _step, flag="step-size"
    )
    restarts: int = option(
        1,
        "Random starts of the attack; 1.",
        check_integer,
        flag="restarts",
        minimum=1,
        maximum=MOST,
    )
    iterate: str = option("last", "Which iterate counts.", choose, options=ITERATES)
    protocol: str = option(
        "corrected",
        "corrected, or official: with the published scripts' mistakes.",
        choose,
        flag="protocol",
        options=PROTOCOLS,
    )
    distance_images: int = option(
        500,
        "Images for the mean DeepFool distance; 0: none.",
        check_integer,
        flag="distance",
        minimum=0,
    )
    worst_rotation: float = option(
        0.0,
        "Also the worst of a grid of angles up to so many degrees.",
        check_real,
        flag="worst-rotation",
        low=0,
        high=180,
    )
    worst_translation: float = option(
        0.0, "Also the worst of a grid of shifts up to so much.", check_real, low=0, high=1
    )
    images: int | None = option(
        None, "Use the first so many images.", check_integer, flag="images", minimum=1
    )
    seed: int = option(0, "Seed of motions and attacks; 0.", check_integer, flag="seed", minimum=0)
    batch_size: int = option(
        250, "Images a batch of an attack.", check_integer, flag="batch-size", minimum=1
    )
    precision: str = option(
        "float32", "float32, bfloat16 or float16.", choose, flag="precision", options=PRECISIONS
    )

    @property
    def attacked(self) -> bool:
        """Whether anything follows gradients."""
        return bool(self.budgets or self.distance_images)

    @classmethod
    def for_channels(cls, channels: int, **changes: Any) -> EvaluationSettings:
        """Return the paper's settings for grey (1) or colour images, with changes unless None.

        MNIST: 40 steps of 0.01, budgets to 0.3; others: 10 steps of 2/255, budgets to 8/255.
        The stronger attacks choose their own step size and get 100 steps.
        """
        given = {name: value for name, value in changes.items() if value is not None}
        for name in given:
            choose("setting", name, field_names(cls))
        chosen: dict[str, Any] = dict(GREY if channels == 1 else COLOUR)
        if given.get("attack", "pgd") != "pgd":
            chosen |= {"steps": 100, "step_size": None}
        return cls(**(chosen | given))

    @classmethod
    def only(cls, **chosen: Any) -> EvaluationSettings:
        """Return settings that measure what is named and nothing else but natural accuracy.

        Examples
        --------
        >>> EvaluationSettings.only(rotations=[90]).budgets
        ()
        """
        nothing = {"rotations": (), "translations": (), "both": (), "budgets": ()}
        return cls(**{**nothing, "distance_images": 0, **chosen})

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values; digests depend on them."""
        return to_table(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EvaluationSettings:
        """Rebuild settings from `data`, which :meth:`to_json` made; StoreError if it did not."""
        names = field_names(cls)
        if not isinstance(data, Mapping) or set(data) != names:
            raise StoreError("evaluation settings must have the fields " + ", ".join(sorted(names)))
        try:
            return cls(**data)
        except (InputError, TypeError) as error:
            raise StoreError(f"evaluation settings are garbled: {error}") from None
