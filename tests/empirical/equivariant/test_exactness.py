"""At which sizes networks are exact: known cases, the report against measurements, measures."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spadv.empirical.models.equivariant import (
    P4M,
    Break,
    GroupConv2d,
    LiftingConv2d,
    equivariance_error,
    exactness_report,
    invariance_error,
    to_equivariant,
)
from spadv.errors import InputError


def images(side, channels=3):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(4, channels, side, side, generator=generator, dtype=torch.float64)


def pooled_network(side):
    torch.manual_seed(0)
    plain = nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(32, 10),
    )
    return to_equivariant(plain, "p4", head="invariant", input_shape=(3, side, side))


def test_max_pools_on_even_maps_and_a_pooled_head_are_invariant():
    network = pooled_network(32).eval()
    assert exactness_report(network, (3, 32, 32)) == []
    assert invariance_error(network, images(32).float()).max() < 2e-6
    assert invariance_error(network.double(), images(32)).max() < 1e-14
    logits = network(images(32))
    assert (logits[0] - logits[1]).abs().max() > 1e-3  # it is not just constant


def test_max_pools_on_odd_maps_are_not():
    network = pooled_network(32).double().eval()
    assert [found.path for found in exactness_report(network, (3, 28, 28))] == []
    assert [found.path for found in exactness_report(network, (3, 30, 30))] == ["7"]
    assert [found.path for found in exactness_report(network, (3, 29, 29))] == ["3"]
    assert invariance_error(network, images(30)).max() > 1e-4


def test_a_strided_convolution_breaks_at_32_and_not_at_33():
    torch.manual_seed(0)
    layer = nn.Sequential(LiftingConv2d(3, 8, 3, padding=1), nn.ReLU()).double()
    layer.append(GroupConv2d(8, 8, 3, stride=2, padding=1).double())
    (found,) = exactness_report(layer, (3, 32, 32))
    assert (found.path, found.layer, found.loses) == ("2", "GroupConv2d", "equivariance")
    assert "1 row of 32" in found.reason
    assert "Exact at 31 and 33" in found.reason
    assert equivariance_error(layer, images(32)).max() > 0.05
    assert exactness_report(layer, (3, 33, 33)) == []
    assert equivariance_error(layer, images(33)).max() < 1e-13


def test_stdcnn_at_28_is_exact_but_for_its_head():
    # 28 -> 26 -> 24 -> 12 -> 10 -> 8 -> 4: even wherever it is pooled.
    plain = nn.Sequential(
        *(nn.Conv2d(1, 10, 3), nn.Conv2d(10, 10, 3), nn.MaxPool2d(2), nn.Conv2d(10, 20, 3)),
        *(nn.Conv2d(20, 20, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(320, 10)),
    )
    twin = to_equivariant(plain, channels="same").double()
    (found,) = exactness_report(twin, (1, 28, 28))
    assert (found.path, found.loses) == ("7", "invariance")
    assert "4x4 places and the elements of the group" in found.reason
    assert equivariance_error(twin[:6], images(28, 1)).max() < 1e-13
    assert invariance_error(twin, images(28, 1)).max() > 0.01


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["max", "average", "conv", "adaptive", "lp"]),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 4),
    padding=st.integers(0, 1),
    dilation=st.integers(1, 2),
    ceil_mode=st.booleans(),
    side=st.integers(9, 15),
)
def test_the_report_is_right_about_every_layer(
    kind, kernel, stride, padding, dilation, ceil_mode, side
):
    torch.manual_seed(0)
    padding = min(padding, kernel // 2)
    layers = {
        "max": nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil_mode),
        "average": nn.AvgPool2d(kernel, stride, padding, ceil_mode=ceil_mode),
        "conv": GroupConv2d(2, 2, kernel, stride, padding, dilation),
        "adaptive": nn.AdaptiveAvgPool2d(kernel + 1),
        "lp": nn.LPPool2d(2, kernel, stride, ceil_mode=ceil_mode),
    }
    network = nn.Sequential(LiftingConv2d(1, 2, 1), nn.Sigmoid(), layers[kind]).double()
    report = exactness_report(network, (1, side, side))
    error = equivariance_error(network, images(side, 1)).max()
    if report:
        assert [found.path for found in report] == ["2"]
        assert error > 1e-5
    else:
        assert error < 1e-12


@settings(max_examples=20, deadline=None)
@given(
    kernel=st.integers(2, 4),
    stride=st.integers(2, 3),
    pool=st.sampled_from([nn.MaxPool2d, nn.AvgPool2d]),
    side=st.integers(12, 17),
    group=st.sampled_from(["p4", "p4m"]),
)
def test_exact_twins_are_exact_at_every_size(kernel, stride, pool, side, group):
    plain = nn.Sequential(
        nn.Conv2d(1, 4, kernel, stride), nn.Sigmoid(), pool(kernel, stride, 1), nn.Conv2d(4, 4, 1)
    )
    shape = (1, side, side)
    options = {"channels": "same", "input_shape": shape}
    loose, exact = (to_equivariant(plain, group, exact=e, **options) for e in (False, True))
    assert exactness_report(exact, shape) == []
    x = images(side, 1)
    assert equivariance_error(exact.double(), x, group).max() < 1e-12
    # Sizes and parameters are those of the twin that is not exact.
    assert exact(x).shape == loose.double()(x).shape
    assert [p.shape for p in exact.parameters()] == [p.shape for p in loose.parameters()]
    if not exactness_report(loose, shape):
        assert repr(exact) == repr(loose)


def test_an_exact_resnet_is_the_one_that_halves_maps_by_averaging():
    from spadv.empirical.models import build

    options = {"num_classes": 10, "in_channels": 3, "image_size": 32, "width": 0.125}
    halving = build("resnet18", group="p4", exact=True, **options).features
    plain = build("resnet18", **{**options, "width": 0.0625}).features
    exact = to_equivariant(plain, channels="same", exact=True, input_shape=(3, 32, 32))
    with torch.no_grad():
        for ours, theirs in zip(exact.parameters(), halving.parameters(), strict=True):
            ours.copy_(theirs)
    x = images(32)
    torch.testing.assert_close(exact.double()(x), halving.double()(x))


@pytest.mark.parametrize(
    ("layer", "match"),
    [
        (nn.MaxPool2d(2, ceil_mode=True), r"'1 \(MaxPool2d\)'.*ceil_mode"),
        (nn.MaxPool2d(2, dilation=2), "Dilated"),
        (nn.Conv2d(4, 4, 3, stride=2, dilation=2), "Dilated"),
    ],
)
def test_what_cannot_be_made_exact(layer, match):
    plain = nn.Sequential(nn.Conv2d(1, 4, 1), layer)
    side = 10 if match == "Dilated" else 9
    with pytest.raises(InputError, match=match):
        to_equivariant(plain, channels="same", exact=True, input_shape=(1, side, side))


def test_oblong_images():
    layer = LiftingConv2d(1, 2, 2, stride=2).double()
    assert exactness_report(layer, (1, 8, 12)) == []
    x = torch.rand(1, 1, 8, 12, dtype=torch.float64)
    assert equivariance_error(layer, x).max() < 1e-13
    (found,) = exactness_report(layer, (1, 8, 13))
    assert "1 row of 13" in found.reason
    with pytest.raises(InputError, match="0 rows but 1 columns"):
        to_equivariant(nn.Conv2d(1, 2, 2, stride=2), exact=True, input_shape=(1, 8, 13))


def test_plain_networks_are_judged_by_their_windows():
    plain = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
    assert [found.path for found in exactness_report(plain, (3, 32, 32))] == ["0"]
    assert [found.path for found in exactness_report(plain, (3, 33, 33))] == ["3"]


def test_a_layer_without_a_twin_is_in_the_report():
    network = nn.Sequential(LiftingConv2d(1, 2, 3), nn.Conv2d(8, 4, 1), nn.Softmax(1))
    network.append(nn.Conv2d(4, 4, 2, stride=2))  # behind what is not known nothing is judged
    report = exactness_report(network, (1, 8, 8))
    assert [(found.path, found.layer) for found in report] == [("1", "Conv2d"), ("2", "Softmax")]
    assert str(report[0]) == "1 (Conv2d): A plain convolution does not commute with turns."
    assert all(isinstance(found, Break) for found in report)


def test_bad_shapes():
    network = LiftingConv2d(3, 2, 3)
    with pytest.raises(InputError, match="input_shape"):
        exactness_report(network, (3, 32))
    with pytest.raises(InputError, match="input_shape"):
        exactness_report(network, (1, 32, 32))
    with pytest.raises(InputError, match="input_shape"):
        exactness_report(network, (3, 2, 2))


def ramp(side=4):
    """An image that grows to the right by 1 a column."""
    return torch.arange(side, dtype=torch.float64).repeat(1, 1, side, 1)


def test_measured_errors_that_are_known():
    # Shifting the ramp to the left: columns 1 2 3 0, against 2 1 0 3 after half a turn.
    errors = equivariance_error(lambda x: x.roll(-1, -1), ramp(), after="image")
    assert errors.tolist() == pytest.approx([0, 1, 2 / 3, 1])
    # A linear function that sees one half: 2 + 3 against 0 + 1 after half a turn.
    half = equivariance_error(lambda x: x[..., 2:].mean((1, 2, 3)), ramp(), after="invariant")
    assert half.tolist() == pytest.approx([0, 0.4, 0.8, 0.4])


def test_the_error_is_zero_for_what_commutes():
    x = torch.rand(2, 3, 5, 5)
    assert equivariance_error(lambda x: F.avg_pool2d(x, 3, 1), x, P4M, after="image").max() < 1e-6
    assert invariance_error(lambda x: x.amax((2, 3)), x, P4M).max() == 0
    assert invariance_error(lambda x: torch.zeros(len(x)), x).tolist() == [0] * 4
    maps = torch.rand(2, 8, 5, 5)
    assert equivariance_error(torch.relu, maps, before="maps").max() == 0
    assert equivariance_error(torch.relu, maps, "p4m", before="maps").shape == (8,)


def test_nothing_is_recorded_for_gradients():
    x = torch.rand(1, 1, 3, 3, requires_grad=True)
    assert not equivariance_error(lambda x: x, x, after="image").requires_grad


def test_bad_measurements():
    with pytest.raises(InputError, match="'x'"):
        equivariance_error(torch.relu, torch.zeros(3, 4, 4))
    with pytest.raises(InputError, match="'x'"):
        equivariance_error(torch.relu, [1.0])
    with pytest.raises(InputError, match="'x'"):
        equivariance_error(torch.relu, torch.zeros(1, 3, 4, 4))  # no maps over p4
    with pytest.raises(InputError, match="before"):
        equivariance_error(torch.relu, torch.zeros(1, 3, 4, 4), before="maps over")
    with pytest.raises(InputError, match=r"r90.*got \(1, 1, 2, 6\)|\(1, 1, 6, 2\)"):
        equivariance_error(lambda x: x.reshape(1, 1, 2, 6), torch.zeros(1, 1, 3, 4), after="image")
