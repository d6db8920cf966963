"""The study: parts that are found again, alarms, and the report's document."""

import json
from dataclasses import replace

import numpy as np
import pytest

from spadv.empirical.synthetic import (
    Study,
    SyntheticSetting,
    document,
    draw_frontiers,
    draw_laws,
    run_study,
    settings,
    study,
)
from spadv.empirical.synthetic.accuracy import Effort, interval_of
from spadv.empirical.synthetic.attack import Strength
from spadv.empirical.synthetic.hypotheses import above_zero, at_most, near_zero
from spadv.empirical.synthetic.methods import METHODS
from spadv.empirical.synthetic.setting import KnownFrontier, known_frontier, regret, shortfall
from spadv.empirical.synthetic.study import Case, NetworkGroup, Results, alarms
from spadv.empirical.synthetic.training import Options
from spadv.errors import InputError, SimulationMismatchError, StoreError
from spadv.stats import clopper_pearson
from spadv.store import read_json, write_json
from spadv.theory.classifiers import ShiftBayes

QUICK = Options(width=8, steps_per_epoch=1, batch_size=64)
EFFORT = Effort(samples=800, attacked=400, strength=Strength(steps=4, restarts=1, grid=3))
METHODS_TRIED = ("natural", "shifts", "PGD + shifts", "CuSP", "mixture")


def small(setting, kinds=("linear", "mlp", "circular"), seeds=3):
    groups = tuple(
        NetworkGroup(
            setting, kind, name, METHODS[name].levels[-2:], seeds, QUICK, EFFORT, checked=5
        )
        for kind in kinds
        for name in METHODS_TRIED
    )
    return Study("smoke", (setting,), groups, 0.02, ("everything",))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    setting = SyntheticSetting("two", "random:16:6", 8, p=0.7, budget=1.0)
    folder = tmp_path_factory.mktemp("bridge")
    labels = []
    results = run_study(small(setting), folder, watch=lambda label, seconds: labels.append(label))
    return results, folder, labels


def test_parts_are_found_again(done):
    results, folder, labels = done
    assert len(labels) == 1 + len(results.study.groups)
    again = []
    found = run_study(results.study, folder, watch=lambda label, seconds: again.append(label))
    assert again == []
    assert document(found) == document(results)


def test_what_is_missing_is_done_and_equal(done, tmp_path):
    results, folder, _ = done
    for path in folder.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    lost = next(tmp_path.glob("*mlp-CuSP-*.json"))
    lost.unlink()
    again = []
    found = run_study(results.study, tmp_path, watch=lambda label, seconds: again.append(label))
    assert again == ["two, mlp, CuSP"]
    group = next(g for g in results.study.groups if g.label == again[0])
    assert found.records[group]["levels"] == results.records[group]["levels"]


def test_no_network_lies_beyond_the_frontier(done):
    results, _, _ = done
    assert alarms(results) == []
    assert len(results.trained) == 3 * 9
    for one in results.trained:
        trials = (one.measured.samples, one.measured.attacked)
        assert (trials == (0, 0)) == (one.group.kind == "linear")
        for point in one.points:
            pairs = zip(point, trials, strict=True)
            low = [clopper_pearson(round(a * n), n, 1 - 1e-6).low if n else a for a, n in pairs]
            assert shortfall(low, results.frontiers["two"].excluded) >= -1e-9


def test_a_network_beyond_the_frontier_raises_an_alarm(done, tmp_path):
    results, folder, _ = done
    for path in folder.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = next(tmp_path.glob("*linear-mixture-*.json"))
    record = read_json(path)
    record["levels"][1]["seeds"][2]["adversarial"][0][1] = 0.99
    write_json(path, record)
    with pytest.raises(SimulationMismatchError, match=r"linear, mixture 0\.9, seed 2: by 0"):
        run_study(results.study, tmp_path)


def test_a_foreign_file_is_not_trusted(done, tmp_path):
    results, folder, _ = done
    path = next(folder.glob("*frontier*.json"))
    write_json(tmp_path / path.name, {"digest": "other"})
    with pytest.raises(StoreError, match="something else"):
        run_study(results.study, tmp_path)


def test_digest_depends_on_all_that_matters(done):
    group = done[0].study.groups[0]
    others = [
        replace(group, seeds=4),
        replace(group, options=replace(QUICK, width=9)),
        replace(group, effort=replace(EFFORT, samples=801)),
        replace(group, setting=replace(group.setting, p=0.71)),
        replace(group, variant="other"),
        replace(group, levels=(1.0,)),
    ]
    assert len({group.digest, *(other.digest for other in others)}) == 1 + len(others)
    assert replace(group).digest == group.digest


