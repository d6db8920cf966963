"""Which images train, validate and test: drawn from a seed, or read from a file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...checks import check_integer
from ...errors import InputError, StoreError
from ...store import read_json, write_atomically
from ..randomness import make_generator

#: Version of the layout of a saved split; readers refuse others.
SCHEMA = 1
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Indices into the images that came together: which train, validate and test.

    The paper gives sizes only (55,000 / 5,000 for MNIST and so on); here the images are
    drawn by a random permutation, not stratified by class. Images in no part are left out.

    Attributes
    ----------
    count : int
        Number of images that are parted: those of the original training part, as a rule.
    train, validation, test : Tensor
        int64 indices, each of shape (number of images,), in [0, count), ascending when
        drawn, no index twice; `test` is empty where the data have a test part of their own.
    seed : int or None
        Seed they were drawn from; None if they were given.
    """

    count: int
    train: Tensor
    validation: Tensor
    test: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in PARTS:
            part: Tensor = getattr(self, name)
            if part.dtype != torch.int64 or part.ndim != 1:
                shown = f"{part.dtype} of shape {tuple(part.shape)}"
                raise InputError(name, "be a 1-d tensor of int64 indices", shown)
        every = torch.cat([self.train, self.validation, self.test])
        if every.numel() and (every.min() < 0 or every.max() >= self.count):
            wrong = int(every.min() if every.min() < 0 else every.max())
            raise InputError("split", f"hold indices in [0, {self.count})", wrong)
        if torch.unique(every).numel() != every.numel():
            raise InputError("split", "name no image twice", "repeated indices")

    @classmethod
    def draw(
        cls, count: int, *, validation: int, train: int | None = None, test: int = 0, seed: int
    ) -> Split:
        """Draw a split of `count` images by a random permutation; all others train by default.

        Examples
        --------
        >>> split = Split.draw(10, validation=2, seed=0)
        >>> len(split.train), len(split.validation)
        (8, 2)
        """
        check_integer("count", count, minimum=1)
        check_integer("validation", validation, minimum=0)
        check_integer("test", test, minimum=0)
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
        parts = [part.sort().values for part in drawn]
        return cls(count, parts[0], parts[1], parts[2], seed=int(seed))

    @property
    def digest(self) -> str:
        """SHA-256 over the indices of all parts, in hexadecimal."""
        total = hashlib.sha256()
        for name in PARTS:
            part: Tensor = getattr(self, name)
            total.update(f"{part.numel()}:".encode())
            total.update(part.cpu().numpy().astype("<i8").data)
        return total.hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return what provenance records: seed, sizes and digest."""
        sizes = {name: getattr(self, name).numel() for name in PARTS}
        return {"seed": self.seed, "of": self.count, **sizes, "indices_sha256": self.digest}

    def save(self, path: Path | str) -> None:
        """Write the indices as JSON, whole or not at all, so that others can use them."""
        indices = {f"{name}_indices": getattr(self, name).tolist() for name in PARTS}
        document = {"schema": SCHEMA, **self.describe(), **indices}
        write_atomically(Path(path), json.dumps(document) + "\n")

    @classmethod
    def load(cls, path: Path | str) -> Split:
        """Read what :meth:`save` wrote; StoreError if it was changed."""
        document = read_json(Path(path))
        if document.get("schema") != SCHEMA:
            found = f"{path} has schema {document.get('schema')}"
            raise StoreError(f"{found}, this version reads schema {SCHEMA}")
        try:
            indices = {name: _indices(document[f"{name}_indices"]) for name in PARTS}
            seed = None if document["seed"] is None else check_integer("seed", document["seed"])
            split = cls(check_integer("of", document["of"]), **indices, seed=seed)
            wanted = document["indices_sha256"]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise StoreError(f"{path} is no saved split: {error}") from None
        if split.digest != wanted:
            raise StoreError(f"{path} was changed: its indices have another SHA-256")
        return split


def _indices(values: Any) -> Tensor:
    # torch would take 1.5 and True for 1 without a word.
    if not isinstance(values, list) or any(type(value) is not int for value in values):
        raise TypeError("indices are no list of integers")
    return torch.tensor(values, dtype=torch.int64)
