"""The Bayes classifier, and what becomes of it on shifted inputs: Proposition 1."""

from __future__ import annotations

import sympy as sp

from .derivation import Derivation, derives
from .normal import Phi, density, phi, quantile, to_erf

p = sp.Symbol("p", positive=True)
L = sp.Symbol("L", real=True)
d = sp.Symbol("d", positive=True, integer=True)
s = sp.Symbol("s", nonnegative=True, integer=True)
t = sp.Symbol("t", integer=True)
kappa = sp.Symbol("kappa", real=True)
y = sp.Symbol("y", real=True)
x0 = sp.Symbol("x_0", real=True)
c, x = sp.IndexedBase("c"), sp.IndexedBase("x")

LOG_ODDS = r"The log-odds of $x_0$ are", L, sp.log(p / (1 - p))
HALF = sp.Rational(1, 2)
PRIOR = (p, HALF, 1)
CORRELATION = (kappa, -1, 1)
#: Accuracy that Proposition 1 promises not to exceed on shifted inputs.
CEILING = sp.Rational(17, 20)


@derives("llr", "The Bayes classifier", "prop1", locator="Supplement, proof of Proposition 1")
def log_likelihood_ratio() -> Derivation:
    """Derive f* = sign(L x0 + (4/sqrt d) <c, x>) and its accuracy."""
    proof = Derivation(PRIOR, (d, 1, 9), squares=(c[t], y, x0))
    normal = sp.Function("ell")
    log_density = -((x[t] - 2 * y * c[t] / sp.sqrt(d)) ** 2) / 2 - sp.log(2 * sp.pi) / 2
    proof.define(
        r"Given $Y = y$ the coordinate $X_t$ is $N(2 y c_t/\sqrt{d}, 1)$; its log-density is",
        normal(y),
        log_density,
    )
    q, k = sp.Function("q"), sp.Function("k")
    powers = sp.Poly(sp.expand(log_density), x[t])
    proof.define("Its quadratic term is", q(y), powers.coeff_monomial(x[t] ** 2) * x[t] ** 2)
    proof.equal("which is the same for both labels, and cancels in the ratio:", q(1), q(-1))
    proof.define("Its constant term is", k(y), powers.coeff_monomial(1))
    proof.equal("which cancels as well:", k(1), k(-1))
    one = sp.expand(log_density.subs(y, 1) - log_density.subs(y, -1))
    proof.equal("What remains of one coordinate:", normal(1) - normal(-1), one)
    proof.define(*LOG_ODDS)
    weight = sp.Function("w")
    proof.define(
        r"Given $Y = y$ the sign $x_0$ has probability $p$ if $x_0 = y$, else $1 - p$; in one "
        r"expression, its logarithm is",
        weight(y, x0),
        (1 + x0 * y) / 2 * sp.log(p) + (1 - x0 * y) / 2 * sp.log(1 - p),
    )
    proof.equal(r"Its share of the ratio:", weight(1, x0) - weight(-1, x0), L * x0)
    ratio = sp.Function("Lambda")
    total = L * x0 + 4 / sp.sqrt(d) * sp.Sum(c[t] * x[t], (t, 1, d))
    proof.equal(
        "The coordinates are independent given the label, so the log-likelihood ratio is the sum",
        weight(1, x0) - weight(-1, x0) + sp.Sum(one, (t, 1, d)),
        total,
    )
    proof.define(
        r"The classifier of maximum accuracy is its sign, $f^*(x) = \mathrm{sign}\,\Lambda(x)$:",
        ratio(x0),
        total,
    )
    return proof


