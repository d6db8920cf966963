"""Which images train, validate and test: drawn from a seed."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...checks import check_integer
from ...errors import InputError
from ..randomness import make_generator


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
