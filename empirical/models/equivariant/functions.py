"""Which operations commute with the group, and what comes out of them.

Only what is certain is allowed; the rest is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor

from .flow import VECTOR, FunctionCall, Kind, RefusedError, Window, tensors_in

Rule = Callable[[FunctionCall], list[Kind]]

# fmt: off
_ELEMENTWISE = [
    "abs", "alpha_dropout", "bfloat16", "celu", "clamp", "clamp_max", "clamp_min", "clone",
    "contiguous", "cos", "data", "detach", "double", "dropout", "elu", "erf", "exp", "float",
    "gelu", "half", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log",
    "log1p", "logsigmoid", "mish", "nan_to_num", "neg", "negative", "positive", "pow",
    "reciprocal", "relu", "relu6", "requires_grad_", "rrelu", "rsqrt", "selu", "sigmoid", "sign",
    "silu", "sin", "softplus", "softshrink", "softsign", "sqrt", "square", "swish", "tanh",
    "tanhshrink", "threshold", "to", "type", "__neg__", "__abs__", "__pow__", "float_power",
    "full_like", "ones_like", "zeros_like",
]
_BINARY = [
    "add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "rsub",
    "maximum", "minimum", "prelu", "__add__", "__radd__", "__iadd__", "__sub__", "__rsub__",
    "__isub__", "__mul__", "__rmul__", "__imul__", "__truediv__", "__rtruediv__", "__itruediv__",
]
# fmt: on
_RESHAPES = ["flatten", "view", "reshape", "squeeze", "unsqueeze"]
_REDUCTIONS = ["mean", "sum", "amax", "amin", "var", "std", "logsumexp"]
_POOLS = ["max_pool2d", "avg_pool2d", "lp_pool2d"]
_ADAPTIVE = ["adaptive_avg_pool2d", "adaptive_max_pool2d"]
#: Operations that take no more than shape and place of a tensor.
CONSTANTS = ("new_empty", "new_full", "new_ones", "new_tensor", "new_zeros")


def judge(call: FunctionCall) -> list[Kind]:
    """Return the kind of each tensor that an operation returns.

    Raises
    ------
    RefusedError
        If it is not known to commute with the group.
    """
    kinds = [kind for _, kind in call.known()]
    count = len(tensors_in([call.out]))
    if all(kind == VECTOR for kind in kinds):
        return [VECTOR] * count
    # What is flattened from an image has no channels left that the group would mix.
    if all(kind.form in ("vector", "places") for kind in kinds) and call.name not in _RESHAPES:
        return [next(kind for kind in kinds if kind.form == "places")] * count
    rule = _RULES.get(call.name) or _RULES.get(call.name.rstrip("_"))
    if rule is None:
        raise RefusedError(f"The operation '{call.name}' is not known to commute with the group.")
    return rule(call)


def _same(call: FunctionCall) -> list[Kind]:
    return _combine(call) if len(call.tensors) > 1 else [call.known()[0][1]]


def _combine(call: FunctionCall) -> list[Kind]:
    """Judge sums, products and the like of two tensors."""
    known = call.known()
    structured = [(t, kind) for t, kind in known if kind != VECTOR]
    main, kind = max(structured, key=lambda pair: (pair[1].form == "maps", pair[0].numel()))
    for other in call.tensors:
        if other is not main:
            _check_partner(call, main, kind, other)
    if tuple(call.out.shape) != tuple(main.shape):
        raise RefusedError(f"'{call.name}' changes the shape {_shape(main)} to {_shape(call.out)}.")
    return [kind]


def _check_partner(call: FunctionCall, main: Tensor, kind: Kind, other: Tensor) -> None:
    found = call.flow.kind_of(other)
    where = f"'{call.name}' of {_shape(main)} and {_shape(other)}"
    if found is not None and found.form == kind.form:
        if found.channels == kind.channels or (kind.form == "image" and found.channels == 1):
            return
        raise RefusedError(
            f"{where} joins maps of {kind.channels} and {found.channels} channels in the twin; "
            "the channel rule rounds them apart. channels='same', or a factor that leaves whole "
            "numbers, does not."
        )
    if found is not None and found.form == "image" and found.channels == 1:
        return  # the same factor for every channel and element, moved with the map
    if all(size == 1 for size in other.shape[1 if other.ndim == main.ndim else 0 :]):
        return  # one number for all, or one for each image of the batch
    constant = found is None or found == VECTOR
    flat = other.ndim >= 3 and tuple(other.shape[-2:]) == (1, 1)
    if constant and kind.form == "image" and flat:
        return  # one number a channel of the image
    if found is not None and found.form == "image":
        raise RefusedError(f"{where} joins an image and maps over the group: lift the image first.")
    raise RefusedError(f"{where} treats places, channels or elements of the group differently.")


def _cat(call: FunctionCall) -> list[Kind]:
    dim = call.argument(1, "dim", call.kwargs.get("axis", 0))
    parts = call.argument(0, "tensors")
    kinds = [call.flow.kind_of(part) for part in parts]
    first = kinds[0]
    if first is None or any(kind is None or kind.form != first.form for kind in kinds):
        raise RefusedError("It joins tensors on which the group acts differently.")
    if dim not in (1, 1 - parts[0].ndim) or (first.form == "flat" and first.sides != (1, 1)):
        raise RefusedError("Only channels can be joined: torch.cat(..., dim=1) of maps.")
    return [Kind(first.form, sum(kind.channels for kind in kinds if kind), first.sides)]


def _chunk(call: FunctionCall) -> list[Kind]:
    (x, kind), count = call.known()[0], call.argument(1, "chunks")
    dim = call.argument(2, "dim", 0)
    uneven = kind.channels % count or x.shape[1] % count
    if dim not in (1, 1 - x.ndim) or not kind.spatial or uneven:
        raise RefusedError(f"{kind.channels} channels of the twin do not fall into {count} chunks.")
    return [Kind(kind.form, kind.channels // count, kind.sides)] * len(call.out)


def _reshape(call: FunctionCall) -> list[Kind]:
    x, kind = call.known()[0]
    out = call.out
    if out.shape == x.shape:
        return [kind]
    if kind.spatial and tuple(out.shape) == (x.shape[0], x[0].numel()):
        return [_flattened(x, kind)]
    if kind.form == "flat" and (out.shape[0], *out.shape[2:]) == (x.shape[0], *kind.sides):
        return [Kind("maps", kind.channels, kind.sides)]
    one_place = kind.form in ("maps", "flat") and kind.sides == (1, 1)
    if one_place and out.shape[:2] == x.shape[:2]:  # axes of size 1 come or go
        return [Kind("flat", kind.channels)]
    raise RefusedError(f"'{call.name}' takes {_shape(x)} to {_shape(out)}, which mixes the axes.")


def _flattened(x: Tensor, kind: Kind) -> Kind:
    sides = (x.shape[-2], x.shape[-1])
    if kind.form == "maps":
        return Kind("flat", kind.channels, sides)
    return VECTOR if sides == (1, 1) else Kind("places", kind.channels, sides)


def _reduce(call: FunctionCall) -> list[Kind]:
    x, kind = call.known()[0]
    dim = call.argument(1, "dim", call.kwargs.get("axis"))
    dims = range(x.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    axes = {axis % x.ndim for axis in dims}
    kept = call.out.ndim == x.ndim
    if kind.spatial and axes == {2, 3}:
        small = Kind(kind.form, kind.channels, (1, 1))
        return [small if kept else _flattened(x[..., :1, :1], small)]
    if kind.spatial and axes == {1} and kept:
        return [Kind("image", 1, kind.sides)]
    if (kind.spatial and axes == {1, 2, 3}) or (not kind.spatial and axes == {1}):
        return [VECTOR]
    raise RefusedError(f"'{call.name}' over the axes {sorted(axes)} does not commute with turns.")


def _getitem(call: FunctionCall) -> list[Kind]:
    x, kind = call.known()[0]
    index = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    if index[:1] == (Ellipsis,):
        index = (slice(None),) * (x.ndim - len(index) + 1) + index[1:]
    whole = slice(None)
    if all(item is None or item == whole for item in index):
        return _reshape(call)
    if kind.spatial and len(index) == 4 and index[:2] == (whole, whole) and index[2] == index[3]:
        step = index[2]
        if isinstance(step, slice) and step.start in (None, 0) and step.stop is None:
            _window(call, x, kernel=1, stride=step.step or 1)
            return [_resized(call, kind)]
    raise RefusedError("Only x[..., ::s, ::s] can be sliced from maps.")


def _pad(call: FunctionCall) -> list[Kind]:
    x, kind = call.known()[0]
    pads = [*call.argument(1, "pad"), 0, 0, 0, 0, 0, 0]
    left, right, top, bottom, before, behind = pads[:6]
    if not kind.spatial or any(pads[6:]):
        raise RefusedError("Only rows, columns and channels of maps can be padded.")
    if not left == right == top == bottom:
        raise RefusedError(f"The padding {pads[:4]} is not the same on all sides.")
    if before or behind:
        if call.flow.scaled:
            raise RefusedError(
                "Channels are padded by numbers of the plain network; use "
                "nn.ConstantPad3d((0, 0, 0, 0, before, behind), 0.0), which is converted, or "
                "build the network with the twin's widths and channels='same'."
            )
        unit = call.flow.unit if kind.form == "maps" else 1
        if before % unit or behind % unit:
            raise RefusedError(f"Channels are padded by {before} and {behind}, not whole ones.")
        before, behind = before // unit, behind // unit
    sides = (x.shape[-2] + 2 * top, x.shape[-1] + 2 * top)
    return [Kind(kind.form, kind.channels + before + behind, sides)]


def _pool(call: FunctionCall) -> list[Kind]:
    x, kind = call.known()[0]
    at = 2 if call.name == "lp_pool2d" else 1
    size = _square(call, "kernel size", call.argument(at, "kernel_size"))
    stride = call.argument(at + 1, "stride") or size
    padding, dilation = 0, 1
    if call.name != "lp_pool2d":
        padding = _square(call, "padding", call.argument(3, "padding", 0))
    if call.name == "max_pool2d":
        dilation = _square(call, "dilation", call.argument(4, "dilation", 1))
    if not isinstance(call.out, Tensor):
        raise RefusedError("Indices of maxima do not commute with the group.")
    _window(call, x, size, _square(call, "stride", stride), padding, dilation)
    return [_resized(call, kind)]


def _adaptive(call: FunctionCall) -> list[Kind]:
    _, kind = call.known()[0]
    size = call.argument(1, "output_size")
    rows, columns = (size, size) if isinstance(size, int) else size
    if rows != columns:
        raise RefusedError(f"The output size {size} is not square.")
    if not isinstance(call.out, Tensor):
        raise RefusedError("Indices of maxima do not commute with the group.")
    # Its windows lie symmetrically whatever the sizes: floor(i n / m) and ceil((i + 1) n / m).
    return [_resized(call, kind)]


def _interpolate(call: FunctionCall) -> list[Kind]:
    x, kind = call.known()[0]
    scale, mode = call.argument(2, "scale_factor"), call.argument(3, "mode", "nearest")
    old, new = tuple(x.shape[-2:]), tuple(call.out.shape[-2:])
    whole = all(b % a == 0 for a, b in zip(old, new, strict=True))
    scales = [scale] * 2 if isinstance(scale, int | float) else scale or (new[0] / old[0],) * 2
    # Neighbours are chosen by rounding down, and a factor may not give the size it says.
    fits = all(a * s == b for a, b, s in zip(old, new, scales, strict=True))
    if scales[0] != scales[1] or not fits or (mode.startswith("nearest") and not whole):
        raise RefusedError(f"Resizing by '{mode}' from {_shape(x)} to {new} is not symmetric.")
    return [_resized(call, kind)]


def _window(
    call: FunctionCall, x: Tensor, kernel: int, stride: int, padding: int = 0, dilation: int = 1
) -> None:
    sides = (x.shape[-2], x.shape[-1])
    where = Window(call.path, call.name, sides, kernel, stride, padding, dilation)
    call.flow.notes.append(where)


def _resized(call: FunctionCall, kind: Kind) -> Kind:
    return Kind(kind.form, kind.channels, (call.out.shape[-2], call.out.shape[-1]))


def _square(call: FunctionCall, what: str, value: Any) -> int:
    values = [value] if isinstance(value, int) else list(value)
    if len(set(values)) != 1:
        raise RefusedError(f"The {what} {value} of '{call.name}' is not square.")
    return int(values[0])


def _shape(x: Tensor) -> str:
    return "x".join(map(str, x.shape)) if math.prod(x.shape) else str(tuple(x.shape))


_RULES: dict[str, Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _same),
    **dict.fromkeys(_BINARY, _combine),
    **dict.fromkeys(_RESHAPES, _reshape),
    **dict.fromkeys(_REDUCTIONS, _reduce),
    **dict.fromkeys(_POOLS, _pool),
    **dict.fromkeys(_ADAPTIVE, _adaptive),
    **dict.fromkeys(["cat", "concat", "concatenate"], _cat),
    "chunk": _chunk,
    "__getitem__": _getitem,
    "pad": _pad,
    "interpolate": _interpolate,
}
