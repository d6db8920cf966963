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
# # Lesson 4: why you cannot have it all
#
# **What you will learn**
#
# - what an adversary with a small budget for each coordinate does to the Bayes classifier;
# - Theorem 2: high adversarial accuracy forbids high spatial accuracy, and the other way round;
# - which simple classifier attains it, and why "both high" is not even possible for one of the two.
#
# **Prerequisites**: lessons 1 to 3. No PyTorch. About 50 minutes.

# %%
import numpy as np

from spadv.style import BLACK, BLUE, GREEN, ORANGE, VERMILION, new_figure, styled
from spadv.theory import (
    CodeGaussian,
    LinearRule,
    bayes,
    best_adversarial_accuracy,
    check,
    laws,
    measure,
    opposing_attack,
    plots,
    robust_bayes,
    simplex_word,
    x0_rule,
)

# %% [markdown]
# ## The adversary
#
# An attacker sees the sample $(x,y)$ and may move every coordinate by at most $\varepsilon$. The
# **adversarial accuracy** $A$ of a classifier is what the worst such attack leaves of its accuracy.
# Budgets are easier to compare between lengths as $e=\varepsilon\sqrt d$; the paper's is $e=4$.
#
# At $d=63$ that is $\varepsilon=0.504$: half a standard deviation of the noise in each coordinate.
# Nobody would notice the change of a single one. The attacker cannot turn $x_0$ from $+1$ to $-1$
# either, as long as $\varepsilon<1$.
#
# The **spatial accuracy** is $S=\Pr(f(rX)=Y)$ for a uniformly random shift $r$, the mean of the
# accuracies $S_j$ on $r_jX$.

# %%
p = 0.7
dist = CodeGaussian(simplex_word(6), p=p, shift=21)  # d = 63, three shifts
budget = 4.0
print(
    "eps =", round(budget / np.sqrt(dist.d), 3), " kappa of the shifts:", dist.orbit.kappa.round(3)
)
print(f"natural accuracy of the Bayes classifier: {bayes(dist).natural_accuracy(dist):.4f}")

# %% [markdown]
# **Predict**: the Bayes classifier is right in 98 of 100 cases. Half a standard deviation in every
# coordinate, chosen by an enemy: what is left?

# %%
my_guess = 0.7  # change it before you go on

# %%
left = bayes(dist).adversarial_accuracy(dist, budget)
print(f"adversarial accuracy of the Bayes classifier: {left:.4f}; you said {my_guess}")

# %% [markdown]
# Three in a hundred: not even a coin. Each coordinate contributes $\varepsilon/\sqrt d=4/d$ to the
# shift of $u=\langle c,x\rangle/\sqrt d$, and there are $d$ of them, all in the same direction. So
# $u$ moves by 4, from $N(2Y,1)$ to $N(-2Y,1)$: the two classes have changed places.


# %%
def draw_attack(dist, budget, rng):
    """Draw the statistic u of the label +1 before and after the attack."""
    x, y = dist.sample(20_000, rng)
    attack = opposing_attack(dist, 0, budget)
    word = dist.orbit.codeword / np.sqrt(dist.d)
    before, after = (rows[y == 1][:, 1:] @ word for rows in (x, attack.perturb(x, y)))
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        bins = np.linspace(-6, 6, 60)
        axes.hist(before, bins=bins, density=True, color=BLUE, alpha=0.5, label="before")
        axes.hist(after, bins=bins, density=True, color=VERMILION, alpha=0.5, label="attacked")
        axes.axvline(0, color=BLACK, lw=1, ls="--")
        axes.set(
            xlabel=r"$u=\langle c,x\rangle/\sqrt{d}$, samples of label +1",
            ylabel="density",
            title=f"Every coordinate moves by {budget / np.sqrt(dist.d):.2f} (e = {budget:g})",
        )
        axes.legend()
    return figure


rng = np.random.default_rng(0)
draw_attack(dist, budget, rng)

# %% [markdown]
# ## A classifier that does not care: the stump
#
# The decision stump $\operatorname{sign}(x_0)$ looks at $x_0$ only. Shifts do not move $x_0$, and
# attacks with $\varepsilon<1$ cannot change its sign. So its natural, spatial and adversarial
# accuracies are all $p$. Compare (all numbers are exact):

