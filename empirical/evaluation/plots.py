"""Figures of evaluations, each one function of saved evaluations alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...checks import choose
from ...errors import InputError
from ...stats import LEVEL
from ...style import CYCLE, LINES, new_figure, plain, styled
from .record import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = ("o", "s", "^", "D", "v", "P")
METRICS = ("unchanged", "accuracy")
KINDS = ("robustness", "rotation", "translation", "both")

#: Title and horizontal axis of a panel.
_PANELS = {
    "rotation": ("Random rotation", "largest angle θ (degrees)"),
    "translation": ("Random translation", "largest shift (fraction of the side)"),
    "both": ("Rotation and translation", "i (to 180i degrees and i of the side)"),
    "robustness": ("Attack", "ℓ∞ budget ε (pixels in [0, 1])"),
}
_RATES = {
    ("spatial", "unchanged"): "rate of invariance",
    ("spatial", "accuracy"): "accuracy",
    ("robustness", "unchanged"): "1 − fooling rate",
    ("robustness", "accuracy"): "accuracy under attack",
}


def profiles_figure(
    evaluations: Mapping[str, Evaluation],
    kinds: tuple[str, ...] = KINDS,
    *,
    metric: str = "unchanged",
    level: float = LEVEL,
) -> Figure:
    """Draw robustness and invariance profiles side by side, as figures 1 to 4 of the paper.

    Panels show those `kinds` of profile that any of the evaluations has (by their networks'
    names, in the order of the legend); InputError if there is none. "unchanged" is the rate of
    invariance, or 1 - fooling rate, "accuracy" that on changed images, with bands at a level.
    """
    choose("metric", metric, METRICS)
    evaluations = {plain(name): evaluation for name, evaluation in evaluations.items()}
    shown = [kind for kind in kinds if any(e.has(kind) for e in evaluations.values())]
    if not shown:
        rule = f"hold at least one evaluation with a profile ({', '.join(kinds)})"
        raise InputError("evaluations", rule, list(evaluations))
    columns = len(shown) if len(shown) < 4 else 2
    rows = -(-len(shown) // columns)
    with styled():
        width = 6.0 if columns == 1 else 1.0 + 3.4 * columns
        figure = new_figure(figsize=(width, 0.9 + 3.0 * rows))
        panels = figure.subplots(rows, columns, squeeze=False)
        for kind, axes in zip(shown, panels.flat, strict=False):
            _panel(axes, kind, evaluations, metric, level)
        # Networks keep their order and look in all panels, hence one legend for all.
        lines = {line.get_label(): line for axes in panels.flat for line in axes.get_lines()}
        order = [name for name in evaluations if name in lines]
        figure.legend(
            [lines[name] for name in order],
            order,
            loc="outside lower center",
            ncols=min(len(order), 3 if columns > 1 else 2),
        )
    return figure


def _panel(
    axes: Axes, kind: str, evaluations: Mapping[str, Evaluation], metric: str, level: float
) -> None:
    title, label = _PANELS[kind]
    unit = 1.0
    if kind == "robustness":
        attacked = [e for e in evaluations.values() if e.has(kind)]
        ways = {_attack(e) for e in attacked}
        title = ways.pop() if len(ways) == 1 else title
        budgets = [255 * b for e in attacked for b in e.settings.budgets]
        if max(budgets) <= 32 + 1e-9 and all(abs(b - round(b)) < 1e-9 for b in budgets):
            unit, label = 255.0, "ℓ∞ budget ε (in 255ths of the pixel range)"
    for number, (name, evaluation) in enumerate(evaluations.items()):
        if not evaluation.has(kind):
            continue
        profile = evaluation.profile(kind)
        order = np.argsort(profile.values)
        x = np.asarray(profile.values)[order] * unit
        rates = [getattr(profile, metric)(int(setting), level) for setting in order]
        low, high = (np.array([rate.interval[end] for rate in rates]) for end in (0, 1))
        again, look = divmod(number, len(CYCLE))  # a seventh network looks like none before
        colour = CYCLE[look]
        axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        axes.plot(
            x,
            [rate.value for rate in rates],
            color=colour,
            linestyle=LINES[(look + again) % len(LINES)],
            marker=MARKERS[(look + again) % len(MARKERS)],
            markersize=4,
            markerfacecolor=colour if again % 2 == 0 else "white",
            label=name,
        )
    family = "robustness" if kind == "robustness" else "spatial"
    axes.set(
        title=title,
        xlabel=label,
        ylabel=f"{_RATES[family, metric]} ({level:.0%} bands)",
        ylim=(-0.02, 1.02),
    )
    if kind == "rotation":
        axes.set_xticks(range(0, 181, 30))


def _attack(evaluation: Evaluation) -> str:
    """Return the attack in a few words, such as "PGD, 10 steps"."""
    s = evaluation.settings
    name = {"pgd": "PGD", "apgd": "APGD", "autoattack": "AutoAttack"}[s.attack]
    text = f"{name}, {s.steps} steps"
    if s.restarts > 1:
        text += f", {s.restarts} restarts"
    return text if s.protocol == "corrected" else f"{text}, {s.protocol} protocol"
