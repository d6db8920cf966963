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
# # Lesson 7: attack it
#
# **What you will learn**
#
# - how projected gradient ascent (PGD) works, written by hand in ten lines;
# - how to check that an attack keeps its budget, and why that is less trivial than it looks;
# - how much the rules of an attack decide about its numbers: protocols.
#
# **Prerequisites**: gradients, a little PyTorch. Lesson 4 gives the linear picture. The extra
# `spadv[empirical]`. About 45 minutes.

# %%
import tempfile

import torch
from torch.nn.functional import cross_entropy

from spadv.empirical.attacks import pgd
from spadv.empirical.data import load
from spadv.empirical.evaluation import EvaluationSettings, evaluate
from spadv.empirical.evaluation.plots import profiles_figure
from spadv.empirical.randomness import make_generator
from spadv.empirical.training import TrainConfig, train
from spadv.stats import rate_of
from spadv.style import new_figure, styled

# %% [markdown]
# ## A network to attack
#
# Trained for a few seconds on 2,000 digits. It takes pixels in $[0,1]$ and normalises inside. That
# is more than tidiness: an attack needs to know in which units its budget is meant.

# %%
data = load("mnist-sample")
config = TrainConfig.from_table(
    {
        "data": {"name": "mnist-sample", "limit": 2000},
        "model": {"name": "stdcnn"},
        "optimiser": {"name": "adam", "learning_rate": 0.003, "weight_decay": 0, "batch_size": 64},
        "epochs": 3,
    }
)
network = train(config, tempfile.mkdtemp()).model.eval()
x, y = data.test.batch(slice(0, 150))


def accuracy(images):
    """Return the accuracy on changed versions of x, with its 95% interval."""
    with torch.no_grad():
        rate = rate_of((network(images).argmax(1) == y).numpy())
    return f"{rate.value:.3f} [{rate.interval.low:.3f}, {rate.interval.high:.3f}]"


print("accuracy on unchanged digits:", accuracy(x))

# %% [markdown]
# ## PGD by hand
#
# The attacker wants a digit $x'$ that the network gets wrong, with $|x'_t-x_t|\le\varepsilon$ for
# each pixel $t$ and $x'_t\in[0,1]$. It climbs the loss: take the gradient with respect to the
# *pixels*, move each pixel by a step in the direction of its sign, then go back into the allowed
# set, and repeat (Madry and others, 2018). The sign, and not the gradient itself, because in the
# $\ell_\infty$ ball every pixel has a budget of its own, and one may as well use all of it.


# %%
def pgd_by_hand(model, x, y, budget, step, steps):
    """Return adversarial images."""
    adversarial = x.clone()
    for _ in range(steps):
        adversarial.requires_grad_()
        loss = cross_entropy(model(adversarial), y)
        (gradient,) = torch.autograd.grad(loss, adversarial)
        adversarial = adversarial.detach() + step * gradient.sign()
        adversarial = torch.clamp(adversarial, x - budget, x + budget)  # into the ball
        adversarial = adversarial.clamp(0, 1)  # and to valid pixels
    return adversarial


budget = 0.1  # change me
mine = pgd_by_hand(network, x, y, budget, step=0.01, steps=20)
print(f"my attack with budget {budget}:", accuracy(mine))

# %% [markdown]
# The same attack from the library. Both go the same way, up to pixels whose gradient is so near 0
# that its sign is decided by rounding.

# %%
theirs = pgd(network, x, y, budget=budget, step_size=0.01, steps=20, random_start=False)
print("spadv's attack:            ", accuracy(theirs))
print("share of pixels that differ:", f"{((mine - theirs).abs() > 1e-6).float().mean():.4f}")


# %%
def draw_attack(numbers, budget):
    """Draw digits, the changes, and the attacked digits with what the network says."""
    attacked = pgd(network, x, y, budget=budget, step_size=None, steps=20, random_start=False)
    rows = (("digit", x), ("change", attacked - x), ("attacked", attacked))
    with styled():
        figure = new_figure(figsize=(1.3 * len(numbers), 4.4))
        grid = figure.subplots(3, len(numbers))
        for row, (name, pictures) in zip(grid, rows, strict=True):
            signed = name == "change"
            for axes, number in zip(row, numbers, strict=True):
                look = {"cmap": "PuOr", "vmin": -budget, "vmax": budget}
                if not signed:
                    look = {"cmap": "gray_r", "vmin": 0, "vmax": 1}
                axes.imshow(pictures[number, 0].detach().numpy(), **look)
                axes.set(xticks=[], yticks=[])
                axes.grid(visible=False)
                if not signed:
                    said = int(network(pictures[number : number + 1]).argmax())
                    axes.set_title(f"says {said}", fontsize=9, fontweight="normal")
            row[0].set_ylabel(name)
        figure.suptitle(f"Every pixel changes by at most {budget:g}", fontsize=10)
    return figure


draw_attack(numbers=(0, 1, 2, 3, 4, 5), budget=0.15)

# %% [markdown]
# ## Check the ball
#
# Never believe an attack that you have not checked. Its result must lie in the ball and consist of
# valid pixels.

