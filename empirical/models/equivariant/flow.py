"""Follow what a network's tensors stand for, from the image to the output.

A network is run once on the meta device, where nothing is computed, while a function mode sees
every operation and hooks see every module. Each tensor has a :class:`Kind`: an image, maps over
the group, flattened maps, or numbers on which the group no longer acts. Two readers use it: the
conversion, which decides which layer becomes what, and the exactness report.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ....errors import InputError

#: Images in the probe: two, so that no axis is mistaken for the batch.
BATCH = 2


@dataclass(frozen=True)
class Kind:
    """What a tensor stands for, and so how the group acts on it.

    Attributes
    ----------
    form : str
        "image": (B, C, H, W), turned as images are. "maps": (B, channels * order, H, W), see
        :meth:`Group.act`. "flat": maps flattened to (B, n). "places": an image flattened to
        (B, n). "vector": anything else; no layer behind it can be equivariant or need be.
    channels : int
        Channels; those of maps are counted in the equivariant network, without the group.
    sides : (int, int)
        Rows and columns before flattening.
    """

    form: str
    channels: int = 0
    sides: tuple[int, int] = (1, 1)

    @property
    def spatial(self) -> bool:
        """Whether the tensor has axes of rows and columns."""
        return self.form in ("image", "maps")


VECTOR = Kind("vector")


@dataclass(frozen=True)
class Window:
    """Windows moved over a map, by a convolution, a pooling layer or a strided slice."""

    path: str
    layer: str
    sides: tuple[int, int]
    kernel: int
    stride: int
    padding: int = 0
    dilation: int = 1

    @property
    def left_over(self) -> tuple[int, int]:
        """Rows and columns that the windows leave over at the far side; (0, 0) is exact."""
        reach = self.dilation * (self.kernel - 1) + 1 - 2 * self.padding
        rows, columns = ((side - reach) % self.stride for side in self.sides)
        return rows, columns


@dataclass(frozen=True)
class Break:
    """One layer that does not commute with the group at the sizes at hand.

    Attributes
    ----------
    path : str
        Name of the module within the network; "" for the network itself.
    layer : str
        Its type, or the name of the function that it calls.
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
    """A layer or an operation has no equivariant counterpart; the text says why."""


class Leaves(Protocol):
    """What a reader does with the modules that it knows as a whole."""

    def knows(self, module: nn.Module) -> bool:
        """Return whether the module is judged as a whole, not by its operations."""

    def kind(self, call: LeafCall) -> Kind:
        """Return what comes out of a known module, or raise :class:`RefusedError`."""


@dataclass(frozen=True)
class LeafCall:
    """One call of a known module: where it is, what goes in and what came out."""

    flow: Flow
    path: str
    module: nn.Module
    x: Tensor
    kind: Kind
    out: Any


@dataclass
class FunctionCall:
    """One call of a torch function or tensor method."""

    flow: Flow
    path: str
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any
    tensors: list[Tensor] = field(default_factory=list)

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return an argument given by position or by name."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)

    def known(self) -> list[tuple[Tensor, Kind]]:
        """Return the tensors whose kind is known, with their kinds."""
        pairs = ((tensor, self.flow.kind_of(tensor)) for tensor in self.tensors)
        return [(tensor, kind) for tensor, kind in pairs if kind is not None]


