"""The claims of the paper, each as an object that checks itself."""

from __future__ import annotations

# isort: off
# Importing a module registers its claims.
from . import accuracies, averages, frontier, laws, planar, price  # noqa: F401
from . import proposition1, theorem2, theorem3, worst_case  # noqa: F401

# isort: on
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
    "check",
    "claim",
    "claims",
    "default_shifts",
    "largest_p",
    "run",
    "select",
    "settings",
    "smallest_delta",
    "summarise",
]
