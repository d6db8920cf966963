"""From what a reader found to a data set: the split, the statistics, the digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import InputError
from .images import DataSet, Images, digest_of
from .split import Split
from .statistics import channel_statistics


@dataclass(frozen=True, eq=False)
class Parts:
    """What a reader found: the original parts and the classes.

    Attributes
    ----------
    train : Images
        Training part, before images for validation (and for the test, if there is no
        test part) are taken from it.
    classes : tuple of str
        Names of the classes, in the order of the labels.
    test, validation : Images or None
        Parts of the data's own; None if they are to be drawn from `train`.
    """

    train: Images
    classes: tuple[str, ...]
    test: Images | None = None
    validation: Images | None = None


@dataclass(frozen=True)
class Sizes:
    """How many images to draw for each part; None: all that are left, or a tenth."""

    train: int | None = None
    validation: int | None = None


def images_from(pixels: NDArray[np.uint8], labels: NDArray[Any] | list[int]) -> Images:
    """Return `Images` from uint8 pixels (N, height, width) or (N, height, width, channels)."""
    stack = torch.from_numpy(np.ascontiguousarray(pixels))
    stack = stack.unsqueeze(1) if stack.ndim == 3 else stack.permute(0, 3, 1, 2).contiguous()
    return Images(stack, torch.from_numpy(np.asarray(labels).astype(np.int64)))


def images_from_stack(pixels: NDArray[np.uint8], labels: NDArray[Any] | list[int]) -> Images:
    """Return `Images` from uint8 pixels (N, channels, height, width)."""
    stack = torch.from_numpy(np.ascontiguousarray(pixels))
    return Images(stack, torch.from_numpy(np.asarray(labels).astype(np.int64)))


def assemble(
    name: str, parts: Parts, *, source: str, sizes: Sizes, seed: int, split: Split | None = None
) -> DataSet:
    """Return the data set: parts drawn that the data lack, everything described.

    Parameters
    ----------
    name : str
        Its name.
    parts : Parts
        What was read.
    source : str
        Attribution.
    sizes : Sizes
        How many images train and validate.
    seed : int
        Seed of the split.
    split : Split, optional
        Which images train and validate, instead of drawing them.

    Raises
    ------
    InputError
        If a split is given that is not made for these data, or images do not suffice.
    """
    train, validation, test = parts.train, parts.validation, parts.test
    if validation is not None and test is not None:
        if split is not None or sizes.validation is not None:
            given = "a split" if split is not None else f"validation = {sizes.validation}"
            raise InputError(name, "lack a validation part where one is asked for", given)
        record: dict[str, Any] = {"seed": None, "of": len(train)}
    else:
        split = _split(name, len(train), sizes, seed, split, lacks_test=test is None)
        record = split.describe()
        test = train.subset(split.test) if test is None else test
        validation = train.subset(split.validation) if validation is None else validation
        train = train.subset(split.train)
    record |= {"train": len(train), "validation": len(validation), "test": len(test)}
    mean, std = channel_statistics(train.pixels)
    return DataSet(
        name=name,
        classes=parts.classes,
        train=train,
        validation=validation,
        test=test,
        mean=mean,
        std=std,
        source=source,
        digest=digest_of(train, validation, test),
        split=record,
        indices=split,
    )


def _split(
    name: str, count: int, sizes: Sizes, seed: int, split: Split | None, *, lacks_test: bool
) -> Split:
    if split is None:
        tenth = round(count / 10)
        validation = tenth if sizes.validation is None else sizes.validation
        test = tenth if lacks_test else 0
        if lacks_test and not tenth:
            raise InputError(name, "hold at least 6 images, to draw a test part from", count)
        return Split.draw(count, train=sizes.train, validation=validation, test=test, seed=seed)
    if split.count != count:
        given = f"one made for {split.count}"
        raise InputError("split", f"be made for the {count} images of {name}", given)
    if lacks_test != bool(split.test.numel()):
        rule = "name test images" if lacks_test else "name no test images"
        raise InputError("split", f"{rule} for {name}", f"{split.test.numel()} of them")
    return split
