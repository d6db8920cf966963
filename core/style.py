"""One look for every figure of both halves: colour-blind safe and readable in grey."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .store import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours of Okabe and Ito, in an order whose lightness alternates.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GREY = "#E69F00", "#56B4E9", "#000000", "#767676"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))

_RC: dict[str, Any] = {
    "figure.figsize": (6.4, 4.0),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 160,
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
    "svg.fonttype": "path",
    # The same data give the same file.
    "svg.hashsalt": "spadv",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in spadv's style inside this context; the caller's settings come back after."""
    import matplotlib as mpl
    from cycler import cycler

    look: Any = dict(_RC)
    look["axes.prop_cycle"] = cycler(color=CYCLE) + cycler(linestyle=LINES)
    with mpl.rc_context(look):
        yield


def plain(text: str) -> str:
    r"""Return what draws a user's text as it is: no formula between dollars, never left out.

    Examples
    --------
    >>> print(plain("costs $5 to $9"))
    costs \$5 to \$9
    """
    shown = text.replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown  # legends skip names with it in front


def new_figure(**options: Any) -> Figure:
    """Return a figure that no window system and no global state knows of.

    A notebook shows it where it is the value of a cell.
    """
    from matplotlib.figure import Figure

    figure = Figure(**options)
    # What IPython asks an object for; it knows figures by themselves only if pyplot drew them.
    figure._repr_png_ = partial(_notebook_png, figure)  # type: ignore[attr-defined]
    return figure


@contextmanager
def panels(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] | None = None, **shared: Any
) -> Iterator[tuple[Figure, Any]]:
    """Give a new figure and its axes, as `Figure.subplots` has them, in spadv's style."""
    with styled():
        figure = new_figure(figsize=size)
        yield figure, figure.subplots(rows, columns, **shared)


def note(axes: Axes, x: float, y: float, text: str, **look: Any) -> None:
    """Write a small remark at a place of the data, grey unless its look says otherwise."""
    small: dict[str, Any] = {"color": GREY, "fontsize": 8.5}
    axes.text(x, y, text, **small | look)


def _notebook_png(figure: Figure) -> tuple[bytes, dict[str, float]]:
    """Return a PNG in the resolution of saved files, and the size at which to show it."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="png")
    width, height = figure.get_size_inches() * figure.dpi
    return buffer.getvalue(), {"width": float(width), "height": float(height)}


def to_svg(figure: Figure) -> str:
    """Return a figure as SVG text that can stand inside an HTML page."""
    with styled():
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and SVG into a folder and return the paths."""
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    with styled():
        for path in paths:
            buffer = io.BytesIO()
            kind = path.suffix[1:]
            # A date would make every run differ.
            figure.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else None)
            write_atomically(path, buffer.getvalue())
    return paths
