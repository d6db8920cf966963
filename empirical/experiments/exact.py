"""Beyond the paper: networks that are exactly invariant to quarter turns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .augmented import augmentation, profile_columns
from .bench import Bench
from .finding import Contrast
from .measure import Measure
from .plan import Plan, ProfilePanel, Variant
from .words import together

_TURNS = (0.0, 180.0)


def exact_networks(plain: Bench, twin: Bench, *, strided: bool = False) -> Plan:
    """Return plain, published and invariant networks, without and with Aug-R 180.

    Parameters
    ----------
    plain, twin : Bench
        The plain network, and the group-equivariant one as published.
    strided : bool
        Whether the network has strided layers, which need the exact variant.
    """
    benches = _benches(plain, twin, strided=strided)
    variants = [
        Variant(f"{name}, Aug-R {turn:g}", bench.jobs(augmentation(bench, "Aug-R", turn)), turn)
        for turn in _TURNS
        for name, bench in benches.items()
    ]
    panels = []
    for turn in _TURNS:
        lines = tuple((name, f"{name}, Aug-R {turn:g}") for name in benches)
        for kind in ("rotation", "robustness"):
            panels.append(
                ProfilePanel(f"Aug-R {turn:g}", kind, "unchanged", lines, "network", ordered=False)
            )
    names = list(benches)
    claims = []
    for name in names[1:]:
        for kind, text in (
            ("rotation", "is more invariant to rotations than"),
            ("robustness", "is more robust to l-infinity attacks than"),
        ):
            claims.append(
                Contrast(
                    f"without augmentation, {name} {text} {names[0]}",
                    Measure(kind, "unchanged"),
                    more=f"{name}, Aug-R 0",
                    less=f"{names[0]}, Aug-R 0",
                )
            )
    return Plan(
        variants=tuple(variants),
        panels=tuple(panels),
        claims=tuple(claims),
        columns=profile_columns(plain),
        shrunk=together({name: bench.shrunk for name, bench in benches.items()}),
        chosen=together({name: bench.chosen for name, bench in benches.items()}),
    )


def _benches(plain: Bench, twin: Bench, *, strided: bool) -> dict[str, Bench]:
    def invariant(group: str, **options: Any) -> Bench:
        model = replace(
            twin.model,
            group=group,
            head="invariant",
            options={**twin.model.options, "channels": "sqrt", **options},
        )
        return replace(twin, model=model, chosen=())

    published = f"{(twin.model.group or '').upper()} as published"
    made = {"plain": plain, published: twin, "P4 invariant": invariant("p4")}
    if strided:
        made["P4 exact"] = invariant("p4", exact=True)
        made["P4M exact"] = invariant("p4m", exact=True)
    else:
        made["P4M invariant"] = invariant("p4m")
    return made
