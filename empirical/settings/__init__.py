"""What is chosen, or known by name, before anything is computed: nothing here needs torch.

The command line is made from these classes, and answers at once because of it.
"""

from ..choices import PRECISIONS
from .augmentation import Augmentation
from .evaluation import EvaluationSettings, format_number
from .launching import LaunchSettings, TrainOptions, check_device
from .network import GROUPS, HEADS, NETWORKS, ModelSpec
from .stages import Objective, Schedule, Stage, curriculum
from .training import DataConfig, ModelConfig, OptimiserConfig, TrainConfig

__all__ = [
    "GROUPS",
    "HEADS",
    "NETWORKS",
    "PRECISIONS",
    "Augmentation",
    "DataConfig",
    "EvaluationSettings",
    "LaunchSettings",
    "ModelConfig",
    "ModelSpec",
    "Objective",
    "OptimiserConfig",
    "Schedule",
    "Stage",
    "TrainConfig",
    "TrainOptions",
    "check_device",
    "curriculum",
    "format_number",
]
