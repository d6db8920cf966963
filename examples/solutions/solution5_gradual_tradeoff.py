# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Solutions to lesson 5: the gradual trade-off and the frontier
#
# The questions are in [lesson 5](../lesson5_gradual_tradeoff.py).

# %%
import math

import numpy as np
from scipy.optimize import brentq

from spadv.style import BLACK, CYCLE, GREY, LINES, new_figure, styled
from spadv.theory import CodeGaussian, bayes, laws, random_word, robust_bayes
from spadv.theory.accuracy import mixture_accuracy, robust_bayes_accuracy
from spadv.theory.frontier import two_shift_frontier

# %% [markdown]
# ## Answer 1
#
# At $e\ge4$ the factor $(4-e)_+$ is 0. The lower law becomes $S_j\ge\Phi(Q(A))=A$. In the upper law
# $D_j=0$ and $T_0(u)=1-u$, so the objective is $p(1-q_-)+(1-p)(1-q_+)$ under $p\,q_++(1-p)\,q_-=S$:
# exactly the problem of lesson 4, question 2, with the solution found there.

# %%
p = 0.7
for s in (0.2, 0.5, 0.7, 0.8, 0.95):
    law = float(laws.gradual_adversarial(s, p, laws.residual(4.0, 0.3)))
    assert np.isclose(law, 1 - (1 - p) * s / p if s <= p else p * (1 - s) / (1 - p))
    assert np.isclose(laws.lower_spatial(s, 4.0, 0.3), s)
    print(f"S = {s}: A at most {law:.4f}, and at most S")

# %% [markdown]
# ## Answer 2
#
# With $\varphi$ the normal density, $S'(t)=-p\,\varphi(2-t)+(1-p)\,\varphi(2+t)$. It vanishes where
# $\frac p{1-p}=\frac{\varphi(2+t)}{\varphi(2-t)}=e^{-4t}$, that is at $t=-\frac L4$, and nowhere
# else. $A$ is the same function with $2-e$ for 2, so $A'(t)=0$ where $e^{-2(2-e)t}=\frac p{1-p}$,
# at $t=-\frac L{2(2-e)}$. Between the two one accuracy rises while the other falls.
#
# At $p=\frac12$ we have $L=0$ and both are at $t=0$: the rule $\operatorname{sign}\langle
# c,x\rangle$ is best for both, since $x_0$ says nothing.

# %%
odds = math.log(p / (1 - p))
for e in (0.5, 1.0, 1.5):
    t = np.linspace(-4, 1, 200_001)
    s, a = mixture_accuracy(2, -t, p), mixture_accuracy(2 - e, -t, p)
    assert abs(t[s.argmax()] + odds / 4) < 1e-4
    assert abs(t[a.argmax()] + odds / (2 * (2 - e))) < 1e-4
    print(f"e = {e}: most accurate at t = {t[s.argmax()]:.4f}, most robust at {t[a.argmax()]:.4f}")
dist = CodeGaussian(random_word(64, 0), p=0.5)
assert np.isclose(
    bayes(dist).adversarial_accuracy(dist, 1.0),
    robust_bayes(dist, 1.0).adversarial_accuracy(dist, 1.0),
)

# %% [markdown]
# ## Answer 3


# %%
def three_bounds(e, spatial=0.95, p=0.7, delta=0.5):
    """Return the three bounds on A: upper law, lower law, best of any classifier."""
    distance = laws.residual(e, delta)
    return (
        laws.gradual_adversarial(spatial, p, distance, tight=True),
        laws.lower_adversarial(spatial, e, delta),
        robust_bayes_accuracy(p, e, math.inf),
    )


def allowed(e):
    """Return the least of the three."""
    return float(min(three_bounds(e)))


edge = brentq(lambda e: allowed(e) - 0.5, 0, 4)
print(f"A >= 1/2 is excluded from e = {edge:.4f} on")
assert np.isclose(allowed(edge), 0.5)
assert 1 < edge < 3


