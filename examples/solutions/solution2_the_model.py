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
# # Solutions to lesson 2: the model and its Bayes classifier
#
# The questions are in [lesson 2](../lesson2_the_model.py).

# %%
import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from spadv.style import BLUE, GREY, VERMILION, new_figure, styled
from spadv.theory import CodeGaussian, LinearRule, measure, simplex_word
from spadv.theory.accuracy import bayes_accuracy, log_odds, mixture_accuracy

# %% [markdown]
# ## Answer 1
#
# $u=\frac1{\sqrt d}\sum_tc_tX_t$. Given $Y$, each $c_tX_t$ is normal with mean $c_t\cdot2Yc_t/\sqrt
# d =2Y/\sqrt d$, since $c_t^2=1$, and variance $c_t^2=1$; they are independent. So the sum has mean
# $2Y\sqrt d$ and variance $d$, and $u\sim N(2Y,1)$.
#
# $f^*$ is right if $Y(Lx_0+4u)>0$. $Yu\sim N(2,1)$, and $YLx_0=\pm L$ with probabilities $p$ and
# $1-p$. So it is right with probability $\Pr(N(2,1)>-L/4)=\Phi(2+L/4)$ in the first case and
# $\Phi(2-L/4)$ in the second.
#
# $L/4=2$ means $L=8$, $p=1/(1+e^{-8})=0.99966$. Beyond that, where $x_0$ is wrong, the threshold
# has passed the mean of $u$: the rule then errs more often than not, and $x_0$ rules. It still
# listens to $u$ if $u$ is large enough.

# %%
edge = 1 / (1 + np.exp(-8))
assert np.isclose(log_odds(edge) / 4, 2)
formula = 0.7 * ndtr(2 + log_odds(0.7) / 4) + 0.3 * ndtr(2 - log_odds(0.7) / 4)
assert np.isclose(formula, bayes_accuracy(0.7))
print(f"p = {edge:.5f}; accuracy there {bayes_accuracy(edge):.6f}, sign(x0) alone {edge:.6f}")

# %% [markdown]
# ## Answer 2
#
# $\mu=Mc/\sqrt d$ has norm $M$, and nothing else changes: the log-likelihood ratio is
# $Lx_0+2\langle\mu,x\rangle=Lx_0+2Mu$ with $u\sim N(MY,1)$. Thresholds are at $\mp L/(2M)$, and the
# accuracy is $p\,\Phi(M+\frac L{2M})+(1-p)\,\Phi(M-\frac L{2M})$. This is Theorem L1 of
# `docs/theory/laws.md`; $M=2$ is our case.

# %%
rng = np.random.default_rng(1)
for M in (0.5, 1.0, 2.0):
    y = rng.choice([-1, 1], size=400_000)
    x0 = np.where(rng.random(y.size) < 0.7, y, -y)
    u = M * y + rng.standard_normal(y.size)
    seen = (np.sign(log_odds(0.7) * x0 + 2 * M * u) == y).mean()
    exact = mixture_accuracy(M, log_odds(0.7) / (2 * M), 0.7)
    print(f"M = {M}: formula {exact:.4f}, samples {seen:.4f}")
    assert abs(seen - exact) < 0.005

# %% [markdown]
# ## Answer 3
#
# $Yc_t\operatorname{sign}(X_t)$ is $+1$ with probability $\Phi(2/\sqrt d)\approx\frac12+
# \frac1{\sqrt{2\pi}}\frac2{\sqrt d}$. So its mean is about $\sqrt{8/\pi}/\sqrt d$, its variance
# about 1, and the sum of $d$ of them, divided by $\sqrt d$, is nearly normal with mean
# $\sqrt{8/\pi}= 2\sqrt{2/\pi}$ and variance 1. The accuracy approaches $\Phi(2\sqrt{2/\pi})$: as if
# the classes were $4\sqrt{2/\pi}=3.19$ apart. Statisticians say that the sign test has efficiency
# $2/\pi$.

