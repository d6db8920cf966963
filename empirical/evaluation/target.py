"""Finding the network to evaluate: a run folder, a checkpoint, or module:factory."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from ...errors import InputError
from ..training.checkpoint import LoadedRun, load_run

_RULE = "be a run folder, a checkpoint, or module:factory"


@dataclass(frozen=True)
class Target:
    """A network to evaluate.

    Attributes
    ----------
    text : str
        How it was named.
    model : torch.nn.Module
        On the device asked for.
    run : LoadedRun or None
        What is known of its training.
    """

    text: str
    model: nn.Module
    run: LoadedRun | None = None


def load_target(text: str, device: torch.device | str = "cpu") -> Target:
    """Return the network that a text names.

    Parameters
    ----------
    text : str
        Path of a run folder or of a checkpoint; or "module:factory" for any network: the
        module is imported, from the current folder too, and `factory()` is called. It
        returns a torch.nn.Module that takes pixels in [0, 1]; a module object in its place
        does as well.
    device : device
        Where the network should be.

    Raises
    ------
    InputError
        If there is no such path, module or factory, or the factory fails; the message says
        how.
    StoreError
        If a checkpoint cannot be used.
    """
    if Path(text).exists():
        run = load_run(text, device)
        return Target(text, run.model, run)
    module_name, colon, attribute = text.partition(":")
    if not colon or not module_name or not attribute:
        raise InputError("model", _RULE, text, "There is no such file or folder.")
    model = _call(_attribute(_import(module_name, text), attribute, text), text)
    return Target(text, model.to(device))


def _import(name: str, text: str) -> ModuleType:
    try:
        with _current_folder():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # The module itself, or a package it is in: not one that it imports.
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            hint = f"There is no module {error.name} here or installed."
            raise InputError("model", _RULE, text, hint) from None
        raise InputError("model", "import", text, f"It needs {error.name}.") from error
    except Exception as error:
        raise InputError("model", "import without error", text, _reason(error)) from error


@contextmanager
def _current_folder() -> Iterator[None]:
    """Let imports find modules of the current folder, as `python -m` does."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _attribute(module: ModuleType, name: str, text: str) -> object:
    if hasattr(module, name):
        found: object = getattr(module, name)
        return found
    near = difflib.get_close_matches(name, dir(module), n=1)
    hint = f"Module {module.__name__} has no {name}." + (
        f" Did you mean {near[0]}?" if near else ""
    )
    raise InputError("model", "name a factory in its module", text, hint)


def _call(factory: object, text: str) -> nn.Module:
    made = factory
    if not isinstance(factory, nn.Module):
        if not callable(factory):
            raise InputError("model", "name a callable", text, f"It is a {_kind(factory)}.")
        try:
            with _current_folder():
                made = factory()
        except Exception as error:
            hint = f"Calling it fails: {_reason(error)}"
            raise InputError("model", "name a factory that works", text, hint) from error
    if not isinstance(made, nn.Module):
        hint = f"It returns a {_kind(made)}."
        raise InputError("model", "name a factory of a torch.nn.Module", text, hint)
    return made


def _kind(value: object) -> str:
    return type(value).__name__


def _reason(error: Exception) -> str:
    first = str(error).strip().splitlines()
    return f"{_kind(error)}: {first[0]}" if first else f"{_kind(error)}."
