"""Ways to train: the curricula of the image half, read for words and shifts.

A recipe is a list of :class:`spadv.empirical.training.Stage`, the very stages that networks
on images are trained by. An epoch is some optimiser steps; a rotation by up to so many
degrees is a random shift (:mod:`.sampling`); a budget of pixels is eps. Nothing is clipped:
coordinates are not confined to [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...checks import check_real, choose
from ...errors import InputError
from ..settings import Objective, Stage, curriculum
from ..transforms import Augmentation

#: Epochs of every recipe: CuSP's stages are 75, 15 and 30 of them.
EPOCHS = 120
FULL_TURN = 180.0
#: Steps of the inner attack, and the share of the largest budget that each may cover.
ATTACK_STEPS, ATTACK_STRIDE = 5, 0.4


@dataclass(frozen=True)
class Recipe:
    """One training.

    Attributes
    ----------
    method : str
        What it is called; see :data:`METHODS`.
    level : float
        Value of the parameter that the method is swept over.
    stages : tuple of Stage
        What is done.
    mixing : float or None
        If given, the loss is (1 - mixing) times the cross-entropy on shifted samples plus
        mixing times that on attacked samples that are *not* shifted: the weighted sum of
        exactly what spatial and adversarial accuracy measure.
    """

    method: str
    level: float
    stages: tuple[Stage, ...]
    mixing: float | None = None

    def __post_init__(self) -> None:
        if self.mixing is not None:
            check_real("mixing", self.mixing, low=0, high=1)
            if any(stage.objective.name != "pgd" for stage in self.stages):
                raise InputError("mixing", "go with the objective pgd", self.mixing)

    @property
    def label(self) -> str:
        """Method and level in words."""
        return f"{self.method} {self.level:g}"


@dataclass(frozen=True)
class Method:
    """A way to train with one parameter to sweep.

    Attributes
    ----------
    name : str
        Short and unique.
    parameter : str
        What is swept, with its unit.
    levels : tuple of float
        Where.
    nominal : float
        The level that one would use without tuning.
    stages : callable
        From (eps of the test attack, level) to the stages.
    """

    name: str
    parameter: str
    levels: tuple[float, ...]
    nominal: float
    stages: Callable[[float, float], tuple[Stage, ...]]

    def make(self, eps: float, level: float) -> Recipe:
        """Return the recipe at a level, for a test attack of eps a coordinate."""
        mixing = level if self.name == "mixture" else None
        return Recipe(self.name, level, self.stages(eps, level), mixing)


def _attack(name: str, eps: float, largest: float, beta: float = 5.0) -> Objective:
    return Objective(
        name, budget=eps, step_size=ATTACK_STRIDE * largest, steps=ATTACK_STEPS, beta=beta
    )


def _plain(angle: float, objective: Objective) -> tuple[Stage, ...]:
    augment = Augmentation(rotation=angle)
    return curriculum("plain", epochs=EPOCHS, augment=augment, objective=objective)


def _cusp(angle: float, objective: Objective) -> tuple[Stage, ...]:
    augment = Augmentation(rotation=angle)
    return curriculum("cusp", epochs=EPOCHS, augment=augment, objective=objective)


_SHARES = (0.25, 0.5, 1.0)
_ANGLES = (100.0, 120.0, 150.0)
_BETAS = (0.5, 2.0, 5.0)


def _pgd(eps: float, share: float, largest: float = 1.0) -> Objective:
    return _attack("pgd", eps * share, eps * largest)


def _trades(eps: float, beta: float) -> Objective:
    return _attack("trades", eps, eps, beta)


_NATURAL = Objective()
_BUDGET = "training budget as a share of the test budget"
_ANGLE = "largest training rotation in degrees, read as shifts"
_BETA = "beta, the weight of the divergence"
#: What is swept, where, the level without tuning, and the stages: from (eps of the test
#: attack, level).
_Row = tuple[str, tuple[float, ...], float, Callable[[float, float], tuple[Stage, ...]]]
_TABLE: dict[str, _Row] = {
    "natural": ("none", (0.0,), 0.0, lambda eps, v: _plain(0.0, _NATURAL)),
    "shifts": (_ANGLE, (*_ANGLES, FULL_TURN), FULL_TURN, lambda eps, v: _plain(v, _NATURAL)),
    "PGD": (_BUDGET, _SHARES, 1.0, lambda eps, v: _plain(0.0, _pgd(eps, v))),
    "PGD + shifts": (_BUDGET, _SHARES, 1.0, lambda eps, v: _plain(FULL_TURN, _pgd(eps, v))),
    "PGD + range": (_ANGLE, _ANGLES, 150.0, lambda eps, v: _plain(v, _pgd(eps, 1.0))),
    "TRADES": (_BETA, _BETAS, 5.0, lambda eps, v: _plain(0.0, _trades(eps, v))),
    "TRADES + shifts": (_BETA, _BETAS, 5.0, lambda eps, v: _plain(FULL_TURN, _trades(eps, v))),
    "CuSP": (
        _BUDGET.replace("training", "last training"),
        _SHARES,
        1.0,
        lambda eps, v: _cusp(FULL_TURN, _pgd(eps, v, v)),
    ),
    "CuSP range": (
        _ANGLE.replace("largest", "last largest"),
        _ANGLES,
        150.0,
        lambda eps, v: _cusp(v, _pgd(eps, 1.0)),
    ),
    "CuSP-TRADES": (_BETA, _BETAS, 5.0, lambda eps, v: _cusp(FULL_TURN, _trades(eps, v))),
    "mixture": (
        "weight of the attacked samples",
        (0.1, 0.3, 0.5, 0.7, 0.9),
        0.5,
        lambda eps, v: _plain(FULL_TURN, _pgd(eps, 1.0)),
    ),
}
#: Every method by name, in the order of reports.
METHODS = {
    name: Method(name, parameter, levels, nominal, stages)
    for name, (parameter, levels, nominal, stages) in _TABLE.items()
}


def method(name: str) -> Method:
    """Return a method by name; InputError suggests the nearest one."""
    return METHODS[choose("method", name, METHODS)]
