"""What the evidence says about a claim of the paper.

A claim becomes an effect with an interval over images and training seeds, and the interval a
verdict:

- "seen": the interval lies on the claim's side of 0 and the effect has a size that matters;
- "opposite": the same on the other side;
- "not seen": the whole interval is within the size that matters;
- "underpowered": none of these, or a network that is compared gives one class to nearly all
  images;
- "untestable": all that is compared is below the size that matters (everything at 0%);
- "not assessed": a single training seed, which tells nothing of other seeds.

Everything but who trained which network follows from the scores of the images, so that saved
scores give the same findings (`scores.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...random import derive_seed
from ...stats import (
    Effect,
    Interval,
    Scores,
    common,
    effect,
    effect_of_seeds,
    holm,
    pooled,
    rank_correlations,
    resampled_means,
)
from .measure import SMALLEST_EFFECT, Measure
from .pareto import Floats, hypervolumes
from .plan import Contrast, Gain, PaperClaim, ParetoPanel, Trend, Variant

if TYPE_CHECKING:
    from ..evaluation import Evaluation

SEEN = "seen"
NOT_SEEN = "not seen"
OPPOSITE = "opposite"
UNDERPOWERED = "underpowered"
UNTESTABLE = "untestable"
NOT_ASSESSED = "not assessed"

#: Gains of area in the plane of two accuracies within this count as none.
SMALLEST_GAIN = 0.005
#: A network that gives one class to a larger share of the test images is called collapsed.
COLLAPSED = 0.9


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

    def by_seed(self, measure: Measure, variant: Variant) -> dict[str, Any]:
        """Return what :meth:`mean` follows from (:func:`spadv.stats.pooled_counts`).

        "seeds": the mean of every seed; "counts": how many images are true for none, one, ...
        of them, where scores are true or false.
        """
        scores = self.scores(measure, variant)
        found: dict[str, Any] = {"seeds": scores.mean(axis=1).tolist()}
        if np.isin(scores, (0.0, 1.0)).all():
            votes = scores.sum(axis=0).astype(np.int64)
            found["counts"] = np.bincount(votes, minlength=len(scores) + 1).tolist()
        return found

    def mean(self, measure: Measure, variant: Variant) -> tuple[float, Interval]:
        """Return the mean score of a variant with its interval."""
        return pooled(self.scores(measure, variant))

    def known(self) -> dict[tuple[Measure, Variant], Scores]:
        """Return all scores that were asked for until now."""
        return dict(self._scores)

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

    Attributes
    ----------
    claim, measure, more, less : str
        What is claimed of which two variants (of several for a :class:`Gain`).
    effect, interval, p_value, images
        Of the difference (the area, for a gain); see :func:`spadv.stats.effect`.
    seeds, means, values
        Of `more` and of `less`: trained networks, mean score, and mean score of every seed.
    verdict : str
        See the module; effects within `smallest` count as none.
    rank : dict or None
        For a :class:`Trend` of three levels or more: "levels" and "means" of all variants,
        "value" of the rank correlation in the claim's direction, its range over seeds "low" and
        "high", and the value of every seed, "seeds".
    steps : tuple of dict
        For such a trend: effect, interval and verdict between neighbouring levels, and in the
        middle of the profile ("at").
    progressive : bool or None
        Whether every step between neighbours is seen; None if that is not decided.
    crossings : tuple of dict
        Pairs of neighbouring levels whose profiles cross: where the claim is seen ("agree") and
        where its opposite is ("oppose").
    other : HypothesisTest or None
        The same claim in the other metric.
    axes, points : tuple
        For a gain: its two measures, and the names of the variants in `less` and in `more`.
    evidence : str
        Equal for claims that compare the same trainings in the same measure.
    holm : dict or None
        "p_value" and "verdict" when adjusted for all claims of the experiment.
    """

    claim: str
    measure: str
    more: str
    less: str
    effect: float
    images: int
    interval: Interval
    p_value: float
    seeds: tuple[int, int]
    means: tuple[float, float]
    values: tuple[list[float], list[float]]
    verdict: str
    smallest: float
    rank: dict[str, Any] | None = None
    steps: tuple[dict[str, Any], ...] = ()
    progressive: bool | None = None
    crossings: tuple[dict[str, Any], ...] = ()
    other: HypothesisTest | None = None
    axes: tuple[str, ...] = ()
    points: tuple[tuple[str, ...], ...] = ()
    evidence: str = ""
    holm: dict[str, Any] | None = None

    def to_json(self, experiment: str) -> dict[str, Any]:
        """Return plain JSON values, with the identifier of the experiment that claims it."""
        return {
            "artefact": experiment,
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "interval": self.interval._asdict(),
            "seeds": list(self.seeds),
            "means": list(self.means),
            "values": list(self.values),
            "steps": list(self.steps),
            "crossings": list(self.crossings),
            "axes": list(self.axes),
            "points": [list(names) for names in self.points],
            "other": None if self.other is None else self.other.to_json(experiment),
        }


