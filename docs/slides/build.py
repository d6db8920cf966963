"""Build slides.html, a lecture in twelve slides, from formulas and committed results.

    python docs/slides/build.py    # writes docs/slides/slides.html; ten seconds

Every number is computed here by spadv.theory or read from a committed document, which the last line
of its slide names; the words are in page.html. The page needs nothing else: pictures are inside,
formulas are MathML.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spadv.theory import laws
from spadv.theory.accuracy import (
    bayes_accuracy,
    robust_bayes_accuracy,
    shifted_accuracy,
    two_shift_accuracy,
)
from spadv.theory.frontier import concave_hull, two_shift_frontier

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent
PAGE = HERE / "slides.html"

#: The setting of the theory's slides: how often x0 is right, and the correlation of two shifts.
P, KAPPA = 0.7, 0.0
#: The slide with the frontier, as in the explorable page's "A gradual trade-off".
BUDGET, WANTED = 2.5, 0.9
Point = tuple[float, float]
Points = Iterable[Sequence[float]]


# Numbers


def percent(x: float, digits: int = 1) -> str:
    """Return an accuracy as it is written on the slides."""
    return f"{100 * x:.{digits}f}\u202f%"


def numbers() -> dict[str, float]:
    """Return what the sentences of the slides say, by name."""
    digits = json.loads((DOCS / "images" / "rotated-and-attacked.json").read_text(encoding="utf-8"))
    rotations, attacks = json.loads(
        (DOCS / "results" / "mnist" / "fig8a-b.json").read_text(encoding="utf-8")
    )["findings"][:2]
    best = float(two_shift_accuracy(KAPPA, P))
    return {
        **{f"digits {name}": value for name, value in digits["accuracy"].items()},
        "angle": digits["angle"],
        "pixel budget": digits["budget"],
        "training seeds": rotations["seeds"][0],
        "invariance at 0": rotations["rank"]["means"][0],
        "invariance at 180": rotations["rank"]["means"][-1],
        "robustness at 0": attacks["rank"]["means"][0],
        "robustness at 180": attacks["rank"]["means"][-1],
        "invariance gained": rotations["effect"],
        "robustness lost": attacks["effect"],
        **{f"invariance gained, {end}": rotations["interval"][end] for end in ("low", "high")},
        **{f"robustness lost, {end}": attacks["interval"][end] for end in ("low", "high")},
        "natural": float(bayes_accuracy(P)),
        "shifted": float(shifted_accuracy(KAPPA, P)),
        "spatial of bayes": float(bayes_accuracy(P) + shifted_accuracy(KAPPA, P)) / 2,
        "best spatial": best,
        "price": float(bayes_accuracy(P)) - best,
        "robust at 1": float(robust_bayes_accuracy(P, 1.0, np.inf)),
        "robust at 2": float(robust_bayes_accuracy(P, 2.0, np.inf)),
        "robust at budget": float(robust_bayes_accuracy(P, BUDGET, np.inf)),
        "lost S": best - WANTED,
        "theorem 2": float(laws.theorem2_adversarial(best, P)),
    }


def levels(finding: int) -> list[Point]:
    """Return the means of a claim of Figure 8 by the largest rotation in training."""
    text = (DOCS / "results" / "mnist" / "fig8a-b.json").read_text(encoding="utf-8")
    rank = json.loads(text)["findings"][finding]["rank"]
    return list(zip(rank["levels"], rank["means"], strict=True))


# Pictures


class Chart:
    """A picture with two axes, as SVG text."""

    def __init__(
        self, xs: Point, ys: Point, x_label: str, y_label: str, *, x_ticks: Sequence[float],
        y_ticks: Sequence[float], share: bool = True, size: Point = (560, 420),
    ) -> None:  # fmt: skip
        self.size, self.xs, self.ys = size, xs, ys
        self.left, self.right, self.top, self.bottom = 84.0, size[0] - 24, 14.0, size[1] - 66
        self.parts: list[str] = []
        for value in x_ticks:
            x = self.x(value)
            text = f"{value:.0%}" if share else f"{value:g}"
            self.parts.append(f'<path d="M{x:.1f} {self.bottom}v5" stroke="var(--soft)"/>')
            self.text(text, x, self.bottom + 26, "soft", "middle")
        for value in y_ticks:
            y = self.y(value)
            d = f"M{self.left} {y:.1f}H{self.right:.1f}"
            self.parts.append(f'<path d="{d}" stroke="var(--line)" stroke-width="0.7"/>')
            self.text(f"{value:.0%}", self.left - 8, y + 6, "soft", "end")
        self.text(x_label, (self.left + self.right) / 2, size[1] - 8, "", "middle")
        middle = (self.top + self.bottom) / 2
        turn = f'transform="rotate(-90 16 {middle:.1f})"'
        self.parts.append(
            f'<text x="16" y="{middle:.1f}" text-anchor="middle" {turn}>{y_label}</text>'
        )

    def x(self, value: float) -> float:
        """Return the place of a value on the horizontal axis."""
        low, high = self.xs
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Return the place of a value on the vertical axis."""
        low, high = self.ys
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)

    def path(self, points: Points) -> str:
        """Return points as the d of a path."""
        return "M" + "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)

    def line(self, points: Points, color: str, width: float = 3, dash: str = "") -> None:
        """Draw a line through points."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        style = f'fill="none" stroke="var(--{color})" stroke-width="{width}"{dashed}'
        self.parts.append(f'<path d="{self.path(points)}" {style} stroke-linejoin="round"/>')

    def area(self, points: Points, color: str) -> None:
        """Fill a polygon."""
        self.parts.append(f'<path d="{self.path(points)}Z" fill="var(--{color})"/>')

    def dot(self, point: Point, color: str, size: float = 6) -> None:
        """Draw a dot at a point."""
        place = f'cx="{self.x(point[0]):.1f}" cy="{self.y(point[1]):.1f}"'
        self.parts.append(
            f'<circle {place} r="{size}" fill="var(--{color})" stroke="var(--paper)"/>'
        )

    def text(self, text: str, x: float, y: float, cls: str = "halo", anchor: str = "start") -> None:
        """Write at a place of the picture."""
        style = f'class="{cls}" text-anchor="{anchor}"'
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{text}</text>')

    def near(self, text: str, point: Point, dx: float, dy: float, anchor: str = "start") -> None:
        """Write beside a point."""
        self.text(text, self.x(point[0]) + dx, self.y(point[1]) + dy, anchor=anchor)

    def svg(self, title: str) -> str:
        """Return the picture."""
        width, height = self.size
        head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{title}">'
        return head + "".join(self.parts) + "</svg>"


def network_chart() -> str:
    """Draw what Figure 8 says of StdCNNs: invariance and robustness by rotations in training."""
    chart = Chart(
        (0, 180), (0, 1), "largest rotation in training (degrees)", "share of test images",
        x_ticks=(0, 60, 120, 180), y_ticks=(0, 0.25, 0.5, 0.75, 1), share=False,
    )  # fmt: skip
    for finding, color, name, dy in ((0, "blue", "invariant", 34), (1, "vermilion", "robust", -16)):
        points = levels(finding)
        chart.line(points, color)
        for point in points:
            chart.dot(point, color)
        chart.near(name, points[1], 0, dy, "middle")
    return chart.svg("Invariance rises with rotations in training, robustness falls")


def template_picture() -> str:
    """Draw a template, its shift, and one input in noise."""
    word = np.array([1, 1, -1, 1, -1, -1, 1, -1, -1, -1, 1, 1])
    rng = np.random.default_rng(4)
    rows = (
        ("template c", word, "blue"),
        ("shifted by 3", np.roll(word, 3), "green"),
        ("an input, Y = +1", 0.55 * word + 0.8 * rng.standard_normal(word.size), "soft"),
    )
    parts = []
    for k, (name, values, color) in enumerate(rows):
        middle = 62 + 128 * k
        parts.append(f'<text x="0" y="{middle - 40}">{name}</text>')
        parts.append(f'<path d="M0 {middle}H540" stroke="var(--line)"/>')
        for i, value in enumerate(values):
            height = 30 * float(value)
            top = middle - max(height, 0)
            parts.append(
                f'<rect x="{i * 45 + 6}" y="{top:.1f}" width="33" height="{abs(height):.1f}" '
                f'fill="var(--{color})"/>'
            )
    return (
        '<svg viewBox="0 0 540 380" role="img" aria-label="A template, its shift, and an input">'
        + "".join(parts) + "</svg>"
    )  # fmt: skip


def plane_picture() -> str:
    """Draw the four means in the plane (u, v), and the box of an attack with e = 4."""
    a, b = np.sqrt((1 + KAPPA) / 2), np.sqrt((1 - KAPPA) / 2)
    chart = Chart(
        (-5, 5), (-5, 5), "u: where template and shift agree", "v: where they differ",
        x_ticks=(), y_ticks=(), size=(520, 470),
    )  # fmt: skip
    centre, reach = (2 * a, 2 * b), (4 * a, 4 * b)
    corners = [
        (centre[0] + sx * reach[0], centre[1] + sy * reach[1])
        for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    clipped = [(min(x, 5.0), min(y, 5.0)) for x, y in corners]
    chart.area(clipped, "in")
    chart.line([*clipped, clipped[0]], "ink", 1.4)
    chart.line([(-5, 0), (5, 0)], "line", 1)
    chart.line([(0, -5), (0, 5)], "line", 1)
    # Beside the box and its edges, on which three of the means lie.
    for x, y, color, name, dx, dy, anchor in (
        (2 * a, 2 * b, "blue", "Y = +1", 0, -14, "middle"),
        (2 * a, -2 * b, "blue", "+1, shifted", 0, 30, "middle"),
        (-2 * a, -2 * b, "vermilion", "Y = \u22121", -12, 24, "end"),
        (-2 * a, 2 * b, "vermilion", "\u22121, shifted", -14, 6, "end"),
    ):
        chart.dot((x, y), color, 8)
        chart.near(name, (x, y), dx, dy, anchor)
    top = (0.25, float(centre[1] + reach[1]))
    chart.near("attack on +1,", top, 0, 23)
    chart.near("e = 4", top, 0, 46)
    chart.near("u", (5, 0), -6, -9, "end")
    chart.near("v", (0, 5), -9, 20, "end")
    return chart.svg("The box of an attack with budget 4 holds both shifted means")


def robust_chart() -> str:
    """Draw A*, the best adversarial accuracy, by budget."""
    chart = Chart(
        (0, 4), (0.5, 1), "budget e of the attack", "best adversarial accuracy A*",
        x_ticks=(0, 1, 2, 3, 4), y_ticks=(0.5, 0.6, 0.7, 0.8, 0.9, 1), share=False,
    )  # fmt: skip
    for p, dash in ((P, ""), (0.9, "7 4"), (0.5, "2 4")):
        budgets = np.linspace(0, 4, 161)
        values = [float(robust_bayes_accuracy(p, e, np.inf)) for e in budgets.tolist()]
        chart.line(zip(budgets.tolist(), values, strict=True), "blue", 3, dash)
        chart.near(f"p = {p:g}", (3.1, max(values[-1], 0.5)), 0, -9)
    return chart.svg("The best adversarial accuracy falls to p at budget 2")


def frontier_of(budget: float) -> Any:
    """Return the frontier of two shifts, to 0.002."""
    return two_shift_frontier(P, budget, KAPPA, tolerance=2e-3)


def right_part(points: Any) -> list[Point]:
    """Return a frontier's points from the most robust rule to the most spatially robust one."""
    return [(float(s), float(a)) for s, a in concave_hull(points)]


