"""Projected gradient ascent against closed forms, invariants and other libraries."""

import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spadv.empirical.attacks import attacking, pgd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import foolbox
    import torchattacks

EPS, STEP, STEPS = 0.1, 0.02, 8


class _SameStart(foolbox.attacks.LinfPGD):
    """foolbox's attack from a given start."""

    def __init__(self, start, **options):
        super().__init__(**options)
        self.begin = start

    def get_random_start(self, x0, epsilon):
        return foolbox.attacks.base.ep.astensor(self.begin)


class _SameStartTorch(torchattacks.PGD):
    """torchattacks' attack from a given start: its loop, with its start replaced."""

    def __init__(self, model, start, **options):
        super().__init__(model, random_start=True, **options)
        self.begin = start

    def forward(self, images, labels):
        real = torch.Tensor.uniform_
        begin = self.begin

        def uniform_(tensor, low, high):
            return tensor.copy_(begin - images)

        torch.Tensor.uniform_ = uniform_
        try:
            return super().forward(images, labels)
        finally:
            torch.Tensor.uniform_ = real


def reference(library, net, x, y, start):
    if library == "torchattacks":
        return _SameStartTorch(net, start, eps=EPS, alpha=STEP, steps=STEPS)(x, y)
    model = foolbox.PyTorchModel(net, bounds=(0, 1))
    attack = _SameStart(start, abs_stepsize=STEP, steps=STEPS)
    return attack.run(model, x, y, epsilon=EPS)


@pytest.mark.parametrize("library", ["torchattacks", "foolbox"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_parity_from_the_same_start(trained, test_set, generator, library, dtype):
    """In float64 every pixel agrees; in float32 signs of gradients near zero may flip."""
    net = trained.to(dtype)
    x, y = test_set[0][:64].to(dtype), test_set[1][:64]
    noise = 2 * torch.rand(x.shape, generator=generator, dtype=dtype) - 1
    start = (x + EPS * noise).clamp(0, 1)
    found = pgd(net, x, y, budget=EPS, step_size=STEP, steps=STEPS, start=start)
    expected = reference(library, net, x, y, start)
    if dtype == torch.float64:
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    else:
        assert ((found - expected).abs() > 1e-6).float().mean() < 0.01
        assert (net(found).argmax(1) == net(expected).argmax(1)).all()


@pytest.mark.parametrize("library", ["torchattacks", "foolbox"])
def test_parity_on_the_network_of_the_paper(std, generator, library):
    x = torch.rand(4, 1, 28, 28, generator=generator, dtype=torch.float64)
    y = torch.arange(4)
    start = (x + EPS * (2 * torch.rand(x.shape, generator=generator) - 1)).clamp(0, 1)
    found = pgd(std.double(), x, y, budget=EPS, step_size=STEP, steps=STEPS, start=start)
    expected = reference(library, std, x, y, start)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    budget=st.one_of(st.floats(0, 1.2), st.sampled_from([1 / 255, 8 / 255, 0.3])),
    step=st.floats(0, 1),
    steps=st.integers(0, 4),
    seed=st.integers(0, 2**32),
    iterate=st.sampled_from(["last", "best"]),
    restarts=st.integers(1, 2),
)
def test_ball_and_box_hold_without_tolerance(budget, step, steps, seed, iterate, restarts):
    generator = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.Tanh(), nn.Linear(3, 3))
    x = torch.rand(5, 3, 2, 2, generator=generator)
    x[0], x[1] = 0.0, 1.0
    found = pgd(
        net, x, torch.zeros(5, dtype=torch.int64), budget=budget, step_size=step, steps=steps,
        iterate=iterate, restarts=restarts, generator=generator,
    )  # fmt: skip
    assert ((found - x).abs() <= budget).all()
    assert ((found.double() - x.double()).abs() <= budget).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert found.dtype == x.dtype


@pytest.mark.parametrize("iterate", ["last", "best"])
def test_budget_zero_returns_the_images(trained, test_set, generator, iterate):
    x, y = test_set
    found = pgd(
        trained, x, y, budget=0, step_size=0.1, steps=3, iterate=iterate, generator=generator
    )
    assert torch.equal(found, x)


