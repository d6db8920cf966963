"""What is measured of a network: a score for every image, from an evaluation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ...stats import Scores
from ..evaluation import Evaluation, Profile
from .words import budget

#: The two metrics of a profile: the paper shows the first, and both are reported.
METRICS = ("unchanged", "accuracy")

#: Effects within this (a fraction of images) count as none.
SMALLEST_EFFECT = 0.02


@dataclass(frozen=True)
class Measure:
    """A number between 0 and 1 for every image, from an evaluation.

    Attributes
    ----------
    kind : str
        "rotation", "translation", "both", "robustness", or "natural" or "distance".
    metric : str
        "unchanged" (the rate of invariance, or 1 - fooling rate) or "accuracy".
    value : float or None
        Where on the profile; None is the mean over its settings, a normalised area.
    """

    kind: str
    metric: str = "accuracy"
    value: float | None = None

    def scores(self, record: Evaluation, unit: float = 1.0) -> Scores:
        """Return the score of every image, shape (images,).

        Parameters
        ----------
        record : Evaluation
            Outcomes of one network.
        unit : float
            What the evaluation calls a budget of 1; see
            :class:`~spadv.empirical.experiments.plan.Variant`.

        Raises
        ------
        InputError
            If the evaluation lacks what is measured.
        """
        if self.kind == "natural":
            return (record.arrays["clean"] == record.arrays["labels"]).astype(np.float64)
        if self.kind == "distance":
            return record.distances().astype(np.float64)
        profile = record.profile(self.kind)
        outcome = profile.keeps if self.metric == "unchanged" else profile.correct
        settings = range(len(profile.values))
        if self.value is not None:
            number = _number_of(profile, self.value * unit)
            settings = range(number, number + 1)
        table = np.stack([outcome[setting].mean(axis=0) for setting in settings])
        scores: Scores = table.mean(axis=0)
        return scores

    def __str__(self) -> str:
        if self.kind == "natural":
            return "natural accuracy"
        if self.kind == "distance":
            return "DeepFool distance (l2)"
        if self.kind == "robustness":
            what = "accuracy under attack" if self.metric == "accuracy" else "1 - fooling rate"
        else:
            moved = {"rotation": "rotation", "translation": "translation", "both": "both"}
            what = "accuracy" if self.metric == "accuracy" else "rate of invariance"
            what += f" under {moved[self.kind]}"
        return f"{what}, {self.place}"

    @property
    def place(self) -> str:
        """Where on the profile, in words."""
        if self.value is None:
            return "mean over the profile"
        value = budget(self.value)
        if self.kind == "robustness":
            return f"budget {value}"
        return {
            "rotation": f"up to {value} degrees",
            "translation": f"up to {value} of the side",
        }.get(self.kind, f"i = {value}")

    @property
    def short(self) -> str:
        """For the heads of columns.

        Examples
        --------
        >>> Measure("rotation", "unchanged", 180.0).short, Measure("robustness", value=0.3).short
        ('invariance R 180', 'accuracy PGD 0.3')
        """
        if self.kind in ("natural", "distance"):
            return str(self)
        attack = self.kind == "robustness"
        what = "accuracy"
        if self.metric == "unchanged":
            what = "1 - fooling" if attack else "invariance"
        where = {"rotation": "R", "translation": "T", "both": "RT"}.get(self.kind, "PGD")
        return f"{what} {where}" + ("" if self.value is None else f" {budget(self.value)}")

    @property
    def other(self) -> Measure | None:
        """The same with the other metric; None if it has one metric alone."""
        if self.kind in ("natural", "distance"):
            return None
        metric = METRICS[1 - METRICS.index(self.metric)]
        return replace(self, metric=metric)

    def smallest(self, mean: float) -> float:
        """Return the size below which a difference counts as none.

        Parameters
        ----------
        mean : float
            What the measure is about: a distance has no scale of its own, and 2% of it count
            as none.
        """
        return SMALLEST_EFFECT * abs(mean) if self.kind == "distance" else SMALLEST_EFFECT


def _number_of(profile: Profile, value: float) -> int:
    """Return which setting has a value, up to rounding; InputError if none has."""
    for number, known in enumerate(profile.values):
        if math.isclose(known, value, rel_tol=1e-9, abs_tol=1e-12):
            return number
    return profile.number_of(value)
