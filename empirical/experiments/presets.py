"""The setups of the experiments: the paper's trainings, and what stands for them when smaller.

Settings are those of the paper and of the authors' published scripts. Where neither tells, an
assumption is made and named; what smaller scales change is found by comparison, and named too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ...checks import choose
from ...errors import InputError
from ..settings import (
    Augmentation,
    DataConfig,
    EvaluationSettings,
    ModelConfig,
    Objective,
    OptimiserConfig,
)
from ..settings.data import describe
from .setup import Changes, ExperimentSetup, Seeds, deviations

_COLOUR = Objective("pgd", budget=8 / 255, step_size=2 / 255, steps=10)
_GREY = Objective("pgd", budget=0.3, step_size=0.01, steps=40)
_CROP_FLIP = Augmentation(crop=4, flip=True)


@dataclass(frozen=True)
class PaperTraining:
    """A training as the paper has it, apart from network and images."""

    epochs: int
    optimiser: OptimiserConfig
    attack: Objective
    normalise: bool
    distance: bool = False
    basic: Augmentation = field(default_factory=Augmentation)
    assumptions: tuple[str, ...] = ()


def _sgd(*milestones: int, weight_decay: float = 5e-4, **more: Any) -> OptimiserConfig:
    return OptimiserConfig(weight_decay=weight_decay, milestones=milestones, **more)


#: The paper's trainings by name.
TRAININGS: dict[str, PaperTraining] = {
    "spatial-grey": PaperTraining(120, _sgd(50, 100), _GREY, normalise=True, distance=True),
    "spatial": PaperTraining(
        120,
        _sgd(50, 100),
        _COLOUR,
        normalise=True,
        distance=True,
        basic=_CROP_FLIP,
        assumptions=("Aug-T: no crop and no flip, as the text says of Aug-RT",),
    ),
    # As the published CuSP script: no shuffling, no normalisation.
    "cusp": PaperTraining(
        120,
        _sgd(75, 90, 100, shuffle=False),
        _COLOUR,
        normalise=False,
        basic=_CROP_FLIP,
        assumptions=(
            "training images: 40,000 as the text says; the published script trains on all 50,000",
            "no normalisation, not in natural training either: warm starts share their weights",
        ),
    ),
    # 100,000 steps of 50 of the 55,000 images are 91 epochs.
    "madry-grey": PaperTraining(
        91,
        OptimiserConfig("adam", learning_rate=1e-4, weight_decay=0.0, batch_size=50),
        _GREY,
        normalise=False,
    ),
    # 80,000 steps, the rate lowered after 40,000 and 60,000; an epoch has 313.
    "madry": PaperTraining(
        256,
        _sgd(128, 192, weight_decay=2e-4, decay="kernels"),
        _COLOUR,
        normalise=False,
        basic=_CROP_FLIP,
        assumptions=("adversarial training of the ResNet: crop and flip",),
    ),
    "wide": PaperTraining(
        120,
        _sgd(75, 90, 100, weight_decay=2e-4),
        _COLOUR,
        normalise=False,
        basic=_CROP_FLIP,
        assumptions=(
            "WRN-34-10: 120 epochs, rate lowered after 75, 90 and 100, weight decay 2e-4",
        ),
    ),
}

#: Group and channel rule of the twins called GCNN.
_TWINS = {
    "stdcnn": ("p4", "same"),
    "vgg16": ("p4", "sqrt"),
    "resnet18": ("p4m", "sqrt"),
    "lenet": ("p4", "sqrt"),
}
_TWIN_ASSUMPTIONS = {
    "vgg16": "GCNN: P4 with channels divided by 2",
    "resnet18": "GCNN: P4M with channels divided by sqrt(8), as the published ResNet18",
}


@dataclass(frozen=True)
class SmallTraining:
    """What stands for a network of the paper at the scale cpu."""

    network: str
    epochs: int
    limit: int | None = None
    options: Changes = field(default_factory=dict)
    optimiser: Changes = field(default_factory=dict)
    attack: Changes = field(default_factory=dict)
    images: int = 2000
    distances: int = 500


_CPU: dict[tuple[str, str], SmallTraining] = {
    # At the paper's rate of 0.1 some of the P4 twins diverge.
    ("stdcnn", "spatial-grey"): SmallTraining(
        "stdcnn", 10, optimiser={"milestones": (5, 8), "learning_rate": 0.05}
    ),
    ("madry_lenet", "madry-grey"): SmallTraining(
        "madry_lenet",
        6,
        limit=20_000,
        options={"width": 0.5},
        optimiser={"learning_rate": 5e-4},
        attack={"steps": 7, "step_size": None},
    ),
    # VGG16 with batch-norm at 1/8 of the width: 232,000 parameters.
    ("vgg16", "spatial"): SmallTraining("vgg16", 12, limit=40_000, options={"width": 0.125}),
    ("vgg16", "cusp"): SmallTraining(
        "vgg16",
        12,
        limit=40_000,
        options={"width": 0.125},
        attack={"steps": 3, "step_size": 4 / 255},
    ),
    ("resnet18", "spatial"): SmallTraining(
        "resnet18", 5, limit=2_500, options={"width": 0.125}, images=300, distances=100
    ),
    ("resnet18", "cusp"): SmallTraining(
        "resnet18", 8, limit=4_000, options={"width": 0.0625}, images=500, distances=100
    ),
    ("densenet121", "spatial"): SmallTraining(
        "densenet121", 3, limit=2_000, options={"width": 0.125}, images=200, distances=50
    ),
    ("densenet121", "cusp"): SmallTraining(
        "densenet121", 3, limit=1_000, options={"width": 0.125}, images=200, distances=50
    ),
    ("mlp_a", "cusp"): SmallTraining("mlp_a", 10, limit=10_000, optimiser={"learning_rate": 0.05}),
    ("mlp_b", "cusp"): SmallTraining("mlp_b", 10, limit=10_000, optimiser={"learning_rate": 0.05}),
}
#: The same for images of 64 x 64 pixels.
_CPU_LARGE: dict[tuple[str, str], SmallTraining] = {
    ("resnet18", "spatial"): SmallTraining(
        "resnet18", 4, limit=3_000, options={"width": 0.0625}, images=200, distances=50
    ),
    ("resnet18", "cusp"): SmallTraining(
        "resnet18", 4, limit=2_000, options={"width": 0.0625}, images=200, distances=50
    ),
}
#: For whatever is not there: a LeNet. It has no batch-norm, and at a rate of 0.1 it does not
#: begin to learn against attacks.
_STAND_INS = {"lenet": "LeNet"}
_LENET = SmallTraining("lenet", 12, optimiser={"learning_rate": 0.05})


@dataclass(frozen=True)
class Preset:
    """A network on a data set, trained as the paper does, at a scale to come.

    Attributes
    ----------
    data, network, training : str
        As the paper has them; smaller scales may put others in their place, and say so. The
        training is a name of :data:`TRAININGS`.
    label : str
        As legends show the network; by default StdCNN or GCNN.
    twin : bool
        The group-equivariant twin of the network, called GCNN.
    attack : dict
        Changes of the attack, the same at every scale.
    assumption : str
        One more, in words.

    Examples
    --------
    >>> vgg16 = Preset("cifar10", "vgg16", "cusp")
    >>> vgg16.at("paper", (0,)).optimiser.milestones
    (75, 90, 100)
    >>> vgg16.at("cpu", (0,)).deviations[0]
    'network: vgg16 with channels times 0.125 in place of vgg16'
    """

    data: str
    network: str
    training: str
    label: str = ""
    twin: bool = False
    attack: Changes = field(default_factory=dict)
    assumption: str = ""

    @property
    def gcnn(self) -> Preset:
        """The group-equivariant twin."""
        return replace(self, twin=True)

    def at(self, scale: str, seeds: Seeds) -> ExperimentSetup:
        """Return the setup at a scale of :data:`SCALES`."""
        training = TRAININGS[choose("training", self.training, TRAININGS)]
        made = paper = _paper(self, training, seeds)
        if scale != "paper":
            made = _smoke(paper) if scale == "smoke" else _cpu(paper, self, training)
        if scale == "small":
            made = _small(made)
        differences = tuple(deviations(paper, made))
        made = replace(made, scale=scale, network=self.network, deviations=differences)
        if made.model.name != paper.model.name:
            made = replace(made, label=_label_of_stand_in(paper.label, made.model))
        return made.but(attack=self.attack)


def _label_of_stand_in(label: str, model: ModelConfig) -> str:
    """Return the label with the network that is trained in the place of the paper's.

    Networks that experiments compare with each other stay apart: "LeNet for MLP a".
    """
    name = _STAND_INS[model.name] + (f" {model.group.upper()}" if model.group else "")
    data, _, network = label.rpartition(" ")
    if network in ("StdCNN", "GCNN") or data in ("MNIST", "CIFAR10", "CIFAR100"):
        return f"{data} {name}".strip()
    return f"{name} for {label}"


def _paper(preset: Preset, training: PaperTraining, seeds: Seeds) -> ExperimentSetup:
    info = describe(preset.data)
    known = (_TWIN_ASSUMPTIONS.get(preset.network, "") if preset.twin else "", preset.assumption)
    return ExperimentSetup(
        label=preset.label or ("GCNN" if preset.twin else "StdCNN"),
        scale="paper",
        data=DataConfig(preset.data),
        model=_model(preset.network, training, {}, twin=preset.twin),
        optimiser=training.optimiser,
        epochs=training.epochs,
        attack=training.attack,
        evaluation=EvaluationSettings.for_channels(
            info.channels, distance_images=info.tests if training.distance else 0
        ),
        seeds=seeds,
        basic=training.basic,
        assumptions=(*training.assumptions, *filter(None, known)),
    )


def _model(network: str, training: PaperTraining, options: Changes, *, twin: bool) -> ModelConfig:
    if not twin:
        return ModelConfig(network, normalise=training.normalise, options=options)
    if network not in _TWINS:
        raise InputError("network", "have a group-equivariant twin here", network)
    group, channels = _TWINS[network]
    options = {"channels": channels, **options}
    return ModelConfig(network, group, "paper", normalise=training.normalise, options=options)


def _cpu(paper: ExperimentSetup, preset: Preset, training: PaperTraining) -> ExperimentSetup:
    info = describe(preset.data)
    known = _CPU | _CPU_LARGE if info.image_size > 32 else _CPU
    small = known.get((preset.network, preset.training), _LENET)
    share = small.epochs / training.epochs
    scaled = {max(1, round(epoch * share)) for epoch in paper.optimiser.milestones}
    budgets = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3) if info.channels == 1 else paper.evaluation.budgets
    return paper.but(
        data={"limit": small.limit},
        model=_model(small.network, training, small.options, twin=preset.twin),
        optimiser={"milestones": tuple(sorted(scaled)), "shuffle": True, **small.optimiser},
        epochs=small.epochs,
        attack=small.attack,
        evaluation={
            "rotations": tuple(float(angle) for angle in range(0, 181, 15)),
            "budgets": budgets,
            "images": small.images,
            "distance_images": small.distances if training.distance else 0,
        },
    )


def _small(cpu: ExperimentSetup) -> ExperimentSetup:
    """Return the setup of the scale cpu with fewer images, epochs and points of profiles.

    Twins have about as many parameters as the plain network, which keeps their cost near it;
    batches are smaller, and the rate with them, or few epochs are too few steps.
    """
    epochs = min(cpu.epochs, 4)
    budgets = cpu.evaluation.budgets
    return cpu.but(
        data={"limit": min(cpu.data.limit or 5_000, 5_000)},
        model={"options": {**cpu.model.options, "channels": "sqrt"}} if cpu.model.group else {},
        optimiser={
            "milestones": (max(1, epochs - 1),),
            "batch_size": 32,
            "learning_rate": round(cpu.optimiser.learning_rate * 0.4, 8),
        },
        epochs=epochs,
        attack={"steps": min(cpu.attack.steps, 5), "step_size": None},
        evaluation={
            "rotations": tuple(float(angle) for angle in range(0, 181, 30)),
            "translations": (0.0, 0.1, 0.2, 0.3),
            "both": (0.0, 0.2),
            "budgets": tuple(dict.fromkeys((*budgets[:-1:2], budgets[-1]))),
            "steps": min(cpu.evaluation.steps, 10),
            "step_size": None,
            "images": min(cpu.evaluation.images or 500, 500),
            "distance_images": min(cpu.evaluation.distance_images, 100),
        },
    )


def _smoke(paper: ExperimentSetup) -> ExperimentSetup:
    twin = paper.model.group is not None
    group = {"group": "p4", "head": "paper"} if twin else {"group": None, "head": None}
    largest = paper.attack.budget
    return paper.but(
        data={"name": "mnist-sample", "limit": 512},
        model={"name": "lenet", "options": {"channels": "sqrt"} if twin else {}, **group},
        optimiser={
            "name": "sgd",
            "learning_rate": 0.02,
            "batch_size": 16,
            "milestones": (2,),
            "shuffle": True,
        },
        epochs=3,
        attack={"steps": 2, "step_size": None},
        evaluation={
            "rotations": (0.0, 90.0, 180.0),
            "translations": (0.0, 0.2),
            "both": (0.0, 0.2),
            "budgets": (0.0, largest / 4, largest),
            "steps": 2,
            "images": 60,
            "distance_images": min(10, paper.evaluation.distance_images),
        },
    )


def demo_setup(scale: str, seeds: Seeds, *, group: str | None = None) -> ExperimentSetup:
    """Return the demonstration's setup: a StdCNN, or its P4 twin, on the embedded digits."""
    epochs = {"smoke": 1, "small": 3, "cpu": 6, "paper": 120}[scale]
    images = {"smoke": 40, "small": 200, "cpu": 300, "paper": 2000}[scale]
    smaller = (
        "data: the embedded sample of MNIST in place of all of it",
        f"epochs: {epochs} in place of 120",
        f"test images: {images}",
        "GCNN: channel counts divided by 2 (about as many parameters as the StdCNN)",
    )
    milestone = max(1, round(epochs * 2 / 3))
    return ExperimentSetup(
        label="StdCNN" if group is None else f"GCNN ({group.upper()})",
        scale=scale,
        data=DataConfig("mnist-sample", limit=200 if scale == "smoke" else None),
        model=ModelConfig("stdcnn", group, options={"channels": "sqrt"} if group else {}),
        optimiser=OptimiserConfig(learning_rate=0.05, milestones=(milestone,)),
        epochs=epochs,
        attack=_GREY,
        evaluation=EvaluationSettings(
            rotations=tuple(float(angle) for angle in range(0, 181, 30)),
            translations=(),
            both=(),
            budgets=(0.0, 0.05, 0.1, 0.15, 0.2),
            steps=5 if scale == "smoke" else 40,
            step_size=0.01,
            distance_images=0,
            images=images,
        ),
        seeds=seeds,
        deviations=() if scale == "paper" else smaller,
    )
