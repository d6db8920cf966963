"""Explicit randomness: generators made from a seed and a purpose, draws on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import check_integer
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


def as_generator(
    generator: torch.Generator | int | None, *, seed: int | None = None
) -> torch.Generator:
    """Return a generator as it is, and a new one on the CPU for a seed in its place.

    None stands for the given `seed`, and is refused where there is none.

    Examples
    --------
    >>> torch.rand(1, generator=as_generator(3)) == torch.rand(1, generator=as_generator(3))
    tensor([True])
    """
    if isinstance(generator, torch.Generator):
        return generator
    try:
        number = seed if generator is None else generator
        return make_generator(check_integer("generator", number, minimum=0))
    except InputError:
        rule = "be a torch.Generator or a seed of at least 0"
        raise InputError("generator", rule, generator) from None


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
    drawn = torch.rand(shape, generator=generator, device=generator.device, dtype=dtype)
    return moved(drawn.mul_(high - low).add_(low), device)


def normal(
    shape: tuple[int, ...],
    *,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return standard normal numbers, drawn on the generator's device and moved."""
    drawn = torch.randn(shape, generator=generator, device=generator.device, dtype=dtype)
    return moved(drawn, device)


def moved(tensor: Tensor, device: torch.device | str) -> Tensor:
    """Return a tensor on a device; nothing waits for a copy to a GPU."""
    # Towards a CPU a copy that does not wait could be read before it has arrived.
    return tensor.to(device, non_blocking=torch.device(device).type == "cuda")


def draw_seed(generator: torch.Generator) -> int:
    """Return a seed drawn from a generator."""
    return int(torch.randint(2**62, (), generator=generator, device=generator.device))
