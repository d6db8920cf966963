"""What the evidence says about a claim of the paper.

A claim becomes an effect with an interval over images and training seeds, and the interval a
verdict:

- "seen": the interval lies on the claim's side of 0 and the effect has a size that matters;
- "opposite": the same on the other side;
- "not seen": the whole interval lies below the size that matters, which excludes the effect, but
  not one on the other side;
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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Floats
from ...random import derive_seed
from ...stats import (
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
#: Trainings a side, at most, of which is said that they would decide a claim.
MOST_SEEDS = 100
#: A network that gives one class to a larger share of the test images is called collapsed.
COLLAPSED = 0.9


class ResultTable:
    """Evaluations of variants, one a training seed, and the scores that follow from them."""

    def __init__(self, records: Mapping[Variant, Sequence[Evaluation]]) -> None:
        self.records = records
        #: All scores that were asked for until now.
        self.known: dict[tuple[Measure, Variant], Scores] = {}

    def scores(self, measure: Measure, variant: Variant) -> Scores:
        """Return the scores of a variant, shape (seeds, images); InputError if it lacks them."""
        key = (measure, variant)
        if key not in self.known:
            rows = [measure.scores(record, variant.unit) for record in self.records[variant]]
            self.known[key] = np.stack(rows)
        return self.known[key]

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

    def collapsed(self, variant: Variant) -> int:
        """Return how many networks of a variant give one class to nearly all images.

        Such a network is invariant and robust, and its rates mean nothing.
        """
        count = 0
        for record in self.records[variant]:
            classes = (record.arrays[name] for name in ("clean", "labels"))
            predicted, labels = (np.bincount(array).max() / len(array) for array in classes)
            count += bool(predicted > COLLAPSED > labels)
        return count


#: A claim with its evidence, plain JSON values as documents hold them:
#:
#: - "artefact": the experiment; "claim", "measure", "more", "less": what is claimed of which two
#:   variants (of several for a :class:`Gain`);
#: - "effect", positive where it agrees with the claim, "interval", "p_value", "images": of the
#:   difference (the area, for a gain), see :func:`spadv.stats.effect`;
#: - "seeds", "means", "values": of `more` and of `less`, how many networks were trained, their mean
#:   score, and that of every seed;
#: - "verdict": see the module; effects within "smallest" count as none;
#: - "seeds_needed", of an underpowered difference: how many trainings of each would decide it if
#:   effect and spreads stayed as they are; None if no number up to :data:`MOST_SEEDS` would;
#: - "rank", for a :class:`Trend` of three levels or more: "levels" and "means" of all variants,
#:   "value" of the rank correlation in the claim's direction, its range over seeds "low" and
#:   "high", and the value of every seed, "seeds"; else None;
#: - "steps", for such a trend: effect, interval and verdict between neighbouring levels, and in
#:   the middle of the profile ("at"); "progressive": whether every step between neighbours is
#:   seen, None if that is not decided; "crossings": neighbouring levels whose profiles cross, where
#:   the claim is seen ("agree") and where its opposite is ("oppose");
#: - "other": the same claim in the other metric, or None;
#: - "axes", "points", for a gain: its measures, the names of the variants in `less` and in `more`;
#: - "evidence": equal for claims that compare the same trainings, evaluated alike, in one measure;
#: - "holm": "p_value" and "verdict" adjusted for all claims of the experiment, or None.
Finding = dict[str, Any]


def verdict_on(interval: Interval, smallest: float = SMALLEST_EFFECT) -> str:
    """Return the verdict on an effect that should be positive, in the middle of its interval.

    Examples
    --------
    >>> [verdict_on(Interval(low, high, 0.95))
    ...  for low, high in ((0.1, 0.3), (-0.1, 0.01), (-0.1, 0.3), (-0.3, -0.1), (0.001, 0.022))]
    ['seen', 'not seen', 'underpowered', 'opposite', 'underpowered']
    """
    low, high, _ = interval
    if low > 0 and low + high >= 2 * smallest and high > smallest:
        return SEEN
    if high < 0 and low + high <= -2 * smallest and low < -smallest:
        return OPPOSITE
    return NOT_SEEN if high <= smallest else UNDERPOWERED


def decide(claim: PaperClaim, table: ResultTable, experiment: str = "") -> Finding:
    """Test one claim of an experiment, in both metrics where it has two."""
    if isinstance(claim, Gain):
        return _gain(claim, table, experiment)
    found = _difference(claim, claim.measure, table, experiment)
    other = claim.measure.other
    if other is not None and claim.paired:
        found["other"] = _difference(claim, other, table, experiment)
    return found


def adjusted(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with verdicts adjusted for how many there are, by Holm's method.

    Claims with the same evidence count once; those that are not assessed or untestable do not.
    """
    assessed = [one for one in findings if one["verdict"] not in (UNTESTABLE, NOT_ASSESSED)]
    p_values = {one["evidence"]: one["p_value"] for one in assessed}
    p_values = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    made = []
    for one in findings:
        if one["verdict"] not in (UNTESTABLE, NOT_ASSESSED):
            p_value = p_values[one["evidence"]]
            doubtful = one["verdict"] in (SEEN, OPPOSITE) and p_value > 0.05
            verdict = UNDERPOWERED if doubtful else one["verdict"]
            one = one | {"holm": {"p_value": p_value, "verdict": verdict}}
        made.append(one)
    return made