# %%
def draw_laws():
    """Draw the three bounds against the budget."""
    grid = np.linspace(0, 4, 161)
    rows = np.array([three_bounds(e) for e in grid])
    names = ("upper law", "lower law", "best A of any classifier")
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        for column, name, color, line in zip(rows.T, names, CYCLE, LINES, strict=False):
            axes.plot(grid, column, color=color, ls=line, label=name)
        axes.plot(grid, rows.min(axis=1), color=BLACK, lw=4, alpha=0.2, ls="-", label="allowed")
        axes.axhline(0.5, color=GREY, lw=1, ls=":")
        axes.set(xlabel="budget e", ylabel="largest A", ylim=(0, 1.02))
        axes.set(title="S = 0.95, p = 0.7, δ = 1/2")
        axes.legend(loc="lower left")
    return figure


draw_laws()

# %%
grid = np.linspace(0, 4, 401)
smallest = np.array([np.argmin(three_bounds(e)) for e in grid])
for number, name in enumerate(("upper law", "lower law", "best A of any classifier")):
    where = grid[smallest == number]
    print(
        f"{name:26}",
        f"smallest for e in {where[0]:.2f} ... {where[-1]:.2f}" if where.size else "never",
    )
assert not (smallest == 1).any()

# %% [markdown]
# The upper law is the smallest at this high $S$, whatever the budget. The lower law would matter
# for small $S$: who is not even accurate on shifted input cannot be robust.
#
# ## Answer 4

# %%
largest = {}
for kappa in (0.8, 0.4, 0.0, -0.4):
    found = two_shift_frontier(0.7, 2.0, kappa, tolerance=5e-3)
    low, high = (float(np.interp(0.85, *curve.T)) for curve in (found.lower, found.upper))
    largest[kappa] = low, high
    print(f"kappa = {kappa:4}: given S = 0.85 the largest A is between {low:.4f} and {high:.4f}")
assert all(high - low < 0.02 for low, high in largest.values())
assert largest[0.8][0] > largest[-0.4][1]

# %% [markdown]
# The less alike the word and its shift, the harder: serving both shifts at once costs more, and the
# signal that both share (the agreeing coordinates) is weaker and easier to attack. As $\kappa\to1$
# the two shifts become one and the curve becomes that of one shift. At $\kappa=-1$ nothing but
# $x_0$ is left to tell the label of a randomly shifted input.

# %%
ceilings = {
    kappa: mixture_accuracy(math.sqrt(2 * (1 + kappa)), odds / math.sqrt(8 * (1 + kappa)), p)
    for kappa in largest
}
print(
    "best spatial accuracy of any classifier:", {k: round(float(v), 4) for k, v in ceilings.items()}
)
values = list(ceilings.values())
assert values == sorted(values, reverse=True)

# %% [markdown]
# ## Answer 5
#
# An open question. Expectations, before one looks: natural training aims at the Bayes classifier
# (accurate for the identity, fragile, bad on shifts); training on shifted samples aims at
# shift-Bayes; adversarial training aims at robust Bayes, which from $e=2$ on is the stump: it
# should learn to trust $x_0$ alone; training with both aims at the frontier's corner. Networks stay
# below for several reasons: finite samples (lesson 2, question 4: the word must be learned), an
# attack in training that is weaker than the best one, optimisation that stops early, and a loss
# that is not the accuracy. A measured point *above* the frontier would not refute the theory: it
# would say that the attack used for measuring was too weak. That can be checked here, since the
# best attack on a linear rule is known:

# %%
dist = CodeGaussian(random_word(64, 0), p=0.7, shift=32)
rule = bayes(dist)
exact = rule.adversarial_accuracy(dist, 2.0)
weak = rule.adversarial_accuracy(dist, 1.0)  # what an attack sees that uses half of its budget
print(f"Bayes at e = 2: A = {exact:.4f}; a half-hearted attack would report {weak:.4f}")
assert weak > exact + 0.2
