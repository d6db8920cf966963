"""The whole figure: panels in the order of the paper, their letters, legends beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from ....style import new_figure, styled
from .boundary import draw_boundary
from .curves import curve_handles, draw_curves
from .pareto import draw_pareto, pareto_key

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


def draw(document: Mapping[str, Any]) -> Figure | None:
    """Return the figure of an artefact; None if it has nothing to draw.

    Parameters
    ----------
    document : mapping
        As :func:`~spadv.empirical.experiments.outcome.summarise` returns it.
    """
    pictures = [picture for picture in document["pictures"] if picture["maps"]]
    return _draw([*document["panels"], *pictures], document["first"])


def draw_other_metric(document: Mapping[str, Any]) -> Figure | None:
    """Return the figure's profiles in the other metric than the paper's; None without any.

    Parameters
    ----------
    document : mapping
        What :func:`spadv.empirical.experiments.summarise` returned.
    """
    return _draw(document["other_metric"], document["first"])


def _draw(panels: Sequence[_Panel], first: str) -> Figure | None:
    if not panels:
        return None
    kind = panels[0]["type"]
    columns = 2 if kind == "pareto" and len(panels) != 3 else _columns(len(panels))
    rows = _rows(panels, columns)
    columns = max(map(len, rows))
    shared = [_shared_key(row) for row in rows]
    width, height = _AXES[kind]
    down = _DOWN + (0 if all(shared) else _OWN_LEGENDS[kind])
    key = max((_key_width(row[0]) for row, one in zip(rows, shared, strict=True) if one), default=0)
    total_width = _LEFT + columns * width + (columns - 1) * _ACROSS + _RIGHT + key
    total_height = _TOP + len(rows) * height + (len(rows) - 1) * down + _BOTTOM + down - _DOWN
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
                _panel(ax, panel, legend=not shared[number])
            if shared[number]:
                # Where the next panel would begin, but for the room of its labels.
                ax = place(number, len(row) - _ACROSS * 0.7 / (width + _ACROSS), key)
                ax.set_axis_off()
                _key(ax, row[0])
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


def _panel(ax: Axes, panel: _Panel, *, legend: bool) -> None:
    if panel["type"] == "curves":
        draw_curves(ax, panel, legend=legend)
    elif panel["type"] == "pareto":
        draw_pareto(ax, panel)
    else:
        draw_boundary(ax, panel)


def _labels(panel: _Panel) -> tuple[str, ...]:
    entries = panel.get("curves") or panel.get("points") or []
    return tuple(entry["label"] for entry in entries)


def _shared_key(row: Sequence[_Panel]) -> bool:
    """Return whether one legend serves all panels of a row."""
    if row[0]["type"] == "pareto":
        return True
    if any(panel["type"] != "curves" for panel in row):
        return False
    return len(_labels(row[0])) > 1 and len({_labels(panel) for panel in row}) == 1


def _key_width(panel: _Panel) -> float:
    lines = [*_labels(panel), *panel.get("legend", "").split("\n")]
    return _MARKS + _LETTER * max(map(len, lines))


def _key(ax: Axes, panel: _Panel) -> None:
    if panel["type"] == "pareto":
        pareto_key(ax, panel)
        return
    ax.legend(
        handles=curve_handles(panel),
        loc="center left",
        bbox_to_anchor=(0, 0.5),
        borderaxespad=0,
        title=panel["legend"] or None,
        title_fontsize=8.5,
        alignment="left",
    )
