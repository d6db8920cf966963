"""Questions that the paper leaves open: rules of attack, stronger attacks, parts of CuSP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..settings import EvaluationSettings, Stage, format_number
from .measure import METRICS, Measure
from .plan import (
    Contrast,
    Gain,
    PaperClaim,
    Plan,
    ProfilePanel,
    PublishedNumber,
    SweepPanel,
    Trend,
    Variant,
    Variants,
)
from .setup import ExperimentSetup, notes
from .strategies import (
    ADVERSARIAL,
    COLUMNS,
    SPATIAL,
    above,
    attack_only,
    bare,
    baselines,
    cusp,
    cusp_stages,
    evaluated,
    pareto,
)
from .sweep import LEGENDS, profile_columns, profiles, trained

#: Standard deviation of the training pixels, rounded: what one unit after normalisation is.
#: Of CIFAR-10 the mean over its colours (0.2470, 0.2435, 0.2616).
PIXELS = {"mnist": 0.3081, "mnist-sample": 0.3081, "cifar10": 0.2507}
_RANGES = {
    "Aug-R": "rotations",
    "Aug-T": "translations",
    "Aug-RT": "rotations and translations",
}


def protocols(*setups: ExperimentSetup, scheme: str = "Aug-R") -> Plan:
    """Return the networks of a scheme under three attacks.

    - corrected: budgets in pixels, values clipped to [0, 1], evaluation mode;
    - official: budgets after normalisation, clipped to [-1, 1] there, for GCNNs in training
      mode and against predictions, as the published scripts do;
    - equal in pixels: the corrected attack with the budgets that the official one has in
      pixels. What it leaves of the official drop is due to the clip (and the mode).
    """
    robustness = Measure("robustness", "unchanged")
    variants: list[Variant] = []
    panels: list[ProfilePanel] = []
    claims: list[PaperClaim] = []
    published: list[tuple[Variant, PublishedNumber]] = []
    for setup in setups:
        unit = PIXELS[setup.data.name]
        networks = trained(setup, scheme)
        by_rule = {
            rule: tuple(evaluated(one, f"{one.name}, {rule}", *under) for one in networks)
            for rule, under in _rules(setup, unit).items()
        }
        variants += [one for same in zip(*by_rule.values(), strict=True) for one in same]
        for rule, found in by_rule.items():
            lines = tuple((format_number(one.level), one) for one in found)
            title, legend = f"{scheme}, {setup.label}, {rule}", LEGENDS[scheme]
            shown = ProfilePanel(
                title, "robustness", "unchanged", lines, legend, axis="nominal budget"
            )
            panels.append(shown)
            text = f"{setup.label}, {rule}: larger {_RANGES[scheme]} in training make the network "
            text += "less robust to l-infinity attacks"
            claims.append(Trend(text, robustness, found, rising=False))
        _, official, equal = by_rule.values()
        plain = setup.model.group is None
        why = "the clip alone lowers" if plain else "clip, mode and predicted labels alone lower"
        for end in (0, -1):
            text = (
                f"{setup.label}, {scheme} {format_number(equal[end].level)}: the published rules "
                f"fool more than the same budgets in pixels do: {why} the profile"
            )
            claims.append(Contrast(text, robustness, more=equal[end], less=official[end]))
        if (setup.data.name, setup.model.group, scheme) == ("mnist", None, "Aug-R"):
            attacked = Measure("robustness", "accuracy", 0.3)
            where = "text on Figure 16(a): is it reached under its own rules?"
            published = [
                (official[0], PublishedNumber(attacked, "around 65%", where)),
                (official[-1], PublishedNumber(attacked, "20%", where)),
            ]
    budgets = setups[0].evaluation.budgets
    heads = {"unchanged": "1 - fooling rate", "accuracy": "accuracy under attack"}
    return Plan(
        variants=variants,
        panels=panels,
        claims=claims,
        # At 0 the published rules leave the clip, and the mode, alone.
        columns=tuple(
            (
                f"{heads[metric]} at nominal {format_number(value)}",
                Measure("robustness", metric, value),
            )
            for value in (0.0, budgets[1], max(budgets))
            for metric in METRICS
        ),
        published=published,
        **notes(*setups, levels_of=(scheme,)),
    )


def _rules(setup: ExperimentSetup, unit: float) -> dict[str, tuple[EvaluationSettings, float]]:
    """Return rules of attack: an evaluation, and what budget of it counts as 1."""
    usual = setup.evaluation
    attacked = replace(usual, rotations=(), translations=(), both=(), distance_images=0)
    if setup.scale == "cpu":
        attacked = replace(attacked, images=1000)
    equal = replace(
        attacked,
        budgets=tuple(value * unit for value in usual.budgets),
        step_size=None if usual.step_size is None else usual.step_size * unit,
    )
    return {
        "corrected": (usual, 1.0),
        "official": (replace(attacked, protocol="official"), 1.0),
        "equal in pixels": (equal, unit),
    }


def invariance_and_accuracy(setup: ExperimentSetup) -> Plan:
    """Return both metrics under rotation against the training budget, after Adv-PGD.

    The accuracy under rotation can stay while the rate of invariance falls, or the other way
    round: a network may keep wrong predictions.
    """
    plan = profiles(setup, "Adv-PGD", kinds=("rotation", "robustness"))
    turn = max(setup.evaluation.rotations)
    measures = {
        "natural accuracy": Measure("natural"),
        f"invariance, rotation {turn:g}": Measure("rotation", "unchanged", turn),
        f"accuracy, rotation {turn:g}": Measure("rotation", "accuracy", turn),
    }
    variants = tuple(plan.variants)
    lines = tuple((label, measure, variants) for label, measure in measures.items())
    panel = SweepPanel(setup.label, "training budget", "fraction of images", lines)
    return replace(plan, panels=(panel,))


def exact_networks(plain: ExperimentSetup, twin: ExperimentSetup, *, strided: bool = False) -> Plan:
    """Return plain, published and invariant networks, without and with Aug-R 180.

    Networks with strided layers need the exact variant.
    """
    turns = (0.0, 180.0)
    setups = _by_invariance(plain, twin, strided=strided)
    by_turn = {
        turn: {
            one.label: Variant(f"{one.label}, Aug-R {turn:g}", one.jobs(one.rotated(turn)), turn)
            for one in setups
        }
        for turn in turns
    }
    robustness, rotation = Measure("robustness", "unchanged"), Measure("rotation", "unchanged")
    first, *others = by_turn[0.0].items()
    return Plan(
        variants=tuple(one for found in by_turn.values() for one in found.values()),
        panels=tuple(
            ProfilePanel(
                f"Aug-R {turn:g}", kind, "unchanged", tuple(found.items()), "network", ordered=False
            )
            for turn, found in by_turn.items()
            for kind in ("rotation", "robustness")
        ),
        claims=tuple(
            Contrast(f"without augmentation, {name} {text} {first[0]}", measure, one, first[1])
            for name, one in others
            for measure, text in (
                (rotation, "is more invariant to rotations than"),
                (robustness, "is more robust to l-infinity attacks than"),
            )
        ),
        columns=profile_columns(plain),
        **notes(*setups),
    )


def _by_invariance(
    plain: ExperimentSetup, twin: ExperimentSetup, *, strided: bool
) -> list[ExperimentSetup]:
    def invariant(group: str, **options: Any) -> ExperimentSetup:
        options = {**twin.model.options, "channels": "sqrt", **options}
        model = replace(twin.model, group=group, head="invariant", options=options)
        kind = "exact" if "exact" in options else "invariant"
        return twin.but(label=f"{group.upper()} {kind}", model=model, assumptions=())

    published = f"{(twin.model.group or '').upper()} as published"
    exact = {"exact": True} if strided else {}
    return [
        plain.but(label="plain"),
        twin.but(label=published),
        invariant("p4"),
        *([invariant("p4", exact=True)] if strided else []),
        invariant("p4m", **exact),
    ]


#: Stronger attacks, weakest first: name in labels, and in settings.
ATTACKS = {"PGD": "pgd", "APGD": "apgd", "AutoAttack": "autoattack"}


def stronger_attacks(setup: ExperimentSetup) -> Plan:
    """Return PGD (Aug 0), PGD (Aug 180) and the forms of CuSP under three attacks."""
    images = {"paper": 1000, "cpu": 500, "small": 200, "smoke": 20}[setup.scale]
    steps = 2 if setup.scale == "smoke" else 100
    stronger = {"steps": steps, "step_size": None}
    rows = baselines(setup)
    shown = (rows.pgd, rows.pgd_rotated, *cusp(setup, rows))
    found = {}
    for attack, name in ATTACKS.items():
        changes = {} if name == "pgd" else {"attack": name, **stronger}
        settings = attack_only(setup, images=images, **changes)
        found[attack] = tuple(evaluated(one, f"{one.name}, {attack}", settings) for one in shown)
    claims: list[PaperClaim] = []
    higher = "CuSP-PGD has a higher"
    for attack, (straight, rotated, cold, *warm) in found.items():
        for other, row in ((rotated, rows.pgd_rotated), (straight, rows.pgd)):
            text = f"{attack}: {higher} adversarial accuracy than {bare(row)}"
            claims.append(above(text, ADVERSARIAL, cold, other))
        if attack == "PGD":  # the same under every attack
            text = f"{attack}: {higher} spatial accuracy than {bare(rows.pgd_rotated)}"
            claims.append(above(text, SPATIAL, cold, rotated))
        text = f"{attack}: CuSP-PGD, cold or warm, reaches beyond the front of the other two"
        claims.append(Gain(text, SPATIAL, ADVERSARIAL, (cold, *warm), (straight, rotated)))
    for row, weak, strong in zip(shown, found["PGD"], found["AutoAttack"], strict=True):
        text = f"{bare(row)}: AutoAttack leaves less accuracy than PGD"
        claims.append(above(text, ADVERSARIAL, weak, strong))
    names = [one.name for one in shown]
    return Plan(
        variants=tuple(one for same in found.values() for one in same),
        panels=tuple(
            pareto(f"Under {attack}", same, same[2:], names) for attack, same in found.items()
        ),
        claims=claims,
        columns=(*COLUMNS[:2], ("adversarial accuracy (8/255)", ADVERSARIAL)),
        **notes(
            setup, more=(f"stronger attacks: {steps} steps, the first {images:,} test images",)
        ),
    )


def curricula(setup: ExperimentSetup) -> dict[str, tuple[Stage, ...]]:
    """Return curricula with CuSP's epochs and learning rates; they differ in what grows."""
    whole = cusp_stages(setup)
    last = whole[-1]
    return {
        "A CuSP-PGD": whole,
        "B rotations grow": tuple(replace(s, objective=last.objective) for s in whole),
        "C budgets grow": tuple(replace(s, augment=last.augment) for s in whole),
        "D reversed": tuple(
            replace(other, epochs=stage.epochs)
            for stage, other in zip(whole, reversed(whole), strict=True)
        ),
        "E smooth": _smooth(whole),
    }


