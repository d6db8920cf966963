"""`spadv data`: which data sets there are, and getting them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..checks import check_integer
from ..empirical.settings.data import describe, names, own
from ..errors import InputError
from .console import err, out, print_json, print_table, progress_bar
from .options import DataRoot, Json

_PARTS = ("train", "validation", "test")

data = typer.Typer(
    name="data",
    help="List the data sets, and get one.",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@data.callback(invoke_without_command=True)
def _help(context: typer.Context) -> None:
    """List the data sets, and get one."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@data.command("list")
def list_sets(data_root: DataRoot = None, as_json: Json = False) -> None:
    """List the data sets known by name, and which are there."""
    from ..empirical.data import data_root as root_of

    base = root_of(data_root)
    rows = [_row(name, base) for name in names()]
    if as_json:
        print_json({"root": str(base), "sets": rows})
        return
    print_table(
        f"Data sets in {base}",
        ("name", "train/valid./test", "classes", "image", "there", "MB"),
        (
            (
                row["name"],
                "/".join(f"{row[part]:,}" for part in _PARTS),
                str(row["classes"]),
                f"{row['channels']}x{row['image_size']}x{row['image_size']}",
                "embedded" if row["embedded"] else "yes" if row["found"] else "no",
                f"{row['bytes'] / 1e6:.1f}" if row["bytes"] else "-",
            )
            for row in rows
        ),
        numbers=(1, 2, 5),
    )
    for row in rows:
        out.print(f"{row['name']}: {row['source']} ({row['licence']})")
    err.print("spadv data prepare NAME gets one; a folder or an .npz file of your own works, too.")


def _row(name: str, root: Path) -> dict[str, Any]:
    from ..empirical.data import locate

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


@data.command("prepare")
def prepare(
    name: Annotated[str, typer.Argument(help="A known name, a folder of images, an .npz file.")],
    data_root: DataRoot = None,
    size: Annotated[
        int | None, typer.Option(help="Resize the images of a folder to this side.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Download a data set, or check and decode your own; say what is in it."""
    if size is not None:
        check_integer("size", size, minimum=1)
        if name in names():
            raise InputError("size", "be left out for data sets known by name", size)
    from ..empirical.data import load
    from ..empirical.data import prepare as prepare_known

    if name in names():
        with progress_bar(name) as tell:
            path = prepare_known(name, data_root, progress=tell)
    else:
        path = own(name)
    with progress_bar(path.name) as tell:
        found = load(name, root=data_root, size=size, progress=tell)
    _, channels, height, width = found.train.pixels.shape
    parts = {part: len(getattr(found, part)) for part in _PARTS}
    if as_json:
        print_json(
            {
                "name": found.name,
                "path": str(path),
                **parts,
                "classes": list(found.classes),
                "channels": channels,
                "height": height,
                "width": width,
                "mean": list(found.mean),
                "std": list(found.std),
                "digest": found.digest,
                "split": found.split,
                "source": found.source,
            }
        )
        return
    count = len(found.classes)
    more = f", ... ({count})" if count > 10 else ""
    rows = (
        ("where", str(path)),
        ("train / validation / test", " / ".join(f"{images:,}" for images in parts.values())),
        ("classes", ", ".join(found.classes[:10]) + more),
        ("image", f"{channels} x {height} x {width}"),
        ("mean", ", ".join(f"{value:.4f}" for value in found.mean)),
        ("standard deviation", ", ".join(f"{value:.4f}" for value in found.std)),
        ("SHA-256", found.digest),
        ("source", found.source),
    )
    print_table(f"{found.name} is ready", ("property", "value"), rows)
