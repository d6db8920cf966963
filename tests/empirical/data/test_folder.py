"""Folders of images: against torchvision's ImageFolder, split, cached, and refused."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets
from torchvision.transforms import functional

from spadv.empirical.data import load
from spadv.errors import InputError, StoreError


def parted(folder, images, parts=("train", "test"), classes=("cat", "dog"), count=10, **options):
    for seed, (part, name) in enumerate((p, c) for p in parts for c in classes):
        images(folder / part / name, count, seed=seed, **options)
    return folder


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".BMP", ".webp"])
def test_a_parted_folder_is_what_torchvision_reads(tmp_path, images, suffix, in_turns):
    folder = parted(tmp_path / "mine", images, suffix=suffix)
    data = load(folder)
    assert data.name == "mine"
    assert data.classes == ("cat", "dog")
    assert (len(data.train), len(data.validation), len(data.test)) == (18, 2, 20)
    for part, index in (
        ("train", data.indices.train), ("validation", data.indices.validation),
        ("test", torch.arange(20)),
    ):  # fmt: skip
        theirs = datasets.ImageFolder(folder / ("test" if part == "test" else "train"))
        order = in_turns(theirs.targets)
        found = getattr(data, part)
        for place, i in enumerate(index.tolist()):
            image, label = theirs[order[i]]
            assert np.array_equal(found.pixels[place].permute(1, 2, 0).numpy(), np.asarray(image))
            assert found.labels[place] == label


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val"])
def test_a_validation_part_of_its_own_is_taken_as_it_is(tmp_path, images, name):
    data = load(parted(tmp_path, images, parts=("train", name, "test")))
    assert (len(data.train), len(data.validation), len(data.test)) == (20, 20, 20)
    assert data.indices is None
    assert data.split == {"seed": None, "of": 20, "train": 20, "validation": 20, "test": 20}
    assert load(tmp_path, split_seed=9).digest == data.digest
    with pytest.raises(InputError, match="validation = 3"):
        load(tmp_path, validation=3)


def test_the_first_images_are_of_all_classes(tmp_path, images):
    folder = tmp_path / "mine"
    for name, count in (("a", 3), ("b", 12), ("c", 12)):
        images(folder / "train" / name, count)
        images(folder / "test" / name, count)
    labels = load(folder).test.labels.tolist()
    assert labels[:9] == [0, 1, 2] * 3
    assert labels[9:] == [1, 2] * 9


def test_classes_only_are_split_80_10_10(tmp_path, images):
    folder = tmp_path / "mine"
    folder.mkdir()
    made = {name: images(folder / name, 30, seed=i) for i, name in enumerate("ab")}
    data = load(folder)
    assert (len(data.train), len(data.validation), len(data.test)) == (48, 6, 6)
    everything = np.stack([made["a"], made["b"]], axis=1).reshape(60, 8, 8, 3)
    everything = everything.transpose(0, 3, 1, 2)
    for name in ("train", "validation", "test"):
        part, index = getattr(data, name), getattr(data.indices, name).numpy()
        assert np.array_equal(part.pixels.numpy(), everything[index])
        assert part.labels.tolist() == (index % 2).tolist()
    assert load(folder, split_seed=1).digest != data.digest


def test_too_few_images_to_split(tmp_path, images):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in "ab":
        images(folder / name, 2)
    with pytest.raises(InputError, match="at least 6 images, to draw a test part from, got 4"):
        load(folder)


def test_deeper_hidden_and_other_files(tmp_path, images):
    folder = parted(tmp_path, images)
    images(folder / "train" / "cat" / "deeper" / "still", 3)
    for junk in (".DS_Store", "notes.txt", "._001.png"):
        (folder / "train" / "cat" / junk).write_text("no image")
    (folder / ".git").mkdir()
    (folder / "train" / "__MACOSX").mkdir()
    (folder / "README.txt").write_text("hello")
    assert load(folder).split["of"] == 23


def test_grey_images_have_one_channel(tmp_path, images):
    folder = tmp_path / "mine"
    folder.mkdir()
    made = images(folder / "a", 10, mode="L")
    images(folder / "b", 10, mode="L")
    assert load(folder).channels == 1
    images(folder / "b", 1, mode="RGB", seed=4)  # one colour image makes all of them colour
    data = load(folder)
    assert data.channels == 3
    # Images of the two classes stand in turn.
    number = next(i for i in data.indices.train.tolist() if i % 2 == 0)
    place = data.indices.train.tolist().index(number)
    assert np.array_equal(data.train.pixels[place].numpy(), np.stack([made[number // 2]] * 3))


def test_an_image_is_turned_as_a_viewer_turns_it(tmp_path, images):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in "ab":
        images(folder / name, 10)
    upright = np.arange(64, dtype=np.uint8).reshape(8, 8)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side: a viewer turns it clockwise
    Image.fromarray(np.rot90(upright)).convert("RGB").save(folder / "a" / "000.png", exif=exif)
    data = load(folder)
    both = torch.cat([data.train.pixels, data.validation.pixels, data.test.pixels])
    order = torch.cat([data.indices.train, data.indices.validation, data.indices.test]).argsort()
    assert np.array_equal(both[order][0, 0].numpy(), upright)


@pytest.mark.parametrize("shape", [(9, 14), (14, 9), (8, 8), (5, 5), (16, 33)])
def test_resizing_is_torchvisions(tmp_path, images, shape, in_turns):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in "ab":
        images(folder / name, 10, size=shape)
    data = load(folder, size=8)
    assert data.image_size == 8
    theirs = datasets.ImageFolder(folder)
    order = in_turns(theirs.targets)
    for place, i in enumerate(data.indices.train.tolist()):
        small = functional.center_crop(functional.resize(theirs[order[i]][0], 8), 8)
        found = data.train.pixels[place].permute(1, 2, 0).numpy()
        assert np.array_equal(found, np.asarray(small))


def test_sizes_that_differ_are_named(tmp_path, images):
    folder = parted(tmp_path, images)
    Image.new("RGB", (8, 9)).save(folder / "test" / "dog" / "zz.png")
    with pytest.raises(
        InputError, match=r"8 x 8 and 9 x 8'.*000\.png and .*zz\.png; or give a size"
    ):
        load(folder)
    assert load(folder, size=8).image_size == 8


def test_an_unreadable_image_is_named(tmp_path, images):
    folder = parted(tmp_path, images)
    whole = (folder / "train" / "cat" / "003.png").read_bytes()
    for broken in (b"", b"GIF89a", whole[: len(whole) // 2]):
        (folder / "train" / "cat" / "003.png").write_bytes(broken)
        with pytest.raises(StoreError, match=r"cannot read the image .*cat.003\.png"):
            load(folder)


def test_sixteen_bit_images_are_refused(tmp_path, images):
    folder = parted(tmp_path, images)
    deep = Image.fromarray(np.full((8, 8), 300, dtype=np.uint16))
    deep.save(folder / "train" / "cat" / "deep.png")
    with pytest.raises(InputError, match=r"8 bits a channel, got 'mode I;16'. Convert .*deep\.png"):
        load(folder)


@pytest.mark.parametrize("name", ["val", "validation"])
def test_without_a_test_part_the_validation_part_is_the_test(tmp_path, images, name):
    folder = tmp_path / "mine"
    data = load(parted(folder, images, parts=("train", name)))
    (folder / name).rename(folder / "test")
    same = load(folder)
    assert data.digest == same.digest
    assert (len(data.train), len(data.validation), len(data.test)) == (18, 2, 20)
    assert data.source.endswith("mine (its validation part serves as test part)")
    assert same.source.endswith("mine")


@pytest.mark.parametrize(
    ("parts", "lacking"), [(("train",), "test"), (("test",), "train"), (("val", "test"), "train")]
)
def test_a_missing_part_is_named(tmp_path, images, parts, lacking):
    with pytest.raises(InputError, match=f"both a train and a test part, got 'no {lacking}'"):
        load(parted(tmp_path, images, parts=parts))


def test_classes_must_agree(tmp_path, images):
    folder = parted(tmp_path, images)
    images(folder / "test" / "bird", 1)
    with pytest.raises(InputError, match="same classes in test as in train, got 'bird'"):
        load(folder)


def test_an_empty_class_is_named(tmp_path, images):
    folder = parted(tmp_path, images)
    (folder / "train" / "ant").mkdir()
    (folder / "test" / "ant").mkdir()
    with pytest.raises(
        InputError, match=r"an image in every class folder, got .*test.ant; .*\.jpg"
    ):
        load(folder)


def test_class_names_must_differ_in_more_than_case(tmp_path, images):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("Cat", "cat", "dog"):
        images(folder / name, 3)
    if len(list(folder.iterdir())) < 3:
        pytest.skip("this file system ignores case")
    with pytest.raises(InputError, match="different names, got \"'Cat' and 'cat'\""):
        load(folder)


def test_two_validation_parts(tmp_path, images):
    folder = parted(tmp_path, images, parts=("train", "test", "val", "validation"))
    with pytest.raises(InputError, match="one validation part, got 'val and validation'"):
        load(folder)


def test_no_classes(tmp_path, images):
    folder = tmp_path / "mine"
    folder.mkdir()
    with pytest.raises(InputError, match=r"at least two class folders, got 0\. See"):
        load(folder)
    images(folder / "only", 20)
    with pytest.raises(InputError, match=r"at least two class folders, got 1\. See"):
        load(folder)


class Told:
    def __init__(self):
        self.calls = []

    def __call__(self, done, total, message=""):
        self.calls.append((done, total, message))


def test_decoding_is_done_once_and_told(tmp_path, images):
    folder = parted(tmp_path / "mine", images, count=50)
    first, second, other = Told(), Told(), Told()
    data = load(folder, progress=first)
    assert [call[:2] for call in first.calls] == [(64, 200), (128, 200), (192, 200), (200, 200)]
    assert load(folder, progress=second).digest == data.digest
    assert second.calls == []
    assert load(folder, cache=tmp_path / "other", progress=other).digest == data.digest
    assert other.calls
    assert len(list((tmp_path / "decoded").iterdir())) == 1


@pytest.mark.parametrize("change", ["content", "time", "new", "gone"])
def test_a_changed_folder_is_decoded_again(tmp_path, images, change):
    folder = parted(tmp_path / "mine", images)
    before, path, told = load(folder), folder / "train" / "cat" / "004.png", Told()
    if change == "content":
        images(folder / "train" / "cat", 10, seed=77)
    elif change == "time":
        os.utime(path, ns=(1, 1))
    elif change == "new":
        images(folder / "train" / "cat", 11)
    else:
        path.unlink()
    after = load(folder, progress=told)
    assert told.calls
    assert (after.digest == before.digest) == (change == "time")
    assert len(list((tmp_path / "decoded").iterdir())) == 1  # the old one was replaced


def test_sizes_have_caches_of_their_own(tmp_path, images):
    folder = parted(tmp_path / "mine", images)
    for size in (None, 4, 6):
        load(folder, size=size)
    assert len(list((tmp_path / "decoded").iterdir())) == 3
    assert load(folder, size=4).image_size == 4


@pytest.mark.parametrize("spoil", [lambda d: b"", lambda d: d[:-100], lambda d: b"x" * len(d)])
def test_a_broken_cache_is_made_again(tmp_path, images, spoil):
    folder, told = parted(tmp_path / "mine", images), Told()
    digest = load(folder).digest
    (cache,) = (tmp_path / "decoded").iterdir()
    good = cache.read_bytes()
    cache.write_bytes(spoil(good))
    assert load(folder, progress=told).digest == digest
    assert told.calls
    assert cache.read_bytes() == good


def test_one_flipped_byte_in_the_cache_is_seen(tmp_path, images):
    folder, told = parted(tmp_path / "mine", images), Told()
    digest = load(folder).digest
    (cache,) = (tmp_path / "decoded").iterdir()
    data = bytearray(cache.read_bytes())
    data[len(data) // 2] ^= 1
    cache.write_bytes(data)
    assert load(folder, progress=told).digest == digest
    assert told.calls


def test_no_room_for_the_cache(tmp_path, images, monkeypatch):
    folder = parted(tmp_path / "mine", images)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot keep decoded images in .*set SPADV_CACHE"):
        load(folder, cache=tmp_path / "file" / "below")

    def full(file, **arrays):
        file.write(b"some")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spadv.empirical.data.files.np.savez", full)
    with pytest.raises(StoreError, match="No space left on device"):
        load(folder)
    assert list((tmp_path / "decoded").iterdir()) == []
    assert len(load(folder, cache=False).test) == 20


def test_interrupted_decoding_leaves_nothing(tmp_path, images):
    folder = parted(tmp_path / "mine", images, count=50)

    def stop(done, total, message=""):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(folder, progress=stop)
    assert not (tmp_path / "decoded").exists()


def test_an_unreadable_folder(tmp_path, images, monkeypatch):
    folder = parted(tmp_path / "mine", images)
    listed = [folder / "train" / "cat" / "gone.png"]
    monkeypatch.setattr("spadv.empirical.data.custom._images", lambda _: [str(listed[0])])
    with pytest.raises(StoreError, match=r"cannot read .*gone\.png: No such file"):
        load(folder)


def test_hidden_folders_are_left_out(tmp_path, images):
    folder = tmp_path / "mine"
    images(folder / "a", 10)
    images(folder / "b", 10)
    digest = load(folder).digest
    for hidden in (".ipynb_checkpoints", "__MACOSX", "deeper/.thumbnails"):
        images(folder / "a" / hidden, 2, seed=9)
    assert load(folder).digest == digest


def sixteen_bits(path, colour):
    """Write a 16-bit PNG or PPM by hand: Pillow writes none in colour."""
    shape = (8, 8, 3) if colour else (8, 8)
    values = np.linspace(0, 65535, int(np.prod(shape))).astype(">u2").reshape(shape)
    if path.suffix == ".ppm":
        path.write_bytes(b"P6 8 8 65535\n" + values.tobytes())
        return

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", 8, 8, 16, 2 if colour else 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


@pytest.mark.parametrize(("name", "colour"), [("x.png", True), ("x.png", False), ("x.ppm", True)])
def test_sixteen_bits_are_not_cut_silently(tmp_path, images, name, colour):
    images(tmp_path / "a", 10)
    images(tmp_path / "b", 10)
    sixteen_bits(tmp_path / "a" / name, colour)
    with pytest.raises(InputError, match=rf"8 bits a channel.*Convert .*{name}"):
        load(tmp_path)
