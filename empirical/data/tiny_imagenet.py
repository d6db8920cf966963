"""Tiny-ImageNet-200 in the layout of its official archive."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from ...errors import StoreError
from ...progress import Progress, silent
from .catalogue import DataInfo
from .decode import SUFFIXES
from .folder import decode_parts, in_turn
from .parts import Parts

FOLDER = "tiny-imagenet-200"
URL = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"
ARCHIVE = "tiny-imagenet-200.zip"
_NEEDED = ("wnids.txt", "words.txt", "train", "val/images", "val/val_annotations.txt")


def missing_files(root: Path) -> list[Path]:
    """Return what the reader needs and is not there."""
    folder = root / FOLDER
    return [folder / name for name in _NEEDED if not (folder / name).exists()]


def read_official(
    info: DataInfo, root: Path, *, cache: Path | None, progress: Progress = silent
) -> Parts:
    """Read the images, decoding them once (about 1.4 GB in the cache).

    The official validation part, whose labels are known, serves as test part; the
    official test part has no labels and is not read. Classes are in the order of their
    WordNet identifiers, as torchvision's ImageFolder orders them.

    Parameters
    ----------
    info : DataInfo
        That of "tiny-imagenet".
    root : Path
        The folder that holds the unpacked tiny-imagenet-200.
    cache : Path or None
        Folder for the decoded images; None: nothing is kept.
    progress : Progress
        Told the number of images decoded.

    Raises
    ------
    StoreError
        If files are missing, broken or not those of the official archive.
    InputError
        If images differ in size.
    """
    folder = root / FOLDER
    wnids = sorted(set(_lines(folder / "wnids.txt")))
    if len(wnids) != info.num_classes:
        wanted = f"the official file {info.num_classes}"
        raise StoreError(f"{folder / 'wnids.txt'} names {len(wnids)} classes, {wanted}")
    label = {wnid: index for index, wnid in enumerate(wnids)}
    files = {
        "train": in_turn(
            [[(path, label[wnid]) for path in _images(folder, wnid)] for wnid in wnids]
        ),
        "test": _annotated(folder / "val", label),
    }
    for part, count in (("train", info.originals), ("test", info.tests)):
        if len(files[part]) != count:
            name = {"train": "train", "test": "val"}[part]
            held = f"{len(files[part])} images, the official one {count}"
            raise StoreError(f"{folder / name} holds {held}")
    parts = decode_parts(folder, files, size=None, grey=False, cache=cache, progress=progress)
    sides = tuple(parts["train"].pixels.shape[2:])
    if sides != (info.image_size, info.image_size):
        wanted = f"the official ones have {info.image_size} x {info.image_size}"
        raise StoreError(f"{folder} holds images of {sides[0]} x {sides[1]}, {wanted}")
    return Parts(parts["train"], _names(folder, wnids), test=parts["test"])


def _images(folder: Path, wnid: str) -> list[str]:
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


def _names(folder: Path, wnids: list[str]) -> tuple[str, ...]:
    """Return the first English name of each class, with its identifier where two agree."""
    words = dict(line.split("\t", 1) for line in _lines(folder / "words.txt") if "\t" in line)
    names = [words.get(wnid, wnid).split(",")[0].strip() for wnid in wnids]
    often = Counter(names)
    pairs = zip(names, wnids, strict=True)
    return tuple(f"{name} ({wnid})" if often[name] > 1 else name for name, wnid in pairs)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read {path}: {error}") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
