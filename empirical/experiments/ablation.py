"""Beyond the paper: CuSP with parts of its curriculum taken away, reversed, or smoothed."""

from __future__ import annotations

from dataclasses import replace

from ..training.stages import Stage
from .bench import Bench
from .finding import Contrast, Gain
from .plan import Plan, Variant
from .strategies import (
    ADVERSARIAL,
    BASELINES,
    COLUMNS,
    SPATIAL,
    baselines,
    cusp_stages,
    pareto,
    selected,
)

Stages = tuple[Stage, ...]

#: Rotation and share of the budget with which the smooth curriculum begins.
_FROM_TURN, _FROM_SHARE = 60.0, 1 / 8


def forms(bench: Bench) -> dict[str, Stages]:
    """Return the curricula by name.

    All have CuSP's epochs and learning rates; they differ in what grows.
    """
    whole = cusp_stages(bench, bench.attack)
    last = whole[-1]
    return {
        "A CuSP-PGD": whole,
        "B rotations grow": tuple(replace(s, objective=last.objective) for s in whole),
        "C budgets grow": tuple(replace(s, augment=last.augment) for s in whole),
        "D reversed": tuple(
            replace(other, epochs=stage.epochs)
            for stage, other in zip(whole, reversed(whole), strict=True)
        ),
        "E smooth": smooth(bench, whole),
    }


def smooth(bench: Bench, stages: Stages) -> Stages:
    """Return a curriculum that grows a little every epoch, up to CuSP's last stage.

    Rotations grow from 60 degrees and budgets from an eighth of the last one, evenly, during
    the epochs that CuSP spends before its last stage.

    Examples
    --------
    >>> from spadv.empirical.experiments.benches import bench
    >>> vgg16 = bench("cifar10", "vgg16", "cusp", "paper", (0,))
    >>> made = smooth(vgg16, cusp_stages(vgg16, vgg16.attack))
    >>> len(made), made[0].augment.rotation, sum(stage.epochs for stage in made)
    (91, 60.0, 120)
    """
    last = stages[-1]
    growing = sum(stage.epochs for stage in stages[:-1])
    made = []
    for epoch in range(growing):
        done = epoch / growing
        turn = _FROM_TURN + (last.augment.rotation - _FROM_TURN) * done
        share = _FROM_SHARE + (1 - _FROM_SHARE) * done
        made.append(
            Stage(
                1,
                replace(last.augment, rotation=round(turn, 3)),
                replace(last.objective, budget=last.objective.budget * share),
            )
        )
    return (*made, last)


def ablation(bench: Bench) -> Plan:
    """Return CuSP, its parts, and the baselines PGD (Aug 0) and PGD (Aug 180)."""
    rows = baselines(bench)
    shown = BASELINES[2:4]
    variants = list(selected(rows, shown))
    made = forms(bench)
    variants += [Variant(name, bench.jobs(stages=stages)) for name, stages in made.items()]
    whole, turns, budgets, reverse, even = made
    constant = BASELINES[3]
    claims: list[Contrast | Gain] = []
    for less, text in (
        (constant, "than the same without a curriculum"),
        (turns, "than with growing rotations alone"),
        (budgets, "than with growing budgets alone"),
        (reverse, "than in reverse"),
        (even, "than in small steps"),
    ):
        for measure, kind in ((ADVERSARIAL, "adversarial"), (SPATIAL, "spatial")):
            claim = f"CuSP-PGD has a higher {kind} accuracy {text}"
            claims.append(Contrast(claim, measure, more=whole, less=less, paired=False))
    claims.append(
        Gain(
            "CuSP-PGD reaches beyond the front of PGD (Aug 0) and PGD (Aug 180)",
            SPATIAL,
            ADVERSARIAL,
            more=(whole,),
            less=shown,
        )
    )
    names = tuple(variant.name for variant in variants)
    return Plan(
        variants=tuple(variants),
        panels=(pareto("Parts of the curriculum", names, tuple(made)),),
        claims=tuple(claims),
        columns=COLUMNS,
        shrunk=bench.shrunk,
        chosen=(
            *bench.chosen,
            "E: rotations from 60 degrees and budgets from 1/255, a little more every epoch, "
            "until CuSP's last stage",
        ),
    )
