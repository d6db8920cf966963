"""What reaches each layer of a network made of modules: an image, maps, or flattened maps.

A network is followed module by module, from the image to the output; nothing is computed. What a
module does is known by its class: containers run their children in turn, a block's class says
what it sums (:func:`declare_paths`), and layers have rules. Two walks use this: the conversion
(`twin.py`) and the report on exactness (`exactness.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeVar, cast

import torch
from torch import nn

from ....checks import check_integer
from ....errors import InputError

Sides = tuple[int, int]
#: Names of children, or layers that the block itself does not hold, that run one after the other.
Path = tuple[str | nn.Module, ...]
Block = TypeVar("Block", bound=type[nn.Module])


@dataclass(frozen=True)
class Signal:
    """What reaches a layer, and so how the group acts on it.

    The `form` is "image": (B, C, H, W), turned as images are; "maps": (B, channels * order, H, W),
    see :meth:`Group.act`; "flat": maps flattened to (B, n); or "places": a flattened image. Where
    the group no longer acts (vectors, logits) there is None in its place: no layer behind it can be
    equivariant, or need be. If known, `channels` and `plain` are those of the equivariant network,
    without the group, and of the plain one, `sides` rows and columns before flattening.
    """

    form: str
    channels: int | None = None
    plain: int | None = None
    sides: Sides | None = None

    @property
    def spatial(self) -> bool:
        """Whether there are axes of rows and columns."""
        return self.form in ("image", "maps")


@dataclass(frozen=True)
class Break:
    """One layer that does not commute with the group at the sizes at hand.

    Attributes
    ----------
    path, layer : str
        Name of the module within the network ("" for the network itself), and its type.
    loses : str
        "equivariance" if maps behind it no longer turn with the image, "invariance" if the
        maps before it do, but it reads their places or the elements of the group apart.
    reason : str
        Why, in a sentence or two.
    """

    path: str
    layer: str
    loses: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path or 'the module itself'} ({self.layer}): {self.reason}"


class RefusedError(Exception):
    """A layer has no equivariant counterpart; the text says why."""


_FLATTEN = nn.Flatten()
_RESNET = ("conv1", "bn1", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool")
# By name, because torchvision takes a second to import.
_PATHS: dict[str, tuple[Path, ...]] = {
    "torchvision.models." + name: paths
    for name, paths in {
        "resnet.BasicBlock": (("conv1", "bn1", "conv2", "bn2"), ("downsample",)),
        "resnet.Bottleneck": (
            ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3"),
            ("downsample",),
        ),
        "resnet.ResNet": ((*_RESNET, _FLATTEN, "fc"),),
        "alexnet.AlexNet": (("features", "avgpool", _FLATTEN, "classifier"),),
        "vgg.VGG": (("features", "avgpool", _FLATTEN, "classifier"),),
        "mobilenetv2.InvertedResidual": (("conv",), ()),
        "mobilenetv2.MobileNetV2": (("features", nn.AdaptiveAvgPool2d(1), _FLATTEN, "classifier"),),
        "mnasnet._InvertedResidual": (("layers",), ()),
        "mnasnet.MNASNet": (("layers", nn.AdaptiveAvgPool2d(1), _FLATTEN, "classifier"),),
        "densenet._DenseLayer": (("norm1", "conv1", "norm2", "conv2"),),
        "densenet.DenseNet": (("features", nn.AdaptiveAvgPool2d(1), _FLATTEN, "classifier"),),
    }.items()
}
#: Attributes without which only the first path counts.
_IF = {
    "torchvision.models.mobilenetv2.InvertedResidual": "use_res_connect",
    "torchvision.models.mnasnet._InvertedResidual": "apply_residual",
}
_DENSE_BLOCK = "torchvision.models.densenet._DenseBlock"


def declare_paths(*paths: Path) -> Callable[[Block], Block]:
    """Return a decorator that says what a block of one's own computes.

    Its output is the sum of the paths, each from the block's input through children one after
    the other, with elementwise functions anywhere between them. A path has names of children and,
    for what a block does without a child, layers that do the same, such as `nn.Flatten()`. Children
    that a block does not have are passed over; a path without any is the identity. The declaration
    is taken at its word, and holds for subclasses that do not run a `forward` of their own;
    :func:`equivariance_error` puts it to the test.

    Examples
    --------
    >>> @declare_paths(("conv1", "conv2"), ("shortcut",))
    ... class Unit(nn.Module):
    ...     pass  # forward returns conv2(relu(conv1(x))) + shortcut(x)
    """

    def decorate(block: Block) -> Block:
        _PATHS[_home(block)] = paths
        return block

    return decorate


def _home(kind: type[nn.Module]) -> str:
    """Return the full name of the class whose `forward` a module runs."""
    owner = next(base for base in kind.__mro__ if "forward" in vars(base))
    return f"{owner.__module__}.{owner.__qualname__}"


class Walk:
    """One way through a network. Subclasses add rules for layers, and say what a refusal is."""

    shape: tuple[int, int, int] | None = None

    def __init__(self) -> None:
        self.rules: dict[type[nn.Module], Rule] = dict(_RULES)

    def run(self, module: nn.Module, shape: tuple[int, int, int] | None) -> Signal | None:
        """Follow a network on images of a shape (channels, rows, columns), if it is given."""
        if shape is None:
            return self.follow(module, "", Signal("image"))
        if not isinstance(shape, tuple | list) or len(shape) != 3:
            raise InputError("input_shape", "be (channels, rows, columns)", shape)
        channels, rows, columns = (check_integer("input_shape", n, minimum=1) for n in shape)
        self.shape = (channels, rows, columns)
        return self.follow(module, "", Signal("image", channels, channels, (rows, columns)))

    def unfit(self, why: str) -> NoReturn:
        """Raise InputError, as the network does not run on images of the shape."""
        rule = "be the shape (C, H, W) of images that the network runs on"
        raise InputError("input_shape", rule, self.shape, why)

    def follow(self, module: nn.Module, path: str, signal: Signal | None) -> Signal | None:
        """Return what comes out of a module that a signal reaches."""
        if signal is None:
            return None
        try:
            return self._rule(module)(self, module, path, signal)
        except RefusedError as error:
            self.refuse(path, module, str(error))
            return None

    def refuse(self, path: str, module: nn.Module, why: str) -> None:
        """Raise or note that a module has no equivariant counterpart."""
        raise refusal(path, module, why)

    def windows(self, module: nn.Module, path: str, signal: Signal) -> int:
        """Judge a layer's windows; those of a convolution must grow by what is returned."""
        raise NotImplementedError

    def _rule(self, module: nn.Module) -> Rule:
        # A subclass that computes in its own way is not known.
        for kind, rule in self.rules.items():
            if isinstance(module, kind) and type(module).forward is kind.forward:
                return rule
        home = _home(type(module))
        if home == _DENSE_BLOCK:
            return _dense_block
        return _sum_of_paths if home in _PATHS else _unknown


