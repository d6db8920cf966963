"""Accuracy beside the rates that the paper shows (Figure 7)."""

from __future__ import annotations

from dataclasses import replace

from .adversarial import adversarial
from .augmented import augmented
from .bench import Bench
from .finding import Contrast, Trend
from .measure import Measure
from .plan import Plan, ProfilePanel, SweepPanel


def spatial_metrics(bench: Bench, scale: str) -> Plan:
    """Return panels (a, b): accuracy under attack, 1 - fooling rate, of Aug-R networks."""
    return _two_metrics(augmented(bench, "Aug-R", scale), "robustness")


def adversarial_metrics(bench: Bench, scale: str) -> Plan:
    """Return panels (c, d): accuracy, rate of invariance, under rotations, after Adv-PGD."""
    return _two_metrics(adversarial(bench, scale), "rotation")


def _two_metrics(plan: Plan, kind: str) -> Plan:
    (panel,) = [p for p in plan.panels if isinstance(p, ProfilePanel) and p.kind == kind]
    panels = (replace(panel, metric="accuracy"), replace(panel, metric="unchanged"))
    claims = tuple(
        claim
        for claim in plan.claims
        if isinstance(claim, Contrast | Trend) and claim.measure.kind == kind
    )
    return replace(plan, panels=panels, claims=claims)


def invariance_and_accuracy(bench: Bench, scale: str) -> Plan:
    """Return both metrics under rotation against the training budget, after Adv-PGD.

    The accuracy under rotation can stay while the rate of invariance falls, or the other way
    round: a network may keep wrong predictions.
    """
    plan = adversarial(bench, scale, kinds=("rotation", "robustness"))
    names = tuple(variant.name for variant in plan.variants)
    turn = max(bench.survey.rotations)
    lines = (
        ("natural accuracy", Measure("natural"), names),
        (f"invariance, rotation {turn:g}", Measure("rotation", "unchanged", turn), names),
        (f"accuracy, rotation {turn:g}", Measure("rotation", "accuracy", turn), names),
    )
    panel = SweepPanel(bench.label, "training budget", "fraction of images", lines)
    return replace(plan, panels=(panel,))
