"""`spadv bounds`: all laws between S and A side by side."""

from __future__ import annotations

import math
from typing import Annotated, Any

import typer

from ..checks import check_budget, check_integer, check_probability, check_real
from ..errors import InputError
from .console import err, number, out, print_json, print_table
from .options import Budget, Json, P

_NAMES = {
    "theorem2": "Theorem 2",
    "theorem3": "Theorem 3",
    "sharpened": "sharpened Theorem 2 (U0 at D = 0)",
    "gradual": "upper bound, without the clean-accuracy constraint (U0)",
    "gradual_tight": "upper bound, with the clean-accuracy constraint (U)",
}


def bounds(
    p: P,
    budget: Budget,
    delta: Annotated[
        float, typer.Option(help="Relative distance of the word and its shift, in [0, 1].")
    ],
    spatial: Annotated[
        float | None, typer.Option(help="Accuracy S on the shifted input: bounds A.")
    ] = None,
    adversarial: Annotated[
        float | None, typer.Option(help="Adversarial accuracy A: bounds S.")
    ] = None,
    shifts: Annotated[
        int | None, typer.Option(help="Number n = d/m of shifts, for Theorem 3.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all laws between spatial and adversarial accuracy side by side.

    Give --spatial or --adversarial: each law then bounds the other. Without both only the caps
    are shown, which no classifier passes.
    """
    if spatial is not None and adversarial is not None:
        raise InputError("--spatial", "not be given together with --adversarial", spatial)
    described = describe(p, budget, delta, spatial, adversarial, shifts)
    if as_json:
        print_json(described)
    else:
        _show(described, adversarial if spatial is None else spatial, shifts)


def describe(
    p: float,
    budget: float,
    delta: float,
    spatial: float | None = None,
    adversarial: float | None = None,
    shifts: int | None = None,
) -> dict[str, Any]:
    """Return every law's value as plain JSON values; None where it does not apply.

    Given S, all but "lower" bound A from above, and "lower" is the lower law solved for A;
    given A, all but "lower" bound S from above and "lower" bounds it from below. S is the
    accuracy on r_j X for one j; Theorem 3 reads it as the average over `shifts` shifts.
    """
    p, budget = check_probability("p", p), check_budget("budget", budget)
    delta = check_real("delta", delta, low=0, high=1)
    for name, value in (("spatial", spatial), ("adversarial", adversarial)):
        if value is not None:
            check_real(name, value, low=0, high=1)
    if shifts is not None:
        check_integer("shifts", shifts, minimum=1)
    from ..theory import laws
    from ..theory.accuracy import FULL_BUDGET, bayes_accuracy, robust_bayes_accuracy

    distance = float(laws.residual(budget, delta))
    caps = {
        # For words long enough that eps < 1, whatever the budget.
        "adversarial": float(robust_bayes_accuracy(p, budget, math.inf)),
        "spatial": float(bayes_accuracy(p)),
    }
    values: dict[str, Any] = dict.fromkeys((*_NAMES, "theorem3_lower", "lower"))
    known, given = ("spatial", spatial) if adversarial is None else ("adversarial", adversarial)
    if given is not None:
        theorem2, gradual, lower = (
            (laws.theorem2_adversarial, laws.gradual_adversarial, laws.lower_adversarial)
            if known == "spatial"
            else (laws.theorem2_spatial, laws.gradual_spatial, laws.lower_spatial)
        )
        values["theorem2"] = theorem2(given, p, budget)
        if shifts is not None and known == "spatial":
            values["theorem3"] = laws.theorem3_adversarial(given, p, shifts, budget)
        elif shifts is not None:
            low, high = laws.theorem3_spatial(given, p, shifts, budget)
            values |= {"theorem3": high, "theorem3_lower": low}
        if budget >= FULL_BUDGET:  # at D = 0: for attacks that can exchange the classes
            values["sharpened"] = gradual(given, p, 0.0)
        values["gradual"] = gradual(given, p, distance)
        values["gradual_tight"] = gradual(given, p, distance, tight=True)
        values["lower"] = lower(given, budget, delta)
    return {
        "p": p,
        "budget": budget,
        "delta": delta,
        "residual": distance,
        "bounded": None if given is None else "A" if known == "spatial" else "S",
        **{
            key: None if value is None or not math.isfinite(value) else float(value)
            for key, value in values.items()
        },
        "caps": caps,
        "feasible": None if given is None else given <= caps[known],
    }


def _show(described: dict[str, Any], given: float | None, shifts: int | None) -> None:
    from ..theory.accuracy import FULL_BUDGET

    bounded, caps = described["bounded"], described["caps"]
    known, key = ("S", "spatial") if bounded == "A" else ("A", "adversarial")
    title = f"p = {described['p']:g}, e = {described['budget']:g}, delta = {described['delta']:g}"
    if bounded is not None:
        rows = []
        for law, name in _NAMES.items():
            text = number(described[law], 6)
            if law == "theorem3" and described["theorem3_lower"] is not None:
                text = f"{described['theorem3_lower']:.6f} to {text}"
            elif text != "-":
                text = f"<= {text}"
            rows.append((name, text))
        sign = "<=" if bounded == "A" else ">="
        rows.append(("lower law", f"{sign} {number(described['lower'], 6)}"))
        print_table(title, ("law", f"{bounded} given {known} = {given:g}"), rows, numbers=(1,))
        if described["budget"] < FULL_BUDGET:
            out.print(f"-: Theorems 2 and 3 speak of budgets from {FULL_BUDGET:g} on.")
        if shifts is None:
            out.print("Theorem 3 needs the number of shifts: --shifts.")
        title = "Of any classifier"
    most = [
        ("cap on A: robust Bayes, eps < 1", number(caps["adversarial"], 6)),
        ("cap on S, the accuracy on r_j X: Bayes", number(caps["spatial"], 6)),
    ]
    print_table(title, ("cap", "at most"), most, numbers=(1,))
    if bounded is None:
        err.print("For the laws add --spatial S or --adversarial A.")
    if described["feasible"] is False:
        err.print(f"No classifier reaches it: {known} lies in [0, {caps[key]:.6f}] for every one.")
    if described["budget"] > FULL_BUDGET:
        err.print("Budgets above 4 give the laws of 4: an attack can then swap the classes.")
