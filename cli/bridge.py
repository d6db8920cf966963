"""`spadv bridge`: train networks on the theory's distribution, place them on its frontier."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD

from ..empirical.synthetic import document, draw_frontiers, draw_laws, run_study, study
from ..errors import StoreError
from ..store import read_json, write_atomically
from ..style import save, to_svg
from .console import err, out, print_json, progress_bar, table
from .pages import bridge_page


def run(*, scale: str, seeds: int, folder: Path, as_json: bool) -> None:
    """Do what is missing of the study; write bridge.json, figures, a table and a page.

    Raises
    ------
    InputError
        If the scale is unknown, or there are fewer than two seeds.
    StoreError
        If the folder cannot be used.
    RunFailedError
        If a training diverges.
    SimulationMismatchError
        If a network lies beyond what any classifier can reach.
    """
    chosen = study(scale, seeds)
    with progress_bar("bridge") as tell:
        results = run_study(chosen, folder / "runs", progress=tell, watch=_say)
    made = document(results)
    # In one line: a person reads the page.
    write_atomically(folder / "bridge.json", json.dumps(made, allow_nan=False) + "\n")
    write(made, folder)
    if as_json:
        print_json(made)
    else:
        _show(made, folder)


def rebuild(folder: Path) -> None:
    """Draw figures, table and page again from a saved bridge.json.

    Raises
    ------
    StoreError
        If there is none, or it is of another version.
    """
    made = read_json(folder / "bridge.json")
    if made.get("schema") != 1 or made.get("id") != "bridge":
        raise StoreError(f"{folder / 'bridge.json'} is no report of this version of spadv bridge")
    write(made, folder)


def write(made: dict[str, Any], folder: Path) -> None:
    """Write everything that is drawn from the document."""
    drawings = []
    for name, picture in (("frontiers", draw_frontiers(made)), ("laws", draw_laws(made))):
        if picture is not None:
            save(picture, folder, f"bridge-{name}")
            drawings.append(to_svg(picture))
    write_atomically(folder / "bridge.csv", _csv(made["table"]))
    write_atomically(folder / "report.html", bridge_page(made, drawings))


def _csv(content: dict[str, Any]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = [column["label"] for column in content["columns"]]
    keys = ("setting", "kind", "method", "variant", "level", "seeds")
    writer.writerow([*keys, *(f"{n}{s}" for n in names for s in ("", " low", " high")), "standing"])
    for row in content["rows"]:
        cells = [cell[key] for cell in row["cells"] for key in ("value", "low", "high")]
        writer.writerow([*(row[key] for key in keys), *cells, row["verdict"]])
    return stream.getvalue()


def _say(label: str, seconds: float) -> None:
    if not err.is_terminal:
        err.print(f"{label}: {seconds:.0f} s")


def _show(made: dict[str, Any], folder: Path) -> None:
    shown = table(made["title"], "verdict", "claim", "effect")
    shown.box = SIMPLE_HEAD
    for finding in made["findings"]:
        low, high = finding["interval"]["low"], finding["interval"]["high"]
        effect = f"{finding['effect']:+.4f} ({low:+.4f} to {high:+.4f})"
        shown.add_row(finding["verdict"], finding["claim"], effect)
    out.print(shown)
    out.print(f"Page: {folder / 'report.html'}")
