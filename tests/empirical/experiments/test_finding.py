"""Verdicts on claims: rules, both metrics, trends, areas, collapsed networks, simulation."""

from __future__ import annotations

import numpy as np
import pytest

from spadv.empirical.experiments import Contrast, Gain, Measure, ParetoPanel, Trend, judge
from spadv.empirical.experiments.finding import find, fronts, judge_gain, undecided
from spadv.stats import Interval, Resampler

RATE = Measure("rotation", "unchanged")
LEVELS = (0.0, 60.0, 120.0, 180.0)


def resampler(count=400):
    return Resampler(np.random.default_rng(0), count)


def scores_of(tables):
    return lambda measure, name: tables[name]


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
    assert judge(Interval(low, high, 0.95)) == verdict


def test_judge_of_a_gain_knows_no_opposite():
    assert judge_gain(Interval(0.006, 0.1, 0.95)) == "seen"
    assert judge_gain(Interval(0.0, 0.005, 0.95)) == "not seen"
    assert judge_gain(Interval(0.0, 0.1, 0.95)) == "underpowered"


def test_a_contrast_is_asked_in_both_metrics():
    rng = np.random.default_rng(0)
    tables = {
        ("unchanged", "a"): outcomes(rng, 0.9), ("unchanged", "b"): outcomes(rng, 0.7),
        ("accuracy", "a"): outcomes(rng, 0.6), ("accuracy", "b"): outcomes(rng, 0.8),
    }  # fmt: skip
    claim = Contrast("a keeps more", RATE, more="a", less="b")
    found = find("x", claim, lambda m, n: tables[m.metric, n], resampler())
    assert (found.verdict, found.other.verdict) == ("seen", "opposite")
    assert found.effect == pytest.approx(0.2, abs=0.03)
    assert found.means[0] - found.means[1] == pytest.approx(found.effect)
    assert (found.seeds, found.images) == ((3, 3), 2000)
    alone = Contrast("a keeps more", RATE, more="a", less="b", paired=False)
    assert find("x", alone, lambda m, n: tables[m.metric, n], resampler()).other is None


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
        claim = Contrast("none", Measure("natural"), more="a", less="b")
        verdicts.append(find("x", claim, scores_of(tables), resampler()).verdict)
    wrong = sum(verdict in ("seen", "opposite") for verdict in verdicts)
    assert wrong <= 0.08 * len(verdicts)


@pytest.mark.parametrize(
    ("rising", "verdict", "sign"), [(True, "seen", 1), (False, "opposite", -1)]
)
def test_a_trend_has_an_effect_and_a_rank_correlation(rising, verdict, sign):
    rng = np.random.default_rng(2)
    tables = {str(k): outcomes(rng, 0.5 + 0.1 * k) for k in range(4)}
    claim = Trend("grows", RATE, tuple(tables), LEVELS, rising=rising)
    found = find("x", claim, scores_of(tables), resampler())
    assert found.verdict == verdict
    assert found.effect == pytest.approx(0.3 * sign, abs=0.05)
    assert found.rank["value"] == pytest.approx(sign)
    assert found.rank["low"] <= found.rank["value"] <= found.rank["high"]
    assert found.rank["means"] == pytest.approx([t.mean() for t in tables.values()])


def test_a_trend_that_turns_back_shows_in_the_ranks():
    rng = np.random.default_rng(3)
    tables = {str(k): outcomes(rng, r) for k, r in enumerate((0.5, 0.9, 0.8, 0.55))}
    claim = Trend("grows", RATE, tuple(tables), LEVELS)
    found = find("x", claim, scores_of(tables), resampler())
    assert found.verdict == "seen"
    assert found.rank["value"] == pytest.approx(0.2)


def test_two_levels_have_no_ranks():
    tables = {"0": np.ones((1, 50)), "1": np.zeros((1, 50))}
    claim = Trend("falls", RATE, ("0", "1"), (0.0, 1.0), rising=False)
    found = find("x", claim, scores_of(tables), resampler())
    assert found.rank is None
    assert found.verdict == "seen"


def test_a_gain_is_an_area():
    across, up = Measure("rotation", "accuracy", 180.0), Measure("robustness", "accuracy", 0.1)
    rates = {"base 1": (0.2, 0.8), "base 2": (0.8, 0.2), "new": (0.6, 0.6), "inner": (0.1, 0.1)}
    images = np.arange(1000)

    def scores(measure, name):
        rate = rates[name][measure is up]
        return np.tile((images < rate * 1000).astype(float), (2, 1))

    base = ("base 1", "base 2")
    found = find("x", Gain("new", across, up, ("new",), base), scores, resampler())
    assert found.means == pytest.approx((0.44, 0.28))
    assert found.effect == pytest.approx(0.16)
    assert found.verdict == "seen"
    assert found.interval.low < 0.16 < found.interval.high
    found = find("x", Gain("inner", across, up, ("inner",), base), scores, resampler())
    assert (found.effect, found.verdict) == (pytest.approx(0), "not seen")

    panel = ParetoPanel("p", across, up, tuple((n, n) for n in rates), marked=("new",))
    areas = {front["points"]: front for front in fronts(panel, scores, resampler())}
    assert areas["all"]["area"] == pytest.approx(0.44)
    assert areas["filled"]["area"] == pytest.approx(0.36)
    assert areas["open"]["area"] == pytest.approx(0.28)
    assert all(front["low"] <= front["area"] <= front["high"] for front in areas.values())


def test_distances_are_judged_on_their_own_scale():
    rng = np.random.default_rng(4)
    tables = {"a": rng.normal(5.05, 0.2, (1, 2000)), "b": rng.normal(5.0, 0.2, (1, 2000))}
    claim = Contrast("farther", Measure("distance"), more="b", less="a")
    found = find("x", claim, scores_of(tables), resampler())
    assert found.smallest == pytest.approx(0.1, rel=0.05)  # 2% of a distance of 5
    tables["a"] = tables["b"] + 0.001
    assert find("x", claim, scores_of(tables), resampler()).verdict in ("not seen", "opposite")


def test_collapsed_networks_decide_nothing():
    tables = {"a": np.ones((1, 500)), "b": np.zeros((1, 500))}
    claim = Contrast("more", RATE, more="a", less="b")
    found = find("x", claim, scores_of(tables), resampler())
    assert found.verdict == "seen"
    assert undecided(found, {"c": [0]}) == found
    cleared = undecided(found, {"a": [0]})
    assert (cleared.verdict, cleared.other.verdict) == ("underpowered", "underpowered")


def test_the_same_evidence_gives_the_same_finding():
    rng = np.random.default_rng(5)
    tables = {str(k): outcomes(rng, 0.5 + 0.01 * k, images=100) for k in range(4)}
    claim = Trend("grows", RATE, tuple(tables), LEVELS)
    one, other = (find("x", claim, scores_of(tables), resampler()) for _ in range(2))
    assert one == other
