"""Accuracy, accuracy under attack and distance to the boundary against training rotation."""

from __future__ import annotations

from .augmented import trained
from .bench import Bench
from .boundary import BoundarySlice
from .finding import Contrast, Trend
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
    line = ("DeepFool", distance, names)
    panels.append(SweepPanel(f"{title}: distance", _AXIS, "mean l2 distance", (line,)))
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
            (attacked.short, attacked),
            (str(distance), distance),
        ),
        shrunk=bench.shrunk + shrunk,
        chosen=bench.chosen + chosen,
    )


def boundaries(bench: Bench, scale: str) -> Plan:
    """Return Figure 15: the boundaries of the first and last Aug-R network around an image."""
    variants = trained(bench, "Aug-R", scale)
    ends = (variants[0], variants[-1])
    distance = Measure("distance")
    jobs = tuple((variant.name, variant.jobs[0]) for variant in ends)
    return Plan(
        variants=ends,
        claims=(
            Contrast(
                "the boundary is nearer for the network trained on rotations up to 180 degrees "
                "(mean DeepFool distance)",
                distance,
                more=ends[0].name,
                less=ends[1].name,
            ),
        ),
        columns=(("natural accuracy", Measure("natural")), (str(distance), distance)),
        shrunk=bench.shrunk,
        chosen=("the plane through one image in which both nearest boundaries lie; first seed",),
        illustrations=(BoundarySlice("A plane through one digit", (jobs[0], jobs[1])),),
    )
