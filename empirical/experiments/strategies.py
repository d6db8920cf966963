"""Ways to combine rotations and attacks in training: Tables 1 and 3 to 8, Figures 6, 17 to 22.

Rows 3 to 6 follow from the paper's text; rows 1 and 2 are our reading of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..settings import EvaluationSettings, Objective, Stage, curriculum, format_number
from .measure import Measure
from .plan import Contrast, Gain, PaperClaim, ParetoPanel, Plan, PublishedNumber, Variant, Variants
from .setup import TRADES, ExperimentSetup, notes

#: The three columns of Table 1.
NATURAL = Measure("natural")
SPATIAL = Measure("rotation", "accuracy", 180.0)
ADVERSARIAL = Measure("robustness", "accuracy", 8 / 255)
COLUMNS = (
    ("natural accuracy", NATURAL),
    ("spatial accuracy (180 degrees)", SPATIAL),
    ("adversarial accuracy (PGD 8/255)", ADVERSARIAL),
)

#: Steps and step sizes of Table 3, an assumption: the text says only that there are four.
ATTACKS = {"a": (10, 1 / 255), "b": (20, 2 / 255), "c": (20, 1 / 255), "d": (40, 1 / 255)}
#: Epochs after which the learning rate falls, and CuSP's difficulty grows, in Table 7.
SCHEDULES = ((75, 90, 100), (40, 80), (50, 100))


class Baselines(NamedTuple):
    """Rows 1 to 6 of Table 1; `rotated` is with rotations up to 180 degrees."""

    natural: Variant
    natural_rotated: Variant
    pgd: Variant
    pgd_rotated: Variant
    pgd_then_rotated: Variant
    rotated_then_pgd: Variant


def baselines(setup: ExperimentSetup) -> Baselines:
    """Return rows 1 to 6: natural, adversarial, and one after the other."""
    straight, rotated = setup.rotated(0), setup.rotated(180)
    natural = Variant("1 natural (Aug 0)", setup.jobs(straight))
    natural_rotated = Variant("2 natural (Aug 180)", setup.jobs(rotated))
    pgd = Variant("3 PGD (Aug 0)", setup.jobs(straight, setup.attack))
    return Baselines(
        natural,
        natural_rotated,
        pgd,
        Variant("4 PGD (Aug 180)", setup.jobs(rotated, setup.attack)),
        Variant("5 PGD (Aug 0) → Aug 180", setup.jobs(rotated, start=pgd.jobs)),
        Variant(
            "6 Aug 180 → PGD (Aug 0)",
            setup.jobs(straight, setup.attack, start=natural_rotated.jobs),
        ),
    )


def cusp_stages(setup: ExperimentSetup, objective: Objective | None = None) -> tuple[Stage, ...]:
    """Return CuSP's stages, by default against the setup's attack.

    Examples
    --------
    >>> from spadv.empirical.experiments.presets import Preset
    >>> stages = cusp_stages(Preset("cifar10", "vgg16", "cusp").at("paper", (0,)))
    >>> [(s.epochs, round(s.augment.rotation), round(s.objective.budget * 255)) for s in stages]
    [(75, 120, 2), (15, 150, 4), (30, 180, 8)]
    """
    return curriculum(
        "cusp", epochs=setup.epochs, augment=setup.rotated(180), objective=objective or setup.attack
    )


def cusp(
    setup: ExperimentSetup, rows: Baselines, form: str = "CuSP-PGD", *, first: int = 7
) -> Variants:
    """Return CuSP from scratch, from PGD (Aug 0), and from natural training with Aug 180.

    `form` is "CuSP-PGD" or "CuSP-TRADES", and `first` the number of the first row.
    """
    trades = form == "CuSP-TRADES"
    stages = cusp_stages(setup, replace(setup.attack, **TRADES) if trades else None)
    return (
        Variant(f"{first} {form}", setup.jobs(stages=stages)),
        Variant(
            f"{first + 1} PGD (Aug 0) → {form}", setup.jobs(stages=stages, start=rows.pgd.jobs)
        ),
        Variant(
            f"{first + 2} Aug 180 → {form}",
            setup.jobs(stages=stages, start=rows.natural_rotated.jobs),
        ),
    )


def strategies(
    setup: ExperimentSetup,
    *,
    forms: tuple[str, ...] = ("CuSP-PGD",),
    published: tuple[tuple[str, PublishedNumber], ...] = (),
) -> Plan:
    """Return Table 1, or Table 4, and the Pareto plots, with forms of CuSP beside the baselines.

    Numbers of the paper are of "pgd" (row 3) or "cusp" (row 7).
    """
    rows = baselines(setup)
    variants: Variants = tuple(rows)
    panels, claims = [], baseline_claims(rows)
    known = {"pgd": rows.pgd}
    for form in forms:
        first = 7 if form == "CuSP-PGD" else 10
        made = cusp(setup, rows, form, first=first)
        known.setdefault("cusp", made[0])
        variants += made
        panels += [
            pareto(f"{form} and baselines", rows + made, made),
            pareto(f"{form}, enlarged", made, made),
        ]
        claims += cusp_claims(form, rows, made)
    return Plan(
        variants=variants,
        panels=panels,
        claims=claims,
        columns=COLUMNS,
        published=tuple((known[row], number) for row, number in published),
        **notes(
            setup,
            more=(
                "rows 1 and 2, natural training without and with rotations, are our reading of "
                "the text",
                "a → b: b is a whole training of its own, from the weights that a ends with",
            ),
        ),
    )


def pareto(
    title: str, variants: Variants, marked: Variants, labels: Sequence[str] = ()
) -> ParetoPanel:
    """Return a Pareto plot of spatial against adversarial accuracy."""
    labels = labels or [variant.name for variant in variants]
    lines = tuple(zip(labels, variants, strict=True))
    return ParetoPanel(title, SPATIAL, ADVERSARIAL, lines, marked)


def baseline_claims(rows: Baselines) -> list[PaperClaim]:
    """Return what the text says of rows 2 to 6."""
    return [
        *trade_off(rows.pgd, rows.pgd_rotated),
        above(
            "PGD (Aug 0) → Aug 180 forgets: its adversarial accuracy is below that of PGD (Aug 0)",
            ADVERSARIAL,
            rows.pgd,
            rows.pgd_then_rotated,
        ),
        above(
            "Aug 180 → PGD (Aug 0) forgets: its spatial accuracy is below that of natural "
            "training with Aug 180",
            SPATIAL,
            rows.natural_rotated,
            rows.rotated_then_pgd,
        ),
    ]


def cusp_claims(form: str, rows: Baselines, made: Variants) -> list[PaperClaim]:
    """Return the paper's claims on the three forms of a CuSP."""
    pairs = (
        (rows.pgd, SPATIAL, "spatial"),
        (rows.rotated_then_pgd, SPATIAL, "spatial"),
        (rows.pgd_rotated, ADVERSARIAL, "adversarial"),
        (rows.pgd_then_rotated, ADVERSARIAL, "adversarial"),
    )
    claims: list[PaperClaim] = [
        above(f"{form} has a higher {kind} accuracy than {bare(other)}", measure, made[0], other)
        for other, measure, kind in pairs
    ]
    beyond = f"{form}, cold or warm, reaches beyond the Pareto front of the baselines"
    return [*claims, Gain(beyond, SPATIAL, ADVERSARIAL, more=made, less=tuple(rows))]


