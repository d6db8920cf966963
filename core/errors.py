"""Errors that tell a person what to change."""

from __future__ import annotations

from typing import Self


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
        self.hint = hint

    def about(self, argument: str) -> Self:
        """Return the same error, the argument called as the person who gave it knows it."""
        return type(self)(argument, self.rule, self.value, self.hint)


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