@pytest.mark.parametrize("iterate", ["last", "best"])
@pytest.mark.parametrize("targeted", [False, True])
def test_two_classes_have_a_closed_form(generator, linear, iterate, targeted):
    """With two linear logits the best attack is eps * sign(w), cut by the box."""
    net = linear(generator, classes=2)
    x = torch.rand(50, 1, 3, 3, generator=generator, dtype=torch.float64)
    with attacking(net) as f:
        clean = f(x).argmax(1)
    y = 1 - clean if targeted else clean
    weight = (net[1].weight[1] - net[1].weight[0]).detach().view(1, 1, 3, 3)
    towards = torch.where(clean == 0, 1.0, -1.0).double().view(-1, 1, 1, 1)
    expected = (x + EPS * towards * weight.sign()).clamp(0, 1)
    found = pgd(
        net, x, y, budget=EPS, step_size=0.03, steps=8, iterate="last", targeted=targeted,
        generator=generator,
    )  # fmt: skip
    torch.testing.assert_close(found, expected, atol=1e-15, rtol=0)
    best = pgd(
        net, x, y, budget=EPS, step_size=0.03, steps=8, iterate="best", targeted=targeted,
        generator=generator,
    )  # fmt: skip
    fooled = net(expected).argmax(1) != clean
    assert 0 < fooled.sum() < 50
    assert torch.equal(net(best).argmax(1) != clean, fooled)
    torch.testing.assert_close(best[~fooled], expected[~fooled], atol=1e-15, rtol=0)


