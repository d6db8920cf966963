"""Getting data sets: where they lie, what is missing, and how to get it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ...errors import StoreError
from ...progress import Progress, silent
from ..settings.data import DataInfo, describe
from .download import fetch
from .official import SAMPLE, find, torchvision_class
from .unpack import unpack

#: torchvision does not know Tiny-ImageNet.
TINY_IMAGENET = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
TINY_IMAGENET_MD5 = "90528d7ca1a48142e341f4ef8d21d0de"


def data_root(root: Path | str | None = None) -> Path:
    """Return the folder of data sets: `root`, or $SPADV_DATA, or ~/.cache/spadv/data on Linux."""
    return _place(root, "SPADV_DATA", "data")


def cache_root(folder: Path | str | None = None) -> Path:
    """Return the folder of decoded images: given, $SPADV_CACHE, or `decoded` in the cache."""
    return _place(folder, "SPADV_CACHE", "decoded")


def _place(given: Path | str | None, variable: str, name: str) -> Path:
    chosen = given if given is not None else os.environ.get(variable)
    found = chosen or platformdirs.user_cache_path("spadv", False) / name
    return Path(os.path.expanduser(found))  # Path.expanduser fails for an unknown user


@dataclass(frozen=True)
class Place:
    """Where a data set is looked for: its folder (or embedded file), and what is missing."""

    folder: Path
    missing: tuple[Path, ...]

    @property
    def found(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def size_on_disk(self) -> int:
        """Return the bytes of all files in the folder, 0 if it is not there."""
        if self.folder.is_file():
            return self.folder.stat().st_size
        walk = os.walk(self.folder)
        return sum(Path(place, name).lstat().st_size for place, _, names in walk for name in names)


def locate(name: str, root: Path | str | None = None) -> Place:
    """Return where a data set lies, or would lie, under a root (:func:`data_root`)."""
    info = describe(name)
    if info.embedded:
        return Place(SAMPLE, ())
    folder = data_root(root) / info.folder
    return Place(folder, tuple(folder / file for file in info.files if not find(folder, file)))


def by_hand(info: DataInfo, root: Path) -> str:
    """Return how to get a data set without a network."""
    if info.archive:
        what = f"put {info.archive} into {root} and run that command, which unpacks it."
    else:
        files = ", ".join(f"{file}.gz" for file in info.files)
        what = f"put {files} (or their unpacked forms) into {root / info.folder}."
    return f"without a network, {what}"


def prepare(name: str, root: Path | str | None = None, *, progress: Progress = silent) -> Path:
    """Download a data set into the folder of data sets and unpack it; return its own folder.

    Addresses and checksums of MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100 are those that
    torchvision knows; files lie as torchvision lays them out. What is there is not downloaded
    again, downloads that broke off go on where they stopped. Archives are kept beside the unpacked
    folder, and one that is there already is unpacked without a network. Progress is told bytes.
    """
    info, base = describe(name), data_root(root)
    place = locate(name, base)
    if place.found:
        return place.folder
    try:
        if info.archive:
            _prepare_archive(info, base, progress)
        else:
            kind, wanted = torchvision_class(name), {path.name for path in place.missing}
            for file, md5 in kind.resources:
                if file.removesuffix(".gz") in wanted:
                    urls = [f"{mirror}{file}" for mirror in kind.mirrors]
                    fetch(urls, md5, place.folder / file, progress=progress)
    except StoreError as error:
        if str(error).startswith("cannot download"):
            raise StoreError(f"{error}; {by_hand(info, base)}") from None
        raise
    if left := locate(name, base).missing:
        raise StoreError(f"{place.folder} lacks {left[0].name} even so: move the folder away")
    return place.folder


def _prepare_archive(info: DataInfo, root: Path, progress: Progress) -> None:
    folder = root / info.folder
    if folder.exists():
        again = f"move it away, then `spadv data prepare {info.name}`"
        raise StoreError(f"{folder} is there but incomplete: {again}")
    url, md5 = TINY_IMAGENET, TINY_IMAGENET_MD5
    if info.name != "tiny-imagenet":
        kind = torchvision_class(info.name)
        url, md5 = kind.url, kind.tgz_md5
    unpack(
        fetch([url], md5, root / info.archive, progress=progress), info.folder, progress=progress
    )
