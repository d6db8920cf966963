"""The data sets that are known by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...checks import choose
from ...errors import InputError


@dataclass(frozen=True)
class DataInfo:
    """What is known of a data set before it is read.

    Of `originals` images of the original training part, `train` and `validation` are used, as in
    the paper, the rest is left out; `tests` are in the test part. Its `files`, plain or gzipped,
    lie in a `folder` under the root, as torchvision has it; an empty one comes with spadv. The
    `archive` unpacks to the folder; it is empty where each file comes by itself. `classes` are
    given where the files do not name them.
    """

    name: str
    title: str
    num_classes: int
    channels: int
    image_size: int
    originals: int
    tests: int
    train: int
    validation: int
    source: str
    licence: str
    folder: str = ""
    files: tuple[str, ...] = ()
    archive: str = ""
    classes: tuple[str, ...] = ()

    @property
    def embedded(self) -> bool:
        """Whether it comes with spadv."""
        return not self.folder


_MNIST = (
    "MNIST database of handwritten digits, Y. LeCun, C. Cortes, C.J.C. Burges, "
    "http://yann.lecun.com/exdb/mnist/"
)
_CIFAR = (
    "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009), "
    "https://www.cs.toronto.edu/~kriz/cifar.html"
)
_UNSTATED = "no licence stated by its makers"
_IDX = tuple(
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)

_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip

_KNOWN = {
    info.name: info
    for info in (
        DataInfo(
            "mnist-sample", "MNIST (sample of 12,000 images)", 10, 1, 28,
            10_000, 2_000, 9_000, 1_000,
            source="Sample of the " + _MNIST, licence="CC BY-SA 3.0", classes=_DIGITS,
        ),
        DataInfo(
            "mnist", "MNIST", 10, 1, 28, 60_000, 10_000, 55_000, 5_000,
            source=_MNIST, licence="CC BY-SA 3.0", folder="MNIST/raw", files=_IDX,
            classes=_DIGITS,
        ),
        DataInfo(
            "fashion-mnist", "Fashion-MNIST", 10, 1, 28, 60_000, 10_000, 55_000, 5_000,
            source="H. Xiao, K. Rasul, R. Vollgraf (Zalando SE), "
            "https://github.com/zalandoresearch/fashion-mnist",
            licence="MIT", folder="FashionMNIST/raw", files=_IDX, classes=_CLOTHES,
        ),
        DataInfo(
            "cifar10", "CIFAR-10", 10, 3, 32, 50_000, 10_000, 40_000, 10_000,
            source=_CIFAR, licence=_UNSTATED, folder="cifar-10-batches-py",
            files=(*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"),
            archive="cifar-10-python.tar.gz",
        ),
        DataInfo(
            "cifar100", "CIFAR-100", 100, 3, 32, 50_000, 10_000, 40_000, 10_000,
            source=_CIFAR, licence=_UNSTATED, folder="cifar-100-python",
            files=("train", "test", "meta"), archive="cifar-100-python.tar.gz",
        ),
        DataInfo(
            "tiny-imagenet", "Tiny-ImageNet-200", 200, 3, 64, 100_000, 10_000, 80_000, 10_000,
            source="Stanford CS231n, http://cs231n.stanford.edu/tiny-imagenet-200.zip, "
            "from ImageNet; its validation part serves as test part",
            licence="ImageNet's terms: research and teaching only", folder="tiny-imagenet-200",
            files=("wnids.txt", "words.txt", "train", "val/images", "val/val_annotations.txt"),
            archive="tiny-imagenet-200.zip",
        ),
    )
}  # fmt: skip


def names() -> tuple[str, ...]:
    """Return the names of the known data sets; the first is the embedded one."""
    return tuple(_KNOWN)


def describe(name: str) -> DataInfo:
    """Return what is known of a data set."""
    return _KNOWN[choose("data", name, _KNOWN)]


def own(name: str | Path) -> Path:
    """Return where data of one's own lie, a folder or an .npz file; refuse what is none."""
    path = Path(os.path.expanduser(name))  # Path.expanduser fails for an unknown user
    if str(name) and (path.is_dir() or (path.is_file() and path.suffix == ".npz")):
        return path
    if path.is_file() or not str(name):
        raise InputError("data", "be a known name, a folder or an .npz file", str(name))
    if isinstance(name, str) and not {"/", "\\", "."} & set(name):
        choose("data", name, [*names(), "a folder", "an .npz file"])
    raise InputError("data", "be a known name, or a folder or .npz file that exists", str(name))