def verdict_on(interval: Interval, smallest: float = SMALLEST_EFFECT) -> str:
    """Return the verdict on an effect that should be positive, in the middle of its interval.

    Examples
    --------
    >>> [verdict_on(Interval(low, high, 0.95))
    ...  for low, high in ((0.1, 0.3), (-0.01, 0.01), (-0.1, 0.3), (-0.3, -0.1), (0.001, 0.022))]
    ['seen', 'not seen', 'underpowered', 'opposite', 'underpowered']
    """
    low, high, _ = interval
    if -smallest <= low and high <= smallest:
        return NOT_SEEN
    if low > 0 and low + high >= 2 * smallest:
        return SEEN
    return OPPOSITE if high < 0 and low + high <= -2 * smallest else UNDERPOWERED


def decide(claim: PaperClaim, table: ResultTable) -> HypothesisTest:
    """Test one claim, in both metrics where it has two."""
    if isinstance(claim, Gain):
        return _gain(claim, table)
    test = _difference(claim, claim.measure, table)
    other = claim.measure.other
    if other is None or (isinstance(claim, Contrast) and not claim.paired):
        return test
    return replace(test, other=_difference(claim, other, table))


def adjusted(tests: Sequence[HypothesisTest]) -> list[HypothesisTest]:
    """Return the tests with verdicts adjusted for how many there are, by Holm's method.

    Claims with the same evidence count once; those that are not assessed or untestable do not.
    """
    assessed = {
        test.evidence: test.p_value
        for test in tests
        if test.verdict not in (UNTESTABLE, NOT_ASSESSED)
    }
    p_values = dict(zip(assessed, holm(list(assessed.values())), strict=True))
    made = []
    for test in tests:
        p_value = p_values.get(test.evidence)
        if p_value is not None and test.verdict not in (UNTESTABLE, NOT_ASSESSED):
            doubtful = test.verdict in (SEEN, OPPOSITE) and p_value > 0.05
            verdict = UNDERPOWERED if doubtful else test.verdict
            test = replace(test, holm={"p_value": p_value, "verdict": verdict})
        made.append(test)
    return made


def unjudged(test: HypothesisTest) -> HypothesisTest:
    """Return a test with all its verdicts withdrawn."""
    return replace(
        test,
        verdict=NOT_ASSESSED,
        progressive=None,
        crossings=(),
        steps=tuple({**step, "verdict": NOT_ASSESSED} for step in test.steps),
        other=None if test.other is None else unjudged(test.other),
    )


def _verdict(found: Effect, scores: Sequence[Scores], smallest: float, distance: bool) -> str:
    """Return the verdict on the difference of two tables of scores."""
    if min(len(table) for table in scores) < 2:
        return NOT_ASSESSED
    if not distance and max(float(table.mean()) for table in scores) < smallest:
        return UNTESTABLE
    return verdict_on(found.interval, smallest)


def compare(more: Scores, less: Scores, *, distance: bool) -> dict[str, Any]:
    """Return everything about the difference of two tables of scores."""
    scores = common([more, less])
    found = effect(scores, (1, -1))
    means = (float(scores[0].mean()), float(scores[1].mean()))
    smallest = SMALLEST_EFFECT * abs(means[1]) if distance else SMALLEST_EFFECT
    return {
        "effect": found.value,
        "images": found.images,
        "interval": found.interval,
        "p_value": found.p_value,
        "seeds": (len(scores[0]), len(scores[1])),
        "means": means,
        "values": tuple(table.mean(axis=1).tolist() for table in scores),
        "verdict": _verdict(found, scores, smallest, distance),
        "smallest": smallest,
    }


