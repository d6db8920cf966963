"""The other tables on the strategies: PGD settings (3), schedules (7), networks (8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..evaluation import EvaluationSettings
from ..training.stages import Stage
from .bench import Bench
from .finding import Claim, Contrast
from .plan import Plan, Variant
from .strategies import (
    ADVERSARIAL,
    BASELINES,
    COLUMNS,
    SPATIAL,
    bare,
    baselines,
    cusp_stages,
    pareto,
    trade_off,
)
from .words import budget, together

#: Steps and step sizes of Table 3, chosen: the text says only that there are four.
SETTINGS = {
    "a": (10, 1 / 255),
    "b": (20, 2 / 255),
    "c": (20, 1 / 255),
    "d": (40, 1 / 255),
}
#: Epochs of a whole training with these schedules.
EPOCHS = 120
#: Epochs after which the learning rate falls, and CuSP's difficulty grows, in Table 7.
SCHEDULES = ((75, 90, 100), (40, 80), (50, 100))


def attack_settings(bench: Bench) -> Plan:
    """Return Table 3: PGD (Aug 0) and PGD (Aug 180) under four attacks of other settings."""
    rows = baselines(bench)
    pairs = (BASELINES[2], BASELINES[3])
    surveys = tuple(_attack(bench, steps, step) for steps, step in SETTINGS.values())
    variants = []
    claims: list[Claim] = []
    for number, (letter, (steps, step)) in enumerate(SETTINGS.items()):
        names = tuple(f"{bare(name)}, {letter}: {steps} steps of {budget(step)}" for name in pairs)
        for name, row in zip(names, pairs, strict=True):
            jobs = tuple(replace(job, evaluations=surveys) for job in rows[row])
            variants.append(Variant(name, jobs, evaluation=number))
        straight, turned = names
        claims += trade_off(straight, turned, where=f"({letter}) {steps} steps of {budget(step)}: ")
    listed = "; ".join(f"{k}: {steps} of {budget(step)}" for k, (steps, step) in SETTINGS.items())
    return Plan(
        variants=tuple(variants),
        claims=tuple(claims),
        columns=COLUMNS,
        shrunk=bench.shrunk,
        chosen=(*bench.chosen, f"steps and step sizes of the four attacks: {listed}"),
    )


def _attack(bench: Bench, steps: int, step: float) -> EvaluationSettings:
    return replace(
        bench.survey,
        rotations=(180.0,),
        translations=(),
        both=(),
        budgets=(0.0, 8 / 255),
        steps=steps,
        distance_images=0,
        step_size=step,
    )


def schedules(bench: Bench) -> Plan:
    """Return Table 7: CuSP and PGD (Aug 180) under three schedules of the learning rate."""
    variants = []
    claims = []
    for number, milestones in enumerate(SCHEDULES):
        label = "-".join(map(str, milestones))
        plain = f"{2 * number + 1} PGD (Aug 180) [{label}]"
        name = f"{2 * number + 2} CuSP-PGD [{label}]"
        own, stages = scheduled(bench, milestones)
        variants += [
            Variant(plain, own.jobs(own.turned(180), own.attack)),
            Variant(name, own.jobs(stages=stages)),
        ]
        for measure, kind in ((ADVERSARIAL, "adversarial"), (SPATIAL, "spatial")):
            text = f"[{label}] CuSP-PGD has a higher {kind} accuracy than PGD (Aug 180)"
            claims.append(Contrast(text, measure, more=name, less=plain, paired=False))
    names = tuple(variant.name for variant in variants)
    marked = tuple(name for name in names if "CuSP" in name)
    return Plan(
        variants=tuple(variants),
        panels=(pareto("Schedules of the learning rate", names, marked),),
        claims=tuple(claims),
        columns=COLUMNS,
        shrunk=bench.shrunk,
        chosen=bench.chosen,
    )


def scheduled(bench: Bench, milestones: tuple[int, ...]) -> tuple[Bench, tuple[Stage, ...]]:
    """Return a bench under a schedule of Table 7, and CuSP's stages there.

    Stages begin where the rate falls first and second. At smaller scales the schedule keeps
    its proportions.

    Examples
    --------
    >>> from spadv.empirical.experiments.benches import bench
    >>> own, stages = scheduled(bench("cifar10", "vgg16", "cusp", "paper", (0,)), (40, 80))
    >>> own.optimiser.milestones, [stage.epochs for stage in stages]
    ((40, 80), [40, 40, 40])
    """
    usual = cusp_stages(bench, bench.attack)
    if milestones == SCHEDULES[0]:
        return bench, usual
    scaled = tuple(round(bench.epochs * epoch / EPOCHS) for epoch in milestones)
    own = bench.but(optimiser={"milestones": tuple(max(1, epoch) for epoch in scaled)})
    first = min(max(scaled[0], 1), bench.epochs - 2)
    second = min(max(scaled[1], first + 1), bench.epochs - 1)
    lengths = (first, second - first, bench.epochs - second)
    stages = (replace(stage, epochs=epochs) for stage, epochs in zip(usual, lengths, strict=True))
    return own, tuple(stages)


def networks(benches: Mapping[str, Bench]) -> Plan:
    """Return Table 8: PGD (Aug 0) and PGD (Aug 180) on several networks, by name."""
    variants = []
    claims: list[Claim] = []
    for label, bench in benches.items():
        rows = baselines(bench)
        straight, turned = (f"{label}, {bare(row)}" for row in BASELINES[2:4])
        variants += [
            Variant(straight, rows[BASELINES[2]]),
            Variant(turned, rows[BASELINES[3]]),
        ]
        claims += trade_off(straight, turned, where=f"{label}: ")
    return Plan(
        variants=tuple(variants),
        claims=tuple(claims),
        columns=COLUMNS,
        shrunk=together({label: bench.shrunk for label, bench in benches.items()}),
        chosen=(
            *together({label: bench.chosen for label, bench in benches.items()}),
            "LeNet: two fully connected layers, as the text says; the published file has three",
            "MLPs: hidden layers of 512, 512 and 512, and of 2048, 1024 and 512",
        ),
    )
