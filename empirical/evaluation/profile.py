"""Predictions of one network on changed images, and every rate that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...stats import LEVEL, Rate, rate_of

Classes = NDArray[np.int64]

#: What a profile's values are, with their unit.
KINDS = {
    "rotation": "largest angle in degrees: angles are uniform in [-value, value]",
    "translation": "largest shift as a fraction of the side, in each direction",
    "both": "i: rotation up to 180 i degrees and translation up to i",
    "robustness": "l-infinity budget, pixels in [0, 1]",
}


@dataclass(frozen=True, eq=False)
class Profile:
    """Per-image predictions at each of several settings, beside those on unchanged images.

    Attributes
    ----------
    kind : str
        "rotation", "translation", "both" or "robustness"; see :data:`KINDS` for units.
    values : tuple of float
        The settings.
    clean : ndarray of int64 (N,)
        Predictions on unchanged images.
    changed : ndarray of int64 (settings, repeats, N)
        Predictions on changed images.
    labels : ndarray of int64 (N,) or None
        True classes; without them there are no accuracies.
    right_before : bool
        Whether an image counts as right only if it is right unchanged, too: for attacks
        whose best result counts, since to leave an image alone is one of their results.

    Raises
    ------
    InputError
        If the kind is unknown or shapes do not fit together.

    Notes
    -----
    The paper's invariance profile is the rate of invariance against `values`, its robustness
    profile 1 - fooling rate (section 4): both are :meth:`unchanged`, the fraction of images
    that keep the network's own prediction. :meth:`accuracy` is the other metric; the two can
    tell different stories, so both are always reported.
    """

    kind: str
    values: tuple[float, ...]
    clean: Classes
    changed: Classes
    labels: Classes | None = None
    right_before: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError("kind", "be one of " + ", ".join(KINDS), self.kind)
        shape = self.changed.shape
        if len(shape) != 3 or (shape[0], shape[2]) != (len(self.values), len(self.clean)):
            rule = f"have shape ({len(self.values)}, repeats, {len(self.clean)})"
            raise InputError("changed", rule, shape)
        if self.labels is not None and self.labels.shape != self.clean.shape:
            raise InputError("labels", f"have shape {self.clean.shape}", self.labels.shape)

    def keeps(self, setting: int) -> NDArray[np.bool_]:
        """Return whether the prediction stays, (repeats, N), at a setting given by number."""
        kept: NDArray[np.bool_] = self.changed[setting] == self.clean
        return kept

    def correct(self, setting: int) -> NDArray[np.bool_]:
        """Return whether the prediction is right, (repeats, N), at a setting given by number.

        Raises
        ------
        InputError
            Without labels.
        """
        if self.labels is None:
            raise InputError("labels", "be known: accuracy needs them", None)
        right: NDArray[np.bool_] = self.changed[setting] == self.labels
        return right & (self.clean == self.labels) if self.right_before else right

    def unchanged(self, setting: int, level: float = LEVEL) -> Rate:
        """Return the rate of invariance (for attacks: 1 - fooling rate) at a setting.

        The setting is given by number; the interval has the confidence level `level`.
        """
        return rate_of(self.keeps(setting), level)

    def accuracy(self, setting: int, level: float = LEVEL) -> Rate:
        """Return the accuracy on changed images at a setting.

        The setting is given by number; the interval has the confidence level `level`.

        Raises
        ------
        InputError
            Without labels.
        """
        return rate_of(self.correct(setting), level)

    def number_of(self, value: float) -> int:
        """Return which setting has a value; InputError if none has."""
        if value not in self.values:
            known = ", ".join(f"{known:g}" for known in self.values)
            raise InputError("value", f"be one of the measured {known}", value)
        return self.values.index(value)

    def rows(self, level: float = LEVEL) -> list[dict[str, Any]]:
        """Return one plain JSON object a setting: value, and both metrics with intervals.

        The confidence level of the intervals is `level`.
        """
        name = "one_minus_fooling_rate" if self.kind == "robustness" else "rate_of_invariance"
        made = []
        for number, value in enumerate(self.values):
            row: dict[str, Any] = {
                "value": value,
                name: self.unchanged(number, level).to_json(),
            }
            if self.labels is not None:
                row["accuracy"] = self.accuracy(number, level).to_json()
            made.append(row)
        return made
