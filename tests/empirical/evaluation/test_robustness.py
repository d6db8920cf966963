"""Robustness profiles and distances against closed forms of a threshold on the mean."""

import importlib

import numpy as np
import pytest
import torch

from spadv.empirical.attacks import Normalised
from spadv.empirical.data import Images
from spadv.empirical.evaluation import EvaluationSettings, evaluate, predict
from spadv.stats import wilson

BUDGETS = (0, "4/255", "8/255", "16/255")
PGD = {"budgets": BUDGETS, "steps": 10, "step_size": "4/255"}
module = importlib.import_module("spadv.empirical.evaluation.evaluate")


def measured(model, images, **wanted):
    return evaluate(model, images, EvaluationSettings.only(**wanted))


@pytest.fixture
def mean(networks):
    return networks["Mean"](0.5)


@pytest.fixture(scope="module")
def grey():
    """Return images of one grey each, so far from black and white that no pixel is clipped."""
    values = torch.arange(98, 158, dtype=torch.uint8)
    pixels = values.view(-1, 1, 1, 1).expand(-1, 1, 4, 4).contiguous()
    # A fifth of the labels is wrong.
    labels = (values > 127).long() ^ (torch.arange(60) % 5 == 0)
    return Images(pixels, labels)


def margins(images):
    """Distance of the mean pixel to the threshold."""
    return (images.pixels.double().mean((1, 2, 3)) / 255 - 0.5).abs().numpy()


def test_fooling_in_closed_form(mean, grey):
    found = measured(mean, grey, **PGD).profile("robustness")
    assert found.values == (0.0, 4 / 255, 8 / 255, 16 / 255)
    right = (predict(mean, grey) == grey.labels).numpy()
    for number, budget in enumerate(found.values):
        # Pixels are whole 255ths and the threshold a half: no margin equals a budget.
        kept = margins(grey) > budget
        # The attack goes away from the label: a wrong prediction is only made surer.
        expected = np.where(right, kept, True)
        assert np.array_equal(found.keeps[number, 0], expected)
        assert np.array_equal(found.correct[number, 0], right & kept)
        rate = found.unchanged(number)
        assert rate.interval == wilson(int(expected.sum()), 60)
    rows = found.rows()
    assert set(rows[0]) == {"value", "one_minus_fooling_rate", "accuracy"}
    assert rows[0]["one_minus_fooling_rate"]["value"] == 1


@pytest.mark.parametrize(
    "strong", [{"attack": "apgd", "steps": 20, "step_size": None}, {"iterate": "best"}]
)
def test_attacks_whose_best_result_counts(strong, mean, grey):
    """Every image within reach of the boundary is fooled; wrong ones stay wrong."""
    found = measured(mean, grey, **{**PGD, **strong}).profile("robustness")
    right = (predict(mean, grey) == grey.labels).numpy()
    for number, budget in enumerate(found.values):
        kept = margins(grey) > budget
        assert np.array_equal(found.keeps[number, 0], kept)
        assert np.array_equal(found.correct[number, 0], right & kept)


def test_distance_in_closed_form(mean, grey):
    """Moving the mean by m takes m sqrt(pixels), every pixel alike; DeepFool overshoots by 2%."""
    record = measured(mean, grey, distance_images=500, batch_size=7)
    expected = 1.02 * margins(grey) * np.sqrt(16)
    assert record.distances() == pytest.approx(expected, rel=0.02, abs=1e-3)
    shown = record.summary()["distance"]
    assert (shown["count"], shown["missing"]) == (60, 0)
    assert shown["value"] == pytest.approx(record.distances().mean(), rel=1e-6)
    assert shown["interval"]["low"] < expected.mean() < shown["interval"]["high"]
    assert len(measured(mean, grey, distance_images=25).distances()) == 25


def test_distances_that_were_not_found_are_counted_not_averaged(mean, grey):
    record = measured(mean, grey, distance_images=4)
    record.arrays["distance"] = np.array([1.0, np.inf, 2.0, 3.0], dtype=np.float32)
    shown = record.summary()["distance"]
    assert (shown["missing"], shown["value"], shown["count"]) == (1, 2.0, 3)
    record.arrays["distance"] = np.full(4, np.inf, dtype=np.float32)
    nothing = {"value": None, "count": 0, "interval": None, "missing": 4}
    assert record.summary()["distance"] == nothing


def test_interrupted_attacks_go_on(networks, noise_images, tmp_path, monkeypatch):
    """Every block has starts of its own, so that it does not matter where one stopped."""
    monkeypatch.setattr(module, "ATTACK_BLOCK", 16)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    model, images = networks["Trained"](), noise_images(40)
    settings = EvaluationSettings.only(budgets=("2/255", "8/255"), steps=3)
    reference = evaluate(model, images, settings)

    def stop(done, total, message=""):
        if message == "robustness" and done > 0.5 * total:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        evaluate(model, images, settings, folder=tmp_path, progress=stop)
    resumed = evaluate(model, images, settings, folder=tmp_path)
    assert np.array_equal(resumed.arrays["robustness"], reference.arrays["robustness"])


def test_every_block_is_attacked_from_other_starts(networks, noise_images, monkeypatch):
    monkeypatch.setattr(module, "ATTACK_BLOCK", 16)
    seeds, attack = [], module.attack_profile

    def watched(*arguments, **options):
        seeds.append(options["generator"].initial_seed())
        return attack(*arguments, **options)

    monkeypatch.setattr(module, "attack_profile", watched)
    for seed in (0, 1):
        measured(networks["Trained"](), noise_images(40), budgets=(0.1,), steps=1, seed=seed)
    assert len(seeds) == len(set(seeds)) == 6


def test_batch_size_does_not_matter_and_is_no_part_of_the_identity(networks, noise_images):
    model, images = networks["Trained"](), noise_images(30)
    one, other = (
        measured(model, images, budgets=("8/255",), steps=3, batch_size=size) for size in (7, 100)
    )
    assert np.array_equal(one.arrays["robustness"], other.arrays["robustness"])
    assert one.identity == other.identity


def test_official_rules(networks, noise_images):
    trained, images = networks["Trained"](), noise_images(20)
    options = {"budgets": (0, "8/255"), "steps": 2, "protocol": "official"}
    with pytest.raises(ValueError, match=r"Normalised\(network, mean, std\)"):
        measured(trained, images, **options)  # before anything is measured
    inside = Normalised(networks["Trained"](), (0.5,), (0.25,))
    record = measured(inside, images, **options)
    assert record.protocol["name"] == "official"
    assert record.protocol["clip"] == [-1.0, 1.0]
    corrected = measured(inside, images, **{**options, "protocol": "corrected"})
    assert corrected.identity != record.identity
    assert corrected.profile("robustness").unchanged(0).value == 1
