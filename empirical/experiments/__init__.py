"""Every figure and table of the paper as a recipe: what to train, measure, draw and ask."""

from __future__ import annotations

from ...stats import pooled
from . import beyond as _beyond  # noqa: F401 - registers itself
from . import demo as _demo  # noqa: F401 - registers itself
from . import figures as _figures  # noqa: F401 - registers itself
from . import tables as _tables  # noqa: F401 - registers itself
from .drawing import draw, draw_other_metric
from .finding import Contrast, Finding, Gain, Trend, judge
from .front import hypervolume, pareto_front
from .job import Job, merge
from .measure import Measure
from .outcome import summarise
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
    "Gain",
    "Job",
    "Measure",
    "ParetoPanel",
    "Plan",
    "ProfilePanel",
    "SweepPanel",
    "Trend",
    "Variant",
    "draw",
    "draw_other_metric",
    "hypervolume",
    "judge",
    "merge",
    "pareto_front",
    "pooled",
    "summarise",
]
