"""Rotation and translation against Pillow, torchvision, and their own algebra."""

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as tv
from hypothesis import given
from hypothesis import strategies as st

from spadv.empirical.transforms import (
    cyclic_shift,
    quarter_turn,
    rotate,
    rotate_translate,
    translate,
)
from spadv.theory import CodeGaussian

SHAPES = [(1, 28, 28), (3, 32, 32), (2, 17, 30), (1, 31, 31), (3, 5, 1)]


def angles_of(kind, count):
    generator = torch.Generator().manual_seed(7)
    if kind == "real":
        return torch.rand(count, generator=generator, dtype=torch.float64) * 720 - 360
    if kind == "single precision":
        return torch.rand(count, generator=generator) * 360 - 180
    if kind == "whole":
        return torch.randint(-180, 181, (count,), generator=generator)
    # Multiples of 45 on odd and oblong images hit the borders of pixels exactly.
    return 45 * torch.randint(-8, 9, (count,), generator=generator)


@pytest.mark.parametrize("kind", ["real", "single precision", "whole", "multiples of 45"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rotation_is_pillows_bit_for_bit(shape, kind, noise, by_pillow):
    x, degrees = noise(100, *shape), angles_of(kind, 100)
    angles = degrees.tolist()
    assert torch.equal(rotate(x, degrees), by_pillow(x, lambda image, i: image.rotate(angles[i])))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rotation_with_translation_is_torchvisions_affine_of_pillow_images(shape, noise, by_pillow):
    x, degrees = noise(100, *shape), angles_of("real", 100)
    dx, dy = torch.randint(-9, 10, (2, 100), generator=torch.Generator().manual_seed(3))

    def affine(image, i):
        moves = [int(dx[i]), int(dy[i])]
        # torchvision's affine turns clockwise.
        return tv.affine(image, -float(degrees[i]), moves, 1.0, [0.0, 0.0])

    assert torch.equal(rotate_translate(x, degrees, dx, dy), by_pillow(x, affine))


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
def test_rotation_differs_from_torchvisions_tensors_by_rounding_alone(shape, noise):
    x, degrees = noise(200, *shape), angles_of("real", 200)
    dx, dy = torch.randint(-3, 4, (2, 200), generator=torch.Generator().manual_seed(4))
    pairs = list(zip(x, degrees.tolist(), strict=True))
    turned = torch.stack([tv.rotate(image, angle) for image, angle in pairs])
    # Measured 1.1e-4 to 2.3e-4 on noise; a tenth of a degree would give 5e-2.
    assert (rotate(x, degrees) != turned).float().mean() < 4e-4
    moves = torch.stack([dx, dy], 1).tolist()
    moved = torch.stack(
        [
            tv.affine(image, -angle, move, 1.0, [0.0, 0.0])
            for (image, angle), move in zip(pairs, moves, strict=True)
        ]
    )
    assert (rotate_translate(x, degrees, dx, dy) != moved).float().mean() < 4e-4


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_translation_is_torchvisions_affine(shape, noise):
    x = noise(100, *shape) / 255
    dx, dy = torch.randint(-12, 13, (2, 100), generator=torch.Generator().manual_seed(5))
    moves = torch.stack([dx, dy], 1).tolist()
    pairs = zip(x, moves, strict=True)
    theirs = torch.stack([tv.affine(image, 0.0, move, 1.0, [0.0, 0.0]) for image, move in pairs])
    assert torch.equal(translate(x, dx, dy), theirs)
    assert torch.equal(rotate_translate(x, 0, dx, dy), theirs)


@pytest.mark.parametrize("turns", range(-5, 6))
@pytest.mark.parametrize("side", [1, 2, 27, 28, 32, 96])
def test_quarter_turns_of_squares_are_exact(side, turns, noise):
    x = noise(3, 2, side, side)
    expected = torch.from_numpy(np.rot90(x.numpy(), turns, (2, 3)).copy())
    assert torch.equal(rotate(x, 90.0 * turns), expected)
    assert torch.equal(quarter_turn(x, turns), expected)
    assert torch.equal(quarter_turn(x, torch.full((3,), turns)), expected)


def test_each_image_has_its_own_quarter_turn(noise):
    x, k = noise(8, 3, 9, 9), torch.tensor([0, 1, 2, 3, -1, 4, 7, -6])
    expected = [np.rot90(image.numpy(), turn, (1, 2)) for image, turn in zip(x, k, strict=True)]
    assert torch.equal(quarter_turn(x, k), torch.from_numpy(np.stack(expected)))


def test_one_quarter_turn_of_oblong_images_swaps_the_sides(noise):
    x = noise(2, 1, 4, 7)
    assert torch.equal(quarter_turn(x, 1), torch.from_numpy(np.rot90(x, 1, (2, 3)).copy()))
    assert quarter_turn(x, torch.tensor(2)).shape == x.shape


@given(
    side=st.integers(1, 20),
    degrees=st.floats(-400, 400),
    dx=st.integers(-25, 25),
    dy=st.integers(-25, 25),
    turn=st.integers(0, 3),
)
def test_algebra(side, degrees, dx, dy, turn):
    x = torch.rand(2, 1, side, side, generator=torch.Generator().manual_seed(side))
    moved = rotate_translate(x, degrees, dx, dy)
    # Nothing is invented: every pixel is black or one of the image's.
    for before, after in zip(x, moved, strict=True):
        assert torch.isin(after, torch.cat([before.flatten(), torch.zeros(1)])).all()
    # Moving after turning is what its name says.
    assert torch.equal(translate(x, dx, dy), rotate_translate(x, 0, dx, dy))
    if abs(dx) >= side or abs(dy) >= side:
        assert not translate(x, dx, dy).any()
    turned = rotate(x, 90 * turn)
    assert torch.equal(rotate(turned, -90 * turn), x)
    if max(abs(dx), abs(dy)) > 2 * side:
        assert not moved.any()


@given(degrees=st.floats(-180, 180), height=st.integers(1, 24), width=st.integers(1, 24))
def test_brute_force_up_to_ties(degrees, height, width):
    """The definition in float64, pixel by pixel; coordinates next to a border are left out."""
    x = torch.arange(1.0, height * width + 1).view(1, 1, height, width)
    got = rotate(x, degrees)[0, 0].numpy()
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    for row in range(height):
        for column in range(width):
            right, up = column + 0.5 - width / 2, height / 2 - row - 0.5
            # Counter-clockwise: the source is the output turned back, clockwise.
            from_right, from_up = cos * right + sin * up, -sin * right + cos * up
            u, v = from_right + width / 2, height / 2 - from_up
            if min(abs(u - round(u)), abs(v - round(v))) < 1e-3:
                continue
            inside = 0 <= u < width and 0 <= v < height
            expected = x[0, 0, int(v), int(u)].item() if inside else 0
            assert got[row, column] == expected


def test_huge_shifts_and_angles_empty_or_keep_the_frame(noise):
    x = noise(4, 1, 6, 6)
    for huge in (10**6, -(10**12), 10**30, torch.tensor([13, 2**40, -(2**63), 2**63 - 1])):
        assert not translate(x, huge, 0).any()
        assert not rotate_translate(x, 30, 0, huge).any()
    assert torch.equal(quarter_turn(x, 10**30 + 1), quarter_turn(x, 1))
    assert torch.equal(cyclic_shift(x, 36 * 10**30 + 1), cyclic_shift(x, 1))
    assert torch.equal(rotate(x, 360e6), x)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.bfloat16, torch.float64])
