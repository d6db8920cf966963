"""Your own images: a folder with a sub-folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, StoreError
from ...progress import Progress, silent
from .cache import cache_file, cached, listing_key
from .decode import SUFFIXES, decode_files
from .images import Images
from .parts import Parts, images_from_stack

T = TypeVar("T")

_PARTS = {"train": "train", "test": "test", "validation": "validation", "valid": "validation"}
_PARTS["val"] = "validation"


@dataclass(frozen=True)
class Listing:
    """The image files of a folder, part by part.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes, sorted; a label is an index into them.
    files : dict
        For each part ("train", "test", "validation") its files with their labels: sorted by
        path in each class, the classes in turn, so that the first so many images hold all
        classes. A folder of classes only has the part "train" alone.
    """

    classes: tuple[str, ...]
    files: dict[str, list[tuple[str, int]]]


def list_folder(folder: Path) -> Listing:
    """List the images of a folder.

    Either the sub-folders are the classes, or they are `train`, `test` and perhaps
    `validation` (or `val`), each with the same classes as sub-folders. Images may lie
    deeper within a class. Hidden files and files that are no images by name are left out.

    Raises
    ------
    InputError
        If there is a training but no test part, classes differ between the parts, are
        empty, or differ in upper and lower case only.
    StoreError
        If the folder cannot be read.
    """
    below = _sub_folders(folder)
    parts: dict[str, Path] = {}
    for child in below:
        if (part := _PARTS.get(child.name.lower())) is not None:
            if part in parts:
                shown = f"{parts[part].name} and {child.name}"
                raise InputError("folder", f"have one {part} part", shown)
            parts[part] = child
    if "train" not in parts and "test" not in parts:
        parts = {"train": folder}
    elif "train" not in parts or "test" not in parts:
        lacking = "test" if "train" in parts else "train"
        hint = f"Add {folder / lacking}, or put the class folders straight into {folder}."
        raise InputError("folder", "have both a train and a test part", f"no {lacking}", hint)
    classes = _classes(parts["train"])
    files = {}
    for part, place in parts.items():
        if (here := _classes(place)) != classes:
            differ = sorted(set(here) ^ set(classes))
            rule = f"have the same classes in {part} as in train"
            raise InputError("folder", rule, ", ".join(differ[:5]))
        files[part] = in_turn(
            [
                [(path, label) for path in _images(place / name)]
                for label, name in enumerate(classes)
            ]
        )
    return Listing(classes, files)


def in_turn(groups: Sequence[Sequence[T]]) -> list[T]:
    """Return the first of every group, then the second of every group, and so on.

    Images listed class by class in turn: the first so many then hold all classes.

    Examples
    --------
    >>> in_turn([[1, 2, 3], [10, 20]])
    [1, 10, 2, 20, 3]
    """
    rounds = range(max(map(len, groups), default=0))
    return [group[number] for number in rounds for group in groups if number < len(group)]


def read_folder(
    folder: Path, *, size: int | None = None, cache: Path | None, progress: Progress = silent
) -> Parts:
    """Read a folder of images (see :func:`list_folder`), decoding them once.

    Parameters
    ----------
    folder : Path
        The folder.
    size : int, optional
        Side to which images are resized (see `decode_files`).
    cache : Path or None
        Folder for decoded images; None: nothing is kept.
    progress : Progress
        Told the number of images decoded.

    Raises
    ------
    InputError, StoreError
        As :func:`list_folder`, `decode_files` and `cached` do.
    """
    listing = list_folder(folder)
    parts = decode_parts(
        folder, listing.files, size=size, grey=None, cache=cache, progress=progress
    )
    return Parts(
        parts["train"], listing.classes, test=parts.get("test"), validation=parts.get("validation")
    )


def decode_parts(
    folder: Path,
    files: dict[str, list[tuple[str, int]]],
    *,
    size: int | None,
    grey: bool | None,
    cache: Path | None,
    progress: Progress,
) -> dict[str, Images]:
    """Decode the listed files of a folder, all together, or take them from the cache."""
    paths = [path for part in files.values() for path, _ in part]

    def make() -> NDArray[np.uint8]:
        return decode_files(paths, size=size, grey=grey, progress=progress)

    if cache is None:
        pixels = make()
    else:
        key = listing_key(folder, paths, size=size, grey=grey)
        pixels = cached(cache_file(cache, folder, size=size, grey=grey), key, make)
    parts, start = {}, 0
    for name, part in files.items():
        end = start + len(part)
        parts[name] = images_from_stack(pixels[start:end], [label for _, label in part])
        start = end
    return parts


def _classes(folder: Path) -> tuple[str, ...]:
    found = [child.name for child in _sub_folders(folder)]
    if len(found) < 2:
        raise InputError("folder", "hold at least two class folders", len(found), f"See {folder}.")
    check_class_names(found)
    return tuple(found)


def check_class_names(classes: Sequence[str]) -> None:
    """Raise :class:`InputError` if two names are equal but for case and outer blanks."""
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
    return [child for child in children if not child.name.startswith((".", "__"))]


def _images(folder: Path) -> list[str]:
    # Text, not `Path`s: with 100,000 files those take seconds to make and to sort.
    found = [
        os.path.join(place, name)
        for place, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(SUFFIXES) and not name.startswith(".")
    ]
    if not found:
        hint = f"See {folder}; files count as images if they end in {', '.join(SUFFIXES)}."
        raise InputError("folder", "hold an image in every class folder", "none in one", hint)
    return sorted(found)
