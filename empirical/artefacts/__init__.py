"""Every figure and table of the paper as a recipe: what to train, measure, draw and ask."""

from __future__ import annotations

from . import demo as _demo  # noqa: F401 - registers itself
from . import figures as _figures  # noqa: F401 - registers itself
from .draw import draw, hypervolume, pareto_front
from .finding import Contrast, Finding, Measure, judge
from .job import Job, merge
from .outcome import pooled, summarise
from .plan import (
    REGISTRY,
    SCALES,
    Artefact,
    ParetoPanel,
    Plan,
    ProfilePanel,
    SweepPanel,
    Variant,
)

__all__ = [
    "REGISTRY",
    "SCALES",
    "Artefact",
    "Contrast",
    "Finding",
    "Job",
    "Measure",
    "ParetoPanel",
    "Plan",
    "ProfilePanel",
    "SweepPanel",
    "Variant",
    "draw",
    "hypervolume",
    "judge",
    "merge",
    "pareto_front",
    "pooled",
    "summarise",
]
