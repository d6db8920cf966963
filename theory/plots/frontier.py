"""The figure of the trade-off: forbidden, achievable and exact, with the named classifiers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ...arrays import Floats
from ...style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, panels
from ..distribution import CodeGaussian
from ..frontier import Frontier, frontier, law_lines
from ..words import random_word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LAW_LINES = ((0, (1, 1)), ":", "-.", "--")
_MARKS = {
    "Bayes": ("o", BLUE),
    "robust Bayes": ("s", GREEN),
    "shift-Bayes": ("^", PURPLE),
    "sign(x0)": ("D", ORANGE),
}
_INCHES = (6.8, 5.2)


def example_region() -> Figure:
    """Draw the region of an example: two shifts of a random word, p = 0.7, e = 2.

    Computed when first called, in a few seconds.
    """
    return region(*_example())


@cache
def _example() -> tuple[Frontier, dict[float, Floats]]:
    dist = CodeGaussian(random_word(64, seed=0), 0.7, 32)
    return frontier(dist, 2.0), law_lines(dist)


def region(known: Frontier, laws: Mapping[float, ArrayLike] | None = None) -> Figure:
    """Draw adversarial against spatial accuracy: what is excluded, achieved, and exact.

    Outer curves (S, A) of other budgets, as from :func:`spadv.theory.frontier.law_lines`, are
    drawn as lines.
    """
    with panels(size=_INCHES) as (figure, axes):
        left = min(0.5, *(point.spatial.value - 0.06 for point in known.named.values()))
        right = float(known.outer[-1, 0]) + 0.12
        axes.set(xlabel="spatial accuracy S", ylabel="adversarial accuracy A")
        title = f"p = {known.p:g}, {known.n_shifts} shifts of length d = {known.d}, "
        title += f"attack e = {known.budget:g}"
        axes.set(xlim=(left, right), ylim=(-0.02, 1.02), title=title)
        _excluded(axes, known)
        _achieved(axes, known)
        marks = {
            name: (point.spatial.value, sum(point.adversarial) / 2)
            for name, point in known.named.items()
        }
        labels = _Labels(axes)
        for at in marks.values():
            labels.keep_clear(*at)
        for name, (s, a) in marks.items():
            marker, color = _MARKS.get(name, ("o", BLACK))
            low, high = known.named[name].adversarial
            if high > low:
                axes.plot([s, s], [low, high], color=color, lw=1.2, ls="-", zorder=4)
            axes.plot([s], [a], marker, ms=7, color=color, mec="white", mew=0.8, zorder=6)
            labels.write(name.replace("x0", "$x_0$"), (s, a), color="black")
        labels.keep_legend_clear()
        for i, (budget, curve) in enumerate(sorted((laws or {}).items())):
            _law(axes, np.asarray(curve, dtype=np.float64), budget, i, labels)
        axes.legend(loc="lower left", framealpha=0.9, frameon=True, edgecolor="none")
    return figure


def bounds_by_shifts(frontiers: Sequence[tuple[Frontier, ArrayLike]]) -> Figure:
    """Draw several frontiers, one a number of shifts, each beside an older outer curve (S, A).

    Grey is what the older curve excludes; the lines are what is known now, and linear rules.
    """
    count = len(frontiers)
    look: Any = {"size": (3.4 * count, 3.6), "sharey": True, "squeeze": False}
    with panels(1, count, **look) as (figure, [row]):
        for axes, (known, older) in zip(row, frontiers, strict=True):
            old = np.asarray(older, dtype=np.float64)
            s, a = np.concatenate([old, [[old[-1, 0], 0.0], [1.0, 0.0]]]).T
            axes.fill_between(s, a, 1.0, color="#d9d9d9", lw=0, label="excluded before")
            if known.exact is not None:
                new, label = known.exact.upper, f"exact, gap {known.exact.gap:.1g}"
                axes.plot(*known.exact.lower.T, color=VERMILION, lw=1.0)
            else:
                new, label = known.outer, "no classifier beyond"
            end = np.array([[new[-1, 0], 0.0]])
            axes.plot(*np.concatenate([new, end]).T, color=VERMILION, ls="-", label=label)
            axes.plot(*known.hull.T, color=BLUE, ls="--", label="randomised linear rules")
            low = float(known.hull[0, 0]) - 0.08
            axes.set(xlim=(low, float(old[-1, 0]) + 0.02), title=f"{known.n_shifts} shifts")
            axes.set(xlabel="spatial accuracy S", ylim=(0.5, 0.9))
            axes.legend(loc="lower left", fontsize=7.5)
        row[0].set_ylabel("adversarial accuracy A")
    return figure


def random_and_worst(
    frontiers: Sequence[tuple[str, Sequence[ArrayLike], Sequence[ArrayLike]]],
) -> Figure:
    """Draw frontiers (lower, upper) of random shifts beside those of the worst case, by title."""
    count = len(frontiers)
    with panels(1, count, size=(3.9 * count, 3.7), squeeze=False) as (figure, [row]):
        for axes, (title, *both) in zip(row, frontiers, strict=True):
            names = ("random shifts: S", "worst case: S^")
            for lines, color, name in zip(both, (BLUE, VERMILION), names, strict=True):
                lower, upper = (np.asarray(line, dtype=np.float64) for line in lines)
                grid = np.linspace(lower[0, 0], upper[-1, 0], 400)
                low, high = (np.interp(grid, *line.T) for line in (lower, upper))
                low = np.where(grid <= lower[-1, 0], low, lower[-1, 1])
                axes.fill_between(grid, low, high, color=color, alpha=0.3, lw=0)
                axes.plot(*lower.T, color=color, label=name.replace("S^", "$\\hat S$"))
            axes.set(xlabel="accuracy on shifted input", title=title)
            axes.legend(loc="lower left")
        row[0].set_ylabel("adversarial accuracy A")
    return figure


def linear_shortfall(rows: Sequence[tuple[int, float, float, float, float]]) -> Figure:
    """Draw how far the best classifier exceeds linear rules, by shifts, p and budget.

    Rows (n, p, e, low, high): between the two it lies, in (1-w) S + w A where it is largest.
    """
    probabilities, budgets = (sorted({row[i] for row in rows}) for i in (1, 2))
    across, down = len(probabilities), len(budgets)
    look: Any = {"sharex": True, "sharey": True, "squeeze": False}
    with panels(down, across, size=(3.4 * across, 1.8 * down + 0.6), **look) as (figure, grid):
        for (e, p), axes in zip(itertools.product(budgets, probabilities), grid.flat, strict=True):
            some = sorted((n, low, high) for n, q, b, low, high in rows if (q, b) == (p, e))
            n, low, high = np.array(some).T
            axes.vlines(n, low, high, color=BLUE, lw=2)
            axes.set_title(f"p = {p:g}, e = {e:g}")
        for axes in grid[-1]:
            axes.set(xlabel="shifts n", ylim=(0, None))
        grid[down // 2, 0].set_ylabel("best classifier beyond linear rules")
    return figure


def _excluded(axes: Axes, known: Frontier) -> None:
    """Shade what no classifier reaches at this budget: from the largest A on, and to the right."""
    curve = known.exact.upper if known.exact is not None else known.outer
    left, right = axes.get_xlim()
    first = curve[curve[:, 1].argmax() :]
    start = [min(left, float(first[0, 0])), curve[:, 1].max()]
    s, a = np.concatenate([[start], first, [[curve[-1, 0], 0.0], [right, 0.0]]]).T
    label = f"no classifier, e = {known.budget:g}"
    axes.fill_between(s, a, 1.02, color="#d9d9d9", lw=0, zorder=0, label=label)


def _achieved(axes: Axes, known: Frontier) -> None:
    from scipy.spatial import ConvexHull

    best = known.hull if known.exact is None else known.exact.lower
    # Mixtures with the constant answers against x0, and with fragile rules of the same S.
    worst = 1 - known.p
    ends = [[worst, 0.0], [worst, worst], [best[-1, 0], 0.0]]
    named = [[q.spatial.value, q.adversarial[0]] for q in known.named.values() if q.exact]
    corners = np.concatenate([np.reshape(ends + named, (-1, 2)), best])
    shape = corners[ConvexHull(corners, qhull_options="QJ").vertices]
    axes.fill(shape[:, 0], shape[:, 1], color=SKY, alpha=0.16, lw=0, zorder=0.5)
    if known.exact is not None:
        lower, upper = known.exact.lower, known.exact.upper
        grid = np.union1d(lower[:, 0], upper[:, 0])
        low, high = (np.interp(grid, c[:, 0], c[:, 1]) for c in (lower, upper))
        axes.fill_between(grid, low, high, color=VERMILION, lw=0, alpha=0.5, zorder=2)
        label = f"exact frontier, gap {known.exact.gap:.1g}"
        axes.plot(lower[:, 0], lower[:, 1], color=VERMILION, ls="-", zorder=3, label=label)
    label = "randomised linear rules"
    axes.plot(known.hull[:, 0], known.hull[:, 1], color=BLUE, ls="--", zorder=3, label=label)
    rules = np.array([(r.spatial, r.adversarial) for r in known.rules])
    axes.plot(rules[:, 0], rules[:, 1], ".", ms=3.5, color=BLUE, zorder=3.5, label="linear rules")


def _law(axes: Axes, curve: Floats, budget: float, number: int, labels: _Labels) -> None:
    curve = curve[np.isfinite(curve).all(axis=1)]
    end = (float(curve[-1, 0]), float(curve[-1, 1]))
    s, a = np.concatenate([curve, [[end[0], 0.0]]]).T
    axes.plot(s, a, color=GREY, ls=_LAW_LINES[number % len(_LAW_LINES)], lw=1.1, zorder=1)
    # In the right margin, at the height where the curve meets the largest S.
    sides = ((1, 0), (1, -1), (1, 1))
    labels.write(f"laws, e = {budget:g}", end, color="#444444", sides=sides)


Box = tuple[float, float, float, float]


class _Labels:
    """Labels near points, each where nothing else stands yet."""

    size = 8.5
    # Width and height of a letter, in units of the font size.
    letter = (0.56, 1.25)
    # Where a label may stand, seen from its point.
    sides = ((1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1), (0, -1), (0, 1))

    def __init__(self, axes: Axes) -> None:
        self.axes, self.taken = axes, list[Box]()
        (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
        self.limits = (x0, y0, x1, y1)
        # Data units per point of length; axes fill about these parts of the figure.
        self.sx = (x1 - x0) / (0.88 * _INCHES[0] * 72)
        self.sy = (y1 - y0) / (0.83 * _INCHES[1] * 72)

    def keep_clear(self, x: float, y: float, points: float = 5.0) -> None:
        dx, dy = points * self.sx, points * self.sy
        self.taken.append((x - dx, y - dy, x + dx, y + dy))

    def keep_legend_clear(self) -> None:
        x0, y0, x1, y1 = self.limits
        self.taken.append((x0, y0, x0 + 0.36 * (x1 - x0), y0 + 0.2 * (y1 - y0)))

    def write(
        self,
        text: str,
        at: tuple[float, float],
        *,
        color: str,
        sides: Sequence[tuple[int, int]] = sides,
    ) -> None:
        plain = text.replace("$", "").replace("_", "")
        width = self.letter[0] * self.size * len(plain) * self.sx
        height = self.letter[1] * self.size * self.sy
        x0, y0, x1, y1 = self.limits
        choices: list[tuple[float, Box]] = []
        for radius in (9, 16, 26, 40):
            for dx, dy in sides:
                x = at[0] + dx * radius * self.sx - (1 - dx) / 2 * width
                y = at[1] + dy * radius * self.sy - height / 2
                box = (x, y, x + width, y + height)
                cost = 300 * sum(_overlap(box, b) for b in self.taken) / (width * height) + radius
                cost += 1e3 * (x < x0 or y < y0 or x + width > x1 or y + height > y1)
                choices.append((cost, box))
        box = min(choices)[1]
        self.taken.append(box)
        around = {"boxstyle": "square,pad=0.05", "fc": "white", "ec": "none", "alpha": 0.7}
        look: Any = {"fontsize": self.size, "va": "center", "color": color, "zorder": 5}
        self.axes.text(box[0], (box[1] + box[3]) / 2, text, bbox=around, **look)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)
