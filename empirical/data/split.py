"""Which images train and which validate: drawn from a seed, or read from a file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...theory.errors import InputError, StoreError, check_integer
from ...theory.result import write_atomically
from ..randomness import make_generator

#: Version of the layout of a saved split; readers refuse others.
SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Split:
    """Indices into the original training part: some to train with, some to validate with.

    The paper gives sizes only (55,000 / 5,000 for MNIST and so on); here the images are
    drawn by a random permutation, not stratified by class. Images in neither part are
    left out.

    Attributes
    ----------
    count : int
        Number of images of the original training part.
    train, validation : Tensor
        int64 indices in [0, count), each ascending and disjoint.
    seed : int or None
        Seed they were drawn from; None if they were given.
    """

    count: int
    train: Tensor
    validation: Tensor
    seed: int | None = None

    def __post_init__(self) -> None:
        both = torch.cat([self.train, self.validation])
        if both.dtype != torch.int64 or both.ndim != 1:
            raise InputError("split", "hold 1-d int64 indices", str(both.dtype))
        if both.numel() and (both.min() < 0 or both.max() >= self.count):
            wrong = int(both.min() if both.min() < 0 else both.max())
            raise InputError("split", f"hold indices in [0, {self.count})", wrong)
        if both.unique().numel() != both.numel():
            raise InputError("split", "name no image twice", "repeated indices")

    @classmethod
    def draw(cls, count: int, *, validation: int, train: int | None = None, seed: int) -> Split:
        """Draw a split by a random permutation.

        Parameters
        ----------
        count : int
            Number of images there are.
        validation : int
            How many of them validate.
        train : int, optional
            How many train; all others by default.
        seed : int
            Seed of the permutation, at least 0.

        Raises
        ------
        InputError
            If more images are asked for than there are.

        Examples
        --------
        >>> split = Split.draw(10, validation=2, seed=0)
        >>> len(split.train), len(split.validation)
        (8, 2)
        """
        check_integer("count", count, minimum=1)
        check_integer("validation", validation, minimum=0)
        train = count - validation if train is None else check_integer("train", train, minimum=1)
        if train < 1 or train + validation > count:
            wanted = f"{train} + {validation} of {count}"
            raise InputError("validation", "leave images to train with", wanted)
        order = torch.randperm(count, generator=make_generator(seed, "split"))
        parts = order[:train], order[train : train + validation]
        return cls(count, *(part.sort().values for part in parts), seed=seed)

    @property
    def digest(self) -> str:
        """SHA-256 over the indices of both parts, in hexadecimal."""
        total = hashlib.sha256()
        for part in (self.train, self.validation):
            total.update(f"{part.numel()}:".encode())
            total.update(part.numpy().astype("<i8").data)
        return total.hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return what provenance records: seed, sizes and digest."""
        return {
            "seed": self.seed,
            "of": self.count,
            "train": self.train.numel(),
            "validation": self.validation.numel(),
            "indices_sha256": self.digest,
        }

    def save(self, path: Path | str) -> None:
        """Write the indices as JSON, whole or not at all, so that others can use them.

        Raises
        ------
        StoreError
            If the file cannot be written.
        """
        document = {
            "schema": SCHEMA,
            **self.describe(),
            "train_indices": self.train.tolist(),
            "validation_indices": self.validation.tolist(),
        }
        write_atomically(Path(path), json.dumps(document) + "\n")

    @classmethod
    def load(cls, path: Path | str) -> Split:
        """Read what :meth:`save` wrote.

        Raises
        ------
        StoreError
            If the file cannot be read, or its indices are not those that were saved.
        """
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot read the split {path}: {error}") from None
        found = document.get("schema") if isinstance(document, dict) else None
        if found != SCHEMA:
            raise StoreError(f"{path} has schema {found}, this version reads schema {SCHEMA}")
        try:
            parts = [
                torch.tensor(_integers(document[f"{name}_indices"]), dtype=torch.int64)
                for name in ("train", "validation")
            ]
            split = cls(int(document["of"]), *parts, seed=document["seed"])
            wanted = document["indices_sha256"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise StoreError(f"{path} is no saved split: {error}") from None
        if split.digest != wanted:
            raise StoreError(f"{path} was changed: its indices have another SHA-256")
        return split


def _integers(values: list[Any]) -> list[int]:
    for value in values:
        if type(value) is not int:
            raise TypeError(f"index {value!r} is no integer")
    return values
