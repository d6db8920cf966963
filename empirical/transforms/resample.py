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

# Values in the frames of a piece: a few megabytes.
_CHUNK = 1 << 20


def resample(x: Tensor, index_of: Callable[..., Tensor], *parameters: Tensor | None) -> Tensor:
    """Return images whose pixels are taken from the places that a function computes.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Images.
    index_of : callable
        :func:`shift_index` or :func:`affine_index`.
    *parameters : Tensor (B,) or None
        Its first arguments; height and width follow.
    """
    height, width = x.shape[2:]
    chunk = _CHUNK // (x.shape[1] * (height + 2) * (width + 2)) + 1
    if x.device.type != "cpu" or len(x) <= chunk or (x.requires_grad and torch.is_grad_enabled()):
        return take_pixels(x, index_of(*parameters, height, width))
    # Piece by piece, temporaries stay small: their memory is used again, not asked for again.
    out = torch.empty(x.shape, dtype=x.dtype)
    for start in range(0, len(x), chunk):
        part = slice(start, start + chunk)
        chosen = [None if p is None else p[part] for p in parameters]
        take_pixels(x[part], index_of(*chosen, height, width), out=out[part])
    return out


def take_pixels(x: Tensor, index: Tensor, out: Tensor | None = None) -> Tensor:
    """Return the pixels of the padded frame that an index names.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Images.
    index : Tensor, integer (B, H, W)
        Places in the flattened frame of (H + 2) x (W + 2) pixels.
    out : Tensor (B, C, H, W), optional
        Where to write them; contiguous.
    """
    batch, channels, height, width = x.shape
    frame = F.pad(x, (1, 1, 1, 1)).reshape(batch, channels, (height + 2) * (width + 2))
    places = index.view(batch, 1, height * width).long().expand(-1, channels, -1)
    flat = None if out is None else out.view(batch, channels, height * width)
    return torch.gather(frame, 2, places, out=flat).view(x.shape)


def shift_index(dx: Tensor, dy: Tensor, flip: Tensor | None, height: int, width: int) -> Tensor:
    """Return the index (B, H, W) that mirrors (where `flip`) after moving by whole pixels.

    Parameters
    ----------
    dx, dy : Tensor, int64 (B,)
        To the right, downwards; any size.
    flip : Tensor, bool (B,), or None
        Which images to mirror left to right, after moving.
    height, width : int
        Of the images.
    """
    columns = torch.arange(width, device=dx.device)
    rows = torch.arange(height, device=dy.device)
    across = columns.expand(len(dx), -1)
    if flip is not None:
        across = torch.where(flip[:, None], width - 1 - across, across)
    across = (across - dx[:, None]).clamp_(-1, width)
    down = (rows - dy[:, None]).clamp_(-1, height)
    return (down * (width + 2) + (width + 3))[:, :, None] + across[:, None, :]


def affine_index(degrees: Tensor, dx: Tensor, dy: Tensor, height: int, width: int) -> Tensor:
    """Return the index (B, H, W) that turns about the centre, then moves.

    Parameters
    ----------
    degrees : Tensor, float64 (B,)
        Counter-clockwise.
    dx, dy : Tensor, int64 or float64 (B,)
        Whole pixels to the right and downwards, after turning.
    height, width : int
        Of the images.
    """
    # Beyond this everything has left the frame; the bound keeps 32 bits from overflowing.
    most = 2 * (height + width)
    dx, dy = (move.clamp(-most, most).double() for move in (dx, dy))
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
    columns = torch.arange(width, dtype=torch.int32, device=degrees.device)
    rows = torch.arange(height, dtype=torch.int32, device=degrees.device)[:, None]
    across = cos_ * columns + (minus_sin * rows + x0)
    down = sin_ * columns + (cos_ * rows + y0)
    across.bitwise_right_shift_(16).clamp_(0, width + 1)
    down.bitwise_right_shift_(16).clamp_(0, height + 1)
    return across.add_(down, alpha=width + 2)
