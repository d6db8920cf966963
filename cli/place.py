"""`spadv place`: networks of others, all measured alike, in one plane."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .console import out, print_json, print_table, progress_bar
from .options import DataRoot, Device, Json, check_folder


def place(
    networks: Annotated[
        list[str] | None,
        typer.Argument(help="Networks, as `spadv evaluate` takes them; none: only draw again."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Data set; by default what a description says.")
    ] = None,
    data_root: DataRoot = None,
    name: Annotated[
        str | None, typer.Option(help="Name in the table, for one network; by default its own.")
    ] = None,
    folder: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder of the results, to which networks are added.",
            callback=check_folder,
        ),
    ] = Path("public"),
    images: Annotated[int, typer.Option(min=1, help="Images for motions and PGD.")] = 2000,
    strong_images: Annotated[int, typer.Option(min=1, help="For the strong attack.")] = 1000,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure networks alike and place them by spatial and adversarial robustness.

    Natural accuracy, rotations to 30 and 180 degrees, shifts to 0.1, PGD and a strong attack at
    two budgets (0.1 and 0.3 on grey images, 2/255 and 8/255 on colour). What is finished is
    kept; table.md and plane.png are made from all networks in the folder.
    """
    if name is not None and len(networks or []) != 1:
        raise InputError("name", "be given for one network", name)
    from ..empirical.data import load
    from ..empirical.device import pick_device
    from ..empirical.evaluation.public import figure, rate, read_folder, write_tables
    from ..empirical.evaluation.public import place as measure
    from ..empirical.evaluation.target import load_target
    from ..style import save

    for target in networks or []:
        network, _ = load_target(target, pick_device(device))
        description = getattr(network, "description", {})
        source = data or description.get("data")
        if source is None:
            raise InputError("data", "be given", None, f"{target} does not say it.")
        title = name or description.get("name") or target.replace(":", "-").replace("/", "-")
        with progress_bar(f"measure {title}") as tell:
            measure(
                network,
                load(source, root=data_root),
                folder,
                title,
                images=images,
                strong_images=strong_images,
                progress=tell,
            )
    documents = read_folder(folder)
    write_tables(documents, folder)
    save(figure(documents), folder, "plane")
    if as_json:
        print_json({"networks": documents})
        return
    rows = []
    for document in documents:
        low, high = sorted({r["setting"] for r in document["rates"] if r["what"] == "strong"})
        keys = [("natural", None), ("rotation", 180.0), ("pgd", low), ("pgd", high)]
        keys += [("strong", low), ("strong", high)]
        values = [f"{rate(document, *key, 'accuracy')['value']:.3f}" for key in keys]
        rows.append((document["name"], document["data"], *values))
    heads = (
        "network",
        "data",
        "natural",
        "R180",
        "PGD low",
        "PGD high",
        "strong low",
        "strong high",
    )
    print_table("Accuracies; low and high: the two budgets", heads, rows, numbers=range(2, 8))
    out.print(f"Saved: {folder / 'table.md'}, {folder / 'plane.png'}")
