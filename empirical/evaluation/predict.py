"""Predictions of any network, batch by batch, leaving the network as it was.

Images are as they are, or rotated and translated, at random or by a whole grid. All settings share
their random numbers: image i in repeat r is rotated by theta u with the same u for every theta, so
that curves are smooth and comparisons between settings and between networks are paired. The numbers
do not depend on the batch size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...checks import check_integer, check_real
from ...errors import InputError, RunFailedError
from ...stats import LEVEL, Interval, rate_of
from ..attacks import attacking
from ..attacks.channels_last import faster_convolutions
from ..calling import Logits, autocast, outside_inference_mode, unwrap
from ..checks import check_images
from ..data import Images, to_float
from ..randomness import as_generator, uniform
from ..transforms.augmentation import whole
from ..transforms.resample import move, turn

#: Images a batch, unless said otherwise.
BATCH = 500


@outside_inference_mode
def predict(
    model: nn.Module, x: Tensor | Images, *, batch_size: int = BATCH, precision: str = "float32"
) -> Tensor:
    """Return the class that a network predicts for each image, int64 (N,) on the CPU.

    The network runs in evaluation mode, without gradients; the mode of each of its modules is
    restored afterwards. RunFailedError if a logit is not a number.

    Parameters
    ----------
    model : torch.nn.Module
        From pixels in [0, 1], shape (B, C, H, W), to logits (B, classes).
    x : Tensor (N, C, H, W) or Images
        Pixels in [0, 1], or 8-bit images. They may be elsewhere than the network, and of
        another floating dtype: it gets copies in its own.
    batch_size : int
        Images a batch; of no influence on the result beyond rounding.
    precision : str
        "float32", or "bfloat16" or "float16" for automatic mixed precision.
    """
    pixels = pixels_of(x)
    found = torch.empty(len(pixels), dtype=torch.int64)
    with classifying(model, pixels, precision) as classes:
        for part in batches(len(pixels), batch_size):
            found[part] = classes(pixels[part]).cpu()
    return found


def pixels_of(x: Tensor | Images) -> Tensor:
    """Return pixels, 8-bit or floating point in [0, 1], (N, C, H, W)."""
    return x.pixels if isinstance(x, Images) else check_images(x)


def batches(count: int, size: int) -> Iterator[slice]:
    """Yield consecutive slices of at most `size` that cover range(count)."""
    check_integer("batch_size", size, minimum=1)
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def device_of(model: nn.Module) -> torch.device:
    """Return where a network is: the device of its first parameter or buffer, else the CPU."""
    network = unwrap(model)
    for tensor in (*network.parameters(), *network.buffers()):
        return tensor.device
    return torch.device("cpu")


class Classes:
    """A network in evaluation mode, called on pixels; counts images whose logits are NaN."""

    def __init__(self, network: nn.Module, device: torch.device, precision: str) -> None:
        fast = faster_convolutions(network, network, device, precision)
        self.network = Logits(fast, network)
        self.device = device
        self.precision = precision
        self.broken = torch.zeros((), dtype=torch.int64, device=device)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return the classes (B,) of images, 8-bit or floating point, where the network is."""
        x = pixels.to(self.device, non_blocking=True)
        x = to_float(x) if x.dtype == torch.uint8 else x
        # Not inference mode: a layer may keep what it computes (a filter bank), and a tensor
        # made in that mode could not take part in an attack afterwards.
        with torch.no_grad(), autocast(self.device, self.precision):
            logits = self.network(x)
        self.broken += logits.isnan().any(1).sum()
        return logits.argmax(1)


@contextmanager
def classifying(model: nn.Module, pixels: Tensor, precision: str = "float32") -> Iterator[Classes]:
    """Yield a network ready to classify images like `pixels`; it is restored afterwards.

    At the end RunFailedError if a logit was not a number.
    """
    device = device_of(model)
    check_fit(model, pixels)
    with attacking(model) as network:
        classes = Classes(network, device, precision)
        yield classes
        if broken := int(classes.broken):
            raise RunFailedError(f"the network's logits are not numbers (NaN) for {broken} images")


def check_fit(model: nn.Module, pixels: Tensor) -> None:
    """Raise :class:`InputError` if a network of this package is made for other images."""
    spec = getattr(model, "spec", None)
    channels, size = getattr(spec, "in_channels", None), getattr(spec, "image_size", None)
    if isinstance(channels, int) and isinstance(size, int):
        shape = tuple(pixels.shape[1:])
        if shape != (channels, size, size):
            rule = f"have the shape ({channels}, {size}, {size}) that the network is made for"
            raise InputError("images", rule, shape)


class Ranges(NamedTuple):
    """Ranges of a random rotation (degrees) and translation (fraction of the side)."""

    rotation: float = 0.0
    translation: float = 0.0


class MeasuredRate(NamedTuple):
    """A rate in [0, 1], Wilson's interval, and booleans, (N,) or (repeats, N)."""

    rate: float
    interval: Interval
    outcomes: Tensor


