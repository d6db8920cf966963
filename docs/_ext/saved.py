"""What lies in docs/results/, read without Sphinx."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spadv.empirical.experiments import EXPERIMENTS
from spadv.result import SHOWN


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


def seeds_of(document: Mapping[str, Any]) -> str:
    """Return how many seeds the variants of an experiment were trained with."""
    if "jobs" in document:
        counts = sorted({len(job["runs"]) for job in document["jobs"]})
    else:  # the bridge
        counts = sorted({part["seeds"] for part in document["parts"] if part.get("seeds")})
    return " to ".join(str(count) for count in dict.fromkeys((*counts[:1], *counts[-1:])))


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
    return f"{finding['effect']:+.3f} [{low:+.3f}, {high:+.3f}]"
