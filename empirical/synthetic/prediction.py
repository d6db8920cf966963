"""Where networks should end up: what minimises the cross-entropy on infinitely many samples.

With random shifts in training and no attack that is the Bayes classifier of the shifted
distribution, for which two shifts allow closed forms up to one integral.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, ndtr

from ...checks import check_budget
from ...errors import InputError
from ...theory.accuracy import MEAN_NORM, log_odds
from .sampling import shift_law
from .setting import SyntheticSetting

# Gauss-Hermite nodes: the integrands are smooth, and 200 nodes leave less than 1e-12.
_NODES = 200


class Prediction(NamedTuple):
    """Accuracies on X and r_1 X (moved), their mean S, and A: all exact to rounding."""

    natural: float
    moved: float
    spatial: float
    adversarial: float


def augmented_bayes(
    setting: SyntheticSetting, angle: float, budget: float | None = None
) -> Prediction:
    """Return the accuracies of the best classifier of a training distribution with shifts.

    For a setting with two different shifts. Training turns by up to `angle` degrees, so it applies
    r_1 with the probability q <= 1/2 of :func:`.sampling.shift_law`. In the
    plane of Theorem F4 of docs/theory/frontiers.md (u, v: normalised sums over the coordinates
    where both words agree, and where they differ; a, b: their shares of the mean) the
    log-odds are L x0 + 4 a u + psi(v) with

        psi(v) = log((1-q) e^{2bv} + q e^{-2bv}) - log((1-q) e^{-2bv} + q e^{2bv}).

    They grow with u and do not fall with v, so the worst attack, of the setting's budget if none
    is given, goes to a corner of the box.

    Examples
    --------
    >>> setting = SyntheticSetting("two", "random:16:6", 8, p=0.7, budget=1.0)
    >>> [round(value, 4) for value in augmented_bayes(setting, 180)]
    [0.93, 0.93, 0.93, 0.7875]
    """
    orbit = setting.dist.orbit
    if orbit.n_shifts != 2:
        raise InputError("setting", "have two shifts", orbit.n_shifts)
    kappa = float(orbit.kappa[1])
    if kappa == -1:
        raise InputError("setting", "have kappa above -1", kappa)
    e = check_budget("budget", setting.budget if budget is None else budget)
    p, odds = setting.p, float(log_odds(setting.p))
    a, b = np.sqrt((1 + kappa) / 2), np.sqrt((1 - kappa) / 2)
    q = float(shift_law(2, angle)[1])
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()

    def accuracy(mean_u: float, mean_v: float) -> float:
        """Accuracy for y = +1, and by symmetry overall, where u and v have these means."""
        v = nodes + mean_v
        up, down = np.stack([2 * b * v, -2 * b * v])
        shares = np.array([[1 - q], [q]])
        psi = logsumexp([up, down], axis=0, b=shares) - logsumexp([down, up], axis=0, b=shares)
        right = [float(weights @ ndtr(mean_u + (psi + s * odds) / (4 * a))) for s in (1, -1)]
        return p * right[0] + (1 - p) * right[1]

    natural = accuracy(MEAN_NORM * a, MEAN_NORM * b)
    moved = accuracy(MEAN_NORM * a, -MEAN_NORM * b)
    attacked = accuracy((MEAN_NORM - e) * a, (MEAN_NORM - e) * b)
    return Prediction(natural, moved, (natural + moved) / 2, attacked)
