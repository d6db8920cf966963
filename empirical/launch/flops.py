"""Floating-point operations of networks, counted once and kept in a table.

Run as a module (`python -m spadv.empirical.launch.flops`) to count the networks of all
artefacts anew, after a network or an artefact has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from ...store import write_atomically
from ..models import ModelSpec, build_spec

#: Images in a counted batch: batch normalisation and dropout need no more than shapes.
_BATCH = 2

TABLE = Path(__file__).with_name("flops.json")


@dataclass(frozen=True)
class Size:
    """How much work a network is.

    Attributes
    ----------
    forward : float
        Floating-point operations of a forward pass of one image; an addition and a
        multiplication are two.
    layers : int
        Layers, that is, roughly, kernels that a GPU starts one after the other.
    """

    forward: float
    layers: int


def size_of(spec: ModelSpec) -> Size:
    """Return how much work a network is, from the table or counted.

    Convolutions and matrix products are counted, by torch's FlopCounterMode on the meta
    device. A backward pass to the input costs as much as a forward pass, one to input and
    weights twice as much; the tests count these, too.

    Parameters
    ----------
    spec : ModelSpec
        The network; its normalisation does not matter.

    Examples
    --------
    >>> size_of(ModelSpec("resnet18", 10, 3, 32)).forward / 1e9
    1.11084544
    """
    return _size(_key(spec))


def count(spec: ModelSpec) -> Size:
    """Count a network's operations and layers; see :func:`size_of`."""
    model = build_spec(spec, device="meta").eval()
    shape = (_BATCH, spec.in_channels, spec.image_size, spec.image_size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.empty(shape, device="meta"))
    layers = sum(not list(module.children()) for module in model.modules())
    return Size(counter.get_total_flops() / _BATCH, layers)


@cache
def _size(key: str) -> Size:
    known = _table().get(key)
    return known or count(ModelSpec.from_json(json.loads(key)))


@cache
def _table() -> dict[str, Size]:
    rows = json.loads(TABLE.read_text(encoding="utf-8"))
    return {
        json.dumps(row["network"], sort_keys=True): Size(row["forward"], row["layers"])
        for row in rows
    }


def _key(spec: ModelSpec) -> str:
    plain = spec.to_json() | {"mean": None, "std": None}
    return json.dumps(plain, sort_keys=True)


def write_table(specs: Iterable[ModelSpec], path: Path = TABLE) -> int:
    """Count networks, write the table, and return its number of rows."""
    rows = {}
    for spec in specs:
        found = count(spec)
        row = {"network": json.loads(_key(spec)), "forward": found.forward, "layers": found.layers}
        rows[_key(spec)] = json.dumps(row)
    write_atomically(path, "[\n" + ",\n".join(rows[key] for key in sorted(rows)) + "\n]\n")
    return len(rows)


def _main() -> None:
    from ..experiments import EXPERIMENTS, SCALES, merge
    from .cost import spec_of

    specs = {}
    for experiment in EXPERIMENTS.values():
        for scale in SCALES:
            for job in merge(experiment.plan(scale, 1).jobs):
                spec = spec_of(job.config)
                specs[_key(spec)] = spec
    write_table(specs.values())


if __name__ == "__main__":
    _main()
