"""Invariance against closed forms, brute force, and itself under other batch sizes."""

import numpy as np
import pytest
import torch
from scipy import stats

from spadv.empirical.data import Images
from spadv.empirical.evaluation import (
    EvaluationSettings,
    evaluate,
    predict,
    rate_of_invariance,
)
from spadv.empirical.randomness import make_generator
from spadv.empirical.transforms import rotate_translate
from spadv.stats import wilson


def measured(model, images, **wanted):
    return evaluate(model, images, EvaluationSettings.only(**wanted))


def motions(seed=0):
    """Return the generator of an evaluation's transformations."""
    return make_generator(seed, "evaluation", "motions")


def test_constant_network_is_invariant(networks, noise_images):
    images = noise_images(100, classes=3)
    kinds = {"rotations": (0, 90), "translations": (0, 0.3), "both": (0, 0.5)}
    record = measured(networks["Constant"](), images, **kinds, repeats=2, worst_rotation=90)
    for kind in ("rotation", "translation", "both", "worst"):
        profile = record.profile(kind)
        assert profile.keeps.all()
        repeats = profile.keeps.shape[1]
        right = profile.accuracy(0).successes
        assert right == repeats * int((images.labels == 2).sum())


@pytest.mark.parametrize("theta", [60, 90, 120, 150, 180])
def test_rotation_against_a_closed_form(theta, networks, spots, probability_of_keeping, level):
    count = 1500
    found = rate_of_invariance(
        networks["Halves"](), spots(count), rotation=theta, generator=make_generator(theta)
    )
    expected = probability_of_keeping(theta)
    # Rounding to pixels matters within half a degree of 90.
    successes = int(found.outcomes.sum())
    slack = [expected - 0.006, min(expected + 0.006, 1.0)]
    p_values = [stats.binomtest(successes, count, p).pvalue for p in (*slack, expected)]
    assert max(p_values) > level
    assert found.rate == successes / count
    assert found.interval == wilson(successes, count)


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.2])
def test_translation_against_a_closed_form(fraction, networks, level):
    """A column is found again only if it does not move: one shift of 2k + 1."""
    side, count = 20, 3000
    pixels = torch.zeros(count, 1, side, side, dtype=torch.uint8)
    pixels[..., 9] = 255
    images = Images(pixels, torch.full((count,), 9))
    found = rate_of_invariance(
        networks["Columns"](), images, translation=fraction, generator=make_generator(1)
    )
    reach = round(fraction * side)
    expected = 1 / (2 * reach + 1)
    assert stats.binomtest(int(found.outcomes.sum()), count, expected).pvalue > level


def test_mean_threshold_against_brute_force(networks, noise_images):
    """The same draws, applied one image at a time."""
    images = noise_images(60, side=15)
    model = networks["Mean"](0.4)
    u = torch.rand(2, 60, 3, generator=make_generator(3), dtype=torch.float64)
    found = rate_of_invariance(
        model, images, rotation=150, translation=0.2, generator=make_generator(3), repeats=2
    )
    expected = torch.zeros(2, 60, dtype=torch.bool)
    for repeat in range(2):
        for i in range(60):
            x = images.pixels[i : i + 1] / 255
            angle = (2 * u[repeat, i, 0].item() - 1) * 150
            dx, dy = (int(np.floor(v * 7)) - 3 for v in u[repeat, i, 1:].tolist())
            moved = rotate_translate(x, angle, dx, dy)
            expected[repeat, i] = (x.mean() > 0.4) == (moved.mean() > 0.4)
    assert torch.equal(found.outcomes, expected)
    assert 0.1 < found.rate < 0.9


@pytest.mark.parametrize("batch_size", [1, 13, 500])
def test_batch_size_and_kind_of_pixels_do_not_matter(batch_size, networks, noise_images):
    model, images = networks["Trained"](), noise_images(40)
    options = {"rotation": 90, "translation": 0.3, "repeats": 2}
    reference, sized, floats = (
        rate_of_invariance(model, x, generator=make_generator(5), batch_size=size, **options)
        for x, size in ((images, 17), (images, batch_size), (images.pixels / 255, batch_size))
    )
    assert torch.equal(sized.outcomes, reference.outcomes)
    assert torch.equal(floats.outcomes, reference.outcomes)


