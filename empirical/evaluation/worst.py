"""The worst rotation and translation of a grid, for every image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...checks import check_integer
from ...errors import InputError
from ...progress import Progress, silent
from ...stats import LEVEL, Rate, rate_of
from ..data import Images
from ..transforms.resample import turn
from .invariance import check_motion
from .prediction import BATCH, Ready, Source, as_floats, predicting, slices


@dataclass(frozen=True, eq=False)
class WorstCase:
    """Whether an image keeps its prediction, or is right, under every motion of a grid.

    Attributes
    ----------
    keeps : ndarray of bool (N,)
        The prediction on the unchanged image survives all motions.
    correct : ndarray of bool (N,) or None
        The prediction is right on the unchanged image and under all motions; None without
        labels.
    """

    keeps: NDArray[np.bool_]
    correct: NDArray[np.bool_] | None

    def unchanged(self, level: float = LEVEL) -> Rate:
        """Return the rate of images that keep their prediction under all motions.

        Its interval has the confidence level `level`.
        """
        return rate_of(self.keeps, level)

    def accuracy(self, level: float = LEVEL) -> Rate:
        """Return the rate of images that are right under all motions.

        Its interval has the confidence level `level`.

        Raises
        ------
        InputError
            Without labels.
        """
        if self.correct is None:
            raise InputError("labels", "be known: accuracy needs them", None)
        return rate_of(self.correct, level)


def worst_case(
    model: nn.Module,
    images: Tensor | Images,
    labels: Tensor | None = None,
    *,
    rotation: float = 30.0,
    translation: float = 0.0,
    angles: int = 31,
    shifts: int = 5,
    batch_size: int = BATCH,
    precision: str = "float32",
    progress: Progress = silent,
) -> WorstCase:
    """Try every motion of a grid on every image.

    The worst-of-grid attack of Engstrom et al. (ICML 2019, section 3): they take 31 angles up
    to 30 degrees and 5 shifts in each direction up to a tenth of the side. The paper itself
    measures random motions only.

    Parameters
    ----------
    model, images
        As in :func:`predict`.
    labels : Tensor, int64 (N,), optional
        Where `images` is a tensor.
    rotation : float
        Largest angle in degrees, 0 to 180.
    translation : float
        Largest shift as a fraction of the side, 0 to 1.
    angles, shifts : int
        Equally spaced values from one end to the other (shifts rounded to whole pixels); odd
        numbers include 0. Where the range is 0 there is one value.
    batch_size, precision
        As in :func:`predict`.
    progress : Progress
        Told of batches.

    Returns
    -------
    WorstCase
        One outcome an image, over all motions of the grid.

    Raises
    ------
    InputError
        For bad images, ranges, or a network that does not fit.
    """
    source = Source(images, labels)
    if not len(source):
        raise InputError("images", "hold at least one image", tuple(source.pixels.shape))
    grid = grid_of_motions(source.pixels, rotation, translation, angles, shifts)
    clean, keeps = [], []
    with predicting(model, source, None, precision) as ready:
        for part in slices(len(source), batch_size):
            pixels = source.pixels[part].to(ready.device, non_blocking=True)
            reference, kept = survivors(ready, pixels, grid)
            clean.append(reference.cpu())
            keeps.append(kept.cpu())
            progress(part.stop, len(source))
        ready.finish()
    kept = torch.cat(keeps)
    # An image may also stay where it is: right under all motions is right at first, and kept.
    right = None if source.labels is None else kept & (torch.cat(clean) == source.labels.cpu())
    return WorstCase(kept.numpy(), None if right is None else right.numpy())


def grid_of_motions(
    pixels: Tensor, rotation: float, translation: float, angles: int, shifts: int
) -> list[tuple[float, int, int]]:
    """Return (degrees, dx, dy) of every motion, without those that coincide, largest last."""
    motion = check_motion(rotation, translation)
    check_integer("angles", angles, minimum=1)
    check_integer("shifts", shifts, minimum=1)
    height, width = pixels.shape[2:]
    turns = np.linspace(-motion.rotation, motion.rotation, angles) if motion.rotation else [0.0]
    # Twice one angle: -180 and 180 degrees are the same.
    degrees = sorted({180.0 if t == -180 else float(t) for t in turns}, key=lambda t: (abs(t), t))
    across, down = (
        sorted({round(v) for v in np.linspace(-reach, reach, shifts)} if reach else {0}, key=abs)
        for reach in (round(motion.translation * side) for side in (width, height))
    )
    return [(angle, dx, dy) for angle in degrees for dx in across for dy in down]


def survivors(
    ready: Ready, pixels: Tensor, grid: list[tuple[float, int, int]]
) -> tuple[Tensor, Tensor]:
    """Return predictions on images, and which of them stay under all motions.

    Images whose prediction has changed are not tried further.
    """
    reference = ready.classes(as_floats(pixels))
    keeps = torch.ones(len(pixels), dtype=torch.bool, device=ready.device)
    left = torch.arange(len(pixels), device=ready.device)
    for degrees, dx, dy in grid:
        x = pixels[left]
        angle = torch.full((len(x),), degrees, dtype=torch.float64, device=ready.device)
        across, down = (torch.full_like(angle, far).long() for far in (dx, dy))
        keeps[left] = ready.classes(as_floats(turn(x, angle, across, down))) == reference[left]
        # One wait for the device a motion; it saves whole forward passes.
        left = left[keeps[left]]
        if not len(left):
            break
    return reference, keeps
