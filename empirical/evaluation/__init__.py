"""What a network does on unchanged, transformed and attacked images, always with intervals.

Rates are Wilson intervals over images, differences between networks are paired. Everything
is kept image by image, so that any other metric can be computed later.
"""

from ..settings import EvaluationSettings
from .evaluate import evaluate
from .files import load, save
from .predict import predict, rate_of_invariance
from .record import Evaluation, Profile

__all__ = [
    "Evaluation",
    "EvaluationSettings",
    "Profile",
    "evaluate",
    "load",
    "predict",
    "rate_of_invariance",
    "save",
]
