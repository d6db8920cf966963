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

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

_ONE = 1 << 16


def take_pixels(x: Tensor, index: Tensor) -> Tensor:
    """Return the pixels of the padded frame that an index names.

    Parameters
    ----------
    x : Tensor (B, C, H, W)
        Images.
    index : Tensor, integer (B, H, W)
        Places in the flattened frame of (H + 2) x (W + 2) pixels.
    """
    batch, channels, height, width = x.shape
    frame = F.pad(x, (1, 1, 1, 1)).reshape(batch, channels, (height + 2) * (width + 2))
    places = index.view(batch, 1, height * width).long().expand(-1, channels, -1)
    return frame.gather(2, places).view(x.shape)


def shift_index(
    dx: Tensor, dy: Tensor, height: int, width: int, flip: Tensor | None = None
) -> Tensor:
    """Return the index (B, H, W) that mirrors (where `flip`) after moving by whole pixels.

    Parameters
    ----------
    dx, dy : Tensor, int64 (B,)
        To the right, downwards; any size.
    height, width : int
        Of the images.
    flip : Tensor, bool (B,), optional
        Which images to mirror left to right, after moving.
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
