"""Figures 1 to 5 and 7 to 16: which benches, which family, what the paper says."""

from __future__ import annotations

from dataclasses import replace

from .adversarial import adversarial
from .augmented import figure_of, variant_name
from .bench import Bench
from .benches import bench
from .levels import levels
from .measure import Measure
from .metrics import adversarial_metrics, spatial_metrics
from .plan import Known, Plan, artefact, join
from .protocols import PIXELS
from .sequence import hardened_after
from .strategies import TRADES
from .sweep import boundaries, sweep

Seeds = tuple[int, ...]

_TRADE_OFF = (
    "Training with larger random rotations or translations makes networks more invariant to "
    "them, and less robust to l-infinity attacks; this holds for StdCNNs and GCNNs alike."
)
_CONVERSE = (
    "Adversarial training with larger budgets makes networks more robust to l-infinity attacks, "
    "and less invariant to rotations and translations."
)
_NEARER = (
    "As training rotations grow to 180 degrees, the mean DeepFool distance to the decision "
    "boundary falls"
)


def _spatial(data: str, network: str, scale: str, seeds: Seeds, *, twin: bool = False) -> Bench:
    recipe = "spatial-grey" if data == "mnist" else "spatial"
    return bench(data, network, recipe, scale, seeds, twin=twin)


def _both(data: str, network: str, scale: str, seeds: Seeds) -> Plan:
    plain = _spatial(data, network, scale, seeds)
    return figure_of(plain, _spatial(data, network, scale, seeds, twin=True), scale)


def _called(made: Bench, label: str) -> Bench:
    return made.but(label=label)


@artefact("fig1", "CIFAR10, VGG16: random rotations and translations", "Figure 1", _TRADE_OFF)
def _fig1(scale: str, seeds: Seeds) -> Plan:
    plan = _both("cifar10", "vgg16", scale, seeds)
    kept = Measure("robustness", "unchanged", 2 / 255)
    names = {
        variant.level: variant.name for variant in plan.variants[: len(levels("Aug-R", scale))]
    }
    known = {180.0: "below 50%", 60.0: "above 10%"}
    where = "text on Figure 1(b)"
    return replace(
        plan,
        known=tuple(
            Known(names[turn], kept, text, where) for turn, text in known.items() if turn in names
        ),
    )


@artefact("fig2a-d", "MNIST, LeNet: Adv-PGD", "Figure 2(a-d)", _CONVERSE, part_of="fig2")
def _fig2_mnist(scale: str, seeds: Seeds) -> Plan:
    made = bench("mnist", "madry_lenet", "madry-grey", scale, seeds)
    return adversarial(_called(made, "MNIST LeNet"), scale)


@artefact(
    "fig2e-h", "CIFAR10, ResNet: Adv-PGD", "Figure 2(e-h)", _CONVERSE, part_of="fig2", first="e"
)
def _fig2_cifar10(scale: str, seeds: Seeds) -> Plan:
    return adversarial(_madry_resnet(scale, seeds), scale)


def _madry_resnet(scale: str, seeds: Seeds) -> Bench:
    made = bench("cifar10", "madry_resnet", "madry", scale, seeds)
    return _called(made, "CIFAR10 ResNet")


@artefact(
    "fig2i-l",
    "CIFAR100, WideResNet-34: Adv-PGD",
    "Figure 2(i-l)",
    _CONVERSE,
    part_of="fig2",
    first="i",
)
def _fig2_cifar100(scale: str, seeds: Seeds) -> Plan:
    made = bench("cifar100", "wrn34_10", "wide", scale, seeds)
    return adversarial(_called(made, "CIFAR100 WRN-34"), scale)


@artefact("fig2", "Adv-PGD on MNIST, CIFAR10 and CIFAR100", "Figure 2", _CONVERSE)
def _fig2(scale: str, seeds: Seeds) -> Plan:
    return join(
        {
            "MNIST": _fig2_mnist(scale, seeds),
            "CIFAR10": _fig2_cifar10(scale, seeds),
            "CIFAR100": _fig2_cifar100(scale, seeds),
        }
    )


@artefact("fig3", "CIFAR10, VGG16: Adv-PGD", "Figure 3", _CONVERSE)
def _fig3(scale: str, seeds: Seeds) -> Plan:
    return adversarial(bench("cifar10", "vgg16", "cusp", scale, seeds), scale)


