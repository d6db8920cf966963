"""A worker as a process of its own: `python -m spadv.empirical.launch worker MANIFEST NAME`.

Exit codes: 0 nothing is left for it; 3 no room for results; 4 start another in its place;
130 asked to stop (SIGINT, SIGTERM or SIGUSR2), state saved.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import torch

from . import events
from .events import NOTE, Event, EventLog
from .manifest import Manifest
from .orphans import end_with_parent
from .torchrun import trainer_of
from .work import DiskFullError, Worker

FULL, SPOILT, INTERRUPTED = 3, 4, 130


def work_on(
    path: Path, name: str, *, threads: int | None = None, patience: float = float("inf")
) -> int:
    """Work on a saved manifest in this process, and return an exit code.

    Parameters
    ----------
    path : Path
        Of the manifest.
    name : str
        Of this worker; its events go into NAME.events beside the manifest.
    threads : int, optional
        Threads that torch may use; as many as it likes by default.
    patience : float
        As for :class:`~spadv.empirical.launch.work.Worker`.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, _stop)
    log = EventLog(path.with_name(f"{name}.events"))
    manifest = Manifest.read(path)
    trainer = trainer_of(manifest)
    worker = Worker(manifest, name, watch=log, trainer=trainer, patience=patience)
    try:
        worker.work(stop_when_spoilt=True)
    except DiskFullError as error:
        sys.stderr.write(f"{error}\n")
        with suppress(OSError):  # there may be no room for this either
            log(Event(events.FULL, name, text=str(error)))
        return FULL
    except KeyboardInterrupt:
        log(Event(NOTE, name, text="asked to stop; the state is saved"))
        return INTERRUPTED
    return SPOILT if worker.spoilt else 0


def _stop(number: int, frame: FrameType | None) -> None:
    # The handlers of a training that is going on know SIGTERM: it saves, then stops.
    handler = signal.getsignal(signal.SIGTERM)
    if handler is not _stop:
        os.kill(os.getpid(), signal.SIGTERM)
        return
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and work."""
    parser = argparse.ArgumentParser(prog="python -m spadv.empirical.launch worker")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("name")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--patience", type=float, default=float("inf"))
    parser.add_argument("--parent", type=int, help="end when this process does")
    chosen = parser.parse_args(arguments)
    if chosen.parent is not None:
        end_with_parent(chosen.parent)
    return work_on(chosen.manifest, chosen.name, threads=chosen.threads, patience=chosen.patience)
