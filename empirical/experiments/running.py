"""How far a job is, what is in its way, and doing it.

Three things are told apart in a run folder. A file that cannot be read, or whose checksum is
wrong, is *damaged*: it is moved into the hidden folder .aside and made again. A file that is whole
but of another training, network, protocol or version is *refused*, with the difference: it may be
somebody's work. Everything else is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...config import difference
from ...errors import InputError, StoreError
from ...progress import Progress, silent
from ...provenance import release
from ...store import LAYOUT, RunFolder, Store, read_json
from ..attacks import CORRECTED, OFFICIAL, OFFICIAL_EQUIVARIANT
from ..data import DataSet
from ..device import pick_device
from ..evaluation import Evaluation, evaluate
from ..evaluation.files import read
from ..evaluation.record import SCHEMA
from ..settings import EvaluationSettings, TrainConfig, TrainOptions
from ..training import load_run, train
from ..training.checkpoint import file_digest, read_checkpoint
from .job import Job, without_weights

#: Share of a job's progress that its training gets; the rest goes to its evaluations.
_TRAINING = 0.7
#: What provenance must tell.
_NEEDED = ("digest", "data_digest", "checkpoint_sha256", "fingerprint", "versions", "seconds")


class DamagedError(StoreError):
    """A file of a run folder cannot be read, or does not fit its checksum.

    If `whole`, the training must be done again because of it; otherwise only an evaluation.
    """

    def __init__(self, path: Path, reason: str, *, whole: bool) -> None:
        super().__init__(f"{path} is damaged: {reason}")
        self.path = path
        self.reason = reason
        self.whole = whole


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
    if paths.keys() >= set(job.evaluations):
        return "done"
    return "damaged" if damaged else "trained"


def results_of(job: Job, store: Store) -> dict[EvaluationSettings, Evaluation]:
    """Return the job's finished evaluations in a `store`, read and checked."""
    if not job.folder(store).is_complete:
        return {}
    paths, damaged = _finished(job, store)
    if damaged and not paths.keys() >= set(job.evaluations):
        raise damaged[0]
    return {s: read_evaluation(paths[s]) for s in job.evaluations if s in paths}


def run_job(
    job: Job,
    store: Store,
    data: DataSet,
    *,
    options: TrainOptions | None = None,
    progress: Progress = silent,
    trainer: Callable[..., Any] = train,
) -> list[str]:
    """Do what is missing of the job; return what was moved aside, and why.

    The job it starts from must be trained. Damaged files are moved into the hidden folder .aside of
    the run folder, and made again. Progress is told the share that is done, out of 1.

    DamagedError if the network it starts from is damaged; StoreError if the job it starts from is
    not trained, the folder is in use, or holds something else; RunFailedError if it diverges.
    """
    options = options or TrainOptions()
    run = job.folder(store)
    notes = _mend(job, store) if run.path.exists() else []
    if state_of(job, store) == "done":
        return notes
    begun = 0.0
    if not run.is_complete:
        config = _with_weights(job, store)
        notes += _set_other_start_aside(job, run, config)
        begun = _TRAINING if job.evaluations else 1.0
        told = _between(progress, 0.0, begun)
        trainer(config, run.path, data=data, options=options, progress=told)
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


def read_training(run: RunFolder) -> tuple[TrainConfig, dict[str, Any]]:
    """Return what a folder was trained for, and its provenance ({} if it is not finished).

    DamagedError if a file cannot be read; StoreError for another version's layout.
    """
    if not run.config_path.exists():
        if run.checkpoint_path.exists() or run.is_complete:
            raise DamagedError(run.config_path, "it is missing", whole=True)
        return TrainConfig(), {}
    document = _json(run.config_path, whole=True)
    if document.get("layout") != LAYOUT:
        raise StoreError(
            f"{run.path} has layout {document.get('layout')}, this version reads layout {LAYOUT}; "
            "move it away, or choose another folder"
        )
    try:
        config = TrainConfig.from_table(document["config"])
    except (KeyError, TypeError, AttributeError, InputError) as error:
        raise DamagedError(run.config_path, str(error), whole=True) from None
    if run.is_complete:
        provenance = _json(run.provenance_path, whole=True)
        lacking = [key for key in _NEEDED if key not in provenance]
        if not isinstance(provenance.get("versions"), dict):
            lacking.append("versions")
        if lacking:
            raise DamagedError(run.provenance_path, f"it lacks {lacking[0]}", whole=True)
        return config, provenance
    path = run.metrics_path
    try:
        run.read_metrics()
        if (path := run.checkpoint_path).exists():
            read_checkpoint(path)
    except StoreError as error:
        raise DamagedError(path, str(error), whole=True) from None
    return config, {}