def trade_off(straight: Variant, rotated: Variant, where: str = "") -> tuple[Contrast, Contrast]:
    """Return that rotations in adversarial training help against the ones, and cost the other."""
    spatial = f"{where}PGD (Aug 180) has a higher spatial accuracy than PGD (Aug 0)"
    adversarial = f"{where}PGD (Aug 180) has a lower adversarial accuracy than PGD (Aug 0)"
    return (
        above(spatial, SPATIAL, rotated, straight),
        above(adversarial, ADVERSARIAL, straight, rotated),
    )


def above(claim: str, measure: Measure, more: Variant, less: Variant) -> Contrast:
    """Return a claim on one metric, which the paper itself names."""
    return Contrast(claim, measure, more, less, paired=False)


def bare(variant: Variant) -> str:
    """Return a row's name without its number: "PGD (Aug 180)"."""
    number, _, rest = variant.name.partition(" ")
    return rest if number.isdigit() else variant.name


def attack_only(setup: ExperimentSetup, **changes: object) -> EvaluationSettings:
    """Return an evaluation under rotations to 180 degrees and at budget 8/255 alone."""
    settings: dict[str, object] = {
        "rotations": (180.0,),
        "translations": (),
        "both": (),
        "budgets": (0.0, 8 / 255),
    }
    return setup.but(evaluation=settings | changes).evaluation


