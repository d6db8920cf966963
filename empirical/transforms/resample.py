"""Moving pixels: from source coordinates to one gather, exactly as Pillow rounds.

Source coordinates are computed in 16.16 fixed point, as in Pillow's affine transformation
with nearest neighbour: integers make the result the same on every device and for every
batch size, and equal to Pillow's bit for bit. torchvision's own float32 arithmetic on tensors
differs from Pillow's where a coordinate is within about 1e-4 of the border of two pixels.

The images are padded by one black pixel on every side, coordinates are clamped into the
padded frame, and all channels of an image share one index. Functions here check nothing and
never wait for a GPU.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

_ONE = 1 << 16

# Values in the frames of a piece: two megabytes, so that its temporaries stay near.
_PIECE = 1 << 19


def move(x: Tensor, dx: Tensor, dy: Tensor, flip: Tensor | None = None) -> Tensor:
    """Return images moved by whole pixels, int64 (B,), then mirrored left to right where `flip`.

    Shifts go to the right and downwards, and are at most 2^62 in size.
    """
    height, width = x.shape[2:]
    columns = torch.arange(width, device=x.device)
    rows = torch.arange(height, device=x.device)
    across = columns.expand(len(x), -1)
    if flip is not None:
        across = torch.where(flip[:, None], width - 1 - across, across)
    across = (across - dx[:, None]).clamp_(-1, width) + 1
    down = (rows - dy[:, None]).clamp_(-1, height) + 1
    return _resample(x, torch.add, (down * (width + 2))[:, :, None], across[:, None, :])


def turn(x: Tensor, degrees: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Return images turned counter-clockwise about the centre, then moved by whole pixels.

    Angles are in degrees, float64 (B,); shifts, int64 (B,), go to the right and downwards.
    """
    height, width = x.shape[2:]
    # Beyond this everything has left the frame; the bound keeps 32 bits from overflowing.
    most = 2 * (height + width)
    dx, dy = (far.clamp(-most, most).double() for far in (dx, dy))
    angle = torch.deg2rad(degrees)
    cos, sin = angle.cos(), angle.sin()
    centre_x, centre_y = width / 2, height / 2
    # The source of the output pixel (column, row) is R (column - centre - move) + centre with
    # R = (cos, -sin; sin, cos), because rows count downwards; 1/2 leads to pixel centres.
    first_x = centre_x - cos * (centre_x + dx) + sin * (centre_y + dy) + (cos - sin) / 2
    first_y = centre_y - sin * (centre_x + dx) - cos * (centre_y + dy) + (sin + cos) / 2
    # Places in the frame count from its border: one pixel more. floor(-v + 1/2) is not
    # -floor(v + 1/2) at ties, hence a rounding of -sin itself.
    terms = torch.stack([cos, -sin, sin, first_x + 1, first_y + 1])
    fixed = terms.mul_(_ONE).add_(0.5).floor_().to(torch.int32)
    cos_, minus_sin, sin_, x0, y0 = fixed[:, :, None, None]
    columns = torch.arange(width, dtype=torch.int32, device=x.device)
    rows = torch.arange(height, dtype=torch.int32, device=x.device)[:, None]
    parts = (cos_ * columns, minus_sin * rows + x0, sin_ * columns, cos_ * rows + y0)
    return _resample(x, _round_down, *parts)


def _round_down(across: Tensor, across_row: Tensor, down: Tensor, down_row: Tensor) -> Tensor:
    """Return places in the frame from the two parts of each fixed-point coordinate."""
    x, y = across + across_row, down + down_row
    height, width = x.shape[1:]
    x.bitwise_right_shift_(16).clamp_(0, width + 1)
    y.bitwise_right_shift_(16).clamp_(0, height + 1)
    return x.add_(y, alpha=width + 2)


def _resample(x: Tensor, places_of: Callable[..., Tensor], *terms: Tensor) -> Tensor:
    """Return images whose pixels are taken from the places that the terms make up.

    `places_of` turns terms, (B, 1, W) or (B, H, 1) each, into integers (B, H, W).
    """
    height, width = x.shape[2:]
    piece = _PIECE // (x.shape[1] * (height + 2) * (width + 2)) + 1
    if x.device.type != "cpu" or len(x) <= piece or (x.requires_grad and torch.is_grad_enabled()):
        return _take(x, places_of(*terms))
    # Piece by piece, temporaries stay small: their memory is used again, not asked for again.
    out = torch.empty(x.shape, dtype=x.dtype)
    for start in range(0, len(x), piece):
        part = slice(start, start + piece)
        _take(x[part], places_of(*(term[part] for term in terms)), out=out[part])
    return out


def _take(x: Tensor, places: Tensor, out: Tensor | None = None) -> Tensor:
    """Return the pixels at places (B, H, W) of the flattened frame (H + 2) x (W + 2)."""
    batch, channels, height, width = x.shape
    frame = F.pad(x, (1, 1, 1, 1)).reshape(batch, channels, (height + 2) * (width + 2))
    index = places.view(batch, 1, height * width).long().expand(-1, channels, -1)
    flat = None if out is None else out.view(batch, channels, height * width)
    return torch.gather(frame, 2, index, out=flat).view(x.shape)
