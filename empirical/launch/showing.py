"""What a launcher shows of workers elsewhere: their events, and how far their jobs are."""

from __future__ import annotations

import time

from ...progress import Progress
from .claims import holder_of
from .events import DONE, FAILED, FULL, EventReader, Watch
from .manifest import Manifest
from .work import DiskFullError, Outcome

#: Seconds between two looks at how far jobs are.
SHOW = 5.0


class Shown:
    """Passes events on, and tells how far the jobs are.

    Parameters
    ----------
    manifest : Manifest
        The launch.
    before : Outcome
        What was settled when it began.
    progress : Progress
        Told jobs settled (with fractions), out of all.
    watch : callable
        Told of events; a job is done, or fails, once.
    """

    def __init__(
        self, manifest: Manifest, before: Outcome, progress: Progress, watch: Watch
    ) -> None:
        self._manifest = manifest
        self._reader = EventReader(manifest.folder)
        self._progress = progress
        self._watch = watch
        self._settled = set(before.done) | set(before.failed) | set(before.blocked)
        self._last = 0.0

    def look(self) -> None:
        """Read what workers have told since the last look.

        Raises
        ------
        DiskFullError
            If one of them found no room.
        """
        for event in self._reader.new():
            if event.kind == FULL:
                raise DiskFullError(event.text)
            if event.kind in (DONE, FAILED):
                if event.digest in self._settled:
                    continue  # several workers may meet the same refusal
                self._settled.add(event.digest)
            self._watch(event)
        if time.monotonic() - self._last > SHOW:
            self._last = time.monotonic()
            self._tell()

    def _tell(self) -> None:
        doing, part = [], 0.0
        for job in self._manifest.jobs:
            if job.digest in self._settled:
                continue
            holder = holder_of(job.folder(self._manifest.store), self._manifest.stale_after)
            if holder is not None:
                percent = holder.doing.partition("%")[0]
                part += float(percent) / 100 if percent.isdigit() else 0.0
                doing.append(job.label)
        text = f"{len(doing)} at work" if doing else ""
        self._progress(len(self._settled) + part, len(self._manifest.jobs), text)
