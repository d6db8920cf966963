"""Twins and the tools around torch: export, compile, channels_last, autocast, doctests."""

import doctest
import importlib
import pkgutil

import pytest
import torch
from torch import nn

import spadv.empirical.models.equivariant as package
from spadv.empirical.models.equivariant import invariance_error, to_equivariant


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(package.__path__)])
def test_examples(name):
    module = importlib.import_module(f"{package.__name__}.{name}")
    assert doctest.testmod(module).failed == 0


def network(head="invariant"):
    torch.manual_seed(0)
    plain = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 1, 2)),
        *(nn.GroupNorm(2, 8), nn.Dropout2d(), nn.Flatten(), nn.Linear(128, 5)),
    )
    return to_equivariant(plain, head=head, exact=True, input_shape=(1, 16, 16), channels="same")


@pytest.mark.parametrize("training", [True, False])
def test_channels_last(training):
    model = network().train(training)
    model[5].p = 0.0
    x = torch.rand(8, 1, 16, 16)
    expected = model(x)
    torch.testing.assert_close(model(x.to(memory_format=torch.channels_last)), expected)
    torch.testing.assert_close(model.to(memory_format=torch.channels_last)(x), expected)


def test_bfloat16():
    model, x = network().eval(), torch.rand(8, 1, 16, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = model(x)
        # Rounded after sums in another order, so only nearly invariant.
        assert invariance_error(model, x).max() < 0.02
    torch.testing.assert_close(low.float(), model(x), atol=0.02, rtol=0.1)
    assert model.bfloat16()(x.bfloat16()).dtype == torch.bfloat16


def test_vmapped_and_functional():
    model, x = network().eval(), torch.rand(4, 1, 16, 16)
    parameters = dict(model.named_parameters())

    def loss(parameters, x):
        return torch.func.functional_call(model, parameters, (x[None],)).square().sum()

    each = torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, x)
    one = torch.func.grad(loss)(parameters, x[2])
    torch.testing.assert_close(each["0.weight"][2], one["0.weight"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_export():
    model, x = network().eval(), torch.rand(4, 1, 16, 16)
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(model, (x,), dynamic_shapes=({0: batch},))
    many = torch.rand(7, 1, 16, 16)
    torch.testing.assert_close(program.module()(many), model(many))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_compile():
    model, x = network(), torch.rand(4, 1, 16, 16)
    model[5].p = 0.0
    compiled = torch.compile(model, fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x))
    compiled(x).square().sum().backward()
    found = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(x).square().sum().backward()
    for ours, expected in zip(found, model.parameters(), strict=True):
        torch.testing.assert_close(ours, expected.grad, rtol=1e-3, atol=1e-4)
