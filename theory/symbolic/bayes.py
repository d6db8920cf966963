"""Best classifiers under attack, under two shifts, and for both accuracies at once."""

from __future__ import annotations

import sympy as sp

from .derivation import Derivation, derives
from .normal import Phi, density, phi, to_exp
from .proposition1 import CORRELATION, LOG_ODDS, PRIOR, L, d, kappa, p

t = sp.Symbol("t", real=True)
a = sp.Symbol("a", positive=True)
e = sp.Symbol("e", nonnegative=True)


@derives(
    "robust_bayes", "The best adversarial accuracy", "robust_bayes", locator="beyond the paper"
)
def robust_bayes() -> Derivation:
    """Derive the best adversarial accuracy A*(e) for e < 2 and eps < 1."""
    proof = Derivation(PRIOR, (d, 1, 99), (e, 0, 2), (t, -3, 3))
    left, best, top = sp.Symbol("n_t"), sp.Symbol("t_0"), sp.Symbol("A_max")
    M = sp.Function("M")
    proof.define(*LOG_ODDS)
    budget = e / sp.sqrt(d)
    proof.define(
        r"An attack of norm $\epsilon = e/\sqrt{d}$, $e < 2$, can move every coordinate of the "
        r"mean towards 0, to the size",
        left,
        2 / sp.sqrt(d) - budget,
    )
    proof.define("What is left of the mean has the norm", a, 2 - e)
    proof.equal(r"as its square is a sum of $d$ equal squares:", d * left**2, a**2)
    proof.define(
        r"Let $\nu$ be what is left. The rule sign$(t x_0 + \langle \nu, x \rangle / a)$ then has "
        r"the accuracy",
        M(t),
        p * Phi(a + t) + (1 - p) * Phi(a - t),
    )
    slope, root = _turning_point(proof, M(t), p * phi(a + t), (1 - p) * phi(a - t), 2 * a)
    proof.define(
        r"The bracket falls with $t$ and is 0 at one point only, which is the maximum:", best, root
    )
    proof.equal("There", slope.subs(t, best), 0)
    accuracy = p * Phi(a + root) + (1 - p) * Phi(a - root)
    proof.define("So the best accuracy after this attack is", top, accuracy)
    proof.mark_result()
    proof.equal("as the value there:", top, M(root))
    mean = d * left / a * (2 / sp.sqrt(d)) - d * left / a * budget
    proof.equal(
        r"The rule keeps it under every attack: the worst moves the mean of $\langle \nu, x "
        r"\rangle / a$ to",
        mean,
        a,
    )
    _vanishing(proof, r"As $a \to 0$ only $x_0$ is left (here $L > 0$):")
    return proof


def _vanishing(proof: Derivation, text: str) -> None:
    """Add the limit of the accuracy beside x0 where the norm a of the mean vanishes."""
    size = sp.Symbol("L", positive=True)
    shrunk = p * Phi(a + size / (2 * a)) + (1 - p) * Phi(a - size / (2 * a))
    proof.limit(text, shrunk, a, 0, keep=(a,))


def _turning_point(
    proof: Derivation, accuracy: sp.Expr, gain: sp.Expr, loss: sp.Expr, rate: sp.Expr
) -> tuple[sp.Expr, sp.Expr]:
    """Add the derivative gain - loss of an accuracy, factored; return it and its only zero."""
    slope = proof.equal("Its derivative:", sp.Derivative(accuracy, t), gain - loss)
    gap = L - rate * t
    proof.equal("The two terms differ by an exponential factor:", slope, loss * (sp.exp(gap) - 1))
    (root,) = sp.solve(gap, t)
    return slope, root


