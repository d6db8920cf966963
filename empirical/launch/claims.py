"""Claims: who works on a run folder, told to every machine that sees the folder.

A claim is a file of the hidden folder .claims, named by its number. Only the highest number
counts. A worker that finds no claim, a released one, or one whose holder is gone makes the
file with the next number: the file system lets one worker alone do that (O_CREAT and O_EXCL,
atomic on NFS since version 3, too). Numbers never fall, so nobody takes a newer claim for the
one that he judged; a worker that sees a number above its own has lost its claim, and stops.

A holder is gone

- on this machine, when the lock (flock) that it keeps on its file is free: the kernel frees it
  with the process, however that ended;
- on another machine, where such locks may not be seen (NFS mounted with nolock or local_lock,
  Lustre without -o flock, many FUSE and 9p mounts), when it has not touched its file for
  `stale_after` seconds. Both times come from the file server, so clocks need not agree.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from ...errors import SpadvError, StoreError
from ...store import RunFolder

#: Seconds between two touches of a claim, and after how many an untouched one is given up.
#: NFS clients may show times that are a minute old; the difference must exceed that.
BEAT = 15.0
STALE_AFTER = 180.0

_SIZE = 1024  # bytes of a claim: written in one piece, so that no reader sees half of it


class ClaimLostError(SpadvError):
    """Another worker has taken a job over, believing this one gone."""


@dataclass(frozen=True)
class Holder:
    """What a claim says of its holder.

    Attributes
    ----------
    who : str
        Name of the worker.
    host, boot : str
        Its machine, and the boot of it.
    pid : int
        Its process.
    tries : int
        Workers that have gone one after the other without any progress, this one included.
    stamp : int
        Progress when the claim was made; see :func:`progress_stamp`.
    locks : bool
        Whether it could lock its file.
    released : bool
        Whether it has finished with the folder.
    doing : str
        How far it is, in words.
    """

    who: str
    host: str
    boot: str
    pid: int
    tries: int = 1
    stamp: int = 0
    locks: bool = True
    released: bool = False
    doing: str = ""

    @property
    def here(self) -> bool:
        """Whether it is on this machine, and the machine has not been started anew since."""
        boot = _boot()
        return bool(boot) and (self.host, self.boot) == (socket.gethostname(), boot)

    def __str__(self) -> str:
        return f"{self.who} on {self.host}"


class Claim:
    """The right to work on a run folder, kept up by touching its file.

    Made by :func:`claim`. Used as a context; on leaving, the claim is released.

    Parameters
    ----------
    folder, number, handle
        Where the claim's file lies, its number among the claims, and its open descriptor.
    holder, before
        As below.
    beat : float
        Seconds between two touches of the file.

    Attributes
    ----------
    holder : Holder
        What it says of its holder.
    before : Holder or None
        Who was taken over, if anybody was.
    """

    def __init__(
        self,
        folder: Path,
        number: int,
        handle: int,
        holder: Holder,
        before: Holder | None,
        beat: float,
    ) -> None:
        self.holder = holder
        self.before = before
        self._folder = folder
        self._number = number
        self._handle = handle
        self._beat = beat
        self._doing = ""
        self._lost = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="claim", daemon=True)

    def __enter__(self) -> Claim:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        with suppress(OSError):  # a full disk; then the free lock and the age speak
            _write(self._handle, _changed(self.holder, released=True))
        os.close(self._handle)

    def say(self, text: str) -> None:
        """Set the `text` that others are told of the progress, at the next beat.

        Its first 100 letters are kept.
        """
        self._doing = text[:100]

    @property
    def is_lost(self) -> bool:
        """Whether another worker has taken the job over."""
        return self._lost.is_set()

    def check(self) -> None:
        """Raise :class:`ClaimLostError` if another worker has taken the job over."""
        if self.is_lost:
            raise ClaimLostError(
                f"{self._folder.parent.name} was taken over by another worker: this one was "
                "silent for too long"
            )

    def _keep_up(self) -> None:
        while not self._end.wait(self._beat):
            # A file server that is away is no reason to stop; the next beat looks again.
            with suppress(OSError):
                if _newest(self._folder) > self._number:
                    self._lost.set()
                    return
                os.utime(self._handle)
                _write(self._handle, _changed(self.holder, doing=self._doing))


class ServerClock:
    """The file server's time, asked of it once a minute by making a file.

    Parameters
    ----------
    folder : Path
        Where the file is made, and removed at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offset = 0.0
        self._asked = -float("inf")

    def now(self) -> float:
        """Return seconds since 1970, as files of the folder would get them."""
        if time.monotonic() - self._asked > 60:
            probe = self._folder / f".now-{uuid.uuid4().hex}"
            handle = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            try:
                self._asked = time.monotonic()
                self._offset = os.fstat(handle).st_mtime - self._asked
            finally:
                os.close(handle)
                probe.unlink()
        return time.monotonic() + self._offset


