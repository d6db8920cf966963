"""What attacks do to a network: robustness profile and distance to the boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...theory.errors import InputError, check_integer
from ...theory.progress import Progress, silent
from ..attacks import Protocol, attacking
from ..checks import check_fraction
from ..data import Images
from .prediction import Source, check_fit, device_of, first_logits, slices
from .profile import Profile
from .rates import LEVEL, Mean, mean_of

#: Images a batch of an attack, unless said otherwise.
ATTACK_BATCH = 250


def robustness_profile(
    model: nn.Module,
    images: Tensor | Images,
    labels: Tensor | None = None,
    *,
    budgets: Sequence[float | str],
    attack: str = "pgd",
    steps: int = 10,
    step_size: float | str | None = None,
    random_start: bool = True,
    restarts: int = 1,
    iterate: str = "last",
    protocol: Protocol | str = "corrected",
    generator: torch.Generator,
    batch_size: int = ATTACK_BATCH,
    progress: Progress = silent,
) -> Profile:
    """Measure a robustness profile (paper, section 4): 1 - fooling rate against the budget.

    Parameters
    ----------
    model : torch.nn.Module
        From pixels in [0, 1] to logits.
    images : Tensor (N, C, H, W) or Images
        Pixels in [0, 1], or 8-bit images; moved to the network batch by batch.
    labels : Tensor, int64 (N,), optional
        Where `images` is a tensor.
    budgets : sequence of float or str
        l-infinity budgets in pixels, such as 0.1 or "8/255". Budget 0 has exactly the
        predictions on unchanged images.
    attack, steps, step_size, random_start, restarts, iterate, protocol, generator
        As in :func:`spadv.empirical.attacks.profile`. Attacks compute in float32.
    batch_size : int
        Images a batch.
    progress : Progress
        Told of images.

    Returns
    -------
    Profile
        Of kind "robustness": :meth:`Profile.unchanged` is 1 - fooling rate,
        :meth:`Profile.accuracy` the accuracy under attack, both with intervals.
    """
    from ..attacks import profile as attack_profile

    source = _some(Source(images, labels))
    values = check_budgets(budgets)
    device = _fitting(model, source)
    outcomes = attack_profile(
        model,
        source.floats(slice(None)).to(device),
        None if source.labels is None else source.labels.to(device),
        budgets=values,
        steps=steps,
        step_size=None if step_size is None else check_fraction("step_size", step_size),
        random_start=random_start,
        restarts=restarts,
        attack=attack,
        iterate=iterate,
        protocol=protocol,
        generator=generator,
        batch_size=batch_size,
        progress=progress,
    )
    true = None if source.labels is None else source.labels.cpu().numpy()
    clean = outcomes.clean.cpu().numpy()
    changed = outcomes.adversarial.cpu().numpy()[:, None]
    return Profile("robustness", values, clean, changed, true)


@dataclass(frozen=True, eq=False)
class Distances:
    """l2 distances of images to a network's decision boundary, as DeepFool finds them.

    Attributes
    ----------
    l2 : ndarray of float32 (N,)
        In units of pixels in [0, 1], the overshoot included.
    """

    l2: NDArray[np.float32]

    def mean(self, level: float = LEVEL) -> Mean:
        """Return the mean distance with Student's t interval."""
        return mean_of(self.l2, level)


def boundary_distance(
    model: nn.Module,
    images: Tensor | Images,
    *,
    num_classes: int = 10,
    overshoot: float = 0.02,
    max_iter: int = 50,
    batch_size: int = ATTACK_BATCH,
    progress: Progress = silent,
) -> Distances:
    """Measure the distance to the decision boundary (paper, figure 5 and appendix L).

    Parameters
    ----------
    model : torch.nn.Module
        From pixels in [0, 1] to logits.
    images : Tensor (N, C, H, W) or Images
        Pixels in [0, 1], or 8-bit images.
    num_classes, overshoot, max_iter
        As in :func:`spadv.empirical.attacks.deepfool`; the values are the published ones. A
        network with fewer classes uses all of them.
    batch_size : int
        Images a batch.
    progress : Progress
        Told of images.
    """
    from ..attacks import deepfool

    source = _some(Source(images))
    device = _fitting(model, source)
    with torch.no_grad(), attacking(model) as network:
        logits = first_logits(network, source.floats(slice(0, 1)).to(device))
    classes = min(check_integer("num_classes", num_classes, minimum=2), logits.shape[1])
    found = []
    for part in slices(len(source), batch_size):
        x = source.floats(part).to(device)
        _, l2 = deepfool(model, x, num_classes=classes, overshoot=overshoot, max_iter=max_iter)
        found.append(l2.detach().float().cpu())
        progress(part.stop, len(source))
    return Distances(torch.cat(found).numpy())


def check_budgets(budgets: object) -> tuple[float, ...]:
    """Return l-infinity budgets in [0, 1] as floats, or raise :class:`InputError`."""
    if isinstance(budgets, str) or not isinstance(budgets, Sequence) or not budgets:
        raise InputError("budgets", "be a sequence of numbers or fractions like 8/255", budgets)
    values = tuple(check_fraction("budgets", budget, high=1) for budget in budgets)
    if len(set(values)) != len(values):
        raise InputError("budgets", "hold no value twice", budgets)
    return values


def _fitting(model: nn.Module, source: Source) -> torch.device:
    device = device_of(model)
    check_fit(model, source.pixels)
    return device


def _some(source: Source) -> Source:
    if not len(source):
        raise InputError("images", "hold at least one image", tuple(source.pixels.shape))
    return source
