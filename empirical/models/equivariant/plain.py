"""A network over a group as an ordinary one that computes the same."""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from .convolution import GroupConv2d, LiftingConv2d
from .layers import GroupBatchNorm2d, GroupGroupNorm, shared_over_group


def to_plain(module: nn.Module) -> nn.Module:
    """Return an ordinary network, in evaluation mode, that computes what one over a group does.

    Convolutions become `torch.nn.Conv2d` with the expanded filters, normalisation becomes
    torch's own with repeated parameters. That saves the expansion in every call, which counts
    where a fixed network is run many times (attacks, small batches), and leaves nothing but
    ordinary layers to other tools. The filters are copies, no longer tied to each other:
    training the result further would lose the equivariance.

    Parameters
    ----------
    module : Module
        A network with layers of this package; it is not changed.

    Returns
    -------
    Module
        Of the same structure; parameters do not require gradients.

    Examples
    --------
    >>> to_plain(nn.Sequential(LiftingConv2d(1, 10, 3), nn.ReLU()))
    Sequential(
      (0): Conv2d(1, 40, kernel_size=(3, 3), stride=(1, 1))
      (1): ReLU()
    )
    """
    done: dict[int, nn.Module] = {}
    plain = _replaced(copy.deepcopy(module), done)
    return plain.eval().requires_grad_(False)


def _replaced(module: nn.Module, done: dict[int, nn.Module]) -> nn.Module:
    """Return the module with everything in it replaced, a shared layer once."""
    if id(module) not in done:
        if isinstance(module, LiftingConv2d | GroupConv2d):
            done[id(module)] = _convolution(module)
        elif isinstance(module, GroupBatchNorm2d):
            done[id(module)] = _batch_norm(module)
        elif isinstance(module, GroupGroupNorm):
            done[id(module)] = _group_norm(module)
        else:
            done[id(module)] = module
            for name, child in module._modules.items():
                if child is not None:
                    module._modules[name] = _replaced(child, done)
    return done[id(module)]


def _convolution(layer: LiftingConv2d | GroupConv2d) -> nn.Module:
    weight, bias = layer.expanded_weight(), layer.expanded_bias()
    pools = layer.smoothing > 1 and weight.shape[-1] == 1
    plain = nn.Conv2d(
        weight.shape[1] * layer.groups,
        weight.shape[0],
        weight.shape[-1],
        1 if pools else layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        bias is not None,
        cast(Any, layer.padding_mode),
        device=weight.device,
        dtype=weight.dtype,
    )
    _fill(plain, weight=weight, bias=bias)
    return nn.Sequential(nn.AvgPool2d(layer.smoothing, layer.stride), plain) if pools else plain


def _batch_norm(layer: GroupBatchNorm2d) -> nn.Module:
    norm, order = cast(nn.BatchNorm2d, layer.norm), layer.group.order
    weight = cast(Tensor | None, norm.weight)
    tracks = norm.track_running_stats
    if not tracks:
        return layer  # its statistics come from each batch, over the group
    like = cast(Tensor, norm.running_mean)
    plain = nn.BatchNorm2d(
        layer.num_features * order,
        norm.eps,
        norm.momentum,
        norm.affine,
        device=like.device,
        dtype=like.dtype,
    )
    _fill(
        plain,
        weight=shared_over_group(weight, order),
        bias=shared_over_group(cast(Tensor | None, norm.bias), order),
        running_mean=shared_over_group(norm.running_mean, order),
        running_var=shared_over_group(norm.running_var, order),
        num_batches_tracked=norm.num_batches_tracked,
    )
    return plain


def _group_norm(layer: GroupGroupNorm) -> nn.Module:
    order, affine = layer.group.order, layer.weight is not None
    plain = nn.GroupNorm(layer.num_groups, layer.num_channels * order, layer.eps, affine)
    if layer.weight is not None:
        plain.to(layer.weight.device, layer.weight.dtype)
    _fill(
        plain,
        weight=shared_over_group(layer.weight, order),
        bias=shared_over_group(layer.bias, order),
    )
    return plain


def _fill(plain: nn.Module, **values: Tensor | None) -> None:
    with torch.no_grad():
        for name, value in values.items():
            if value is not None:
                getattr(plain, name).copy_(value)
