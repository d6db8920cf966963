"""Random rotations and translations: rates of invariance, accuracies, profiles.

All settings share their random numbers: image i in repeat r is turned by theta u with the
same u for every theta, so that curves are smooth and comparisons between settings and
between networks are paired. The numbers do not depend on the batch size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...checks import check_integer, check_real
from ...errors import InputError
from ...progress import Progress, silent
from ...stats import LEVEL, Interval, rate_of
from ..data import Images
from ..randomness import uniform
from ..transforms.cropping import whole
from ..transforms.resample import move, turn
from .prediction import BATCH, Ready, Source, as_floats, predict, predicting, slices
from .profile import Profile

ROTATIONS = tuple(range(0, 181, 10))
TRANSLATIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


class Motion(NamedTuple):
    """Ranges of a random rotation (degrees) and translation (fraction of the side)."""

    rotation: float = 0.0
    translation: float = 0.0


class Measured(NamedTuple):
    """A rate, its interval, and the outcome of every image.

    Attributes
    ----------
    rate : float
        In [0, 1].
    interval : Interval
        Wilson's confidence interval of the rate.
    outcomes : Tensor
        Bool, (N,) for one repeat and (repeats, N) for several.
    """

    rate: float
    interval: Interval
    outcomes: Tensor


@dataclass(frozen=True, eq=False)
class InvarianceOutcomes:
    """Invariance profiles of one network on the same images; None for what was not asked.

    Attributes
    ----------
    rotation, translation, both : Profile or None
        Per-image predictions at each setting, with rates of invariance and accuracies.
    """

    rotation: Profile | None = None
    translation: Profile | None = None
    both: Profile | None = None

    def profiles(self) -> list[Profile]:
        """Return the profiles that were measured."""
        return [p for p in (self.rotation, self.translation, self.both) if p is not None]

    def rows(self, level: float = LEVEL) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of every profile, by kind, with intervals at `level`."""
        return {profile.kind: profile.rows(level) for profile in self.profiles()}


def natural_accuracy(
    model: nn.Module,
    x: Tensor | Images,
    y: Tensor | None = None,
    *,
    batch_size: int = BATCH,
    precision: str = "float32",
    level: float = LEVEL,
) -> Measured:
    """Return the accuracy on unchanged images, with a Wilson interval.

    Parameters
    ----------
    model, x
        As in :func:`predict`.
    y : Tensor, int64 (N,), optional
        Labels, where `x` is a tensor.
    batch_size, precision
        As in :func:`predict`.
    level : float
        Confidence level.

    Raises
    ------
    InputError
        For bad images, missing labels, or a network that does not fit.
    """
    source = Source(x, y)
    labels = _some(source).required_labels()
    found = predict(model, x, batch_size=batch_size, precision=precision)
    return _measured(found == labels, level)


def rate_of_invariance(
    model: nn.Module,
    x: Tensor | Images,
    *,
    rotation: float = 0.0,
    translation: float = 0.0,
    generator: torch.Generator,
    repeats: int = 1,
    batch_size: int = BATCH,
    precision: str = "float32",
    level: float = LEVEL,
) -> Measured:
    """Return the fraction of images whose predicted class survives a random motion.

    The paper's metric (section 4): the prediction on the unchanged image is the reference,
    right or wrong. Each image is turned by an angle uniform in [-rotation, rotation] and moved
    by whole pixels uniform on -k..k, k = round(translation * side), in each direction.

    Parameters
    ----------
    model, x
        As in :func:`predict`.
    rotation : float
        Degrees, 0 to 180.
    translation : float
        Fraction of the side, 0 to 1.
    generator : torch.Generator
        Three numbers an image and repeat are drawn from it, at once.
    repeats : int
        Random motions an image; the interval allows for their dependence.
    batch_size, precision
        As in :func:`predict`.
    level : float
        Confidence level.

    Returns
    -------
    Measured
        (rate, interval, outcomes); outcomes are True where the prediction stays.

    Raises
    ------
    InputError
        For bad images, ranges, or a network that does not fit.
    """
    source = _some(Source(x))
    motion = check_motion(rotation, translation)
    clean, changed = _predictions(
        model, source, [motion], _draw(source, repeats, generator), batch_size, precision
    )
    return _measured(changed[0] == clean, level)


