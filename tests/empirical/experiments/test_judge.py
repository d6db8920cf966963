"""Verdicts on claims: rules, both metrics, trends, areas, collapsed networks, simulation.

Pareto fronts and hypervolumes are compared with brute force.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.empirical.experiments import (
    Contrast,
    Gain,
    Measure,
    ParetoPanel,
    Trend,
    Variant,
)
from spadv.empirical.experiments.judge import (
    ResultTable,
    decide,
    fronts,
    hypervolumes,
    pareto_front,
    verdict_on,
    verdict_on_gain,
)
from spadv.stats import Interval, Resampler

RATE = Measure("rotation", "unchanged")
LEVELS = (0.0, 60.0, 120.0, 180.0)


def resampler(count=400):
    return Resampler(np.random.default_rng(0), count)


def variants(*names, levels=None):
    return tuple(
        Variant(name, (), level)
        for name, level in zip(names, levels or [0.0] * len(names), strict=True)
    )


class Made(ResultTable):
    """Scores by variant's name, or by metric and name; some variants have collapsed."""

    def __init__(self, tables, collapsed=()):
        super().__init__({})
        self.tables, self.gone = tables, collapsed

    def scores(self, measure, variant):
        key = (measure.metric, variant.name)
        return self.tables[key if key in self.tables else variant.name]

    def collapsed(self, variant):
        return int(variant.name in self.gone)


A, B = variants("a", "b")


def outcomes(rng, rate, seeds=3, images=2000):
    return (rng.random((seeds, images)) < rate).astype(float)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.001, 0.2, "seen"), (-0.2, -0.001, "opposite"), (-0.02, 0.02, "not seen"),
        (-0.021, 0.01, "underpowered"), (-0.01, 0.021, "underpowered"), (0.0, 0.0, "not seen"),
        (0.0, 0.3, "underpowered"),
    ],
)  # fmt: skip
def test_judge(low, high, verdict):
    assert verdict_on(Interval(low, high, 0.95)) == verdict


def test_judge_of_a_gain_knows_no_opposite():
    assert verdict_on_gain(Interval(0.006, 0.1, 0.95)) == "seen"
    assert verdict_on_gain(Interval(0.0, 0.005, 0.95)) == "not seen"
    assert verdict_on_gain(Interval(0.0, 0.1, 0.95)) == "underpowered"


def test_a_contrast_is_asked_in_both_metrics():
    rng = np.random.default_rng(0)
    tables = {
        ("unchanged", "a"): outcomes(rng, 0.9), ("unchanged", "b"): outcomes(rng, 0.7),
        ("accuracy", "a"): outcomes(rng, 0.6), ("accuracy", "b"): outcomes(rng, 0.8),
    }  # fmt: skip
    claim = Contrast("a keeps more", RATE, more=A, less=B)
    found = decide(claim, Made(tables), resampler())
    assert (found.verdict, found.other.verdict) == ("seen", "opposite")
    assert found.effect == pytest.approx(0.2, abs=0.03)
    assert found.means[0] - found.means[1] == pytest.approx(found.effect)
    assert (found.seeds, found.images) == ((3, 3), 2000)
    alone = Contrast("a keeps more", RATE, more=A, less=B, paired=False)
    assert decide(alone, Made(tables), resampler()).other is None


def test_verdicts_of_no_effect_are_rarely_wrong():
    # Seeds differ by 2 percent points: with three of them the interval says so.
    rng = np.random.default_rng(1)
    verdicts = []
    for _ in range(200):
        tables = {
            name: np.stack(
                [rng.random(500) < rate for rate in np.clip(rng.normal(0.8, 0.02, 3), 0, 1)]
            ).astype(float)
            for name in "ab"
        }
        claim = Contrast("none", Measure("natural"), more=A, less=B)
        verdicts.append(decide(claim, Made(tables), resampler()).verdict)
    wrong = sum(verdict in ("seen", "opposite") for verdict in verdicts)
    assert wrong <= 0.08 * len(verdicts)


@pytest.mark.parametrize(
    ("rising", "verdict", "sign"), [(True, "seen", 1), (False, "opposite", -1)]
)
def test_a_trend_has_an_effect_and_a_rank_correlation(rising, verdict, sign):
    rng = np.random.default_rng(2)
    tables = {str(k): outcomes(rng, 0.5 + 0.1 * k) for k in range(4)}
    claim = Trend("grows", RATE, variants(*tables, levels=LEVELS), rising=rising)
    found = decide(claim, Made(tables), resampler())
    assert found.verdict == verdict
    assert found.effect == pytest.approx(0.3 * sign, abs=0.05)
    assert found.rank["value"] == pytest.approx(sign)
    assert found.rank["low"] <= found.rank["value"] <= found.rank["high"]
    assert found.rank["means"] == pytest.approx([t.mean() for t in tables.values()])


