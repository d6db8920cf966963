"""The sharpened and gradual upper laws U0: a parametric linear programme and its smooth form."""

from __future__ import annotations

import sympy as sp

from .derivation import Derivation, derives, tidy
from .normal import Phi, phi
from .proposition1 import HALF, LOG_ODDS, PRIOR, L, p

S = sp.Symbol("S", nonnegative=True)
D = sp.Symbol("D", positive=True)
t, q, r = sp.symbols("t q_+ q_-", real=True)


@derives(
    "law",
    "The sharpened Theorem 2 at budget 4",
    "law.sharpens",
    "thm2b",
    locator="beyond the paper (sharpens Theorem 2)",
)
def sharpened_law() -> Derivation:
    """Derive U0 at D = 0, that is at budget 4, and that it implies Theorem 2(b)."""
    share = sp.Symbol("theta", nonnegative=True)
    # S from 0 to p is theta p; from p to 1 it is p + theta (1 - p).
    proof = Derivation(PRIOR, (q, 0, 1), (share, 0, 1), (S, 0, 1))
    U = sp.Function("U")
    proof.define(
        r"Let $q_+$ and $q_-$ be the accuracies on $r_j X$ given $x_0 = Y$ and $x_0 = -Y$, with "
        r"$p q_+ + (1-p) q_- = S$. Then",
        r,
        sp.solve(sp.Eq(p * q + (1 - p) * r, S), r)[0],
    )
    objective = p * (1 - r) + (1 - p) * (1 - q)
    proof.define("The opposing attack leaves at most", U(q), objective)
    slope = proof.equal(
        r"a linear function of $q_+$, of slope",
        sp.Derivative(U(q), q),
        tidy(proof.written_out(objective).diff(q)),
    )
    proof.at_least(r"It rises, so $q_+$ should be as large as it can:", slope, 0)
    low, high = sp.Function("U_1"), sp.Function("U_2")
    proof.define(
        r"For $S \le p$ that is $q_+ = S/p$, $q_- = 0$:",
        low(S),
        1 - tidy(1 - proof.written_out(objective).subs(q, S / p)),
    )
    proof.mark_result()
    proof.equal("as the objective there:", low(S), U(S / p))
    proof.define(
        r"For $S \ge p$ it is $q_+ = 1$, $q_- = (S-p)/(1-p)$:",
        high(S),
        tidy(proof.written_out(objective).subs(q, 1)),
    )
    proof.equal("as the objective there:", high(S), U(sp.Integer(1)))
    proof.equal(r"Both meet at $S = p$:", low(p), high(p))
    paper = 1 - (1 - p) * S / p
    proof.equal(r"The first is Theorem 2(b):", low(S), paper)
    proof.equal(
        r"The second lies below it by",
        paper - high(S),
        tidy(proof.written_out(paper - high(S))),
    )
    beyond = p + share * (1 - p)
    proof.at_least(
        r"which is not negative for $S \ge p$, that is $S = p + \theta (1-p)$:",
        paper.subs(S, beyond),
        high(beyond),
    )
    return proof


