"""MNIST: the embedded sample, and the official files (those of Fashion-MNIST, too)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import StoreError
from .catalogue import DataInfo
from .idx import find_idx, read_idx
from .npz import read_npz
from .parts import Parts, images_from

#: Folder under the root, as torchvision names it.
FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
#: The official files, gzipped when they carry the suffix .gz.
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
DIGITS = tuple("0123456789")
CLASSES = {
    "mnist": DIGITS,
    "fashion-mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
}  # fmt: skip
#: The embedded sample.
SAMPLE = Path(__file__).with_name("mnist_sample.npz")


def read_sample() -> Parts:
    """Read the embedded sample of MNIST, about 0.05 seconds.

    Raises
    ------
    StoreError
        If the installed package lacks it, or it is broken.
    """
    arrays = read_npz(SAMPLE)
    train, test = (images_from(arrays[f"x_{p}"], arrays[f"y_{p}"]) for p in ("train", "test"))
    return Parts(train, DIGITS, test=test)


def raw_folder(name: str, root: Path) -> Path:
    """Return the folder of the official files under a root."""
    return root / FOLDERS[name] / "raw"


def missing_files(name: str, root: Path) -> list[Path]:
    """Return the official files that are there neither plain nor gzipped."""
    folder = raw_folder(name, root)
    return [folder / file for file in FILES if find_idx(folder, file) is None]


def read_official(info: DataInfo, root: Path) -> Parts:
    """Read the official idx files, plain or gzipped; nothing is written.

    Parameters
    ----------
    info : DataInfo
        That of "mnist" or "fashion-mnist".
    root : Path
        The folder that holds MNIST/raw or FashionMNIST/raw.

    Raises
    ------
    StoreError
        If a file is missing, broken, or does not hold what the official one holds.
    """
    folder = raw_folder(info.name, root)
    arrays: dict[str, Any] = {}
    for file, dimensions in zip(FILES, (3, 1, 3, 1), strict=True):
        path = find_idx(folder, file)
        if path is None:
            raise StoreError(f"{folder} holds neither {file} nor {file}.gz")
        count = info.originals if file.startswith("train") else info.tests
        wanted = (count, info.image_size, info.image_size)[:dimensions]
        arrays[file] = found = read_idx(path, dimensions)
        if found.shape != wanted:
            raise StoreError(f"{path} holds {found.shape}, the official file {wanted}")
        if dimensions == 1 and found.max() >= info.num_classes:
            raise StoreError(f"{path} holds the label {found.max()}, above {info.num_classes - 1}")
    train, test = (images_from(arrays[FILES[i]], arrays[FILES[i + 1]]) for i in (0, 2))
    return Parts(train, CLASSES[info.name], test=test)
