"""Running compiled chunks on all cores, with a time limit and interruption."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress, silent
from ...provenance import usable_cores

Words = NDArray[np.uint64]

#: Words of 64 bits that one chunk handles: some tens of milliseconds.
CHUNK = 1 << 26


class OutOfTimeError(Exception):
    """A limit of time or words was passed. Never leaves this package."""


class Run:
    """What a long computation shares with its parts: clock, limits, progress, what was done.

    `progress` is called at most five times a second; `seconds` limits the time, `max_words` the
    codewords that are looked through.
    """

    def __init__(
        self,
        progress: Progress = silent,
        seconds: float | None = None,
        max_words: int | None = None,
    ) -> None:
        self.max_words = max_words
        self.start = time.monotonic()
        self.deadline = None if seconds is None else self.start + seconds
        self.done = 0
        self.methods: list[str] = []
        self.interrupted = False
        self._progress = progress
        self._reported = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def note(self, method: str) -> None:
        """Remember that a method was used."""
        if method not in self.methods:
            self.methods.append(method)

    def check(self) -> None:
        """Raise :class:`OutOfTimeError` if the time limit has passed."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise OutOfTimeError

    def afford(self, words: int) -> None:
        """Raise :class:`OutOfTimeError` if so many more words are beyond the limit."""
        if self.max_words is not None and self.done + words > self.max_words:
            raise OutOfTimeError

    def report(self, words: int, total: float, message: str) -> None:
        """Count `words` more as done, and tell the caller now and then."""
        self.done += words
        now = time.monotonic()
        if now - self._reported >= 0.2:
            self._reported = now
            self._progress(float(self.done), float(max(total, self.done)), message)

    def in_order(
        self, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]
    ) -> Generator[Any, None, None]:
        """Yield ``function(*task)`` for each task in their order, computed on all cores.

        The function must release the GIL. Closing the iterator, the time limit and
        Ctrl-C cancel what has not started; at most a few chunks run to their end.
        """
        workers = usable_cores()
        waiting: deque[Future[Any]] = deque()
        pool = ThreadPoolExecutor(workers)
        try:
            for task in tasks:
                self.check()
                waiting.append(pool.submit(function, *task))
                if len(waiting) > 2 * workers:
                    yield self._result(waiting.popleft())
            while waiting:
                yield self._result(waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _result(self, future: Future[Any]) -> Any:
        while True:
            try:
                return future.result(timeout=0.1)
            except TimeoutError:
                self.check()


def to_words(polynomials: Iterable[int], bits: int) -> Words:
    """Pack polynomials of fewer than `bits` coefficients: shape (rows, ceil(bits / 64))."""
    pieces = max(1, -(-bits // 64))
    raw = b"".join(a.to_bytes(8 * pieces, "little") for a in polynomials)
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64).reshape(-1, pieces)
