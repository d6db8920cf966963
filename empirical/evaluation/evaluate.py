"""One call that measures everything for one network, saves as it goes, and goes on again."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError, StoreError
from ...progress import Progress, silent
from ..attacks import attacking, deepfool
from ..attacks import profile as attack_profile
from ..attacks.context import MaskedGradientWarning, masked_note
from ..attacks.protocol import make_coordinates, resolve
from ..calling import Logits, outside_inference_mode, unwrap
from ..data import DataSet, Images, digest_of
from ..device import make_provenance
from ..randomness import make_generator
from ..settings import EvaluationSettings
from ..training.checkpoint import fingerprint
from . import files
from .identity import code_digest, gradients, notes_on
from .predict import (
    BATCH,
    Ranges,
    batches,
    check_fit,
    classifying,
    device_of,
    grid_of,
    predict,
    ranges_of,
    transformed_classes,
    withstands,
)
from .record import PROFILES, Array, Evaluation, best_counts

#: Images a block: what is done between two points at which an interrupted evaluation can go
#: on; for attacks fewer, since they take long. Part of the definition of the results: every
#: block of an attack has its own generator, and no batch spans two blocks.
BLOCK = 1000
ATTACK_BLOCK = 250

#: Seconds between two saves within a part.
PAUSE = 20.0

#: Images on which a record's predictions are compared with the network's before going on.
RECHECK = 200


@outside_inference_mode
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

    PGD whose last iterate counts goes against the labels, as the paper's. Where the best
    result counts ("apgd", "autoattack", iterate "best") the attack goes against the network's
    own predictions, which makes no difference for images that are predicted rightly; others
    count as wrong whatever the attack did to them. Both metrics are then those of the
    strongest adversary, who may also leave an image alone.
    """
    images, described = _images(data, part)
    settings = settings or EvaluationSettings.for_channels(images.pixels.shape[1])
    if settings.images is not None:
        if settings.images > len(images):
            rule = f"be at most {len(images)}, the number of images there are"
            raise InputError("images", rule, settings.images)
        images = images.take(settings.images)
    if device is not None:
        model.to(device)
    _check_network(model, images, data)
    protocol = resolve(settings.protocol, model)
    if settings.budgets:
        some = images.batch(slice(0, 1))[0]
        make_coordinates(unwrap(model), some, protocol)  # before work begins
    network = unwrap(model)
    spec: Any = getattr(network, "spec", None)
    record = Evaluation(
        settings=settings,
        protocol=protocol.to_json(),
        model={
            "class": type(network).__name__,
            "fingerprint": fingerprint(network),
            "spec": spec.to_json() if hasattr(spec, "to_json") else None,
            "code": code_digest(network),
            "gradients": gradients(model, images) if settings.attacked else None,
        },
        data={**described, "images": len(images), "digest": digest_of(images)},
    )
    if folder is not None:
        fresh, record = record, files.resume(record, folder, name)
        _recheck(record, fresh, model, images, f"{folder}/{files.stem_of(record, name)}.json")
    notes = notes_on(model, images, attacked=settings.attacked)
    record.notes += [note for note in notes if note not in record.notes]
    if not record.complete:
        _Measuring(model, images, record, progress).finish(folder, name)
    return record