def claim(
    run: RunFolder,
    who: str,
    *,
    beat: float = BEAT,
    stale_after: float = STALE_AFTER,
    clock: ServerClock | None = None,
) -> Claim | None:
    """Claim a run folder for this worker; None if somebody else holds it.

    Parameters
    ----------
    run : RunFolder
        The folder; made if it is not there.
    who : str
        Name of this worker, for others to read.
    beat, stale_after : float
        Seconds between two touches, and after how many a silent holder on another machine is
        given up.
    clock : ServerClock, optional
        Of the file system that the folder lies in.

    Returns
    -------
    Claim or None
        To be used as a context; None if somebody else holds the folder.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    folder = run.path / ".claims"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        newest = _newest(folder)
        before = _read(folder / str(newest)) if newest else None
        now = (clock or ServerClock(folder)).now
        if newest and not _gone(folder / str(newest), before, stale_after, now):
            return None
        return _make(folder, newest + 1, who, before, progress_stamp(run), beat)
    except OSError as error:
        raise StoreError(f"cannot claim {run.path}: {error.strerror or error}") from error


def _make(
    folder: Path, number: int, who: str, before: Holder | None, stamp: int, beat: float
) -> Claim | None:
    path = folder / str(number)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return None  # another worker was faster
    if before is not None and before.released:
        before = None
    tries = before.tries + 1 if before is not None and before.stamp == stamp else 1
    try:
        holder = Holder(
            who=who,
            host=socket.gethostname(),
            boot=_boot(),
            pid=os.getpid(),
            tries=tries,
            stamp=stamp,
            locks=_lock(handle),
        )
        _write(handle, holder)
        if _newest(folder) > number:  # our view of the folder was old
            path.unlink()
            os.close(handle)
            return None
        for old in _numbers(folder):
            if old < number:
                with suppress(FileNotFoundError):
                    (folder / str(old)).unlink()
    except OSError:
        os.close(handle)
        with suppress(OSError):
            path.unlink()
        raise
    return Claim(folder, number, handle, holder, before, beat)


def holder_of(run: RunFolder, stale_after: float = STALE_AFTER) -> Holder | None:
    """Return who works on a folder now, as far as can be seen without writing; else None.

    Parameters
    ----------
    run : RunFolder
        The folder.
    stale_after : float
        Seconds after which an untouched claim counts as given up.
    """
    folder = run.path / ".claims"
    newest = _newest(folder)
    if not newest:
        return None
    path = folder / str(newest)
    found = _read(path)
    try:
        if found is None or found.released or _gone(path, found, stale_after, time.time):
            return None
    except OSError:
        return None
    return found


def progress_stamp(run: RunFolder) -> int:
    """Return a number that changes whenever a job gets on: times of its saved files."""
    stamp = 0
    paths = [run.checkpoint_path, run.provenance_path]
    with suppress(OSError):
        paths += run.evaluations.glob("*.json")
    for path in paths:
        with suppress(OSError):
            stamp = max(stamp, path.stat().st_mtime_ns)
    return stamp


def _gone(path: Path, found: Holder | None, stale_after: float, now: Callable[[], float]) -> bool:
    """Return whether the holder of a claim has gone, or released it."""
    if found is not None and found.released:
        return True
    try:
        # Opening makes an NFS client ask the server for the file's time.
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False  # just now taken over by somebody else
    try:
        if found is not None and found.here and found.locks:
            return _lock(handle)
        return now() - os.fstat(handle).st_mtime > stale_after
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False  # somebody has it, or this file system has no such locks
    return True


def _numbers(folder: Path) -> list[int]:
    try:
        return [int(name) for name in os.listdir(folder) if name.isdigit()]
    except FileNotFoundError:
        return []


def _newest(folder: Path) -> int:
    return max(_numbers(folder), default=0)


def _write(handle: int, holder: Holder) -> None:
    text = json.dumps(holder.__dict__, ensure_ascii=False).encode()
    os.pwrite(handle, text.ljust(_SIZE - 1)[: _SIZE - 1] + b"\n", 0)


def _read(path: Path) -> Holder | None:
    """Return what a claim says; None if it says nothing yet, or nothing readable."""
    try:
        fields: Any = json.loads(path.read_bytes())
        return Holder(**fields)
    except (OSError, ValueError, TypeError):
        return None


def _changed(holder: Holder, **changes: Any) -> Holder:
    return Holder(**{**holder.__dict__, **changes})


def _boot() -> str:
    """Return what tells one boot of this machine from another; "" where that is unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
