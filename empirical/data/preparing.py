"""Getting data sets: what is there, what is missing, and how to get it."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import StoreError
from ...progress import Progress, silent
from . import cifar, mnist, tiny_imagenet
from .catalogue import DataInfo, describe
from .download import Remote, fetch
from .places import data_root
from .unpack import unpack


@dataclass(frozen=True)
class Place:
    """Where a data set is looked for, and whether it is there.

    Attributes
    ----------
    folder : Path
        The folder that holds its files, or the embedded file.
    missing : tuple of Path
        Files that are not there; empty: the data set can be loaded.
    """

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
    """Return where a data set lies, or would lie, under a root.

    Parameters
    ----------
    name : str
        A known name.
    root : Path or str, optional
        Folder of data sets; $SPADV_DATA, or else ~/.cache/spadv/data, by default.

    Raises
    ------
    InputError
        If the name is unknown.
    """
    info, base = describe(name), data_root(root)
    if info.embedded:
        return Place(mnist.SAMPLE, ())
    if name in mnist.FOLDERS:
        return Place(mnist.raw_folder(name, base), tuple(mnist.missing_files(name, base)))
    if name in cifar.FOLDERS:
        return Place(base / cifar.FOLDERS[name], tuple(cifar.missing_files(name, base)))
    return Place(base / tiny_imagenet.FOLDER, tuple(tiny_imagenet.missing_files(base)))


def how_to_get(name: str, root: Path) -> str:
    """Return a sentence on how to get a data set, with a network and without."""
    command = f"`spadv data prepare {name} --data-root {shlex.quote(str(root))}`"
    return f"{command} downloads {describe(name).title}; {_by_hand(name, root)}"


def _by_hand(name: str, root: Path) -> str:
    if name in mnist.FOLDERS:
        files = ", ".join(f"{file}.gz" for file in mnist.FILES)
        what = f"put {files} (or their unpacked forms) into {mnist.raw_folder(name, root)}."
    else:
        what = f"put {_archive_name(name)} into {root} and run that command, which unpacks it."
    return f"without a network, {what}"


def prepare(name: str, root: Path | str | None = None, *, progress: Progress = silent) -> Path:
    """Download a data set and unpack it, unless it is there.

    Addresses and checksums of MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100 are those that
    torchvision knows; files lie as torchvision lays them out. Downloads that broke off go
    on where they stopped. Archives are kept beside the unpacked folder, and an archive
    that is there already is unpacked without a network.

    Parameters
    ----------
    name : str
        A known name.
    root : Path or str, optional
        Folder of data sets; $SPADV_DATA, or else ~/.cache/spadv/data, by default.
    progress : Progress
        Told the bytes downloaded and unpacked.

    Returns
    -------
    Path
        The folder that holds the files (for the embedded sample, its file).

    Raises
    ------
    InputError
        If the name is unknown.
    StoreError
        If there is no network or no room, or a file is not the official one.
    """
    info, base = describe(name), data_root(root)
    place = locate(name, base)
    if place.found:
        return place.folder
    try:
        if name in mnist.FOLDERS:
            _prepare_idx(info, place, progress)
        else:
            _prepare_archive(name, place.folder, base, progress)
    except StoreError as error:
        if str(error).startswith("cannot download"):
            raise StoreError(f"{error}; {_by_hand(name, base)}") from None
        raise
    if left := locate(name, base).missing:
        raise StoreError(f"{place.folder} lacks {left[0].name} even so: move the folder away")
    return place.folder


def _prepare_idx(info: DataInfo, place: Place, progress: Progress) -> None:
    from torchvision import datasets

    kind: Any = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST}[info.name]
    wanted = {path.name for path in place.missing}
    for file, md5 in kind.resources:
        if file.removesuffix(".gz") in wanted:
            remote = Remote(tuple(f"{mirror}{file}" for mirror in kind.mirrors), md5)
            fetch(remote, place.folder / file, progress=progress)


def _prepare_archive(name: str, folder: Path, root: Path, progress: Progress) -> None:
    if folder.exists():
        raise StoreError(
            f"{folder} is there but incomplete: move it away, then `spadv data prepare {name}`"
        )
    if name in cifar.FOLDERS:
        kind = cifar.reader(name)
        remote = Remote((kind.url,), kind.tgz_md5)
    else:
        remote = Remote((tiny_imagenet.URL,), tiny_imagenet.MD5)
    archive = fetch(remote, root / _archive_name(name), progress=progress)
    unpack(archive, folder.name, progress=progress)


def _archive_name(name: str) -> str:
    archives = {"cifar10": "cifar-10-python.tar.gz", "cifar100": "cifar-100-python.tar.gz"}
    return archives.get(name, tiny_imagenet.ARCHIVE)
