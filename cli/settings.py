"""Options of a command made from a settings class, the only place where they are named."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ..config import flags

Command = Callable[..., None]

#: What typer reads, by a field's type; all else is text, which the settings class checks.
_READ: dict[str, Any] = {"int": int, "float": float}


def takes(settings: type) -> Callable[[Command], Command]:
    """Put a settings class's options in the place of a command's parameter `settings`.

    The command gets a dictionary of the options' places ("model.name"), None where an option
    is not given.
    """
    options = {flag.replace("-", "_"): (place, field) for flag, place, field in flags(settings)}

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            values = {place: given.pop(name) for name, (place, _) in options.items()}
            command(**given, settings=values)

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            if parameter.name != "settings":
                parameters.append(parameter)
                continue
            for name, (_, field) in options.items():
                kind = _READ.get(str(field.type).removesuffix(" | None"), str)
                shown: Any = Annotated[kind | None, typer.Option(help=field.metadata["help"])]
                parameters.append(parameter.replace(name=name, annotation=shown, default=None))
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate
