"""Tiny-ImageNet in the layout of its archive, against torchvision's ImageFolder."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from spadv.empirical.data import load
from spadv.errors import InputError, StoreError


def test_it_is_what_torchvision_reads(tiny_imagenet, tmp_path, in_turns):
    folder = tiny_imagenet(tmp_path)
    data = load("tiny-imagenet", root=tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 2, 6)
    assert data.split["of"] == 12  # two images of the twelve are in no part
    assert (data.channels, data.image_size) == (3, 8)
    theirs = datasets.ImageFolder(folder / "train")
    assert theirs.classes == ["n01", "n02", "n03"]
    for part, index in (("train", data.indices.train), ("validation", data.indices.validation)):
        images = getattr(data, part)
        order = in_turns(theirs.targets)
        for place, i in enumerate(index.tolist()):
            image, label = theirs[order[i]]
            assert np.array_equal(images.pixels[place].permute(1, 2, 0).numpy(), np.asarray(image))
            assert images.labels[place] == label


def test_the_official_validation_part_is_the_test_part(tiny_imagenet, tmp_path):
    folder = tiny_imagenet(tmp_path)
    data = load("tiny-imagenet", root=tmp_path)
    label = {"n01": 0, "n02": 1, "n03": 2}
    lines = (folder / "val" / "val_annotations.txt").read_text().splitlines()
    for i, line in enumerate(lines):
        name, wnid = line.split("\t")[:2]
        image = np.asarray(Image.open(folder / "val" / "images" / name).convert("RGB"))
        assert np.array_equal(data.test.pixels[i].permute(1, 2, 0).numpy(), image)
        assert data.test.labels[i] == label[wnid]


def test_classes_have_names_that_differ(tiny_imagenet, tmp_path):
    tiny_imagenet(tmp_path)
    assert load("tiny-imagenet", root=tmp_path).classes == (
        "crane (n01)",
        "goldfish",
        "crane (n03)",
    )


def test_images_are_decoded_once(tiny_imagenet, tmp_path, monkeypatch):
    tiny_imagenet(tmp_path)
    first = load("tiny-imagenet", root=tmp_path)
    monkeypatch.setattr("spadv.empirical.data.files.decode_files", None)
    second = load("tiny-imagenet", root=tmp_path, split_seed=1)
    assert torch.equal(first.test.pixels, second.test.pixels)
    with pytest.raises(TypeError):
        load("tiny-imagenet", root=tmp_path, cache=False)


def add_line(path, line):
    path.write_text(path.read_text() + line + "\n")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: add_line(f / "wnids.txt", "n99"), "names 4 classes, the official file 3"),
        (lambda f: (f / "wnids.txt").write_bytes(b"\xff"), "cannot read .*wnids.txt"),
        (lambda f: (f / "words.txt").unlink(), "words.txt missing"),
        (lambda f: shutil.rmtree(f / "train" / "n02"), "cannot read the folder .*n02"),
        (
            lambda f: (f / "train" / "n02" / "images" / "n02_1.JPEG").unlink(),
            "train holds 11 images, the official one 12",
        ),
        (
            lambda f: (f / "train" / "n02" / "images" / "n02_1.JPEG").write_bytes(b"no image"),
            "cannot read the image .*n02_1.JPEG",
        ),
        (lambda f: (f / "val" / "images" / "val_3.JPEG").unlink(), "val_3.JPEG"),
        (
            lambda f: add_line(f / "val" / "val_annotations.txt", "val_9.JPEG\tn77\t0"),
            "line 7: not 'FILE<tab>CLASS<tab>box'",
        ),
        (
            lambda f: add_line(f / "val" / "val_annotations.txt", "../../x.JPEG\tn01\t0"),
            "line 7: not 'FILE",
        ),
        (
            lambda f: add_line(f / "val" / "val_annotations.txt", "val_0.JPEG\tn01\t0"),
            "line 7: val_0.JPEG has two classes",
        ),
    ],
)
def test_what_is_wrong_is_named(tiny_imagenet, tmp_path, spoil, message):
    spoil(tiny_imagenet(tmp_path))
    with pytest.raises(StoreError, match=message):
        load("tiny-imagenet", root=tmp_path)


def test_images_of_another_size(tiny_imagenet, shrink, tmp_path):
    folder = tiny_imagenet(tmp_path)
    shrink("tiny-imagenet", image_size=64)
    with pytest.raises(StoreError, match="images of 8 x 8, the official ones have 64 x 64"):
        load("tiny-imagenet", root=tmp_path)
    Image.new("RGB", (9, 8)).save(folder / "train" / "n01" / "images" / "n01_2.JPEG")
    with pytest.raises(InputError, match=r"share one size, got '8 x 8 and 8 x 9'.*n01_2\.JPEG"):
        load("tiny-imagenet", root=tmp_path)
