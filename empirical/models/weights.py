"""Weights of anybody's network: reading files without running what is in them, and loading."""

from __future__ import annotations

import pickle
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import StoreError
from ..calling import reason_of

#: What torch's reader raises for damaged files.
DAMAGED = (
    OSError, RuntimeError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile
)  # fmt: skip
#: Names under which people keep a state dictionary in a larger one.
_WITHIN = ("state_dict", "model_state_dict", "model", "net")
#: What wrappers put before every name: data-parallel training, and torch.compile.
_WRAPPERS = ("module.", "_orig_mod.")


def read_weights(path: Path | str) -> dict[str, Tensor]:
    """Return the state dictionary of a file, on the CPU; nothing in the file is ever executed.

    The file is one of `torch.save` (of the state dictionary, or of a dictionary that holds it as
    "state_dict", "model_state_dict", "model" or "net"), or a `.safetensors` file; "module." and
    "_orig_mod." in front of all names are dropped. StoreError if it holds anything but tensors
    and plain values, such as a whole pickled network.
    """
    path = Path(path)
    if not path.is_file():
        raise StoreError(f"there is no file of weights {path}")
    content = read_file(path)
    for key in _WITHIN:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    if not isinstance(content, dict) or not content:
        raise StoreError(f"{path} holds no weights: it is a {type(content).__name__}")
    others = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if others:
        raise StoreError(f"{path} holds no weights alone: {others[0]} is no tensor")
    while prefix := next((p for p in _WRAPPERS if all(n.startswith(p) for n in content)), None):
        content = {name.removeprefix(prefix): value for name, value in content.items()}
    return dict(content)


def read_file(path: Path, device: torch.device | str = "cpu") -> Any:
    """Return what a file of torch or safetensors holds; nothing in it is ever executed."""
    if path.suffix == ".safetensors":
        torch_part, error_of_theirs = _safetensors(path)
        try:
            return torch_part.load_file(path, device=str(device))
        except (error_of_theirs, *DAMAGED) as error:
            raise StoreError(f"{path} is damaged or no safetensors file: {error}") from None
    try:
        if zipfile.is_zipfile(path):  # torch's reader does not compare the checksums
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip()
            if broken is not None:
                raise StoreError(f"{path} is damaged: the checksum of {broken} is wrong")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles of other makers, which are refused
            return torch.load(path, map_location=device, weights_only=True)
    except StoreError:
        raise
    except pickle.UnpicklingError:
        reason = "it holds more than tensors and plain values, or is damaged; it was not loaded"
        hint = "Save model.state_dict() instead."
        raise StoreError(f"{path} was refused: {reason}. {hint}") from None
    except Exception as error:  # of what is no file of its own, torch's reader makes anything
        raise StoreError(f"{path} is damaged or no file of weights: {reason_of(error)}") from None


def read_metadata(path: Path) -> dict[str, str]:
    """Return the texts that a safetensors file carries beside its tensors; {} for other files."""
    if path.suffix != ".safetensors" or not path.is_file():
        return {}
    _, error_of_theirs = _safetensors(path)
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (error_of_theirs, *DAMAGED) as error:
        raise StoreError(f"{path} is damaged or no safetensors file: {error}") from None


def _safetensors(path: Path) -> tuple[Any, type[Exception]]:
    try:
        import safetensors
        import safetensors.torch
    except ModuleNotFoundError:
        raise StoreError(f"{path} needs safetensors: pip install safetensors") from None
    return safetensors.torch, safetensors.SafetensorError


def load_weights(model: nn.Module, state: Mapping[str, Tensor], source: Path) -> None:
    """Load a state dictionary into a network, or say how the two differ.

    Batch-norm's counters of batches, which old files lack, are left as they are.
    """
    own = model.state_dict()
    wrong = [
        f"lacks {name}"
        for name in own
        if name not in state and not name.endswith("num_batches_tracked")
    ]
    wrong += [f"has {name}, which the network has not" for name in state if name not in own]
    wrong += [
        f"{name} has shape {tuple(state[name].shape)}, not {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise StoreError(f"{source} is of another network: {'; '.join(wrong[:3])}{more}")
    model.load_state_dict(state, strict=False)
