"""The registry of networks: names, options, and building with a seed."""

from __future__ import annotations

import inspect
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from ...checks import check_integer, check_real, choose
from ...errors import InputError
from ..calling import reason_of
from ..randomness import as_generator, draw_seed
from ..settings import NETWORKS, ModelSpec
from .classifier import Classifier, Normalise
from .equivariant import GroupPool, WholeMapLinear, get_group, to_equivariant
from .equivariant.groups import GROUPS
from .equivariant.layers import POOLS
from .equivariant.twin import CHANNEL_RULES, seeded, single_precision
from .own import call_factory

_GROUP_OPTIONS = ("channels", "pool", "exact")
#: Sides up to this are tried when the least possible one is looked for.
_LARGEST_TRIED = 256


@dataclass(frozen=True)
class Blueprint:
    """A plain network in two parts, so that a group can act on the first.

    Attributes
    ----------
    features : Module
        From images (B, C, H, W) to maps (B, C', H', W'), or to vectors for an MLP.
    average : bool
        Whether the plain network averages its maps over space (else it flattens them).
    hidden : tuple of int
        Widths of the hidden ReLU layers before the logits.
    dropout : float
        Probability of the dropout before the logits.
    """

    features: nn.Module
    average: bool
    hidden: tuple[int, ...] = ()
    dropout: float = 0.0


#: From a number of channels in the plain network to that of the one to build.
Width = Callable[[int], int]
Maker = Callable[..., Blueprint]


@dataclass(frozen=True)
class Entry:
    """One network of the registry: see :func:`register`."""

    name: str
    make: Maker
    groups: tuple[str, ...]
    channels: str
    options: dict[str, Any]

    def defaults(self, group: str | None) -> dict[str, Any]:
        """Return all options with their default values, for a group or none."""
        options = {**self.options, "width": 1.0} if self.groups else dict(self.options)
        if group is not None:
            options |= {"channels": self.channels, "pool": "max", "exact": False}
        return options


_ENTRIES: dict[str, Entry] = {}


def register(
    name: str,
    *,
    groups: Sequence[str] = tuple(GROUPS),
    channels: str = "sqrt",
) -> Callable[[Maker], Maker]:
    """Return a decorator that registers a network under a name.

    It is for a function from a :class:`ModelSpec`, a function `width` that scales numbers of
    channels, and keyword-only options with defaults that are plain JSON values, to a
    :class:`Blueprint` of the plain network. Its twins come from the same function.

    Parameters
    ----------
    name : str
        Name for :func:`build`.
    groups : sequence of str
        Groups that its features can be made equivariant to; none for a network without
        convolutions, which then has no option `width` either.
    channels : {"sqrt", "same"}
        Default channel rule of its group networks.
    """

    def decorate(make: Maker) -> Maker:
        if name in _ENTRIES:
            raise InputError("name", "be a name that is not registered yet", name)
        keywords = list(inspect.signature(make).parameters.values())[2:]
        options = {item.name: item.default for item in keywords}
        _ENTRIES[name] = Entry(name, make, tuple(groups), channels, options)
        if name not in NETWORKS:
            NETWORKS.append(name)
        return make

    return decorate


def names() -> tuple[str, ...]:
    """Return the names of all networks, sorted."""
    return tuple(sorted(_ENTRIES))


