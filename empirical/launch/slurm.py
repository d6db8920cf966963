"""Do the jobs of a manifest by workers that Slurm runs, wherever it finds room.

Workers are tasks of job arrays, submitted by submitit. A worker takes jobs from the shared
folder until none is free, and ends: no machine is kept waiting. While it waits, the launcher
submits new workers whenever jobs are free and too few are there to take them, which happens
when a start has been trained, or a worker was lost.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...checks import check_integer
from ...errors import InputError, RunFailedError, SpadvError
from ...progress import Progress, silent
from .events import NOTE, Event, Watch, ignore
from .manifest import Manifest
from .showing import Shown
from .work import Outcome, Overview
from .worker import work_on

#: Seconds between two looks at Slurm and at the jobs.
LOOK = 10.0

#: Seconds that a worker without a job waits for one before it ends: with a launcher that
#: submits new ones, and without.
PATIENCE, PATIENCE_ALONE = 30.0, 900.0

_MINUTES = 24 * 60


class SlurmWorker:
    """The function that Slurm's tasks run.

    Parameters
    ----------
    path : Path
        Of the manifest.
    patience : float
        Seconds to wait for a job.
    job_processes : int
        Processes of each training, which share the task's cores.
    """

    def __init__(self, path: Path, patience: float, job_processes: int) -> None:
        self.path = path
        self.patience = patience
        self.job_processes = job_processes

    def __call__(self) -> int:
        """Work; the exit code says why it ended."""
        threads = max(1, int(os.environ.get("SLURM_CPUS_PER_TASK", "1")) // self.job_processes)
        os.environ["OMP_NUM_THREADS"] = str(threads)  # for processes started by this one
        names = ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID")
        number = "_".join(os.environ[name] for name in names if name in os.environ)
        name = f"slurm-{number or os.environ.get('SLURM_JOB_ID', 'none')}"
        return work_on(self.path, name, threads=threads, patience=self.patience)


def run_slurm(
    manifest: Manifest,
    workers: int,
    settings: str = "",
    *,
    wait: bool = True,
    progress: Progress = silent,
    watch: Watch = ignore,
    look: float = LOOK,
) -> Outcome:
    """Do all jobs by Slurm's workers.

    Parameters
    ----------
    manifest : Manifest
        What to do. Its store must lie under the same path on every node.
    workers : int
        How many at a time, at most.
    settings : str
        Of Slurm, as "partition=gpu,time=600,mem_gb=32": names of sbatch's options (time in
        minutes, memory as mem_gb).
    wait : bool
        Stay until all jobs are settled; otherwise workers are submitted once, and wait
        themselves for what they may take later.
    progress : Progress
        Told jobs settled (with fractions), out of all.
    watch : callable
        Told of events.
    look : float
        Seconds between two looks.

    Returns
    -------
    Outcome
        With failures, if there are any.

    Raises
    ------
    SpadvError
        If submitit is not installed, or there is no Slurm.
    InputError
        If a setting is garbled.
    RunFailedError
        If Slurm refuses the workers, or they end again and again.
    DiskFullError
        If results cannot be saved any more.
    """
    check_integer("workers", workers, minimum=1)
    chosen = read_settings(settings)
    overview = Overview(manifest)
    before = overview.look()
    if before.settled:
        return before
    pool = _Pool(manifest, chosen, PATIENCE if wait else PATIENCE_ALONE)
    manifest.write()
    shown = Shown(manifest, before, progress, watch)
    most = 2 * workers + 4 * len(manifest.jobs)

    def submit(count: int) -> None:
        if pool.submitted + count > most:
            raise RunFailedError(f"workers end again and again: see {pool.folder}")
        numbers = pool.submit(count)
        text = f"submitted {count} worker(s) to Slurm, as {numbers}"
        watch(Event(NOTE, "launcher", text=text))

    if not wait:
        submit(min(workers, max(1, len(overview.free))))
        return before
    try:
        while not overview.outcome.settled:
            alive = pool.alive()
            idle = max(0, alive - len(overview.held))
            wanted = min(workers - alive, len(overview.free) - idle)
            if wanted > 0:
                submit(wanted)
            time.sleep(look)
            shown.look()
            overview.look()
    except KeyboardInterrupt:
        text = f"workers go on; `scancel --name={pool.name}` stops them, the same command watches"
        watch(Event(NOTE, "launcher", text=text))
        raise
    shown.look()
    return overview.outcome


class _Pool:
    """The workers of a launch, as Slurm sees them."""

    def __init__(self, manifest: Manifest, settings: dict[str, Any], patience: float) -> None:
        self.name = f"spadv-{manifest.launch}"
        self.folder = manifest.folder / "slurm"
        self.submitted = 0
        self._worker = SlurmWorker(manifest.path, patience, manifest.job_processes)
        self._executor = _executor(self.folder, self.name, manifest, settings)

    def submit(self, count: int) -> str:
        """Submit workers; return their numbers."""
        try:
            jobs = self._executor.map_array(_call, [self._worker] * count)
        except Exception as error:  # submitit passes on what sbatch said in errors of its own
            text = " ".join(str(error).split())
            raise RunFailedError(f"Slurm does not take the workers: {text[-400:]}") from None
        self.submitted += count
        return ", ".join(str(job.job_id) for job in jobs)

    def alive(self) -> int:
        """Return how many workers wait or run."""
        # By name: a finished number is an error to squeue, and sacct may not be there at all.
        command = ["squeue", "--noheader", "--array", "--format=%T", f"--name={self.name}"]
        return len(_slurm(command).split())


def _call(worker: SlurmWorker) -> int:
    return worker()


def _executor(folder: Path, name: str, manifest: Manifest, settings: dict[str, Any]) -> Any:
    try:
        import submitit
    except ImportError:
        raise SpadvError(
            "the launcher slurm needs submitit: pip install 'spadv[cluster]'"
        ) from None
    try:
        executor = submitit.SlurmExecutor(folder=folder)
    except RuntimeError as error:
        raise SpadvError(f"there is no Slurm here: {error}") from None
    processes = manifest.job_processes
    gpus = manifest.options.device.startswith("cuda") or (
        manifest.options.device == "auto" and "gpu" in _slurm(["sinfo", "--noheader", "-o", "%G"])
    )
    chosen: dict[str, Any] = {
        "job_name": name,
        "time": _MINUTES,
        "nodes": 1,
        "cpus_per_task": 4 * processes if gpus else processes,
        "signal_delay_s": 120,
    }
    if gpus and not {"gres", "gpus_per_node", "gpus_per_task"} & set(settings):
        chosen["gpus_per_node"] = processes
    chosen |= settings
    # Since version 22.05 srun does not take this over from sbatch.
    chosen["srun_args"] = [f"--cpus-per-task={chosen['cpus_per_task']}"]
    known = executor._valid_parameters() | set(executor._equivalence_dict())
    others = {key: chosen.pop(key) for key in list(chosen) if key not in known}
    if others:
        chosen["additional_parameters"] = others
    executor.update_parameters(**chosen)
    return executor


def read_settings(text: str) -> dict[str, Any]:
    """Read settings of Slurm, such as "partition=gpu,time=600".

    Raises
    ------
    InputError
        Naming the part that cannot be read.

    Examples
    --------
    >>> read_settings("partition=gpu,time=600,gpus-per-node=2")
    {'partition': 'gpu', 'time': 600, 'gpus_per_node': 2}
    """
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = part.partition("=")
        key = key.strip().replace("-", "_")
        if not equals or not key.isidentifier() or not value.strip():
            raise InputError("slurm", "be settings such as partition=gpu,time=600", part)
        number = value.strip()
        found[key] = int(number) if number.isdigit() else number
    for key in ("time", "mem_gb", "cpus_per_task"):
        if key in found and not isinstance(found[key], int):
            unit = {"time": " of minutes", "mem_gb": " of gigabytes"}.get(key, "")
            raise InputError(f"slurm {key}", f"be a whole number{unit}", found[key])
    if "mem" in found:
        raise InputError("slurm mem", "be given as mem_gb, in gigabytes", found["mem"])
    return found


def _slurm(command: Sequence[str]) -> str:
    """Return what a command of Slurm prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except FileNotFoundError:
        raise SpadvError(f"there is no Slurm here: {command[0]} is not installed") from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or "").strip() if isinstance(error.stderr, str) else ""
        raise RunFailedError(f"{command[0]} failed: {said or error}") from None
    return done.stdout
