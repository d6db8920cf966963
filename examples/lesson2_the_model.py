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
# # Lesson 2: the model and its Bayes classifier
#
# **What you will learn**
#
# - the distribution of the paper: one strong feature that is sometimes wrong, many weak ones;
# - how its best classifier follows from two densities;
# - how to compute an accuracy exactly, and how to check it by sampling.
#
# **Prerequisites**: lesson 1, the normal distribution, Bayes' rule. No PyTorch. About 40 minutes.

# %%
import numpy as np
from scipy.special import ndtr  # the normal distribution function, Phi

from spadv.style import BLACK, BLUE, GREEN, GREY, VERMILION, new_figure, styled
from spadv.theory import CodeGaussian, bayes, measure, simplex_word, x0_rule
from spadv.theory.accuracy import bayes_accuracy, log_odds

# %% [markdown]
# ## The distribution
#
# A label $Y$ is $+1$ or $-1$, each with probability $\frac12$. A classifier sees $d+1$ features:
#
# - $X_0=Y$ with probability $p\ge\frac12$, otherwise $X_0=-Y$;
# - $X_1,\dots,X_d$, which given $Y$ are independent of each other and of $X_0$, normal with
#   variance 1 and means $\mathbb E[X_t\mid Y]=2Yc_t/\sqrt d$, where $c$ is a word of signs (lesson
#   1).
#
# So the vector $X=(X_1,\dots,X_d)$ is $N(Y\mu,I)$ with $\mu=2c/\sqrt d$. Whatever $d$ is, $\mu$ has
# norm 2: the two classes are always 4 apart. What grows with $d$ is the number of features that
# carry the signal, and what shrinks is the share of each.

# %%
d, p = 63, 0.7  # change p
dist = CodeGaussian(simplex_word(6), p=p)
rng = np.random.default_rng(0)
x, y = dist.sample(20_000, rng)
print("features", x.shape, " labels", y.shape, " first labels", y[:8])
print("share of samples with x0 = y:", (x[:, 0] == y).mean())
print("norm of mu:", np.linalg.norm(dist.mean))

# %% [markdown]
# ## One weak feature, and all of them
#
# From the single feature $X_t$ alone the best guess is $\operatorname{sign}(c_tx_t)$. It is right
# with probability $\Phi(2/\sqrt d)$, because $Yc_tX_t$ is $N(2/\sqrt d,1)$.
#
# Now add them up: $u=\langle c,x\rangle/\sqrt d$. It is a sum of $d$ independent normal variables
# of variance $1/d$ each, and its mean is $d\cdot\frac{2Y}{\sqrt d}\cdot\frac1{\sqrt d}=2Y$. So
# $u\sim N(2Y,1)$, and $\operatorname{sign}(u)$ is right with probability $\Phi(2)$.

# %%
word = dist.orbit.codeword
u = x[:, 1:] @ word / np.sqrt(d)
print("one feature:  formula", ndtr(2 / np.sqrt(d)).round(4), end="  ")
print("samples", (np.sign(word[0] * x[:, 1]) == y).mean())
print("all of them:  formula", ndtr(2).round(4), end="  samples", flush=True)
print("", (np.sign(u) == y).mean())

# %% [markdown]
# ## The best classifier
#
# The accuracy of a classifier is highest if for every $(x_0,x)$ it answers with the likelier label.
# That is the sign of the logarithm of the likelihood ratio,
#
# $$\log\frac{\Pr(x_0\mid Y=1)}{\Pr(x_0\mid Y=-1)}+\log\frac{\varphi_d(x-\mu)}{\varphi_d(x+\mu)},$$
#
# with $\varphi_d$ the density of $N(0,I)$. The first term is $L$ for $x_0=1$ and $-L$ for $x_0=-1$,
# where $L=\log\frac p{1-p}$. The second is $\frac12\lVert x+\mu\rVert^2-\frac12\lVert
# x-\mu\rVert^2=2\langle\mu,x\rangle$: the squares cancel. With $\mu=2c/\sqrt d$ the **Bayes
# classifier** is
#
# $$f^*(x)=\operatorname{sign}\Bigl(Lx_0+\tfrac4{\sqrt d}\langle c,x\rangle\Bigr)
# =\operatorname{sign}\bigl(Lx_0+4u\bigr).$$
#
# It is a threshold on $u$: at $-L/4$ where $x_0=1$, and at $+L/4$ where $x_0=-1$.

# %%
by_hand = np.sign(log_odds(p) * x[:, 0] + 4 * u)
rule = bayes(dist)
print("the rule of spadv gives the same answers:", (rule.predict(x) == by_hand).all())


# %%
def draw_thresholds(u, y, x0, p):
    """Draw the distribution of u for both labels, and the two thresholds of the Bayes rule."""
    odds = float(log_odds(p))
    grid = np.linspace(-6, 6, 400)
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        for label, color in ((-1, VERMILION), (1, BLUE)):
            axes.hist(u[y == label], bins=60, density=True, color=color, alpha=0.25)
            density = np.exp(-((grid - 2 * label) ** 2) / 2) / np.sqrt(2 * np.pi)
            axes.plot(grid, density, color=color, ls="-", label=f"N({2 * label}, 1): Y = {label}")
        axes.axvline(-odds / 4, color=BLACK, ls="--", lw=1.2, label="threshold where $x_0=1$")
        axes.axvline(odds / 4, color=GREY, ls=":", lw=1.5, label="threshold where $x_0=-1$")
        axes.set(
            xlabel=r"$u=\langle c,x\rangle/\sqrt{d}$",
            ylabel="density",
            ylim=(0, 0.55),
            title=f"All weak features in one number (p = {p:g})",
        )
        axes.legend(loc="upper center", ncols=2)
    return figure


