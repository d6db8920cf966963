"""`prepare`, from a server on this machine to a data set that loads."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import zipfile

import pytest
from torchvision import datasets

from spadv.empirical.data import describe, load, locate, names, prepare
from spadv.empirical.data import preparing as module
from spadv.empirical.data.official import SAMPLE, torchvision_class
from spadv.errors import InputError, StoreError


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def online(server, tiny_mnist, tiny_cifar, tmp_path, monkeypatch):
    """Serve the made-up MNIST and CIFAR where torchvision says that the official ones are."""
    away = tmp_path / "away"
    for name, kind in (("mnist", datasets.MNIST), ("fashion-mnist", datasets.FashionMNIST)):
        folder = tiny_mnist(away, name)
        resources = []
        for file in describe(name).files:
            data = (folder / f"{file}.gz").read_bytes()
            server.files[f"{name}/{file}.gz"] = data
            resources.append((f"{file}.gz", md5(data)))
        monkeypatch.setattr(kind, "mirrors", [server.url("gone/"), server.url(f"{name}/")])
        monkeypatch.setattr(kind, "resources", resources)
    for name in ("cifar10", "cifar100"):
        kind = torchvision_class(name)
        folder = tiny_cifar(away, name)
        packed = away / f"{name}.tar.gz"
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(folder, arcname=folder.name)
        file = kind.filename
        server.files[file] = packed.read_bytes()
        monkeypatch.setattr(kind, "url", server.url(file))
        monkeypatch.setattr(kind, "tgz_md5", md5(packed.read_bytes()))
    return server


@pytest.fixture
def online_tiny_imagenet(server, tiny_imagenet, tmp_path, monkeypatch):
    folder = tiny_imagenet(tmp_path / "away")
    packed = tmp_path / "away" / "t.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    shutil.rmtree(folder)
    server.files["tiny-imagenet-200.zip"] = packed.read_bytes()
    monkeypatch.setattr(module, "TINY_IMAGENET", server.url("tiny-imagenet-200.zip"))
    monkeypatch.setattr(module, "TINY_IMAGENET_MD5", md5(packed.read_bytes()))
    return server


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "cifar100"])
def test_what_is_prepared_can_be_loaded(online, tmp_path, name):
    root = tmp_path / "root"
    assert not locate(name, root).found
    told = []
    folder = prepare(name, root, progress=lambda done, total, message="": told.append(done))
    assert told
    assert locate(name, root).found
    assert locate(name, root).folder == folder
    assert load(name, root=root).digest == load(name, root=tmp_path / "away").digest
    online.asked.clear()
    assert prepare(name, root) == folder
    assert online.asked == []
    names_left = [path.name for path in root.rglob("*") if path.name.endswith(".part")]
    assert names_left == []


def test_torchvision_finds_what_was_prepared(online, tmp_path):
    prepare("cifar10", tmp_path / "root")
    assert len(datasets.CIFAR10(tmp_path / "root", train=True)) == 50
    for file in prepare("mnist", tmp_path / "root").glob("*.gz"):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
    assert len(datasets.MNIST(tmp_path / "root", train=True)) == 60


def test_only_missing_files_are_fetched(online, tmp_path):
    folder = prepare("mnist", tmp_path / "root")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    online.asked.clear()
    prepare("mnist", tmp_path / "root")
    asked = [path for path, _ in online.asked]
    assert asked == ["/gone/t10k-labels-idx1-ubyte.gz", "/mnist/t10k-labels-idx1-ubyte.gz"]


def test_tiny_imagenet_goes_on_where_it_stopped(online_tiny_imagenet, tmp_path):
    server, root = online_tiny_imagenet, tmp_path / "root"
    server.cut, server.after = 99, 1000
    with pytest.raises(StoreError, match=r"4000 bytes are kept.*without a network, put tiny-image"):
        prepare("tiny-imagenet", root)
    server.cut = 0
    server.asked.clear()
    folder = prepare("tiny-imagenet", root)
    assert server.asked == [("/tiny-imagenet-200.zip", "bytes=4000-")]
    assert folder == root / "tiny-imagenet-200"
    assert len(load("tiny-imagenet", root=root).train) == 8
    assert {path.name for path in root.iterdir()} == {"tiny-imagenet-200", "tiny-imagenet-200.zip"}


def test_an_archive_put_there_by_hand_needs_no_network(online_tiny_imagenet, tmp_path):
    server, root = online_tiny_imagenet, tmp_path / "root"
    root.mkdir()
    (root / "tiny-imagenet-200.zip").write_bytes(server.files.pop("tiny-imagenet-200.zip"))
    prepare("tiny-imagenet", root)
    assert server.asked == []
    assert load("tiny-imagenet", root=root).classes[1] == "goldfish"


def test_a_hostile_archive_with_the_right_sum_is_refused(
    online_tiny_imagenet, tmp_path, monkeypatch
):
    root = tmp_path / "root"
    packed = tmp_path / "evil.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tiny-imagenet-200/../../evil", b"evil")
    online_tiny_imagenet.files["tiny-imagenet-200.zip"] = packed.read_bytes()
    monkeypatch.setattr(module, "TINY_IMAGENET_MD5", md5(packed.read_bytes()))
    with pytest.raises(StoreError, match=r"was not unpacked: .*points outside"):
        prepare("tiny-imagenet", root)
    assert not (tmp_path / "evil").exists()
    assert [path.name for path in root.iterdir()] == ["tiny-imagenet-200.zip"]


def test_an_archive_that_lacks_files(online, tmp_path, monkeypatch):
    packed = tmp_path / "poor.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(__file__, arcname="cifar-10-batches-py/readme.html")
    online.files[torchvision_class("cifar10").filename] = packed.read_bytes()
    monkeypatch.setattr(torchvision_class("cifar10"), "tgz_md5", md5(packed.read_bytes()))
    with pytest.raises(StoreError, match="lacks data_batch_1 even so"):
        prepare("cifar10", tmp_path / "root")


def test_an_incomplete_folder_is_not_touched(online, tmp_path):
    folder = prepare("cifar10", tmp_path / "root")
    (folder / "test_batch").unlink()
    with pytest.raises(StoreError, match="is there but incomplete: move it away"):
        prepare("cifar10", tmp_path / "root")
    assert (folder / "data_batch_1").is_file()


@pytest.mark.parametrize("name", [name for name in names() if name != "mnist-sample"])
def test_no_network(tmp_path, name, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match=r"cannot download .*; without a network, put ") as caught:
        prepare(name, tmp_path / "root")
    assert str(tmp_path / "root") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_room(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write"):
        prepare("mnist", tmp_path / "file")


def test_the_sample_is_always_there(tmp_path):
    place = locate("mnist-sample", tmp_path)
    assert place.found
    assert prepare("mnist-sample", tmp_path) == place.folder == SAMPLE
    assert place.size_on_disk() == SAMPLE.stat().st_size
    assert os.listdir(tmp_path) == []


def test_unknown_names():
    for function in (prepare, locate):
        with pytest.raises(InputError, match=r"Did you mean cifar100\?"):
            function("cifar-100")


def test_sizes_on_disk(tiny_mnist, tmp_path):
    assert locate("mnist", tmp_path).size_on_disk() == 0
    folder = tiny_mnist(tmp_path)
    total = sum(path.stat().st_size for path in folder.iterdir())
    assert locate("mnist", tmp_path).size_on_disk() == total
