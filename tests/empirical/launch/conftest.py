"""Tiny jobs, and the command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from spadv.empirical.evaluation import EvaluationSettings
from spadv.empirical.experiments.job import Job
from spadv.empirical.launch import LaunchSettings
from spadv.empirical.training import TrainConfig, TrainOptions

MEASURED = EvaluationSettings(
    rotations=(0.0, 90.0),
    translations=(),
    both=(),
    budgets=(),
    distance_images=0,
    images=20,
)


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def _job(seed: int = 0, *, start: Job | None = None, epochs: int = 1, **more: Any) -> Job:
    table: dict[str, Any] = {
        "data": {"name": "mnist-sample", "limit": 100},
        "model": {"name": "lenet"},
        "optimiser": {"learning_rate": 0.05, "batch_size": 50},
        "epochs": epochs,
        "seed": seed,
    }
    for key, value in more.items():
        table[key] = table[key] | value if key in table and isinstance(value, dict) else value
    return Job(TrainConfig.from_table(table), (MEASURED,), start)


def _diverging(seed: int = 0, start: Job | None = None) -> Job:
    # Such a weight decay multiplies the weights by -999,999 a step.
    rates = {"learning_rate": 1000.0, "weight_decay": 1000.0, "batch_size": 10}
    return _job(seed, start=start, optimiser=rates)


def _settings(root: Path, **more: Any) -> LaunchSettings:
    return LaunchSettings(root=root, options=TrainOptions(device="cpu"), **more)


@pytest.fixture
def make_job() -> Callable[..., Job]:
    """Make a LeNet on 100 images, evaluated on 20."""
    return _job


@pytest.fixture
def diverging() -> Callable[..., Job]:
    """Make a job whose loss is not finite after a few steps."""
    return _diverging


@pytest.fixture
def settings_of() -> Callable[..., LaunchSettings]:
    """Make settings of a launch on the CPU."""
    return _settings


@pytest.fixture
def edit() -> Callable[[Path, Callable[[dict[str, Any]], Any]], None]:
    """Change a JSON file in place."""

    def change(path: Path, what: Callable[[dict[str, Any]], Any]) -> None:
        document = json.loads(path.read_text())
        what(document)
        path.write_text(json.dumps(document))

    return change