draw_thresholds(u, y, x[:, 0], p)

# %% [markdown]
# ## Its accuracy, exactly
#
# If $x_0$ is right (probability $p$), the rule errs when $u$ falls on the wrong side of a threshold
# that is $2+L/4$ away from its mean; if $x_0$ is wrong, the way is only $2-L/4$:
#
# $$\Pr(f^*(X)=Y)=p\,\Phi\bigl(2+\tfrac L4\bigr)+(1-p)\,\Phi\bigl(2-\tfrac L4\bigr).$$
#
# **Predict**: the weak features alone give $\Phi(2)=0.97725$. The strong feature is right in 7 of
# 10 cases. How many percentage points does it add?

# %%
my_guess = 1.0  # percentage points; change it before you go on

# %%
added = 100 * (bayes_accuracy(0.7) - ndtr(2))
print(
    f"accuracy {bayes_accuracy(0.7):.5f}: {added:.2f} percentage points more; you said {my_guess}"
)

# %% [markdown]
# Hardly a quarter of a percentage point. The weak features together are so sure of the label that
# $x_0$ matters only where they are undecided. It is tempting to ignore $x_0$; lesson 4 shows what
# it is good for: it is the only feature that an attacker cannot touch.


# %%
def draw_accuracies():
    """Draw the accuracy of x0 alone, of the weak features alone, and of the Bayes classifier."""
    grid = np.linspace(0.5, 0.9999, 400)
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        axes.plot(grid, bayes_accuracy(grid), color=BLUE, ls="-", label="Bayes classifier")
        axes.axhline(ndtr(2), color=GREEN, ls="--", label="weak features alone: Φ(2)")
        axes.plot(grid, grid, color=VERMILION, ls="-.", label="sign(x₀): p")
        axes.set(
            xlabel="p, probability that x₀ equals the label",
            ylabel="accuracy",
            xlim=(0.5, 1),
            ylim=(0.5, 1.01),
            title="What each kind of feature is worth",
        )
        axes.legend(loc="lower right")
    return figure


draw_accuracies()

# %% [markdown]
# ## Measuring any classifier
#
# `measure` takes any function from rows $(x_0,x_1,\dots,x_d)$ to labels $\pm1$, or an object with
# `predict`, and gives accuracies with exact confidence intervals (Clopper and Pearson, 1934).
# Linear rules also know their exact accuracies.

# %%
seen = measure(rule, dist, samples=20_000, rng=rng)
print("Bayes:    exact", round(rule.natural_accuracy(dist), 5), " measured", seen.natural)
seen = measure(x0_rule(dist), dist, samples=20_000, rng=rng)
print("sign(x0): exact", x0_rule(dist).natural_accuracy(dist), " measured", seen.natural)


# %%
def mine(rows):
    """Return labels of rows (size, d + 1): replace this rule by one of your own."""
    return np.where(rows[:, 0] + rows[:, 1:] @ word > 0, 1, -1)


print("mine:", measure(mine, dist, samples=20_000, rng=rng).natural)

# %% [markdown]
# ## And after a shift?
#
# Shifting moves the coordinates of $X$ and leaves $x_0$ alone, so $r_jX$ is $N(Yr_j\mu,I)$. A
# classifier that *knows* the shift uses $r_jc$ in place of $c$ and is as good as before. One that
# does not know it is another matter.

# %%
knowing, not_knowing = bayes(dist, shift=1), bayes(dist)
print("f*_1 on r_1 X:", knowing.shifted_accuracies(dist)[1].round(5))
print("f*   on r_1 X:", not_knowing.shifted_accuracies(dist)[1].round(5))

# %% [markdown]
# The second number is the subject of lesson 3.
#
# ## Questions
#
# [Solutions](solutions/solution2_the_model.py), for afterwards.
#
# **Question 1** (paper). Without looking it up, derive $u\sim N(2Y,1)$ and the accuracy of $f^*$.
# At which $p$ is the threshold $L/4$ as far out as the mean, 2? What does $f^*$ do beyond that?
#
# **Question 2** (paper). Let the means be $\pm Mc/\sqrt d$ instead of $\pm2c/\sqrt d$. Which
# classifier is best now, and what is its accuracy?
#
# **Question 3** (code). A voter counts signs: $\operatorname{sign}(\sum_tc_t\operatorname{sign}
# (x_t))$. Measure its accuracy at $d=63$ and $d=1023$. Why does it approach
# $\Phi(2\sqrt{2/\pi})=0.9447$?
#
# **Question 4** (code). A learner does not know $c$. It sees $N$ labelled samples and uses the
# weights $w=\sum_iy_ix^{(i)}$, without $x_0$. How many samples does it need for an accuracy of 95%,
# at $d=63$ and at $d=1023$? (`LinearRule(w, w)` has `natural_accuracy`.)
#
# **Question 5** (open). The model goes back to Tsipras and others (*Robustness may be at odds with
# accuracy*, 2019). Which properties of photographs play the role of $x_0$, and which that of
# $x_1,\dots,x_d$? Where is the model wrong about photographs?
#
# ## Where to go next
#
# [Lesson 3](lesson3_proposition_1.py): the Bayes classifier meets a shift. The general form, for
# any template $\mu$ and any permutations of coordinates, is Theorem L1 of `docs/theory/laws.md`. On
# the command line: `spadv accuracy --codeword simplex:6 --shift 21 --p 0.7 --budget 4`.