# %%
limit = ndtr(2 * np.sqrt(2 / np.pi))
for degree in (6, 10):
    dist = CodeGaussian(simplex_word(degree), p=0.7)
    word = dist.orbit.codeword

    def vote(rows, word=word):
        """Return the majority of the signs; d is odd, so there are no ties."""
        return np.where(np.sign(rows[:, 1:]) @ word > 0, 1, -1)

    seen = measure(vote, dist, samples=20_000, rng=rng, level=0.999).natural
    print(f"d = {dist.d:4}: measured {seen}, limit {limit:.4f}")
    assert seen.interval.low - 0.005 < limit < seen.interval.high + 0.005

# %% [markdown]
# ## Answer 4
#
# $w/N$ is normal with mean $\mu$ and covariance $I/N$. The accuracy of $\operatorname{sign}\langle
# w,x\rangle$ is $\Phi(\langle w,\mu\rangle/\lVert w\rVert)$. Here $\langle w,\mu\rangle/N\approx4$
# and $\lVert w\rVert^2/N^2\approx4+d/N$, so the accuracy is about $\Phi(4/\sqrt{4+d/N})$. For 95%
# the fraction must be $1.645$, hence $d/N\approx1.91$: about $d/1.9$ samples. The more weak
# features share the signal, the more samples it takes to find it.


# %%
def learned(dist, samples, rng):
    """Return the exact accuracy of the rule with weights sum of y x."""
    x, y = dist.sample(samples, rng)
    w = y @ x[:, 1:]
    return LinearRule(w, w).natural_accuracy(dist)


needed = brentq(lambda ratio: ndtr(4 / np.sqrt(4 + ratio)) - 0.95, 0.1, 10)
print(f"theory: N = d / {needed:.3f}")
curves = {}
for degree in (6, 10):
    dist = CodeGaussian(simplex_word(degree), p=0.7)
    sizes = np.unique(np.geomspace(5, 2000, 25).astype(int))
    curves[dist.d] = sizes, [np.mean([learned(dist, n, rng) for _ in range(8)]) for n in sizes]
    first = sizes[np.argmax(np.array(curves[dist.d][1]) >= 0.95)]
    print(f"d = {dist.d:4}: theory {dist.d / needed:.0f} samples, found between sizes near {first}")
    assert 0.5 < first / (dist.d / needed) < 2


# %%
def draw_learning(curves):
    """Draw the accuracy against the number of samples, simulated and by the formula."""
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        for (d, (sizes, means)), color in zip(curves.items(), (BLUE, VERMILION), strict=True):
            axes.plot(sizes, means, "o", ms=4, color=color, ls="none", label=f"d = {d}, simulated")
            formula = ndtr(4 / np.sqrt(4 + d / sizes))
            axes.plot(sizes, formula, color=color, ls="-", label=f"d = {d}, Φ(4/√(4 + d/N))")
        axes.axhline(0.95, color=GREY, lw=1, ls=":")
        axes.set(xscale="log", xlabel="number N of samples", ylabel="accuracy")
        axes.set(title="Learning the weak features")
        axes.legend(loc="lower right")
    return figure


draw_learning(curves)

# %% [markdown]
# ## Answer 5
#
# An open question. Things to say:
#
# - $x_0$ stands for a feature that a person would name and that small changes of pixels cannot
#   alter, such as the outline of an animal; it can mislead ($p<1$). $x_1,\dots,x_d$ stand for the
#   many slight regularities, of texture for instance, that predict the label well together and that
#   nobody would miss one by one.
# - The model is right about one thing that matters: each weak feature changes by less than its
#   noise ($4/\sqrt d$ against 1), yet all together flip the decision. The computation below says
#   how far the sum moves.
# - It is wrong about others: in photographs features are not independent, rotation is no cyclic
#   shift of coordinates (it fills in, cuts off and interpolates), the word is not known, and $x_0$
#   is not given but must be computed from the same pixels that the attacker moves.

# %%
for d in (63, 1023, 10**5):
    step = 4 / np.sqrt(d)
    moved = d * step / np.sqrt(d)
    print(f"d = {d:6}: each coordinate moves by {step:.4f} deviations, u by {moved:g}")
    assert np.isclose(moved, 4)
