"""The price of spatial robustness as a claim: what serving every shift at once costs."""

from __future__ import annotations

from ...result import EQUALITY, HOLDS, INCONCLUSIVE, VIOLATED, Hypothesis, Quantity
from ..accuracy import bayes_accuracy
from ..classifiers import ShiftBayes
from ..price import spatial_optimum
from .registry import Check, register
from .setting import ORBITS, Setting
from .theorem2 import MOST_SHIFTS

# Half-width of the interval for S*: small beside that of the simulation it is compared with.
_ERROR = 5e-4
_ROUNDING = 1e-9


@register(
    "price",
    title="Price of all n shifts",
    locator="beyond the paper",
    value_name="S*, the best accuracy on r X",
    bound_name="Bayes accuracy on X",
    # An integral in as many dimensions as there are shifts.
    grid=ORBITS | {"p": (0.5, 0.75)},
    remark="docs/theory/price.md, Theorem P11 to Theorem P14.",
)
def _price(setting: Setting) -> Check:
    """The best accuracy S*(p, n) of one classifier on randomly shifted input lies between p
    and the Bayes accuracy on X, and is that of the shift-Bayes rule.
    """
    dist = setting.dist
    n = dist.orbit.n_distinct
    hypotheses = (Hypothesis(f"at most {MOST_SHIFTS} different shifts ({n})", n <= MOST_SHIFTS),)
    natural = float(bayes_accuracy(setting.p))
    if not hypotheses[0].satisfied:
        return Check(INCONCLUSIVE, None, natural, hypotheses)
    best = spatial_optimum(dist, rng=setting.rng("price"), error=_ERROR, level=setting.level)
    low, high = best.interval[:2] if best.interval else (best.value, best.value)
    quantities = []
    if setting.samples:
        sample = dist.sample_correlations(setting.samples, setting.rng("shift-Bayes"))
        hits = int((ShiftBayes(dist).predict_correlations(sample) == sample.y).sum())
        # The quadrature's error is far below what this comparison can see.
        quantities.append(Quantity("S of shift-Bayes", best.value, hits, setting.samples))
    inside = low <= natural + _ROUNDING and high >= setting.p - _ROUNDING
    verdict = VIOLATED if not inside else EQUALITY if n == 1 else HOLDS
    note = f"costs {natural - best.value:.4f}; {best.method}"
    found = tuple(quantities)
    return Check(verdict, best.value, natural, hypotheses, found, note, best.interval)
