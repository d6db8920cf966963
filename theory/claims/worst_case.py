"""Shifts chosen by an adversary, beside random ones, as a claim."""

from __future__ import annotations

from ...result import HOLDS, VIOLATED, Hypothesis, Quantity
from ..classifiers import ShiftBayes, bayes, exact_spatial_optimum, robust_bayes
from ..frontier import BlockLattice, Blocks, Found, worst_case_at_least
from .registry import Check, register, required
from .setting import Setting, shifts_of

# Directions in which both frontiers are enclosed, and widths of the lattices in one dimension
# and in several.
_WEIGHTS = (0.0, 0.5, 0.8)
_FINE, _COARSE = 0.1, 0.51
_ROUNDING = 1e-9


@register(
    "worst_case",
    title="Random and worst shifts",
    numbers="W1 W2 W3 W4",
    value_name="certified excess of random over worst shifts in (1-w) S + w A",
    grid={
        "codeword": ("random:64:1", "simplex:6"),
        "shift": shifts_of(2, 3),
        "p": (0.7,),
        "budget": (1.0,),
    },
    remark="docs/theory/worst-case.md, Propositions W1 and W2, Theorems W3 and W4.",
)
def _worst_case(setting: Setting) -> Check:
    """With S^ the probability of being right after all shifts at once, the best S^ equals the
    best S, no classifier has (1-w) S^ + w A above the best (1-w) S + w A, and for two and three
    shifts that move the word the best of the two differ for some w between 0 and 1.
    """
    dist, e = setting.dist, setting.budget
    n = dist.orbit.n_distinct
    hypotheses = required(
        Hypothesis(f"two or three different shifts ({n})", n in (2, 3)),
        Hypothesis(f"budget 0 < e <= 2 (e = {e:g})", 0 < e <= 2),
        Hypothesis("eps < 1", setting.eps < 1),
        Hypothesis("p < 1", setting.p < 1),
    )
    blocks = Blocks.of(dist, e)
    mesh = _FINE if n == 2 else _COARSE
    random, worst = (
        {w: BlockLattice(blocks, mesh, worst_case).bracket(w) for w in _WEIGHTS}
        for worst_case in (False, True)
    )
    broken = []
    if any(_lower(worst[w], w) > random[w].upper + _ROUNDING for w in _WEIGHTS):
        broken.append("a worst case better than random shifts")
    # Both ends are one number, which has a closed form for two shifts.
    best = exact_spatial_optimum(dist)
    for found in (random[0.0], worst[0.0]):
        other = worst[0.0] if found is random[0.0] else random[0.0]
        if found.spatial > other.upper or (
            best is not None and not found.spatial - _ROUNDING <= best <= found.upper + _ROUNDING
        ):
            broken.append("the best S^ is not the best S")
    for rule in (bayes(dist), robust_bayes(dist, e), bayes(dist, 1)):
        s, a = worst_case_at_least(rule, dist), rule.adversarial_accuracy(dist, e)
        each = rule.shifted_accuracies(dist)
        if not max(0.0, 1 - float((1 - each).sum())) - 1e-4 <= s <= each.min() + _ROUNDING:
            broken.append(f"{rule.name}: S^ outside its limits")
        if any((1 - w) * s + w * a > worst[w].upper + _ROUNDING for w in _WEIGHTS):
            broken.append(f"{rule.name} beyond the worst-case line")
    excess = max(_lower(random[w], w) - worst[w].upper for w in _WEIGHTS)
    quantities = []
    if setting.samples:
        x, y = dist.sample(setting.samples, setting.rng("worst case"))
        invariant = ShiftBayes(dist)
        answers = [invariant.predict(dist.rotate(x, j)) for j in range(dist.n_shifts)]
        if any((answer != answers[0]).any() for answer in answers):
            broken.append("a shift changes an answer of shift-Bayes")
        hits = sum(answer == y for answer in answers) == dist.n_shifts
        if best is not None:
            quantities.append(Quantity("S^ of shift-Bayes", best, int(hits.sum()), setting.samples))
    verdict = VIOLATED if broken or excess <= 0 else HOLDS
    largest = max(random[w].upper - _lower(worst[w], w) for w in _WEIGHTS)
    note = "; ".join(broken) or f"at most {largest:.4f}"
    return Check(verdict, excess, 0.0, hypotheses, tuple(quantities), note)


def _lower(found: Found, w: float) -> float:
    return (1 - w) * found.spatial + w * found.adversarial
