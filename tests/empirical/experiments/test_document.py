"""Documents on made-up outcomes: numbers, both metrics, units, known numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spadv.empirical.experiments import experiment
from spadv.empirical.experiments.document import describe, read_records
from spadv.empirical.experiments.draw import here
from spadv.empirical.experiments.judge import ResultTable
from spadv.empirical.experiments.measure import Measure
from spadv.empirical.experiments.networks import layers
from spadv.empirical.experiments.strategies import SPATIAL
from spadv.empirical.models import ModelSpec, build_spec, count_parameters
from spadv.errors import InputError, StoreError
from spadv.stats import pooled_counts
from spadv.store import Store


def named(plan, name):
    (found,) = [variant for variant in plan.variants if variant.name == name]
    return found


FIG8, TABLE1 = experiment("fig8"), experiment("table1")


@pytest.mark.parametrize("name", ["fig8", "fig16", "table4", "protocols", "table2"])
def test_a_document_is_plain_json(made_up, name):
    document = made_up(name)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_curves_are_the_rates_of_the_records(invented):
    plan = FIG8.plan("cpu", 2)
    records = invented(plan)
    document = describe(FIG8, plan, ResultTable(records), "cpu")[0]
    panel, other = document["panels"][0], document["other_metric"][0]
    assert (panel["title"], panel["unit"]) == ("Aug-R, StdCNN", "rate of invariance")
    for curve in panel["curves"]:
        own = records[named(plan, f"StdCNN, Aug-R {curve['label']}")]
        assert tuple(curve["x"]) == own[0].settings.rotations
        for place in range(len(curve["x"])):
            rates = [record.profile("rotation").unchanged(place).value for record in own]
            assert curve["y"][place] == pytest.approx(np.mean(rates))
            assert curve["low"][place] <= curve["y"][place] <= curve["high"][place]
    assert other["unit"] == "accuracy"
    rates = [
        r.profile("rotation").accuracy(3).value for r in records[named(plan, "StdCNN, Aug-R 0")]
    ]
    assert other["curves"][0]["y"][3] == pytest.approx(np.mean(rates))


def test_every_claim_of_a_profile_has_both_metrics(made_up):
    for finding in made_up("fig8")["findings"]:
        one, other = finding["measure"], finding["other"]["measure"]
        assert "accuracy" not in one
        assert "accuracy" in other
        assert finding["rank"] is None or len(finding["rank"]["levels"]) > 2


def test_tables_are_means_over_seeds(invented):
    plan = TABLE1.plan("cpu", 2)
    records = invented(plan)
    document = describe(TABLE1, plan, ResultTable(records), "cpu")[0]
    rows = {row["label"]: row["cells"] for row in document["table"]["rows"]}
    assert list(rows) == [variant.name for variant in plan.variants]
    own = records[plan.variants[3]]
    spatial = np.mean([record.profile("rotation").accuracy(-1).value for record in own])
    assert rows["4 PGD (Aug 180)"][1]["value"] == pytest.approx(spatial)
    for cell in (cell for cells in rows.values() for cell in cells if cell):
        mean, interval = pooled_counts(cell["seeds"], cell["counts"])
        found = (cell["value"], cell["low"], cell["high"])
        assert found == pytest.approx((mean, interval.low, interval.high))
    assert {known["paper"] for known in document["known"]} >= {"about 33%", "about 45%"}
    (known,) = [k for k in document["known"] if k["paper"] == "about 33%"]
    shown = rows["3 PGD (Aug 0)"][1]
    assert known["here"] == {key: shown[key] for key in ("value", "low", "high")}
    assert {front["points"] for front in document["fronts"]} == {"all", "filled", "open"}


def test_measures_that_a_variant_lacks_leave_a_gap(made_up):
    document = made_up("fig2")
    columns = [column["label"] for column in document["table"]["columns"]]
    rows = {row["label"]: row["cells"] for row in document["table"]["rows"]}
    place = columns.index("accuracy PGD 0.3")
    assert rows["MNIST LeNet, Adv-PGD 0.1"][place] is not None
    assert rows["CIFAR10 LeNet, Adv-PGD 8/255"][place] is None


def test_budgets_in_other_units_stand_where_they_are_called(invented):
    protocols = experiment("protocols")
    plan = protocols.plan("cpu", 1)
    records = invented(plan)
    table = ResultTable(records)
    equal = named(plan, "StdCNN, Aug-R 0, equal in pixels")
    assert records[equal][0].settings.budgets[-1] == pytest.approx(0.3 * 0.3081)
    measure = Measure("robustness", "unchanged", 0.3)
    rate = records[equal][0].profile("robustness").unchanged(5).value
    assert table.mean(measure, equal)[0] == pytest.approx(rate)
    curve = describe(protocols, plan, table, "cpu")[0]["panels"][2]["curves"][0]
    assert curve["x"] == [0, 0.05, 0.1, 0.15, 0.2, 0.3]
    official = records[named(plan, "StdCNN, Aug-R 0, official")][0].settings
    assert (official.protocol, official.budgets[-1]) == ("official", 0.3)


def test_a_collapsed_network_is_named_and_not_judged(invented):
    plan = FIG8.plan("cpu", 2)
    records = invented(plan)
    record = records[named(plan, "StdCNN, Aug-R 180")][1]
    for key in ("clean", "robustness_clean", "rotation", "robustness"):
        record.arrays[key] = np.zeros_like(record.arrays[key])
    document = describe(FIG8, plan, ResultTable(records), "cpu")[0]
    assert document["remarks"] == [
        "StdCNN, Aug-R 180: 1 of 2 networks give one class to nearly all images; "
        "trends leave them out, and other claims about them are not judged"
    ]
    told = "; StdCNN, Aug-R 180: 1 of 2 networks give one class to nearly all images"
    assert here(document | {"jobs": []}).endswith(told)
    first, second = document["findings"][:2]
    assert "Aug-R, StdCNN" in first["claim"]
    for finding in (first, second):
        assert "Aug-R 180" not in finding["more"] + finding["less"]
        assert finding["rank"]["levels"] == [0, 60, 120]


def test_a_natural_accuracy_below_the_rotated_one_is_explained(invented):
    """Which reason is given follows from the outcomes, and from what the network was trained on."""
    plan = FIG8.plan("cpu", 2)
    records = invented(plan)

    def told(name, wrong):
        """Make some of a variant's images wrong where they are left as they are."""
        variant = named(plan, name)
        changed = []
        for record in records[variant]:
            labels, arrays = record.arrays["labels"], dict(record.arrays)
            arrays["rotation"] = np.broadcast_to(labels, arrays["rotation"].shape).copy()
            arrays["clean"] = np.where(np.arange(len(labels)) < wrong, (labels + 1) % 10, labels)
            changed.append(replace(record, arrays=arrays))
        table = ResultTable({**records, variant: changed})
        found = describe(FIG8, plan, table, "cpu")[0]["explanations"]
        return [line for line in found if line.startswith(f"{name}: ")]

    assert describe(FIG8, plan, ResultTable(records), "cpu")[0]["explanations"] == []
    (line,) = told("StdCNN, Aug-R 180", 36)
    assert "natural accuracy (82.0%) lies below accuracy under rotation, up to 180" in line
    assert "(100.0%)" in line
    assert "trained on images rotated at random" in line
    (line,) = told("StdCNN, Aug-T 0.2", 36)
    assert "was not trained on rotated images" in line
    assert told("StdCNN, Aug-R 180", 3) == []  # below what counts as an effect


