"""Data sets of your own as .npz files."""

from __future__ import annotations

import numpy as np
import pytest

from spadv.empirical.data import load
from spadv.errors import InputError, StoreError

RNG = np.random.default_rng(0)


def arrays(shape=(8, 9), **changes):
    """Return sound arrays: 30 + 10 images of 3 classes, some changed, None to leave out."""
    made = {
        "x_train": RNG.integers(256, size=(30, *shape), dtype=np.uint8),
        "y_train": np.arange(30) % 3,
        "x_test": RNG.integers(256, size=(10, *shape), dtype=np.uint8),
        "y_test": np.arange(10) % 3,
    }
    return {name: array for name, array in {**made, **changes}.items() if array is not None}


@pytest.fixture
def write(tmp_path):
    def put(**made):
        np.savez(tmp_path / "mine.npz", **made)
        return tmp_path / "mine.npz"

    return put


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((8, 9), None),
        ((8, 9, 1), (0, 3, 1, 2)),
        ((8, 9, 3), (0, 3, 1, 2)),
        ((1, 8, 9), (0, 1, 2, 3)),
        ((3, 8, 9), (0, 1, 2, 3)),
    ],
)
def test_every_layout(write, shape, axes):
    made = arrays(shape)
    data = load(write(**made))
    assert data.name == "mine.npz"
    assert data.classes == ("0", "1", "2")
    assert (len(data.train), len(data.validation), len(data.test)) == (27, 3, 10)
    wanted = made["x_train"].transpose(axes) if axes else made["x_train"][:, None]
    assert np.array_equal(data.train.pixels.numpy(), wanted[data.indices.train.numpy()])
    assert data.train.pixels.is_contiguous()
    assert data.train.labels.tolist() == made["y_train"][data.indices.train.numpy()].tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64, ">i2"])
def test_every_kind_of_integer_labels(write, dtype):
    labels = (np.arange(30) % 3).astype(dtype)
    data = load(write(**arrays(y_train=labels[:, None])))
    assert data.train.labels.tolist() == [int(i) % 3 for i in data.indices.train]


def test_a_validation_part_of_its_own(write):
    made = arrays(x_val=np.full((4, 8, 9), 9, np.uint8), y_val=np.array([2, 2, 2, 0]))
    data = load(write(**made))
    assert (len(data.train), len(data.validation), len(data.test)) == (30, 4, 10)
    assert data.validation.pixels.unique().tolist() == [9]
    assert data.validation.labels.tolist() == [2, 2, 2, 0]


def test_names_of_classes(write):
    data = load(write(**arrays(classes=np.array(["a", "b", "c", "absent"]))))
    assert data.classes == ("a", "b", "c", "absent")


def test_the_embedded_sample_is_such_a_file():
    from spadv.empirical.data.official import SAMPLE

    own, known = load(SAMPLE, validation=1000), load("mnist-sample")
    assert own.digest == known.digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_test": None}, r"hold x_train, y_train, x_test and y_test.*Its arrays: x_train"),
        ({"y_train": None}, "hold x_train"),
        ({"x_val": np.zeros((1, 8, 9), np.uint8)}, "both x_val and y_val or neither"),
        ({"x_train": np.zeros((30, 8, 9))}, "'x_train' must hold uint8 .* Multiply"),
        ({"x_train": np.zeros((30, 8, 9), np.int16)}, "'x_train' must hold uint8 .*int16'"),
        ({"x_test": np.zeros((10, 72), np.uint8)}, "'x_test' must have shape"),
        ({"x_test": np.zeros((10, 8, 9, 4), np.uint8)}, "'x_test' must have shape"),
        ({"x_test": np.zeros((10, 3, 9, 3), np.uint8)}, "'x_test' must have shape.*not both"),
        ({"x_test": np.zeros((10, 8, 8), np.uint8)}, r"'test' must have images of shape \(1, 8, 9"),
        ({"x_test": np.uint8(3)}, "'y_test' must hold an integer"),
        ({"y_train": np.arange(29) % 3}, "'y_train' must hold an integer"),
        ({"y_train": np.arange(30) % 3 / 1}, "'y_train' must hold an integer.*float64"),
        ({"y_train": np.eye(30, 3)}, "'y_train' must hold an integer"),
        ({"y_train": np.arange(30) % 3 + 1}, "images of every class, got 'none of 0'"),
        ({"y_train": np.arange(30) % 3 * 2}, "images of every class, got 'none of 1'"),
        ({"y_train": np.arange(30) % 3 - 1}, "'y_train' must be at least 0, got -1"),
        ({"x_test": np.zeros((0, 8, 9), np.uint8), "y_test": np.zeros(0, int)}, "at least one"),
        ({"y_test": np.full(10, 3)}, "labels of test.*below 3, got 3"),
        ({"y_test": np.full(10, -1)}, "labels of test.*at least 0.*got -1"),
        ({"classes": np.array(["a", "b"])}, "below 2, got 2"),
        ({"classes": np.array(["a", "b", "A"])}, "different names"),
        ({"classes": np.array([1, 2, 3])}, "1-d array of text"),
        ({"x_train": np.zeros((0, 8, 9), np.uint8), "y_train": np.zeros(0, int)}, "count|image"),
    ],
)
def test_wrong_arrays_are_refused(write, changes, message):
    with pytest.raises(InputError, match=message):
        load(write(**arrays(**changes)))


def test_pickled_objects_are_never_read(write):
    labels = np.array([{}] * 30, dtype=object)
    with pytest.raises(StoreError, match=r"mine\.npz as an \.npz file of plain arrays"):
        load(write(**arrays(y_train=labels)))


@pytest.mark.parametrize("spoil", [lambda d: b"", lambda d: d[: len(d) // 2], lambda d: b"x" * 99])
def test_a_broken_file_is_named(write, spoil):
    path = write(**arrays())
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(StoreError, match=r"cannot read .*mine\.npz"):
        load(path)


def test_one_array_is_no_data_set(tmp_path):
    with (tmp_path / "one.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(StoreError, match=r"cannot read .*one\.npz"):
        load(tmp_path / "one.npz")


def test_arrays_are_not_resized(write):
    with pytest.raises(InputError, match=r"'size' must be left out for an \.npz file"):
        load(write(**arrays()), size=8)


def test_the_names_of_medmnist(write):
    """Images (N, H, W, 3), labels uint8 (N, 1), all three parts: as their files have them."""
    made = arrays((8, 9, 3))
    made |= {"x_val": made["x_test"][:6], "y_val": made["y_test"][:6]}
    expected = load(write(**made))
    theirs = {}
    for part in ("train", "val", "test"):
        theirs[f"{part}_images"] = made[f"x_{part}"]
        theirs[f"{part}_labels"] = made[f"y_{part}"].astype(np.uint8)[:, None]
    assert load(write(**theirs)).digest == expected.digest
    assert len(expected.validation) == 6


def test_without_a_test_part_the_validation_part_is_the_test(write):
    made = arrays()
    expected = load(write(**made))
    made["x_val"], made["y_val"] = made.pop("x_test"), made.pop("y_test")
    data = load(write(**made))
    assert data.digest == expected.digest
    assert "validation part serves as test part" in data.source