def test_a_trend_that_turns_back_shows_in_the_ranks():
    rng = np.random.default_rng(3)
    tables = {str(k): outcomes(rng, r) for k, r in enumerate((0.5, 0.9, 0.8, 0.55))}
    claim = Trend("grows", RATE, variants(*tables, levels=LEVELS))
    found = decide(claim, Made(tables), resampler())
    assert found.verdict == "seen"
    assert found.rank["value"] == pytest.approx(0.2)


def test_two_levels_have_no_ranks():
    tables = {"0": np.ones((1, 50)), "1": np.zeros((1, 50))}
    claim = Trend("falls", RATE, variants("0", "1", levels=(0.0, 1.0)), rising=False)
    found = decide(claim, Made(tables), resampler())
    assert found.rank is None
    assert found.verdict == "seen"


def test_a_gain_is_an_area():
    across, up = Measure("rotation", "accuracy", 180.0), Measure("robustness", "accuracy", 0.1)
    rates = {"base 1": (0.2, 0.8), "base 2": (0.8, 0.2), "new": (0.6, 0.6), "inner": (0.1, 0.1)}
    images = np.arange(1000)

    def scores(rate):
        return np.tile((images < rate * 1000).astype(float), (2, 1))

    table = Made({})
    table.scores = lambda measure, variant: scores(rates[variant.name][measure is up])
    one, two, new, inner = points = variants(*rates)
    base = (one, two)
    found = decide(Gain("new", across, up, (new,), base), table, resampler())
    assert found.means == pytest.approx((0.44, 0.28))
    assert found.effect == pytest.approx(0.16)
    assert found.verdict == "seen"
    assert found.interval.low < 0.16 < found.interval.high
    found = decide(Gain("inner", across, up, (inner,), base), table, resampler())
    assert (found.effect, found.verdict) == (pytest.approx(0), "not seen")

    panel = ParetoPanel("p", across, up, tuple((v.name, v) for v in points), marked=(new,))
    areas = {front["points"]: front for front in fronts(panel, table, resampler())}
    assert areas["all"]["area"] == pytest.approx(0.44)
    assert areas["filled"]["area"] == pytest.approx(0.36)
    assert areas["open"]["area"] == pytest.approx(0.28)
    assert all(front["low"] <= front["area"] <= front["high"] for front in areas.values())


def test_distances_are_judged_on_their_own_scale():
    rng = np.random.default_rng(4)
    tables = {"a": rng.normal(5.05, 0.2, (1, 2000)), "b": rng.normal(5.0, 0.2, (1, 2000))}
    claim = Contrast("farther", Measure("distance"), more=B, less=A)
    found = decide(claim, Made(tables), resampler())
    assert found.smallest == pytest.approx(0.1, rel=0.05)  # 2% of a distance of 5
    tables["a"] = tables["b"] + 0.001
    assert decide(claim, Made(tables), resampler()).verdict in ("not seen", "opposite")


def test_collapsed_networks_decide_nothing():
    tables = {"a": np.ones((1, 500)), "b": np.zeros((1, 500))}
    claim = Contrast("more", RATE, more=A, less=B)
    assert decide(claim, Made(tables, collapsed=("c",)), resampler()).verdict == "seen"
    cleared = decide(claim, Made(tables, collapsed=("a",)), resampler())
    assert (cleared.verdict, cleared.other.verdict) == ("underpowered", "underpowered")


def test_the_same_evidence_gives_the_same_finding():
    rng = np.random.default_rng(5)
    tables = {str(k): outcomes(rng, 0.5 + 0.01 * k, images=100) for k in range(4)}
    claim = Trend("grows", RATE, variants(*tables, levels=LEVELS))
    one, other = (decide(claim, Made(tables), resampler()) for _ in range(2))
    assert one == other


POINT = st.tuples(st.floats(0, 1), st.floats(0, 1))


def area(points):
    return hypervolumes(np.array([points]))[0]


def by_inclusion_and_exclusion(points):
    total = 0.0
    for count in range(1, len(points) + 1):
        for some in combinations(points, count):
            area = min(x for x, _ in some) * min(y for _, y in some)
            total += area if count % 2 else -area
    return total


@given(st.lists(POINT, min_size=1, max_size=7))
def test_hypervolume_is_that_of_brute_force(points):
    assert area(points) == pytest.approx(by_inclusion_and_exclusion(points), abs=1e-9)


@given(st.lists(POINT, min_size=1, max_size=9))
def test_the_front_is_what_nothing_beats(points):
    front = pareto_front(points)
    beaten = {p for p in points if any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in points)}
    assert set(front) == set(points) - beaten
    assert front == sorted(front)
    assert area(front) == pytest.approx(area(points))


def test_many_sets_at_once():
    rng = np.random.default_rng(0)
    points = rng.random((50, 6, 2))
    one_by_one = [by_inclusion_and_exclusion(row) for row in points.tolist()]
    assert np.allclose(hypervolumes(points), one_by_one)
    inside = (rng.random((200_000, 1, 2)) < points[0]).all(axis=2).any(axis=1).mean()
    assert hypervolumes(points)[0] == pytest.approx(inside, abs=0.01)
