"""Hypotheses about ways to train, stated before networks are trained, and their verdicts.

Each function states one, for one setting (and kind of network), and judges it by Student's
intervals over training seeds. It returns nothing where the study lacks the networks.
"""

from __future__ import annotations

import numpy as np

from .board import Board, Floats
from .plan import SAMPLE_SIZES, SCHEDULED, SETTLED, sample_variant
from .predicted import (
    invariance_trades,
    natural_finds_bayes,
    shifts_follow_theory,
    shifts_trade,
    within_law,
)
from .recipe import METHODS
from .setting import Setting
from .shortfall import shortfall
from .verdicts import NEAR_LINE, SMALLEST_DIFFERENCE, Finding, above_zero, at_most

#: Weight of the mixture at which it is compared with linear rules: fixed in advance, as the
#: best one would be chosen by its luck.
COMPARED_WEIGHT = 0.7


def all_findings(board: Board) -> list[Finding]:
    """Return every finding that a study's networks allow, by hypothesis.

    Parameters
    ----------
    board : Board
        The study's networks.
    """
    made: list[Finding] = []
    settings = board.results.study.settings
    for rule in (
        natural_finds_bayes,
        within_law,
        shifts_trade,
        cusp_nominal,
        cusp_anywhere,
        cusp_covers,
        cusp_against_shifts,
        cusp_against_pgd,
        cusp_at_both,
    ):
        made += [one for s in settings for kind in board.kinds for one in rule(board, s, kind)]
    for whole in (
        shifts_follow_theory,
        settled_cusp,
        mixture_reaches,
        beyond_linear,
        invariance_trades,
        few_samples,
    ):
        made += [one for s in settings for one in whole(board, s)]
    return made


