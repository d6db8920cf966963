"""Two classes of real images as the theory sees them: a fitted Gaussian model and what it predicts.

`moments` and `fit` make a :class:`ClassModel` of images, `predict` tabulates what it says of
spatial and adversarial accuracy, `many` bounds more than two classes. Statements and proofs:
docs/theory/images.md.
"""

from .fit import Moments, fit, ledoit_wolf, moments
from .lasso import NearestPoint, nearest_point
from .linear import LinearFrontier, TaskRule, linear_frontier, loss_of, upper_hull
from .many import confusion_bound, spatial_bound
from .maps import PixelMaps, mirror, rotations, shifts
from .model import ClassModel
from .prediction import Task, Window, class_moments, on_images, predict, tasks, windows

__all__ = [
    "ClassModel",
    "LinearFrontier",
    "Moments",
    "NearestPoint",
    "PixelMaps",
    "Task",
    "TaskRule",
    "Window",
    "class_moments",
    "confusion_bound",
    "fit",
    "ledoit_wolf",
    "linear_frontier",
    "loss_of",
    "mirror",
    "moments",
    "nearest_point",
    "on_images",
    "predict",
    "rotations",
    "shifts",
    "spatial_bound",
    "tasks",
    "upper_hull",
    "windows",
]
