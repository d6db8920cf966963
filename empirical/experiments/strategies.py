"""Ways to combine rotations and attacks in training: Tables 1 and 3 to 8, Figures 6 and 17 to 22.

Rows 3 to 6 follow from the paper's text; rows 1 and 2 are our reading of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..training.stages import Objective, Stage, curriculum
from .bench import Bench
from .finding import Contrast, Gain
from .job import Job
from .measure import Measure
from .plan import ParetoPanel, Plan, Variant

#: The three columns of Table 1.
NATURAL = Measure("natural")
SPATIAL = Measure("rotation", "accuracy", 180.0)
ADVERSARIAL = Measure("robustness", "accuracy", 8 / 255)
COLUMNS = (
    ("natural accuracy", NATURAL),
    ("spatial accuracy (180 degrees)", SPATIAL),
    ("adversarial accuracy (PGD 8/255)", ADVERSARIAL),
)

TRADES = Objective("trades", budget=8 / 255, step_size=0.007, steps=10, beta=5.0)

BASELINES = (
    "1 natural (Aug 0)",
    "2 natural (Aug 180)",
    "3 PGD (Aug 0)",
    "4 PGD (Aug 180)",
    "5 PGD (Aug 0) → Aug 180",
    "6 Aug 180 → PGD (Aug 0)",
)
CUSP_PGD = ("7 CuSP-PGD", "8 PGD (Aug 0) → CuSP-PGD", "9 Aug 180 → CuSP-PGD")
CUSP_TRADES = ("10 CuSP-TRADES", "11 PGD (Aug 0) → CuSP-TRADES", "12 Aug 180 → CuSP-TRADES")
#: Not in the paper: as many epochs as a warm-started CuSP, without its curriculum.
CONTROLS = ("Aug 180 → PGD (Aug 180)", "PGD (Aug 180) → PGD (Aug 180)")

CHOSEN = (
    "rows 1 and 2, natural training without and with rotations, are our reading of the text",
    "a → b: b is a whole training of its own, from the weights that a ends with",
)

Rows = dict[str, tuple[Job, ...]]


def baselines(bench: Bench) -> Rows:
    """Return rows 1 to 6: natural, adversarial, and one after the other."""
    natural = Objective()
    straight, turned = bench.turned(0), bench.turned(180)
    first, second, third, fourth, fifth, sixth = BASELINES
    rows = {
        first: bench.jobs(straight, natural),
        second: bench.jobs(turned, natural),
        third: bench.jobs(straight, bench.attack),
        fourth: bench.jobs(turned, bench.attack),
    }
    rows[fifth] = bench.jobs(turned, natural, start=rows[third])
    rows[sixth] = bench.jobs(straight, bench.attack, start=rows[second])
    return rows


def controls(bench: Bench, rows: Rows) -> Rows:
    """Return PGD (Aug 180) from natural training with Aug 180, and from PGD (Aug 180)."""
    turned = bench.turned(180)
    starts = (rows[BASELINES[1]], rows[BASELINES[3]])
    return {
        name: bench.jobs(turned, bench.attack, start=start)
        for name, start in zip(CONTROLS, starts, strict=True)
    }


def cusp_stages(bench: Bench, objective: Objective) -> tuple[Stage, ...]:
    """Return CuSP's stages on a bench.

    Examples
    --------
    >>> from spadv.empirical.experiments.benches import bench
    >>> vgg16 = bench("cifar10", "vgg16", "cusp", "paper", (0,))
    >>> stages = cusp_stages(vgg16, vgg16.attack)
    >>> [(s.epochs, round(s.augment.rotation), round(s.objective.budget * 255)) for s in stages]
    [(75, 120, 2), (15, 150, 4), (30, 180, 8)]
    """
    return curriculum("cusp", epochs=bench.epochs, augment=bench.turned(180), objective=objective)


def cusp(bench: Bench, rows: Rows, names: tuple[str, ...], objective: Objective) -> Rows:
    """Return CuSP from scratch, from PGD (Aug 0), and from natural training with Aug 180."""
    stages = cusp_stages(bench, objective)
    starts = (None, rows[BASELINES[2]], rows[BASELINES[1]])
    return {
        name: bench.jobs(stages=stages, start=start)
        for name, start in zip(names, starts, strict=True)
    }


def trades_of(bench: Bench) -> Objective:
    """Return TRADES as the paper has it, with the bench's number of steps."""
    return replace(TRADES, steps=bench.attack.steps)


