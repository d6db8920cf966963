"""Ways to train: the curricula of the image half, read for words and shifts.

A recipe is a list of :class:`spadv.empirical.training.Stage`, the very stages that networks
on images are trained by. An epoch is some optimiser steps; a rotation by up to so many
degrees is a random shift (:mod:`.shifting`); a budget of pixels is eps. Nothing is clipped:
coordinates are not confined to [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...checks import check_real, choose
from ...errors import InputError
from ..training.stages import Objective, Stage, curriculum
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

    Raises
    ------
    InputError
        If `mixing` is out of range, or goes with stages that are not adversarial.
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
    make : callable
        From (eps of the test attack, level) to a :class:`Recipe`.
    nominal : float
        The level that one would use without tuning.
    """

    name: str
    parameter: str
    levels: tuple[float, ...]
    make: Callable[[float, float], Recipe]
    nominal: float


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


def _methods() -> dict[str, Method]:
    def pgd(eps: float, share: float, largest: float = 1.0) -> Objective:
        return _attack("pgd", eps * share, eps * largest)

    def trades(eps: float, beta: float) -> Objective:
        return _attack("trades", eps, eps, beta)

    whole, none = FULL_TURN, 0.0
    budget = "training budget as a share of the test budget"
    angle = "largest training rotation in degrees, read as shifts"
    beta = "beta, the weight of the divergence"
    table = [
        Method(
            "natural",
            "none",
            (0.0,),
            lambda eps, v: Recipe("natural", v, _plain(none, _NATURAL)),
            0.0,
        ),
        Method(
            "shifts",
            angle,
            (*_ANGLES, whole),
            lambda eps, v: Recipe("shifts", v, _plain(v, _NATURAL)),
            whole,
        ),
        Method(
            "PGD",
            budget,
            _SHARES,
            lambda eps, v: Recipe("PGD", v, _plain(none, pgd(eps, v))),
            1.0,
        ),
        Method(
            "PGD + shifts",
            budget,
            _SHARES,
            lambda eps, v: Recipe("PGD + shifts", v, _plain(whole, pgd(eps, v))),
            1.0,
        ),
        Method(
            "PGD + range",
            angle,
            _ANGLES,
            lambda eps, v: Recipe("PGD + range", v, _plain(v, pgd(eps, 1.0))),
            150.0,
        ),
        Method(
            "TRADES",
            beta,
            _BETAS,
            lambda eps, v: Recipe("TRADES", v, _plain(none, trades(eps, v))),
            5.0,
        ),
        Method(
            "TRADES + shifts",
            beta,
            _BETAS,
            lambda eps, v: Recipe("TRADES + shifts", v, _plain(whole, trades(eps, v))),
            5.0,
        ),
        Method(
            "CuSP",
            budget.replace("training", "last training"),
            _SHARES,
            lambda eps, v: Recipe("CuSP", v, _cusp(whole, pgd(eps, v, v))),
            1.0,
        ),
        Method(
            "CuSP range",
            angle.replace("largest", "last largest"),
            _ANGLES,
            lambda eps, v: Recipe("CuSP range", v, _cusp(v, pgd(eps, 1.0))),
            150.0,
        ),
        Method(
            "CuSP-TRADES",
            beta,
            _BETAS,
            lambda eps, v: Recipe("CuSP-TRADES", v, _cusp(whole, trades(eps, v))),
            5.0,
        ),
        Method(
            "mixture",
            "weight of the attacked samples",
            (0.1, 0.3, 0.5, 0.7, 0.9),
            lambda eps, v: Recipe("mixture", v, _plain(whole, pgd(eps, 1.0)), mixing=v),
            0.5,
        ),
    ]
    return {method.name: method for method in table}


_NATURAL = Objective()
#: Every method by name, in the order of reports.
METHODS = _methods()


def method(name: str) -> Method:
    """Return a method by name; InputError suggests the nearest one.

    Parameters
    ----------
    name : str
        Name in :data:`METHODS`.
    """
    return METHODS[choose("method", name, METHODS)]
