"""Building by name: seeds, options, sizes, devices, errors."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from spadv.empirical.models import (
    Blueprint,
    build,
    build_spec,
    count_parameters,
    names,
    register,
)
from spadv.empirical.randomness import make_generator
from spadv.errors import InputError

SIZES = {"num_classes": 10, "in_channels": 1, "image_size": 28}
ALL = ["densenet121", "lenet", "madry_lenet", "madry_resnet", "mlp_a", "mlp_b"]
ALL += ["resnet18", "stdcnn", "vgg16", "wrn34_10"]


def test_every_network_of_the_paper_is_there():
    assert set(ALL) <= set(names())
    assert list(names()) == sorted(names())


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_the_generator_alone_decides_the_weights():
    torch.manual_seed(1)
    first = weights(build("stdcnn", **SIZES, generator=make_generator(5)))
    torch.manual_seed(2)
    again = weights(build("stdcnn", **SIZES, generator=make_generator(5)))
    other = weights(build("stdcnn", **SIZES, generator=make_generator(6)))
    assert torch.equal(first, again)
    assert (first != other).float().mean() > 0.99


def test_a_generator_moves_on():
    generator = make_generator(5)
    first, second = (weights(build("stdcnn", **SIZES, generator=generator)) for _ in range(2))
    assert not torch.equal(first, second)


def test_without_a_generator_the_weights_are_always_the_same():
    assert torch.equal(weights(build("stdcnn", **SIZES)), weights(build("stdcnn", **SIZES)))


@pytest.mark.parametrize("name", ["stdcnn", "resnet18"])
def test_global_random_state_stays_as_it_is(name):
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    build(name, **SIZES, width=0.1, generator=make_generator(3))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])  # noqa: NPY002


def test_initialisation_is_torchs_own():
    model = build("densenet121", **SIZES, width=0.25)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                bound = fan_in**-0.5
                assert module.weight.abs().max() <= bound
                if module.weight.numel() > 500:
                    # Uniform on +-bound: the mean square is bound^2 / 3.
                    ratio = module.weight.square().mean() * 3 * fan_in
                    assert abs(ratio - 1) < 6 * (4 / 5 / module.weight.numel()) ** 0.5


def test_the_meta_device_has_shapes_without_weights():
    model = build("wrn34_10", num_classes=10, in_channels=3, image_size=32, device="meta")
    assert {p.device.type for p in model.parameters()} == {"meta"}
    assert model(torch.empty(5, 3, 32, 32, device="meta")).shape == (5, 10)


def test_a_default_device_does_not_matter():
    with torch.device("meta"):
        model = build("stdcnn", **SIZES)
    assert torch.equal(weights(model), weights(build("stdcnn", **SIZES)))


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match=r"got 'resnet-18'. Did you mean resnet18\?"):
        build("resnet-18", **SIZES)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lenet", {"fully_conected": 3}, r"Did you mean fully_connected\?"),
        ("lenet", {"fully_connected": 4}, "be 2 or 3"),
        ("lenet", {"fully_connected": True}, "be an integer"),
        ("lenet", {"fully_connected": 2.5}, "be an integer"),
        ("lenet", {"width": 0}, "width"),
        ("lenet", {"width": "wide"}, "width"),
        ("mlp_a", {"width": 2}, "mlp_a has no options"),
        ("mlp_a", {"group": "p4"}, "no convolutions"),
        ("stdcnn", {"channels": "sqrt"}, "left out without a group"),
        ("stdcnn", {"pool": "max"}, "left out without a group"),
        ("stdcnn", {"head": "invariant"}, "choose group='p4' or 'p4m'"),
        ("stdcnn", {"group": "p4", "channels": "half"}, "same, sqrt"),
        ("stdcnn", {"group": "p4", "pool": "sum"}, "max, mean"),
        ("stdcnn", {"exact": True}, "left out without a group"),
        ("resnet18", {"exact": "yes", "group": "p4"}, "True or False"),
        ("wrn34_10", {"trades_block": True, "group": "p4"}, "False with a group"),
        ("wrn34_10", {"trades_block": 1}, "True or False"),
    ],
)
def test_bad_options_are_named(name, options, message):
    with pytest.raises(InputError, match=message):
        build(name, **{**SIZES, **options})


@pytest.mark.parametrize(
    ("name", "least"),
    # 3x3 and 5x5 convolutions take 2 and 4 pixels, a pool halves: back from one pixel.
    [("stdcnn", ((1 * 2 + 4) * 2) + 4), ("lenet", (1 * 2 + 4) * 2 + 4), ("madry_lenet", 4)],
)
def test_the_least_side_is_named_and_works(name, least):
    sizes = {"num_classes": 3, "in_channels": 2}
    with pytest.raises(InputError, match=f"image_size.*at least {least} for {name}, got"):
        build(name, **sizes, image_size=least - 1)
    model = build(name, **sizes, image_size=least)
    assert model(torch.zeros(2, 2, least, least)).shape == (2, 3)


def test_densenet_needs_three_halvings():
    with pytest.raises(InputError, match="at least 8 for densenet121"):
        build("densenet121", **{**SIZES, "image_size": 5}, width=0.1)


@pytest.fixture
def entries(monkeypatch):
    """A registry whose new entries are forgotten after the test."""
    from spadv.empirical.models import registry

    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))


@pytest.mark.usefixtures("entries")
def test_a_network_of_ones_own():
    @register("one_hidden", groups=())
    def one_hidden(spec, width, *, units: int = 5):
        """One hidden layer."""
        return Blueprint(nn.Identity(), average=False, hidden=(units,))

    model = build("one_hidden", **SIZES, units=3)
    assert count_parameters(model) == 784 * 3 + 3 + 3 * 10 + 10
    assert build_spec(model.spec).spec.options == {"units": 3}
    with pytest.raises(InputError, match="not registered yet"):
        register("one_hidden")(one_hidden)


@pytest.mark.usefixtures("entries")
def test_the_twin_of_a_network_of_ones_own():
    @register("one_layer")
    def one_layer(spec, width):
        """One convolution."""
        return Blueprint(nn.Sequential(nn.Conv2d(spec.in_channels, width(8), 3)), average=True)

    twin = build("one_layer", **SIZES, group="p4m", head="invariant")
    assert twin.features[0].weight.shape == (3, 1, 3, 3)  # 8 / sqrt(8), rounded


@pytest.mark.usefixtures("entries")
def test_a_network_that_is_wrong_itself_is_not_blamed_on_the_image():
    @register("broken", groups=())
    def broken(spec, width):
        """Channels that do not fit."""
        layers = nn.Sequential(nn.Conv2d(spec.in_channels, 3, 1), nn.Conv2d(4, 3, 1))
        return Blueprint(layers, average=True)

    with pytest.raises(RuntimeError, match="channel"):
        build("broken", **SIZES)


@pytest.mark.parametrize(("width", "expected"), [(1 / 12, (1, 1)), (1 / 4, (2, 4)), (1e-3, (1, 1))])
def test_widths_are_rounded_halves_up(width, expected):
    features = build("lenet", **SIZES, width=width).features
    assert (features.conv1.out_channels, features.conv2.out_channels) == expected