@derives("two_shifts", "The best classifier of two shifts", locator="beyond the paper")
def two_shifts() -> Derivation:
    """Derive the best accuracy on X shifted at random by one of two shifts."""
    u, v = sp.symbols("u v", real=True)
    proof = Derivation(PRIOR, CORRELATION, (u, -3, 3), (v, -3, 3))
    odds, norm, mean = sp.Function("Lambda"), sp.Symbol("s"), sp.Symbol("m")
    proof.define(*LOG_ODDS)
    proof.define(
        r"Let $u = \langle \mu_1, x \rangle$ and $v = \langle \mu_2, x \rangle$. The means have "
        r"the same norm, so the log-odds from $x_1, \dots, x_d$ are",
        odds(u, v),
        sp.log(sp.exp(u) + sp.exp(v)) - sp.log(sp.exp(-u) + sp.exp(-v)),
    )
    proof.equal("They are linear:", odds(u, v), u + v)
    square = sp.Integer(4)
    proof.define(
        r"As $\langle \mu_1, \mu_2 \rangle = 4 \kappa$, the norm of $\mu_1 + \mu_2$ is",
        norm,
        sp.sqrt(sp.factor(square + square + 2 * square * kappa)),
    )
    proof.define(
        r"and its product with the mean, whichever shift it was, is",
        mean,
        square + square * kappa,
    )
    best = sp.Function("S")
    proof.define(
        r"So $L x_0 + \langle \mu_1 + \mu_2, x \rangle$ is best, and its accuracy is",
        best(kappa),
        p * Phi((mean + L) / norm) + (1 - p) * Phi((mean - L) / norm),
    )
    proof.mark_result()
    proof.equal(r"where", mean / norm, sp.sqrt(2 * (1 + kappa)))
    proof.equal(
        r"At $\kappa = 1$ it is the accuracy of the Bayes classifier:",
        best(sp.Integer(1)),
        p * Phi(2 + L / 4) + (1 - p) * Phi(2 - L / 4),
    )
    _vanishing(
        proof, r"With $a = \sqrt{2 (1 + \kappa)}$ and $L > 0$ it falls to $p$ as $\kappa \to -1$:"
    )
    three = sp.log(sp.exp(u) + 2) - sp.log(sp.exp(-u) + 2)
    slope = sp.simplify(three.diff(u))
    proof.equal(
        r"With three shifts the log-odds are not linear: along $(u, 0, 0)$ their slope is",
        sp.Derivative(three, u),
        slope,
    )
    proof.equal(
        r"which differs between $u = 0$ and $u = \log 2$ by",
        slope.subs(u, sp.log(2)) - slope.subs(u, 0),
        sp.simplify(slope.subs(u, sp.log(2)) - slope.subs(u, 0)),
    )
    return proof


@derives(
    "frontier",
    "Natural against adversarial accuracy",
    "law.natural",
    "robust_bayes",
    locator="beyond the paper",
)
def frontier() -> Derivation:
    """Derive the exact curve of natural against adversarial accuracy for e < 2."""
    g, w = sp.Symbol("g", real=True), sp.Symbol("w", nonnegative=True)
    proof = Derivation(PRIOR, (e, 0, 2), (g, -3, 3), (w, 0, 5), (t, -L / (2 * (2 - e)), -L / 4))
    S, A, R = sp.Function("S"), sp.Function("A"), sp.Function("R")
    proof.define(*LOG_ODDS)
    proof.define("Let", a, 2 - e)
    proof.define(
        r"The rule sign$(g - t x_0)$ with $g = \langle c, x \rangle / \sqrt{d}$, which is "
        r"$N(2y, 1)$, has the accuracy",
        S(t),
        p * Phi(2 - t) + (1 - p) * Phi(2 + t),
    )
    proof.define(
        r"An attack moves $g$ by $e$ at most; what is left:",
        A(t),
        p * Phi(a - t) + (1 - p) * Phi(a + t),
    )
    proof.mark_result()
    ends = []
    for accuracy, size in ((S(t), sp.Integer(2)), (A(t), a)):
        gain, loss = (1 - p) * phi(size + t), p * phi(size - t)
        slope = proof.equal("The derivative:", sp.Derivative(accuracy, t), gain - loss)
        gap = -L - 2 * size * t
        form = loss * (sp.exp(gap) - 1)
        proof.equal("that is,", slope, form)
        ends.append(sp.solve(gap, t)[0])
        proof.equal("which is 0 at one point only:", slope.subs(t, ends[-1]), 0)
        rising = accuracy if size == 2 else -accuracy
        text = "Up to there it rises:" if size == 2 else "From there on it falls:"
        proof.at_least(text, sp.Derivative(rising, t), 0, form=form if size == 2 else -form)
    proof.at_least(r"Between the two ends one rises and the other falls:", ends[0], ends[1])
    top = w * phi(g - a) + phi(g - 2)
    bottom = w * phi(g + a) + phi(g + 2)
    proof.define(
        r"No classifier does better: $w A + S$ is at most what is best for telling the mixtures "
        r"of $N(\pm a, 1)$, with weight $w$, and $N(\pm 2, 1)$ apart. Their likelihood ratio is",
        R(g),
        top / bottom,
    )
    rise = [sp.expand(sp.simplify(to_exp(f) / density(g))) for f in (top, bottom)]
    form = (rise[0].diff(g) * rise[1] - rise[0] * rise[1].diff(g)) / rise[1] ** 2
    proof.at_least(
        r"It increases with $g$, so that the best rule is a threshold on $g$ for each $x_0$:",
        sp.Derivative(R(g), g),
        0,
        form=sp.expand(form * rise[1] ** 2) / rise[1] ** 2,
    )
    proof.equal(r"The threshold for $x_0 = -1$ is the mirror image:", R(-g), 1 / R(g))
    rising = (1 - p) * (w * phi(a + t) + phi(2 + t)) - p * (w * phi(a - t) + phi(2 - t))
    proof.equal(
        r"It is the $t$ at which $p$ times the upper and $1 - p$ times the lower mixture are equal "
        r"for $g = t$: where $w A + S$ is stationary on the curve. As $S$ rises and $A$ falls "
        r"between the ends, every $t$ there has its $w \ge 0$: the curve is the exact frontier.",
        sp.Derivative(S(t) + w * A(t), t),
        rising,
    )
    return proof
