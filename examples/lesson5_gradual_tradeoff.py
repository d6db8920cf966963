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
# # Lesson 5: the gradual trade-off and the frontier
#
# **What you will learn**
#
# - what holds between spatial and adversarial accuracy at *every* budget, not only at full budget;
# - how to read the two gradual laws, and how to compute with them;
# - what a frontier is, and that for two shifts it is known exactly, over all classifiers.
#
# **Prerequisites**: lessons 1 to 4. No PyTorch. About 50 minutes.

# %%
import math

import numpy as np

from spadv.style import CYCLE, LINES, new_figure, styled
from spadv.theory import CodeGaussian, laws, plots, random_word
from spadv.theory.accuracy import mixture_accuracy, robust_bayes_accuracy
from spadv.theory.frontier import frontier, law_lines
from spadv.theory.plots import region

# %% [markdown]
# ## The question
#
# Theorem 2 needs the full budget $e\ge4$. Experiments with networks show something else: the more
# robust one makes them, *little by little*, the less they tolerate rotations, and the other way
# round. The authors write that "it would be interesting to close the gap between our theoretical
# trade-off and the progressive or gradual trade-off observed in our experiments". What follows goes
# beyond the paper; complete proofs are in `docs/theory/laws.md`.
#
# ## One tool: Neyman and Pearson
#
# Two normal distributions $N(m_1,I)$ and $N(m_2,I)$ at distance $D=\lVert m_1-m_2\rVert$. A test
# that recognises the first with probability $u$ recognises the second with probability at most
#
# $$T_D(u)=\Phi\bigl(D-Q(u)\bigr),\qquad Q=\Phi^{-1}.$$
#
# At $D=0$ they are the same, and $T_0(u)=1-u$. At large $D$ both can be recognised well.

# %%
for distance in (0.0, 1.0, 2.0, 4.0):
    print(f"D = {distance:g}: T_D(0.9) = {laws.neyman_pearson(0.9, distance):.4f}")

# %% [markdown]
# ## The two laws
#
# In lesson 4 the attacker moved the mean $Y\mu$ all the way to $-Yr_j\mu$. With a smaller budget a
# part of the way is left. In each coordinate where $c$ and $r_jc$ agree the way is $4/\sqrt d$
# long, and $\varepsilon=e/\sqrt d$ is taken off it; elsewhere there is nothing to go. A share
# $1-\delta_j$ of the $d$ coordinates agrees, so what is left has norm
#
# $$D_j=(4-e)_+\sqrt{1-\delta_j}.$$
#
# Now the proof of Theorem 2 works with $T_{D_j}$ in place of $u\mapsto1-u$.
#
# **Upper law** (Theorem L4, claim `law.upper`). $A\le U_{D_j}(S_j)$ for every classifier and every
# $j$, where $U_D(S)$ is the largest value of $p\,T_D(q_-)+(1-p)\,T_D(q_+)$ with
# $p\,q_++(1-p)\,q_-=S$ and $q_-\le T_4(q_+)$. (The last condition says that $q_+$ and $q_-$ come
# from one classifier of two clean classes, which are 4 apart.)
#
# **Lower law** (Theorem L5, claim `law.lower`). Towards $+Yr_j\mu$ the way that is left has norm
# $(4-e)_+\sqrt{\delta_j}$, and
#
# $$S_j\ge\Phi\bigl(Q(A)-(4-e)_+\sqrt{\delta_j}\bigr).$$
#
# **Predict**: $p=0.7$, $\delta=\frac12$, and a classifier with $S_j=0.9$. Theorem 2 says nothing
# below $e=4$. How much adversarial accuracy is possible at $e=2$?

# %%
my_guess = 0.9  # change it before you go on

# %%
p, delta, spatial = 0.7, 0.5, 0.9
print(" e     D   upper law  lower law  best A of any classifier")
for e in (0.0, 1.0, 2.0, 3.0, 4.0):
    D = laws.residual(e, delta)
    upper = laws.gradual_adversarial(spatial, p, D, tight=True)
    lower = laws.lower_adversarial(spatial, e, delta)
    best = robust_bayes_accuracy(p, e, math.inf)
    print(f"{e:2.0f} {D:6.3f} {upper:9.4f} {lower:10.4f} {best:12.4f}")
print("you said", my_guess, "at e = 2; from e = 2 on no classifier at all has A above p =", p)

# %% [markdown]
# The least of the three numbers in a row is what the laws leave. (The last column is $A^*$, the
# adversarial accuracy of the best classifier of all, whatever its $S$; here for long words, where
# $\varepsilon<1$.) At $e=4$ the upper law is the sharper bound of lesson 4, $0.2333$, made a little
# sharper still by $q_-\le T_4(q_+)$.
#
# The figure shows the laws for all $S_j$. Circles are classifiers that lie exactly on a law: it is
# not only true, it cannot be improved there.

# %%
plots.gradual_laws(p=0.7, delta=0.5)

# %% [markdown]
# ## One shift: natural against adversarial accuracy
#
# Take $n=1$: the only shift is the identity, and $S$ is the natural accuracy. For $e<2$ the exact
# frontier is known in closed form (Theorem L8, claim `law.natural`): the curve
#
# $$S(t)=p\,\Phi(2-t)+(1-p)\,\Phi(2+t),\qquad A(t)=p\,\Phi(2-e-t)+(1-p)\,\Phi(2-e+t)$$
#
# for $t$ from $-\frac L4$ (most accurate) to $-\frac L{2(2-e)}$ (most robust), attained by
# $\operatorname{sign}(\langle c,x\rangle/\sqrt d-t\operatorname{sign}(x_0))$.
#
# **Predict** once more: $p=\frac12$, $e=1$. How much natural accuracy must be given up to be as
# robust as possible?

