"""The scores behind findings, saved beside a document, and the findings again from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StoreError
from ...stats import Scores, pooled, pooled_counts
from ...store import read_npz, write_npz
from .judge import (
    NOT_ASSESSED,
    UNDERPOWERED,
    Finding,
    ResultTable,
    adjusted,
    area_gained,
    difference_of_scores,
    progressive,
    rank_of,
    seeds_needed,
    step_of,
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
    """Compute what a document says again; return how many findings it has, in either metric.

    Findings follow from the scores in the file `path`; means with intervals in tables, curves and
    planes from the values of every seed and the counts of images beside them. Not computed again
    are crossings of curves, areas of fronts, and means of levels. StoreError names the first that
    differs, or says why the file cannot be read.
    """
    scores = read_npz(path)
    every = [one for found in document["findings"] for one in (found, found["other"]) if one]
    for one in every:
        again = judge_again(one, scores)
        again["verdict"] = _as_told(document, one, again["verdict"])
        if document.get("scale") == "smoke":
            again["progressive"] = None
            again["steps"] = [step | {"verdict": NOT_ASSESSED} for step in again["steps"]]
        if not _agree(one, again):
            raise StoreError(f"{path} does not give the finding: {one['claim']}")
    if adjusted(document["findings"]) != document["findings"]:
        raise StoreError(f"{path.stem}: its p-values do not give the verdicts after Holm's method")
    tables = {_means(table): table for table in scores.values()}
    for place, told, seeds, counts in _saved_means(document):
        found = None
        if counts is None:
            table = tables.get(_means(seeds))
            found = None if table is None else pooled(table)
        elif _agree(
            float(np.mean(seeds)), np.average(np.arange(len(counts)) / len(seeds), weights=counts)
        ):
            found = pooled_counts(seeds, counts)
        if found is None or not _agree(told, [found[0], found[1].low, found[1].high]):
            raise StoreError(f"{path.stem}: its values of every seed do not give {place}")
    return len(every)


def _agree(told: Any, found: Any) -> bool:
    """Whether `told` says what was found again, rounding errors aside."""
    if isinstance(found, dict):
        return all(key in told and _agree(told[key], value) for key, value in found.items())
    if isinstance(found, list):
        return len(told) == len(found) and all(map(_agree, told, found))
    if isinstance(found, float) and isinstance(told, int | float):
        return math.isclose(told, found, rel_tol=1e-9, abs_tol=1e-12)
    return bool(told == found)


def _means(scores: Any) -> tuple[float, ...]:
    """Return the mean of every seed, by which scores are found again."""
    means = np.asarray(scores, dtype=np.float64)
    return tuple((means.mean(axis=1) if means.ndim > 1 else means).round(9).tolist())


def _saved_means(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, list[float], list[float], list[int] | None]]:
    """Yield the place of every mean, the mean with its interval, values of seeds, and counts."""
    columns = document["table"]["columns"]
    for row in document["table"]["rows"]:
        for column, one in zip(columns, row["cells"], strict=True):
            if one is not None:
                told = [one[key] for key in ("value", "low", "high")]
                yield f"{row['label']}, {column['label']}", told, one["seeds"], one.get("counts")
    for panel in document["panels"] + document["other_metric"]:
        for one in panel.get("curves", ()):
            for n, x in enumerate(one["x"]):
                told = [one[key][n] for key in ("y", "low", "high")]
                counts = one["counts"][n] if "counts" in one else None
                yield f"{panel['title']}, {one['label']}, {x}", told, one["seeds"][n], counts
        for one in panel.get("points", ()):
            for axis in "xy":
                told = [one[axis + end] for end in ("", "_low", "_high")]
                counts = one.get(f"{axis}_counts")
                yield f"{panel['title']}, {one['label']}", told, one[f"{axis}_seeds"], counts


def judge_again(finding: Finding, scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Return what a finding says of saved scores, in keys and values of its own.

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
        return area_gained(tables, len(less)) | {"steps": []}
    distance = finding["measure"] == str(Measure("distance"))

    def sides(pair: Mapping[str, Any]) -> list[Scores]:
        return [look(pair["measure"], pair[side]) for side in ("more", "less")]

    def again(pair: Mapping[str, Any]) -> dict[str, Any]:
        return difference_of_scores(*sides(pair), distance=distance)

    found = again(finding)
    if finding.get("seeds_needed"):
        found["seeds_needed"] = seeds_needed(found, *sides(finding))
    found["steps"] = [step_of(again(step)) for step in finding["steps"]]
    between = [step for step in finding["steps"] if "at" not in step]
    names = [step["less"] for step in between[:1]] + [step["more"] for step in between]
    told = [step["verdict"] for step in found["steps"][: len(between)]]
    found["progressive"] = progressive(told) if told else None
    found["rank"] = rank_of([look(finding["measure"], name) for name in names]) if names else None
    return found
