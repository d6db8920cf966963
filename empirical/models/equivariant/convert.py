"""The equivariant twin of a plain network."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.utils import parametrize

from ....checks import check_real, choose
from ....errors import InputError
from ...randomness import require_generator
from .exactness import check_shape, explain, follow_group
from .flow import Flow, Window, refusal
from .groups import Group, get_group
from .replace import CHANNELLED, PlainLeaves

#: Channel rules that have a name: as in the plain network, or divided by sqrt(group order).
CHANNEL_RULES = ("same", "sqrt")
HEADS = ("paper", "invariant")
_POOLS = ("max", "mean")
#: Sides of images to try where no shape is given.
_SIDES = (32, 28, 64, 96, 224, 299)


def to_equivariant(
    module: nn.Module,
    group: str | Group = "p4",
    *,
    channels: str | float = "sqrt",
    head: str | None = "paper",
    pool: str = "max",
    exact: bool = False,
    input_shape: tuple[int, int, int] | None = None,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Return the equivariant twin of a plain network, its new layers freshly initialised.

    The network is copied, run once on the meta device, in evaluation mode, to see which layer
    receives what, and
    each layer that must change is replaced where it stands, whatever attribute or container
    holds it. So the twin runs the same `forward`, and its parameters keep their names. A
    convolution that sees the image becomes a :class:`LiftingConv2d`, one that sees maps over
    the group a :class:`GroupConv2d`; normalisation and channel dropout get their versions over
    the group; the first linear layers behind flattened maps are made anew. Images, numbers of
    image channels and of outputs of linear layers stay as they are; layers that need no change,
    such as the last of several linear ones, are copied with their parameters.

    What is guaranteed: every operation between the image and the maps over the group commutes
    with every element of the group, up to rounding, at sizes for which
    :func:`exactness_report` is empty. What is not known to commute is refused. The twin is run
    once in the same way, to see that its channels fit. Operations outside modules that run in
    training mode only are not seen; elementwise dropout is equivariant in distribution.

    Parameters
    ----------
    module : Module
        Network, or the features of one, on images (B, C, H, W). A single layer counts.
    group : {"p4", "p4m"} or Group
        Quarter turns, or quarter turns and mirrors.
    channels : {"sqrt", "same"} or float
        Width of the twin. "sqrt" divides the number of channels by sqrt(order), so that twin and
        plain network have about as many parameters; "same" keeps it; a number multiplies it.
        Results are rounded to the nearest integer, halves up, and are at least 1.
    head : {"paper", "invariant"} or None
        What becomes of linear layers that read maps. "paper": they read all elements of the
        group and all places, as published networks do, so that the outputs are not invariant.
        "invariant": pooled over the group before (maps of one place: :class:`PooledLinear`)
        or after (larger maps: :class:`WholeMapLinear`), so that they are. None: refused.
    pool : {"max", "mean"}
        How an invariant head pools over the group.
    exact : bool
        Let windows that leave rows over at `input_shape` grow by these, which makes them
        symmetric and keeps sizes and parameters: pooling layers directly, convolutions by
        averaging their filters (`smoothing`).
    input_shape : (int, int, int), optional
        Channels, rows and columns of the images; needed for `exact`. Without it the channels
        are those of one of the convolutions, and several usual sizes are tried.
    generator : torch.Generator, optional
        One number is drawn from it, which seeds the initialisation and leaves global random
        state alone. Without it torch's global state is used, as by any torch layer.

    Returns
    -------
    Module
        Of the same type; on the device, in the dtype and in the mode (training or not) of
        `module`. Attributes of its containers that are no modules, such as torchvision's
        `inplanes`, still speak of the plain network.

    Raises
    ------
    InputError
        If a layer has no equivariant twin, naming it and saying why; if the network does not
        run on images of that shape; if `exact` cannot be reached.

    References
    ----------
    Cohen and Welling, Group Equivariant Convolutional Networks, ICML 2016.

    Examples
    --------
    >>> plain = nn.Sequential(nn.Conv2d(1, 10, 3), nn.ReLU(), nn.Conv2d(10, 20, 3))
    >>> to_equivariant(plain, "p4", channels="same")
    Sequential(
      (0): LiftingConv2d(1, 10, kernel_size=3, group=p4)
      (1): ReLU()
      (2): GroupConv2d(10, 20, kernel_size=3, group=p4)
    )
    """
    if not isinstance(module, nn.Module):
        raise InputError("module", "be a torch.nn.Module", module)
    if head is not None:
        choose("head", head, HEADS)
    if exact and input_shape is None:
        hint = "Which windows must grow depends on the sizes of the maps."
        raise InputError("input_shape", "be given with exact=True", input_shape, hint)
    group = get_group(group)
    factor = _factor(channels, group)
    leaves = PlainLeaves(group, factor, head, choose("pool", pool, _POOLS), exact)
    shape = _follow(module, leaves, input_shape)
    with _drawing_from(generator):
        twin = _assemble(module, leaves)
    again = follow_group(twin, shape, group)
    inexact = [explain(note) for note in again.notes if isinstance(note, Window)]
    inexact = [found for found in inexact if found is not None]
    if exact and inexact:
        hint = "Only layers that are modules can be made exact."
        raise InputError("exact", "be reachable by larger windows", str(inexact[0]), hint)
    return twin