Rule = Callable[[Any, Any, str, Signal], Signal | None]


def _unknown(_: Walk, module: nn.Module, path: str, signal: Signal) -> NoReturn:
    raise RefusedError(
        "It is not known to commute with the group. A block of known layers can say what it "
        "sums: see declare_paths."
    )


def _same(_: Walk, module: nn.Module, path: str, signal: Signal) -> Signal:
    return signal


def _slope(_: Walk, module: nn.PReLU, path: str, signal: Signal) -> Signal:
    if module.num_parameters > 1:
        raise RefusedError("Its slopes treat the channels differently.")
    return signal


def _sequence(walk: Walk, module: nn.Module, path: str, signal: Signal) -> Signal | None:
    found: Signal | None = signal
    for name, child in module._modules.items():
        if child is not None:
            found = walk.follow(child, _inside(path, name), found)
    return found


def _sum_of_paths(walk: Walk, module: nn.Module, path: str, signal: Signal) -> Signal | None:
    home, ends = _home(type(module)), []
    whole = home not in _IF or getattr(module, _IF[home])
    for steps in _PATHS[home] if whole else _PATHS[home][:1]:
        end: Signal | None = signal
        for step in steps:
            if isinstance(step, nn.Module):
                end = walk.follow(step, path, end)
                continue
            try:
                child = module.get_submodule(step)
            except AttributeError:
                continue  # this block does without it
            end = walk.follow(child, _inside(path, step), end)
        ends.append(end)
    first = ends[0]
    for other in ends[1:]:
        if first is None or other is None or first.form != other.form:
            raise RefusedError("It adds tensors on which the group acts differently.")
        if first.channels != other.channels:
            raise RefusedError(
                f"It adds maps of {first.channels} and {other.channels} channels in the twin; the "
                "channel rule rounds them apart. channels='same' does not."
            )
        if first.sides != other.sides:
            walk.unfit(f"{path} adds maps of {first.sides} and {other.sides} places.")
    return first


def _dense_block(walk: Walk, module: nn.Module, path: str, signal: Signal) -> Signal | None:
    """Follow layers each of which adds channels to all before it."""
    for name, layer in module.named_children():
        new = walk.follow(layer, _inside(path, name), signal)
        if new is None or new.form != signal.form or None in (signal.channels, new.channels):
            raise RefusedError("It joins tensors on which the group acts differently.")
        channels = cast(int, signal.channels) + cast(int, new.channels)
        plain = cast(int, signal.plain) + cast(int, new.plain)
        signal = replace(signal, channels=channels, plain=plain)
    return signal


def _flatten(_: Walk, module: nn.Flatten, path: str, signal: Signal) -> Signal | None:
    if not signal.spatial:
        return signal
    if module.start_dim != 1 or module.end_dim not in (-1, 3):
        raise RefusedError("It does not flatten whole maps, (B, channels * H * W).")
    if signal.form == "maps":
        return replace(signal, form="flat")
    return None if signal.sides == (1, 1) else replace(signal, form="places")


