"""Explicit randomness: generators made from a seed and a purpose, draws on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError
from ..random import derive_seed


def make_generator(
    seed: int, *purpose: str | int, device: str | torch.device = "cpu"
) -> torch.Generator:
    """Return a generator on a device for a seed and a purpose (see :func:`derive_seed`).

    The streams of a CPU and a CUDA generator differ; a CPU generator gives the same
    numbers whatever the device of the images.
    """
    return torch.Generator(device=device).manual_seed(derive_seed(seed, *purpose))


def uniform(
    shape: tuple[int, ...],
    low: float,
    high: float,
    *,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return numbers uniform in [low, high), drawn on the generator's device and moved."""
    require_generator(generator)
    drawn = torch.rand(shape, generator=generator, device=generator.device, dtype=dtype)
    return _moved(drawn.mul_(high - low).add_(low), device)


def normal(
    shape: tuple[int, ...],
    *,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return standard normal numbers, drawn on the generator's device and moved."""
    require_generator(generator)
    drawn = torch.randn(shape, generator=generator, device=generator.device, dtype=dtype)
    return _moved(drawn, device)


def _moved(drawn: Tensor, device: torch.device | str) -> Tensor:
    # Towards a CPU a copy that does not wait could be read before it has arrived.
    return drawn.to(device, non_blocking=torch.device(device).type == "cuda")


def require_generator(generator: object) -> torch.Generator:
    """Return the generator, or raise :class:`InputError` if it is none."""
    if not isinstance(generator, torch.Generator):
        raise InputError(
            "generator", "be a torch.Generator", generator, "make_generator(seed) makes one."
        )
    return generator


def draw_seed(generator: object) -> int:
    """Return a seed drawn from a generator."""
    made = require_generator(generator)
    return int(torch.randint(2**62, (), generator=made, device=made.device))