def _factor(channels: str | float, group: Group) -> float:
    if isinstance(channels, str):
        return 1.0 if choose("channels", channels, CHANNEL_RULES) == "same" else group.order**-0.5
    return check_real("channels", channels, low=1e-6, high=1e6)


def _follow(
    module: nn.Module, leaves: PlainLeaves, input_shape: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    """Run the plain network once, for `leaves` to note what changes; return the input shape."""
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    if not convolutions:
        raise InputError("module", "hold a torch.nn.Conv2d", type(module).__name__)
    # The convolution defined first need not be the first to run: few channels are likelier.
    counts = [convolutions[0].in_channels, *sorted({part.in_channels for part in convolutions})]
    shapes = [(c, side, side) for c in dict.fromkeys(counts[:4]) for side in _SIDES]
    if input_shape is not None:
        shapes = [check_shape(input_shape)]
    error: Exception | None = None
    for shape in shapes:
        leaves.changes.clear()
        flow = Flow(module, leaves, scaled=leaves.factor != 1)
        try:
            end = flow.run(shape)
        except Exception as problem:
            if isinstance(problem, InputError) and problem.argument == "module":
                raise
            error = error or problem
            continue
        if end is not None and end.form == "flat" and leaves.head is not None:
            hint = "With head=None the twin returns them, (B, channels * |G| * H * W)."
            raise InputError("module", "end in a linear layer or in maps", "flattened maps", hint)
        for path, part in module.named_modules():
            if isinstance(part, CHANNELLED) and path not in flow.reached:
                raise refusal(path, part, "It never runs in evaluation mode; take it out first.")
        return shape
    rule = "be the shape (C, H, W) of images that the network runs on"
    tried = f"none, where sides of {_SIDES} were tried"
    raise InputError("input_shape", rule, input_shape or tried, f"{error}") from error


def _assemble(module: nn.Module, leaves: PlainLeaves) -> nn.Module:
    """Return a copy of the network with the changes that `leaves` has noted."""
    plain = dict(module.named_modules())
    twin = copy.deepcopy(module)
    names: dict[int, list[str]] = {}
    for name, part in twin.named_modules(remove_duplicate=False):
        names.setdefault(id(part), []).append(name)
    copied = dict(twin.named_modules())
    for path, (_, change) in leaves.changes.items():
        if change is None:
            continue
        if isinstance(change, dict):
            for name, value in change.items():
                setattr(copied[path], name, value)
            continue
        source = plain[path]
        if parametrize.is_parametrized(source) or source._forward_pre_hooks:
            raise refusal(path, source, "Its parametrisation or hooks would be lost.")
        tensors = [*source.parameters(), *source.buffers()]
        like = next((tensor for tensor in tensors if tensor.is_floating_point()), None)
        # Drawn on the CPU, so that a seed gives the same weights on every device.
        with torch.device("meta" if like is not None and like.is_meta else "cpu"):
            layer = change().train(source.training)
        if like is not None:
            layer.to(like.device, like.dtype)
        for name in names[id(copied[path])]:
            if not name:
                return layer
            twin.set_submodule(name, layer)
    return twin


@contextmanager
def _drawing_from(generator: torch.Generator | None) -> Iterator[None]:
    """Let torch's initialisation draw from a generator, and restore the global state."""
    if generator is None:
        yield
        return
    require_generator(generator)
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    with torch.random.fork_rng(devices=[]):
        # Only the CPU's state: `torch.manual_seed` would seed every GPU as well.
        torch.default_generator.manual_seed(seed)
        yield
