"""Hypotheses that follow from the theory half, and their verdicts.

Each function states one, for one setting (and kind of network), and judges it by Student's
intervals over training seeds. It returns nothing where the study lacks the networks.
"""

from __future__ import annotations

import numpy as np

from ...theory.accuracy import bayes_accuracy
from ...theory.laws import gradual_adversarial, residual
from .board import Board, Floats
from .plan import LONGER
from .prediction import augmented_bayes
from .recipe import FULL_TURN
from .setting import Setting
from .verdicts import NEAR_POINT, SMALLEST_DIFFERENCE, Finding, above_zero, at_most, near


def natural_finds_bayes(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """Natural training ends at the Bayes rule; invariant networks end at shift-Bayes."""
    name = "shift-Bayes" if kind == "circular" else "Bayes"
    spatial, low, high = board.known(setting).named[name]
    if not board.has(setting, kind, "natural", 0.0) or low != high:
        return []
    difference = board.points(setting, kind, "natural", 0.0) - np.array([spatial, low])
    return [
        near(
            list(difference.T),
            NEAR_POINT,
            "Natural training finds the Bayes rule",
            f"{setting.name}: natural training of {kind} networks ends at the {name} rule",
            f"S and A less those of {name}",
        )
    ]


def within_law(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """No network passes the gradual law between A and the accuracy on r_1 X."""
    levels = board.levels(setting, kind, "shifts")
    if not levels or setting.dist.n_shifts != 2:
        return []
    delta, best = float(setting.dist.orbit.delta[1]), float(bayes_accuracy(setting.p))
    room: list[tuple[Floats, float, float]] = []
    for level in levels:
        found = board.measured(setting, kind, "shifts", level)
        # Chance may carry a measured accuracy past the largest possible one.
        moved = np.minimum([m.moved.value for m in found], best)
        for e in found[0].adversarial:
            law = gradual_adversarial(moved, setting.p, residual(e, delta), tight=True)
            room.append((law - [m.adversarial[e].value for m in found], level, e))
    nearest, level, e = min(room, key=lambda one: float(one[0].mean()))
    return [
        at_most(
            -nearest,
            SMALLEST_DIFFERENCE,
            "No network passes the gradual law",
            f"{setting.name}, {kind}: trained with shifts alone no network passes the law "
            f"A <= U_D(S_1) (nearest: up to {level:g} degrees, e = {e:g})",
            "A less the law",
        )
    ]


def shifts_trade(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """Random shifts in training raise S and lower A: the paper's trade-off."""
    topic = "Shifts in training trade adversarial for spatial accuracy"
    full = board.has(setting, kind, "shifts", FULL_TURN)
    if kind == "circular" or not full or not board.has(setting, kind, "natural", 0.0):
        return []
    change = board.points(setting, kind, "shifts", FULL_TURN)
    change = change - board.points(setting, kind, "natural", 0.0)
    where = f"{setting.name}, {kind}: "
    return [
        above_zero(
            change[:, 0],
            SMALLEST_DIFFERENCE,
            topic,
            where + "random shifts in training raise spatial accuracy",
            "S with all shifts less S without",
        ),
        above_zero(
            -change[:, 1],
            SMALLEST_DIFFERENCE,
            topic,
            where + "random shifts in training lower adversarial accuracy",
            "A without shifts less A with all",
        ),
    ]


def shifts_follow_theory(board: Board, setting: Setting) -> list[Finding]:
    """Networks trained with shifts do what the best classifier of their training does."""
    topic = "Training with shifts follows the predicted path"
    levels = board.levels(setting, "mlp", "shifts")
    if not levels or setting.dist.n_shifts != 2:
        return []

    def clean(level: float) -> list[Floats]:
        expected = augmented_bayes(setting, level)
        found = board.measured(setting, "mlp", "shifts", level)
        return [
            np.array([m.natural.value for m in found]) - expected.natural,
            np.array([m.moved.value for m in found]) - expected.moved,
        ]

    def attacked(level: float, e: float, variant: str = "") -> Floats:
        found = board.measured(setting, "mlp", "shifts", level, variant)
        expected = augmented_bayes(setting, level, e).adversarial
        return np.array([m.adversarial[e].value for m in found]) - expected

    own = setting.budget
    budgets = board.measured(setting, "mlp", "shifts", levels[0])[0].adversarial
    where = f"{setting.name}, mlp, shifts up to {levels[0]:g}..{levels[-1]:g} degrees: "
    made = [
        near(
            [difference for level in levels for difference in clean(level)],
            NEAR_POINT,
            topic,
            where + "accuracies on X and on r_1 X are those predicted",
            "accuracy less the prediction",
        )
    ]
    for e in sorted(budgets):
        made.append(
            near(
                [attacked(level, e) for level in levels],
                NEAR_POINT,
                topic,
                where + f"adversarial accuracy at e = {e:g} is that predicted",
                "A less the prediction",
            )
        )
    if board.has(setting, "mlp", "shifts", FULL_TURN, LONGER):
        gain = attacked(FULL_TURN, own, LONGER) - attacked(FULL_TURN, own)
        made.append(
            above_zero(
                gain,
                SMALLEST_DIFFERENCE,
                topic + ": longer training",
                f"{setting.name}, mlp, shifts up to 180 degrees: training ten times as long raises "
                f"adversarial accuracy at e = {own:g}",
                "A after longer training less A",
            )
        )
    return made


def invariance_trades(board: Board, setting: Setting) -> list[Finding]:
    """Invariance by construction raises S and lowers A, as the paper finds for GCNNs."""
    topic = "Invariance by construction trades in the same way"
    if not all(board.has(setting, kind, "natural", 0.0) for kind in ("mlp", "circular")):
        return []
    change = board.points(setting, "circular", "natural", 0.0)
    change = change - board.points(setting, "mlp", "natural", 0.0)
    where = f"{setting.name}: an invariant network, trained naturally, has "
    return [
        above_zero(
            change[:, 0],
            SMALLEST_DIFFERENCE,
            topic,
            where + "more spatial accuracy than a plain one",
            "S of circular less S of mlp",
        ),
        above_zero(
            -change[:, 1],
            SMALLEST_DIFFERENCE,
            topic,
            where + "less adversarial accuracy",
            "A of mlp less A of circular",
        ),
    ]
