"""The study at each scale."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ...checks import check_seeds, choose
from ..experiments import SCALES
from .accuracy import Effort
from .attack import Strength
from .methods import FULL_TURN, METHODS
from .network import KINDS
from .setting import SyntheticSetting
from .study import NetworkGroup, Study
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


def settings() -> tuple[SyntheticSetting, ...]:
    """Return the settings of the full study.

    Three with two shifts, where the frontier of all classifiers is known with a certified
    gap: words that are orthogonal to their shift (kappa = 0) under a small and a large
    attack, and one that points away from it (kappa = -1/2), where the best rules are least
    linear. One with seven shifts, where an inner and an outer line are known.
    """
    return (
        SyntheticSetting("orthogonal, e = 1", "random:16:6", 8, p=0.7, budget=1.0),
        SyntheticSetting("opposed, e = 1", "random:16:0", 8, p=0.6, budget=1.0),
        SyntheticSetting("orthogonal, e = 2", "random:16:6", 8, p=0.8, budget=2.0),
        SyntheticSetting("seven shifts, e = 1", "legendre:7", 1, p=0.7, budget=1.0),
    )


def study(scale: str, seeds: int = 5) -> Study:
    """Return the study at a scale, with so many training seeds of every network, at least 2.

    "smoke": seconds, one setting, a few methods. "cpu": everything, about 20 minutes on one core.
    "paper": the same with wider networks, longer training and more samples.
    """
    choose("scale", scale, SCALES)
    check_seeds(seeds, minimum=2)
    return _smoke(seeds) if scale == "smoke" else _full(scale, seeds)


def sample_variant(size: int) -> str:
    """Return how training on a finite sample is called."""
    return f"{size} samples"


def _smoke(seeds: int) -> Study:
    setting = settings()[0]
    options = Options(width=16, steps_per_epoch=1, batch_size=128)
    effort = Effort(samples=2000, attacked=1000, strength=Strength(steps=5, restarts=1, grid=3))
    tried = {
        "natural": (0.0,),
        "shifts": (120.0, 180.0),
        "PGD + shifts": (1.0,),
        "CuSP": (0.5, 1.0),
        "mixture": (0.5,),
    }
    groups = [
        NetworkGroup(
            setting, kind, name, levels, seeds, options, effort, checked=20 * (name == "CuSP")
        )
        for kind in KINDS
        for name, levels in tried.items()
    ]
    deviations = (
        "one setting in place of four, five methods in place of eleven",
        "networks of 16 hidden units, 120 steps on 128 samples",
        "no finite training samples, no other schedule",
    )
    return Study("smoke", (setting,), tuple(groups), 0.01, deviations)


def _full(scale: str, seeds: int) -> Study:
    deviations: tuple[str, ...] = ()
    if scale == "paper":
        options = Options(width=128, steps_per_epoch=40, batch_size=1024)
        effort = Effort(samples=200_000, attacked=50_000, strength=Strength(40, 5, 9))
        checked = 300
    else:
        options = Options(width=32, steps_per_epoch=8)
        effort = Effort(samples=40_000, attacked=10_000, strength=Strength(12, 1, 5))
        checked, deviations = 60, _CPU
    group = partial(NetworkGroup, seeds=seeds, options=options, effort=effort)
    extra = partial(group, kind="mlp")
    groups = [
        group(
            setting,
            kind,
            name,
            method.levels,
            budgets=LAW_BUDGETS if name == "shifts" and setting.dist.n_shifts == 2 else (),
            checked=checked if name in ("natural", "CuSP", "mixture") else 0,
        )
        for setting in settings()
        for kind in KINDS
        for name, method in METHODS.items()
    ]
    settled = replace(options, schedule="settled")
    longer = replace(options, steps_per_epoch=10 * options.steps_per_epoch)
    for setting in settings()[:3]:
        groups += [
            extra(setting, method=name, levels=(1.0,), options=settled, variant=SETTLED)
            for name in SCHEDULED
        ]
        groups.append(
            extra(
                setting,
                method="shifts",
                levels=(FULL_TURN,),
                options=longer,
                budgets=LAW_BUDGETS,
                variant=LONGER,
            )
        )
    groups += [
        extra(
            settings()[0],
            method=name,
            levels=(METHODS[name].nominal,),
            options=replace(options, samples=size),
            variant=sample_variant(size),
        )
        for size in SAMPLE_SIZES
        for name in FINITE
    ]
    return Study(scale, settings(), tuple(groups), 5e-4, deviations)


_CPU = (
    "networks of 32 hidden units in place of 128",
    "960 steps on 512 samples in place of 4800 on 1024",
    "10,000 attacked test samples a network in place of 50,000",
)