@artefact("fig4", "CIFAR10, WideResNet-34: Adv-TRADES", "Figure 4", _CONVERSE)
def _fig4(scale: str, seeds: Seeds) -> Plan:
    made = bench("cifar10", "wrn34_10", "wide", scale, seeds)
    # The step and the weight of the paper; the steps are those of the scale.
    trades = {"name": "trades", "step_size": TRADES.step_size, "beta": TRADES.beta}
    return adversarial(made.but(attack=trades, label="WRN-34"), scale)


def _distances(data: str, network: str, scale: str, seeds: Seeds, *, accuracy: bool) -> Plan:
    name = _DATA[data]
    parts = {}
    for twin in (False, True):
        made = _spatial(data, network, scale, seeds, twin=twin)
        made = _called(made, f"{name} {made.label}")
        plan = sweep(made, scale, budget=_BUDGETS[data], accuracy=accuracy)
        if data == "mnist" and accuracy and not twin:
            plan = replace(plan, known=_numbers_of_figure_16(made))
        parts[made.label] = plan
    return join(parts)


def _numbers_of_figure_16(made: Bench) -> tuple[Known, ...]:
    attacked, distance = Measure("robustness", "accuracy", 0.3), Measure("distance")
    first, last = (variant_name(made, "Aug-R", turn) for turn in (0.0, 180.0))
    where = "text on Figure 16(a-b)"
    scaled = f"{where}; here counted after normalisation, in 1/0.3081 of a pixel's range"
    return (
        Known(first, attacked, "around 65%", where),
        Known(last, attacked, "20%", where),
        Known(first, distance, "about 5", where),
        Known(last, distance, "below 4.0", where),
        Known(first, distance, "about 5", scaled, factor=1 / PIXELS["mnist"]),
        Known(last, distance, "below 4.0", scaled, factor=1 / PIXELS["mnist"]),
    )


_DATA = {"mnist": "MNIST", "cifar10": "CIFAR10", "cifar100": "CIFAR100"}
_BUDGETS = {"mnist": 0.3, "cifar10": 8 / 255, "cifar100": 2 / 255}
_SWEEPS = (("mnist", "stdcnn"), ("cifar10", "vgg16"), ("cifar100", "resnet18"))


@artefact("fig5a-b", "MNIST: distance", "Figure 5(a-b)", _NEARER + ".", part_of="fig5")
def _fig5_mnist(scale: str, seeds: Seeds) -> Plan:
    return _distances("mnist", "stdcnn", scale, seeds, accuracy=False)


@artefact("fig5c-d", "CIFAR10: distance", "Figure 5(c-d)", _NEARER + ".", part_of="fig5", first="c")
def _fig5_cifar10(scale: str, seeds: Seeds) -> Plan:
    return _distances("cifar10", "vgg16", scale, seeds, accuracy=False)


@artefact("fig5", "Distance to the boundary against training rotation", "Figure 5", _NEARER + ".")
def _fig5(scale: str, seeds: Seeds) -> Plan:
    return join(
        {
            _DATA[data]: _distances(data, network, scale, seeds, accuracy=False)
            for data, network in _SWEEPS[:2]
        }
    )


@artefact(
    "fig7",
    "CIFAR10: accuracy beside 1 - fooling rate and rate of invariance",
    "Figure 7",
    "Accuracy and 1 - fooling rate (or rate of invariance) tell the same story of the trade-off.",
)
def _fig7(scale: str, seeds: Seeds) -> Plan:
    return join(
        {
            "VGG16": spatial_metrics(_spatial("cifar10", "vgg16", scale, seeds), scale),
            "ResNet": adversarial_metrics(_madry_resnet(scale, seeds), scale),
        }
    )


@artefact("fig8", "MNIST, StdCNN: random rotations and translations", "Figure 8", _TRADE_OFF)
def _fig8(scale: str, seeds: Seeds) -> Plan:
    return _both("mnist", "stdcnn", scale, seeds)


@artefact("fig9", "CIFAR10, ResNet18: random rotations and translations", "Figure 9", _TRADE_OFF)
def _fig9(scale: str, seeds: Seeds) -> Plan:
    return _both("cifar10", "resnet18", scale, seeds)


@artefact("fig10", "CIFAR100, VGG16: random rotations and translations", "Figure 10", _TRADE_OFF)
def _fig10(scale: str, seeds: Seeds) -> Plan:
    return _both("cifar100", "vgg16", scale, seeds)


