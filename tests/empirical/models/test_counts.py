"""Parameter counts: published ones, and closed forms where none is published."""

import pytest
import torch

from spadv.empirical.models import build, count_parameters, names
from spadv.empirical.randomness import make_generator

CIFAR = {"num_classes": 10, "in_channels": 3, "image_size": 32}
MNIST = {"num_classes": 10, "in_channels": 1, "image_size": 28}


@pytest.mark.parametrize(
    ("name", "options", "published"),
    [
        ("stdcnn", MNIST, 23_010),
        ("stdcnn", {**MNIST, "group": "p4"}, 89_910),
        ("vgg16", CIFAR, 14_728_266),
        ("vgg16", {**CIFAR, "group": "p4"}, 14_718_506),
        ("resnet18", CIFAR, 11_173_962),
        ("resnet18", {**CIFAR, "group": "p4"}, 11_165_738),
        ("resnet18", {**CIFAR, "group": "p4m"}, 11_201_415),
        ("wrn34_10", CIFAR, 46_160_474),
        ("wrn34_10", {**CIFAR, "trades_block": True}, 48_262_586),
    ],
)
def test_published_counts(name, options, published):
    assert count_parameters(build(name, **options, device="meta")) == published


def norm(width):
    return 2 * width


def conv(inputs, width, kernel, bias=False):
    return inputs * width * kernel * kernel + bias * width


def dense(inputs, width):
    return inputs * width + width


def densenet_count(channels, classes, growth=32):
    width = 2 * growth
    total = conv(channels, width, 3)
    for number, layers in enumerate((6, 12, 24, 16)):
        for _ in range(layers):
            total += norm(width) + conv(width, 4 * growth, 1)
            total += norm(4 * growth) + conv(4 * growth, growth, 3)
            width += growth
        total += norm(width)
        if number < 3:
            total += conv(width, width // 2, 1)
            width //= 2
    return total + dense(width, classes)


def madry_count(channels, classes):
    total, width = conv(channels, 16, 3), 16
    for stage in (160, 320, 640):
        for _ in range(5):
            total += norm(width) + conv(width, stage, 3) + norm(stage) + conv(stage, stage, 3)
            width = stage
    return total + norm(width) + dense(width, classes)


@pytest.mark.parametrize(("channels", "classes"), [(3, 10), (1, 200)])
def test_counts_of_closed_forms(channels, classes):
    sizes = {"in_channels": channels, "num_classes": classes, "image_size": 32, "device": "meta"}
    inputs = channels * 32 * 32
    expected = {
        "densenet121": densenet_count(channels, classes),
        "madry_resnet": madry_count(channels, classes),
        "madry_lenet": conv(channels, 32, 5, True)
        + conv(32, 64, 5, True)
        + dense(64 * 8 * 8, 1024)
        + dense(1024, classes),
        "lenet": conv(channels, 6, 5, True)
        + conv(6, 16, 5, True)
        + dense(16 * 5 * 5, 120)
        + dense(120, classes),
        "linear": dense(inputs, classes),
        "mlp_a": dense(inputs, 512) + 2 * dense(512, 512) + dense(512, classes),
        "mlp_b": dense(inputs, 2048) + dense(2048, 1024) + dense(1024, 512) + dense(512, classes),
    }
    for name, count in expected.items():
        assert count_parameters(build(name, **sizes)) == count, name
    three = build("lenet", **sizes, fully_connected=3)
    added = dense(120, 84) + dense(84, classes) - dense(120, classes)
    assert count_parameters(three) == expected["lenet"] + added


def test_counts_that_the_documentation_states():
    assert densenet_count(3, 10) == 6_956_298
    assert madry_count(3, 10) == 45_901_914
    assert count_parameters(build("madry_lenet", **MNIST, device="meta")) == 3_274_634


def group_resnet_count(order, widths, head_inputs, channels=3, classes=10):
    """Count a group ResNet18: filters have `order` planes a channel, all but the first."""
    total, width = conv(channels, widths[0], 3) + norm(widths[0]), widths[0]
    for number, stage in enumerate(widths):
        total += order * conv(width, stage, 3) + 3 * order * conv(stage, stage, 3)
        total += 4 * norm(stage)
        if number:
            total += order * conv(width, stage, 1) + norm(stage)
        width = stage
    return total + dense(head_inputs, classes)


@pytest.mark.parametrize(
    ("group", "head", "channels", "order", "widths", "head_inputs"),
    [
        ("p4", "paper", "sqrt", 4, (32, 64, 128, 256), 256),
        ("p4", "invariant", "sqrt", 4, (32, 64, 128, 256), 256),
        ("p4m", "paper", "sqrt", 8, (23, 45, 91, 181), 181 * 8),
        ("p4m", "invariant", "sqrt", 8, (23, 45, 91, 181), 181),
        ("p4", "paper", "same", 4, (64, 128, 256, 512), 512),
    ],
)
def test_group_resnets_by_closed_form(group, head, channels, order, widths, head_inputs):
    model = build("resnet18", **CIFAR, group=group, head=head, channels=channels, device="meta")
    assert count_parameters(model) == group_resnet_count(order, widths, head_inputs)


def test_the_exact_resnet_has_the_same_parameters():
    plain = build("resnet18", **CIFAR, group="p4", device="meta")
    exact = build("resnet18", **CIFAR, group="p4", exact=True, device="meta")
    assert count_parameters(exact) == count_parameters(plain)


@pytest.mark.parametrize("name", names())
def test_full_size_networks_run(name):
    """At full width once, with the measured logits of two images."""
    size = 28 if name in ("stdcnn", "madry_lenet") else 32
    sizes = {"num_classes": 10, "in_channels": 3, "image_size": size}
    model = build(name, **sizes, generator=make_generator(0))
    with torch.no_grad():
        logits = model(torch.rand(2, 3, size, size, generator=make_generator(1)))
    assert logits.shape == (2, 10)
    assert logits.isfinite().all()
