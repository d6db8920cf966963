"""Measured against predicted: binary tasks, trainings that resume, the registered verdict."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from spadv.empirical.data import load
from spadv.empirical.prediction import SCALES, PairMeasurement, Point, binary_task, order
from spadv.empirical.training import load_run
from spadv.errors import InputError, StoreError
from spadv.stats import wilson
from spadv.store import Store
from spadv.theory.images import loss_of, upper_hull


@pytest.fixture(scope="module")
def sample():
    return load("mnist-sample")


def test_a_binary_task_is_two_classes_in_order(sample):
    scale = SCALES["smoke"]
    task = binary_task(sample, "8", "3", scale)
    assert task.classes == ("8", "3")
    labels = sample.train.labels
    places = [i for i, label in enumerate(labels.tolist()) if label in (3, 8)][: scale.images]
    assert torch.equal(task.train.pixels, sample.train.pixels[places])
    assert torch.equal(task.train.labels, (labels[places] == 3).long())
    assert sorted(torch.unique(task.test.labels).tolist()) == [0, 1]
    with pytest.raises(InputError, match="have 2000 images of 8 and 3"):
        binary_task(sample, "8", "3", SCALES["cpu"])


def _rows(predicted, measured):
    names = [f"{a}-{b}" for a in "abcdefghij" for b in "abcdefghij" if a < b]
    pairs = zip(names, predicted, measured, strict=False)
    return [{"task": n, "predicted": p, "measured": m} for n, p, m in pairs]


def test_the_verdict_is_the_registered_one():
    x = np.linspace(0, 1, 45)
    rng = np.random.default_rng(0)
    perfect = order(_rows(x, x**2))
    assert perfect["correlation"] == pytest.approx(1)
    assert perfect["verdict"] == "the theory predicts the order"
    none = order(_rows(x, rng.random(45)))
    assert none["interval"]["low"] < 0 < none["interval"]["high"]
    assert none["verdict"] == "the theory does not predict the order"
    assert order(_rows(x, 1 - x))["verdict"] == "the theory does not predict the order"
    some = order(_rows(x, x + 0.6 * rng.standard_normal(45)))
    assert 0 < some["interval"]["low"] < 0.4
    assert some["verdict"] == "the theory predicts part of the order"
    assert order(_rows(x[:4], x[:4]))["correlation"] is None


def test_measuring_goes_on_and_tells_what_was_measured(spadv, tmp_path, sample):
    words = "--rotations 0,90 --budgets 0.1 --out"
    assert spadv("predict", "--classes", "3,8", *words.split(), tmp_path).status == 0
    words = "--measure R:90:0.1 --networks linear --seeds 2 --scale smoke --json --out"
    found = spadv("predict", *words.split(), tmp_path).json
    runs = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.json")}
    assert spadv("predict", *words.split(), tmp_path).json == found
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "runs").rglob("*.json")} == runs
    assert (tmp_path / "measured-rotation-90-0.1.png").is_file()

    (row,) = found["rows"]
    means = {kind: np.mean(scores, axis=0) for kind, scores in row["scores"].items()}
    assert row["measured"] == pytest.approx(loss_of(upper_hull(list(means.values()))))
    prediction = json.loads((tmp_path / "prediction.json").read_text())
    assert row["predicted"] == prediction["tasks"][0]["ranges"][0]["budgets"][0]["loss"]

    # A linear network's accuracy under attack is known: PGD finds nearly the same.
    measured = PairMeasurement(prediction, Point.parse("R:90:0.1"), "smoke", ("linear",), 2)
    task = binary_task(sample, "3", "8", SCALES["smoke"])
    x, y = task.test.batch(slice(0, SCALES["smoke"].test))
    jobs = measured.jobs(prediction["tasks"][0])["linear"]
    for job, (_, a) in zip(jobs["pgd"], row["scores"]["pgd"], strict=True):
        model = load_run(job.folder(Store(tmp_path / "runs")).path, "cpu").model
        weights = model.head.fc.weight.detach()
        sign = (2 * y - 1).float()[:, None]
        w = (weights[1] - weights[0]) * -sign  # the attack's direction
        moved = (x.flatten(1) + 0.1 * w.sign()).clamp(0, 1)
        exact = (model(moved.view_as(x)).argmax(1) == y).float().mean()
        assert a in wilson(round(float(exact) * len(y)), len(y), 0.999)
        assert a >= float(exact) - 1e-6


def test_another_data_set_or_point_is_refused(sample, tmp_path):
    ranges = [{"kind": "rotation", "range": 90.0, "budgets": [{"budget": 0.1, "loss": 0.2}]}]
    task = {"task": "3-8", "classes": [["3"], ["8"]], "ranges": ranges}
    document = {"data": "x", "digest": "0" * 64, "budgets": [0.1], "tasks": [task]}
    with pytest.raises(InputError, match="be a range and a budget of the prediction"):
        PairMeasurement(document, Point.parse("R:30:0.1"))
    with pytest.raises(InputError, match="be such as R:90"):
        Point.parse("90")
    rest = {"task": "3-rest", "classes": [["3"], ["8", "9"]], "ranges": ranges}
    with pytest.raises(InputError, match="be pairs of classes"):
        PairMeasurement({**document, "tasks": [rest]}, Point.parse("R:90:0.1"))
    with pytest.raises(StoreError, match="has other images than the prediction"):
        PairMeasurement(document, Point.parse("R:90:0.1")).run(sample, Store(tmp_path))
