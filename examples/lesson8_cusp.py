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
# # Lesson 8: CuSP on the embedded digits
#
# **What you will learn**
#
# - what curriculum training for spatial and adversarial robustness (CuSP) is, as a list of stages;
# - how to train with it, and how to place networks in the plane of both accuracies;
# - why one training is no evidence, and how large the noise between seeds is.
#
# **Prerequisites**: lesson 7. The extra `spadv[empirical]`. About 45 minutes.

# %%
import tempfile
from pathlib import Path

from spadv.empirical.data import load
from spadv.empirical.evaluation import EvaluationSettings, evaluate
from spadv.empirical.training import Objective, TrainConfig, curriculum, train
from spadv.empirical.transforms import Augmentation
from spadv.stats import compare, mean_of
from spadv.style import BLUE, VERMILION, new_figure, styled

# %% [markdown]
# ## The idea
#
# To be robust to both, train with both: rotate each training image at random, attack the rotated
# image, and learn from the attacked one (adversarial training, Madry and others, 2018). The paper's
# finding is that *order and pace* matter. Train for rotations first and for attacks afterwards, and
# the first is forgotten; the other way round as well. **CuSP** raises both difficulties together:
# small rotations and small budgets first, full ones in the end. A **curriculum** is a list of
# stages; spadv's training takes any such list.

# %%
published = curriculum(
    "cusp",
    epochs=120,
    augment=Augmentation(rotation=180),
    objective=Objective.parse("pgd:8/255"),
)
for stage in published:
    budget = round(255 * stage.objective.budget)
    rotation = f"rotations up to {stage.augment.rotation:.0f} degrees"
    print(f"{stage.epochs:3} epochs: {rotation}, attacks of {budget}/255")


# %%
def draw_curriculum(stages, epochs):
    """Draw the range of rotations and the budget against the epoch."""
    ends = [0]
    for stage in stages:
        ends.append(ends[-1] + stage.epochs)
    turns = [stage.augment.rotation for stage in stages]
    budgets = [255 * stage.objective.budget for stage in stages]
    with styled():
        figure = new_figure(figsize=(6.4, 3.2))
        axes = figure.subplots()
        axes.stairs(turns, ends, baseline=None, color=BLUE, lw=2.2, zorder=2, label="rotation")
        axes.set(xlabel="epoch", ylabel="largest rotation (degrees)", ylim=(0, 200))
        axes.set(xlim=(0, epochs), title="The published curriculum for CIFAR-10")
        right = axes.twinx()
        right.stairs(budgets, ends, baseline=None, color=VERMILION, lw=2.2, ls="--", zorder=2)
        right.set(ylabel="attack budget (255ths)", ylim=(0, 10))
        right.grid(visible=False)
        axes.plot([], [], color=VERMILION, ls="--", lw=2.2, label="budget")
        axes.legend(loc="lower right")
    return figure


draw_curriculum(published, 120)

# %% [markdown]
# ## Our experiment
#
# A small LeNet, 800 training digits, six epochs, rotations up to 60 degrees, budget 0.1, attacks of
# two steps: a toy of the size of a lesson, not a reproduction. Two ways of training with the *same*
# last stage: everything at once from the first epoch on (`plain`), and CuSP. Two numbers for each
# network: accuracy on randomly rotated digits, and accuracy under PGD with ten steps.

# %%
data = load("mnist-sample")
folder = Path(tempfile.mkdtemp())
settings = EvaluationSettings.for_channels(
    1,
    rotations=(60,),
    translations=(),
    both=(),
    budgets=(0.1,),
    steps=10,
    step_size=0.025,
    distance_images=0,
    images=300,
)


def experiment(way, seed):
    """Train one network and measure it."""
    table = {
        "data": {"name": "mnist-sample", "limit": 800},
        "model": {"name": "lenet"},
        "optimiser": {"name": "adam", "learning_rate": 0.003, "weight_decay": 0, "batch_size": 32},
        "epochs": 6,
        "curriculum": way,
        "augment": "R:60",
        "objective": "pgd:0.1,steps=2",
        "seed": seed,
    }
    config = TrainConfig.from_table(table)
    return evaluate(train(config, folder / f"{way}-{seed}").model, data, settings)


def spatial(record):
    """Return the accuracy on rotated digits, with its interval."""
    return record.profile("rotation").accuracy(0)


def robust(record):
    """Return the accuracy under attack, with its interval."""
    return record.profile("robustness").accuracy(0)


records = {(way, 0): experiment(way, seed=0) for way in ("plain", "cusp")}
for (way, seed), record in records.items():
    print(f"{way:6} seed {seed}:", end=" ")
    for name, rate in (("rotated", spatial(record)), ("attacked", robust(record))):
        print(
            f"{name} {rate.value:.3f} [{rate.interval.low:.3f}, {rate.interval.high:.3f}]", end="  "
        )
    print()

# %% [markdown]
# The intervals speak of these two networks and of digits like these. Both networks saw the same
# rotated digits, so they can be compared digit by digit, which is sharper than looking whether
# intervals overlap: McNemar's exact test and Newcombe's interval of the difference.

