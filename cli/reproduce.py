"""`spadv reproduce`: train what is missing, measure, draw, and say what is seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD

from ..empirical.artefacts import REGISTRY, Artefact, Job, draw, merge, summarise
from ..empirical.launch import run_local
from ..empirical.store import Store, read_json, write_json
from ..empirical.training import TrainOptions
from ..theory.errors import InputError
from ..theory.result import write_atomically
from ..theory.style import save, to_svg
from .console import err, out, print_json, progress_bar, table
from .report.reproduce import reproduce_page


def run(
    identifiers: Sequence[str],
    *,
    scale: str,
    seeds: int,
    data_root: Path | None,
    folder: Path,
    device: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Reproduce artefacts: those named, or "all".

    Raises
    ------
    InputError
        If an artefact is unknown.
    StoreError
        If the folder cannot be used.
    RunFailedError
        If a training diverges.
    """
    artefacts = _chosen(identifiers)
    plans = {artefact.id: artefact.plan(scale, seeds) for artefact in artefacts}
    store = Store(folder / "runs")
    jobs = merge([job for plan in plans.values() for job in plan.jobs])
    if dry_run:
        _show_jobs(jobs, store, as_json=as_json)
        return
    with progress_bar("reproduce") as tell:
        run_local(
            jobs,
            store,
            data_root=data_root,
            options=TrainOptions(device=device),
            progress=tell,
            watch=_say,
        )
    documents = []
    for artefact in artefacts:
        document = summarise(artefact, plans[artefact.id], scale, store)
        write_json(folder / f"{artefact.id}.json", document)
        documents.append(document)
    write_figures(documents, folder)
    if as_json:
        print_json({"folder": str(folder), "artefacts": documents})
    else:
        _show(documents, folder)


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
        cells = [cell[key] for cell in row["cells"] for key in ("value", "low", "high")]
        writer.writerow([row["label"], row["seeds"], *cells])
    return stream.getvalue()


def _chosen(identifiers: Sequence[str]) -> list[Artefact]:
    if not identifiers:
        known = ", ".join(REGISTRY.entries)
        raise InputError("artefact", f"be named: all, or some of {known}", "nothing")
    if list(identifiers) == ["all"]:
        return [artefact for name, artefact in REGISTRY.entries.items() if name != "demo"]
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


def _show_jobs(jobs: Sequence[Job], store: Store, *, as_json: bool) -> None:
    states = [(job, job.state(store)) for job in jobs]
    if as_json:
        print_json(
            [{"label": job.label, "digest": job.digest, "state": state} for job, state in states]
        )
        return
    shown = table(f"{len(jobs)} trainings", "training", "epochs", "state", numbers=(1,))
    shown.box = SIMPLE_HEAD
    for job, state in states:
        shown.add_row(job.label, str(job.config.epochs), state)
    out.print(shown)


def _say(job: Job, seconds: float) -> None:
    if not err.is_terminal:
        err.print(f"{job.label}: {seconds:.0f} s")


def _show(documents: Sequence[dict[str, Any]], folder: Path) -> None:
    for document in documents:
        shown = table(f"{document['id']}: {document['title']}", "verdict", "claim", "effect")
        shown.box = SIMPLE_HEAD
        for finding in document["findings"]:
            low, high = finding["interval"]["low"], finding["interval"]["high"]
            effect = f"{finding['effect']:+.3f} ({low:+.3f} to {high:+.3f})"
            shown.add_row(finding["verdict"], finding["claim"], effect)
        out.print(shown)
    out.print(f"Page: {folder / 'report.html'}")