# %%
rules = {
    "Bayes": bayes(dist),
    "robust Bayes, e = 1": robust_bayes(dist, 1.0),
    "stump sign(x0)": x0_rule(dist),
}
print(f"{'rule':20} {'natural':>8} {'spatial':>8}   adversarial at e = 1, 2, 4")
for name, rule in rules.items():
    robust = [rule.adversarial_accuracy(dist, e) for e in (1.0, 2.0, 4.0)]
    print(
        f"{name:20} {rule.natural_accuracy(dist):8.4f} {rule.spatial_accuracy(dist):8.4f}", end="  "
    )
    print("".join(f"{value:8.4f}" for value in robust))

# %% [markdown]
# ## Theorem 2
#
# Let $e\ge4$. For every classifier, with $A$ its adversarial and $S$ its spatial accuracy:
#
# - (a) if $A\ge1-\eta$, then $S\le\eta\,\frac p{1-p}$;
# - (b) if $S\ge1-\eta$, then $A\le1-\frac{(1-p)(1-\eta)}p$.
#
# (Text copies of the paper print (a) as $\eta\,p(1-p)$; its own proof has the fraction.)
#
# **Proof idea.** Fix a shift $r_j$. Let $q_+$ be the accuracy of $f$ on $r_jX$ where $x_0$ is
# right, and $q_-$ where it is wrong, so that $S_j=p\,q_++(1-p)\,q_-$. With $e\ge4$ the attacker can
# add a vector that turns the mean $Y\mu$ of $X$ into $-Yr_j\mu$ (each coordinate moves by $0$ or
# $4/\sqrt d$) and leave $x_0$ alone. Then $X$ looks exactly like $r_jX$ with *the other label*; an
# $x_0$ that was right now seems wrong. The attacked classifier is right only where it would have
# been wrong on $r_jX$:
#
# $$A\le p\,(1-q_-)+(1-p)\,(1-q_+).$$
#
# So $1-A\ge p\,q_-+(1-p)\,q_+\ge\frac{1-p}p\,\bigl(p\,q_++(1-p)\,q_-\bigr)=\frac{1-p}p\,S_j$,
# because $p\ge\frac{(1-p)^2}p$. Averaged over $j$ that is both (a) and (b).
#
# The stump has $q_+=1$, $q_-=0$: $1-A=1-p$ and $\frac{1-p}pS=1-p$. Equality in both.

# %%
for name in ("thm2a", "thm2b", "thm2.equality"):
    result = check(name, codeword="simplex:6", shift=21, p=p, samples=2_000)
    print(f"{name:14} {result.verdict:20} value {result.value:.4f}  bound {result.bound:.4f}")

# %% [markdown]
# ## Is there room for both?
#
# Read (a) with $\eta$ small: nearly perfect adversarial accuracy forces the spatial accuracy below
# a small number. It sounds dramatic. But can $\eta$ be small?
#
# The attacker can also turn $Y\mu$ into $+Yr_j\mu$: then $X$ looks like $r_jX$ with the *same*
# label. Hence $A\le S_j$ for every $j$. Together with the line above,
# $1-A\ge\frac{1-p}pS_j\ge\frac{1-p}pA$, so $1\ge A\,\bigl(1+\frac{1-p}p\bigr)=\frac Ap$:
#
# $$A\le p\qquad\text{for every classifier, at every budget }e\ge4 .$$
#
# (It is true from $e=2$ on, where both means can be moved to 0 and only $x_0$ is left.) So the
# hypothesis $A\ge1-\eta$ is satisfiable only for $\eta\ge1-p$. The paper comments on its bounds "as
# $p\to\frac12$ and $\eta\to0$": in that regime there is no classifier at all. For $p$ near
# $\frac12$ nothing is robust; for $p$ near 1 the stump is good at everything. The theorem bites in
# between.

# %%
print("best adversarial accuracy of any classifier at e = 4:", best_adversarial_accuracy(dist, 4.0))
result = check("thm3.limit", p=0.501, eta=0.01, samples=0)
print("thm3.limit:", result.verdict, "-", result.note)
plots.feasibility_region()

# %% [markdown]
# ## All classifiers you can think of
#
# Theorem 2 speaks of *every* classifier. Try many: random linear rules whose weights and thresholds
# depend on $x_0$, with exact accuracies. Beside Theorem 2(b) the picture shows the sharper bound
# that the same four probabilities give where $S>p$ (claim `law.sharpens`):
# $A\le\frac{p(1-S)}{1-p}$.


