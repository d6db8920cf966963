"""Why a job failed, written beside what it left, for people and for later launches."""

from __future__ import annotations

import dataclasses
import errno
import socket
import traceback
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...errors import InputError, RunFailedError, StoreError
from ...store import RunFolder, read_json, write_json

DIVERGED = "diverged"
LOST = "lost"
REFUSED = "refused"
ERROR = "error"

#: Failures that the same code on the same machine would repeat: not tried again unless asked.
LASTING = (DIVERGED, LOST)

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True)
class Failure:
    """The record of a failed try.

    Attributes
    ----------
    kind : str
        "diverged": the loss was not finite. "lost": its workers went, one after the other,
        without progress (killed for memory, for instance). "refused": bad input, or files of
        something else. "error": anything else.
    reason : str
        In a sentence.
    job : str
        The job's label.
    launch, worker, host : str
        In which launch, by whom, where.
    time : str
        When (UTC).
    details : str
        End of the traceback, for "error".
    """

    kind: str
    reason: str
    job: str
    launch: str
    worker: str
    host: str
    time: str
    details: str = ""

    @classmethod
    def of(cls, error: BaseException, *, job: str, launch: str, worker: str) -> Failure:
        """Describe an exception.

        Parameters
        ----------
        error : BaseException
            What ended the try.
        job, launch, worker : str
            Label of the job, name of the launch, and name of the worker.
        """
        kind, reason, details = ERROR, str(error), ""
        if isinstance(error, RunFailedError):
            kind = DIVERGED
        elif isinstance(error, InputError | StoreError):
            kind = REFUSED
        else:
            reason = f"{type(error).__name__}: {error}"
            details = "".join(traceback.format_exception(error))[-4000:]
        return cls._now(kind, reason, job, launch, worker, details)

    @classmethod
    def lost(cls, tries: int, *, job: str, launch: str, worker: str) -> Failure:
        """Describe a job whose workers keep going away.

        Parameters
        ----------
        tries : int
            How many have gone without progress.
        job, launch, worker : str
            Label of the job, name of the launch, and name of the worker that says so.
        """
        reason = (
            f"{tries} workers were lost on it without any progress; were they killed for memory?"
        )
        return cls._now(LOST, reason, job, launch, worker)

    @classmethod
    def _now(
        cls, kind: str, reason: str, job: str, launch: str, worker: str, details: str = ""
    ) -> Failure:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        host = socket.gethostname()
        return cls(kind, reason, job, launch, worker, host, when, details)

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        return dataclasses.asdict(self)

    def write(self, run: RunFolder) -> None:
        """Write the record into a run folder.

        Raises
        ------
        StoreError
            If that fails.
        """
        write_json(run.failure_path, self.to_json())


def read_failure(run: RunFolder) -> Failure | None:
    """Return the record of a run folder; None if there is none, or it cannot be read.

    Parameters
    ----------
    run : RunFolder
        The folder.
    """
    if not run.failure_path.is_file():
        return None
    with suppress(StoreError, TypeError):
        return Failure(**read_json(run.failure_path))
    return None


def clear_failure(run: RunFolder) -> None:
    """Remove the record, before another try and after a success."""
    with suppress(FileNotFoundError):
        run.failure_path.unlink()


def disk_is_full(error: BaseException) -> bool:
    """Return whether an error comes from a disk that takes nothing more."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return True
        seen = seen.__cause__ or seen.__context__
    return False
