"""What lies in docs/results/, read without Sphinx, and how its numbers are put in words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spadv.empirical.experiments import EXPERIMENTS
from spadv.result import SHOWN

Document = Mapping[str, Any]


def folders(results: Path) -> list[Path]:
    """Return the folders of results: first those with experiments of the paper, then by name."""
    found = {path: documents(path) for path in results.glob("*") if path.is_dir()}
    beyond = {path: all(data["beyond"] for _, data in inside) for path, inside in found.items()}
    return sorted(filter(found.get, found), key=lambda path: (beyond[path], path.name))


def documents(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return the outcomes of experiments that lie in a folder, with their files."""
    found = []
    for file in sorted(folder.glob("*.json")):
        data = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(data, dict) and {"schema", "id", "findings", "scale"} <= set(data):
            found.append((file, data))
    order = {name: place for place, name in enumerate(EXPERIMENTS)}
    return sorted(found, key=lambda item: order.get(item[1]["id"], len(order)))


def seeds_of(document: Document) -> str:
    """Return how many seeds the variants of an experiment were trained with."""
    if "jobs" in document:
        counts = sorted({len(job["runs"]) for job in document["jobs"]})
    else:  # the bridge
        counts = sorted({part["seeds"] for part in document["parts"] if part.get("seeds")})
    return " to ".join(str(count) for count in dict.fromkeys((*counts[:1], *counts[-1:])))


def data_of(document: Document) -> str:
    """Return on which data the networks of an experiment were trained: "mnist, cifar10-jpeg"."""
    runs = [run for job in document.get("jobs", ()) for run in job["runs"]]
    return ", ".join(dict.fromkeys(run["data"]["name"] for run in runs))


def verdicts(findings: Iterable[Mapping[str, Any]]) -> str:
    """Return how often each verdict was found: "2 supported, 1 inconclusive"."""
    found = Counter(SHOWN[finding["verdict"]] for finding in findings)
    return ", ".join(f"{count} {word}" for word, count in found.most_common()) or "none judged"


def effect_of(finding: Mapping[str, Any]) -> str:
    """Return the effect of a finding with its interval."""
    interval = finding.get("interval")
    if finding.get("effect") is None or not interval:
        return ""
    low, high = interval["low"], interval["high"]
    return f"{finding['effect']:+.3f} {_interval(f'{low:+.3f}', f'{high:+.3f}')}"


def measured(cell: Mapping[str, Any] | None, *, rate: bool) -> str:
    """Return a value with its interval: "34.5% (29.4 to 40.0)" of a rate, else "1.68 (...)"."""
    if not cell or cell.get("value") is None:
        return ""
    factor, form = (100, ".1f") if rate else (1, ".2f")
    value, sign = f"{factor * cell['value']:{form}}", "%" if rate else ""
    if cell.get("low") is None or cell.get("high") is None:
        return value + sign
    low, high = (f"{factor * cell[end]:{form}}" for end in ("low", "high"))
    return f"{value}{sign} {_interval(low, high)}"


def _interval(low: str, high: str) -> str:
    """Return "(low to high)", which stays on one line."""
    return "\N{NO-BREAK SPACE}".join((f"({low}", "to", f"{high})"))


def difference(paper: str, ours: float) -> str:
    """Return ours less the paper's: of "about 65%" in points, of "below 4" only beyond it.

    Numbers of the paper are words: one number, two ("53% to 62%": of the nearer end), or a
    bound ("below 50%").
    """
    ends = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", paper)]
    percent = "%" in paper
    value = 100 * ours if percent else ours
    low, high = min(ends), max(ends)
    low = float("-inf") if paper.startswith("below") else low
    high = float("inf") if paper.startswith("above") else high
    if low < high and low <= value <= high:
        return "none"
    gap = value - (low if value < low else high)
    return f"{gap:+.1f} points" if percent else f"{gap:+.2f}"
