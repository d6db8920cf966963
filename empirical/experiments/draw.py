"""Figures of experiments, from their JSON documents alone.

Panels stand in the order of the paper, with its letters; legends stand beside or below them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from string import ascii_lowercase
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ...style import BLACK, BLUE, CYCLE, GREY, LINES, VERMILION, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_Panel = Mapping[str, Any]

#: Inches: axes, gaps between them, margins. Fixed, because a layout engine takes seconds for
#: sixteen panels, and because figures of the same shape can be laid beside each other.
_AXES = {"curves": (2.45, 2.0), "pareto": (3.3, 2.75), "boundary": (3.6, 3.6)}
_ACROSS, _DOWN = 0.72, 0.82
_OWN_LEGENDS = {"curves": 0.28, "pareto": 0.0, "boundary": 0.55}
_LEFT, _TOP, _BOTTOM, _RIGHT = 0.72, 0.32, 0.52, 0.15
#: Width of a legend: its marks, and a letter of its type.
_MARKS, _LETTER = 0.5, 0.068
#: Width of a letter, and height of a line, of the note below a figure.
_NOTE_LETTER, _NOTE_LINE = 0.058, 0.13
#: Curves of rates within less than this are drawn on an axis of their own range.
_NARROW = 0.25
_MARKERS = "os^Dv*Px"
#: Where a number may stand beside its point, in points of type.
_PLACES = ((7, 6), (-7, 6), (7, -7), (-7, -7), (0, 10), (0, -11), (11, 0), (-11, 0))


def draw(document: Mapping[str, Any]) -> Figure | None:
    """Return the figure of an experiment's document; None if it has nothing to draw."""
    pictures = [picture for picture in document["pictures"] if picture["maps"]]
    return _draw([*document["panels"], *pictures], document["first"], here(document))


def draw_other_metric(document: Mapping[str, Any]) -> Figure | None:
    """Return the figure's profiles in accuracy, or in the paper's metric where that is it."""
    return _draw(document["other_metric"], document["first"], here(document))


def stand_ins(document: Mapping[str, Any]) -> list[str]:
    """Return what was trained in a document in the place of the paper's networks and data.

    Examples
    --------
    >>> stand_ins({"shrunk": ["GCNN: network: lenet P4 in place of vgg16 P4", "epochs: 4"]})
    ['lenet P4 in place of vgg16 P4']
    """
    told = (re.search(r"(?:^|: )(?:network|data): ([^;]+)", line) for line in document["shrunk"])
    return list(dict.fromkeys(found[1] for found in told if found))


def here(document: Mapping[str, Any]) -> str:
    """Return how an experiment was made: scale, seeds, what stands for the paper's, what failed."""
    seeds = sorted({len(job["runs"]) for job in document["jobs"]})
    made = [f"scale {document['scale']}"]
    if seeds:
        several = " or ".join(map(str, seeds))
        made.append(f"{several} training seed{'' if seeds == [1] else 's'}")
    failed = [remark.partition(";")[0] for remark in document.get("remarks", ())]
    return "; ".join([", ".join(made), *stand_ins(document), *failed])


def _draw(panels: Sequence[_Panel], first: str, note: str) -> Figure | None:
    if not panels:
        return None
    kind = panels[0]["type"]
    rows = _rows(panels, 2 if kind == "pareto" and len(panels) != 3 else _columns(len(panels)))
    columns = max(map(len, rows))
    shared = [_shares_legend(row) for row in rows]
    width, height = _AXES[kind]
    down = _DOWN + (0 if all(shared) else _OWN_LEGENDS[kind])
    legend = max(
        (_legend_width(row[0]) for row, one in zip(rows, shared, strict=True) if one), default=0
    )
    total_width = _LEFT + columns * width + (columns - 1) * _ACROSS + _RIGHT + legend
    lines = wrap(note, int((total_width - 0.3) / _NOTE_LETTER))
    # The note stands below everything.
    total_height = _TOP + len(rows) * height + (len(rows) - 1) * down + _BOTTOM + down - _DOWN
    total_height += _NOTE_LINE * len(lines)
    letters = iter(ascii_lowercase[ascii_lowercase.index(first) :])
    alone = len(panels) == 1 and first == "a"
    with styled():
        figure = new_figure(figsize=(total_width, total_height))
        # The style's layout engine gives way to the places below, when saving too.
        figure.set_layout_engine("none")

        def place(row: int, column: float, wide: float = width) -> Axes:
            left = _LEFT + column * (width + _ACROSS)
            top = _TOP + row * (height + down)
            low = (total_height - top - height) / total_height
            return figure.add_axes(
                (left / total_width, low, wide / total_width, height / total_height)
            )

        for number, row in enumerate(rows):
            for column, panel in enumerate(row):
                ax, letter = place(number, column), next(letters)
                ax.set_title(panel["title"] if alone else f"({letter}) {panel['title']}")
                if panel["type"] == "curves":
                    _draw_curves(ax, panel, legend=not shared[number])
                else:
                    (_draw_pareto if panel["type"] == "pareto" else _draw_boundary)(ax, panel)
            if shared[number]:
                # Where the next panel would begin, but for the room of its labels.
                ax = place(number, len(row) - _ACROSS * 0.7 / (width + _ACROSS), legend)
                ax.set_axis_off()
                _draw_legend(ax, row[0])
        figure.text(
            0.15 / total_width, 0.06 / total_height, "\n".join(lines), fontsize=7, color=GREY
        )
    return figure


