"""Names of devices and precisions, checked without torch."""

from __future__ import annotations

import re

from ...errors import InputError

#: In which networks compute; weights are kept in the first.
PRECISIONS = ("float32", "bfloat16")


def check_device(name: str) -> str:
    """Return the name of a device that may exist somewhere."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise InputError("device", "be auto, cpu, cuda or cuda:N", name)
    return name
