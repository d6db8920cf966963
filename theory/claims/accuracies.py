"""Highest accuracies: natural, adversarial, both together, and of mixed problems."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from ...result import EQUALITY, VIOLATED, Hypothesis
from ..accuracy import bayes_accuracy, log_odds, mixture_accuracy, shifted_accuracy
from ..classifiers import LinearRule, bayes, best_adversarial_accuracy, robust_bayes
from ..distribution import CodeGaussian
from ..template import mixture_value
from .independent import bayes_in_plane, bayes_on_line, best_on_mesh, cell_masses, edges_through
from .reference_classifiers import random_rule, reference_classifiers
from .registry import ROUNDING, Check, Differences, register, required
from .setting import FEWER_PROBABILITIES, ORBITS, PROBABILITIES, TWO_SHIFTS, Setting, survives
from .theorem2 import all_quantities

# Every word at e = 1 and at e = 4, where nothing but x0 is left; between them, the mesh.
_GRID = ORBITS | {"p": FEWER_PROBABILITIES, "budget": (1.0, 4.0)}
# Error of a curve's steps.
_STEPS = 1e-8
# Of linear programs.
_PROGRAM = 1e-8
_CELL = 0.25


@register(
    "bayes",
    title="Bayes accuracy",
    locator="Section 3, used in Proposition 1",
    numbers="L1 1.1",
    value_name="largest difference to independent values",
    grid=ORBITS | {"p": PROBABILITIES},
)
def _bayes(setting: Setting) -> Differences:
    """The highest accuracy on X, and on every r_j X, is p Phi(2 + L/4) + (1-p) Phi(2 - L/4), that
    of sign(L x0 + (4/sqrt d) <r_j c, x>); on other shifts that rule has p Phi(2 kappa + L/4) +
    (1-p) Phi(2 kappa - L/4).
    """
    dist, p = setting.dist, setting.p
    best = float(bayes_accuracy(p))
    shifts = sorted({0, *dist.orbit.moving[:2].tolist()})
    yield "integral of the larger density", abs(best - bayes_on_line(p, [(1, 2.0)]))
    if p < 1:
        yield "log-odds", abs(float(log_odds(p)) - math.log(p / (1 - p)))
    for j in shifts:
        rule = bayes(dist, j)
        yield f"f*_{j} on its own shift", abs(float(rule.shifted_accuracies(dist)[j]) - best)
        # From the vectors themselves: <w, r_j mu>, ||w|| and the two thresholds.
        weights, odds = 2 * dist.mean, dist.log_odds
        margin = float(weights @ dist.rotated_mean(j))
        norm = float(np.linalg.norm(weights))
        direct = p * ndtr((margin + odds) / norm) + (1 - p) * ndtr((margin - odds) / norm)
        kappa = float(dist.orbit.kappa[j])
        yield f"f* on shift {j}", abs(float(shifted_accuracy(kappa, p)) - float(direct))


@register(
    "robust_bayes",
    title="Best adversarial accuracy",
    numbers="L2",
    value_name="A of the robust Bayes rule",
    bound_name="A*(e)",
    grid=_GRID,
)
def _robust_bayes(setting: Setting) -> Check:
    """No classifier has adversarial accuracy above A*(e) = p Phi(a + L/(2a)) + (1-p)
    Phi(a - L/(2a)), a = max(2 - e, 0) (Phi(a) where eps >= 1), and the linear rule along the
    mean that the attack leaves attains it.
    """
    dist, p, e = setting.dist, setting.p, setting.budget
    best = best_adversarial_accuracy(dist, e)
    value = robust_bayes(dist, e).adversarial_accuracy(dist, e)
    found = reference_classifiers(setting)
    # Without a closed form A is known from above only, which can break no upper bound.
    broken = [c.name for c in found if c.exact and c.breaks(lambda s: best, of="A")]
    if abs(value - best) > ROUNDING:
        broken.append("the robust Bayes rule, which should attain it")
    # The Bayes problem that is left is solved without its formula; where x0 is lost, p = 1/2.
    share = p if setting.eps < 1 else 0.5
    if abs(bayes_on_line(share, [(1, max(2 - e, 0.0))]) - best) > ROUNDING:
        broken.append("the best rule for what the attack leaves")
    rule = random_rule(dist, setting.rng("direct"))
    if abs(_direct(rule, dist, e) - rule.adversarial_accuracy(dist, e)) > ROUNDING:
        broken.append("a random rule, integrated directly")
    note = f"Broken by {', '.join(broken)}." if broken else ""
    hypotheses = (Hypothesis("budget e >= 0", True),)
    verdict = VIOLATED if broken else EQUALITY
    return Check(verdict, value, best, hypotheses, all_quantities(found), note)


def _direct(rule: LinearRule, dist: CodeGaussian, budget: float) -> float:
    """Return a rule's adversarial accuracy from its margins, by Gauss-Legendre quadrature."""
    eps, total = budget / math.sqrt(dist.d), 0.0
    sides = [(rule.minus, rule.bias_minus, -1), (rule.plus, rule.bias_plus, 1)]
    for y in (-1, 1):
        scores = []
        for weights, bias, x0 in sides:
            margin = float(weights @ dist.mean) + y * bias - eps * float(np.abs(weights).sum())
            score = margin / float(np.linalg.norm(weights))
            scores.append(score)
            if eps < 1:
                total += (dist.p if x0 == y else 1 - dist.p) * float(ndtr(score)) / 2
        if eps >= 1:
            # Both margins have to survive: the attack chooses x0.
            cosine = float(rule.minus @ rule.plus)
            cosine /= float(np.linalg.norm(rule.minus) * np.linalg.norm(rule.plus))
            nodes, shares = np.polynomial.legendre.leggauss(120)
            low, high = -9.0, min(scores[0], 9.0)
            x = low + (high - low) * (nodes + 1) / 2
            inside = ndtr((scores[1] - cosine * x) / math.sqrt(1 - cosine * cosine))
            density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
            total += float(shares @ (density * inside)) * (high - low) / 4 if high > low else 0.0
    return total


