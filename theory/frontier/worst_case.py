"""Linear rules where an adversary chooses the shift: S^, being right after all of them at once."""

from __future__ import annotations

import numpy as np

from ..classifiers import LinearRule
from ..distribution import CodeGaussian
from .hull import pareto
from .inner import AchievedRule

# Up to three shifts S^ has a closed form; with more it takes up to a second a rule.
_FEW_SHIFTS, _MOST_RULES = 3, 12


def worst_case_at_least(rule: LinearRule, dist: CodeGaussian) -> float:
    """Return S^ of a linear rule, or the lower end of its 99.99% interval."""
    found = rule.worst_case_accuracy(dist, rng=np.random.default_rng(0), level=0.9999)
    return found.value if found.interval is None else found.interval.low


def worst_case_rules(
    rules: list[AchievedRule], dist: CodeGaussian, budget: float
) -> list[AchievedRule]:
    """Return rules that no other one beats by (S^, A), in the place of those found for (S, A).

    Tried are `rules` (some of them, where there are many shifts) and rules between the word
    and the mean of its shifts, with several thresholds; the latter no shift changes, so their
    S^ is their S.
    """
    few = dist.orbit.n_distinct <= _FEW_SHIFTS
    natural = dist.mean
    shared = np.mean([dist.rotated_mean(j) for j in range(dist.orbit.n_distinct)], axis=0)
    thresholds = np.array([0.0, 0.15, 0.25, 0.35, 0.5, 0.7, 1.0, 1.5, 3.0] if few else [0.25, 1.0])
    most = len(rules) if few else _MOST_RULES
    tried = [rules[i].rule for i in np.unique(np.linspace(0, len(rules) - 1, most).astype(int))]
    odds = min(dist.log_odds, 40.0)
    for share in np.linspace(0, 1, 13 if few else 5).tolist():
        mixed = (1 - share) * natural + share * shared
        norm = float(np.linalg.norm(mixed))
        if norm > 1e-9:
            for h in (thresholds * odds).tolist():
                tried.append(LinearRule(mixed / norm, mixed / norm, -h, h, name="achievable"))
    points = [
        AchievedRule(worst_case_at_least(rule, dist), rule.adversarial_accuracy(dist, budget), rule)
        for rule in tried
    ]
    return [points[i] for i in pareto([point[:2] for point in points])]
