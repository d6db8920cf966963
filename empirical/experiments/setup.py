"""A network on a data set at one scale: how it is trained, measured, and told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import attrgetter
from typing import Any

from ..settings import (
    Augmentation,
    DataConfig,
    EvaluationSettings,
    ModelConfig,
    Objective,
    OptimiserConfig,
    Stage,
    TrainConfig,
    format_number,
)
from .job import Job
from .plan import common_notes

Seeds = tuple[int, ...]
Changes = dict[str, Any]

#: What TRADES has in place of PGD's settings: `replace(attack, **TRADES)`.
TRADES: Changes = {"name": "trades", "step_size": 0.007, "beta": 5.0}


@dataclass(frozen=True)
class ExperimentSetup:
    """All that trainings of one network on one data set have in common.

    Legends show the `label`: "StdCNN", "GCNN". The `attack` is the adversary of adversarial
    training, with the largest budget; `basic` what that and Aug-R do to each image besides (crop
    and flip). The `evaluation` of every network is the same for all experiments, so that they share
    it. What differs from the paper, and what it leaves open, say `deviations` and `assumptions`;
    `network` is the paper's, which `model` may only stand for.
    """

    label: str
    scale: str
    data: DataConfig
    model: ModelConfig
    optimiser: OptimiserConfig
    epochs: int
    attack: Objective
    evaluation: EvaluationSettings
    seeds: Seeds
    basic: Augmentation = field(default_factory=Augmentation)
    deviations: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    network: str = ""

    def but(self, **changes: Any) -> ExperimentSetup:
        """Return the setup with some attributes changed; mappings change parts of them.

        Examples
        --------
        >>> from spadv.empirical.experiments.presets import Preset
        >>> plain = Preset("mnist", "stdcnn", "spatial-grey").at("cpu", (0,))
        >>> smaller = plain.but(evaluation={"images": 10})
        >>> smaller.evaluation.images, smaller.evaluation.steps
        (10, 40)
        """
        made: Changes = {}
        for name, value in changes.items():
            nested = isinstance(value, Mapping)
            made[name] = replace(getattr(self, name), **value) if nested else value
        return replace(self, **made)

    def rotated(self, degrees: float) -> Augmentation:
        """Return Aug-R: what is always done, then a rotation of up to so many degrees."""
        return replace(self.basic, rotation=float(degrees))

    def against(self, budget: float) -> Objective:
        """Return adversarial training with a budget; the natural one for budget 0."""
        return replace(self.attack, budget=budget) if budget else Objective()

    def jobs(
        self,
        augment: Augmentation | None = None,
        objective: Objective | None = None,
        *,
        stages: tuple[Stage, ...] | None = None,
        start: tuple[Job, ...] | None = None,
    ) -> tuple[Job, ...]:
        """Return one job a seed: one stage (by default natural, on unchanged images), or several.

        Warm starts are given by one job a seed.
        """
        if stages is None:
            stages = (Stage(self.epochs, augment or Augmentation(), objective or Objective()),)
        return tuple(
            Job(
                TrainConfig(self.data, self.model, self.optimiser, stages, seed),
                (self.evaluation,),
                None if start is None else start[number],
                self.network,
            )
            for number, seed in enumerate(self.seeds)
        )


def notes(
    *setups: ExperimentSetup, levels_of: tuple[str, ...] = (), more: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return a plan's deviations and assumptions: of setups, and of kinds of level.

    `more` are assumptions besides.
    """
    differences, assumptions = [], []
    for kind in levels_of:
        here, paper = LEVELS[kind][setups[0].scale], LEVELS[kind]["paper"]
        name = "training budgets" if kind in ("grey", "colour") else f"{kind} levels"
        told = format_setting(paper)
        if here != paper:
            differences.append(f"{name}: {format_setting(here)} in place of {told}")
        assumptions.append(f"{name}: {told} at the paper's scale (the text names some of them)")
    return {
        "deviations": (*common_notes({s.label: s.deviations for s in setups}), *differences),
        "assumptions": (
            *common_notes({s.label: s.assumptions for s in setups}),
            *assumptions,
            *more,
        ),
    }


