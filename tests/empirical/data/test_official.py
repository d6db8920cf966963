"""MNIST, Fashion-MNIST and CIFAR in the official formats, against torchvision's readers."""

from __future__ import annotations

import gzip
import os
import pickle
import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from spadv.empirical.data import DataSet, describe, load
from spadv.empirical.data.official import torchvision_class
from spadv.errors import InputError, StoreError


def original(data: DataSet, part="train"):
    """Return pixels and labels of an official part, with the split undone."""
    if part == "test":
        return data.test.pixels, data.test.labels
    order = torch.cat([data.indices.train, data.indices.validation]).argsort()
    pixels = torch.cat([data.train.pixels, data.validation.pixels])[order]
    return pixels, torch.cat([data.train.labels, data.validation.labels])[order]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_mnist_is_what_torchvision_reads(tiny_mnist, tmp_path, name):
    tiny_mnist(tmp_path, name, gzipped=False)
    kind = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST}[name]
    data = load(name, root=tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (50, 10, 20)
    for part in ("train", "test"):
        theirs = kind(tmp_path, train=part == "train", download=False)
        pixels, labels = original(data, part)
        assert torch.equal(pixels[:, 0], theirs.data)
        assert torch.equal(labels, theirs.targets)
    names = [label.split(" - ")[0] if name == "mnist" else label for label in theirs.classes]
    assert list(data.classes) == names


def test_gzipped_files_are_read_where_nothing_can_be_written(tiny_mnist, tmp_path):
    folder = tiny_mnist(tmp_path, gzipped=True)
    before = sorted(os.listdir(folder))
    for path in (folder, folder.parent, tmp_path):
        path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        gzipped = load("mnist", root=tmp_path)
    finally:
        for path in (tmp_path, folder.parent, folder):
            path.chmod(stat.S_IRWXU)
    assert sorted(os.listdir(folder)) == before
    for packed in list(folder.iterdir()):
        (folder / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert load("mnist", root=tmp_path).digest == gzipped.digest


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar_is_what_torchvision_reads(tiny_cifar, tmp_path, name):
    tiny_cifar(tmp_path, name)
    data = load(name, root=tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 10, 10)
    for part in ("train", "test"):
        theirs = torchvision_class(name)(tmp_path, train=part == "train", download=False)
        pixels, labels = original(data, part)
        assert np.array_equal(pixels.permute(0, 2, 3, 1).numpy(), theirs.data)
        assert labels.tolist() == theirs.targets
    assert list(data.classes) == theirs.classes
    assert data.train.pixels.is_contiguous()


def test_the_files_are_those_that_torchvision_looks_for(tmp_path):
    for name in ("cifar10", "cifar100"):
        info, kind = describe(name), torchvision_class(name)
        theirs = [*(file for file, _ in kind.train_list + kind.test_list), kind.meta["filename"]]
        assert (list(info.files), info.folder, info.archive) == (
            theirs,
            kind.base_folder,
            kind.filename,
        )
    for name in ("mnist", "fashion-mnist"):
        info, kind = describe(name), torchvision_class(name)
        assert [file for file, _ in kind.resources] == [f"{file}.gz" for file in info.files]
        assert info.folder == f"{kind.__name__}/raw"


def test_the_default_root(tiny_mnist, tmp_path, monkeypatch):
    tiny_mnist(tmp_path / "here")
    monkeypatch.setenv("SPADV_DATA", str(tmp_path / "here"))
    assert len(load("mnist").train) == 50
    monkeypatch.delenv("SPADV_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    with pytest.raises(StoreError, match=str(tmp_path / ".cache" / "spadv" / "data")):
        load("mnist")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "mnist",
            ["spadv data prepare mnist --data-root", "t10k-labels-idx1-ubyte.gz", "MNIST/raw"],
        ),
        ("fashion-mnist", ["spadv data prepare fashion-mnist", "FashionMNIST/raw"]),
        ("cifar10", ["spadv data prepare cifar10", "cifar-10-python.tar.gz", "data_batch_1"]),
        ("cifar100", ["spadv data prepare cifar100", "cifar-100-python.tar.gz"]),
        ("tiny-imagenet", ["spadv data prepare tiny-imagenet", "tiny-imagenet-200.zip"]),
    ],
)
def test_missing_data_are_asked_for_exactly(tmp_path, name, words):
    with pytest.raises(StoreError) as caught:
        load(name, root=tmp_path)
    for word in [*words, str(tmp_path), "without a network"]:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_missing_file_is_named(tiny_mnist, tmp_path):
    folder = tiny_mnist(tmp_path)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(StoreError, match=r"t10k-labels-idx1-ubyte missing"):
        load("mnist", root=tmp_path)


def cut(data):
    return data[:-1]


