"""Images in 8 bits: what a batch is, equal to torchvision's; digests; exact statistics."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torchvision.transforms.functional import to_tensor

from spadv.empirical.data import DataSet, Images, channel_statistics, digest_of, load, to_float
from spadv.errors import InputError


def some(count=7, channels=3, height=5, width=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (count, channels, height, width)
    pixels = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    return Images(pixels, torch.arange(count) % 3)


def data_set(**changes):
    fields = {
        "name": "x", "classes": ("a", "b", "c"), "train": some(), "validation": some(2),
        "test": some(3), "mean": (0.0,) * 3, "std": (1.0,) * 3, "source": "", "digest": "",
        "split": {},
    }  # fmt: skip
    return DataSet(**{**fields, **changes})


def test_every_value_is_torchvisions():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert torch.equal(to_float(torch.from_numpy(values)), to_tensor(values)[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_every_value_is_the_same_on_a_gpu():
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_float(values.cuda()).cpu(), to_float(values))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_is_torchvisions_images_one_by_one(channels):
    images = some(channels=channels)
    index = torch.tensor([5, 0, 5, 6])
    x, y = images.batch(index)
    wanted = [to_tensor(images.pixels[i].permute(1, 2, 0).numpy()) for i in index]
    assert torch.equal(x, torch.stack(wanted))
    assert x.dtype == torch.float32
    assert y.tolist() == [2, 0, 2, 0]


def test_a_slice_gives_what_its_indices_give():
    images = some()
    by_slice, by_index = images.batch(slice(1, 6, 2)), images.batch(torch.tensor([1, 3, 5]))
    assert all(map(torch.equal, by_slice, by_index))
    assert images.batch(torch.tensor([2], dtype=torch.int32))[1].tolist() == [2]


def test_a_batch_is_a_copy():
    images = some()
    before = images.pixels.clone()
    for index in (slice(None), torch.arange(7)):
        images.batch(index)[0].zero_()
    assert torch.equal(images.pixels, before)


def test_parts_of_images():
    images = some()
    assert len(images) == 7
    assert torch.equal(images.take(3).pixels, images.pixels[:3])
    assert len(images.take(100)) == 7
    assert torch.equal(images.subset(torch.tensor([6, 1])).pixels, images.pixels[[6, 1]])
    assert len(images.take(0).batch(slice(None))[0]) == 0
    assert torch.equal(images.to("cpu").pixels, images.pixels)
    assert images.to("meta").device.type == "meta"
    assert repr(images) == "Images(7 of shape (3, 5, 4), cpu)"


@pytest.mark.parametrize(
    ("pixels", "labels", "named"),
    [
        (np.zeros((2, 1, 3, 3), np.uint8), torch.zeros(2, dtype=torch.int64), "pixels"),
        (torch.zeros(2, 1, 3, 3), torch.zeros(2, dtype=torch.int64), "pixels"),
        (torch.zeros(2, 3, 3, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64), "pixels"),
        (torch.zeros(2, 1, 3, 3, dtype=torch.uint8), [0, 0], "labels"),
        (torch.zeros(2, 1, 3, 3, dtype=torch.uint8), torch.zeros(2), "labels"),
        (torch.zeros(2, 1, 3, 3, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64), "labels"),
        (
            torch.zeros(2, 1, 3, 3, dtype=torch.uint8),
            torch.zeros(2, dtype=torch.int64, device="meta"),
            "labels",
        ),
    ],
)
def test_wrong_images_are_refused(pixels, labels, named):
    with pytest.raises(InputError, match=f"'{named}'"):
        Images(pixels, labels)


@pytest.mark.parametrize(
    "index", [3, [1, 2], torch.tensor([1.0]), torch.tensor([[1]]), torch.tensor([True] * 7)]
)
def test_wrong_indices_are_refused(index):
    with pytest.raises(InputError, match="'index' must be a slice or a 1-d tensor"):
        some().batch(index)


def test_indices_out_of_range_are_refused():
    with pytest.raises((IndexError, RuntimeError)):
        some().batch(torch.tensor([7]))


def test_wrong_counts_are_refused():
    with pytest.raises(InputError, match="'count'"):
        some().take(-1)


def test_a_data_set_knows_its_sizes():
    data = data_set(train=some(height=4), validation=some(2, height=4), test=some(3, height=4))
    assert (data.num_classes, data.channels, data.image_size) == (3, 3, 4)
    assert data.to("cpu").train.pixels.equal(data.train.pixels)


def test_images_that_are_not_square_have_no_side():
    with pytest.raises(InputError, match="be square, got '5 x 4'"):
        _ = data_set().image_size


def test_a_data_set_must_fit_together():
    with pytest.raises(InputError, match=r"labels of test.*below 2, got 2"):
        data_set(classes=("a", "b"), train=some(2), validation=some(1))
    with pytest.raises(InputError, match="'test' must have images of shape"):
        data_set(test=some(3, channels=1))
    with pytest.raises(InputError, match="'train' must hold at least one image"):
        data_set(train=some(0))


def test_the_digest_is_sha256_of_shape_pixels_and_labels():
    images = some(2, 1, 2, 2)
    labels = np.array([0, 1], dtype="<i8").tobytes()
    wanted = hashlib.sha256(b"(2, 1, 2, 2)" + images.pixels.numpy().tobytes() + labels)
    assert digest_of(images) == wanted.hexdigest()


def test_the_digest_sees_every_change():
    images = some()
    pixels, labels = images.pixels.clone(), images.labels.clone()
    pixels[6, 2, 4, 3] ^= 1
    labels[0] = 1
    digests = {
        digest_of(images),
        digest_of(Images(pixels, images.labels)),
        digest_of(Images(images.pixels, labels)),
        digest_of(images.subset(torch.arange(6, -1, -1))),
        digest_of(images.take(3), images.subset(slice(3, 7))),
        digest_of(Images(images.pixels.transpose(2, 3), images.labels)),
    }
    assert len(digests) == 6


def test_the_sample_against_numpy():
    data = load("mnist-sample")
    pixels = data.train.pixels.numpy().astype(np.float64) / 255
    assert data.mean == pytest.approx((pixels.mean(),), rel=1e-12)
    assert data.std == pytest.approx((pixels.std(),), rel=1e-12)


def test_channels_are_apart():
    pixels = torch.randint(256, (9, 3, 4, 5), generator=torch.Generator().manual_seed(0))
    mean, std = channel_statistics(pixels.to(torch.uint8))
    array = pixels.numpy() / 255
    assert mean == pytest.approx(array.mean((0, 2, 3)), rel=1e-13)
    assert std == pytest.approx(array.std((0, 2, 3)), rel=1e-13)


def test_sums_are_exact():
    values = [3, 255, 254, 0, 7]
    mean, std = channel_statistics(torch.tensor(values, dtype=torch.uint8).reshape(5, 1, 1, 1))
    exact = Fraction(sum(values), 5 * 255)
    variance = sum((Fraction(value, 255) - exact) ** 2 for value in values) / 5
    assert mean == (float(exact),)
    assert std[0] == pytest.approx(math.sqrt(variance), rel=1e-15)


def test_a_flat_image_has_no_deviation():
    pixels = torch.full((100, 1, 30, 30), 77, dtype=torch.uint8)
    assert channel_statistics(pixels) == ((77 / 255,), (0.0,))
