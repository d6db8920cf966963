"""Verdicts on claims: rules, both metrics, trends, areas, collapsed networks, simulation.

Pareto fronts and hypervolumes are compared with brute force.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.empirical.experiments import experiment, judge
from spadv.empirical.experiments.draw import pareto_front
from spadv.empirical.experiments.judge import (
    ResultTable,
    adjusted,
    area_gained,
    decide,
    difference_of_scores,
    fronts,
    hypervolumes,
    seeds_needed,
    verdict_on,
)
from spadv.empirical.experiments.measure import Measure
from spadv.empirical.experiments.plan import Contrast, Gain, ParetoPanel, Trend, Variant
from spadv.empirical.experiments.scores import check_saved, save_scores, scores_of
from spadv.errors import StoreError
from spadv.result import SHOWN
from spadv.stats import Interval

RATE = Measure("rotation", "unchanged")
LEVELS = (0.0, 60.0, 120.0, 180.0)


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
        found = self.tables[key if key in self.tables else variant.name]
        self.known[measure, variant] = found
        return found

    def collapsed(self, variant):
        return int(variant.name in self.gone)


A, B = variants("a", "b")


def outcomes(rng, rate, seeds=3, images=2000):
    return (rng.random((seeds, images)) < rate).astype(float)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.001, 0.2, "seen"), (-0.2, -0.001, "opposite"), (-0.02, 0.02, "not seen"),
        (0.001, 0.019, "not seen"), (0.001, 0.03, "underpowered"), (0.021, 0.022, "seen"),
        (-0.021, 0.01, "not seen"), (-0.01, 0.021, "underpowered"), (0.0, 0.0, "not seen"),
        (0.0, 0.3, "underpowered"), (-0.3, 0.0, "not seen"), (-0.03, -0.001, "not seen"),
        (-0.3, 0.021, "underpowered"), (-0.02, -0.02, "not seen"), (-0.04, -0.001, "opposite"),
    ],
)  # fmt: skip
def test_judge(low, high, verdict):
    assert verdict_on(Interval(low, high, 0.95)) == verdict


def test_a_contrast_is_asked_in_both_metrics():
    rng = np.random.default_rng(0)
    tables = {
        ("unchanged", "a"): outcomes(rng, 0.9), ("unchanged", "b"): outcomes(rng, 0.7),
        ("accuracy", "a"): outcomes(rng, 0.6), ("accuracy", "b"): outcomes(rng, 0.8),
    }  # fmt: skip
    claim = Contrast("a keeps more", RATE, more=A, less=B)
    found = decide(claim, Made(tables))
    assert (found["verdict"], found["other"]["verdict"]) == ("seen", "opposite")
    assert found["effect"] == pytest.approx(0.2, abs=0.03)
    assert found["means"][0] - found["means"][1] == pytest.approx(found["effect"])
    assert (found["seeds"], found["images"]) == ([3, 3], 2000)
    alone = Contrast("a keeps more", RATE, more=A, less=B, paired=False)
    assert decide(alone, Made(tables))["other"] is None


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
        verdicts.append(decide(claim, Made(tables))["verdict"])
    wrong = sum(verdict in ("seen", "opposite") for verdict in verdicts)
    assert wrong <= 0.08 * len(verdicts)


@pytest.mark.parametrize(
    ("rising", "verdict", "sign"), [(True, "seen", 1), (False, "opposite", -1)]
)
def test_a_trend_has_an_effect_and_a_rank_correlation(rising, verdict, sign):
    rng = np.random.default_rng(2)
    tables = {str(k): outcomes(rng, 0.5 + 0.1 * k) for k in range(4)}
    claim = Trend("grows", RATE, variants(*tables, levels=LEVELS), rising=rising)
    found = decide(claim, Made(tables))
    assert found["verdict"] == verdict
    assert found["effect"] == pytest.approx(0.3 * sign, abs=0.05)
    assert found["rank"]["value"] == pytest.approx(sign)
    assert found["rank"]["seeds"] == [found["rank"]["low"]] * 3 == [pytest.approx(sign)] * 3
    assert [step["verdict"] for step in found["steps"]] == [verdict] * 3
    assert found["progressive"] is (verdict == "seen")
    assert found["rank"]["means"] == pytest.approx([t.mean() for t in tables.values()])


def test_a_trend_that_turns_back_shows_in_the_ranks():
    rng = np.random.default_rng(3)
    tables = {str(k): outcomes(rng, r) for k, r in enumerate((0.5, 0.9, 0.8, 0.55))}
    claim = Trend("grows", RATE, variants(*tables, levels=LEVELS))
    found = decide(claim, Made(tables))
    assert found["verdict"] == "seen"
    assert found["rank"]["value"] == pytest.approx(0.2)
    assert [step["verdict"] for step in found["steps"]] == ["seen", "opposite", "opposite"]
    assert [(s["less"], s["more"]) for s in found["steps"]] == [("0", "1"), ("1", "2"), ("2", "3")]
    assert found["progressive"] is False


def test_two_levels_have_no_ranks():
    tables = {"0": np.ones((2, 50)), "1": np.zeros((2, 50))}
    claim = Trend("falls", RATE, variants("0", "1", levels=(0.0, 1.0)), rising=False)
    found = decide(claim, Made(tables))
    assert found["rank"] is None
    assert found["verdict"] == "seen"


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
    found = decide(Gain("new", across, up, (new,), base), table)
    assert found["means"] == pytest.approx((0.44, 0.28))
    assert found["effect"] == pytest.approx(0.16)
    assert found["verdict"] == "seen"
    assert found["interval"]["low"] < 0.16 < found["interval"]["high"]
    found = decide(Gain("inner", across, up, (inner,), base), table)
    assert (found["effect"], found["verdict"]) == (pytest.approx(0), "not seen")

    panel = ParetoPanel("p", across, up, tuple((v.name, v) for v in points), marked=(new,))
    areas = {front["points"]: front for front in fronts(panel, table)}
    assert areas["all"]["area"] == pytest.approx(0.44)
    assert areas["filled"]["area"] == pytest.approx(0.36)
    assert areas["open"]["area"] == pytest.approx(0.28)
    assert all(front["low"] <= front["area"] <= front["high"] for front in areas.values())


def test_distances_are_judged_on_their_own_scale():
    rng = np.random.default_rng(4)
    tables = {"a": rng.normal(5.05, 0.2, (2, 2000)), "b": rng.normal(5.0, 0.2, (2, 2000))}
    claim = Contrast("farther", Measure("distance"), more=B, less=A)
    found = decide(claim, Made(tables))
    assert found["smallest"] == pytest.approx(0.1, rel=0.05)  # 2% of a distance of 5
    tables["a"] = tables["b"] + 0.001
    assert decide(claim, Made(tables))["verdict"] in ("not seen", "opposite")


def test_collapsed_networks_decide_nothing():
    tables = {"a": np.ones((2, 500)), "b": np.zeros((2, 500))}
    claim = Contrast("more", RATE, more=A, less=B)
    assert decide(claim, Made(tables, collapsed=("c",)))["verdict"] == "seen"
    cleared = decide(claim, Made(tables, collapsed=("a",)))
    assert (cleared["verdict"], cleared["other"]["verdict"]) == ("underpowered", "underpowered")
    spread = np.array([[1.96], [2.0], [2.1]]) + np.zeros((3, 100))
    tables = {"a": spread + 0.05, "b": spread}
    assert decide(claim, Made(tables))["seeds_needed"]
    assert decide(claim, Made(tables, collapsed=("a",)))["seeds_needed"] is None


def test_a_collapsed_level_leaves_the_others_to_the_trend():
    rng = np.random.default_rng(6)
    tables = {str(k): outcomes(rng, rate) for k, rate in enumerate((0.5, 0.6, 0.7, 0.1))}
    claim = Trend("grows", RATE, variants(*tables, levels=LEVELS))
    assert decide(claim, Made(tables))["verdict"] == "opposite"
    found = decide(claim, Made(tables, collapsed=("3",)))
    assert (found["less"], found["more"], found["verdict"]) == ("0", "2", "seen")
    assert found["rank"]["levels"] == [0, 60, 120]


def test_one_seed_is_not_assessed_and_floors_are_untestable():
    rng = np.random.default_rng(7)
    claim = Contrast("more", RATE, more=A, less=B)
    one = {"a": np.ones((1, 500)), "b": np.zeros((3, 500))}
    found = decide(claim, Made(one))
    assert (found["verdict"], found["effect"]) == ("not assessed", 1.0)
    floor = {"a": outcomes(rng, 0.004), "b": outcomes(rng, 0.002)}
    assert decide(claim, Made(floor))["verdict"] == "untestable"


def test_holms_method_takes_back_what_only_one_of_many_shows():
    rng = np.random.default_rng(8)
    clear = {"a": outcomes(rng, 0.9), "b": outcomes(rng, 0.5)}
    base = rng.normal(0.5, 0.05, (3, 400))
    weak = {"a": base + 0.04 + rng.normal(0, 0.015, (3, 1)), "b": base}
    strong_test = decide(Contrast("s", RATE, A, B), Made(clear))
    weak_test = next(
        test
        for test in (
            decide(Contrast("w", RATE, A, B), Made({**weak, "a": weak["a"] + shift}))
            for shift in np.linspace(-0.04, 0.08, 200)
        )
        if test["verdict"] == "seen"
    )
    assert 0.005 < weak_test["p_value"] <= 0.05
    others = [weak_test | {"evidence": str(number)} for number in range(20)]
    made = adjusted([strong_test, *others])
    assert made[0]["holm"]["verdict"] == "seen"
    assert {test["holm"]["verdict"] for test in made[1:]} == {"underpowered"}
    # The same evidence under twenty names counts once.
    once = adjusted([strong_test, *[weak_test] * 20])
    assert once[-1]["holm"]["p_value"] <= 2 * weak_test["p_value"]


def test_where_curves_cross_is_told(invented):
    """The network of the higher level is worse at small angles and better at large ones."""
    plan = experiment("fig8").plan("cpu", 2)
    records = invented(plan)
    first, second = plan.variants[:2]
    for record in records[second]:
        record.arrays["rotation"] = record.arrays["rotation"].copy()
        record.arrays["rotation"][:4] = (record.arrays["clean"] + 1) % 10
        record.arrays["rotation"][4:] = record.arrays["clean"]
    for record in records[first]:
        record.arrays["rotation"][:4] = record.arrays["clean"]
        record.arrays["rotation"][4:] = (record.arrays["clean"] + 1) % 10
    claim = next(c for c in plan.claims if isinstance(c, Trend) and c.variants[0] is first)
    found = decide(claim, ResultTable(records))
    values = list(records[first][0].settings.rotations)
    (crossing,) = [c for c in found["crossings"] if c["less"] == first.name]
    assert (crossing["agree"], crossing["oppose"]) == (values[4:], values[:4])
    assert found["steps"][-1]["at"] == values[len(values) // 2]


def test_findings_follow_from_saved_scores(tmp_path):
    rng = np.random.default_rng(9)
    tables = {str(k): outcomes(rng, 0.5 + 0.1 * k, images=300) for k in range(4)}
    across = Measure("natural")
    levels = variants(*tables, levels=LEVELS)
    claims = [
        Trend("grows", RATE, levels),
        Contrast("more", RATE, more=levels[1], less=levels[0]),
        Gain("new", across, RATE, levels[3:], levels[:3]),
    ]
    table = Made(tables)
    tests = adjusted([decide(claim, table, "x") for claim in claims])
    rest = {"table": {"columns": [], "rows": []}, "panels": [], "other_metric": []}
    document = {"findings": tests, **rest}
    path = tmp_path / "x.npz"
    save_scores(path, scores_of(tests, table))
    assert check_saved(json.loads(json.dumps(document)), path) == 5
    document = json.loads(json.dumps(document))
    document["findings"][1]["effect"] += 0.001
    with pytest.raises(StoreError, match="does not give the finding: more"):
        check_saved(document, path)
    with pytest.raises(StoreError, match="cannot read"):
        check_saved(document, tmp_path / "y.npz")
    document = {"findings": adjusted(json.loads(json.dumps(tests[1:2]))), **rest}
    document["findings"][0]["seeds_needed"] = 7
    with pytest.raises(StoreError, match="does not give the finding: more"):
        check_saved(document, path)
    document = {"findings": adjusted(json.loads(json.dumps(tests[1:2]))), **rest}
    document["findings"][0]["verdict"] = "underpowered"
    document["findings"][0]["other"]["verdict"] = "underpowered"
    with pytest.raises(StoreError, match="does not give the finding: more"):
        check_saved(document, path)
    document["findings"] = adjusted(document["findings"])
    document["remarks"] = ["1: 1 of 3 networks give one class to nearly all images"]
    assert check_saved(document, path) == 2


def test_intervals_of_gains_cover():
    """Areas of two seeds and more: Student's interval where percentiles would be too short."""
    rng = np.random.default_rng(10)
    truth, covered, trials = 0.0, 0, 200
    rates = {"a": (0.3, 0.7), "b": (0.7, 0.3), "c": (0.55, 0.55)}
    samples = []
    for _ in range(trials):
        tables = []
        for rate in rates.values():
            for one in rate:
                by_seed = np.clip(rng.normal(one, 0.02, (3, 1)), 0, 1)
                tables.append((rng.random((3, 300)) < by_seed).astype(float))
        samples.append(area_gained(tables, 2))
    truth = np.mean([sample["effect"] for sample in samples])
    covered = sum(
        sample["interval"]["low"] <= truth <= sample["interval"]["high"] for sample in samples
    )
    assert covered / trials >= 0.92


