"""From images to the model: means and covariances of classes, pooled, averaged, shrunk.

A class is kept as its moments, so that pairs, and one class against the rest, cost nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...arrays import Floats
from ...errors import InputError
from .maps import PixelMaps
from .model import ClassModel

#: Fewest images of a class. The covariance is shrunk, so that fewer images than pixels are
#: enough; how far to shrink is itself estimated, and means nothing for a handful.
FEWEST = 20


@dataclass(frozen=True)
class Moments:
    """What the model needs of one class."""

    #: Images.
    count: int
    #: Mean image, shape (C H W,).
    mean: Floats
    #: The mean image after each transformation, as it is seen, shape (n, d).
    moved: Floats
    #: Of the images as they are seen, divisor `count`, shape (d, d).
    covariance: Floats
    #: Mean over the transformations of the covariance of transformed images, shape (d, d).
    averaged: Floats
    #: Sum over the images of ||x - mean||^4, as they are seen.
    fourth: float


def moments(
    images: ArrayLike, windows: Sequence[PixelMaps], name: str = "images"
) -> tuple[Moments, ...]:
    """Return the moments of a class for each of several sets of transformations.

    Images have the shape (N, C, H, W) or (N, H, W): pixels in [0, 1], or uint8. All `windows` have
    the same shape and pool; `name` is how errors call the class.
    """
    x = np.asarray(images)
    if x.ndim == 3:
        x = x[:, None]
    shape, pool = windows[0].shape, windows[0].pool
    if x.ndim != 4 or x.shape[1:] != shape:
        raise InputError(name, f"be images of the shape {shape}", x.shape)
    if len(x) < FEWEST:
        raise InputError(name, f"hold at least {FEWEST} images, for the covariance", len(x))
    flat = x.reshape(len(x), -1).astype(np.float32)
    if x.dtype == np.uint8:
        flat /= np.float32(255)
    if not np.isfinite(flat).all():
        raise InputError(name, "hold finite pixels", "NaN or infinity")
    mean = flat.mean(axis=0, dtype=np.float64)
    flat -= mean.astype(np.float32)
    whole = (flat.T @ flat / np.float32(len(x))).astype(np.float64)
    still = PixelMaps(shape, [np.arange(shape[1] * shape[2])], (0.0,), pool)
    squares = np.square(still.apply(flat)[0]).sum(axis=1)
    covariance, fourth = still.mean_covariance(whole), float(np.square(squares).sum())
    return tuple(
        Moments(len(x), mean, maps.apply(mean), covariance, maps.mean_covariance(whole), fourth)
        for maps in windows
    )


def together(parts: Sequence[Moments], maps: PixelMaps) -> Moments:
    """Return the moments of several classes taken as one ("the rest")."""
    counts = np.array([part.count for part in parts], dtype=np.float64)
    share = counts / counts.sum()
    mean = share @ np.stack([part.mean for part in parts])
    moved = np.tensordot(share, np.stack([part.moved for part in parts]), axes=1)
    here = maps.identity
    covariance, averaged, fourth = np.zeros((maps.d, maps.d)), np.zeros((maps.d, maps.d)), 0.0
    for weight, part in zip(share, parts, strict=True):
        off = part.moved - moved
        covariance += weight * (part.covariance + np.outer(off[here], off[here]))
        averaged += weight * (part.averaged + off.T @ off / len(maps))
        # E||x||^4 of x = off + z, its odd moments taken as 0: those of a symmetric class.
        far = float(off[here] @ off[here])
        spread = float(np.trace(part.covariance))
        tilt = float(off[here] @ part.covariance @ off[here])
        fourth += part.fourth + part.count * (far**2 + 2 * far * spread + 4 * tilt)
    return Moments(int(counts.sum()), mean, moved, covariance, averaged, fourth)


def ledoit_wolf(covariance: Floats, fourth: float, count: int) -> float:
    """Return how far to shrink a covariance towards a multiple of the identity, in [0, 1].

    For a sample covariance about a known mean, shape (d, d), divisor `count`; `fourth` is the sum
    of ||x||^4 of the centred sample (Ledoit and Wolf, Journal of Multivariate Analysis 88 (2004),
    365-411).

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((50, 20))
    >>> s = x.T @ x / 50
    >>> 0.8 < ledoit_wolf(s, float((np.square(x).sum(axis=1) ** 2).sum()), 50) <= 1
    True
    """
    d = len(covariance)
    size = float(np.trace(covariance)) / d
    squared = float(np.square(covariance).sum())
    far = (squared - d * size**2) / d
    noise = (fourth / count - squared) / (count * d)
    return 1.0 if far <= 0 else min(max(noise / far, 0.0), 1.0)


def fit(first: Moments, second: Moments, maps: PixelMaps) -> ClassModel:
    """Return the model in which the first class is Y = +1, the second Y = -1.

    The covariance is pooled over both classes, image by image, and averaged over the
    transformations; then (1 - rho) of it is kept and rho of its mean variance is put on the
    diagonal, rho being :func:`ledoit_wolf`'s for the pooled images as they are.
    """
    count = first.count + second.count
    shares = first.count / count, second.count / count
    pooled = shares[0] * first.covariance + shares[1] * second.covariance
    averaged = shares[0] * first.averaged + shares[1] * second.averaged
    rho = ledoit_wolf(pooled, first.fourth + second.fourth, count)
    level = float(np.trace(averaged)) / maps.d
    if level <= 0:
        raise InputError("images", "differ within a class", "copies of one image")
    # Classes without any noise in a direction would be told apart for certain.
    kept = max(rho, 1e-6)
    covariance = (1 - kept) * averaged + kept * level * np.eye(maps.d)
    means = np.stack([first.moved, second.moved], axis=1)
    return ClassModel(means[maps.identity], means, covariance, labels=maps.labels, shrinkage=kept)
