"""The bridge between both halves: networks trained on the distribution of the theory.

Where the frontier of spatial against adversarial accuracy is known for all classifiers,
natural, shifted, adversarial, TRADES and CuSP training are placed on it, with intervals
over training seeds.
"""

from __future__ import annotations

from .attack import Strength, exact_worst_margin, worst_margins
from .document import document
from .figure import draw_frontiers, draw_laws
from .hypotheses import Finding, all_findings
from .measuring import Accuracy, Effort, Measured, attack_misses, measure
from .network import KINDS, Layer, Networks, Predictor, join
from .plan import settings, study
from .prediction import Prediction, augmented_bayes
from .recipe import METHODS, Method, Recipe, method
from .sampling import Draw, Source, nearest_shift, shift_law, turn
from .setting import Known, Setting, known
from .shortfall import over_seeds, regret, shortfall, vertical_gap
from .study import FAMILIES, Group, Results, Study
from .study import run as run_study
from .training import Options, train

__all__ = [
    "FAMILIES",
    "KINDS",
    "METHODS",
    "Accuracy",
    "Draw",
    "Effort",
    "Finding",
    "Group",
    "Known",
    "Layer",
    "Measured",
    "Method",
    "Networks",
    "Options",
    "Prediction",
    "Predictor",
    "Recipe",
    "Results",
    "Setting",
    "Source",
    "Strength",
    "Study",
    "all_findings",
    "attack_misses",
    "augmented_bayes",
    "document",
    "draw_frontiers",
    "draw_laws",
    "exact_worst_margin",
    "join",
    "known",
    "measure",
    "method",
    "nearest_shift",
    "over_seeds",
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
