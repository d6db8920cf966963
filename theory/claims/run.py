"""Run many checks, and sum them up claim by claim."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...progress import Progress, silent
from ...result import EQUALITY, HOLDS, INCONCLUSIVE, UNSATISFIABLE, VIOLATED, Result
from .grid import Grid, settings
from .registry import Claim, claim, claims


@dataclass(frozen=True)
class Summary:
    """One claim over all settings at which it was checked.

    Attributes
    ----------
    claim : Claim
        The claim.
    counts : dict of str to int
        How many checks gave each verdict.
    verdict : str
        The verdict over all: that of the checks that say something.
    ok : bool
        Whether every check gave what it should, and no simulation contradicts.
    mismatches : int
        Simulations that contradict their closed form.
    compared : int
        Simulations that were compared with a closed form.
    """

    claim: Claim
    counts: dict[str, int]
    verdict: str
    ok: bool
    mismatches: int
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
    """Yield the result of every check of a grid, as they are computed.

    Parameters
    ----------
    claim_ids : sequence of str, optional
        Claims to check; all by default. The beginning of several identifiers, "thm2" for
        one, or a pattern, "prop1*", selects them all.
    grid : Grid, optional
        Where; the default grid by default.
    progress : Progress
        Told checks done, checks planned and the claim.

    Raises
    ------
    InputError
        For an unknown claim or a bad value, before anything is computed.
    """
    chosen = select(claim_ids)
    grid = grid or Grid()
    plan = [(c, setting) for c in chosen for setting in settings(c, grid)]

    def results() -> Iterator[Result]:
        for done, (c, setting) in enumerate(plan):
            progress(done, len(plan), c.id)
            yield c.check(setting)
        progress(len(plan), len(plan), "")

    return results()


def select(claim_ids: Sequence[str] | None) -> list[Claim]:
    """Return the claims of these identifiers, beginnings or patterns, in order.

    Parameters
    ----------
    claim_ids : sequence of str or None
        As in :func:`run`; None or an empty sequence selects every claim.

    Raises
    ------
    InputError
        If a text selects none; the message suggests the nearest.

    Examples
    --------
    >>> [c.id for c in select(["thm3", "prop1"])]
    ['prop1', 'thm3']
    >>> [c.id for c in select(["thm2"])][:2]
    ['thm2a', 'thm2a.no_fraction']
    """
    if not claim_ids:
        return list(claims())
    names = [c.id for c in claims()]
    wanted: set[str] = set()
    for text in claim_ids:
        # An identifier means itself, even where others begin with it.
        pattern = text if text in names or "*" in text else f"{text}*"
        wanted |= set(fnmatch.filter(names, pattern)) if text else set()
        if not fnmatch.filter(names, pattern) or not text:
            claim(text)  # raises, and suggests
    return [c for c in claims() if c.id in wanted]


def summarise(results: Iterable[Result]) -> list[Summary]:
    """Return one summary a claim, in the registry's order.

    Parameters
    ----------
    results : iterable of Result
        Results of claims, in any order; claims without one are left out.

    Raises
    ------
    InputError
        If a result is of a claim that this version does not have.
    """
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
