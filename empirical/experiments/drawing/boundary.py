"""Decision boundaries of two networks in a plane through one image (Figure 15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ....style import BLACK, BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_boundary(ax: Axes, picture: Mapping[str, Any]) -> None:
    """Draw where each network's margin is 0, and the ways from the image to there."""
    from matplotlib.lines import Line2D

    reach = picture["reach"]
    side = np.linspace(-reach, reach, picture["points"])
    handles = []
    looks: tuple[tuple[str, Literal["solid", "dashed"]], ...] = (
        (BLUE, "solid"),
        (VERMILION, "dashed"),
    )
    for found, (colour, line) in zip(picture["maps"], looks, strict=True):
        # Margins have a row a value of the first coordinate; contours want it along x.
        margins = np.array(found["margins"]).T
        ax.contour(side, side, margins, levels=[0.0], colors=[colour], linestyles=[line])
        across, up = found["foot"]
        ax.annotate(
            "",
            (across, up),
            (0, 0),
            arrowprops={"arrowstyle": "-|>", "color": colour, "linestyle": line},
        )
        text = f"{found['label']}: distance {found['distance']:.2f}"
        handles.append(Line2D([], [], color=colour, linestyle=line, label=text))
    ax.plot(0, 0, "o", color=BLACK)
    ax.annotate("$x_0$", (0, 0), xytext=(-9, -9), textcoords="offset points")
    ax.set_aspect("equal")
    ax.set_xlabel("l2 distance from the image")
    ax.set_ylabel("l2 distance from the image")
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), borderaxespad=0)
