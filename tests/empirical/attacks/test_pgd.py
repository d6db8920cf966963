import pytest
import torch
from torch import nn

from spadv.empirical.attacks import attacking, pgd, trades_attack
from spadv.theory.errors import InputError

torch.set_num_threads(1)


def small_network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(),
            nn.Linear(4 * 36, 5),
        )  # fmt: skip


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(9, 1, 8, 8, generator=generator)
    y = torch.randint(0, 5, (9,), generator=generator)
    return x, y, generator


@pytest.mark.parametrize("iterate", ["last", "best"])
@pytest.mark.parametrize("budget", [0, 1e-3, "8/255", 0.3, 2])
def test_ball_and_box_hold_without_tolerance(batch, budget, iterate):
    x, y, generator = batch
    found = pgd(
        small_network(), x, y, budget=budget, step_size=0.1, steps=4, iterate=iterate,
        generator=generator,
    )  # fmt: skip
    radius = 8 / 255 if isinstance(budget, str) else budget
    assert ((found - x).abs() <= radius).all()
    assert ((found.double() - x.double()).abs() <= radius).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert (radius == 0) == torch.equal(found, x)


def test_trades_stays_in_ball(batch):
    x, _, generator = batch
    found = trades_attack(small_network(), x, budget="8/255", generator=generator)
    assert ((found - x).abs() <= 8 / 255).all()
    assert not torch.equal(found, x)


def test_the_network_is_left_as_it_was():
    net = small_network()
    net[0].bias.requires_grad_(False)
    with pytest.raises(InputError), attacking(net) as inside:
        assert not inside.training
        raise InputError("x", "fail", 0)
    assert all(module.training for module in net.modules())
    assert [p.requires_grad for p in net.parameters()] == [True, False, True, True, True, True]
