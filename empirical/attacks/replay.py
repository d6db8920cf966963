"""A step recorded once on a GPU and replayed: the GPU stops waiting for Python.

A step of an attack on a small network is some sixty kernels of a few microseconds each, and
starting them from Python takes several times as long as running them. A recorded step (a
CUDA graph) is started as a whole.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch

#: Fewest steps for which recording pays.
FEWEST = 4


@dataclass
class _Desk:
    """Where steps are recorded whose results one stream waits for.

    Attributes
    ----------
    stream : torch.cuda.Stream
        Recording happens on a stream of its own.
    pool : handle
        Memory of the recorded steps: one after another they use the same.
    last : torch.cuda.CUDAGraph or None
        Kept until the next one is recorded, so that the memory is kept too.
    closed : bool
        Whether CUDA refused a recording; torch cannot use the pool again then.
    """

    stream: torch.cuda.Stream
    pool: Any
    last: torch.cuda.CUDAGraph | None = None
    closed: bool = False


_desks: dict[tuple[torch.device, int], _Desk] = {}


def repeat(step: Callable[[], None], times: int, device: torch.device, *, steady: bool) -> None:
    """Do a step several times.

    Parameters
    ----------
    step : callable
        Works in place on tensors that live as long as this call.
    times : int
        How often.
    device : torch.device
        Where the step computes.
    steady : bool
        Whether the step starts the same kernels on the same memory every time, without
        waiting for the device. On CUDA such a step is recorded and replayed; the results are
        the same to the last bit.
    """
    if not steady or device.type != "cuda" or times < FEWEST:
        for _ in range(times):
            step()
        return
    here = torch.cuda.current_stream(device)
    desk = _desk(device, here)
    desk.stream.wait_stream(here)
    with torch.cuda.device(device), torch.cuda.stream(desk.stream):
        step()  # libraries prepare themselves on first use; that cannot be recorded
        graph = _record(step, desk)
    here.wait_stream(desk.stream)
    for _ in range(times - 1):
        if graph is None:
            step()
        else:
            graph.replay()


def _desk(device: torch.device, stream: torch.cuda.Stream) -> _Desk:
    key = (device, stream.cuda_stream)
    if key not in _desks:
        own = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        _desks[key] = _Desk(own, torch.cuda.graph_pool_handle())
    return _desks[key]


def _record(step: Callable[[], None], desk: _Desk) -> torch.cuda.CUDAGraph | None:
    """Return the recorded step, not yet done; None if CUDA refuses."""
    if desk.closed:
        return None
    graph = torch.cuda.CUDAGraph()
    with _without_collector():
        graph.capture_begin(pool=desk.pool, capture_error_mode="thread_local")
        try:
            step()
            graph.capture_end()
        except RuntimeError:
            desk.closed = True
            with suppress(RuntimeError):  # it says again that the recording was broken off
                graph.capture_end()
            return None
    desk.last = graph
    return graph


@contextmanager
def _without_collector() -> Iterator[None]:
    """Memory freed by the collector in the midst of a recording would break it off."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
