"""Training of one network: configurations, curricula, the loop, checkpoints."""

from __future__ import annotations

from .checkpoint import Checkpoint, LoadedRun, load_run, read_checkpoint, save_checkpoint
from .config import DataConfig, ModelConfig, OptimiserConfig, TrainConfig
from .run import TrainOptions, TrainResult, train
from .stages import Objective, Schedule, Stage, curriculum

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
