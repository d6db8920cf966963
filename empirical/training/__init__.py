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
from .checkpoint import Checkpoint, LoadedRun, load_run, read_checkpoint, save_checkpoint
from .run import TrainResult, train

__all__ = [
    "Checkpoint",
    "DataConfig",
    "LoadedRun",
    "ModelConfig",
    "Objective",
    "OptimiserConfig",
    "Schedule",
    "Stage",
    "TrainConfig",
    "TrainOptions",
    "TrainResult",
    "curriculum",
    "load_run",
    "read_checkpoint",
    "save_checkpoint",
    "train",
]
