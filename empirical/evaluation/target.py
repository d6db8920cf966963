"""Finding the network to evaluate, wherever it comes from."""

from __future__ import annotations

import difflib
import importlib
import sys
from pathlib import Path

import torch
from torch import nn

from ...errors import InputError
from ...store import read_json
from ..models.described import load_described
from ..models.exporting import load_exported
from ..training.checkpoint import LoadedRun, load_run
from .zoo import ZOOS, load_from_zoo

_RULE = "be a run folder, a checkpoint, module:factory, a description, timm:, hf: or robustbench:"


def load_target(
    text: str, device: torch.device | str = "cpu", layers: Path | None = None
) -> tuple[nn.Module, LoadedRun | None]:
    """Return the network that a text names, on a device, and what is known of its training.

    Parameters
    ----------
    text : str
        Path of a run folder or of a checkpoint; or "module:factory" for any network: the
        module is imported, from the current folder too, and `factory()` is called. It
        returns a torch.nn.Module that takes pixels in [0, 1]; a module object in its place
        does as well. "timm:NAME", "hf:REPO" or "robustbench:NAME": a published network. A
        `.json` file: a description of layers that names its weights. A `.safetensors` file that
        :func:`spadv.empirical.models.export` wrote.
    device : device
        Where the network should be.
    layers : Path, optional
        A description of layers, or the fields of a :class:`ModelSpec` as JSON; `text` is then a
        file of weights.

    Raises
    ------
    InputError
        If there is no such path, module or factory, or the factory fails; the message says
        how.
    StoreError
        If a checkpoint cannot be used.
    """
    if layers is not None:
        ours = "num_classes" in read_json(layers)
        made = load_exported(text, layers) if ours else load_described(layers, text)
        return made.to(device), None
    if text.endswith(".safetensors") and Path(text).is_file():
        return load_exported(text).to(device), None
    if text.endswith(".json") and Path(text).is_file():
        return load_described(text).to(device), None
    zoo, _, name = text.partition(":")
    if zoo in ZOOS:
        return load_from_zoo(zoo, name).to(device), None
    if Path(text).exists():
        run = load_run(text, device)
        return run.model, run
    module, colon, attribute = text.partition(":")
    if not colon or not module or not attribute:
        raise InputError("model", _RULE, text, "There is no such file or folder.")
    here = str(Path.cwd())
    sys.path.insert(0, here)  # as `python -m` does
    try:
        network = _call(_attribute(module, attribute, text), text)
    finally:
        sys.path.remove(here)
    return network.to(device), None


def _attribute(name: str, attribute: str, text: str) -> object:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        # The module itself, or a package it is in: not one that it imports.
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            hint = f"There is no module {error.name} here or installed."
            raise InputError("model", _RULE, text, hint) from None
        raise InputError("model", "import", text, f"It needs {error.name}.") from error
    except Exception as error:
        raise InputError("model", "import without error", text, _reason(error)) from error
    if not hasattr(module, attribute):
        near = difflib.get_close_matches(attribute, dir(module), n=1)
        hint = f"Module {name} has no {attribute}." + (f" Did you mean {near[0]}?" if near else "")
        raise InputError("model", "name a factory in its module", text, hint)
    found: object = getattr(module, attribute)
    return found


def _call(factory: object, text: str) -> nn.Module:
    if isinstance(factory, nn.Module):
        return factory
    if not callable(factory):
        hint = f"It is a {type(factory).__name__}."
        raise InputError("model", "name a callable", text, hint)
    try:
        made = factory()
    except Exception as error:
        hint = f"Calling it fails: {_reason(error)}"
        raise InputError("model", "name a factory that works", text, hint) from error
    if not isinstance(made, nn.Module):
        hint = f"It returns a {type(made).__name__}."
        raise InputError("model", "name a factory of a torch.nn.Module", text, hint)
    return made


def _reason(error: Exception) -> str:
    name, first = type(error).__name__, str(error).strip().splitlines()
    return f"{name}: {first[0]}" if first else f"{name}."