def theorem_chart() -> str:
    """Draw Theorem 2 and the exact frontier at e = 4."""
    best = float(two_shift_accuracy(KAPPA, P))
    chart = frontier_frame()
    curve = right_part(frontier_of(4.0).lower)
    chart.area([(0.4, 1), (1, 1), (1, 0), (best, 0), *reversed(curve), (0.4, P)], "out")
    chart.line([(s, float(laws.theorem2_adversarial(s, P))) for s in (0.4, 1.0)], "ink", 2, "7 4")
    chart.line([(0.4, P), *curve, (best, 0)], "vermilion")
    chart.dot((P, P), "green", 8)
    chart.near("sign(x\u2080)", (P, P), -12, 24, "end")
    chart.near("no classifier", (0.86, 0.85), 0, 0, "middle")
    chart.near("Theorem 2", (0.42, 0.82), 0, -14)
    return chart.svg("At budget 4 nobody is above the line of Theorem 2, and sign(x0) is on it")


def family_chart() -> str:
    """Draw exact frontiers at several budgets."""
    chart = frontier_frame()
    best = float(two_shift_accuracy(KAPPA, P))
    for budget, color, place in (
        (1.0, "green", 0.7), (2.0, "blue", 0.845), (3.0, "vermilion", 0.855), (4.0, "loss", 0.82),
    ):  # fmt: skip
        curve = right_part(frontier_of(budget).lower)
        top = float(robust_bayes_accuracy(P, budget, np.inf))
        whole = [(0.4, top), *[q for q in curve if q[0] > 0.4], (best, 0.0)]
        chart.line(whole, color)
        s, a = zip(*whole[:-1], strict=True)
        chart.near(f"e = {budget:g}", (place, float(np.interp(place, s, a))), 0, 6, "middle")
    return chart.svg("The frontier sinks as the budget of the attack grows")


