"""One training with its evaluations: the unit of work, and how far it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from ...theory.errors import StoreError
from ...theory.progress import Progress, silent
from ..data import DataSet, load
from ..device import pick_device
from ..evaluation import Evaluation, EvaluationSettings, evaluate, load_all
from ..store import RunFolder, Store, read_json
from ..training import TrainConfig, TrainOptions, load_run, train


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

    @property
    def digest(self) -> str:
        """SHA-256 over the training and those it starts from, known before any is run."""
        table = self.config.to_table()
        for key in ("weights", "weights_digest"):
            del table["model"][key]
        parts = [table, self.start.digest if self.start else None]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def label(self) -> str:
        """Data, network, augmentation and objective of the last stage, seed."""
        model, last = self.config.model, self.config.stages[-1]
        words = [Path(self.config.data.name).name, model.name, model.group or ""]
        words += [last.augment.describe()]
        if last.objective.name != "natural":
            words.append(f"{last.objective.name} {last.objective.budget:.4g}")
        if len(self.config.stages) > 1:
            words.append(f"{len(self.config.stages)} stages")
        words.append(f"seed {self.config.seed}")
        return " ".join(word for word in words if word)

    def folder(self, store: Store) -> RunFolder:
        """Return where the job lies in a store."""
        return store.folder(self.label, self.digest)

    def state(self, store: Store) -> str:
        """Return "missing", "begun", "trained" or "done"."""
        run = self.folder(store)
        if not run.checkpoint_path.exists():
            return "missing"
        if not run.is_complete:
            return "begun"
        return "done" if self.missing(store) == () else "trained"

    def missing(self, store: Store) -> tuple[EvaluationSettings, ...]:
        """Return the evaluations that are not finished."""
        found = self.results(store)
        return tuple(settings for settings in self.evaluations if settings not in found)

    def results(self, store: Store) -> dict[EvaluationSettings, Evaluation]:
        """Return the finished evaluations that lie in the job's folder.

        Raises
        ------
        StoreError
            If one is of another network, or damaged.
        """
        run = self.folder(store)
        if not run.is_complete or not run.evaluations.is_dir():
            return {}
        fingerprint = read_json(run.provenance_path).get("fingerprint")
        found = {}
        for record in load_all(run.evaluations):
            if record.model["fingerprint"] != fingerprint:
                raise StoreError(
                    f"{run.evaluations} holds an evaluation of other weights than those of "
                    f"{run.path.name}; move it away"
                )
            if record.complete:
                found[record.settings] = record
        return found

    def run(
        self,
        store: Store,
        *,
        data_root: Path | None = None,
        data: DataSet | None = None,
        options: TrainOptions | None = None,
        progress: Progress = silent,
    ) -> None:
        """Do what is missing of the job; the job it starts from must be trained.

        Raises
        ------
        StoreError
            If the job it starts from is not trained, the folder is in use, or it holds
            something else.
        RunFailedError
            If the training diverges.
        """
        options = options or TrainOptions()
        run = self.folder(store)
        if data is None:
            name, seed = self.config.data.name, self.config.data.split_seed
            data = load(name, root=data_root, split_seed=seed)
        train(self._resolved(store), run.path, data=data, options=options, progress=progress)
        todo = self.missing(store)
        if not todo:
            return
        device = pick_device(options.device)
        model = load_run(run.path, device).model
        with run.locked():
            for settings in todo:
                evaluate(
                    model,
                    data,
                    settings,
                    folder=run.evaluations,
                    device=device,
                    progress=progress,
                )

    def _resolved(self, store: Store) -> TrainConfig:
        if self.start is None:
            return self.config
        run = self.start.folder(store)
        if not run.is_complete:
            raise StoreError(f"{self.label} starts from {self.start.label}, which is not trained")
        model = replace(self.config.model, weights=str(run.checkpoint_path))
        return dataclasses.replace(self.config, model=model)


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
        wanted = (known.evaluations if known else ()) + job.evaluations
        order[job.digest] = replace(job, evaluations=tuple(dict.fromkeys(wanted)))

    for job in jobs:
        add(job)
    return list(order.values())
