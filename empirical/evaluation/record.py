"""The record of an evaluation: per-image outcomes, and every number that follows from them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, StoreError
from ...provenance import Provenance
from ...stats import LEVEL, Rate, rate_of
from .attacked import Distances, best_counts
from .profile import Profile
from .settings import EvaluationSettings, digest_of_json
from .worst import WorstCase

#: Version of the layout of saved evaluations; readers refuse others.
SCHEMA = 1

#: The parts of an evaluation in the order in which they are made, with their arrays. The last
#: axis of every array is the image.
PARTS: dict[str, tuple[str, ...]] = {
    "clean": ("clean", "labels"),
    "rotation": ("rotation",),
    "translation": ("translation",),
    "both": ("both",),
    "worst": ("worst_keeps", "worst_correct"),
    "robustness": ("robustness_clean", "robustness"),
    "distance": ("distance",),
}

Array = NDArray[Any]


@dataclass(eq=False)
class Evaluation:
    """Everything measured for one network at stated settings.

    Attributes
    ----------
    settings : EvaluationSettings
        What was to be measured.
    protocol : dict
        The rules of the attack in full.
    model : dict
        "fingerprint" (SHA-256 over weights), "class", "spec" (or None) of the network.
    data : dict
        "name", "part", "images" (how many), "digest" (SHA-256 over their pixels and labels).
    arrays : dict of ndarray
        Outcomes of every image; see :data:`PARTS`. Predictions are integers, distances
        float32.
    provenance : Provenance or None
        Seed, versions, commit, device, seconds in all.
    notes : list of str
        What a reader should know, for instance that a damaged file was moved aside.

    Notes
    -----
    Arrays hold the first so many images: an evaluation that was interrupted is a valid
    record of what was finished, and goes on from there.
    """

    settings: EvaluationSettings
    protocol: dict[str, Any]
    model: dict[str, Any]
    data: dict[str, Any]
    arrays: dict[str, Array] = field(default_factory=dict)
    provenance: Provenance | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """SHA-256 over settings, protocol, weights, images and schema, in hexadecimal."""
        parts = {
            "schema": SCHEMA,
            "settings": self._defining(),
            "protocol": self.protocol,
            "fingerprint": self.model["fingerprint"],
            "images": self.data["digest"],
        }
        return digest_of_json(parts)

    def _defining(self) -> dict[str, Any]:
        """Return the settings that outcomes depend on."""
        settings = self.settings.to_json()
        if not self.protocol.get("train_mode"):  # there batch-norm mixes the images of a batch
            del settings["batch_size"]
        return settings

    @property
    def images(self) -> int:
        """Number of images to be evaluated."""
        return int(self.data["images"])

    def totals(self) -> dict[str, int]:
        """Return how many images each wanted part has."""
        s, n = self.settings, self.images
        totals = {"clean": n}
        totals |= {"rotation": n} if s.rotations else {}
        totals |= {"translation": n} if s.translations else {}
        totals |= {"both": n} if s.both else {}
        totals |= {"worst": n} if s.worst_rotation or s.worst_translation else {}
        totals |= {"robustness": n} if s.budgets else {}
        totals |= {"distance": min(n, s.distance_images)} if s.distance_images else {}
        return totals

    def done(self, part: str) -> int:
        """Return how many images of a part are finished."""
        found = [self.arrays[name].shape[-1] for name in PARTS[part] if name in self.arrays]
        return min(found) if len(found) == len(PARTS[part]) else 0

    @property
    def complete(self) -> bool:
        """Whether every wanted part is finished."""
        return all(self.done(part) == total for part, total in self.totals().items())

    def append(self, part: str, new: dict[str, Array]) -> None:
        """Add `new` outcomes, of the next images, to a part; arrays by name, images last."""
        done, joined = self.done(part), {}
        for name in PARTS[part]:
            parts = [self.arrays[name][..., :done]] if done else []
            joined[name] = np.concatenate([*parts, new[name]], axis=-1)
        self.arrays.update(joined)  # at once: an interruption finds all arrays of one length

    def natural_accuracy(self, level: float = LEVEL) -> Rate:
        """Return the accuracy on unchanged images with an interval at `level`.

        Raises
        ------
        InputError
            If it is not measured yet.
        """
        self._need("clean")
        return rate_of(self.arrays["clean"] == self.arrays["labels"], level)

    def profile(self, kind: str) -> Profile:
        """Return the profile of a `kind`: "rotation", "translation", "both" or "robustness".

        Raises
        ------
        InputError
            If it was not measured, or is not finished.
        """
        s = self.settings
        values = {
            "rotation": s.rotations,
            "translation": s.translations,
            "both": s.both,
            "robustness": s.budgets,
        }
        if kind not in values:
            raise InputError("kind", "be one of " + ", ".join(values), kind)
        self._need(kind)
        changed = self.arrays[kind].astype(np.int64)
        clean, best = self.arrays["clean"], False
        if kind == "robustness":
            changed, clean = changed[:, None], self.arrays["robustness_clean"]
            best = best_counts(s.attack, s.iterate)
        labels = self.arrays["labels"].astype(np.int64)
        return Profile(kind, values[kind], clean.astype(np.int64), changed, labels, best)

    def has(self, part: str) -> bool:
        """Return whether a part is wanted and finished."""
        total = self.totals().get(part)
        return total is not None and self.done(part) == total

    def distances(self) -> Distances:
        """Return the distances to the decision boundary; InputError if there are none."""
        self._need("distance")
        return Distances(self.arrays["distance"])

    def worst_case(self) -> WorstCase:
        """Return the worst-of-grid outcomes; InputError if there are none."""
        self._need("worst")
        keeps, correct = self.arrays["worst_keeps"], self.arrays["worst_correct"]
        return WorstCase(keeps.astype(np.bool_), correct.astype(np.bool_))

    def summary(self, level: float = LEVEL) -> dict[str, Any]:
        """Return every finished number with its interval, computed from the outcomes.

        Parameters
        ----------
        level : float
            Confidence level.

        Returns
        -------
        dict
            Plain JSON values: "natural_accuracy"; "rotation", "translation", "both" and
            "robustness" as lists of rows (:meth:`Profile.rows`); "worst_case"; "distance".
            Unfinished parts are left out.
        """
        found: dict[str, Any] = {}
        if self.has("clean"):
            found["natural_accuracy"] = self.natural_accuracy(level).to_json()
        for kind in ("rotation", "translation", "both", "robustness"):
            if self.has(kind):
                found[kind] = self.profile(kind).rows(level)
        if self.has("worst"):
            worst = self.worst_case()
            found["worst_case"] = {
                "rotation": self.settings.worst_rotation,
                "translation": self.settings.worst_translation,
                "rate_of_invariance": worst.unchanged(level).to_json(),
                "accuracy": worst.accuracy(level).to_json(),
            }
        if self.has("distance"):
            found["distance"] = self.distances().to_json(level)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return everything but the arrays as plain JSON values."""
        return {
            "schema": SCHEMA,
            "identity": self.identity,
            "complete": self.complete,
            "settings": self.settings.to_json(),
            "protocol": self.protocol,
            "model": self.model,
            "data": self.data,
            "parts": {
                part: {"done": self.done(part), "images": total}
                for part, total in self.totals().items()
            },
            "summary": self.summary(),
            "notes": list(self.notes),
            "provenance": None if self.provenance is None else dataclasses.asdict(self.provenance),
        }

    @classmethod
    def from_json(cls, data: Any, arrays: dict[str, Array]) -> Evaluation:
        """Rebuild a record from its JSON part `data` and its arrays.

        Raises
        ------
        StoreError
            If the schema is another one, or anything is missing, garbled, or does not fit
            the rest.
        """
        found = data.get("schema") if isinstance(data, dict) else None
        if found != SCHEMA:
            raise StoreError(f"evaluations have schema {found}, this version reads schema {SCHEMA}")
        try:
            given = data["provenance"]
            made = cls(
                settings=EvaluationSettings.from_json(data["settings"]),
                protocol=_mapping(data, "protocol"),
                model=_mapping(data, "model"),
                data=_mapping(data, "data"),
                arrays=arrays,
                provenance=None if given is None else Provenance(**given),
                notes=[str(note) for note in data["notes"]],
            )
            identity = made.identity
            _check_arrays(made)
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"an evaluation lacks or garbles {error}") from None
        if identity != data.get("identity"):
            raise StoreError("an evaluation was changed by hand: its identity does not fit it")
        return made

    def _need(self, part: str) -> None:
        if not self.has(part):
            rule = "name a part that was measured and is finished"
            raise InputError("part", rule, part)


def _mapping(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name} (no mapping)")
    return value


def _check_arrays(record: Evaluation) -> None:
    """Raise ValueError if an array has another shape or type than its part says."""
    s = record.settings
    leading = {
        "rotation": (len(s.rotations), s.repeats),
        "translation": (len(s.translations), s.repeats),
        "both": (len(s.both), s.repeats),
        "robustness": (len(s.budgets),),
    }
    for part, total in record.totals().items():
        for name in PARTS[part]:
            array = record.arrays.get(name)
            if array is None:
                continue
            kind = "f" if name == "distance" else "iub"
            shape = array.shape
            fits = shape[:-1] == leading.get(name, ()) and shape and shape[-1] <= total
            if not fits or array.dtype.kind not in kind:
                raise ValueError(f"the array {name}, {array.dtype} of shape {shape}")
