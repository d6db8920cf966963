"""Tiny made-up data sets in the official formats, and a server on this machine."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import pickle
import re
import struct
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets

from spadv.empirical.data.official import torchvision_class
from spadv.empirical.settings import data as catalogue


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """No test looks at, or writes into, the folders of the person who runs it."""
    monkeypatch.setenv("SPADV_CACHE", str(tmp_path / "decoded"))
    monkeypatch.setenv("SPADV_DATA", str(tmp_path / "nothing-here"))


@pytest.fixture
def in_turns():
    """Return a function from labels, class by class, to the order that takes them in turn."""

    def order(labels):
        place = [labels[:i].count(label) for i, label in enumerate(labels)]
        return sorted(range(len(labels)), key=lambda i: (place[i], labels[i]))

    return order


@pytest.fixture
def shrink(monkeypatch):
    """Pretend that an official data set is smaller than it is."""

    def change(name, **sizes):
        info = dataclasses.replace(catalogue._KNOWN[name], **sizes)
        monkeypatch.setitem(catalogue._KNOWN, name, info)
        return info

    return change


def idx(array):
    """Return the bytes of an idx file."""
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def tiny_mnist(shrink):
    """Return a function that writes 60 + 20 made-up images under a root."""

    def write(root, name="mnist", *, gzipped=True):
        info = shrink(name, originals=60, tests=20, train=50, validation=10)
        rng = np.random.default_rng(7)
        folder = root / info.folder
        folder.mkdir(parents=True)
        for file in info.files:
            count = 60 if file.startswith("train") else 20
            images = rng.integers(256, size=(count, 28, 28), dtype=np.uint8)
            labels = rng.permutation(np.arange(count, dtype=np.uint8) % 10)
            data = idx(images if "images" in file else labels)
            if gzipped:
                (folder / f"{file}.gz").write_bytes(gzip.compress(data))
            else:
                (folder / file).write_bytes(data)
        return folder

    return write


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def tiny_cifar(shrink, monkeypatch):
    """Return a function that writes made-up batches whose MD5 torchvision expects."""

    def write(root, name="cifar10", *, spoil=None):
        info = shrink(name, originals=50, tests=10, train=40, validation=10)
        kind = torchvision_class(name)
        folder = root / info.folder
        folder.mkdir(parents=True)
        rng = np.random.default_rng(8)
        key = {"cifar10": "labels", "cifar100": "fine_labels"}[name]

        def put(file, document):
            data = pickle.dumps(document)
            (folder / file).write_bytes(data)
            return [file, md5(data)]

        def batch(count):
            made = {
                "data": rng.integers(256, size=(count, 3 * 32 * 32), dtype=np.uint8),
                key: rng.integers(info.num_classes, size=count).tolist(),
            }
            return spoil(made) if spoil else made

        trains = [file for file, _ in kind.train_list]
        each = 50 // len(trains)
        monkeypatch.setattr(kind, "train_list", [put(file, batch(each)) for file in trains])
        tests = [file for file, _ in kind.test_list]
        monkeypatch.setattr(kind, "test_list", [put(file, batch(10)) for file in tests])
        names = [f"class {i}" for i in range(info.num_classes)]
        file, found = put(kind.meta["filename"], {kind.meta["key"]: names})
        monkeypatch.setattr(kind, "meta", {**kind.meta, "filename": file, "md5": found})
        # CIFAR100 inherits from CIFAR10: one must not shine through the other.
        assert datasets.CIFAR10.base_folder != datasets.CIFAR100.base_folder
        return folder

    return write


def write_images(folder, count, *, size=(8, 8), mode="RGB", suffix=".png", seed=0):
    """Write random images; return their pixels."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    shape = (count, size[1], size[0]) + ((3,) if mode == "RGB" else ())
    pixels = rng.integers(256, size=shape, dtype=np.uint8)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{i:03d}{suffix}")
    return pixels


@pytest.fixture
def images():
    return write_images


@pytest.fixture
def tiny_imagenet(shrink):
    """Return a function that writes the official layout with 3 classes of 4 + 2 images."""

    def write(root):
        shrink(
            "tiny-imagenet", num_classes=3, originals=12, tests=6, train=8, validation=2,
            image_size=8,
        )  # fmt: skip
        folder = root / "tiny-imagenet-200"
        wnids = ["n03", "n01", "n02"]  # the official list is not sorted either
        rng = np.random.default_rng(9)
        for wnid in wnids:
            place = folder / "train" / wnid / "images"
            place.mkdir(parents=True)
            for i in range(4):
                save = partial(Image.Image.save, fp=place / f"{wnid}_{i}.JPEG", quality=95)
                if (wnid, i) == ("n01", 0):  # a few official images are grey
                    save(Image.fromarray(rng.integers(256, size=(8, 8), dtype=np.uint8)))
                else:
                    save(Image.fromarray(rng.integers(256, size=(8, 8, 3), dtype=np.uint8)))
            (folder / "train" / wnid / f"{wnid}_boxes.txt").write_text("boxes are not read\n")
        lines = []
        (folder / "val" / "images").mkdir(parents=True)
        for i in range(6):
            image = Image.fromarray(rng.integers(256, size=(8, 8, 3), dtype=np.uint8))
            image.save(folder / "val" / "images" / f"val_{i}.JPEG", quality=95)
            lines.append(f"val_{i}.JPEG\t{wnids[i % 3]}\t0\t0\t7\t7")
        (folder / "val" / "val_annotations.txt").write_text("\n".join(lines) + "\n")
        (folder / "wnids.txt").write_text("\n".join(wnids) + "\n")
        words = "n00\tnothing\nn01\tcrane\nn02\tgoldfish, Carassius auratus\nn03\tcrane, machine\n"
        (folder / "words.txt").write_text(words)
        return folder

    return write


class Server(ThreadingHTTPServer):
    """Serves `files` (path -> bytes); `cut` connections end after `after` bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = {}, []
        self.cut, self.after, self.ranges = 0, 0, True

    def handle_error(self, request, client_address):
        """Say nothing: some tests hang up on purpose."""

    def url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        data = self.server.files.get(self.path.lstrip("/"))
        if data is None:
            self.send_error(404)
            return
        start = 0
        if wanted and self.server.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= len(data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        rest = data[start:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.server.cut > 0:
            self.server.cut -= 1
            rest = rest[: self.server.after]
        self.wfile.write(rest)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()
