"""What is shown of networks themselves: their layers, and decision boundaries (Figure 15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...store import Store
from ..attacks import attacking, deepfool
from ..data import load
from ..models import ModelSpec, build_spec, count_parameters
from ..training import load_run
from .plan import Variant

#: Images of the embedded sample among which the one to show is looked for.
CANDIDATES = 50
#: Points a side of the map.
POINTS = 81


def layers(spec: ModelSpec) -> dict[str, Any]:
    """Return the layers of a network in the order in which an image passes them.

    The network is built, and one black image is sent through it, so that the table cannot
    differ from the code: "label", "image" (its shape), "layers" (each with "name", "kind", "output"
    shape of one image, "parameters") and "parameters", all of them.
    """
    model = build_spec(spec)
    rows: list[dict[str, Any]] = []

    def record(module: nn.Module, inputs: Any, output: Tensor) -> None:
        parameters = sum(p.numel() for p in module.parameters())
        kind, shape = type(module).__name__, list(output.shape[1:])
        name = names[module]
        rows.append({"name": name, "kind": kind, "output": shape, "parameters": parameters})

    names = {module: name for name, module in model.named_modules() if not list(module.children())}
    for module in names:
        if type(module).__name__ not in ("Identity", "Normalise"):
            module.register_forward_hook(record)
    image = (spec.in_channels, spec.image_size, spec.image_size)
    with torch.no_grad(), attacking(model) as network:
        network(torch.zeros(1, *image))
    group = f", {spec.group.upper()}" if spec.group else ""
    return {
        "label": f"{spec.name}{group}",
        "image": list(image),
        "layers": rows,
        "parameters": count_parameters(model),
    }


def boundary_picture(variants: Sequence[Variant], store: Store) -> dict[str, Any]:
    """Return a plane through a digit in which the nearest boundaries of two networks lie.

    The digit is that of the first :data:`CANDIDATES` of the embedded sample whose distances
    are nearest to their medians. The plane is spanned by the two perturbations that DeepFool
    finds; coordinates are l2 distances from the digit. Both networks' margins are given on a
    grid. The networks must be trained.
    """
    models = [load_run(variant.jobs[0].folder(store).path).model for variant in variants]
    x, _ = load().test.batch(slice(0, CANDIDATES))
    found = [deepfool(model, x) for model in models]
    distances = torch.stack([l2 for _, l2 in found])
    number = _typical(distances)
    picture: dict[str, Any] = {"type": "boundary", "title": "A plane through one digit", "maps": []}
    if number is None:
        return picture
    centre = x[number]
    steps = torch.stack([x_adv[number] - centre for x_adv, _ in found])
    basis = _orthonormal(steps.flatten(1).double())
    reach = 1.35 * float(distances[:, number].max())
    side = torch.linspace(-reach, reach, POINTS, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side) @ basis
    points = centre + grid.float().view(-1, *centre.shape)
    maps = [
        {
            "label": variant.name,
            "distance": float(l2[number]),
            "foot": (basis @ step.flatten().double()).tolist(),
            # One row a value of the first coordinate.
            "margins": _margins(model, centre, points),
        }
        for variant, model, step, l2 in zip(variants, models, steps, distances, strict=True)
    ]
    return picture | {"image": number, "reach": reach, "points": POINTS, "maps": maps}


def _typical(distances: Tensor) -> int | None:
    """Return the image whose two distances are nearest their medians; None if none is finite."""
    finite = torch.isfinite(distances).all(dim=0)
    if not bool(finite.any()):
        return None
    middle = distances[:, finite].median(dim=1).values
    away = ((distances - middle[:, None]).abs() / middle[:, None]).sum(dim=0)
    return int(torch.where(finite, away, torch.inf).argmin())


def _orthonormal(steps: Tensor) -> Tensor:
    """Return two orthonormal vectors, (2, d): the first along the second of two steps."""
    first = steps[1] / steps[1].norm()
    rest = steps[0] - (steps[0] @ first) * first
    if float(rest.norm()) < 1e-6 * float(steps[0].norm()):
        rest = torch.zeros_like(first)
        rest[int(first.abs().argmin())] = 1.0
        rest -= (rest @ first) * first
    return torch.stack([first, rest / rest.norm()])


def _margins(model: nn.Module, centre: Tensor, points: Tensor) -> list[list[float]]:
    """Return how far the logit of the centre's class is above all others, (side, side).

    To four digits of the largest: a picture shows no more.
    """
    with torch.no_grad(), attacking(model) as network:
        label = network(centre[None]).argmax(1)
        logits = torch.cat([network(part) for part in torch.split(points, 500)]).double()
    own = logits[:, label]
    others = logits.scatter(1, label.expand(len(logits), 1), -np.inf)
    margins = (own[:, 0] - others.max(1).values).view(POINTS, POINTS)
    largest = float(margins.abs().max())
    digits = 4 - round(np.log10(largest)) if largest > 0 else 0
    rows: list[list[float]] = margins.round(decimals=digits).tolist()
    return rows
