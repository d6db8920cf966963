"""From what a reader found to a data set: the split, the statistics, the digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...theory.errors import InputError
from .images import DataSet, Images, digest_of
from .split import Split
from .statistics import channel_statistics


@dataclass(frozen=True, eq=False)
class Parts:
    """What a reader found: the original parts and the classes.

    Attributes
    ----------
    train, test : Images
        Training part, before validation images are taken from it, and test part.
    classes : tuple of str
        Names of the classes, in the order of the labels.
    validation : Images or None
        A validation part of the data's own; None if it is to be drawn from `train`.
    note : dict
        What the split's record should say beside sizes.
    """

    train: Images
    test: Images
    classes: tuple[str, ...]
    validation: Images | None = None
    note: dict[str, Any] | None = None


def images_from(pixels: NDArray[np.uint8], labels: NDArray[Any]) -> Images:
    """Return `Images` from uint8 pixels (N, height, width) or (N, height, width, channels)."""
    stack = torch.from_numpy(np.ascontiguousarray(pixels))
    stack = stack.unsqueeze(1) if stack.ndim == 3 else stack.permute(0, 3, 1, 2).contiguous()
    return Images(stack, torch.from_numpy(np.asarray(labels).astype(np.int64)))


def assemble(
    name: str, parts: Parts, *, source: str, split: Split | None = None, **drawn: Any
) -> DataSet:
    """Return the data set: validation images taken from the training part, all described.

    Parameters
    ----------
    name, source : str
        Name and attribution.
    parts : Parts
        What was read.
    split : Split, optional
        Which images train and validate.
    **drawn
        How to draw a split if none is given: `validation`, `train` and `seed` of
        :meth:`Split.draw`.

    Raises
    ------
    InputError
        If a split is given that is made for another number of images, or data that have
        a validation part of their own.
    """
    train, validation = parts.train, parts.validation
    if validation is None:
        split = Split.draw(len(train), **drawn) if split is None else split
        if split.count != len(train):
            hint = f"{name} has {len(train)} training images."
            raise InputError("split", "be made for these data", f"one of {split.count}", hint)
        train, validation = train.subset(split.train), train.subset(split.validation)
        record = split.describe()
    elif split is not None:
        hint = "They have a validation part of their own."
        raise InputError("split", "be left out for these data", "a split", hint)
    else:
        record = {"seed": None, "train": len(train), "validation": len(validation)}
    mean, std = channel_statistics(train.pixels)
    return DataSet(
        name=name,
        classes=parts.classes,
        train=train,
        validation=validation,
        test=parts.test,
        mean=mean,
        std=std,
        source=source,
        digest=digest_of(train, validation, parts.test),
        split={**record, "test": len(parts.test), **(parts.note or {})},
        indices=split,
    )
