"""Networks trained at growing levels of rotation, translation or budget (Figures 1 to 16).

A scheme says what grows: "Aug-R" rotations, "Aug-T" translations, "Aug-RT" both, and
"Adv-PGD" or "Adv-TRADES" the budget of adversarial training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..settings import Augmentation, Objective, format_number
from .measure import METRICS, Measure
from .plan import (
    Contrast,
    Plan,
    ProfilePanel,
    PublishedNumber,
    SweepPanel,
    Trend,
    Variant,
    Variants,
    join,
)
from .setup import LEVELS, ExperimentSetup, notes

#: What networks of each scheme are measured against, in the order of the panels.
KINDS = {
    "Aug-R": ("rotation", "robustness"),
    "Aug-T": ("translation", "robustness"),
    "Aug-RT": ("rotation", "translation", "both", "robustness"),
    "Adv-PGD": ("robustness", "rotation", "translation", "both"),
    "Adv-TRADES": ("robustness", "rotation", "translation", "both"),
}
LEGENDS = {
    "Aug-R": "trained with\nrotations up to",
    "Aug-T": "trained with\nshifts up to",
    "Aug-RT": "trained with\ni up to",
}
_CHANGED = {
    "rotation": "rotations",
    "translation": "translations",
    "both": "both together",
    "robustness": "l-infinity attacks",
}
DISTANCE = Measure("distance")

#: Numbers of the paper by level of training.
Published = tuple[tuple[float, PublishedNumber], ...]


def trained(setup: ExperimentSetup, scheme: str) -> Variants:
    """Return one variant a level of a scheme."""
    return tuple(
        Variant(
            f"{setup.label}, {scheme} {format_number(level)}",
            setup.jobs(*_training(setup, scheme, level)),
            level,
        )
        for level in LEVELS[_kind_of_level(setup, scheme)][setup.scale]
    )


def _training(
    setup: ExperimentSetup, scheme: str, level: float
) -> tuple[Augmentation, Objective | None]:
    """Return what a scheme does to training images at a level, and against which attack."""
    if scheme == "Aug-R":
        return setup.rotated(level), None
    if scheme == "Aug-T":
        return Augmentation(translation=level), None
    if scheme == "Aug-RT":
        return Augmentation(rotation=180 * level, translation=level), None
    return setup.basic, setup.against(level)


def _kind_of_level(setup: ExperimentSetup, scheme: str) -> str:
    if scheme.startswith("Aug"):
        return scheme
    return "grey" if setup.attack.budget > 0.1 else "colour"


def profiles(
    setup: ExperimentSetup,
    scheme: str,
    *,
    kinds: tuple[str, ...] = (),
    metrics: tuple[str, ...] = ("unchanged",),
    published: Published = (),
) -> Plan:
    """Return the profiles of a setup's networks under a scheme, and what the paper claims.

    By default those kinds of the scheme (:data:`KINDS`) are shown. Where both metrics are, each
    has claims of its own.
    """
    adversarial = scheme.startswith("Adv")
    kinds = kinds or KINDS[scheme]
    variants = compared = trained(setup, scheme)
    if adversarial and len(variants) > 2:
        # The text compares larger budgets with smaller ones, not with natural training.
        compared = variants[1:]
    title = f"{scheme}, {setup.label}"
    grown = "larger budgets in training" if adversarial else "larger ranges in training"
    claims: list[Trend | Contrast] = []
    for measure in (Measure(kind, metric) for kind in kinds for metric in metrics):
        rising = adversarial == (measure.kind == "robustness")
        more, changed = "more" if rising else "less", _CHANGED[measure.kind]
        if measure.metric == "accuracy":
            effect = f"{'raise' if rising else 'lower'} the accuracy under {changed}"
        elif measure.kind == "robustness":
            effect = f"make the network {more} robust to {changed}"
        else:
            effect = f"make predictions {more} invariant to {changed}"
        paired = len(metrics) == 1
        claims.append(Trend(f"{title}: {grown} {effect}", measure, compared, rising, paired))
        if compared is not variants:
            claims += _against_natural(title, measure, variants, paired)
    legend = LEGENDS.get(scheme, "trained with\nbudget")
    lines = _by_level(variants)
    return Plan(
        variants=variants,
        panels=tuple(
            ProfilePanel(title, kind, metric, lines, legend) for kind in kinds for metric in metrics
        ),
        claims=claims,
        columns=profile_columns(setup),
        published=_published(variants, published),
        **notes(setup, levels_of=(_kind_of_level(setup, scheme),)),
    )


def _against_natural(
    title: str, measure: Measure, variants: Variants, paired: bool
) -> list[Trend | Contrast]:
    """Return one claim a budget: what adversarial training changes against natural training."""
    natural, *hardened = variants
    claims: list[Trend | Contrast] = []
    for variant in hardened:
        robust, changed = measure.kind == "robustness", _CHANGED[measure.kind]
        effect = f"is {'more robust' if robust else 'less invariant'} to {changed}"
        if measure.metric == "accuracy":
            effect = f"has a {'higher' if robust else 'lower'} accuracy under {changed}"
        ends = (variant, natural) if robust else (natural, variant)
        trained_with = f"{title}: a network trained with budget {format_number(variant.level)}"
        text = f"{trained_with} {effect} than a naturally trained one"
        claims.append(Contrast(text, measure, *ends, paired))
    return claims


def _by_level(variants: Variants) -> tuple[tuple[str, Variant], ...]:
    return tuple((format_number(variant.level), variant) for variant in variants)


def profile_columns(setup: ExperimentSetup) -> tuple[tuple[str, Measure], ...]:
    """Return the columns of tables beside profiles: both metrics at their far ends."""
    settings = setup.evaluation
    measures = [Measure("natural")]
    for kind, values in (
        ("rotation", settings.rotations),
        ("translation", settings.translations),
        ("both", settings.both),
        ("robustness", settings.budgets),
    ):
        if values:
            measures += [Measure(kind, metric, max(values)) for metric in METRICS]
    return tuple((measure.short, measure) for measure in measures)


def augmented(
    plain: ExperimentSetup,
    twin: ExperimentSetup | None = None,
    *,
    twin_schemes: tuple[str, ...] = ("Aug-R", "Aug-T", "Aug-RT"),
    published: Published = (),
) -> Plan:
    """Return all panels of Figure 1 or one like it: each scheme, plain network and twin.

    The numbers of the paper are of the plain network with Aug-R.
    """
    schemes = ("Aug-R", "Aug-T", "Aug-RT")
    setups = [plain] if twin is None else [plain, twin]
    parts = join(
        {
            f"{scheme}, {setup.label}": profiles(
                setup, scheme, published=published if setup is plain and scheme == "Aug-R" else ()
            )
            for scheme in schemes
            for setup in setups
            if setup is plain or scheme in twin_schemes
        }
    )
    return replace(parts, **notes(*setups, levels_of=schemes))


def _published(
    variants: Sequence[Variant], published: Published
) -> list[tuple[Variant, PublishedNumber]]:
    by_level = {variant.level: variant for variant in variants}
    return [(by_level[level], number) for level, number in published if level in by_level]


def distances(
    *setups: ExperimentSetup, budget: float, accuracy: bool = True, published: Published = ()
) -> Plan:
    """Return panels of Figure 16 (accuracies, distance) on the Aug-R networks of some setups.

    Without accuracies it is Figure 5; numbers of the paper are of the first setup.
    """
    plans, attacked = {}, Measure("robustness", "accuracy", budget)
    axis, pgd = "largest rotation in training (degrees)", f"PGD {format_number(budget)}"
    for setup in setups:
        variants, title = trained(setup, "Aug-R"), setup.label
        far = (("DeepFool", DISTANCE, variants),)
        panels = [SweepPanel(f"{title}: distance", axis, "mean l2 distance", far)]
        nearer = "bring the decision boundary nearer (mean DeepFool distance)"
        text = f"{title}: larger rotations in training"
        claims = [Trend(f"{text} {nearer}", DISTANCE, variants, False)]
        if accuracy:
            lines = (("no attack", Measure("natural"), variants), (pgd, attacked, variants))
            panels.insert(0, SweepPanel(f"{title}: accuracy", axis, "accuracy", lines))
            claims.append(
                Trend(f"{text} lower the accuracy under {pgd}", attacked, variants, False)
            )
        plans[title] = Plan(
            variants=variants,
            panels=panels,
            claims=claims,
            columns=(
                ("natural accuracy", Measure("natural")),
                (attacked.short, attacked),
                (str(DISTANCE), DISTANCE),
            ),
            published=_published(variants, published if setup is setups[0] else ()),
            **notes(setup, levels_of=("Aug-R",)),
        )
    return join(plans)


def boundaries(setup: ExperimentSetup) -> Plan:
    """Return Figure 15: the boundaries of the first and last Aug-R network around an image."""
    first, *_, last = trained(setup, "Aug-R")
    claim = (
        "the boundary is nearer for the network trained on rotations up to 180 degrees "
        "(mean DeepFool distance)"
    )
    plane = "the plane through one image in which both nearest boundaries lie; first seed"
    return Plan(
        variants=(first, last),
        claims=(Contrast(claim, DISTANCE, more=first, less=last),),
        columns=(("natural accuracy", Measure("natural")), (str(DISTANCE), DISTANCE)),
        boundaries=(first, last),
        deviations=setup.deviations,
        assumptions=(plane,),
    )


def hardened_after(setup: ExperimentSetup) -> Plan:
    """Return Figure 14: Aug-T networks trained on against attacks, and what they lose by it."""
    before = trained(setup, "Aug-T")
    after = tuple(
        Variant(
            f"{variant.name}, then Adv-PGD",
            setup.jobs(Augmentation(), setup.attack, start=variant.jobs),
            variant.level,
        )
        for variant in before
    )
    invariance, robustness = Measure("translation", "unchanged"), Measure("robustness", "unchanged")
    title, legend = "Aug-T, then Adv-PGD", "first trained\nwith shifts up to"
    forgets = "adversarial training takes away invariance to translations that Aug-T has given"
    grown = f"{title}: larger translations before make"
    panels = [
        ProfilePanel(title, kind, "unchanged", _by_level(after), legend)
        for kind in ("translation", "robustness")
    ]
    return Plan(
        variants=before + after,
        panels=panels,
        claims=(
            Contrast(forgets, invariance, more=before[-1], less=after[-1]),
            Trend(f"{grown} predictions more invariant to translations", invariance, after),
            Trend(f"{grown} the network less robust to attacks", robustness, after, rising=False),
        ),
        columns=profile_columns(setup),
        **notes(
            setup,
            levels_of=("Aug-T",),
            more=("Adv-PGD after Aug-T: as long as Aug-T, with no augmentation",),
        ),
    )


def demo(*setups: ExperimentSetup) -> Plan:
    """Return networks with and without random rotations, side by side: the first real run."""
    names = {0.0: "no augmentation", 180.0: "Aug-R 180"}
    variants, claims = [], []
    for setup in setups:
        without, rotated = (
            Variant(f"{setup.label}, {name}", setup.jobs(setup.rotated(level)), level)
            for level, name in names.items()
        )
        variants += [without, rotated]
        made = f"{setup.label}: random rotations in training make the"
        for kind, effect, ends in (
            ("rotation", "prediction more invariant to rotation", (rotated, without)),
            ("robustness", "network less robust to l-infinity attacks", (without, rotated)),
        ):
            claims.append(Contrast(f"{made} {effect}", Measure(kind, "unchanged"), *ends))
    lines = tuple((variant.name, variant) for variant in variants)
    shown = {"rotation": "Rate of invariance", "robustness": "Robustness (PGD)"}
    return Plan(
        variants=variants,
        panels=tuple(
            ProfilePanel(title, kind, "unchanged", lines, ordered=False)
            for kind, title in shown.items()
        ),
        claims=claims,
        columns=(
            ("natural accuracy", Measure("natural")),
            ("accuracy, rotation to 180", Measure("rotation", "accuracy", 180.0)),
            ("accuracy, PGD 0.1", Measure("robustness", "accuracy", 0.1)),
        ),
        **notes(*setups),
    )