def cusp_nominal(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """CuSP as published is Pareto-optimal."""
    if not board.has(setting, kind, "CuSP", 1.0):
        return []
    return [
        at_most(
            board.short(setting, kind, "CuSP", 1.0),
            NEAR_LINE,
            "CuSP is Pareto-optimal",
            f"{setting.name}, {kind}: CuSP as published ends within {NEAR_LINE:g} of "
            + _line(board, setting),
            "shortfall",
        )
    ]


def cusp_anywhere(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """CuSP is Pareto-optimal whatever its last budget, last range and beta."""
    members = board.members(setting, kind, "CuSP")
    if not members:
        return []
    shorts = {member: board.short(setting, kind, *member) for member in members}
    worst = max(members, key=lambda member: float(shorts[member].mean()))
    return [
        at_most(
            shorts[worst],
            NEAR_LINE,
            "CuSP is Pareto-optimal wherever it is stopped",
            f"{setting.name}, {kind}: every CuSP tried ends within {NEAR_LINE:g} of "
            f"{_line(board, setting)} (farthest: {worst[0]} {worst[1]:g})",
            "shortfall of the farthest",
        )
    ]


def cusp_covers(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """Tuned CuSP serves every weighting of the two accuracies."""
    if not board.members(setting, kind, "CuSP"):
        return []
    return [
        at_most(
            board.losses(setting, kind, "CuSP"),
            NEAR_LINE,
            "Tuned CuSP serves every weighting",
            f"{setting.name}, {kind}: for every weight of S and A the best CuSP loses at most "
            f"{NEAR_LINE:g} against {_line(board, setting)}",
            "largest loss of (1-w) S + w A",
        )
    ]


def cusp_against_shifts(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """Tuned CuSP serves better than training with a tuned range of shifts and no attack."""
    if not board.members(setting, kind, "CuSP") or not board.levels(setting, kind, "shifts"):
        return []
    losses = [board.losses(setting, kind, family) for family in ("no attack", "CuSP")]
    return [
        above_zero(
            losses[0] - losses[1],
            SMALLEST_DIFFERENCE,
            "Tuned CuSP serves better than shifts without attack",
            f"{setting.name}, {kind}: tuned CuSP loses less than training with a tuned range of "
            "shifts and no attack",
            "largest loss of the latter less that of CuSP",
        )
    ]


def cusp_against_pgd(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """CuSP ends nearer to the frontier than PGD training on shifted samples."""
    if not all(board.has(setting, kind, name, 1.0) for name in SCHEDULED):
        return []
    plain, cusp = (board.short(setting, kind, name, 1.0) for name in SCHEDULED)
    return [
        above_zero(
            plain - cusp,
            SMALLEST_DIFFERENCE,
            "CuSP beats PGD on shifted samples",
            f"{setting.name}, {kind}: CuSP ends nearer than PGD on shifted samples with its last "
            "budget",
            "shortfall of PGD + shifts less that of CuSP",
        )
    ]


def settled_cusp(board: Board, setting: Setting) -> list[Finding]:
    """CuSP does so with every stage trained to its end, too: by its order alone."""
    if not all(board.has(setting, "mlp", name, 1.0, SETTLED) for name in SCHEDULED):
        return []
    plain, cusp = (board.short(setting, "mlp", name, 1.0, SETTLED) for name in SCHEDULED)
    return [
        above_zero(
            plain - cusp,
            SMALLEST_DIFFERENCE,
            "CuSP beats PGD on shifted samples: every stage trained to its end",
            f"{setting.name}, mlp: with every stage trained to its end CuSP ends nearer than PGD "
            "on shifted samples",
            "shortfall of PGD + shifts less that of CuSP",
        )
    ]


def cusp_at_both(board: Board, setting: Setting, kind: str) -> list[Finding]:
    """CuSP is best where input is shifted and attacked at once."""
    levels = board.levels(setting, kind, "mixture")
    if not levels or kind == "circular" or not board.has(setting, kind, "CuSP", 1.0):
        return []

    def joint(name: str, level: float) -> Floats:
        return np.array([m.joint.value for m in board.measured(setting, kind, name, level)])

    best = max((joint("mixture", level) for level in levels), key=lambda v: float(v.mean()))
    return [
        above_zero(
            joint("CuSP", 1.0) - best,
            SMALLEST_DIFFERENCE,
            "CuSP serves both threats at once",
            f"{setting.name}, {kind}: on input shifted and attacked at once CuSP is more accurate "
            "than the weighted sum at its best weight",
            "accuracy on attacked r X, CuSP less mixture",
        )
    ]


def mixture_reaches(board: Board, setting: Setting) -> list[Finding]:
    """Gradient training reaches the frontier where it minimises the weighted sum itself."""
    levels = board.levels(setting, "mlp", "mixture")
    if not levels or not board.known(setting).exact:
        return []
    shorts = {level: board.short(setting, "mlp", "mixture", level) for level in levels}
    worst = max(levels, key=lambda level: float(shorts[level].mean()))
    return [
        at_most(
            shorts[worst],
            NEAR_LINE,
            "Training on the weighted sum reaches the frontier",
            f"{setting.name}, mlp: it ends within {NEAR_LINE:g} of the exact frontier at every "
            f"weight (farthest: {worst:g})",
            "shortfall of the farthest",
        )
    ]


def beyond_linear(board: Board, setting: Setting) -> list[Finding]:
    """Networks find rules better than every linear one."""
    levels = board.levels(setting, "mlp", "mixture")
    if not levels:
        return []
    level = COMPARED_WEIGHT if COMPARED_WEIGHT in levels else levels[-1]
    points = board.points(setting, "mlp", "mixture", level)
    return [
        above_zero(
            -np.asarray(shortfall(points, board.known(setting).linear)),
            SMALLEST_DIFFERENCE,
            "Networks exceed linear rules",
            f"{setting.name}, mlp: trained on the weighted sum (weight {level:g}) networks exceed "
            "the best linear rules",
            "how far beyond their hull",
        )
    ]


def few_samples(board: Board, setting: Setting) -> list[Finding]:
    """Few training samples cost both accuracies."""
    few, many = (sample_variant(size) for size in (SAMPLE_SIZES[1], SAMPLE_SIZES[-1]))
    made = []
    for name in ("CuSP", "mixture"):
        level = METHODS[name].nominal
        if not all(board.has(setting, "mlp", name, level, v) for v in (few, many)):
            continue
        gained = board.short(setting, "mlp", name, level, few)
        gained = gained - board.short(setting, "mlp", name, level, many)
        made.append(
            above_zero(
                gained,
                SMALLEST_DIFFERENCE,
                "Few samples cost both accuracies",
                f"{setting.name}, mlp: {name} on {few} ends farther off than on {many}",
                "difference of the shortfalls",
            )
        )
    return made


def _line(board: Board, setting: Setting) -> str:
    if board.known(setting).exact:
        return "the exact frontier"
    return "the best linear rules (the frontier is not known)"
