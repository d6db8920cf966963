"""What lies in a run folder: finished, damaged (set aside, made again), or not ours (refused).

Three things are told apart. A file that cannot be read, or whose checksum is wrong, is
*damaged*: it is moved into the hidden folder .aside and made again. A file that is whole but
of another training, network, protocol or version is *refused*, with the difference: it may be
somebody's work. Everything else is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import InputError, StoreError
from ...provenance import release
from ...store import LAYOUT, RunFolder, read_json
from ..attacks import CORRECTED, OFFICIAL, OFFICIAL_EQUIVARIANT
from ..evaluation import Evaluation, EvaluationSettings
from ..evaluation.files import read
from ..evaluation.record import SCHEMA
from ..training import TrainConfig
from ..training.checkpoint import file_digest, read_checkpoint

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
    expected = _protocol(settings, config)
    if protocol != expected:
        raise StoreError(
            f"{path} was made under other rules of attack: {_difference(protocol, expected)}; "
            "move it away"
        )
    return settings


def _protocol(settings: EvaluationSettings, config: TrainConfig) -> dict[str, Any]:
    if settings.protocol == "corrected":
        return CORRECTED.to_json()
    return (OFFICIAL if config.model.group is None else OFFICIAL_EQUIVARIANT).to_json()


def _difference(one: Any, other: dict[str, Any]) -> str:
    if not isinstance(one, dict):
        return repr(one)
    keys = sorted(set(one) | set(other))
    return "; ".join(
        f"{key} is {one.get(key)!r} there, {other.get(key)!r} here"
        for key in keys
        if one.get(key) != other.get(key)
    )


def _json(path: Path, *, whole: bool) -> dict[str, Any]:
    try:
        return read_json(path)
    except StoreError as error:
        raise DamagedError(path, str(error), whole=whole) from None
