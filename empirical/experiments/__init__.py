"""Every figure and table of the paper as an experiment: what to train, measure, draw and ask.

This is the part that is data, and needs no torch; `running`, `document`, `judge` and `draw` do
what it says.
"""

from __future__ import annotations

from .job import Job, merge
from .measure import Measure
from .paper import EXPERIMENTS, experiment
from .plan import (
    SCALES,
    Contrast,
    Experiment,
    Gain,
    ParetoPanel,
    Plan,
    ProfilePanel,
    SweepPanel,
    Trend,
    Variant,
)

__all__ = [
    "EXPERIMENTS",
    "SCALES",
    "Contrast",
    "Experiment",
    "Gain",
    "Job",
    "Measure",
    "ParetoPanel",
    "Plan",
    "ProfilePanel",
    "SweepPanel",
    "Trend",
    "Variant",
    "experiment",
    "merge",
]
