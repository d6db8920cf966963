"""Named classifiers at one setting, exactly and simulated: what the claims look at.

Several claims look at the same setting, so what is computed here is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...result import Quantity
from ..accuracy import bayes_accuracy, shifted_accuracy
from ..attacks import optimal_linear_attack, proof_attacks
from ..classifiers import LinearRule, ShiftBayes, bayes, robust_bayes, x0_rule
from ..distribution import CodeGaussian, CorrelationSample
from ..monte_carlo import measure
from .setting import Setting

# Doubles drawn for one setting: long words are simulated with fewer samples.
_MOST_DOUBLES = 500_000
_FEWEST_SAMPLES = 500
# The same for correlations, and how many of them are held at once.
_MOST_CORRELATIONS = 1 << 24
_PART_DOUBLES = 1 << 22
# The best rule for the random shift costs n correlations a sample and has no closed form.
_MOST_SHIFTS_MEASURED = 64


@dataclass(frozen=True)
class Witness:
    """One classifier's spatial and adversarial accuracy.

    Attributes
    ----------
    name : str
        The classifier.
    spatial, adversarial : Quantity
        Exact and simulated. Where `adversarial.exact` is None the simulation is under the
        proofs' attacks and bounds adversarial accuracy from above.
    """

    name: str
    spatial: Quantity
    adversarial: Quantity

    def pair(self) -> tuple[float, float] | None:
        """Return the exact (S, A), or None."""
        if self.spatial.exact is None or self.adversarial.exact is None:
            return None
        return self.spatial.exact, self.adversarial.exact


def witnesses(setting: Setting) -> tuple[Witness, ...]:
    """Return Bayes, robust Bayes, sign(x0), a random linear rule and shift-Bayes.

    Parameters
    ----------
    setting : Setting
        Where; its seed also draws the random rule.
    """
    return _witnesses(
        setting.word.tobytes(),
        setting.shift,
        setting.p,
        setting.budget,
        setting.samples,
        setting.seed,
    )


@lru_cache(maxsize=1024)
def _witnesses(
    word: bytes, shift: int, p: float, budget: float, samples: int, seed: int
) -> tuple[Witness, ...]:
    setting = Setting(
        np.frombuffer(word, dtype=np.int8), shift, p, budget, samples=samples, seed=seed
    )
    dist = setting.dist
    rng = setting.rng("witnesses")
    rules = [bayes(dist), robust_bayes(dist, budget), x0_rule(dist), _random_rule(dist, rng)]
    counts: list[tuple[int | None, int | None]] = [(None, None)] * len(rules)
    trials = None
    if samples:
        trials = min(samples, max(_FEWEST_SAMPLES, _MOST_DOUBLES // dist.d))
        counts = _simulate(dist, rules, budget, trials, rng)
    found = [
        Witness(
            rule.name,
            Quantity(f"S of {rule.name}", rule.spatial_accuracy(dist), spatial, trials),
            Quantity(
                f"A of {rule.name}", rule.adversarial_accuracy(dist, budget), adversarial, trials
            ),
        )
        for rule, (spatial, adversarial) in zip(rules, counts, strict=True)
    ]
    if trials and 1 < dist.n_shifts <= _MOST_SHIFTS_MEASURED:
        found.append(_measured_shift_bayes(dist, budget, min(trials, 2000), rng))
    return tuple(found)


def _random_rule(dist: CodeGaussian, rng: np.random.Generator) -> LinearRule:
    """Return a rule with its own noisy weights and threshold on either side of x0."""
    noise = rng.standard_normal((2, dist.d)) / np.sqrt(dist.d)
    weights = rng.uniform(0, 1, size=(2, 1)) * dist.mean + noise
    minus, plus = rng.normal(size=2)
    return LinearRule(
        weights[0], weights[1], minus - dist.p, plus + dist.p, name="random linear rule"
    )


def _simulate(
    dist: CodeGaussian,
    rules: list[LinearRule],
    budget: float,
    trials: int,
    rng: np.random.Generator,
) -> list[tuple[int | None, int | None]]:
    """Count correct answers on randomly shifted and on optimally attacked samples."""
    spatial, adversarial = [0] * len(rules), [0] * len(rules)
    overwrites = budget >= np.sqrt(dist.d)
    for x, y in dist.stream(trials, rng):
        turned = dist.rotate(x, rng.integers(dist.n_shifts, size=len(x)))
        for i, rule in enumerate(rules):
            spatial[i] += int((rule.predict(turned) == y).sum())
            right = rule.predict(optimal_linear_attack(rule, x, y, budget)) == y
            if overwrites:
                other = x.copy()
                other[:, 0] *= -1
                right &= rule.predict(optimal_linear_attack(rule, other, y, budget)) == y
            adversarial[i] += int(right.sum())
    return list(zip(spatial, adversarial, strict=True))


def _measured_shift_bayes(
    dist: CodeGaussian, budget: float, trials: int, rng: np.random.Generator
) -> Witness:
    rule = ShiftBayes(dist)
    found = measure(
        rule, dist, samples=trials, rng=rng, attacks=proof_attacks(dist, budget, most=2)
    )
    exact = rule.spatial_accuracy(rng=rng).value if dist.orbit.n_distinct <= 2 else None
    attacked = found.adversarial_upper
    assert attacked is not None  # attacks were given
    return Witness(
        rule.name,
        Quantity(f"S of {rule.name}", exact, found.spatial.successes, trials),
        Quantity(f"A of {rule.name}, proofs' attacks", None, attacked.successes, trials),
    )


@dataclass(frozen=True)
class BayesOnShifts:
    """Accuracy of f* on X and on every r_j X.

    Attributes
    ----------
    natural : Quantity
        On X.
    worst : Quantity or None
        On the r_j X with r_j c != c where it is highest; None if there is no such j.
    worst_shift : int or None
        That j.
    average : Quantity
        On r X, r uniformly random.
    lowest, highest : float
        Exact extremes over the j with r_j c != c (NaN if there are none).
    """

    natural: Quantity
    worst: Quantity | None
    worst_shift: int | None
    average: Quantity
    lowest: float
    highest: float


def bayes_on_shifts(setting: Setting) -> BayesOnShifts:
    """Return the accuracies that Proposition 1 speaks of."""
    return _bayes_on_shifts(
        setting.word.tobytes(), setting.shift, setting.p, setting.samples, setting.seed
    )


def correlation_parts(
    dist: CodeGaussian, samples: int, rng: np.random.Generator
) -> Iterator[CorrelationSample]:
    """Yield samples of the correlations in parts, fewer than `samples` for many shifts."""
    n = dist.n_shifts
    left = min(samples, max(_FEWEST_SAMPLES, _MOST_CORRELATIONS // n))
    rows = max(1, _PART_DOUBLES // n)
    while left:
        yield dist.sample_correlations(min(rows, left), rng)
        left -= min(rows, left)


@lru_cache(maxsize=1024)
def _bayes_on_shifts(word: bytes, shift: int, p: float, samples: int, seed: int) -> BayesOnShifts:
    setting = Setting(np.frombuffer(word, dtype=np.int8), shift, p, samples=samples, seed=seed)
    dist, orbit = setting.dist, setting.dist.orbit
    exact = shifted_accuracy(orbit.kappa, p)
    moving = orbit.moving
    worst_shift = int(moving[np.argmax(exact[moving])]) if moving.size else None
    counts = {"natural": 0, "worst": 0, "average": 0}
    trials = 0
    rng = setting.rng("bayes on shifts")
    for x0, g, y in correlation_parts(dist, samples, rng):
        size = len(y)
        trials += size
        # f* applied to r_j x sees <c, r_j x>/sqrt(d) = g_{-j}.
        evidence = np.where(x0 > 0, dist.log_odds, -dist.log_odds)
        shifts = {
            "natural": np.zeros(size, dtype=np.intp),
            "worst": np.full(size, worst_shift or 0),
            "average": rng.integers(dist.n_shifts, size=size),
        }
        for name, j in shifts.items():
            score = evidence + 4 * g[np.arange(size), -j % dist.n_shifts]
            counts[name] += int((np.where(score >= 0, 1, -1) == y).sum())
    hits = {name: count if trials else None for name, count in counts.items()}
    worst = None
    if worst_shift is not None:
        name = f"accuracy of f* on r_{worst_shift} X"
        worst = Quantity(name, float(exact[worst_shift]), hits["worst"], trials or None)
    return BayesOnShifts(
        natural=Quantity(
            "accuracy of f* on X", float(bayes_accuracy(p)), hits["natural"], trials or None
        ),
        worst=worst,
        worst_shift=worst_shift,
        average=Quantity(
            "accuracy of f* on r X", float(exact.mean()), hits["average"], trials or None
        ),
        lowest=float(exact[moving].min()) if moving.size else float("nan"),
        highest=float(exact[moving].max()) if moving.size else float("nan"),
    )