@artefact("fig11", "CIFAR100, ResNet18: random rotations and translations", "Figure 11", _TRADE_OFF)
def _fig11(scale: str, seeds: Seeds) -> Plan:
    return _both("cifar100", "resnet18", scale, seeds)


@artefact(
    "fig12",
    "Tiny-ImageNet, ResNet18: rotations and translations, Adv-PGD",
    "Figure 12",
    f"{_TRADE_OFF} {_CONVERSE}",
)
def _fig12(scale: str, seeds: Seeds) -> Plan:
    plain = _spatial("tiny-imagenet", "resnet18", scale, seeds)
    twin = _spatial("tiny-imagenet", "resnet18", scale, seeds, twin=True)
    hardened = bench("tiny-imagenet", "resnet18", "cusp", scale, seeds)
    return join(
        {
            "natural": figure_of(plain, twin, scale, twin_schemes=("Aug-R",)),
            "Adv-PGD": adversarial(
                hardened, scale, kinds=("rotation", "translation", "both", "robustness")
            ),
        }
    )


@artefact(
    "fig13",
    "Tiny-ImageNet, DenseNet121: rotations and translations, Adv-PGD",
    "Figure 13",
    f"{_TRADE_OFF} {_CONVERSE}",
)
def _fig13(scale: str, seeds: Seeds) -> Plan:
    plain = _spatial("tiny-imagenet", "densenet121", scale, seeds)
    hardened = bench("tiny-imagenet", "densenet121", "cusp", scale, seeds)
    three = "Adv-PGD: rotation, translation, robustness; the caption has three panels"
    hardened = hardened.but(chosen=(*hardened.chosen, three))
    return join(
        {
            "natural": figure_of(plain, None, scale),
            "Adv-PGD": adversarial(
                hardened, scale, kinds=("rotation", "translation", "robustness")
            ),
        }
    )


@artefact(
    "fig14",
    "CIFAR10, VGG16: translations first, then Adv-PGD",
    "Figure 14",
    "What random translations in training gain is lost again when the network is then trained "
    "against attacks; among the networks so trained the trade-off remains.",
)
def _fig14(scale: str, seeds: Seeds) -> Plan:
    return hardened_after(_spatial("cifar10", "vgg16", scale, seeds), scale)


@artefact(
    "fig15",
    "MNIST: the decision boundaries of two networks around one image",
    "Figure 15 (an illustration in the paper, measured here)",
    "The boundary of a network trained on rotations up to 180 degrees lies elsewhere than that "
    "of a network trained on none, and nearer.",
)
def _fig15(scale: str, seeds: Seeds) -> Plan:
    return boundaries(_spatial("mnist", "stdcnn", scale, seeds), scale)


_FIG16 = f"{_NEARER}, and so does the accuracy under PGD"


@artefact(
    "fig16a-d",
    "MNIST: accuracy and distance to the boundary against training rotation",
    "Figure 16(a-d)",
    f"{_FIG16} (StdCNN: from about 65% to about 20%, and from about 5 to below 4).",
    part_of="fig16",
)
def _fig16_mnist(scale: str, seeds: Seeds) -> Plan:
    return _distances("mnist", "stdcnn", scale, seeds, accuracy=True)


@artefact(
    "fig16e-h",
    "CIFAR10: accuracy and distance to the boundary against training rotation",
    "Figure 16(e-h)",
    f"{_FIG16}.",
    part_of="fig16",
    first="e",
)
def _fig16_cifar10(scale: str, seeds: Seeds) -> Plan:
    return _distances("cifar10", "vgg16", scale, seeds, accuracy=True)


@artefact(
    "fig16i-l",
    "CIFAR100: accuracy and distance to the boundary against training rotation",
    "Figure 16(i-l)",
    f"{_FIG16}.",
    part_of="fig16",
    first="i",
)
def _fig16_cifar100(scale: str, seeds: Seeds) -> Plan:
    return _distances("cifar100", "resnet18", scale, seeds, accuracy=True)


@artefact(
    "fig16",
    "Accuracy and distance to the boundary against training rotation",
    "Figure 16",
    f"{_FIG16}.",
)
def _fig16(scale: str, seeds: Seeds) -> Plan:
    return join(
        {
            "MNIST": _fig16_mnist(scale, seeds),
            "CIFAR10": _fig16_cifar10(scale, seeds),
            "CIFAR100": _fig16_cifar100(scale, seeds),
        }
    )
