"""MNIST, Fashion-MNIST, CIFAR and Tiny-ImageNet in their official files; the embedded sample."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import StoreError
from ...progress import Progress
from ...store import read_npz, read_text
from ..settings.data import DataInfo
from .custom import decode_parts, in_turn
from .files import SUFFIXES
from .images import Images, Parts

#: The embedded sample.
SAMPLE = Path(__file__).with_name("mnist_sample.npz")
#: More bytes than any idx file unpacks to; a larger one is refused, not unpacked.
LARGEST = 1 << 30


def torchvision_class(name: str) -> Any:
    """Return torchvision's class of a data set; it knows addresses, files and checksums."""
    from torchvision import datasets

    classes = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "cifar10": "CIFAR10"}
    return getattr(datasets, classes.get(name, "CIFAR100"))


def find(folder: Path, name: str) -> Path | None:
    """Return the file or folder `name`, or `name`.gz, or None if neither is there."""
    paths = (folder / name, folder / f"{name}.gz")
    return next((path for path in paths if path.exists()), None)


def read_known(info: DataInfo, root: Path, cache: Path | None, progress: Progress) -> Parts:
    """Read a data set whose files are all there."""
    if info.embedded:
        arrays = read_npz(SAMPLE)
        parts = (Images.from_numpy(arrays[f"x_{p}"], arrays[f"y_{p}"]) for p in ("train", "test"))
        return Parts(next(parts), info.classes, test=next(parts))
    if "mnist" in info.name:
        return _read_mnist(info, root / info.folder)
    if "cifar" in info.name:
        return _read_cifar(info, root)
    return _read_tiny_imagenet(info, root / info.folder, cache, progress)


def _read_mnist(info: DataInfo, folder: Path) -> Parts:
    """Read the idx files, plain or gzipped, where nothing need be written.

    torchvision's reader wants them unpacked, takes files that are too long, and needs three
    seconds to be imported.
    """
    arrays = []
    for file in info.files:
        path, dimensions = find(folder, file), 3 if "images" in file else 1
        assert path is not None
        count = info.originals if file.startswith("train") else info.tests
        wanted = (count, info.image_size, info.image_size)[:dimensions]
        found = read_idx(path, dimensions)
        if found.shape != wanted:
            raise StoreError(f"{path} holds {found.shape}, the official file {wanted}")
        if dimensions == 1 and found.max() >= info.num_classes:
            raise StoreError(f"{path} holds the label {found.max()}, above {info.num_classes - 1}")
        arrays.append(found)
    train, test = (Images.from_numpy(*arrays[i : i + 2]) for i in (0, 2))
    return Parts(train, info.classes, test=test)


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Return the unsigned bytes of an idx file (LeCun, Cortes and Burges), perhaps gzipped."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise StoreError(f"cannot read {path}: {error}") from None
    if len(data) > LARGEST:
        raise StoreError(f"{path} holds more than {LARGEST} bytes: no idx file of images")
    start = 4 + 4 * dimensions
    if len(data) < start or data[:4] != bytes([0, 0, 8, dimensions]):
        raise StoreError(f"{path} is no idx file of unsigned bytes in {dimensions} dimensions")
    shape = tuple(np.frombuffer(data, ">u4", dimensions, 4).tolist())
    if math.prod(shape) != len(data) - start:
        raise StoreError(f"{path} states the shape {shape} but holds {len(data) - start} bytes")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


def _read_cifar(info: DataInfo, root: Path) -> Parts:
    """Read the official batches by torchvision.

    They are pickles, which can run code when read: torchvision reads none of them before
    the MD5 of every file was found to be that of the official one.
    """
    kind, folder = torchvision_class(info.name), root / info.folder
    try:
        train, test = (kind(root, train=part, download=False) for part in (True, False))
    except RuntimeError as error:
        raise StoreError(_not_official(kind, folder) or f"{info.title}: {error}") from None
    except OSError as error:
        raise StoreError(f"cannot read {info.title}: {error}") from None
    for part, count in ((train, info.originals), (test, info.tests)):
        shape = (count, info.image_size, info.image_size, info.channels)
        labels = np.asarray(part.targets)
        if part.data.shape != shape or part.data.dtype != np.uint8 or labels.shape != (count,):
            raise StoreError(
                f"{folder} holds {part.data.dtype} {part.data.shape} and "
                f"{len(labels)} labels where {info.title} has uint8 {shape}"
            )
        if labels.min() < 0 or labels.max() >= info.num_classes:
            raise StoreError(f"{folder} holds labels out of range")
    images = (Images.from_numpy(p.data.transpose(0, 3, 1, 2), p.targets) for p in (train, test))
    return Parts(next(images), tuple(train.classes), test=next(images))


