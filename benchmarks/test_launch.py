"""Two workers against one, and the time to plan everything at the paper's scale.

Must reach: two workers at least 1.7 times one on independent jobs (each worker on one thread,
on two idle cores); planning all artefacts under 2 s, torch being imported.
"""

from __future__ import annotations

import os
import time

import pytest

from spadv.empirical.experiments import EXPERIMENTS, merge
from spadv.empirical.experiments.job import Job
from spadv.empirical.experiments.running import state_of
from spadv.empirical.launch import CostEstimate, LaunchSettings, launch, share
from spadv.empirical.training import TrainConfig, TrainOptions
from spadv.store import Store

JOBS = 8


def jobs() -> tuple[Job, ...]:
    table = {
        "data": {"name": "mnist-sample", "limit": 3000},
        "model": {"name": "stdcnn"},
        "epochs": 6,
        "optimiser": {"learning_rate": 0.05},
    }
    return tuple(Job(TrainConfig.from_table(table | {"seed": seed})) for seed in range(JOBS))


def seconds(folder, workers: int) -> float:
    options = TrainOptions(device="cpu")
    root = folder / str(workers)
    settings = LaunchSettings(root, launcher="processes", workers=workers, options=options)
    begun = time.perf_counter()
    assert len(launch(jobs(), settings).done) == JOBS
    return time.perf_counter() - begun


@pytest.mark.slow
def test_two_workers(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    load = os.getloadavg()[0]
    one, two = seconds(tmp_path, 1), seconds(tmp_path, 2)
    print(
        f"\n{JOBS} trainings: one worker {one:.1f} s, two {two:.1f} s: {one / two:.2f} times "
        f"(load before: {load:.1f}, cores: {os.cpu_count()})"
    )
    assert one / two >= 1.7 or load > 0.5


def test_planning(benchmark, tmp_path):
    store = Store(tmp_path / "runs")

    def plan() -> int:
        everything = [a.plan("paper") for a in EXPERIMENTS.values()]
        found = merge([job for each in everything for job in each.jobs])
        costs = CostEstimate(found, store)
        chosen = share(found, costs.flops, (1, 8))
        states = [state_of(job, store) for job in found]
        assert len(states) == len(costs.costs) > len(chosen)
        return len(found)

    benchmark.pedantic(plan, rounds=3, iterations=1)
    benchmark.extra_info["jobs"] = plan()
    assert benchmark.stats["min"] < 2
