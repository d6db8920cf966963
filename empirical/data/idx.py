"""The idx format of MNIST and Fashion-MNIST, plain or gzipped, read without unpacking."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import StoreError

#: More bytes than any official file unpacks to; a larger file is refused, not unpacked.
LARGEST = 1 << 30


def find_idx(folder: Path, name: str) -> Path | None:
    """Return the file `name` of a folder, or `name`.gz, or None if neither is there."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an idx file of unsigned bytes.

    Parameters
    ----------
    path : Path
        The file; gzipped if its name ends in .gz.
    dimensions : int
        Number of dimensions that is expected: 1 for labels, 3 for grey images.

    Returns
    -------
    ndarray
        uint8, with the shape that the file states.

    Raises
    ------
    StoreError
        If the file cannot be read, is broken, or holds something else.

    References
    ----------
    The idx format as described by LeCun, Cortes and Burges with the MNIST database.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise StoreError(f"cannot read {path}: {error}") from None
    if len(data) > LARGEST:
        raise StoreError(f"{path} holds more than {LARGEST} bytes: no idx file of images")
    start = 4 + 4 * dimensions
    if len(data) < start or data[:4] != bytes([0, 0, 8, dimensions]):
        raise StoreError(f"{path} is no idx file of unsigned bytes in {dimensions} dimensions")
    shape = tuple(int(side) for side in np.frombuffer(data, ">u4", dimensions, 4))
    if math.prod(shape) != len(data) - start:
        raise StoreError(f"{path} states the shape {shape} but holds {len(data) - start} bytes")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()