# %%
for name, attacked in (("by hand", mine), ("spadv", theirs)):
    change = (attacked.double() - x.double()).abs()
    print(
        f"{name:8} largest change {change.max():.12f}",
        f"pixels beyond the budget {(change > budget).float().mean():7.2%}",
        f"valid {bool(((attacked >= 0) & (attacked <= 1)).all())}",
    )

# %% [markdown]
# By hand nearly half of the pixels leave the ball, by a hair: $x+\varepsilon$ in 32-bit numbers is
# rounded, half of the time upwards. It does not matter for the digit, but "within the budget" is
# then a matter of tolerance, and a tolerance may hide real mistakes. spadv rounds the ends of the
# interval inwards, so that the check holds exactly.
#
# ## The rules of the game
#
# A pixel attack has a budget in pixels and clips to valid pixels: protocol `corrected`. The scripts
# published with the paper do something else: they attack *after* normalisation by mean and standard
# deviation, with the budget in those units, and clip to $[-1,1]$ there: protocol `official`.
#
# **Predict**: an attack of budget **zero** under the official rules. By how much can a pixel
# change?

# %%
my_guess = 0.0  # change it before you go on

# %%
nothing = pgd(
    network, x, y, budget=0, step_size=0.01, steps=1, random_start=False, protocol="official"
)
print(f"largest change of a pixel: {(nothing - x).abs().max():.4f}; you said {my_guess}")
print(f"share of pixels changed:   {((nothing - x).abs() > 1e-6).float().mean():.3f}")
mean, std = network.spec.mean[0], network.spec.std[0]
print(f"white is {(1 - mean) / std:.2f} after normalisation; clipped to 1 it is {mean + std:.4f}")
print("accuracy:", accuracy(nothing))

# %% [markdown]
# More than half of the pixel range, with no budget at all: white becomes a middle grey. This
# network hardly minds. Others do: what looks like a steep loss of robustness in such a measurement
# may be a loss of brightness. And the budget itself means less: 0.1 after normalisation is
# $0.1\cdot\sigma\approx0.03$ in pixels.

# %% [markdown]
# ## The robustness profile
#
# One budget is not enough to compare networks. The paper draws 1 − fooling rate against the budget,
# the share of images that keep their predicted class. Here for one network under both protocols,
# and with a stronger attack (APGD, Croce and Hein, 2020) beside PGD:

# %%
common = {
    "rotations": (),
    "translations": (),
    "both": (),
    "distance_images": 0,
    "images": 150,
    "budgets": (0, 0.05, 0.1, 0.15, 0.2),
    "steps": 20,
}
ways = {
    "PGD, corrected": {"step_size": 0.02},
    "PGD, official": {"step_size": 0.02, "protocol": "official"},
    "APGD, corrected": {"step_size": None, "attack": "apgd"},
}
records = {
    name: evaluate(network, data, EvaluationSettings(**common, **way)) for name, way in ways.items()
}
for name, record in records.items():
    rates = [record.profile("robustness").accuracy(i) for i in range(len(common["budgets"]))]
    print(f"{name:16} accuracy", "  ".join(f"{rate.value:.3f}" for rate in rates))
profiles_figure(records, ("robustness",))

# %% [markdown]
# The two corrected curves belong to the same network. Where they differ, the lower one is nearer
# the truth: an attack can only show that a network is *not* robust, and what survives one may fall
# to a better one. The official curve is not comparable with them at all: its axis has another unit.
#
# An attack starts at a random point of the ball unless told otherwise, and needs a source of
# randomness. With the same one it gives the same images, on every machine of the same kind.

# %%
pair = [
    pgd(network, x[:20], y[:20], budget=0.1, step_size=None, steps=5, generator=make_generator(7))
    for _ in range(2)
]
print("the same twice:", torch.equal(*pair))

# %% [markdown]
# ## Questions
#
# [Solutions](solutions/solution7_attack_it.py), for afterwards.
#
# **Question 1** (paper). Let a network be linear, with two classes and score difference $\langle
# w,x\rangle+b$. Show that in the $\ell_\infty$ ball the worst attack is $-\varepsilon
# y\operatorname{sign}(w)$ and lowers the margin by $\varepsilon\lVert w\rVert_1$. Where did you
# meet this in lesson 4? How many steps does PGD need?
#
# **Question 2** (paper). Ten steps of size $0.01$ and budget $0.3$: what is wrong? Which relation
# of step, steps and budget makes sense, and why do people use step
# $=2.5\,\varepsilon/\text{steps}$?
#
# **Question 3** (code). Attack the network with 1, 2, 5, 10 and 20 steps at $\varepsilon=0.1$
# (`step_size=None`). When does the accuracy stop falling? Are five random starts (`restarts=5`)
# worth more than five times the steps?
#
# **Question 4** (code). The paper's claim: training with random rotations makes networks less
# robust to attacks. Train the network again with `"augment": "R:180"`, and compare both at
# $\varepsilon=0.1$ image by image (`compare` of `spadv.stats`). One training each:
# what may you conclude?
#
# **Question 5** (open). A paper reports that its network withstands PGD with 10 steps. Which three
# questions would you ask before you believe that it is robust?
#
# ## Where to go next
#
# [Lesson 8](lesson8_cusp.py) trains against such attacks. On the command line: `spadv evaluate RUN
# --attack apgd`. What each rule of the published scripts changes by itself: `spadv reproduce
# protocols`.
