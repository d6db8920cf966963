"""Accuracy, accuracy under attack and distance to the boundary against training rotation."""

from __future__ import annotations

from .augmented import trained
from .bench import Bench
from .finding import Trend
from .levels import level_notes
from .measure import Measure
from .plan import Plan, SweepPanel
from .words import budget as spell

_AXIS = "largest rotation in training (degrees)"


def sweep(bench: Bench, scale: str, *, budget: float, accuracy: bool = True) -> Plan:
    """Return two panels of Figure 16 (a: accuracies, b: distance) on the Aug-R networks.

    Parameters
    ----------
    bench : Bench
        Network and images.
    scale : str
        Decides the levels.
    budget : float
        Of PGD.
    accuracy : bool
        False leaves the panel of accuracies out, as in Figure 5.
    """
    variants = trained(bench, "Aug-R", scale)
    names = tuple(variant.name for variant in variants)
    steps = tuple(variant.level or 0.0 for variant in variants)
    attacked = Measure("robustness", "accuracy", budget)
    distance = Measure("distance")
    title = bench.label
    panels = []
    if accuracy:
        lines = (
            ("no attack", Measure("natural"), names),
            (f"PGD {spell(budget)}", attacked, names),
        )
        panels.append(SweepPanel(f"{title}: accuracy", _AXIS, "accuracy", lines))
    lines = (("DeepFool", distance, names),)
    panels.append(SweepPanel(f"{title}: distance", _AXIS, "mean l2 distance", lines))
    claims = [
        Trend(
            f"{title}: larger rotations in training bring the decision boundary nearer "
            "(mean DeepFool distance)",
            distance,
            names,
            steps,
            rising=False,
        )
    ]
    if accuracy:
        claims.append(
            Trend(
                f"{title}: larger rotations in training lower the accuracy under PGD "
                f"{spell(budget)}",
                attacked,
                names,
                steps,
                rising=False,
            )
        )
    shrunk, chosen = level_notes("Aug-R", scale)
    return Plan(
        variants=variants,
        panels=tuple(panels),
        claims=tuple(claims),
        columns=(
            ("natural accuracy", Measure("natural")),
            (str(attacked), attacked),
            (str(distance), distance),
        ),
        shrunk=bench.shrunk + shrunk,
        chosen=bench.chosen + chosen,
    )
