"""The figures and tables of the paper, and the questions beyond it, as one table.

A row has an identifier, what it shows, where the paper has it, what it says there, and what
makes its plan: a generator with presets (networks on data) and options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...checks import choose
from ..settings import ModelSpec
from .beyond import (
    PIXELS,
    ablation,
    equal_epochs,
    exact_networks,
    invariance_and_accuracy,
    product_front,
    protocols,
    stronger_attacks,
)
from .measure import METRICS, Measure
from .plan import Experiment, Make, Plan, PublishedNumber, join
from .presets import Preset, demo_setup
from .setup import TRADES, Seeds
from .strategies import ADVERSARIAL, SPATIAL, attack_settings, schedules, strategies, trade_offs
from .sweep import DISTANCE, augmented, boundaries, demo, distances, hardened_after, profiles


def _of(generator: Callable[..., Plan], *presets: Preset, **options: Any) -> Make:
    """Return what makes a generator's plan on some presets."""

    def make(scale: str, seeds: Seeds) -> Plan:
        return generator(*(preset.at(scale, seeds) for preset in presets), **options)

    return make


def _all(parts: Mapping[str, Make]) -> Make:
    """Return what makes several plans, by name, as one."""

    def make(scale: str, seeds: Seeds) -> Plan:
        return join({name: part(scale, seeds) for name, part in parts.items()})

    return make


# Networks trained with random rotations and translations.
_MNIST = Preset("mnist", "stdcnn", "spatial-grey")
_VGG16 = Preset("cifar10", "vgg16", "spatial")
_RESNET18 = Preset("cifar10", "resnet18", "spatial")
_VGG16_CIFAR100 = Preset("cifar100", "vgg16", "spatial")
_RESNET18_CIFAR100 = Preset("cifar100", "resnet18", "spatial")
_RESNET18_TINY = Preset("tiny-imagenet", "resnet18", "spatial")
_DENSENET_TINY = Preset("tiny-imagenet", "densenet121", "spatial")
# Networks trained against attacks.
_LENET_MADRY = Preset("mnist", "madry_lenet", "madry-grey", "MNIST LeNet")
_RESNET_MADRY = Preset("cifar10", "madry_resnet", "madry", "CIFAR10 ResNet")
_WRN34 = Preset("cifar10", "wrn34_10", "wide", "WRN-34", attack=TRADES)
_WRN34_CIFAR100 = Preset("cifar100", "wrn34_10", "wide", "CIFAR100 WRN-34")
_CUSP_VGG16 = Preset("cifar10", "vgg16", "cusp")
_CUSP_RESNET18 = Preset("cifar10", "resnet18", "cusp")
_CUSP_CIFAR100 = Preset("cifar100", "resnet18", "cusp")
_CUSP_TINY = Preset("tiny-imagenet", "resnet18", "cusp")
_CUSP_DENSENET = replace(
    _DENSENET_TINY,
    training="cusp",
    assumption="Adv-PGD: rotation, translation, robustness; the caption has three panels",
)

_COST = (
    "Training with larger random rotations or translations makes networks more invariant to "
    "them, and less robust to l-infinity attacks"
)
_TRADE_OFF = f"{_COST}; this holds for StdCNNs and GCNNs alike."
_CONVERSE = (
    "Adversarial training with larger budgets makes networks more robust to l-infinity attacks, "
    "and less invariant to rotations and translations."
)
_NEARER = (
    "As training rotations grow to 180 degrees, the mean DeepFool distance to the decision "
    "boundary falls"
)
_WEAKER = f"{_NEARER}, and so does the accuracy under PGD"
_SWEEP = "accuracy and distance to the boundary against training rotation"

_adversarial = partial(_of, profiles, scheme="Adv-PGD")
_beyond = partial(Experiment, beyond=True)
_FIG2 = {
    "MNIST": _adversarial(_LENET_MADRY),
    "CIFAR10": _adversarial(_RESNET_MADRY),
    "CIFAR100": _adversarial(_WRN34_CIFAR100),
}