_EIGHT = tuple(k / 255 for k in (0, 2, 4, 8))
_TURNS = tuple(float(degrees) for degrees in range(0, 181, 30))
_SHIFTS = {
    "paper": (0.0, 0.1, 0.2, 0.3, 0.4),
    **dict.fromkeys(("cpu", "small", "smoke"), (0.0, 0.2)),
}

#: Levels of training (how much rotation, translation, budget) by scale. The paper shows levels
#: in legends that its text does not have: those of the scale paper hold the ones that it names.
LEVELS: dict[str, dict[str, tuple[float, ...]]] = {
    "Aug-R": {"paper": _TURNS, "cpu": _TURNS[::2], "small": _TURNS[::6], "smoke": _TURNS[::6]},
    "Aug-T": _SHIFTS,
    "Aug-RT": _SHIFTS,
    "grey": {
        **dict.fromkeys(("paper", "cpu"), (0.0, 0.1, 0.2, 0.3)),
        "small": (0.0, 0.1, 0.3),
        "smoke": (0.0, 0.1),
    },
    "colour": {
        **dict.fromkeys(("paper", "cpu"), _EIGHT),
        "small": (0.0, 4 / 255, 8 / 255),
        "smoke": (0.0, 8 / 255),
    },
}


#: What is compared between scales, and how it is called.
_COMPARED = {
    "epochs": "epochs",
    "optimiser.name": "optimiser",
    "optimiser.learning_rate": "learning rate",
    "optimiser.milestones": "learning rate lowered after epochs",
    "optimiser.batch_size": "batch size",
    "optimiser.weight_decay": "weight decay",
    "optimiser.shuffle": "shuffled",
    "attack.steps": "attack in adversarial training: steps",
    "attack.step": "attack in adversarial training: step size",
    "evaluation.rotations": "test rotations",
    "evaluation.translations": "test translations",
    "evaluation.both": "test rotations with translations",
    "evaluation.budgets": "test budgets",
    "evaluation.steps": "steps of the test attack",
    "evaluation.step_size": "step size of the test attack",
    "evaluation.images": "test images: the first",
    "evaluation.distance_images": "images for DeepFool distances",
}


def deviations(paper: ExperimentSetup, small: ExperimentSetup) -> Iterator[str]:
    """Yield every way in which a setup differs from the paper's, in words."""
    if _network_in_words(paper) != _network_in_words(small):
        yield f"network: {_network_in_words(small)} in place of {_network_in_words(paper)}"
    if paper.data.name != small.data.name:
        yield f"data: {small.data.name} in place of {paper.data.name}"
    if small.data.limit is not None:
        yield f"training images: the first {small.data.limit:,} of {paper.data.name}'s"
    for path, name in _COMPARED.items():
        theirs, ours = attrgetter(path)(paper), attrgetter(path)(small)
        if theirs != ours:
            joint = " " if name.endswith("first") else ": "
            yield f"{name}{joint}{format_setting(ours)} in place of {format_setting(theirs)}"


def _network_in_words(made: ExperimentSetup) -> str:
    model = made.model
    width = model.options.get("width", 1.0)
    group = f" {model.group.upper()}" if model.group else ""
    return f"{model.name}{group}" + (f" with channels times {width:g}" if width != 1.0 else "")


def format_setting(value: Any) -> str:
    """Return a setting as people write it.

    Examples
    --------
    >>> format_setting((0.0, 60.0)), format_setting(None), format_setting(2000)
    ('0, 60', 'all', '2,000')
    >>> format_setting(tuple(range(0, 181, 10)))
    '0 to 180 by 10'
    """
    if value is None:
        return "all"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        steps = {b - a for a, b in pairwise(value)}
        if len(value) > 4 and max(steps) - min(steps) < 1e-9:
            first, last, step = map(format_setting, (value[0], value[-1], value[1] - value[0]))
            return f"{first} to {last} by {step}"
        return ", ".join(format_setting(item) for item in value) or "none"
    return str(value)
