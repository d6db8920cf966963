"""No classifier breaks a law: linear rules, all accuracies exact; random trees and networks.

The rules include those for which a law is attained, so that a law which is a little too
strong is caught: a test makes sure of that.
"""

from collections.abc import Callable

import numpy as np
import pytest

from spadv.stats import clopper_pearson
from spadv.theory import (
    CodeGaussian,
    LinearRule,
    accuracy,
    bayes,
    dual_bch_word,
    imitating_attack,
    laws,
    legendre_word,
    opposing_attack,
    random_word,
    robust_bayes,
    simplex_word,
    x0_rule,
)

# Rounding of closed forms, and of the laws' inversions.
SLACK = 1e-7
SETTINGS = [
    (simplex_word(4), 5, 0.5),
    (simplex_word(6), 21, 0.7),
    (simplex_word(5), 1, 0.9),
    (legendre_word(29), 1, 0.6),
    (dual_bch_word(5), 1, 0.55),
    (random_word(48, 0), 24, 0.8),
    (random_word(40, 1), 4, 0.95),
    (np.array([1, -1, -1, -1] * 3), 2, 0.7),
    (np.array([1, 1, 1, 1, -1, -1, -1, -1]), 1, 0.65),
    (random_word(100, 3), 10, 0.99),
]
BUDGETS = (0.0, 0.5, 1.0, 2.0, 2.7, 3.5, 4.0, 5.0)


def pool(dist, rng):
    """Yield random rules, the named ones, and those along agreement and disagreement."""
    d, n = dist.d, dist.n_shifts
    yield x0_rule(dist)
    for j in range(n):
        yield bayes(dist, j)
    for budget in BUDGETS:
        yield robust_bayes(dist, budget)
    word = np.asarray(dist.orbit.codeword, dtype=float)
    for j in range(n):
        agree = word == np.roll(word, -dist.orbit.shift * j)
        for part in (agree, ~agree):
            if not part.any():
                continue
            weights = word * part / np.sqrt(part.sum())
            for bias in (0.0, *np.abs(rng.normal(size=4)) * 3):
                yield LinearRule(weights, weights, -bias, bias)
                yield LinearRule(weights, weights, bias, bias)
    shifts = np.array([np.roll(dist.mean, -dist.orbit.shift * j) for j in range(n)])
    for _ in range(60):
        mixed = rng.normal(size=(2, n)) @ shifts / np.sqrt(n)
        noise = rng.normal(size=(2, d)) * rng.choice([0, 0.1, 1]) / np.sqrt(d)
        weights = mixed + rng.normal() * dist.mean + noise
        if rng.random() < 0.5:
            weights[1] = weights[0]
        yield LinearRule(*weights, *rng.normal(scale=2, size=2))


def accuracies(number):
    """Return the setting and, for every rule, S_j for each j and A for each budget."""
    word, shift, p = SETTINGS[number]
    dist = CodeGaussian(word, p, shift)
    rules = list(pool(dist, np.random.default_rng(number)))
    shifted = np.array([rule.shifted_accuracies(dist) for rule in rules])
    attacked = np.array([[r.adversarial_accuracy(dist, e) for e in BUDGETS] for r in rules])
    return dist, np.clip(shifted, 0, 1), np.clip(attacked, 0, 1)


@pytest.fixture(scope="module", params=range(len(SETTINGS)))
def found(request):
    return accuracies(request.param)


def excess(shifted, attacked, dist, scale=1.0, tight=False):
    """Return A minus the gradual upper law, for every rule, shift and budget."""
    worst = -1.0
    for k, budget in enumerate(BUDGETS):
        distance = scale * laws.residual(budget, dist.orbit.delta)
        s = shifted
        if tight:  # rounding must not push S past the Bayes accuracy, where U is undefined
            s = np.minimum(s, accuracy.bayes_accuracy(dist.p))
        most = laws.gradual_adversarial(s, dist.p, distance, tight=tight)
        worst = max(worst, (attacked[:, k, None] - most).max())
    return worst


def test_gradual_upper_law_for_every_shift(found):
    dist, shifted, attacked = found
    assert excess(shifted, attacked, dist) <= SLACK


