"""The embedded sample of MNIST, and the script that makes it."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import time
from importlib import resources

import numpy as np
import pytest
import torch

import spadv.empirical.data
from spadv.empirical.data import describe, load, make_sample, official
from spadv.errors import InputError, StoreError

FOLDER = resources.files("spadv.empirical.data")
#: Printed by `sha256sum mnist_sample.npz`, and by hand from the official files: the first
#: is the file, the others are its arrays, which do not depend on zlib's version.
SHA256 = "8936710dba3fa80c5c9273291a38f7a221d9617877b35f9fa3ed0133824b2b4c"
ARRAYS = {
    "x_train": "6c71c08d40f6fee52ef20eaef1edb5a9f850dfeb024fd892e01b614150078b8d",
    "y_train": "46ebd549aa1179618816237ffabe1f6c3a16daa09b90185f66bb527d4ecd31b0",
    "x_test": "3f79ca610d726c969becb1b592ae3aed527684cd9de00a3180c2312d772b5d6c",
    "y_test": "aa166efde2c452d3d6b143794d8fe296e45e20ccd95b7a11cad120bf095946eb",
}


def arrays():
    with np.load(official.SAMPLE, allow_pickle=False) as opened:
        return {name: opened[name] for name in opened.files}


def test_the_file_is_the_one_that_was_made():
    assert hashlib.sha256(official.SAMPLE.read_bytes()).hexdigest() == SHA256
    found = {name: hashlib.sha256(arrays()[name].tobytes()).hexdigest() for name in ARRAYS}
    assert found == ARRAYS
    assert official.SAMPLE.stat().st_size < 2_500_000


def test_its_makers_and_licence_are_named():
    notice = (FOLDER / "NOTICE-mnist-sample.txt").read_text(encoding="utf-8")
    for text in (notice, str(arrays()["attribution"]), load("mnist-sample").source):
        for word in ("MNIST", "LeCun", "Cortes", "Burges", "CC BY-SA 3.0"):
            assert word in text.replace("Christopher\nJ.C.", "Christopher J.C.")


def test_its_parts():
    data = load()
    assert data.name == "mnist-sample"
    assert (len(data.train), len(data.validation), len(data.test)) == (9000, 1000, 2000)
    assert (data.num_classes, data.channels, data.image_size) == (10, 1, 28)
    both = torch.cat([data.train.labels, data.validation.labels]).bincount()
    assert both.tolist() == [1000] * 10
    assert data.test.labels.bincount().tolist() == [200] * 10


def test_its_parts_are_those_of_the_file():
    data, stored = load(), arrays()
    for part, index in (("train", data.indices.train), ("validation", data.indices.validation)):
        images = getattr(data, part)
        assert np.array_equal(images.pixels[:, 0].numpy(), stored["x_train"][index.numpy()])
        assert np.array_equal(images.labels.numpy(), stored["y_train"][index.numpy()])
    assert np.array_equal(data.test.pixels[:, 0].numpy(), stored["x_test"])
    assert np.array_equal(data.test.labels.numpy(), stored["y_test"])


def test_its_indices_spread_over_the_official_files():
    stored = arrays()
    for part, count in (("train", 60_000), ("test", 10_000)):
        index = stored[f"{part}_indices"].astype(int)
        assert (np.diff(index) > 0).all()
        half = (index < count // 2).mean()
        assert 0.48 < half < 0.52


def test_it_needs_no_torchvision_and_no_network():
    code = (
        "import sys, socket\n"
        "socket.socket.connect = None\n"
        "from spadv.empirical.data import load\n"
        "print(load().digest, *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    digest, *loaded = done.stdout.split()
    assert digest == load().digest
    assert "torch" in loaded
    assert not {"torchvision", "PIL"} & set(loaded)


def test_the_digest_stays():
    # Recorded results name it: a change of the sample, the split or the digest breaks them.
    assert load().digest == "0a00494237599708f248b618c7c26718dda617bf3682462e49a322a2580f51c5"
    assert load(split_seed=1).digest != load().digest


def test_a_broken_sample_is_named(monkeypatch, tmp_path):
    broken = tmp_path / "mnist_sample.npz"
    monkeypatch.setattr(official, "SAMPLE", broken)
    for data in (b"", b"no archive", make_sample.pack({"x_train": np.zeros(1)})[:-5]):
        broken.write_bytes(data)
        with pytest.raises(StoreError, match=r"cannot read .*mnist_sample\.npz"):
            load()


def test_the_script_makes_the_same_bytes_at_any_time(tiny_mnist, tmp_path, monkeypatch):
    raw = tiny_mnist(tmp_path)
    first = make_sample.make_sample(raw, train=3, test=1)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    for packed in raw.iterdir():  # plain files give what gzipped ones give
        (raw / packed.name.removesuffix(".gz")).write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert make_sample.make_sample(raw, train=3, test=1) == first


def test_the_script_takes_images_at_even_ranks(tiny_mnist, tmp_path, monkeypatch):
    raw = tiny_mnist(tmp_path)
    monkeypatch.setattr(make_sample, "TRAIN", None)  # what is written depends on arguments alone
    (tmp_path / "sample.npz").write_bytes(make_sample.make_sample(raw, train=4, test=2))
    images = official.read_idx(raw / f"{describe('mnist').files[0]}.gz", 3)
    labels = official.read_idx(raw / f"{describe('mnist').files[1]}.gz", 1)
    wanted = sorted(
        int(np.flatnonzero(labels == label)[rank * 6 // 4])
        for label in range(10)
        for rank in range(4)
    )
    with np.load(tmp_path / "sample.npz", allow_pickle=False) as made:
        assert made["train_indices"].tolist() == wanted
        assert np.array_equal(made["x_train"], images[wanted])
        assert np.array_equal(made["y_train"], labels[wanted])
        assert made["x_test"].shape == (20, 28, 28)


def test_the_script_as_a_command(tiny_mnist, tmp_path, monkeypatch):
    raw = tiny_mnist(tmp_path)
    make = make_sample.make_sample
    monkeypatch.setattr(make_sample, "make_sample", lambda folder: make(folder, train=2, test=1))
    make_sample.main(["--raw", str(raw), "--out", str(tmp_path / "out" / "s.npz")])
    assert (tmp_path / "out" / "s.npz").read_bytes() == make(raw, train=2, test=1)


def test_the_script_names_what_is_wrong(tiny_mnist, tmp_path):
    with pytest.raises(StoreError, match=r"neither train-images-idx3-ubyte nor .*\.gz"):
        make_sample.make_sample(tmp_path)
    raw = tiny_mnist(tmp_path)
    with pytest.raises(InputError, match=r"at least 7 images a class, got '6 of class 0'"):
        make_sample.make_sample(raw, train=7, test=1)
    (raw / "train-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 1, 5]))
    with pytest.raises(StoreError, match="60 images but 1 labels in train"):
        make_sample.make_sample(raw, train=1, test=1)


def test_the_package_carries_it():
    assert spadv.empirical.data.names()[0] == "mnist-sample"
    assert {official.SAMPLE.name, "NOTICE-mnist-sample.txt"} <= {
        path.name for path in FOLDER.iterdir()
    }