def _rows(panels: Sequence[_Panel], columns: int) -> list[list[_Panel]]:
    """Return panels row by row; a row begins anew where another legend is needed."""
    rows = []
    for _, group in groupby(panels, key=lambda p: p.get("legend") and (p["legend"], _labels(p))):
        found = list(group)
        rows += [found[start : start + columns] for start in range(0, len(found), columns)]
    return rows


def _columns(panels: int) -> int:
    if panels <= 4:
        return panels
    return 4 if panels % 4 == 0 or panels > 9 else 3


def _labels(panel: _Panel) -> tuple[str, ...]:
    entries = panel.get("curves") or panel.get("points") or []
    return tuple(entry["label"] for entry in entries)


def _shares_legend(row: Sequence[_Panel]) -> bool:
    """Return whether one legend serves all panels of a row."""
    if row[0]["type"] == "pareto":
        return True
    if any(panel["type"] != "curves" for panel in row):
        return False
    return len(_labels(row[0])) > 1 and len({_labels(panel) for panel in row}) == 1


def _legend_width(panel: _Panel) -> float:
    labels = [text for _, text in _numbered(panel)] if "points" in panel else _labels(panel)
    lines = [*labels, *panel.get("legend", "").split("\n")]
    return _MARKS + _LETTER * max(map(len, lines))


def _draw_legend(ax: Axes, panel: _Panel) -> None:
    from matplotlib.lines import Line2D

    if panel["type"] == "pareto":
        handles = [
            Line2D([], [], linestyle="none", label=label, **_point_style(point))
            for point, (_, label) in zip(panel["points"], _numbered(panel), strict=True)
        ]
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(0, 0.5), fontsize=8)
        return
    ax.legend(
        handles=[
            Line2D([], [], label=curve["label"], **style) for curve, style in _styled_curves(panel)
        ],
        loc="center left",
        bbox_to_anchor=(0, 0.5),
        borderaxespad=0,
        title=panel["legend"] or None,
        title_fontsize=8.5,
        alignment="left",
    )


def _styled_curves(panel: _Panel) -> list[tuple[_Panel, dict[str, Any]]]:
    """Return curves with their styles: growing levels darken, others differ in hue."""
    import matplotlib as mpl

    made = []
    for number, curve in enumerate(panel["curves"]):
        colour: Any = CYCLE[number % len(CYCLE)]
        if panel["ordered"]:
            # Light to dark in print without colour as well; the lightest end is unreadable.
            share = 0.2 + 0.75 * number / max(len(panel["curves"]) - 1, 1)
            colour = mpl.colormaps["viridis_r"](share)
        style = {
            "color": colour,
            "linestyle": LINES[number % len(LINES)],
            "marker": _MARKERS[number % len(_MARKERS)],
            "markersize": 3.6,
            "linewidth": 1.5,
        }
        made.append((curve, style))
    return made


def _draw_curves(ax: Axes, panel: _Panel, *, legend: bool) -> None:
    """Draw curves with bands; a panel's own legend stands below it, where it hides no data."""
    bounded, lowest, highest = True, np.inf, -np.inf
    for curve, style in _styled_curves(panel):
        x, y, low, high = (np.array(curve[key]) for key in ("x", "y", "low", "high"))
        ax.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)
        ax.plot(x, y, **style, label=curve["label"])
        bounded = bounded and bool((high <= 1.05).all())
        lowest, highest = min(lowest, float(low.min())), max(highest, float(high.max()))
    ax.set_xlabel(panel["axis"])
    ax.set_ylabel(panel["unit"])
    if "budget" in panel["axis"]:
        _label_budgets(ax, panel)
    elif panel.get("kind") == "rotation" or "degrees" in panel["axis"]:
        ax.set_xticks(range(0, 181, 60))
    if bounded and highest - lowest < _NARROW:
        # From 0 to 1 nothing could be told apart.
        ax.set_ylim(lowest - 0.02, min(highest + 0.02, 1.03))
    else:
        ax.set_ylim(bottom=0, top=1.03 if bounded else None)
    if legend and len(panel["curves"]) > 1:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, borderaxespad=0)


