"""A network on a data set at one scale: how it is trained, and how it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..evaluation import EvaluationSettings
from ..training import TrainConfig
from ..training.config import DataConfig, ModelConfig, OptimiserConfig
from ..training.stages import Objective, Stage
from ..transforms import Augmentation
from .job import Job


@dataclass(frozen=True)
class Bench:
    """All that trainings of one network on one data set have in common.

    Attributes
    ----------
    label : str
        As legends show the network: "StdCNN", "GCNN".
    data : DataConfig
        The images.
    model : ModelConfig
        The network.
    optimiser : OptimiserConfig
        Its optimiser.
    epochs : int
        Of one training.
    attack : Objective
        Adversary of adversarial training; its budget is the largest one.
    survey : EvaluationSettings
        What is measured on every network of the bench, the same for all artefacts, so that
        they share it.
    seeds : tuple of int
        Training seeds.
    basic : Augmentation
        What adversarial training and Aug-R do to each image besides (crop and flip).
    shrunk, chosen : tuple of str
        What differs from the paper, and what it leaves open.
    """

    label: str
    data: DataConfig
    model: ModelConfig
    optimiser: OptimiserConfig
    epochs: int
    attack: Objective
    survey: EvaluationSettings
    seeds: tuple[int, ...]
    basic: Augmentation = field(default_factory=Augmentation)
    shrunk: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()

    def but(self, **changes: Any) -> Bench:
        """Return the bench with some attributes changed; mappings change parts of them.

        Examples
        --------
        >>> from spadv.empirical.experiments.benches import bench
        >>> plain = bench("mnist", "stdcnn", "spatial-grey", "cpu", (0,))
        >>> smaller = plain.but(survey={"images": 10})
        >>> smaller.survey.images, smaller.survey.steps
        (10, 40)
        """
        made: dict[str, Any] = {}
        for name, value in changes.items():
            nested = isinstance(value, Mapping)
            made[name] = replace(getattr(self, name), **value) if nested else value
        return replace(self, **made)

    def turned(self, degrees: float) -> Augmentation:
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
        evaluations: tuple[EvaluationSettings, ...] | None = None,
    ) -> tuple[Job, ...]:
        """Return one job a seed.

        Parameters
        ----------
        augment, objective
            Of a training in one stage; none and natural by default.
        stages : tuple of Stage, optional
            A training in several stages instead.
        start : tuple of Job, optional
            Warm starts, one a seed.
        evaluations : tuple of EvaluationSettings, optional
            The survey alone by default.
        """
        if stages is None:
            stages = (Stage(self.epochs, augment or Augmentation(), objective or Objective()),)
        found = (self.survey,) if evaluations is None else evaluations
        return tuple(
            Job(
                TrainConfig(self.data, self.model, self.optimiser, stages, seed),
                found,
                None if start is None else start[number],
            )
            for number, seed in enumerate(self.seeds)
        )
