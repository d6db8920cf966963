"""Random crops, flips and augmentations: laws, streams, and their written form."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torchvision import transforms

from spadv.empirical.randomness import make_generator
from spadv.empirical.transforms import (
    Augmentation,
    augment,
    random_crop,
    random_flip,
    rotate_translate,
    translate,
)

LEVEL = 1e-6


def shifts_of(moved, side, reach):
    """Read off by how much an image with one bright pixel in the middle was moved."""
    place = moved.flatten(1).argmax(1)
    middle = side // 2
    return place % side - middle + reach, place // side - middle + reach


def one_dot(count, side):
    x = torch.zeros(count, 1, side, side)
    x[:, :, side // 2, side // 2] = 1
    return x


def test_crop_has_the_law_of_torchvisions(generator):
    side, padding, count = 11, 2, 5000
    across, down = shifts_of(random_crop(one_dot(count, side), padding, generator), side, padding)
    seen = torch.bincount(across * 5 + down, minlength=25).numpy()
    assert stats.chisquare(seen).pvalue > LEVEL
    crop = transforms.RandomCrop(side, padding=padding)
    torch.manual_seed(0)
    theirs = torch.stack([crop(image) for image in one_dot(count, side)])
    across, down = shifts_of(theirs, side, padding)
    other = torch.bincount(across * 5 + down, minlength=25).numpy()
    assert stats.chi2_contingency([seen, other]).pvalue > LEVEL


def test_crop_moves_whole_images(generator, noise):
    x = noise(50, 3, 8, 8)
    cropped = random_crop(x, 3, generator)
    moves = [(dx, dy) for dx in range(-3, 4) for dy in range(-3, 4)]
    candidates = torch.stack([translate(x, *move) for move in moves])
    assert (candidates == cropped).flatten(2).all(2).any(0).all()


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.5, 1.0])
def test_flip(probability, generator, noise):
    x = noise(3000, 1, 3, 5)
    flipped = random_flip(x, generator, probability)
    mirrored = (flipped == x.flip(3)).flatten(1).all(1)
    assert (mirrored | (flipped == x).flatten(1).all(1)).all()
    assert stats.binomtest(int(mirrored.sum()), 3000, probability).pvalue > LEVEL


def test_augmented_shifts_are_uniform_whole_pixels(generator):
    side = 28
    augmentation = Augmentation(translation=0.1)  # round(2.8) = 3
    moved = augment(one_dot(5000, side), augmentation, generator)
    across, down = shifts_of(moved, side, 3)
    counts = torch.bincount(across * 7 + down, minlength=49).numpy()
    assert len(counts) == 49
    assert stats.chisquare(counts).pvalue > LEVEL


def test_augmented_angles_are_uniform():
    count, side, bound = 400, 201, 60
    x = torch.zeros(count, 1, side, side, dtype=torch.uint8)
    x[:, :, :60, side // 2] = 1  # a hand that points upwards
    turned = augment(x, Augmentation(rotation=bound), make_generator(0))[:, 0].double()
    places = torch.arange(side) - side // 2
    right, up = (turned.sum(1) * places).sum(1), -(turned.sum(2) * places).sum(1)
    angles = torch.rad2deg(torch.atan2(-right, up))
    assert stats.kstest(angles.numpy(), stats.uniform(-bound, 2 * bound).cdf).pvalue > LEVEL


def test_order_is_crop_flip_then_one_resampling(noise):
    x = noise(40, 3, 16, 16)
    full = Augmentation(rotation=70, translation=0.2, crop=4, flip=True)
    drawn = torch.rand(40, 6, generator=make_generator(5), dtype=torch.float64)
    expected = []
    for image, u in zip(x, drawn.tolist(), strict=True):
        moves = [math.floor(v * 9) - 4 for v in u[:2]]
        image = translate(image[None], *moves)
        image = image.flip(3) if u[2] < 0.5 else image
        shift = [math.floor(v * 7) - 3 for v in u[4:]]  # round(0.2 * 16) = 3
        expected.append(rotate_translate(image, (2 * u[3] - 1) * 70, *shift))
    assert torch.equal(augment(x, full, make_generator(5)), torch.cat(expected))


def test_batches_do_not_matter(noise):
    x = noise(37, 1, 12, 12)
    augmentation = Augmentation.parse("crop:2,flip,RT:0.3")
    whole, parts = make_generator(1), make_generator(1)
    cut = torch.cat([augment(part, augmentation, parts) for part in x.split([1, 16, 7, 13])])
    assert torch.equal(augment(x, augmentation, whole), cut)
    assert torch.equal(whole.get_state(), parts.get_state())


@pytest.mark.parametrize("text", ["none", "R:60", "T:0.1", "crop:4", "flip", "crop:4,flip,RT:0.5"])
def test_every_augmentation_takes_the_same_from_the_stream(text, noise):
    x = noise(9, 1, 8, 8)
    used, reference = make_generator(2), make_generator(2)
    augment(x, Augmentation.parse(text), used)
    torch.rand(9, 6, generator=reference, dtype=torch.float64)
    assert torch.equal(used.get_state(), reference.get_state())


def test_identity_returns_its_argument(noise, generator):
    x = noise(3, 1, 4, 4)
    assert augment(x, Augmentation(), generator) is x
    assert Augmentation().is_identity
    assert not Augmentation(flip=True).is_identity


def test_same_crops_at_every_rotation(noise):
    """Two augmentations that differ in the angle alone crop and mirror alike."""
    x = noise(20, 1, 9, 9)
    plain = augment(x, Augmentation.parse("crop:2,flip"), make_generator(4))
    drawn = torch.rand(20, 6, generator=make_generator(4), dtype=torch.float64)
    turned = augment(x, Augmentation.parse("crop:2,flip,R:90"), make_generator(4))
    assert torch.equal(turned, rotate_translate(plain, (2 * drawn[:, 3] - 1) * 90, 0, 0))


def test_texts():
    parse = Augmentation.parse
    assert parse("R:180") == Augmentation(rotation=180)
    assert parse(" t:0.1 ") == Augmentation(translation=0.1)
    assert parse("RT:0.5") == Augmentation(rotation=90, translation=0.5)
    assert parse("R:90,T:0.5") == parse("RT:0.5")
    assert parse("flip, crop:4, r:60") == Augmentation(60, 0, 4, True)
    assert parse("none") == parse("None") == Augmentation()
    assert Augmentation(60, 0.1, 4, True).describe() == "crop:4,flip,R:60,T:0.1"
    assert Augmentation().describe() == "none"


@given(
    rotation=st.floats(0, 180),
    translation=st.floats(0, 1),
    crop=st.integers(0, 50),
    flip=st.booleans(),
    tied=st.booleans(),
)
def test_text_round_trip(rotation, translation, crop, flip, tied):
    made = Augmentation(180 * translation if tied else rotation, translation, crop, flip)
    assert Augmentation.parse(made.describe()) == made


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("R:x", "must be none, or parts joined by commas"),
        ("R", "must be none"),
        ("", "must be none"),
        ("flip:1", "must be none"),
        ("crop:4,,flip", "The part '' cannot be read"),
        ("crop:4,spin:9", "The part 'spin:9' cannot be read"),
        ("crop:1.5", "must be none"),
        ("R:200", r"'rotation' must be a finite number in \[0, 180\], got 200"),
        ("R:-10", "'rotation'"),
        ("R:nan", "'rotation'"),
        ("T:1.2", r"'translation' must be a finite number in \[0, 1\]"),
        ("RT:2", "must be none"),
        ("crop:-1", "'crop' must be an integer of at least 0"),
        ("R:10,R:20", "once"),
        ("R:10,RT:0.5", "once"),
        ("none,flip", "must be none"),
        (3, "must be none"),
    ],
)
def test_bad_texts(text, match):
    with pytest.raises(ValueError, match=match):
        Augmentation.parse(text)


def test_bad_arguments(noise, generator):
    x = noise(2, 1, 4, 4)
    for call, match in (
        (lambda: Augmentation(flip=1), "'flip' must be true or false"),
        (lambda: Augmentation(crop=1.5), "'crop' must be an integer"),
        (
            lambda: augment(x, Augmentation(rotation=10), None),
            "'generator' must be a torch.Generator",
        ),
        (lambda: augment(x[0], Augmentation(rotation=10), generator), "'x'"),
        (lambda: random_crop(x, -1, generator), "'padding'"),
        (lambda: random_crop(x, 1, -1), "'generator'"),
        (lambda: random_flip(x, generator, 1.5), "'probability'"),
    ):
        with pytest.raises(ValueError, match=match):
            call()