def evaluated(
    variant: Variant, name: str, settings: EvaluationSettings, unit: float = 1.0
) -> Variant:
    """Return a variant's trainings under another evaluation."""
    jobs = tuple(replace(job, evaluations=(settings,)) for job in variant.jobs)
    return Variant(name, jobs, variant.level, unit)


def attack_settings(setup: ExperimentSetup) -> Plan:
    """Return Table 3: PGD (Aug 0) and PGD (Aug 180) under four attacks of other settings."""
    rows = baselines(setup)
    variants: list[Variant] = []
    claims: list[PaperClaim] = []
    for letter, (steps, step) in ATTACKS.items():
        settings = attack_only(setup, steps=steps, step_size=step, distance_images=0)
        told = f"{steps} steps of {format_number(step)}"
        straight, rotated = (
            evaluated(row, f"{bare(row)}, {letter}: {told}", settings)
            for row in (rows.pgd, rows.pgd_rotated)
        )
        variants += [straight, rotated]
        claims += trade_off(straight, rotated, where=f"({letter}) {told}: ")
    listed = "; ".join(
        f"{k}: {steps} of {format_number(step)}" for k, (steps, step) in ATTACKS.items()
    )
    return Plan(
        variants=variants,
        claims=claims,
        columns=COLUMNS,
        **notes(setup, more=(f"steps and step sizes of the four attacks: {listed}",)),
    )


def schedules(setup: ExperimentSetup) -> Plan:
    """Return Table 7: CuSP and PGD (Aug 180) under three schedules of the learning rate."""
    variants: list[Variant] = []
    claims = []
    for number, milestones in enumerate(SCHEDULES):
        label = "-".join(map(str, milestones))
        own, stages = scheduled(setup, milestones)
        constant = own.jobs(own.rotated(180), own.attack)
        plain = Variant(f"{2 * number + 1} PGD (Aug 180) [{label}]", constant)
        grown = Variant(f"{2 * number + 2} CuSP-PGD [{label}]", own.jobs(stages=stages))
        variants += [plain, grown]
        for measure, kind in ((ADVERSARIAL, "adversarial"), (SPATIAL, "spatial")):
            text = f"[{label}] CuSP-PGD has a higher {kind} accuracy than PGD (Aug 180)"
            claims.append(above(text, measure, grown, plain))
    rows = tuple(variants)
    return Plan(
        variants=rows,
        panels=(pareto("Schedules of the learning rate", rows, rows[1::2]),),
        claims=claims,
        columns=COLUMNS,
        **notes(setup),
    )


def scheduled(
    setup: ExperimentSetup, milestones: tuple[int, ...]
) -> tuple[ExperimentSetup, tuple[Stage, ...]]:
    """Return a setup under a schedule of Table 7, and CuSP's stages there.

    Stages begin where the rate falls first and second. At smaller scales the schedule keeps
    its proportions; it is told for trainings of 120 epochs.

    Examples
    --------
    >>> from spadv.empirical.experiments.presets import Preset
    >>> own, stages = scheduled(Preset("cifar10", "vgg16", "cusp").at("paper", (0,)), (40, 80))
    >>> own.optimiser.milestones, [stage.epochs for stage in stages]
    ((40, 80), [40, 40, 40])
    """
    usual = cusp_stages(setup)
    if milestones == SCHEDULES[0]:
        return setup, usual
    scaled = [round(setup.epochs * epoch / 120) for epoch in milestones]
    own = setup.but(optimiser={"milestones": tuple(max(1, epoch) for epoch in scaled)})
    first = min(max(scaled[0], 1), setup.epochs - 2)
    second = min(max(scaled[1], first + 1), setup.epochs - 1)
    lengths = (first, second - first, setup.epochs - second)
    stages = (replace(stage, epochs=epochs) for stage, epochs in zip(usual, lengths, strict=True))
    return own, tuple(stages)


def trade_offs(*setups: ExperimentSetup, more: tuple[str, ...] = ()) -> Plan:
    """Return PGD (Aug 0) and PGD (Aug 180) in several setups; `more` are assumptions."""
    variants: list[Variant] = []
    claims: list[PaperClaim] = []
    for setup in setups:
        rows = baselines(setup)
        straight, rotated = (
            Variant(f"{setup.label}, {bare(row)}", row.jobs) for row in (rows.pgd, rows.pgd_rotated)
        )
        variants += [straight, rotated]
        claims += trade_off(straight, rotated, where=f"{setup.label}: ")
    return Plan(
        variants=variants,
        claims=claims,
        columns=COLUMNS,
        **notes(*setups, more=more),
    )
