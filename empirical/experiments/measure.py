"""What is measured of a network: a score for every image, from an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...stats import Scores
from ..settings import format_number

if TYPE_CHECKING:
    from ..evaluation import Evaluation

#: The two metrics of a profile: the paper shows the first, and both are reported.
METRICS = ("unchanged", "accuracy")

#: Effects within this (a fraction of images) count as none.
SMALLEST_EFFECT = 0.02

_WHOLE = {"natural": "natural accuracy", "distance": "DeepFool distance (l2)"}
#: Of each profile: its name by metric, where a value stands on it, the heads of columns.
_SPATIAL = {"unchanged": "rate of invariance under {}", "accuracy": "accuracy under {}"}
_ATTACKED = {"unchanged": "1 - fooling rate", "accuracy": "accuracy under attack"}
_PROFILES = {
    "rotation": (_SPATIAL, "up to {} degrees", "R"),
    "translation": (_SPATIAL, "up to {} of the side", "T"),
    "both": (_SPATIAL, "i = {}", "RT"),
    "robustness": (_ATTACKED, "budget {}", "PGD"),
}


@dataclass(frozen=True)
class Measure:
    """A number between 0 and 1 (or an l2 distance) for every image, from an evaluation.

    Attributes
    ----------
    kind : str
        "rotation", "translation", "both", "robustness", or "natural" or "distance".
    metric : str
        "unchanged" (the rate of invariance, or 1 - fooling rate) or "accuracy".
    value : float or None
        Where on the profile; None is the mean over its settings, a normalised area.

    Examples
    --------
    >>> str(Measure("rotation", "unchanged", 180.0)), Measure("robustness", value=0.3).short
    ('rate of invariance under rotation, up to 180 degrees', 'accuracy PGD 0.3')
    """

    kind: str
    metric: str = "accuracy"
    value: float | None = None

    def scores(self, record: Evaluation, unit: float = 1.0) -> Scores:
        """Return the score of every image, shape (images,).

        Budgets of the evaluation are `unit` times those of the measure. InputError if the
        evaluation lacks what is measured.
        """
        if self.kind == "natural":
            return (record.arrays["clean"] == record.arrays["labels"]).astype(np.float64)
        if self.kind == "distance":
            return record.distances().astype(np.float64)
        profile = record.profile(self.kind)
        outcome = profile.keeps if self.metric == "unchanged" else profile.correct
        settings = range(len(profile.values))
        if self.value is not None:
            number = profile.number_of(self.value * unit)
            settings = range(number, number + 1)
        scores: Scores = np.mean([outcome[setting].mean(axis=0) for setting in settings], axis=0)
        return scores

    def __str__(self) -> str:
        if self.kind in _WHOLE:
            return _WHOLE[self.kind]
        names, place, _ = _PROFILES[self.kind]
        where = "mean over the profile"
        if self.value is not None:
            where = place.format(format_number(self.value))
        return f"{names[self.metric].format(self.kind)}, {where}"

    @property
    def short(self) -> str:
        """For the heads of columns."""
        if self.kind in _WHOLE:
            return str(self)
        what = "accuracy"
        if self.metric == "unchanged":
            what = "1 - fooling" if self.kind == "robustness" else "invariance"
        where = "" if self.value is None else f" {format_number(self.value)}"
        return f"{what} {_PROFILES[self.kind][2]}{where}"

    @property
    def other(self) -> Measure | None:
        """The same with the other metric; None if it has one metric alone."""
        return None if self.kind in _WHOLE else replace(self, metric=other_metric(self.metric))


def other_metric(metric: str) -> str:
    """Return the other metric of a profile."""
    return METRICS[1 - METRICS.index(metric)]