def test_document(done):
    results, _, _ = done
    made = document(results)
    again = json.loads(json.dumps(made, allow_nan=False))
    assert again == made
    panels = [panel for panel in made["panels"] if panel["type"] == "pareto"]
    assert [panel["kind"] for panel in panels] == ["linear", "mlp", "circular"]
    assert all(len(panel["points"]) == 9 for panel in panels)
    for panel in panels:
        for point in panel["points"]:
            assert point["x_low"] <= point["x"] <= point["x_high"]
    assert len(made["table"]["rows"]) == 27
    assert all(len(row["cells"]) == 6 for row in made["table"]["rows"])
    verdicts = {finding["verdict"] for finding in made["findings"]}
    assert verdicts <= {"seen", "not seen", "opposite", "underpowered"}
    assert {f["topic"] for f in made["findings"]} >= {"CuSP is Pareto-optimal"}
    checked = {row["kind"]: row for row in made["attack"]}
    assert checked["mlp"]["samples"] == 9 * 5
    assert checked["mlp"]["missed"] <= 1
    assert "linear" not in checked


def test_linear_points_are_exact(done):
    """Their numbers are closed forms of the theory half, so S and A need no interval."""
    results, _, _ = done
    (case,) = results.cases("linear")
    measured = case.one("natural", 0.0).measured
    assert interval_of(measured.natural[0], measured.samples).low == measured.natural[0]
    assert measured.attacked == 0


def test_figures(done):
    made = document(done[0])
    picture = draw_frontiers(made)
    assert len(picture.axes) == 3
    labels = [text.get_text() for text in picture.legends[0].get_texts()]
    assert set(METHODS_TRIED) <= set(labels)
    assert len(draw_laws(made).axes) == 1


def test_families_lose_less_with_more_choice(done):
    results, _, _ = done
    (case,) = results.cases("linear")
    losses = case.losses("no attack")
    single = [case.one("shifts", level).points for level in (180.0, 150.0)]
    line = results.frontiers["two"].achieved
    for points in single:
        alone = np.array([regret(one[None], line) for one in points])
        assert (losses <= alone + 1e-12).all()


def test_full_study_has_what_it_promises():
    full = study("cpu", 5)
    assert len(full.settings) == 4
    assert sum(setting.dist.n_shifts == 2 for setting in full.settings) == 3
    assert len({group.digest for group in full.groups}) == len(full.groups)
    methods = {group.method for group in full.groups if not group.variant}
    assert methods >= {"natural", "shifts", "PGD", "TRADES", "CuSP", "CuSP-TRADES", "mixture"}
    assert {group.kind for group in full.groups} == {"linear", "mlp", "circular"}
    assert all(group.seeds == 5 for group in full.groups)


def test_frontiers_of_more_shifts_are_cut_at_the_price():
    setting = settings()[3]
    found = known_frontier(setting, points=5, tolerance=0.05)
    assert not found.exact
    price = ShiftBayes(setting.dist).spatial_accuracy(
        samples=100_000, rng=np.random.default_rng(5), level=0.9999
    )
    assert found.excluded[-1, 0] == pytest.approx(price.value, abs=0.01)
    assert found.excluded[-1, 0] >= price.interval.low
    assert (shortfall(found.achieved, found.excluded) >= -1e-12).all()
    again = KnownFrontier.from_json(json.loads(json.dumps(found.to_json())))
    np.testing.assert_array_equal(again.excluded, found.excluded)
    assert again.named == found.named


def test_verdicts():
    def verdict(test, values, *limit):
        return test("claim", "measure", values, *limit)["verdict"]

    tight = np.array([-0.0001, 0.0, 0.0001])
    assert verdict(at_most, 0.005 + tight, 0.01) == "seen"
    assert verdict(at_most, 0.02 + tight, 0.01) == "opposite"
    assert verdict(at_most, np.array([0.0, 0.02]), 0.01) == "underpowered"
    assert verdict(above_zero, 0.02 + tight) == "seen"
    assert verdict(above_zero, -0.02 + tight) == "opposite"
    assert verdict(above_zero, tight) == "not seen"
    assert verdict(above_zero, np.array([-0.1, 0.1])) == "underpowered"
    assert verdict(near_zero, [tight, 0.019 + tight]) == "seen"
    assert verdict(near_zero, [tight, 0.021 + tight]) == "opposite"
    assert verdict(near_zero, [tight, 0.02 + tight]) == "underpowered"


def test_bad_input(two):
    group = NetworkGroup(two, "mlp", "natural", (0.0,), 2, QUICK, EFFORT)
    for wrong, match in (
        ({"kind": "mpl"}, "kind"),
        ({"method": "CUSP"}, "Did you mean CuSP"),
        ({"seeds": 1}, "seeds"),
        ({"levels": ()}, "levels"),
    ):
        with pytest.raises(InputError, match=match):
            replace(group, **wrong)
    with pytest.raises(InputError, match="scale"):
        study("huge")
    with pytest.raises(InputError, match="seeds"):
        study("smoke", 1)
    for wrong in (
        {"shift": 16},
        {"p": 1.0},
        {"budget": 4.0},
        {"budget": 0.0},
        {"word": "+" * 16},
    ):
        with pytest.raises(InputError):
            replace(two, **wrong)


def test_results_hold_every_level(done):
    results, _, _ = done
    assert isinstance(results, Results)
    for group in results.study.groups:
        found = Case(results, group.setting, group.kind).sweep(group.method)
        assert [one.level for one in found] == list(group.levels)
        assert all(one.points.shape == (3, 2) for one in found)
