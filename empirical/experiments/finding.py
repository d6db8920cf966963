"""What the evidence says about a claim of the paper: seen, not seen, opposite, underpowered."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...stats import Interval, Resampler, Scores, common, effect, percentiles, rank_correlations
from .front import hypervolumes
from .measure import SMALLEST_EFFECT, Measure

if TYPE_CHECKING:
    from .plan import ParetoPanel

SEEN = "seen"
NOT_SEEN = "not seen"
OPPOSITE = "opposite"
UNDERPOWERED = "underpowered"
FINDING_VERDICTS = (SEEN, NOT_SEEN, OPPOSITE, UNDERPOWERED)

#: Gains of area in the plane of two accuracies within this count as none.
SMALLEST_GAIN = 0.005

Floats = NDArray[np.float64]
#: From measure and variant to scores (seeds, images).
Scored = Callable[[Measure, str], Scores]


@dataclass(frozen=True)
class Contrast:
    """A claim as a comparison of two kinds of training.

    Attributes
    ----------
    claim : str
        In words.
    measure : Measure
        What is compared.
    more, less : str
        Names of the variant that has more of it, and less, if the claim is right.
    paired : bool
        Whether the same is asked in the other metric; False where the paper itself names
        the metric.
    """

    claim: str
    measure: Measure
    more: str
    less: str
    paired: bool = True


@dataclass(frozen=True)
class Trend:
    """A claim about what happens as the level of training grows.

    The effect is that of the last level against the first; beside it stands the rank
    correlation over all levels.

    Attributes
    ----------
    claim : str
        In words.
    measure : Measure
        What is compared.
    names : tuple of str
        Variants by growing level.
    levels : tuple of float
        Their levels.
    rising : bool
        Whether the measure grows with the level if the claim is right, or falls.
    """

    claim: str
    measure: Measure
    names: tuple[str, ...]
    levels: tuple[float, ...]
    rising: bool = True


@dataclass(frozen=True)
class Gain:
    """A claim that some trainings reach where others do not, in the plane of two measures.

    The effect is the area that they add to the area dominated by the others (hypervolume,
    reference point (0, 0)); it cannot be negative.

    Attributes
    ----------
    claim : str
        In words.
    across, up : Measure
        The axes, both in [0, 1].
    more, less : tuple of str
        Variants that add, and those to which they add.
    """

    claim: str
    across: Measure
    up: Measure
    more: tuple[str, ...]
    less: tuple[str, ...]


Claim = Contrast | Trend | Gain


@dataclass(frozen=True)
class Finding:
    """A claim with its evidence.

    Attributes
    ----------
    artefact, claim, measure, more, less : str
        What was compared.
    effect : float
        Positive agrees with the claim.
    interval : Interval
        Over images and training seeds.
    seeds : tuple of int
        Fewest trained networks of `more` and of `less`.
    images : int
        Test images.
    means : tuple of float
        Mean scores of `more` and of `less` (areas, for a :class:`Gain`).
    verdict : str
        "seen": the interval is above 0. "opposite": below. "not seen": within
        +-`smallest`. "underpowered": none of these, the evidence does not decide.
    smallest : float
        See `verdict`.
    rank : dict or None
        For a :class:`Trend`: "levels" and "means" of all variants, "value" of the rank
        correlation with the claim's direction, its bootstrap interval "low" and "high".
    other : Finding or None
        The same claim in the other metric.
    compared : tuple of str
        All variants that are compared, if more than `more` and `less`.
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
    rank: dict[str, Any] | None = None
    other: Finding | None = None
    compared: tuple[str, ...] = ()

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
            "rank": self.rank,
            "other": None if self.other is None else self.other.to_json(),
        }