@pytest.mark.parametrize(
    ("file", "spoil", "message"),
    [
        ("train-images-idx3-ubyte", cut, "states the shape .60, 28, 28. but holds 47039 bytes"),
        ("train-images-idx3-ubyte", lambda data: data + b"x", "holds 47041 bytes"),
        ("train-images-idx3-ubyte", lambda data: b"", "no idx file of unsigned bytes in 3"),
        ("train-labels-idx1-ubyte", lambda data: data[:6], "no idx file"),
        ("t10k-labels-idx1-ubyte", lambda data: b"\0\0\x0d\1" + data[4:], "no idx file"),
        ("t10k-images-idx3-ubyte", lambda data: b"\0\0\x08\1" + data[4:], "no idx file"),
        ("t10k-labels-idx1-ubyte", lambda data: data[:-1] + b"\x0a", "holds the label 10, above 9"),
        (
            "t10k-labels-idx1-ubyte",
            lambda data: data[:7] + b"\x13" + data[8:-1],
            r"holds \(19,\), the official file \(20,\)",
        ),
    ],
)
def test_broken_idx_files_are_named(tiny_mnist, tmp_path, file, spoil, message):
    path = tiny_mnist(tmp_path, gzipped=False) / file
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(StoreError, match=message) as caught:
        load("mnist", root=tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "spoil", [cut, lambda data: b"\x1f\x8b", lambda data: data[:40] + b"\0" * 9]
)
def test_broken_gzip_files_are_named(tiny_mnist, tmp_path, spoil):
    path = tiny_mnist(tmp_path) / "train-images-idx3-ubyte.gz"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(StoreError, match="cannot read") as caught:
        load("mnist", root=tmp_path)
    assert str(path) in str(caught.value)


def test_a_gzip_bomb_is_not_unpacked(tiny_mnist, tmp_path, monkeypatch):
    monkeypatch.setattr("spadv.empirical.data.official.LARGEST", 10_000)
    tiny_mnist(tmp_path)
    with pytest.raises(StoreError, match="more than 10000 bytes"):
        load("mnist", root=tmp_path)


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path(os.environ["SPADV_DATA"] + "-trap"),)


def test_a_pickle_that_is_not_the_official_one_is_never_read(tiny_cifar, tmp_path):
    trap = Path(os.environ["SPADV_DATA"] + "-trap")
    folder = tiny_cifar(tmp_path)
    for file in describe("cifar10").files:
        official = (folder / file).read_bytes()
        (folder / file).write_bytes(pickle.dumps(Trap()))
        with pytest.raises(StoreError, match=rf"{file} is not the official file.*was not read"):
            load("cifar10", root=tmp_path)
        (folder / file).write_bytes(official)
    assert not trap.exists()
    load("cifar10", root=tmp_path)
    pickle.loads(pickle.dumps(Trap()))  # the trap works
    assert trap.exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda b: {**b, "labels": [10] * len(b["labels"])}, "labels out of range"),
        (lambda b: {**b, "labels": [-1] * len(b["labels"])}, "labels out of range"),
        (lambda b: {**b, "labels": b["labels"][1:]}, "and 45 labels where"),
        (lambda b: {**b, "data": b["data"].astype(np.int16)}, "holds int16"),
        (lambda b: {"labels": b["labels"][1:], "data": b["data"][1:]}, r"uint8 \(45, 32, 32, 3\)"),
    ],
)
def test_batches_that_hold_something_else_are_refused(tiny_cifar, tmp_path, spoil, message):
    tiny_cifar(tmp_path, spoil=spoil)
    with pytest.raises(StoreError, match=message):
        load("cifar10", root=tmp_path)


def test_the_split_of_known_data_can_be_chosen(tiny_mnist, tmp_path):
    tiny_mnist(tmp_path)
    first = load("mnist", root=tmp_path, split_seed=4)
    assert first.split == {**first.indices.describe(4, 60), "test": 20}
    assert first.split["seed"] == 4
    assert load("mnist", root=tmp_path, split_seed=5).digest != first.digest
    more = load("mnist", root=tmp_path, validation=25)
    assert (len(more.train), len(more.validation)) == (35, 25)


def test_wrong_arguments_of_load(tmp_path):
    with pytest.raises(InputError, match=r"Did you mean fashion-mnist\?"):
        load("fashion_mnist")
    with pytest.raises(InputError, match=r"Did you mean cifar10\?"):
        load("CIFAR10")
    with pytest.raises(InputError, match=r"folder or \.npz file that exists"):
        load(tmp_path / "none")
    with pytest.raises(InputError, match=r"folder or \.npz file that exists"):
        load("./mnist-samples")
    (tmp_path / "x.csv").touch()
    with pytest.raises(InputError, match=r"be a known name, a folder or an \.npz file"):
        load(tmp_path / "x.csv")
    with pytest.raises(InputError, match="'size' must be left out"):
        load("mnist-sample", size=32)
    with pytest.raises(InputError, match="'validation'"):
        load(validation=-1)
    with pytest.raises(InputError, match="leave images to train with"):
        load(validation=10_000)
    with pytest.raises(InputError, match="'seed'"):
        load(split_seed=-1)
