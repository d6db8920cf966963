"""Do the jobs of a manifest in several processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from ...checks import check_integer
from ...errors import StoreError
from ...progress import Progress, silent
from .events import NOTE, Event, Watch, ignore
from .manifest import Manifest
from .showing import Shown
from .work import DiskFullError, Outcome, settle
from .worker import FULL, INTERRUPTED, SPOILT

#: Seconds that workers get to save their state after Ctrl-C.
GRACE = 90.0

#: Seconds between two looks at workers.
LOOK = 0.2


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def visible_gpus(device: str) -> list[str]:
    """Return the names of the GPUs that workers may share out; none if the device is the CPU."""
    if device not in ("auto", "cuda") or not torch.cuda.is_available():
        return []
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    chosen = [part.strip() for part in named.split(",") if part.strip()]
    return chosen or [str(number) for number in range(torch.cuda.device_count())]


def default_workers(device: str, job_processes: int = 1) -> int:
    """Return a sensible number of workers: one a GPU, or else one a core.

    Parameters
    ----------
    device : str
        "auto", "cpu" or "cuda".
    job_processes : int
        Processes of each training, at least 1.
    """
    places = len(visible_gpus(device)) or cores()
    return max(1, places // job_processes)


def _threads(processes: int) -> int:
    """Return the threads of each of several processes: no more than OMP_NUM_THREADS says."""
    share = max(1, cores() // processes)
    most = os.environ.get("OMP_NUM_THREADS", "")
    return min(share, int(most)) if most.isdigit() and int(most) > 0 else share


@dataclass
class _Process:
    """A worker's process."""

    number: int
    name: str
    process: subprocess.Popen[bytes]


def run_processes(
    manifest: Manifest,
    workers: int,
    *,
    progress: Progress = silent,
    watch: Watch = ignore,
) -> Outcome:
    """Do all jobs in worker processes, each on one job at a time.

    Cores are shared out evenly (OMP_NUM_THREADS and torch.set_num_threads; where
    OMP_NUM_THREADS is set already, it is the most), and so are the GPUs if there are several.
    A worker that is lost is replaced, and its job goes on from its last checkpoint.

    Parameters
    ----------
    manifest : Manifest
        What to do.
    workers : int
        How many processes.
    progress : Progress
        Told jobs settled (with fractions), out of all.
    watch : callable
        Told of events.

    Returns
    -------
    Outcome
        With failures, if there are any.

    Raises
    ------
    InputError
        If `workers` is below 1.
    DiskFullError
        If results cannot be saved any more.
    KeyboardInterrupt
        After Ctrl-C, once the workers have saved their state.
    """
    check_integer("workers", workers, minimum=1)
    before = settle(manifest)
    if before.settled:
        return before
    workers = min(workers, len(before.left))
    path = manifest.write()
    crew = _Crew(manifest, path, workers)
    shown = Shown(manifest, before, progress, watch)
    try:
        crew.start()
        while crew.members:
            time.sleep(LOOK)
            shown.look()
            for note in crew.look():
                watch(Event(NOTE, "launcher", text=note))
    except BaseException:
        crew.stop()
        shown.look()
        raise
    shown.look()
    return settle(manifest)


class _Crew:
    """The worker processes of a launch."""

    def __init__(self, manifest: Manifest, path: Path, workers: int) -> None:
        self.members: list[_Process] = []
        self._manifest = manifest
        self._path = path
        self._workers = workers
        self._started = 0
        self._threads = _threads(workers * manifest.job_processes)
        self._gpus = visible_gpus(manifest.options.device)
        # Every job may cost some workers; more losses than that have another cause.
        self._most = workers + 4 * len(manifest.jobs)

    def start(self) -> None:
        """Start every worker."""
        for number in range(self._workers):
            self._add(number)

    def look(self) -> list[str]:
        """Replace lost workers; return what happened, in words."""
        notes = []
        for member in list(self.members):
            status = member.process.poll()
            if status is None:
                continue
            self.members.remove(member)
            if status == 0:
                continue
            log = self._log(member.name)
            if status == FULL:
                raise DiskFullError(_last_line(log))
            if status == INTERRUPTED:
                raise KeyboardInterrupt
            why = signal.Signals(-status).name if status < 0 else f"status {status}"
            if status != SPOILT:
                notes.append(f"{member.name} was lost ({why}); its log is {log}")
            if self._started >= self._most:
                raise StoreError(f"workers end again and again ({why}): see {log}")
            self._add(member.number)
        return notes

    def stop(self) -> None:
        """Ask all workers to save and stop; kill those that do not."""
        for member in self.members:
            with suppress(ProcessLookupError):
                member.process.terminate()
        end = time.monotonic() + GRACE
        try:
            for member in self.members:
                member.process.wait(max(0.0, end - time.monotonic()))
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            for member in self.members:
                member.process.kill()
                member.process.wait()

    def _add(self, number: int) -> None:
        name = f"worker-{self._started}"
        self._started += 1
        threads = str(self._threads)
        command = [sys.executable, "-m", "spadv.empirical.launch", "worker", str(self._path), name]
        command += ["--threads", threads, "--parent", str(os.getpid())]
        environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        if self._gpus:
            each = self._manifest.job_processes
            chosen = [self._gpus[(number * each + k) % len(self._gpus)] for k in range(each)]
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(dict.fromkeys(chosen))
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C comes to us alone; we pass it on
            )
        self.members.append(_Process(number, name, process))

    def _log(self, name: str) -> Path:
        return self._path.with_name(f"{name}.log")


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "no room for results"
