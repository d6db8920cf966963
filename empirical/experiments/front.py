"""Pareto fronts of two measures, both better where larger."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Point = tuple[float, float]


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other point beats on both axes, from left to right.

    Parameters
    ----------
    points : sequence of (float, float)
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


def hypervolume(points: Sequence[Point]) -> float:
    """Return the area of the points between (0, 0) and any point of the front.

    Parameters
    ----------
    points : sequence of (float, float)
        At least one; both coordinates at least 0.

    Raises
    ------
    InputError
        If there is no point.

    Examples
    --------
    >>> hypervolume([(0.5, 1.0), (1.0, 0.5)])
    0.75
    """
    if not len(points):
        raise InputError("points", "hold at least one point", points)
    return float(hypervolumes(np.array([points], dtype=np.float64))[0])


def hypervolumes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the dominated area of each set of points, with reference (0, 0).

    Parameters
    ----------
    points : ndarray (sets, points, 2)
        Both coordinates at least 0.

    Returns
    -------
    ndarray (sets,)
    """
    order = np.argsort(-points[:, :, 0], axis=1)
    x = np.take_along_axis(points[:, :, 0], order, axis=1)
    y = np.take_along_axis(points[:, :, 1], order, axis=1)
    # From right to left, each strip is as high as the highest point on its right.
    highest = np.maximum.accumulate(y, axis=1)
    strips = x - np.pad(x[:, 1:], ((0, 0), (0, 1)))
    areas: NDArray[np.float64] = (strips * highest).sum(axis=1)
    return areas
