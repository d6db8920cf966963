"""The claims of the paper, each as an object that checks itself."""

from __future__ import annotations

# Importing a module registers its claims: alphabetical here, sorted by the registry.
from . import laws, optimality, price, proposition1, theorem2, theorem3
from .grid import Grid, default_shifts, settings
from .proposition1 import largest_p, smallest_delta
from .registry import Claim, Outcome, check, claim, claims
from .run import Summary, run, select, summarise
from .setting import Setting

__all__ = [
    "Claim",
    "Grid",
    "Outcome",
    "Setting",
    "Summary",
    "check",
    "claim",
    "claims",
    "default_shifts",
    "largest_p",
    "laws",
    "optimality",
    "price",
    "proposition1",
    "run",
    "select",
    "settings",
    "smallest_delta",
    "summarise",
    "theorem2",
    "theorem3",
]
