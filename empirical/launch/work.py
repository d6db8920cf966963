"""A worker: takes jobs of a manifest one after the other until none is left for it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch

from ...errors import StoreError
from ...progress import Progress, silent
from ...store import FolderInUseError
from ..data import DataSet, load
from ..experiments.inspection import DamagedError
from ..experiments.job import Job, Trainer, train_here
from .claims import Claim, ClaimLostError, ServerClock, claim, holder_of
from .events import BEGUN, DONE, FAILED, NOTE, WAITING, Event, Watch, ignore
from .failure import LASTING, Failure, clear_failure, disk_is_full, read_failure
from .manifest import Manifest

#: Workers that may be lost on a job, without any progress, before it is given up.
TRIES = 3

#: Seconds between two looks at jobs that others hold, at first; it doubles up to the beat.
PAUSE = 0.5


class DiskFullError(StoreError):
    """There is no room for results; jobs keep what they have saved, and go on from there."""


@dataclass
class Outcome:
    """What became of the jobs of a launch.

    Attributes
    ----------
    done : dict
        Jobs by digest whose results are there.
    failed : dict
        Failures by digest, whether of this launch or, where lasting, of an earlier one.
    blocked : dict
        For jobs that could not begin: the label of the failed job that they start from.
    left : dict
        Jobs that others hold, or that nobody came to.
    """

    done: dict[str, Job] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    left: dict[str, Job] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do."""
        return not self.left