@derives(
    "shifted",
    "The Bayes classifier on shifted inputs",
    "prop1.variance",
    "prop1.corrected",
    "prop1.any_j",
    "prop1",
    locator="Supplement, proof of Proposition 1, mended",
)
def shifted_statistic() -> Derivation:
    """Derive the law of <c, r_j X> and the accuracy of f* there; refute the printed variance."""
    u, z, v, sigma = sp.symbols("u z v sigma", real=True)
    K, printed = sp.Function("K"), sp.Symbol("V")
    free = ((d, 1, 9), (s, 0, d), (u, -2, 2), (z, -2, 2))
    proof = Derivation(PRIOR, *free, squares=(c[t], y))

    def term(sign: int) -> sp.Expr:
        """Return the log-moment generating function of sign c_t X_t."""
        factor = u * sign * c[t]
        return sp.expand(factor * 2 * y * c[t] / sp.sqrt(d) + factor**2 / 2)

    proof.equal(
        r"A normal variable of mean $z$ and variance 1 has the moment generating function",
        sp.Integral(sp.exp(u * v) * density(v - z), (v, -sp.oo, sp.oo)),
        sp.exp(u * z + u**2 / 2),
    )
    proof.define(
        r"Let $c$ and $r_j c$ agree in a set $S_j$ of $s$ places, the first $s$ say. The terms of "
        r"$T = \sum_{S_j} c_t X_t - \sum_{\mathrm{not} S_j} c_t X_t$ are independent, so that the "
        r"logarithm of its moment generating function, given $Y = y$, is",
        K(u),
        sp.Sum(term(1), (t, 1, s)) + sp.Sum(term(-1), (t, s + 1, d)),
    )
    summed = sp.expand(proof.written_out(K(u)))
    proof.equal(r"With $c_t^2 = 1$ the sums are", K(u), summed)
    proof.equal(
        r"All cumulants beyond the second vanish, so $T$ is normal:",
        sp.Derivative(K(u), (u, 3)),
        summed.diff(u, 3),
    )
    proof.define(
        r"The normalised correlation of $c$ and $r_j c$ is", kappa, sp.expand((2 * s - d) / d)
    )
    at_zero = {u: 0}
    mean = sp.factor(summed.diff(u).subs(at_zero))
    proof.equal("The mean:", sp.Subs(sp.Derivative(K(u), u), u, 0), mean)
    proof.equal(r"that is", mean, 2 * y * kappa * sp.sqrt(d))
    variance = summed.diff(u, 2).subs(at_zero)
    proof.equal(
        r"The variance is $d$, whatever the signs:",
        sp.Subs(sp.Derivative(K(u), (u, 2)), u, 0),
        variance,
    )
    gap = sp.expand(variance - proof.define("The paper prints the variance", printed, 2 * s - d))
    proof.equal("which is too small by", variance - printed, gap)
    (root,) = sp.solve(gap, s)
    proof.define("a difference that vanishes only at", sp.Symbol("s_0"), root)
    proof.equal(
        r"With it the accuracy for $p \to 1/2$ would be $\Phi$ of",
        mean.subs(y, 1) / sp.sqrt(printed),
        2 * sp.sqrt(kappa),
    )
    whole = sp.Function("M")
    proof.define(*LOG_ODDS)
    proof.define(
        r"Let $\sigma = x_0 y$ be the sign of $x_0$ beside $y$. Then $f^*$ is right if "
        r"$y \Lambda(r_j x) = L \sigma + (4 y / \sqrt{d})\, T$ is positive; the logarithm of its "
        r"moment generating function is",
        whole(u),
        L * sigma * u + sp.expand(summed.subs(u, 4 * y * u / sp.sqrt(d))).subs(y**2, 1),
    )
    centre = sp.Subs(sp.Derivative(whole(u), u), u, 0)
    proof.equal(r"With $y^2 = 1$ its mean is", centre, L * sigma + 8 * kappa)
    spread = sp.Subs(sp.Derivative(whole(u), (u, 2)), u, 0)
    proof.equal("its variance", spread, sp.expand(summed.diff(u, 2) * 16 / d))
    proof.equal(
        r"and a normal variable of mean $z$ and variance 16 is positive with probability",
        sp.Integral(density((v - z) / 4) / 4, (v, 0, sp.oo)),
        Phi(z / 4),
    )
    F = sp.Function("F")
    chances = [Phi(sp.expand((L * sign + 8 * kappa) / 4)) for sign in (1, -1)]
    proof.define(
        r"Weighted with $p$ for $\sigma = 1$ and $1 - p$ for $\sigma = -1$, the accuracy of $f^*$ "
        r"on $r_j X$ is",
        F(kappa),
        p * chances[0] + (1 - p) * chances[1],
    )
    proof.mark_result()
    proof.limit(r"As $x_0$ becomes uninformative:", F(kappa), p, HALF, keep=(kappa,))
    return proof


