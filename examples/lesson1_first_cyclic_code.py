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
# # Lesson 1: your first cyclic code
#
# **What you will learn**
#
# - what a binary cyclic code is, and how a polynomial makes one;
# - how to find its minimum distance and its weights;
# - what happens to a word that is shifted: its orbit, its autocorrelation, its period.
#
# **Prerequisites**: vectors of zeros and ones, addition modulo 2, a little Python. No PyTorch.
# About 40 minutes.
#
# The theory of the paper (arXiv 2002.11318, section 3) models a rotated image by a shifted word.
# How much a shift hurts a classifier depends on one number, how similar a word is to its own shift.
# This lesson is about that number.

# %%
import numpy as np

from spadv.style import new_figure, styled
from spadv.theory import BinaryCyclicCode, CodewordOrbit, plots, random_word, simplex_word
from spadv.theory import word_from_bits as signs
from spadv.theory.codes import count_cyclic_codes, factor_xn_minus_1, simplex

# %% [markdown]
# ## A code from a polynomial
#
# A **word** of length $n$ is a row of $n$ bits $b_0b_1\dots b_{n-1}$. Write it as the polynomial
# $b(x)=b_0+b_1x+\dots+b_{n-1}x^{n-1}$ with coefficients modulo 2. Multiplication by $x$ modulo
# $x^n-1$ moves every bit one place to the right, and the last one to the front: a cyclic shift.
#
# A **cyclic code** is a set of words that is closed under addition and under cyclic shifts. There
# is always one polynomial $g(x)$, a divisor of $x^n-1$, of which the code is the set of all
# multiples. The code has $2^k$ words with $k=n-\deg g$.
#
# Below, `(0, 1, 3)` are the exponents of $g(x)=1+x+x^3$.

# %%
code = BinaryCyclicCode(7, (0, 1, 3))
print(code, "with", 2**code.k, "words:")
for word in code.codewords():
    print("".join(map(str, word)), " weight", word.sum())

# %% [markdown]
# Is it closed, as it should be? `in` asks whether a word belongs to the code.

# %%
words = list(code.codewords())
print("under shifts:  ", all(np.roll(word, 1) in code for word in words))
print("under addition:", all((a + b) % 2 in code for a in words for b in words))

# %% [markdown]
# Which polynomials may be $g$? The divisors of $x^7-1$. Modulo 2 it has three irreducible factors;
# each may be in $g$ or not, so there are $2^3$ cyclic codes of length 7. (Pairs below: an integer
# whose binary digits are the coefficients, and how often the factor occurs: 11 is `1011`, that is
# $x^3+x+1$.)

# %%
print(factor_xn_minus_1(7), count_cyclic_codes(7))

# %% [markdown]
# ## Distance and weights
#
# The **distance** of two words is the number of places in which they differ; the **minimum
# distance** $D$ of a code is the smallest distance of two different words of it. The difference of
# two words is itself a word of the code, so $D$ is also the smallest **weight** (number of ones) of
# a nonzero word. Two words with up to $(D-1)/2$ wrong bits each can still be told apart, which is
# why engineers want $D$ to be large.

# %%
print("minimum distance", code.minimum_distance())
print("words of each weight", code.weight_distribution())
bigger = simplex(4)
print(bigger, "minimum distance", bigger.minimum_distance(), bigger.weight_distribution())

# %% [markdown]
# The last code is remarkable: all its 15 nonzero words have the same weight, 8. It is the **simplex
# code** $[15,4,8]$, and its nonzero words are the 15 shifts of a single one, a *maximal-length
# sequence*.

# %% [markdown]
# ## From bits to signs, from distance to correlation
#
# The theory uses signs: bit 0 becomes $+1$, bit 1 becomes $-1$. For two sign words $c,c'$ of length
# $d$, every place in which they agree adds 1 to the inner product $\langle c,c'\rangle$, and every
# other place takes 1 away, so
#
# $$\langle c,c'\rangle=d-2\cdot\text{distance}(c,c').$$
#
# Let $r_j$ be the shift by $mj$ places, where $m$ divides $d$: entry $t$ of $r_jc$ is $c_{t+mj}$,
# indices modulo $d$. There are $n=d/m$ of them, and $r_n=r_0$ is the identity. From here on $n$ is
# the number of shifts. The two numbers of this lesson are
#
# $$\delta_j=\frac{\text{distance}(c,r_jc)}d,\qquad
#   \kappa_j=\frac{\langle c,r_jc\rangle}d=1-2\delta_j .$$
#
# $\kappa_j$ is the **normalised autocorrelation**: $1$ for a shift that changes nothing, $-1$ for
# one that turns every sign round, and about $0$ for one after which the word looks like a new one.
#
# The shifts of one word are its **orbit**. Mind the language: the paper calls this orbit "a cyclic
# code"; for coding theory the orbit is only a part of one.

