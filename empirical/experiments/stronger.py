"""Beyond the paper: CuSP and its baselines under stronger attacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..evaluation import EvaluationSettings
from .bench import Bench
from .finding import Contrast
from .plan import Plan, Variant
from .strategies import (
    ADVERSARIAL,
    BASELINES,
    COLUMNS,
    CUSP_PGD,
    SPATIAL,
    bare,
    baselines,
    cusp,
    pareto,
)

#: Attacks, weakest first: name in labels, and what it is called in settings.
ATTACKS = {"PGD": "pgd", "APGD": "apgd", "AutoAttack": "autoattack"}
#: Steps and images at each scale.
_STEPS = {"paper": 100, "cpu": 100, "smoke": 2}
_IMAGES = {"paper": 1000, "cpu": 500, "smoke": 20}


def settings_of(bench: Bench, attack: str, scale: str) -> EvaluationSettings:
    """Return what is measured under an attack: accuracy at 8/255 and under rotation."""
    changes: dict[str, Any] = {
        "rotations": (180.0,),
        "translations": (),
        "both": (),
        "budgets": (0.0, 8 / 255),
        "images": _IMAGES[scale],
    }
    if attack != "pgd":
        changes |= {"attack": attack, "steps": _STEPS[scale], "step_size": None}
    return replace(bench.survey, **changes)


def stronger_attacks(bench: Bench, scale: str) -> Plan:
    """Return PGD (Aug 0), PGD (Aug 180) and the forms of CuSP under three attacks."""
    rows = baselines(bench)
    rows |= cusp(bench, rows, CUSP_PGD, bench.attack)
    shown = (BASELINES[2], BASELINES[3], *CUSP_PGD)
    settings = tuple(settings_of(bench, attack, scale) for attack in ATTACKS.values())
    variants = [
        Variant(
            f"{name}, {attack}",
            tuple(replace(job, evaluations=settings) for job in rows[name]),
            evaluation=number,
        )
        for number, attack in enumerate(ATTACKS)
        for name in shown
    ]
    straight, turned, cold = BASELINES[2], BASELINES[3], CUSP_PGD[0]
    claims = []
    for attack in ATTACKS:
        for text, measure, more, less in (
            ("CuSP-PGD has a higher adversarial accuracy than", ADVERSARIAL, cold, turned),
            ("CuSP-PGD has a higher adversarial accuracy than", ADVERSARIAL, cold, straight),
            ("CuSP-PGD has a higher spatial accuracy than", SPATIAL, cold, turned),
        ):
            if measure is SPATIAL and attack != "PGD":
                continue  # no attack is involved
            claim = f"{attack}: {text} {bare(less)}"
            names = {"more": f"{more}, {attack}", "less": f"{less}, {attack}"}
            claims.append(Contrast(claim, measure, **names, paired=False))
    for name in (straight, turned, cold):
        claim = f"{bare(name)}: AutoAttack leaves less accuracy than PGD"
        names = {"more": f"{name}, PGD", "less": f"{name}, AutoAttack"}
        claims.append(Contrast(claim, ADVERSARIAL, **names, paired=False))
    panels = []
    for attack in ATTACKS:
        points = tuple(f"{name}, {attack}" for name in shown)
        panels.append(pareto(f"Under {attack}", points, points[2:], shown))
    return Plan(
        variants=tuple(variants),
        panels=tuple(panels),
        claims=tuple(claims),
        columns=COLUMNS,
        shrunk=bench.shrunk,
        chosen=(
            *bench.chosen,
            f"stronger attacks: {_STEPS[scale]} steps, the first {_IMAGES[scale]:,} test images",
        ),
    )
