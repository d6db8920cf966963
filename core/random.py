"""Seeds: every random number is a function of a seed and of what it is for."""

from __future__ import annotations

import hashlib

from .checks import check_integer


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Return a seed in [0, 2^63) that depends on a seed and on what it is for.

    Streams of different purposes are independent, and adding a purpose changes no other.

    Examples
    --------
    >>> derive_seed(0, "start") == derive_seed(0, "start")
    True
    >>> derive_seed(0, "start") == derive_seed(0, "angles")
    False
    """
    check_integer("seed", seed, minimum=0)
    text = "\0".join([str(int(seed)), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