def frontier_frame() -> Chart:
    """Return axes for A and the least S: whoever has more S than asked for counts, too."""
    return Chart(
        (0.4, 1), (0, 1), "spatial accuracy: S at least", "adversarial accuracy A",
        x_ticks=(0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1), y_ticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
    )  # fmt: skip


def exact_chart(known: Any) -> str:
    """Draw the exact frontier at BUDGET, and what a point on it gives up."""
    best, robust = float(two_shift_accuracy(KAPPA, P)), float(
        robust_bayes_accuracy(P, BUDGET, np.inf)
    )  # fmt: skip
    chart = frontier_frame()
    curve = right_part(known.lower)
    outside = [(0.4, 1.0), (1, 1), (1, 0), (best, 0), *reversed(curve), (0.4, robust)]
    chart.area(outside, "out")
    chart.area([(0.4, 0.0), (0.4, robust), *curve, (best, 0)], "in")
    chart.line([(0.4, robust), *curve, (best, 0)], "vermilion")
    point = (WANTED, kept(known.lower))
    chart.line([(best, point[1]), point, (WANTED, robust)], "loss", 3)
    chart.dot(point, "loss", 8)
    chart.near(
        f"A \u2212{100 * (robust - point[1]):.0f}", (WANTED, (robust + point[1]) / 2), -8, 5, "end"
    )
    chart.near(f"S \u2212{100 * (best - WANTED):.0f}", (WANTED, point[1]), 0, 26, "middle")
    chart.near("no classifier", (0.72, 0.86), 0, 0, "middle")
    chart.near("possible", (0.6, 0.35), 0, 0, "middle")
    return chart.svg("The exact frontier of two shifts, and what one point on it gives up")