def test_a_network_measured_under_several_attacks_is_explained_once(invented):
    made = experiment("stronger-attack")
    plan = made.plan("cpu", 2)
    records = invented(plan)
    rows = [variant for variant in plan.variants if variant.name.startswith("4 PGD (Aug 180)")]
    assert [row.jobs[0].digest for row in rows] == [rows[0].jobs[0].digest] * 3
    for row in rows:
        labels = records[rows[0]][0].arrays["labels"]
        same = {
            "labels": labels,
            "rotation": np.broadcast_to(labels, records[row][0].arrays["rotation"].shape),
            "clean": np.where(np.arange(len(labels)) < 36, (labels + 1) % 10, labels),
        }
        records[row] = [replace(one, arrays={**one.arrays, **same}) for one in records[row]]
    lines = describe(made, plan, ResultTable(records), "cpu")[0]["explanations"]
    assert [line.split(": ")[0] for line in lines if line.startswith("4 ")] == [rows[0].name]


def test_unknown_measures_are_refused(invented):
    plan = TABLE1.plan("cpu", 1)
    table = ResultTable(invented(plan))
    for measure in (Measure("distance"), replace(SPATIAL, value=77.0)):
        with pytest.raises(InputError):
            table.scores(measure, plan.variants[0])


def test_jobs_that_are_not_done_are_named(tmp_path):
    with pytest.raises(StoreError, match=r"cifar10 vgg16 .* is not done: its state is missing"):
        read_records(TABLE1.plan("cpu", 1), Store(tmp_path))


@pytest.mark.parametrize(("group", "count"), [(None, 23_010), ("p4", 89_910)])
def test_the_architecture_is_the_networks(group, count):
    options = {"channels": "same"} if group else {}
    spec = ModelSpec("stdcnn", 10, 1, 28, group=group, head="paper", options=options)
    table = layers(spec)
    assert table["parameters"] == count == count_parameters(build_spec(spec))
    assert sum(layer["parameters"] for layer in table["layers"]) == count
    kinds = [layer["kind"] for layer in table["layers"] if layer["parameters"]]
    assert len(kinds) == 6
    assert table["layers"][-1]["output"] == [10]