def spatial_accuracy(
    model: nn.Module,
    x: Tensor | Images,
    y: Tensor | None = None,
    *,
    rotation: float = 180.0,
    translation: float = 0.0,
    generator: torch.Generator,
    repeats: int = 1,
    batch_size: int = BATCH,
    precision: str = "float32",
    level: float = LEVEL,
) -> Measured:
    """Return the accuracy on images that are randomly turned and moved.

    The paper's spatial accuracy Pr(f(T_180(X)) = Y) (section 5) by default.

    Parameters
    ----------
    model, x
        As in :func:`predict`.
    y : Tensor, int64 (N,), optional
        Labels, where `x` is a tensor.
    rotation, translation, generator, repeats
        As in :func:`rate_of_invariance`; by default any rotation and no translation.
    batch_size, precision
        As in :func:`predict`.
    level : float
        Confidence level.

    Returns
    -------
    Measured
        (rate, interval, outcomes); outcomes are True where the prediction is right.

    Raises
    ------
    InputError
        For bad images, ranges, missing labels, or a network that does not fit.
    """
    source = _some(Source(x, y))
    labels = source.required_labels()
    motion = check_motion(rotation, translation)
    _, changed = _predictions(
        model, source, [motion], _draw(source, repeats, generator), batch_size, precision
    )
    return _measured(changed[0] == labels, level)


def invariance_profile(
    model: nn.Module,
    images: Tensor | Images,
    labels: Tensor | None = None,
    *,
    rotations: Sequence[float] = ROTATIONS,
    translations: Sequence[float] = TRANSLATIONS,
    both: Sequence[float] = TRANSLATIONS,
    repeats: int = 1,
    generator: torch.Generator,
    batch_size: int = BATCH,
    precision: str = "float32",
    progress: Progress = silent,
) -> InvarianceOutcomes:
    """Measure rotation, translation and joint invariance profiles (paper, section 4).

    Parameters
    ----------
    model, images
        As in :func:`predict`.
    labels : Tensor, int64 (N,), optional
        Where `images` is a tensor; without labels there are no accuracies.
    rotations : sequence of float
        Values of theta in degrees, 0 to 180; may be empty.
    translations : sequence of float
        Fractions of the side, 0 to 1.
    both : sequence of float
        Values of i: rotation up to 180 i degrees with translation up to i.
    repeats : int
        Random motions an image.
    generator : torch.Generator
        Three numbers an image and repeat are drawn from it, at once; all settings share them.
    batch_size, precision
        As in :func:`predict`.
    progress : Progress
        Told of forward passes.

    Returns
    -------
    InvarianceOutcomes
        Per-image predictions; rates and accuracies with intervals follow from them. A setting
        of 0 has exactly the predictions on unchanged images.

    Raises
    ------
    InputError
        For bad images, values, or a network that does not fit.
    """
    source = _some(Source(images, labels))
    kinds = {"rotation": rotations, "translation": translations, "both": both}
    ranges = {kind: check_ranges(kind, given) for kind, given in kinds.items()}
    motions = [motion_of(kind, value) for kind, values in ranges.items() for value in values]
    draws = _draw(source, repeats, generator)
    clean, changed = _predictions(model, source, motions, draws, batch_size, precision, progress)
    true = None if source.labels is None else source.labels.cpu().numpy()
    made, start = {}, 0
    for kind, values in ranges.items():
        part = changed[start : start + len(values)].numpy()
        start += len(values)
        if values:
            made[kind] = Profile(kind, values, clean.numpy(), part, true)
    return InvarianceOutcomes(**made)


def check_motion(rotation: float, translation: float) -> Motion:
    """Return ranges of a motion, or raise :class:`InputError`."""
    return Motion(
        check_real("rotation", rotation, low=0, high=180),
        check_real("translation", translation, low=0, high=1),
    )