def unjudged(finding: Finding) -> Finding:
    """Return a finding with all its verdicts withdrawn."""
    return finding | {
        "verdict": NOT_ASSESSED,
        "seeds_needed": None,
        "progressive": None,
        "crossings": [],
        "steps": [{**step, "verdict": NOT_ASSESSED} for step in finding["steps"]],
        "other": finding["other"] and unjudged(finding["other"]),
    }


def seeds_needed(found: Mapping[str, Any], more: Scores, less: Scores) -> int | None:
    """Return how many trainings a side would decide what `found` leaves open, as a plan.

    None if it is decided, or if the test images alone leave it open.

    Examples
    --------
    >>> draw = np.random.default_rng(0).random((2, 3, 1000))
    >>> more, less = (draw[0] < 0.53).astype(float), (draw[1] < 0.5).astype(float)
    >>> found = difference_of_scores(more, less, distance=False)
    >>> found["verdict"], seeds_needed(found, more, less)
    ('underpowered', 5)
    """
    if found["verdict"] != UNDERPOWERED:
        return None
    for count in range(max(found["seeds"]) + 1, MOST_SEEDS + 1):
        planned = effect([more, less], (1, -1), count)
        if verdict_on(planned.interval, found["smallest"]) != UNDERPOWERED:
            return count
    return None


def difference_of_scores(more: Scores, less: Scores, *, distance: bool) -> dict[str, Any]:
    """Return everything about the difference of two tables of scores."""
    scores = common([more, less])
    found = effect(scores, (1, -1))
    means = [float(table.mean()) for table in scores]
    smallest = SMALLEST_EFFECT * abs(means[1]) if distance else SMALLEST_EFFECT
    verdict = verdict_on(found.interval, smallest)
    if min(map(len, scores)) < 2:
        verdict = NOT_ASSESSED
    elif not distance and max(means) < smallest:
        verdict = UNTESTABLE
    return {
        "effect": found.value,
        "images": found.images,
        "interval": found.interval._asdict(),
        "p_value": found.p_value,
        "seeds": [len(table) for table in scores],
        "means": means,
        "values": [table.mean(axis=1).tolist() for table in scores],
        "verdict": verdict,
        "smallest": smallest,
    }


def _between(measure: Measure, table: ResultTable, more: Variant, less: Variant) -> dict[str, Any]:
    scores = (table.scores(measure, variant) for variant in (more, less))
    return difference_of_scores(*scores, distance=measure.kind == "distance")