def test_tight_upper_law_for_every_shift(found):
    dist, shifted, attacked = found
    # Near the Bayes accuracy U falls like a square root: a rounding of S weighs more there.
    assert excess(shifted - 1e-13, attacked, dist, tight=True) <= 10 * SLACK


def test_lower_law_for_every_shift(found):
    dist, shifted, attacked = found
    for k, budget in enumerate(BUDGETS):
        least = laws.lower_spatial(attacked[:, k, None], budget, dist.orbit.delta)
        assert (shifted >= least - SLACK).all()
        most = laws.lower_adversarial(shifted, budget, dist.orbit.delta)
        assert (attacked[:, k, None] <= most + SLACK).all()


def test_theorems_of_the_paper_and_the_interval_behind_them(found):
    dist, shifted, attacked = found
    spatial, p, n = shifted.mean(axis=1), dist.p, dist.n_shifts
    for k, budget in enumerate(BUDGETS):
        if budget < 4:
            continue
        a = attacked[:, k]
        assert (spatial <= laws.theorem2_spatial(a, p, budget) + SLACK).all()
        assert (a <= laws.theorem2_adversarial(spatial, p, budget) + SLACK).all()
        low, high = laws.theorem3_spatial(a, p, n, budget)
        assert ((low - SLACK <= spatial) & (spatial <= high + SLACK)).all()
        assert (a <= laws.theorem3_adversarial(spatial, p, n, budget) + SLACK).all()
        assert (a <= shifted.min(axis=1) + SLACK).all()
        assert (a <= p + SLACK).all()


def test_caps(found):
    dist, shifted, attacked = found
    assert (shifted <= accuracy.bayes_accuracy(dist.p) + 1e-12).all()
    for k, budget in enumerate(BUDGETS):
        assert (
            attacked[:, k] <= accuracy.robust_bayes_accuracy(dist.p, budget, dist.d) + 1e-12
        ).all()
    if dist.n_shifts == 2:
        cap = accuracy.two_shift_accuracy(dist.orbit.kappa[1], dist.p)
        assert (shifted.mean(axis=1) <= cap + 1e-12).all()


def exact_natural_curve(p, e, t):
    """Return natural and adversarial accuracy of sign(<c, x>/sqrt d - t x0), as a rule."""
    dist = CodeGaussian(random_word(36, 0), p)
    unit = dist.mean / 2
    rule = LinearRule(unit, unit, t, -t)
    return rule.natural_accuracy(dist), rule.adversarial_accuracy(dist, e)


def test_values_of_the_exact_curve():
    odds = np.log(0.7 / 0.3)
    assert np.round(exact_natural_curve(0.7, 1, -odds / 4), 6).tolist() == [0.979495, 0.856458]
    odds = np.log(9)
    assert np.round(exact_natural_curve(0.9, 1.5, -odds / 3), 6).tolist() == [0.986924, 0.842803]


@pytest.mark.parametrize("p", [0.55, 0.7, 0.9])
@pytest.mark.parametrize("e", [0.5, 1.5, 3.0, 3.9])
def test_the_upper_law_is_attained_without_a_shift(p, e):
    # At t = -L/(4-e) the two accuracies given x0 are the ones that maximise U0 at their S.
    s, a = exact_natural_curve(p, e, -np.log(p / (1 - p)) / (4 - e))
    assert laws.gradual_adversarial(s, p, 4 - e) == pytest.approx(a, abs=1e-9)


def test_these_rules_would_notice_wrong_laws():
    caught = {"distance": 0, "lower": 0, "theorem 2": 0, "cap": 0}
    for number in range(len(SETTINGS)):
        dist, shifted, attacked = accuracies(number)
        p, spatial = dist.p, shifted.mean(axis=1)
        caught["distance"] += excess(shifted, attacked, dist, scale=0.9) > 1e-3
        for k, budget in enumerate(BUDGETS):
            least = laws.lower_spatial(attacked[:, k, None], budget, 0.81 * dist.orbit.delta)
            caught["lower"] += (shifted < least - 1e-3).any()
            best = accuracy.robust_bayes_accuracy(p, budget * 1.02, dist.d)
            caught["cap"] += (attacked[:, k] > best + 1e-3).any()
        a = attacked[:, BUDGETS.index(4.0)]
        caught["theorem 2"] += (spatial > 0.99 * laws.theorem2_spatial(a, p) + 1e-3).any()
    assert min(caught.values()) >= 3, caught


