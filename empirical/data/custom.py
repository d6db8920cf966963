"""Your own images: a folder with a sub-folder a class, or an .npz file of arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import InputError, StoreError
from ...progress import Progress
from ...store import read_npz
from .files import SUFFIXES, decode_once
from .images import Images, Parts

T = TypeVar("T")
#: For each part its files with their labels.
Listed = dict[str, list[tuple[str, int]]]

_PARTS = {"train": "train", "test": "test", "validation": "validation", "valid": "validation"}
_PARTS["val"] = "validation"
#: What the description of data says that have no test part.
NOTE = "its validation part serves as test part"


def list_folder(folder: Path) -> tuple[tuple[str, ...], Listed]:
    """Return the classes of a folder of images, and its files part by part.

    Either the sub-folders are the classes (the part "train" alone), or they are `train`, `test` and
    perhaps `validation` (or `val`), each with the same classes as sub-folders; where there is no
    `test` the validation part takes its place. Images may lie deeper within a class. Hidden files
    and folders, and files that are no images by name, are left out. Files are sorted by path in
    each class, the classes in turn, so that the first so many images hold all classes.
    """
    parts: dict[str, Path] = {}
    for child in _sub_folders(folder):
        if (part := _PARTS.get(child.name.lower())) is not None:
            if part in parts:
                shown = f"{parts[part].name} and {child.name}"
                raise InputError("data", f"have one {part} part", shown)
            parts[part] = child
    if "train" not in parts and "test" not in parts:
        parts = {"train": folder}
    elif "test" not in parts and "validation" in parts:
        parts["test"] = parts.pop("validation")
    if "train" not in parts or ("test" not in parts and parts["train"] != folder):
        lacking = "test" if "train" in parts else "train"
        hint = f"Add {folder / lacking}, or put the class folders straight into {folder}."
        raise InputError("data", "have both a train and a test part", f"no {lacking}", hint)
    classes = _classes(parts["train"])
    files = {}
    for part, place in parts.items():
        if (here := _classes(place)) != classes:
            differ = sorted(set(here) ^ set(classes))
            rule = f"have the same classes in {part} as in train"
            raise InputError("data", rule, ", ".join(differ[:5]))
        files[part] = in_turn(
            [
                [(path, label) for path in _images(place / name)]
                for label, name in enumerate(classes)
            ]
        )
    return classes, files


def in_turn(groups: Sequence[Sequence[T]]) -> list[T]:
    """Return the first of every group, then the second of every group, and so on."""
    rounds = range(max(map(len, groups), default=0))
    return [group[number] for number in rounds for group in groups if number < len(group)]


def read_folder(folder: Path, *, size: int | None, cache: Path | None, progress: Progress) -> Parts:
    """Read a folder of images (see :func:`list_folder`), decoding them once."""
    classes, files = list_folder(folder)
    parts = decode_parts(folder, files, size=size, grey=None, cache=cache, progress=progress)
    named = {_PARTS.get(child.name.lower()) for child in _sub_folders(folder)}
    note = NOTE if "validation" in named and "test" not in named else ""
    return Parts(parts["train"], classes, parts.get("test"), parts.get("validation"), note)


def decode_parts(
    folder: Path,
    files: Listed,
    *,
    size: int | None,
    grey: bool | None,
    cache: Path | None,
    progress: Progress,
) -> dict[str, Images]:
    """Decode the listed files of a folder, all together, or take them from the cache."""
    paths = [path for part in files.values() for path, _ in part]
    pixels = decode_once(folder, paths, size=size, grey=grey, cache=cache, progress=progress)
    parts, start = {}, 0
    for name, part in files.items():
        end = start + len(part)
        parts[name] = Images.from_numpy(pixels[start:end], [label for _, label in part])
        start = end
    return parts


def _classes(folder: Path) -> tuple[str, ...]:
    found = tuple(child.name for child in _sub_folders(folder))
    if len(found) < 2:
        raise InputError("data", "hold at least two class folders", len(found), f"See {folder}.")
    _check_class_names(found)
    return found


def _check_class_names(classes: Sequence[str]) -> None:
    """Refuse two names that are equal but for case and outer blanks."""
    seen: dict[str, str] = {}
    for name in classes:
        other = seen.setdefault(name.strip().casefold(), name)
        if other is not name:
            raise InputError("classes", "have different names", f"{other!r} and {name!r}")


def _sub_folders(folder: Path) -> list[Path]:
    try:
        children = sorted(child for child in folder.iterdir() if child.is_dir())
    except OSError as error:
        raise StoreError(f"cannot read the folder {folder}: {error.strerror}") from None
    return [child for child in children if not _hidden(child.name)]


def _hidden(name: str) -> bool:
    """Whether a file or folder is bookkeeping of some program, not data."""
    return name.startswith((".", "__"))


def _images(folder: Path) -> list[str]:
    # Text, not `Path`s: with 100,000 files those take seconds to make and to sort.
    found = []
    for place, below, names in os.walk(folder):
        below[:] = [name for name in below if not _hidden(name)]  # os.walk goes into no other
        found += [
            os.path.join(place, name)
            for name in names
            if name.lower().endswith(SUFFIXES) and not _hidden(name)
        ]
    if not found:
        hint = f"See {folder}; files count as images if they end in {', '.join(SUFFIXES)}."
        raise InputError("data", "hold an image in every class folder", "none in one", hint)
    return sorted(found)


def read_arrays(path: Path) -> Parts:
    """Read x_train, y_train, x_test, y_test, perhaps x_val, y_val and classes.

    MedMNIST's names do as well. Without a test part the validation part takes its place. Pixels are
    uint8 of shape (N, height, width), (N, height, width, channels) or (N, channels, height, width),
    with 1 or 3 channels; labels are integers of shape (N,) or (N, 1), from 0 on; `classes` are
    names.
    """
    arrays = read_npz(path)
    for part in ("train", "val", "test"):  # MedMNIST's names
        for theirs, ours in ((f"{part}_images", f"x_{part}"), (f"{part}_labels", f"y_{part}")):
            if theirs in arrays:
                arrays[ours] = arrays.pop(theirs)
    note = ""
    if {"x_val", "y_val"} <= arrays.keys() and not {"x_test", "y_test"} & arrays.keys():
        arrays["x_test"], arrays["y_test"] = arrays.pop("x_val"), arrays.pop("y_val")
        note = NOTE
    for name in ("x_train", "y_train", "x_test", "y_test"):
        if name not in arrays:
            hint = "Its arrays: " + (", ".join(arrays) or "none") + "."
            raise InputError("file", "hold x_train, y_train, x_test and y_test", path.name, hint)
    if ("x_val" in arrays) != ("y_val" in arrays):
        raise InputError("file", "hold both x_val and y_val or neither", path.name)
    train = _part(arrays, "train")
    classes = _named_classes(arrays) if "classes" in arrays else _numbered_classes(train)
    validation = _part(arrays, "val") if "x_val" in arrays else None
    return Parts(train, classes, _part(arrays, "test"), validation, note)


def _part(arrays: dict[str, NDArray[Any]], part: str) -> Images:
    pixels, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
    if part != "val" and pixels.shape[:1] == (0,):
        raise InputError(f"x_{part}", "hold at least one image", "none")
    if pixels.dtype != np.uint8:
        hint = "Multiply pixels in [0, 1] by 255 and round." if pixels.dtype.kind == "f" else ""
        raise InputError(f"x_{part}", "hold uint8 pixels", str(pixels.dtype), hint)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iu" or labels.shape != pixels.shape[:1]:
        shown = f"{labels.dtype} of shape {labels.shape}"
        raise InputError(f"y_{part}", "hold an integer for each image", shown)
    if pixels.ndim == 3:
        return Images.from_numpy(pixels, labels)
    last = pixels.ndim == 4 and pixels.shape[3] in (1, 3)
    first = pixels.ndim == 4 and pixels.shape[1] in (1, 3)
    if last == first:
        rule = "have shape (N, H, W), (N, H, W, channels) or (N, channels, H, W)"
        hint = "Images of 1 or 3 channels; height and width not both so small." if last else ""
        raise InputError(f"x_{part}", rule, pixels.shape, hint)
    return Images.from_numpy(pixels.transpose(0, 3, 1, 2) if last else pixels, labels)


def _named_classes(arrays: dict[str, NDArray[Any]]) -> tuple[str, ...]:
    names = arrays["classes"]
    if names.ndim != 1 or names.dtype.kind != "U":
        shown = f"{names.dtype} of shape {names.shape}"
        raise InputError("classes", "be a 1-d array of text", shown)
    _check_class_names(names.tolist())
    return tuple(names.tolist())


def _numbered_classes(train: Images) -> tuple[str, ...]:
    present = torch.unique(train.labels).tolist()
    if present and present[0] < 0:
        raise InputError("y_train", "be at least 0", present[0], "Number the classes from 0.")
    if present != list(range(len(present))):
        lacking = next(i for i in range(len(present) + 1) if i not in present)
        hint = "Number them from 0 without gaps, or give the array `classes`."
        raise InputError("y_train", "have images of every class", f"none of {lacking}", hint)
    return tuple(map(str, present))
