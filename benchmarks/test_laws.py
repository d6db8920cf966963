"""Times of the gradual laws and of the price of spatial robustness.

Run with `make bench`; nothing here asserts a time.
"""

import numpy as np
import pytest

from spadv.theory import CodeGaussian, laws, simplex_word
from spadv.theory.accuracy import bayes_accuracy
from spadv.theory.price import spatial_optimum

SIZE = 1_000_000


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 0.99, SIZE)
    distance = rng.uniform(0, 4, SIZE)
    s = rng.uniform(0, 1, SIZE) * bayes_accuracy(p)
    return s, p, distance


@pytest.mark.parametrize("tight", [False, True])
def test_upper_law_on_a_million_inputs(benchmark, inputs, tight):
    s, p, distance = inputs
    found = benchmark.pedantic(
        lambda: laws.gradual_adversarial(s, p, distance, tight=tight), rounds=3, warmup_rounds=1
    )
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("tight", [False, True])
def test_inverse_on_a_million_inputs(benchmark, inputs, tight):
    a, p, distance = inputs
    found = benchmark.pedantic(
        lambda: laws.gradual_spatial(a, p, distance, tight=tight), rounds=3, warmup_rounds=1
    )
    assert ((found >= 0) & (found <= 1)).all()


def test_upper_law_without_a_residual(benchmark, inputs):
    s, p, _ = inputs
    benchmark.pedantic(
        lambda: laws.gradual_adversarial(s, p, 0.0, tight=True), rounds=3, warmup_rounds=1
    )


@pytest.mark.parametrize("p", [0.5, 0.7])
def test_price_of_sixty_three_shifts(benchmark, p):
    dist = CodeGaussian(simplex_word(6), p)
    found = benchmark.pedantic(
        lambda: spatial_optimum(dist, rng=np.random.default_rng(0)), rounds=3, warmup_rounds=1
    )
    benchmark.extra_info["value"] = found.value
    benchmark.extra_info["method"] = found.method
    assert p < found.value < bayes_accuracy(p)
