"""Finding the network to evaluate, wherever it comes from."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ...errors import InputError
from ...store import read_json
from ..models.described import load_described
from ..models.exporting import load_exported
from ..models.own import call_factory
from ..training.checkpoint import LoadedRun, load_run
from .zoo import ZOOS, load_from_zoo

_RULE = "be a run folder, a checkpoint, module:factory, a description, timm:, hf: or robustbench:"


def load_target(
    text: str, device: torch.device | str = "cpu", layers: Path | None = None
) -> tuple[nn.Module, LoadedRun | None]:
    """Return the network that a text names, on a device, and what is known of its training.

    The text is the path of a run folder or a checkpoint; "module:factory" (see
    :func:`~spadv.empirical.models.own.call_factory`) for any network that takes pixels in [0, 1];
    "timm:NAME", "hf:REPO" or "robustbench:NAME"; a `.json` file, a description of layers that names
    its weights; or a `.safetensors` file that :func:`spadv.empirical.models.export` wrote. With
    `layers`, a description or the fields of a :class:`ModelSpec` as JSON, it is a file of weights.
    InputError says what does not exist or fails.
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
    if not all(text.partition(":")):
        raise InputError("model", _RULE, text, "There is no such file or folder.")
    return call_factory(text).to(device), None
