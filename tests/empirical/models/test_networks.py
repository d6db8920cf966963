"""One table of networks, all of which are tested alike."""

import copy
import io
import json
from functools import cache

import pytest
import torch
from torch import nn

from spadv.empirical.models import ModelSpec, build, build_spec, names
from spadv.empirical.randomness import make_generator

CONVOLUTIONAL = {
    "stdcnn": (28, 1.0),
    "lenet": (32, 1.0),
    "madry_lenet": (28, 0.25),
    "vgg16": (32, 0.125),
    "resnet18": (32, 0.125),
    "wrn34_10": (32, 0.05),
    "madry_resnet": (32, 0.05),
}
MLPS = ("linear", "mlp_a", "mlp_b")


def case(name, size, in_channels=3, num_classes=10, **options):
    sizes = {"num_classes": num_classes, "in_channels": in_channels, "image_size": size}
    return {"name": name, **sizes, **options}


CASES = [case(name, size, width=width) for name, (size, width) in CONVOLUTIONAL.items()]
CASES += [case("densenet121", 64, num_classes=200, width=0.1)]
CASES += [case(name, 28, in_channels=1) for name in MLPS]
# The other variants are in test_invariance.py.
CASES += [
    case(name, size, width=width, group="p4", head="paper")
    for name, (size, width) in CONVOLUTIONAL.items()
]
CASES += [
    case(name, size, width=0.1, group="p4m", head="invariant")
    for name, size in (("stdcnn", 28), ("vgg16", 32), ("densenet121", 32))
]
CASES += [
    case("stdcnn", 28, in_channels=1, group="p4", head="invariant", pool="mean"),
    case("lenet", 28, in_channels=1, fully_connected=3, mean=(0.13,), std=(0.31,)),
    case("wrn34_10", 32, width=0.05, trades_block=True),
    case("resnet18", 32, width=0.1, group="p4m", head="paper", channels="same"),
    case("resnet18", 28, width=0.1, group="p4", head="invariant", exact=True),
    # Sides of MNIST and of Tiny-ImageNet, one channel and three.
    case("vgg16", 28, in_channels=1, width=0.1),
    case("resnet18", 28, in_channels=1, width=0.1),
    case("madry_resnet", 28, in_channels=1, width=0.03),
    case("vgg16", 64, num_classes=200, width=0.05),
    case("resnet18", 64, num_classes=200, width=0.05, mean=(0.5,) * 3, std=(0.25,) * 3),
    case("wrn34_10", 64, num_classes=200, width=0.02),
]


def label(case):
    rest = {k: v for k, v in case.items() if k not in ("name", "num_classes", "mean", "std")}
    return "-".join([case["name"], *(str(v) for v in rest.values())])


every_case = pytest.mark.parametrize("case", CASES, ids=label)


@cache
def _built(key):
    return build(**dict(key), generator=make_generator(1))


def model_of(case):
    """Return a fresh copy of a network that is built once."""
    return copy.deepcopy(_built(tuple(case.items())))


def images(case, batch=2, seed=0):
    shape = (batch, case["in_channels"], case["image_size"], case["image_size"])
    return torch.rand(shape, generator=make_generator(seed))


@cache
def _calibrated(key):
    model = copy.deepcopy(_built(key))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.train()(images(dict(key), batch=4, seed=9))
    return model.eval()


def calibrated(case):
    """Return a network in eval mode, with batch-norm statistics that belong to its weights.

    Untrained statistics would let the maps of deep networks fade away.
    """
    return copy.deepcopy(_calibrated(tuple(case.items())))


def test_the_table_holds_every_network():
    assert {case["name"] for case in CASES} >= set(names())


@every_case
def test_logits_and_gradients(case):
    model = model_of(case)
    logits = model(images(case, batch=3))
    assert logits.shape == (3, case["num_classes"])
    assert logits.isfinite().all()
    logits.logsumexp(1).sum().backward()
    for name, p in model.named_parameters():
        if "sub_block1" in name:
            assert p.grad is None, name
        else:
            assert p.grad is not None, name
            assert p.grad.isfinite().all(), name
            if p.ndim > 1:
                assert p.grad.any(), name


@every_case
def test_an_image_alone_and_among_others(case):
    model = calibrated(case)
    x = images(case, batch=3)
    with torch.no_grad():
        together = model(x)
        alone = torch.cat([model(x[i : i + 1]) for i in (2, 0)])
        again = model(x)
    torch.testing.assert_close(alone, together[[2, 0]], rtol=1e-4, atol=1e-5)
    assert torch.equal(together, again)
    # The logits do depend on the image, or the above would say nothing.
    assert (together[0] - together[1]).abs().max() > 1e-4


@every_case
def test_constant_images_make_no_nan(case):
    model = model_of(case)
    shape = (1, case["in_channels"], case["image_size"], case["image_size"])
    x = torch.cat([torch.zeros(shape), torch.ones(shape)]).requires_grad_()
    for train in (True, False):
        logits = model.train(train)(x)
        (gradient,) = torch.autograd.grad(logits.sum(), x)
        assert logits.isfinite().all()
        assert gradient.isfinite().all()


@every_case
def test_specification_seed_and_weights_make_the_same_network(case):
    model = calibrated(case)
    stored = io.BytesIO()
    torch.save(model.state_dict(), stored)
    stored.seek(0)
    spec = ModelSpec.from_json(json.loads(json.dumps(model.spec.to_json())))
    twin = build_spec(spec, generator=make_generator(1))
    assert twin.spec == model.spec
    first = _built(tuple(case.items())).state_dict()
    again = twin.state_dict()
    assert list(again) == list(first)
    assert all(torch.equal(again[key], first[key]) for key in first)
    x = images(case)
    with torch.no_grad():
        for p in twin.parameters():
            p.zero_()
        twin.load_state_dict(torch.load(stored, weights_only=True))
        assert torch.equal(twin.eval()(x), model(x))


@every_case
def test_memory_format_and_precision_do_not_matter(case):
    model = calibrated(case)
    x = images(case)
    with torch.no_grad():
        expected = model(x)
        model.to(memory_format=torch.channels_last)
        last = model(x.contiguous(memory_format=torch.channels_last))
        double = model.double()(x.double())
    torch.testing.assert_close(last, expected, rtol=1e-4, atol=2e-5)
    torch.testing.assert_close(double.float(), expected, rtol=1e-4, atol=2e-5)


@every_case
def test_autocast_is_near(case):
    model = calibrated(case)
    x = images(case, batch=4)
    with torch.no_grad():
        expected = model(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = model(x)
    assert (rough.float() - expected).norm() < 0.1 * expected.norm()
