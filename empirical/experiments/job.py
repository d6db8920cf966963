"""One training with its evaluations: the unit of work, how far it is, and what is in its way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import StoreError
from ...progress import Progress, silent
from ...store import RunFolder, Store
from ..data import DataSet, load
from ..device import pick_device
from ..evaluation import Evaluation, EvaluationSettings, evaluate
from ..training import TrainConfig, TrainOptions, load_run, train
from .inspection import (
    DamagedError,
    check_release,
    check_weights,
    finished_evaluations,
    read_evaluation,
    read_training,
    set_aside,
)

#: How a training is done: configuration, folder, data, options, progress.
Trainer = Callable[[TrainConfig, Path, DataSet, TrainOptions, Progress], None]

#: Share of a job's progress that its training gets; the rest goes to its evaluations.
_TRAINING = 0.7


def train_here(
    config: TrainConfig, folder: Path, data: DataSet, options: TrainOptions, progress: Progress
) -> None:
    """Train in this process."""
    train(config, folder, data=data, options=options, progress=progress)


@dataclass(frozen=True)
class Job:
    """A network to train, and what to measure on it.

    Attributes
    ----------
    config : TrainConfig
        The training, its seed included. A warm start is given by `start` instead of a path.
    evaluations : tuple of EvaluationSettings
        What to measure.
    start : Job or None
        The job whose network this one starts from.
    """

    config: TrainConfig
    evaluations: tuple[EvaluationSettings, ...] = ()
    start: Job | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the training and those it starts from, known before any is run."""
        parts = [_without_weights(self.config), self.start.digest if self.start else None]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

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

    def state(self, store: Store) -> str:
        """Return how far the job is in a `store`: missing, begun, trained, done or damaged.

        Arrays of outcomes are not read: a damaged array is found by :meth:`results` and
        :meth:`run`. StoreError says how the folder differs if it holds another training, or
        another version's.
        """
        run = self.folder(store)
        if not run.is_complete:
            return "begun" if run.checkpoint_path.exists() else "missing"
        try:
            paths, damaged = self._finished(store)
        except DamagedError:
            return "damaged"
        if self._has_all(paths):
            return "done"
        return "damaged" if damaged else "trained"

    def missing(self, store: Store) -> tuple[EvaluationSettings, ...]:
        """Return the evaluations that are not finished in a `store`."""
        if not self.folder(store).is_complete:
            return self.evaluations
        paths, _ = self._finished(store)
        return tuple(settings for settings in self.evaluations if settings not in paths)

    def results(self, store: Store) -> dict[EvaluationSettings, Evaluation]:
        """Return the job's finished evaluations in a `store`, read and checked.

        DamagedError if a file cannot be read; StoreError if something is of another training,
        network, protocol or version.
        """
        if not self.folder(store).is_complete:
            return {}
        paths, damaged = self._finished(store)
        if damaged and not self._has_all(paths):
            raise damaged[0]
        return {s: read_evaluation(paths[s]) for s in self.evaluations if s in paths}

    def run(
        self,
        store: Store,
        *,
        data_root: Path | None = None,
        data: DataSet | None = None,
        options: TrainOptions | None = None,
        progress: Progress = silent,
        trainer: Trainer = train_here,
    ) -> list[str]:
        """Do what is missing of the job; the job it starts from must be trained.

        Damaged files are moved into the hidden folder .aside of the run folder, and made
        again.

        Parameters
        ----------
        store : Store
            Where it lies.
        data_root, data : Path and DataSet, optional
            Where data sets lie, or the job's own, loaded.
        options : TrainOptions, optional
            Device and the like.
        progress : Progress
            Told of the share that is done, roughly, out of 1.
        trainer : callable
            How to train.

        Returns
        -------
        list of str
            What was moved aside, and why.

        Raises
        ------
        DamagedError
            If the network it starts from is damaged.
        StoreError
            If the job it starts from is not trained, the folder is in use, or it holds
            something else.
        RunFailedError
            If the training diverges.
        """
        options = options or TrainOptions()
        run = self.folder(store)
        notes = self._mend(store)
        if self.state(store) == "done":
            return notes
        if data is None:
            name, seed = self.config.data.name, self.config.data.split_seed
            data = load(name, root=data_root, split_seed=seed)
        begun = 0.0
        if not run.is_complete:
            config = self._with_weights(store)
            notes += self._set_other_start_aside(run, config)
            begun = _TRAINING if self.evaluations else 1.0
            trainer(config, run.path, data, options, _between(progress, 0.0, begun))
        found = self._trained(store).get("data_digest")
        if found != data.digest:
            raise StoreError(
                f"{run.path} was trained on other images of {data.name} (digest {found}, now "
                f"{data.digest}); choose another folder"
            )
        todo = self.missing(store)
        if not todo:
            return notes
        device = pick_device(options.device)
        model = load_run(run.path, device).model
        with run.locked():
            for number, settings in enumerate(todo):
                ends = [begun + (1.0 - begun) * k / len(todo) for k in (number, number + 1)]
                told = _between(progress, *ends)
                folder = run.evaluations
                evaluate(model, data, settings, folder=folder, device=device, progress=told)
        return notes

    def _trained(self, store: Store) -> dict[str, Any]:
        """Return the provenance of the finished training, once it is known to be this job's."""
        run = self.folder(store)
        saved, provenance = read_training(run)
        if _without_weights(saved) != _without_weights(self.config):
            raise StoreError(
                f"{run.path} holds another training: {self.config.difference(saved)}; "
                "move it away, or choose another folder"
            )
        if not store.any_version:
            check_release(provenance, f"{run.path} was trained")
        return provenance

    def _finished(self, store: Store) -> tuple[dict[EvaluationSettings, Path], list[DamagedError]]:
        """Return the evaluations of the finished training, and what is damaged of them."""
        provenance, any_version = self._trained(store), store.any_version
        run = self.folder(store)
        return finished_evaluations(run, self.config, provenance, any_version=any_version)

    def _has_all(self, paths: Mapping[EvaluationSettings, Path]) -> bool:
        return all(settings in paths for settings in self.evaluations)

    def _mend(self, store: Store) -> list[str]:
        """Move what is damaged aside; return what and why, in words."""
        run = self.folder(store)
        notes = []
        try:
            if run.is_complete:
                check_weights(run, self._trained(store))
            else:
                read_training(run)
        except DamagedError as error:
            notes.append(set_aside(run, error))
        if not run.is_complete:
            return notes
        paths, damaged = self._finished(store)
        for settings in self.evaluations:
            if settings in paths:
                try:
                    read_evaluation(paths[settings])
                except DamagedError as error:
                    damaged.append(error)
        return notes + [set_aside(run, error) for error in damaged]

    def _with_weights(self, store: Store) -> TrainConfig:
        """Return the configuration with the checkpoint that it starts from."""
        if self.start is None:
            return self.config
        run = self.start.folder(store)
        if not run.is_complete:
            raise StoreError(f"{self.label} starts from {self.start.label}, which is not trained")
        digest = check_weights(run, self.start._trained(store))
        model = replace(self.config.model, weights=str(run.checkpoint_path), weights_digest=digest)
        return replace(self.config, model=model)

    def _set_other_start_aside(self, run: RunFolder, config: TrainConfig) -> list[str]:
        """Begin anew if the network that a begun training starts from was trained again."""
        if not run.config_path.exists():
            return []
        saved, _ = read_training(run)
        same = _without_weights(saved) == _without_weights(config)
        if not same or saved.model.weights_digest == config.model.weights_digest:
            return []
        reason = "was begun from another sitting of the training that it starts from"
        return [set_aside(run, DamagedError(run.config_path, reason, whole=True))]


def _between(progress: Progress, begin: float, end: float) -> Progress:
    """Return what reports the progress of a part as that of the whole, out of 1."""

    def tell(done: float, total: float, message: str = "") -> None:
        part = min(done / total, 1.0) if total else 0.0
        progress(begin + (end - begin) * part, 1.0, message)

    return tell


def _without_weights(config: TrainConfig) -> dict[str, Any]:
    table = config.to_table()
    for key in ("weights", "weights_digest"):
        del table["model"][key]
    return table


def merge(jobs: list[Job]) -> list[Job]:
    """Return the jobs with equal trainings united, every job after the one it starts from.

    Of equal trainings all evaluations are kept.

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
