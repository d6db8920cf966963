"""Mean and standard deviation of pixels, computed from exact counts."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def channel_statistics(pixels: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel, in units of [0, 1].

    All sums are of integers and exact; only the last division and the root are rounded.

    Parameters
    ----------
    pixels : Tensor
        uint8, shape (N, channels, height, width), at least one pixel a channel.

    Returns
    -------
    tuple
        Means and population standard deviations (divisor N), one a channel.

    Examples
    --------
    >>> channel_statistics(torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1))
    ((0.5,), (0.5,))
    """
    means, deviations = [], []
    for channel in range(pixels.shape[1]):
        counts = torch.bincount(pixels[:, channel].flatten(), minlength=256).tolist()
        number = sum(counts)
        total = sum(value * times for value, times in enumerate(counts))
        squares = sum(value * value * times for value, times in enumerate(counts))
        means.append(total / (255 * number))
        deviations.append(math.sqrt(number * squares - total * total) / (255 * number))
    return tuple(means), tuple(deviations)
