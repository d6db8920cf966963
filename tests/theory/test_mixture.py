"""Mixture bounds against closed forms, quadrature, and rules that they must not exclude."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from spadv.theory import CodeGaussian, InputError, LinearRule, simplex_word
from spadv.theory.mixture import mixture_adversarial, mixture_value
from spadv.theory.template import TemplateModel, codeword_template
from spadv.theory.transformations import cyclic_shifts


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize("p", [0.5, 0.7, 0.95])
def test_one_mean_is_the_bayes_accuracy(p):
    mean = np.array([[0.3, -1.0, 0.5]])
    size = np.linalg.norm(mean)
    h = np.log(p / (1 - p)) / (2 * size)
    expected = p * norm.cdf(size + h) + (1 - p) * norm.cdf(size - h)
    found = mixture_value(mean, [2.0], p, rng=rng())
    assert found.interval.low <= 2 * expected <= found.interval.high


@pytest.mark.parametrize(("w", "a", "p"), [(0.5, 1.0, 0.6), (2.0, 0.4, 0.8), (1.0, -0.5, 0.7)])
def test_two_means_on_a_line_against_quadrature(w, a, p):
    def best(u: float) -> float:
        plus = w * norm.pdf(u - a) + norm.pdf(u - 2)
        minus = w * norm.pdf(u + a) + norm.pdf(u + 2)
        return max(p * plus, (1 - p) * minus)

    expected = quad(best, -12, 12, limit=400, epsabs=1e-10)[0]
    found = mixture_value([[a], [2.0]], [w, 1.0], p, rng=rng(), bits=13)
    assert found.interval.low - 1e-7 <= expected <= found.interval.high + 1e-7
    assert found.value == pytest.approx(expected, abs=1e-3)


def test_no_linear_rule_is_above_the_bound():
    word, p, budget = simplex_word(4), 0.6, 1.5
    dist = CodeGaussian(word, p, 5)
    eps = budget / np.sqrt(15)
    model = TemplateModel(codeword_template(word), p, cyclic_shifts(15, 5))
    source = rng()
    nearest = 1.0
    for _ in range(25):
        mix = source.uniform(0, 1, size=3)
        weights = sum(m * dist.rotated_mean(j) for j, m in enumerate(mix))
        bias = source.uniform(0, 2)
        rule = LinearRule(weights, weights, -bias, bias)
        a, s = rule.adversarial_accuracy(dist, budget), rule.spatial_accuracy(dist)
        bound = mixture_adversarial(model, s, eps, rng=source, bits=8, weights=(0.5, 2.0))
        assert a <= bound + 1e-9
        nearest = min(nearest, bound - a)
    assert nearest < 0.1  # the bound is not so loose that it says nothing


@pytest.mark.parametrize(
    ("means", "weights", "name"),
    [([1.0], [1.0], "means"), ([[1.0]], [-1.0], "weights"), ([[1.0]], [0.0], "weights")],
)
def test_bad_input(means, weights, name):
    with pytest.raises(InputError, match=f"'{name}'"):
        mixture_value(means, weights, 0.6, rng=rng())
