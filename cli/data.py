"""`spadv data`: which data sets there are, and getting them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.markup import escape

from ..empirical.data import DataSet, data_root, describe, load, locate, names
from ..empirical.data import prepare as prepare_known
from ..errors import InputError
from .console import err, out, print_json, progress_bar, table

_PARTS = ("train", "validation", "test")


def list_sets(root: Path | None, *, as_json: bool) -> None:
    """Show the data sets known by name, and which are there.

    Parameters
    ----------
    root : Path or None
        Folder of data sets; the default one if None.
    as_json : bool
        Print {"root", "sets": [{"name", "title", "train", "validation", "test", "classes",
        "channels", "image_size", "found", "path", "bytes", "source", "licence"}, ...]}.
    """
    base = data_root(root)
    rows = [_row(name, base) for name in names()]
    if as_json:
        print_json({"root": str(base), "sets": rows})
        return
    shown = table(
        f"Data sets in {escape(str(base))}",
        *("name", "train/valid./test", "classes", "image", "there", "MB"),
        numbers=(1, 2, 5),
    )
    for row in rows:
        shown.add_row(
            row["name"],
            "/".join(f"{row[part]:,}" for part in _PARTS),
            str(row["classes"]),
            f"{row['channels']}x{row['image_size']}x{row['image_size']}",
            "embedded" if row["embedded"] else "yes" if row["found"] else "no",
            f"{row['bytes'] / 1e6:.1f}" if row["bytes"] else "-",
        )
    out.print(shown)
    for row in rows:
        out.print(f"{row['name']}: {row['source']} ({row['licence']})", soft_wrap=True)
    err.print("spadv data prepare NAME gets one; a folder or an .npz file of your own works, too.")


def _row(name: str, root: Path) -> dict[str, Any]:
    info, place = describe(name), locate(name, root)
    return {
        "name": name,
        "title": info.title,
        "train": info.train,
        "validation": info.validation,
        "test": info.tests,
        "classes": info.num_classes,
        "channels": info.channels,
        "image_size": info.image_size,
        "embedded": info.embedded,
        "found": place.found,
        "path": str(place.folder),
        "bytes": place.size_on_disk(),
        "source": info.source,
        "licence": info.licence,
    }


def prepare(name: str, root: Path | None, *, size: int | None, as_json: bool) -> None:
    """Get a data set that is known by name, or check and decode one of your own.

    Parameters
    ----------
    name : str
        A known name, a folder of images or an .npz file.
    root : Path or None
        Folder of data sets; the default one if None.
    size : int or None
        Side to which the images of a folder are resized.
    as_json : bool
        Print {"name", "path", "train", "validation", "test", "classes", "channels",
        "height", "width", "mean", "std", "digest", "split", "source"}.
    """
    if name in names():
        if size is not None:
            raise InputError("size", "be left out for data sets known by name", size)
        with progress_bar(name) as tell:
            path = prepare_known(name, root, progress=tell)
    else:
        path = Path(name).expanduser()
    with progress_bar(path.name) as tell:
        data = load(name, root=root, size=size, progress=tell)
    if as_json:
        print_json(_described(data, path))
    else:
        _show(data, path)


def _described(data: DataSet, path: Path) -> dict[str, Any]:
    _, channels, height, width = data.train.pixels.shape
    return {
        "name": data.name,
        "path": str(path),
        "train": len(data.train),
        "validation": len(data.validation),
        "test": len(data.test),
        "classes": list(data.classes),
        "channels": channels,
        "height": height,
        "width": width,
        "mean": list(data.mean),
        "std": list(data.std),
        "digest": data.digest,
        "split": data.split,
        "source": data.source,
    }


def _show(data: DataSet, path: Path) -> None:
    described = _described(data, path)
    shown = table(f"{escape(data.name)} is ready", "", "")
    shown.show_header = False
    shown.columns[1].overflow = "fold"  # a digest must be there to the last digit
    for label, value in (
        ("where", str(path)),
        ("train / validation / test", " / ".join(f"{described[k]:,}" for k in _PARTS)),
        ("classes", _some(data.classes)),
        ("image", " x ".join(str(described[k]) for k in ("channels", "height", "width"))),
        ("mean", ", ".join(f"{value:.4f}" for value in data.mean)),
        ("standard deviation", ", ".join(f"{value:.4f}" for value in data.std)),
        ("SHA-256", data.digest),
        ("source", data.source),
    ):
        shown.add_row(label, escape(value))  # a class may be called [a]
    out.print(shown)


def _some(classes: tuple[str, ...]) -> str:
    more = f", ... ({len(classes)})" if len(classes) > 10 else ""
    return ", ".join(classes[:10]) + more
