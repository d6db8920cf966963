"""The bridge between both halves: networks trained on the distribution of the theory.

Where the frontier of spatial against adversarial accuracy is known for all classifiers,
natural, shifted, adversarial, TRADES and CuSP training are placed on it, with intervals
over training seeds.
"""

from __future__ import annotations

from .accuracy import Effort, Measured, attack_misses, measure
from .attack import Strength, exact_worst_margin, worst_margins
from .document import document
from .figure import draw_frontiers, draw_laws
from .hypotheses import all_findings
from .methods import METHODS, Method, method
from .network import KINDS, Layer, Networks, join
from .plan import settings, study
from .prediction import Prediction, augmented_bayes
from .sampling import Draw, draw, nearest_shift, shift_law, turn
from .setting import (
    KnownFrontier,
    SyntheticSetting,
    known_frontier,
    regret,
    shortfall,
    vertical_gap,
)
from .study import FAMILIES, Case, NetworkGroup, Results, Study, Trained
from .study import run as run_study
from .training import Options, train

__all__ = [
    "FAMILIES",
    "KINDS",
    "METHODS",
    "Case",
    "Draw",
    "Effort",
    "KnownFrontier",
    "Layer",
    "Measured",
    "Method",
    "NetworkGroup",
    "Networks",
    "Options",
    "Prediction",
    "Results",
    "Strength",
    "Study",
    "SyntheticSetting",
    "Trained",
    "all_findings",
    "attack_misses",
    "augmented_bayes",
    "document",
    "draw",
    "draw_frontiers",
    "draw_laws",
    "exact_worst_margin",
    "join",
    "known_frontier",
    "measure",
    "method",
    "nearest_shift",
    "regret",
    "run_study",
    "settings",
    "shift_law",
    "shortfall",
    "study",
    "train",
    "turn",
    "vertical_gap",
    "worst_margins",
]
