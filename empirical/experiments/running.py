"""How far a job is, what is in its way, and doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import StoreError
from ...progress import Progress, silent
from ...store import RunFolder, Store
from ..data import DataSet, load
from ..device import pick_device
from ..evaluation import Evaluation, evaluate
from ..settings import EvaluationSettings, TrainConfig, TrainOptions
from ..training import load_run, train
from .integrity import (
    DamagedError,
    check_release,
    check_weights,
    finished_evaluations,
    read_evaluation,
    read_training,
    set_aside,
)
from .job import Job, without_weights

#: How a training is done: configuration, folder, data, options, progress.
Trainer = Callable[[TrainConfig, Path, DataSet, TrainOptions, Progress], None]

#: Share of a job's progress that its training gets; the rest goes to its evaluations.
_TRAINING = 0.7


def train_here(
    config: TrainConfig, folder: Path, data: DataSet, options: TrainOptions, progress: Progress
) -> None:
    """Train in this process."""
    train(config, folder, data=data, options=options, progress=progress)


def state_of(job: Job, store: Store) -> str:
    """Return how far the job is in a `store`: missing, begun, trained, done or damaged.

    Arrays of outcomes are not read: a damaged array is found by :func:`results_of` and
    :func:`run_job`. StoreError if the folder holds another training, or another version's.
    """
    run = job.folder(store)
    if not run.is_complete:
        return "begun" if run.checkpoint_path.exists() else "missing"
    try:
        paths, damaged = _finished(job, store)
    except DamagedError:
        return "damaged"
    if _has_all(job, paths):
        return "done"
    return "damaged" if damaged else "trained"


def results_of(job: Job, store: Store) -> dict[EvaluationSettings, Evaluation]:
    """Return the job's finished evaluations in a `store`, read and checked."""
    if not job.folder(store).is_complete:
        return {}
    paths, damaged = _finished(job, store)
    if damaged and not _has_all(job, paths):
        raise damaged[0]
    return {s: read_evaluation(paths[s]) for s in job.evaluations if s in paths}


def run_job(
    job: Job,
    store: Store,
    *,
    data_root: Path | None = None,
    data: DataSet | None = None,
    options: TrainOptions | None = None,
    progress: Progress = silent,
    trainer: Trainer = train_here,
) -> list[str]:
    """Do what is missing of the job; return what was moved aside, and why.

    The job it starts from must be trained. Damaged files are moved into the hidden folder .aside of
    the run folder, and made again. Data are the job's own, loaded, or lie under `data_root`;
    progress is told the share that is done, out of 1.

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
    run = job.folder(store)
    notes = _mend(job, store) if run.path.exists() else []
    if state_of(job, store) == "done":
        return notes
    if data is None:
        asked = job.config.data
        data = load(asked.name, root=data_root, split_seed=asked.split_seed, size=asked.size)
    begun = 0.0
    if not run.is_complete:
        config = _with_weights(job, store)
        notes += _set_other_start_aside(job, run, config)
        begun = _TRAINING if job.evaluations else 1.0
        trainer(config, run.path, data, options, _between(progress, 0.0, begun))
    found = _trained(job, store).get("data_digest")
    if found != data.digest:
        raise StoreError(
            f"{run.path} was trained on other images of {data.name} (digest {found}, now "
            f"{data.digest}); choose another folder"
        )
    paths, _ = _finished(job, store)
    todo = [settings for settings in job.evaluations if settings not in paths]
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


def _trained(job: Job, store: Store) -> dict[str, Any]:
    """Return the provenance of the finished training, once it is known to be this job's."""
    run = job.folder(store)
    saved, provenance = read_training(run)
    if without_weights(saved) != without_weights(job.config):
        raise StoreError(
            f"{run.path} holds another training: {job.config.difference(saved)}; "
            "move it away, or choose another folder"
        )
    if not store.any_version:
        check_release(provenance, f"{run.path} was trained")
    return provenance


def _finished(job: Job, store: Store) -> tuple[dict[EvaluationSettings, Path], list[DamagedError]]:
    """Return the evaluations of the finished training, and what is damaged of them."""
    provenance, any_version = _trained(job, store), store.any_version
    run = job.folder(store)
    return finished_evaluations(run, job.config, provenance, any_version=any_version)


def _has_all(job: Job, paths: Mapping[EvaluationSettings, Path]) -> bool:
    return all(settings in paths for settings in job.evaluations)


def _mend(job: Job, store: Store) -> list[str]:
    """Move what is damaged aside; return what and why, in words."""
    run, notes = job.folder(store), list[str]()
    with run.locked():
        try:
            if run.is_complete:
                check_weights(run, _trained(job, store))
            else:
                read_training(run)
        except DamagedError as error:
            notes.append(set_aside(run, error))
        if not run.is_complete:
            return notes
        paths, damaged = _finished(job, store)
        for settings in job.evaluations:
            if settings in paths:
                try:
                    read_evaluation(paths[settings])
                except DamagedError as error:
                    damaged.append(error)
        return notes + [set_aside(run, error) for error in damaged]


def _with_weights(job: Job, store: Store) -> TrainConfig:
    """Return the configuration with the checkpoint that it starts from."""
    if job.start is None:
        return job.config
    run = job.start.folder(store)
    if not run.is_complete:
        raise StoreError(f"{job.label} starts from {job.start.label}, which is not trained")
    digest = check_weights(run, _trained(job.start, store))
    model = replace(job.config.model, weights=str(run.checkpoint_path), weights_digest=digest)
    return replace(job.config, model=model)


def _set_other_start_aside(job: Job, run: RunFolder, config: TrainConfig) -> list[str]:
    """Begin anew if the network that a begun training starts from was trained again."""
    if not run.config_path.exists():
        return []
    with run.locked():
        saved, _ = read_training(run)
        same = without_weights(saved) == without_weights(config)
        if not same or saved.model.weights_digest == config.model.weights_digest:
            return []
        reason = "was begun from another run of the training that it starts from"
        return [set_aside(run, DamagedError(run.config_path, reason, whole=True))]


def _between(progress: Progress, begin: float, end: float) -> Progress:
    """Return what reports the progress of a part as that of the whole, out of 1."""

    def tell(done: float, total: float, message: str = "") -> None:
        part = min(done / total, 1.0) if total else 0.0
        progress(begin + (end - begin) * part, 1.0, message)

    return tell
