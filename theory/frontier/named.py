"""Where the named classifiers of the paper stand: spatial and adversarial accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...stats import clopper_pearson
from ..attacks import opposing_attack
from ..classifiers import LinearRule, ShiftBayes, bayes, robust_bayes, x0_rule
from ..distribution import CodeGaussian
from ..orthant import Estimate

# Attacks on shift-Bayes that are tried.
_MOST_ATTACKS = 8


@dataclass(frozen=True)
class NamedPoint:
    """A classifier's spatial accuracy, and what is known of its adversarial accuracy."""

    spatial: Estimate
    #: (low, high) around A, equal where A is exact; simulated ends are one-sided limits.
    adversarial: tuple[float, float]

    @property
    def exact(self) -> bool:
        """Whether both numbers are exact to rounding."""
        return self.spatial.interval is None and self.adversarial[0] == self.adversarial[1]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        interval = self.spatial.interval
        return {
            "spatial": self.spatial.value,
            "spatial_interval": None if interval is None else interval._asdict(),
            "adversarial": self.adversarial[0] if self.exact else None,
            "adversarial_between": list(self.adversarial),
        }


def named_points(
    dist: CodeGaussian,
    budget: float,
    *,
    samples: int,
    rng: np.random.Generator,
    worst_case: bool = False,
) -> dict[str, NamedPoint]:
    """Return the points of Bayes, robust Bayes, shift-Bayes and sign(x0), by these names.

    The classifiers of Theorems L1, L2 and P11 (docs/theory/) and of Theorem 2's equality. Where
    shift-Bayes is not linear, so many `samples` are simulated. In the worst case the first
    accuracy is S^ in place of S; for shift-Bayes, which no shift changes, both are the same.
    """
    rules = {
        "Bayes": bayes(dist),
        "robust Bayes": robust_bayes(dist, budget),
        "sign(x0)": x0_rule(dist),
    }
    orbit = dist.orbit
    if orbit.n_distinct <= 2:
        # Linear for two different words.
        weights = np.sum([dist.rotated_mean(j) for j in range(orbit.n_distinct)], axis=0)
        weights, odds = 2 * weights / orbit.n_distinct, dist.log_odds
        both = LinearRule(weights, weights, -odds, odds, name="shift-Bayes")
        rules["shift-Bayes"] = both if weights.any() else rules["sign(x0)"]
    points = {}
    for name, rule in rules.items():
        adversarial = rule.adversarial_accuracy(dist, budget)
        spatial = Estimate(rule.spatial_accuracy(dist), None, "exact")
        if worst_case:
            spatial = rule.worst_case_accuracy(dist, rng=np.random.default_rng(0))
        points[name] = NamedPoint(spatial, (adversarial, adversarial))
    if "shift-Bayes" not in points:
        points["shift-Bayes"] = _simulated_shift_bayes(dist, budget, samples, rng)
    return points


def _simulated_shift_bayes(
    dist: CodeGaussian, budget: float, samples: int, rng: np.random.Generator
) -> NamedPoint:
    """Return shift-Bayes with limits of A, one-sided, that hold with 97.5% each.

    An attack changes the log-odds by at most 4 e (their gradient is at most twice the
    1-norm 2 sqrt d of a mean), so A is at least the frequency of a margin above 4 e; and A
    is at most the accuracy under the attacks that move the mean towards -r_j mu.
    """
    best = ShiftBayes(dist)
    spatial = best.spatial_accuracy(samples=samples, rng=rng)
    sample = dist.sample_correlations(samples, rng)
    y = sample.y.astype(np.float64)
    # Log-odds of x_1..x_d and x0, times the label.
    top = np.logaddexp.reduce(2 * sample.g, axis=1) - np.logaddexp.reduce(-2 * sample.g, axis=1)
    margin = y * (sample.x0 * dist.log_odds + top)
    low = clopper_pearson(int((margin > 4 * budget).sum()), samples, 0.95).low
    high = 1.0
    attacks = min(dist.orbit.n_distinct, _MOST_ATTACKS)
    for j in range(attacks):
        push = opposing_attack(dist, j, budget).displacement
        moved = dist.correlations(np.concatenate([[0.0], push])[None])[0]
        answers = best.predict_correlations(sample._replace(g=sample.g + y[:, None] * moved))
        # Each of several limits has its share of the error.
        hits = int((answers == sample.y).sum())
        high = min(high, clopper_pearson(hits, samples, 1 - 0.05 / attacks).high)
    return NamedPoint(spatial, (min(low, high), high))