def build(
    name: str,
    *,
    num_classes: int,
    in_channels: int,
    image_size: int,
    group: str | None = None,
    head: str | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    generator: torch.Generator | int | None = None,
    device: torch.device | str = "cpu",
    **options: Any,
) -> Classifier:
    """Build a network from pixels in [0, 1] to logits.

    Parameters
    ----------
    name : str
        One of :func:`names`, or "module:factory" for a network of your own: a function that
        returns a torch network without normalisation, called with what it has parameters for
        of `num_classes`, `in_channels` and `image_size`.
    num_classes, in_channels, image_size : int
        Logits; channels and side of the square images.
    group : {None, "p4", "p4m"}
        Make the features equivariant to quarter turns (p4), or also to mirrors (p4m).
    head : {"paper", "invariant"}, optional
        For group networks. "paper" (default): as published, which differs. Where the plain
        network averages over space, P4 pools over the group (the published counts of VGG16 and
        ResNet18) and P4M does not (the authors' ResNet18; taken over for the others). Where it
        flattens, all places of all group elements are flattened. "invariant": logits do not
        change under the group where the features are exactly equivariant. Averaged maps are
        pooled over the group; flattened ones are read by their first linear layer in all
        orientations, which are pooled.
    mean, std : sequence of float, optional
        Normalisation per channel, inside the model.
    generator : torch.Generator or int, optional
        One number is drawn from it, which seeds the initialisation (torch's defaults for
        each layer); seed 0 without one. Global random state stays as it is.
    device : device
        Where the model ends up. It is built on the CPU, so that a seed gives the same weights
        on every device; on "meta" it has shapes only.
    **options
        Of the network (see its function) and, where there are convolutions: `width`, a factor
        on all channel counts. With a group also `channels`, "sqrt" (divided by the square
        root of the group's order) or "same"; `pool`, "max" or "mean" over the group (which of
        them published heads take is not known to us); and `exact`: where windows do not fit
        the maps of images of this size, which breaks the equivariance (3x3 at stride 2 on an
        even side), let them grow until they do, by averaging filters over neighbouring places.
        The parameters stay as they are.

    Returns
    -------
    Classifier
        In training mode; its `spec` holds every option and rebuilds it.

    Examples
    --------
    >>> model = build("stdcnn", num_classes=10, in_channels=1, image_size=28)
    >>> model(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """
    if ":" not in name:
        _entry(name)
    spec = ModelSpec(
        name=name,
        num_classes=num_classes,
        in_channels=in_channels,
        image_size=image_size,
        group=group,
        head="paper" if head is None else head,
        mean=None if mean is None else tuple(mean),
        std=None if std is None else tuple(std),
        options=options,
    )
    return build_spec(spec, generator=generator, device=device)


def build_spec(
    spec: ModelSpec,
    *,
    generator: torch.Generator | int | None = None,
    device: torch.device | str = "cpu",
) -> Classifier:
    """Build the network of a specification; options that it leaves out take their defaults."""
    seed = 0 if generator is None else draw_seed(as_generator(generator))
    if ":" in spec.name:
        return _build_own(spec, seed, torch.device(device))
    entry = _entry(spec.name)
    spec = replace(spec, options=_checked_options(entry, spec))
    own = {key: spec.options[key] for key in entry.options}
    make = partial(entry.make, spec, _width(spec), **own)
    shape = _feature_shape(spec, make)
    place = torch.device(device)
    with (
        torch.device("meta" if place.type == "meta" else "cpu"),
        single_precision(),
        seeded(seed),
    ):
        blueprint = make()
        features = blueprint.features
        if spec.group is not None:
            # Channels are scaled already, all of them before rounding: layer by layer, what
            # a DenseNet joins would no longer fit.
            features = to_equivariant(
                features,
                spec.group,
                channels="same",
                exact=spec.options["exact"],
                input_shape=(spec.in_channels, spec.image_size, spec.image_size),
            )
        head = _head(spec, blueprint, shape, pooled=spec.group == "p4")
        model = Classifier(spec, Normalise(spec.mean, spec.std), features, head)
    return model.to(place)


def _build_own(spec: ModelSpec, seed: int, place: torch.device) -> Classifier:
    """Return somebody's own network behind the normalisation; nothing of it is changed."""
    if spec.group is not None:
        hint = "See spadv.empirical.models.equivariant.to_equivariant for networks of your own."
        raise InputError("group", "be None for a network of your own", spec.group, hint)
    if spec.options:
        rule = "be left out for a network of your own"
        raise InputError("options", rule, spec.options)
    known = {key: getattr(spec, key) for key in ("num_classes", "in_channels", "image_size")}
    with single_precision(), seeded(seed):
        network = call_factory(spec.name, **known)
    model = Classifier(spec, Normalise(spec.mean, spec.std), network, nn.Identity())
    images = torch.zeros(2, spec.in_channels, spec.image_size, spec.image_size)
    rule = f"turn images of shape {tuple(images.shape[1:])} into {spec.num_classes} logits"
    try:
        with torch.no_grad():
            logits = model.eval()(images)
    except Exception as error:
        raise InputError("model", rule, spec.name, f"It fails: {reason_of(error)}") from error
    shape = tuple(getattr(logits, "shape", ()))
    if shape != (2, spec.num_classes):
        hint = f"For two images it returns {shape or type(logits).__name__}."
        raise InputError("model", rule, spec.name, hint)
    return model.train().to(place)


