"""The robust Bayes classifier: the best adversarial accuracy at every budget."""

from __future__ import annotations

from ...result import EQUALITY, VIOLATED, Hypothesis
from ..classifiers import best_adversarial_accuracy, robust_bayes
from .registry import Outcome, register
from .scene import witnesses
from .setting import Setting
from .theorem2 import ROUNDING, all_quantities, offenders


@register(
    "robust_bayes",
    title="Best adversarial accuracy",
    locator="beyond the paper",
    value_name="A of the robust Bayes rule",
    bound_name="A*(e)",
    parameters=("codeword", "shift", "p", "budget"),
)
def _robust_bayes(setting: Setting) -> Outcome:
    """No classifier has adversarial accuracy above A*(e) = p Phi(a + L/(2a)) + (1-p)
    Phi(a - L/(2a)), a = max(2 - e, 0) (Phi(a) where eps >= 1), and the linear rule along the
    mean that the attack leaves attains it.
    """
    dist = setting.dist
    best = best_adversarial_accuracy(dist, setting.budget)
    value = robust_bayes(dist, setting.budget).adversarial_accuracy(dist, setting.budget)
    found = witnesses(setting)
    # Without a closed form A is known from above only, which can break no upper bound.
    broken = offenders(tuple(w for w in found if w.pair()), lambda s: best, of="A")
    if abs(value - best) > ROUNDING:
        broken.append("the robust Bayes rule, which should attain it")
    verdict = VIOLATED if broken else EQUALITY
    note = f"Broken by {', '.join(broken)}." if broken else ""
    hypotheses = (Hypothesis("budget e >= 0", True),)
    return Outcome(verdict, value, best, None, hypotheses, all_quantities(found), note)
