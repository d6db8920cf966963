"""Options that many commands share, and options made from a settings class."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..config import flags
from ..empirical.settings import check_device
from ..errors import InputError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
DataRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of data sets; $SPADV_DATA or ~/.cache/spadv/data by default."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.", callback=check_device)]
CODEWORD = (
    "simplex:K, legendre:N, random:D:SEED, dual-bch:K, qr:N, low:D:M (far from its shifts by "
    "multiples of M), a string of + and -, hexadecimal digits, or a file."
)
Codeword = Annotated[str, typer.Option(help=CODEWORD)]
Shift = Annotated[int, typer.Option(help="m, a divisor of the length.")]
P = Annotated[float, typer.Option("--p", help="Probability in [1/2, 1] that x0 is the label.")]
Budget = Annotated[float, typer.Option("--budget", help="Attack budget e = eps sqrt(d), >= 0.")]
Level = Annotated[float, typer.Option(help="Confidence level of intervals.")]


def check_folder(option: typer.CallbackParam, path: Path | None) -> Path | None:
    """Refuse, before any work, what can be no folder; it and those above need not exist yet."""
    if path is not None and (why := _obstacle(path)):
        raise InputError(_name(option), "be a folder, or free to become one", str(path), why)
    return path


def check_file(option: typer.CallbackParam, path: Path | None) -> Path | None:
    """Refuse, before any work, what can be no file."""
    if path is not None and (why := _obstacle(path.parent) or _obstacle(path, "It is a folder.")):
        raise InputError(_name(option), "be a file, or free to become one", str(path), why)
    return path


def _obstacle(path: Path, folder: str = "") -> str:
    """Return why there can be no folder at a path; and `folder` if there is one."""
    for near in (path, *path.parents):
        try:
            if near.is_dir():
                return folder if near is path else ""
        except OSError as error:  # a name that is too long, for instance
            return f"{error.strerror}."
        if os.path.lexists(near):
            return "" if folder else f"{near} is no folder."
    return ""


def _name(option: typer.CallbackParam) -> str:
    return max(option.opts, key=len).lstrip("-")


def read_share(text: str) -> tuple[int, int]:
    """Return the numbers of a share such as 2/4."""
    parts = text.split("/")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise InputError("shard", "be i/n with 1 <= i <= n, such as 2/4", text)
    return int(parts[0]), int(parts[1])


Command = Callable[..., None]

#: What typer reads, by a field's type; all else is text, which the settings class checks.
_READ: dict[str, Any] = {"int": int, "float": float, "bool": bool}


def takes(*settings: type) -> Callable[[Command], Command]:
    """Put the options of settings classes in the place of a command's parameter `settings`.

    The command gets a dictionary of the options' places ("model.name"), None where an option
    is not given.
    """
    options = {
        flag.replace("-", "_"): (place, field)
        for one in settings
        for flag, place, field in flags(one)
    }

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            values = {place: given.pop(name) for name, (place, _) in options.items()}
            try:
                command(**given, settings=values)
            except InputError as error:
                # Who gave an option knows its name, and not that of the setting.
                for name, (place, _) in options.items():
                    whole, _, part = error.argument.partition(" ")
                    if whole == place and values[place] is not None:
                        raise error.about(f"{name.replace('_', '-')} {part}".strip()) from None
                raise

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            if parameter.name != "settings":
                parameters.append(parameter)
                continue
            for name, (_, field) in options.items():
                kind = _READ.get(str(field.type).removesuffix(" | None"), str)
                own = [f"--{name.replace('_', '-')}"] if kind is bool else []  # no --no-...
                told = typer.Option(*own, help=field.metadata["help"])
                shown: Any = Annotated[kind | None, told]
                parameters.append(parameter.replace(name=name, annotation=shown, default=None))
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate
