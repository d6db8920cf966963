"""Figures of the report, from its JSON document alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ...style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colour, marker and line of every method; methods of one family share the colour.
LOOKS: dict[str, tuple[str, str, Any]] = {
    "natural": (BLACK, "o", "-"),
    "shifts": (BLACK, "s", "-"),
    "PGD": (SKY, "D", "-"),
    "PGD + shifts": (BLUE, "^", "-"),
    "PGD + range": (BLUE, "v", "--"),
    "TRADES": (PURPLE, "P", "-"),
    "TRADES + shifts": (PURPLE, "X", "--"),
    "CuSP": (VERMILION, "*", "-"),
    "CuSP range": (VERMILION, "<", "--"),
    "CuSP-TRADES": (VERMILION, ">", ":"),
    "mixture": (GREEN, "h", "-"),
}
_WIDTH, _HEIGHT = 3.8, 3.3


def draw_frontiers(document: Mapping[str, Any]) -> Figure:
    """Return one panel for each setting and kind of network: S against A.

    Grey is excluded for every classifier, the orange line is the frontier, dashed is the hull of
    the best linear rules, crosses are 95% intervals over training seeds.
    """
    panels = [panel for panel in document["panels"] if panel["type"] == "pareto"]
    kinds = list(dict.fromkeys(panel["kind"] for panel in panels))
    settings = {setting["name"]: setting for setting in document["settings"]}
    names = [name for name in settings if any(panel["setting"] == name for panel in panels)]
    with styled():
        size = (_WIDTH * len(kinds) + 1.6, _HEIGHT * len(names))
        figure = new_figure(figsize=size)
        axes = figure.subplots(len(names), len(kinds), squeeze=False)
        for row, name in enumerate(names):
            box = _limits([p for p in panels if p["setting"] == name], settings[name]["frontier"])
            for column, kind in enumerate(kinds):
                ax = axes[row, column]
                ax.set(xlim=box[0], ylim=box[1])
                chosen = [p for p in panels if (p["setting"], p["kind"]) == (name, kind)]
                _frontier(ax, settings[name]["frontier"])
                for panel in chosen:
                    _methods(ax, panel["points"])
                    ax.set_title(panel["title"], fontsize=9)
                if row == len(names) - 1:
                    ax.set_xlabel("spatial accuracy S")
                if column == 0:
                    ax.set_ylabel("adversarial accuracy A")
        exact = any(setting["frontier"]["exact"] for setting in settings.values())
        _legend(figure, panels, exact=exact)
    return figure


def _limits(
    panels: Sequence[Mapping[str, Any]], frontier: Mapping[str, Any]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges of S and A that hold every point, and the frontier near them."""
    line = np.array(frontier["achieved"])
    points = [(p["x"], p["y"]) for panel in panels for p in panel["points"]]
    both = np.concatenate([line, np.reshape(points, (-1, 2))])
    low, high = both.min(axis=0), both.max(axis=0)
    room = 0.06 * (high - low)
    low, high = low - room, high + 1.5 * room
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def _frontier(ax: Axes, frontier: Mapping[str, Any]) -> None:
    excluded = np.array(frontier["excluded"])
    excluded = excluded[excluded[:, 1].argmax() :]
    # All that is above the line or on its right.
    s = [0.0, *excluded[:, 0], excluded[-1, 0], 1.0, 1.0, 0.0]
    a = [excluded[0, 1], *excluded[:, 1], 0.0, 0.0, 1.0, 1.0]
    ax.fill(s, a, color="#d9d9d9", lw=0, zorder=0)
    achieved, linear = np.array(frontier["achieved"]), np.array(frontier["linear"])
    if frontier["exact"]:
        ax.plot(achieved[:, 0], achieved[:, 1], color=ORANGE, ls="-", lw=2.4, alpha=0.8, zorder=1)
    ax.plot(linear[:, 0], linear[:, 1], color=GREY, ls="--", lw=1.1, zorder=1.5)
    for spatial, low, high in frontier["named"].values():
        if low == high:
            ax.plot([spatial], [low], marker="+", color=GREY, ms=8, mew=1.4, zorder=1.6)


