"""Pixels from files of images, decoded once and kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, StoreError
from ...progress import Progress, silent
from ...store import read_npz

#: Files that end so, in upper or lower case, are taken for images.
SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp")
#: Part of every key: raised when decoding changes, so that older caches are not used.
VERSION = 1

_GREY = {"1", "L", "LA", "La"}
_COLOUR = {"RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "CMYK", "YCbCr"}
_ORIENTATION = 0x0112  # the EXIF tag
_CHUNK, _THREADS = 64, 8


def decode_files(
    paths: Sequence[str],
    *,
    size: int | None = None,
    grey: bool | None = None,
    progress: Progress = silent,
) -> NDArray[np.uint8]:
    """Decode images that share one size, in threads, into uint8 (N, 1 or 3, height, width).

    Pillow decodes outside Python's lock. Images are turned as their EXIF orientation says,
    transparency is dropped. With a `size` the shorter side is resized to it (bilinear with
    antialiasing) and the middle square is cut out. Unless told, one channel if every image is grey.
    """
    first, _ = _decode(paths[0], size)
    pixels = np.empty((len(paths), 3, *first.shape[:2]), dtype=np.uint8)
    greys = np.empty(len(paths), dtype=bool)

    def work(start: int) -> int:
        end = min(start + _CHUNK, len(paths))
        for i in range(start, end):
            image, greys[i] = _decode(paths[i], size)
            if image.shape != first.shape:
                shown = " and ".join(f"{a.shape[0]} x {a.shape[1]}" for a in (first, image))
                hint = f"See {paths[0]} and {paths[i]}; or give a size (--size) to resize them."
                raise InputError("images", "share one size", shown, hint)
            pixels[i] = image.transpose(2, 0, 1)
        return end

    pool = ThreadPoolExecutor(_THREADS)
    try:
        for end in pool.map(work, range(0, len(paths), _CHUNK)):
            progress(end, len(paths), "decoding images")
    finally:
        pool.shutdown(cancel_futures=True)
    if grey is None:
        grey = bool(greys.all())
    return np.ascontiguousarray(pixels[:, :1]) if grey else pixels


def _decode(path: str, size: int | None) -> tuple[NDArray[np.uint8], bool]:
    """Return an image as uint8 (height, width, 3), and whether it is grey."""
    import PIL.Image
    import PIL.ImageOps

    try:
        with PIL.Image.open(path) as opened:
            mode = opened.mode
            if mode not in _GREY | _COLOUR:
                hint = f"Convert {path} first."
                raise InputError("images", "have 8 bits a channel", f"mode {mode}", hint)
            if ";16" in str(opened.tile) or _most(opened.tile) > 255:  # Pillow would cut them
                hint = f"Convert {path} first."
                raise InputError("images", "have 8 bits a channel", "16 bits", hint)
            turned = opened.getexif().get(_ORIENTATION, 1) != 1
            image = (PIL.ImageOps.exif_transpose(opened) if turned else opened).convert("RGB")
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
        raise StoreError(f"cannot read the image {path}: {error}") from None
    if size is not None:
        from torchvision.transforms import functional

        image = functional.center_crop(functional.resize(image, size), size)
    return np.asarray(image), mode in _GREY


def _most(tiles: Sequence[Any]) -> int:
    """Return the largest value that a pixel of a .ppm or .pgm file may have; 255 for others."""
    arguments = [tile[3] for tile in tiles if tile[0].startswith("ppm")]
    return max((a[1] for a in arguments if isinstance(a, tuple) and len(a) > 1), default=255)


def decode_once(
    folder: Path,
    paths: Sequence[str],
    *,
    size: int | None,
    grey: bool | None,
    cache: Path | None,
    progress: Progress,
) -> NDArray[np.uint8]:
    """Return :func:`decode_files` of a folder's files, from the cache if they are unchanged.

    One file of the cache is kept for each folder and options, under a key of the names, sizes
    and times of all images; one with another key, or a broken one, is replaced.
    """
    if cache is None:
        return decode_files(paths, size=size, grey=grey, progress=progress)
    options = {"size": size, "grey": grey}
    whole = json.dumps([str(folder.resolve()), options], sort_keys=True)
    short = hashlib.sha256(whole.encode()).hexdigest()[:12]
    file = cache / f"{folder.resolve().name}-{short}.npz"
    key = _key(folder, paths, options)
    with suppress(StoreError, KeyError):
        arrays = read_npz(file)
        if str(arrays["key"]) == key:
            return arrays["pixels"]
    pixels = decode_files(paths, size=size, grey=grey, progress=progress)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            np.savez(stream, pixels=pixels, key=np.array(key))
        temporary.replace(file)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StoreError(
            f"cannot keep decoded images in {file}: {error.strerror or error}; set SPADV_CACHE "
            "to a folder with room"
        ) from None
    return pixels


def _key(folder: Path, paths: Sequence[str], options: dict[str, Any]) -> str:
    total = hashlib.sha256()
    total.update(json.dumps([VERSION, str(folder.resolve()), options], sort_keys=True).encode())
    for path in paths:
        try:
            status = os.stat(path)
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from None
        name = path.removeprefix(str(folder))
        total.update(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}".encode(errors="replace"))
    return total.hexdigest()
