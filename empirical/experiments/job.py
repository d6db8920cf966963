"""One training with its evaluations: the unit of work, as data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ...config import digest_of_table
from ...store import RunFolder, Store
from ..settings import EvaluationSettings, TrainConfig


@dataclass(frozen=True)
class Job:
    """A network to train, and what to measure on it.

    The configuration includes the seed; a warm start is given by `start`, the job whose network
    this one starts from, instead of a path. `network` is the paper's, where another takes its
    place; digests leave it out.
    """

    config: TrainConfig
    evaluations: tuple[EvaluationSettings, ...] = ()
    start: Job | None = None
    network: str = field(default="", compare=False)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the training and those it starts from, known before any is run."""
        parts = [without_weights(self.config), self.start.digest if self.start else None]
        return digest_of_table(parts)

    @property
    def label(self) -> str:
        """Data, network, augmentation and objective of the last stage, seed."""
        model, stages = self.config.model, self.config.stages
        words = [Path(self.config.data.name).name, model.name, model.group or ""]
        words.append(stages[-1].augment.describe())
        objective = stages[-1].objective
        if objective.name != "natural":
            words.append(f"{objective.name} {objective.budget:.4g}")
        if len(stages) > 1:
            words.append(f"{len(stages)} stages")
        words.append(f"seed {self.config.seed}")
        return " ".join(word for word in words if word)

    def folder(self, store: Store) -> RunFolder:
        """Return where the job lies in a store."""
        return store.folder(self.label, self.digest)


def without_weights(config: TrainConfig) -> dict[str, Any]:
    """Return what defines a training, apart from the checkpoint that it starts from."""
    table = config.to_table()
    for key in ("weights", "weights_digest"):
        del table["model"][key]
    return table


def merge(jobs: list[Job]) -> list[Job]:
    """Return the jobs with equal trainings united, every job after the one it starts from.

    Examples
    --------
    >>> one = Job(TrainConfig())
    >>> [job.digest == one.digest for job in merge([Job(TrainConfig(seed=1), start=one), one])]
    [True, False]
    """
    order: dict[str, Job] = {}

    def add(job: Job) -> None:
        if job.start is not None:
            add(job.start)
        known = order.get(job.digest)
        if known is None:
            order[job.digest] = job
        elif known.evaluations != job.evaluations:
            wanted = tuple(dict.fromkeys(known.evaluations + job.evaluations))
            order[job.digest] = united = replace(known, evaluations=wanted)
            united.__dict__["digest"] = known.digest  # a plan of the paper has a thousand jobs

    for job in jobs:
        add(job)
    return list(order.values())
