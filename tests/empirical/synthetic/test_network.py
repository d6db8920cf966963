"""The networks: gradients, invariance, and the way to the theory's rules."""

import numpy as np
import pytest
import torch

from spadv.empirical.randomness import make_generator
from spadv.empirical.synthetic.network import KINDS, Layer, Networks, join
from spadv.empirical.synthetic.sampling import draw, turn
from spadv.errors import InputError
from spadv.theory import measure


def double(layer):
    return Layer(*(part.double() for part in layer))


def networks(kind, setting, *, count=3, width=12):
    generators = [make_generator(seed, "test") for seed in range(count)]
    return Networks(kind, setting.dist.d, setting.dist.n_shifts, width, generators)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_that_of_autograd(kind, opposed):
    layer = double(networks(kind, opposed).layer().detach())
    drawn = draw(opposed.dist, 40, [make_generator(9)])
    x = drawn.x.double().repeat(3, 1, 1).requires_grad_()
    x0 = drawn.x0.double().repeat(3, 1)
    logits = layer.logits(join(x, x0))
    (expected,) = torch.autograd.grad(logits.sum(), x)
    z = join(x, x0).detach()
    torch.testing.assert_close(layer.gradient(z), expected)
    both = layer.logits_and_gradient(z)
    torch.testing.assert_close(both[0], logits.detach())
    torch.testing.assert_close(both[1], expected)


def test_mlp_is_the_formula(two):
    nets = networks("mlp", two, count=1, width=5)
    hidden, out, direct = (part[0].detach() for part in nets.parameters)
    x, x0 = torch.randn(7, 16, generator=make_generator(3)), torch.tensor([1.0, -1] * 3 + [1.0])
    linear = torch.nn.Linear(17, 5)
    with torch.no_grad():
        linear.weight.copy_(hidden[:, :17])
        linear.bias.copy_(hidden[:, 17])
        expected = linear(torch.cat([x, x0[:, None]], dim=1)).relu() @ out
        expected = expected + direct[0] * x0 + direct[1]
    found = nets.layer().detach().logits(join(x, x0)[None])[0]
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", ["two", "seven"])
def test_circular_networks_are_invariant(name, request):
    setting = request.getfixturevalue(name)
    layer = networks("circular", setting, width=20).layer().detach()
    n = setting.dist.n_shifts
    x, x0, _ = draw(setting.dist, 500, [make_generator(seed) for seed in range(3)])
    clean = double(layer).logits(join(x.double(), x0.double()))
    assert float(clean.std()) > 0.01
    assert bool((clean > 0).any())
    for j in range(1, n):
        shifted = turn(x, torch.full(x0.shape, j), n)
        moved = double(layer).logits(join(shifted.double(), x0.double()))
        # The same numbers are added in another order: equal to rounding.
        torch.testing.assert_close(moved, clean, rtol=1e-13, atol=1e-13)
        answers = layer.logits(join(shifted, x0)) > 0
        assert torch.equal(answers[clean.abs() > 1e-5], (clean > 0)[clean.abs() > 1e-5])


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_other_networks_are_not(kind, two):
    layer = networks(kind, two).layer().detach()
    x, x0, _ = draw(two.dist, 100, [make_generator(seed) for seed in range(3)])
    moved = layer.logits(join(turn(x, torch.ones(x0.shape, dtype=torch.int64), 2), x0))
    assert float((moved - layer.logits(join(x, x0))).abs().max()) > 0.01


def test_linear_network_as_a_rule(opposed):
    layer = networks("linear", opposed).layer().detach()
    rows = opposed.dist.sample(400, np.random.default_rng(0)).x
    for number in range(3):
        rule = layer.rule(number)
        found = layer.select([number]).predict(rows)
        np.testing.assert_array_equal(found, rule.predict(rows))


def test_a_network_serves_the_theory_half(two):
    layer = networks("circular", two).layer()
    found = measure(
        layer.select([1]), two.dist, samples=2000, rng=np.random.default_rng(0), shifts=(1,)
    )
    assert found.natural.successes == found.spatial.successes == found.shifted[1].successes


def test_only_the_sign_of_x0_matters(two):
    layer = networks("mlp", two).layer().detach()
    x = torch.randn(3, 8, 16, generator=make_generator(0))
    near, far = torch.full((3, 8), 0.1), torch.full((3, 8), 3.0)
    assert torch.equal(layer.logits(join(x, near)), layer.logits(join(x, far)))


def test_equal_generators_give_equal_networks(two):
    one, other = networks("mlp", two), networks("mlp", two)
    for a, b in zip(one.parameters, other.parameters, strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one.parameters[0][0], one.parameters[0][1])


def test_initial_weights_are_those_of_torch(two):
    drawn = networks("mlp", two, count=200, width=30).parameters[0].detach()
    limit = torch.nn.Linear(17, 30).weight.detach().abs().max()
    assert float(drawn.abs().max()) <= 1 / 17**0.5
    assert float(drawn.abs().max()) == pytest.approx(float(limit), rel=0.05)
    assert float(drawn.std()) == pytest.approx(1 / 51**0.5, rel=0.02)


def test_bad_input(two):
    with pytest.raises(InputError, match="linear"):
        networks("mlp", two).layer().rule(0)