def _difference(claim: Contrast | Trend, measure: Measure, table: ResultTable) -> HypothesisTest:
    told: dict[str, Any] = {}
    if isinstance(claim, Trend):
        levels = [v for v in claim.variants if not table.collapsed(v)]
        levels = levels if len(levels) > 1 else list(claim.variants)
        ends = (levels[-1], levels[0])
        more, less = ends if claim.rising else ends[::-1]
        compared: Sequence[Variant] = (more, less)
        # The effect of two levels says it all.
        if len(levels) > 2:
            told = _steps(claim, levels, measure, table)
    else:
        compared = more, less = claim.more, claim.less
    found = compare(
        table.scores(measure, more),
        table.scores(measure, less),
        distance=measure.kind == "distance",
    )
    if any(map(table.collapsed, compared)) and found["verdict"] != NOT_ASSESSED:
        found["verdict"] = UNDERPOWERED
    return HypothesisTest(
        claim=claim.claim,
        measure=str(measure),
        more=more.name,
        less=less.name,
        evidence=_evidence(str(measure), (more,), (less,)),
        **found,
        **told,
    )


def _steps(
    claim: Trend, levels: Sequence[Variant], measure: Measure, table: ResultTable
) -> dict[str, Any]:
    """Return what lies between the ends of a trend: ranks, steps, and where curves cross."""
    distance, ordered = measure.kind == "distance", list(levels if claim.rising else levels[::-1])
    steps, crossings = [], []
    pairs = list(zip(ordered[1:], ordered[:-1], strict=True))
    for more, less in pairs:
        found = compare(table.scores(measure, more), table.scores(measure, less), distance=distance)
        steps.append(_step(measure, more, less, found))
    decided = [step["verdict"] for step in steps]
    progressive = None
    if all(verdict == SEEN for verdict in decided):
        progressive = True
    elif OPPOSITE in decided or NOT_SEEN in decided:
        progressive = False
    if values := _profile_values(measure, table, levels):
        middle = replace(measure, value=values[len(values) // 2])
        more, less = ordered[-1], ordered[0]
        found = compare(table.scores(middle, more), table.scores(middle, less), distance=distance)
        steps.append(_step(middle, more, less, found) | {"at": middle.value})
        for more, less in pairs:
            verdicts = {}
            for value in values:
                at = replace(measure, value=value)
                found = compare(table.scores(at, more), table.scores(at, less), distance=distance)
                verdicts[value] = found["verdict"]
            agree, oppose = (
                [value for value, verdict in verdicts.items() if verdict == word]
                for word in (SEEN, OPPOSITE)
            )
            if agree and oppose:
                crossing = {"more": more.name, "less": less.name}
                crossings.append(crossing | {"agree": agree, "oppose": oppose})
    return {
        "rank": _rank(claim, levels, measure, table),
        "steps": tuple(steps),
        "progressive": progressive,
        "crossings": tuple(crossings),
    }


def _step(measure: Measure, more: Variant, less: Variant, found: dict[str, Any]) -> dict[str, Any]:
    kept = {key: found[key] for key in ("effect", "p_value", "verdict")}
    low, high, _ = found["interval"]
    names = {"measure": str(measure), "more": more.name, "less": less.name}
    return {**names, **kept, "low": low, "high": high}


def _profile_values(measure: Measure, table: ResultTable, levels: Sequence[Variant]) -> list[float]:
    """Return where the profile of a mean over it was measured, in the measure's units."""
    if measure.value is not None or measure.kind in ("natural", "distance"):
        return []
    records = [table.records[variant][0] for variant in levels if variant in table.records]
    if not records:
        return []
    values = records[0].profile(measure.kind).values
    return [round(value / levels[0].unit, 12) for value in values]


def _rank(
    claim: Trend, levels: Sequence[Variant], measure: Measure, table: ResultTable
) -> dict[str, Any]:
    """Return the rank correlation of a trend, positive if it agrees with the claim."""
    axis = [variant.level for variant in levels]
    scores = common([table.scores(measure, variant) for variant in levels])
    means = np.array([[one.mean() for one in scores]])
    seeds = min(len(one) for one in scores)
    sign = 1.0 if claim.rising else -1.0
    by_seed = np.stack([one.mean(axis=1)[:seeds] for one in scores], axis=1)
    found = (sign * rank_correlations(by_seed, axis)).tolist()
    return {
        "levels": axis,
        "means": means[0].tolist(),
        "value": float(sign * rank_correlations(means, axis)[0]),
        "low": min(found),
        "high": max(found),
        "seeds": found,
    }


def _evidence(measure: str, more: Sequence[Variant], less: Sequence[Variant]) -> str:
    """Return a digest of what is compared: trainings and measure, whatever their names."""
    sides = [[[job.digest for job in v.jobs] or v.name for v in side] for side in (more, less)]
    text = json.dumps([measure, *sides])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _gain(claim: Gain, table: ResultTable) -> HypothesisTest:
    names = tuple(tuple(v.name for v in side) for side in (claim.less, claim.more))
    axes = (claim.across, claim.up)
    scores = [table.scores(axis, variant) for variant in claim.less + claim.more for axis in axes]
    found = area_gained(scores, len(claim.less))
    if any(map(table.collapsed, claim.less + claim.more)) and found["verdict"] != NOT_ASSESSED:
        found["verdict"] = UNDERPOWERED
    measure = f"area dominated in the plane of {claim.across} and {claim.up}"
    return HypothesisTest(
        claim=claim.claim,
        measure=measure,
        more=f"with {', '.join(names[1])}",
        less=f"{', '.join(names[0])} alone",
        axes=(str(claim.across), str(claim.up)),
        points=names,
        evidence=_evidence(measure, claim.more, claim.less),
        **found,
    )


def area_gained(scores: Sequence[Scores], fewer: int) -> dict[str, Any]:
    """Return everything about the area that points after the first `fewer` add to theirs.

    Tables come in pairs, across and up. Every seed has an area of its own.
    """
    scores = common(scores)
    seeds = min(len(table) for table in scores)
    scores = [table[:seeds] for table in scores]
    points = _points([table.mean(axis=1) for table in scores])
    drawn = resampled_means(scores, np.random.default_rng(derive_seed(0, "bootstrap")))
    before, after = hypervolumes(points[:, :fewer]), hypervolumes(points)
    resampled = np.mean(
        [
            hypervolumes(some) - hypervolumes(some[:, :fewer])
            for some in (_points([table[:, seed] for table in drawn]) for seed in range(seeds))
        ],
        axis=0,
    )
    found = effect_of_seeds(after - before, resampled, scores[0].shape[1])
    verdict = verdict_on(found.interval, SMALLEST_GAIN) if seeds > 1 else NOT_ASSESSED
    low, high, level = found.interval
    return {
        "effect": found.value,
        "images": found.images,
        "interval": Interval(max(low, 0.0), max(high, 0.0), level),
        "p_value": found.p_value,
        "seeds": (seeds, seeds),
        "means": (float(after.mean()), float(before.mean())),
        "values": (after.tolist(), before.tolist()),
        "verdict": verdict,
        "smallest": SMALLEST_GAIN,
    }


def _points(columns: Sequence[Floats]) -> Floats:
    """Return points (sets, variants, 2) from their coordinates: across and up by turns."""
    return np.stack(columns, axis=1).reshape(len(columns[0]), -1, 2)


def fronts(panel: ParetoPanel, table: ResultTable) -> list[dict[str, Any]]:
    """Return the areas that all points of a Pareto plot dominate, those marked, and the others."""
    variants = [variant for _, variant in panel.lines]
    marked = [variant in panel.marked for variant in variants]
    groups = {
        "all": variants,
        "filled": [v for v, is_marked in zip(variants, marked, strict=True) if is_marked],
        "open": [v for v, is_marked in zip(variants, marked, strict=True) if not is_marked],
    }
    found = []
    for label, some in groups.items():
        if not some or (label != "all" and len(some) == len(variants)):
            continue
        scores = [table.scores(axis, v) for v in some for axis in (panel.across, panel.up)]
        area = area_gained(scores, 0)
        interval = area["interval"]
        found.append(
            {
                "panel": panel.title,
                "points": label,
                "count": len(some),
                "area": area["effect"],
                **interval._asdict(),
                "seeds": area["values"][0],
            }
        )
    return found
