"""Networks by name, plain or equivariant to quarter turns and mirrors.

`build(name, ...)` makes any of `names()`; the model takes pixels in [0, 1], normalises inside,
and carries the `ModelSpec` it was built from.
"""

from ..settings import ModelSpec

# Importing these registers their networks.
from . import madry_resnet, plain  # noqa: F401
from .classifier import Classifier, Normalise, count_parameters, parameter_groups
from .exporting import export, load_exported
from .registry import Blueprint, build, build_spec, names, register
from .wide_resnet import from_trades

__all__ = [
    "Blueprint",
    "Classifier",
    "ModelSpec",
    "Normalise",
    "build",
    "build_spec",
    "count_parameters",
    "export",
    "from_trades",
    "load_exported",
    "names",
    "parameter_groups",
    "register",
]
