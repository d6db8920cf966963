"""The claims of the paper, each as an object that checks itself."""

from __future__ import annotations

# Importing a module registers its claims: alphabetical here, sorted by the registry.
from . import (
    accuracies,
    averages,
    frontier,
    laws,
    planar,
    price,
    proposition1,
    theorem2,
    theorem3,
    worst_case,
)
from .proposition1 import largest_p, smallest_delta
from .registry import Check, Claim, check, claim, claims
from .run import Grid, Summary, run, select, settings, summarise
from .setting import Setting, default_shifts

__all__ = [
    "Check",
    "Claim",
    "Grid",
    "Setting",
    "Summary",
    "accuracies",
    "averages",
    "check",
    "claim",
    "claims",
    "default_shifts",
    "frontier",
    "largest_p",
    "laws",
    "planar",
    "price",
    "proposition1",
    "run",
    "select",
    "settings",
    "smallest_delta",
    "summarise",
    "theorem2",
    "theorem3",
    "worst_case",
]
