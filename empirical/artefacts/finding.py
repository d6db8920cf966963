"""What the evidence says about a claim of the paper: seen, not seen, opposite, underpowered."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.stats import Interval
from ..evaluation import Evaluation, Profile, bootstrap_difference
from ..randomness import derive_seed
from .words import budget

SEEN = "seen"
NOT_SEEN = "not seen"
OPPOSITE = "opposite"
UNDERPOWERED = "underpowered"
FINDING_VERDICTS = (SEEN, NOT_SEEN, OPPOSITE, UNDERPOWERED)

#: Effects within this (a fraction of images) count as none.
SMALLEST_EFFECT = 0.02

#: The two metrics of a profile: the paper shows the first, and both are reported.
METRICS = ("unchanged", "accuracy")

Scores = NDArray[np.float64]


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
            :class:`~spadv.empirical.artefacts.plan.Variant`.

        Raises
        ------
        InputError
            If the evaluation lacks what is measured.
        """
        if self.kind == "natural":
            return (record.arrays["clean"] == record.arrays["labels"]).astype(np.float64)
        if self.kind == "distance":
            return record.arrays["distance"].astype(np.float64)
        profile = record.profile(self.kind)
        outcome = profile.keeps if self.metric == "unchanged" else profile.correct
        settings = range(len(profile.values))
        if self.value is not None:
            number = _number_of(profile, self.value * unit)
            settings = range(number, number + 1)
        table = np.stack([outcome(setting).mean(axis=0) for setting in settings])
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
        if self.value is None:
            return what + ", mean over the profile"
        return f"{what} at {budget(self.value)}"


def _number_of(profile: Profile, value: float) -> int:
    """Return which setting has a value, up to rounding; InputError if none has."""
    for number, known in enumerate(profile.values):
        if math.isclose(known, value, rel_tol=1e-9, abs_tol=1e-12):
            return number
    return profile.number_of(value)


@dataclass(frozen=True)
class Contrast:
    """One claim of the paper as a comparison of two kinds of training.

    Attributes
    ----------
    claim : str
        In words.
    measure : Measure
        What is compared.
    more, less : str
        Names of the variant that has more of it, and less, if the claim is right.
    """

    claim: str
    measure: Measure
    more: str
    less: str


@dataclass(frozen=True)
class Finding:
    """A claim with its evidence.

    Attributes
    ----------
    artefact, claim, measure, more, less : str
        What was compared; see :class:`Contrast`.
    effect : float
        Mean score of `more` minus that of `less`: positive agrees with the paper.
    interval : Interval
        Bootstrap over images and training seeds.
    seeds : tuple of int
        Trained networks of `more` and of `less`.
    images : int
        Test images.
    means : tuple of float
        Mean scores of `more` and of `less`.
    verdict : str
        "seen": the interval is above 0. "opposite": below. "not seen": within
        +-`smallest`. "underpowered": none of these, the evidence does not decide.
    smallest : float
        See `verdict`.
    """

    artefact: str
    claim: str
    measure: str
    more: str
    less: str
    effect: float
    interval: Interval
    seeds: tuple[int, int]
    images: int
    means: tuple[float, float]
    verdict: str
    smallest: float = SMALLEST_EFFECT

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain JSON values."""
        return {
            **{key: getattr(self, key) for key in ("artefact", "claim", "measure")},
            **{key: getattr(self, key) for key in ("more", "less", "effect", "images")},
            "interval": self.interval._asdict(),
            "seeds": list(self.seeds),
            "means": list(self.means),
            "verdict": self.verdict,
            "smallest": self.smallest,
        }


def judge(interval: Interval, smallest: float = SMALLEST_EFFECT) -> str:
    """Return the verdict on an effect that should be positive.

    Examples
    --------
    >>> judge(Interval(0.1, 0.3, 0.95)), judge(Interval(-0.01, 0.01, 0.95))
    ('seen', 'not seen')
    >>> judge(Interval(-0.1, 0.3, 0.95)), judge(Interval(-0.3, -0.1, 0.95))
    ('underpowered', 'opposite')
    """
    if interval.low > 0:
        return SEEN
    if interval.high < 0:
        return OPPOSITE
    if -smallest <= interval.low and interval.high <= smallest:
        return NOT_SEEN
    return UNDERPOWERED


Scored = Callable[[Measure, str], Scores]


def find(artefact: str, contrast: Contrast, scores: Scored, seed: int = 0) -> Finding:
    """Judge one contrast on the evaluations of its two variants.

    Parameters
    ----------
    artefact : str
        Its identifier.
    contrast : Contrast
        The claim.
    scores : callable
        From measure and variant to scores of shape (seeds, images), the same images for all.
    seed : int
        Of the bootstrap.
    """
    more, less = (scores(contrast.measure, name) for name in (contrast.more, contrast.less))
    rng = np.random.default_rng(derive_seed(seed, "bootstrap", artefact, contrast.claim))
    found = bootstrap_difference(more, less, rng=rng)
    return Finding(
        artefact=artefact,
        claim=contrast.claim,
        measure=str(contrast.measure),
        more=contrast.more,
        less=contrast.less,
        effect=found.difference,
        interval=found.interval,
        seeds=(len(more), len(less)),
        images=more.shape[1],
        means=(float(more.mean()), float(less.mean())),
        verdict=judge(found.interval),
    )
