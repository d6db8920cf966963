"""Do jobs: one try at one job, and all of them in this process, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from ...errors import StoreError
from ...progress import Progress, silent
from ...store import FolderInUseError, Store
from ..data import DataSet, load
from ..experiments.job import Job
from ..experiments.running import DamagedError, run_job, state_of
from ..settings import DataConfig, LaunchSettings
from ..training import train
from .failure import FULL, IN_USE, LASTING, Failure, clear_failure, read_failure
from .torchrun import train_on_several

#: Seconds between two looks at folders that other processes hold.
PAUSE = 2.0

#: Told, in words, what happens to jobs.
Say = Callable[[str], None]


class DiskFullError(StoreError):
    """There is no room for results; jobs keep what they have saved, and go on from there."""


@dataclass(frozen=True)
class Tried:
    """What became of one try: its time in seconds, what was moved aside, and why it failed."""

    seconds: float
    notes: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass
class Outcome:
    """What became of the jobs of a launch.

    Attributes
    ----------
    done : set of str
        Digests of jobs whose results are there.
    failed : dict
        Failures by digest, whether of this launch or, where lasting, of an earlier one.
    blocked : dict
        For jobs that could not begin: the label of the failed job that they start from.
    """

    done: set[str] = field(default_factory=set)
    failed: dict[str, Failure] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """How many jobs need no try any more."""
        return len(self.done) + len(self.failed) + len(self.blocked)

    def settles(self, job: Job, settings: LaunchSettings) -> bool:
        """Return whether a job needs no try now; its start must have been settled before."""
        store = settings.store
        with suppress(StoreError):  # the try says what is wrong
            if state_of(job, store) == "done":
                self.done.add(job.digest)
                return True
        if self.blocks(job, store):
            return True
        failure = read_failure(job.folder(store))
        if failure is None or failure.kind not in LASTING or settings.retry:
            return False
        self.failed[job.digest] = failure
        return True

    def blocks(self, job: Job, store: Store) -> bool:
        """Return whether the job that this one starts from failed."""
        start = job.start
        if start is None or start.folder(store).is_complete:
            return False
        if start.digest in self.failed or start.digest in self.blocked:
            self.blocked[job.digest] = start.label
        return job.digest in self.blocked

    def add(self, job: Job, tried: Tried, say: Say) -> None:
        """Note a try, and tell of it."""
        for note in tried.notes:
            say(f"{job.label}: {note}")
        if tried.failure is None:
            self.done.add(job.digest)
            say(f"{job.label}: {tried.seconds:.0f} s")
        else:
            self.failed[job.digest] = tried.failure
            say(f"{job.label}: failed: {tried.failure.reason}")


def attempt(job: Job, settings: LaunchSettings, progress: Progress = silent) -> Tried:
    """Do what is missing of a job. What goes wrong with it is saved and returned, not raised.

    But FolderInUseError if another process works in its folder, DiskFullError if results cannot be
    saved. The job it starts from must be trained.
    """
    run, begun = job.folder(settings.store), time.perf_counter()
    try:
        with run.locked():
            clear_failure(run)
        notes = _do(job, settings, progress)
    except Exception as error:
        failure = Failure.of(error, job.label)
        if failure.kind == IN_USE:
            raise FolderInUseError(failure.reason) from None
        with suppress(StoreError):  # told all the same
            if failure.kind != FULL:
                failure.write(run)
        if failure.kind == FULL:
            raise DiskFullError(
                f"no room in {settings.root}: {failure.reason}; make room and run the same "
                "command again, it goes on from what is saved"
            ) from error
        return Tried(time.perf_counter() - begun, failure=failure)
    return Tried(time.perf_counter() - begun, tuple(notes))


def _do(job: Job, settings: LaunchSettings, progress: Progress) -> list[str]:
    """Do a job; a damaged network that it starts from is trained again first."""
    trainer: Callable[..., object] = train
    if settings.job_processes > 1:
        trainer = partial(train_on_several, settings.job_processes, settings.data_root)
    do = partial(
        run_job,
        job,
        settings.store,
        _data(job.config.data, settings.data_root),
        options=settings.options,
        progress=progress,
        trainer=trainer,
    )
    try:
        return do()
    except DamagedError as error:
        start = job.start
        if start is None or start.folder(settings.store).path not in error.path.parents:
            raise
    return _do(start, settings, progress) + do()


@lru_cache(maxsize=1)
def _data(told: DataConfig, root: Path | None) -> DataSet:
    return load(told.name, root=root, split_seed=told.split_seed, size=told.size)


def run_local(
    jobs: Sequence[Job],
    settings: LaunchSettings,
    *,
    progress: Progress = silent,
    say: Say = lambda text: None,
) -> Outcome:
    """Do all jobs in this process, each after the one that it starts from.

    A job that fails does not stop the others. One whose folder another process holds is
    looked at again after the others.
    """
    _data.cache_clear()  # files may have changed since an earlier launch
    outcome, waiting, told = Outcome(), list(jobs), set[str]()
    while waiting:
        held: list[Job] = []
        for job in waiting:
            if job.start in held:
                held.append(job)
                continue
            if outcome.settles(job, settings):
                continue

            def tell(done: float, total: float, message: str = "", label: str = job.label) -> None:
                text = f"{label}: {message}" if message else label
                progress(outcome.settled + min(done / total, 1.0), len(jobs), text)

            try:
                outcome.add(job, attempt(job, settings, tell), say)
            except FolderInUseError:
                held.append(job)
                if job.digest not in told:
                    told.add(job.digest)
                    say(f"{job.label}: waiting, another process works in its folder")
        if len(held) == len(waiting):
            time.sleep(PAUSE)
        waiting = held
    return outcome