def motion_of(kind: str, value: float) -> Motion:
    """Return the ranges that a value of a profile means."""
    if kind == "rotation":
        return Motion(rotation=value)
    if kind == "translation":
        return Motion(translation=value)
    return Motion(180 * value, value)


def check_ranges(kind: str, values: object) -> tuple[float, ...]:
    """Return the values of a profile as floats, or raise :class:`InputError`."""
    name = {"rotation": "rotations", "translation": "translations", "both": "both"}[kind]
    high = 180 if kind == "rotation" else 1
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InputError(name, f"be a sequence of numbers in [0, {high}]", values)
    checked = tuple(check_real(name, value, low=0, high=high) for value in values)
    if len(set(checked)) != len(checked):
        raise InputError(name, "hold no value twice", values)
    return checked


def transform(pixels: Tensor, motion: Motion, draws: Tensor) -> Tensor:
    """Return images moved at random, as :class:`Augmentation` moves them.

    Parameters
    ----------
    pixels : Tensor (B, C, H, W)
        Floating point or 8-bit.
    motion : Motion
        Ranges.
    draws : Tensor, float64 (B, 3)
        Numbers in [0, 1) for angle, shift to the right and shift downwards.
    """
    height, width = pixels.shape[2:]
    dx = whole(draws[:, 1], round(motion.translation * width))
    dy = whole(draws[:, 2], round(motion.translation * height))
    if motion.rotation:
        return turn(pixels, (2 * draws[:, 0] - 1) * motion.rotation, dx, dy)
    return move(pixels, dx, dy)


def _draw(source: Source, repeats: int, generator: torch.Generator) -> Tensor:
    """Return numbers in [0, 1), float64 (repeats, N, 3), where the images are."""
    shape = (check_integer("repeats", repeats, minimum=1), len(source), 3)
    device = source.pixels.device
    return uniform(shape, 0, 1, generator=generator, device=device, dtype=torch.float64)


def _predictions(
    model: nn.Module,
    source: Source,
    motions: Sequence[Motion],
    draws: Tensor,
    batch_size: int,
    precision: str,
    progress: Progress = silent,
) -> tuple[Tensor, Tensor]:
    """Return predictions (N,) and (motions, repeats, N), int64 on the CPU."""
    changed = torch.empty((len(motions), len(draws), len(source)), dtype=torch.int64)
    clean = torch.empty(len(source), dtype=torch.int64)
    done, total = 0, len(source) * (1 + len(draws) * len(motions))
    with predicting(model, source, None, precision) as ready:
        for part in slices(len(source), batch_size):
            pixels = source.pixels[part].to(ready.device, non_blocking=True)
            own = draws[:, part].to(ready.device, non_blocking=True)
            rows = moved_predictions(ready, pixels, motions, own)
            clean[part], changed[:, :, part] = rows[0].cpu(), rows[1].cpu()
            done += len(pixels) * (1 + len(draws) * len(motions))
            progress(done, total)
        ready.finish()
    return clean, changed


def moved_predictions(
    ready: Ready, pixels: Tensor, motions: Sequence[Motion], draws: Tensor
) -> tuple[Tensor, Tensor]:
    """Return classes (B,) of images and (motions, repeats, B) of moved ones, on the device."""
    reference = ready.classes(as_floats(pixels))
    found = torch.empty(
        (len(motions), len(draws), len(pixels)), dtype=torch.int64, device=ready.device
    )
    for number, motion in enumerate(motions):
        if motion == Motion():
            found[number] = reference
            continue
        for repeat, numbers in enumerate(draws):
            moved = transform(pixels, motion, numbers)
            found[number, repeat] = ready.classes(as_floats(moved))
    return reference, found


def _measured(outcomes: Tensor, level: float) -> Measured:
    rate = rate_of(outcomes.numpy(), level)
    flat = outcomes[0] if outcomes.ndim == 2 and len(outcomes) == 1 else outcomes
    return Measured(rate.value, rate.interval, flat)


def _some(source: Source) -> Source:
    if not len(source):
        raise InputError("x", "hold at least one image", tuple(source.pixels.shape))
    return source