class Worker:
    """Works on a manifest in this process.

    Parameters
    ----------
    manifest : Manifest
        What to do.
    name : str
        For others to read.
    watch : callable
        Told of events.
    progress : Progress
        Told of jobs settled, with fractions.
    trainer : callable
        How to train.
    patience : float
        Seconds to wait, at most, for jobs that others hold or that such a job must precede.
    """

    def __init__(
        self,
        manifest: Manifest,
        name: str,
        *,
        watch: Watch = ignore,
        progress: Progress = silent,
        trainer: Trainer = train_here,
        patience: float = float("inf"),
    ) -> None:
        self.manifest = manifest
        self.store = manifest.store
        self.name = name
        self.outcome = Outcome()
        #: Whether an error may have spoilt this process for other jobs.
        self.spoilt = False
        self._watch = watch
        self._progress = progress
        self._trainer = trainer
        self._patience = patience
        self._suspect: set[str] = set()  # done, it seems, but a file of them is damaged
        self._loaded: tuple[tuple[str, int], DataSet] | None = None
        self._told: set[str] = set()
        self._clock = ServerClock(manifest.root)

    def work(self, *, stop_when_spoilt: bool = False) -> Outcome:
        """Do jobs until all are settled, or patience ends.

        Parameters
        ----------
        stop_when_spoilt : bool
            Stop after an error that may have spoilt this process (its CUDA context), so that
            a fresh one can go on.

        Raises
        ------
        DiskFullError
            If results cannot be saved any more.
        KeyboardInterrupt
            After Ctrl-C; the job going on has saved its state.
        """
        pause, waited = PAUSE, 0.0
        while not (stop_when_spoilt and self.spoilt):
            waiting, worked = self._pass()
            if worked:
                pause, waited = PAUSE, 0.0
                continue
            if not waiting or waited >= self._patience:
                break
            time.sleep(pause)
            waited += pause
            pause = min(2 * pause, max(PAUSE, self.manifest.beat))
        settled = {*self.outcome.done, *self.outcome.failed, *self.outcome.blocked}
        self.outcome.left = {j.digest: j for j in self.manifest.jobs if j.digest not in settled}
        return self.outcome

    def _pass(self) -> tuple[bool, bool]:
        """Look for a job and do it; return whether any must be waited for, and if one was done."""
        waiting = False
        for job in self.manifest.order:
            status = self._look(job)
            if status == "ready":
                if self._try(job):
                    return waiting, True
                self._say_waiting(job)
            waiting = waiting or status != "settled"
        return waiting, False

    def _look(self, job: Job) -> str:
        """Return "settled", "ready" or "waits" (for its start)."""
        digest, out = job.digest, self.outcome
        if digest in self._suspect:
            return "ready"
        if digest in out.done or digest in out.failed or digest in out.blocked:
            return "settled"
        run = job.folder(self.store)
        try:
            if job.state(self.store) == "done":
                out.done[digest] = job
                return "settled"
        except StoreError as error:
            self._fail(job, error, 0.0)
            return "settled"
        failure = read_failure(run)
        if failure is not None:
            old = failure.launch != self.manifest.launch
            if not old or (failure.kind in LASTING and not self.manifest.retry):
                out.failed[digest] = failure
                return "settled"
        return "ready" if job.start is None else self._look_at_start(job, job.start)

    def _look_at_start(self, job: Job, start: Job) -> str:
        if start.digest in self._suspect:
            return "waits"
        if start.folder(self.store).is_complete:
            return "ready"
        self._look(start)
        out = self.outcome
        if start.digest in out.failed or start.digest in out.blocked:
            out.blocked[job.digest] = start.label
            return "settled"
        return "waits"

    def _try(self, job: Job) -> bool:
        """Claim and do a job; return False if somebody else holds it."""
        manifest = self.manifest
        run = job.folder(self.store)
        try:
            held = claim(
                run,
                self.name,
                beat=manifest.beat,
                stale_after=manifest.stale_after,
                clock=self._clock,
            )
        except StoreError as error:
            self._stop_if_full(error)
            self._fail(job, error, 0.0)
            return True
        if held is None:
            return False
        with held:
            # Somebody may have done it since we looked.
            if self._look(job) == "ready":
                return self._do(job, held)
        return True

    def _do(self, job: Job, held: Claim) -> bool:
        tries = held.holder.tries
        if tries > TRIES:
            names = {"job": job.label, "launch": self.manifest.launch, "worker": self.name}
            self._record(job, Failure.lost(tries - 1, **names), 0.0)
            return True
        if held.before is not None:
            self._tell(NOTE, job, f"taken over from {held.before}, which is gone")
        run = job.folder(self.store)
        begun = time.perf_counter()
        try:
            with run.locked():  # by `spadv train` or `spadv evaluate`, perhaps
                clear_failure(run)
            self._tell(BEGUN, job)
            notes = job.run(
                self.store,
                data=self._data(job),
                options=self.manifest.options,
                progress=self._progress_of(job, held),
                trainer=self._trainer,
            )
        except FolderInUseError:
            return False
        except ClaimLostError as error:
            self._tell(NOTE, job, str(error))
            return True
        except Exception as error:
            self._stop_if_full(error)
            if isinstance(error, DamagedError) and job.start is not None:
                start = job.start.folder(self.store).path
                if start in error.path.parents:
                    self._suspect.add(job.start.digest)
                    return True
            self._fail(job, error, time.perf_counter() - begun)
            return True
        for note in notes:
            self._tell(NOTE, job, note)
        self._suspect.discard(job.digest)
        self.outcome.done[job.digest] = job
        self._tell(DONE, job, seconds=time.perf_counter() - begun)
        return True

    def _data(self, job: Job) -> DataSet:
        """Return a job's data set; the last one is kept."""
        key = (job.config.data.name, job.config.data.split_seed)
        if self._loaded is None or self._loaded[0] != key:
            self._loaded = None
            self._loaded = (key, load(key[0], root=self.manifest.data_root, split_seed=key[1]))
        return self._loaded[1]

    def _progress_of(self, job: Job, held: Claim) -> Progress:
        jobs = len(self.manifest.jobs)

        def tell(done: float, total: float, message: str = "") -> None:
            held.check()
            part = min(done / total, 1.0) if total else 0.0
            held.say(f"{part:.0%} {message}")
            out = self.outcome
            settled = len(out.done) + len(out.failed) + len(out.blocked)
            text = f"{job.label}: {message}" if message else job.label
            self._progress(settled + part, jobs, text)

        return tell

    def _fail(self, job: Job, error: Exception, seconds: float) -> None:
        names = {"job": job.label, "launch": self.manifest.launch, "worker": self.name}
        failure = Failure.of(error, **names)
        if failure.details and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            self.spoilt = True
        self._record(job, failure, seconds)

    def _record(self, job: Job, failure: Failure, seconds: float) -> None:
        self._suspect.discard(job.digest)
        self.outcome.done.pop(job.digest, None)
        self.outcome.failed[job.digest] = failure
        try:
            failure.write(job.folder(self.store))
        except StoreError as error:
            self._stop_if_full(error)
            self._tell(NOTE, job, str(error))
        self._tell(FAILED, job, failure.reason, seconds)

    def _stop_if_full(self, error: BaseException) -> None:
        if disk_is_full(error):
            raise DiskFullError(
                f"no room in {self.manifest.root}: {error}; make room and run the same command "
                "again, it goes on from what is saved"
            ) from error

    def _say_waiting(self, job: Job) -> None:
        if job.digest not in self._told:
            self._told.add(job.digest)
            holder = holder_of(job.folder(self.store), self.manifest.stale_after)
            self._tell(WAITING, job, f"worked on by {holder or 'another process'}")

    def _tell(self, kind: str, job: Job, text: str = "", seconds: float = 0.0) -> None:
        self._watch(Event(kind, self.name, job.label, job.digest, text, round(seconds, 3)))


class Overview(Worker):
    """Looks at the jobs of a manifest, and does none.

    Parameters
    ----------
    manifest : Manifest
        The jobs.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest, "", patience=0.0)
        #: Jobs that could be done now, and jobs that somebody is doing, at the last look.
        self.free: set[str] = set()
        self.held: set[str] = set()

    def look(self) -> Outcome:
        """Look again at what is not settled yet; return what became of the jobs."""
        self.free.clear()
        self.held.clear()
        return self.work()

    def _try(self, job: Job) -> bool:
        held = holder_of(job.folder(self.store), self.manifest.stale_after) is not None
        (self.held if held else self.free).add(job.digest)
        return False

    def _say_waiting(self, job: Job) -> None:
        return None

    def _record(self, job: Job, failure: Failure, seconds: float) -> None:
        self.outcome.failed[job.digest] = failure


def settle(manifest: Manifest) -> Outcome:
    """Return what became of a launch's jobs, as the store shows it; nothing is done.

    Parameters
    ----------
    manifest : Manifest
        The launch.
    """
    return Overview(manifest).look()
