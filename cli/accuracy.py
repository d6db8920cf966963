"""`spadv accuracy`: the named classifiers on one codeword."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..checks import check_budget, check_integer, check_level, check_probability
from ..errors import InputError
from .console import between, err, number, print_json, print_table
from .options import Budget, Codeword, Json, Level, P, Shift

if TYPE_CHECKING:
    from ..theory.distribution import CodeGaussian
    from ..theory.orthant import Estimate

#: More samples than a person waits for.
MOST_SAMPLES = 10**9


def accuracy(
    codeword: Codeword,
    shift: Shift,
    p: P,
    budget: Budget,
    samples: Annotated[
        int, typer.Option(help="Samples for what has no closed form (shift-Bayes).")
    ] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 0,
    level: Level = 0.95,
    as_json: Json = False,
) -> None:
    """Give the exact accuracies of the named classifiers for one codeword."""
    check_probability("p", p)
    check_budget("budget", budget)
    if not 1 <= samples <= MOST_SAMPLES:
        raise InputError("samples", f"lie between 1 and {MOST_SAMPLES}", samples)
    check_integer("seed", seed, minimum=0)
    check_level(level)
    from ..theory.distribution import CodeGaussian
    from ..theory.words import check_moves, parse_word

    dist = CodeGaussian(parse_word(codeword), p, shift)
    check_moves(dist.orbit.codeword)
    described = describe(dist, budget, samples, seed, level)
    if as_json:
        print_json(described)
        return
    for remark in dist.orbit.degeneracies():
        err.print(remark)
    if budget >= math.sqrt(dist.d):
        err.print(f"eps = {budget / math.sqrt(dist.d):.3g} >= 1: the attack can overwrite x0.")
    _show(described, dist, budget)


def describe(
    dist: CodeGaussian, budget: float, samples: int, seed: int, level: float
) -> dict[str, Any]:
    """Return all accuracies as plain JSON values; lists run over j = 0..n-1."""
    import numpy as np

    from ..theory.accuracy import bayes_accuracy, shifted_accuracy
    from ..theory.classifiers import ShiftBayes, bayes, best_adversarial_accuracy, x0_rule

    rng = np.random.default_rng(seed)
    shifted = shifted_accuracy(dist.orbit.kappa, dist.p)
    best = ShiftBayes(dist).spatial_accuracy(samples=samples, rng=rng, level=level)
    sign = x0_rule(dist)
    return {
        "d": dist.d,
        "n_shifts": dist.n_shifts,
        "kappa": dist.orbit.kappa.tolist(),
        "natural": float(bayes_accuracy(dist.p)),
        "shifted": shifted.tolist(),
        "spatial": float(shifted.mean()),
        "adversarial": bayes(dist).adversarial_accuracy(dist, budget),
        "robust_bayes": best_adversarial_accuracy(dist, budget),
        "shift_bayes": _plain(best),
        "x0_rule": sign.natural_accuracy(dist),
        "x0_rule_adversarial": sign.adversarial_accuracy(dist, budget),
        "worst_case": _worst_cases(dist, budget, best, seed, level),
    }


def _worst_cases(
    dist: CodeGaussian, budget: float, best: Estimate, seed: int, level: float
) -> dict[str, Any]:
    """Return S^, being right after all shifts at once; None where it is out of reach."""
    import numpy as np

    from ..theory.classifiers import MOST_MARGINS, bayes, robust_bayes, x0_rule

    # No shift changes shift-Bayes: it is right after all of them or after none.
    found: dict[str, Any] = {"shift_bayes": _plain(best)}
    rules = {"bayes": bayes(dist), "robust_bayes": robust_bayes(dist, budget)}
    for name, rule in (rules | {"x0_rule": x0_rule(dist)}).items():
        found[name] = None
        if dist.orbit.n_distinct <= MOST_MARGINS or not (rule.plus.any() or rule.minus.any()):
            # A stream of its own: the other numbers are those of the seed alone.
            rng = np.random.default_rng([seed, 1])
            found[name] = _plain(rule.worst_case_accuracy(dist, rng=rng, level=level))
    return found


def _plain(found: Estimate) -> dict[str, Any]:
    interval = None if found.interval is None else found.interval._asdict()
    return {"value": found.value, "interval": interval, "method": found.method}


def _show(described: dict[str, Any], dist: CodeGaussian, budget: float) -> None:
    rows = [
        ("f* (Bayes on X)", "natural", number(described["natural"])),
        ("", "spatial", number(described["spatial"])),
        ("", "adversarial", number(described["adversarial"])),
    ]
    if dist.orbit.moving.size:
        shifted = [described["shifted"][j] for j in dist.orbit.moving]
        low, high = min(shifted), max(shifted)
        text = f"{low:.4f} to {high:.4f}" if high > low + 1e-12 else number(low)
        rows.append(("", "on r_j X, r_j c != c", text))
    best = described["shift_bayes"]
    text = number(best["value"])
    if best["interval"]:
        text += f" ({between(best['interval'])})"
    rows += [
        ("shift-Bayes", f"spatial ({best['method']})", text),
        ("robust Bayes", "adversarial", number(described["robust_bayes"])),
        ("sign(x0)", "natural and spatial", number(described["x0_rule"])),
        ("", "adversarial", number(described["x0_rule_adversarial"])),
    ]
    names = {"bayes": "f*", "shift_bayes": "shift-Bayes", "robust_bayes": "robust Bayes"}
    for key, name in names.items():
        worst = described["worst_case"][key]
        rows.append((name, "all shifts at once", number(worst and worst["value"])))
    title = f"d = {dist.d}, n = {dist.n_shifts} shifts, p = {dist.p:g}, e = {budget:g}"
    print_table(title, ("classifier", "accuracy", "value"), rows)
