"""The same weights in networks that others wrote give the same logits."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.models import densenet121 as their_densenet121
from torchvision.models import resnet18 as their_resnet18
from torchvision.models.vgg import cfgs, make_layers

from spadv.empirical.models import build, count_parameters, from_trades
from spadv.empirical.models.madry_resnet import MadryUnit, StandardiseImage
from spadv.empirical.models.wide_resnet import WideBlock
from spadv.empirical.randomness import make_generator

SIZES = {"num_classes": 10, "in_channels": 3, "image_size": 32}


def images(batch=2, side=32, channels=3):
    return torch.rand(batch, channels, side, side, generator=make_generator(0))


def settle(theirs, ours):
    """Give both the same random batch-norm statistics, so that these count."""
    generator = make_generator(1)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return theirs.eval(), ours.eval()


def test_resnet18_is_torchvisions_with_another_stem():
    theirs = their_resnet18(num_classes=10)
    theirs.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    theirs.maxpool = nn.Identity()
    ours = build("resnet18", **SIZES)
    settle(theirs, ours)
    state = {
        ("head." if key.startswith("fc.") else "features.") + key: value
        for key, value in theirs.state_dict().items()
    }
    ours.load_state_dict(state)
    x = images()
    for side in (32, 28, 64):
        x = images(side=side)
        with torch.no_grad():
            torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)


def test_vgg16_has_torchvisions_features():
    theirs = nn.Sequential(OrderedDict(features=make_layers(cfgs["D"], batch_norm=True)))
    theirs.append(nn.AdaptiveAvgPool2d(1)).append(nn.Flatten())
    theirs.add_module("classifier", nn.Linear(512, 10))
    ours = build("vgg16", **SIZES)
    settle(theirs, ours)
    state = theirs.state_dict()
    state["head.fc.weight"] = state.pop("classifier.weight")
    state["head.fc.bias"] = state.pop("classifier.bias")
    ours.load_state_dict(state)
    for side in (32, 64):
        x = images(side=side)
        with torch.no_grad():
            torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


def test_densenet121_is_torchvisions_with_another_stem():
    theirs = their_densenet121(num_classes=10)
    theirs.features.conv0 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    for name in ("norm0", "relu0", "pool0"):
        setattr(theirs.features, name, nn.Identity())
    ours = build("densenet121", **SIZES)
    settle(theirs, ours)
    state = theirs.state_dict()
    state["head.fc.weight"] = state.pop("classifier.weight")
    state["head.fc.bias"] = state.pop("classifier.bias")
    ours.load_state_dict(state)
    with torch.no_grad():
        torch.testing.assert_close(ours(images()), theirs(images()), rtol=1e-5, atol=1e-5)


def trades_shapes(blocks=5, widths=(16, 160, 320, 640)):
    """Return names and shapes of TRADES's public WideResNet(depth=34, widen_factor=10)."""
    shapes = OrderedDict({"conv1.weight": (widths[0], 3, 3, 3)})

    def norm(prefix, width):
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{prefix}.{part}"] = (width,)
        shapes[f"{prefix}.num_batches_tracked"] = ()

    stages = ("block1", 0), ("sub_block1", 0), ("block2", 1), ("block3", 2)
    for stage, number in stages:
        inputs, width = widths[number], widths[number + 1]
        for block in range(blocks):
            prefix = f"{stage}.layer.{block}"
            norm(f"{prefix}.bn1", inputs)
            shapes[f"{prefix}.conv1.weight"] = (width, inputs, 3, 3)
            norm(f"{prefix}.bn2", width)
            shapes[f"{prefix}.conv2.weight"] = (width, width, 3, 3)
            if block == 0:
                shapes[f"{prefix}.convShortcut.weight"] = (width, inputs, 1, 1)
            inputs = width
    norm("bn1", widths[3])
    shapes["fc.weight"], shapes["fc.bias"] = (10, widths[3]), (10,)
    return shapes


