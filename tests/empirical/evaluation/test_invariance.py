"""Invariance against closed forms, Augmentation, and itself under other batch sizes."""

import numpy as np
import pytest
import torch
from scipy import stats

from spadv.empirical.data import Images
from spadv.empirical.evaluation import (
    invariance_profile,
    natural_accuracy,
    predict,
    rate_of_invariance,
    spatial_accuracy,
    worst_case,
)
from spadv.empirical.randomness import make_generator
from spadv.empirical.transforms import rotate, rotate_translate
from spadv.stats import wilson


def test_constant_network_is_invariant(networks, noise_images, generator):
    images = noise_images(100)
    outcomes = invariance_profile(networks["Constant"](), images, generator=generator, repeats=2)
    for profile in outcomes.profiles():
        for number in range(len(profile.values)):
            assert profile.unchanged(number).value == 1
            accuracy = profile.accuracy(number)
            assert accuracy.successes == 2 * int((images.labels == 2).sum())


@pytest.mark.parametrize("theta", [60, 90, 120, 150, 180])
def test_rotation_against_a_closed_form(theta, networks, spots, probability_of_keeping, level):
    count = 1500
    measured = rate_of_invariance(
        networks["Halves"](), spots(count), rotation=theta, generator=make_generator(theta)
    )
    expected = probability_of_keeping(theta)
    # Rounding to pixels matters within half a degree of 90.
    successes = int(measured.outcomes.sum())
    slack = [expected - 0.006, min(expected + 0.006, 1.0)]
    p_values = [stats.binomtest(successes, count, p).pvalue for p in (*slack, expected)]
    assert max(p_values) > level
    assert measured.rate == successes / count
    assert measured.interval == wilson(successes, count)
    again = spatial_accuracy(
        networks["Halves"](), spots(count), rotation=theta, generator=make_generator(theta)
    )
    assert torch.equal(again.outcomes, measured.outcomes)  # label and prediction are both 1


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.2])
def test_translation_against_a_closed_form(fraction, networks, level):
    """A column is found again only if it does not move: one shift of 2k + 1."""
    side, count = 20, 3000
    pixels = torch.zeros(count, 1, side, side, dtype=torch.uint8)
    pixels[..., 9] = 255
    images = Images(pixels, torch.full((count,), 9))
    measured = rate_of_invariance(
        networks["Columns"](), images, translation=fraction, generator=make_generator(1)
    )
    reach = round(fraction * side)
    expected = 1 / (2 * reach + 1)
    assert stats.binomtest(int(measured.outcomes.sum()), count, expected).pvalue > level


