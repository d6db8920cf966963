"""Directions are gradients up to a positive factor, also where those vanish in float32."""

import pytest
import torch
from torch.nn import functional

from spadv.empirical.attacks.losses import CrossEntropy, Divergence, LogitsRatio, Margin, select
from spadv.errors import InputError

COUNT, CLASSES = 40, 6


@pytest.fixture
def logits(generator):
    return 3 * torch.randn(COUNT, CLASSES, generator=generator, dtype=torch.float64)


@pytest.fixture
def labels(generator):
    return torch.randint(0, CLASSES, (COUNT,), generator=generator)


@pytest.fixture
def targets(labels):
    return (labels + 1 + torch.arange(COUNT) % (CLASSES - 1)) % CLASSES


def rows(z, index):
    return z.gather(1, index[:, None])[:, 0]


def best_other(z, y):
    return z.scatter(1, y[:, None], -torch.inf).amax(1)


def dlr(z, y, t):
    ordered = z.sort(1, descending=True).values
    return (best_other(z, y) - rows(z, y)) / (ordered[:, 0] - ordered[:, 2])


def targeted_dlr(z, y, t):
    ordered = z.sort(1, descending=True).values
    divisor = ordered[:, 0] - (ordered[:, 2] + ordered[:, 3]) / 2
    return (rows(z, t) - rows(z, y)) / divisor


CASES = {
    "ce": (lambda y, t, p: CrossEntropy(y), lambda z, y, t, p: functional.cross_entropy(
        z, y, reduction="none")),
    "ce to": (lambda y, t, p: CrossEntropy(y, True), lambda z, y, t, p: -functional.cross_entropy(
        z, y, reduction="none")),
    "margin": (lambda y, t, p: Margin(y), lambda z, y, t, p: best_other(z, y) - rows(z, y)),
    "margin to": (lambda y, t, p: Margin(y, t), lambda z, y, t, p: rows(z, t) - rows(z, y)),
    "dlr": (lambda y, t, p: LogitsRatio(y), lambda z, y, t, p: dlr(z, y, t)),
    "dlr to": (lambda y, t, p: LogitsRatio(y, t), lambda z, y, t, p: targeted_dlr(z, y, t)),
    "kl": (lambda y, t, p: Divergence(p.log_softmax(1)), lambda z, y, t, p: functional.kl_div(
        z.log_softmax(1), p.log_softmax(1), reduction="none", log_target=True).sum(1)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_direction_is_the_gradient_up_to_a_factor(name, logits, labels, targets, generator):
    make, loss = CASES[name]
    p = torch.randn(COUNT, CLASSES, generator=generator, dtype=torch.float64)
    value, direction = make(labels, targets, p)(logits)
    z = logits.clone().requires_grad_()
    expected = loss(z, labels, targets, p)
    (gradient,) = torch.autograd.grad(expected.sum(), z)
    unit = functional.normalize
    sloped = gradient.norm(dim=1) > 1e-12  # the ratio is flat where it has its largest value, 1
    assert sloped.double().mean() > 0.6
    torch.testing.assert_close(unit(direction[sloped]), unit(gradient[sloped]), atol=1e-8, rtol=0)
    assert (direction[~sloped].norm(dim=1) < 1e-10).all()
    # The value orders images as the loss does, and is the loss itself but for cross-entropy.
    assert (expected[value.argsort()].diff() > -1e-9).all()
    if not name.startswith("ce"):
        torch.testing.assert_close(value, expected.detach())


def test_cross_entropy_value_is_the_loss_before_its_logarithm(logits, labels):
    value, _ = CrossEntropy(labels)(logits)
    loss = functional.cross_entropy(logits, labels, reduction="none")
    torch.testing.assert_close(functional.softplus(value), loss)


def test_the_direction_survives_where_float32_gradients_are_zero():
    z = torch.tensor([[60.0, 1.0, 0.0]], requires_grad=True)
    y = torch.tensor([0])
    (gradient,) = torch.autograd.grad(functional.cross_entropy(z, y), z)
    assert gradient[0, 0] == 0
    assert gradient.abs().max() < 1e-25
    value, direction = CrossEntropy(y)(z.detach())
    torch.testing.assert_close(value, torch.tensor([1.3133 - 60]), atol=1e-3, rtol=0)
    torch.testing.assert_close(direction, torch.tensor([[-1.0, 0.7311, 0.2689]]), atol=1e-4, rtol=0)


def test_ratio_is_blind_to_shift_and_scale(logits, labels, targets):
    for loss in (LogitsRatio(labels), LogitsRatio(labels, targets)):
        torch.testing.assert_close(loss(logits)[0], loss(7 * logits - 3)[0])


@pytest.mark.parametrize(("classes", "targeted"), [(2, False), (2, True), (3, True)])
def test_ratio_needs_classes(classes, targeted):
    y = torch.zeros(1, dtype=torch.int64)
    with pytest.raises(InputError, match="at least"):
        LogitsRatio(y, y + 1 if targeted else None)(torch.zeros(1, classes))


def test_selection(logits, labels, targets):
    index = torch.tensor([3, 1])
    for loss in (CrossEntropy(labels), LogitsRatio(labels, targets), Margin(labels)):
        whole, part = loss(logits), select(loss, index)(logits[index])
        assert torch.equal(whole[0][index], part[0])
        assert torch.equal(whole[1][index], part[1])
