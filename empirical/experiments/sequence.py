"""Random translations first, adversarial training after (Figure 14)."""

from __future__ import annotations

from ..transforms import Augmentation
from .augmented import profile_columns, trained
from .bench import Bench
from .finding import Contrast, Trend
from .levels import level_label, level_notes
from .measure import Measure
from .plan import Plan, ProfilePanel, Variant


def hardened_after(bench: Bench, scale: str) -> Plan:
    """Return Aug-T networks trained on against attacks, and what became of their invariance."""
    before = trained(bench, "Aug-T", scale)
    after = tuple(
        Variant(
            f"{variant.name}, then Adv-PGD",
            bench.jobs(Augmentation(), bench.attack, start=variant.jobs),
            variant.level,
        )
        for variant in before
    )
    lines = tuple((level_label("Aug-T", v.level or 0.0), v.name) for v in after)
    names = tuple(variant.name for variant in after)
    steps = tuple(variant.level or 0.0 for variant in after)
    invariance, robustness = Measure("translation", "unchanged"), Measure("robustness", "unchanged")
    legend = "first trained\nwith shifts up to"
    title = "Aug-T, then Adv-PGD"
    claims = (
        Contrast(
            "adversarial training takes away invariance to translations that Aug-T has given",
            invariance,
            more=before[-1].name,
            less=after[-1].name,
        ),
        Trend(
            f"{title}: larger translations before make predictions more invariant to translations",
            invariance,
            names,
            steps,
        ),
        Trend(
            f"{title}: larger translations before make the network less robust to attacks",
            robustness,
            names,
            steps,
            rising=False,
        ),
    )
    shrunk, chosen = level_notes("Aug-T", scale)
    return Plan(
        variants=before + after,
        panels=(
            ProfilePanel(title, "translation", "unchanged", lines, legend),
            ProfilePanel(title, "robustness", "unchanged", lines, legend),
        ),
        claims=claims,
        columns=profile_columns(bench),
        shrunk=bench.shrunk + shrunk,
        chosen=bench.chosen
        + chosen
        + ("Adv-PGD after Aug-T: as long as Aug-T, with no augmentation",),
    )
