"""Which group networks do not change under quarter turns and mirrors, and which do."""

import pytest
import torch
from torch import nn

from spadv.empirical.models import build
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
TURNS = [lambda x, k=k: torch.rot90(x, k, (2, 3)) for k in (1, 2, 3)]
MIRRORS = [lambda x, turn=turn: turn(x).flip(3) for turn in [lambda x: x, *TURNS]]


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


def worst_change(model, x, transformations):
    """Return the largest change of a logit under transformations, relative to the logits."""
    with torch.no_grad():
        logits = model(x)
        moved = [(model(move(x)) - logits).abs().max() for move in transformations]
    return float(max(moved) / logits.abs().max())


@pytest.mark.parametrize("name", list(SIZES))
def test_invariant_heads_are_invariant_to_turns(name):
    exact = name in STRIDED
    model, x = make(name, "p4", head="invariant", exact=exact)
    assert worst_change(model, x, TURNS) < 1e-11
    assert worst_change(model, x, MIRRORS) > 1e-3


@pytest.mark.parametrize("name", [name for name in SIZES if name != "densenet121"])
def test_p4m_is_invariant_to_mirrors_too(name):
    model, x = make(name, "p4m", head="invariant", exact=name in STRIDED)
    assert worst_change(model, x, TURNS + MIRRORS) < 1e-11


@pytest.mark.parametrize("name", ["stdcnn", "vgg16", "resnet18"])
@pytest.mark.parametrize("pool", ["max", "mean"])
def test_single_precision_is_invariant_to_rounding(name, pool):
    options = {"head": "invariant", "exact": name in STRIDED, "pool": pool}
    model, x = make(name, "p4", dtype=torch.float32, **options)
    # Measured: 1e-7, 5e-7, and 7e-6 for VGG16, whose last batch-norms see a single place.
    assert worst_change(model, x, TURNS) < (2e-5 if name == "vgg16" else 2e-6)


@pytest.mark.parametrize("name", STRIDED)
def test_strided_convolutions_break_the_printed_networks(name):
    model, x = make(name, "p4", head="invariant")
    assert worst_change(model, x, TURNS) > 0.01


def test_printed_resnet18_is_exact_at_33():
    """Each of 33, 17, 9 is halved symmetrically by a 3x3 convolution of stride 2."""
    model, x = make("resnet18", "p4", size=33)
    assert worst_change(model, x, TURNS) < 1e-11


@pytest.mark.parametrize("size", [28, 30])
def test_exact_resnet18_is_exact_at_other_sizes(size):
    model, x = make("resnet18", "p4", size=size, head="invariant", exact=True)
    assert worst_change(model, x, TURNS) < 1e-11


def test_pools_on_odd_maps_are_made_exact():
    """Of 30x30 the second pool of StdCNN receives 9x9, of which it leaves a row."""
    printed, x = make("stdcnn", "p4", size=30, head="invariant")
    assert worst_change(printed, x, TURNS) > 1e-4
    exact, x = make("stdcnn", "p4", size=30, head="invariant", exact=True)
    assert worst_change(exact, x, TURNS) < 1e-11


def test_exact_and_printed_networks_exchange_weights():
    printed, x = make("resnet18", "p4")
    exact, _ = make("resnet18", "p4", exact=True)
    exact.load_state_dict(printed.state_dict())
    with torch.no_grad():
        assert not torch.allclose(exact(x), printed(x))


@pytest.mark.parametrize(("name", "group"), [("stdcnn", "p4"), ("vgg16", "p4m")])
def test_flattened_heads_of_the_paper_are_not_invariant(name, group):
    model, x = make(name, group, head="paper")
    assert worst_change(model, x, TURNS) > 1e-3


@pytest.mark.parametrize("name", ["vgg16", "resnet18"])
def test_pooled_heads_of_the_paper_are_invariant(name):
    model, x = make(name, "p4", head="paper", exact=name in STRIDED)
    assert worst_change(model, x, TURNS) < 1e-11


def test_plain_networks_are_not_invariant():
    model, x = make("stdcnn", None)
    assert worst_change(model, x, TURNS) > 1e-3