def _label_budgets(ax: Axes, panel: _Panel) -> None:
    """Label budgets as fractions of 255 where they are such."""
    values = sorted({value for curve in panel["curves"] for value in curve["x"]})
    if max(values) < 0.1 and all(abs(v * 255 - round(v * 255)) < 1e-6 for v in values):
        ax.set_xticks(values, [f"{round(v * 255)}" for v in values])
        ax.set_xlabel(panel["axis"] + " / 255")


def _draw_pareto(ax: Axes, panel: _Panel) -> None:
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
            **_point_style(point),
        )
    front = pareto_front([(point["x"], point["y"]) for point in points])
    if len(front) > 1:
        xs, ys = zip(*front, strict=True)
        ax.plot(xs, ys, color=GREY, linewidth=1.0, linestyle=":", zorder=0)
    ax.set_xlabel(panel["axis"])
    ax.set_ylabel(panel["unit"])
    ax.margins(0.12)
    _number_points(ax, points, [mark for mark, _ in _numbered(panel)])


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points that no other point beats on both axes, from left to right.

    More is better on both axes.

    Examples
    --------
    >>> pareto_front([(0.1, 0.9), (0.5, 0.5), (0.4, 0.4), (0.9, 0.1)])
    [(0.1, 0.9), (0.5, 0.5), (0.9, 0.1)]
    """
    front: list[tuple[float, float]] = []
    for point in sorted(points, reverse=True):
        if not front or point[1] > front[-1][1]:
            front.append(point)
    return front[::-1]


def _numbered(panel: _Panel) -> list[tuple[str, str]]:
    """Return a mark and a label for each point: the label's own first word, or one of its own.

    Numbers where no label has a mark, else small letters: 3 is a row of the paper's table.
    """
    labels = [point["label"] for point in panel["points"]]
    own = [
        mark if rest and (mark.isdigit() or len(mark) == 1) else ""
        for mark, _, rest in (label.partition(" ") for label in labels)
    ]
    marks = ascii_lowercase if any(own) else map(str, range(1, len(labels) + 1))
    free = (mark for mark in marks if mark not in own)
    return [
        (mark, label) if mark else (given := next(free), f"{given} {label}")
        for mark, label in zip(own, labels, strict=True)
    ]


def _point_style(point: _Panel) -> dict[str, Any]:
    if point["marked"]:
        return {"marker": "s", "markersize": 5.5, "color": VERMILION}
    return {"marker": "o", "markersize": 5.5, "markerfacecolor": "white", "color": BLACK}


def _number_points(ax: Axes, points: Sequence[_Panel], marks: Sequence[str]) -> None:
    """Write each point's number where it is farthest from all points and other numbers."""
    ax.autoscale_view()
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    spots = [
        ((p["x"] - left) / (right - left) * 220.0, (p["y"] - low) / (high - low) * 180.0)
        for p in points
    ]
    taken = list(spots)
    for point, number, (x, y) in zip(points, marks, spots, strict=True):
        near = np.array([spot for spot in taken if spot != (x, y)]).reshape(-1, 2)
        candidates = np.array([(x + right, y + up) for right, up in _PLACES])
        away = ((candidates[:, None] - near) ** 2).sum(axis=2).min(axis=1, initial=1e9)
        best = int(away.argmax())
        taken.append((float(candidates[best, 0]), float(candidates[best, 1])))
        ax.annotate(
            number,
            (point["x"], point["y"]),
            xytext=_PLACES[best],
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
        )


def _draw_boundary(ax: Axes, picture: _Panel) -> None:
    """Draw where each network's margin is 0, and the ways from the image to there."""
    from matplotlib.lines import Line2D

    reach = picture["reach"]
    side = np.linspace(-reach, reach, picture["points"])
    handles = []
    styles: tuple[dict[str, Any], ...] = (
        {"color": BLUE, "linestyle": "solid"},
        {"color": VERMILION, "linestyle": "dashed"},
    )
    for found, style in zip(picture["maps"], styles, strict=True):
        # Margins have a row a value of the first coordinate; contours want it along x.
        margins = np.array(found["margins"]).T
        contour: dict[str, Any] = {key + "s": [value] for key, value in style.items()}
        ax.contour(side, side, margins, levels=[0.0], **contour)
        ax.annotate("", found["foot"], (0, 0), arrowprops={"arrowstyle": "-|>", **style})
        text = f"{found['label']}: distance {found['distance']:.2f}"
        handles.append(Line2D([], [], label=text, **style))
    ax.plot(0, 0, "o", color=BLACK)
    ax.annotate("$x_0$", (0, 0), xytext=(-9, -9), textcoords="offset points")
    ax.set_aspect("equal")
    ax.set_xlabel("l2 distance from the image")
    ax.set_ylabel("l2 distance from the image")
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), borderaxespad=0)
