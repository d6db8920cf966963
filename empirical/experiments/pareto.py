"""Points in a plane where more is better on both axes: who beats whom, and areas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float]


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other point beats on both axes, from left to right.

    More is better on both axes.

    Examples
    --------
    >>> pareto_front([(0.1, 0.9), (0.5, 0.5), (0.4, 0.4), (0.9, 0.1)])
    [(0.1, 0.9), (0.5, 0.5), (0.9, 0.1)]
    """
    front: list[Point] = []
    for point in sorted(points, reverse=True):
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return front[::-1]


def hypervolumes(points: Floats) -> Floats:
    """Return the area dominated by each set of points (sets, points, 2), shape (sets,)."""
    order = np.argsort(-points[:, :, 0], axis=1)
    x, y = (np.take_along_axis(points[:, :, axis], order, axis=1) for axis in (0, 1))
    # From right to left, each strip is as high as the highest point on its right.
    highest = np.maximum.accumulate(y, axis=1)
    strips = x - np.pad(x[:, 1:], ((0, 0), (0, 1)))
    areas: Floats = (strips * highest).sum(axis=1)
    return areas
