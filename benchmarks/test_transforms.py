"""Times of batched transformations against torchvision, one image after another.

Run with `make bench`; nothing here asserts a time. Both sides are measured in one run on one
thread, and the ratio of processor times is kept. (More threads help the batch and slow the
loop down.)
"""

import time

import pytest
import torch
import torchvision.transforms.functional as tv

from spadv.empirical.transforms import Augmentation, augment, rotate, rotate_translate, translate

BATCH = 500
SHAPES = [(1, 28, 28), (3, 32, 32)]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def best_of(call, repeats):
    """Return the shortest of several processor times: the least disturbed by others."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def images(shape, dtype):
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (BATCH, *shape), dtype=torch.uint8, generator=generator)
    return x if dtype == torch.uint8 else x / 255


def parameters():
    generator = torch.Generator().manual_seed(1)
    degrees = torch.rand(BATCH, generator=generator, dtype=torch.float64) * 360 - 180
    dx, dy = torch.randint(-3, 4, (2, BATCH), generator=generator)
    return degrees, dx, dy


def compare(benchmark, ours, theirs):
    benchmark.pedantic(ours, rounds=20, warmup_rounds=3)
    ratio = best_of(theirs, 5) / best_of(ours, 60)
    benchmark.extra_info["times_faster_than_a_loop"] = round(ratio, 1)
    benchmark.extra_info["batch"] = BATCH


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8], ids=["float32", "uint8"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rotation_against_a_loop(benchmark, shape, dtype):
    x, (degrees, _, _) = images(shape, dtype), parameters()
    angles = degrees.tolist()

    def loop():
        return torch.stack([tv.rotate(image, a) for image, a in zip(x, angles, strict=True)])

    assert (rotate(x, degrees) != loop()).float().mean() < 5e-4
    compare(benchmark, lambda: rotate(x, degrees), loop)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_translation_against_a_loop(benchmark, shape):
    x, (_, dx, dy) = images(shape, torch.float32), parameters()
    moves = torch.stack([dx, dy], 1).tolist()

    def loop():
        pairs = zip(x, moves, strict=True)
        return torch.stack([tv.affine(image, 0.0, move, 1.0, [0.0, 0.0]) for image, move in pairs])

    assert torch.equal(translate(x, dx, dy), loop())
    compare(benchmark, lambda: translate(x, dx, dy), loop)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rotation_with_translation_against_a_loop(benchmark, shape):
    x, (degrees, dx, dy) = images(shape, torch.float32), parameters()
    angles, moves = degrees.tolist(), torch.stack([dx, dy], 1).tolist()

    def loop():
        made = [
            tv.affine(image, -angle, move, 1.0, [0.0, 0.0])
            for image, angle, move in zip(x, angles, moves, strict=True)
        ]
        return torch.stack(made)

    assert (rotate_translate(x, degrees, dx, dy) != loop()).float().mean() < 5e-4
    compare(benchmark, lambda: rotate_translate(x, degrees, dx, dy), loop)


def test_training_augmentation_against_a_loop(benchmark):
    from torchvision import transforms

    x = images((3, 32, 32), torch.float32)
    generator = torch.Generator().manual_seed(2)
    augmentation = Augmentation.parse("crop:4,flip,R:180")
    composed = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.RandomRotation(180),
        ]
    )
    compare(
        benchmark,
        lambda: augment(x, augmentation, generator),
        lambda: torch.stack([composed(image) for image in x]),
    )