@derives(
    "monotonicity",
    "The interval of p in Proposition 1",
    "prop1",
    "prop1.p_interval",
    "prop1.smallest_delta",
    "prop1.random_shift",
    locator="sharpens Section 3, Proposition 1",
)
def monotonicity() -> Derivation:
    """Derive that the accuracy of f* on r_j X increases with p and with kappa."""
    n = sp.Symbol("n", positive=True, integer=True)
    proof = Derivation(PRIOR, CORRELATION, (n, 2, sp.oo))
    F, g = sp.Function("F"), sp.Function("g")
    proof.define(*LOG_ODDS)
    plus, minus = 2 * kappa + L / 4, 2 * kappa - L / 4
    proof.define(
        r"The accuracy of $f^*$ on $r_j X$ is", F(p, kappa), p * Phi(plus) + (1 - p) * Phi(minus)
    )
    accuracy = F(p, kappa)
    slope = sp.Derivative(accuracy, kappa)
    density = proof.equal(
        r"It increases with $\kappa$:", slope, 2 * p * phi(plus) + 2 * (1 - p) * phi(minus)
    )
    proof.at_least("because all terms are positive:", slope, 0, form=density)
    proof.equal(r"The key identity:", p * phi(plus), (1 - p) * phi(minus) * sp.exp(L * (1 - kappa)))
    proof.define("Let", g(p, kappa), p * phi(plus) - (1 - p) * phi(minus))
    excess = proof.equal(
        "By the identity", g(p, kappa), (1 - p) * phi(minus) * (sp.exp(L * (1 - kappa)) - 1)
    )
    proof.at_least(r"which is not negative for $\kappa \le 1$:", g(p, kappa), 0, form=excess)
    proof.equal("The log-odds grow:", sp.Derivative(L, p), 1 / (p * (1 - p)))
    rest = g(p, kappa) / (4 * p * (1 - p))
    slope = sp.Derivative(accuracy, p)
    proof.equal("Hence", slope, Phi(plus) - Phi(minus) + rest)
    first = proof.at_least(
        r"The first difference is 0 at $p = 1/2$ and grows with $p$:",
        Phi(plus),
        Phi(minus),
        rises_from=(p, HALF),
    )
    last = proof.at_least(
        "The last term is not negative either,", rest, 0, form=excess / (4 * p * (1 - p))
    )
    proof.at_least("so the accuracy increases with $p$:", slope, 0, because=(first, last))
    proof.mark_result()
    low = proof.limit(r"At the lower end, with $\kappa = 1/4$,", F(p, HALF / 2), p, HALF)
    proof.at_least(r"which is below 85%:", CEILING, low)
    bracket = _bracket(proof.written_out(F(p, HALF / 2)))
    proof.at_least(r"It stays so up to", CEILING, F(bracket[0], HALF / 2))
    proof.at_least(r"but no longer at", F(bracket[1], HALF / 2), CEILING)
    delta = sp.Symbol("delta_0")
    proof.define(
        r"At $p \to 1/2$ the relative distance needed for 85% solves $\Phi(2 (1 - 2 \delta)) = "
        r"17/20$:",
        delta,
        (1 - quantile(CEILING) / 2) / 2,
    )
    proof.equal("Indeed", Phi(2 * (1 - 2 * delta)), CEILING)
    average = (Phi(2) + (n - 1) * Phi(HALF)) / n
    proof.at_least(
        r"A random shift among $n \ge 2$ is the identity with probability $1/n$; at $p \to 1/2$ "
        r"its accuracy is still below 85%:",
        CEILING,
        average,
        rises_from=(n, 2),
    )
    return proof


def _bracket(accuracy: sp.Expr) -> tuple[sp.Rational, sp.Rational]:
    """Return the five-digit decimals on either side of the p where the accuracy is 85%."""
    root = sp.nsolve(to_erf(accuracy) - CEILING, p, (0.6, 0.99), solver="anderson", prec=30)
    low = sp.floor(root * 10**5) / 10**5
    return low, low + sp.Rational(1, 10**5)