def _evidence(measure: str, sides: Iterable[Sequence[Variant]]) -> str:
    """Return a digest of the trainings and of how they were measured, whatever their names."""

    def source(variant: Variant) -> list[object]:
        jobs = [[job.digest, *(e.to_json() for e in job.evaluations)] for job in variant.jobs]
        return [variant.unit, *jobs] if jobs else [variant.name]

    made = [[source(variant) for variant in side] for side in sides]
    return hashlib.sha256(json.dumps([measure, *made]).encode()).hexdigest()[:12]


def _finding(
    claim: PaperClaim,
    measure: str,
    found: dict[str, Any],
    sides: tuple[Sequence[Variant], Sequence[Variant]],
    table: ResultTable,
    **more: Any,
) -> Finding:
    """Return a finding on what `sides`, more and less, differ in."""
    if any(map(table.collapsed, (*sides[0], *sides[1]))) and found["verdict"] != NOT_ASSESSED:
        found = found | {"verdict": UNDERPOWERED, "seeds_needed": None}
    return {
        "claim": claim.claim,
        "measure": measure,
        "seeds_needed": None,
        **found,
        "rank": None,
        "steps": [],
        "progressive": None,
        "crossings": [],
        "other": None,
        "axes": [],
        "points": [],
        "evidence": _evidence(measure, sides),
        "holm": None,
        **more,
    }


def _difference(
    claim: Contrast | Trend, measure: Measure, table: ResultTable, experiment: str
) -> Finding:
    told: dict[str, Any] = {}
    if isinstance(claim, Trend):
        levels = [v for v in claim.variants if not table.collapsed(v)]
        levels = levels if len(levels) > 1 else list(claim.variants)
        ends = (levels[-1], levels[0])
        more, less = ends if claim.rising else ends[::-1]
        # The effect of two levels says it all.
        if len(levels) > 2:
            told = _steps(claim, levels, measure, table)
    else:
        more, less = claim.more, claim.less
    scores = [table.scores(measure, variant) for variant in (more, less)]
    found = difference_of_scores(*scores, distance=measure.kind == "distance")
    found["seeds_needed"] = seeds_needed(found, *scores)
    names = {"artefact": experiment, "more": more.name, "less": less.name}
    return _finding(claim, str(measure), found, ((more,), (less,)), table, **names, **told)


