"""The record of an evaluation: per-image outcomes, and every number that follows from them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks import choose
from ...errors import InputError, StoreError
from ...provenance import Provenance
from ...stats import LEVEL, Rate, mean_of, rate_of
from ..settings import EvaluationSettings

#: Version of the layout of saved evaluations; readers refuse others.
SCHEMA = 1

#: The parts of an evaluation in the order in which they are made, with their arrays. The last
#: axis of every array is the image. Arrays are predicted classes, except that "worst_keeps" and
#: "worst_correct" say whether the clean prediction survives the whole grid (and is right), and
#: "distance" is an l2 distance in pixels, infinite where none was found.
PARTS: dict[str, tuple[str, ...]] = {
    "clean": ("clean", "labels"),
    "rotation": ("rotation",),
    "translation": ("translation",),
    "both": ("both",),
    "worst": ("worst_keeps", "worst_correct"),
    "robustness": ("robustness_clean", "robustness"),
    "distance": ("distance",),
}

#: Kinds of profiles, with the attribute of the settings that holds their values.
PROFILES = {
    "rotation": "rotations",
    "translation": "translations",
    "both": "both",
    "robustness": "budgets",
}

Array = NDArray[Any]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Profile:
    """What becomes of every image at each of several settings, and the rates that follow.

    The paper's invariance profile is the rate of invariance against `values`, its robustness
    profile 1 - fooling rate (section 4): both are :meth:`unchanged`. :meth:`accuracy` is the
    other metric; the two can tell different stories, so both are always reported.

    Attributes
    ----------
    kind : str
        "rotation", "translation", "both", "robustness" or "worst".
    values : tuple of float
        The settings: largest angle in degrees; largest shift as a fraction of the side; i,
        for rotation to 180 i degrees with translation to i; l-infinity budget in pixels.
    keeps, correct : ndarray of bool (settings, repeats, images)
        Whether an image keeps the network's own prediction, and whether that is right. Where an
        adversary's best result counts, who may also leave an image alone, the clean prediction
        must be right, too.
    """

    kind: str
    values: tuple[float, ...]
    keeps: Booleans
    correct: Booleans

    def unchanged(self, setting: int, level: float = LEVEL) -> Rate:
        """Return the rate of invariance (for attacks: 1 - fooling rate) at a setting's number."""
        return rate_of(self.keeps[setting], level)

    def accuracy(self, setting: int, level: float = LEVEL) -> Rate:
        """Return the accuracy on changed images at a setting's number."""
        return rate_of(self.correct[setting], level)

    def number_of(self, value: float) -> int:
        """Return which setting has a value, up to rounding; InputError if none has."""
        for number, known in enumerate(self.values):
            if math.isclose(known, value, rel_tol=1e-9, abs_tol=1e-12):
                return number
        measured = ", ".join(f"{known:g}" for known in self.values)
        raise InputError("value", f"be one of the measured {measured}", value)

    def rows(self, level: float = LEVEL) -> list[dict[str, Any]]:
        """Return one plain JSON object a setting: value, and both metrics with intervals."""
        name = "one_minus_fooling_rate" if self.kind == "robustness" else "rate_of_invariance"
        return [
            {
                "value": value,
                name: self.unchanged(number, level).to_json(),
                "accuracy": self.accuracy(number, level).to_json(),
            }
            for number, value in enumerate(self.values)
        ]


