"""Seeds: every random number is a function of a seed and of what it is for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .checks import check_integer
from .errors import InputError

if TYPE_CHECKING:
    import numpy as np


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


def as_rng(
    rng: np.random.Generator | int | None, *, seed: int | None = None
) -> np.random.Generator:
    """Return a generator of numpy as it is, and a new one for a seed in its place.

    None stands for the given `seed`, and is refused where there is none. Nothing global is
    touched (Scientific Python's SPEC 7).

    Examples
    --------
    >>> bool(as_rng(3).random() == as_rng(3).random())
    True
    """
    import numpy as np

    if isinstance(rng, np.random.Generator):
        return rng
    try:
        return np.random.default_rng(check_integer("rng", seed if rng is None else rng, minimum=0))
    except InputError:
        rule = "be a numpy.random.Generator or a seed of at least 0"
        raise InputError("rng", rule, rng) from None
