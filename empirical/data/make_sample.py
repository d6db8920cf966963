"""Make the embedded sample of MNIST again, byte for byte, from the official files.

Run `python -m spadv.empirical.data.make_sample --raw FOLDER --out FILE`, where FOLDER holds
the four idx files of MNIST, gzipped or not. The sample has 1,000 training and 200 test
images a class, spread evenly over the official files: image i of the n images of a class is
taken at rank floor(i n / 1000). The first images of a class would not do, because the first
half of MNIST's test images is known to be easier than the second.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, StoreError
from ...store import write_atomically
from .official import find, read_idx

TRAIN, TEST = 1000, 200
ATTRIBUTION = (
    "A sample of the MNIST database of handwritten digits by Yann LeCun, Corinna Cortes and "
    "Christopher J.C. Burges, licensed CC BY-SA 3.0 "
    "(https://creativecommons.org/licenses/by-sa/3.0/). Changes: 12,000 of the 70,000 images "
    "were selected; pixels and labels are unchanged."
)
_NAMES = {"train": "train", "test": "t10k"}


def evenly_spread(labels: NDArray[np.uint8], per_class: int) -> NDArray[np.int64]:
    """Return ascending indices of `per_class` images a class, at evenly spread ranks."""
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < per_class:
            found = f"{len(members)} of class {label}"
            raise InputError("raw", f"hold at least {per_class} images a class", found)
        chosen.append(members[np.arange(per_class) * len(members) // per_class])
    return np.sort(np.concatenate(chosen))


def make_sample(raw: Path, *, train: int = TRAIN, test: int = TEST) -> bytes:
    """Return the bytes of the sample's .npz file, from a folder of MNIST's idx files.

    It holds x_train, y_train, x_test, y_test (uint8; images (N, 28, 28)), `train` and `test`
    of them a class, train_indices and test_indices (uint16, into the official files) and
    `attribution`. The same images and version of zlib always give the same bytes.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    for part, per_class in (("train", train), ("test", test)):
        read = {}
        for kind, dimensions in (("images-idx3", 3), ("labels-idx1", 1)):
            name = f"{_NAMES[part]}-{kind}-ubyte"
            path = find(raw, name)
            if path is None:
                raise StoreError(f"{raw} holds neither {name} nor {name}.gz")
            read[dimensions] = read_idx(path, dimensions)
        if len(read[1]) != len(read[3]):
            raise StoreError(f"{raw}: {len(read[3])} images but {len(read[1])} labels in {part}")
        indices = evenly_spread(read[1], per_class)
        arrays[f"x_{part}"], arrays[f"y_{part}"] = read[3][indices], read[1][indices]
        arrays[f"{part}_indices"] = indices.astype(np.uint16)
    arrays["attribution"] = np.array(ATTRIBUTION)
    return pack(arrays)


def pack(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    """Return an .npz file as bytes that depend on the arrays alone, not on the clock."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, array in arrays.items():
            one = io.BytesIO()
            np.lib.format.write_array(one, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # or it would differ between systems
            archive.writestr(entry, one.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return whole.getvalue()


def main(arguments: list[str] | None = None) -> None:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder with MNIST's idx files")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    given = parser.parse_args(arguments)
    write_atomically(given.out, make_sample(given.raw))


if __name__ == "__main__":
    main()
