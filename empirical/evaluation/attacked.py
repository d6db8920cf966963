"""What attacks do to a network: robustness profile and distance to the boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...checks import check_fraction, check_integer
from ...errors import InputError
from ...progress import Progress, silent
from ...stats import LEVEL, Mean, mean_of
from ..attacks import Protocol, deepfool
from ..attacks import profile as attack_profile
from ..data import Images
from .prediction import Source, check_fit, device_of, slices
from .profile import Profile

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
    precision: str = "float32",
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
        As in :func:`spadv.empirical.attacks.profile`.
    batch_size : int
        Images (with their budgets) a batch.
    precision
        As in :func:`spadv.empirical.attacks.profile`.
    progress : Progress
        Told of images.

    Returns
    -------
    Profile
        Of kind "robustness": :meth:`Profile.unchanged` is 1 - fooling rate,
        :meth:`Profile.accuracy` the accuracy under attack, both with intervals.

    Raises
    ------
    InputError
        For no images, a bad argument, or a network that does not fit.
    RunFailedError
        If the network returns NaN, or is not differentiable.

    Notes
    -----
    PGD whose last iterate counts goes against the labels, as the paper's. Where the best
    result counts ("apgd", "autoattack", iterate "best") the attack goes against the network's
    own predictions, which makes no difference for images that are predicted rightly; others
    count as wrong whatever the attack did to them. Both metrics are then those of the
    strongest adversary, who may also leave an image alone.
    """
    source = _some(Source(images, labels))
    values = check_budgets(budgets)
    device = _fitting(model, source)
    best = best_counts(attack, iterate)
    outcomes = attack_profile(
        model,
        source.floats(slice(None)).to(device),
        None if source.labels is None or best else source.labels.to(device),
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
        precision=precision,
        progress=progress,
    )
    true = None if source.labels is None else source.labels.cpu().numpy()
    clean = outcomes.clean.cpu().numpy()
    changed = outcomes.adversarial.cpu().numpy()[:, None]
    return Profile("robustness", values, clean, changed, true, best)


def best_counts(attack: str, iterate: str) -> bool:
    """Return whether the best result of an attack counts, not the last iterate."""
    return attack != "pgd" or iterate == "best"


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances (l2) of images to a network's decision boundary, as DeepFool finds them.

    Attributes
    ----------
    l2 : ndarray of float32 (N,)
        In units of pixels in [0, 1], the overshoot included; infinite where DeepFool found no
        other class.
    """

    l2: NDArray[np.float32]

    @property
    def missing(self) -> int:
        """Number of images whose distance was not found."""
        return int((~np.isfinite(self.l2)).sum())

    def mean(self, level: float = LEVEL) -> Mean | None:
        """Return the mean of the distances found, with Student's t interval; None of none.

        Mind :attr:`missing`: images without a distance are left out. The confidence level of the
        interval is `level`.
        """
        found = self.l2[np.isfinite(self.l2)]
        return mean_of(found, level) if len(found) else None

    def to_json(self, level: float = LEVEL) -> dict[str, Any]:
        """Return mean, count, interval and number of missing distances as plain JSON values.

        The confidence level of the interval is `level`.
        """
        mean = self.mean(level)
        empty = {"value": None, "count": 0, "interval": None}
        return {**(empty if mean is None else mean.to_json()), "missing": self.missing}


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
        As in :func:`spadv.empirical.attacks.deepfool`; the values are the published ones.
    batch_size : int
        Images a batch.
    progress : Progress
        Told of images.

    Returns
    -------
    Distances
        One l2 distance an image, in units of pixels in [0, 1].

    Raises
    ------
    InputError
        For no images, a bad argument, or a network that does not fit.
    """
    source = _some(Source(images))
    device = _fitting(model, source)
    found = []
    # The attack fills its batches itself; a part is what is held in memory.
    for part in slices(len(source), max(check_integer("batch_size", batch_size, minimum=1), 1000)):
        _, l2 = deepfool(
            model,
            source.floats(part).to(device),
            num_classes=num_classes,
            overshoot=overshoot,
            max_iter=max_iter,
            batch_size=batch_size,
        )
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
