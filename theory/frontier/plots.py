"""The figure of the trade-off: forbidden, achievable and exact, with the named classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, styled
from ..distribution import CodeGaussian
from .compute import Frontier
from .outer import outer_bound, spatial_cap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]

#: Budgets whose outer laws are drawn for comparison.
LAW_BUDGETS = (1.0, 2.0, 3.0, 4.0)
_LAW_LINES = ((0, (1, 1)), ":", "-.", "--")
_MARKS = {
    "Bayes": ("o", BLUE),
    "robust Bayes": ("s", GREEN),
    "shift-Bayes": ("^", PURPLE),
    "sign(x0)": ("D", ORANGE),
}
_SIZE = 8.5
_INCHES = (6.8, 5.2)
# Width and height of a letter, in units of the font size.
_LETTER = (0.56, 1.25)
# Where a label may stand, seen from its point.
_SIDES = ((1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1), (0, -1), (0, 1))


def region(known: Frontier, laws: Mapping[float, ArrayLike] | None = None) -> Figure:
    """Draw adversarial against spatial accuracy: what is excluded, achieved, and exact.

    Parameters
    ----------
    known : Frontier
        What :func:`spadv.theory.frontier.frontier` found at one budget.
    laws : mapping of float to array_like of shape (k, 2), optional
        Outer curves (S, A) of other budgets, drawn as lines.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with styled():
        figure = new_figure(figsize=_INCHES)
        axes = figure.subplots()
        left = min(0.5, *(point.spatial.value - 0.06 for point in known.named.values()))
        right = float(known.outer[-1, 0]) + 0.12
        axes.set(
            xlim=(left, right),
            ylim=(-0.02, 1.02),
            xlabel="spatial accuracy S",
            ylabel="adversarial accuracy A",
            title=f"p = {known.p:g}, {known.n_shifts} shifts of length d = {known.d}, "
            f"attack e = {known.budget:g}",
        )
        _excluded(axes, known)
        _achieved(axes, known)
        marks = {
            name: (point.spatial.value, sum(point.adversarial) / 2)
            for name, point in known.named.items()
        }
        taken = [_around(axes, *xy) for xy in marks.values()]
        for name, (s, a) in marks.items():
            marker, color = _MARKS.get(name, ("o", BLACK))
            low, high = known.named[name].adversarial
            if high > low:
                axes.plot([s, s], [low, high], color=color, lw=1.2, ls="-", zorder=4)
            axes.plot([s], [a], marker, ms=7, color=color, mec="white", mew=0.8, zorder=6)
            _label(axes, name.replace("x0", "$x_0$"), (s, a), taken, color="black")
        # The legend's corner.
        (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
        taken.append((x0, y0, x0 + 0.36 * (x1 - x0), y0 + 0.2 * (y1 - y0)))
        for i, (budget, curve) in enumerate(sorted((laws or {}).items())):
            _law(axes, np.asarray(curve, dtype=np.float64), budget, i, taken)
        axes.legend(loc="lower left", framealpha=0.9, frameon=True, edgecolor="none")
    return figure


def _excluded(axes: Axes, known: Frontier) -> None:
    """Shade what no classifier reaches at this budget."""
    curve = known.exact.upper if known.exact is not None else known.outer
    curve = _staircase_ends(curve, axes.get_xlim())
    axes.fill_between(
        curve[:, 0],
        curve[:, 1],
        1.02,
        color="#d9d9d9",
        lw=0,
        zorder=0,
        label=f"no classifier, e = {known.budget:g}",
    )


def _law(axes: Axes, curve: Floats, budget: float, number: int, taken: list[Box]) -> None:
    curve = curve[np.isfinite(curve).all(axis=1)]
    ends = np.concatenate([curve, [[curve[-1, 0], 0.0]]])
    line = _LAW_LINES[number % len(_LAW_LINES)]
    axes.plot(ends[:, 0], ends[:, 1], color=GREY, ls=line, lw=1.1, zorder=1)
    # In the right margin, at the height where the curve meets the largest S.
    end = (float(curve[-1, 0]), float(curve[-1, 1]))
    _label(
        axes, f"laws, e = {budget:g}", end, taken, color="#444444", sides=((1, 0), (1, -1), (1, 1))
    )


def _achieved(axes: Axes, known: Frontier) -> None:
    from scipy.spatial import ConvexHull

    best = known.hull if known.exact is None else known.exact.lower
    # Mixtures with the constant answers against x0, and with fragile rules of the same S.
    worst = 1 - known.p
    ends = [[worst, 0.0], [worst, worst], [best[-1, 0], 0.0]]
    named = [[q.spatial.value, q.adversarial[0]] for q in known.named.values() if q.exact]
    corners = np.concatenate([np.reshape(ends + named, (-1, 2)), best])
    hull = ConvexHull(corners, qhull_options="QJ")
    shape = corners[hull.vertices]
    axes.fill(shape[:, 0], shape[:, 1], color=SKY, alpha=0.16, lw=0, zorder=0.5)
    if known.exact is not None:
        lower, upper = known.exact.lower, known.exact.upper
        grid = np.union1d(lower[:, 0], upper[:, 0])
        low, high = (np.interp(grid, c[:, 0], c[:, 1]) for c in (lower, upper))
        axes.fill_between(grid, low, high, color=VERMILION, lw=0, alpha=0.5, zorder=2)
        label = f"exact frontier, gap {known.exact.gap:.1g}"
        axes.plot(lower[:, 0], lower[:, 1], color=VERMILION, ls="-", zorder=3, label=label)
    label = "linear rules and a coin"
    axes.plot(known.hull[:, 0], known.hull[:, 1], color=BLUE, ls="--", zorder=3, label=label)
    rules = np.array([(r.spatial, r.adversarial) for r in known.rules])
    axes.plot(rules[:, 0], rules[:, 1], ".", ms=3.5, color=BLUE, zorder=3.5, label="linear rules")


def _staircase_ends(curve: Floats, limits: Sequence[float]) -> Floats:
    """Extend an outer curve flat to the left edge, and straight down at its end."""
    top, last = curve[:, 1].max(), float(curve[-1, 0])
    first = curve[curve[:, 1].argmax() :]
    start = [[min(limits[0], float(first[0, 0])), top]]
    return np.concatenate([start, first, [[last, 0.0], [limits[1], 0.0]]])


def _scale(axes: Axes) -> tuple[float, float]:
    """Return data units per point of length; axes fill about these parts of the figure."""
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    return (x1 - x0) / (0.88 * _INCHES[0] * 72), (y1 - y0) / (0.83 * _INCHES[1] * 72)


def _around(axes: Axes, x: float, y: float, points: float = 5.0) -> Box:
    sx, sy = _scale(axes)
    return x - points * sx, y - points * sy, x + points * sx, y + points * sy


def _label(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    taken: list[Box],
    *,
    color: str,
    sides: Sequence[tuple[int, int]] = _SIDES,
) -> None:
    """Write a label near a point, on one of its sides, where nothing else stands yet."""
    sx, sy = _scale(axes)
    plain = text.replace("$", "").replace("_", "")
    width, height = _LETTER[0] * _SIZE * len(plain) * sx, _LETTER[1] * _SIZE * sy
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    choices: list[tuple[float, Box]] = []
    for radius in (9, 16, 26, 40):
        for dx, dy in sides:
            x = at[0] + dx * radius * sx - (0.0 if dx > 0 else width if dx < 0 else width / 2)
            y = at[1] + dy * radius * sy - height / 2
            box = (x, y, x + width, y + height)
            cost = 300 * sum(_overlap(box, b) for b in taken) / (width * height) + radius
            cost += 1e3 * (x < x0 or y < y0 or x + width > x1 or y + height > y1)
            choices.append((cost, box))
    box = min(choices)[1]
    taken.append(box)
    around = {"boxstyle": "square,pad=0.05", "fc": "white", "ec": "none", "alpha": 0.7}
    middle = (box[1] + box[3]) / 2
    axes.text(box[0], middle, text, fontsize=_SIZE, va="center", color=color, zorder=5, bbox=around)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def law_lines(dist: CodeGaussian) -> dict[float, NDArray[np.float64]]:
    """Return, for each whole budget from 1 to 4, the outer bound as (S, A) of shape (200, 2).

    Parameters
    ----------
    dist : CodeGaussian
        The distribution.
    """
    grid = np.linspace(1 - dist.p, spatial_cap(dist), 200)
    return {
        e: np.stack([grid, outer_bound(dist, e, grid)], axis=1)
        for e in LAW_BUDGETS
        if e < np.sqrt(dist.d)
    }


def example_region() -> Figure:
    """Return the region of an example: two shifts of a random word, p = 0.7, e = 2.

    Computed when first called, in a few seconds.
    """
    return region(*_example())


@cache
def _example() -> tuple[Frontier, dict[float, NDArray[np.float64]]]:
    from ..words import random_word
    from .compute import frontier

    dist = CodeGaussian(random_word(64, seed=0), 0.7, 32)
    return frontier(dist, 2.0), law_lines(dist)
