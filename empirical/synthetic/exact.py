"""The exact worst case of a small network at a sample, by mixed-integer programming.

What gradient attacks find bounds adversarial accuracy from above; this says by how much it
may be off. One hidden layer of ReLUs, minimised over a box: units that pull the margin up
enter by their convex lower envelope, the others need a binary variable each if both their
states are possible in the box (Tjeng, Xiao and Tedrake, ICLR 2019).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...checks import check_real
from ...errors import InputError, RunFailedError
from .network import Layer

Floats = NDArray[np.float64]


def exact_worst_margin(
    layer: Layer, number: int, x: Floats, x0: float, y: float, eps: float
) -> tuple[float, Floats]:
    """Return the smallest margin y f(x') over the box of x' within eps of x, and where it is.

    Parameters
    ----------
    layer : Layer
        Networks.
    number : int
        Which of them.
    x : ndarray, shape (d,)
        The sample without x0.
    x0, y : float
        -1 or +1.
    eps : float
        Budget of a coordinate, below 1: e = eps sqrt(d).

    Returns
    -------
    margin : float
        Of the network in double precision at the point found; the solver's lower bound is
        within 1e-6 of it, relatively or absolutely.
    point : ndarray, shape (d,)

    Raises
    ------
    InputError
        If the sample does not fit the network.
    RunFailedError
        If the solver gives up.

    Examples
    --------
    >>> import torch
    >>> direct = torch.tensor([[1.0, -2.0, 0.0, 0.0]])
    >>> linear = Layer(torch.zeros(1, 0, 4), torch.zeros(1, 0), direct)
    >>> exact_worst_margin(linear, 0, np.zeros(2), 1.0, 1.0, 0.5)[0]
    -1.5
    """
    eps = check_real("eps", eps, low=0)
    hidden, out, direct = (
        part[number].detach().double().cpu().numpy()
        for part in (layer.hidden, layer.out, layer.direct)
    )
    d = direct.size - 2
    x = np.asarray(x, dtype=np.float64)
    if x.shape != (d,):
        raise InputError("x", f"have the shape ({d},)", x.shape)
    sign = 1.0 if x0 > 0 else -1.0
    weights, offsets = hidden[:, :d], hidden[:, d] * sign + hidden[:, d + 1]
    middle = weights @ x + offsets
    reach = eps * np.abs(weights).sum(axis=1)
    pull = y * out
    active, open_ = middle - reach >= 0, np.abs(middle) < reach
    slope = y * direct[:d] + pull[active] @ weights[active]
    point = x - eps * np.sign(slope)
    if open_.any():
        point = _solve(slope, weights[open_], offsets[open_], pull[open_], x, eps)
    # The point counts, not the solver's arithmetic.
    point = np.clip(point, x - eps, x + eps)
    fixed = direct[d] * sign + direct[d + 1]
    value = direct[:d] @ point + fixed + out @ np.maximum(weights @ point + offsets, 0)
    return float(y * value), point


def _solve(
    slope: Floats, weights: Floats, offsets: Floats, pull: Floats, x: Floats, eps: float
) -> Floats:
    """Minimise slope x' + sum pull relu(weights x' + offsets) over the box."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    units, d = weights.shape
    free = np.flatnonzero(pull < 0)
    middle, reach = weights @ x + offsets, eps * np.abs(weights).sum(axis=1)
    low, high = middle - reach, middle + reach
    # Variables: x', the units' outputs r, and for those with a negative pull a binary b.
    # r >= pre for all; r <= pre - low (1 - b) and r <= high b where the pull is negative.
    eye = np.eye(units)
    picked = eye[free]
    none = np.zeros((units, len(free)))
    rows = [
        np.hstack([-weights, eye, none]),
        np.hstack([-weights[free], picked, -np.diag(low[free])]),
        np.hstack([np.zeros((len(free), d)), picked, -np.diag(high[free])]),
    ]
    lower = np.concatenate([offsets, np.full(2 * len(free), -np.inf)])
    upper = np.concatenate([np.full(units, np.inf), offsets[free] - low[free], np.zeros(len(free))])
    found = milp(
        np.concatenate([slope, pull, np.zeros(len(free))]),
        constraints=LinearConstraint(np.vstack(rows), lower, upper),
        integrality=np.concatenate([np.zeros(d + units), np.ones(len(free))]),
        bounds=Bounds(
            np.concatenate([x - eps, np.zeros(units + len(free))]),
            np.concatenate([x + eps, high, np.ones(len(free))]),
        ),
        # With presolve HiGHS writes debugging lines to the standard output.
        options={"mip_rel_gap": 1e-6, "presolve": False},
    )
    if found.x is None:
        raise RunFailedError(f"the mixed-integer program was not solved: {found.message}")
    return np.asarray(found.x[:d], dtype=np.float64)
