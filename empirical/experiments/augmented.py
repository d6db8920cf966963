"""Networks trained on random rotations and translations (Figures 1 and 8 to 13)."""

from __future__ import annotations

from ..transforms import Augmentation
from .bench import Bench
from .finding import Trend
from .levels import level_label, level_notes, levels
from .measure import METRICS, Measure
from .plan import Plan, ProfilePanel, Variant
from .words import together

#: What each scheme is measured against: kinds of profile, in the order of the panels.
KINDS = {
    "Aug-R": ("rotation",),
    "Aug-T": ("translation",),
    "Aug-RT": ("rotation", "translation", "both"),
}
_LEGENDS = {
    "Aug-R": "trained with\nrotations up to",
    "Aug-T": "trained with\nshifts up to",
    "Aug-RT": "trained with\ni up to",
}
_MOVED = {"rotation": "rotations", "translation": "translations", "both": "both together"}


def augmentation(bench: Bench, scheme: str, level: float) -> Augmentation:
    """Return what a scheme does to training images at a level.

    Examples
    --------
    >>> from spadv.empirical.experiments.benches import bench
    >>> vgg16 = bench("cifar10", "vgg16", "spatial", "paper", (0,))
    >>> augmentation(vgg16, "Aug-R", 60).describe(), augmentation(vgg16, "Aug-RT", 0.1).describe()
    ('crop:4,flip,R:60', 'RT:0.1')
    """
    if scheme == "Aug-R":
        return bench.turned(level)
    if scheme == "Aug-T":
        return Augmentation(translation=level)
    return Augmentation(rotation=180 * level, translation=level)


def variant_name(bench: Bench, scheme: str, level: float) -> str:
    """Return the name of one training of a bench."""
    return f"{bench.label}, {scheme} {level_label(scheme, level)}"


def trained(bench: Bench, scheme: str, scale: str) -> tuple[Variant, ...]:
    """Return one variant a level of a scheme."""
    return tuple(
        Variant(
            variant_name(bench, scheme, level),
            bench.jobs(augmentation(bench, scheme, level)),
            level,
        )
        for level in levels(scheme, scale)
    )


def augmented(bench: Bench, scheme: str, scale: str) -> Plan:
    """Return a scheme on a bench: its invariance profiles, its robustness profile, the claims.

    Parameters
    ----------
    bench : Bench
        Network and images.
    scheme : str
        "Aug-R", "Aug-T" or "Aug-RT".
    scale : str
        Decides the levels.
    """
    variants = trained(bench, scheme, scale)
    lines = tuple((level_label(scheme, variant.level or 0.0), variant.name) for variant in variants)
    title = f"{scheme}, {bench.label}"
    legend = _LEGENDS[scheme]
    panels = [ProfilePanel(title, kind, "unchanged", lines, legend) for kind in KINDS[scheme]]
    panels.append(ProfilePanel(title, "robustness", "unchanged", lines, legend))
    names = tuple(variant.name for variant in variants)
    steps = tuple(variant.level or 0.0 for variant in variants)
    claims = [
        Trend(
            f"{title}: larger ranges in training make predictions more invariant to {_MOVED[kind]}",
            Measure(kind, "unchanged"),
            names,
            steps,
        )
        for kind in KINDS[scheme]
    ]
    claims.append(
        Trend(
            f"{title}: larger ranges in training make the network less robust to "
            "l-infinity attacks",
            Measure("robustness", "unchanged"),
            names,
            steps,
            rising=False,
        )
    )
    shrunk, chosen = level_notes(scheme, scale)
    return Plan(
        variants=variants,
        panels=tuple(panels),
        claims=tuple(claims),
        columns=profile_columns(bench),
        shrunk=bench.shrunk + shrunk,
        chosen=bench.chosen + chosen,
    )


def profile_columns(bench: Bench) -> tuple[tuple[str, Measure], ...]:
    """Return the columns of tables beside profiles: both metrics at their far ends."""
    survey = bench.survey
    far = {
        "rotation": survey.rotations,
        "translation": survey.translations,
        "both": survey.both,
        "robustness": survey.budgets,
    }
    columns = [("natural accuracy", Measure("natural"))]
    for kind, values in far.items():
        for metric in METRICS if values else ():
            measure = Measure(kind, metric, max(values))
            columns.append((measure.short, measure))
    return tuple(columns)


def figure_of(
    plain: Bench, twin: Bench | None, scale: str, *, twin_schemes: tuple[str, ...] = ()
) -> Plan:
    """Return all panels of Figure 1 or one like it: each scheme, plain network and twin.

    Parameters
    ----------
    plain, twin : Bench
        The plain network, and its group-equivariant twin if the figure has one.
    scale : str
        Decides the levels.
    twin_schemes : tuple of str
        Schemes that the figure shows of the twin; all by default.
    """
    parts: dict[str, Plan] = {}
    for scheme in KINDS:
        for bench in (plain, twin):
            if bench is None or (bench is twin and twin_schemes and scheme not in twin_schemes):
                continue
            parts[f"{scheme}, {bench.label}"] = augmented(bench, scheme, scale)
    benches = [bench for bench in (plain, twin) if bench is not None]
    shown = list(parts.values())
    return Plan(
        variants=tuple(variant for plan in shown for variant in plan.variants),
        panels=tuple(panel for plan in shown for panel in plan.panels),
        claims=tuple(claim for plan in shown for claim in plan.claims),
        columns=profile_columns(plain),
        shrunk=together({bench.label: bench.shrunk for bench in benches}) + _notes(scale, 0),
        chosen=together({bench.label: bench.chosen for bench in benches}) + _notes(scale, 1),
    )


def _notes(scale: str, which: int) -> tuple[str, ...]:
    return tuple(line for scheme in KINDS for line in level_notes(scheme, scale)[which])