@pytest.mark.parametrize("prefix", ["", "module."])
def test_the_weights_of_trades_fit_by_name_and_shape(prefix):
    ours = build("wrn34_10", **SIZES, trades_block=True, device="meta")
    theirs = {
        prefix + key: torch.empty(shape, device="meta") for key, shape in trades_shapes().items()
    }
    ours.load_state_dict(from_trades(theirs), assign=True)
    # Their order, too, which an optimiser's state goes by.
    plain = [key.removeprefix("features.").removeprefix("head.") for key in ours.state_dict()]
    assert plain == list(trades_shapes())


def test_the_unused_block_of_trades_changes_nothing():
    ours = build("wrn34_10", **SIZES, width=0.05).eval()
    carrying = build("wrn34_10", **SIZES, width=0.05, trades_block=True).eval()
    missing = carrying.load_state_dict(ours.state_dict(), strict=False)
    assert all("sub_block1" in key for key in missing.missing_keys)
    assert count_parameters(carrying) > count_parameters(ours)
    with torch.no_grad():
        assert torch.equal(carrying(images()), ours(images()))


def wide_block_by_hand(state, x, stride):
    """Return what a pre-activation block makes of x, from the weights under their names."""

    def activated(z, name):
        keys = ("running_mean", "running_var", "weight", "bias")
        return functional.batch_norm(z, *(state[f"{name}.{key}"] for key in keys)).relu()

    x = activated(x, "bn1") if "convShortcut.weight" in state else x
    active = x if "convShortcut.weight" in state else activated(x, "bn1")
    out = functional.conv2d(active, state["conv1.weight"], stride=stride, padding=1)
    out = functional.conv2d(activated(out, "bn2"), state["conv2.weight"], padding=1)
    if "convShortcut.weight" in state:
        x = functional.conv2d(x, state["convShortcut.weight"], stride=stride)
    return x + out


@pytest.mark.parametrize(("inputs", "width", "stride"), [(4, 4, 1), (4, 6, 1), (4, 6, 2)])
def test_a_wide_block_is_what_its_name_says(inputs, width, stride):
    block = WideBlock(inputs, width, stride).eval()
    settle(block, block)
    x = images(2, 8, inputs) - 0.5
    with torch.no_grad():
        by_hand = wide_block_by_hand(block.state_dict(), x, stride)
        torch.testing.assert_close(block(x), by_hand)


def test_standardisation_is_tensorflows_formula():
    x = images(3, 8).double()
    x[1] = 0.25  # constant: becomes zero
    x[2] = 0.5 + 1e-4 * (x[2] - 0.5)  # nearly constant: divided by 1/sqrt(N), not by its own std
    got = StandardiseImage()(x)
    for image, result in zip(x.numpy(), got.numpy(), strict=True):
        adjusted = max(image.std(), 1 / np.sqrt(image.size))
        assert np.allclose(result, (image - image.mean()) / adjusted, atol=1e-12)
    assert abs(float(got[0].std(correction=0)) - 1) < 1e-12
    assert float(got[2].std(correction=0)) < 0.01


def test_standardisation_has_gradients_where_it_is_constant():
    x = torch.full((1, 3, 4, 4), 0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(StandardiseImage(), x)
    assert torch.autograd.gradcheck(StandardiseImage(), images(1, 4).double().requires_grad_())


def test_madrys_shortcut_averages_and_pads_channels_with_zeros():
    unit = MadryUnit(2, 5, 2).eval()
    nn.init.zeros_(unit.conv2.weight)  # only the shortcut is left
    x = images(2, 6, 2)
    with torch.no_grad():
        out = unit(x).numpy()
    averaged = x.numpy().reshape(2, 2, 3, 2, 3, 2).mean((3, 5))
    assert np.allclose(out[:, 1:3], averaged, atol=1e-6)
    assert not out[:, [0, 3, 4]].any()


def test_madrys_first_unit_activates_its_shortcut():
    unit = MadryUnit(2, 2, 1, activate=True).eval()
    nn.init.zeros_(unit.conv2.weight)
    unit.bn1.running_mean.fill_(0.5)
    x = images(1, 4, 2)
    with torch.no_grad():
        expected = functional.leaky_relu((x - 0.5) / (1 + unit.bn1.eps) ** 0.5, 0.1)
        torch.testing.assert_close(unit(x), expected)
