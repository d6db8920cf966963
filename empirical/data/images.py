"""Images as 8-bit tensors on one device, and data sets made of three parts."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ...checks import check_integer
from ...errors import InputError
from ..checks import check_labels
from ..randomness import make_generator, moved

_PIXELS = "be a uint8 tensor of shape (count, channels, height, width)"


def to_float(pixels: Tensor) -> Tensor:
    """Return 8-bit pixels as float32 in [0, 1]: each value divided by 255.

    The quotient is correctly rounded on every device, so that it equals torchvision's
    `to_tensor` bit for bit.

    Examples
    --------
    >>> to_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    # The divisor is a tensor on the device: CUDA multiplies by the reciprocal of a plain
    # number, which is off by one unit in the last place for 126 of the 256 values.
    divisor = torch.full((), 255.0, device=pixels.device, dtype=torch.float32)
    return pixels.to(torch.float32).div_(divisor)


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images on one device, kept in 8 bits; the memory of one part of a data set.

    Attributes
    ----------
    pixels : Tensor
        uint8, shape (N, channels, height, width).
    labels : Tensor
        int64, shape (N,), on the same device.

    Examples
    --------
    >>> images = Images(torch.zeros(5, 1, 2, 2, dtype=torch.uint8), torch.arange(5))
    >>> x, y = images.batch(torch.tensor([4, 0]))
    >>> x.shape, x.dtype, y.tolist()
    (torch.Size([2, 1, 2, 2]), torch.float32, [4, 0])
    """

    pixels: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        pixels, labels = self.pixels, self.labels
        if not isinstance(pixels, Tensor) or pixels.dtype != torch.uint8 or pixels.ndim != 4:
            raise InputError("pixels", _PIXELS, _shown(pixels))
        if (
            not isinstance(labels, Tensor)
            or labels.dtype != torch.int64
            or labels.shape != (len(pixels),)
        ):
            raise InputError(
                "labels", f"be an int64 tensor of shape ({len(pixels)},)", _shown(labels)
            )
        if labels.device != pixels.device:
            raise InputError("labels", f"be on {pixels.device} as the pixels", str(labels.device))

    @classmethod
    def from_numpy(cls, pixels: NDArray[np.uint8], labels: ArrayLike) -> Images:
        """Return images from uint8 of shape (N, height, width) or (N, channels, height, width)."""
        stack = pixels[:, None] if pixels.ndim == 3 else pixels
        return cls(
            torch.from_numpy(np.ascontiguousarray(stack)),
            torch.from_numpy(np.asarray(labels).astype(np.int64)),
        )

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        return f"Images({len(self)} of shape {tuple(self.pixels.shape[1:])}, {self.device})"

    @property
    def device(self) -> torch.device:
        """Where the images are."""
        return self.pixels.device

    def batch(self, index: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Return some images as float32 in [0, 1], and their labels.

        The index is integers (B,), best on the device of the images, or a slice. Pixels are a
        fresh tensor (B, channels, height, width), equal to torchvision's `to_tensor`.
        """
        chosen = self.subset(index)
        return to_float(chosen.pixels), chosen.labels

    def subset(self, index: Tensor | slice) -> Images:
        """Return the images with the indices `index`, in this order.

        Those of a slice share the memory of the old ones.
        """
        if isinstance(index, slice):
            return Images(self.pixels[index], self.labels[index])
        whole = isinstance(index, Tensor) and index.dtype in (torch.int64, torch.int32)
        if not whole or index.ndim != 1:
            rule = "be a slice or a 1-d tensor of int64 or int32"
            raise InputError("index", rule, _shown(index))
        index = moved(index, self.device)
        # On a CPU index_select copies whole images: 15 times faster than pixels[index].
        return Images(self.pixels.index_select(0, index), self.labels.index_select(0, index))

    def take(self, count: int) -> Images:
        """Return the first `count` images (all, if there are fewer)."""
        return self.subset(slice(check_integer("count", count, minimum=0)))

    def to(self, device: torch.device | str) -> Images:
        """Return the images on a device."""
        return Images(moved(self.pixels, device), moved(self.labels, device))


@dataclass(frozen=True, eq=False)
class Parts:
    """What a reader found; parts that are None are to be drawn from `train`."""

    train: Images
    classes: tuple[str, ...]
    test: Images | None = None
    validation: Images | None = None
    note: str = ""


def _shown(value: Any) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{value.dtype} of shape {tuple(value.shape)}"


