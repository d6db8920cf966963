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
# # Lesson 9: measure your own torch model
#
# **What you will learn**
#
# - what spadv asks of a model that it did not make: pixels in, logits out;
# - how to get invariance and robustness profiles of it, with intervals;
# - how to compare two models on the same images, and how not to.
#
# **Prerequisites**: PyTorch modules and training loops; lessons 6 and 7 help. The extra
# `spadv[empirical]`. About 40 minutes.

# %%
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from spadv.empirical.attacks import Normalised
from spadv.empirical.data import channel_statistics, load
from spadv.empirical.evaluation import (
    EvaluationSettings,
    evaluate,
    predict,
    rate_of_invariance,
)
from spadv.empirical.evaluation.plots import profiles_figure
from spadv.empirical.models.equivariant import declare_paths, exactness_report, to_equivariant
from spadv.empirical.randomness import make_generator
from spadv.stats import compare, rate_of
from spadv.style import CYCLE, new_figure, styled

# %% [markdown]
# ## A model of your own
#
# Any `torch.nn.Module`. This one is a small convolutional network, written as one would anywhere.
# Put yours in its place.


# %%
class MyNetwork(nn.Module):
    """Two convolutions and a linear layer; expects *normalised* images."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classify = nn.Linear(16 * 4 * 4, 10)

    def forward(self, z):
        """Return logits."""
        return self.classify(self.features(z).flatten(1))


# %% [markdown]
# ## The contract
#
# spadv measures a module that maps **pixels in $[0,1]$**, shape (batch, channels, height, width),
# to **logits**, shape (batch, classes). Nothing else: it switches to evaluation mode by itself and
# puts everything back afterwards.
#
# Most networks are trained on normalised images, as this one. Then the normalisation belongs
# *inside*, or budgets would be in the wrong units. `Normalised` puts it there (or write a module of
# your own; with this one the `official` protocol of lesson 7 can be used, too).

# %%
data = load("mnist-sample")
mean, std = channel_statistics(data.train.pixels)
print("mean", mean, "deviation", std)


def fitted(network, seed=0, images=2000, epochs=3):
    """Train on normalised images, in a plain loop, and return the model on pixels."""
    model = Normalised(network, mean, std)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.003)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for index in torch.randperm(images, generator=generator).split(50):
            x, y = data.train.batch(index)
            optimiser.zero_grad()
            cross_entropy(model(x), y).backward()
            optimiser.step()
    return model.eval()


torch.manual_seed(0)
mine = fitted(MyNetwork())


def accuracy(model):
    """Return the accuracy on the test images, with its interval."""
    return rate_of((predict(model, data.test) == data.test.labels).numpy())


found = accuracy(mine)
print(f"test accuracy {found.value:.4f} [{found.interval.low:.4f}, {found.interval.high:.4f}]")

# %% [markdown]
# **Predict**: you forget the wrapper and hand over the bare network, which was trained on
# normalised images. What accuracy will be measured? Will you notice?

# %%
my_guess = 0.1  # change it before you go on

# %%
bare = accuracy(mine.network)
print(f"without the normalisation: {bare.value:.4f}; you said {my_guess}")

# %% [markdown]
# It does not collapse to chance: the network still works, a bit worse. So the mistake is easy to
# make and easy to miss, and every robustness number after it would be wrong. (The same budget in
# pixels is another one in front of a network that expects its input divided by 0.31.) Compare the
# natural accuracy with what you know of your network *first*.
#
# ## A second model, for free
#
# `to_equivariant` makes the quarter-turn-equivariant twin of any network made of modules that allow
# it, with fresh weights. A `forward` of one's own is not read: `declare_paths` says which modules
# it runs, one after the other (or several such paths, which it sums). `head="invariant"` makes the
# outputs invariant as well.

# %%
declare_paths(("features", nn.Flatten(), "classify"))(MyNetwork)
twin_network = to_equivariant(
    MyNetwork(), "p4", head="invariant", generator=torch.Generator().manual_seed(0)
)
print(twin_network)
print("layers that break the symmetry at 28x28:", exactness_report(twin_network, (1, 28, 28)))
twin = fitted(twin_network)
models = {"mine": mine, "its P4 twin": twin}

# %% [markdown]
# ## Profiles
#
# One call measures everything, keeps it image by image, and (with `folder=`) saves it and goes on
# where it stopped. Here with few images and steps, to be quick; leave the arguments out for the
# paper's choices.

# %%
settings = EvaluationSettings.for_channels(
    1,
    rotations=(0, 30, 60, 90, 120, 150, 180),
    translations=(0, 0.1, 0.2),
    both=(),
    budgets=(0, 0.05, 0.1, 0.15, 0.2),
    steps=10,
    step_size=0.05,
    distance_images=0,
    images=250,
)
records = {name: evaluate(model, data, settings) for name, model in models.items()}
profiles_figure(records)

# %% [markdown]
# Three checks before you believe the figure, on any model:
#
# 1. at 0 degrees and at budget 0 nothing may change;
# 2. at budget 0.5 every network must fall, as every image can be turned into the same grey;
# 3. a stronger attack may lower the curve, never raise it.

# %%
for name, record in records.items():
    for kind in ("rotation", "robustness"):
        assert record.profile(kind).unchanged(0).value == 1, (name, kind)
far = EvaluationSettings.only(budgets=[0.5], steps=10, step_size=0.125, images=100)
for name, model in models.items():
    rate = evaluate(model, data, far).profile("robustness").accuracy(0)
    print(f"{name:12} accuracy at budget 0.5: {rate.value:.2f}")

# %% [markdown]
# A single rate of invariance can also be had alone, on tensors of your own:

# %%
images, labels = data.test.batch(slice(0, 100))
for degrees in (15, 90):
    rate, (low, high, _), _ = rate_of_invariance(
        mine, images, rotation=degrees, generator=make_generator(0)
    )
    print(f"up to {degrees:3} degrees: unchanged {rate:.2f}  [{low:.2f}, {high:.2f}]")

# %% [markdown]
# ## Compare two models
#
# Do not ask whether two intervals overlap: both models saw the *same* images, rotated by the same
# angles. Ask on which images exactly one of them is right. `compare` counts those, and gives the
# difference, Newcombe's interval for it, and the p-value of McNemar's exact test.


# %%
def paired(first, second):
    """Return comparisons of two evaluations, at a few settings."""
    made = {"natural": compare(*(r.arrays["clean"] == r.arrays["labels"] for r in (first, second)))}
    for kind, value in (("rotation", 180), ("translation", 0.1), ("robustness", 0.1)):
        outcomes = []
        for record in (first, second):
            profile = record.profile(kind)
            outcomes.append(profile.correct[profile.number_of(value), 0])
        made[f"{kind} {value}"] = compare(*outcomes)
    return made


comparisons = paired(records["its P4 twin"], records["mine"])
for name, found in comparisons.items():
    low, high, _ = found.interval
    print(f"{name:16} twin minus mine {found.difference:+.3f} [{low:+.3f}, {high:+.3f}]", end="  ")
    print(f"only twin {found.first_only:3}, only mine {found.second_only:3}, p {found.p_value:.1e}")


# %%
def draw_comparisons(comparisons):
    """Draw the differences with their intervals."""
    with styled():
        figure = new_figure(figsize=(6.4, 2.8))
        axes = figure.subplots()
        for row, (found, color) in enumerate(zip(comparisons.values(), CYCLE, strict=False)):
            axes.plot(found.interval[:2], [row, row], color=color, lw=2.2, ls="-")
            axes.plot([found.difference], [row], "o", ms=7, color=color, ls="none")
        axes.axvline(0, color="black", lw=1, ls=":")
        axes.set(yticks=range(len(comparisons)), yticklabels=list(comparisons))
        axes.invert_yaxis()
        axes.set(xlabel="accuracy of the twin minus accuracy of mine (95%)")
        axes.set(title="The same images, image by image")
    return figure


draw_comparisons(comparisons)

# %% [markdown]
# Four tests at once: one of them may show something by chance more easily than one alone. And all
# of it speaks of these two trained models, not of architectures (lesson 8).
#
# ## On the command line
#
# Put a function that returns your model into a file `my_models.py`, and
#
# ```console
# $ spadv evaluate my_models:factory --data mnist-sample --images 500
# ```
#
# ## Questions
#
# [Solutions](solutions/solution9_your_own_model.py), for afterwards.
#
# **Question 1** (paper). Which of these keep the contract, and what happens with the others: a
# module that (a) returns probabilities (softmax) instead of logits, (b) expects pixels from 0 to
# 255, (c) uses dropout, (d) returns the index of the class?
#
# **Question 2** (code). Take the comparison of natural accuracies. Compute it as if the two sets of
# outcomes came from different images (two intervals, do they overlap?), and compare the widths.
#
# **Question 3** (code). A "defence": round pixels to five grey levels, then classify. Measure its
# robustness profile. Then attack the network *without* the rounding and feed the results to the one
# with it. What do you learn?
#
# **Question 4** (code). Measure a model that does not learn: a linear classifier on pixels, or the
# nearest class mean, written as a module. Is it more robust than `mine` at the budgets where it is
# still accurate?
#
# **Question 5** (open). Write a report card for your own model on half a page: which numbers, with
# which intervals, from which attack, on which images, and which two sentences of warning?
#
# ## Where to go next
#
# The saved record of an evaluation holds the outcome for each image: any other metric can be
# computed later. Classifiers on the *theory's* distribution, scikit-learn's for instance:
# `measure_your_classifier.py`. Networks on that distribution, beside its exact frontier: `spadv
# bridge`.
