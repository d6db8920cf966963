"""A step of the training loop against a bare hand-written one, and its parts.

The ratios are taken in one run, alternating, since machines are noisy. Must reach: the loop
within 1.1x of the bare one; data and augmentation under 5% of a step.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from spadv.empirical.data import load
from spadv.empirical.models import Classifier, build
from spadv.empirical.training import TrainConfig
from spadv.empirical.training.loop import Trainer

BATCH = 128


def config(text: str) -> TrainConfig:
    return TrainConfig.from_table({"epochs": 100, "augment": text})


def network(name: str) -> Classifier:
    data = load("mnist-sample")
    return build(name, num_classes=10, in_channels=1, image_size=28, mean=data.mean, std=data.std)


def alternating(one: Callable[[], object], other: Callable[[], object], rounds: int) -> float:
    """Return the median time of one over the median time of the other."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, kept in zip((one, other), times, strict=True):
            begun = time.perf_counter()
            call()
            kept.append(time.perf_counter() - begun)
    return statistics.median(times[0]) / statistics.median(times[1])


@pytest.mark.parametrize("name", ["stdcnn", "madry_lenet"])
def test_step_against_a_bare_loop(benchmark, name):
    cpu = torch.device("cpu")
    data = load("mnist-sample")
    trainer = Trainer(config("none"), network(name), data.train, cpu)
    bare = network(name).train()
    optimiser = torch.optim.SGD(bare.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    pixels = data.train.pixels.float() / 255

    def bare_step() -> None:
        index = torch.randint(len(pixels), (BATCH,))
        loss = functional.cross_entropy(bare(pixels[index]), data.train.labels[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def step() -> None:
        if trainer.step >= trainer.steps_per_epoch - 1:
            trainer.step = 0
        trainer.run_step()

    ratio = alternating(step, bare_step, 60)
    benchmark.extra_info["ratio to a bare loop (must be at most 1.1)"] = round(ratio, 3)
    print(f"\n{name}: {ratio:.3f} of a bare step")
    benchmark.pedantic(step, rounds=20)


@pytest.mark.parametrize(("name", "group"), [("stdcnn", None), ("stdcnn", "p4"), ("lenet", None)])
def test_channels_last_against_channels_first(benchmark, name, group):
    data = load("mnist-sample")
    sizes = {"num_classes": 10, "in_channels": 1, "image_size": 28}

    def made(last: bool) -> Trainer:
        network = build(name, group=group, **sizes)
        cpu = torch.device("cpu")
        return Trainer(config("none"), network, data.train, cpu, channels_last=last)

    def step(trainer: Trainer) -> None:
        if trainer.step >= trainer.steps_per_epoch - 1:
            trainer.step = 0
        trainer.run_step()

    first, last = made(last=False), made(last=True)
    ratio = alternating(lambda: step(first), lambda: step(last), 40)
    benchmark.extra_info["times as fast with channels last"] = round(ratio, 3)
    print(f"\n{name} {group or ''}: {ratio:.2f} times as fast with channels last")
    benchmark.pedantic(step, (last,), rounds=10)


@pytest.mark.parametrize("text", ["none", "R:180", "crop:4,flip,R:180"])
def test_data_and_augmentation(benchmark, text):
    """The share of a step that gathering and turning the images takes."""
    trainer = Trainer(
        config(text), network("stdcnn"), load("mnist-sample").train, torch.device("cpu")
    )
    trainer.begin_epoch()

    def step() -> None:
        if trainer.step >= trainer.steps_per_epoch - 1:
            trainer.step = 0
        trainer.run_step()

    share = alternating(trainer._batch, step, 60)
    benchmark.extra_info["share of a step (must be under 0.05)"] = round(share, 4)
    print(f"\n{text}: {share:.2%} of a step")
    benchmark.pedantic(trainer._batch, rounds=20)
