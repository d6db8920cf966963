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
# # Lesson 3: Proposition 1 by hand, by formula, by simulation
#
# **What you will learn**
#
# - how much accuracy the Bayes classifier loses when its input is shifted, computed three ways;
# - where the printed proof of Proposition 1 slips, and why the proposition is true all the same;
# - what an exact confidence interval promises, and how to use one to decide between two formulas.
#
# **Prerequisites**: lessons 1 and 2. No PyTorch. About 50 minutes.

# %%
import numpy as np
from scipy.special import ndtr

from spadv.stats import binomial_p_value
from spadv.style import BLUE, GREY, VERMILION, new_figure, styled
from spadv.theory import (
    CodeGaussian,
    CodewordOrbit,
    bayes,
    check,
    clopper_pearson,
    measure,
    plots,
    random_word,
    simplex_word,
)
from spadv.theory.accuracy import bayes_accuracy, shifted_accuracy

# %% [markdown]
# ## The statement
#
# **Proposition 1** (arXiv 2002.11318). There are $p\ge\frac12$ and a cyclic code of relative
# distance $\delta\ge\frac38$ such that the Bayes classifier $f^*$ of $(X,Y)$ has accuracy at least
# 97%, and the Bayes classifier of $(r_jX,Y)$ has accuracy at least 97%, too. But $f^*$ applied to
# $r_jX$ has accuracy at most 85%, for any $j$.
#
# The first two are lesson 2: both accuracies are $\Phi(2)=0.977$ or more. The third is ours.
#
# ## By hand
#
# Take the smallest interesting word, the simplex word of length 7, and shift it by one place:
#
# | $t$ | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
# |---|---|---|---|---|---|---|---|
# | $c_t$ | + | + | − | + | − | − | − |
# | $(r_1c)_t$ | + | − | + | − | − | − | + |
# | product | + | − | − | − | + | + | − |
#
# Three products are $+1$, four are $-1$: $\langle c,r_1c\rangle=-1$ and $\kappa_1=-\frac17$.
#
# $f^*$ looks at $u=\langle c,x\rangle/\sqrt d$. On shifted input, $r_1X=Yr_1\mu+N$ with independent
# standard normal noise $N_1,\dots,N_7$, so
#
# $$u=\frac1{\sqrt7}\sum_tc_t\Bigl(\frac{2Y}{\sqrt7}(r_1c)_t+N_t\Bigr)
# =\frac{2Y}7\underbrace{\sum_tc_t(r_1c)_t}_{-1}+\frac1{\sqrt7}\sum_tc_tN_t
# =-\frac27Y+\text{noise}.$$
#
# The noise $\frac1{\sqrt7}(N_1+N_2-N_3+N_4-N_5-N_6-N_7)$ has variance $\frac17(1+1+1+1+1+1+1)=1$.
# At $p=\frac12$ the classifier answers $\operatorname{sign}(u)$ and is right with probability
# $\Phi(-\frac27)$: worse than a coin.

# %%
word = simplex_word(3)
shifted_word = CodewordOrbit(word).rotated(1)
print("c     ", word)
print("r_1 c ", shifted_word)
print("sum of products", word @ shifted_word, "  accuracy", ndtr(-2 / 7).round(4))

# %% [markdown]
# ## By formula
#
# The same lines with $d$ for 7 and $\kappa_j$ for $-\frac17$ give: on $r_jX$ the statistic $u$ is
# $N(2\kappa_jY,1)$. With the thresholds $\mp L/4$ of lesson 2,
#
# $$\Pr(f^*(r_jX)=Y)=p\,\Phi\bigl(2\kappa_j+\tfrac L4\bigr)
# +(1-p)\,\Phi\bigl(2\kappa_j-\tfrac L4\bigr),$$
#
# which is $\Phi(2\kappa_j)$ at $p=\frac12$. It grows with $\kappa_j$. Relative distance
# $\delta\ge\frac38$ means $\kappa_j=1-2\delta_j\le\frac14$, so at $p=\frac12$ the accuracy is at
# most $\Phi(\frac12)=0.6915$.
#
# ## What the printed proof says
#
# The paper's proof splits the coordinates into the set $S_j$ where $c$ and $r_jc$ agree, and the
# rest. It says that $\sum_{t\in S_j}c_tX_t-\sum_{t\notin S_j}c_tX_t$ has mean $2Y(2\lvert
# S_j\rvert-d)/\sqrt d$ and variance $2\lvert S_j\rvert-d$, and arrives at $\Phi(1)=0.841$ for
# $\delta=\frac38$: the ceiling of 85% in the statement.

# %%
delta = 3 / 8
kappa = 1 - 2 * delta
print("formula:      Phi(2 kappa)       =", ndtr(2 * kappa).round(4))
print("printed proof: Phi(2 sqrt(kappa)) =", ndtr(2 * np.sqrt(kappa)).round(4))

# %% [markdown]
# Two formulas, two numbers. **Predict**: a simulation with $\kappa=\frac14$ at $p=\frac12$. What
# accuracy will it show? And can one line of reasoning tell which formula is wrong, before any
# computation? (Hint: what would the printed variance be for the word of length 7 above?)

# %%
my_guess = 0.84  # change it before you go on

# %% [markdown]
# ## By simulation
#
# We need a word with $\kappa_j=\frac14$ for some shift. At $d=16$ a random one will do.

