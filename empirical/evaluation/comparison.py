"""Two evaluations side by side: paired differences at every setting that both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...stats import LEVEL, Interval, compare, mean_of
from .record import Evaluation

KINDS = ("rotation", "translation", "both", "robustness")


@dataclass(frozen=True)
class Difference:
    """One number of two networks on the same images.

    Attributes
    ----------
    what : str
        "natural", a kind of profile, or "distance".
    setting : float or None
        Value of the profile's setting.
    metric : str
        "accuracy", "unchanged" (rate of invariance, or 1 - fooling rate), or "l2".
    first, second : float
        The two numbers.
    difference : float
        First minus second.
    interval : Interval
        Of the difference: Newcombe's for rates, Student's over images for means.
    p_value : float or None
        Of McNemar's exact test; None for means.
    """

    what: str
    setting: float | None
    metric: str
    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain JSON values."""
        return {
            "what": self.what,
            "setting": self.setting,
            "metric": self.metric,
            "first": self.first,
            "second": self.second,
            "difference": self.difference,
            "interval": self.interval._asdict(),
            "mcnemar_p_value": self.p_value,
        }


def differences(first: Evaluation, second: Evaluation, *, level: float = LEVEL) -> list[Difference]:
    """Compare two networks at every setting that both evaluations have.

    Parameters
    ----------
    first, second : Evaluation
        Of the same images, with motions of the same seed and number of repeats (so that both
        networks saw the same moved images).
    level : float
        Confidence level.

    Raises
    ------
    InputError
        If images or motions differ.
    """
    if first.data["digest"] != second.data["digest"]:
        raise InputError("second", "be an evaluation on the images of the first", second.data)
    for name in ("seed", "repeats"):
        one, other = (getattr(e.settings, name) for e in (first, second))
        if one != other:
            raise InputError("second", f"be an evaluation with {name} {one} as the first", other)
    made: list[Difference] = []
    if first.has("clean") and second.has("clean"):
        right = [e.arrays["clean"] == e.arrays["labels"] for e in (first, second)]
        made.append(_rates("natural", None, "accuracy", right[0], right[1], level))
    for kind in KINDS:
        if not (first.has(kind) and second.has(kind)):
            continue
        one, other = first.profile(kind), second.profile(kind)
        for number, value in enumerate(one.values):
            if value not in other.values:
                continue
            twin = other.number_of(value)
            kept = (one.keeps(number), other.keeps(twin))
            made.append(_rates(kind, value, "unchanged", *kept, level))
            right = [one.correct(number), other.correct(twin)]
            made.append(_rates(kind, value, "accuracy", right[0], right[1], level))
    if first.has("distance") and second.has("distance"):
        one_l2, other_l2 = (e.distances().l2 for e in (first, second))
        count = min(len(one_l2), len(other_l2))
        found = np.isfinite(one_l2[:count]) & np.isfinite(other_l2[:count])
        if found.any():
            pair = (one_l2[:count][found], other_l2[:count][found])
            made.append(_means("distance", None, "l2", *pair, level))
    return made


def _rates(
    what: str,
    setting: float | None,
    metric: str,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    level: float,
) -> Difference:
    """Compare outcomes (N,) or (repeats, N)."""
    one, other = np.atleast_2d(first), np.atleast_2d(second)
    if len(one) > 1:  # repeats on one image depend on each other: compare the images' means
        return _means(what, setting, metric, one.mean(axis=0), other.mean(axis=0), level)
    found = compare(one[0], other[0], level)
    return Difference(
        what,
        setting,
        metric,
        float(one.mean()),
        float(other.mean()),
        found.difference,
        found.interval,
        found.p_value,
    )


def _means(
    what: str,
    setting: float | None,
    metric: str,
    first: NDArray[Any],
    second: NDArray[Any],
    level: float,
) -> Difference:
    found = mean_of(np.asarray(first, np.float64) - np.asarray(second, np.float64), level)
    interval = found.interval or Interval(-np.inf, np.inf, level)
    return Difference(
        what,
        setting,
        metric,
        float(first.mean()),
        float(second.mean()),
        found.value,
        interval,
        None,
    )