def _methods(ax: Axes, points: Sequence[Mapping[str, Any]]) -> None:
    for method in dict.fromkeys(point["method"] for point in points):
        mine = [point for point in points if point["method"] == method]
        x, y = (
            np.array([[p[axis + end] for end in ("", "_low", "_high")] for p in mine]).T
            for axis in "xy"
        )
        ax.errorbar(
            x[0],
            y[0],
            xerr=np.abs(x[1:] - x[0]),
            yerr=np.abs(y[1:] - y[0]),
            **_style(method),
            elinewidth=0.8,
            markersize=7.5 if method == "CuSP" else 4.5,
            markeredgecolor="white",
            markeredgewidth=0.5,
            zorder=4 if method.startswith("CuSP") else 3,
        )


def _style(method: str) -> dict[str, Any]:
    colour, marker, line = LOOKS[method]
    return {"color": colour, "marker": marker, "linestyle": line, "linewidth": 0.9}


def _legend(figure: Figure, panels: Sequence[Mapping[str, Any]], *, exact: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    used = {point["method"] for panel in panels for point in panel["points"]}
    line = Line2D([], [], color=ORANGE, lw=2.4, ls="-", label="exact frontier")
    handles: list[Any] = [
        Patch(color="#d9d9d9", label="no classifier"),
        *([line] if exact else []),
        Line2D([], [], color=GREY, ls="--", lw=1.1, label="best linear rules"),
        Line2D([], [], color=GREY, ls="", marker="+", ms=8, mew=1.4, label="named rules"),
        *(Line2D([], [], **_style(m), ms=6, label=m) for m in LOOKS if m in used),
    ]
    figure.legend(handles=handles, loc="outside right center")


def draw_laws(document: Mapping[str, Any]) -> Figure | None:
    """Return what training with shifts alone does, beside the law and the prediction.

    One panel a setting: adversarial accuracy against that on the shifted input. At one budget a
    line is the gradual law, a dotted one the path of the best classifier as the range of training
    shifts grows, points are networks. A last panel shows finite training samples.
    """
    panels = [panel for panel in document["panels"] if panel["type"] in ("law", "curves")]
    if not panels:
        return None
    with styled():
        figure = new_figure(figsize=(3.9 * len(panels), 3.7))
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for ax, panel in zip(axes, panels, strict=True):
            ax.set_title(fill(panel["title"], 40), fontsize=9)
            ax.set_xlabel(panel["axis"])
            ax.set_ylabel(panel["unit"])
            _law(ax, panel) if panel["type"] == "law" else _curves(ax, panel)
    return figure


def _law(ax: Axes, panel: Mapping[str, Any]) -> None:
    colours = (BLUE, VERMILION, GREEN, PURPLE)
    for colour, line in zip(colours, panel["lines"], strict=False):
        law, path = np.array(line["law"]), np.array(line["path"])
        ax.plot(law[:, 0], law[:, 1], color=colour, ls="-", lw=1.6, label=f"e = {line['budget']:g}")
        ax.plot(path[:, 0], path[:, 1], color=colour, ls=":", lw=1.2)
        for kind, marker in (("linear", "s"), ("mlp", "o")):
            found = [n for n in line["networks"] if n["kind"] == kind]
            ax.plot(
                [n["x"] for n in found],
                [n["y"] for n in found],
                ls="",
                marker=marker,
                ms=5,
                color=colour,
                markerfacecolor="white" if kind == "linear" else colour,
            )
    moved = [n["x"] for line in panel["lines"] for n in line["networks"]]
    ax.set_xlim(min(moved) - 0.05, None)
    ax.set_ylim(0, 1.0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(panel["lines"]))


def _curves(ax: Axes, panel: Mapping[str, Any]) -> None:
    for curve in panel["curves"]:
        style = _style(curve["label"])
        ax.fill_between(
            curve["x"], curve["low"], curve["high"], color=style["color"], alpha=0.15, lw=0
        )
        ax.plot(curve["x"], curve["y"], **style, ms=5, label=curve["label"])
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