def _distances(name: str, preset: Preset, budget: float, **options: Any) -> Make:
    pair = replace(preset, label=f"{name} StdCNN"), replace(preset.gcnn, label=f"{name} GCNN")
    return _of(distances, *pair, budget=budget, **options)


_FIG5 = {
    "MNIST": _distances("MNIST", _MNIST, 0.3, accuracy=False),
    "CIFAR10": _distances("CIFAR10", _VGG16, 8 / 255, accuracy=False),
}
_PLAIN_MNIST = partial(_of, distances, replace(_MNIST, label="MNIST StdCNN"), budget=0.3)
_PLAIN_CIFAR10 = partial(_of, distances, replace(_VGG16, label="CIFAR10 StdCNN"), budget=8 / 255)

# Numbers of the paper by level of training, or by row of Table 1.
_ROBUST = Measure("robustness", "unchanged", 2 / 255)
_IN_FIG1 = (
    (180.0, PublishedNumber(_ROBUST, "below 50%", "text on Figure 1(b)")),
    (60.0, PublishedNumber(_ROBUST, "above 10%", "text on Figure 1(b)")),
)
_ATTACKED, _TEXT = Measure("robustness", "accuracy", 0.3), "text on Figure 16(a-b)"
_SCALED = f"{_TEXT}; here counted after normalisation, in 1/0.3081 of a pixel's range"
_FACTOR = 1 / PIXELS["mnist"]
_IN_FIG16 = (
    (0.0, PublishedNumber(_ATTACKED, "around 65%", _TEXT)),
    (180.0, PublishedNumber(_ATTACKED, "20%", _TEXT)),
    (0.0, PublishedNumber(DISTANCE, "about 5", _TEXT)),
    (180.0, PublishedNumber(DISTANCE, "below 4.0", _TEXT)),
    (0.0, PublishedNumber(DISTANCE, "about 5", _SCALED, _FACTOR)),
    (180.0, PublishedNumber(DISTANCE, "below 4.0", _SCALED, _FACTOR)),
)
_SECOND_HAND = "second-hand, rounded, not checked: Table 1"
_IN_TABLE1 = (
    ("pgd", PublishedNumber(SPATIAL, "about 33%", _SECOND_HAND)),
    ("pgd", PublishedNumber(ADVERSARIAL, "about 45%", _SECOND_HAND)),
    ("cusp", PublishedNumber(SPATIAL, "53% to 62% (all forms)", _SECOND_HAND)),
    ("cusp", PublishedNumber(ADVERSARIAL, "36% to 38% (all forms)", _SECOND_HAND)),
)

_SCHEMES = {"Aug-R": "random rotations", "Aug-T": "random translations", "Aug-RT": "both at once"}
_FIG16 = {
    "MNIST": _distances("MNIST", _MNIST, 0.3, published=_IN_FIG16),
    "CIFAR10": _distances("CIFAR10", _VGG16, 8 / 255),
    "CIFAR100": _distances("CIFAR100", _RESNET18_CIFAR100, 2 / 255),
}

_ALIKE = (
    "Accuracy and 1 - fooling rate (or rate of invariance) tell the same story of the trade-off."
)
_FIG7 = {
    "VGG16": _of(profiles, _VGG16, scheme="Aug-R", kinds=("robustness",), metrics=METRICS[::-1]),
    "ResNet": _adversarial(_RESNET_MADRY, kinds=("rotation",), metrics=METRICS[::-1]),
}


def _row(identifier: str, title: str, statement: str, make: Make) -> Experiment:
    """Return a row for a whole figure or table of the paper: "fig8" is Figure 8."""
    locator = identifier.replace("fig", "Figure ").replace("table", "Table ")
    return Experiment(identifier, title, locator, statement, make)


