"""Figures of predictions for classes of images, drawn from their documents alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...style import BLACK, CYCLE, GREY, LINES, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_AXES = {
    "rotation": "rotation (degrees)",
    "shift": "shift (fraction of the side)",
    "mirror": "identity, mirror image",
}


def prediction_figure(document: Mapping[str, Any]) -> Figure:
    """Draw one task: templates under transformations, distances, and frontiers.

    One row for each kind of transformation. Left: kappa and the accuracy of the natural Bayes
    rule, by transformation. Middle: what an attack leaves of the way to the other class. Right: the
    linear frontier in the largest range, one line a budget, with the bound of the laws.
    """
    kinds, task = list(document["transformations"]), document["task"]
    with panels(len(kinds), 3, size=(11.0, 3.7 * len(kinds)), squeeze=False) as (figure, rows):
        for (left, middle, right), kind in zip(rows, kinds, strict=True):
            table = sorted(document["transformations"][kind], key=lambda row: row["label"])
            labels = np.array([row["label"] for row in table])
            last = [r for r in document["ranges"] if r["kind"] == kind][-1]
            dots: Any = {"marker": "o" if len(labels) < 30 else "", "ms": 3}
            for name, text, color, line in (
                ("kappa", "κ", CYCLE[0], "-"),
                ("bayes", "Bayes rule's accuracy", CYCLE[1], "--"),
            ):
                left.plot(labels, [r[name] for r in table], line, color=color, label=text, **dots)
            left.axhline(0, color=GREY, lw=0.8)
            left.set(xlabel=_AXES[kind], title=f"{task}: the template moved")
            left.legend(loc="best")
            for i, row in enumerate(last["budgets"]):
                look: Any = {"color": CYCLE[i % 6], "ls": LINES[i % 6]}
                name = f"ε = {row['budget']:g}"
                upper = [np.mean(line["upper"][i]) for line in table]
                middle.plot(labels, upper, label=name, **dots, **look)
                right.plot(*np.array(row["hull"]).T, label=name, marker="o", ms=2.5, **look)
                if "law" in row:
                    top = min(row["law"], row["mixture"])
                    right.plot(row["law_at"], top, "v", color=look["color"])
            middle.set(xlabel=_AXES[kind], ylabel="D", title="Left of the way to the other class")
            middle.set_ylim(bottom=0)
            right.set(xlabel="spatial accuracy S", ylabel="adversarial accuracy A")
            title = f"Linear rules, {kind} to {last['range']:g}"
            right.set(xlim=(0.48, 1.01), ylim=(-0.02, 1.02), title=title)
            right.plot([], [], "v", color=BLACK, label="no classifier is above")
            right.legend(loc="lower left")
    return figure


def predictions_figure(documents: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw many tasks: the predicted loss of adversarial accuracy, in order.

    One panel for each kind of transformation, at its largest range; one mark a budget.
    """
    kinds = list(documents[0]["transformations"])
    size = 4.6 * len(kinds) + 1, 1.6 + 0.17 * len(documents)
    with panels(1, len(kinds), size=size, squeeze=False) as (figure, [row_of_axes]):
        for axes, kind in zip(row_of_axes, kinds, strict=True):
            last = [[r for r in d["ranges"] if r["kind"] == kind][-1] for d in documents]
            losses = np.array([[row["loss"] for row in r["budgets"]] for r in last])
            order = np.argsort(losses.mean(axis=1), kind="stable")
            places = np.arange(len(order))
            for i, row in enumerate(last[0]["budgets"]):
                look: Any = {"color": CYCLE[i % 6], "ms": 4, "label": f"ε = {row['budget']:g}"}
                axes.plot(losses[order, i], places, "os^Dv<>"[i % 7], **look)
            axes.set_yticks(places, [documents[k]["task"] for k in order], size=7)
            title = f"{kind} to {last[0]['range']:g}"
            axes.set(xlabel="predicted loss of A", title=title, ylim=(-1, len(order)))
            axes.legend(loc="lower right")
    return figure
