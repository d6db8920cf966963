"""Group convolutions: the definition, equivariance, gradients, initialisation, storage."""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spadv.empirical.models.equivariant import (
    P4,
    P4M,
    GroupConv2d,
    LiftingConv2d,
    equivariance_error,
)
from spadv.errors import InputError

GROUPS = [P4, P4M]
LAYERS = [LiftingConv2d, GroupConv2d]
TURN = np.array([[0, -1], [1, 0]])
MIRROR = np.array([[-1, 0], [0, 1]])


def draw(layer, batch=2, rows=6, columns=6, seed=0, dtype=torch.float64):
    """Inputs of a layer, and the layer in double precision."""
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, layer.in_channels * layer.order_in, rows, columns)
    return layer.to(dtype), torch.randn(shape, generator=generator, dtype=dtype)


def before(layer):
    return "image" if isinstance(layer, LiftingConv2d) else "maps"


def by_definition(layer, x):
    """The group convolution as a sum over the group and the grid, with 2x2 matrices.

    out(c, z, g) = b(c) + sum over i, h, z' of x(i, z', h) w(c, i, g^-1 (z' - z), g^-1 h).
    """
    matrices = [
        np.linalg.matrix_power(TURN, g % 4) @ (MIRROR if g >= 4 else np.eye(2, dtype=int))
        for g in range(layer.group.order)
    ]
    number = {m.tobytes(): g for g, m in enumerate(matrices)}
    k, n = layer.kernel_size, layer.order_in
    weight = layer.weight.detach().numpy().reshape(layer.out_channels, -1, n, k, k)
    maps = x.numpy().reshape(len(x), -1, n, *x.shape[2:])
    size = x.shape[-1] - k + 1
    out = np.zeros((len(x), layer.out_channels, layer.group.order, size, size))
    offsets = [(row, column) for row in range(k) for column in range(k)]
    for g, matrix in enumerate(matrices):
        back = np.linalg.inv(matrix).round().astype(int)
        for h, (row, column) in itertools.product(range(n), offsets):
            source = number[(back @ matrices[h]).tobytes()] if n > 1 else 0
            # Doubled coordinates from the filter's centre, x to the right and y up.
            right, up = back @ np.array([2 * column - (k - 1), (k - 1) - 2 * row])
            entry = weight[:, :, source, (k - 1 - up) // 2, (right + k - 1) // 2]
            part = maps[:, :, h, row : row + size, column : column + size]
            out[:, :, g] += np.einsum("oi,bihw->bohw", entry, part)
    if layer.bias is not None:
        out += layer.bias.detach().numpy()[:, None, None, None]
    return out.reshape(len(x), -1, size, size)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("make", LAYERS)
def test_it_is_the_sum_of_the_definition(make, group, kernel):
    layer, x = draw(make(2, 3, kernel, group=group), rows=5, columns=5)
    np.testing.assert_allclose(layer(x).detach().numpy(), by_definition(layer, x), atol=1e-13)


settings_of_layers = st.fixed_dictionaries(
    {
        "in_channels": st.integers(1, 3),
        "out_channels": st.integers(1, 3),
        "kernel_size": st.integers(1, 4),
        "padding": st.integers(0, 2),
        "dilation": st.integers(1, 2),
        "bias": st.booleans(),
        "padding_mode": st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
        "group": st.sampled_from(["p4", "p4m"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(
    make=st.sampled_from(LAYERS),
    options=settings_of_layers,
    rows=st.integers(7, 9),
    columns=st.integers(7, 9),
)
def test_equivariant_for_every_element(make, options, rows, columns):
    layer, x = draw(make(**options), rows=rows, columns=columns)
    assert equivariance_error(layer, x, layer.group, before=before(layer)).max() < 1e-12
    layer, x = draw(layer, rows=rows, columns=columns, dtype=torch.float32)
    assert equivariance_error(layer, x, layer.group, before=before(layer)).max() < 1e-5


@settings(max_examples=40, deadline=None)
@given(
    make=st.sampled_from(LAYERS),
    kernel=st.integers(1, 4),
    stride=st.integers(2, 4),
    padding=st.integers(0, 2),
    side=st.integers(8, 14),
    group=st.sampled_from(["p4", "p4m"]),
)
def test_a_strided_layer_is_equivariant_just_where_the_windows_fit(
    make, kernel, stride, padding, side, group
):
    options = {"stride": stride, "padding": padding, "group": group}
    layer, x = draw(make(2, 2, kernel, **options), rows=side, columns=side)
    left = (side + 2 * padding - kernel) % stride
    error = equivariance_error(layer, x, group, before=before(layer)).max()
    assert error < 1e-12 if left == 0 else error > 1e-3
    # Filters averaged over what is left over are exact at every size.
    layer, x = draw(make(2, 2, kernel, **options, smoothing=left + 1), rows=side, columns=side)
    assert equivariance_error(layer, x, group, before=before(layer)).max() < 1e-12
    assert layer(x).shape[-1] == (side + 2 * padding - kernel) // stride + 1


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("make", LAYERS)
def test_smoothing_is_average_pooling_of_the_layer_at_stride_1(make, kernel, padding):
    layer, x = draw(make(2, 3, kernel, 2, padding, smoothing=2), rows=8, columns=8)
    dense = make(2, 3, kernel, 1, padding).double()
    dense.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer(x), F.avg_pool2d(dense(x), 2))


@pytest.mark.parametrize("make", LAYERS)
def test_groups_of_channels_are_layers_side_by_side(make):
    layer, x = draw(make(4, 6, 3, groups=2, group="p4m"))
    for part, (inputs, maps) in enumerate(zip(x.chunk(2, 1), layer(x).chunk(2, 1), strict=True)):
        single = make(2, 3, 3, group="p4m").double()
        rows = slice(3 * part, 3 * part + 3)
        single.load_state_dict({"weight": layer.weight[rows], "bias": layer.bias[rows]})
        torch.testing.assert_close(single(inputs), maps)
    assert equivariance_error(layer, x, P4M, before=before(layer)).max() < 1e-12


@pytest.mark.parametrize("options", [{}, {"smoothing": 2, "stride": 2}, {"groups": 2}])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("make", LAYERS)
def test_gradients(make, group, options):
    layer, x = draw(make(2, 2, 3, group=group, **options), batch=1, rows=4, columns=4)

    def run(x, weight, bias):
        named = {"weight": weight, "bias": bias}
        return torch.func.functional_call(layer, named, (x,))

    inputs = (x.requires_grad_(), *(p.detach().requires_grad_() for p in layer.parameters()))
    assert torch.autograd.gradcheck(run, inputs)


def test_second_derivatives():
    layer, x = draw(GroupConv2d(1, 1, 3, bias=False), batch=1, rows=4, columns=4)

    def run(x, weight):
        return torch.func.functional_call(layer, {"weight": weight}, (x,)).pow(2)

    inputs = (x.requires_grad_(), layer.weight.detach().requires_grad_())
    assert torch.autograd.gradgradcheck(run, inputs)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("make", LAYERS)
def test_drawn_as_torch_draws_the_expanded_layer(make, group):
    layer = make(40, 50, 3, group=group)
    rows, columns = layer.expanded_weight().shape[:2]
    plain = nn.Conv2d(columns, rows, 3)
    bound = 1 / math.sqrt(columns * 9)
    for ours, theirs in zip(layer.parameters(), plain.parameters(), strict=True):
        assert ours.abs().max() <= bound
        assert theirs.abs().max() <= bound
        assert ours.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.25)
    spread = layer.weight.std() / plain.weight.std()
    assert spread.item() == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize("make", LAYERS)
def test_only_the_parameters_are_stored(make):
    layer, x = draw(make(2, 3, 3))
    assert list(layer.state_dict()) == ["weight", "bias"]
    other = make(2, 3, 3).double()
    assert not torch.equal(other(x), layer(x))
    other.load_state_dict(layer.state_dict())
    for copied in (other, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(copied(x), layer(x))


@pytest.mark.parametrize("way", ["assign", "to_empty"])
def test_made_on_the_meta_device(way):
    layer, x = draw(GroupConv2d(2, 3, 3))
    with torch.device("meta"):
        empty = GroupConv2d(2, 3, 3)
    if way == "assign":
        empty.load_state_dict(layer.state_dict(), assign=True)
    else:
        empty.to_empty(device="cpu").double().reset_parameters()
        empty.load_state_dict(layer.state_dict())
    assert torch.equal(empty(x), layer(x))


def test_a_changed_weight_is_seen_at_once():
    # However it is changed: nothing is cached between calls.
    layer, x = draw(GroupConv2d(2, 3, 3))
    layer.eval()
    with torch.no_grad():
        old = layer(x)
        layer.weight.data.mul_(2)
        layer.bias.data.mul_(2)
        torch.testing.assert_close(layer(x), 2 * old)


@pytest.mark.parametrize("make", LAYERS)
def test_channels_last_and_bfloat16(make):
    layer, x = draw(make(2, 3, 3, padding=1), dtype=torch.float32)
    last = layer(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(last, layer(x))
    layer.to(memory_format=torch.channels_last)
    torch.testing.assert_close(layer(x), last)
    assert layer.expanded_weight().is_contiguous(memory_format=torch.channels_last)
    layer.to(memory_format=torch.contiguous_format)
    assert layer.expanded_weight().is_contiguous()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = layer(x)
    assert low.dtype == torch.bfloat16
    torch.testing.assert_close(low.float(), layer(x), atol=0.05, rtol=0.05)
    low.float().square().sum().backward()
    assert layer.weight.grad.dtype == torch.float32


def test_an_empty_batch():
    assert GroupConv2d(2, 3, 3)(torch.zeros(0, 8, 5, 5)).shape == (0, 12, 3, 3)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"kernel_size": (3, 5)}, "kernel_size.*rows and columns"),
        ({"stride": (1, 2)}, "stride"),
        ({"padding": (1, 0)}, "padding"),
        ({"padding_mode": "mirror"}, "zeros, reflect"),
        ({"kernel_size": 0}, "kernel_size"),
        ({"in_channels": 0}, "in_channels"),
        ({"out_channels": 2.5}, "out_channels"),
        ({"groups": 2, "in_channels": 3}, "multiple of groups = 2"),
        ({"group": "c4"}, "group"),
        ({"smoothing": 2, "dilation": 2}, "smoothing"),
    ],
)
def test_bad_options(options, match):
    with pytest.raises(InputError, match=match):
        GroupConv2d(**{"in_channels": 2, "out_channels": 2, "kernel_size": 3, **options})


@pytest.mark.parametrize("shape", [(2, 2, 6, 6), (8, 6, 6), (2, 9, 6, 6)])
def test_bad_inputs(shape):
    with pytest.raises(InputError, match=r"\(B, 8, H, W\)"):
        GroupConv2d(2, 3, 3)(torch.zeros(shape))


def test_what_print_shows():
    text = "LiftingConv2d(1, 2, kernel_size=3, stride=2, smoothing=2, bias=False, group=p4m)"
    assert repr(LiftingConv2d(1, 2, 3, 2, bias=False, group="p4m", smoothing=2)) == text
