"""Normalisation, dropout and pooling over the group."""

import copy

import pytest
import torch
from torch import nn

from spadv.empirical.models.equivariant import (
    P4,
    P4M,
    GroupBatchNorm2d,
    GroupDropout2d,
    GroupGroupNorm,
    GroupPool,
    PooledLinear,
    WholeMapLinear,
    equivariance_error,
)
from spadv.errors import InputError

GROUPS = [P4, P4M]


def maps(group, channels=3, side=4, batch=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, channels * group.order, side, side)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("group", GROUPS)
def test_batch_norm_is_batch_norm_of_the_joined_maps(group, layout):
    ours, plain = GroupBatchNorm2d(3, group=group).double(), nn.BatchNorm2d(3).double()
    with torch.no_grad():
        for parameter in (ours.norm.weight, ours.norm.bias):
            parameter.normal_()
    plain.load_state_dict(ours.norm.state_dict())
    x = maps(group).contiguous(memory_format=layout)
    for training in (True, True, False):
        ours.train(training), plain.train(training)
        expected = plain(x.reshape(5, 3, group.order * 4, 4)).reshape(x.shape)
        torch.testing.assert_close(ours(x), expected, atol=1e-13, rtol=1e-13)
        for name, buffer in plain.named_buffers():
            torch.testing.assert_close(dict(ours.norm.named_buffers())[name], buffer)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("group", GROUPS)
def test_batch_norm_stays_equivariant(group, training):
    layer = GroupBatchNorm2d(3, group=group).double()
    layer(maps(group, seed=1))
    assert (
        equivariance_error(layer.train(training), maps(group), group, before="maps").max() < 1e-13
    )


def test_plain_batch_norm_is_not_equivariant():
    # Its running statistics differ between the elements: the test above could fail.
    layer = nn.BatchNorm2d(12).double()
    layer(maps(P4) + torch.arange(12).view(1, -1, 1, 1))
    assert equivariance_error(layer.eval(), maps(P4), P4, before="maps").max() > 0.05


def test_batch_norm_without_running_statistics_or_affine():
    layer = GroupBatchNorm2d(3, affine=False, track_running_stats=False).double().eval()
    out = layer(maps(P4)).view(5, 3, -1)
    torch.testing.assert_close(out.mean((0, 2)), torch.zeros(3, dtype=torch.float64))
    assert not list(layer.parameters())


def test_batch_norm_can_be_synchronised():
    model = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(GroupBatchNorm2d(3)))
    assert isinstance(model[0], GroupBatchNorm2d)
    assert isinstance(model[0].norm, nn.SyncBatchNorm)
    assert model.double().eval()(maps(P4)).shape == (5, 12, 4, 4)


@pytest.mark.parametrize("num_groups", [1, 2, 4])
@pytest.mark.parametrize("group", GROUPS)
def test_group_norm_is_that_of_the_joined_maps(group, num_groups):
    layer, plain = GroupGroupNorm(num_groups, 4, group=group), nn.GroupNorm(num_groups, 4)
    with torch.no_grad():
        layer.weight.normal_()
        layer.bias.normal_()
    plain.load_state_dict(layer.state_dict())
    x = maps(group, channels=4)
    layer, plain = layer.double(), plain.double()
    expected = plain(x.reshape(5, 4, group.order * 4, 4)).reshape(x.shape)
    torch.testing.assert_close(layer(x), expected)
    assert equivariance_error(layer, x, group, before="maps").max() < 1e-13


def test_dropout_takes_whole_channels():
    torch.manual_seed(0)
    layer = GroupDropout2d(0.3, group="p4m")
    out = layer(torch.ones(2000, 5 * 8, 2, 2)).view(2000, 5, -1)
    kept = out[:, :, 0] > 0
    assert torch.equal(out, torch.where(kept, 1 / 0.7, 0.0)[..., None].expand_as(out))
    assert kept.double().mean().item() == pytest.approx(0.7, abs=0.02)  # 4 standard deviations
    x = torch.randn(2, 8, 3, 3)
    assert layer.eval()(x) is x
    assert (GroupDropout2d(1.0)(torch.ones(2, 8, 1, 1)) == 0).all()


@pytest.mark.parametrize("kind", ["max", "mean"])
@pytest.mark.parametrize("group", GROUPS)
def test_pooling_over_the_group_turns_with_the_image(group, kind):
    x = maps(group)
    pool = GroupPool(group, kind)
    assert equivariance_error(pool, x, group, before="maps", after="image").max() < 1e-15
    parts = x.view(5, 3, group.order, 4, 4)
    expected = parts.max(2).values if kind == "max" else parts.mean(2)
    torch.testing.assert_close(pool(x), expected)
    torch.testing.assert_close(pool(x[:, :, 0, 0]), expected[:, :, 0, 0])


def test_tied_maxima_share_the_gradient():
    x = torch.ones(1, 4, 1, 1, requires_grad=True)
    GroupPool("p4")(x).sum().backward()
    assert x.grad.flatten().tolist() == [0.25] * 4


@pytest.mark.parametrize("pool", ["max", "mean"])
@pytest.mark.parametrize("side", [1, 4])
@pytest.mark.parametrize("group", GROUPS)
def test_invariant_heads(group, side, pool):
    make = PooledLinear if side == 1 else WholeMapLinear
    sizes = (3, 7) if side == 1 else (3, 7, side)
    head = nn.Sequential(nn.Flatten(), make(*sizes, group=group, pool=pool)).double()
    x = maps(group, side=side)
    error = equivariance_error(head, x, group, before="maps", after="invariant")
    assert error.max() < 1e-12
    assert head(x).std() > 0.01
    assert head(x).shape == (5, 7)


def test_a_whole_map_head_is_a_linear_layer_in_all_orientations():
    head = WholeMapLinear(2, 3, 4, group="p4m").double()
    plain = nn.Linear(2 * 8 * 16, 3).double()
    plain.load_state_dict(head.state_dict())
    x = maps(P4M, channels=2)
    turned = [plain(P4M.act(x, g).flatten(1)) for g in range(8)]
    torch.testing.assert_close(head(x.flatten(1)), torch.stack(turned).amax(0))


def test_a_whole_map_head_made_on_the_meta_device():
    head = WholeMapLinear(2, 3, 4)
    with torch.device("meta"):
        empty = WholeMapLinear(2, 3, 4)
    assigned = copy.deepcopy(empty)
    assigned.load_state_dict(head.state_dict(), assign=True)
    empty.to_empty(device="cpu").reset_parameters()
    empty.load_state_dict(head.state_dict())
    x = torch.randn(2, 2 * 4 * 16)
    assert torch.equal(assigned(x), head(x))
    assert torch.equal(empty(x), head(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda: GroupBatchNorm2d(3),
        lambda: GroupGroupNorm(3, 3),
        lambda: GroupDropout2d(),
        lambda: GroupPool(),
    ],
)
def test_bad_channels(make):
    with pytest.raises(InputError, match="'x'"):
        make()(torch.zeros(2, 13, 4, 4))


def test_bad_options():
    with pytest.raises(InputError, match="num_channels"):
        GroupGroupNorm(2, 3)
    with pytest.raises(InputError, match="'p'"):
        GroupDropout2d(1.5)
    with pytest.raises(InputError, match="max, mean"):
        GroupPool("p4", "median")
    with pytest.raises(InputError, match="max, mean"):
        WholeMapLinear(1, 1, 2, pool="sum")
    with pytest.raises(InputError, match="num_features"):
        GroupBatchNorm2d(0)
