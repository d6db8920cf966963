"""Two processes give what one gives, to rounding."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spadv.empirical.data import load
from spadv.empirical.models import build
from spadv.empirical.randomness import make_generator
from spadv.empirical.training import TrainConfig, train
from spadv.empirical.training.checkpoint import read_checkpoint
from spadv.empirical.training.distributed import World

SCRIPT = """
import json, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from spadv.empirical.data import load
from spadv.empirical.models import build
from spadv.empirical.randomness import make_generator
from spadv.empirical.training import TrainConfig, TrainOptions, train
train(TrainConfig.from_table(json.loads(sys.argv[1])), Path(sys.argv[2]),
      options=TrainOptions(device="cpu"))
"""


@given(st.integers(0, 300), st.integers(1, 9))
def test_shares_cover_a_batch_once(count: int, size: int) -> None:
    covered = [
        place for rank in range(size) for place in range(count)[World(rank, size).share(count)]
    ]
    assert covered == list(range(count))


def run_two(table: dict[str, Any], folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    processes = []
    for rank in range(2):
        environment = os.environ | {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
            "OMP_NUM_THREADS": "1",
        }
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", SCRIPT, json.dumps(table), str(folder)], env=environment
            )
        )
    assert [process.wait(timeout=120) for process in processes] == [0, 0]


@pytest.mark.parametrize(
    ("objective", "tolerance"),
    # The signs of TRADES's first, tiny gradients turn rounding into whole steps.
    [("pgd:0.1,steps=2", 1e-4), ("trades:0.1,steps=2", 0.02)],
)
def test_two_processes_equal_one(tmp_path: Path, objective: str, tolerance: float) -> None:
    """Without batch-norm and dropout, which are each process's own, sums differ by rounding."""
    table = {
        "model": {"name": "lenet"},
        "data": {"limit": 97},  # the last batch has one image: shares of 1 and 0
        "augment": "R:60",
        "objective": objective,
        "optimiser": {"batch_size": 32, "learning_rate": 0.05},
    }
    run_two(table, tmp_path / "two")
    data = load("mnist-sample")
    one = train(TrainConfig.from_table(table), tmp_path / "one", data=data)
    two = read_checkpoint(tmp_path / "two" / "checkpoint.pt").model
    begin = build("lenet", num_classes=10, in_channels=1, image_size=28, mean=data.mean,
                  std=data.std, generator=make_generator(0, "weights")).state_dict()  # fmt: skip
    ones = one.model.state_dict()
    moved = torch.cat([(ones[name] - begin[name]).flatten() for name in begin]).norm()
    apart = torch.cat([(ones[name] - two[name]).flatten() for name in begin]).norm()
    assert moved > 0.1
    assert apart < tolerance * moved
    lines = (tmp_path / "two" / "metrics.jsonl").read_text().splitlines()
    (row,), (expected,) = [json.loads(line) for line in lines], one.metrics
    assert row["train_images"] == expected["train_images"] == 97
    assert row["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-3)
    assert abs(row["validation_correct"] - expected["validation_correct"]) <= 2
    record = json.loads((tmp_path / "two" / "provenance.json").read_text())
    assert record["processes"] == 2
