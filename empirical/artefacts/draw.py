"""Figures of artefacts, from their JSON documents alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...theory.style import BLACK, CYCLE, GREY, LINES, new_figure, styled
from .front import pareto_front

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "os^Dv*Pxh<>p"
_WIDTH, _HEIGHT = 3.9, 3.0


def draw(document: dict[str, Any]) -> Figure | None:
    """Return the figure of an artefact; None if it has no panels.

    Parameters
    ----------
    document : dict
        As :func:`~spadv.empirical.artefacts.outcome.summarise` returns it.
    """
    panels = document["panels"]
    if not panels:
        return None
    columns = _columns(len(panels))
    rows = math.ceil(len(panels) / columns)
    with styled():
        figure = new_figure(figsize=(_WIDTH * columns, _HEIGHT * rows + 0.3))
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for letter, panel, ax in zip("abcdefghijklmnopqrstuvwxyz", panels, axes, strict=False):
            name = f"({letter}) " if len(panels) > 1 else ""
            ax.set_title(name + panel["title"])
            ax.set_xlabel(panel["axis"])
            ax.set_ylabel(panel["unit"])
            _pareto(ax, panel) if panel["type"] == "pareto" else _curves(ax, panel)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
    return figure


def _columns(panels: int) -> int:
    return panels if panels <= 3 else 2 if panels == 4 else 4 if panels % 4 == 0 else 3


def _curves(ax: Axes, panel: dict[str, Any]) -> None:
    bounded = True
    for number, curve in enumerate(panel["curves"]):
        x, y = np.array(curve["x"]), np.array(curve["y"])
        low, high = np.array(curve["low"]), np.array(curve["high"])
        colour = CYCLE[number % len(CYCLE)]
        ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(
            x,
            y,
            color=colour,
            linestyle=LINES[number % len(LINES)],
            marker=_MARKERS[number % len(_MARKERS)],
            markersize=4,
            label=curve["label"],
        )
        bounded = bounded and bool((high <= 1.05).all())
    if "budget" in panel["axis"]:
        _budget_ticks(ax, panel)
    ax.set_ylim(bottom=0, top=1.02 if bounded else None)
    ax.legend(loc="best")


def _budget_ticks(ax: Axes, panel: dict[str, Any]) -> None:
    """Label budgets as fractions of 255 where they are such."""
    values = sorted({value for curve in panel["curves"] for value in curve["x"]})
    if max(values) < 0.1 and all(abs(v * 255 - round(v * 255)) < 1e-6 for v in values):
        ax.set_xticks(values, [f"{round(v * 255)}" for v in values])
        ax.set_xlabel(panel["axis"] + " (in 255ths)")
    else:
        ax.set_xlabel(panel["axis"] + " (pixels in [0, 1])")


def _pareto(ax: Axes, panel: dict[str, Any]) -> None:
    points = panel["points"]
    for number, point in enumerate(points):
        colour = CYCLE[number % len(CYCLE)]
        ax.errorbar(
            point["x"],
            point["y"],
            xerr=[[point["x"] - point["x_low"]], [point["x_high"] - point["x"]]],
            yerr=[[point["y"] - point["y_low"]], [point["y_high"] - point["y"]]],
            color=colour,
            ecolor=GREY,
            elinewidth=0.9,
            marker=_MARKERS[number % len(_MARKERS)],
            markersize=6,
            linestyle="none",
            label=point["label"],
        )
    front = pareto_front([(point["x"], point["y"]) for point in points])
    if len(front) > 1:
        xs, ys = zip(*front, strict=True)
        ax.plot(xs, ys, color=BLACK, linewidth=0.9, linestyle=":", zorder=0)
    ax.legend(loc="best", fontsize=7)
