"""Predictions of any network, batch by batch, leaving the network as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ...checks import check_integer
from ...errors import InputError, RunFailedError
from ..attacks import attacking
from ..checks import check_images, check_labels
from ..data import Images, to_float
from ..device import autocast

#: Images a batch, unless said otherwise.
BATCH = 500

Predict = Callable[[Tensor], Tensor]


def predict(
    model: nn.Module,
    x: Tensor | Images,
    *,
    batch_size: int = BATCH,
    device: torch.device | str | None = None,
    precision: str = "float32",
) -> Tensor:
    """Return the class that a network predicts for each image.

    The network runs in evaluation mode, without gradients; the mode of each of its modules is
    restored afterwards, whatever happens.

    Parameters
    ----------
    model : torch.nn.Module
        From pixels in [0, 1], shape (B, C, H, W), to logits (B, classes).
    x : Tensor (N, C, H, W) or Images
        Pixels in [0, 1], or 8-bit images. They may be elsewhere than the network.
    batch_size : int
        Images a batch; of no influence on the result beyond rounding.
    device : device, optional
        Where to compute: where the network is. None asks the network.
    precision : str
        "float32", or "bfloat16" for automatic mixed precision.

    Returns
    -------
    Tensor, int64 (N,)
        On the CPU.

    Raises
    ------
    InputError
        If images or network do not fit what is said above, or each other.
    RunFailedError
        If a logit is not a number.
    """
    source = Source(x)
    with predicting(model, source, device, precision) as ready:
        parts = [ready.classes(source.floats(part)) for part in slices(len(source), batch_size)]
        ready.finish()
    return torch.cat([part.cpu() for part in parts]) if parts else torch.zeros(0).long()


class Source:
    """Images as they come: 8-bit or floating point, with or without labels.

    Parameters
    ----------
    x : Tensor or Images
        What a caller gave; checked here.
    y : Tensor, optional
        Labels, where `x` is a tensor.

    Raises
    ------
    InputError
        If they are no images, or labels do not belong to them.
    """

    def __init__(self, x: Tensor | Images, y: Tensor | None = None) -> None:
        self.pixels: Tensor
        self.labels: Tensor | None
        if isinstance(x, Images):
            if y is not None:
                raise InputError("y", "be left out: Images carry their labels", type(y).__name__)
            self.pixels, self.labels = x.pixels, x.labels
        else:
            self.pixels = check_images(x)
            self.labels = None if y is None else check_labels(y, batch=len(x))

    def __len__(self) -> int:
        return len(self.pixels)

    def floats(self, part: slice) -> Tensor:
        """Return some images as floating point pixels, where they are stored."""
        return as_floats(self.pixels[part])

    def part(self, part: slice) -> Source:
        """Return some of the images with their labels."""
        if self.labels is not None and self.pixels.dtype == torch.uint8:
            return Source(Images(self.pixels[part], self.labels[part]))
        return Source(self.pixels[part], None if self.labels is None else self.labels[part])

    def required_labels(self) -> Tensor:
        """Return the labels on the CPU; InputError if there are none."""
        if self.labels is None:
            raise InputError("y", "be given: accuracy needs labels", None)
        return self.labels.cpu()


def as_floats(pixels: Tensor) -> Tensor:
    """Return 8-bit pixels divided by 255; floating point pixels as they are."""
    return to_float(pixels) if pixels.dtype == torch.uint8 else pixels


def slices(count: int, size: int) -> Iterator[slice]:
    """Yield consecutive slices of at most `size` that cover range(count)."""
    check_integer("batch_size", size, minimum=1)
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def device_of(model: nn.Module) -> torch.device:
    """Return where a network is: the device of its first parameter or buffer, else the CPU."""
    if not isinstance(model, nn.Module):
        raise InputError("model", "be a torch.nn.Module", type(model).__name__)
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return torch.device("cpu")


class Ready:
    """A network in evaluation mode, asked for classes; collects whether any logit was NaN."""

    def __init__(self, network: nn.Module, device: torch.device, precision: str) -> None:
        self._network = network
        self.device = device
        self._precision = precision
        self._broken = torch.zeros((), dtype=torch.int64, device=device)
        self._first = True

    def classes(self, x: Tensor) -> Tensor:
        """Return the predicted classes (B,) of floating point images, on the network's device."""
        x = x.to(self.device, non_blocking=True)
        # Not inference mode: a layer may keep what it computes (a filter bank), and a tensor
        # made in that mode could not take part in an attack afterwards.
        with torch.no_grad(), autocast(self.device, self._precision):
            logits = self._checked(x) if self._first else self._network(x)
        self._broken += logits.isnan().any(1).sum()
        return logits.argmax(1)

    def _checked(self, x: Tensor) -> Tensor:
        """Run the first batch, where a network that does not fit the images shows."""
        logits = first_logits(self._network, x)
        self._first = False
        return logits

    def finish(self) -> None:
        """Raise :class:`RunFailedError` if a logit was not a number; waits for the device."""
        broken = int(self._broken)
        if broken:
            raise RunFailedError(f"the network's logits are not numbers (NaN) for {broken} images")


@contextmanager
def predicting(
    model: nn.Module,
    source: Source,
    device: torch.device | str | None = None,
    precision: str = "float32",
) -> Iterator[Ready]:
    """Yield a network ready to predict the images of a source; it is restored afterwards."""
    place = device_of(model)
    if device is not None:
        wanted = torch.device(device)
        if wanted.type != place.type or wanted.index not in (None, place.index):
            hint = "Move it first: model.to(device)."
            raise InputError("device", f"be where the network is, {place}", str(device), hint)
    check_fit(model, source.pixels)
    with attacking(model) as network:
        yield Ready(network, place, precision)


def check_fit(model: nn.Module, pixels: Tensor) -> None:
    """Raise :class:`InputError` if a network of this package is made for other images."""
    spec = getattr(model, "spec", None)
    channels, size = getattr(spec, "in_channels", None), getattr(spec, "image_size", None)
    if isinstance(channels, int) and isinstance(size, int):
        shape = tuple(pixels.shape[1:])
        if shape != (channels, size, size):
            rule = f"have the shape ({channels}, {size}, {size}) that the network is made for"
            raise InputError("images", rule, shape)


def first_logits(network: nn.Module, x: Tensor) -> Tensor:
    """Return the logits of a first batch, or say how the network does not fit.

    Raises
    ------
    InputError
        If the network fails on images of this shape, or returns no logits.
    RunFailedError
        If memory runs out.
    """
    rule = f"turn images of shape {tuple(x.shape[1:])} into logits (batch, classes)"
    try:
        logits = network(x)
    except torch.OutOfMemoryError as error:
        raise RunFailedError(f"out of memory with {len(x)} images a batch: {error}") from None
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError("model", rule, type(network).__name__, f"It fails: {reason}") from error
    if not isinstance(logits, Tensor):
        raise InputError("model", rule, f"a result of type {type(logits).__name__}")
    if logits.ndim != 2 or len(logits) != len(x) or logits.shape[1] < 2:
        given = f"a result of shape {tuple(logits.shape)} for {len(x)} images"
        raise InputError("model", rule, given)
    if not logits.is_floating_point():
        raise InputError("model", rule, f"a result of dtype {logits.dtype}")
    return logits
