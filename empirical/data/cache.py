"""Decoded images kept in one file, so that a folder of images is decoded once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import StoreError
from .npz import read_npz

#: Part of every key: raised when decoding changes, so that older caches are not used.
VERSION = 1


def listing_key(folder: Path, files: Sequence[str], **options: Any) -> str:
    """Return a SHA-256 over names, sizes and modification times of files, and options.

    Parameters
    ----------
    folder : Path
        The folder that holds them; its resolved path is part of the key.
    files : sequence of str
        The files, in the order in which they are decoded.
    **options
        Plain JSON values that decide how they are decoded.

    Raises
    ------
    StoreError
        If a file has gone.
    """
    total = hashlib.sha256()
    total.update(json.dumps([VERSION, str(folder.resolve()), options], sort_keys=True).encode())
    for file in files:
        try:
            status = os.stat(file)
        except OSError as error:
            raise StoreError(f"cannot read {file}: {error.strerror}") from None
        name = file.removeprefix(str(folder))
        total.update(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}".encode(errors="replace"))
    return total.hexdigest()


def cache_file(cache: Path, folder: Path, **options: Any) -> Path:
    """Return the file in which the images of a folder are kept, one a folder and options."""
    whole = json.dumps([str(folder.resolve()), options], sort_keys=True)
    return cache / f"{folder.resolve().name}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}.npz"


def cached(path: Path, key: str, make: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return the array kept in a file under a key, or make and keep it.

    A file with another key, or a broken one, is replaced. Every read is checked against
    the sums (CRC-32) that the file holds.

    Raises
    ------
    StoreError
        If the file cannot be written, for instance because the disk is full.
    """
    if (found := _read(path, key)) is not None:
        return found
    pixels = make()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, pixels=pixels, key=np.array(key))
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StoreError(
            f"cannot keep decoded images in {path}: {error.strerror or error}; set SPADV_CACHE "
            "to a folder with room"
        ) from None
    return pixels


def _read(path: Path, key: str) -> NDArray[np.uint8] | None:
    with suppress(StoreError, KeyError):
        arrays = read_npz(path)
        if str(arrays["key"]) == key:
            return arrays["pixels"]
    return None
