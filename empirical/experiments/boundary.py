"""Figure 15 measured: the decision boundaries of two networks around one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import StoreError
from ...store import Store
from ..attacks import attacking, deepfool
from ..data import load
from ..training import load_run
from .job import Job

#: Images of the embedded sample among which the one to show is looked for.
CANDIDATES = 50
#: Points a side of the map.
POINTS = 81


@dataclass(frozen=True)
class BoundarySlice:
    """A plane through an image in which the nearest boundaries of two networks both lie.

    Attributes
    ----------
    title : str
        Above the picture.
    jobs : tuple of (str, Job)
        Two labels, and the jobs whose networks are shown.
    """

    title: str
    jobs: tuple[tuple[str, Job], tuple[str, Job]]

    def make(self, store: Store) -> dict[str, Any]:
        """Return margins of both networks on a grid in the plane.

        The image is that of the first :data:`CANDIDATES` of the embedded sample whose
        distances are nearest to their medians. The plane is spanned by the two
        perturbations that DeepFool finds; coordinates are l2 distances from the image.

        Raises
        ------
        StoreError
            If a network is not trained.
        """
        models = [self._load(job, store) for _, job in self.jobs]
        x, _ = load().test.batch(slice(0, CANDIDATES))
        found = [deepfool(model, x) for model in models]
        distances = torch.stack([l2 for _, l2 in found])
        chosen = _typical(distances)
        picture: dict[str, Any] = {"type": "boundary", "title": self.title, "maps": []}
        if chosen is None:
            return picture
        centre = x[chosen]
        steps = torch.stack([x_adv[chosen] - centre for x_adv, _ in found])
        basis = _orthonormal(steps.flatten(1).double())
        reach = 1.35 * float(distances[:, chosen].max())
        side = torch.linspace(-reach, reach, POINTS, dtype=torch.float64)
        grid = torch.cartesian_prod(side, side) @ basis
        points = centre + grid.float().view(-1, *centre.shape)
        picture |= {"image": chosen, "reach": reach, "points": POINTS}
        for (label, _), model, step, l2 in zip(self.jobs, models, steps, distances, strict=True):
            picture["maps"].append(
                {
                    "label": label,
                    "distance": float(l2[chosen]),
                    "foot": (basis @ step.flatten().double()).tolist(),
                    # One row a value of the first coordinate.
                    "margins": _rounded(_margins(model, centre, points)),
                }
            )
        return picture

    @staticmethod
    def _load(job: Job, store: Store) -> nn.Module:
        run = job.folder(store)
        if not run.is_complete:
            raise StoreError(f"{job.label} is not done: its state is {job.state(store)}")
        return load_run(run.path).model


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


def _margins(model: nn.Module, centre: Tensor, points: Tensor) -> Tensor:
    """Return how far the logit of the centre's class is above all others, (side, side)."""
    with torch.no_grad(), attacking(model) as network:
        label = network(centre[None]).argmax(1)
        logits = torch.cat([network(part) for part in torch.split(points, 500)]).double()
    own = logits[:, label]
    others = logits.scatter(1, label.expand(len(logits), 1), -np.inf)
    return (own[:, 0] - others.max(1).values).view(POINTS, POINTS)


def _rounded(margins: Tensor) -> list[list[float]]:
    """Return margins to four digits of the largest: a picture shows no more."""
    largest = float(margins.abs().max())
    digits = 4 - round(np.log10(largest)) if largest > 0 else 0
    rows: list[list[float]] = margins.round(decimals=digits).tolist()
    return rows
