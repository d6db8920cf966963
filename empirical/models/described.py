"""Networks that others trained, from a list of their layers in JSON and a file of weights.

A description is a JSON object::

    {"name": "small", "weights": "small.pt", "classes": 10, "mean": [0.13], "std": [0.31],
     "layers": [{"layer": "conv2d", "channels": [1, 16], "kernel": 4, "stride": 2, "padding": 1},
                {"layer": "relu"}, {"layer": "flatten"},
                {"layer": "linear", "features": [2704, 10]}]}

The weights are tensors named by a layer's place in the list ("0.weight"). "mean" and "std" are
of pixels in [0, 1]; they are subtracted and divided by inside the network. Optional: "sha256" of
the weights' file, which must then agree; "data", "trained", "published", "source", which tell
where the network comes from and are kept with its results. In the place of the list stands
{"architecture": "residual network of He et al. 2016, section 4.2", "n": 3,
"widths": [16, 32, 64]} for the residual networks of that paper's CIFAR-10 experiments.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...checks import check_integer, check_real, choose
from ...errors import InputError, StoreError
from ...store import read_json
from .classifier import Normalise
from .weights import load_weights, read_weights

_RESIDUAL = "residual network of He et al. 2016, section 4.2"
_NEEDED = ("name", "weights", "classes", "layers")


class DescribedNetwork(nn.Module):
    """The network of a `description`, a JSON object: normalisation, then its layers."""

    def __init__(self, description: Mapping[str, Any], layers: nn.Module) -> None:
        super().__init__()
        self.description = dict(description)
        self.normalise = Normalise(description.get("mean"), description.get("std"))
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, classes) of images (B, C, H, W), pixels in [0, 1]."""
        logits: Tensor = self.layers(self.normalise(x))
        return logits


def load_described(path: Path | str, weights: Path | str | None = None) -> DescribedNetwork:
    """Return the network of a description, a JSON file, with its weights, in evaluation mode.

    The `weights` are those that it names, in the same folder; with a file of one's own, "weights"
    and "sha256" of the description do not count. StoreError if the weights do not fit a layer,
    which is named with both shapes; InputError if the description breaks a rule.
    """
    path = Path(path)
    description = read_json(path)
    if weights is not None:
        description = {**description, "weights": str(weights)}
    for key in _NEEDED:
        if key not in description:
            raise InputError(key, "be in the description of a network", None, f"See {path}.")
    file = path.parent / str(description["weights"]) if weights is None else Path(weights)
    classes = check_integer("classes", description["classes"], minimum=2)
    network = DescribedNetwork(_checked(description), make_layers(description))
    state = read_weights(file)
    known = description.get("sha256") if weights is None else None
    if known is not None:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != known:
            raise StoreError(f"{file} is not the file that {path} describes: its SHA-256 differs")
    load_weights(network.layers, state, file)
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    outputs = last[-1].weight.shape[0] if last else classes
    if outputs != classes:
        raise InputError("classes", f"be {outputs}, the outputs of the last layer", classes)
    return network.eval()


def _checked(description: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check the normalisation: two lists of one length, or none."""
    mean, std = description.get("mean"), description.get("std")
    for key, value in (("mean", mean), ("std", std)):
        if value is None and mean is None and std is None:
            continue
        if not isinstance(value, list) or not value:
            raise InputError(key, "be a list with one number a channel, with mean and std", value)
        for number in value:
            check_real(key, number)
    if mean is not None and std is not None:
        if len(mean) != len(std):
            raise InputError("std", f"have {len(mean)} numbers, as mean has", std)
        if min(std) <= 0:
            raise InputError("std", "be positive", std)
    return description


def make_layers(description: Mapping[str, Any]) -> nn.Module:
    """Return the layers of a description, with weights still to be loaded."""
    layers = description["layers"]
    if isinstance(layers, Mapping):
        return _residual(layers, len(description.get("mean") or (0, 0, 0)), description["classes"])
    if not isinstance(layers, list) or not layers:
        raise InputError("layers", "be a list of layers", layers)
    made = []
    for place, layer in enumerate(layers):
        if not isinstance(layer, Mapping) or "layer" not in layer:
            raise InputError(f"layers[{place}]", 'be an object with the key "layer"', layer)
        options = {key: value for key, value in layer.items() if key != "layer"}
        name = choose("layer", layer["layer"], _LAYERS)
        try:
            made.append(_LAYERS[name](**options))
        except (TypeError, ValueError, RuntimeError) as error:
            rule = f"have the options of {name}"
            raise InputError(f"layers[{place}]", rule, dict(layer), f"{error}.") from None
    return nn.Sequential(*made)


def _conv2d(
    channels: list[int],
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
    bias: bool = True,
) -> nn.Module:
    inputs, outputs = channels
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias)


def _linear(features: list[int], bias: bool = True) -> nn.Module:
    inputs, outputs = features
    return nn.Linear(inputs, outputs, bias)


def _pool(kind: type[nn.Module]) -> Callable[..., nn.Module]:
    def make(kernel: int, stride: int | None = None, padding: int = 0) -> nn.Module:
        return kind(kernel, stride, padding)

    return make


def _batchnorm(channels: int, eps: float = 1e-5) -> nn.Module:
    return nn.BatchNorm2d(channels, eps)


#: Only these options are known: torch's own layers take more, such as a device.
_LAYERS: dict[str, Callable[..., nn.Module]] = {
    "conv2d": _conv2d,
    "linear": _linear,
    "batchnorm2d": _batchnorm,
    "relu": nn.ReLU,
    "leakyrelu": nn.LeakyReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "maxpool2d": _pool(nn.MaxPool2d),
    "avgpool2d": _pool(nn.AvgPool2d),
    "globalavgpool2d": partial(nn.AdaptiveAvgPool2d, 1),
    "dropout": nn.Dropout,
    "flatten": nn.Flatten,
}


def _residual(layers: Mapping[str, Any], channels: int, classes: int) -> nn.Module:
    """Return the network of 6n + 2 layers, its parameters named as its description says."""
    choose("architecture", str(layers.get("architecture", "")).split(" (")[0], (_RESIDUAL,))
    n = check_integer("n", layers.get("n"), minimum=1)
    widths = layers.get("widths")
    if not isinstance(widths, list) or not widths:
        raise InputError("widths", "be a list of numbers of channels", widths)
    widths = [check_integer("widths", width, minimum=1) for width in widths]
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(channels, widths[0], 3, padding=1, bias=False),
        bn1=nn.BatchNorm2d(widths[0]),
        relu=nn.ReLU(),
    )
    inputs = widths[0]
    for number, width in enumerate(widths, start=1):
        blocks = []
        for block in range(n):
            stride = 2 if number > 1 and block == 0 else 1
            blocks.append(_Block(inputs, width, stride))
            inputs = width
        parts[f"layer{number}"] = nn.Sequential(*blocks)
    parts |= {"average": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
    parts["linear"] = nn.Linear(inputs, classes)
    return nn.Sequential(parts)


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut of option A: strided pixels, zeros for the rest."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        before = self.more // 2
        shortcut = x[:, :, :: self.stride, :: self.stride]
        return torch.relu(y + F.pad(shortcut, (0, 0, 0, 0, before, self.more - before)))
