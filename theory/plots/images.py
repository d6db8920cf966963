"""Figures of predictions for classes of images, drawn from their documents alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...style import BLACK, CYCLE, GREY, LINES, new_figure, styled

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
    kinds = list(document["transformations"])
    with styled():
        figure = new_figure(figsize=(11.0, 3.7 * len(kinds)))
        rows = figure.subplots(len(kinds), 3, squeeze=False)
        for (left, middle, right), kind in zip(rows, kinds, strict=True):
            table = document["transformations"][kind]
            labels = np.array([row["label"] for row in table])
            order = np.argsort(labels, kind="stable")
            ranges = [r for r in document["ranges"] if r["kind"] == kind]
            marker = "o" if len(labels) < 30 else ""
            for name, text, style in (
                ("kappa", "κ", "-"),
                ("bayes", "Bayes rule's accuracy", "--"),
            ):
                values = np.array([row[name] for row in table])
                color = CYCLE[0] if name == "kappa" else CYCLE[1]
                left.plot(
                    labels[order],
                    values[order],
                    style,
                    color=color,
                    marker=marker,
                    ms=3,
                    label=text,
                )
            left.axhline(0, color=GREY, lw=0.8)
            left.set(xlabel=_AXES[kind], title=f"{document['task']}: the template moved")
            left.legend(loc="best")
            for i, row in enumerate(ranges[-1]["budgets"]):
                upper = np.array([np.mean(line["upper"][i]) for line in table])
                look = {"color": CYCLE[i % 6], "ls": LINES[i % 6]}
                name = f"ε = {row['budget']:g}"
                middle.plot(labels[order], upper[order], label=name, marker=marker, ms=3, **look)
                hull = np.array(row["hull"])
                right.plot(*hull.T, label=name, marker="o", ms=2.5, **look)
                if "law" in row:
                    right.plot(
                        row["law_at"], min(row["law"], row["mixture"]), "v", color=look["color"]
                    )
            middle.set(xlabel=_AXES[kind], ylabel="D", title="Left of the way to the other class")
            middle.set_ylim(bottom=0)
            right.set(
                xlabel="spatial accuracy S",
                ylabel="adversarial accuracy A",
                title=f"Linear rules, {kind} to {ranges[-1]['range']:g}",
                xlim=(0.48, 1.01),
                ylim=(-0.02, 1.02),
            )
            right.plot([], [], "v", color=BLACK, label="no classifier is above")
            right.legend(loc="lower left")
    return figure


def predictions_figure(documents: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw many tasks: the predicted loss of adversarial accuracy, in order.

    One panel for each kind of transformation, at its largest range; one mark a budget.
    """
    kinds = list(documents[0]["transformations"])
    with styled():
        height = 1.6 + 0.17 * len(documents)
        figure = new_figure(figsize=(4.6 * len(kinds) + 1, height))
        for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            last = [[r for r in d["ranges"] if r["kind"] == kind][-1] for d in documents]
            losses = np.array([[row["loss"] for row in r["budgets"]] for r in last])
            order = np.argsort(losses.mean(axis=1), kind="stable")
            for i, row in enumerate(last[0]["budgets"]):
                axes.plot(
                    losses[order, i],
                    np.arange(len(order)),
                    "os^Dv<>"[i % 7],
                    color=CYCLE[i % 6],
                    ms=4,
                    label=f"ε = {row['budget']:g}",
                )
            axes.set_yticks(np.arange(len(order)), [documents[k]["task"] for k in order], size=7)
            axes.set(
                xlabel="predicted loss of A",
                title=f"{kind} to {last[0]['range']:g}",
                ylim=(-1, len(order)),
            )
            axes.legend(loc="lower right")
    return figure
