"""The scores behind findings, saved beside a document, and the findings again from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StoreError
from ...stats import Scores
from ...store import read_npz, write_npz
from .judge import (
    NOT_ASSESSED,
    UNDERPOWERED,
    Finding,
    ResultTable,
    area_gained,
    difference_of_scores,
    seeds_needed,
)
from .measure import Measure


def scores_of(findings: Sequence[Finding], table: ResultTable) -> dict[str, Scores]:
    """Return the scores behind findings, by "MEASURE | VARIANT": all that verdicts rest on.

    Also scores that are not true or false, of which documents hold no counts.
    """
    needed: set[tuple[str, str]] = set()
    for one in [one for found in findings for one in (found, found["other"]) if one]:
        needed |= {(axis, name) for axis in one["axes"] for side in one["points"] for name in side}
        for pair in (one, *one["steps"]):
            needed |= {(pair["measure"], pair[side]) for side in ("more", "less")}
    return {
        f"{measure} | {variant.name}": scores
        for (measure, variant), scores in table.known.items()
        if (str(measure), variant.name) in needed or "counts" not in table.by_seed(measure, variant)
    }


def save_scores(path: Path, scores: Mapping[str, Scores]) -> None:
    """Write scores into an .npz file, outcomes that are true or false as booleans."""
    arrays = {
        key: table.astype(np.bool_) if np.isin(table, (0.0, 1.0)).all() else table
        for key, table in scores.items()
    }
    write_npz(path, arrays)


def _as_told(document: Mapping[str, Any], finding: Finding, verdict: str) -> str:
    """Return a verdict, taken back where scale or remarks on collapsed networks say so."""
    if document.get("scale") == "smoke" or verdict == NOT_ASSESSED:
        return NOT_ASSESSED
    names = [name for side in finding["points"] for name in side]
    names += [finding["more"], finding["less"]]
    told = document.get("remarks", ())
    gone = any(remark.startswith(f"{name}: ") for remark in told for name in names)
    return UNDERPOWERED if gone else verdict


def check_saved(document: Mapping[str, Any], path: Path) -> int:
    """Compute every finding of a document again from its saved scores; return how many.

    StoreError if effect, interval, p-value, seeds needed, or an own verdict differs, or the file
    cannot be read.
    """
    scores = read_npz(path)
    checked = 0
    for finding in document["findings"]:
        for one in filter(None, (finding, finding["other"])):
            found = judge_again(one, scores)
            numbers = [
                (one["effect"], found["effect"]),
                (one["p_value"], found["p_value"]),
                *zip(one["interval"].values(), found["interval"].values(), strict=True),
            ]
            numbers += [
                (step["effect"], again["effect"])
                for step, again in zip(one["steps"], found.get("steps", ()), strict=True)
            ]
            if planned := one.get("seeds_needed"):
                numbers.append((planned, found["seeds_needed"] or 0))
            same = all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in numbers)
            if not (same and one["verdict"] == _as_told(document, one, found["verdict"])):
                raise StoreError(f"{path} does not give the finding: {one['claim']}")
            checked += 1
    return checked


def judge_again(finding: Finding, scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Return effect, interval, p-value, values and verdict of a finding from saved scores.

    Scores, (seeds, images), are by "MEASURE | VARIANT".
    """

    def look(measure: str, name: str) -> Scores:
        key = f"{measure} | {name}"
        if key not in scores:
            raise StoreError(f"the scores of {key} are missing")
        return np.asarray(scores[key], dtype=np.float64)

    if finding["axes"]:
        less, more = finding["points"]
        tables = [look(axis, name) for name in (*less, *more) for axis in finding["axes"]]
        return area_gained(tables, len(less))
    distance = finding["measure"] == str(Measure("distance"))

    def sides(pair: Mapping[str, Any]) -> list[Scores]:
        return [look(pair["measure"], pair[side]) for side in ("more", "less")]

    def again(pair: Mapping[str, Any]) -> dict[str, Any]:
        return difference_of_scores(*sides(pair), distance=distance)

    found = again(finding) | {"steps": [again(step) for step in finding["steps"]]}
    if finding.get("seeds_needed"):
        found["seeds_needed"] = seeds_needed(found, *sides(finding))
    return found
