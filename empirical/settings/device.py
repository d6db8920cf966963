"""Names of devices and precisions, checked without torch."""

from __future__ import annotations

import re

from ...errors import InputError

#: In which networks compute; weights are kept in the first.
PRECISIONS = ("float32", "bfloat16", "float16")


def check_device(name: str) -> str:
    """Return the name of a device that may exist somewhere."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        why = "MPS has no float64, on which exact rotations and balls rest."
        hint = why if name == "mps" else ""
        raise InputError("device", "be auto, cpu, cuda or cuda:N", name, hint)
    return name
