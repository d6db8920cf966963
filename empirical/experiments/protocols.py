"""Beyond the paper: the same networks attacked by the published rules and by corrected ones."""

from __future__ import annotations

from dataclasses import replace

from .augmented import trained
from .bench import Bench
from .finding import Claim, Contrast, Trend
from .levels import level_label, level_notes
from .measure import Measure
from .plan import Known, Plan, ProfilePanel, Variant
from .words import budget, together

#: Standard deviation of the training pixels, rounded: what one unit after normalisation is.
#: The mean over the colours, where there are several.
PIXELS = {"mnist": 0.3081, "mnist-sample": 0.3081, "cifar10": 0.2435}

#: Rules, and which of a job's evaluations is theirs.
RULES = ("corrected", "official", "equal in pixels")


def protocols(benches: tuple[Bench, ...], scale: str) -> Plan:
    """Return Aug-R networks under three attacks.

    - corrected: budgets in pixels, values clipped to [0, 1], evaluation mode;
    - official: budgets after normalisation, clipped to [-1, 1] there, for GCNNs in training
      mode and against predictions, as the published scripts do;
    - equal in pixels: the corrected attack with the budgets that the official one has in
      pixels. What it leaves of the official drop is due to the clip (and the mode).
    """
    parts = [_of(bench, scale) for bench in benches]
    shrunk, chosen = level_notes("Aug-R", scale)
    return Plan(
        variants=tuple(variant for plan in parts for variant in plan.variants),
        panels=tuple(panel for plan in parts for panel in plan.panels),
        claims=tuple(claim for plan in parts for claim in plan.claims),
        columns=parts[0].columns,
        known=tuple(known for plan in parts for known in plan.known),
        shrunk=together({bench.label: bench.shrunk for bench in benches}) + shrunk,
        chosen=together({bench.label: bench.chosen for bench in benches}) + chosen,
    )


def _of(bench: Bench, scale: str) -> Plan:
    unit = PIXELS[bench.data.name]
    survey = bench.survey
    attack_only = replace(survey, rotations=(), translations=(), both=(), distance_images=0)
    if scale == "cpu":
        attack_only = replace(attack_only, images=1000)
    official = replace(attack_only, protocol="official")
    equal = replace(
        attack_only,
        budgets=tuple(value * unit for value in survey.budgets),
        step_size=None if survey.step_size is None else survey.step_size * unit,
    )
    settings = (survey, official, equal)
    variants: dict[str, list[Variant]] = {}
    for variant in trained(bench, "Aug-R", scale):
        jobs = tuple(replace(job, evaluations=settings) for job in variant.jobs)
        variants[variant.name] = [
            Variant(
                f"{variant.name}, {rule}",
                jobs,
                variant.level,
                evaluation=number,
                unit=unit if rule == "equal in pixels" else 1.0,
            )
            for number, rule in enumerate(RULES)
        ]
    panels = [
        ProfilePanel(
            f"Aug-R, {bench.label}, {rule}",
            "robustness",
            "unchanged",
            tuple(
                (level_label("Aug-R", found[number].level or 0.0), found[number].name)
                for found in variants.values()
            ),
            "trained with\nrotations up to",
            axis="nominal budget",
        )
        for number, rule in enumerate(RULES)
    ]
    rows = list(variants.values())
    least, most = rows[0], rows[-1]
    claims: list[Claim] = []
    for number, rule in enumerate(RULES):
        claims.append(
            Trend(
                f"{bench.label}, {rule}: larger rotations in training make the network less "
                "robust to l-infinity attacks",
                Measure("robustness", "unchanged"),
                tuple(found[number].name for found in rows),
                tuple(found[number].level or 0.0 for found in rows),
                rising=False,
            )
        )
    for found in (least, most):
        claims.append(
            Contrast(
                f"{bench.label}, Aug-R {level_label('Aug-R', found[0].level or 0.0)}: the "
                "published rules fool more than the same budgets in pixels do: clip and mode "
                "alone lower the profile",
                Measure("robustness", "unchanged"),
                more=found[2].name,
                less=found[1].name,
            )
        )
    known: tuple[Known, ...] = ()
    if bench.data.name == "mnist" and bench.model.group is None:
        attacked = Measure("robustness", "accuracy", 0.3)
        where = "text on Figure 16(a): is it reached under its own rules?"
        known = (
            Known(least[1].name, attacked, "around 65%", where),
            Known(most[1].name, attacked, "20%", where),
        )
    far = max(survey.budgets)
    columns = []
    # At 0 the published rules leave the clip, and the mode, alone.
    for value in (0.0, survey.budgets[1], far):
        for metric in ("unchanged", "accuracy"):
            columns.append((_column(metric, value), Measure("robustness", metric, value)))
    return Plan(
        variants=tuple(variant for found in rows for variant in found),
        panels=tuple(panels),
        claims=tuple(claims),
        columns=tuple(columns),
        known=known,
    )


def _column(metric: str, value: float) -> str:
    what = "1 - fooling rate" if metric == "unchanged" else "accuracy under attack"
    return f"{what} at nominal {budget(value)}"