def strategies(bench: Bench, *, pgd: bool = True, trades: bool = False) -> Plan:
    """Return Table 1 (with PGD), or Table 4 (with PGD and TRADES), and the Pareto plots.

    Parameters
    ----------
    bench : Bench
        Network and images.
    pgd, trades : bool
        Which forms of CuSP stand beside the baselines.
    """
    rows = baselines(bench)
    rows |= controls(bench, rows)
    forms: dict[str, tuple[str, ...]] = {}
    if pgd:
        rows |= cusp(bench, rows, CUSP_PGD, bench.attack)
        forms["CuSP-PGD"] = CUSP_PGD
    if trades:
        rows |= cusp(bench, rows, CUSP_TRADES, trades_of(bench))
        forms["CuSP-TRADES"] = CUSP_TRADES
    panels = []
    for form, names in forms.items():
        panels += [
            pareto(f"{form} and baselines", BASELINES + names, names),
            pareto(f"{form}, enlarged", names, names),
        ]
    return Plan(
        variants=tuple(Variant(name, jobs) for name, jobs in rows.items()),
        panels=tuple(panels),
        claims=baseline_claims()
        + tuple(claim for names in forms.values() for claim in claims_of(names)),
        columns=COLUMNS,
        shrunk=bench.shrunk,
        chosen=bench.chosen + CHOSEN,
    )


def pareto(
    title: str,
    names: tuple[str, ...],
    marked: tuple[str, ...],
    labels: tuple[str, ...] | None = None,
) -> ParetoPanel:
    """Return a Pareto plot of spatial against adversarial accuracy."""
    lines = tuple(zip(labels or names, names, strict=True))
    return ParetoPanel(title, SPATIAL, ADVERSARIAL, lines, marked)


def claims_of(names: tuple[str, ...]) -> tuple[Contrast | Gain, ...]:
    """Return the paper's claims on the three forms of a CuSP, in the order of `names`."""
    form = names[0].partition(" ")[2]
    _, _, straight, turned, fifth, sixth = BASELINES
    pairs = (
        (straight, SPATIAL, "spatial"),
        (sixth, SPATIAL, "spatial"),
        (turned, ADVERSARIAL, "adversarial"),
        (fifth, ADVERSARIAL, "adversarial"),
    )
    claims: list[Contrast | Gain] = [
        _above(f"{form} has a higher {kind} accuracy than {bare(other)}", measure, names[0], other)
        for other, measure, kind in pairs
    ]
    claims.append(
        Gain(
            f"{form}, cold or warm, reaches beyond the Pareto front of the baselines",
            SPATIAL,
            ADVERSARIAL,
            more=names,
            less=BASELINES,
        )
    )
    return tuple(claims)


def baseline_claims() -> tuple[Contrast, ...]:
    """Return what the text says of rows 2 to 6."""
    _, natural, straight, turned, fifth, sixth = BASELINES
    return (
        *trade_off(straight, turned),
        _above(
            "PGD (Aug 0) → Aug 180 forgets: its adversarial accuracy is below that of PGD (Aug 0)",
            ADVERSARIAL,
            straight,
            fifth,
        ),
        _above(
            "Aug 180 → PGD (Aug 0) forgets: its spatial accuracy is below that of natural "
            "training with Aug 180",
            SPATIAL,
            natural,
            sixth,
        ),
    )


def trade_off(straight: str, turned: str, where: str = "") -> tuple[Contrast, Contrast]:
    """Return that rotations in adversarial training help against the ones, and cost the other.

    Parameters
    ----------
    straight, turned : str
        Names of PGD (Aug 0) and PGD (Aug 180).
    where : str
        Beginning of the claim: the network, for instance.
    """
    return (
        _above(
            f"{where}PGD (Aug 180) has a higher spatial accuracy than PGD (Aug 0)",
            SPATIAL,
            turned,
            straight,
        ),
        _above(
            f"{where}PGD (Aug 180) has a lower adversarial accuracy than PGD (Aug 0)",
            ADVERSARIAL,
            straight,
            turned,
        ),
    )


def _above(claim: str, measure: Measure, more: str, less: str) -> Contrast:
    return Contrast(claim, measure, more=more, less=less, paired=False)


def bare(name: str) -> str:
    """Return a row's name without its number.

    Examples
    --------
    >>> bare("4 PGD (Aug 180)")
    'PGD (Aug 180)'
    """
    number, _, rest = name.partition(" ")
    return rest if number.isdigit() else name


def selected(rows: Mapping[str, tuple[Job, ...]], names: tuple[str, ...]) -> tuple[Variant, ...]:
    """Return the variants of some rows."""
    return tuple(Variant(name, rows[name]) for name in names)
