"""`load`: from a name, a folder or a file to a data set."""

from __future__ import annotations

from pathlib import Path

from ...theory.errors import StoreError
from .catalogue import DataInfo, describe
from .images import DataSet
from .mnist import FOLDERS, missing_files, read_official, read_sample
from .parts import Parts, assemble
from .places import data_root
from .split import Split


def load(
    name: str = "mnist-sample",
    *,
    root: Path | str | None = None,
    split_seed: int = 0,
    split: Split | None = None,
) -> DataSet:
    """Load a data set."""
    info = describe(name)
    parts = _read(info, data_root(root))
    source = f"{info.source} ({info.licence})"
    return assemble(
        name,
        parts,
        source=source,
        split=split,
        validation=info.validation,
        train=info.train,
        seed=split_seed,
    )


def _read(info: DataInfo, root: Path) -> Parts:
    if info.embedded:
        return read_sample()
    if info.name in FOLDERS:
        if missing := missing_files(info.name, root):
            raise StoreError(f"{info.title} is not in {root}: {missing[0]} is missing")
        return read_official(info, root)
    raise StoreError(f"{info.name} cannot be read yet")
