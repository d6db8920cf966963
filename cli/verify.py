"""`spadv verify` and `spadv report`: check claims, save results, draw the report."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ..checks import check_integer, check_level
from ..errors import StoreError
from ..progress import Progress
from ..result import SHOWN_OF_THEORY
from ..store import write_atomically
from .console import err, out, print_json, print_table, progress_bar
from .options import CODEWORD, Json, Level, check_folder

if TYPE_CHECKING:
    from ..result import Result
    from ..theory.claims import Grid, Summary

RESULTS = "results.jsonl"
_DEFAULT_WORD = ("simplex:6", 1)
#: What counts of checks mean, where the word does not tell.
_LEGEND = {
    "attained": "holds with equality",
    "vacuous": "the hypotheses do not hold at that setting",
}


def verify(
    claim: Annotated[
        list[str] | None,
        typer.Option(help="Claim, beginning of several, or number of a statement; repeatable."),
    ] = None,
    codeword: Annotated[list[str] | None, typer.Option(help=CODEWORD)] = None,
    shift: Annotated[list[int] | None, typer.Option(help="Values of m.")] = None,
    p: Annotated[list[float] | None, typer.Option("--p", help="Values of p.")] = None,
    budget: Annotated[list[float] | None, typer.Option(help="Values of e = eps sqrt(d).")] = None,
    eta: Annotated[list[float] | None, typer.Option(help="Values of eta.")] = None,
    samples: Annotated[
        int, typer.Option(help="Simulated samples a comparison, at most; 0: none.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulations.")] = 0,
    level: Level = 0.95,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for results.jsonl, figures and report.html.",
            callback=check_folder,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the paper's claims exactly and by simulation."""
    check_level(level)
    check_integer("samples", samples, minimum=0)
    check_integer("seed", seed, minimum=0)
    from ..theory.claims import Grid, summarise

    start = time.perf_counter()
    grid = Grid(
        codewords=codeword,
        shifts=shift,
        ps=p,
        budgets=budget,
        etas=eta,
        samples=samples,
        seed=seed,
        level=level,
    )
    with progress_bar("verify") as tell:
        results = _compute(claim, grid, folder, tell)
    summaries = summarise(results)
    seconds = time.perf_counter() - start
    if folder is not None:
        _write_report(results, folder)
    ok = all(summary.ok for summary in summaries)
    if as_json:
        claims = [
            {
                "claim": s.claim.id,
                "title": s.claim.title,
                "locator": s.claim.locator,
                "numbers": list(s.claim.numbers),
                "statement": s.claim.statement,
                "expected": s.claim.expected,
                "verdict": s.verdict,
                "shown": SHOWN_OF_THEORY[s.verdict],
                "ok": s.ok,
                "checks": s.checks,
                "counts": s.counts,
                "simulations": s.compared,
                "mismatches": s.mismatches,
            }
            for s in summaries
        ]
        place = None if folder is None else str(folder)
        print_json({"ok": ok, "seconds": round(seconds, 3), "out": place, "claims": claims})
    else:
        _show(summaries, seconds, folder)
    if not ok:
        _complain(results)
        raise typer.Exit(1)


def _prepare(folder: Path) -> None:
    """Check, before any work, that the folder can be written and mixes nothing."""
    from ..result import read_results

    path = folder / RESULTS
    if path.exists():
        for _ in read_results(path):  # raises for another schema, or what is not ours
            break
    probe = folder / ".writable"
    write_atomically(probe, "")
    probe.unlink(missing_ok=True)


def _compute(
    claim_ids: list[str] | None, grid: Grid, folder: Path | None, tell: Progress
) -> list[Result]:
    """Run the checks; each result is on disk as soon as it is there."""
    from ..theory.claims import run as run_claims

    checks = run_claims(claim_ids, grid, progress=tell)
    if folder is None:
        return list(checks)
    _prepare(folder)
    part = folder / f"{RESULTS}.part"
    results = []
    try:
        with part.open("w", encoding="utf-8") as stream:
            for result in checks:
                results.append(result)
                stream.write(json.dumps(result.to_json(), allow_nan=False) + "\n")
    except KeyboardInterrupt:
        err.print(f"Interrupted: {len(results)} results are kept in {part}.")
        raise
    except OSError as error:
        raise StoreError(f"cannot write {part}: {error.strerror or error}") from None
    path = folder / RESULTS
    if path.exists():
        path.replace(folder / "results.previous.jsonl")
    part.replace(path)
    return results


def rebuild(folder: Path) -> None:
    """Draw figures and report.html again from a folder's results."""
    from ..result import read_results

    path = folder / RESULTS
    if not path.is_file():
        raise StoreError(f"{folder} holds no {RESULTS}: run `spadv verify --out {folder}` first")
    results = list(read_results(path))
    if not results:
        raise StoreError(f"{path} holds no results")
    _write_report(results, folder)
    out.print(f"Wrote {folder / 'report.html'}.")


def _write_report(results: list[Result], folder: Path) -> None:
    from ..style import save
    from ..theory.plots import verify_figures
    from .pages import verify_page

    words = {
        r.parameters["codeword"]: r.parameters.get("shift", 1)
        for r in results
        if "codeword" in r.parameters
    }
    # The one word that was checked, or the example word of the default grid.
    word = next(iter(words.items())) if len(words) == 1 else _DEFAULT_WORD
    figures = verify_figures(results, *word)
    for name, figure in figures.items():
        save(figure, folder / "figures", name)
    write_atomically(folder / "report.html", verify_page(results, figures))


def _show(summaries: list[Summary], seconds: float, folder: Path | None) -> None:
    from ..result import EQUALITY, HOLDS

    words, rows = SHOWN_OF_THEORY, []
    for s in summaries:
        holds = s.verdict in (HOLDS, EQUALITY)
        colour = "bold red" if not s.ok else "green" if holds else "yellow"
        counts = ", ".join(f"{n} {words[verdict]}" for verdict, n in s.counts.items())
        rows.append((s.claim.id, s.claim.title, Text(s.meaning, colour), counts))
    print_table("Claims", ("claim", "what", "verdict", "checks"), rows)
    used = {words[verdict] for s in summaries for verdict in s.counts}
    legend = [f"{word}: {told}" for word, told in _LEGEND.items() if word in used]
    if legend:
        out.print("; ".join(legend) + ".")
    out.print(
        f"{sum(s.checks for s in summaries)} checks, {sum(s.compared for s in summaries)} "
        f"comparisons with simulations (claims share some), "
        f"{sum(s.mismatches for s in summaries)} contradictions, {seconds:.1f} s."
    )
    if folder is not None:
        out.print(f"Results, figures and report.html are in {folder}.")


def _complain(results: list[Result]) -> None:
    """Say on stderr what is wrong, first the failures of the software itself."""
    failures, surprises = [], []
    for r in results:
        parameters = f"parameters {json.dumps(r.parameters)}"
        if r.mismatches:
            q = r.mismatches[0]
            failures.append(
                f"SOFTWARE FAILURE in {r.claim}: {q.name} is {q.exact} by its closed form, "
                f"{q.simulated} in {q.trials} samples (p-value {q.p_value:.1e}); {parameters}"
            )
        elif r.alarming:
            surprises.append(
                f"{r.claim}: expected '{r.expected}', found '{r.verdict}': value {r.value}, "
                f"bound {r.bound}; {r.note} {parameters}"
            )
    for line in failures[:5] + surprises[:5]:
        err.print(line, style="bold red")
