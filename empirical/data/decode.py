"""Image files to one 8-bit tensor, in threads (Pillow decodes outside Python's lock)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, StoreError
from ...progress import Progress, silent

#: Files that end so, in upper or lower case, are taken for images.
SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp")
if TYPE_CHECKING:
    from PIL.Image import Image

_GREY = {"1", "L", "LA", "La"}
_COLOUR = {"RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "CMYK", "YCbCr"}
_ORIENTATION = 0x0112  # the EXIF tag
_CHUNK = 64


def decode_files(
    paths: Sequence[str],
    *,
    size: int | None = None,
    grey: bool | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> NDArray[np.uint8]:
    """Decode images that share one size.

    Images are turned as their EXIF orientation says, transparency is dropped.

    Parameters
    ----------
    paths : sequence of str
        Image files, at least one.
    size : int, optional
        Side in pixels: the shorter side is resized to it (bilinear with antialiasing) and
        the middle square is cut out. By default images are taken as they are.
    grey : bool, optional
        One channel or three; by default one if every image is grey.
    threads : int, optional
        Number of threads; as many as there are cores, at most 8, by default.
    progress : Progress
        Told the number of images done.

    Returns
    -------
    ndarray
        uint8, shape (N, 1 or 3, height, width).

    Raises
    ------
    StoreError
        If a file cannot be read as an image; it is named.
    InputError
        If images differ in size, or have more than 8 bits a channel.
    """
    first, _ = _decode(paths[0], size)
    pixels = np.empty((len(paths), 3, *first.shape[:2]), dtype=np.uint8)
    greys = np.empty(len(paths), dtype=bool)

    def work(start: int) -> int:
        chunk = range(start, min(start + _CHUNK, len(paths)))
        for i in chunk:
            image, greys[i] = _decode(paths[i], size)
            if image.shape != first.shape:
                shown = f"{_sides(first)} and {_sides(image)}"
                hint = f"See {paths[0]} and {paths[i]}; or give a size to resize them."
                raise InputError("images", "share one size", shown, hint)
            pixels[i] = image.transpose(2, 0, 1)
        return len(chunk)

    pool = ThreadPoolExecutor(threads or _cores())
    try:
        done = 0
        for count in pool.map(work, range(0, len(paths), _CHUNK)):
            done += count
            progress(done, len(paths), "decoding images")
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
            turned = opened.getexif().get(_ORIENTATION, 1) != 1
            image = (PIL.ImageOps.exif_transpose(opened) if turned else opened).convert("RGB")
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise StoreError(f"cannot read the image {path}: {error}") from None
    if size is not None:
        image = _square(image, size)
    return np.asarray(image), mode in _GREY


def _square(image: Image, size: int) -> Image:
    from PIL.Image import Resampling

    width, height = image.size
    short = min(width, height)
    wide, high = (size if side == short else int(size * side / short) for side in image.size)
    if (wide, high) != (width, height):
        image = image.resize((wide, high), Resampling.BILINEAR)
    left, top = round((wide - size) / 2), round((high - size) / 2)
    return image.crop((left, top, left + size, top + size))


def _sides(image: NDArray[np.uint8]) -> str:
    return f"{image.shape[0]} x {image.shape[1]}"


def _cores() -> int:
    count = os.cpu_count() or 1
    with suppress(AttributeError):  # only Linux knows which cores we may use
        count = len(os.sched_getaffinity(0))
    return min(8, count)