def judge(interval: Interval, smallest: float = SMALLEST_EFFECT) -> str:
    """Return the verdict on an effect that should be positive.

    Parameters
    ----------
    interval : Interval
        Of the effect.
    smallest : float
        Effect that would matter, in the units of the interval.

    Returns
    -------
    str
        "seen" if the interval is above 0, "opposite" if it is below; "not seen" if it holds 0 and
        nothing beyond `smallest` on either side, else "underpowered".

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


def judge_gain(interval: Interval, smallest: float = SMALLEST_GAIN) -> str:
    """Return the verdict on a gain, which cannot be negative: noise alone gives a little.

    Examples
    --------
    >>> judge_gain(Interval(0.01, 0.03, 0.95)), judge_gain(Interval(0.0, 0.001, 0.95))
    ('seen', 'not seen')
    """
    if interval.low > smallest:
        return SEEN
    return NOT_SEEN if interval.high <= smallest else UNDERPOWERED


def find(artefact: str, claim: Claim, scores: Scored, resampler: Resampler) -> Finding:
    """Judge one claim.

    Parameters
    ----------
    artefact : str
        Identifier of the artefact that makes it.
    claim : Contrast, Trend or Gain
        The claim.
    scores : callable
        From measure and variant to scores of shape (seeds, images).
    resampler : Resampler
        For ranks and areas.
    """
    if isinstance(claim, Gain):
        return _gain(artefact, claim, scores, resampler)
    found = _one(artefact, claim, claim.measure, scores, resampler)
    measure = claim.measure.other
    if measure is None or (isinstance(claim, Contrast) and not claim.paired):
        return found
    return replace(found, other=_one(artefact, claim, measure, scores, resampler))


def _one(
    artefact: str, claim: Contrast | Trend, measure: Measure, scores: Scored, resampler: Resampler
) -> Finding:
    if isinstance(claim, Trend):
        first, last = claim.names[0], claim.names[-1]
        more, less = (last, first) if claim.rising else (first, last)
    else:
        more, less = claim.more, claim.less
    tables = common([scores(measure, more), scores(measure, less)])
    found = effect(tables, (1, -1))
    means = (float(tables[0].mean()), float(tables[1].mean()))
    smallest = measure.smallest(means[1])
    return Finding(
        artefact=artefact,
        claim=claim.claim,
        measure=str(measure),
        more=more,
        less=less,
        effect=found.value,
        interval=found.interval,
        seeds=(len(tables[0]), len(tables[1])),
        images=found.images,
        means=means,
        verdict=judge(found.interval, smallest),
        smallest=smallest,
        rank=_rank(claim, measure, scores, resampler) if isinstance(claim, Trend) else None,
        compared=claim.names if isinstance(claim, Trend) else (),
    )


def _rank(
    claim: Trend, measure: Measure, scores: Scored, resampler: Resampler
) -> dict[str, Any] | None:
    """Return the rank correlation of a trend; None for two levels, whose effect says it all."""
    if len(claim.names) < 3:
        return None
    tables = common([scores(measure, name) for name in claim.names])
    means = np.array([[table.mean() for table in tables]])
    sign = 1.0 if claim.rising else -1.0
    value = sign * rank_correlations(means, claim.levels)[0]
    drawn = sign * rank_correlations(resampler.means(tables), claim.levels)
    interval = percentiles(drawn)
    return {
        "levels": list(claim.levels),
        "means": means[0].tolist(),
        "value": float(value),
        "low": interval.low,
        "high": interval.high,
    }


def _gain(artefact: str, claim: Gain, scores: Scored, resampler: Resampler) -> Finding:
    names = claim.less + claim.more
    tables = [scores(measure, name) for name in names for measure in (claim.across, claim.up)]
    tables = common(tables)
    means = np.array([[table.mean() for table in tables]])
    before, after = _areas(means, len(claim.less))
    drawn_before, drawn_after = _areas(resampler.means(tables), len(claim.less))
    interval = percentiles(drawn_after - drawn_before)
    return Finding(
        artefact=artefact,
        claim=claim.claim,
        measure=f"area dominated in the plane of {claim.across} and {claim.up}",
        more=f"with {', '.join(claim.more)}",
        less=f"{', '.join(claim.less)} alone",
        effect=float(after[0] - before[0]),
        interval=interval,
        seeds=_fewest(scores, claim),
        images=tables[0].shape[1],
        means=(float(after[0]), float(before[0])),
        verdict=judge_gain(interval),
        smallest=SMALLEST_GAIN,
        compared=names,
    )


def _areas(means: Floats, fewer: int) -> tuple[Floats, Floats]:
    """Return the areas of the first `fewer` points, and of all, in each row of means."""
    points = means.reshape(len(means), -1, 2)
    return hypervolumes(points[:, :fewer]), hypervolumes(points)


def undecided(finding: Finding, collapsed: Collection[str]) -> Finding:
    """Return a finding, its verdict "underpowered" if it compares a collapsed network.

    Parameters
    ----------
    finding : Finding
        The finding.
    collapsed : collection of str
        Variants with a network that gives one class to nearly all images.
    """
    compared = finding.compared or (finding.more, finding.less)
    if not any(name in collapsed for name in compared):
        return finding
    other = None if finding.other is None else undecided(finding.other, collapsed)
    return replace(finding, verdict=UNDERPOWERED, other=other)


def fronts(panel: ParetoPanel, scores: Scored, resampler: Resampler) -> list[dict[str, Any]]:
    """Return the areas that the points of a Pareto plot dominate, with intervals.

    Of all points, of those marked, and of the others; reference point (0, 0). Intervals are
    percentiles of a bootstrap over images and seeds.
    """
    names = [name for _, name in panel.lines]
    tables = common([scores(m, name) for name in names for m in (panel.across, panel.up)])
    means = np.array([[table.mean() for table in tables]]).reshape(1, -1, 2)
    drawn = resampler.means(tables).reshape(resampler.resamples, -1, 2)
    marked = np.array([name in panel.marked for name in names])
    groups = {"all": np.ones_like(marked), "filled": marked, "open": ~marked}
    return [
        {
            "panel": panel.title,
            "points": label,
            "count": int(chosen.sum()),
            "area": float(hypervolumes(means[:, chosen])[0]),
            **percentiles(hypervolumes(drawn[:, chosen]))._asdict(),
        }
        for label, chosen in groups.items()
        if chosen.any() and (label == "all" or not chosen.all())
    ]


def _fewest(scores: Scored, claim: Gain) -> tuple[int, int]:
    more, less = (
        min(len(scores(claim.across, name)) for name in names) for names in (claim.more, claim.less)
    )
    return more, less
