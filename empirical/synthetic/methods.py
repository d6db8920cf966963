"""Ways to train: the curricula of the image half, read for words and shifts.

A method is a list of :class:`spadv.empirical.settings.Stage`, the very stages that networks
on images are trained by. An epoch is some optimiser steps; a rotation by up to so many
degrees is a random shift (:mod:`.sampling`); a budget of pixels is eps. Nothing is clipped:
coordinates are not confined to [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..settings import Objective, Stage, curriculum
from ..transforms import Augmentation

#: Epochs of every method: CuSP's stages are 75, 15 and 30 of them.
EPOCHS = 120
FULL_TURN = 180.0
#: Steps of the inner attack, and the share of the largest budget that each may cover.
_ATTACK_STEPS, _ATTACK_SHARE = 5, 0.4

Stages = tuple[Stage, ...]


@dataclass(frozen=True)
class Method:
    """A way to train with one `parameter`, told with its unit, to sweep at the `levels`.

    `nominal` is where one would not tune; `stages` makes the stages from the eps of the test
    attack and a level. If it `mixes`, the loss is (1 - level) times the cross-entropy on shifted
    samples plus level times that on attacked samples that are *not* shifted: the weighted sum of
    exactly what spatial and adversarial accuracy measure.
    """

    name: str
    parameter: str
    levels: tuple[float, ...]
    nominal: float
    stages: Callable[[float, float], Stages]
    mixes: bool = False


def _train(angle: float, objective: Objective | None = None, name: str = "plain") -> Stages:
    augment = Augmentation(rotation=angle)
    return curriculum(name, epochs=EPOCHS, augment=augment, objective=objective or Objective())


def _cusp(angle: float, objective: Objective) -> Stages:
    return _train(angle, objective, "cusp")


def _pgd(eps: float, share: float = 1.0, largest: float = 1.0) -> Objective:
    step_size = _ATTACK_SHARE * (eps * largest)
    return Objective("pgd", budget=eps * share, step_size=step_size, steps=_ATTACK_STEPS)


def _trades(eps: float, beta: float) -> Objective:
    step_size = _ATTACK_SHARE * eps
    return Objective("trades", budget=eps, step_size=step_size, steps=_ATTACK_STEPS, beta=beta)


_SHARES = (0.25, 0.5, 1.0)
_ANGLES = (100.0, 120.0, 150.0)
_BETAS = (0.5, 2.0, 5.0)
_WEIGHTS = (0.1, 0.3, 0.5, 0.7, 0.9)
_BUDGET = "training budget as a share of the test budget"
_ANGLE = "largest training rotation in degrees, read as shifts"
_BETA = "beta, the weight of the divergence"
_WEIGHT = "weight of the attacked samples"

#: Every method by name, in the order of reports.
METHODS = {
    made.name: made
    for made in (
        Method("natural", "none", (0.0,), 0.0, lambda eps, v: _train(0.0)),
        Method("shifts", _ANGLE, (*_ANGLES, FULL_TURN), FULL_TURN, lambda eps, v: _train(v)),
        Method("PGD", _BUDGET, _SHARES, 1.0, lambda eps, v: _train(0.0, _pgd(eps, v))),
        Method(
            "PGD + shifts", _BUDGET, _SHARES, 1.0, lambda eps, v: _train(FULL_TURN, _pgd(eps, v))
        ),
        Method("PGD + range", _ANGLE, _ANGLES, 150.0, lambda eps, v: _train(v, _pgd(eps))),
        Method("TRADES", _BETA, _BETAS, 5.0, lambda eps, v: _train(0.0, _trades(eps, v))),
        Method(
            "TRADES + shifts",
            _BETA,
            _BETAS,
            5.0,
            lambda eps, v: _train(FULL_TURN, _trades(eps, v)),
        ),
        Method(
            "CuSP",
            "last " + _BUDGET,
            _SHARES,
            1.0,
            lambda eps, v: _cusp(FULL_TURN, _pgd(eps, v, v)),
        ),
        Method("CuSP range", "last " + _ANGLE, _ANGLES, 150.0, lambda eps, v: _cusp(v, _pgd(eps))),
        Method("CuSP-TRADES", _BETA, _BETAS, 5.0, lambda eps, v: _cusp(FULL_TURN, _trades(eps, v))),
        Method(
            "mixture",
            _WEIGHT,
            _WEIGHTS,
            0.5,
            lambda eps, v: _train(FULL_TURN, _pgd(eps)),
            mixes=True,
        ),
    )
}
