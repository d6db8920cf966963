"""The laws on classifiers without closed forms: random trees and small networks.

The proofs bound the accuracy under one particular attack, so that accuracy is measured. The
comparison is between far ends of exact intervals at level 1 - 1e-9: with thousands of
classifiers a true law is broken by chance about once in 10^5 runs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spadv.stats import clopper_pearson
from spadv.theory import CodeGaussian, laws, legendre_word, simplex_word
from spadv.theory.attacks import imitating_attack, opposing_attack

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
def test_no_law_is_broken(make, word, p, budget):
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