def test_a_sure_network_is_not_safe(generator):
    """Scaled logits: plain float32 cross-entropy has zero gradients, this attack does not."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    net[1].weight.data = 2500 * torch.randn(2, 16, generator=generator)
    x = torch.rand(32, 1, 4, 4, generator=generator)
    y = net(x).argmax(1)
    lean = (net[1].weight[1] - net[1].weight[0]).sign().view(1, 1, 4, 4)
    corner = (x + 0.3 * torch.where(y == 0, 1, -1).view(-1, 1, 1, 1) * lean).clamp(0, 1)
    falls = net(corner).argmax(1) != y
    assert falls.sum() > 16
    found = pgd(net, x, y, budget=0.3, step_size=0.05, steps=20, generator=generator)
    assert torch.equal(net(found).argmax(1) != y, falls)
    theirs = torchattacks.PGD(net, eps=0.3, alpha=0.05, steps=20)(x, y)
    assert (net(theirs).argmax(1) == y)[falls].any()


def test_best_is_never_weaker_than_last_and_stays_at_the_first_success(trained, test_set):
    x, y = test_set
    options = {"budget": 0.12, "step_size": 0.05, "steps": 6, "random_start": False}
    last = pgd(trained, x, y, **options)
    best = pgd(trained, x, y, iterate="best", **options)
    fooled_last = trained(last).argmax(1) != y
    fooled_best = trained(best).argmax(1) != y
    assert (fooled_best | ~fooled_last).all()
    # The first success: the iterate after as many steps as are needed, and no more.
    first = torch.full((len(x),), -1)
    for steps in range(7):
        iterate = pgd(trained, x, y, **{**options, "steps": steps})
        new = (trained(iterate).argmax(1) != y) & (first < 0)
        first[new] = steps
        assert torch.equal(best[new], iterate[new])
    assert torch.equal(first >= 0, fooled_best)
    assert len(first.unique()) > 3


def test_best_keeps_the_highest_loss_of_survivors(trained, test_set):
    x, y = test_set
    options = {"budget": 0.03, "step_size": 0.05, "steps": 6, "random_start": False}
    best = pgd(trained, x, y, iterate="best", **options)
    loss = nn.CrossEntropyLoss(reduction="none")
    losses = torch.stack(
        [loss(trained(pgd(trained, x, y, **{**options, "steps": k})), y) for k in range(7)]
    )
    survived = trained(best).argmax(1) == y
    assert survived.any()
    found = loss(trained(best), y)
    torch.testing.assert_close(found[survived], losses.amax(0)[survived], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("iterate", ["last", "best"])
def test_restarts_only_help(trained, test_set, generator, iterate):
    x, y = test_set
    counts = []
    for restarts in (1, 4):
        generator.manual_seed(0)
        found = pgd(
            trained, x, y, budget=0.12, step_size=0.06, steps=2, restarts=restarts,
            iterate=iterate, generator=generator,
        )  # fmt: skip
        counts.append((trained(found).argmax(1) != y).sum())
    assert counts[1] > counts[0]


def test_a_budget_and_step_for_each_image(trained, test_set):
    x, y = (part[:6] for part in test_set)
    budgets = torch.tensor([0.0, 0.01, 0.05, 0.1, 0.2, 0.3])
    together = pgd(
        trained.double(), x.double(), y, budget=budgets, step_size=budgets / 4, steps=6,
        random_start=False,
    )  # fmt: skip
    for i, budget in enumerate(budgets.tolist()):
        alone = pgd(
            trained, x[i : i + 1].double(), y[i : i + 1], budget=budget, step_size=budget / 4,
            steps=6, random_start=False,
        )  # fmt: skip
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-12, rtol=0)
    default = pgd(trained, x.double(), y, budget=0.1, step_size=None, steps=5, random_start=False)
    chosen = pgd(trained, x.double(), y, budget=0.1, step_size=0.05, steps=5, random_start=False)
    torch.testing.assert_close(default, chosen, atol=1e-15, rtol=0)


def test_labels_are_predictions_where_there_are_none(trained, test_set):
    x, _ = test_set
    options = {"budget": 0.05, "step_size": 0.01, "steps": 3, "random_start": False}
    with attacking(trained) as net:
        predicted = net(x).argmax(1)
    assert torch.equal(pgd(trained, x, None, **options), pgd(trained, x, predicted, **options))


def test_a_target_is_reached(trained, test_set, generator):
    x, y = test_set
    found = pgd(
        trained, x, (y + 1) % 5, budget=0.5, step_size=0.05, steps=20, targeted=True,
        generator=generator,
    )  # fmt: skip
    assert (trained(found).argmax(1) == (y + 1) % 5).float().mean() > 0.95


def test_the_seed_decides(trained, test_set):
    x, y = test_set

    def attack(seed):
        made = torch.Generator().manual_seed(seed)
        return pgd(trained, x, y, budget=0.1, step_size=0.02, steps=2, generator=made)

    torch.manual_seed(0)
    first = attack(1)
    torch.manual_seed(1)
    assert torch.equal(first, attack(1))
    assert not torch.equal(first, attack(2))


def test_starts_are_uniform_in_the_ball(trained, generator):
    x = torch.full((40, 2, 8, 8), 0.5)
    begin = pgd(trained, x, None, budget=0.25, step_size=0.1, steps=0, generator=generator)
    share = (begin - 0.25) / 0.5
    counts = torch.histc(share, 10, 0, 1)
    expected = x.numel() / 10
    assert ((counts - expected).square() / expected).sum() < 40  # chi-squared, 9 degrees


def test_callers_without_gradients(trained, test_set):
    """Inside `no_grad` and `inference_mode`, and with images that carry a graph."""
    x, y = test_set
    options = {"budget": 0.1, "step_size": 0.02, "steps": 2, "random_start": False}
    expected = pgd(trained, x, y, **options)
    with torch.no_grad():
        assert torch.equal(pgd(trained, x, y, **options), expected)
    with torch.inference_mode():
        assert torch.equal(pgd(trained, x.clone(), y.clone(), **options), expected)
    carrying = (x.clone().requires_grad_() * 1).clamp(0, 1)
    found = pgd(trained, carrying, y, **options)
    assert torch.equal(found, expected)
    assert not found.requires_grad


def test_bfloat16_autocast_attacks_too(trained, test_set):
    x, y = test_set
    options = {"budget": 0.12, "step_size": 0.03, "steps": 8, "random_start": False}
    exact = pgd(trained, x, y, **options)
    rough = pgd(trained, x, y, precision="bfloat16", **options)
    assert rough.dtype == torch.float32
    assert ((rough - x).abs() <= 0.12).all()
    right = [(trained(found).argmax(1) == y).sum().item() for found in (x, exact, rough)]
    assert right[0] - right[1] > 60
    assert abs(right[1] - right[2]) <= 10


def test_an_empty_batch(trained):
    x = torch.zeros(0, 2, 8, 8)
    y = torch.zeros(0, dtype=torch.int64)
    found = pgd(trained, x, y, budget=0.1, step_size=0.1, steps=1, random_start=False)
    assert found.shape == x.shape
