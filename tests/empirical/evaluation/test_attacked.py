"""Robustness profiles and distances against closed forms of a threshold on the mean."""

import numpy as np
import pytest
import torch

from spadv.empirical.attacks import Normalised
from spadv.empirical.data import Images
from spadv.empirical.evaluation import (
    Distances,
    EvaluationSettings,
    boundary_distance,
    evaluate,
    predict,
    robustness_profile,
)
from spadv.empirical.randomness import make_generator
from spadv.stats import wilson

BUDGETS = (0, "4/255", "8/255", "16/255")
PGD = {"budgets": BUDGETS, "steps": 10, "step_size": "4/255"}
NO_MOTIONS = {"rotations": (), "translations": (), "both": (), "distance_images": 0}


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
    found = robustness_profile(mean, grey, **PGD, generator=make_generator(0))
    assert found.values == (0.0, 4 / 255, 8 / 255, 16 / 255)
    right = (predict(mean, grey) == grey.labels).numpy()
    for number, budget in enumerate(found.values):
        # Pixels are whole 255ths and the threshold a half: no margin equals a budget.
        kept = margins(grey) > budget
        # The attack goes away from the label: a wrong prediction is only made surer.
        expected = np.where(right, kept, True)
        assert np.array_equal(found.keeps(number)[0], expected)
        assert np.array_equal(found.correct(number)[0], right & kept)
        rate = found.unchanged(number)
        assert rate.interval == wilson(int(expected.sum()), 60)
    rows = found.rows()
    assert set(rows[0]) == {"value", "one_minus_fooling_rate", "accuracy"}
    assert rows[0]["one_minus_fooling_rate"]["value"] == 1


@pytest.mark.parametrize(
    "strong", [{"attack": "apgd", "steps": 20}, {"attack": "pgd", "iterate": "best"}]
)
def test_attacks_whose_best_result_counts(strong, mean, grey):
    """Every image within reach of the boundary is fooled; wrong ones stay wrong."""
    options = {**PGD, **strong}
    if strong["attack"] != "pgd":
        options["step_size"] = None
    found = robustness_profile(mean, grey, **options, generator=make_generator(0))
    right = (predict(mean, grey) == grey.labels).numpy()
    for number, budget in enumerate(found.values):
        kept = margins(grey) > budget
        assert np.array_equal(found.keeps(number)[0], kept)
        assert np.array_equal(found.correct(number)[0], right & kept)


def test_without_labels_there_are_no_accuracies(mean, grey):
    found = robustness_profile(mean, grey.pixels / 255, **PGD, generator=make_generator(0))
    for number, budget in enumerate(found.values):
        assert np.array_equal(found.keeps(number)[0], margins(grey) > budget)
    assert "accuracy" not in found.rows()[0]


def test_distance_in_closed_form(mean, grey):
    """Moving the mean by m takes m sqrt(pixels), every pixel alike; DeepFool overshoots by 2%."""
    found = boundary_distance(mean, grey, batch_size=7)
    expected = 1.02 * margins(grey) * np.sqrt(16)
    assert found.l2 == pytest.approx(expected, rel=0.02, abs=1e-3)
    assert found.missing == 0
    assert found.mean().value == pytest.approx(found.l2.mean(), rel=1e-6)
    assert found.mean().interval.low < expected.mean() < found.mean().interval.high


def test_distances_that_were_not_found_are_counted_not_averaged():
    found = Distances(np.array([1.0, np.inf, 2.0, 3.0], dtype=np.float32))
    assert (found.missing, found.mean().value, found.mean().count) == (1, 2.0, 3)
    assert found.to_json()["missing"] == 1
    nothing = Distances(np.full(3, np.inf, dtype=np.float32))
    assert nothing.mean() is None
    assert nothing.to_json() == {"value": None, "count": 0, "interval": None, "missing": 3}


def test_evaluations_hold_the_same(mean, grey, tmp_path):
    settings = EvaluationSettings(
        **{**NO_MOTIONS, "distance_images": 25}, budgets=BUDGETS, steps=10, step_size="4/255"
    )
    record = evaluate(mean, grey, settings, folder=tmp_path)
    alone = robustness_profile(mean, grey, **PGD, generator=make_generator(0))
    profile = record.profile("robustness")
    assert np.array_equal(profile.changed, alone.changed)
    assert record.distances().l2 == pytest.approx(boundary_distance(mean, grey.take(25)).l2)
    assert record.summary()["distance"]["count"] == 25
    strong = EvaluationSettings(
        **NO_MOTIONS, budgets=BUDGETS, attack="apgd", steps=20, step_size=None
    )
    found = evaluate(mean, grey, strong, folder=tmp_path).profile("robustness")
    assert found.right_before
    assert not profile.right_before
    assert found.accuracy(3).value <= profile.accuracy(3).value


