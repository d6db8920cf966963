"""The study at each scale."""

from __future__ import annotations

from dataclasses import replace

from ...checks import check_integer, choose
from .attack import Strength
from .measuring import Effort
from .network import KINDS
from .recipe import METHODS
from .setting import Setting
from .study import SCALES, Group, Study
from .training import Options

#: Budgets at which networks trained with shifts alone are attacked besides.
LAW_BUDGETS = (1.0, 2.0, 3.0)
#: Sizes of finite training samples, and what is trained on them.
SAMPLE_SIZES = (50, 200, 1000, 5000)
FINITE = ("natural", "PGD + shifts", "CuSP", "mixture")
#: What is trained once more with every stage to its end.
SCHEDULED = ("PGD + shifts", "CuSP")
SETTLED = "settled"
#: Training with all shifts once more, with ten times as many steps.
LONGER = "ten times longer"


def settings() -> tuple[Setting, ...]:
    """Return the settings of the full study.

    Three with two shifts, where the frontier of all classifiers is known with a certified
    gap: words that are orthogonal to their shift (kappa = 0) under a small and a large
    attack, and one that points away from it (kappa = -1/2), where the best rules are least
    linear. One with seven shifts, where an inner and an outer line are known.

    Examples
    --------
    >>> [round(float(setting.dist.orbit.kappa[1]), 3) for setting in settings()]
    [0.0, -0.5, 0.0, -0.143]
    """
    return (
        Setting("orthogonal, e = 1", "random:16:6", 8, p=0.7, budget=1.0),
        Setting("opposed, e = 1", "random:16:0", 8, p=0.6, budget=1.0),
        Setting("orthogonal, e = 2", "random:16:6", 8, p=0.8, budget=2.0),
        Setting("seven shifts, e = 1", "legendre:7", 1, p=0.7, budget=1.0),
    )


def study(scale: str, seeds: int = 5) -> Study:
    """Return the study at a scale.

    Parameters
    ----------
    scale : str
        "smoke": seconds, one setting, a few methods. "cpu": everything, about 20 minutes on
        one core. "paper": the same with wider networks, longer training and more samples.
    seeds : int
        Training seeds of every network, at least 2.
    """
    choose("scale", scale, SCALES)
    check_integer("seeds", seeds, minimum=2)
    return _smoke(seeds) if scale == "smoke" else _full(scale, seeds)


def sample_variant(size: int) -> str:
    """Return how training on a finite sample is called."""
    return f"{size} samples"


def _smoke(seeds: int) -> Study:
    setting = settings()[0]
    options = Options(width=16, steps_per_epoch=1, batch_size=128)
    effort = Effort(samples=2000, attacked=1000, strength=Strength(steps=5, restarts=1, grid=3))
    groups = [
        Group(setting, kind, name, levels, seeds, options, effort, checked=20 * (name == "CuSP"))
        for kind in KINDS
        for name, levels in (
            ("natural", (0.0,)),
            ("shifts", (120.0, 180.0)),
            ("PGD + shifts", (1.0,)),
            ("CuSP", (0.5, 1.0)),
            ("mixture", (0.5,)),
        )
    ]
    shrunk = (
        "one setting in place of four, five methods in place of eleven",
        "networks of 16 hidden units, 120 steps on 128 samples",
        "no finite training samples, no other schedule",
    )
    return Study("smoke", (setting,), tuple(groups), 0.01, shrunk)


def _full(scale: str, seeds: int) -> Study:
    large = scale == "paper"
    options = (
        Options(width=128, steps_per_epoch=40, batch_size=1024)
        if large
        else Options(width=32, steps_per_epoch=8)
    )
    effort = (
        Effort(samples=200_000, attacked=50_000, strength=Strength(40, 5, 9))
        if large
        else Effort(samples=40_000, attacked=10_000, strength=Strength(12, 1, 5))
    )
    checked = 300 if large else 60
    groups = []
    for setting in settings():
        for kind in KINDS:
            for name, chosen in METHODS.items():
                law = LAW_BUDGETS if name == "shifts" and setting.dist.n_shifts == 2 else ()
                exact = checked if name in ("natural", "CuSP", "mixture") else 0
                groups.append(
                    Group(setting, kind, name, chosen.levels, seeds, options, effort, law, exact)
                )
    for setting in settings()[:3]:
        settled = replace(options, schedule="settled")
        groups += [
            Group(setting, "mlp", name, (1.0,), seeds, settled, effort, variant=SETTLED)
            for name in SCHEDULED
        ]
        longer = replace(options, steps_per_epoch=10 * options.steps_per_epoch)
        groups.append(
            Group(
                setting,
                "mlp",
                "shifts",
                (180.0,),
                seeds,
                longer,
                effort,
                LAW_BUDGETS,
                variant=LONGER,
            )
        )
    for size in SAMPLE_SIZES:
        finite = replace(options, samples=size)
        groups += [
            Group(
                settings()[0],
                "mlp",
                name,
                (METHODS[name].nominal,),
                seeds,
                finite,
                effort,
                variant=sample_variant(size),
            )
            for name in FINITE
        ]
    shrunk = (
        "networks of 32 hidden units in place of 128",
        "960 steps on 512 samples in place of 4800 on 1024",
        "10,000 attacked test samples a network in place of 50,000",
    )
    return Study(scale, settings(), tuple(groups), 5e-4, () if large else shrunk)
