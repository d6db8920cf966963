"""What the evidence says about a claim of the paper: seen, not seen, opposite, underpowered.

A claim becomes an effect with an interval over images and training seeds, and the interval a
verdict. Networks that give one class to nearly all images decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...stats import (
    Interval,
    Resampler,
    Scores,
    common,
    effect,
    percentiles,
    pooled,
    rank_correlations,
)
from .measure import SMALLEST_EFFECT, Measure
from .plan import Contrast, Gain, PaperClaim, ParetoPanel, Trend, Variant

if TYPE_CHECKING:
    from ..evaluation import Evaluation

SEEN = "seen"
NOT_SEEN = "not seen"
OPPOSITE = "opposite"
UNDERPOWERED = "underpowered"

#: Gains of area in the plane of two accuracies within this count as none.
SMALLEST_GAIN = 0.005
#: A network that gives one class to a larger share of the test images is called collapsed.
COLLAPSED = 0.9

Floats = NDArray[np.float64]
Point = tuple[float, float]


class ResultTable:
    """Evaluations of variants, one a training seed, and the scores that follow from them."""

    def __init__(self, records: Mapping[Variant, Sequence[Evaluation]]) -> None:
        self.records = records
        self._scores: dict[tuple[Measure, Variant], Scores] = {}

    def scores(self, measure: Measure, variant: Variant) -> Scores:
        """Return the scores of a variant, shape (seeds, images); InputError if it lacks them."""
        key = (measure, variant)
        if key not in self._scores:
            rows = [measure.scores(record, variant.unit) for record in self.records[variant]]
            self._scores[key] = np.stack(rows)
        return self._scores[key]

    def mean(self, measure: Measure, variant: Variant) -> tuple[float, Interval]:
        """Return the mean score of a variant with its interval."""
        return pooled(self.scores(measure, variant))

    def collapsed(self, variant: Variant) -> int:
        """Return how many networks of a variant give one class to nearly all images.

        Such a network is invariant and robust, and its rates mean nothing.
        """
        return sum(_is_constant(record.arrays) for record in self.records[variant])


def _is_constant(arrays: Mapping[str, NDArray[Any]]) -> bool:
    predicted, labels = (
        np.bincount(arrays[name]).max() / len(arrays[name]) for name in ("clean", "labels")
    )
    return bool(predicted > COLLAPSED > labels)


@dataclass(frozen=True)
class HypothesisTest:
    """A claim with its evidence; a positive `effect` agrees with the claim.

    `seeds` (fewest trained networks) and `means` (scores; areas for a :class:`Gain`) are those
    of `more` and of `less`; effects within `smallest` count as none. `rank` is for a
    :class:`Trend` of three levels or more: "levels" and "means" of all variants, "value" of the
    rank correlation in the claim's direction, its bootstrap interval "low" and "high". `other`
    is the same claim in the other metric.
    """

    claim: str
    measure: str
    more: str
    less: str
    effect: float
    images: int
    interval: Interval
    seeds: tuple[int, int]
    means: tuple[float, float]
    verdict: str
    smallest: float
    rank: dict[str, Any] | None = None
    other: HypothesisTest | None = None

    def to_json(self, experiment: str) -> dict[str, Any]:
        """Return plain JSON values, with the identifier of the experiment that claims it."""
        return {
            "artefact": experiment,
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "interval": self.interval._asdict(),
            "seeds": list(self.seeds),
            "means": list(self.means),
            "other": None if self.other is None else self.other.to_json(experiment),
        }


def verdict_on(interval: Interval, smallest: float = SMALLEST_EFFECT) -> str:
    """Return the verdict on an effect that should be positive.

    "seen" if its interval is above 0, "opposite" if below; "not seen" if it holds 0 and nothing
    beyond `smallest` on either side; else "underpowered": the evidence does not decide.

    Examples
    --------
    >>> verdict_on(Interval(0.1, 0.3, 0.95)), verdict_on(Interval(-0.01, 0.01, 0.95))
    ('seen', 'not seen')
    >>> verdict_on(Interval(-0.1, 0.3, 0.95)), verdict_on(Interval(-0.3, -0.1, 0.95))
    ('underpowered', 'opposite')
    """
    if interval.low > 0:
        return SEEN
    if interval.high < 0:
        return OPPOSITE
    return NOT_SEEN if -smallest <= interval.low and interval.high <= smallest else UNDERPOWERED


def verdict_on_gain(interval: Interval, smallest: float = SMALLEST_GAIN) -> str:
    """Return the verdict on a gain, which cannot be negative: noise alone gives a little.

    Examples
    --------
    >>> verdict_on_gain(Interval(0.01, 0.03, 0.95)), verdict_on_gain(Interval(0.0, 0.001, 0.95))
    ('seen', 'not seen')
    """
    if interval.low > smallest:
        return SEEN
    return NOT_SEEN if interval.high <= smallest else UNDERPOWERED


def decide(claim: PaperClaim, table: ResultTable, resampler: Resampler) -> HypothesisTest:
    """Test one claim, in both metrics where it has two; ranks and areas are resampled."""
    if isinstance(claim, Gain):
        return _gain(claim, table, resampler)
    test = _difference(claim, claim.measure, table, resampler)
    other = claim.measure.other
    if other is None or (isinstance(claim, Contrast) and not claim.paired):
        return test
    return replace(test, other=_difference(claim, other, table, resampler))


def _difference(
    claim: Contrast | Trend, measure: Measure, table: ResultTable, resampler: Resampler
) -> HypothesisTest:
    rank = None
    if isinstance(claim, Trend):
        compared = claim.variants
        ends = (claim.variants[-1], claim.variants[0])
        more, less = ends if claim.rising else ends[::-1]
        # The effect of two levels says it all.
        rank = _rank(claim, measure, table, resampler) if len(compared) > 2 else None
    else:
        compared = more, less = claim.more, claim.less
    scores = common([table.scores(measure, more), table.scores(measure, less)])
    found = effect(scores, (1, -1))
    means = (float(scores[0].mean()), float(scores[1].mean()))
    smallest = measure.smallest(means[1])
    undecided = any(map(table.collapsed, compared))
    return HypothesisTest(
        claim=claim.claim,
        measure=str(measure),
        more=more.name,
        less=less.name,
        effect=found.value,
        images=found.images,
        interval=found.interval,
        seeds=(len(scores[0]), len(scores[1])),
        means=means,
        verdict=UNDERPOWERED if undecided else verdict_on(found.interval, smallest),
        smallest=smallest,
        rank=rank,
    )


def _rank(
    claim: Trend, measure: Measure, table: ResultTable, resampler: Resampler
) -> dict[str, Any]:
    """Return the rank correlation of a trend, positive if it agrees with the claim."""
    levels = [variant.level for variant in claim.variants]
    scores = common([table.scores(measure, variant) for variant in claim.variants])
    means = np.array([[one.mean() for one in scores]])
    sign = 1.0 if claim.rising else -1.0
    drawn = percentiles(sign * rank_correlations(resampler.means(scores), levels))
    return {
        "levels": levels,
        "means": means[0].tolist(),
        "value": float(sign * rank_correlations(means, levels)[0]),
        "low": drawn.low,
        "high": drawn.high,
    }


def _gain(claim: Gain, table: ResultTable, resampler: Resampler) -> HypothesisTest:
    variants = claim.less + claim.more
    axes = (claim.across, claim.up)
    points, drawn = _points(variants, axes, table, resampler)
    fewer = len(claim.less)
    before, after = (float(hypervolumes(p)[0]) for p in (points[:, :fewer], points))
    interval = percentiles(hypervolumes(drawn) - hypervolumes(drawn[:, :fewer]))
    undecided = any(map(table.collapsed, variants))
    more, less = (
        min(len(table.scores(claim.across, variant)) for variant in some)
        for some in (claim.more, claim.less)
    )
    return HypothesisTest(
        claim=claim.claim,
        measure=f"area dominated in the plane of {claim.across} and {claim.up}",
        more=f"with {', '.join(variant.name for variant in claim.more)}",
        less=f"{', '.join(variant.name for variant in claim.less)} alone",
        effect=after - before,
        images=common([table.scores(m, v) for v in variants for m in axes])[0].shape[1],
        interval=interval,
        seeds=(more, less),
        means=(after, before),
        verdict=UNDERPOWERED if undecided else verdict_on_gain(interval),
        smallest=SMALLEST_GAIN,
    )


def _points(
    variants: Sequence[Variant],
    axes: tuple[Measure, Measure],
    table: ResultTable,
    resampler: Resampler,
) -> tuple[Floats, Floats]:
    """Return the variants' points, (1, variants, 2), and in bootstrap samples, (samples, ...)."""
    scores = common([table.scores(axis, variant) for variant in variants for axis in axes])
    means = np.array([one.mean() for one in scores]).reshape(1, -1, 2)
    return means, resampler.means(scores).reshape(resampler.resamples, -1, 2)