def _part(whole: str, letters: str, title: str, statement: str, make: Make) -> Experiment:
    """Return a row for some panels of a figure: "fig2" and "e-h" are Figure 2(e-h)."""
    row = _row(f"{whole}{letters}", title, statement, make)
    locator = f"{whole.replace('fig', 'Figure ')}({letters})"
    return replace(row, locator=locator, part_of=whole, first=letters[0])


def _augmented(identifier: str, name: str, preset: Preset, **options: Any) -> Experiment:
    """Return a row for a figure like Figure 1."""
    make = _of(augmented, preset, preset.gcnn, **options)
    return _row(identifier, f"{name}: random rotations and translations", _TRADE_OFF, make)


def _panels(identifier: str, name: str, preset: Preset, **options: Any) -> tuple[Experiment, ...]:
    """Return rows for the panels of a figure like Figure 1, a network's and its twin's apart.

    The options are of the plain network under Aug-R.
    """
    rows = []
    letters = (("a-b", "c-d"), ("e-f", "g-h"), ("i-l", "m-p"))
    for (plain, twin), (scheme, shown) in zip(letters, _SCHEMES.items(), strict=True):
        own = _of(profiles, preset, scheme=scheme, **(options if scheme == "Aug-R" else {}))
        rows.append(_part(identifier, plain, f"{name}: {shown}", f"{_COST}.", own))
        make = _of(profiles, preset.gcnn, scheme=scheme)
        rows.append(_part(identifier, twin, f"{name}, P4 twin: {shown}", f"{_COST}.", make))
    return tuple(rows)


def _strategies(identifier: str, preset: Preset, *forms: str) -> Experiment:
    """Return a row of the strategies: a table, or the Pareto plots of the same networks."""
    network = {"vgg16": "VGG16", "resnet18": "ResNet18"}[preset.network]
    published = _IN_TABLE1 if network == "VGG16" and "CuSP-PGD" in forms else ()
    return _row(
        identifier,
        f"{preset.data.upper()}, {network}: {' and '.join(forms)} and the baselines",
        "Training on rotations after attacks forgets the attacks, and the other way round; PGD "
        "with rotations is less robust to attacks. CuSP has both kinds of accuracy and lies near "
        "the Pareto front.",
        _of(strategies, preset, forms=forms, published=published),
    )


def _table2(scale: str, seeds: Seeds) -> Plan:
    plain = ModelSpec("stdcnn", 10, 1, 28)
    twin = replace(plain, group="p4", head="paper", options={"channels": "same"})
    assumption = (
        "channel counts: those of an earlier text, which fit the description; the table itself "
        "is not known to us"
    )
    return Plan((), architectures=(plain, twin), assumptions=(assumption,))


def _demo(scale: str, seeds: Seeds) -> Plan:
    return demo(demo_setup(scale, seeds), demo_setup(scale, seeds, group="p4"))


