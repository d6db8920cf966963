"""One call that measures everything for one network, saves as it goes, and goes on again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ...errors import InputError, StoreError
from ...progress import Progress, silent
from ..attacks import attacking
from ..attacks.context import unwrap
from ..attacks.protocol import make_space, resolve
from ..data import DataSet, Images, digest_of
from ..device import make_provenance
from ..randomness import make_generator
from ..training.checkpoint import fingerprint
from . import files
from .attacked import boundary_distance, robustness_profile
from .invariance import motion_of, moved_predictions
from .prediction import (
    BATCH,
    Source,
    check_fit,
    device_of,
    first_logits,
    predict,
    predicting,
    slices,
)
from .record import Array, Evaluation
from .settings import EvaluationSettings
from .worst import worst_case

#: Images a block: what is done between two points at which an interrupted evaluation can go
#: on; for attacks fewer, since they take long. Part of the definition of the results: every
#: block of an attack has its own generator, and no batch spans two blocks.
BLOCK = 1000
ATTACK_BLOCK = 250

#: Seconds between two saves within a part.
PAUSE = 20.0

#: Images on which a record's predictions are compared with the network's before going on.
RECHECK = 200

_Block = Callable[[slice], dict[str, Array]]


def evaluate(
    model: nn.Module,
    data: DataSet | Images,
    settings: EvaluationSettings | None = None,
    *,
    folder: Path | str | None = None,
    name: str = "evaluation",
    part: str = "test",
    device: torch.device | str | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Measure a network as the settings say.

    Parameters
    ----------
    model : torch.nn.Module
        From pixels in [0, 1], (B, C, H, W), to logits (B, classes). Its modes are restored.
    data : DataSet or Images
        What to evaluate on.
    settings : EvaluationSettings, optional
        The paper's, for grey or colour images, by default.
    folder : Path or str, optional
        Where results are saved as they come, under NAME-DIGEST. Finished parts found there
        are not computed again; settings, weights and images are part of the digest.
    name : str
        Beginning of the files' names.
    part : str
        "train", "validation" or "test" of a data set.
    device : device, optional
        The network is moved there and stays; None leaves it where it is.
    progress : Progress
        Told of images times forward passes, roughly.

    Returns
    -------
    Evaluation
        Complete.

    Raises
    ------
    InputError
        If images and network do not fit, or there are fewer images than asked for.
    RunFailedError
        If the network's logits are not numbers.
    StoreError
        If the folder cannot be written, or what it holds came from another network.

    Notes
    -----
    The same settings, weights and images give the same outcomes on one machine, interrupted
    or not, whatever else is measured: each part has random numbers of its own. Random numbers
    are drawn on the CPU and do not depend on the device.
    """
    images, described = _images(data, part)
    settings = settings or EvaluationSettings.for_channels(images.pixels.shape[1])
    images = _chosen(images, settings)
    if device is not None:
        model.to(device)
    _check_network(model, images, data)
    protocol = resolve(settings.protocol, model)
    if settings.budgets:
        make_space(unwrap(model), images.batch(slice(0, 1))[0], protocol)  # before work begins
    record = Evaluation(
        settings=settings,
        protocol=protocol.to_json(),
        model=_describe(model),
        data={**described, "images": len(images), "digest": digest_of(images)},
    )
    if folder is not None:
        record = files.resume(record, folder, name)
    return _Run(model, images, record, folder, name, progress).finish()


