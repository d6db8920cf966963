"""How jobs are done: where, how many at a time, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...checks import check_integer, choose
from ...errors import InputError
from ...store import Store
from .training import TrainOptions

#: Launchers by name; others are given by a parsl Config.
LAUNCHERS = ("local", "processes", "slurm")


@dataclass(frozen=True)
class LaunchSettings:
    """How jobs are done; none of it changes their results.

    Attributes
    ----------
    root, data_root : Path
        Where the store lies, and the data sets.
    launcher : str
        "local" (this process), "processes" (of this machine), "slurm", a Python file that
        defines a `parsl.Config`, or module:function returning one.
    workers : int or None
        Jobs at a time, for processes and slurm; None is one a GPU or else one a core, or 8.
    slurm : str
        Options of sbatch, such as "partition=gpu,time=600".
    job_processes : int
        Processes of each training; several are started through torchrun.
    retry : bool
        Try again what failed for good in an earlier launch (diverged, or lost its workers).
    any_version : bool
        Use results of other releases.
    options : TrainOptions
        Device and the like.
    """

    root: Path
    launcher: str = "local"
    workers: int | None = None
    slurm: str = ""
    job_processes: int = 1
    retry: bool = False
    any_version: bool = False
    data_root: Path | None = None
    options: TrainOptions = TrainOptions()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        check_integer("job_processes", self.job_processes, minimum=1)
        if self.workers is not None:
            check_integer("workers", self.workers, minimum=1)
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