# %%
word = simplex_word(4)
orbit = CodewordOrbit(word, shift=1)
print("word   ", word)
print("kappa_j", orbit.kappa.round(3))
print("delta_j", orbit.delta.round(3))


# %%
def draw_orbit(bits_or_signs, title):
    """Draw all shifts of a word, one in each row."""
    orbit = CodewordOrbit(bits_or_signs)
    rows = np.stack([orbit.rotated(j) for j in range(orbit.n_shifts)])
    with styled():
        figure = new_figure(figsize=(4.6, 4.4))
        axes = figure.subplots()
        axes.imshow(rows, cmap="cividis", vmin=-1, vmax=1)
        axes.grid(visible=False)
        axes.set(title=title, xlabel="place", ylabel="shift j")
    return figure


draw_orbit(word, "All shifts of a word of the simplex code")

# %% [markdown]
# Any two rows of the picture differ in 8 of 15 places. Another word would do worse: here is the
# autocorrelation of the simplex word of length 63. (The dashed lines belong to lesson 3: they are
# what Proposition 1 asks for, and what would be enough.) Try `"random:63:1"` in its place, or
# `"legendre:61"`.

# %%
plots.autocorrelation("simplex:6")

# %% [markdown]
# ## A surprise
#
# Of the 32 cyclic codes of length 15, leave out the smallest (the zero word alone, and the
# repetition code). Then the largest minimum distance belongs to the $[15,2]$ code below: $D=10$.
# Its words are very different from each other, more than in the simplex code.
#
# **Predict** first: take a nonzero word of this code and shift it by 3 places. In how many of the
# 15 places will it have changed? Write your guess down.

# %%
my_guess = 10  # change it before you go on

# %%
strong = BinaryCyclicCode(15, (0, 1, 3, 4, 6, 7, 9, 10, 12, 13))
chosen = next(word for word in strong.codewords() if word.any())
changed = int((chosen != np.roll(chosen, 3)).sum())
print("minimum distance", strong.minimum_distance())
print("the word     ", chosen)
print("shifted by 3 ", np.roll(chosen, 3))
print(f"changed places: {changed}; you said {my_guess}")

# %% [markdown]
# None at all! The word `110110110110110` has **period** 3: shifts by 3, 6, 9 and 12 leave it as it
# is. "Different words of the code are at distance at least $D$" says nothing when a word and its
# shift are the *same* word. So a large minimum distance does not make every shift visible; the
# orbit must be looked at as well. (In lesson 3 this will be one of the slips of the paper.)

# %%
periodic = CodewordOrbit(signs(chosen), shift=1)
print("period", periodic.period, " different words in the orbit:", periodic.n_distinct)
for note in periodic.degeneracies():
    print(note)

# %% [markdown]
# ## Is a random word good enough?

# %%
length, seed = 63, 1  # change me
random_orbit = CodewordOrbit(random_word(length, seed))
print("largest kappa of a proper shift:", random_orbit.kappa[1:].max().round(3))
print("smallest relative distance:     ", random_orbit.min_delta)

# %% [markdown]
# ## Questions
#
# [Solutions](solutions/solution1_first_cyclic_code.py), for afterwards.
#
# **Question 1** (paper). Show that $\kappa_j=-1/15$ for every proper shift of a nonzero word of the
# simplex code $[15,4,8]$. What is $\kappa_j$ for the simplex code of length $2^K-1$, where
# $D=2^{K-1}$?
#
# **Question 2** (paper). A linear cyclic code has minimum distance $D$. Prove: for each of its
# words $c$ and each shift, $c$ and its shift are equal, or differ in at least $D$ places. Why does
# linearity matter?
#
# **Question 3** (code). Proposition 1 asks for relative distance $\delta\ge 3/8$. Of 200 random
# words of length 63 (`random_word(63, seed)`), how many satisfy it for all proper shifts? And of
# length 511?
#
# **Question 4** (code). List all cyclic codes of length 15 that have at least two words, with $k$
# and $D$ (`all_cyclic_codes(15)`). In how many of them does every nonzero word have period 15?
#
# **Question 5** (open). A rotated photograph resembles the photograph if the angle is small, so its
# "autocorrelation" falls slowly. Neither simplex words nor random words behave like that. Make a
# word of length 63 whose $\kappa_j$ falls slowly with the shift. What does slowly mean, and which
# property of the word decides it?
#
# ## Where to go next
#
# [Lesson 2](lesson2_the_model.py) puts such a word into the mean of a normal distribution and asks
# how well its sign can be told. More on codes: `spadv code --length 63 --family bch:13` on the
# command line, and the docstrings of `spadv.theory.codes`. Textbook: MacWilliams and Sloane, *The
# Theory of Error-Correcting Codes*, chapter 7 (cyclic codes) and chapter 14, section 4 (simplex
# words).