class _Run:
    """An evaluation going on."""

    def __init__(
        self,
        model: nn.Module,
        images: Images,
        record: Evaluation,
        folder: Path | str | None,
        name: str,
        progress: Progress,
    ) -> None:
        self.model = model
        self.images = images
        self.record = record
        self.folder = folder
        self.name = name
        self.progress = progress
        self.settings = record.settings
        self.device = device_of(model)
        earlier = record.provenance
        self._seconds = 0.0 if earlier is None else earlier.seconds
        self._begun = self._saved = time.monotonic()
        self._cost = _costs(self.settings)
        count = (len(images), self.settings.repeats, 3)
        generator = make_generator(self.settings.seed, "evaluation", "motions")
        # One row an image: more repeats, or fewer images, leave the numbers of the others.
        drawn = torch.rand(count, generator=generator, dtype=torch.float64)
        self.draws = drawn.transpose(0, 1)

    def finish(self) -> Evaluation:
        """Do what is not done yet; return the record."""
        if self.record.complete:
            self._recheck()
            return self.record
        if self.record.done("clean"):
            self._recheck()
        parts: dict[str, _Block] = {
            "clean": self._clean,
            "rotation": lambda block: self._moved("rotation", block),
            "translation": lambda block: self._moved("translation", block),
            "both": lambda block: self._moved("both", block),
            "worst": self._worst,
            "robustness": self._robustness,
            "distance": self._distance,
        }
        try:
            for part, total in self.record.totals().items():
                done = self.record.done(part)
                while done < total:
                    # The grid of blocks does not depend on where an earlier process stopped.
                    size = ATTACK_BLOCK if part in ("robustness", "distance") else BLOCK
                    block = slice(done, min((done // size + 1) * size, total))
                    self.record.append(part, parts[part](block))
                    done = block.stop
                    self._tell(part)
                    if done == total or time.monotonic() - self._saved > PAUSE:
                        self._save()
        except KeyboardInterrupt:
            self._save()
            raise
        self._save()
        return self.record

    def _clean(self, block: slice) -> dict[str, Array]:
        chosen = self.images.subset(block)
        found = predict(self.model, chosen, precision=self.settings.precision)
        return {"clean": _small(found), "labels": _small(chosen.labels.cpu())}

    def _moved(self, kind: str, block: slice) -> dict[str, Array]:
        settings, values = self.settings, self._values(kind)
        motions = [motion_of(kind, value) for value in values]
        source = Source(self.images.subset(block))
        draws = self.draws[:, block]
        found = torch.empty((len(motions), len(draws), len(source)), dtype=torch.int64)
        with predicting(self.model, source, None, settings.precision) as ready:
            for part in slices(len(source), BATCH):
                pixels = source.pixels[part].to(ready.device, non_blocking=True)
                own = draws[:, part].to(ready.device, non_blocking=True)
                found[:, :, part] = moved_predictions(ready, pixels, motions, own)[1].cpu()
            ready.finish()
        return {kind: _small(found)}

    def _worst(self, block: slice) -> dict[str, Array]:
        found = worst_case(
            self.model,
            self.images.subset(block),
            rotation=self.settings.worst_rotation,
            translation=self.settings.worst_translation,
            precision=self.settings.precision,
            progress=self._within("worst", block),
        )
        assert found.correct is not None  # images carry labels
        return {"worst_keeps": found.keeps, "worst_correct": found.correct}

    def _robustness(self, block: slice) -> dict[str, Array]:
        s = self.settings
        generator = make_generator(s.seed, "evaluation", "attack", block.start // ATTACK_BLOCK)
        found = robustness_profile(
            self.model,
            self.images.subset(block),
            budgets=s.budgets,
            attack=s.attack,
            steps=s.steps,
            step_size=s.step_size,
            restarts=s.restarts,
            iterate=s.iterate,
            protocol=s.protocol,
            generator=generator,
            batch_size=s.batch_size,
            precision=s.precision,
            progress=self._within("robustness", block),
        )
        changed = torch.from_numpy(found.changed[:, 0])
        clean = torch.from_numpy(found.clean)
        return {"robustness_clean": _small(clean), "robustness": _small(changed)}

    def _distance(self, block: slice) -> dict[str, Array]:
        chosen = self.images.subset(block)
        found = boundary_distance(
            self.model,
            chosen,
            batch_size=self.settings.batch_size,
            progress=self._within("distance", block),
        )
        return {"distance": found.l2}

    def _values(self, kind: str) -> tuple[float, ...]:
        s = self.settings
        return {"rotation": s.rotations, "translation": s.translations, "both": s.both}[kind]

    def _recheck(self) -> None:
        """Raise StoreError if the record's predictions are not this network's."""
        count = min(RECHECK, self.record.done("clean"))
        chosen = self.images.take(count)
        found = predict(self.model, chosen, precision=self.settings.precision).numpy()
        other = int((found != self.record.arrays["clean"][:count]).sum())
        # Another device may round a close decision otherwise; another network differs more.
        if other > 0.02 * count:
            stem = files.stem_of(self.record, self.name)
            raise StoreError(
                f"{self.folder}/{stem}.json was made by other code: {other} of {count} predictions "
                "differ although settings, weights and images are the same; move it away to "
                "evaluate anew"
            )

    def _save(self) -> None:
        seconds = self._seconds + time.monotonic() - self._begun
        made = make_provenance(self.settings.seed, seconds, self.device)
        self.record.provenance = made
        if self.folder is not None:
            files.save(self.record, self.folder, self.name)
        self._saved = time.monotonic()

    def _tell(self, part: str, more: float = 0.0) -> None:
        """Report what is done, and `more` images of a part under way."""
        totals = self.record.totals()
        done = sum(self.record.done(p) * self._cost[p] for p in totals)
        whole = sum(total * self._cost[p] for p, total in totals.items())
        self.progress(done + more * self._cost[part], whole, part)

    def _within(self, part: str, block: slice) -> Progress:
        """Return what reports the progress of a block as part of the whole."""

        def tell(done: float, total: float, message: str = "") -> None:
            self._tell(part, (block.stop - block.start) * min(done / total, 1.0) if total else 0.0)

        return tell


def _costs(settings: EvaluationSettings) -> dict[str, float]:
    """Return roughly how many forward passes an image takes in each part."""
    s = settings
    attack = 3 * s.steps * s.restarts * max(len(s.budgets), 1)
    return {
        "clean": 1,
        "rotation": len(s.rotations) * s.repeats,
        "translation": len(s.translations) * s.repeats,
        "both": len(s.both) * s.repeats,
        "worst": 31 * (25 if s.worst_translation else 1),
        "robustness": attack * (4 if s.attack == "autoattack" else 1),
        "distance": 60,
    }


def _images(data: DataSet | Images, part: str) -> tuple[Images, dict[str, Any]]:
    if isinstance(data, Images):
        return data, {"name": None, "part": None, "data_set_digest": None}
    if not isinstance(data, DataSet):
        raise InputError("data", "be a DataSet or Images", type(data).__name__)
    if part not in ("train", "validation", "test"):
        raise InputError("part", "be train, validation or test", part)
    images: Images = getattr(data, part)
    return images, {"name": data.name, "part": part, "data_set_digest": data.digest}


def _chosen(images: Images, settings: EvaluationSettings) -> Images:
    if not len(images):
        raise InputError("data", "hold at least one image", "none")
    if settings.images is None:
        return images
    if settings.images > len(images):
        rule = f"be at most {len(images)}, the number of images there are"
        raise InputError("images", rule, settings.images)
    return images.take(settings.images)


def _check_network(model: nn.Module, images: Images, data: DataSet | Images) -> None:
    """Raise InputError if a network does not fit the images or their classes."""
    device = device_of(model)
    check_fit(model, images.pixels)
    with torch.no_grad(), attacking(model) as network:
        logits = first_logits(network, Source(images).floats(slice(0, 1)).to(device))
    classes = logits.shape[1]
    if isinstance(data, DataSet) and classes != data.num_classes:
        rule = f"give {data.num_classes} logits, one for each class of {data.name}"
        raise InputError("model", rule, f"{classes} logits")
    largest = int(images.labels.max())
    if largest >= classes:
        raise InputError("model", f"give a logit for each class, label {largest} included", classes)


def _describe(model: nn.Module) -> dict[str, Any]:
    network = unwrap(model)
    spec: Any = getattr(network, "spec", None)
    return {
        "class": type(network).__name__,
        "fingerprint": fingerprint(network),
        "spec": spec.to_json() if hasattr(spec, "to_json") else None,
    }


def _small(classes: torch.Tensor) -> Array:
    """Return predictions as the smallest common integers: they are kept for every image."""
    array = classes.cpu().numpy()
    return array.astype(np.int16 if array.size == 0 or array.max() < 2**15 else np.int32)
