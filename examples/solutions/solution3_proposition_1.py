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
# # Solutions to lesson 3: Proposition 1
#
# The questions are in [lesson 3](../lesson3_proposition_1.py).

# %%
import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, ndtr, ndtri

from spadv.style import BLUE, GREY, VERMILION, new_figure, styled
from spadv.theory import CodeGaussian, CodewordOrbit, as_word, bayes, check
from spadv.theory import clopper_pearson as exact_interval
from spadv.theory.accuracy import shifted_accuracy

# %% [markdown]
# ## Answer 1
#
# | $t$ | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
# |---|---|---|---|---|---|---|---|
# | $c_t$ | + | + | − | + | − | − | − |
# | $(r_3c)_t=c_{t+3}$ | + | − | − | − | + | + | − |
# | product | + | − | + | − | − | − | + |
#
# Again three against four: the sum is $-1$, $\kappa_3=-\frac17$, and the accuracy is
# $\Phi(2\kappa_3)=\Phi(-\frac27)=0.3875$. All proper shifts of a simplex word are alike.

# %%
word = as_word([1, 1, -1, 1, -1, -1, -1])
orbit = CodewordOrbit(word)
assert orbit.rotated(3).tolist() == [1, -1, -1, -1, 1, 1, -1]
dist = CodeGaussian(word, p=0.5)
accuracies = bayes(dist).shifted_accuracies(dist)
assert np.allclose(accuracies[1:], ndtr(-2 / 7))
print(accuracies.round(4))

# %% [markdown]
# ## Answer 2
#
# At $p=\frac12$ the identity contributes $\Phi(2)$ and every other shift at most $\Phi(\frac12)$,
# so the average is at most
#
# $$\tfrac1n\Phi(2)+\bigl(1-\tfrac1n\bigr)\Phi(\tfrac12),$$
#
# which falls with $n$. At $n=2$ it is $\frac12(0.97725+0.69146)=0.83436<0.8344$. So the 85% of the
# proposition hold for the random shift, the identity included.

# %%
n = np.arange(2, 200)
averages = ndtr(2) / n + (1 - 1 / n) * ndtr(0.5)
assert averages.max() == averages[0] < 0.8344
print(averages[:5].round(4), "->", ndtr(0.5).round(4))

# %% [markdown]
# ## Answer 3
#
# The interval of $k$ successes in $N$ trials excludes $v$ from below if its upper end is less than
# $v$. The upper end rises with $k$, so this happens for all $k$ up to some largest $k_N$, and its
# probability is that of a binomial variable being at most $k_N$: no simulation is needed.


# %%
def power(trials, truth, value):
    """Return the probability that the exact 95% interval lies below a value above the truth."""
    low, high = -1, trials  # the interval of `low` successes lies below, that of `high` does not
    while high - low > 1:
        middle = (low + high) // 2
        if exact_interval(middle, trials).high < value:
            low = middle
        else:
            high = middle
    return float(bdtr(low, trials, truth)) if low >= 0 else 0.0


def needed(truth, value, sizes):
    """Return the first of the sizes from which on the power is at least 95%."""
    powers = np.array([power(int(size), truth, value) for size in sizes])
    weak = np.flatnonzero(powers < 0.95)
    return int(sizes[weak[-1] + 1]) if weak.size else int(sizes[0])


truth = float(ndtr(0.5))
coarse = needed(truth, float(ndtr(1.0)), np.arange(20, 200))
fine = needed(truth, 0.70, np.arange(20_000, 60_000, 250))
print("0.6915 against 0.8413:", coarse, "samples")
print("0.6915 against 0.70:  ", fine, "samples, to the next 250")
assert 60 < coarse < 130
assert 35_000 < fine < 45_000

# %% [markdown]
# Rule of thumb: the needed number is about $(1.96+1.64)^2\,v(1-v)/(\text{difference})^2$. A hundred
# samples settle a difference of 15 points; one of a single point takes tens of thousands. Mind this
# when networks are compared on a thousand test images (lesson 8).


# %%
def draw_power(truth, values):
    """Draw the power against the number of samples."""
    sizes = np.unique(np.geomspace(10, 60_000, 60).astype(int))
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        for value, color in zip(values, (BLUE, VERMILION), strict=True):
            powers = [power(int(size), truth, value) for size in sizes]
            axes.plot(sizes, powers, color=color, ls="-", label=f"to exclude {value:.4f}")
        axes.axhline(0.95, color=GREY, lw=1, ls=":")
        axes.set(xscale="log", xlabel="samples", ylabel="probability to exclude", ylim=(0, 1.02))
        axes.set(title=f"How many samples a decision takes (truth {truth:.4f})")
        axes.legend(loc="center")
    return figure


draw_power(truth, (float(ndtr(1.0)), 0.70))

# %% [markdown]
# ## Answer 4
#
# The accuracy $p\,\Phi(\frac12+\frac L4)+(1-p)\,\Phi(\frac12-\frac L4)$ rises with $p$ and passes
# 0.85 once: a root. At $p=\frac12$ the condition $\Phi(2\kappa)\le0.85$ is
# $\kappa\le\frac12Q(0.85)$ with $Q=\Phi^{-1}$, so $\delta\ge\frac12-\frac14Q(0.85)$.

# %%
largest = brentq(lambda p: shifted_accuracy(0.25, p) - 0.85, 0.5, 0.999)
smallest = (1 - ndtri(0.85) / 2) / 2
print(f"largest p {largest:.5f}, smallest delta {smallest:.5f}")
assert round(largest, 5) == 0.93552
assert round(smallest, 5) == 0.24089

# %% [markdown]
# ## Answer 5
#
# An open question; one version: *Let $\frac12\le p\le0.9355$, let $c$ be a word and $j$ a shift
# with $\kappa_j\le\frac14$. Then $f^*$ has accuracy at least 97.7% on $X$, $f^*_j$ has the same
# accuracy on $r_jX$, and $f^*$ has accuracy at most 85% on $r_jX$; for $p=\frac12$ at most 69.2%.*
# It needs no code at all, only one word and one shift, and it excludes the identity by itself,
# because $\kappa=1$ there. "Relative distance at least $\frac38$" is a way to say it for all proper
# shifts at once.
#
# For a smooth word it speaks of large shifts only: one wave of length 63 has $\kappa_1=0.937$ and
# $f^*$ hardly notices the first shifts. The trade-off then comes in gradually with the range of the
# shift, which is what the paper's experiments on rotations show.

# %%
wave = as_word(np.where(2 * np.arange(63) // 63 % 2 == 0, 1, -1))
dist = CodeGaussian(wave, p=0.5)
on_shifts = bayes(dist).shifted_accuracies(dist)
first = int(np.flatnonzero(dist.orbit.kappa <= 0.25)[0])
print("accuracy of f* on the first shifts:", on_shifts[:8].round(3))
print("first shift with kappa at most 1/4:", first, " accuracy there", on_shifts[first].round(3))
assert on_shifts[first] <= ndtr(0.5) < on_shifts[first - 1]
assert check("prop1", codeword="simplex:6", p=0.5, samples=0).verdict == "holds"
