"""A network is attacked in evaluation mode and given back as it was."""

import copy
import os

import pytest
import torch
from torch import nn

from spadv.empirical.attacks import (
    apgd,
    attacking,
    deepfool,
    pgd,
    profile,
    strong_attack,
    trades_attack,
)
from spadv.empirical.calling import unwrap
from spadv.errors import InputError


def state(net):
    return (
        [module.training for module in net.modules()],
        [p.requires_grad for p in net.parameters()],
        [p.grad.clone() if p.grad is not None else None for p in net.parameters()],
        copy.deepcopy(net.state_dict()),
        torch.get_rng_state(),
    )


def same(a, b):
    for left, right in zip(a[2], b[2], strict=True):
        assert (left is None) == (right is None)
        assert left is None or torch.equal(left, right)
    assert a[0] == b[0]
    assert a[1] == b[1]
    assert all(torch.equal(a[3][key], b[3][key]) for key in a[3])
    assert torch.equal(a[4], b[4])


@pytest.fixture
def mixed(small):
    """A network in the middle of a training step, in a mixture of states."""
    small.train()
    small[1].eval()
    small[4].bias.requires_grad_(False)
    small(torch.rand(4, 2, 8, 8)).sum().backward()
    return small


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_everything_is_restored(mixed, train, error):
    before = state(mixed)

    def use():
        with attacking(mixed, train=train, seed=3) as net:
            assert net is mixed
            assert all(module.training == train for module in net.modules())
            assert not any(p.requires_grad for p in net.parameters())
            net(torch.rand(4, 2, 8, 8))
            torch.rand(3)
            if error is not None:
                raise error

    if error is None:
        use()
    else:
        with pytest.raises(error):
            use()
    same(before, state(mixed))


@pytest.mark.parametrize(
    "attack",
    [
        lambda net, x, y, g: pgd(net, x, y, budget=0.1, step_size=0.02, steps=3, generator=g),
        lambda net, x, y, g: trades_attack(net, x, budget=0.1, steps=3, generator=g),
        lambda net, x, y, g: apgd(net, x, y, budget=0.1, steps=5, generator=g),
        lambda net, x, y, g: strong_attack(net, x, y, budget=0.1, steps=3, generator=g),
        lambda net, x, y, g: profile(net, x, y, budgets=[0, 0.1], steps=3, generator=g),
        lambda net, x, y, g: deepfool(net, x, max_iter=3),
    ],
)
def test_every_attack_leaves_the_network_alone(mixed, batch, generator, attack):
    before = state(mixed)
    attack(mixed, *batch, generator)
    same(before, state(mixed))


def test_the_seed_decides_the_masks_of_dropout(small):
    x = torch.rand(4, 2, 8, 8)

    def draw(seed):
        with attacking(small, train=True, seed=seed) as net, torch.no_grad():
            return net(x)

    torch.manual_seed(1)
    first = draw(5)
    torch.manual_seed(2)
    assert torch.equal(first, draw(5))
    assert not torch.equal(first, draw(6))


def test_a_frozen_batch_norm_stays_frozen_in_training_mode():
    class Frozen(nn.BatchNorm2d):
        def train(self, mode=True):
            return super().train(False)

    net = nn.Sequential(Frozen(1)).eval()
    with attacking(net, train=True):
        assert net.training
        assert not net[0].training


def test_a_function_is_refused():
    with pytest.raises(InputError, match=r"torch\.nn\.Module"), attacking(lambda x: x):
        pass


@pytest.fixture
def process_group(tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


def test_data_parallel_training_goes_on_after_an_attack(process_group, small, batch, generator):
    x, y = batch
    wrapped = nn.parallel.DistributedDataParallel(small.train())
    for _ in range(2):
        expected = pgd(small, x, y, budget=0.1, step_size=0.02, steps=3, start=x)
        found = pgd(wrapped, x, y, budget=0.1, step_size=0.02, steps=3, start=x)
        assert wrapped.training
        assert small.training
        assert torch.equal(found, expected)
        wrapped(found).sum().backward()  # would fail if the attack had gone through it
    assert all(p.grad is not None for p in small.parameters())


def test_wrappers_are_seen_through(small):
    compiled = torch.compile(small, backend="eager")
    assert unwrap(nn.DataParallel(small)) is small
    assert unwrap(compiled) is compiled
    assert unwrap(torch.compile(nn.DataParallel(small), backend="eager")) is small


@pytest.mark.skipif(os.name == "nt", reason="torch.compile needs a C++ compiler there")
def test_a_compiled_network_is_attacked_like_the_network(small, batch):
    x, y = batch
    compiled = torch.compile(small.double(), backend="eager")
    x = x.double()
    options = {"budget": 0.1, "step_size": 0.02, "steps": 3, "start": x}
    torch.testing.assert_close(
        pgd(compiled, x, y, **options), pgd(small, x, y, **options), atol=1e-12, rtol=0
    )