def test_interrupted_attacks_go_on(networks, noise_images, tmp_path, monkeypatch):
    """Every block has starts of its own, so that it does not matter where one stopped."""
    from spadv.empirical.evaluation import run

    monkeypatch.setattr(run, "ATTACK_BLOCK", 16)
    monkeypatch.setattr(run, "PAUSE", 0.0)
    model, images = networks["Trained"](), noise_images(40)
    settings = EvaluationSettings(**NO_MOTIONS, budgets=("2/255", "8/255"), steps=3)
    reference = evaluate(model, images, settings)

    def stop(done, total, message=""):
        if message == "robustness" and done > 0.5 * total:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        evaluate(model, images, settings, folder=tmp_path, progress=stop)
    resumed = evaluate(model, images, settings, folder=tmp_path)
    assert np.array_equal(resumed.arrays["robustness"], reference.arrays["robustness"])


def test_every_block_is_attacked_from_other_starts(networks, noise_images, monkeypatch):
    from spadv.empirical.evaluation import run

    monkeypatch.setattr(run, "ATTACK_BLOCK", 16)
    seeds, attack = [], run.robustness_profile

    def watched(*arguments, **options):
        seeds.append(options["generator"].initial_seed())
        return attack(*arguments, **options)

    monkeypatch.setattr(run, "robustness_profile", watched)
    for seed in (0, 1):
        settings = EvaluationSettings(**NO_MOTIONS, budgets=(0.1,), steps=1, seed=seed)
        evaluate(networks["Trained"](), noise_images(40), settings)
    assert len(seeds) == len(set(seeds)) == 6


def test_batch_size_does_not_matter_and_is_no_part_of_the_identity(
    networks, noise_images, tmp_path
):
    model, images = networks["Trained"](), noise_images(30)
    records = [
        evaluate(
            model,
            images,
            EvaluationSettings(**NO_MOTIONS, budgets=("8/255",), steps=3, batch_size=size),
        )
        for size in (7, 100)
    ]
    one, other = records
    assert np.array_equal(one.arrays["robustness"], other.arrays["robustness"])
    assert one.identity == other.identity


def test_official_rules(networks, noise_images):
    trained, images = networks["Trained"](), noise_images(20)
    options = {**NO_MOTIONS, "budgets": (0, "8/255"), "steps": 2, "protocol": "official"}
    settings = EvaluationSettings(**options)
    with pytest.raises(ValueError, match=r"Normalised\(network, mean, std\)"):
        evaluate(trained, images, settings)  # before anything is measured
    inside = Normalised(networks["Trained"](), (0.5,), (0.25,))
    record = evaluate(inside, images, settings)
    assert record.protocol["name"] == "official"
    assert record.protocol["clip"] == [-1.0, 1.0]
    corrected = evaluate(inside, images, EvaluationSettings(**{**options, "protocol": "corrected"}))
    assert corrected.identity != record.identity
    assert corrected.profile("robustness").unchanged(0).value == 1


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda m, x, g: robustness_profile(m, x, budgets=(), generator=g), "'budgets'"),
        (lambda m, x, g: robustness_profile(m, x, budgets="8/255", generator=g), "'budgets'"),
        (lambda m, x, g: robustness_profile(m, x, budgets=(2,), generator=g), "at most 1"),
        (lambda m, x, g: robustness_profile(m, x, budgets=(0, 0), generator=g), "twice"),
        (lambda m, x, g: robustness_profile(m, x.take(0), budgets=(0,), generator=g), "at least"),
        (lambda m, x, g: robustness_profile(m, x, budgets=(0.1,), generator=None), "'generator'"),
        (lambda m, x, g: robustness_profile(m, x, budgets=(0.1,), attack="x", generator=g), "pgd"),
        (lambda m, x, g: boundary_distance(m, x.take(0)), "at least one image"),
        (lambda m, x, g: boundary_distance(m, x, batch_size=0), "'batch_size'"),
        (lambda m, x, g: boundary_distance(m, x, num_classes=1), "'num_classes'"),
    ],
)
def test_bad_input(call, match, mean, grey, generator):
    with pytest.raises(ValueError, match=match):
        call(mean, grey, generator)