@derives(
    "gradual_law",
    "The gradual upper law",
    "law.upper",
    locator="beyond the paper (sharpens Theorem 2)",
)
def gradual_law() -> Derivation:
    """Derive the curve S = G(t), U0 = G(D - t) for D > 0, and that U0 is concave."""
    z, zp = sp.symbols("z z_+", real=True)
    proof = Derivation(PRIOR, (D, HALF, 4), (z, -3, 3), (t, -2, 3))
    T, G, slope = sp.Function("T"), sp.Function("G"), sp.Function("T'")
    proof.define(*LOG_ODDS)
    proof.define(
        r"By Neyman and Pearson an accuracy $u = \Phi(z)$ leaves at most $\Phi(D - z)$ when the "
        r"means are $D$ apart:",
        T(z),
        Phi(D - z),
    )
    fall = proof.equal(
        r"Its slope in $u$ is",
        sp.Derivative(T(z), z) / phi(z),
        -sp.exp(D * z - D**2 / 2),
    )
    proof.define("that is,", slope(z), fall)
    second = sp.Derivative(slope(z), z) / phi(z)
    proof.equal("The second derivative:", second, fall.diff(z) / phi(z))
    proof.at_least("is not positive, so the function is concave:", 0, second)
    # T'(q_+) / T'(q_-) = exp(D (z_+ - z_-)) has to be p^2/(1-p)^2 = exp(2 L).
    exponent = sp.simplify(sp.log(fall.subs(z, zp) / fall.subs(z, z)))
    (stationary,) = sp.solve(sp.expand_log(exponent, force=True) - 2 * L, zp)
    proof.define(
        r"The objective $p\, T(q_-) + (1-p)\, T(q_+)$ is stationary under $p q_+ + (1-p) q_- = S$ "
        r"if $(1-p)\, T'(q_+) / p = p\, T'(q_-) / (1-p)$. With $q_- = \Phi(z)$ that is solved by "
        r"$q_+ = \Phi(z_+)$,",
        zp,
        sp.expand(stationary),
    )
    proof.equal("because then", (1 - p) * slope(zp) / p, p * slope(z) / (1 - p))
    proof.define(
        r"Let $t$ be the mean of $z_+$ and $z_-$, which are then $t \pm L/D$. The accuracy is",
        G(t),
        p * Phi(t + L / D) + (1 - p) * Phi(t - L / D),
    )
    bound = sp.Function("U")
    proof.define(
        "and the bound",
        bound(t),
        p * Phi(D - (t - L / D)) + (1 - p) * Phi(D - (t + L / D)),
    )
    proof.equal("the same function, at another place:", bound(t), G(D - t))
    proof.mark_result()
    rate = sp.exp(D * t - D**2 / 2)
    proof.equal(
        r"The curve $S = G(t)$, $U = G(D - t)$ falls:",
        -sp.Derivative(bound(t), t),
        rate * sp.Derivative(G(t), t),
    )
    proof.at_least(
        r"with $t$, as $S$ rises; the slope $dU/dS = -e^{D t - D^2/2}$ falls too, so that $U$ is "
        r"concave:",
        0,
        sp.Derivative(-rate, t),
    )
    return proof


@derives(
    "lower_law",
    "The gradual lower law",
    "law.lower",
    locator="beyond the paper",
)
def lower_law() -> Derivation:
    """Derive S_g >= Phi(Phi^-1(A) - D'), by concavity, and where it is attained."""
    z = sp.Symbol("z", real=True)
    distance = sp.Symbol("D'", nonnegative=True)
    delta, budget = sp.Symbol("delta", positive=True), sp.Symbol("e", nonnegative=True)
    proof = Derivation((distance, 0, 4), (z, -3, 3), (delta, 0, 1), (budget, 0, 4))
    V, slope = sp.Function("V"), sp.Function("V'")
    proof.define(
        r"Let $s = \Phi(z)$ be the accuracy on $g X$ given $Y$ and $x_0$. The attack pushes the "
        r"mean to a distance $D'$ from that of $g X$ with the same label. By Neyman and Pearson, "
        r"for the region of wrong answers, the accuracy left is at most",
        V(z),
        1 - Phi(-distance - z),
    )
    proof.equal("that is", V(z), Phi(z + distance))
    rise = proof.equal(
        r"Its slope in $s$ is",
        sp.Derivative(V(z), z) / phi(z),
        sp.exp(-distance * z - distance**2 / 2),
    )
    proof.define("that is,", slope(z), rise)
    proof.at_least("positive, so that the bound rises:", slope(z), 0)
    second = sp.Derivative(slope(z), z) / phi(z)
    proof.equal("The second derivative in $s$:", second, rise.diff(z) / phi(z))
    proof.at_least(
        r"is not positive: the bound is concave in $s$, and holds for the averages over $Y$ and "
        r"$x_0$ as well, $A \le V$ at $S_g = \Phi(z)$:",
        0,
        second,
    )
    accuracy, spatial, robust = sp.symbols("a S_g A", real=True)
    proof.define(
        r"With $A = \Phi(a)$ it says $a \le z + D'$; the least such $z$ is", accuracy, z + distance
    )
    proof.equal(r"so that $S_g \ge \Phi(a - D')$:", Phi(accuracy - distance), Phi(z))
    proof.mark_result()
    root = sp.sqrt(delta)
    proof.define(
        r"For words $\delta$ is the share of places in which $c$ and $g c$ differ. The rule along "
        r"$c$ restricted to them, without $x_0$, has $S_g = \Phi(z_g)$ with",
        spatial,
        -2 * root,
    )
    proof.define(r"and $A = \Phi(a_g)$ with", robust, (2 - budget) * root)
    proof.equal(
        r"With $D' = (4 - e) \sqrt{\delta}$ the bound is attained:",
        Phi(robust - (4 - budget) * root),
        Phi(spatial),
    )
    return proof
