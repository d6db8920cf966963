"""Networks by name, plain or equivariant to quarter turns and mirrors.

`build(name, ...)` makes any of `names()`; the model takes pixels in [0, 1], normalises inside,
and carries the `ModelSpec` it was built from.
"""

from __future__ import annotations

from . import lenet, stdcnn  # noqa: F401  (importing them registers their networks)
from .classifier import Classifier, ModelSpec, Normalise, count_parameters
from .registry import build, build_spec, describe, names, register

__all__ = [
    "Classifier",
    "ModelSpec",
    "Normalise",
    "build",
    "build_spec",
    "count_parameters",
    "describe",
    "names",
    "register",
]
