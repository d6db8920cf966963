"""Where and how precisely things are computed; how many jobs at a time, by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...checks import check_integer, choose
from ...config import Checked, option
from ...errors import InputError
from ...store import Store

#: Launchers by name; others are given by a parsl Config.
LAUNCHERS = ("local", "processes", "slurm")


def check_device(name: str) -> str:
    """Return the name of a device that may exist somewhere."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        why = "MPS has no float64, on which exact rotations and balls rest."
        hint = why if name == "mps" else ""
        raise InputError("device", "be auto, cpu, cuda or cuda:N", name, hint)
    return name


def _device(argument: str, value: Any) -> str:
    return check_device(str(value))


@dataclass(frozen=True)
class TrainOptions(Checked):
    """Where and how a training runs; none of it changes what is trained."""

    device: str = option("auto", "auto, cpu, cuda or cuda:N.", _device)
    channels_last: bool | None = option(
        None, "Memory format; by default so, but for group networks on CUDA or with batch-norm."
    )
    compiled: bool = option(False, "Use torch.compile.")
    checkpoint_seconds: float = option(
        300.0, "Save after so many seconds in an epoch, and at its end."
    )
    tensorboard: bool = option(False, "Write TensorBoard events, too.")


@dataclass(frozen=True)
class LaunchSettings(Checked):
    """How jobs are done, and where their store lies; none of it changes their results."""

    root: Path
    launcher: str = option(
        "local",
        "local (this process), processes (of this machine), slurm, or a Python file or "
        "module:function that gives a parsl Config.",
        flag="launcher",
    )
    workers: int | None = option(
        None,
        "Jobs at a time; by default one a GPU, or else one a core; under Slurm 8.",
        check_integer,
        flag="workers",
        minimum=1,
    )
    job_processes: int = option(
        1,
        "Processes (GPUs) of each training, by torchrun.",
        check_integer,
        flag="job-processes",
        minimum=1,
    )
    slurm: str = option(
        "", "Settings of Slurm: partition=gpu,time=600,account=NAME, ...", flag="slurm"
    )
    retry: bool = option(False, "Try again what diverged or lost its workers.", flag="retry")
    any_version: bool = option(
        False, "Use results of other releases of spadv, too.", flag="any-version"
    )
    data_root: Path | None = option(None, "Where data sets lie.")
    options: TrainOptions = option(TrainOptions, "Device and the like.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.launcher.endswith(".py") and ":" not in self.launcher:
            choose("launcher", self.launcher, LAUNCHERS)
        if self.launcher not in ("processes", "slurm") and self.workers not in (None, 1):
            rule = f"be left out for the launcher {self.launcher}"
            hint = "--launcher processes starts several."
            raise InputError("workers", rule, self.workers, hint)
        if self.launcher != "slurm" and self.slurm:
            raise InputError("launcher", f"be slurm where {self.slurm} is given", self.launcher)
        for name in ("root", "data_root"):  # workers may stand in another folder
            if (path := getattr(self, name)) is not None:
                object.__setattr__(self, name, Path(path).absolute())

    @property
    def store(self) -> Store:
        """Where the jobs lie."""
        return Store(self.root, any_version=self.any_version)