@outside_inference_mode
def rate_of_invariance(
    model: nn.Module,
    x: Tensor | Images,
    *,
    rotation: float = 0.0,
    translation: float = 0.0,
    generator: torch.Generator | int | None = None,
    repeats: int = 1,
    batch_size: int = BATCH,
    precision: str = "float32",
    level: float = LEVEL,
) -> MeasuredRate:
    """Return the fraction of images whose predicted class survives a random transformation.

    The paper's metric (section 4): the prediction on the unchanged image is the reference,
    right or wrong. Each image is rotated by an angle uniform in [-rotation, rotation] and moved
    by whole pixels uniform on -k..k, k = round(translation * side), in each direction.

    Parameters
    ----------
    model, x
        As in :func:`predict`; at least one image.
    rotation : float
        Degrees, 0 to 180.
    translation : float
        Fraction of the side, 0 to 1.
    generator : torch.Generator or int, optional
        Three numbers an image and repeat are drawn from it, at once; a seed does as well, and
        None is the seed 0.
    repeats : int
        Random transformations an image; the interval allows for their dependence.
    batch_size, precision
        As in :func:`predict`.
    level : float
        Confidence level.

    Returns
    -------
    MeasuredRate
        (rate, interval, outcomes); outcomes are True where the prediction stays.
    """
    pixels = pixels_of(x)
    if not len(pixels):
        raise InputError("x", "hold at least one image", tuple(pixels.shape))
    ranges = Ranges(
        check_real("rotation", rotation, low=0, high=180),
        check_real("translation", translation, low=0, high=1),
    )
    shape = (check_integer("repeats", repeats, minimum=1), len(pixels), 3)
    source = as_generator(generator, seed=0)
    draws = uniform(shape, 0, 1, generator=source, device=pixels.device, dtype=torch.float64)
    kept = torch.empty(shape[:2], dtype=torch.bool)
    with classifying(model, pixels, precision) as classes:
        for part in batches(len(pixels), batch_size):
            clean = classes(pixels[part])
            found = transformed_classes(classes, pixels[part], [ranges], draws[:, part], clean)
            kept[:, part] = (found[0] == clean).cpu()
    rate = rate_of(kept.numpy(), level)
    return MeasuredRate(rate.value, rate.interval, kept[0] if len(kept) == 1 else kept)


def ranges_of(kind: str, value: float) -> Ranges:
    """Return the ranges that a value of a profile means."""
    if kind == "rotation":
        return Ranges(rotation=value)
    if kind == "translation":
        return Ranges(translation=value)
    return Ranges(180 * value, value)


def transformed_classes(
    classes: Classes, pixels: Tensor, settings: Sequence[Ranges], draws: Tensor, clean: Tensor
) -> Tensor:
    """Return classes (settings, repeats, B) of images transformed at random.

    `draws` are numbers in [0, 1), float64 (repeats, B, 3), for angle, shift to the right and shift
    downwards; `clean` are the classes of the images themselves.
    """
    pixels, draws = (t.to(classes.device, non_blocking=True) for t in (pixels, draws))
    shape = (len(settings), len(draws), len(pixels))
    found = torch.empty(shape, dtype=torch.int64, device=classes.device)
    height, width = pixels.shape[2:]
    for number, ranges in enumerate(settings):
        if ranges == Ranges():
            found[number] = clean
            continue
        for repeat, numbers in enumerate(draws):
            u, across, down = numbers.unbind(1)
            dx = whole(across, round(ranges.translation * width))
            dy = whole(down, round(ranges.translation * height))
            if ranges.rotation:
                changed = turn(pixels, (2 * u - 1) * ranges.rotation, dx, dy)
            else:
                changed = move(pixels, dx, dy)
            found[number, repeat] = classes(changed)
    return found


def grid_of(
    pixels: Tensor, ranges: Ranges, angles: int = 31, shifts: int = 5
) -> list[tuple[float, int, int]]:
    """Return (degrees, dx, dy) of every transformation of a grid, once each, largest last.

    The worst-of-grid attack of Engstrom et al. (ICML 2019, section 3): 31 equally spaced
    angles, and 5 shifts in each direction, rounded to whole pixels.
    """
    height, width = pixels.shape[2:]
    turns = np.linspace(-ranges.rotation, ranges.rotation, angles) if ranges.rotation else [0.0]
    # Twice one angle: -180 and 180 degrees are the same.
    degrees = sorted({180.0 if t == -180 else float(t) for t in turns}, key=lambda t: (abs(t), t))
    across, down = (
        sorted({round(v) for v in np.linspace(-reach, reach, shifts)} if reach else {0}, key=abs)
        for reach in (round(ranges.translation * side) for side in (width, height))
    )
    return [(angle, dx, dy) for angle in degrees for dx in across for dy in down]


def withstands(
    classes: Classes, pixels: Tensor, grid: Sequence[tuple[float, int, int]], clean: Tensor
) -> Tensor:
    """Return which images (B,) keep their clean class under all transformations of a grid."""
    pixels, clean = (t.to(classes.device, non_blocking=True) for t in (pixels, clean))
    keeps = torch.ones(len(pixels), dtype=torch.bool, device=classes.device)
    left = torch.arange(len(pixels), device=classes.device)
    for degrees, dx, dy in grid:
        x = pixels[left]
        angle = torch.full((len(x),), degrees, dtype=torch.float64, device=classes.device)
        across, down = (torch.full_like(angle, far).long() for far in (dx, dy))
        keeps[left] = classes(turn(x, angle, across, down)) == clean[left]
        # One wait for the device a transformation; it saves whole forward passes.
        left = left[keeps[left]]
        if not len(left):
            break
    return keeps