def test_the_same_evidence_gives_the_same_finding():
    rng = np.random.default_rng(5)
    tables = {str(k): outcomes(rng, 0.5 + 0.01 * k, images=100) for k in range(4)}
    claim = Trend("grows", RATE, variants(*tables, levels=LEVELS))
    one, other = (decide(claim, Made(tables)) for _ in range(2))
    assert one == other


def test_evidence_is_the_same_under_other_names_and_another_under_another_attack(made_up):
    def evidence(name):
        return [one["evidence"] for one in made_up(name)["findings"]]

    assert evidence("table1") == evidence("fig17")
    assert evidence("fig8a-b") == evidence("fig8")[:2]
    rules = evidence("protocols-stdcnn")  # natural networks are the same under each augmentation
    assert rules[3] == rules[8] == rules[13]
    assert len(set(rules)) == len(rules) - 2
    for name in ("stronger-attack", "table3"):
        assert len(set(evidence(name))) == len(evidence(name)), name


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


def test_the_documented_rules_are_the_codes():
    """The table of the page on experiments: every verdict, and the sizes."""
    page = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text()
    part = page[page.index("## How claims are judged") :]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part[: part.index("\n## ", 5)].splitlines()
        if line.startswith("|") and "---" not in line
    ][1:]
    assert {row[2].strip("`"): row[0] for row in rows} == SHOWN
    assert f"below {judge.SMALLEST_EFFECT:g} (2% of a distance, {judge.SMALLEST_GAIN:g}" in part
    assert f"{100 * judge.COLLAPSED:g}% of the test images is called collapsed" in part


def test_so_many_seeds_decide_and_one_less_does_not():
    """The plan, kept: seeds that spread as those known do."""

    def scores(mean, seeds):  # whose means have the variance 0.03^2, whatever their number
        places = np.arange(seeds) - (seeds - 1) / 2
        means = 2 + mean + 0.03 * places / places.std(ddof=1)
        return np.repeat(means[:, None], 100, axis=1)

    def verdict(seeds):
        tables = scores(0.03, seeds), scores(0.0, seeds)
        found = difference_of_scores(*tables, distance=False)
        return found["verdict"], seeds_needed(found, *tables)

    unsure, needed = verdict(4)
    assert unsure == "underpowered"
    assert [verdict(needed - 1), verdict(needed)] == [("underpowered", needed), ("seen", None)]


def test_few_images_leave_it_open_whatever_the_seeds():
    rng = np.random.default_rng(3)
    more, less = (np.repeat(rng.random((1, 50)) < p, 3, axis=0) for p in (0.6, 0.5))
    found = difference_of_scores(more.astype(float), less.astype(float), distance=False)
    assert found["verdict"] == "underpowered"
    assert seeds_needed(found, more.astype(float), less.astype(float)) is None
