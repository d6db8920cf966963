"""What workers tell: a line of JSON an event, one file a worker, in the launch's folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BEGUN, DONE, FAILED, WAITING, NOTE = "begun", "done", "failed", "waiting", "note"
FULL = "full"


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes
    ----------
    kind : str
        "begun", "done", "failed", "waiting" (for a start or another worker), "full" (no room
        for results), or "note" (a job taken over, a damaged file moved aside, ...).
    worker, job, digest : str
        Who, and which job; the job is "" where no single one is meant.
    text : str
        What to say.
    seconds : float
        How many seconds the job took, for "done" and "failed".
    """

    kind: str
    worker: str
    job: str = ""
    digest: str = ""
    text: str = ""
    seconds: float = 0.0


#: Told of events.
Watch = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Do nothing."""


class EventLog:
    """Appends events to a file of its own; one writer a file, so any file system will do."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        """Write an event."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(dataclasses.asdict(event)) + "\n")


class EventReader:
    """Reads what has been added to a folder's event files since it last looked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}

    def new(self) -> list[Event]:
        """Return the events that are new; a line still being written is left for later."""
        found = []
        for path in sorted(self._folder.glob("*.events")):
            with path.open("rb") as stream:
                stream.seek(self._read.get(path, 0))
                text = stream.read()
            whole = text[: text.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            for line in whole.splitlines():
                with suppress(ValueError, TypeError):  # a line cut off where a disk was full
                    found.append(Event(**json.loads(line)))
        return found
