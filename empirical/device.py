"""Where to compute, and how to say so in provenance."""

from __future__ import annotations

import os
import platform

import torch

from ..errors import InputError
from ..provenance import Provenance
from ..provenance import make_provenance as _make_provenance
from .settings import check_device


def pick_device(name: str | torch.device = "auto") -> torch.device:
    """Return a device by name; "auto" is CUDA where there is one, else the CPU."""
    if check_device(str(name)) == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        found = f"{torch.cuda.device_count()} CUDA devices are visible."
        raise InputError("device", "be a device that this machine has", str(name), found)
    return device


def make_provenance(seed: int | None, seconds: float, device: torch.device) -> Provenance:
    """Return the provenance of a computation on a device, torch's versions included."""
    name = (
        f"{platform.machine()}, {os.cpu_count()} logical cores, {torch.get_num_threads()} threads"
    )
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        name = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    return _make_provenance(
        seed, seconds, device=f"{device.type} ({name})", packages=("torch", "torchvision")
    )