# %%
def random_rules(dist, count, rng):
    """Return random linear rules: mixtures of the shifts, with thresholds that depend on x0."""
    shifts = np.stack([dist.rotated_mean(j) for j in range(dist.n_shifts)])
    made = []
    for _ in range(count):
        minus, plus = rng.normal(0.6, 1, size=(2, dist.n_shifts)) @ shifts
        trust = rng.exponential(6)  # how far x0 is believed
        made.append(LinearRule(minus, plus, -trust, trust))
    return made


def draw_all(dist, budget, rules):
    """Draw spatial and adversarial accuracy of rules under the bounds."""
    s = np.linspace(0.3, 0.97, 300)
    p = dist.p
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        spatial = [rule.spatial_accuracy(dist) for rule in rules]
        robust = [rule.adversarial_accuracy(dist, budget) for rule in rules]
        axes.plot(spatial, robust, ".", ms=4, color=GREEN, ls="none", label="random linear rules")
        axes.plot(s, laws.theorem2_adversarial(s, p), color=BLUE, ls="-", label="Theorem 2(b)")
        sharper = np.where(s > p, p * (1 - s) / (1 - p), np.nan)
        axes.plot(s, sharper, color=VERMILION, ls="--", label="sharper: p(1 - S)/(1 - p)")
        axes.plot(s, np.where(s <= p, s, np.nan), color=BLACK, ls=":", label="A ≤ S")
        axes.plot([p], [p], "D", ms=8, color=ORANGE, mec="white", ls="none", label="sign(x₀)")
        axes.set(
            xlabel="spatial accuracy S",
            ylabel="adversarial accuracy A",
            xlim=(0.3, 1),
            ylim=(-0.02, 1),
            title=f"No classifier is above the lines (p = {p:g}, e = {budget:g})",
        )
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, 0.8))
    return figure


draw_all(dist, 4.0, random_rules(dist, 600, rng))

# %% [markdown]
# You may also attack a rule of your own, for which there is no formula. `measure` with a budget
# tries the attacks of the proofs. Each shows an accuracy that the true $A$ cannot exceed.

# %%
evidence = dist.mean


def careful(rows):
    """Return x0's opinion unless the weak features contradict it very strongly."""
    u = rows[:, 1:] @ evidence / 2
    return np.where(np.abs(u) > 2.5, np.sign(u), np.sign(rows[:, 0])).astype(int)


found = measure(careful, dist, samples=20_000, rng=rng, budget=4.0)
print("natural", found.natural, "\nspatial", found.spatial, "\nA at most", found.adversarial_upper)
print(f"Theorem 2(b) allows A up to {laws.theorem2_adversarial(found.spatial.value, p):.4f}")

# %% [markdown]
# ## Questions
#
# [Solutions](solutions/solution4_cannot_have_it_all.py), for afterwards.
#
# **Question 1** (paper). Fill in the step "$X$ looks exactly like $r_jX$ with the other label".
# Which vector is added, how large are its entries, and why does it matter that $x_0$ stays?
#
# **Question 2** (paper). Show that the inequality $A\le p(1-q_-)+(1-p)(1-q_+)$ with
# $S=p\,q_++(1-p)\,q_-$ gives $A\le p(1-S)/(1-p)$ for $S>p$. (Which of $q_+,q_-\in[0,1]$ is cheaper
# to spend?) Check it at $p=0.7$, $S=0.9$.
#
# **Question 3** (code). At which budget $e$ does the adversarial accuracy of the Bayes classifier
# fall below $p$? And below $\frac12$? Use the closed form $p\,\Phi(2-e+\frac
# L4)+(1-p)\,\Phi(2-e-\frac L4)$ and compare with `adversarial_accuracy`.
#
# **Question 4** (code). In the figure above rules with $S\ge0.8$ stay far below the dashed line.
# Search for one with $S\ge0.8$ that is as robust as possible at $e=4$. How near do you come?
# (Random search is fine; think of symmetry first.)
#
# **Question 5** (open). What changes if $\varepsilon\ge1$? What would correspond to it for images,
# and is the assumption $\varepsilon<1$ more like the world or less?
#
# ## Where to go next
#
# [Lesson 5](lesson5_gradual_tradeoff.py): budgets below 4, where the trade-off comes in gradually.
# The derivations: `spadv symbolic --claim thm2a`. Proofs of what goes beyond the paper: Theorem L7
# of `docs/theory/laws.md`.
