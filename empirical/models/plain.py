"""The paper's networks that need no layers of their own: StdCNN, LeNets, perceptrons, VGG, ResNet.

VGG16, ResNet18 and DenseNet121 are those for small images, the latter two of torchvision's blocks.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from ...errors import InputError
from ..settings import ModelSpec
from .registry import Blueprint, Width, register


@register("stdcnn", channels="same")
def stdcnn(spec: ModelSpec, width: Width) -> Blueprint:
    """Conv10-Conv10-Pool-Conv20-Conv20-Pool-FC50-FC: the paper's network for MNIST.

    3x3 convolutions without padding, ReLU, 2x2 max-pools, dropout 1/2 before the logits:
    23,010 parameters at 28x28x1 with ten classes. The P4 network keeps the channel counts and
    flattens the maps of all four turns into FC50: 89,910 parameters.
    """
    a, b = width(10), width(20)
    features = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(spec.in_channels, a, 3),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(a, a, 3),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(a, b, 3),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(b, b, 3),
            relu4=nn.ReLU(),
            pool4=nn.MaxPool2d(2),
        )
    )
    return Blueprint(features, average=False, hidden=(50,), dropout=0.5)


@register("madry_lenet")
def madry_lenet(spec: ModelSpec, width: Width) -> Blueprint:
    """Conv32-Pool-Conv64-Pool-FC1024-FC: the MNIST network of Madry et al.

    5x5 convolutions that keep the size, ReLU, 2x2 max-pools: 3,274,634 parameters at 28x28x1
    with ten classes.
    """
    return Blueprint(_lenet(spec, width(32), width(64), padding=2), False, hidden=(1024,))


@register("lenet")
def lenet(spec: ModelSpec, width: Width, *, fully_connected: int = 2) -> Blueprint:
    """Conv6-Pool-Conv16-Pool-FC120-FC: a LeNet-5 with ReLU and max-pools, for table 8.

    The paper's text says two convolutions and two fully connected layers, the published file
    has three of the latter; the sizes are not known to us. These are LeNet-5's: 5x5
    convolutions without padding, and `fully_connected=3` adds its layer of 84.
    """
    if fully_connected not in (2, 3):
        raise InputError("fully_connected", "be 2 or 3", fully_connected)
    hidden = (120, 84)[: fully_connected - 1]
    return Blueprint(_lenet(spec, width(6), width(16), padding=0), False, hidden)


def _lenet(spec: ModelSpec, a: int, b: int, *, padding: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(spec.in_channels, a, 5, padding=padding),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(a, b, 5, padding=padding),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
        )
    )


@register("linear", groups=())
def linear(spec: ModelSpec, width: Width) -> Blueprint:
    """Linear classifier of the pixels."""
    return Blueprint(nn.Flatten(), average=False)


@register("mlp_a", groups=())
def mlp_a(spec: ModelSpec, width: Width) -> Blueprint:
    """Perceptron of four linear layers, hidden widths 512-512-512.

    The paper's text gives the number of layers only; these widths are our choice.
    """
    return _mlp(spec, (512, 512, 512))


@register("mlp_b", groups=())
def mlp_b(spec: ModelSpec, width: Width) -> Blueprint:
    """Perceptron of four linear layers, hidden widths 2048-1024-512.

    As for mlp_a, the widths are our choice: a wider network that narrows.
    """
    return _mlp(spec, (2048, 1024, 512))


def _mlp(spec: ModelSpec, widths: tuple[int, ...]) -> Blueprint:
    inputs = spec.in_channels * spec.image_size**2
    layers: list[nn.Module] = [nn.Flatten()]
    for outputs in widths:
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        inputs = outputs
    return Blueprint(nn.Sequential(*layers), average=False)


# Channels of the convolutions; 0 for a pool. Configuration D of Simonyan and Zisserman.
_VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)


@register("vgg16")
def vgg16(spec: ModelSpec, width: Width) -> Blueprint:
    """VGG16 for CIFAR: 13 convolutions with batch-norm, 5 max-pools, one linear layer.

    14,728,266 parameters at 3 channels with ten classes; the P4 network with half the channels
    and a head pooled over the group has 14,718,506. What is left of the map is averaged. Images
    below 32x32 would vanish in five halvings: there the pools round sizes up instead of down.
    """
    layers: list[nn.Module] = []
    inputs = spec.in_channels
    for channels in _VGG16:
        if not channels:
            layers.append(nn.MaxPool2d(2, ceil_mode=spec.image_size < 32))
            continue
        outputs = width(channels)
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    return Blueprint(nn.Sequential(*layers), average=True)


@register("resnet18")
def resnet18(spec: ModelSpec, width: Width) -> Blueprint:
    """ResNet18 for CIFAR: a 3x3 stem without max-pool, four stages of two basic blocks.

    11,173,962 parameters at 3 channels with ten classes. P4 with 32/64/128/256 channels and a
    pooled head has 11,165,738; P4M with 23/45/91/181 channels and a head that sees all eight
    group elements of the averaged maps, as the authors' "GCNN", has 11,201,415.

    Stride-2 convolutions break the equivariance where they halve an even side, as at 32x32;
    the option `exact` of group networks mends it (:func:`build`).
    """
    inputs = width(64)
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(spec.in_channels, inputs, 3, padding=1, bias=False),
        bn1=nn.BatchNorm2d(inputs),
        relu=nn.ReLU(),
    )
    for number, channels in enumerate((64, 128, 256, 512), start=1):
        outputs = width(channels)
        layers[f"layer{number}"] = _stage(inputs, outputs, 1 if number == 1 else 2)
        inputs = outputs
    return Blueprint(nn.Sequential(layers), average=True)


def _stage(inputs: int, width: int, stride: int) -> nn.Sequential:
    from torchvision.models.resnet import BasicBlock  # takes a second to import

    shortcut = None
    if stride == 2:
        shortcut = nn.Sequential(
            nn.Conv2d(inputs, width, 1, stride=2, bias=False), nn.BatchNorm2d(width)
        )
    return nn.Sequential(BasicBlock(inputs, width, stride, shortcut), BasicBlock(width, width))


@register("densenet121")
def densenet121(spec: ModelSpec, width: Width) -> Blueprint:
    """DenseNet121 for small images: growth 32, a 3x3 stem without norm and pool.

    Blocks of 6, 12, 24 and 16 layers; 6,956,298 parameters at 3 channels with ten classes.
    Nothing but average pooling halves the maps, so that its group networks are exactly
    equivariant where each halved side is even (32x32, 64x64).
    """
    from torchvision.models import DenseNet  # takes a second to import

    whole = DenseNet(growth_rate=width(32), num_init_features=width(64), num_classes=1)
    layers = OrderedDict(whole.features.named_children())
    for name in ("norm0", "relu0", "pool0"):
        del layers[name]
    layers["conv0"] = nn.Conv2d(
        spec.in_channels, layers["conv0"].out_channels, 3, padding=1, bias=False
    )
    layers["relu5"] = nn.ReLU()
    for module in whole.features.modules():
        # torchvision has its own initialisation; every network here has torch's.
        if isinstance(module, nn.Conv2d):
            module.reset_parameters()
    return Blueprint(nn.Sequential(layers), average=True)