_ROWS = (
    _augmented("fig1", "CIFAR10, VGG16", _VGG16, published=_IN_FIG1),
    *_panels("fig1", "CIFAR10, VGG16", _VGG16, published=_IN_FIG1),
    _row("fig2", "Adv-PGD on MNIST, CIFAR10 and CIFAR100", _CONVERSE, _all(_FIG2)),
    _part("fig2", "a-d", "MNIST, LeNet: Adv-PGD", _CONVERSE, _FIG2["MNIST"]),
    _part("fig2", "e-h", "CIFAR10, ResNet: Adv-PGD", _CONVERSE, _FIG2["CIFAR10"]),
    _part("fig2", "i-l", "CIFAR100, WideResNet-34: Adv-PGD", _CONVERSE, _FIG2["CIFAR100"]),
    _row("fig3", "CIFAR10, VGG16: Adv-PGD", _CONVERSE, _adversarial(_CUSP_VGG16)),
    _row(
        "fig4",
        "CIFAR10, WideResNet-34: Adv-TRADES",
        _CONVERSE,
        _of(profiles, _WRN34, scheme="Adv-TRADES"),
    ),
    _row("fig5", "Distance to the boundary against training rotation", f"{_NEARER}.", _all(_FIG5)),
    _part("fig5", "a-b", "MNIST: distance", f"{_NEARER}.", _FIG5["MNIST"]),
    _part("fig5", "a", "MNIST, StdCNN: distance", f"{_NEARER}.", _PLAIN_MNIST(accuracy=False)),
    _part("fig5", "c-d", "CIFAR10: distance", f"{_NEARER}.", _FIG5["CIFAR10"]),
    _part("fig5", "c", "CIFAR10, VGG16: distance", f"{_NEARER}.", _PLAIN_CIFAR10(accuracy=False)),
    _strategies("fig6", _CUSP_VGG16, "CuSP-PGD"),
    _row(
        "fig7",
        "CIFAR10: accuracy beside 1 - fooling rate and rate of invariance",
        _ALIKE,
        _all(_FIG7),
    ),
    _part(
        "fig7", "a-b", "CIFAR10, VGG16: accuracy beside 1 - fooling rate", _ALIKE, _FIG7["VGG16"]
    ),
    _augmented("fig8", "MNIST, StdCNN", _MNIST),
    *_panels("fig8", "MNIST, StdCNN", _MNIST),
    _augmented("fig9", "CIFAR10, ResNet18", _RESNET18),
    _augmented("fig10", "CIFAR100, VGG16", _VGG16_CIFAR100),
    _augmented("fig11", "CIFAR100, ResNet18", _RESNET18_CIFAR100),
    _row(
        "fig12",
        "Tiny-ImageNet, ResNet18: rotations and translations, Adv-PGD",
        f"{_TRADE_OFF} {_CONVERSE}",
        _all(
            {
                "natural": _of(
                    augmented, _RESNET18_TINY, _RESNET18_TINY.gcnn, twin_schemes=("Aug-R",)
                ),
                "Adv-PGD": _adversarial(
                    _CUSP_TINY, kinds=("rotation", "translation", "both", "robustness")
                ),
            }
        ),
    ),
    _row(
        "fig13",
        "Tiny-ImageNet, DenseNet121: rotations and translations, Adv-PGD",
        f"{_TRADE_OFF} {_CONVERSE}",
        _all(
            {
                "natural": _of(augmented, _DENSENET_TINY),
                "Adv-PGD": _adversarial(
                    _CUSP_DENSENET, kinds=("rotation", "translation", "robustness")
                ),
            }
        ),
    ),
    _row(
        "fig14",
        "CIFAR10, VGG16: translations first, then Adv-PGD",
        "What random translations in training gain is lost again when the network is then "
        "trained against attacks; among the networks so trained the trade-off remains.",
        _of(hardened_after, _VGG16),
    ),
    Experiment(
        "fig15",
        "MNIST: the decision boundaries of two networks around one image",
        "Figure 15 (an illustration in the paper, measured here)",
        "The boundary of a network trained on rotations up to 180 degrees lies elsewhere than "
        "that of a network trained on none, and nearer.",
        _of(boundaries, _MNIST),
    ),
    _row("fig16", f"A{_SWEEP[1:]}", f"{_WEAKER}.", _all(_FIG16)),
    _part(
        "fig16",
        "a-d",
        f"MNIST: {_SWEEP}",
        f"{_WEAKER} (StdCNN: from about 65% to about 20%, and from about 5 to below 4).",
        _FIG16["MNIST"],
    ),
    _part(
        "fig16", "a-b", f"MNIST, StdCNN: {_SWEEP}", f"{_WEAKER}.", _PLAIN_MNIST(published=_IN_FIG16)
    ),
    _part("fig16", "e-h", f"CIFAR10: {_SWEEP}", f"{_WEAKER}.", _FIG16["CIFAR10"]),
    _part("fig16", "e-f", f"CIFAR10, VGG16: {_SWEEP}", f"{_WEAKER}.", _PLAIN_CIFAR10()),
    _part("fig16", "i-l", f"CIFAR100: {_SWEEP}", f"{_WEAKER}.", _FIG16["CIFAR100"]),
    _strategies("fig17", _CUSP_VGG16, "CuSP-PGD"),
    _strategies("fig18", _CUSP_VGG16, "CuSP-TRADES"),
    _strategies("fig19", _CUSP_RESNET18, "CuSP-PGD"),
    _strategies("fig20", _CUSP_RESNET18, "CuSP-TRADES"),
    _strategies("fig21", _CUSP_CIFAR100, "CuSP-PGD"),
    _strategies("fig22", _CUSP_CIFAR100, "CuSP-TRADES"),
    _strategies("table1", _CUSP_VGG16, "CuSP-PGD"),
    _row(
        "table2",
        "MNIST: the networks",
        "Conv-Conv-Pool-Conv-Conv-Pool-FC-FC, and its group-equivariant twin.",
        _table2,
    ),
    _row(
        "table3",
        "CIFAR10, VGG16: the trade-off under four settings of PGD",
        "The conclusions do not depend on the number of steps and the step size of the attack.",
        _of(attack_settings, _CUSP_VGG16),
    ),
    _strategies("table4", _CUSP_VGG16, "CuSP-PGD", "CuSP-TRADES"),
    _strategies("table5", _CUSP_RESNET18, "CuSP-PGD", "CuSP-TRADES"),
    _strategies("table6", _CUSP_CIFAR100, "CuSP-PGD", "CuSP-TRADES"),
    _row(
        "table7",
        "CIFAR10, VGG16: CuSP and PGD (Aug 180) under three schedules",
        "CuSP has competent results under other schedules of the learning rate too.",
        _of(schedules, _CUSP_VGG16),
    ),
    _row(
        "table8",
        "CIFAR10: the trade-off on simpler networks",
        "On a LeNet and two MLPs, too, PGD (Aug 180) has more spatial and less adversarial "
        "accuracy than PGD (Aug 0).",
        _of(
            trade_offs,
            Preset("cifar10", "lenet", "cusp", "LeNet"),
            Preset("cifar10", "mlp_a", "cusp", "MLP a"),
            Preset("cifar10", "mlp_b", "cusp", "MLP b"),
            more=(
                "LeNet: two fully connected layers, as the text says; the published file has three",
                "MLPs: hidden layers of 512, 512 and 512, and of 2048, 1024 and 512",
            ),
        ),
    ),
    _beyond(
        "protocols",
        "MNIST: the same networks under the published rules of attack and under corrected ones",
        "beyond the paper; Figures 8(b), 8(d) and 16",
        "How much of the fall of robustness is due to the attack's clip to [-1, 1] after "
        "normalisation, which changes most images by more than any budget?",
        _of(protocols, _MNIST, _MNIST.gcnn),
    ),
    _beyond(
        "protocols-cifar10",
        "CIFAR10: the same networks under the published rules of attack and under corrected ones",
        "beyond the paper; Figure 1(b, d)",
        "How much of the steep drops of Figure 1(b) is due to the attack's clip to [-1, 1] after "
        "normalisation?",
        _of(protocols, _VGG16, _VGG16.gcnn),
    ),
    _beyond(
        "protocols-stdcnn",
        "MNIST, StdCNN: the same networks under the published rules of attack and corrected ones",
        "beyond the paper; Figure 8(b, f, l)",
        "How much of the steep drops of Figure 8 is due to the attack's clip to [-1, 1] after "
        "normalisation?",
        _all({scheme: _of(protocols, _MNIST, scheme=scheme) for scheme in _SCHEMES}),
    ),
    _beyond(
        "protocols-vgg16",
        "CIFAR10, VGG16: the same networks under the published rules of attack and corrected ones",
        "beyond the paper; Figure 1(b, f, l)",
        "How much of the steep drops of Figure 1 is due to the attack's clip to [-1, 1] after "
        "normalisation?",
        _all({scheme: _of(protocols, _VGG16, scheme=scheme) for scheme in _SCHEMES}),
    ),
    _beyond(
        "invariance-vs-accuracy",
        "Adversarial training: rate of invariance beside accuracy under rotation",
        "beyond the paper; Figures 2(b), 3(b) and 7",
        "Does the accuracy under rotation fall with the training budget as the rate of "
        "invariance does? An earlier version of the paper reports that it hardly changes.",
        _all(
            {
                "MNIST": _of(invariance_and_accuracy, _LENET_MADRY),
                "CIFAR10": _of(
                    invariance_and_accuracy, replace(_CUSP_VGG16, label="CIFAR10 VGG16")
                ),
            }
        ),
    ),
    _beyond(
        "stronger-attack",
        "CIFAR10: CuSP and its baselines under attacks stronger than PGD-10",
        "beyond the paper; Table 1",
        "PGD-10 is weak. Does the order of the trainings stay under Auto-PGD and AutoAttack, and "
        "does CuSP come near pure PGD on the adversarial axis?",
        _of(stronger_attacks, _CUSP_VGG16),
    ),
    _beyond(
        "training-attack",
        "CIFAR10, VGG16: adversarial training against PGD of 3 steps and of 10",
        "beyond the paper; Table 1",
        "At scale cpu networks are trained against PGD of 3 steps in place of 10. Does that change "
        "what rotations in adversarial training cost?",
        _of(
            trade_offs,
            replace(_CUSP_VGG16, label="PGD-3", attack={"steps": 3, "step_size": 4 / 255}),
            replace(_CUSP_VGG16, label="PGD-10", attack={"steps": 10, "step_size": 2 / 255}),
        ),
    ),
    _beyond(
        "cusp-ablation",
        "CIFAR10: which part of CuSP's curriculum matters",
        "beyond the paper; Table 1",
        "Growing rotations alone, growing budgets alone, both, neither, both in reverse, and "
        "both in small steps: what does each reach?",
        _of(ablation, _CUSP_VGG16),
    ),
    _beyond(
        "equal-epochs",
        "CIFAR10, VGG16: CuSP beside plain adversarial training with as many epochs",
        "beyond the paper; Table 1",
        "A warm-started CuSP has twice the epochs of PGD (Aug 180). Is what it gains due to the "
        "curriculum, or to the epochs?",
        _of(equal_epochs, _CUSP_VGG16),
    ),
    _beyond(
        "pareto-front",
        "CIFAR10: CuSP against adversarial training with other rotations and budgets",
        "beyond the paper; Figure 6",
        "Does CuSP reach beyond what plain adversarial training reaches when its rotation and "
        "its budget are varied?",
        _of(product_front, _CUSP_VGG16),
    ),
    _beyond(
        "exact-invariance",
        "MNIST: networks that are exactly invariant to quarter turns",
        "beyond the paper; Figure 8",
        "Flattened heads of GCNNs are not invariant. Is a network with a pooled head, exactly "
        "invariant to quarter turns without any augmentation, less robust to attacks?",
        _of(exact_networks, _MNIST, _MNIST.gcnn),
    ),
    _beyond(
        "exact-invariance-cifar10",
        "CIFAR10: networks that are exactly invariant to quarter turns",
        "beyond the paper; Figure 9",
        "The strided layers of a P4 ResNet18 break its equivariance on 32 x 32 images. What "
        "changes if they are made exact?",
        _of(exact_networks, _RESNET18, _RESNET18.gcnn, strided=True),
    ),
    Experiment(
        "demo",
        "A StdCNN and its P4 twin, with and without random rotations",
        "a small Figure 8(a-d)",
        "Training with larger random rotations makes networks more invariant to rotations, and "
        "less robust to l-infinity attacks.",
        _demo,
    ),
)

#: Every experiment by identifier: figures, tables, questions beyond the paper, the demo.
EXPERIMENTS: dict[str, Experiment] = {row.id: row for row in _ROWS}


def experiment(identifier: str) -> Experiment:
    """Return an experiment; InputError suggests the nearest identifier."""
    return EXPERIMENTS[choose("experiment", identifier, EXPERIMENTS)]
