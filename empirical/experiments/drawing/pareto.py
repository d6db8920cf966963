"""Panels with one point a training in the plane of two measures, and the front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ....style import BLACK, GREY, VERMILION
from ..front import pareto_front

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Where a number may stand beside its point, in points of type.
_PLACES = ((7, 6), (-7, 6), (7, -7), (-7, -7), (0, 10), (0, -11), (11, 0), (-11, 0))


def draw_pareto(ax: Axes, panel: Mapping[str, Any]) -> None:
    """Draw a Pareto plot: filled squares for the marked trainings, rings for the others."""
    points = panel["points"]
    for point in points:
        ax.errorbar(
            point["x"],
            point["y"],
            xerr=[[point["x"] - point["x_low"]], [point["x_high"] - point["x"]]],
            yerr=[[point["y"] - point["y_low"]], [point["y_high"] - point["y"]]],
            ecolor="#b5b5b5",
            elinewidth=0.9,
            linestyle="none",
            **_look(point),
        )
    front = pareto_front([(point["x"], point["y"]) for point in points])
    if len(front) > 1:
        xs, ys = zip(*front, strict=True)
        ax.plot(xs, ys, color=GREY, linewidth=1.0, linestyle=":", zorder=0)
    ax.set_xlabel(panel["axis"])
    ax.set_ylabel(panel["unit"])
    ax.margins(0.12)
    _numbers(ax, points)


def pareto_key(ax: Axes, panel: Mapping[str, Any]) -> None:
    """Write which number is which training."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="none", label=point["label"], **_look(point))
        for point in panel["points"]
    ]
    ax.legend(handles=handles, loc="center left", bbox_to_anchor=(0, 0.5), fontsize=8)


def _look(point: Mapping[str, Any]) -> dict[str, Any]:
    if point["marked"]:
        return {"marker": "s", "markersize": 5.5, "color": VERMILION}
    return {"marker": "o", "markersize": 5.5, "markerfacecolor": "white", "color": BLACK}


def _numbers(ax: Axes, points: list[Mapping[str, Any]]) -> None:
    """Write each point's number where it is farthest from all points and other numbers."""
    ax.autoscale_view()
    width, height = 220.0, 180.0
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    spots = [
        ((p["x"] - left) / (right - left) * width, (p["y"] - low) / (high - low) * height)
        for p in points
    ]
    taken = list(spots)
    for point, (x, y) in zip(points, spots, strict=True):
        others = [spot for spot in taken if spot != (x, y)]

        def room(place: tuple[int, int], x: float = x, y: float = y, o: Any = others) -> float:
            near = [(x + place[0] - a) ** 2 + (y + place[1] - b) ** 2 for a, b in o]
            return min(near, default=0.0)

        number = point["label"].partition(" ")[0]
        if not number.isdigit():
            continue
        place = max(_PLACES, key=room)
        taken.append((x + place[0], y + place[1]))
        ax.annotate(
            number,
            (point["x"], point["y"]),
            xytext=place,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
        )