class Flow(TorchFunctionMode):
    """One run of a network with the kinds of its tensors.

    Parameters
    ----------
    module : Module
        The network; a copy of it on the meta device is run.
    leaves : Leaves
        The reader's rules for whole modules.
    unit : int
        Number of maps a channel has: 1 in a plain network, the group's order in an equivariant one.
    scaled : bool
        Whether channel counts differ between the network run and its twin.
    strict : bool
        Raise InputError at what cannot be equivariant; else go on with an unknown kind.
    """

    def __init__(
        self,
        module: nn.Module,
        leaves: Leaves,
        *,
        unit: int = 1,
        scaled: bool = False,
        strict: bool = True,
    ) -> None:
        super().__init__()
        self.module = on_meta(module)
        self.leaves = leaves
        self.unit = unit
        self.scaled = scaled
        self.strict = strict
        self.notes: list[Window | Break] = []
        self.reached: set[str] = set()
        self._names = {id(part): name for name, part in self.module.named_modules()}
        # The tensors are kept, so that no later one can have the identity of a dead one.
        self._kinds: dict[int, tuple[Tensor, Kind]] = {}
        self._stack: list[nn.Module] = []
        self._leaf: nn.Module | None = None

    def run(self, shape: tuple[int, int, int]) -> Kind | None:
        """Run the network on images (channels, H, W) and return the kind of its output."""
        from .functions import CONSTANTS, judge  # they are written in terms of this module

        self._judge, self._constants = judge, CONSTANTS
        floating = (p.dtype for p in self.module.parameters() if p.is_floating_point())
        x = torch.empty(BATCH, *shape, device="meta", dtype=next(floating, None))
        self._set(x, Kind("image", shape[0], shape[1:]))
        with self._hooked(), torch.no_grad(), self:
            out = self.module.eval()(x)
        if not isinstance(out, Tensor):
            raise InputError("module", "return one tensor", type(out).__name__)
        return self.kind_of(out)

    def kind_of(self, tensor: Tensor) -> Kind | None:
        """Return the kind of a tensor, None where it does not depend on the image."""
        found = self._kinds.get(id(tensor))
        return None if found is None else found[1]

    def _set(self, tensor: Tensor, kind: Kind) -> None:
        self._kinds[id(tensor)] = (tensor, kind)

    @property
    def path(self) -> str:
        """Name of the module that is running."""
        return self._names[id(self._stack[-1])] if self._stack else ""

    @contextmanager
    def _hooked(self) -> Iterator[None]:
        handles = []
        for part in self.module.modules():
            handles.append(part.register_forward_pre_hook(self._enter))
            handles.append(part.register_forward_hook(self._leave, with_kwargs=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, _: Any) -> None:
        self._stack.append(module)
        if self._leaf is None:
            self.reached.add(self.path)
            if self.leaves.knows(module):
                self._leaf = module

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
        path = self.path
        self._stack.pop()
        if self._leaf is not module:
            return
        self._leaf = None
        inputs = [(t, self.kind_of(t)) for t in tensors_in([args, kwargs])]
        known = [(t, kind) for t, kind in inputs if kind is not None]
        if not known:
            return
        call = LeafCall(self, path, module, *known[0], out)
        try:
            kind: Kind | None = VECTOR if known[0][1] == VECTOR else self.leaves.kind(call)
        except RefusedError as error:
            self._refuse(path, module, type(module).__name__, str(error))
            kind = None
        for tensor in tensors_in([out]):
            self._set(tensor, kind or _unknown(tensor))

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation and note what its result stands for."""
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if self._leaf is not None:
            return out
        call = FunctionCall(self, self.path, _name(func), args, kwargs, out)
        call.tensors = list(tensors_in([args, kwargs]))
        if not call.known() or call.name in self._constants:
            return out
        if not tensors_in([out]) and call.name != "__setitem__":
            return out
        try:
            kinds = self._judge(call)
        except RefusedError as error:
            self._refuse(self.path, self._stack[-1], call.name, str(error))
            kinds = [_unknown(tensor) for tensor in tensors_in([out])]
        for tensor, kind in zip(tensors_in([out]), kinds, strict=True):
            self._set(tensor, kind)
        return out

    def _refuse(self, path: str, module: nn.Module, layer: str, why: str) -> None:
        if self.strict:
            raise refusal(path, module, why)
        self.notes.append(Break(path, layer, "equivariance", why))


def _unknown(tensor: Tensor) -> Kind:
    """Return what to take a tensor for behind a layer that is not equivariant."""
    if tensor.ndim != 4:
        return VECTOR
    return Kind("image", tensor.shape[1], (tensor.shape[2], tensor.shape[3]))


def refusal(path: str, module: nn.Module, why: str) -> InputError:
    """Return the error for a module that has no equivariant counterpart."""
    where = f"{path or 'the module itself'} ({type(module).__name__})"
    return InputError("module", "be made of layers with an equivariant twin", where, why)


def on_meta(module: nn.Module) -> nn.Module:
    """Return a copy of a module on the meta device, where running it costs nothing."""
    # The memo stands in for parameters and buffers: their values are never copied.
    memo: dict[int, Any] = {id(t): t.to("meta") for t in module.buffers()}
    for parameter in module.parameters():
        memo[id(parameter)] = nn.Parameter(parameter.detach().to("meta"), requires_grad=False)
    return copy.deepcopy(module, memo).to("meta")


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors in nested lists, tuples and dictionaries, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in tensors_in(item)]
    return []


def _name(func: Any) -> str:
    name: str = getattr(func, "__name__", str(func))
    # A property such as x.T arrives as the getter of its descriptor.
    return str(getattr(func.__self__, "__name__", name)) if name == "__get__" else name
