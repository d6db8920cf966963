"""The inner attack of TRADES against the authors' loop, written out."""

import pytest
import torch
from torch.nn import functional

from spadv.empirical.attacks import trades_attack
from spadv.errors import InputError

EPS, STEP, STEPS = 0.05, 0.007, 10


def authors_loop(net, x, start):
    current = start
    for _ in range(STEPS):
        current = current.detach().requires_grad_()
        divergence = functional.kl_div(
            net(current).log_softmax(1), net(x).softmax(1), reduction="sum"
        )
        (gradient,) = torch.autograd.grad(divergence, current)
        current = current.detach() + STEP * gradient.sign()
        current = torch.min(torch.max(current, x - EPS), x + EPS).clamp(0, 1)
    return current


def test_parity_with_the_authors_loop(trained, test_set, generator):
    net, x = trained.double(), test_set[0][:50].double()
    x[:5] = 0.0  # their start lies outside [0, 1] here
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    expected = authors_loop(net, x, x + 0.001 * noise)
    generator.manual_seed(0)
    found = trades_attack(
        net.train(), x, budget=EPS, step_size=STEP, steps=STEPS, generator=generator
    )  # fmt: skip
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    start = x + 0.001 * noise
    given = trades_attack(net, x, budget=EPS, step_size=STEP, steps=STEPS, start=start)
    torch.testing.assert_close(given, found, atol=1e-12, rtol=0)
    assert torch.equal(start, x + 0.001 * noise)  # a start that is given is not overwritten


def test_ball_box_and_budget_zero(trained, test_set, generator):
    x, _ = test_set
    for budget in ("8/255", 0.0005, 0):
        found = trades_attack(trained, x, budget=budget, generator=generator)
        radius = 8 / 255 if isinstance(budget, str) else budget
        assert ((found - x).abs() <= radius).all()
        assert ((found >= 0) & (found <= 1)).all()
        assert torch.equal(found, x) == (radius == 0)
    begun = trades_attack(trained, x, budget=0.0005, steps=0, generator=generator)
    assert ((begun - x).abs() <= 0.0005).all()


def test_it_raises_the_divergence_and_needs_no_labels(trained, test_set, generator):
    x, _ = test_set
    found = trades_attack(trained, x, budget=0.1, step_size=0.02, generator=generator)
    clean = trained(x).softmax(1)
    far = functional.kl_div(trained(found).log_softmax(1), clean, reduction="none").sum(1)
    noise = (x + 0.1 * (2 * torch.rand(x.shape, generator=generator) - 1)).clamp(0, 1)
    near = functional.kl_div(trained(noise).log_softmax(1), clean, reduction="none").sum(1)
    assert (far > near).float().mean() > 0.98


def test_logits_that_underflow_do_no_harm(trained, test_set, generator):
    x, _ = test_set
    trained[-1].weight.data *= 1e4
    with pytest.warns(UserWarning, match="exactly zero at 200 of 200"):
        found = trades_attack(trained, x, budget=0.1, generator=generator)
    assert torch.isfinite(found).all()


def test_bad_input(trained, test_set, generator):
    x, _ = test_set
    with pytest.raises(InputError, match="generator"):
        trades_attack(trained, x, budget=0.1, generator="0")
    with pytest.raises(InputError, match="start"):
        trades_attack(trained, x, budget=0.1, start=x[:3])
    with pytest.raises(InputError, match="steps"):
        trades_attack(trained, x, budget=0.1, steps=-1, generator=generator)
    assert len(trades_attack(trained, x[:0], budget=0.1, generator=generator)) == 0