# %%
orbit = CodewordOrbit(random_word(16, seed=3))
print("sixteenths of kappa_j:", orbit.autocorrelation, "  smallest delta:", orbit.min_delta)
dist = CodeGaussian(orbit.codeword, p=0.5)
rng = np.random.default_rng(0)
samples = 2_000  # change me
seen = measure(bayes(dist), dist, samples=samples, rng=rng, shifts=[1]).shifted[1]
print(f"f* on r_1 X: {seen};  you said {my_guess}")
for name, value in (("formula", ndtr(0.5)), ("printed proof", ndtr(1.0))):
    inside = "inside" if value in seen.interval else "outside"
    chance = binomial_p_value(seen.successes, seen.trials, value)
    print(f"{name:14} {value:.4f} is {inside} the interval, p-value {chance:.2g}")

# %% [markdown]
# The printed formula is ruled out. Its slip: the variance of a sum of independent variables is the
# sum of their variances, *whatever their signs*. Minus signs are squared away, so the variance is
# $d$, not $2\lvert S_j\rvert-d$. For the word of length 7 the printed one would be $2\cdot3-7=-1$:
# a negative variance, which shows the slip without a computation.
#
# The mistake goes in the harmless direction: the true accuracy is lower than claimed, and the
# proposition holds with more room. The solid curve below is the true one, the dashed one that of
# the printed proof, the dots are simulations.

# %%
results = [
    check("prop1", codeword=text, shift=shift, p=0.5, samples=4_000)
    for text, shift in (("random:16:3", 1), ("random:64:0", 8), ("simplex:6", 21), ("qr:31", 1))
]
plots.accuracy_against_kappa(results)

# %% [markdown]
# ## What the interval promises
#
# The interval of Clopper and Pearson (1934) is **exact**: whatever the true accuracy and however
# small the sample, it covers the truth with probability *at least* 95%. Do not take our word for
# it: repeat a small experiment many times, and count.


# %%
def coverage(truth, trials, repeats, rng):
    """Return the intervals of repeated experiments, and the share that covers the truth."""
    counts = rng.binomial(trials, truth, size=repeats)
    intervals = [clopper_pearson(int(k), trials) for k in counts]
    return intervals, np.mean([truth in interval for interval in intervals])


def draw_intervals(truth, trials, repeats, rng):
    """Draw the intervals, those that miss the truth in another colour."""
    intervals, _ = coverage(truth, trials, repeats, rng)
    with styled():
        figure = new_figure(figsize=(6.4, 3.2))
        axes = figure.subplots()
        for i, interval in enumerate(intervals):
            hit = truth in interval
            color = BLUE if hit else VERMILION
            axes.plot([i, i], interval[:2], color=color, lw=2 if hit else 3, ls="-")
        axes.axhline(truth, color=GREY, lw=1.2, ls="--", label=f"truth: {truth:.4f}")
        axes.set(
            xlabel="experiment",
            ylabel="95% interval",
            ylim=(truth - 0.32, truth + 0.22),
            title=f"{repeats} experiments of {trials} samples each",
        )
        axes.legend(loc="lower right")
    return figure


_, covered = coverage(ndtr(0.5), trials=100, repeats=20_000, rng=rng)
print(f"of 20,000 intervals {covered:.2%} cover the truth")
draw_intervals(ndtr(0.5), trials=100, repeats=80, rng=rng)

# %% [markdown]
# ## How far the proposition reaches
#
# Nothing forces $p\to\frac12$. For $\kappa\le\frac14$ the claim holds for every $p$ from $\frac12$
# to $0.93552$, where $f^*$ on $r_jX$ reaches 85%.

# %%
print("f* on X at p = 0.93552:    ", bayes_accuracy(0.93552).round(4))
print("f* on r_j X at p = 0.93552:", shifted_accuracy(0.25, 0.93552).round(4))
plots.accuracy_against_p()

# %% [markdown]
# And "for any $j$" cannot be taken literally: $r_n$ is the identity, and then $f^*$ keeps its 97%.
# The same is true of every shift by a multiple of the word's period (lesson 1). spadv holds both as
# claims of their own:

# %%
for name in ("prop1", "prop1.variance", "prop1.any_j", "prop1.random_shift"):
    result = check(name, codeword="random:16:3", p=0.5, samples=2_000)
    print(f"{name:18} {result.verdict:10} {result.note}")

# %% [markdown]
# ## Questions
#
# [Solutions](solutions/solution3_proposition_1.py), for afterwards.
#
# **Question 1** (paper). Do the table above for $r_3$ and the word of length 7. Then compute the
# accuracy of $f^*$ on $r_3X$ at $p=\frac12$ without a computer but for one value of $\Phi$.
#
# **Question 2** (paper). A random shift $r$ takes each $r_j$, $j=1,\dots,n$, with probability
# $\frac1n$; one of them is the identity. Show that at $p=\frac12$ and $\delta_j\ge\frac38$ for all
# other $j$, the accuracy of $f^*$ on $rX$ is at most $0.8344$ for every $n\ge2$.
#
# **Question 3** (code). How many samples are needed so that in at least 95 of 100 experiments the
# exact 95% interval excludes $0.8413$ while the truth is $0.6915$? And how many to tell $0.6915$
# from $0.70$?
#
# **Question 4** (code). Find the two constants of spadv's claims by yourself: the largest $p$ for
# $\delta=\frac38$ ($0.93552$), and the smallest $\delta$ that gives 85% at $p=\frac12$ ($0.24089$).
#
# **Question 5** (open). Rewrite Proposition 1 so that it is true, says as much as possible and
# needs no footnote. What happens to it when the word is smooth, such as the wave in the solutions
# of lesson 1?
#
# ## Where to go next
#
# [Lesson 4](lesson4_cannot_have_it_all.py): an adversary enters. The mended proof, each step proved
# by a computer: `spadv symbolic --claim prop1`. All claims about the proposition, on many words:
# `spadv verify --claim prop1`. The paper's slips, one by one: `docs/theory/errata.md`.
