"""Errors that tell a person what to change."""

from __future__ import annotations

import math
import operator
from typing import Any


class SpadvError(Exception):
    """Base class of every error that spadv raises on purpose."""


class InputError(SpadvError, ValueError):
    """An argument breaks a rule; the message names argument, rule and value.

    Parameters
    ----------
    argument : str
        Name of the offending argument.
    rule : str
        What the argument must satisfy, as the end of "must ...".
    value : object
        The offending value.
    hint : str, optional
        One more sentence that helps to mend it.

    Examples
    --------
    >>> str(InputError("p", "lie in [1/2, 1]", 0.3))
    "Argument 'p' must lie in [1/2, 1], got 0.3."
    """

    def __init__(self, argument: str, rule: str, value: object, hint: str = "") -> None:
        text = f"Argument '{argument}' must {rule}, got {_show(value)}."
        super().__init__(f"{text} {hint}" if hint else text)
        self.argument = argument
        self.rule = rule
        self.value = value


class TooLargeError(InputError):
    """A computation was refused because its estimated cost is out of reach."""


class SimulationMismatchError(SpadvError, RuntimeError):
    """A simulation contradicts its closed form: the software is wrong, not the user."""


class RunFailedError(SpadvError, RuntimeError):
    """A computation could not go on, for instance a diverged training; not bad input."""


class StoreError(SpadvError, OSError):
    """A results folder cannot be written, read, or mixed with what it holds."""


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def check_integer(argument: str, value: Any, *, minimum: int | None = None) -> int:
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

    Examples
    --------
    >>> check_real("p", 0.7, low=0.5, high=1)
    0.7
    """
    rule = rule or f"be a finite number in [{low:g}, {high:g}]"
    try:
        number = float(value)
    except (TypeError, ValueError):
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
