"""The classifiers at which claims about every classifier look, exactly and simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...result import MISMATCH_LEVEL, Quantity
from ...stats import clopper_pearson
from ..attacks import optimal_linear_attack, proof_attacks
from ..classifiers import LinearRule, ShiftBayes, bayes, robust_bayes, x0_rule
from ..distribution import CodeGaussian
from ..monte_carlo import measure
from .registry import ROUNDING
from .setting import Setting

# The best rule for the random shift costs n correlations a sample and has no closed form.
_MOST_SHIFTS_MEASURED = 64


@dataclass(frozen=True)
class ReferenceClassifier:
    """One classifier's spatial and adversarial accuracy, exact and simulated.

    Where `adversarial.exact` is None the simulation is under the proofs' attacks and bounds
    adversarial accuracy from above.
    """

    name: str
    spatial: Quantity
    adversarial: Quantity

    @property
    def quantities(self) -> tuple[Quantity, Quantity]:
        """Both accuracies."""
        return self.spatial, self.adversarial

    @property
    def exact(self) -> tuple[float, float] | None:
        """The exact (S, A), or None."""
        if self.spatial.exact is None or self.adversarial.exact is None:
            return None
        return self.spatial.exact, self.adversarial.exact

    def could_be(self, spatial: float) -> bool:
        """Whether its simulation cannot tell its S from this one, at level 1 - 1e-9."""
        if self.spatial.exact is not None:
            return False
        low, high = _interval(self.spatial)
        return low <= spatial <= high

    def breaks(self, allowed: Callable[[float], float], *, of: str = "S") -> bool:
        """Whether it breaks a law, from A to the largest S (of="S") or from S to the largest A.

        The law is decreasing. A classifier without closed forms is judged by its accuracy under
        the proofs' attacks for some shifts j, and only if the far ends of intervals at level
        1 - 1e-9 break the law. The proofs bound that accuracy by S_j; so it takes a classifier
        whose S_j are all equal, as shift-Bayes, the only such one here, has.
        """
        s, a = self.exact or (_low_end(self.spatial), _low_end(self.adversarial))
        return s > allowed(a) + ROUNDING if of == "S" else a > allowed(s) + ROUNDING


def _low_end(quantity: Quantity) -> float:
    return quantity.exact if quantity.exact is not None else _interval(quantity)[0]


def _interval(quantity: Quantity) -> tuple[float, float]:
    assert quantity.successes is not None  # a quantity without either is never made
    assert quantity.trials is not None
    found = clopper_pearson(quantity.successes, quantity.trials, 1 - MISMATCH_LEVEL)
    return found.low, found.high


def reference_classifiers(setting: Setting) -> tuple[ReferenceClassifier, ...]:
    """Return Bayes, robust Bayes, sign(x0), a random linear rule and shift-Bayes."""
    return _at(setting.only("shift", "p", "budget", "samples", "seed"))


@lru_cache(maxsize=1024)
def _at(setting: Setting) -> tuple[ReferenceClassifier, ...]:
    dist, budget, rng = setting.dist, setting.budget, setting.rng("witnesses")
    rules = [bayes(dist), robust_bayes(dist, budget), x0_rule(dist), random_rule(dist, rng)]
    trials = None
    spatial: list[int | None] = [None] * len(rules)
    adversarial = spatial
    if setting.samples:
        trials = setting.trials
        spatial, adversarial = _simulate(dist, rules, budget, trials, rng)
    found = [
        ReferenceClassifier(
            rule.name,
            Quantity(f"S of {rule.name}", rule.spatial_accuracy(dist), s, trials),
            Quantity(f"A of {rule.name}", rule.adversarial_accuracy(dist, budget), a, trials),
        )
        for rule, s, a in zip(rules, spatial, adversarial, strict=True)
    ]
    if trials and 1 < dist.n_shifts <= _MOST_SHIFTS_MEASURED:
        found.append(_measured_shift_bayes(dist, budget, min(trials, 1000), rng))
    return tuple(found)


def random_rule(dist: CodeGaussian, rng: np.random.Generator) -> LinearRule:
    """Return a rule with its own noisy weights and threshold on either side of x0."""
    noise = rng.standard_normal((2, dist.d)) / np.sqrt(dist.d)
    weights = rng.uniform(0, 1, size=(2, 1)) * dist.mean + noise
    minus, plus = rng.normal(size=2)
    biases = minus - dist.p, plus + dist.p
    return LinearRule(weights[0], weights[1], *biases, name="random linear rule")


def _simulate(
    dist: CodeGaussian,
    rules: list[LinearRule],
    budget: float,
    trials: int,
    rng: np.random.Generator,
) -> tuple[list[int | None], list[int | None]]:
    """Count correct answers on randomly shifted and on optimally attacked samples."""
    hits = np.zeros((2, len(rules)), dtype=int)
    overwrites = budget >= np.sqrt(dist.d)
    for x, y in dist.stream(trials, rng):
        shifted = dist.rotate(x, rng.integers(dist.n_shifts, size=len(x)))
        for i, rule in enumerate(rules):
            hits[0, i] += (rule.predict(shifted) == y).sum()
            right = rule.predict(optimal_linear_attack(rule, x, y, budget)) == y
            if overwrites:
                other = x.copy()
                other[:, 0] *= -1
                right &= rule.predict(optimal_linear_attack(rule, other, y, budget)) == y
            hits[1, i] += right.sum()
    spatial, adversarial = hits.tolist()
    return spatial, adversarial


def _measured_shift_bayes(
    dist: CodeGaussian, budget: float, trials: int, rng: np.random.Generator
) -> ReferenceClassifier:
    rule = ShiftBayes(dist)
    attacks = proof_attacks(dist, budget, most=2)
    found = measure(rule, dist, samples=trials, rng=rng, attacks=attacks)
    exact = rule.spatial_accuracy(rng=rng).value if dist.orbit.n_distinct <= 2 else None
    attacked = found.adversarial_upper
    assert attacked is not None  # attacks were given
    return ReferenceClassifier(
        rule.name,
        Quantity(f"S of {rule.name}", exact, found.spatial.successes, trials),
        Quantity(f"A of {rule.name}, proofs' attacks", None, attacked.successes, trials),
    )
