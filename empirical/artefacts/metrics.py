"""Accuracy beside the rates that the paper shows (Figure 7)."""

from __future__ import annotations

from dataclasses import replace

from .adversarial import adversarial
from .augmented import augmented
from .bench import Bench
from .plan import Plan, ProfilePanel


def spatial_metrics(bench: Bench, scale: str) -> Plan:
    """Return panels (a, b): accuracy under attack, 1 - fooling rate, of Aug-R networks."""
    return _two_metrics(augmented(bench, "Aug-R", scale), "robustness")


def adversarial_metrics(bench: Bench, scale: str) -> Plan:
    """Return panels (c, d): accuracy, rate of invariance, under rotations, after Adv-PGD."""
    return _two_metrics(adversarial(bench, scale), "rotation")


def _two_metrics(plan: Plan, kind: str) -> Plan:
    (panel,) = [p for p in plan.panels if isinstance(p, ProfilePanel) and p.kind == kind]
    panels = (replace(panel, metric="accuracy"), replace(panel, metric="unchanged"))
    claims = tuple(c for c in plan.claims if getattr(c, "measure", None) and c.measure.kind == kind)
    return replace(plan, panels=panels, claims=claims)
