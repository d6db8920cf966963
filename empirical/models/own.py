"""Networks of one's own: "module:factory", for training and for evaluation."""

from __future__ import annotations

import copy
import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from ...errors import InputError


def call_factory(text: str, **known: int) -> nn.Module:
    """Return the network that "module:factory" makes.

    The module is imported, from the current folder too, and the factory called with those of the
    `known` arguments that it has parameters for. A module object in its place does as well.
    InputError if there is no such module or factory, it needs other arguments, or it fails.
    """
    module, _, attribute = text.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)  # as `python -m` does
    try:
        return _call(_attribute(module, attribute, text), text, known)
    finally:
        sys.path.remove(here)


def _arguments(factory: Callable[..., Any], text: str, known: Mapping[str, int]) -> dict[str, int]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # of some built-in callables
        return {}
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if missing := [name for name in needed if name not in known]:
        most = ", ".join(known) or "none"
        hint = f"It needs {', '.join(missing)}; what can be given is {most}."
        raise InputError("model", "name a factory that works without arguments", text, hint)
    return {p.name: known[p.name] for p in parameters if p.name in known}


def _attribute(name: str, attribute: str, text: str) -> object:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        # The module itself, or a package it is in: not one that it imports.
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            hint = f"There is no module {error.name} here or installed."
            raise InputError("model", "name a module that can be imported", text, hint) from None
        raise InputError("model", "import", text, f"It needs {error.name}.") from error
    except Exception as error:
        raise InputError("model", "import without error", text, _reason(error)) from error
    if not hasattr(module, attribute):
        near = difflib.get_close_matches(attribute, dir(module), n=1)
        hint = f"Module {name} has no {attribute}." + (f" Did you mean {near[0]}?" if near else "")
        raise InputError("model", "name a factory in its module", text, hint)
    found: object = getattr(module, attribute)
    return found


def _call(factory: object, text: str, known: Mapping[str, int]) -> nn.Module:
    if isinstance(factory, nn.Module):
        return copy.deepcopy(factory) if known else factory
    if not callable(factory):
        hint = f"It is {_a(type(factory).__name__)}."
        raise InputError("model", "name a callable", text, hint)
    given = _arguments(factory, text, known)
    try:
        made = factory(**given)
    except Exception as error:
        hint = f"Calling it fails: {_reason(error)}"
        raise InputError("model", "name a factory that works", text, hint) from error
    if not isinstance(made, nn.Module):
        hint = f"It returns {_a(type(made).__name__)}."
        raise InputError("model", "name a factory of a torch.nn.Module", text, hint)
    return made


def _a(name: str) -> str:
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"


def _reason(error: Exception) -> str:
    name, first = type(error).__name__, str(error).strip().splitlines()
    return f"{name}: {first[0]}" if first else f"{name}."