# The proofs bound the accuracy under one particular attack, so that accuracy is measured. The
# comparison is between far ends of exact intervals at level 1 - 1e-9: with thousands of
# classifiers a true law is broken by chance about once in 10^5 runs.
LEVEL = 1 - 1e-9
SAMPLES = 3000
CLASSIFIERS = 1000


def random_tree(dist: CodeGaussian, rng: np.random.Generator) -> Callable:
    """Return a complete tree of depth 4 whose nodes split projections or x0."""
    depth = 4
    nodes = 2**depth - 1
    words = np.stack([dist.orbit.rotated(int(j)) for j in rng.integers(dist.n_shifts, size=nodes)])
    directions = np.where(rng.random((nodes, 1)) < 0.7, words, rng.normal(size=words.shape))
    directions = np.concatenate([3.0 * (rng.random((nodes, 1)) < 0.3), directions], axis=1)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    thresholds = rng.normal(scale=0.7, size=nodes)
    # Leaves follow the last split more often than not: useful trees as well as odd ones.
    leaves = np.where(
        rng.random(2 ** (depth - 1) * 2) < 0.85, np.tile([-1, 1], 2 ** (depth - 1)), 1
    )

    def predict(x: np.ndarray) -> np.ndarray:
        right = x @ directions.T > thresholds
        at = np.zeros(len(x), dtype=int)
        for _ in range(depth):
            at = 2 * at + 1 + right[np.arange(len(x)), at]
        return leaves[at - nodes]

    return predict


def random_network(dist: CodeGaussian, rng: np.random.Generator) -> Callable:
    """Return a network with one hidden layer of rectified units around the word's shifts."""
    hidden = 8
    words = np.stack([dist.orbit.rotated(int(j)) for j in rng.integers(dist.n_shifts, size=hidden)])
    signs = rng.choice([-1.0, 1.0], size=(hidden, 1))
    first = signs * words / np.sqrt(dist.d) + rng.normal(scale=0.1, size=words.shape)
    first = np.concatenate([rng.normal(size=(hidden, 1)), first], axis=1)
    shift, out = rng.normal(size=hidden), signs[:, 0] * rng.uniform(0, 1, hidden)

    def predict(x: np.ndarray) -> np.ndarray:
        score = np.maximum(x @ first.T + shift, 0) @ out - np.maximum(shift, 0) @ out
        return np.where(score + 0.5 * x[:, 0] > 0, 1, -1)

    return predict


@pytest.mark.parametrize("make", [random_tree, random_network])
@pytest.mark.parametrize(
    ("word", "p", "budget"),
    [(simplex_word(4), 0.6, 1.0), (simplex_word(4), 0.8, 2.0), (legendre_word(13), 0.55, 3.0)],
)
def test_no_tree_or_network_breaks_a_law(make, word, p, budget):
    dist = CodeGaussian(word, p, 1)
    rng = np.random.default_rng([7, word.size, int(10 * budget)])
    x, y = dist.sample(SAMPLES, rng)
    useful = 0
    for _ in range(CLASSIFIERS):
        predict = make(dist, rng)
        j = int(rng.integers(dist.n_shifts))
        delta = dist.orbit.delta[j]
        shifted = clopper_pearson(int((predict(dist.rotate(x, j)) == y).sum()), SAMPLES, LEVEL)
        opposed = opposing_attack(dist, j, budget).perturb(x, y)
        imitated = imitating_attack(dist, j, budget).perturb(x, y)
        against = clopper_pearson(int((predict(opposed) == y).sum()), SAMPLES, LEVEL)
        towards = clopper_pearson(int((predict(imitated) == y).sum()), SAMPLES, LEVEL)
        # U0 falls with S.
        upper = laws.gradual_adversarial(shifted.low, p, laws.residual(budget, delta))
        assert against.low <= upper
        assert towards.low <= laws.lower_adversarial(shifted.high, budget, delta)
        useful += shifted.low > 0.5
    assert useful > CLASSIFIERS / 20  # the check sees classifiers that know something