def test_mean_threshold_against_brute_force(networks, noise_images):
    """The same draws, applied one image at a time."""
    images = noise_images(60, side=15)
    model = networks["Mean"](0.4)
    u = torch.rand(2, 60, 3, generator=make_generator(3), dtype=torch.float64)
    measured = rate_of_invariance(
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
    assert torch.equal(measured.outcomes, expected)
    assert 0.1 < measured.rate < 0.9


@pytest.mark.parametrize("batch_size", [1, 13, 500])
def test_batch_size_does_not_matter(batch_size, networks, noise_images):
    model, images = networks["Trained"](), noise_images(40)
    options = {"rotations": (0, 90), "translations": (0.3,), "both": (0.5,), "repeats": 2}
    found, reference = (
        invariance_profile(model, images, generator=make_generator(5), batch_size=size, **options)
        for size in (batch_size, 17)
    )
    for one, other in zip(found.profiles(), reference.profiles(), strict=True):
        assert np.array_equal(one.changed, other.changed)
        assert np.array_equal(one.clean, other.clean)


def test_settings_share_their_random_numbers(networks, spots, noise_images):
    thetas = (0, 30, 95, 120, 180)
    outcomes = invariance_profile(
        networks["Halves"](),
        spots(400),
        rotations=thetas,
        translations=(),
        both=(),
        generator=make_generator(6),
    )
    assert outcomes.translation is None
    assert outcomes.both is None
    profile = outcomes.rotation
    kept = np.stack([profile.keeps(k)[0] for k in range(len(thetas))])
    # Angles are theta u with the same u: who stays at a larger theta stays at a smaller one.
    assert (kept[1:] <= kept[:-1]).mean() > 0.995
    for number, theta in enumerate(thetas):
        alone = rate_of_invariance(
            networks["Halves"](), spots(400), rotation=theta, generator=make_generator(6)
        )
        assert np.array_equal(alone.outcomes.numpy(), kept[number])
    # Another network sees the same moved images.
    images, model = noise_images(50), networks["Trained"]()
    both = invariance_profile(model, images, both=(0.3,), generator=make_generator(7))
    joint = rate_of_invariance(
        model, images, rotation=54, translation=0.3, generator=make_generator(7)
    )
    assert np.array_equal(both.both.keeps(0)[0], joint.outcomes.numpy())


def test_setting_zero_is_the_unchanged_image(networks, noise_images, generator):
    model, images = networks["Trained"](), noise_images(30)
    outcomes = invariance_profile(model, images, generator=generator)
    for profile in outcomes.profiles():
        number = profile.number_of(0)
        assert np.array_equal(profile.changed[number, 0], profile.clean)
        assert profile.unchanged(number).value == 1
        natural = natural_accuracy(model, images)
        assert profile.accuracy(number).value == natural.rate
        assert profile.accuracy(number).interval == natural.interval


def test_tensors_and_images_agree(networks, noise_images):
    model, images = networks["Trained"](), noise_images(30)
    x = images.pixels / 255
    args = {"rotations": (45,), "translations": (), "both": (0.2,)}
    one = invariance_profile(model, images, generator=make_generator(8), **args)
    other = invariance_profile(model, x, images.labels, generator=make_generator(8), **args)
    bare = invariance_profile(model, x, generator=make_generator(8), **args)
    assert one.rows() == other.rows()
    assert set(one.rows()) == {"rotation", "both"}
    assert "accuracy" not in bare.rows()["rotation"][0]
    with pytest.raises(ValueError, match="accuracy needs them"):
        bare.rotation.accuracy(0)
    kept = bare.rotation.unchanged(0).value
    assert kept == one.rotation.unchanged(0).value


def test_natural_accuracy(networks, noise_images):
    model, images = networks["Trained"](), noise_images(77)
    found = natural_accuracy(model, images)
    right = int((predict(model, images) == images.labels).sum())
    assert found.rate == right / 77
    assert found.interval == wilson(right, 77)
    with pytest.raises(ValueError, match="accuracy needs labels"):
        natural_accuracy(model, images.pixels / 255)


def test_quarter_turns_leave_an_invariant_network_alone(networks, noise_images):
    images = noise_images(300, side=16)
    found = worst_case(networks["Radial"](), images, rotation=180, angles=5)
    assert found.keeps.all()
    assert found.unchanged().value == 1
    tilted = worst_case(networks["Radial"](), images, rotation=135, angles=7)
    assert not tilted.keeps.all()


def test_worst_case_against_brute_force(networks, noise_images):
    model, images = networks["Trained"](), noise_images(40, side=10)
    found = worst_case(
        model, images, rotation=30, translation=0.2, angles=5, shifts=3, batch_size=9
    )
    x, reference = images.pixels / 255, predict(model, images)
    keeps = torch.ones(40, dtype=torch.bool)
    right = torch.ones(40, dtype=torch.bool)
    for degrees in (-30, -15, 0, 15, 30):
        for dx in (-2, 0, 2):
            for dy in (-2, 0, 2):
                moved = predict(model, rotate_translate(x, degrees, dx, dy))
                keeps &= moved == reference
                right &= moved == images.labels
    assert np.array_equal(found.keeps, keeps.numpy())
    assert np.array_equal(found.correct, right.numpy())
    assert 0 < keeps.sum() < 40


def test_worst_case_is_below_the_random_one(networks, noise_images):
    model, images = networks["Trained"](), noise_images(100)
    worst = worst_case(model, images, rotation=60)
    random = rate_of_invariance(model, images, rotation=60, generator=make_generator(9))
    assert worst.unchanged().value <= random.rate
    assert worst.accuracy().value <= natural_accuracy(model, images).rate
    bare = worst_case(model, images.pixels / 255, rotation=60)
    assert np.array_equal(bare.keeps, worst.keeps)
    assert bare.correct is None


def test_references_may_be_wrong_predictions(networks, noise_images):
    """The rate of invariance asks for the same class, not for the right one."""
    images = noise_images(50)
    wrong = Images(images.pixels, (predict(networks["Trained"](), images) + 1) % 4)
    found = invariance_profile(
        networks["Trained"](), wrong, rotations=(0,), generator=make_generator(1)
    )
    assert found.rotation.unchanged(0).value == 1
    assert found.rotation.accuracy(0).value == 0


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda m, x, g: rate_of_invariance(m, x, rotation=190, generator=g), "'rotation'"),
        (lambda m, x, g: rate_of_invariance(m, x, translation=-0.1, generator=g), "'translation'"),
        (lambda m, x, g: rate_of_invariance(m, x, rotation=10, generator=None), "'generator'"),
        (lambda m, x, g: rate_of_invariance(m, x, generator=g, repeats=0), "'repeats'"),
        (lambda m, x, g: rate_of_invariance(m, x, generator=g, level=2), "'level'"),
        (lambda m, x, g: rate_of_invariance(m, x.take(0), generator=g), "at least one image"),
        (lambda m, x, g: spatial_accuracy(m, x.pixels / 255, generator=g), "needs labels"),
        (lambda m, x, g: spatial_accuracy(m, x, x.labels, generator=g), "carry their labels"),
        (lambda m, x, g: invariance_profile(m, x, rotations=(1, 1), generator=g), "twice"),
        (lambda m, x, g: invariance_profile(m, x, rotations="90", generator=g), "sequence"),
        (lambda m, x, g: invariance_profile(m, x, both=(2,), generator=g), "'both'"),
        (lambda m, x, g: worst_case(m, x, angles=0), "'angles'"),
        (lambda m, x, g: worst_case(m, x.take(0)), "at least one image"),
        (lambda m, x, g: rotate(x.pixels, None), "'degrees'"),
    ],
)
def test_bad_input(call, match, networks, noise_images, generator):
    with pytest.raises(ValueError, match=match):
        call(networks["Trained"](), noise_images(5), generator)
