"""`spadv reproduce`: train what is missing, measure, draw, and say what is seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD

from ..empirical.artefacts import REGISTRY, Artefact, draw, merge, summarise
from ..empirical.store import Store, read_json, write_json
from ..empirical.training import TrainOptions
from ..theory.errors import InputError
from ..theory.result import write_atomically
from ..theory.style import save, to_svg
from .console import err, out, print_json, table
from .launching import Launching, complain, launch, planned, show_jobs
from .report.reproduce import reproduce_page


def run(
    identifiers: Sequence[str],
    *,
    scale: str,
    seeds: int | None,
    data_root: Path | None,
    folder: Path,
    device: str,
    how: Launching,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Reproduce artefacts: those named, or "all".

    An artefact is drawn once all its jobs are done; in a share (`--shard`) or where a job
    failed, the others wait for the rest.

    Raises
    ------
    InputError
        If an artefact is unknown.
    StoreError
        If the folder cannot be used.
    RunFailedError
        If jobs failed; those that are done are drawn first.
    """
    artefacts = _chosen(identifiers)
    plans = {artefact.id: artefact.plan(scale, seeds) for artefact in artefacts}
    store = Store(folder / "runs", any_version=how.any_version)
    everything = merge([job for plan in plans.values() for job in plan.jobs])
    jobs, costs = planned(everything, store, how, data_root)
    if dry_run:
        show_jobs(jobs, store, costs, how, as_json=as_json)
        return
    options = TrainOptions(device=device)
    outcome = launch(jobs, store, how, costs, data_root=data_root, options=options)
    documents, open_ones = [], []
    for artefact in artefacts:
        plan = plans[artefact.id]
        if not all(job.state(store) == "done" for job in plan.jobs):
            open_ones.append(artefact.id)
            continue
        document = summarise(artefact, plan, scale, store)
        write_json(folder / f"{artefact.id}.json", document)
        documents.append(document)
    if documents:
        write_figures(documents, folder)
    if as_json:
        print_json({"folder": str(folder), "artefacts": documents})
    else:
        _show(documents, folder)
        if open_ones:
            err.print(f"Not drawn, for want of jobs: {', '.join(open_ones)}.")
    complain(outcome, len(jobs), waited=how.wait)


def rebuild(folder: Path) -> None:
    """Draw figures, tables and page again from the saved documents of a folder."""
    documents = saved(folder)
    write_figures(documents, folder)
    out.print(f"Wrote {folder / 'report.html'}.")


def saved(folder: Path) -> list[dict[str, Any]]:
    """Return the artefacts' documents that lie in a folder, in the registry's order."""
    found = {path.stem: path for path in folder.glob("*.json") if path.stem in REGISTRY.entries}
    return [read_json(found[name]) for name in REGISTRY.entries if name in found]


def write_figures(documents: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write the figure (PNG, SVG) and table (CSV) of each document, and report.html."""
    drawings = {}
    for document in documents:
        picture = draw(document)
        if picture is not None:
            save(picture, folder, document["id"])
            drawings[document["id"]] = to_svg(picture)
        if document["table"]["rows"]:
            write_atomically(folder / f"{document['id']}.csv", _csv(document["table"]))
    write_atomically(folder / "report.html", reproduce_page(documents, drawings))


def _csv(content: dict[str, Any]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = [column["label"] for column in content["columns"]]
    writer.writerow(["", "seeds", *(f"{n}{s}" for n in names for s in ("", " low", " high"))])
    for row in content["rows"]:
        keys = ("value", "low", "high")
        cells = [cell[key] if cell else "" for cell in row["cells"] for key in keys]
        writer.writerow([row["label"], row["seeds"], *cells])
    return stream.getvalue()


def _chosen(identifiers: Sequence[str]) -> list[Artefact]:
    if not identifiers:
        known = ", ".join(REGISTRY.entries)
        raise InputError("artefact", f"be named: all, or some of {known}", "nothing")
    if list(identifiers) == ["all"]:
        return [a for name, a in REGISTRY.entries.items() if name != "demo" and not a.part_of]
    return [REGISTRY.get(name) for name in dict.fromkeys(identifiers)]


def list_artefacts(*, as_json: bool) -> None:
    """Show every artefact."""
    rows = list(REGISTRY.entries.values())
    if as_json:
        print_json(
            [{"id": a.id, "title": a.title, "locator": a.locator, "beyond": a.beyond} for a in rows]
        )
        return
    shown = table("Artefacts", "id", "title", "in the paper")
    shown.box = SIMPLE_HEAD
    for artefact in rows:
        shown.add_row(artefact.id, artefact.title, artefact.locator)
    out.print(shown)


def _show(documents: Sequence[dict[str, Any]], folder: Path) -> None:
    for document in documents:
        shown = table(f"{document['id']}: {document['title']}", "verdict", "claim", "effect")
        shown.box = SIMPLE_HEAD
        for finding in document["findings"]:
            low, high = finding["interval"]["low"], finding["interval"]["high"]
            effect = f"{finding['effect']:+.3f} ({low:+.3f} to {high:+.3f})"
            shown.add_row(finding["verdict"], finding["claim"], effect)
        out.print(shown)
    if documents:
        out.print(f"Page: {folder / 'report.html'}")
