"""One training on several processes, as `torchrun` starts them.

Every process holds the whole data set, draws the same global batch with the same
randomness, and works on its share of it: the number of processes changes no random draw.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from ...errors import InputError


@dataclass(frozen=True)
class World:
    """Rank of this process, and number of all."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Return this process's part of a global batch of `count` images, equal but for one image.

        Examples
        --------
        >>> [World(rank, 3).share(8) for rank in range(3)]
        [slice(0, 3, None), slice(3, 6, None), slice(6, 8, None)]
        """
        small, extra = divmod(count, self.size)
        begin = self.rank * small + min(self.rank, extra)
        return slice(begin, begin + small + (self.rank < extra))

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum of a tensor over all processes."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def agree(self, flag: bool, device: torch.device) -> bool:
        """Return whether any process says true; all get the same answer."""
        if self.size == 1:
            return flag
        said = torch.tensor(float(flag), device=device)
        dist.all_reduce(said, op=dist.ReduceOp.MAX)
        return bool(said.item())


@contextmanager
def joined(device: torch.device) -> Iterator[tuple[World, torch.device]]:
    """Join the other processes that `torchrun` started, if it did, each on a GPU of its own."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        yield World(), device
        return
    if device.type == "cuda":
        local, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if local >= count:
            raise InputError("nproc-per-node", f"be at most the number of GPUs {count}", local + 1)
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    started = not dist.is_initialized()
    if started:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(dist.get_rank(), dist.get_world_size()), device
    finally:
        if started:
            dist.destroy_process_group()