def _entry(name: str) -> Entry:
    return _ENTRIES[choose("model", name, names())]


def _order(group: str | None) -> int:
    return 1 if group is None else get_group(group).order


def _checked_options(entry: Entry, spec: ModelSpec) -> dict[str, Any]:
    """Return all options of a specification, or raise InputError."""
    if spec.group is not None and spec.group not in entry.groups:
        have = ", ".join(entry.groups)
        hint = f"It has {have}." if have else "It has no convolutions to make equivariant."
        raise InputError("group", f"be None for {entry.name}", spec.group, hint)
    if spec.group is None and spec.head == "invariant":
        hint = "A plain network is invariant to nothing; choose group='p4' or 'p4m'."
        raise InputError("head", "be 'paper' without a group", spec.head, hint)
    options = entry.defaults(spec.group)
    for key, value in spec.options.items():
        if spec.group is None and key in _GROUP_OPTIONS and entry.groups:
            raise InputError(key, "be left out without a group", value)
        if not options:
            raise InputError(key, f"be left out: {entry.name} has no options", value)
        default = options[choose(f"option of {entry.name}", key, options)]
        if isinstance(default, bool) and not isinstance(value, bool):
            raise InputError(key, "be True or False", value)
        whole = isinstance(default, int) and not isinstance(default, bool)
        options[key] = check_integer(key, value) if whole else value
    if "width" in options:
        options["width"] = check_real("width", options["width"], low=1e-3, high=1e3)
    if "channels" in options:
        choose("channels", options["channels"], CHANNEL_RULES)
        choose("pool", options["pool"], POOLS)
    return options


def _width(spec: ModelSpec) -> Width:
    """Return the scaling of channel counts: rounded, halves up, and at least 1."""
    root = _order(spec.group) ** 0.5 if spec.options.get("channels") == "sqrt" else 1.0
    scale = float(spec.options.get("width", 1.0)) / root
    return lambda channels: max(1, math.floor(channels * scale + 0.5))


def _feature_shape(spec: ModelSpec, make: Maker) -> tuple[int, ...]:
    """Return the shape of one image's plain feature maps, on the meta device."""
    with torch.device("meta"):
        features = make().features.eval()

    def maps(side: int) -> tuple[int, ...]:
        with torch.no_grad():
            image = torch.empty(1, spec.in_channels, side, side, device="meta")
            return tuple(features(image).shape[1:])

    try:
        return maps(spec.image_size)
    except RuntimeError:
        # Either the maps vanish, and a larger side works, or the network itself is wrong.
        for side in range(spec.image_size + 1, _LARGEST_TRIED + 1):
            with suppress(RuntimeError):
                maps(side)
                rule = f"be at least {side} for {spec.name}"
                raise InputError("image_size", rule, spec.image_size) from None
        raise


def _head(
    spec: ModelSpec, blueprint: Blueprint, shape: tuple[int, ...], *, pooled: bool
) -> nn.Module:
    """Return the head for features with plain maps of a shape (channels, H', W'): see `build`."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels, invariant = shape[0], spec.head == "invariant"
    if spec.group is not None and blueprint.average and (pooled or invariant):
        layers["group"] = GroupPool(spec.group, spec.options["pool"])
    else:
        channels *= _order(spec.group)
    if blueprint.average:
        layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    inputs = channels if blueprint.average else channels * math.prod(shape[1:])
    for number, width in enumerate(blueprint.hidden, start=1):
        layers[f"fc{number}"] = nn.Linear(inputs, width)
        layers[f"relu{number}"] = nn.ReLU()
        inputs = width
    if blueprint.dropout:
        layers["dropout"] = nn.Dropout(blueprint.dropout)
    last = f"fc{len(blueprint.hidden) + 1}" if blueprint.hidden else "fc"
    layers[last] = nn.Linear(inputs, spec.num_classes)
    if spec.group is not None and invariant and not blueprint.average:
        first = "fc1" if blueprint.hidden else "fc"
        outputs = (*blueprint.hidden, spec.num_classes)[0]
        layers[first] = WholeMapLinear(
            shape[0], outputs, shape[1], group=spec.group, pool=spec.options["pool"]
        )
    return nn.Sequential(layers)