def _pooling(walk: Walk, module: nn.MaxPool2d, path: str, signal: Signal) -> Signal:
    require_maps(signal)
    if getattr(module, "return_indices", False):
        raise RefusedError("Indices of maxima do not commute with the group.")
    walk.windows(module, path, signal)
    return _resized(walk, module, path, signal)


def _adaptive(_: Walk, module: nn.AdaptiveAvgPool2d, path: str, signal: Signal) -> Signal:
    # Its windows lie symmetrically whatever the sizes: floor(i n / m) and ceil((i + 1) n / m).
    require_maps(signal)
    size = module.output_size
    rows, columns = size if isinstance(size, tuple) else (size, size)
    if rows is None or rows != columns:
        raise RefusedError(f"The output size {size} is not square.")
    if getattr(module, "return_indices", False):
        raise RefusedError("Indices of maxima do not commute with the group.")
    return replace(signal, sides=(rows, rows))


def _padding(walk: Walk, module: nn.ZeroPad2d, path: str, signal: Signal) -> Signal:
    require_maps(signal)
    if len(set(module.padding)) != 1:
        raise RefusedError(f"The padding {module.padding} is not the same on all sides.")
    return _resized(walk, module, path, signal)


def require_maps(signal: Signal) -> None:
    """Refuse flattened maps."""
    if not signal.spatial:
        raise RefusedError("It reads flattened maps.")


def window_sizes(module: nn.Module) -> dict[str, int]:
    """Return kernel, stride, padding and dilation of the square windows of a layer."""
    sizes: dict[str, int] = {}
    for name, default in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
        value = getattr(module, name, default)
        if value is None:  # a stride that is that of the windows
            value = sizes["kernel"]
        if isinstance(value, str):  # a convolution's padding
            value = cast(nn.Conv2d, module)._reversed_padding_repeated_twice
            if len(set(value)) != 1:
                raise RefusedError("The padding 'same' of an even kernel is one-sided.")
        values = [value] if isinstance(value, int) else list(value)
        if len(set(values)) != 1:
            raise RefusedError(f"Its {name} {value} is not the same for rows and columns.")
        sizes[name.removesuffix("_size")] = int(values[0])
    # Filters of group convolutions that are averaged over neighbouring places.
    sizes["kernel"] += getattr(module, "smoothing", 1) - 1
    return sizes


def left_over(sides: Sides, sizes: dict[str, int]) -> Sides:
    """Return rows and columns that windows leave over at the far side; (0, 0) is exact."""
    reach = sizes["dilation"] * (sizes["kernel"] - 1) + 1 - 2 * sizes["padding"]
    rows, columns = ((side - reach) % sizes["stride"] for side in sides)
    return rows, columns


def convolved(walk: Walk, path: str, signal: Signal, sizes: dict[str, int]) -> Sides | None:
    """Return rows and columns behind a convolution."""
    if signal.sides is None:
        return None
    reach = sizes["dilation"] * (sizes["kernel"] - 1) + 1 - 2 * sizes["padding"]
    rows, columns = ((side - reach) // sizes["stride"] + 1 for side in signal.sides)
    if min(rows, columns) < 1:
        walk.unfit(f"Windows of {path} are larger than maps of {signal.sides} places.")
    return rows, columns


def _resized(walk: Walk, module: nn.Module, path: str, signal: Signal) -> Signal:
    if signal.sides is None:
        return signal
    try:  # the layer has no parameters and treats all channels alike
        out = module(torch.empty(1, 1, *signal.sides, device="meta"))
    except RuntimeError as error:
        walk.unfit(f"{path}: {error}")
    return replace(signal, sides=(out.shape[-2], out.shape[-1]))


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def refusal(path: str, module: nn.Module, why: str) -> InputError:
    """Return the error for a module that has no equivariant counterpart."""
    where = f"{path or 'the module itself'} ({type(module).__name__})"
    return InputError("module", "be made of layers with an equivariant twin", where, why)


# fmt: off
_ELEMENTWISE: tuple[type[nn.Module], ...] = (
    nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU,
    nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Hardshrink, nn.Softshrink,
    nn.Tanhshrink, nn.Sigmoid, nn.LogSigmoid, nn.Tanh, nn.Softplus, nn.Softsign, nn.Threshold,
    nn.Dropout, nn.AlphaDropout,
)
# fmt: on
_RULES: dict[type[nn.Module], Rule] = {
    nn.Sequential: _sequence,
    **dict.fromkeys(_ELEMENTWISE, _same),
    nn.PReLU: _slope,
    nn.Flatten: _flatten,
    **dict.fromkeys((nn.MaxPool2d, nn.AvgPool2d, nn.LPPool2d), _pooling),
    **dict.fromkeys((nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d), _adaptive),
    **dict.fromkeys(
        (nn.ZeroPad2d, nn.ConstantPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.CircularPad2d),
        _padding,
    ),
}
