"""Which group networks turn with the image, or do not change, and which do neither."""

import pytest
import torch
from torch import nn

from spadv.empirical.models import build
from spadv.empirical.models.equivariant import (
    equivariance_error,
    exactness_report,
    invariance_error,
)
from spadv.empirical.randomness import make_generator

# Widths and sides at which every halved map is even, but for strided convolutions.
SIZES = {
    "stdcnn": (28, 1.0),
    "lenet": (32, 1.0),
    "madry_lenet": (28, 0.1),
    "vgg16": (32, 0.125),
    "resnet18": (32, 0.125),
    "densenet121": (32, 0.125),
    "wrn34_10": (32, 0.03),
    "madry_resnet": (32, 0.03),
}
STRIDED = ("resnet18", "wrn34_10", "madry_resnet")


def make(name, group, *, size=None, dtype=torch.float64, **options):
    """Return a network in eval mode with statistics of its own, and three images."""
    side, width = SIZES[name]
    side = size or side
    sizes = {"num_classes": 10, "in_channels": 2, "image_size": side, "width": width}
    model = build(name, **sizes, group=group, generator=make_generator(0), **options).to(dtype)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    x = torch.rand(6, 2, side, side, generator=make_generator(1)).to(dtype)
    with torch.no_grad():
        model.train()(x)
    return model.eval(), x[:3]


# The P4M twin of DenseNet is left out: it takes as long as all others.
EVERY = [(name, "p4") for name in SIZES]
EVERY += [(name, "p4m") for name in SIZES if name != "densenet121"]


@pytest.mark.parametrize(("name", "group"), EVERY)
def test_features_turn_with_the_image_and_invariant_heads_do_not_change(name, group):
    """For every element of the group: transform then apply is apply then transform."""
    model, x = make(name, group, head="invariant", exact=name in STRIDED)
    assert exactness_report(model, tuple(x.shape[1:])) == []
    assert equivariance_error(model.features, x, group).max() < 1e-11
    assert invariance_error(model, x, group).max() < 1e-11
    if group == "p4":
        assert invariance_error(model, x, "p4m")[4:].max() > 1e-3


@pytest.mark.parametrize("name", ["stdcnn", "vgg16", "resnet18"])
@pytest.mark.parametrize("pool", ["max", "mean"])
def test_single_precision_is_invariant_to_rounding(name, pool):
    options = {"head": "invariant", "exact": name in STRIDED, "pool": pool}
    model, x = make(name, "p4", dtype=torch.float32, **options)
    # Measured: 1e-7, 5e-7, and 7e-6 for VGG16, whose last batch-norms see a single place.
    assert invariance_error(model, x).max() < (2e-5 if name == "vgg16" else 2e-6)


@pytest.mark.parametrize("name", STRIDED)
def test_strided_convolutions_break_the_printed_networks(name):
    model, x = make(name, "p4", head="invariant")
    assert invariance_error(model, x).max() > 0.01


def test_printed_resnet18_is_exact_at_33():
    """Each of 33, 17, 9 is halved symmetrically by a 3x3 convolution of stride 2."""
    model, x = make("resnet18", "p4", size=33)
    assert invariance_error(model, x).max() < 1e-11


@pytest.mark.parametrize("size", [28, 30])
def test_exact_resnet18_is_exact_at_other_sizes(size):
    model, x = make("resnet18", "p4", size=size, head="invariant", exact=True)
    assert invariance_error(model, x).max() < 1e-11


def test_pools_on_odd_maps_are_made_exact():
    """Of 30x30 the second pool of StdCNN receives 9x9, of which it leaves a row."""
    printed, x = make("stdcnn", "p4", size=30, head="invariant")
    assert invariance_error(printed, x).max() > 1e-4
    exact, x = make("stdcnn", "p4", size=30, head="invariant", exact=True)
    assert invariance_error(exact, x).max() < 1e-11


def test_exact_and_printed_networks_exchange_weights():
    printed, x = make("resnet18", "p4")
    exact, _ = make("resnet18", "p4", exact=True)
    exact.load_state_dict(printed.state_dict())
    with torch.no_grad():
        assert not torch.allclose(exact(x), printed(x))


@pytest.mark.parametrize(("name", "group"), [("stdcnn", "p4"), ("vgg16", "p4m")])
def test_flattened_heads_of_the_paper_are_not_invariant(name, group):
    model, x = make(name, group, head="paper")
    assert invariance_error(model, x).max() > 1e-3


@pytest.mark.parametrize("name", ["vgg16", "resnet18"])
def test_pooled_heads_of_the_paper_are_invariant(name):
    model, x = make(name, "p4", head="paper", exact=name in STRIDED)
    assert invariance_error(model, x).max() < 1e-11


def test_plain_networks_are_not_invariant():
    model, x = make("stdcnn", None)
    assert invariance_error(model, x).max() > 1e-3
