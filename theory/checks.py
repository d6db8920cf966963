"""Checks of array arguments that several laws share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError

_FRACTION = (0.0, 1.0, "lie in [0, 1]")
_RULES = {
    "spatial": _FRACTION,
    "accuracy": _FRACTION,
    "adversarial": _FRACTION,
    "delta": _FRACTION,
    "p": (0.5, 1.0, "lie in [1/2, 1]"),
    "budget": (0.0, np.inf, "be at least 0"),
    "distance": (0.0, np.finfo(np.float64).max, "be finite and at least 0"),
    "mean_norm": (np.finfo(np.float64).tiny, np.finfo(np.float64).max, "be finite and above 0"),
    "n_shifts": (1.0, np.inf, "be at least 1"),
}


def real_array(argument: str, rule: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return a float64 copy of an array of numbers.

    Raises
    ------
    InputError
        If it holds something else.
    """
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(argument, rule, value) from None


def fractions(**arguments: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Check every argument against the rule of its name, and broadcast them together.

    Raises
    ------
    InputError
        Naming the argument, its rule and the first value that breaks it (NaN does).
    """
    arrays = []
    for name, value in arguments.items():
        low, high, rule = _RULES[name]
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(name, rule, value) from None
        wrong = ~((array >= low) & (array <= high))
        if wrong.any():
            raise InputError(name, rule, array[wrong].ravel()[0].item())
        arrays.append(array)
    return tuple(np.broadcast_arrays(*arrays))
