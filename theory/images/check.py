"""Rules of the model on real images: what of their predicted accuracies is true."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...stats import wilson_real
from .linear import TaskRule
from .maps import PixelMaps

Floats = NDArray[np.float64]


def on_images(
    rule: TaskRule, first: ArrayLike, second: ArrayLike, maps: PixelMaps, eps: float
) -> dict[str, Any]:
    """Return S and A of a linear rule on images that it was not made of, as plain values.

    Both are exact for these images: S is the mean over all maps, an attack on a linear rule is
    known. Each class counts one half.

    Parameters
    ----------
    rule : TaskRule
        Weights of what is seen of an image.
    first, second : array_like, shape (N, C, H, W) or (N, H, W)
        Images of both classes, uint8 or in [0, 1].
    maps : PixelMaps
        The transformations.
    eps : float
        Budget; A is given for any attacked images, and ("in_range") for those in [0, 1].
    """
    pulled = maps.pulled(rule.weights)
    here = pulled[maps.identity]
    spatial, adversarial, within, counts = [], [], [], []
    for sign, images in ((1.0, first), (-1.0, second)):
        x = np.asarray(images).reshape(len(np.asarray(images)), -1)
        x = x / 255 if x.dtype == np.uint8 else x.astype(np.float64)
        margins = sign * (x @ pulled.T - rule.threshold)
        spatial.append(float((margins > 0).mean()))
        clean = margins[:, maps.identity]
        adversarial.append(float((clean - eps * np.abs(here).sum() > 0).mean()))
        down = sign * here > 0  # the attack lowers these pixels
        room = np.minimum(np.where(down, x, 1 - x), eps)
        within.append(float((clean - room @ np.abs(here) > 0).mean()))
        counts.append(len(x))
    trials = 4 / sum(1 / n for n in counts)  # a mean of two independent proportions
    found: dict[str, Any] = {"images": counts}
    for name, parts in (("spatial", spatial), ("adversarial", adversarial), ("in_range", within)):
        value = sum(parts) / 2
        low, high, level = wilson_real(value, trials)
        found[name] = {"value": value, "low": low, "high": high, "level": level}
    return found
