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
from torch import nn
from torch.nn.modules import module as registry

#: Fewest steps for which recording pays.
FEWEST = 4


def is_repeatable(network: nn.Module) -> bool:
    """Return whether all that happens in a network's call, in evaluation mode, is the same in each.

    Networks of others may draw numbers, count calls or look at values, in hooks too.
    """
    if not type(network).__module__.startswith("spadv.empirical.models."):
        return False
    known = ("torch", "spadv")
    return not any(
        _hooked(m) or type(m).__module__.split(".")[0] not in known for m in network.modules()
    )


def _hooked(module: nn.Module) -> bool:
    """Return whether a module's call does more than its class says: hooks, another forward."""
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    everywhere = any(getattr(registry, "_global" + name, None) for name in names)
    return everywhere or "forward" in vars(module) or any(getattr(module, n) for n in names)


@dataclass
class _Recorder:
    """Where steps whose results one stream waits for are recorded, in one `pool` of memory.

    The `last` graph is kept until the next one is recorded, so that the memory is kept too.
    Once CUDA refused a recording, torch cannot use the pool again: the recorder is `closed`.
    """

    stream: torch.cuda.Stream
    pool: Any
    last: torch.cuda.CUDAGraph | None = None
    closed: bool = False


_recorders: dict[tuple[torch.device, int], _Recorder] = {}


def repeat(step: Callable[[], None], times: int, device: torch.device, *, repeatable: bool) -> None:
    """Do a step several times, in place on tensors that live as long as this call.

    It is `repeatable` if it starts the same kernels on the same memory every time, without
    waiting for the device. On CUDA it is recorded and replayed, to the same bits.
    """
    if not repeatable or device.type != "cuda" or times < FEWEST:
        for _ in range(times):
            step()
        return
    here = torch.cuda.current_stream(device)
    recorder = _recorder(device, here)
    recorder.stream.wait_stream(here)
    with torch.cuda.device(device), torch.cuda.stream(recorder.stream):
        step()  # libraries prepare themselves on first use; that cannot be recorded
        graph = _record(step, recorder)
    here.wait_stream(recorder.stream)
    for _ in range(times - 1):
        if graph is None:
            step()
        else:
            graph.replay()


def _recorder(device: torch.device, stream: torch.cuda.Stream) -> _Recorder:
    key = (device, stream.cuda_stream)
    if key not in _recorders:
        own = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        _recorders[key] = _Recorder(own, torch.cuda.graph_pool_handle())
    return _recorders[key]


def _record(step: Callable[[], None], recorder: _Recorder) -> torch.cuda.CUDAGraph | None:
    """Return the recorded step, not yet done; None if CUDA refuses."""
    if recorder.closed:
        return None
    graph = torch.cuda.CUDAGraph()
    with _without_collector():
        graph.capture_begin(pool=recorder.pool, capture_error_mode="thread_local")
        try:
            step()
            graph.capture_end()
        except RuntimeError:
            recorder.closed = True
            with suppress(RuntimeError):  # it says again that the recording was broken off
                graph.capture_end()
            return None
    recorder.last = graph
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
