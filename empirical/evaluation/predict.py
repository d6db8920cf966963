"""Predictions of any network, batch by batch, leaving the network as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ...checks import check_integer
from ...errors import InputError, RunFailedError
from ..attacks import attacking
from ..calling import Logits, outside_inference_mode, unwrap
from ..checks import check_images
from ..data import Images, to_float
from ..device import autocast

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
        self.network = Logits(network, network)
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
