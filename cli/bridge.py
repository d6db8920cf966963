"""`spadv bridge`: train networks on the theory's distribution, place them on its frontier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ..checks import check_seeds, choose
from ..errors import StoreError
from ..result import SHOWN
from ..store import read_json, write_atomically
from .console import effect, err, out, print_json, print_table, progress_bar
from .options import Json, check_folder


def bridge(
    scale: Annotated[
        str, typer.Option(help="smoke (seconds), cpu (about 20 minutes), or paper (hours).")
    ] = "cpu",
    seeds: Annotated[int, typer.Option(help="Training seeds of each network, at least 2.")] = 5,
    folder: Annotated[
        Path,
        typer.Option(
            "--out", help="Folder of parts, figures and report.html.", callback=check_folder
        ),
    ] = Path("bridge"),
    as_json: Json = False,
) -> None:
    """Train networks on the theory's distribution and place them on its exact frontier.

    What is finished is saved; the same command goes on.
    """
    choose("scale", scale, ("smoke", "cpu", "paper"))
    check_seeds(seeds, minimum=2)
    from ..empirical.synthetic import document, run_study, study

    chosen = study(scale, seeds)
    with progress_bar("bridge") as tell:
        results = run_study(chosen, folder / "runs", progress=tell, watch=_say)
    made = document(results)
    # In one line: a person reads the page.
    write_atomically(folder / "bridge.json", json.dumps(made, allow_nan=False) + "\n")
    _write(made, folder)
    if as_json:
        print_json(made)
        return
    rows = [(SHOWN[f["verdict"]], f["claim"], effect(f, 4)) for f in made["findings"]]
    print_table(made["title"], ("verdict", "claim", "effect"), rows, numbers=(2,))
    out.print(f"Page: {folder / 'report.html'}")


def rebuild(folder: Path) -> None:
    """Draw figures, table and page again from a saved bridge.json, after computing its findings."""
    from ..empirical.synthetic.document import SCHEMA, check_document

    made = read_json(folder / "bridge.json")
    if made.get("schema") != SCHEMA or made.get("id") != "bridge":
        raise StoreError(f"{folder / 'bridge.json'} is no report of this version of spadv bridge")
    check_document(made)
    _write(made, folder)


def _write(made: dict[str, Any], folder: Path) -> None:
    from ..empirical.synthetic import draw_frontiers, draw_laws
    from ..style import save, to_svg
    from .pages import bridge_page
    from .tables import csv_table

    drawings = []
    for name, picture in (("frontiers", draw_frontiers(made)), ("laws", draw_laws(made))):
        if picture is not None:
            save(picture, folder, f"bridge-{name}")
            drawings.append(to_svg(picture))
    keys = ("setting", "kind", "method", "variant", "level", "seeds")
    table = csv_table(made["table"], {key: key for key in keys}, {"verdict": "standing"})
    write_atomically(folder / "bridge.csv", table)
    write_atomically(folder / "report.html", bridge_page(made, drawings))


def _say(label: str, seconds: float) -> None:
    if not err.is_terminal:
        err.print(f"{label}: {seconds:.0f} s")