# %%
my_second_guess = 0.05  # change it before you go on

# %%
for p_now in (0.5, 0.6, 0.7, 0.9):
    odds = math.log(p_now / (1 - p_now))
    accurate, robust = -odds / 4, -odds / 2  # the two ends of t at e = 1
    lost = mixture_accuracy(2, -accurate, p_now) - mixture_accuracy(2, -robust, p_now)
    won = mixture_accuracy(1, -robust, p_now) - mixture_accuracy(1, -accurate, p_now)
    print(f"p = {p_now}: natural accuracy given up {lost:.4f}, adversarial accuracy won {won:.4f}")
print("you said", my_second_guess, "at p = 0.5")

# %% [markdown]
# Nothing! At $p=\frac12$ both ends are $t=0$: the Bayes classifier is the most robust one up to
# $e=2$. In this model the trade-off of natural with adversarial accuracy is tiny at small budgets.
# The trade-off with *spatial* accuracy is another matter: see the figure after the next.


# %%
def draw_one_shift(p, budgets):
    """Draw the exact frontier of natural and adversarial accuracy, one shift, budgets below 2."""
    odds = math.log(p / (1 - p))
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        for e, color, line in zip(budgets, CYCLE, LINES, strict=False):
            t = np.linspace(-odds / 4, -odds / (2 * (2 - e)), 200)
            s, a = mixture_accuracy(2, -t, p), mixture_accuracy(2 - e, -t, p)
            axes.plot(s, a, color=color, ls=line, label=f"e = {e:g}")
            axes.plot(s[[0, -1]], a[[0, -1]], "o", color=color, ms=5, ls="none")
        axes.set(
            xlabel="natural accuracy",
            ylabel="adversarial accuracy",
            title=f"One shift: natural against adversarial accuracy (p = {p:g})",
        )
        axes.legend(loc="lower left")
    return figure


draw_one_shift(p=0.9, budgets=(0.5, 1.0, 1.5, 1.8))

# %% [markdown]
# ## Two shifts: the frontier of all classifiers
#
# With two shifts (the identity and one more) the exact frontier is known, too: not in closed form,
# but between two certified curves as close as one likes. The theory behind it is in
# `docs/theory/frontiers.md`. On the command line:
#
# ```console
# $ spadv frontier --codeword random:64:0 --shift 32 --p 0.7 --budget 2 --out out/frontier
# ```
#
# and here:

# %%
dist = CodeGaussian(random_word(64, seed=0), p=0.7, shift=32)
known = frontier(dist, budget=2.0)
region(known, law_lines(dist))

# %% [markdown]
# How to read it. Grey: no classifier is there. The orange line is the exact frontier; points below
# it (shaded) are achieved. The dotted grey lines are the laws, which hold for any number of shifts.
# Blue dots are the best *linear* rules that were found. Named classifiers: Bayes is accurate for
# the identity only; shift-Bayes serves both shifts best; the stump and robust Bayes have $A=p$, and
# at $e=2$ they are the same rule.

# %%
print("correlation of the two words:", dist.orbit.kappa[1])
print(f"exact frontier, {known.exact.method}: gap of the certified curves {known.exact.gap:.4f}")
low, high = known.linear_gap
print(f"best linear rules miss it by {low:.4f} to {high:.4f}")
for s in (0.75, 0.85, 0.95):
    lower, upper = (np.interp(s, *curve.T) for curve in (known.exact.lower, known.exact.upper))
    law = np.interp(s, *known.outer.T)
    print(f"S = {s}: A between {lower:.4f} and {upper:.4f}; the laws allow {law:.4f}")

# %% [markdown]
# ## Questions
#
# [Solutions](solutions/solution5_gradual_tradeoff.py), for afterwards.
#
# **Question 1** (paper). Show that at $e\ge4$ the lower law says $A\le S_j$, and that the upper law
# without the condition $q_-\le T_4(q_+)$ becomes $A\le1-\frac{1-p}pS$ for $S\le p$ and
# $A\le\frac{p(1-S)}{1-p}$ beyond.
#
# **Question 2** (paper). Show that on the one-shift curve $S'(t)=0$ exactly at $t=-\frac L4$ and
# $A'(t)=0$ exactly at $t=-\frac L{2(2-e)}$. Why is nothing lost at $p=\frac12$?
#
# **Question 3** (code). $p=0.7$, $\delta=\frac12$, $S_j=0.95$. From which budget on do the laws
# exclude $A\ge\frac12$? Draw the allowed $A$ against $e$. Which of the three bounds is the smallest
# where?
#
# **Question 4** (code). For which correlation $\kappa$ of two words is the trade-off hardest?
# Compute the exact frontier for $\kappa\in\{0.8,0.4,0,-0.4\}$ at $p=0.7$, $e=2$ with
# `two_shift_frontier(p, e, kappa, tolerance=5e-3)` of `spadv.theory.frontier`, and compare the
# largest $A$ given $S=0.85$.
#
# **Question 5** (open). A network trained on samples of this distribution would be a point of the
# figure. Where would you expect networks trained naturally, on shifted samples, adversarially, and
# both? What could keep a network below the frontier? (`spadv bridge` does the experiment.)
#
# ## Where to go next
#
# Move $p$, the shifts and the budget yourself: `docs/explorable/explorable.html`. [Lesson
# 6](lesson6_turn_an_equivariant_network.py) leaves the model and trains networks.