def _smooth(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Return a curriculum that grows a little every epoch, up to CuSP's last stage.

    Rotations grow from 60 degrees and budgets from an eighth of the last one, evenly, during
    the epochs that CuSP spends before its last stage.
    """
    last = stages[-1]
    growing = sum(stage.epochs for stage in stages[:-1])
    made = []
    for epoch in range(growing):
        done = epoch / growing
        turn = round(60.0 + (last.augment.rotation - 60.0) * done, 3)
        budget = last.objective.budget * (1 / 8 + (1 - 1 / 8) * done)
        augment, objective = (
            replace(last.augment, rotation=turn),
            replace(last.objective, budget=budget),
        )
        made.append(Stage(1, augment, objective))
    return (*made, last)


def ablation(setup: ExperimentSetup) -> Plan:
    """Return CuSP, its parts, and the baselines PGD (Aug 0) and PGD (Aug 180)."""
    rows = baselines(setup)
    constant = (rows.pgd, rows.pgd_rotated)
    made = tuple(
        Variant(name, setup.jobs(stages=stages)) for name, stages in curricula(setup).items()
    )
    whole, rotations, budgets, reverse, even = made
    claims: list[PaperClaim] = []
    for less, text in (
        (rows.pgd_rotated, "than the same without a curriculum"),
        (rotations, "than with growing rotations alone"),
        (budgets, "than with growing budgets alone"),
        (reverse, "than in reverse"),
        (even, "than in small steps"),
    ):
        for measure, kind in ((ADVERSARIAL, "adversarial"), (SPATIAL, "spatial")):
            claim = f"CuSP-PGD has a higher {kind} accuracy {text}"
            claims.append(above(claim, measure, whole, less))
    beyond = "CuSP-PGD reaches beyond the front of PGD (Aug 0) and PGD (Aug 180)"
    claims.append(Gain(beyond, SPATIAL, ADVERSARIAL, more=(whole,), less=constant))
    return Plan(
        variants=constant + made,
        panels=(pareto("Parts of the curriculum", constant + made, made),),
        claims=claims,
        columns=COLUMNS,
        **notes(
            setup,
            more=(
                "E: rotations from 60 degrees and budgets from 1/255, a little more every epoch, "
                "until CuSP's last stage",
            ),
        ),
    )


def equal_epochs(setup: ExperimentSetup) -> Plan:
    """Return the forms of CuSP beside PGD (Aug 180) with as many epochs.

    A CuSP that starts from another training's weights has had twice the epochs of the rows
    above it in Table 1.
    """
    rows = baselines(setup)
    ours = cusp(setup, rows)
    longer = tuple(
        Variant(
            f"{name} → PGD (Aug 180)",
            setup.jobs(setup.rotated(180), setup.attack, start=before.jobs),
        )
        for name, before in (("PGD (Aug 180)", rows.pgd_rotated), ("Aug 180", rows.natural_rotated))
    )
    compared = (rows.pgd_rotated, *longer)
    plain = (rows.pgd, *compared, rows.rotated_then_pgd)
    claims: list[PaperClaim] = [
        above(f"{bare(one)} has a higher {kind} accuracy than {bare(other)}", measure, one, other)
        for one, other in zip(ours, compared, strict=True)
        for measure, kind in ((ADVERSARIAL, "adversarial"), (SPATIAL, "spatial"))
    ]
    beyond = "CuSP, cold or warm, reaches beyond the front of plain training with as many epochs"
    claims.append(Gain(beyond, SPATIAL, ADVERSARIAL, more=ours, less=plain))
    return Plan(
        variants=plain + ours,
        panels=(pareto("CuSP and plain training with as many epochs", plain + ours, ours),),
        claims=claims,
        columns=COLUMNS,
        **notes(
            setup, more=("a → b: b is a whole training of its own, from a's weights at its end",)
        ),
    )


def product_front(setup: ExperimentSetup) -> Plan:
    """Return the front of PGD (Aug theta) at several rotations and budgets, and CuSP's forms."""
    wide = {"paper": (0.0, 60.0, 120.0, 180.0), "cpu": (0.0, 90.0, 180.0)}
    turns = wide.get(setup.scale, (0.0, 180.0))
    budgets = {"paper": (2, 4, 8, 12), "cpu": (4, 8)}.get(setup.scale, (8,))
    pairs = [(turn, units) for turn in turns for units in budgets]
    plain: Variants = tuple(
        Variant(
            f"{number} PGD {format_number(units / 255)} (Aug {turn:g})",
            setup.jobs(setup.rotated(turn), setup.against(units / 255)),
        )
        for number, (turn, units) in enumerate(pairs, start=1)
    )
    ours = cusp(setup, baselines(setup), first=len(plain) + 1)
    beyond = (
        "CuSP, cold or warm, reaches beyond plain adversarial training with other rotations and "
        "budgets"
    )
    varied = (
        f"rotations {', '.join(f'{turn:g}' for turn in turns)} and budgets "
        f"{', '.join(map(str, budgets))} of 255 in plain adversarial training"
    )
    return Plan(
        variants=plain + ours,
        panels=(pareto("Plain adversarial training and CuSP", plain + ours, ours),),
        claims=(Gain(beyond, SPATIAL, ADVERSARIAL, more=ours, less=plain),),
        columns=COLUMNS,
        **notes(setup, more=(varied,)),
    )
