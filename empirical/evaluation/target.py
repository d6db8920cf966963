"""Finding the network to evaluate, wherever it comes from: public collections, too."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor, nn

from ...errors import InputError, StoreError
from ...store import read_json
from ..calling import reason_of
from ..models import Normalise
from ..models.described import load_described
from ..models.exporting import load_exported
from ..models.own import call_factory
from ..training.checkpoint import LoadedRun, load_run

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


class ZooNetwork(nn.Module):
    """Somebody's network behind its normalisation, so that it takes pixels in [0, 1].

    Logits that come inside an object, as those of transformers do, are taken out of it.
    """

    def __init__(
        self, network: nn.Module, mean: Sequence[float] | None, std: Sequence[float] | None
    ) -> None:
        super().__init__()
        self.normalise = Normalise(mean, std)
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, classes) of images (B, C, H, W), pixels in [0, 1]."""
        found: Any = self.network(self.normalise(x))
        logits: Tensor = getattr(found, "logits", found)
        return logits


def load_from_zoo(zoo: str, name: str) -> nn.Module:
    """Return a published network with its weights, in evaluation mode.

    Collections are "timm", "robustbench" and "hf", which takes repositories of timm or
    transformers, and those whose config.json is a description of layers
    (:mod:`spadv.empirical.models.described`). InputError for a name that the collection does not
    have, with the nearest ones, for a package that is not installed, and for weights that cannot
    be downloaded.
    """
    if not name:
        raise InputError("model", f"name a network after {zoo}:", f"{zoo}:")
    try:
        return ZOOS[zoo](name).eval()
    except ImportError as error:
        missing = (error.name or str(error)).split(".")[0]
        hint = f"It needs {missing}, which is not installed: pip install 'spadv[{zoo}]'."
        if zoo == "robustbench" and missing == "autoattack":
            hint = "It needs autoattack: pip install git+https://github.com/fra31/auto-attack."
        raise InputError("model", "be of an installed collection", f"{zoo}:{name}", hint) from None
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        # Their errors of missing repositories and of missing connections have this base alike.
        rule = "be a network that can be downloaded"
        raise InputError("model", rule, f"{zoo}:{name}", reason_of(error)) from None


def _unknown(zoo: str, name: str, known: Iterable[str]) -> InputError:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else ""
    return InputError("model", f"be a network with weights in {zoo}", f"{zoo}:{name}", hint)


def _timm(name: str) -> nn.Module:
    timm = importlib.import_module("timm")
    known = {each.split(".")[0] for each in timm.list_models(pretrained=True)}
    elsewhere = ":" in name  # hf_hub:..., local-dir:...
    if not elsewhere and name.split(".")[0] not in known:
        raise _unknown("timm", name, known)
    try:
        network = timm.create_model(name, pretrained=True)
    except RuntimeError as error:
        raise InputError("model", "be a network of timm", f"timm:{name}", f"{error}") from None
    config = network.pretrained_cfg
    return ZooNetwork(network, config.get("mean"), config.get("std"))


def _hf(repository: str) -> nn.Module:
    hub = importlib.import_module("huggingface_hub")
    try:
        file = Path(hub.hf_hub_download(repository, "config.json"))
    except ValueError as error:  # not a name of a repository
        raise InputError("model", "name a repository", f"hf:{repository}", f"{error}") from None
    config = read_json(file)
    if "architecture" in config:
        return _timm(f"hf_hub:{repository}")
    if "layers" in config:
        hub.hf_hub_download(repository, str(config.get("weights")))
        return load_described(file)
    if "model_type" not in config:
        rule = "be a repository of timm, of transformers, or with a description of layers"
        raise InputError("model", rule, f"hf:{repository}")
    transformers = importlib.import_module("transformers")
    try:
        network = transformers.AutoModelForImageClassification.from_pretrained(repository)
        processor = transformers.AutoImageProcessor.from_pretrained(repository)
    except (ValueError, KeyError) as error:
        rule = "hold a classifier of images"
        raise InputError("model", rule, f"hf:{repository}", reason_of(error)) from None
    scaled = getattr(processor, "do_normalize", False)
    mean, std = (processor.image_mean, processor.image_std) if scaled else (None, None)
    return ZooNetwork(network, mean, std)


def _robustbench(name: str) -> nn.Module:
    zoo = importlib.import_module("robustbench.model_zoo")
    utils = importlib.import_module("robustbench.utils")
    known = []
    for data, threats in zoo.model_dicts.items():
        for threat, networks in threats.items():
            if name in networks:
                home = platformdirs.user_cache_path("spadv") / "robustbench"
                network: nn.Module = utils.load_model(
                    name, model_dir=str(home), dataset=data.value, threat_model=threat.value
                )
                return network
            known += list(networks)
    raise _unknown("robustbench", name, known)


ZOOS: dict[str, Callable[[str], nn.Module]] = {
    "timm": _timm,
    "hf": _hf,
    "robustbench": _robustbench,
}