class Split(NamedTuple):
    """Indices into the images that came together, int64, ascending: which are in which part.

    The paper gives sizes only (55,000 / 5,000 for MNIST and so on); here the images are
    drawn by a random permutation, not stratified by class. Images in no part are left out;
    `test` is empty where the data have a test part of their own.
    """

    train: Tensor
    validation: Tensor
    test: Tensor

    def describe(self, seed: int, count: int) -> dict[str, Any]:
        """Return what provenance records of a draw: seed, sizes, SHA-256 over the indices."""
        sizes, total = {}, hashlib.sha256()
        for name, part in self._asdict().items():
            sizes[name] = part.numel()
            total.update(f"{part.numel()}:".encode())
            total.update(part.cpu().numpy().astype("<i8").data)
        return {"seed": seed, "of": count, **sizes, "indices_sha256": total.hexdigest()}


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set in three parts, with what is needed to say exactly which one it is.

    Attributes
    ----------
    name : str
        Its name, e.g. "mnist-sample", or the folder or file it came from.
    classes : tuple of str
        Names of the classes; a label is an index into them.
    train, validation, test : Images
        The parts. Nothing is chosen by looking at `test`.
    mean, std : tuple of float
        Per channel over all pixels of `train`, in units of [0, 1]; the standard deviation
        is that of the population (divisor N).
    source : str
        Attribution and licence, or where the data are from.
    digest : str
        SHA-256 over shapes, pixels and labels of all parts, in hexadecimal.
    split, indices : dict, Split or None
        How `train` and `validation` were drawn (seed, sizes, digest of the indices), and the
        indices; None where the data came parted.
    """

    name: str
    classes: tuple[str, ...]
    train: Images
    validation: Images
    test: Images
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str
    digest: str
    split: dict[str, Any]
    indices: Split | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not len(self.train):
            raise InputError("train", "hold at least one image", "none")
        wanted = tuple(self.train.pixels.shape[1:])
        for name in ("train", "validation", "test"):
            part: Images = getattr(self, name)
            shape = tuple(part.pixels.shape[1:])
            if shape != wanted:
                raise InputError(name, f"have images of shape {wanted} as train has", shape)
            place = f"labels of {name}"
            check_labels(part.labels, batch=len(part), num_classes=self.num_classes, argument=place)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def channels(self) -> int:
        """Number of channels: 1 for grey, 3 for colour."""
        return self.train.pixels.shape[1]

    @property
    def image_size(self) -> int:
        """Side of the square images in pixels; InputError if they are no squares."""
        height, width = self.train.pixels.shape[2:]
        if height != width:  # rotations by 90 degrees need squares
            raise InputError("images", "be square", f"{height} x {width}", "Give a size (--size).")
        return height

    def to(self, device: torch.device | str) -> DataSet:
        """Return the data set with all parts on a device."""
        parts = {name: getattr(self, name).to(device) for name in ("train", "validation", "test")}
        return dataclasses.replace(self, **parts)


def draw_split(
    count: int, *, validation: int, train: int | None = None, test: int = 0, seed: int
) -> Split:
    """Draw a split of `count` images by a random permutation; all others train by default.

    Examples
    --------
    >>> split = draw_split(10, validation=2, seed=0)
    >>> len(split.train), len(split.validation)
    (8, 2)
    """
    check_integer("count", count, minimum=1)
    check_integer("validation", validation, minimum=0)
    if train is None:
        train = count - validation - test
        if train < 1:
            hint = f"There are {count}, {test} of them for the test."
            raise InputError("validation", "leave images to train with", validation, hint)
    elif check_integer("train", train, minimum=1) + validation + test > count:
        wanted = f"{train} + {validation} + {test}"
        raise InputError("train + validation + test", f"be at most {count}", wanted)
    order = torch.randperm(count, generator=make_generator(seed, "split"))
    drawn = torch.split(order[: train + validation + test], [train, validation, test])
    return Split(*(part.sort().values for part in drawn))


def digest_of(*parts: Images) -> str:
    """Return the SHA-256 over shapes, pixels and labels of images, in hexadecimal.

    It does not depend on the device, nor on the byte order of the machine; the order of the
    parts matters.
    """
    total = hashlib.sha256()
    for part in parts:
        total.update(repr(tuple(part.pixels.shape)).encode())
        total.update(part.pixels.cpu().contiguous().numpy().data)
        total.update(part.labels.cpu().contiguous().numpy().astype("<i8").data)
    return total.hexdigest()


def channel_statistics(pixels: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and population standard deviation of each channel, in units of [0, 1].

    `pixels` are uint8 of shape (N, channels, height, width). All sums are of integers and
    exact; only the last division and the root are rounded.

    Examples
    --------
    >>> channel_statistics(torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1))
    ((0.5,), (0.5,))
    """
    means, deviations = [], []
    for channel in range(pixels.shape[1]):
        counts = torch.bincount(pixels[:, channel].flatten(), minlength=256).tolist()
        number = sum(counts)
        total = sum(value * times for value, times in enumerate(counts))
        squares = sum(value * value * times for value, times in enumerate(counts))
        means.append(total / (255 * number))
        deviations.append(math.sqrt(number * squares - total * total) / (255 * number))
    return tuple(means), tuple(deviations)