def test_settings_share_their_random_numbers(networks, spots, noise_images):
    thetas, model = (0, 30, 95, 120, 180), networks["Halves"]()
    record = measured(model, spots(400), rotations=thetas)
    kept = record.profile("rotation").keeps[:, 0]
    # Angles are theta u with the same u: who stays at a larger theta stays at a smaller one.
    assert (kept[1:] <= kept[:-1]).mean() > 0.995
    for number, theta in enumerate(thetas):
        alone = rate_of_invariance(model, spots(400), rotation=theta, generator=motions())
        assert np.array_equal(alone.outcomes, kept[number])
    # Another network, and other transformations, see the same numbers.
    images, model = noise_images(50), networks["Trained"]()
    both = measured(model, images, both=(0.3,), translations=(0.1,)).profile("both")
    joint = rate_of_invariance(model, images, rotation=54, translation=0.3, generator=motions())
    assert np.array_equal(both.keeps[0, 0], joint.outcomes)


def test_setting_zero_is_the_unchanged_image(networks, noise_images):
    model, images = networks["Trained"](), noise_images(30)
    values = {"rotations": (60, 0), "translations": (0.2, 0), "both": (0.5, 0)}
    record = measured(model, images, **values, repeats=2)
    for kind in ("rotation", "translation", "both"):
        profile = record.profile(kind)
        zero = profile.number_of(0)
        assert profile.keeps[zero].all()
        right = int((predict(model, images) == images.labels).sum())
        assert profile.accuracy(zero).successes == 2 * right
        with pytest.raises(ValueError, match="be one of the measured"):
            profile.number_of(0.7)


def test_references_may_be_wrong_predictions(networks, noise_images):
    """The rate of invariance asks for the same class, not for the right one."""
    images = noise_images(50)
    wrong = Images(images.pixels, (predict(networks["Trained"](), images) + 1) % 4)
    found = measured(networks["Trained"](), wrong, rotations=(0,)).profile("rotation")
    assert found.unchanged(0).value == 1
    assert found.accuracy(0).value == 0


def test_worst_case_against_brute_force(networks, noise_images):
    """31 angles and 5 shifts in each direction, in whole pixels."""
    model, images = networks["Trained"](), noise_images(30, side=10)
    found = measured(model, images, worst_rotation=15, worst_translation=0.2).profile("worst")
    x, reference = images.pixels / 255, predict(model, images)
    keeps = torch.ones(30, dtype=torch.bool)
    right = torch.ones(30, dtype=torch.bool)
    for degrees in range(-15, 16):
        for dx in (-2, -1, 0, 1, 2):
            for dy in (-2, -1, 0, 1, 2):
                moved = predict(model, rotate_translate(x, degrees, dx, dy))
                keeps &= moved == reference
                right &= moved == images.labels
    assert np.array_equal(found.keeps[0, 0], keeps)
    assert np.array_equal(found.correct[0, 0], right)
    assert 0 < keeps.sum() < 30


def test_worst_case_is_below_the_random_one(networks, noise_images):
    model, images = networks["Trained"](), noise_images(100)
    record = measured(model, images, rotations=(60,), worst_rotation=60)
    worst = record.profile("worst")
    assert worst.unchanged(0).value <= record.profile("rotation").unchanged(0).value
    assert worst.accuracy(0).value <= record.natural_accuracy().value


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rotation": 190}, "'rotation'"),
        ({"translation": -0.1}, "'translation'"),
        ({"rotation": 10, "generator": -1}, "'generator'"),
        ({"repeats": 0}, "'repeats'"),
        ({"level": 2}, "'level'"),
        ({"batch_size": 0}, "'batch_size'"),
        ({"x": torch.zeros(0, 1, 12, 12)}, "at least one image"),
    ],
)
def test_bad_input(change, match, networks, noise_images, generator):
    arguments = {"x": noise_images(5), "generator": generator, **change}
    with pytest.raises(ValueError, match=match):
        rate_of_invariance(networks["Trained"](), **arguments)
