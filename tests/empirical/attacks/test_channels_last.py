"""Convolutions with channels last are the same convolutions."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from spadv.empirical.attacks import attacking, pgd
from spadv.empirical.attacks.channels_last import MANY, ChannelsLast, faster_convolutions

SHAPES = [
    # channels in, out, kernel, stride, padding, dilation
    (1, 10, 3, 1, 0, 1),
    (1, 7, 5, 1, 2, 1),
    (2, 6, (3, 5), (2, 1), (1, 2), (1, 2)),
    (3, 16, 3, 2, 1, 1),
    (3, 8, 4, 3, 2, 1),
    (4, 5, 1, 1, 0, 1),
    (4, 5, 2, 2, 3, 2),
    (5, 6, 3, 1, 1, 1),
    (3, MANY + 1, 3, 1, 1, 1),
]


@pytest.mark.parametrize(("inside", "out", "kernel", "stride", "padding", "dilation"), SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_values_and_gradients_agree(
    generator, inside, out, kernel, stride, padding, dilation, bias
):
    layer = nn.Conv2d(
        inside, out, kernel, stride, padding, dilation, bias=bias, dtype=torch.float64
    ).requires_grad_(False)
    x = torch.rand(3, inside, 11, 12, generator=generator, dtype=torch.float64)
    weights = None
    found = []
    for mode in (None, ChannelsLast()):
        leaf = x.clone().requires_grad_()
        if mode is None:
            y = layer(leaf)
        else:
            with mode:
                y = layer(leaf)
        weights = torch.randn_like(y) if weights is None else weights
        found.append((y.detach(), *torch.autograd.grad(y, leaf, weights)))
    assert found[0][1].shape == found[1][1].shape == x.shape
    torch.testing.assert_close(found[1], found[0], atol=1e-12, rtol=1e-12)


def test_the_layout_follows_the_number_of_channels(generator):
    x = torch.rand(2, 3, 6, 6, generator=generator)
    few, many = torch.rand(8, 3, 3, 3), torch.rand(MANY + 1, 8, 3, 3)
    with ChannelsLast():
        y = functional.conv2d(x, few)
        z = functional.conv2d(y, many)
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert z.is_contiguous()


def test_what_does_not_apply_is_left_alone(generator):
    x = torch.rand(2, 4, 6, 6, generator=generator, requires_grad=True)
    cases = [
        (torch.rand(4, 1, 3, 3), {"groups": 4}),
        (torch.rand(4, 4, 3, 3, requires_grad=True), {}),
    ]
    for weight, options in cases:
        expected = functional.conv2d(x, weight, **options)
        with ChannelsLast():
            found = functional.conv2d(x, weight, **options)
        assert torch.equal(found, expected)
        assert found.stride() == expected.stride()
        assert type(found.grad_fn) is type(expected.grad_fn)
    # An unbatched image, which conv2d takes too.
    weight = torch.rand(4, 4, 3, 3)
    with ChannelsLast():
        assert torch.equal(functional.conv2d(x[0], weight), functional.conv2d(x[0], weight))


def test_weights_that_are_made_anew_are_not_remembered(generator):
    """As those of equivariant layers, which turn their filters in each forward pass."""
    x = torch.rand(2, 1, 5, 5, generator=generator)
    with ChannelsLast() as mode:
        for scale in (1.0, 2.0, 3.0):
            base = torch.ones(2, 1, 3, 3)
            torch.testing.assert_close(
                functional.conv2d(x, base * scale), scale * functional.conv2d(x, base)
            )
        assert not mode._weights


def test_one_channel_comes_last_too(generator):
    """Its two layouts are the same memory; the strides decide."""
    x = torch.rand(3, 1, 6, 6, generator=generator)
    with ChannelsLast():
        y = functional.conv2d(x, torch.rand(4, 1, 3, 3))
    assert y.is_contiguous(memory_format=torch.channels_last)


def faster(net, x, precision="float32"):
    return faster_convolutions(net, net, x.device, precision)


def test_only_plain_networks_on_cpus_are_accelerated(std):
    x = torch.rand(1, 1, 28, 28)
    assert faster(std, x) is not std
    assert faster(std, x, "bfloat16") is std
    assert faster(std, x.to("meta")) is std
    compiled = torch.compile(std, backend="eager")
    assert faster(compiled, x) is compiled
    with torch.autocast("cpu", torch.bfloat16):
        assert faster(std, x) is std


def test_gradients_of_a_whole_network_agree(std, generator):
    x = torch.rand(4, 1, 28, 28, generator=generator, dtype=torch.float64)
    std.double()
    with attacking(std) as net:
        leaf = x.clone().requires_grad_()
        found = torch.autograd.grad(faster(net, x)(leaf).square().sum(), leaf)[0]
    with attacking(std) as net:
        expected = torch.autograd.grad(net(leaf).square().sum(), leaf)[0]
    torch.testing.assert_close(found, expected, atol=1e-13, rtol=1e-10)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 0.0), (torch.float32, 0.02)])
def test_attacks_agree_with_torch_autograd(std, generator, dtype, most):
    """In float32 a sign can flip where a gradient is zero up to rounding."""
    std.to(dtype)
    x = torch.rand(8, 1, 28, 28, generator=generator, dtype=dtype)
    y = torch.arange(8)
    found = pgd(std, x, y, budget=0.1, step_size=0.02, steps=5, random_start=False)
    current = x.clone()
    for _ in range(5):
        current.requires_grad_()
        loss = functional.cross_entropy(std(current), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, current)
        moved = current.detach() + 0.02 * gradient.sign()
        current = (x + (moved - x).clamp(-0.1, 0.1)).clamp(0, 1)
    differ = (found - current).abs() > 1e-6
    assert differ.double().mean() <= most
