"""Why a try at a job failed, written beside what it left, for people and for later launches."""

from __future__ import annotations

import errno
import socket
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime

from ...errors import InputError, RunFailedError, SpadvError, StoreError
from ...store import FolderInUseError, RunFolder, read_json, write_json

DIVERGED, LOST, REFUSED, ERROR = "diverged", "lost", "refused", "error"
#: Not the job's own fault, and never written: another process has the folder; no room is left.
IN_USE, FULL = "in use", "full"

#: Failures that the same code on the same machine would repeat: not tried again unless asked.
LASTING = (DIVERGED, LOST)

_KINDS: dict[type[Exception], str] = {
    FolderInUseError: IN_USE,
    RunFailedError: DIVERGED,
    InputError: REFUSED,
    StoreError: REFUSED,
}
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
    reason, job : str
        In a sentence; the job's label.
    host, time : str
        Where and when (UTC).
    details : str
        End of the traceback, for "error".
    """

    kind: str
    reason: str
    job: str
    host: str = field(default_factory=socket.gethostname)
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    details: str = ""

    @classmethod
    def of(cls, error: Exception, job: str) -> Failure:
        """Describe what ended a try at the job with this label."""
        if isinstance(error, ReportedError):
            return replace(error.failure, job=job)
        if _disk_is_full(error):
            return cls(FULL, str(error), job)
        for known, kind in _KINDS.items():
            if isinstance(error, known):
                return cls(kind, str(error), job)
        details = "".join(traceback.format_exception(error))[-4000:]
        return cls(ERROR, f"{type(error).__name__}: {error}", job, details=details)

    def write(self, run: RunFolder) -> None:
        """Write the record into a run folder."""
        write_json(run.failure_path, asdict(self))


class ReportedError(SpadvError):
    """A training failed in another process, which has told how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def read_failure(run: RunFolder) -> Failure | None:
    """Return the record of a run folder; None if there is none, or it cannot be read."""
    if not run.failure_path.is_file():
        return None
    with suppress(StoreError, KeyError):
        data = read_json(run.failure_path)
        return Failure(**{each.name: data[each.name] for each in fields(Failure)})
    return None


def clear_failure(run: RunFolder) -> None:
    """Remove the record, before another try."""
    run.failure_path.unlink(missing_ok=True)


def _disk_is_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
