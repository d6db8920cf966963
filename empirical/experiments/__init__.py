"""Every figure and table of the paper as an experiment: what to train, measure, draw and ask."""

from __future__ import annotations

from ...stats import pooled
from .document import summarise
from .draw import draw, draw_other_metric
from .job import Job, merge
from .judge import HypothesisTest, hypervolume, pareto_front, verdict_on
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
    "HypothesisTest",
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
    "experiment",
    "hypervolume",
    "merge",
    "pareto_front",
    "pooled",
    "summarise",
    "verdict_on",
]