@register(
    "robust_bayes.mesh",
    title="Best A: every classifier of a mesh",
    numbers="L2",
    value_name="largest difference to a linear program",
    grid={"p": PROBABILITIES, "budget": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)},
    within=_PROGRAM,
)
def _robust_bayes_mesh(setting: Setting) -> Differences:
    """For eps < 1 no classifier of <c, x>/sqrt d that is constant on the cells of a mesh has more
    adversarial accuracy than A*(e), and one whose cells meet at the threshold of the robust Bayes
    rule has as much.
    """
    p, e = setting.p, setting.budget
    yield required(survives(setting), Hypothesis("p < 1", p < 1))
    reach = max(1, round(e / _CELL))
    step = e / reach if e else _CELL
    threshold = 0.0 if e >= 2 else -math.log(p / (1 - p)) / (2 * (2 - e))
    edges = edges_through(threshold, step)
    zero = np.zeros(edges.size + 1)
    plus, minus = p * cell_masses(edges, 2.0), (1 - p) * cell_masses(edges, -2.0)
    found = best_on_mesh((zero, zero, plus, minus), (reach if e else 0,))
    yield "linear program", abs(found - best_adversarial_accuracy(setting.dist, e))


@register(
    "law.natural",
    title="Natural vs adversarial",
    numbers="L8",
    value_name="largest gap between the rules and the curve",
    grid=_GRID | {"budget": (1.0, 1.5)},
    remark="docs/theory/laws.md, Theorem L8: for e <= 2 no classifier at all is above this curve.",
    within=_STEPS,
)
def _natural(setting: Setting) -> Differences:
    """For e < 2 the exact frontier of natural against adversarial accuracy is the curve
    S(t) = p Phi(2-t) + (1-p) Phi(2+t), A(t) = p Phi(2-e-t) + (1-p) Phi(2-e+t), attained by
    sign(<c, x>/sqrt d - t sign(x0)), t from -L/4 to -L/(2(2-e)): for every weight w the largest
    w A + S on it is the value of the mixed Bayes problem, which no classifier exceeds.
    """
    dist, p, e = setting.dist, setting.p, setting.budget
    small, known = Hypothesis(f"budget e < 2 (e = {e:g})", e < 2), Hypothesis("p < 1", p < 1)
    yield required(small, survives(setting), known)
    ends = (-dist.log_odds / 4, -dist.log_odds / (2 * (2 - e)))
    for t in np.linspace(*ends, 9):
        rule = LinearRule(dist.mean / 2, dist.mean / 2, float(t), float(-t))
        s, a = (float(mixture_accuracy(2 - cost, -t, p)) for cost in (0.0, e))
        yield "rules", abs(rule.natural_accuracy(dist) - s)
        yield "rules", abs(rule.adversarial_accuracy(dist, e) - a)
    t = np.linspace(*ends, 20001) if p > 0.5 else np.zeros(1)
    curve = [mixture_accuracy(2 - cost, -t, p) for cost in (0.0, e)]
    for w in (0.0, 0.3, 1.0, 3.0):
        mixed = bayes_on_line(p, [(w, 2 - e), (1, 2.0)])
        yield "mixed Bayes problems", abs(float((w * curve[1] + curve[0]).max()) - mixed)


@register(
    "law.mixture",
    title="Mixture bounds",
    numbers="L9",
    value_name="largest w A + S - V over rules",
    grid=TWO_SHIFTS | {"p": (0.5, 0.75), "budget": (1.0,)},
)
def _mixture(setting: Setting) -> Differences:
    """For every weight w >= 0 and every mean nu that the attack can reach, w A + S is at most the
    value V(w, nu) of the Bayes problem that mixes N(+-nu, I) with weight w and N(+-r_j mu, I) with
    weights 1/n.
    """
    dist, p = setting.dist, setting.p
    two = Hypothesis(f"two different shifts ({dist.orbit.n_distinct})", dist.orbit.n_distinct == 2)
    yield required(two, survives(setting))
    shifted = dist.rotated_mean(int(dist.orbit.moving[0]))
    eps = setting.eps
    # The sums over the agreeing and the differing places: an orthonormal basis of the plane.
    same = dist.mean * (dist.mean == shifted)
    basis = [part / np.linalg.norm(part) for part in (same, dist.mean - same) if part.any()]
    for w, target in ((0.5, np.zeros(dist.d)), (1.0, -shifted), (2.0, -dist.mean)):
        nu = dist.mean + np.clip(target - dist.mean, -eps, eps)
        means = np.stack([nu, dist.mean, shifted])
        places = np.stack([means @ axis for axis in basis] + [np.zeros(3)] * (2 - len(basis)), 1)
        weights = (w, 0.5, 0.5)
        value = bayes_in_plane(p, [(k, x, y) for k, (x, y) in zip(weights, places, strict=True)])
        for one in reference_classifiers(setting):
            if one.exact:
                yield "a rule above the bound", w * one.exact[1] + one.exact[0] - value
        simulated = mixture_value(means, weights, p, rng=setting.rng("mixture"), bits=9)
        half = simulated.high - simulated.value
        # Far beyond the interval's level of 0.999.
        error = max(abs(simulated.value - value) - 3 * half, half - 0.01, 0.0)
        yield "quadrature of the bound", error