def kept(polyline: Any) -> float:
    """Return A of a frontier at S = WANTED."""
    s, a = concave_hull(polyline).T
    return float(np.interp(WANTED, s, a))


# The page


def page() -> str:
    """Return the whole page: page.html with its {{names}} replaced."""
    v = numbers()
    known = frontier_of(BUDGET)
    picture = (DOCS / "images" / "rotated-and-attacked.png").read_bytes()
    found = {
        # With two digits what is shown can be subtracted.
        **{
            f"{name} finely": percent(v[name], 2)
            for name in ("natural", "shifted", "spatial of bayes", "best spatial")
        },
        "price": f"{round(100 * v['natural'], 2) - round(100 * v['best spatial'], 2):.2f}",
        "lost S": f"{100 * v['lost S']:.0f}",
        # In whole points, with their intervals.
        **{
            name: f"{100 * v[name]:.0f} points, {100 * v[f'{name}, low']:.0f} to "
            f"{100 * v[f'{name}, high']:.0f}"
            for name in ("invariance gained", "robustness lost")
        },
        "training seeds": f"{v['training seeds']:g}",
        "p": f"{P:g}",
        "kappa": f"{KAPPA:g}",
        "budget": f"{BUDGET:g}",
        "wanted": f"{WANTED:g}",
        "angle": f"{v['angle']:g}",
        "pixel budget": f"{v['pixel budget']:g}",
        "wanted share": percent(WANTED),
        "x0": percent(P, 2),
        "at most": percent(kept(known.upper)),
        "reached": percent(kept(known.lower)),
        "lost A": f"{100 * (v['robust at budget'] - kept(known.lower)):.0f}",
        "about": f"{100 * kept(known.lower):.0f}\u202f%",
        "full frontier": percent(right_part(frontier_of(4.0).lower)[-1][1]),
        "digits picture": base64.b64encode(picture).decode(),
        "network chart": network_chart(),
        "template picture": template_picture(),
        "plane picture": plane_picture(),
        "robust chart": robust_chart(),
        "theorem chart": theorem_chart(),
        "family chart": family_chart(),
        "exact chart": exact_chart(known),
    }
    template = (HERE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"{{(.*?)}}", lambda m: found.get(m[1]) or percent(v[m[1]]), template)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
