"""Theorems 2 and 3: two linear inequalities, what they exclude, and how loose they become."""

from __future__ import annotations

import sympy as sp

from .derivation import Derivation, derives, tidy
from .proposition1 import HALF, PRIOR, p

a, b = sp.symbols("a b", real=True)
eta = sp.Symbol("eta", nonnegative=True)
weight = sp.Symbol("lambda", positive=True)
w = sp.Symbol("w", nonnegative=True)
S, A = sp.symbols("S A", real=True)


@derives(
    "theorem2",
    "Both parts of Theorem 2 and their equality",
    "thm2a",
    "thm2b",
    "thm2.equality",
    "thm2a.no_fraction",
    locator="Supplement, proof of Theorem 2",
)
def theorem2() -> Derivation:
    """Derive both parts of Theorem 2 and the case of equality."""
    names = sp.symbols("u_++ u_+- u_-+ u_--", nonnegative=True)
    same, wrong, missing, both = names  # u_{x0 y}
    proof = Derivation(PRIOR, *((name, 0, 1) for name in names))
    proof.define(
        r"For one shift let $u_{\sigma y}$ be the probability that $f(\sigma, Z) = 1$ for $Z$ "
        r"distributed as $r_j X$ given $Y = y$. Given $x_0 = Y$ the accuracy is",
        a,
        (same + 1 - both) / 2,
    )
    proof.define(r"and given $x_0 = -Y$ it is", b, (missing + 1 - wrong) / 2)
    accuracy = (p * same + (1 - p) * missing + p * (1 - both) + (1 - p) * (1 - wrong)) / 2
    proof.define(r"The accuracy on $r_j X$, both labels being equally likely:", S, accuracy)
    proof.equal("that is", S, p * a + (1 - p) * b)
    attacked = (p * wrong + (1 - p) * both + p * (1 - missing) + (1 - p) * (1 - same)) / 2
    worst = sp.Symbol("A_1")
    proof.define(
        r"An attack of norm $4/\sqrt{d}$ can give $X$ the law of $r_j X$ with the other label and "
        r"leave $x_0$; then the accuracy is",
        worst,
        attacked,
    )
    proof.equal("that is", worst, p * (1 - b) + (1 - p) * (1 - a))
    proof.define(
        r"The adversarial accuracy $A$ is at most that; let it be equal (the worst case), and "
        r"let",
        eta,
        1 - worst,
    )
    loss = sp.expand(1 - (p * (1 - b) + (1 - p) * (1 - a)))
    hit = sp.expand(p * a + (1 - p) * b)
    # lambda eta - S = lambda ((1-p) a + p b) - p a - (1-p) b: one condition a coefficient.
    conditions = [sp.expand(weight * loss - hit).coeff(q) for q in (a, b)]
    needed = [tidy(sp.solve(condition, weight)[0]) for condition in conditions]
    proof.at_least(
        r"To bound $S$ by $\lambda \eta$ the coefficients of $a$ and $b$ in $\lambda \eta - S$ "
        r"must not be negative: $\lambda$ is at least the larger of",
        *needed,
    )
    proof.equal("What is left with it:", needed[0] * eta - S, b * (2 * p - 1) / (1 - p))
    proof.at_least("Part (a):", needed[0] * eta, S)
    proof.mark_result()
    proof.equal(
        r"To bound $\eta$ below by $\lambda S$ the smaller is right; what is left:",
        eta - needed[1] * S,
        sp.factor(sp.expand(loss - needed[1] * hit)),
    )
    proof.at_least("Part (b):", 1 - needed[1] * S, worst)
    # The case sign(x0), and what it says of the formula without its fraction bar.
    x0_rule = {same: 1, wrong: 1, missing: 0, both: 0}
    spatial, robust, lost = (
        sp.simplify(proof.written_out(name).subs(x0_rule)) for name in (S, worst, eta)
    )
    spatial_0, robust_0, lost_0 = sp.symbols("S_0 A_0 eta_0")
    proof.define(r"The rule sign$(x_0)$ has $u_{+y} = 1$, $u_{-y} = 0$, hence", spatial_0, spatial)
    proof.define(r"and under attack, as long as $x_0$ stays,", robust_0, robust)
    proof.define(r"so that", lost_0, lost)
    proof.equal("It attains part (a)", needed[0] * lost_0, spatial_0)
    proof.equal("and part (b):", 1 - needed[1] * spatial_0, robust_0)
    proof.equal(
        r"The formula with its fraction bar lost, $\eta p (1-p)$, fails for it by",
        spatial_0 - lost_0 * p * (1 - p),
        sp.factor(spatial - lost * p * (1 - p)),
    )
    proof.at_least("a positive amount:", spatial_0 - lost_0 * p * (1 - p), p * (1 - p))
    return proof


