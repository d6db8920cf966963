"""What a network does on unchanged, moved and attacked images, always with intervals.

Rates are Wilson intervals over images, differences between networks are paired. Everything
is kept image by image, so that any other metric can be computed later.
"""

from ...stats import (
    Comparison,
    Mean,
    Rate,
    compare,
    mcnemar,
    mean_of,
    newcombe,
    rate_of,
)
from ..training.checkpoint import fingerprint
from .attacked import Distances, boundary_distance, robustness_profile
from .files import load, load_all, save
from .invariance import (
    InvarianceOutcomes,
    Measured,
    invariance_profile,
    natural_accuracy,
    rate_of_invariance,
    spatial_accuracy,
)
from .prediction import predict
from .profile import Profile
from .record import Evaluation
from .run import evaluate
from .settings import EvaluationSettings
from .worst import WorstCase, worst_case

__all__ = [
    "Comparison",
    "Distances",
    "Evaluation",
    "EvaluationSettings",
    "InvarianceOutcomes",
    "Mean",
    "Measured",
    "Profile",
    "Rate",
    "WorstCase",
    "boundary_distance",
    "compare",
    "evaluate",
    "fingerprint",
    "invariance_profile",
    "load",
    "load_all",
    "mcnemar",
    "mean_of",
    "natural_accuracy",
    "newcombe",
    "predict",
    "rate_of",
    "rate_of_invariance",
    "robustness_profile",
    "save",
    "spatial_accuracy",
    "worst_case",
]