def _not_official(kind: Any, folder: Path) -> str:
    from torchvision.datasets.utils import check_integrity

    for file, md5 in [*kind.train_list, *kind.test_list, (kind.meta["filename"], kind.meta["md5"])]:
        if not check_integrity(folder / file, md5):
            path = folder / file
            return f"{path} is not the official file (its MD5 is not {md5}): it was not read"
    return ""


def _read_tiny_imagenet(
    info: DataInfo, folder: Path, cache: Path | None, progress: Progress
) -> Parts:
    """Read the images, decoding them once (about 1.4 GB in the cache).

    The official validation part, whose labels are known, serves as test part. Classes are in the
    order of their WordNet identifiers, as torchvision's ImageFolder orders them.
    """
    wnids = sorted(set(_lines(folder / "wnids.txt")))
    if len(wnids) != info.num_classes:
        wanted = f"the official file {info.num_classes}"
        raise StoreError(f"{folder / 'wnids.txt'} names {len(wnids)} classes, {wanted}")
    label = {wnid: index for index, wnid in enumerate(wnids)}
    files = {
        "train": in_turn(
            [[(path, label[wnid]) for path in _jpegs(folder, wnid)] for wnid in wnids]
        ),
        "test": _annotated(folder / "val", label),
    }
    for part, name, count in (("train", "train", info.originals), ("test", "val", info.tests)):
        if len(files[part]) != count:
            held = f"{len(files[part])} images, the official one {count}"
            raise StoreError(f"{folder / name} holds {held}")
    parts = decode_parts(folder, files, size=None, grey=False, cache=cache, progress=progress)
    high, wide = parts["train"].pixels.shape[2:]
    if (high, wide) != (info.image_size, info.image_size):
        wanted = f"the official ones have {info.image_size} x {info.image_size}"
        raise StoreError(f"{folder} holds images of {high} x {wide}, {wanted}")
    return Parts(parts["train"], _class_names(folder, wnids), test=parts["test"])


def _jpegs(folder: Path, wnid: str) -> list[str]:
    place = folder / "train" / wnid / "images"
    try:
        names = sorted(name for name in os.listdir(place) if name.lower().endswith(SUFFIXES))
    except OSError as error:
        raise StoreError(f"cannot read the folder {place}: {error.strerror}") from None
    return [os.path.join(place, name) for name in names]


def _annotated(folder: Path, label: dict[str, int]) -> list[tuple[str, int]]:
    """Return the files that val_annotations.txt names (file, class, box), with labels."""
    annotations = folder / "val_annotations.txt"
    found: dict[str, int] = {}
    for number, line in enumerate(_lines(annotations), start=1):
        name, _, rest = line.partition("\t")
        wnid = rest.partition("\t")[0]
        if wnid not in label or Path(name).name != name:
            raise StoreError(f"{annotations}, line {number}: not 'FILE<tab>CLASS<tab>box'")
        path = os.path.join(folder, "images", name)
        if found.setdefault(path, label[wnid]) != label[wnid]:
            raise StoreError(f"{annotations}, line {number}: {name} has two classes")
    return sorted(found.items())


def _class_names(folder: Path, wnids: list[str]) -> tuple[str, ...]:
    """Return the first English name of each class, with its identifier where two agree."""
    words = dict(line.split("\t", 1) for line in _lines(folder / "words.txt") if "\t" in line)
    names = [words.get(wnid, wnid).split(",")[0].strip() for wnid in wnids]
    often, pairs = Counter(names), zip(names, wnids, strict=True)
    return tuple(f"{name} ({wnid})" if often[name] > 1 else name for name, wnid in pairs)


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in read_text(path).splitlines() if line.strip()]
