"""Training of one network: configurations, curricula, the loop, checkpoints."""

from __future__ import annotations

from ..settings import (
    DataConfig,
    ModelConfig,
    Objective,
    OptimiserConfig,
    Schedule,
    Stage,
    TrainConfig,
    TrainOptions,
    curriculum,
)
from .callbacks import Callback, TensorBoard
from .checkpoint import Checkpoint, LoadedRun, load_run, read_checkpoint, save_checkpoint
from .run import TrainResult, train

__all__ = [
    "Callback",
    "Checkpoint",
    "DataConfig",
    "LoadedRun",
    "ModelConfig",
    "Objective",
    "OptimiserConfig",
    "Schedule",
    "Stage",
    "TensorBoard",
    "TrainConfig",
    "TrainOptions",
    "TrainResult",
    "curriculum",
    "load_run",
    "read_checkpoint",
    "save_checkpoint",
    "train",
]
