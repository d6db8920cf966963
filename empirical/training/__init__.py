"""Training of one network: configurations, curricula, the loop, checkpoints."""

from ..settings import Objective, TrainConfig, TrainOptions, curriculum
from .callbacks import Callback, TensorBoard
from .checkpoint import load_run
from .run import TrainResult, train

__all__ = [
    "Callback",
    "Objective",
    "TensorBoard",
    "TrainConfig",
    "TrainOptions",
    "TrainResult",
    "curriculum",
    "load_run",
    "train",
]