class _Measuring:
    """The parts of an evaluation, block by block."""

    def __init__(
        self, model: nn.Module, images: Images, record: Evaluation, progress: Progress
    ) -> None:
        self.model = model
        self.images = images
        self.record = record
        self.progress = progress
        self.attacks = self.masked = 0
        self.settings = s = record.settings
        # One row an image: more repeats, or fewer images, leave the numbers of the others.
        generator = make_generator(s.seed, "evaluation", "motions")
        draws = torch.rand(len(images), s.repeats, 3, generator=generator, dtype=torch.float64)
        self.draws = draws.transpose(0, 1)
        # Roughly how many forward passes an image takes in each part.
        attack = 3 * s.steps * s.restarts * max(len(s.budgets), 1)
        self.costs = {
            "clean": 1,
            **{kind: len(getattr(s, field)) * s.repeats for kind, field in PROFILES.items()},
            "worst": 31 * (25 if s.worst_translation else 1),
            "robustness": attack * (4 if s.attack == "autoattack" else 1),
            "distance": 60,
        }

    def finish(self, folder: Path | str | None, name: str) -> None:
        """Measure what is not done yet, and save it now and then."""
        record, begun = self.record, time.monotonic()
        earlier = record.provenance.seconds if record.provenance else 0.0
        saved = begun

        def save() -> None:
            seconds = earlier + time.monotonic() - begun
            device = device_of(self.model)
            record.provenance = make_provenance(self.settings.seed, seconds, device)
            if folder is not None:
                files.save(record, folder, name)

        try:
            for part, total in record.totals().items():
                # The grid of blocks does not depend on where an earlier process stopped.
                size = ATTACK_BLOCK if part in ("robustness", "distance") else BLOCK
                while (done := record.done(part)) < total:
                    block = slice(done, min((done // size + 1) * size, total))
                    record.append(part, self.outcomes(part, block))
                    self.tell(part)
                    if block.stop == total and part == "robustness" and self.masked:
                        record.notes.append(masked_note(self.masked, self.attacks))
                    if block.stop == total or time.monotonic() - saved > PAUSE:
                        save()
                        saved = time.monotonic()
        except KeyboardInterrupt:
            save()
            raise
        save()

    def outcomes(self, part: str, block: slice) -> dict[str, Array]:
        """Return the arrays of a part for some images."""
        images = self.images.subset(block)
        if part == "robustness":
            return self.attacked(images, block)
        if part == "distance":
            x = images.batch(slice(None))[0].to(device_of(self.model))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MaskedGradientWarning)
                _, l2 = deepfool(self.model, x, batch_size=self.settings.batch_size)
            return {"distance": l2.detach().float().cpu().numpy()}
        if part == "clean":
            clean = predict(self.model, images, precision=self.settings.precision)
            return {"clean": _small(clean), "labels": _small(images.labels)}
        clean = torch.from_numpy(self.record.arrays["clean"][block]).long()
        return self.transformed(part, images, clean, self.draws[:, block])

    def transformed(
        self, part: str, images: Images, clean: Tensor, draws: Tensor
    ) -> dict[str, Array]:
        """Return classes of images transformed at random, or what withstands the whole grid."""
        s, found = self.settings, []
        if part == "worst":
            grid = grid_of(images.pixels, Ranges(s.worst_rotation, s.worst_translation))
        else:
            ranges = [ranges_of(part, value) for value in getattr(s, PROFILES[part])]
        with classifying(self.model, images.pixels, s.precision) as classes:
            for batch in batches(len(images), BATCH):
                x, reference = images.pixels[batch], clean[batch].to(classes.device)
                if part == "worst":
                    found.append(withstands(classes, x, grid, reference).cpu())
                else:
                    own = draws[:, batch]
                    found.append(transformed_classes(classes, x, ranges, own, reference).cpu())
        outcome = torch.cat(found, dim=-1)
        if part != "worst":
            return {part: _small(outcome)}
        # An image may also stay where it is: right under all is right at first, and kept.
        right = outcome & (clean == images.labels.cpu())
        return {"worst_keeps": outcome.numpy(), "worst_correct": right.numpy()}

    def attacked(self, images: Images, block: slice) -> dict[str, Array]:
        """Return classes of images, clean and attacked with every budget."""
        s, device = self.settings, device_of(self.model)
        x, y = (t.to(device) for t in images.batch(slice(None)))
        count = block.stop - block.start
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MaskedGradientWarning)  # notes of the record say it
            found = attack_profile(
                self.model,
                x,
                None if best_counts(s) else y,
                budgets=s.budgets,
                attack=s.attack,
                steps=s.steps,
                step_size=s.step_size,
                restarts=s.restarts,
                iterate=s.iterate,
                protocol=s.protocol,
                generator=make_generator(
                    s.seed, "evaluation", "attack", block.start // ATTACK_BLOCK
                ),
                batch_size=s.batch_size,
                precision=s.precision,
                progress=lambda done, total, _="": self.tell("robustness", count * done / total),
            )
        self.attacks += count
        self.masked += found.masked
        return {"robustness_clean": _small(found.clean), "robustness": _small(found.adversarial)}

    def tell(self, part: str, more: float = 0.0) -> None:
        """Report what is done, and `more` images of a part under way."""
        totals = self.record.totals()
        done = sum(self.record.done(p) * self.costs[p] for p in totals)
        whole = sum(total * self.costs[p] for p, total in totals.items())
        self.progress(done + more * self.costs[part], whole, part)


def _recheck(
    record: Evaluation, fresh: Evaluation, model: nn.Module, images: Images, file: str
) -> None:
    """Raise StoreError if a record is not this network's, whose weights and repr are the same."""
    count = min(RECHECK, record.done("clean"))
    if not count:
        return
    found = predict(model, images.take(count), precision=record.settings.precision).numpy()
    other = int((found != record.arrays["clean"][:count]).sum())
    differs = ""
    # Another device may round a close decision otherwise; another network differs more.
    if other > 0.02 * count:
        differs = f"{other} of {count} predictions differ"
    for key in ("gradients", "code"):
        old, new = record.model.setdefault(key, fresh.model[key]), fresh.model[key]
        if old is None or new is None or differs:
            continue
        if key == "code" and old != new:
            differs = "its source differs"
        elif key == "gradients":
            apart = np.abs(np.subtract(new, old)) > 0.02 * np.sqrt(np.mean(np.square(old)))
            differs = "its gradients differ" if apart.mean() > 0.1 else ""
    if differs:
        raise StoreError(
            f"{file} was made by other code: {differs} although settings, weights and images "
            "are the same; move it away to evaluate anew"
        )


def _images(data: DataSet | Images, part: str) -> tuple[Images, dict[str, Any]]:
    described: dict[str, Any] = {"name": None, "part": None, "data_set_digest": None}
    if isinstance(data, DataSet):
        if part not in ("train", "validation", "test"):
            raise InputError("part", "be train, validation or test", part)
        described = {"name": data.name, "part": part, "data_set_digest": data.digest}
        data = getattr(data, part)
    if not isinstance(data, Images):
        raise InputError("data", "be a DataSet or Images", type(data).__name__)
    if not len(data):
        raise InputError("data", "hold at least one image", "none")
    return data, described


def _check_network(model: nn.Module, images: Images, data: DataSet | Images) -> None:
    """Raise InputError if a network does not fit the images or their classes."""
    device = device_of(model)
    check_fit(model, images.pixels)
    with torch.no_grad(), attacking(model) as network:
        logits = Logits(network, network)(images.batch(slice(0, 1))[0].to(device))
    classes = logits.shape[1]
    if isinstance(data, DataSet) and classes != data.num_classes:
        rule = f"give {data.num_classes} logits, one for each class of {data.name}"
        raise InputError("model", rule, f"{classes} logits")
    largest = int(images.labels.max())
    if largest >= classes:
        raise InputError("model", f"give a logit for each class, label {largest} included", classes)


def _small(classes: Tensor) -> Array:
    """Return predictions as the smallest common integers: they are kept for every image."""
    array = classes.cpu().numpy()
    return array.astype(np.int16 if array.size == 0 or array.max() < 2**15 else np.int32)
