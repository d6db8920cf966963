"""Costs: counted operations against counts by hand, estimates against measured times."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from spadv.empirical.evaluation import EvaluationSettings
from spadv.empirical.experiments.job import Job
from spadv.empirical.launch import CostEstimate, launch
from spadv.empirical.launch.cost import MACHINES, cost_of, machine_of, size_of, spec_of
from spadv.empirical.models import ModelSpec, build_spec, names
from spadv.empirical.training import TrainConfig
from spadv.errors import InputError
from spadv.store import Store

Make = Callable[..., Any]


def test_stdcnn_by_hand() -> None:
    """Conv10-Conv10-pool-Conv20-Conv20-pool-FC50-FC10 on 28x28, 3x3 without padding."""
    macs = 26 * 26 * 10 * 9 + 24 * 24 * 10 * 10 * 9  # then 12x12
    macs += 10 * 10 * 20 * 10 * 9 + 8 * 8 * 20 * 20 * 9  # then 4x4
    macs += 20 * 16 * 50 + 50 * 10
    assert size_of(ModelSpec("stdcnn", 10, 1, 28)).forward == 2 * macs


def test_resnet18_as_published() -> None:
    """0.56 billion multiplications for the ResNet18 of CIFAR (github.com/kuangliu)."""
    assert size_of(ModelSpec("resnet18", 10, 3, 32)).forward / 2 == pytest.approx(0.556e9, rel=0.01)


@pytest.mark.parametrize(("name", "group"), [("stdcnn", None), ("lenet", "p4"), ("vgg16", None)])
def test_passes_cost_what_is_assumed(name: str, group: str | None) -> None:
    """A backward pass to the input costs one forward pass; to the weights as well, two."""
    spec = ModelSpec(name, 10, 3, 32, group=group, options={"width": 0.25})
    model = build_spec(spec)
    x = torch.rand(2, 3, 32, 32, requires_grad=True)
    forward = size_of(spec).forward * 2
    with FlopCounterMode(display=False) as everything:
        model(x).sum().backward()
    assert everything.get_total_flops() == pytest.approx(3 * forward, rel=1e-6)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with FlopCounterMode(display=False) as attack:
        model(x).sum().backward()
    assert attack.get_total_flops() == pytest.approx(2 * forward, rel=1e-6)


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("group", [None, "p4"])
def test_counts_are_those_of_torch(name: str, group: str | None) -> None:
    """Of every network, plain and under a group, by torch's FlopCounterMode."""
    spec = ModelSpec(name, 10, 3, 32, group=group)
    try:
        model = build_spec(spec, device="meta").eval()
    except InputError:
        pytest.skip(f"{name} has no {group}")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.empty(2, 3, 32, 32, device="meta"))
    assert size_of(spec).forward == counter.get_total_flops() / 2


def plain(**changes: Any) -> EvaluationSettings:
    base: dict[str, Any] = {"rotations": (), "translations": (), "both": (), "budgets": ()}
    return EvaluationSettings(**(base | {"distance_images": 0} | changes))


def job_of(*evaluations: EvaluationSettings, **table: Any) -> Job:
    return Job(TrainConfig.from_table({"data": {"name": "mnist"}} | table), evaluations)


def in_passes(job: Job) -> float:
    return cost_of(job).flops / cost_of(job).size.forward


def test_trainings_by_hand() -> None:
    looks = 3 * 5_000 + 10_000  # validation after each epoch, test at the end
    assert in_passes(job_of(epochs=3)) == pytest.approx(3 * 55_000 * 3 + looks)
    limited = {"name": "mnist", "limit": 1000}
    assert in_passes(job_of(epochs=3, data=limited)) == pytest.approx(3 * 1000 * 3 + looks)
    both = {"name": "mnist", "train_on": "train+validation"}
    assert in_passes(job_of(epochs=3, data=both)) == pytest.approx(3 * 60_000 * 3 + looks)
    pgd = {"name": "pgd", "budget": 0.3, "steps": 40}
    assert in_passes(job_of(epochs=3, objective=pgd)) == pytest.approx(3 * 55_000 * 83 + looks)
    trades = pgd | {"name": "trades", "steps": 10}
    assert in_passes(job_of(epochs=3, objective=trades)) == pytest.approx(3 * 55_000 * 27 + looks)
    stages = [{"epochs": 2}, {"epochs": 1, "objective": pgd}]
    mixed = 2 * 55_000 * 3 + 55_000 * 83 + looks
    assert in_passes(job_of(stages=stages)) == pytest.approx(mixed)


def test_evaluations_by_hand() -> None:
    base = in_passes(job_of())

    def more(**changes: Any) -> float:
        return in_passes(job_of(plain(**changes))) - base

    assert more() == pytest.approx(10_000)
    moves = {"rotations": (0.0, 90.0), "translations": (0.1,), "repeats": 3}
    assert more(**moves) == pytest.approx(10_000 * 10)
    assert more(images=100, rotations=(0.0,)) == pytest.approx(200)
    attack = {"budgets": (0.0, 0.1, 0.2), "steps": 7, "restarts": 2}
    assert more(**attack) == pytest.approx(10_000 * (1 + 2 * 2 * 15))
    assert more(distance_images=50) == pytest.approx(10_000 + 50 * 5 * 11)
    assert more(worst_rotation=30.0) == pytest.approx(10_000 * 32)
    assert more(worst_rotation=30.0, worst_translation=0.1) == pytest.approx(10_000 * (1 + 775))


