"""The most valuable trainings of Table 1 that a GPU can do in so many minutes.

    python benchmarks/gpu_minutes.py --out runs --minutes 12 --data cifar10 --data-root DATA

It times one epoch of adversarial training for VGG16 at falling widths, takes the largest width
whose first two rows fit the minutes, and does rows of Table 1 in order of worth, seed by seed,
until the time is over; what is under way is saved and goes on when the same command runs again
(`plan.json` in the folder keeps the width). The run folders are those of `spadv reproduce`.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from spadv.empirical.data import load
from spadv.empirical.device import pick_device
from spadv.empirical.experiments.job import Job, merge
from spadv.empirical.experiments.presets import Preset
from spadv.empirical.experiments.setup import ExperimentSetup
from spadv.empirical.experiments.strategies import baselines, controls, cusp
from spadv.empirical.launch import LaunchSettings
from spadv.empirical.launch.work import run_local
from spadv.empirical.training import TrainOptions, train
from spadv.store import RunFolder, read_json, write_json

WIDTHS = (1.0, 0.5, 0.25, 0.125)


def setup_of(width: float, arguments: argparse.Namespace) -> ExperimentSetup:
    """Return the setup of Table 1 at a width."""
    setup = Preset("cifar10", "vgg16", "cusp").at("cpu", tuple(range(arguments.seeds)))
    share = arguments.epochs / setup.epochs
    milestones = {max(1, round(epoch * share)) for epoch in setup.optimiser.milestones}
    return setup.but(
        data={"name": arguments.data, "limit": arguments.limit},
        model={"options": {**setup.model.options, "width": width}},
        optimiser={"milestones": tuple(sorted(milestones))},
        epochs=arguments.epochs,
    )


def jobs_of(setup: ExperimentSetup) -> list[Job]:
    """Return the trainings in order of worth, all variants of a seed before the next seed."""
    rows = baselines(setup)
    curricula, more = cusp(setup, rows), controls(setup, rows)
    order = (
        rows.pgd_rotated, curricula[0], rows.pgd, rows.natural_rotated, curricula[2], more[0],
        rows.rotated_then_pgd, more[1], curricula[1], rows.pgd_then_rotated, rows.natural,
    )  # fmt: skip
    return merge([variant.jobs[seed] for seed in range(len(setup.seeds)) for variant in order])


def seconds_of(job: Job, arguments: argparse.Namespace) -> float:
    """Return the seconds that a training takes, from its first steps."""
    data = load(arguments.data, root=arguments.data_root)
    config, batches = job.config, 12
    size = config.optimiser.batch_size
    limit = min(batches * size, config.data.limit or len(data.train), len(data.train))
    table = config.to_table()
    table["data"]["limit"] = limit
    stage = {**table["stages"][0], "epochs": 2}
    table["stages"], table["optimiser"]["milestones"] = [stage], []
    with TemporaryDirectory() as folder:
        train(
            type(config).from_table(table),
            Path(folder) / "run",
            data=data,
            options=TrainOptions(device=arguments.device),
        )
        rows = RunFolder(Path(folder) / "run").read_metrics()
    warm = rows[1]["seconds"]  # the first epoch warms up
    images = min(config.data.limit or len(data.train), len(data.train))
    return float(warm / limit * images * config.epochs)


def main() -> None:
    """Choose the width once, then work until the time is over."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--limit", type=int, default=40_000)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes

    def stop(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)  # a training saves its state, then stops

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 60 * arguments.minutes)
    try:
        work(arguments, end)
    except KeyboardInterrupt:
        sys.stdout.write("The time is over; the same command goes on.\n")
    signal.setitimer(signal.ITIMER_REAL, 0)


def work(arguments: argparse.Namespace, end: float) -> None:
    """Choose the width, unless that is done, and do one training after the other."""
    plan = arguments.out / "plan.json"
    if plan.exists():
        width = read_json(plan)["width"]
    else:
        for width in WIDTHS:
            first = jobs_of(setup_of(width, arguments))[0]
            need = 2 * seconds_of(first, arguments)
            sys.stdout.write(f"width {width}: two rows take about {need / 60:.1f} minutes\n")
            if need < end - time.monotonic():
                break
        arguments.out.mkdir(parents=True, exist_ok=True)
        write_json(plan, {"width": width, "device": str(pick_device(arguments.device))})
    jobs = jobs_of(setup_of(width, arguments))
    options = TrainOptions(device=arguments.device)
    settings = LaunchSettings(arguments.out, data_root=arguments.data_root, options=options)
    run_local(jobs, settings, say=lambda text: sys.stdout.write(f"{text}\n") and None)


if __name__ == "__main__":
    main()
