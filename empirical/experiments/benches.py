"""The benches by name: the paper's settings, and what stands for them at smaller scales.

Settings are those of the paper and of the authors' published scripts. Where neither tells,
a choice is made and named.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ...checks import choose
from ...errors import InputError
from ..data import describe
from ..evaluation import EvaluationSettings
from ..training.config import DataConfig, ModelConfig, OptimiserConfig
from ..training.stages import Objective
from ..transforms import Augmentation
from .bench import Bench
from .shrinkage import shrinkage

_COLOUR = Objective("pgd", budget=8 / 255, step_size=2 / 255, steps=10)
_GREY = Objective("pgd", budget=0.3, step_size=0.01, steps=40)
_CROP_FLIP = Augmentation(crop=4, flip=True)


@dataclass(frozen=True)
class Recipe:
    """One training as the paper has it, apart from network and images."""

    epochs: int
    optimiser: OptimiserConfig
    attack: Objective
    normalise: bool
    distance: bool = False
    basic: Augmentation = field(default_factory=Augmentation)
    chosen: tuple[str, ...] = ()


def _sgd(*milestones: int, weight_decay: float = 5e-4, **more: Any) -> OptimiserConfig:
    return OptimiserConfig(weight_decay=weight_decay, milestones=milestones, **more)


#: The paper's trainings by name.
RECIPES: dict[str, Recipe] = {
    "spatial-grey": Recipe(120, _sgd(50, 100), _GREY, normalise=True, distance=True),
    "spatial": Recipe(
        120,
        _sgd(50, 100),
        _COLOUR,
        normalise=True,
        distance=True,
        basic=_CROP_FLIP,
        chosen=("Aug-T: no crop and no flip, as the text says of Aug-RT",),
    ),
    # As the published CuSP script: no shuffling, no normalisation.
    "cusp": Recipe(
        120,
        _sgd(75, 90, 100, shuffle=False),
        _COLOUR,
        normalise=False,
        basic=_CROP_FLIP,
        chosen=(
            "training images: 40,000 as the text says; the published script trains on all 50,000",
            "no normalisation, not in natural training either: warm starts share their weights",
        ),
    ),
    # 100,000 steps of 50 of the 55,000 images are 91 epochs.
    "madry-grey": Recipe(
        91,
        OptimiserConfig("adam", learning_rate=1e-4, weight_decay=0.0, batch_size=50),
        _GREY,
        normalise=False,
    ),
    # 80,000 steps, the rate lowered after 40,000 and 60,000; an epoch has 313.
    "madry": Recipe(
        256,
        _sgd(128, 192, weight_decay=2e-4, decay="kernels"),
        _COLOUR,
        normalise=False,
        basic=_CROP_FLIP,
        chosen=("adversarial training of the ResNet: crop and flip",),
    ),
    "wide": Recipe(
        120,
        _sgd(75, 90, 100, weight_decay=2e-4),
        _COLOUR,
        normalise=False,
        basic=_CROP_FLIP,
        chosen=("WRN-34-10: 120 epochs, rate lowered after 75, 90 and 100, weight decay 2e-4",),
    ),
}

#: Group and channel rule of the twins called GCNN.
_TWINS: dict[str, dict[str, Any]] = {
    "stdcnn": {"group": "p4", "options": {"channels": "same"}},
    "vgg16": {"group": "p4", "options": {"channels": "sqrt"}},
    "resnet18": {"group": "p4m", "options": {"channels": "sqrt"}},
    "lenet": {"group": "p4", "options": {"channels": "sqrt"}},
}
_TWIN_CHOSEN = {
    "vgg16": "GCNN: P4 with channels divided by 2",
    "resnet18": "GCNN: P4M with channels divided by sqrt(8), as the published ResNet18",
}


@dataclass(frozen=True)
class Small:
    """What stands for a network of the paper at the scale cpu."""

    network: str
    epochs: int
    limit: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    attack: dict[str, Any] = field(default_factory=dict)
    images: int = 2000
    distances: int = 500


_CPU: dict[tuple[str, str], Small] = {
    # At the paper's rate of 0.1 some of the P4 twins diverge.
    ("stdcnn", "spatial-grey"): Small(
        "stdcnn", 10, optimiser={"milestones": (5, 8), "learning_rate": 0.05}
    ),
    ("madry_lenet", "madry-grey"): Small(
        "madry_lenet",
        6,
        limit=20_000,
        options={"width": 0.5},
        optimiser={"learning_rate": 5e-4},
        attack={"steps": 7, "step_size": None},
    ),
    # VGG16 with batch-norm at 1/8 of the width: 232,000 parameters.
    ("vgg16", "spatial"): Small("vgg16", 12, limit=40_000, options={"width": 0.125}),
    ("vgg16", "cusp"): Small(
        "vgg16",
        12,
        limit=40_000,
        options={"width": 0.125},
        attack={"steps": 3, "step_size": 4 / 255},
    ),
    ("resnet18", "spatial"): Small(
        "resnet18", 5, limit=2_500, options={"width": 0.125}, images=300, distances=100
    ),
    ("resnet18", "cusp"): Small(
        "resnet18", 8, limit=4_000, options={"width": 0.0625}, images=500, distances=100
    ),
    ("densenet121", "spatial"): Small(
        "densenet121", 3, limit=2_000, options={"width": 0.125}, images=200, distances=50
    ),
    ("densenet121", "cusp"): Small(
        "densenet121", 3, limit=1_000, options={"width": 0.125}, images=200, distances=50
    ),
    ("mlp_a", "cusp"): Small("mlp_a", 10, limit=10_000, optimiser={"learning_rate": 0.05}),
    ("mlp_b", "cusp"): Small("mlp_b", 10, limit=10_000, optimiser={"learning_rate": 0.05}),
}
#: The same for images of 64 x 64 pixels.
_CPU_LARGE: dict[tuple[str, str], Small] = {
    ("resnet18", "spatial"): Small(
        "resnet18", 4, limit=3_000, options={"width": 0.0625}, images=200, distances=50
    ),
    ("resnet18", "cusp"): Small(
        "resnet18", 4, limit=2_000, options={"width": 0.0625}, images=200, distances=50
    ),
}
#: For whatever is not there: a LeNet. It has no batch-norm, and at a rate of 0.1 it does not
#: begin to learn against attacks.
_LENET = Small("lenet", 12, optimiser={"learning_rate": 0.05})


def bench(
    data: str, network: str, recipe: str, scale: str, seeds: tuple[int, ...], *, twin: bool = False
) -> Bench:
    """Return a bench.

    Parameters
    ----------
    data, network : str
        As the paper has them; smaller scales may put others in their place, and say so.
    recipe : str
        A name of :data:`RECIPES`.
    scale : str
        "smoke", "cpu" or "paper".
    seeds : tuple of int
        Training seeds.
    twin : bool
        The group-equivariant twin of the network, called GCNN.

    Examples
    --------
    >>> bench("cifar10", "vgg16", "cusp", "paper", (0,)).optimiser.milestones
    (75, 90, 100)
    >>> bench("cifar10", "vgg16", "cusp", "cpu", (0,)).shrunk[0]
    'network: vgg16 with channels times 0.125 in place of vgg16'
    """
    choose("recipe", recipe, RECIPES)
    paper = _paper(data, network, RECIPES[recipe], seeds, twin=twin)
    if scale == "paper":
        return paper
    made = _cpu(paper, network, recipe) if scale == "cpu" else _smoke(paper)
    return replace(made, shrunk=shrinkage(paper, made))


def _paper(data: str, network: str, recipe: Recipe, seeds: tuple[int, ...], *, twin: bool) -> Bench:
    chosen = recipe.chosen
    if twin and network in _TWIN_CHOSEN:
        chosen = (*chosen, _TWIN_CHOSEN[network])
    return Bench(
        label="GCNN" if twin else "StdCNN",
        data=DataConfig(data),
        model=_model(network, recipe, {}, twin=twin),
        optimiser=recipe.optimiser,
        epochs=recipe.epochs,
        attack=recipe.attack,
        survey=EvaluationSettings.for_channels(
            describe(data).channels,
            distance_images=describe(data).tests if recipe.distance else 0,
        ),
        seeds=seeds,
        basic=recipe.basic,
        chosen=chosen,
    )


def _model(network: str, recipe: Recipe, options: dict[str, Any], *, twin: bool) -> ModelConfig:
    if not twin:
        return ModelConfig(network, normalise=recipe.normalise, options=options)
    if network not in _TWINS:
        raise InputError("network", "have a group-equivariant twin here", network)
    how = _TWINS[network]
    return ModelConfig(
        network,
        group=how["group"],
        head="paper",
        normalise=recipe.normalise,
        options={**how["options"], **options},
    )


def _cpu(paper: Bench, network: str, name: str) -> Bench:
    recipe = RECIPES[name]
    info = describe(paper.data.name)
    known = {**_CPU, **_CPU_LARGE} if info.image_size > 32 else _CPU
    small = known.get((network, name), _LENET)
    scaled = tuple(
        sorted(
            {max(1, round(m * small.epochs / recipe.epochs)) for m in paper.optimiser.milestones}
        )
    )
    optimiser: dict[str, Any] = {"milestones": scaled, "shuffle": True, **small.optimiser}
    grey = info.channels == 1
    turns = tuple(float(angle) for angle in range(0, 181, 15))
    made = paper.but(
        data={"limit": small.limit},
        optimiser=optimiser,
        epochs=small.epochs,
        attack=small.attack,
        survey={
            "rotations": turns,
            "budgets": (0.0, 0.05, 0.1, 0.15, 0.2, 0.3) if grey else paper.survey.budgets,
            "images": small.images,
            "distance_images": small.distances if recipe.distance else 0,
        },
    )
    twin = paper.model.group is not None
    return replace(made, model=_model(small.network, recipe, small.options, twin=twin))


def _smoke(paper: Bench) -> Bench:
    twin = paper.model.group is not None
    group = {"group": "p4", "head": "paper"} if twin else {"group": None, "head": None}
    options = {"channels": "sqrt"} if twin else {}
    largest = paper.attack.budget
    return paper.but(
        data={"name": "mnist-sample", "limit": 512},
        model={"name": "lenet", "options": options, **group},
        optimiser={
            "name": "sgd",
            "learning_rate": 0.02,
            "batch_size": 16,
            "milestones": (2,),
            "shuffle": True,
        },
        epochs=3,
        attack={"steps": 2, "step_size": None},
        survey={
            "rotations": (0.0, 90.0, 180.0),
            "translations": (0.0, 0.2),
            "both": (0.0, 0.2),
            "budgets": (0.0, largest / 4, largest),
            "steps": 2,
            "images": 60,
            "distance_images": min(10, paper.survey.distance_images),
        },
    )
