"""Networks trained against attacks of growing budgets (Figures 2 to 4)."""

from __future__ import annotations

from .augmented import profile_columns
from .bench import Bench
from .finding import Trend
from .levels import level_label, level_notes, levels
from .measure import Measure
from .plan import Plan, ProfilePanel, Variant

#: Panels of each row of Figure 2, in their order.
KINDS = ("robustness", "rotation", "translation", "both")
_NAMES = {"pgd": "Adv-PGD", "trades": "Adv-TRADES"}
_MOVED = {"rotation": "rotations", "translation": "translations", "both": "both together"}


def hardened(bench: Bench, scale: str) -> tuple[Variant, ...]:
    """Return one variant a training budget, the natural training (budget 0) first."""
    kind = _levels(bench)
    name = _NAMES[bench.attack.name]
    return tuple(
        Variant(
            f"{bench.label}, {name} {level_label(kind, level)}",
            bench.jobs(bench.basic, bench.against(level)),
            level,
        )
        for level in levels(kind, scale)
    )


def adversarial(bench: Bench, scale: str, *, kinds: tuple[str, ...] = KINDS) -> Plan:
    """Return the profiles of one bench's adversarially trained networks, and the claims.

    Parameters
    ----------
    bench : Bench
        Network, images and attack.
    scale : str
        Decides the budgets.
    kinds : tuple of str
        Profiles to show.
    """
    variants = hardened(bench, scale)
    kind = _levels(bench)
    name = _NAMES[bench.attack.name]
    lines = tuple((level_label(kind, variant.level or 0.0), variant.name) for variant in variants)
    title = f"{name}, {bench.label}"
    # The text compares larger budgets with smaller ones, not with natural training.
    attacked = [variant for variant in variants if variant.level]
    if len(attacked) == 1:
        attacked = list(variants)
    names = tuple(variant.name for variant in attacked)
    steps = tuple(variant.level or 0.0 for variant in attacked)
    claims = []
    for shown in kinds:
        if shown == "robustness":
            text = "larger budgets in training make the network more robust to l-infinity attacks"
        else:
            text = f"larger budgets in training make predictions less invariant to {_MOVED[shown]}"
        claims.append(
            Trend(
                f"{title}: {text}",
                Measure(shown, "unchanged"),
                names,
                steps,
                rising=shown == "robustness",
            )
        )
    shrunk, chosen = level_notes(kind, scale)
    return Plan(
        variants=variants,
        panels=tuple(
            ProfilePanel(title, shown, "unchanged", lines, "trained with\nbudget")
            for shown in kinds
        ),
        claims=tuple(claims),
        columns=profile_columns(bench),
        shrunk=bench.shrunk + shrunk,
        chosen=bench.chosen + chosen,
    )


def _levels(bench: Bench) -> str:
    return "grey" if bench.attack.budget > 0.1 else "colour"
