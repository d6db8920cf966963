"""How long computations tell a caller where they are.

The numerical code knows nothing of terminals: it calls a :class:`Progress`, and the
command line passes one that draws a bar on stderr.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called now and then with what is done, out of how much, and a short message."""

    def __call__(self, done: float, total: float, message: str = "") -> None:
        """Report `done` out of `total` units of work."""


def silent(done: float, total: float, message: str = "") -> None:
    """Report nothing: the default everywhere."""
