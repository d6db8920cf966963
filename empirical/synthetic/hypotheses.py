"""Hypotheses about ways to train, stated before networks are trained, and their verdicts.

Each function states one, for one setting (and kind of network), and judges it by Student's
intervals over training seeds. It returns nothing where the study lacks the networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...stats import Interval
from ...theory.accuracy import bayes_accuracy
from ...theory.laws import gradual_adversarial, residual
from .plan import LONGER, SAMPLE_SIZES, SCHEDULED, SETTLED, sample_variant
from .prediction import augmented_bayes
from .recipe import FULL_TURN, METHODS
from .setting import Floats, Setting
from .shortfall import over_seeds, shortfall
from .study import Results

SEEN, NOT_SEEN, OPPOSITE, UNDERPOWERED = "seen", "not seen", "opposite", "underpowered"
#: A network this near to a line counts as on it, in units of accuracy.
NEAR_LINE = 0.01
#: Accuracies this near to a prediction count as equal to it.
NEAR_POINT = 0.02
#: Smaller differences of accuracies, and of distances, between two methods count as none.
SMALLEST_DIFFERENCE = 0.005


@dataclass(frozen=True)
class Finding:
    """A hypothesis with its evidence.

    Attributes
    ----------
    topic : str
        Which hypothesis; the same words in every setting.
    claim : str
        It, for one setting and kind of network.
    measure : str
        What the effect is.
    effect : float
        Its estimate.
    interval : Interval
        Student's, over training seeds.
    seeds : int
        How many.
    verdict : str
        "seen", "opposite", "not seen" or "underpowered".
    rule : str
        How the verdict follows from the interval.
    """

    topic: str
    claim: str
    measure: str
    effect: float
    interval: Interval
    seeds: int
    verdict: str
    rule: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"interval": self.interval._asdict()}


def at_most(values: ArrayLike, limit: float, topic: str, claim: str, measure: str) -> Finding:
    """Judge that the mean over seeds is at most a limit."""
    mean, interval = over_seeds(values)
    verdict = UNDERPOWERED
    if interval.high <= limit:
        verdict = SEEN
    elif interval.low > limit:
        verdict = OPPOSITE
    rule = f"seen: the interval ends at or below {limit:g}; opposite: it begins above"
    return Finding(topic, claim, measure, mean, interval, np.size(values), verdict, rule)


def above_zero(values: ArrayLike, smallest: float, topic: str, claim: str, measure: str) -> Finding:
    """Judge that the mean over seeds is positive; within +-smallest it counts as none."""
    mean, interval = over_seeds(values)
    verdict = UNDERPOWERED
    if interval.low > 0:
        verdict = SEEN
    elif interval.high < 0:
        verdict = OPPOSITE
    elif -smallest <= interval.low and interval.high <= smallest:
        verdict = NOT_SEEN
    rule = f"seen: the interval lies above 0; opposite: below; not seen: within {smallest:g} of 0"
    return Finding(topic, claim, measure, mean, interval, np.size(values), verdict, rule)


def near(
    differences: Sequence[ArrayLike], limit: float, topic: str, claim: str, measure: str
) -> Finding:
    """Judge that several means over seeds all lie within a limit of 0.

    The effect is the mean farthest from 0, with its interval.
    """
    made = [over_seeds(values) for values in differences]
    farthest = max(made, key=lambda one: abs(one[0]))
    verdict = UNDERPOWERED
    if all(-limit <= i.low and i.high <= limit for _, i in made):
        verdict = SEEN
    elif any(i.low > limit or i.high < -limit for _, i in made):
        verdict = OPPOSITE
    rule = (
        f"seen: every interval lies within {limit:g} of 0; opposite: one lies wholly outside; "
        "shown is the difference farthest from 0"
    )
    seeds = np.size(differences[0])
    return Finding(topic, claim, measure, farthest[0], farthest[1], seeds, verdict, rule)


#: Weight of the mixture at which it is compared with linear rules: fixed in advance, as the
#: best one would be chosen by its luck.
COMPARED_WEIGHT = 0.7


def all_findings(board: Results) -> list[Finding]:
    """Return every finding that a study's networks allow, by hypothesis."""
    made: list[Finding] = []
    settings = board.study.settings
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


def cusp_nominal(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def cusp_anywhere(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def cusp_covers(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def cusp_against_shifts(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def cusp_against_pgd(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def settled_cusp(board: Results, setting: Setting) -> list[Finding]:
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


def cusp_at_both(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def mixture_reaches(board: Results, setting: Setting) -> list[Finding]:
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


def beyond_linear(board: Results, setting: Setting) -> list[Finding]:
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


def few_samples(board: Results, setting: Setting) -> list[Finding]:
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


def _line(board: Results, setting: Setting) -> str:
    if board.known(setting).exact:
        return "the exact frontier"
    return "the best linear rules (the frontier is not known)"


def natural_finds_bayes(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def within_law(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def shifts_trade(board: Results, setting: Setting, kind: str) -> list[Finding]:
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


def shifts_follow_theory(board: Results, setting: Setting) -> list[Finding]:
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


def invariance_trades(board: Results, setting: Setting) -> list[Finding]:
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
