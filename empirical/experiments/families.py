"""Beyond the paper: the front that plain adversarial training spans, and CuSP against it."""

from __future__ import annotations

from .bench import Bench
from .finding import Gain
from .plan import Plan, Variant
from .strategies import ADVERSARIAL, COLUMNS, CUSP_PGD, SPATIAL, baselines, cusp, pareto
from .words import budget as spell

#: Rotations and budgets of plain adversarial training.
_TURNS = {"paper": (0.0, 60.0, 120.0, 180.0), "cpu": (0.0, 90.0, 180.0), "smoke": (0.0, 180.0)}
_BUDGETS = {"paper": (2, 4, 8, 12), "cpu": (4, 8), "smoke": (8,)}


def product_front(bench: Bench, scale: str) -> Plan:
    """Return PGD (Aug theta) at several budgets, and the forms of CuSP."""
    plain: dict[str, Variant] = {}
    for turn in _TURNS[scale]:
        for units in _BUDGETS[scale]:
            name = f"{len(plain) + 1} PGD {spell(units / 255)} (Aug {turn:g})"
            plain[name] = Variant(name, bench.jobs(bench.turned(turn), bench.against(units / 255)))
    rows = baselines(bench)
    forms = cusp(bench, rows, CUSP_PGD, bench.attack)
    renamed = {
        f"{len(plain) + number} {name.partition(' ')[2]}": jobs
        for number, (name, jobs) in enumerate(forms.items(), start=1)
    }
    ours, theirs = tuple(renamed), tuple(plain)
    return Plan(
        variants=(*plain.values(), *(Variant(name, jobs) for name, jobs in renamed.items())),
        panels=(pareto("Plain adversarial training and CuSP", theirs + ours, ours),),
        claims=(
            Gain(
                "CuSP, cold or warm, reaches beyond plain adversarial training with other "
                "rotations and budgets",
                SPATIAL,
                ADVERSARIAL,
                more=ours,
                less=theirs,
            ),
        ),
        columns=COLUMNS,
        shrunk=bench.shrunk,
        chosen=(
            *bench.chosen,
            f"rotations {', '.join(f'{turn:g}' for turn in _TURNS[scale])} and budgets "
            f"{', '.join(map(str, _BUDGETS[scale]))} of 255 in plain adversarial training",
        ),
    )
