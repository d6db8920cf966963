"""Your own images: an .npz file of arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import InputError
from .folder import check_class_names
from .images import Images
from .npz import read_npz
from .parts import Parts, images_from, images_from_stack


def read_arrays(path: Path) -> Parts:
    """Read x_train, y_train, x_test, y_test, perhaps x_val, y_val and classes.

    Pixels are uint8 of shape (N, height, width), (N, height, width, channels) or
    (N, channels, height, width), with 1 or 3 channels; labels are integers of shape (N,)
    or (N, 1), from 0 on; `classes` are names. Pickled objects are never read.

    Parameters
    ----------
    path : Path
        The .npz file.

    Raises
    ------
    InputError
        If an array is missing, or has another dtype, shape or range.
    StoreError
        If the file cannot be read.
    """
    arrays = read_npz(path)
    for name in ("x_train", "y_train", "x_test", "y_test"):
        if name not in arrays:
            hint = "Its arrays: " + (", ".join(arrays) or "none") + "."
            raise InputError("file", "hold x_train, y_train, x_test and y_test", path.name, hint)
    if ("x_val" in arrays) != ("y_val" in arrays):
        raise InputError("file", "hold both x_val and y_val or neither", path.name)
    train = _images(arrays, "train")
    classes = _classes(arrays, train)
    test = _images(arrays, "test")
    validation = _images(arrays, "val") if "x_val" in arrays else None
    return Parts(train, classes, test=test, validation=validation)


def _images(arrays: dict[str, NDArray[Any]], part: str) -> Images:
    pixels, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
    if pixels.dtype != np.uint8:
        hint = "Multiply pixels in [0, 1] by 255 and round." if pixels.dtype.kind == "f" else ""
        raise InputError(f"x_{part}", "hold uint8 pixels", str(pixels.dtype), hint)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iu" or labels.shape != pixels.shape[:1]:
        shown = f"{labels.dtype} of shape {labels.shape}"
        raise InputError(f"y_{part}", "hold an integer for each image", shown)
    if pixels.ndim == 3:
        return images_from(pixels, labels)
    last = pixels.ndim == 4 and pixels.shape[3] in (1, 3)
    first = pixels.ndim == 4 and pixels.shape[1] in (1, 3)
    if last == first:
        rule = "have shape (N, H, W), (N, H, W, channels) or (N, channels, H, W)"
        hint = "Images of 1 or 3 channels; height and width not both so small." if last else ""
        raise InputError(f"x_{part}", rule, pixels.shape, hint)
    return images_from(pixels, labels) if last else images_from_stack(pixels, labels)


def _classes(arrays: dict[str, NDArray[Any]], train: Images) -> tuple[str, ...]:
    if "classes" in arrays:
        names = arrays["classes"]
        if names.ndim != 1 or names.dtype.kind != "U":
            shown = f"{names.dtype} of shape {names.shape}"
            raise InputError("classes", "be a 1-d array of text", shown)
        check_class_names([str(name) for name in names])
        return tuple(str(name) for name in names)
    present = torch.unique(train.labels).tolist()
    if present != list(range(len(present))):
        lacking = next(i for i in range(len(present) + 1) if i not in present)
        hint = "Number them from 0 without gaps, or give the array `classes`."
        raise InputError("y_train", "have images of every class", f"none of {lacking}", hint)
    return tuple(map(str, present))