# %%
first, second = records["cusp", 0], records["plain", 0]
pair = compare(first.profile("rotation").correct[0, 0], second.profile("rotation").correct[0, 0])
low, high, _ = pair.interval
print(
    f"CuSP minus plain on rotated digits: {pair.difference:+.4f} [{low:+.4f}, {high:+.4f}]", end=" "
)
print(f"p-value {pair.p_value:.2f}")

# %% [markdown]
# So much for one seed. **Predict**: two more trainings of each kind, nothing changed but the seed
# of weights, rotations and batches. By how much will the accuracy on rotated digits differ between
# the best and the worst of the three networks that were trained in the *same* way?

# %%
my_guess = 0.01  # change it before you go on

# %%
seeds = (0, 1, 2)
for way in ("plain", "cusp"):
    for seed in seeds[1:]:
        records[way, seed] = experiment(way, seed)
    rotated = [spatial(records[way, seed]).value for seed in seeds]
    attacked = [robust(records[way, seed]).value for seed in seeds]
    print(f"{way:6} rotated:  ", *(f"{v:.3f}" for v in rotated), end="   ")
    print(f"range {max(rotated) - min(rotated):.3f}")
    print(f"{'':6} attacked:", *(f"{v:.3f}" for v in attacked))
print("you said", my_guess)


# %%
def draw_plane(records):
    """Draw every network in the plane of both accuracies, with 95% intervals over digits."""
    looks = {"plain": ("o", BLUE, "all at once"), "cusp": ("s", VERMILION, "CuSP")}
    with styled():
        figure = new_figure(figsize=(5.6, 4.6))
        axes = figure.subplots()
        for (way, seed), record in records.items():
            marker, color, label = looks[way]
            x, y = spatial(record), robust(record)
            axes.plot(x.interval[:2], [y.value] * 2, color=color, lw=0.8, alpha=0.5, ls="-")
            axes.plot([x.value] * 2, y.interval[:2], color=color, lw=0.8, alpha=0.5, ls="-")
            name = label if seed == 0 else "_"
            axes.plot([x.value], [y.value], marker, ms=7, color=color, ls="none", label=name)
            axes.annotate(
                str(seed), (x.value, y.value), fontsize=7, ha="center", va="center", color="white"
            )
        axes.set(xlabel="accuracy on rotated digits", ylabel="accuracy under attack")
        axes.set(title="Every point is one training; numbers are seeds")
        axes.legend(loc="lower right")
    return figure


draw_plane(records)

# %% [markdown]
# ## What may be concluded?
#
# The question is about *ways of training*, so the trainings are the sample: three pairs of seeds,
# three differences. Their mean has Student's interval with two degrees of freedom.

# %%
for name, measure in (("rotated", spatial), ("attacked", robust)):
    gains = [measure(records["cusp", s]).value - measure(records["plain", s]).value for s in seeds]
    mean = mean_of(gains)
    inside = "contains 0" if 0 in mean.interval else "excludes 0"
    print(f"{name:8} CuSP minus plain:", ", ".join(f"{gain:+.4f}" for gain in gains), end="; ")
    low, high, _ = mean.interval
    print(f"mean {mean.value:+.4f} [{low:+.4f}, {high:+.4f}] {inside}")

# %% [markdown]
# Read the two lines before you read on. Whatever they say, they say it about a LeNet, 800 digits
# and six epochs. An interval that contains 0 does not show that CuSP is useless, and one that
# excludes 0 does not show that it helps on CIFAR-10. It says what *this* experiment can tell. spadv
# repeats the paper's tables with several seeds, a stronger attack beside PGD, and a verdict for
# each claim: `spadv reproduce table1`.
#
# ## Questions
#
# [Solutions](solutions/solution8_cusp.py), for afterwards.
#
# **Question 1** (paper). A test on $N$ digits, a true accuracy of $0.9$. What is the standard
# deviation of the measured accuracy for $N=400$ and $N=10\,000$? Which difference between two
# networks can each hope to show, if errors of both networks were independent? Why does comparing
# digit by digit help?
#
# **Question 2** (paper). The standard deviation between seeds is $\sigma$, and you train $k$ pairs.
# Give the width of Student's interval of the mean difference for $k=2,4,10$ in units of $\sigma$
# (the quantiles are $12.7$, $3.18$ and $2.26$). What does a second seed tell?
#
# **Question 3** (code). Write a curriculum of your own as `stages`: first one without rotations and
# with the full attack, then one with rotations and no attack (as the paper's "PGD, then Aug"). What
# is forgotten?
#
# **Question 4** (code). How much of the spread between seeds is left if only the *test digits*
# change? Take one trained network, split 2,000 test digits into five parts of 400 and compare the
# five accuracies with the spread over seeds.
#
# **Question 5** (open). You may train 12 networks in all, to decide whether CuSP is better than
# plain training for your data. How do you use them? What do you fix before you look at any number?
#
# ## Where to go next
#
# [Lesson 9](lesson9_your_own_model.py). On the command line: `spadv train --model stdcnn --augment
# R:180 --adversary pgd:0.3,steps=40,step=0.01 --curriculum cusp`. Many trainings on many machines:
# `docs/cluster.md`.
