"""Convolution, ReLU and pooling as one step are the same to the last bit."""

import pytest
import torch
from torch import nn

from spadv.empirical.attacks import attacking, pgd
from spadv.empirical.attacks.convolution import MANY, FastConvolutions
from spadv.empirical.attacks.fusion import fused


def run(net, x, weights):
    leaf = x.clone().requires_grad_()
    y = net(leaf)
    return y.detach(), torch.autograd.grad((y * weights).sum(), leaf)[0]


NETWORKS = {
    "pooled": lambda: [nn.Conv2d(2, 5, 3), nn.ReLU(), nn.MaxPool2d(2)],
    "not pooled": lambda: [nn.Conv2d(2, 5, 3, 2, 1), nn.ReLU()],
    "in place": lambda: [nn.Conv2d(2, 5, 3, bias=False), nn.ReLU(inplace=True)],
    "overlapping": lambda: [
        nn.Conv2d(6, 5, 3, 1, 2, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1, ceil_mode=True),
    ],
    "many": lambda: [
        nn.Conv2d(3, MANY + 1, 3), nn.ReLU(), nn.MaxPool2d((2, 3)), nn.Conv2d(MANY + 1, 2, 1),
    ],
    "chain": lambda: [
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.BatchNorm2d(4), nn.Conv2d(4, 3, 3), nn.ReLU(), nn.Flatten(),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_are_the_same(generator, name, dtype):
    layers = NETWORKS[name]()
    net = nn.Sequential(*layers).to(dtype)
    x = torch.rand(3, layers[0].in_channels, 13, 14, generator=generator).to(dtype)
    x[:, :, 4:8, 4:8] = 0.5  # constant regions: all values of a window are equal
    with attacking(net), FastConvolutions():
        shape = net(x).shape
        weights = torch.randn(shape, generator=generator).to(dtype)
        expected = run(net, x, weights)
        with fused(net):
            found = run(net, x, weights)
            assert "forward" in vars(net)
    assert "forward" not in vars(net)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


def test_the_package_s_network_is_covered():
    models = pytest.importorskip("spadv.empirical.models")
    net = models.build("stdcnn", num_classes=10, in_channels=1, image_size=28)
    with fused(net):
        changed = [module for module in net.modules() if "forward" in vars(module)]
        assert changed == [net.features]


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [nn.Conv2d(2, 2, 3, groups=2), nn.ReLU()],
        lambda: [nn.Conv2d(2, 2, 3, padding="same"), nn.ReLU()],
        lambda: [nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), nn.ReLU()],
        lambda: [nn.Conv2d(2, 2, 3), nn.Tanh()],
        lambda: [nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 2, 3)), nn.ReLU()],
        lambda: [nn.ReLU(), nn.Conv2d(2, 2, 3)],
    ],
)
def test_other_runs_are_left_alone(layers):
    net = nn.Sequential(*layers())
    with fused(net):
        assert "forward" not in vars(net)


def test_hooks_see_what_they_are_promised(generator):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3), nn.ReLU())
    seen = []
    net[1].register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].min()))
    x = torch.rand(2, 1, 8, 8, generator=generator)
    with attacking(net), fused(net):
        assert "forward" in vars(net)  # the second pair has no hooks
        net(x)
    assert len(seen) == 1
    assert seen[0] < 0  # before the ReLU


def test_weights_that_need_gradients_get_them(generator):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2))
    x = torch.rand(2, 1, 8, 8, generator=generator)
    with fused(net):
        net(x).sum().backward()
    assert net[0].weight.grad is not None


def test_second_derivatives_and_vmap_still_work(generator):
    """As networks need that use gradients inside."""
    net = nn.Sequential(nn.Conv2d(2, 5, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()).double()
    x = torch.rand(2, 2, 8, 8, generator=generator, dtype=torch.float64)

    def penalty():
        leaf = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(net(leaf).exp().sum(), leaf, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), leaf)[0]

    def each():
        return torch.func.vmap(torch.func.grad(lambda image: net(image[None]).exp().sum()))(x)

    with attacking(net):
        expected = penalty(), each()
        with fused(net):
            found = penalty(), each()
    torch.testing.assert_close(found, expected)


def test_everything_is_undone_after_an_error(std):
    def use():
        with fused(std):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    assert not any("forward" in vars(module) for module in std.modules())


def test_a_sequential_with_a_forward_of_its_own_keeps_it(std, generator):
    std.forward = lambda x: nn.Sequential.forward(std, 1 - x)
    x = torch.rand(2, 1, 28, 28, generator=generator)
    y = torch.tensor([0, 1])
    options = {"budget": 0.1, "step_size": 0.05, "steps": 2, "random_start": False}
    mirrored = pgd(std, x, y, **options)
    assert "forward" in vars(std)
    del std.forward
    straight = pgd(std, 1 - x, y, **options)
    assert ((mirrored - (1 - straight)).abs() > 1e-6).double().mean() < 0.01
