"""Verdicts: what an interval over training seeds says of a hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...stats import Interval
from .shortfall import over_seeds

SEEN, NOT_SEEN, OPPOSITE, UNDERPOWERED = "seen", "not seen", "opposite", "underpowered"
#: A network this near to a line counts as on it, in units of accuracy.
NEAR_LINE = 0.01
#: Accuracies this near to a prediction count as equal to it.
NEAR_POINT = 0.02
#: Smaller differences of accuracies, and of distances, between two methods count as none.
SMALLEST_DIFFERENCE = 0.005


@dataclass(frozen=True)
class Finding:
    """A hypothesis with its evidence.

    Attributes
    ----------
    topic : str
        Which hypothesis; the same words in every setting.
    claim : str
        It, for one setting and kind of network.
    measure : str
        What the effect is.
    effect : float
        Its estimate.
    interval : Interval
        Student's, over training seeds.
    seeds : int
        How many.
    verdict : str
        "seen", "opposite", "not seen" or "underpowered".
    rule : str
        How the verdict follows from the interval.
    """

    topic: str
    claim: str
    measure: str
    effect: float
    interval: Interval
    seeds: int
    verdict: str
    rule: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "topic": self.topic,
            "claim": self.claim,
            "measure": self.measure,
            "effect": self.effect,
            "interval": self.interval._asdict(),
            "seeds": self.seeds,
            "verdict": self.verdict,
            "rule": self.rule,
        }


def at_most(values: ArrayLike, limit: float, topic: str, claim: str, measure: str) -> Finding:
    """Judge that the mean over seeds is at most a limit.

    Examples
    --------
    >>> at_most([0.001, 0.003], 0.01, "t", "c", "m").verdict
    'underpowered'
    >>> at_most([0.001, 0.0012], 0.01, "t", "c", "m").verdict
    'seen'
    """
    mean, interval = over_seeds(values)
    verdict = UNDERPOWERED
    if interval.high <= limit:
        verdict = SEEN
    elif interval.low > limit:
        verdict = OPPOSITE
    rule = f"seen: the interval ends at or below {limit:g}; opposite: it begins above"
    return Finding(topic, claim, measure, mean, interval, np.size(values), verdict, rule)


def above_zero(values: ArrayLike, smallest: float, topic: str, claim: str, measure: str) -> Finding:
    """Judge that the mean over seeds is positive; within +-smallest it counts as none."""
    mean, interval = over_seeds(values)
    verdict = UNDERPOWERED
    if interval.low > 0:
        verdict = SEEN
    elif interval.high < 0:
        verdict = OPPOSITE
    elif -smallest <= interval.low and interval.high <= smallest:
        verdict = NOT_SEEN
    rule = f"seen: the interval lies above 0; opposite: below; not seen: within {smallest:g} of 0"
    return Finding(topic, claim, measure, mean, interval, np.size(values), verdict, rule)


def near(
    differences: Sequence[ArrayLike], limit: float, topic: str, claim: str, measure: str
) -> Finding:
    """Judge that several means over seeds all lie within a limit of 0.

    The effect is the mean farthest from 0, with its interval.

    Examples
    --------
    >>> near([[0.001, 0.0012], [-0.03, -0.0301]], 0.02, "t", "c", "m").verdict
    'opposite'
    """
    made = [over_seeds(values) for values in differences]
    farthest = max(made, key=lambda one: abs(one[0]))
    verdict = UNDERPOWERED
    if all(-limit <= i.low and i.high <= limit for _, i in made):
        verdict = SEEN
    elif any(i.low > limit or i.high < -limit for _, i in made):
        verdict = OPPOSITE
    rule = (
        f"seen: every interval lies within {limit:g} of 0; opposite: one lies wholly outside; "
        "shown is the difference farthest from 0"
    )
    seeds = np.size(differences[0])
    return Finding(topic, claim, measure, farthest[0], farthest[1], seeds, verdict, rule)
