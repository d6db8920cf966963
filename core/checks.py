"""The one place where arguments of both halves are checked.

numpy is imported only where arrays are checked: `spadv --help` names the options of settings
classes, which use this module, and must answer at once.
"""

from __future__ import annotations

import difflib
import math
import operator
import sys
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def check_integer(
    argument: str, value: Any, *, minimum: int | None = None, maximum: int | None = None
) -> int:
    """Return `value` as an int, or raise :class:`InputError`.

    Booleans and non-integral floats are refused; numpy integers are accepted.

    Examples
    --------
    >>> check_integer("n", 7, minimum=1)
    7
    """
    rule = "be an integer" + ("" if minimum is None else f" of at least {minimum}")
    if isinstance(value, bool):
        raise InputError(argument, rule, value)
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(argument, rule, value) from None
    if minimum is not None and number < minimum:
        raise InputError(argument, rule, value)
    if maximum is not None and number > maximum:
        raise InputError(argument, f"be at most {maximum}", value)
    return number


def check_real(
    argument: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    rule: str | None = None,
) -> float:
    """Return `value` as a finite float in [low, high], or raise :class:`InputError`.

    True is no number, and nor is text.

    Examples
    --------
    >>> check_real("p", 0.7, low=0.5, high=1)
    0.7
    """
    if rule is None:
        rule = f"be a finite number in [{low:g}, {high:g}]"
        if math.isinf(high):
            rule = "be a finite number" + ("" if math.isinf(low) else f" of at least {low:g}")
    # float() takes text, and True for 1.
    if isinstance(value, bool | str | bytes) or "bool" in str(getattr(value, "dtype", "")):
        raise InputError(argument, rule, value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # 10**400 is beyond the floats
        raise InputError(argument, rule, value) from None
    if not math.isfinite(number) or not low <= number <= high:
        raise InputError(argument, rule, value)
    return number


def check_probability(argument: str, value: Any) -> float:
    """Return the agreement probability p of x0 with the label, in [1/2, 1]."""
    return check_real(argument, value, low=0.5, high=1, rule="lie in [1/2, 1]")


def check_budget(argument: str, value: Any) -> float:
    """Return an attack budget: a finite number of at least 0."""
    # Beyond 1e100 the margins of rules overflow; nothing changes from 4 on anyway.
    return check_real(argument, value, low=0, high=1e100, rule="be a finite number of at least 0")


def check_level(level: Any) -> float:
    """Return a confidence level strictly between 0 and 1, or raise :class:`InputError`."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise InputError("level", "lie strictly between 0 and 1", level)
    return float(level)


def check_seeds(seeds: Any, *, minimum: int = 1) -> int:
    """Return how many seeds to train with, of which there is a list."""
    return check_integer("seeds", seeds, minimum=minimum, maximum=10_000)


def check_fraction(
    argument: str, value: object, *, low: float = 0.0, high: float = math.inf
) -> float:
    """Return a number given as a number or as text such as "8/255".

    Examples
    --------
    >>> check_fraction("budget", "8/256")
    0.03125
    >>> check_fraction("budget", 0.3)
    0.3
    """
    rule = "be a number or a fraction like 8/255"
    rule += "" if math.isinf(low) else f", at least {low:g}"
    rule += "" if math.isinf(high) else f" and at most {high:g}"
    number = value
    if isinstance(value, str):
        try:
            number = float(Fraction(value.replace(" ", "")) if "/" in value else value)
        except (ValueError, ZeroDivisionError, OverflowError):
            raise InputError(argument, rule, value) from None
    return check_real(argument, number, low=low, high=high, rule=rule)


def choose(argument: str, name: object, options: Iterable[str]) -> str:
    """Return `name` if it is one of the options, or raise naming the nearest one.

    Examples
    --------
    >>> choose("model", "stdcnn", ["stdcnn", "vgg16"])
    'stdcnn'
    >>> choose("model", "vgg-16", ["stdcnn", "vgg16"])
    Traceback (most recent call last):
    ...
    spadv.errors.InputError: Argument 'model' must be one of stdcnn, vgg16, got 'vgg-16'. \
Did you mean vgg16?
    >>> choose("experiment", "fig8a", ["fig8", "fig8a-b"])
    Traceback (most recent call last):
    ...
    spadv.errors.InputError: Argument 'experiment' must be one of fig8, fig8a-b, got 'fig8a'. \
Did you mean fig8a-b?
    """
    known = list(options)
    if isinstance(name, str) and name in known:
        return name
    lowered = {option.lower(): option for option in known}
    given = str(name).lower()
    near = [option for option in lowered if given and option.startswith(given)]
    near = near or difflib.get_close_matches(given, lowered, n=1, cutoff=0.5)
    hint = f"Did you mean {lowered[near[0]]}?" if near else ""
    raise InputError(argument, "be one of " + ", ".join(known), name, hint)


_FRACTION = (0.0, 1.0, "lie in [0, 1]")
_RULES = {
    "spatial": _FRACTION,
    "accuracy": _FRACTION,
    "adversarial": _FRACTION,
    "delta": _FRACTION,
    "p": (0.5, 1.0, "lie in [1/2, 1]"),
    "budget": (0.0, math.inf, "be at least 0"),
    "distance": (0.0, sys.float_info.max, "be finite and at least 0"),
    "mean_norm": (sys.float_info.min, sys.float_info.max, "be finite and above 0"),
    "n_shifts": (1.0, math.inf, "be at least 1"),
    "n": (1.0, math.inf, "be at least 1"),
    "d": (1.0, math.inf, "be at least 1"),
    "kappa": (-1.0, 1.0, "lie in [-1, 1]"),
}


def real_array(argument: str, rule: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return a float64 copy of an array of numbers."""
    import numpy as np

    try:
        array = np.asarray(value)
        if array.dtype.kind in "bSU":  # True is no number, and nor is text
            raise TypeError
        return np.array(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(argument, rule, value) from None


def fractions(**arguments: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Check every argument against the rule of its name (NaN breaks it), and broadcast them."""
    import numpy as np

    arrays = []
    for name, value in arguments.items():
        low, high, rule = _RULES[name]
        array = real_array(name, rule, value)
        wrong = ~((array >= low) & (array <= high))
        if wrong.any():
            raise InputError(name, rule, array[wrong].ravel()[0].item())
        arrays.append(array)
    return tuple(np.broadcast_arrays(*arrays))