@dataclass(eq=False)
class Evaluation:
    """Everything measured for one network at stated settings.

    Attributes
    ----------
    protocol : dict
        The rules of the attack in full.
    model : dict
        "fingerprint" (SHA-256 over weights), "class", "spec" (or None) of the network.
    data : dict
        "name", "part", "images" (how many), "digest" (SHA-256 over their pixels and labels).
    arrays : dict of ndarray
        Outcomes of every image; see :data:`PARTS`. They hold the first so many images: an
        evaluation that was interrupted is a valid record of what was finished.
    provenance : Provenance or None
        Seed, versions, commit, device, seconds in all.
    notes : list of str
        What a reader should know, for instance that a damaged file was moved aside.
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
        settings = self.settings.to_json()
        if not self.protocol.get("train_mode"):  # there batch-norm mixes the images of a batch
            del settings["batch_size"]
        parts = {
            "schema": SCHEMA,
            "settings": settings,
            "protocol": self.protocol,
            "fingerprint": self.model["fingerprint"],
            "images": self.data["digest"],
        }
        text = json.dumps(parts, sort_keys=True, allow_nan=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def images(self) -> int:
        """Number of images to be evaluated."""
        return int(self.data["images"])

    def totals(self) -> dict[str, int]:
        """Return how many images each wanted part has."""
        s, n = self.settings, self.images
        totals = {"clean": n}
        totals |= {part: n for part in ("rotation", "translation", "both") if self._values(part)}
        totals |= {"worst": n} if s.worst_rotation or s.worst_translation else {}
        totals |= {"robustness": n} if s.budgets else {}
        totals |= {"distance": min(n, s.distance_images)} if s.distance_images else {}
        return totals

    def done(self, part: str) -> int:
        """Return how many images of a part are finished."""
        found = [self.arrays[name].shape[-1] for name in PARTS[part] if name in self.arrays]
        return min(found) if len(found) == len(PARTS[part]) else 0

    def has(self, part: str) -> bool:
        """Return whether a part is wanted and finished."""
        total = self.totals().get(part)
        return total is not None and self.done(part) == total

    @property
    def complete(self) -> bool:
        """Whether every wanted part is finished."""
        return all(self.has(part) for part in self.totals())

    def append(self, part: str, new: dict[str, Array]) -> None:
        """Add `new` outcomes, of the next images, to a part; arrays by name, images last."""
        done = self.done(part)
        joined = {
            name: np.concatenate([self.arrays[name][..., :done], new[name]], axis=-1)
            if done
            else new[name]
            for name in PARTS[part]
        }
        self.arrays.update(joined)  # at once: an interruption finds all arrays of one length

    def natural_accuracy(self, level: float = LEVEL) -> Rate:
        """Return the accuracy on unchanged images; InputError if it is not measured yet."""
        self._need("clean")
        return rate_of(self.arrays["clean"] == self.arrays["labels"], level)

    def profile(self, kind: str) -> Profile:
        """Return the outcomes of a kind, as :class:`Profile`; InputError if there are none.

        "worst" has one setting, the largest rotation of its grid: `keeps` and `correct` say
        whether that is so under all of the grid, the image itself included.
        """
        choose("kind", kind, (*PROFILES, "worst"))
        self._need(kind)
        if kind == "worst":
            both = (self.arrays[f"worst_{name}"].astype(np.bool_) for name in ("keeps", "correct"))
            return Profile(kind, (self.settings.worst_rotation,), *(b[None, None] for b in both))
        found, clean, labels = (self.arrays[name] for name in (kind, "clean", "labels"))
        if kind == "robustness":
            found, clean = found[:, None], self.arrays["robustness_clean"]
        correct = found == labels
        if kind == "robustness" and best_counts(self.settings):
            correct &= clean == labels
        return Profile(kind, self._values(kind), found == clean, correct)

    def distances(self) -> NDArray[np.float32]:
        """Return l2 distances to the boundary in pixels, as DeepFool finds them, or infinity."""
        self._need("distance")
        return self.arrays["distance"]

    def summary(self, level: float = LEVEL) -> dict[str, Any]:
        """Return every finished number with its interval, as plain JSON values.

        "natural_accuracy"; "rotation", "translation", "both" and "robustness" as lists of rows
        (:meth:`Profile.rows`); "worst_case"; "distance", the mean of those found.
        """
        found: dict[str, Any] = {}
        if self.has("clean"):
            found["natural_accuracy"] = self.natural_accuracy(level).to_json()
        for kind in PROFILES:
            if self.has(kind):
                found[kind] = self.profile(kind).rows(level)
        if self.has("worst"):
            worst = self.profile("worst")
            found["worst_case"] = {
                "rotation": self.settings.worst_rotation,
                "translation": self.settings.worst_translation,
                "rate_of_invariance": worst.unchanged(0, level).to_json(),
                "accuracy": worst.accuracy(0, level).to_json(),
            }
        if self.has("distance"):
            l2 = self.distances()
            l2 = l2[np.isfinite(l2)]
            mean = mean_of(l2, level) if len(l2) else None
            interval = mean.interval if mean else None
            if interval is not None:  # a distance is never below 0
                interval = interval._replace(low=max(interval.low, 0.0))
            found["distance"] = {
                "value": mean.value if mean else None,
                "count": len(l2),
                "interval": interval._asdict() if interval else None,
                "missing": len(self.distances()) - len(l2),
            }
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
    def from_json(cls, data: dict[str, Any], arrays: dict[str, Array]) -> Evaluation:
        """Rebuild a record; StoreError if anything is missing, garbled, or does not fit."""
        if data.get("schema") != SCHEMA:
            schema = data.get("schema")
            raise StoreError(
                f"evaluations have schema {schema}, this version reads schema {SCHEMA}"
            )
        try:
            parts = {name: data[name] for name in ("protocol", "model", "data")}
            for name, value in parts.items():
                if not isinstance(value, dict):
                    raise TypeError(f"{name} (no mapping)")
            given = data["provenance"]
            made = cls(
                settings=EvaluationSettings.from_json(data["settings"]),
                **parts,
                arrays=arrays,
                provenance=None if given is None else Provenance(**given),
                notes=[str(note) for note in data["notes"]],
            )
            identity = made.identity
            made._check_arrays()
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"an evaluation lacks or garbles {error}") from None
        if identity != data.get("identity"):
            raise StoreError("an evaluation was changed by hand: its identity does not fit it")
        return made

    def _values(self, kind: str) -> tuple[float, ...]:
        values: tuple[float, ...] = getattr(self.settings, PROFILES[kind])
        return values

    def _need(self, part: str) -> None:
        if not self.has(part):
            raise InputError("part", "name a part that was measured and is finished", part)

    def _check_arrays(self) -> None:
        """Raise ValueError if an array has another shape or type than its part says."""
        for part, total in self.totals().items():
            leading: tuple[int, ...] = ()
            if part in PROFILES:
                repeats = () if part == "robustness" else (self.settings.repeats,)
                leading = (len(self._values(part)), *repeats)
            for name in PARTS[part]:
                array = self.arrays.get(name)
                if array is None:
                    continue
                wanted = leading if name != "robustness_clean" else ()
                shape, types = array.shape, "f" if name == "distance" else "iub"
                fits = shape[:-1] == wanted and shape and shape[-1] <= total
                if not fits or array.dtype.kind not in types:
                    raise ValueError(f"the array {name}, {array.dtype} of shape {shape}")


def best_counts(settings: EvaluationSettings) -> bool:
    """Return whether the best result of an attack counts, not the last iterate."""
    return settings.attack != "pgd" or settings.iterate == "best"
