"""Random shifts up to a range: what random rotations up to an angle are for images."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...checks import check_integer, check_real

Floats = NDArray[np.float64]


def shift_law(n_shifts: int, angle: float) -> Floats:
    """Return the law of the shift that stands for a rotation drawn from U[-angle, angle].

    The n shifts are the turns by 360/n degrees; an angle stands for the nearest turn. At 180
    degrees all shifts are equally likely, which is the theory's random shift.

    Parameters
    ----------
    n_shifts : int
        n.
    angle : float
        Degrees, in [0, 180].

    Returns
    -------
    ndarray, shape (n,)
        Probabilities of r_0 (the identity), ..., r_{n-1}.

    Raises
    ------
    InputError
        If `n_shifts` is below 1 or `angle` is out of range.

    Examples
    --------
    >>> shift_law(2, 180), shift_law(2, 120), shift_law(2, 90)
    (array([0.5, 0.5]), array([0.75, 0.25]), array([1., 0.]))
    """
    n = check_integer("n_shifts", n_shifts, minimum=1)
    reach = check_real("angle", angle, low=0, high=180) * n / 360
    law = np.zeros(n)
    if reach <= 0.5:
        law[0] = 1.0
        return law
    turns = np.arange(-n, n + 1)
    inside = np.minimum(turns + 0.5, reach) - np.maximum(turns - 0.5, -reach)
    np.add.at(law, turns % n, np.maximum(inside, 0) / (2 * reach))
    return law


def nearest_shift(position: Tensor, angle: Tensor, n_shifts: int) -> Tensor:
    """Return the shift of an angle: position in [-1, 1) times the largest angle.

    Parameters
    ----------
    position : Tensor, any shape
        Uniform numbers in [-1, 1).
    angle : Tensor, broadcast with `position`
        Largest angles in degrees.
    n_shifts : int
        n.

    Returns
    -------
    Tensor
        int64 in [0, n), of the broadcast shape.
    """
    return torch.round(position * (angle * (n_shifts / 360))).long() % n_shifts


def turn(x: Tensor, j: Tensor, n_shifts: int) -> Tensor:
    """Return r_j x for every row, as :meth:`spadv.theory.CodeGaussian.rotate` does without x0.

    Parameters
    ----------
    x : Tensor, shape (..., d)
        Coordinates x_1..x_d.
    j : Tensor, shape (...)
        int64 in [0, n): coordinate t of the result is that of t + m j.
    n_shifts : int
        n, a divisor of d.

    Returns
    -------
    Tensor, shape (..., d)
        Of the type of `x`.

    Examples
    --------
    >>> turn(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([1]), 3)
    tensor([[2., 3., 1.]])
    """
    blocks = x.reshape(*x.shape[:-1], n_shifts, -1)
    if n_shifts == 2:
        return torch.where((j == 1)[..., None, None], blocks.flip(-2), blocks).flatten(-2)
    index = (j[..., None] + torch.arange(n_shifts, device=x.device)) % n_shifts
    return torch.take_along_dim(blocks, index[..., None], dim=-2).flatten(-2)
