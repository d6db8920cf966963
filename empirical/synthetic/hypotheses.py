"""Hypotheses about ways to train, stated before networks are trained, and their verdicts.

A function's docstring states one, the function tests it for one setting and kind of network, by
Student's intervals over training seeds. Nothing is said where the study lacks the networks.
A finding holds the "claim" (for one setting and kind), "measure" and "effect" (what is measured,
and its estimate), the "interval" over "seeds", the "verdict", the "rule" by which that follows, in
words and as "limits", and the "values" of every seed; in documents the "topic", too, the same words
in every setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ...stats import over_seeds
from ...theory.accuracy import bayes_accuracy
from ...theory.laws import gradual_adversarial, residual
from ..experiments.judge import OPPOSITE, SEEN, UNDERPOWERED, Finding, verdict_on
from .methods import FULL_TURN, METHODS
from .plan import LONGER, SAMPLE_SIZES, SCHEDULED, SETTLED, sample_variant
from .prediction import augmented_bayes
from .setting import Floats, shortfall
from .study import FAMILIES, Case, NotTrainedError, Results, Trained

#: A network this near to a line counts as on it, in units of accuracy.
NEAR_LINE = 0.01
#: Accuracies this near to a prediction count as equal to it.
NEAR_POINT = 0.02
#: Smaller differences of accuracies, and of distances, between two methods count as none.
SMALLEST_DIFFERENCE = 0.005
#: Weight of the mixture at which it is compared with linear rules: fixed in advance, as the
#: best one would be chosen by its luck.
COMPARED_WEIGHT = 0.7


def at_most(claim: str, measure: str, values: ArrayLike, limit: float = NEAR_LINE) -> Finding:
    """Test that the mean over seeds is at most a limit."""
    rule = f"seen: the interval ends at or below {limit:g}; opposite: it begins above"
    return _finding(claim, measure, [values], rule, {"high": limit})


def near_zero(claim: str, measure: str, differences: Sequence[ArrayLike]) -> Finding:
    """Test that several means over seeds are all near 0; the effect is the farthest of them."""
    rule = (
        f"seen: every interval lies within {NEAR_POINT:g} of 0; opposite: one lies wholly "
        "outside; shown is the difference farthest from 0"
    )
    return _finding(claim, measure, differences, rule, {"low": -NEAR_POINT, "high": NEAR_POINT})


def above_zero(claim: str, measure: str, values: ArrayLike) -> Finding:
    """Test that the mean over seeds is positive; small ones count as none."""
    rule = (
        "seen: the interval lies above 0 and its middle is at least "
        f"{SMALLEST_DIFFERENCE:g}; opposite: the same below; not seen: all of it is nearer to 0"
    )
    return _finding(claim, measure, [values], rule, {"smallest": SMALLEST_DIFFERENCE})


def _finding(
    claim: str, measure: str, values: Sequence[ArrayLike], rule: str, limits: dict[str, float]
) -> Finding:
    rows = [np.asarray(row).tolist() for row in values]
    judged = judge_values(rows, **limits)
    return {
        "claim": claim, "measure": measure, **judged, "rule": rule, "limits": limits, "values": rows
    }  # fmt: skip


def judge_values(
    values: Sequence[ArrayLike],
    low: float = -np.inf,
    high: float = np.inf,
    smallest: float | None = None,
) -> Finding:
    """Return what follows from one or several rows of values, one a seed.

    Means must lie from `low` to `high`; where a `smallest` effect is given, that of the only row
    must be positive and as large. The effect is the mean farthest from 0.

    Examples
    --------
    >>> judge_values([[0.01, 0.02]], smallest=0.005)["verdict"]
    'underpowered'
    >>> judge_values([[0.01, 0.011], [0.0, 0.001]], high=0.03)["verdict"]
    'seen'
    """
    made = [over_seeds(row) for row in values]
    effect, interval = max(made, key=lambda one: abs(one[0]))
    if smallest is not None:
        verdict = verdict_on(interval, smallest)
    elif all(low <= i.low and i.high <= high for _, i in made):
        verdict = SEEN
    else:
        outside = any(i.low > high or i.high < low for _, i in made)
        verdict = OPPOSITE if outside else UNDERPOWERED
    return {
        "effect": effect,
        "interval": interval._asdict(),
        "seeds": np.size(values[0]),
        "verdict": verdict,
    }


def natural_finds_bayes(case: Case) -> Iterator[Finding]:
    """Natural training finds the Bayes rule."""
    name = "shift-Bayes" if case.kind == "circular" else "Bayes"
    spatial, low, high = case.frontier.named[name]
    difference = case.one("natural", 0.0).points - np.array([spatial, low])
    if low == high:
        yield near_zero(
            f"{case.setting.name}: natural training of {case.kind} networks ends at the {name} "
            "rule",
            f"S and A less those of {name}",
            list(difference.T),
        )


def within_law(case: Case) -> Iterator[Finding]:
    """No network passes the gradual law."""
    setting = case.setting
    if setting.dist.n_shifts != 2:
        return
    delta, best = float(setting.dist.orbit.delta[1]), float(bayes_accuracy(setting.p))
    room: list[tuple[Floats, float, float]] = []
    for one in case.sweep("shifts"):
        # Chance may carry a measured accuracy past the largest possible one.
        moved = np.minimum(one.measured.moved, best)
        for e, found in one.measured.adversarial.items():
            law = gradual_adversarial(moved, setting.p, residual(e, delta), tight=True)
            room.append((law - found, one.level, e))
    nearest, level, e = min(room, key=lambda one: float(one[0].mean()))
    yield at_most(
        f"{case.label}: trained with shifts alone no network passes the law "
        f"A <= U_D(S_1) (nearest: up to {level:g} degrees, e = {e:g})",
        "A less the law",
        -nearest,
        SMALLEST_DIFFERENCE,
    )


def shifts_trade(case: Case) -> Iterator[Finding]:
    """Shifts in training trade adversarial for spatial accuracy."""
    if case.kind == "circular":
        return
    change = case.one("shifts", FULL_TURN).points - case.one("natural", 0.0).points
    where = f"{case.label}: random shifts in training "
    yield above_zero(
        where + "raise spatial accuracy", "S with all shifts less S without", change[:, 0]
    )
    yield above_zero(
        where + "lower adversarial accuracy", "A without shifts less A with all", -change[:, 1]
    )


def cusp_nominal(case: Case) -> Iterator[Finding]:
    """CuSP is Pareto-optimal."""
    yield at_most(
        f"{case.label}: CuSP as published ends within {NEAR_LINE:g} of {_line(case)}",
        "shortfall",
        case.one("CuSP", 1.0).shortfalls,
    )


def cusp_anywhere(case: Case) -> Iterator[Finding]:
    """CuSP is Pareto-optimal wherever it is stopped."""
    worst = _farthest(case.sweep(*FAMILIES["CuSP"]))
    yield at_most(
        f"{case.label}: every CuSP tried ends within {NEAR_LINE:g} of "
        f"{_line(case)} (farthest: {worst.group.method} {worst.level:g})",
        "shortfall of the farthest",
        worst.shortfalls,
    )


def cusp_covers(case: Case) -> Iterator[Finding]:
    """Tuned CuSP serves every weighting."""
    yield at_most(
        f"{case.label}: for every weight of S and A the best CuSP loses at most "
        f"{NEAR_LINE:g} against {_line(case)}",
        "largest loss of (1-w) S + w A",
        case.losses("CuSP"),
    )


def cusp_against_shifts(case: Case) -> Iterator[Finding]:
    """Tuned CuSP serves better than shifts without attack."""
    yield above_zero(
        f"{case.label}: tuned CuSP loses less than training with a tuned range of "
        "shifts and no attack",
        "largest loss of the latter less that of CuSP",
        case.losses("no attack") - case.losses("CuSP"),
    )


def cusp_against_pgd(case: Case) -> Iterator[Finding]:
    """CuSP beats PGD on shifted samples."""
    plain, cusp = (case.one(name, 1.0).shortfalls for name in SCHEDULED)
    yield above_zero(
        f"{case.label}: CuSP ends nearer than PGD on shifted samples with its last budget",
        "shortfall of PGD + shifts less that of CuSP",
        plain - cusp,
    )


def cusp_at_both(case: Case) -> Iterator[Finding]:
    """CuSP serves both threats at once."""
    if case.kind == "circular":
        return
    mixtures = (one.measured.joint for one in case.sweep("mixture"))
    best = max(mixtures, key=lambda joint: float(joint.mean()))
    yield above_zero(
        f"{case.label}: on input shifted and attacked at once CuSP is more accurate "
        "than the weighted sum at its best weight",
        "accuracy on attacked r X, CuSP less mixture",
        case.one("CuSP", 1.0).measured.joint - best,
    )


def shifts_follow_theory(case: Case) -> Iterator[Finding]:
    """Training with shifts follows the predicted path."""
    setting = case.setting
    if setting.dist.n_shifts != 2:
        return
    trained = case.sweep("shifts")
    clean: list[Floats] = []
    for one in trained:
        expected = augmented_bayes(setting, one.level)
        clean += [one.measured.natural - expected.natural, one.measured.moved - expected.moved]

    def attacked(one: Trained, e: float) -> Floats:
        expected = augmented_bayes(setting, one.level, e).adversarial
        return one.measured.adversarial[e] - expected

    where = f"{case.label}, shifts up to {trained[0].level:g}..{trained[-1].level:g} degrees: "
    yield near_zero(
        where + "accuracies on X and on r_1 X are those predicted",
        "accuracy less the prediction",
        clean,
    )
    for e in sorted(trained[0].measured.adversarial):
        yield near_zero(
            where + f"adversarial accuracy at e = {e:g} is that predicted",
            "A less the prediction",
            [attacked(one, e) for one in trained],
        )
    e = setting.budget
    longer, usual = (case.one("shifts", FULL_TURN, variant) for variant in (LONGER, ""))
    found = above_zero(
        f"{case.label}, shifts up to 180 degrees: training ten times as long raises "
        f"adversarial accuracy at e = {e:g}",
        "A after longer training less A",
        attacked(longer, e) - attacked(usual, e),
    )
    yield found | {"topic": "Training with shifts follows the predicted path: longer training"}


def settled_cusp(case: Case) -> Iterator[Finding]:
    """CuSP beats PGD on shifted samples: every stage trained to its end."""
    plain, cusp = (case.one(name, 1.0, SETTLED).shortfalls for name in SCHEDULED)
    yield above_zero(
        f"{case.label}: with every stage trained to its end CuSP ends nearer than PGD "
        "on shifted samples",
        "shortfall of PGD + shifts less that of CuSP",
        plain - cusp,
    )


def mixture_reaches(case: Case) -> Iterator[Finding]:
    """Training on the weighted sum reaches the frontier."""
    if not case.frontier.exact:
        return
    worst = _farthest(case.sweep("mixture"))
    yield at_most(
        f"{case.label}: it ends within {NEAR_LINE:g} of the exact frontier at every "
        f"weight (farthest: {worst.level:g})",
        "shortfall of the farthest",
        worst.shortfalls,
    )


def beyond_linear(case: Case) -> Iterator[Finding]:
    """Networks exceed linear rules."""
    tried = case.sweep("mixture")
    one = next((one for one in tried if one.level == COMPARED_WEIGHT), tried[-1])
    yield above_zero(
        f"{case.label}: trained on the weighted sum (weight {one.level:g}) networks exceed "
        "the best linear rules",
        "how far beyond their hull",
        -np.asarray(shortfall(one.points, case.frontier.linear)),
    )


def invariance_trades(case: Case) -> Iterator[Finding]:
    """Invariance by construction trades in the same way."""
    circular, plain = (replace(case, kind=kind).one("natural", 0.0) for kind in ("circular", "mlp"))
    change = circular.points - plain.points
    where = f"{case.setting.name}: an invariant network, trained naturally, has "
    yield above_zero(
        where + "more spatial accuracy than a plain one",
        "S of circular less S of mlp",
        change[:, 0],
    )
    yield above_zero(
        where + "less adversarial accuracy", "A of mlp less A of circular", -change[:, 1]
    )


def few_samples(case: Case) -> Iterator[Finding]:
    """Few samples cost both accuracies."""
    few, many = (sample_variant(size) for size in (SAMPLE_SIZES[1], SAMPLE_SIZES[-1]))
    for name in ("CuSP", "mixture"):
        less, more = (case.one(name, METHODS[name].nominal, v).shortfalls for v in (few, many))
        yield above_zero(
            f"{case.label}: {name} on {few} ends farther off than on {many}",
            "difference of the shortfalls",
            less - more,
        )


def _farthest(trained: Sequence[Trained]) -> Trained:
    return max(trained, key=lambda one: float(one.shortfalls.mean()))


def _line(case: Case) -> str:
    if case.frontier.exact:
        return "the exact frontier"
    return "the best linear rules (the frontier is not known)"


_OF_EVERY_KIND = (
    natural_finds_bayes,
    within_law,
    shifts_trade,
    cusp_nominal,
    cusp_anywhere,
    cusp_covers,
    cusp_against_shifts,
    cusp_against_pgd,
    cusp_at_both,
)
_OF_MLPS = (
    shifts_follow_theory,
    settled_cusp,
    mixture_reaches,
    beyond_linear,
    invariance_trades,
    few_samples,
)


def all_findings(results: Results) -> list[Finding]:
    """Return every finding that a study's networks allow, by hypothesis."""
    made: list[Finding] = []
    for hypotheses, cases in ((_OF_EVERY_KIND, results.cases()), (_OF_MLPS, results.cases("mlp"))):
        for hypothesis in hypotheses:
            for case in cases:
                # What a hypothesis says before it misses networks stands.
                with suppress(NotTrainedError):
                    for finding in hypothesis(case):
                        made.append({"topic": (hypothesis.__doc__ or "").rstrip("."), **finding})
    return made
