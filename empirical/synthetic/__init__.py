"""The bridge between both halves: networks trained on the distribution of the theory.

Where the frontier of spatial against adversarial accuracy is known for all classifiers,
natural, shifted, adversarial, TRADES and CuSP training are placed on it, with intervals
over training seeds.
"""

from .document import document
from .figure import draw_frontiers, draw_laws
from .plan import settings, study
from .setting import SyntheticSetting
from .study import Study
from .study import run as run_study

__all__ = [
    "Study",
    "SyntheticSetting",
    "document",
    "draw_frontiers",
    "draw_laws",
    "run_study",
    "settings",
    "study",
]
