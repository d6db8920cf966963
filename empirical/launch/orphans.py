"""A process that works for another one ends when that one goes, however it went."""

from __future__ import annotations

import os
import signal
import threading
import time


def end_with_parent(parent: int, every: float = 1.0) -> None:
    """Send this process SIGTERM when its parent is not `parent` any more.

    Parameters
    ----------
    parent : int
        Process number of the parent that started it.
    every : float
        Seconds between two looks.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