def test_data_of_ones_own_is_counted(tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    arrays = {}
    for part, images in (("train", 60), ("test", 30)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (images, 16, 16), dtype=np.uint8)
        arrays[f"y_{part}"] = np.arange(images) % 3
    np.savez(tmp_path / "own.npz", **arrays)
    own = {"name": str(tmp_path / "own.npz")}
    job = job_of(data=own, model={"name": "lenet"})
    spec = spec_of(job.config)
    assert (spec.num_classes, spec.in_channels, spec.image_size) == (3, 1, 16)
    # 60 images are split into training and validation part; each is seen three times or once.
    looks = in_passes(job) - 30
    train = (looks - 60) / 2
    assert 0 < train <= 60
    assert train == pytest.approx(round(train))


def test_a_pass_takes_its_operations_or_its_layers() -> None:
    small = cost_of(job_of())
    machine = MACHINES["a100"]
    batches = sum(part.number for part in small.training)
    assert small.seconds(machine) == pytest.approx(batches * small.size.layers * machine.latency)
    pgd = {"name": "pgd", "budget": 0.03}
    large = cost_of(job_of(data={"name": "cifar10"}, model={"name": "wrn34_10"}, objective=pgd))
    assert large.seconds(machine) == pytest.approx(large.flops / machine.rate, rel=1e-6)
    halved = job_of(
        data={"name": "cifar10"}, model={"name": "wrn34_10"}, objective=pgd, precision="bfloat16"
    )
    assert cost_of(halved).seconds(machine) * machine.half == pytest.approx(large.seconds(machine))


def test_replayed_steps_of_attacks_have_a_latency_of_their_own() -> None:
    """Small networks by hand: three passes an update, two a step of the attack, all of latency."""
    machine = MACHINES["h100"]
    table = {"data": {"limit": 1280}, "epochs": 2, "objective": "pgd:0.1,steps=10"}
    cost = cost_of(Job(TrainConfig.from_table(table)))
    updates, predictions = 2 * 1280 / 128, (2 * 1000 + 2000) / 1000
    slow, fast = 3 * updates + predictions, 2 * 10 * updates
    by_hand = cost.size.layers * (slow * machine.latency + fast * machine.replayed)
    assert cost.seconds(machine, "training") == pytest.approx(by_hand)
    assert machine.replayed < machine.latency


def test_machines() -> None:
    assert machine_of("cuda (NVIDIA A100-SXM4-80GB, 79 GiB)") == (MACHINES["a100"], 1.0)
    assert machine_of("cuda (NVIDIA GeForce RTX 3090, 24 GiB)") is None
    assert machine_of("cpu (x86_64, 4 logical cores)") == (MACHINES["cpu"], 1.0)


def test_finished_jobs_correct_the_estimates(tmp_path: Path) -> None:
    """Recorded times count: for the same network first, for others as a common factor."""
    store = Store(tmp_path)
    done = [job_of(plain(), seed=seed, epochs=1) for seed in range(2)]
    machine = MACHINES["cpu"]
    for job, factor in zip(done, (4.0, 6.0), strict=True):
        run = job.folder(store)
        run.evaluations.mkdir(parents=True)
        cost = cost_of(job)
        device = "cpu (x86_64, 2 logical cores, 2 threads)"
        trained = {
            "device": device, "processes": 1,
            "seconds": factor * cost.seconds(machine, "training") / 2,
        }  # fmt: skip
        run.provenance_path.write_text(json.dumps(trained))
        seconds = factor * cost.seconds(machine, "evaluation") / 2
        measured = {"complete": True, "provenance": {"device": device, "seconds": seconds}}
        (run.evaluations / "evaluation-0123456789ab.json").write_text(json.dumps(measured))
    like, other = job_of(seed=9), job_of(model={"name": "lenet"})
    found = CostEstimate([*done, like, other], store)
    assert found.finished == 2
    for job in (like, other):
        raw = cost_of(job).seconds(machine) / 3600
        assert found.hours(job, machine) == pytest.approx(5 * raw)
        fresh = MACHINES["a100"]
        assert found.hours(job, fresh) == cost_of(job).seconds(fresh) / 3600
    assert found.knows(machine)
    assert not found.knows(MACHINES["a100"])


@pytest.mark.parametrize("text", ["{", '{"device": 3}', '{"device": "cpu", "seconds": "x"}'])
def test_garbled_records_teach_nothing(tmp_path: Path, text: str) -> None:
    job, store = job_of(), Store(tmp_path)
    run = job.folder(store)
    run.path.mkdir()
    run.provenance_path.write_text(text)
    assert CostEstimate([job], store).factor(job, MACHINES["cpu"]) == 1.0


def test_the_estimate_is_near_the_measured_time(
    tmp_path: Path, make_job: Make, settings_of: Make
) -> None:
    """Within a factor of thirty, uncorrected: tiny networks are far from the rate assumed."""
    job, settings = make_job(0, epochs=3), settings_of(tmp_path)
    launch([job], settings)
    found = CostEstimate([job], settings.store)
    assert 1 / 30 < found.factor(job, MACHINES["cpu"]) < 30
    assert found.hours(job, MACHINES["cpu"]) < 0.1