def check_weights(run: RunFolder, provenance: dict[str, Any]) -> str:
    """Return the SHA-256 of a finished training's checkpoint; DamagedError if it has another."""
    path = run.checkpoint_path
    if not path.is_file():
        raise DamagedError(path, "it is missing", whole=True)
    digest = file_digest(path)
    if digest != provenance["checkpoint_sha256"]:
        raise DamagedError(path, "its SHA-256 is not that of provenance.json", whole=True)
    return digest


def finished_evaluations(
    run: RunFolder, config: TrainConfig, provenance: dict[str, Any], *, any_version: bool = False
) -> tuple[dict[EvaluationSettings, Path], list[DamagedError]]:
    """Return a trained network's finished evaluations, by their JSON files alone, and damage.

    Evaluations on other images (another part, other data) are nobody's business here. StoreError
    if one is of other weights or rules of attack, or, unless `any_version`, of another release.
    """
    paths: dict[EvaluationSettings, Path] = {}
    damaged: list[DamagedError] = []
    for path in sorted(run.evaluations.glob("*-????????????.json")):
        try:
            document = _json(path, whole=False)
            settings = _settings(path, document, config, provenance)
            if settings is None or not document.get("complete"):
                continue
            if not path.with_suffix(".npz").is_file():
                reason = f"{path.with_suffix('.npz').name} is missing"
                raise DamagedError(path, reason, whole=False)
            if not any_version:
                check_release(document.get("provenance") or {}, f"{path} was made")
        except DamagedError as error:
            damaged.append(error)
            continue
        paths.setdefault(settings, path)
    return paths, damaged


def read_evaluation(path: Path) -> Evaluation:
    """Return a finished evaluation; DamagedError if its arrays are not what was written."""
    try:
        return read(path)
    except StoreError as error:
        raise DamagedError(path, str(error), whole=False) from None


def check_release(provenance: dict[str, Any], what: str) -> None:
    """Raise StoreError for results of another release of spadv (its first two numbers).

    The message begins with `what`, such as "runs/x was trained".
    """
    here = release()
    there = str(provenance.get("versions", {}).get("spadv", "of an unknown version"))
    if here.split(".")[:2] != there.split(".")[:2]:
        raise StoreError(
            f"{what} by spadv {there}, this is {here}: numbers may differ; choose another "
            "folder, or mix them knowingly (--any-version)"
        )


def set_aside(run: RunFolder, error: DamagedError) -> str:
    """Move what is damaged, and what was made from it, into .aside; return what was done."""
    if error.whole:
        paths = [run.config_path, run.metrics_path, run.checkpoint_path]
        paths += [run.provenance_path, run.evaluations]
    else:
        paths = [error.path.with_suffix(".json"), error.path.with_suffix(".npz")]
    number = 1
    while (target := run.path / ".aside" / str(number)).exists():
        number += 1
    try:
        target.mkdir(parents=True)
        for path in paths:
            if path.exists():
                path.rename(target / path.name)
    except OSError as problem:
        raise StoreError(f"cannot move {error.path} aside: {problem.strerror}") from None
    kept = target.relative_to(run.path)
    what = "the training" if error.whole else "the evaluation"
    return f"{error.path}: {error.reason}; moved to {kept}, {what} is done again"


def _settings(
    path: Path, document: dict[str, Any], config: TrainConfig, provenance: dict[str, Any]
) -> EvaluationSettings | None:
    """Return the settings of an evaluation; None if it is on other images."""
    if document.get("schema") != SCHEMA:
        raise StoreError(
            f"{path} has schema {document.get('schema')}, this version reads schema {SCHEMA}; "
            "move it away"
        )
    try:
        settings = EvaluationSettings.from_json(document["settings"])
        protocol, weights = document["protocol"], str(document["model"]["fingerprint"])
        images, part = document["data"]["data_set_digest"], document["data"]["part"]
    except (KeyError, TypeError, StoreError) as error:
        raise DamagedError(path, str(error), whole=False) from None
    if weights != provenance["fingerprint"]:
        raise StoreError(
            f"{path} is of other weights ({weights[:12]}) than the training beside it "
            f"({provenance['fingerprint'][:12]}); move it away"
        )
    if images != provenance["data_digest"] or part != "test":
        return None
    rules = CORRECTED
    if settings.protocol == "official":
        rules = OFFICIAL if config.model.group is None else OFFICIAL_EQUIVARIANT
    if protocol != rules.to_json():
        apart = difference(rules.to_json(), protocol) if isinstance(protocol, dict) else protocol
        raise StoreError(f"{path} was made under other rules of attack: {apart}; move it away")
    return settings


def _json(path: Path, *, whole: bool) -> dict[str, Any]:
    try:
        return read_json(path)
    except StoreError as error:
        raise DamagedError(path, str(error), whole=whole) from None
