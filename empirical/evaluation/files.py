"""Saved evaluations: NAME-DIGEST.json beside NAME-DIGEST.npz, each whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ...errors import StoreError
from ...store import read_json, read_npz, write_json, write_npz
from .record import Array, Evaluation


def stem_of(evaluation: Evaluation, name: str = "evaluation") -> str:
    """Return the name of an evaluation's files, without suffix: NAME-DIGEST."""
    return f"{name}-{evaluation.identity[:12]}"


def save(evaluation: Evaluation, folder: Path | str, name: str = "evaluation") -> Path:
    """Write a record, finished or not, to NAME-DIGEST.json and .npz; return the former's path.

    The arrays are written first, then the JSON file, which says how many images of each array
    belong to it, with their digest: if the machine stops in between, the older JSON file still
    finds its part of the newer arrays. StoreError if the files there are of something else.
    """
    folder = Path(folder)
    path = folder / f"{stem_of(evaluation, name)}.json"
    if path.exists():
        try:
            found = read_json(path).get("identity")
        except StoreError:
            found = None
        if found != evaluation.identity:
            raise StoreError(f"{path} holds something else; it was not overwritten")
    document = evaluation.to_json()
    document["arrays"] = {
        key: {"images": array.shape[-1], "sha256": _digest(array)}
        for key, array in evaluation.arrays.items()
    }
    write_npz(path.with_suffix(".npz"), evaluation.arrays)
    write_json(path, document)
    return path


def load(folder: Path | str, name: str) -> Evaluation:
    """Return the record of an evaluation that was saved in a folder.

    The name is that of its files without suffix (NAME-DIGEST), or NAME where only one begins so.
    StoreError, which names the file, if there is none (or several), or a file is damaged, of
    another schema, or does not fit the other.
    """
    folder = Path(folder)
    path = folder / f"{name}.json"
    if not path.is_file():
        found = sorted(folder.glob(f"{name}-????????????.json"))
        if len(found) != 1:
            several = ", ".join(p.stem for p in found)
            many = f"several evaluations are called {name}: {several}"
            raise StoreError(many if found else f"there is no evaluation {path}")
        path = found[0]
    return read(path)


def read(path: Path) -> Evaluation:
    """Read the record of a JSON file and the .npz file beside it; as :func:`load`."""
    document = read_json(path)
    arrays_path = path.with_suffix(".npz")
    listed = document.get("arrays")
    if not isinstance(listed, dict):
        raise StoreError(f"{path} is no evaluation: it lists no arrays")
    arrays = read_npz(arrays_path)
    chosen: dict[str, Array] = {}
    for key, entry in listed.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("images"), int):
            raise StoreError(f"{path} garbles its list of arrays")
        if key not in arrays or arrays[key].ndim == 0:
            raise StoreError(f"{arrays_path} does not fit {path.name}: it lacks {key}")
        chosen[key] = arrays[key][..., : entry["images"]]
        if _digest(chosen[key]) != entry.get("sha256"):
            raise StoreError(f"{arrays_path} does not fit {path.name}: {key} differs")
    try:
        evaluation = Evaluation.from_json(document, chosen)
    except StoreError as error:
        raise StoreError(f"{path}: {error}") from None
    if not path.stem.endswith(f"-{evaluation.identity[:12]}"):
        raise StoreError(f"{path} was renamed: it holds the evaluation {evaluation.identity[:12]}")
    return evaluation


def resume(evaluation: Evaluation, folder: Path | str, name: str = "evaluation") -> Evaluation:
    """Return what a folder holds of an evaluation, or the evaluation itself if nothing.

    Damaged files are moved aside, to NAME-DIGEST.damaged.json and .npz, and a note says so;
    files that are whole but of another evaluation are a StoreError.
    """
    path = Path(folder) / f"{stem_of(evaluation, name)}.json"
    if not path.exists():  # arrays alone are what an interruption left before the first JSON
        return evaluation
    try:
        found = read(path)
    except StoreError as error:
        both = (path, path.with_suffix(".npz"))
        moved = [_move_aside(file) for file in both if file.exists()]
        kept = " and ".join(file.name for file in moved)
        evaluation.notes.append(f"began anew, because {error}; the damaged files are {kept}")
        return evaluation
    if found.identity != evaluation.identity:
        raise StoreError(f"{path} holds another evaluation, {found.identity[:12]}")
    found.settings = evaluation.settings  # the size of batches may be another
    return found


def _move_aside(path: Path) -> Path:
    for number in range(1000):
        mark = "damaged" if number == 0 else f"damaged-{number}"
        target = path.with_name(f"{path.stem}.{mark}{path.suffix}")
        if not target.exists():
            try:
                return path.rename(target)
            except OSError as error:
                raise StoreError(f"cannot move {path} aside: {error.strerror}") from None
    raise StoreError(f"cannot move {path} aside: there are too many damaged files")


def _digest(array: Array) -> str:
    total = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()
