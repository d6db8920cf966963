"""Monte-Carlo measurement of any classifier, with exact binomial intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check_integer
from ..errors import InputError
from ..random import as_rng
from ..stats import Interval, clopper_pearson
from .attacks import MeanAttack, proof_attacks
from .distribution import CodeGaussian


@dataclass(frozen=True)
class Proportion:
    """Successes out of independent trials, with the exact interval of Clopper and Pearson."""

    successes: int
    trials: int
    level: float

    @property
    def value(self) -> float:
        """The observed fraction."""
        return self.successes / self.trials

    @property
    def interval(self) -> Interval:
        """Exact binomial confidence interval, at `level`."""
        return clopper_pearson(self.successes, self.trials, self.level)

    def __repr__(self) -> str:
        low, high, level = self.interval
        return f"{self.value:.4f} [{low:.4f}, {high:.4f}] at {level:g}"


@dataclass(frozen=True)
class Measurement:
    """Measured accuracies of one classifier."""

    #: Pr(f(X) = Y).
    natural: Proportion
    #: Pr(f(r X) = Y), r uniformly random.
    spatial: Proportion
    #: Pr(f(r_j X) = Y) by the j that were asked for.
    shifted: dict[int, Proportion]
    #: Accuracy under each attack, by its name: each bounds adversarial accuracy from above.
    attacked: dict[str, Proportion]
    #: Fraction that survives every attack, the clean input included: an attack may choose among
    #: them, so this is the best of these bounds. None without attacks.
    adversarial_upper: Proportion | None


def measure(
    classifier: Any,
    dist: CodeGaussian,
    *,
    samples: int,
    rng: np.random.Generator | int,
    budget: float | None = None,
    attacks: Sequence[MeanAttack] | None = None,
    shifts: Sequence[int] = (),
    level: float = 0.95,
) -> Measurement:
    """Measure a classifier on samples of the distribution, in constant memory.

    Parameters
    ----------
    classifier : object with ``predict``, or a function
        Maps rows (size, d + 1), x0 in column 0, to labels -1 or +1. Fitted scikit-learn
        estimators qualify. It must not modify its input.
    dist : CodeGaussian
        The distribution.
    samples : int
        Number of independent samples.
    rng : numpy.random.Generator or int
        Source of randomness.
    budget : float, optional
        e = eps sqrt(d); measures the attacks of the paper's proofs at this budget.
    attacks : sequence of MeanAttack, optional
        Attacks to measure in place of the proofs', of different names.
    shifts : sequence of int
        The j for which Pr(f(r_j X) = Y) is wanted.
    level : float
        Confidence level of each interval, taken by itself.

    Examples
    --------
    >>> import numpy as np
    >>> dist = CodeGaussian([1, 1, -1], p=0.8)
    >>> m = measure(lambda x: np.sign(x[:, 0]), dist, samples=1000, rng=np.random.default_rng(0))
    >>> m.natural.successes == m.spatial.successes
    True
    """
    predict = _predictor(classifier)
    samples = check_integer("samples", samples, minimum=1)
    rng = as_rng(rng)
    if attacks is None:
        attacks = [] if budget is None else proof_attacks(dist, budget)
    names = [attack.name for attack in attacks]
    if len(set(names)) < len(names):
        raise InputError("attacks", "have different names", names)
    shifts = list(dict.fromkeys(check_integer("shifts", j) for j in shifts))
    natural = spatial = survived = 0
    shifted = dict.fromkeys(shifts, 0)
    attacked = dict.fromkeys(names, 0)
    for x, y in dist.stream(samples, rng):
        clean = predict(x) == y
        natural += int(clean.sum())
        j = rng.integers(dist.n_shifts, size=len(y))
        spatial += int((predict(dist.rotate(x, j)) == y).sum())
        for shift in shifts:
            shifted[shift] += int((predict(dist.rotate(x, shift)) == y).sum())
        alive = clean
        for attack in attacks:
            right = predict(attack.perturb(x, y)) == y
            attacked[attack.name] += int(right.sum())
            alive = alive & right
        survived += int(alive.sum())

    def proportion(count: int) -> Proportion:
        return Proportion(count, samples, level)

    return Measurement(
        natural=proportion(natural),
        spatial=proportion(spatial),
        shifted={j: proportion(count) for j, count in shifted.items()},
        attacked={name: proportion(count) for name, count in attacked.items()},
        adversarial_upper=proportion(survived) if attacks else None,
    )


def _predictor(classifier: Any) -> Callable[..., NDArray[np.int8]]:
    raw = getattr(classifier, "predict", classifier)
    if not callable(raw):
        raise InputError("classifier", "be a function or have a method predict", classifier)

    def predict(x: NDArray[np.float64]) -> NDArray[np.int8]:
        labels = np.asarray(raw(x))
        if labels.shape != (len(x),):
            raise InputError("classifier", f"return {len(x)} labels for as many rows", labels.shape)
        wrong = ~np.isin(labels, (-1, 1))
        if wrong.any():
            raise InputError("classifier", "return labels -1 and +1 only", labels[wrong][0].item())
        return labels.astype(np.int8)

    return predict
