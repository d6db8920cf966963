"""Bad input is named; a network that cannot be attacked is not called robust."""

import pytest
import torch
from torch import nn

from spadv.empirical.attacks import apgd, deepfool, pgd, profile, strong_attack, trades_attack
from spadv.errors import InputError, RunFailedError


def seeded():
    return torch.Generator().manual_seed(0)


ATTACKS = {
    "pgd": lambda net, x, y: pgd(
        net, x, y, budget=0.1, step_size=0.02, steps=2, generator=seeded()
    ),
    "best": lambda net, x, y: pgd(
        net, x, y, budget=0.1, step_size=0.02, steps=2, iterate="best", generator=seeded()
    ),
    "trades": lambda net, x, y: trades_attack(net, x, budget=0.1, steps=2, generator=seeded()),
    "apgd": lambda net, x, y: apgd(net, x, y, budget=0.1, steps=2, generator=seeded()),
    "strong": lambda net, x, y: strong_attack(net, x, y, budget=0.1, steps=2, generator=seeded()),
    "deepfool": lambda net, x, y: deepfool(net, x, max_iter=2),
    "profile": lambda net, x, y: profile(net, x, y, budgets=[0.1], steps=2, generator=seeded()),
}
LABELLED = [name for name in ATTACKS if name not in ("trades", "deepfool")]


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda x: x * 255, "pixels in"),
        (lambda x: x - 0.5, "Normalise inside the model"),
        (lambda x: (x * 255).to(torch.uint8), "Divide 8-bit pixels by 255"),
        (lambda x: x.masked_fill(x > 0.9, torch.nan), "NaN"),
        (lambda x: x[0], "shape"),
        (lambda x: x.numpy(), "ndarray"),
    ],
)
def test_images(trained, test_set, name, spoil, says):
    x, y = test_set
    with pytest.raises(InputError, match=says):
        ATTACKS[name](trained, spoil(x), y)


@pytest.mark.parametrize("name", LABELLED)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda y: y + 1,
        lambda y: y - 1,
        lambda y: y.float(),
        lambda y: y[:-1],
        lambda y: y[:, None],
        lambda y: y.tolist(),
    ],
)
def test_labels(trained, test_set, name, spoil):
    x, y = test_set
    with pytest.raises(InputError, match="'y'"):
        ATTACKS[name](trained, x, spoil(y))


class Returning(nn.Module):
    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, x):
        return self.make(x.flatten(1)[:, :5])


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize(
    "make",
    [
        lambda z: z[:, :1],
        lambda z: z.sum(1),
        lambda z: z[1:],
        lambda z: z[:, :, None],
        lambda z: (z, z),
        lambda z: z.detach().long(),
    ],
)
def test_networks_that_return_no_logits(test_set, name, make):
    with pytest.raises(InputError, match="model"):
        ATTACKS[name](Returning(make), *test_set)


@pytest.mark.parametrize("name", ATTACKS)
def test_nan_is_not_robustness(test_set, name):
    """The sign of NaN is 0 in torch: such an attack would stand still, unnoticed."""
    with pytest.raises(RunFailedError, match="NaN"):
        ATTACKS[name](Returning(lambda z: (z - 2).sqrt()), *test_set)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_cut_graph_is_not_robustness(test_set, name):
    with pytest.raises(RunFailedError, match="differentiably"):
        ATTACKS[name](Returning(lambda z: z.detach()), *test_set)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"budget": "8/0"}, "budget"),
        ({"budget": -0.1}, "budget"),
        ({"budget": torch.tensor([0.1, 0.2])}, "budget"),
        ({"step_size": -0.1}, "step_size"),
        ({"step_size": "fast"}, "step_size"),
        ({"steps": -1}, "steps"),
        ({"steps": 1.5}, "steps"),
        ({"restarts": 0}, "restarts"),
        ({"restarts": 2, "random_start": False}, "restarts"),
        ({"iterate": "worst"}, "iterate"),
        ({"precision": "half"}, "precision"),
        ({"generator": -1}, "generator"),
        ({"generator": 1.5}, "generator"),
        ({"start": torch.zeros(3, 2, 8, 8)}, "start"),
        ({"start": torch.full((200, 2, 8, 8), torch.nan)}, "start"),
        ({"start": torch.zeros(200, 2, 8, 8, dtype=torch.float64)}, "start"),
        ({"protocol": "published"}, "protocol"),
    ],
)
def test_numbers_and_names(trained, test_set, options, name):
    given = {"budget": 0.1, "step_size": 0.02, "steps": 2, "generator": seeded(), **options}
    with pytest.raises(InputError) as caught:
        pgd(trained, *test_set, **given)
    assert caught.value.argument == name


def test_a_targeted_attack_needs_targets(trained, test_set):
    with pytest.raises(InputError, match="targets"):
        pgd(trained, test_set[0], None, budget=0.1, step_size=0.1, steps=1, targeted=True,
            generator=seeded())  # fmt: skip


def test_checks_can_be_left_out(trained, test_set):
    x, y = test_set
    options = {"budget": 0.1, "step_size": 0.02, "steps": 2, "random_start": False}
    checked = pgd(trained, x, y, **options)
    assert torch.equal(pgd(trained, x, y, validate=False, **options), checked)
