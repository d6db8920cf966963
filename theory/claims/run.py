"""Run many checks, and sum them up claim by claim."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...checks import check_integer
from ...progress import Progress, silent
from ...result import EQUALITY, HOLDS, INCONCLUSIVE, UNSATISFIABLE, VIOLATED, Result
from .registry import Claim, claim, claims
from .setting import Setting


@dataclass(frozen=True)
class Grid:
    """Values to take the place of those in the claims' own grids; None keeps them.

    What they are: :class:`Setting`, where each has its singular for its name.
    """

    codewords: Sequence[str] | None = None
    shifts: Sequence[int] | None = None
    ps: Sequence[float] | None = None
    budgets: Sequence[float] | None = None
    etas: Sequence[float] | None = None
    samples: int = 20_000
    seed: int = 0
    level: float = 0.95


def settings(of: Claim, grid: Grid) -> list[Setting]:
    """Return the settings at which to check a claim: all combinations of its parameters."""
    chosen: list[dict[str, Any]] = [{}]
    for name, default in of.grid.items():
        chosen = [
            at | {name: value}
            for at in chosen
            for value in getattr(grid, f"{name}s")
            or (default(at) if callable(default) else default)
        ]
    shared: dict[str, Any] = {"samples": grid.samples, "seed": grid.seed, "level": grid.level}
    return [Setting(**at, **shared) for at in chosen]


def _check_values(grid: Grid) -> None:
    """Check a grid's values one by one: the chosen claims may not look at all of them."""
    for shift in grid.shifts or ():
        check_integer("shift", shift, minimum=1)
    for name in ("codeword", "p", "budget", "eta"):
        for value in getattr(grid, f"{name}s") or ():
            Setting(**{name: value})


@dataclass(frozen=True)
class Summary:
    """One claim over all settings at which it was checked.

    A claim that should hold does so only where its hypotheses are met: if none of its checks
    is non-vacuous its verdict is that it says nothing here.
    """

    claim: Claim
    #: How many checks gave each verdict.
    counts: dict[str, int]
    #: The verdict over all: that of the checks that say something.
    verdict: str
    #: Whether every check gave what it should, and no simulation contradicts.
    ok: bool
    #: Simulations that contradict their closed form.
    mismatches: int
    #: Simulations that were compared with a closed form.
    compared: int

    @property
    def checks(self) -> int:
        """Number of checks."""
        return sum(self.counts.values())

    @property
    def meaning(self) -> str:
        """The verdict in a few words for a reader."""
        if not self.ok:
            return "NOT AS EXPECTED" if not self.mismatches else "SIMULATION CONTRADICTS"
        expected = self.claim.expected == self.verdict
        return {
            HOLDS: "holds",
            EQUALITY: "holds, attained",
            VIOLATED: "refuted (expected)",
            UNSATISFIABLE: "vacuous (expected)" if expected else "vacuous here",
            INCONCLUSIVE: "not decided here",
        }[self.verdict]


def run(
    claim_ids: Sequence[str] | None = None,
    grid: Grid | None = None,
    *,
    progress: Progress = silent,
) -> Iterator[Result]:
    """Yield the result of every check of a grid, as they are computed; bad input raises at once.

    Parameters
    ----------
    claim_ids : sequence of str, optional
        Claims to check; all by default. The beginning of several identifiers, "thm2" for
        one, a pattern, "prop1*", or the number of a statement, "L5", selects them all.
    grid : Grid, optional
        Where; the default grid by default.
    progress : Progress
        Told checks done, checks planned and the claim.
    """
    chosen = select(claim_ids)
    grid = grid or Grid()
    _check_values(grid)
    plan = [(c, setting) for c in chosen for setting in settings(c, grid)]

    def results() -> Iterator[Result]:
        for done, (c, setting) in enumerate(plan):
            progress(done, len(plan), c.id)
            yield c.check(setting)
        progress(len(plan), len(plan), "")

    return results()


def select(claim_ids: Sequence[str] | None) -> list[Claim]:
    """Return the claims of these identifiers, beginnings or patterns, in order.

    As in :func:`run`; None or an empty sequence selects every claim. The number of a statement
    of docs/theory, "L5", selects the claims that check it.

    Examples
    --------
    >>> [c.id for c in select(["thm3", "prop1"])]
    ['prop1', 'thm3']
    >>> [c.id for c in select(["thm2"])][:2]
    ['thm2.relaxation', 'thm2a']
    >>> [c.id for c in select(["L5"])]
    ['law.lower']
    """
    if not claim_ids:
        return list(claims())
    names = [c.id for c in claims()]
    wanted: set[str] = set()
    for text in claim_ids:
        numbered = {c.id for c in claims() if text in c.numbers}
        if numbered:
            wanted |= numbered
            continue
        # An identifier means itself, even where others begin with it.
        pattern = text if text in names or "*" in text else f"{text}*"
        wanted |= set(fnmatch.filter(names, pattern)) if text else set()
        if not fnmatch.filter(names, pattern) or not text:
            claim(text)  # raises, and suggests
    return [c for c in claims() if c.id in wanted]


def summarise(results: Iterable[Result]) -> list[Summary]:
    """Return one summary for each claim that has results, in the registry's order."""
    by_claim: dict[str, list[Result]] = {}
    for result in results:
        by_claim.setdefault(claim(result.claim).id, []).append(result)
    return [_summary(c, by_claim[c.id]) for c in claims() if c.id in by_claim]


def _summary(of: Claim, results: list[Result]) -> Summary:
    counts = Counter(result.verdict for result in results)
    # The strongest verdict that the checks support; the expected kind goes first.
    order = [VIOLATED, EQUALITY, HOLDS, UNSATISFIABLE, INCONCLUSIVE]
    if of.expected == UNSATISFIABLE:
        order.insert(1, UNSATISFIABLE)
    verdict = next(v for v in order if counts[v])
    quantities = [q for result in results for q in result.quantities]
    return Summary(
        claim=of,
        counts={v: counts[v] for v in sorted(counts, key=order.index)},
        verdict=verdict,
        ok=not any(result.alarming for result in results),
        mismatches=sum(not q.agrees for q in quantities),
        compared=sum(q.p_value is not None for q in quantities),
    )
