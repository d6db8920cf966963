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
# # Solutions to lesson 1: your first cyclic code
#
# The questions are in [lesson 1](../lesson1_first_cyclic_code.py).

# %%
import numpy as np

from spadv.style import new_figure, styled
from spadv.theory import CodewordOrbit, as_word, random_word, simplex_word, word_from_bits
from spadv.theory.codes import all_cyclic_codes, simplex

# %% [markdown]
# ## Answer 1
#
# A nonzero word $c$ and its proper shift are two different words of the code, since its 15 nonzero
# words are the 15 shifts of one (lesson 1). Their difference is a nonzero word, and those all have
# weight 8. So $\text{distance}=8$ and $\langle c,r_jc\rangle=15-16=-1$, hence $\kappa_j=-1/15$.
#
# In general all nonzero words have weight $2^{K-1}$, and
# $\kappa_j=1-2\cdot\frac{2^{K-1}}{2^K-1}=\frac{-1}{2^K-1}$.

# %%
assert simplex(4).weight_distribution() == {0: 1, 8: 15}
for degree in range(2, 11):
    d = 2**degree - 1
    correlations = CodewordOrbit(simplex_word(degree)).autocorrelation
    assert (correlations[1:] == -1).all()
    print(f"length {d:4}: kappa = -1/{d} = {-1 / d:.5f} at each of {d - 1} proper shifts")

# %% [markdown]
# ## Answer 2
#
# The shift of $c$ is in the code, because the code is cyclic. The sum $c+c'$ modulo 2 of $c$ and
# its shift $c'$ is in the code, because it is linear; its ones stand where $c$ and $c'$ differ.
# Either it is the zero word, and then $c=c'$, or its weight is at least $D$.
#
# Without linearity $D$ is still the smallest distance of two different words, and the statement
# remains true for that reason. What linearity gives is that $D$ can be read off the *weights*
# instead of all pairs. (And a nonlinear set of words need not be closed under shifts.)
#
# A check on all words of all codes of length 15 with at most 1024 words:

# %%
for code in all_cyclic_codes(15):
    if 1 <= code.k <= 10:
        least = code.minimum_distance()
        words = np.array(list(code.codewords()))
        for places in range(1, 15):
            distance = (words != np.roll(words, places, axis=1)).sum(axis=1)
            assert ((distance == 0) | (distance >= least)).all()
print("true of all of them")

# %% [markdown]
# ## Answer 3


# %%
def share_of_good_words(length, count=200):
    """Return the share of random words with relative distance at least 3/8 throughout."""
    orbits = (CodewordOrbit(random_word(length, seed)) for seed in range(count))
    return np.mean([orbit.delta[1:].min() >= 3 / 8 for orbit in orbits])


shares = {length: share_of_good_words(length) for length in (63, 127, 255, 511)}
for length, share in shares.items():
    print(f"length {length}: {share:.1%}")
assert 0.5 < shares[63] < 0.8
assert shares[511] == 1

# %% [markdown]
# At length 63 the deviation of a single $\kappa_j$ is about $1/\sqrt{63}\approx0.126$, so that the
# limit $\kappa\le1/4$ is only two deviations away, and 31 different values try to pass it
# ($\kappa_j$ and $\kappa_{-j}$ are equal): about two words of three pass. At length 511 the limit
# is $5.7$ deviations away. Long random words are good words; short ones need not be, and that is
# where algebra helps.

# %% [markdown]
# ## Answer 4

# %%
full_period = 0
for code in all_cyclic_codes(15):
    if code.k == 0:
        continue
    words = [word for word in code.codewords() if word.any()]
    full = all(CodewordOrbit(word_from_bits(word)).period == 15 for word in words)
    full_period += full
    print(f"k = {code.k:2}  D = {code.minimum_distance():2}", "  every period is 15" * full)
print(full_period, "codes")
assert full_period == 3

# %% [markdown]
# Three. The irreducible factors of $x^{15}-1$ have degrees 1, 2, 4, 4, 4, and their roots have
# order 1, 3, 5, 15, 15. A word of the code is a sum of parts, one for each factor of the *check*
# polynomial $(x^{15}-1)/g$, and its period is the least common multiple of the orders of its
# nonzero parts. So all periods are 15 exactly if the check polynomial is made of the two factors of
# order 15 alone: each by itself gives a simplex code, $[15,4,8]$ (one is the other read backwards),
# and both together give a code with $k=8$.

# %% [markdown]
# ## Answer 5
#
# An open question; here is one answer. "Slowly" can be measured by the first shift at which
# $\kappa_j$ falls below $1/2$. A word that keeps its sign over long runs changes only at the ends
# of the runs when it is shifted by one place: with $R$ changes of sign around the circle,
# $\text{distance}(c,r_1c)=R$ and $\kappa_1=1-2R/d$. So the *number of changes of sign* decides how
# the curve starts. How far it falls is decided by the lengths of the runs: one wave of two equal
# halves goes on falling, almost to $-1$, while a word with a single $-1$ stops at $1-4/d$ for good.


# %%
def wave(periods, length=63):
    """Return a square wave with so many periods."""
    t = np.arange(length)
    return as_word(np.where((2 * periods * t // length) % 2 == 0, 1, -1))


def draw(candidates):
    """Draw kappa against the shift."""
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        for name, word in candidates.items():
            axes.plot(CodewordOrbit(word).kappa, label=name)
        axes.axhline(0.5, color="grey", lw=1, ls=":")
        axes.set(xlabel="shift j", ylabel="κ", title="Smooth and rough words")
        axes.legend(loc="upper center")
    return figure


candidates = {
    "one wave": wave(1),
    "three waves": wave(3),
    "random": random_word(63, 1),
    "simplex": simplex_word(6),
    "a single -1": as_word([-1] + [1] * 62),
}
for name, word in candidates.items():
    orbit = CodewordOrbit(word)
    changes = int((word != np.roll(word, 1)).sum())
    assert np.isclose(orbit.kappa[1], 1 - 2 * changes / 63)
    print(f"{name:12} changes of sign {changes:2}  kappa_1 {orbit.kappa[1]:+.3f}", end="  ")
    below = np.flatnonzero(orbit.kappa < 0.5)
    print("first shift with kappa < 1/2:", int(below[0]) if below.size else "none")

draw(candidates)
