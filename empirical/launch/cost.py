"""What jobs cost: operations, and hours on several machines.

The model is a roofline of two numbers a machine: a pass of a batch through a network takes
max(operations / rate, layers * latency); the steps of an attack are recorded and replayed on GPUs,
with a smaller latency. Where jobs have been done on such a machine, their
recorded times correct the estimate, network by network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.nn import functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count, mm_flop

from ...errors import StoreError
from ...store import RunFolder, Store, read_json
from ..data import describe, load
from ..data import names as data_names
from ..evaluation import EvaluationSettings
from ..experiments.job import Job
from ..models import ModelSpec, build_spec
from ..settings import DataConfig, TrainConfig

#: Steps of DeepFool that an image takes on average, assumed; each needs one forward pass and
#: a backward pass to the input for each of 10 classes.
_DEEPFOOL_STEPS, _DEEPFOOL_CLASSES = 5, 10

_PREDICT_BATCH = 1000


class Machine(NamedTuple):
    """What a machine sustains, and where the numbers come from."""

    name: str
    title: str
    rate: float  # operations a second in float32 training
    latency: float  # seconds that a layer takes at least, each pass
    replayed: float  # the same in the steps of an attack
    half: float  # factor on the rate under bfloat16
    source: str


_CPU = Machine(
    "cpu",
    "1 CPU core",
    30e9,
    20e-6,
    20e-6,
    1.0,
    "measured: training VGG16, ResNet18, DenseNet121 and Madry's LeNet on one core of a "
    "shared AMD EPYC sustains 20 to 46 GFLOP/s; the smallest networks reach 8 to 20",
)
_A100 = Machine(
    "a100",
    "1 A100",
    23e12,
    80e-6,
    20e-6,
    1.6,
    "assumed: 15% of the 156 TFLOP/s that its tensor cores reach in TF32, torch's "
    "default for convolutions; small networks as on an H100",
)
_H100 = Machine(
    "h100",
    "1 H100",
    50e12,
    80e-6,
    20e-6,
    1.6,
    "assumed: 10% of 495 TFLOP/s in TF32; measured: a layer of StdCNN takes 80 "
    "microseconds a pass in training and 13 in a replayed attack, LeNet's 31",
)
#: Machines whose cost can be told, by name.
MACHINES = {machine.name: machine for machine in (_CPU, _A100, _H100)}


class Size(NamedTuple):
    """How much work a network is.

    `forward` are the floating-point operations of a forward pass of one image, an addition and a
    multiplication being two; `layers` are, roughly, kernels that a GPU starts one after the other.
    """

    forward: float
    layers: int


def size_of(spec: ModelSpec) -> Size:
    """Return how much work a network is; its normalisation does not matter.

    Convolutions and matrix products are counted, by torch's formulas. A backward pass to the
    input costs as much as a forward pass, one to input and weights twice as much.

    Examples
    --------
    >>> size_of(ModelSpec("resnet18", 10, 3, 32)).forward / 1e9
    1.11084544
    """
    return _size(json.dumps(spec.to_json() | {"mean": None, "std": None}, sort_keys=True))


@cache
def _size(text: str) -> Size:
    spec = ModelSpec.from_json(json.loads(text))
    if ":" in spec.name:  # what somebody's own code does is not known from shapes alone
        model = build_spec(spec).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(torch.zeros(1, spec.in_channels, spec.image_size, spec.image_size))
        layers = sum(not list(module.children()) for module in model.modules())
        return Size(float(counter.get_total_flops()), layers)
    with _Counting() as counting, torch.no_grad():
        model = build_spec(spec, device="meta").eval()
        counting.total = 0  # building looks at shapes, too
        model(torch.empty(1, spec.in_channels, spec.image_size, spec.image_size, device="meta"))
    return Size(counting.total, sum(not list(module.children()) for module in model.modules()))


_SAME_SHAPE = {F.batch_norm, F.relu, torch.relu, torch.Tensor.uniform_, torch.Tensor.normal_}


class _Counting(TorchFunctionMode):
    """Adds up the operations of convolutions and matrix products on the meta device.

    It stands for torch's FlopCounterMode, by whose formulas it counts, because that takes ten
    times as long for the networks of all experiments: here the shape alone is followed, values
    are never drawn, and what keeps the shape is left out.
    """

    total = 0

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if function in _SAME_SHAPE:
            return args[0]
        if function is F.adaptive_avg_pool2d and args[1] in (1, (1, 1)):
            return args[0][..., :1, :1]
        if function is F.linear:
            x, weight = args[:2]
            out = x.new_empty(*x.shape[:-1], weight.shape[0])
            rows = x.shape[:-1].numel()
            self.total += mm_flop((rows, x.shape[-1]), (weight.shape[1], weight.shape[0]))
            return out
        out = function(*args, **(kwargs or {}))
        if function is F.conv2d:
            self.total += conv_flop_count(list(args[0].shape), list(args[1].shape), list(out.shape))
        return out


class Passes(NamedTuple):
    """Batches that go through a network, counted in forward passes.

    A backward pass to the input counts one, one to input and weights counts two. Those of
    an attack that is replayed are marked.
    """

    number: float
    batch: int
    replayed: bool = False


@dataclass
class Cost:
    """What one job costs: all batches of its training, and of its evaluations."""

    size: Size
    half: bool = False  # whether the training computes in bfloat16
    training: list[Passes] = field(default_factory=list)
    evaluation: list[Passes] = field(default_factory=list)

    @property
    def flops(self) -> float:
        """Operations in all."""
        parts = self.training + self.evaluation
        return sum(part.number * part.batch for part in parts) * self.size.forward

    def seconds(self, machine: Machine, what: str = "all") -> float:
        """Return uncorrected seconds on a machine of "training", "evaluation" or "all"."""
        if what == "all":
            return self.seconds(machine, "training") + self.seconds(machine, "evaluation")
        half = self.half and what == "training"
        each = self.size.forward / (machine.rate * (machine.half if half else 1.0))
        total = 0.0
        for part in getattr(self, what):
            latency = machine.replayed if part.replayed else machine.latency
            total += part.number * max(part.batch * each, self.size.layers * latency)
        return total


def cost_of(job: Job, data_root: Path | None = None) -> Cost:
    """Return what a job costs from the beginning.

    Attacks are counted as if no image left them early: evaluations by the strong attacks cost
    less, on networks that fall.
    """
    config = job.config
    sizes = _sizes(config.data, data_root)
    cost = Cost(size_of(spec_of(config, data_root)), config.precision == "bfloat16")
    images = sizes["train"]
    if config.data.train_on == "train+validation":
        images += sizes["validation"]
    images = min(images, config.data.limit or images)
    batch = min(config.optimiser.batch_size, images)
    for stage in config.stages:
        attack = stage.objective
        updates = stage.epochs * images / batch
        passes = {"natural": 3.0, "pgd": 3.0, "trades": 7.0}[attack.name]
        cost.training.append(Passes(updates * passes, batch))
        if attack.name != "natural":
            cost.training.append(Passes(updates * 2.0 * attack.steps, batch, replayed=True))
    predicted = config.epochs * sizes["validation"] + sizes["test"]
    cost.training.append(Passes(predicted / _PREDICT_BATCH, _PREDICT_BATCH))
    for settings in job.evaluations:
        cost.evaluation += _evaluation(settings, sizes["test"])
    return cost


def _evaluation(settings: EvaluationSettings, images: int) -> list[Passes]:
    s = settings
    images = min(images, s.images or images)
    moves = (len(s.rotations) + len(s.translations) + len(s.both)) * s.repeats
    if s.worst_rotation or s.worst_translation:
        moves += (31 if s.worst_rotation else 1) * (25 if s.worst_translation else 1)
    parts = [Passes((1 + moves) * images / _PREDICT_BATCH, _PREDICT_BATCH)]
    runs = {"pgd": 1, "apgd": 1, "autoattack": 10}[s.attack] * s.restarts
    budgets = sum(budget > 0 for budget in s.budgets)
    attacked = budgets * runs * (2.0 * s.steps + 1.0) * images
    steady = s.attack == "pgd" and s.iterate == "last"
    parts.append(Passes(attacked / s.batch_size, s.batch_size, replayed=steady))
    fooled = min(images, s.distance_images) * _DEEPFOOL_STEPS * (1.0 + _DEEPFOOL_CLASSES)
    parts.append(Passes(fooled / s.batch_size, s.batch_size))
    return [part for part in parts if part.number]


def spec_of(config: TrainConfig, data_root: Path | None = None) -> ModelSpec:
    """Return the network of a configuration; its normalisation is left out."""
    sizes = _sizes(config.data, data_root)
    return ModelSpec(
        name=config.model.name,
        num_classes=sizes["classes"],
        in_channels=sizes["channels"],
        image_size=sizes["side"],
        group=config.model.group,
        head=config.model.head or "paper",
        options=dict(config.model.options),
    )


@cache
def _sizes(told: DataConfig, data_root: Path | None) -> dict[str, int]:
    if told.name in data_names():
        info = describe(told.name)
        parts = (info.train, info.validation, info.tests)
        shape = (info.num_classes, info.channels, info.image_size)
    else:
        data = load(told.name, root=data_root, split_seed=told.split_seed, size=told.size)
        parts = (len(data.train), len(data.validation), len(data.test))
        shape = (data.num_classes, data.channels, data.image_size)
    names = ("train", "validation", "test", "classes", "channels", "side")
    return dict(zip(names, (*parts, *shape), strict=True))


def machine_of(device: str) -> tuple[Machine, float] | None:
    """Return the machine that a provenance's device means, and how many cores of it.

    Examples
    --------
    >>> found = machine_of("cpu (x86_64, 8 logical cores, 4 threads)")
    >>> found[0].name, found[1]
    ('cpu', 4.0)
    """
    if device.startswith("cpu"):
        threads = re.search(r"(\d+) threads", device)
        return _CPU, float(threads[1]) if threads else 1.0
    for machine, marks in ((_A100, ("A100",)), (_H100, ("H100", "H200"))):
        if any(mark in device for mark in marks):
            return machine, 1.0
    return None


class CostEstimate:
    """What jobs cost, corrected by the recorded times of those that are `finished` in a store.

    The `costs` are by digest. Data sets of one's own are counted in `data_root`.
    """

    def __init__(self, jobs: Sequence[Job], store: Store, data_root: Path | None = None) -> None:
        self.costs = {job.digest: cost_of(job, data_root) for job in jobs}
        self.finished = 0
        #: Recorded and estimated seconds, by machine and network ("" for all together).
        self._spent: dict[tuple[str, str], tuple[float, float]] = {}
        for job in jobs:
            if job.folder(store).is_complete:
                with suppress(StoreError, KeyError, TypeError, ValueError):
                    self._learn(job, job.folder(store))

    @property
    def flops(self) -> dict[str, float]:
        """Operations by digest."""
        return {digest: cost.flops for digest, cost in self.costs.items()}

    def hours(self, job: Job, machine: Machine) -> float:
        """Return the corrected hours of a job on a machine."""
        return self.costs[job.digest].seconds(machine) * self.factor(job, machine) / 3600

    def factor(self, job: Job, machine: Machine) -> float:
        """Return recorded over estimated time: of this network, of all, or 1."""
        for network in (_network(job), ""):
            spent, expected = self._spent.get((machine.name, network), (0.0, 0.0))
            if expected > 0:
                return spent / expected
        return 1.0

    def knows(self, machine: Machine) -> bool:
        """Return whether any finished job ran on such a machine."""
        return (machine.name, "") in self._spent

    def _learn(self, job: Job, run: RunFolder) -> None:
        trained = read_json(run.provenance_path)
        self.finished += self._add(job, trained, "training", trained.get("processes", 1))
        found = [read_json(path) for path in run.evaluations.glob("*-????????????.json")]
        whole = [document["provenance"] for document in found if document["complete"]]
        if whole and len(whole) == len(job.evaluations):
            seconds = sum(provenance["seconds"] for provenance in whole)
            self._add(job, {"device": whole[0]["device"], "seconds": seconds}, "evaluation")

    def _add(self, job: Job, provenance: dict[str, Any], what: str, processes: int = 1) -> bool:
        found = machine_of(str(provenance["device"]))
        if found is None:
            return False
        machine, cores = found
        spent = float(provenance["seconds"]) * cores * processes
        expected = self.costs[job.digest].seconds(machine, what)
        for network in (_network(job), ""):
            before = self._spent.get((machine.name, network), (0.0, 0.0))
            self._spent[machine.name, network] = (before[0] + spent, before[1] + expected)
        return True


def _network(job: Job) -> str:
    model = job.config.model
    return " ".join([model.name, model.group or "", job.config.precision])