def test_any_pixel_type(dtype, noise):
    x = noise(5, 3, 12, 12)
    plain, typed = x.float(), x.to(dtype)
    for function, arguments in ((rotate, (33,)), (translate, (2, -1)), (cyclic_shift, (5,))):
        result = function(typed, *arguments)
        assert result.dtype == dtype
        assert torch.equal(result.float(), function(plain, *arguments).to(dtype).float())


def test_layouts_and_empty_batches(noise):
    x = noise(4, 3, 10, 10).float()
    assert torch.equal(rotate(x.contiguous(memory_format=torch.channels_last), 20), rotate(x, 20))
    assert torch.equal(rotate(x.transpose(2, 3), 20), rotate(x.transpose(2, 3).contiguous(), 20))
    assert rotate(x[:0], 10).shape == (0, 3, 10, 10)
    assert quarter_turn(x[:0], torch.zeros(0, dtype=torch.long)).shape == (0, 3, 10, 10)


def test_large_batches_are_done_in_pieces(noise):
    x = noise(400, 3, 64, 64)  # several pieces, the last one shorter
    degrees = angles_of("real", 400)
    dx, dy = torch.randint(-9, 10, (2, 400), generator=torch.Generator().manual_seed(8))
    single = [rotate_translate(x[i : i + 1], degrees[i], dx[i], dy[i]) for i in range(400)]
    assert torch.equal(rotate_translate(x, degrees, dx, dy), torch.cat(single))
    single = [translate(x[i : i + 1], dx[i], dy[i]) for i in range(400)]
    assert torch.equal(translate(x, dx, dy), torch.cat(single))
    wanted = (x[:200] / 255).requires_grad_()
    with torch.no_grad():
        plain = rotate(wanted, degrees[:200])
    tracked = rotate(wanted, degrees[:200])
    assert torch.equal(tracked, plain)
    assert tracked.requires_grad


