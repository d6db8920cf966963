"""Panels of curves with bands: profiles, and measures against the level of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ....style import CYCLE, LINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

MARKERS = "os^Dv*Px"
_Style = dict[str, Any]


def styles(count: int, *, ordered: bool) -> list[_Style]:
    """Return styles for so many curves: growing levels darken, others differ in hue."""
    import matplotlib as mpl

    made = []
    for number in range(count):
        if ordered:
            # Light to dark in print without colour as well; the lightest end is unreadable.
            share = 0.2 + 0.75 * number / max(count - 1, 1)
            colour: Any = mpl.colormaps["viridis_r"](share)
        else:
            colour = CYCLE[number % len(CYCLE)]
        made.append(
            {
                "color": colour,
                "linestyle": LINES[number % len(LINES)],
                "marker": MARKERS[number % len(MARKERS)],
                "markersize": 3.6,
                "linewidth": 1.5,
            }
        )
    return made


def curve_handles(panel: Mapping[str, Any]) -> list[Line2D]:
    """Return the entries of a panel's legend."""
    from matplotlib.lines import Line2D

    looks = styles(len(panel["curves"]), ordered=panel["ordered"])
    return [
        Line2D([], [], label=curve["label"], **look)
        for curve, look in zip(panel["curves"], looks, strict=True)
    ]


def draw_curves(ax: Axes, panel: Mapping[str, Any], *, legend: bool) -> None:
    """Draw a panel of curves; its own legend stands below it, where it cannot hide data."""
    bounded = True
    looks = styles(len(panel["curves"]), ordered=panel["ordered"])
    for curve, look in zip(panel["curves"], looks, strict=True):
        x, y = np.array(curve["x"]), np.array(curve["y"])
        low, high = np.array(curve["low"]), np.array(curve["high"])
        ax.fill_between(x, low, high, color=look["color"], alpha=0.15, linewidth=0)
        ax.plot(x, y, **look, label=curve["label"])
        bounded = bounded and bool((high <= 1.05).all())
    ax.set_xlabel(panel["axis"])
    ax.set_ylabel(panel["unit"])
    if "budget" in panel["axis"]:
        _budget_ticks(ax, panel)
    elif panel.get("kind") == "rotation" or "degrees" in panel["axis"]:
        ax.set_xticks(range(0, 181, 60))
    ax.set_ylim(bottom=0, top=1.03 if bounded else None)
    if legend and len(panel["curves"]) > 1:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, borderaxespad=0)


def _budget_ticks(ax: Axes, panel: Mapping[str, Any]) -> None:
    """Label budgets as fractions of 255 where they are such."""
    values = sorted({value for curve in panel["curves"] for value in curve["x"]})
    if max(values) < 0.1 and all(abs(v * 255 - round(v * 255)) < 1e-6 for v in values):
        ax.set_xticks(values, [f"{round(v * 255)}" for v in values])
        ax.set_xlabel(panel["axis"] + " / 255")
