"""Every figure and table of the paper as an experiment: what to train, measure, draw and ask.

This is the part that is data, and needs no torch; `running`, `document`, `judge` and `draw` do
what it says.
"""

from .job import Job, merge
from .paper import EXPERIMENTS, experiment
from .plan import SCALES, Experiment, Plan

__all__ = ["EXPERIMENTS", "SCALES", "Experiment", "Job", "Plan", "experiment", "merge"]
