"""Rotations, shifts and mirror images as linear maps: each pixel is copied from one, or black.

Rotations are those of :func:`spadv.empirical.transforms.rotate`, pixel for pixel: nearest
neighbour, counter-clockwise, black fill. Quarter turns, mirrors and shifts on a torus are
permutations; other rotations repeat pixels and lose some.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from ...arrays import Floats
from ...checks import check_integer, check_real
from ...errors import InputError

Shape = tuple[int, int, int]

_ONE = 1 << 16
#: Places to which a random shift goes in each direction: an even grid of whole pixels.
_GRID = 5


class PixelMaps:
    """Equally likely maps of images (channels, height, width), all channels moved alike.

    `sources`, integers of shape (n, height * width), are the pixels that each pixel is copied from;
    -1 is black. `labels` are the sizes of the maps, degrees or fractions of the side; 0 is the
    identity. What is seen of a moved image are means of blocks of pool x pool pixels.

    Examples
    --------
    >>> maps = shifts((1, 1, 3), [1 / 3])
    >>> maps.labels
    (-0.3333333333333333, 0.0, 0.3333333333333333)
    >>> maps.apply(np.array([1.0, 2.0, 3.0]))
    array([[2., 3., 0.],
           [1., 2., 3.],
           [0., 1., 2.]])
    """

    def __init__(
        self, shape: Shape, sources: ArrayLike, labels: Sequence[float], pool: int = 1
    ) -> None:
        self.shape = shape
        self.sources: NDArray[np.intp] = np.asarray(sources, dtype=np.intp)
        self.labels = tuple(float(label) for label in labels)
        self.pool = check_integer("pool", pool, minimum=1)
        if shape[1] % pool or shape[2] % pool:
            raise InputError("pool", f"divide the sides {shape[1]} and {shape[2]}", pool)

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def d(self) -> int:
        """Length of what is seen of an image."""
        return math.prod(self.shape) // self.pool**2

    @property
    def identity(self) -> int:
        """Which map leaves images alone."""
        return self.labels.index(0.0)

    @cached_property
    def matrices(self) -> tuple[csr_array, ...]:
        """The matrix of every map, shape (d, C H W) each."""
        channels, height, width = self.shape
        k, pixels = self.pool, height * width
        block = np.arange(height)[:, None] // k * (width // k) + np.arange(width) // k
        first = np.arange(channels)[:, None]
        rows = first * (pixels // k**2) + block.ravel()
        made = []
        for source in self.sources:
            inside = source >= 0
            places = (rows[:, inside].ravel(), (first * pixels + source[inside]).ravel())
            values = np.full(len(places[0]), 1 / k**2)
            made.append(csr_array((values, places), shape=(self.d, channels * pixels)))
        return tuple(made)

    def apply(self, x: ArrayLike) -> Floats:
        """Return what is seen of x (..., C H W) after every map, shape (n, ..., d)."""
        x = np.asarray(x, dtype=np.float64)
        flat = x.reshape(-1, x.shape[-1]).T
        moved = [(matrix @ flat).T.reshape(*x.shape[:-1], self.d) for matrix in self.matrices]
        return np.stack(moved)

    def pulled(self, w: ArrayLike) -> Floats:
        """Return T^T w for every map, shape (n, C H W): <w, what is seen of T x> = <T^T w, x>."""
        w = np.asarray(w, dtype=np.float64)
        return np.stack([matrix.T @ w for matrix in self.matrices])

    def mean_covariance(self, covariance: Floats) -> Floats:
        """Return the mean over the maps of T Sigma T^T, shape (d, d).

        `covariance` is that of images, (C H W, C H W).
        """
        total: Floats = np.zeros((self.d, self.d))
        for matrix in self.matrices:
            total += matrix @ np.ascontiguousarray((matrix @ covariance).T)
        return total / len(self)


def rotations(shape: Shape, angles: Sequence[float], *, pool: int = 1) -> PixelMaps:
    """Return the rotations by the angles in degrees, and back by them, each once.

    The angles lie in [-180, 180], 0 among them.

    Examples
    --------
    >>> rotations((1, 2, 2), [0, 90, 180]).labels
    (-90.0, 0.0, 90.0, 180.0)
    """
    found = {check_real("rotations", a, low=-180, high=180) for a in angles}
    if 0.0 not in found:
        raise InputError("rotations", "hold the angle 0", sorted(found))
    both = sorted({180.0 if abs(a) == 180 else a for b in found for a in (b, -b)} | {0.0})
    return PixelMaps(shape, [_turn(shape, angle) for angle in both], both, pool)


def _turn(shape: Shape, degrees: float) -> NDArray[np.intp]:
    """Return the source of each pixel, in 16.16 fixed point as Pillow and spadv.empirical."""
    _, height, width = shape
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    x0 = width / 2 - cos * width / 2 + sin * height / 2 + (cos - sin) / 2
    y0 = height / 2 - sin * width / 2 - cos * height / 2 + (sin + cos) / 2
    cos_, minus_sin, sin_, x0_, y0_ = (math.floor(v * _ONE + 0.5) for v in (cos, -sin, sin, x0, y0))
    columns, rows = np.arange(width), np.arange(height)[:, None]
    x = (cos_ * columns + minus_sin * rows + x0_) >> 16
    y = (sin_ * columns + cos_ * rows + y0_) >> 16
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return np.where(inside, y * width + x, -1).ravel()


def shifts(
    shape: Shape, fractions: Sequence[float], *, torus: bool = False, pool: int = 1
) -> PixelMaps:
    """Return shifts by up to the largest fraction f of the side, in each direction.

    They are on an even grid of 5 x 5 whole pixels (all, where there are fewer) in -k..k,
    k = round(f side), f < 1. Images keep black borders, or wrap around on a torus. The label of a
    shift is the larger of its two parts, as a fraction; for images of one row the signed shift.

    Examples
    --------
    >>> len(shifts((1, 28, 28), [0.1]))
    25
    """
    _, height, width = shape
    rule = "lie in [0, 1): a shift by a whole side leaves nothing of the image"
    largest = max((check_real("shifts", f, low=0, high=1, rule=rule) for f in fractions), default=0)
    if largest >= 1:
        raise InputError("shifts", rule, largest)
    down, across = (_grid(round(largest * side), side) for side in (height, width))
    rows, columns = np.arange(height)[:, None], np.arange(width)
    found, labels = [], []
    for dy in down:
        for dx in across:
            y, x = rows - dy, columns - dx
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width) | torus
            found.append(np.where(inside, y % height * width + x % width, -1).ravel())
            labels.append(dx / width if height == 1 else max(abs(dy) / height, abs(dx) / width))
    return PixelMaps(shape, found, labels, pool)


def _grid(most: int, side: int) -> list[int]:
    most = min(most, side - 1)
    return sorted({round(v) for v in np.linspace(-most, most, _GRID).tolist()})


def mirror(shape: Shape, *, pool: int = 1) -> PixelMaps:
    """Return the identity (label 0) and the mirror image, left to right (label 1)."""
    grid = np.arange(shape[1] * shape[2]).reshape(shape[1:])
    return PixelMaps(shape, [grid.ravel(), grid[:, ::-1].ravel()], (0.0, 1.0), pool)
