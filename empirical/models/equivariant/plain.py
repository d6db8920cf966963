"""A network over a group as an ordinary one that computes the same."""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from .convolution import GroupConv2d, LiftingConv2d, repeated
from .layers import GroupBatchNorm2d, GroupGroupNorm


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
    replaced: dict[int, Any] = {}
    for part in module.modules():
        if isinstance(part, LiftingConv2d | GroupConv2d):
            replaced[id(part)] = _convolution(part)
        elif isinstance(part, GroupGroupNorm):
            replaced[id(part)] = _group_norm(part)
        elif isinstance(part, GroupBatchNorm2d) and part.norm.track_running_stats:
            # Else its statistics come from each batch, over the group.
            replaced[id(part)] = _batch_norm(part)
    return copy.deepcopy(module, replaced).eval().requires_grad_(False)


def _convolution(layer: LiftingConv2d | GroupConv2d) -> nn.Module:
    weight, bias = layer.expanded_weight(), layer.expanded_bias()
    plain = nn.Conv2d(
        weight.shape[1] * layer.groups,
        weight.shape[0],
        weight.shape[-1],
        1 if layer.smooths_input else layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        bias is not None,
        cast(Any, layer.padding_mode),
    )
    _fill(plain, weight=weight, bias=bias)
    if layer.smooths_input:
        return nn.Sequential(nn.AvgPool2d(layer.smoothing, layer.stride), plain)
    return plain


def _batch_norm(layer: GroupBatchNorm2d) -> nn.Module:
    norm, order = cast(nn.BatchNorm2d, layer.norm), layer.group.order
    plain = nn.BatchNorm2d(layer.num_features * order, norm.eps, norm.momentum, norm.affine)
    names = ("weight", "bias", "running_mean", "running_var")
    values = {name: repeated(getattr(norm, name), order) for name in names}
    _fill(plain, num_batches_tracked=norm.num_batches_tracked, **values)
    return plain


def _group_norm(layer: GroupGroupNorm) -> nn.Module:
    order, affine = layer.group.order, layer.weight is not None
    plain = nn.GroupNorm(layer.num_groups, layer.num_channels * order, layer.eps, affine)
    _fill(plain, weight=repeated(layer.weight, order), bias=repeated(layer.bias, order))
    return plain


def _fill(plain: nn.Module, **values: Tensor | None) -> None:
    """Move a layer to where the values are, and give it these."""
    like = next((v for v in values.values() if v is not None and v.is_floating_point()), None)
    if like is not None:
        plain.to(like.device, like.dtype)
    with torch.no_grad():
        for name, value in values.items():
            if value is not None:
                getattr(plain, name).copy_(value)