def _steps(
    claim: Trend, levels: Sequence[Variant], measure: Measure, table: ResultTable
) -> dict[str, Any]:
    """Return what lies between the ends of a trend: ranks, steps, and where curves cross."""
    ordered = list(levels if claim.rising else levels[::-1])
    pairs = list(zip(ordered[1:], ordered[:-1], strict=True))
    steps = [_step(measure, table, more, less) for more, less in pairs]
    crossings = []
    decided = [step["verdict"] for step in steps]
    if values := _profile_values(measure, table, levels):
        middle = replace(measure, value=values[len(values) // 2])
        steps.append(_step(middle, table, ordered[-1], ordered[0]) | {"at": middle.value})
        for more, less in pairs:
            verdicts = {
                value: _between(replace(measure, value=value), table, more, less)["verdict"]
                for value in values
            }
            agree, oppose = (
                [value for value, verdict in verdicts.items() if verdict == word]
                for word in (SEEN, OPPOSITE)
            )
            if agree and oppose:
                crossing = {"more": more.name, "less": less.name}
                crossings.append(crossing | {"agree": agree, "oppose": oppose})
    return {
        "rank": _rank(claim, levels, measure, table),
        "steps": steps,
        "progressive": progressive(decided),
        "crossings": crossings,
    }


def progressive(verdicts: Sequence[str]) -> bool | None:
    """Whether every step between neighbouring levels is seen; None if that is not decided."""
    if all(verdict == SEEN for verdict in verdicts):
        return True
    return False if OPPOSITE in verdicts or NOT_SEEN in verdicts else None


def _step(measure: Measure, table: ResultTable, more: Variant, less: Variant) -> dict[str, Any]:
    found = _between(measure, table, more, less)
    return {"measure": str(measure), "more": more.name, "less": less.name, **step_of(found)}


def step_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step of a trend keeps of a difference."""
    kept = {key: found[key] for key in ("effect", "p_value", "verdict")}
    return kept | {end: found["interval"][end] for end in ("low", "high")}


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
    scores = [table.scores(measure, variant) for variant in levels]
    return {
        "levels": [variant.level for variant in levels],
        "means": [float(one.mean()) for one in common(scores)],
        **rank_of(scores if claim.rising else scores[::-1]),
    }


def rank_of(scores: Sequence[Scores]) -> dict[str, Any]:
    """Return the rank correlation of scores with their order, 1 where all rise."""
    scores = common(scores)
    seeds = min(len(one) for one in scores)
    by_seed = np.stack([one.mean(axis=1)[:seeds] for one in scores], axis=1)
    order = range(len(scores))
    found = rank_correlations(by_seed, order).tolist()
    means = np.array([[one.mean() for one in scores]])
    return {
        "value": float(rank_correlations(means, order)[0]),
        "low": min(found),
        "high": max(found),
        "seeds": found,
    }


def _gain(claim: Gain, table: ResultTable, experiment: str) -> Finding:
    axes = (claim.across, claim.up)
    scores = [table.scores(axis, variant) for variant in claim.less + claim.more for axis in axes]
    less, more = ([variant.name for variant in side] for side in (claim.less, claim.more))
    return _finding(
        claim,
        f"area dominated in the plane of {claim.across} and {claim.up}",
        area_gained(scores, len(claim.less)),
        (claim.more, claim.less),
        table,
        artefact=experiment,
        more=f"with {', '.join(more)}",
        less=f"{', '.join(less)} alone",
        axes=[str(axis) for axis in axes],
        points=[less, more],
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
        "interval": Interval(max(low, 0.0), max(high, 0.0), level)._asdict(),
        "p_value": found.p_value,
        "seeds": [seeds, seeds],
        "means": [float(after.mean()), float(before.mean())],
        "values": [after.tolist(), before.tolist()],
        "verdict": verdict,
        "smallest": SMALLEST_GAIN,
    }


def hypervolumes(points: Floats) -> Floats:
    """Return the area dominated by each set of points (sets, points, 2), shape (sets,)."""
    order = np.argsort(-points[:, :, 0], axis=1)
    x, y = (np.take_along_axis(points[:, :, axis], order, axis=1) for axis in (0, 1))
    # From right to left, each strip is as high as the highest point on its right.
    highest = np.maximum.accumulate(y, axis=1)
    strips = x - np.pad(x[:, 1:], ((0, 0), (0, 1)))
    areas: Floats = (strips * highest).sum(axis=1)
    return areas


def _points(columns: Sequence[Floats]) -> Floats:
    """Return points (sets, variants, 2) from their coordinates: across and up by turns."""
    return np.stack(columns, axis=1).reshape(len(columns[0]), -1, 2)


def fronts(panel: ParetoPanel, table: ResultTable) -> list[dict[str, Any]]:
    """Return the areas that all points of a Pareto plot dominate, those marked, and the others."""
    variants = [variant for _, variant in panel.lines]
    groups = {
        "all": variants,
        "filled": [variant for variant in variants if variant in panel.marked],
        "open": [variant for variant in variants if variant not in panel.marked],
    }
    found = []
    for label, some in groups.items():
        if not some or (label != "all" and len(some) == len(variants)):
            continue
        scores = [table.scores(axis, v) for v in some for axis in (panel.across, panel.up)]
        area = area_gained(scores, 0)
        found.append(
            {
                "panel": panel.title,
                "points": label,
                "count": len(some),
                "area": area["effect"],
                **area["interval"],
                "seeds": area["values"][0],
            }
        )
    return found
