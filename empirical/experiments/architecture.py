"""The layers of a network, with the shapes that come out of them and their parameters."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..attacks import attacking
from ..models import ModelSpec, build_spec, count_parameters


def architecture(spec: ModelSpec) -> dict[str, Any]:
    """Return the layers of a network in the order in which an image passes them.

    The network is built, and one black image is sent through it, so that the table cannot
    differ from the code.

    Parameters
    ----------
    spec : ModelSpec
        The network.

    Returns
    -------
    dict
        "label", "image" (its shape), "layers" (each with "name", "kind", "output" shape of
        one image, "parameters") and "parameters", all of them.

    Examples
    --------
    >>> table = architecture(ModelSpec("stdcnn", 10, 1, 28))
    >>> table["parameters"], table["layers"][0]["output"]
    (23010, [10, 26, 26])
    """
    model = build_spec(spec)
    layers: list[dict[str, Any]] = []
    hooks = []

    def record(name: str, module: nn.Module) -> None:
        def hook(_: nn.Module, inputs: Any, output: Tensor) -> None:
            layers.append(
                {
                    "name": name,
                    "kind": type(module).__name__,
                    "output": list(output.shape[1:]),
                    "parameters": sum(p.numel() for p in module.parameters()),
                }
            )

        hooks.append(module.register_forward_hook(hook))

    for name, module in model.named_modules():
        if not list(module.children()) and name:
            record(name, module)
    image = (spec.in_channels, spec.image_size, spec.image_size)
    try:
        with torch.no_grad(), attacking(model) as network:
            network(torch.zeros(1, *image))
    finally:
        for hook in hooks:
            hook.remove()
    group = f", {spec.group.upper()}" if spec.group else ""
    return {
        "label": f"{spec.name}{group}",
        "image": list(image),
        "layers": [layer for layer in layers if layer["kind"] not in ("Identity", "Normalise")],
        "parameters": count_parameters(model),
    }
