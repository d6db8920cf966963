"""Compute S*(p, n) for equally correlated shifts, n >= 3: source/price.json of the page.

For two shifts S* has a closed form; for more it is an integral in n dimensions
(docs/theory/price.md, Proposition P13), too slow for a page that follows a slider. Here it is
computed once, at Chebyshev points in two variables between which it is interpolated:
L = log(p/(1-p)), and the square root of how far kappa is above its least value -1/(n-1).

    python docs/explorable/price_table.py    # a few minutes; the same numbers every time
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.fft import idct
from scipy.special import expit, ndtri
from scipy.stats.qmc import Sobol

Floats = NDArray[np.float64]

#: Numbers of shifts that the page offers, beyond one and two.
SHIFTS = (3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64)
#: Largest L of the table: p = 0.9955.
LARGEST_ODDS = 5.4
_KAPPA_POINTS, _ODDS_POINTS = 13, 16
_SCRAMBLINGS, _BITS = 16, 13
_UNIT = 1e-6
_TARGET = Path(__file__).with_name("source") / "price.json"


def chebyshev_points(count: int, high: float) -> Floats:
    """Return Chebyshev points of the second kind on [0, high], in descending order.

    Examples
    --------
    >>> chebyshev_points(3, 2.0)
    array([2., 1., 0.])
    """
    return high / 2 * (1 + np.cos(np.pi * np.arange(count) / (count - 1)))


def optimum(n: int, kappa: float, odds: Floats, *, bits: int = _BITS) -> tuple[Floats, Floats]:
    """Return S* for several L, and standard errors over 16 scramblings.

    The posterior of every true shift i is averaged exactly. All shifts but i are alike, so
    sum_j exp(2 g_j) = e^(4 kappa) sum_j E_j + (e^4 - e^(4 kappa)) E_i with E_j = exp(2 xi_j):
    n numbers a point, not n^2. The same points serve every kappa, so that what error is
    left is smooth in kappa.

    Parameters
    ----------
    n : int
        Number of shifts.
    kappa : float
        Correlation of every two of them, in [-1/(n-1), 1].
    odds : ndarray
        Values of L >= 0.
    bits : int
        2^bits points in each scrambling.
    """
    p = expit(odds)
    near, far = np.exp(4.0), np.exp(4 * kappa)
    means = np.zeros((_SCRAMBLINGS, odds.size))
    for seed, total in enumerate(means):
        points = Sobol(n, scramble=True, rng=np.random.default_rng([n, seed])).random(1 << bits)
        # Columns of an orthogonal cosine transform: the first is what all shifts have in
        # common, of variance 1 + (n-1) kappa; all others have variance 1 - kappa.
        normal = ndtri(np.maximum(points, 2.0**-33))
        normal[:, 0] *= np.sqrt(max(1 + (n - 1) * kappa, 0.0))
        normal[:, 1:] *= np.sqrt(1 - kappa)
        grown = np.exp(2 * idct(normal, axis=1, norm="ortho"))
        shrunk = 1 / grown
        # The mirrored noise is as likely and costs no exponential.
        for up, down in ((grown, shrunk), (shrunk, grown)):
            plus = far * up.sum(axis=1, keepdims=True) + (near - far) * up
            minus = down.sum(axis=1, keepdims=True) / far + (1 / near - 1 / far) * down
            evidence = np.log(plus / minus)
            for k, (odd, prob) in enumerate(zip(odds, p, strict=True)):
                agree = expit(np.abs(evidence + odd)).mean()
                differ = expit(np.abs(evidence - odd)).mean()
                total[k] += (prob * agree + (1 - prob) * differ) / 2
    return means.mean(axis=0), means.std(axis=0, ddof=1) / np.sqrt(_SCRAMBLINGS)


def table() -> dict[str, object]:
    """Return what source/price.json holds: values in units of 1e-6, by n, kappa and L."""
    odds = chebyshev_points(_ODDS_POINTS, LARGEST_ODDS)
    roots = chebyshev_points(_KAPPA_POINTS, 1.0)
    values, errors = {}, []
    for n in SHIFTS:
        low = -1 / (n - 1)
        rows = []
        for root in roots:
            value, error = optimum(n, low + (1 - low) * root * root, odds)
            rows.append(np.rint(value / _UNIT).astype(int).tolist())
            errors.append(float(error.max()))
        values[str(n)] = rows
    return {
        "unit": _UNIT,
        "largest_odds": LARGEST_ODDS,
        "standard_error": float(f"{max(errors):.1e}"),
        "values": values,
    }


def main() -> None:
    """Write source/price.json."""
    text = json.dumps(table(), separators=(",", ":")).replace("]],", "]],\n")
    _TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
