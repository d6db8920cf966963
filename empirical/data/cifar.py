"""CIFAR-10 and CIFAR-100, read by torchvision from the official Python batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StoreError
from .catalogue import DataInfo
from .parts import Parts, images_from

#: Folder under the root, as torchvision and the official archive name it.
FOLDERS = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}
FILES = {
    "cifar10": (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"),
    "cifar100": ("train", "test", "meta"),
}


def reader(name: str) -> Any:
    """Return torchvision's class for a data set; it knows address, files and checksums."""
    from torchvision import datasets

    return {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]


def missing_files(name: str, root: Path) -> list[Path]:
    """Return the official files that are not there."""
    paths = [root / FOLDERS[name] / file for file in FILES[name]]
    return [path for path in paths if not path.is_file()]


def read_official(info: DataInfo, root: Path) -> Parts:
    """Read the official batches.

    They are pickles, which can run code when read: torchvision reads none of them before
    the MD5 of every file was found to be that of the official one.

    Parameters
    ----------
    info : DataInfo
        That of "cifar10" or "cifar100".
    root : Path
        The folder that holds the unpacked official folder.

    Raises
    ------
    StoreError
        If a file is not the official one, or does not hold what that holds.
    """
    kind = reader(info.name)
    try:
        train, test = (kind(root, train=part, download=False) for part in (True, False))
    except RuntimeError as error:
        raise StoreError(_what_is_wrong(kind, root) or f"{info.title}: {error}") from None
    except OSError as error:
        raise StoreError(f"cannot read {info.title}: {error}") from None
    for part, count in ((train, info.originals), (test, info.tests)):
        shape = (count, info.image_size, info.image_size, info.channels)
        labels = np.asarray(part.targets)
        if part.data.shape != shape or part.data.dtype != np.uint8 or labels.shape != (count,):
            raise StoreError(
                f"{root / kind.base_folder} holds {part.data.dtype} {part.data.shape} and "
                f"{len(labels)} labels where {info.title} has uint8 {shape}"
            )
        if labels.min() < 0 or labels.max() >= info.num_classes:
            raise StoreError(f"{root / kind.base_folder} holds labels out of range")
    images = (images_from(part.data, part.targets) for part in (train, test))
    return Parts(next(images), tuple(train.classes), test=next(images))


def _what_is_wrong(kind: Any, root: Path) -> str:
    from torchvision.datasets.utils import check_integrity

    files = [*kind.train_list, *kind.test_list, (kind.meta["filename"], kind.meta["md5"])]
    for file, md5 in files:
        path = root / kind.base_folder / file
        if not check_integrity(path, md5):
            return f"{path} is not the official file (its MD5 is not {md5}): it was not read"
    return ""