def fronts(panel: ParetoPanel, table: ResultTable, resampler: Resampler) -> list[dict[str, Any]]:
    """Return the areas that the points of a Pareto plot dominate, with bootstrap intervals.

    Of all points, of those marked, and of the others; reference point (0, 0).
    """
    variants = [variant for _, variant in panel.lines]
    means, drawn = _points(variants, (panel.across, panel.up), table, resampler)
    marked = np.array([variant in panel.marked for variant in variants])
    groups = {"all": np.ones_like(marked), "filled": marked, "open": ~marked}
    return [
        {
            "panel": panel.title,
            "points": label,
            "count": int(group.sum()),
            "area": float(hypervolumes(means[:, group])[0]),
            **percentiles(hypervolumes(drawn[:, group]))._asdict(),
        }
        for label, group in groups.items()
        if group.any() and (label == "all" or not group.all())
    ]


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other point beats on both axes, from left to right.

    More is better on both axes.

    Examples
    --------
    >>> pareto_front([(0.1, 0.9), (0.5, 0.5), (0.4, 0.4), (0.9, 0.1)])
    [(0.1, 0.9), (0.5, 0.5), (0.9, 0.1)]
    """
    front: list[Point] = []
    for point in sorted(points, reverse=True):
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return front[::-1]


def hypervolumes(points: Floats) -> Floats:
    """Return the area between (0, 0) and any of each set's points, shape (sets,).

    Points have shape (sets, points, 2), and coordinates of at least 0.

    Examples
    --------
    >>> hypervolumes(np.array([[(0.5, 1.0), (1.0, 0.5)]])).tolist()
    [0.75]
    """
    order = np.argsort(-points[:, :, 0], axis=1)
    x, y = (np.take_along_axis(points[:, :, axis], order, axis=1) for axis in (0, 1))
    # From right to left, each strip is as high as the highest point on its right.
    highest = np.maximum.accumulate(y, axis=1)
    strips = x - np.pad(x[:, 1:], ((0, 0), (0, 1)))
    areas: Floats = (strips * highest).sum(axis=1)
    return areas
