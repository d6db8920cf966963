"""Files of plain numpy arrays, read without ever unpickling."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import StoreError

_BROKEN = (OSError, EOFError, ValueError, TypeError, KeyError, zlib.error, zipfile.BadZipFile)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return all arrays of an .npz file; their checksums (CRC-32) are verified.

    Raises
    ------
    StoreError
        If the file cannot be read, is broken, or holds pickled objects.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except _BROKEN as error:
        raise StoreError(f"cannot read {path} as an .npz file of plain arrays: {error}") from None
