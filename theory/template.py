"""The general form: any real template, any coordinate permutations, any law on them.

X_1..X_d given Y = y is N(y mu, I) for a template mu in R^d; X0 agrees with Y with
probability p. Codewords and cyclic shifts are the case mu = 2c/sqrt(d). Proofs of the laws:
docs/theory/laws.md.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ..checks import check_probability, check_real, real_array
from ..errors import InputError
from .accuracy import log_odds, mixture_accuracy
from .laws import gradual_adversarial, gradual_spatial, lower_adversarial_at, lower_spatial_at
from .transformations import Transformations

Floats = NDArray[np.float64]

_ROUNDING = 1e-13


class SpatialInterval(NamedTuple):
    """Bounds on a spatial accuracy; `high` is below `low` if A itself is impossible.

    Attributes
    ----------
    low, high : float
        Its ends, in [0, 1].
    """

    low: float
    high: float


class TemplateModel:
    """The Gaussian-plus-x0 distribution of a template, and its transformed versions.

    Parameters
    ----------
    template : array_like, shape (d,)
        mu, finite and not 0: the mean of X_1..X_d given Y = 1.
    p : float
        Probability in [1/2, 1] that X0 equals Y.
    transformations : Transformations
        Permutations of the d coordinates, and their law pi.

    Attributes
    ----------
    mean : ndarray, shape (d,)
        The template.
    norm : float
        M = ||mu||; the class means are 2M apart.

    Raises
    ------
    InputError
        If the template is no finite vector of the permutations' length with entries whose largest
        size is between 1e-100 and 1e100, or `p` is out of range.

    Notes
    -----
    Budgets here are eps itself, in the units of the template (for a codeword e/sqrt(d)). The model
    is that of docs/theory/laws.md, "Setting and notation".

    Examples
    --------
    >>> from spadv.theory.transformations import cyclic_shifts
    >>> model = TemplateModel([2, 0, 0], p=0.7, transformations=cyclic_shifts(3))
    >>> model.kappa
    array([1., 0., 0.])
    """

    def __init__(self, template: ArrayLike, p: float, transformations: Transformations) -> None:
        mean = real_array("template", "be a finite vector other than 0", template)
        if mean.ndim != 1 or not np.isfinite(mean).all() or not mean.any():
            raise InputError("template", "be a finite vector other than 0", template)
        if not 1e-100 < np.abs(mean).max() < 1e100:  # its square is out of range
            raise InputError("template", "have entries between 1e-100 and 1e100", template)
        if mean.size != transformations.d:
            raise InputError("template", f"have the length {transformations.d}", mean.size)
        mean.flags.writeable = False
        self.mean = mean
        self.p = check_probability("p", p)
        self.transformations = transformations
        self.norm = float(np.linalg.norm(mean))

    def __repr__(self) -> str:
        return f"TemplateModel(d={self.mean.size}, n={len(self.transformations)}, p={self.p:g})"

    @cached_property
    def images(self) -> Floats:
        """G mu for every g, shape (n, d)."""
        return self.transformations.apply(self.mean)

    @cached_property
    def kappa(self) -> Floats:
        """<mu, g mu>/||mu||^2 for every g, shape (n,), in [-1, 1]."""
        return np.clip(self.images @ self.mean / self.norm**2, -1, 1)

    def bayes_accuracy(self) -> float:
        """Return the highest accuracy on (X, Y), and on (g X, Y) for each g."""
        return float(mixture_accuracy(self.norm, log_odds(self.p) / (2 * self.norm), self.p))

    def bayes_shifted(self) -> Floats:
        """Return the accuracy on g X of the Bayes classifier of X, for every g, shape (n,)."""
        h = log_odds(self.p) / (2 * self.norm)
        return np.asarray(mixture_accuracy(self.norm * self.kappa, h, self.p))

    def bayes_spatial(self) -> float:
        """Return the accuracy on g X of the Bayes classifier of X, g of the law pi."""
        return float(self.transformations.probabilities @ self.bayes_shifted())

    def robust_bayes_accuracy(self, eps: float) -> float:
        """Return the highest adversarial accuracy of any classifier at l-infinity budget eps.

        With nu the template whose entries are moved by eps towards 0, or to it, and a its norm:
        p Phi(a + L/(2a)) + (1-p) Phi(a - L/(2a)) for eps < 1, where x0 survives; Phi(a) from
        eps = 1 on. Theorem L2 of docs/theory/laws.md.

        Raises
        ------
        InputError
            If `eps` is negative or not finite.
        """
        eps = _budget(eps)
        a = float(np.linalg.norm(np.maximum(np.abs(self.mean) - eps, 0)))
        if eps >= 1:
            return float(ndtr(a))
        if a == 0 or self.p == 1:
            return self.p
        return float(mixture_accuracy(a, log_odds(self.p) / (2 * a), self.p))

    def upper_residuals(self, eps: float) -> Floats:
        """Return D_g for every g, shape (n,): what is left on the way from mu to -g mu.

        The norm of mu + g mu after the size of every entry is lowered by `eps`, to 0 at least
        (docs/theory/laws.md, section 4).

        Raises
        ------
        InputError
            If `eps` is negative or not finite.
        """
        return _residuals(self.mean + self.images, eps)

    def lower_residuals(self, eps: float) -> Floats:
        """Return D'_g for every g, shape (n,): what is left on the way from mu to g mu.

        The norm of mu - g mu after the size of every entry is lowered by `eps`, to 0 at least
        (docs/theory/laws.md, section 5).

        Raises
        ------
        InputError
            If `eps` is negative or not finite.
        """
        return _residuals(self.mean - self.images, eps)

    def adversarial_bound(self, spatial: ArrayLike, eps: float, *, tight: bool = True) -> Floats:
        """Return, for every g, the largest A possible beside the given S_g.

        Parameters
        ----------
        spatial : array_like, shape () or (n,)
            Accuracies S_g on g X; NaN bounds where no classifier has one so high.
        eps : float
            l-infinity budget, at least 0, in the template's units.
        tight : bool
            As in :func:`spadv.theory.laws.gradual_adversarial`.

        Returns
        -------
        ndarray, shape (n,)
            The least of the upper law, the lower law and the robust Bayes accuracy.

        Raises
        ------
        InputError
            If `spatial` has another shape, or an argument is out of range.
        """
        n = len(self.transformations)
        rule = f"be one accuracy or {n}"
        if real_array("spatial", rule, spatial).shape not in ((), (n,)):
            raise InputError("spatial", rule, np.shape(spatial))
        upper = gradual_adversarial(
            spatial, self.p, self.upper_residuals(eps), tight=tight, mean_norm=self.norm
        )
        lower = lower_adversarial_at(spatial, self.lower_residuals(eps))
        return np.minimum(np.minimum(upper, lower), self.robust_bayes_accuracy(eps))

    def spatial_bounds(self, adversarial: float, eps: float) -> SpatialInterval:
        """Return the interval in which S, averaged over the law pi, lies beside A.

        Each S_g has its own interval from the two laws; S lies in their average.

        Parameters
        ----------
        adversarial : float
            A in [0, 1].
        eps : float
            l-infinity budget, at least 0, in the template's units.

        Returns
        -------
        SpatialInterval
            Where A is above the robust Bayes accuracy no classifier has it and the interval
            says nothing.

        Raises
        ------
        InputError
            If an argument is out of range.
        """
        a = check_real("adversarial", adversarial, low=0, high=1)
        high = gradual_spatial(
            a, self.p, self.upper_residuals(eps), tight=True, mean_norm=self.norm
        )
        low = lower_spatial_at(a, self.lower_residuals(eps))
        law = self.transformations.probabilities
        return SpatialInterval(float(law @ low), float(law @ high))

    def adversarial_bound_on_average(self, spatial: float, eps: float) -> float:
        """Return the largest A possible beside S, averaged over the law pi.

        The interval of :meth:`spatial_bounds` shrinks as A grows; the largest A whose
        interval still holds S is found by bisection, rounded upwards.

        Parameters
        ----------
        spatial : float
            S in [0, 1].
        eps : float
            l-infinity budget, at least 0, in the template's units.

        Raises
        ------
        InputError
            If an argument is out of range, or S is above the Bayes accuracy, which no classifier
            exceeds on any g X.
        """
        s = check_real("spatial", spatial, low=0, high=1)
        best = self.bayes_accuracy()
        if s > best:
            raise InputError("spatial", f"be at most the Bayes accuracy {best:.6f}", spatial)
        low, high = 0.0, self.robust_bayes_accuracy(eps)
        if _holds(s, self.spatial_bounds(high, eps)):
            return high
        while high - low > 1e-12:
            middle = (low + high) / 2
            if _holds(s, self.spatial_bounds(middle, eps)):
                low = middle
            else:
                high = middle
        return high


def _holds(s: float, interval: SpatialInterval) -> bool:
    # The ends are averages: one rounding must not make an attained S impossible.
    return interval.low - _ROUNDING <= s <= interval.high + _ROUNDING


def _budget(eps: float) -> float:
    return check_real("eps", eps, low=0, rule="be a finite number of at least 0")


def _residuals(way: Floats, eps: float) -> Floats:
    left = np.maximum(np.abs(way) - _budget(eps), 0)
    return np.asarray(np.sqrt(np.square(left).sum(axis=1)), dtype=np.float64)


def codeword_template(codeword: ArrayLike) -> Floats:
    """Return 2c/sqrt(d), the template of a +-1 word (arXiv 2002.11318, section 3).

    Parameters
    ----------
    codeword : array_like, shape (d,)
        Entries -1 and +1.

    Returns
    -------
    ndarray of float64, shape (d,)
        Of norm 2.

    Raises
    ------
    InputError
        If the word has other symbols.

    Examples
    --------
    >>> codeword_template([1, -1, 1, 1])
    array([ 1., -1.,  1.,  1.])
    """
    from .words import as_word

    word = as_word(codeword)
    return 2 * word.astype(np.float64) / math.sqrt(word.size)