def test_gradients_are_the_transposed_map():
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(3, 2, 6, 6, dtype=torch.float64, generator=generator, requires_grad=True)
    k = torch.tensor([1, 2, 3])
    for function in (
        lambda z: rotate(z, torch.tensor([10.0, 90.0, -77.0])),
        lambda z: translate(z, 1, k),
        lambda z: rotate_translate(z, 31, 2, -1),
        lambda z: quarter_turn(z, k),
        lambda z: cyclic_shift(z, k),
    ):
        assert torch.autograd.gradcheck(function, x)


def test_cyclic_shift_is_the_theorys():
    shift, d = 3, 12
    word = [1, -1, 1, 1, -1, -1, 1, -1, -1, 1, 1, -1]
    distribution = CodeGaussian(word, 0.7, shift)
    x = np.random.default_rng(0).standard_normal((4, d + 1))
    j = np.array([0, 1, 3, 2])
    expected = distribution.rotate(x, j)[:, 1:]
    images = torch.from_numpy(x[:, 1:]).view(4, 1, 3, 4)
    got = cyclic_shift(images, torch.from_numpy(shift * j))
    assert np.array_equal(got.flatten(1).numpy(), expected)
    assert np.array_equal(
        cyclic_shift(images, 2 * shift).flatten(1), distribution.rotate(x, 2)[:, 1:]
    )
    assert torch.equal(cyclic_shift(images, -1), cyclic_shift(images, d - 1))


GOOD = torch.zeros(2, 1, 4, 4)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: rotate(GOOD[0], 10), "'x' must be a tensor of shape.*shape"),
        (lambda: rotate(GOOD.long(), 10), "floating point or uint8, got 'dtype torch.int64'"),
        (lambda: rotate([[1]], 10), "'x'.*'list'"),
        (lambda: rotate(GOOD[..., :0], 10), "'x'"),
        (lambda: rotate(torch.zeros(1, 1, 1, 9000), 10), "height . width of at most 8192"),
        (lambda: rotate(GOOD, float("nan")), "'degrees' must be a finite number"),
        (lambda: rotate(GOOD, "east"), "'degrees'"),
        (lambda: rotate(GOOD, torch.tensor([1.0, float("inf")])), "'degrees'.*infinity"),
        (lambda: rotate(GOOD, torch.zeros(3)), r"'degrees'.*\(2,\)"),
        (lambda: translate(GOOD, 0.5, 0), "'dx' must be an integer"),
        (lambda: translate(GOOD, 0, torch.zeros(2)), "'dy'.*integer tensor"),
        (lambda: translate(GOOD, True, 0), "'dx' must be an integer"),
        (lambda: quarter_turn(GOOD[..., :3], torch.tensor([1, 1])), "square"),
        (lambda: quarter_turn(GOOD, 1.5), "'k' must be an integer"),
        (lambda: cyclic_shift(GOOD, torch.zeros(2, 2).long()), "'shift'"),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(ValueError, match=match):
        call()


@pytest.mark.parametrize("wrong", ["30", True, np.True_, None, torch.tensor(True)])
def test_angles_are_numbers(wrong):
    with pytest.raises(ValueError, match="'degrees' must be a finite number"):
        rotate(torch.zeros(1, 1, 4, 4), wrong)
