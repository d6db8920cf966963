"""Two evaluations side by side: paired differences at every setting that both have."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError
from ...stats import LEVEL, Interval, compare, mean_of
from .record import PROFILES, Array, Evaluation


def differences(
    first: Evaluation, second: Evaluation, *, level: float = LEVEL
) -> list[dict[str, Any]]:
    """Compare two networks at every setting that both evaluations have.

    They must be of the same images, with transformations of the same seed and number of repeats, so
    that both networks saw the same transformed images; otherwise InputError. Returned are plain
    JSON values: "what" ("natural", a kind of profile, or "distance"), "setting" (of a profile),
    "metric" ("accuracy", "unchanged" or "l2"), "first", "second", "difference", "interval"
    (Newcombe's for rates, Student's over images for means; None of a single mean), and
    "mcnemar_p_value" (None for means).
    """
    if first.data["digest"] != second.data["digest"]:
        raise InputError("second", "be an evaluation on the images of the first", second.data)
    for name in ("seed", "repeats"):
        wanted, given = (getattr(e.settings, name) for e in (first, second))
        if wanted != given:
            raise InputError("second", f"be an evaluation with {name} {wanted} as the first", given)
    rows = []
    if first.has("clean") and second.has("clean"):
        mine, theirs = (e.arrays["clean"] == e.arrays["labels"] for e in (first, second))
        rows.append(_row("natural", None, "accuracy", mine, theirs, level))
    for kind in PROFILES:
        if not (first.has(kind) and second.has(kind)):
            continue
        one, other = first.profile(kind), second.profile(kind)
        for k, value in enumerate(one.values):
            if value not in other.values:
                continue
            j = other.number_of(value)
            rows.append(_row(kind, value, "unchanged", one.keeps[k], other.keeps[j], level))
            rows.append(_row(kind, value, "accuracy", one.correct[k], other.correct[j], level))
    if first.has("distance") and second.has("distance"):
        count = min(len(first.distances()), len(second.distances()))
        l2 = np.stack([e.distances()[:count] for e in (first, second)])
        l2 = l2[:, np.isfinite(l2).all(axis=0)]
        if l2.size:
            rows.append(_row("distance", None, "l2", l2[0], l2[1], level))
    return rows


def _row(
    what: str, setting: float | None, metric: str, first: Array, second: Array, level: float
) -> dict[str, Any]:
    """Compare booleans (images,) or (repeats, images), or numbers (images,)."""
    one, other = np.atleast_2d(first, second)
    p_value: float | None = None
    interval: Interval | None
    if one.dtype == np.bool_ and len(one) == 1:
        found = compare(one[0], other[0], level)
        difference, interval, p_value = found.difference, found.interval, found.p_value
    else:  # repeats on one image depend on each other: compare the images' means
        gains = mean_of(one.mean(axis=0, dtype=float) - other.mean(axis=0, dtype=float), level)
        difference = gains.value
        interval = gains.interval
    return {
        "what": what,
        "setting": setting,
        "metric": metric,
        "first": float(one.mean()),
        "second": float(other.mean()),
        "difference": difference,
        "interval": None if interval is None else interval._asdict(),
        "mcnemar_p_value": p_value,
    }