@derives(
    "feasibility",
    "Adversarial accuracy above p is impossible",
    "thm2.feasibility",
    "thm3.limit",
    locator="beyond the paper",
)
def feasibility() -> Derivation:
    """Derive that no classifier has adversarial accuracy above p at budget 4."""
    slack, gain = sp.symbols("s_1 s_2", nonnegative=True)
    proof = Derivation(PRIOR, (a, 0, 1), (b, 0, 1), (slack, 0, 1), (gain, 0, 1))
    proof.define(r"As in Theorem 2, for one shift", S, p * a + (1 - p) * b)
    opposing, imitating = sp.Symbol("A_1"), sp.Symbol("A_2")
    proof.define(
        r"The opposing attack leaves the accuracy", opposing, p * (1 - b) + (1 - p) * (1 - a)
    )
    proof.define(
        r"The imitating attack gives $X$ the law of $r_j X$ with the same label, and leaves",
        imitating,
        S,
    )
    mu, share, top = sp.Symbol("mu"), sp.Symbol("nu", nonnegative=True), sp.Symbol("A_max")
    mixed = proof.written_out(share * opposing + (1 - share) * imitating)
    proof.define(
        r"$A$ is at most both, hence at most every mixture of the two; the mixture with weights "
        r"$\mu$ and $1 - \mu$ does not depend on $b$ for",
        mu,
        sp.factor(sp.solve(sp.expand(mixed).coeff(b), share)[0]),
    )
    mixture = mu * opposing + (1 - mu) * imitating
    value = sp.collect(sp.expand(proof.written_out(mixture)), a)
    proof.equal("where it is", mixture, value)
    proof.at_least(r"Since $a \le 1$ it is at most $p$, and so is $A$:", p, mixture)
    proof.mark_result()
    bound = (1 - A) * p / (1 - p)
    proof.define(
        r"The same follows from Theorem 2(a), as $A \le S \le (1-A) p/(1-p)$; the ends meet at",
        top,
        sp.factor(sp.solve(sp.Eq(A, bound), A)[0]),
    )
    proof.equal(r"So $\eta = 1 - A$ is never smaller than", 1 - top, 1 - p)
    return proof


@derives(
    "theorem3",
    "Theorem 3 and its limit",
    "thm3",
    "thm3.sharper",
    "thm3.limit",
    locator="Supplement, proof of Theorem 3",
)
def theorem3() -> Derivation:
    """Derive Theorem 3 from the sharper interval, and the limits of its bounds."""
    proof = Derivation(PRIOR, (eta, 0, 1), (w, 0, 1), (S, 0, 1))
    low, high = sp.Symbol("l"), sp.Symbol("h")
    proof.define(r"By the imitating attack $S$ is at least", low, 1 - eta)
    proof.define(r"and by Theorem 2(a) it is at most", high, eta * p / (1 - p))
    lower, upper = sp.Symbol("l_3"), sp.Symbol("h_3")
    rest = 1 - w
    proof.define(r"With $w = m/d$ the printed lower bound is", lower, rest * (1 - eta))
    proof.define("the printed upper bound", upper, rest + w * eta * p / (1 - p))
    proof.equal("Both are averages with weight $w$, of the bound and 0,", lower, rest * low)
    proof.equal("and of 1 and the bound:", upper, rest * 1 + w * high)
    proof.at_least(r"So $S \ge l$ implies the lower one,", low, lower)
    proof.equal(
        r"and $S \le 1$, $S \le h$ imply the upper one:",
        upper - S,
        rest * (1 - S) + w * (high - S),
    )
    proof.mark_result()
    half_low = proof.limit(r"The quoted limit, of the lower bound,", lower, p, HALF)
    half_high = proof.limit("and of the upper:", upper, p, HALF)
    proof.limit(r"As $\eta$ falls to 0 as well,", half_low, eta, 0)
    proof.limit("and", half_high, eta, 0)
    worst = sp.Symbol("eta_0")
    proof.define(r"But no classifier has $\eta$ below", worst, 1 - p)
    feasible = [proof.written_out(e).subs(eta, 1 - p) for e in (lower, upper, low, high)]
    texts = ("There the lower bound tends to", "the upper one to")
    for text, bound in zip(texts, feasible[:2], strict=True):
        proof.limit(text, sp.simplify(bound), p, HALF)
    proof.equal(r"while the sharper interval is the point $p$:", feasible[2], p)
    proof.equal("from above too:", sp.simplify(feasible[3]), p)
    return proof
