"""Typed settings: frozen dataclasses that are checked, read from tables, and compared.

A field made by :func:`option` says once what it is for, how it is checked, and what the
command line calls it. A check is called as ``check(place, value, **rules)``; it returns the
value, converted perhaps, or raises :class:`~spadv.errors.InputError`. A nested settings class
is the default of its own field. None stands where None is the default.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .checks import choose
from .errors import InputError, StoreError

Settings = TypeVar("Settings")


def option(
    default: Any,
    meaning: str,
    check: Callable[..., Any] | None = None,
    *,
    flag: str = "",
    **rules: Any,
) -> Any:
    """Return a dataclass field with its help text, its check, and its command-line name.

    `default` may be a settings class, for a nested table; `meaning` is one line, the help text of
    the command line; `check` one such as those of :mod:`spadv.checks`, called with the `rules`;
    `flag` the name of the command-line option, empty for none.

    Examples
    --------
    >>> from spadv.checks import check_integer
    >>> @dataclasses.dataclass(frozen=True)
    ... class Sampling(Checked):
    ...     samples: int = option(100, "Samples to draw.", check_integer, minimum=1)
    >>> read_settings(Sampling, {"sample": 3}, "sampling.")
    Traceback (most recent call last):
    ...
    spadv.errors.InputError: Argument 'sampling.sample' must be a known key (samples), \
got 'sample'. Did you mean sampling.samples?
    """
    metadata = {"help": meaning, "check": check, "flag": flag, "rules": rules}
    if isinstance(default, type):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


class Checked:
    """Base of a frozen dataclass whose options are checked when it is made."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = _checked(field, field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, value)


def read_settings(
    cls: type[Settings], table: Any, place: str = "", base: Settings | None = None
) -> Settings:
    """Return settings from a table as TOML or JSON have it, nested settings as tables.

    If their class has a method `parse` (of a text and its place), text may stand for the table.
    `place` is put before a key in errors, such as "model."; `base` has the values of keys that are
    left out, in place of the defaults.
    """
    parse: Callable[[str, str], Settings] | None = getattr(cls, "parse", None)
    if isinstance(table, str) and parse is not None:
        return parse(table, place.rstrip("."))
    check_table(place.rstrip("."), table)
    check_keys(table, field_names(cls), place)
    values = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if field.name in table:
            value, where = table[field.name], place + field.name
            nested = _nested(field)
            values[field.name] = (
                read_settings(nested, value, where + ".")
                if nested
                else _checked(field, where, value)
            )
    return cls(**values) if base is None else dataclasses.replace(base, **values)  # type: ignore[type-var]


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # also too deep, or numbers too long
        raise InputError("config", f"be TOML ({error})", str(path)) from None


def read_value(text: str) -> Any:
    """Return a value as TOML has it; what is none is text.

    Examples
    --------
    >>> read_value("0.02"), read_value("[75, 90]"), read_value("true"), read_value("vgg16")
    (0.02, [75, 90], True, 'vgg16')
    """
    try:
        found = tomllib.loads(f"value = {text.strip()}")
    except (ValueError, RecursionError):
        return text.strip()
    return found["value"] if set(found) == {"value"} else text.strip()


def to_table(settings: Any) -> dict[str, Any]:
    """Return plain JSON values that :func:`read_settings` reads back."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(settings)))
    return plain


def digest_of_table(table: Any) -> str:
    """Return the SHA-256 of plain JSON values in hexadecimal; the order of keys is no matter."""
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return in words where two tables differ, one key a clause.

    Examples
    --------
    >>> difference({"model": {"name": "lenet"}}, {"model": {"name": "vgg16"}})
    "model.name is 'lenet' here, 'vgg16' there"
    """
    mine, theirs = dict(_flat(one)), dict(_flat(other))
    return "; ".join(
        f"{key} is {mine.get(key)!r} here, {theirs.get(key)!r} there"
        for key in sorted(set(mine) | set(theirs))
        if mine.get(key) != theirs.get(key)
    )


def flags(cls: type[Any], place: str = "") -> Iterator[tuple[str, str, dataclasses.Field[Any]]]:
    """Yield the options of a command line: flag, place ("model.name") and field of each."""
    for field in dataclasses.fields(cls):
        if field.metadata.get("flag"):
            yield field.metadata["flag"], place + field.name, field
        elif nested := _nested(field):
            yield from flags(nested, f"{place}{field.name}.")


def field_names(cls: type[Any]) -> set[str]:
    """Return the names of a dataclass's fields."""
    return {field.name for field in dataclasses.fields(cls)}


def check_keys(table: Mapping[str, Any], known: Iterable[str], place: str = "") -> None:
    """Raise InputError for the first unknown key of a table, naming the nearest known one."""
    for key in table:
        try:
            choose(f"{place}{key}", key, sorted(known))
        except InputError as error:
            hint = error.hint.replace("Did you mean ", f"Did you mean {place}")
            rule = f"be a known key ({', '.join(sorted(known))})"
            raise InputError(f"{place}{key}", rule, key, hint) from None


def check_table(argument: str, value: Any) -> dict[str, Any]:
    """Return a mapping as a dict, or raise InputError."""
    if not isinstance(value, Mapping):
        raise InputError(argument, "be a table", value)
    return dict(value)


def check_bool(argument: str, value: Any) -> bool:
    """Return True or False, or raise InputError for anything else."""
    if not isinstance(value, bool):
        raise InputError(argument, "be true or false", value)
    return value


def _checked(field: dataclasses.Field[Any], place: str, value: Any) -> Any:
    check = field.metadata.get("check")
    if check is None or (value is None and field.default is None):
        return value
    return check(place, value, **field.metadata["rules"])


def _nested(field: dataclasses.Field[Any]) -> type[Any] | None:
    kind: Any = field.default_factory
    return kind if isinstance(kind, type) and dataclasses.is_dataclass(kind) else None


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, f"{place}[{index}]")
    else:
        yield place, value
