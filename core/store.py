"""Run folders: one folder a training, found again by the content of its configuration.

A run folder holds

    config.json       what was asked for (:class:`~spadv.empirical.training.TrainConfig`)
    metrics.jsonl     one line an epoch
    checkpoint.pt     tensors and plain values alone, enough to go on exactly
    provenance.json   written when the training is complete
    evaluations/      one JSON and one .npz an evaluation
    failure.json      why the last try of a launcher failed, if it did

Every file appears whole or not at all. A folder is worked in by one process at a time.
Names with a dot in front are bookkeeping: locks, logs, damaged files set aside.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from .errors import SpadvError, StoreError

#: Version of the layout of run folders.
LAYOUT = 1
_BROKEN_NPZ = (OSError, EOFError, ValueError, TypeError, KeyError, zlib.error, zipfile.BadZipFile)


class FolderInUseError(StoreError):
    """Another process works in a run folder; it may be free later."""


class RunFolder:
    """One training's folder, made when first written to, and the paths in it."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.config_path = self.path / "config.json"
        self.metrics_path = self.path / "metrics.jsonl"
        self.checkpoint_path = self.path / "checkpoint.pt"
        #: Its presence says that the training is complete.
        self.provenance_path = self.path / "provenance.json"
        self.evaluations = self.path / "evaluations"
        #: See :mod:`spadv.empirical.launch.failure`.
        self.failure_path = self.path / "failure.json"

    @property
    def is_complete(self) -> bool:
        """Whether the training has finished."""
        return self.provenance_path.is_file()

    @property
    def in_use(self) -> bool:
        """Whether a process holds the folder now; nothing is written where none ever did."""
        if not (self.path / ".lock").exists():
            return False
        try:
            with self.locked():
                return False
        except FolderInUseError:
            return True

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return the lines of metrics.jsonl; none if there is no such file."""
        if not self.metrics_path.is_file():
            return []
        rows = []
        for number, line in enumerate(read_text(self.metrics_path).splitlines(), start=1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise StoreError(f"{self.metrics_path}, line {number}: {error}") from None
            if not isinstance(row, dict):
                raise StoreError(f"{self.metrics_path}, line {number}: not an object")
            rows.append(row)
        return rows

    def write_metrics(self, rows: list[dict[str, Any]]) -> None:
        """Replace metrics.jsonl by these rows."""
        text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
        write_atomically(self.metrics_path, text)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process, or raise :class:`FolderInUseError`.

        The lock goes when the process does.
        """
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise FolderInUseError(
                f"another process is working in {self.path}; wait for it, or choose another folder"
            ) from None
        except OSError as error:
            raise StoreError(f"cannot write in {self.path}: {error.strerror}") from None
        try:
            yield
        finally:
            lock.release()


class Store:
    """A folder of run folders, addressed by what they hold.

    With `any_version` results of other releases of spadv are used, too; otherwise refused.

    Examples
    --------
    >>> Store(Path("runs")).folder("stdcnn mnist", "0123456789abcdef").path.as_posix()
    'runs/stdcnn-mnist-0123456789ab'
    """

    def __init__(self, root: Path, *, any_version: bool = False) -> None:
        self.root = Path(root)
        self.any_version = any_version

    def folder(self, label: str, digest: str) -> RunFolder:
        """Return the folder of a configuration: a readable label and 12 digits of its digest."""
        slug = "-".join("".join(c if c.isalnum() or c in "._" else " " for c in label).split())
        return RunFolder(self.root / f"{slug}-{digest[:12]}")

    def kept(
        self, label: str, digest: str, make: Callable[[], Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Return the JSON object of a configuration, made and saved if it is not there.

        It lies in one file, named like a run folder, and holds its digest. StoreError if the
        file holds something else.
        """
        folder = self.folder(label, digest).path
        path = folder.with_name(f"{folder.name}.json")
        if path.exists():
            found = read_json(path)
            if found.get("digest") != digest:
                raise StoreError(f"{path} holds something else; move it away")
            return found
        made = {"digest": digest, **make()}
        write_json(path, made)
        return made


@contextmanager
def trusting(path: Path) -> Iterator[None]:
    """Say that what lies at a path is damaged, where work on its content fails."""
    try:
        yield
    except SpadvError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise StoreError(f"{path} is damaged or incomplete: {reason}") from error


def write_atomically(path: Path, text: str | bytes | memoryview, *, on_disk: bool = False) -> None:
    """Write a file under a temporary name and rename it into place.

    With `on_disk` it also outlives a power cut once this returns. Where it fails, StoreError says
    so, and what was there before stays.
    """
    data = text.encode() if isinstance(text, str) else text
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        if on_disk:
            with temporary.open("r+b") as stream:
                os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from None


def read_text(path: Path) -> str:
    """Return a file's text; StoreError names the file if that fails."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(f"cannot read {path}: {reason}") from None


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file; StoreError names the file if there is none."""
    try:
        value = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:  # also too deep, or numbers too long
        raise StoreError(f"{path} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise StoreError(f"{path} holds no JSON object")
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all."""
    write_atomically(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an .npz file; their checksums (CRC-32) are verified."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except _BROKEN_NPZ as error:
        raise StoreError(f"cannot read {path} as an .npz file of plain arrays: {error}") from None


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays into an .npz file, whole or not at all."""
    buffer = io.BytesIO()
    # Before numpy 2 an argument allow_pickle would be stored as one more array.
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())
