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
# # Lesson 6: train a small equivariant network, and rotate its input
#
# **What you will learn**
#
# - how to train two small networks in seconds: a plain one, and its quarter-turn-equivariant twin;
# - what "equivariant" guarantees exactly, and what it does not;
# - how to measure an invariance profile, with intervals.
#
# **Prerequisites**: convolutional networks, a little PyTorch. Lessons 1 to 5 are not needed. The
# extra `spadv[empirical]`. About 40 minutes.

# %%
import tempfile
from pathlib import Path

from spadv.empirical.data import load
from spadv.empirical.evaluation import EvaluationSettings, evaluate, predict
from spadv.empirical.evaluation.plots import profiles_figure
from spadv.empirical.models import count_parameters
from spadv.empirical.models.equivariant import exactness_report, invariance_error
from spadv.empirical.training import TrainConfig, train
from spadv.empirical.transforms import rotate
from spadv.stats import rate_of
from spadv.style import CYCLE, LINES, new_figure, styled

# %% [markdown]
# ## The data
#
# 12,000 digits of MNIST come with spadv. Pixels are in $[0,1]$.

# %%
data = load("mnist-sample")
images, labels = data.test.batch(slice(0, 300))
print(data.train, data.test, sep="\n")
print(
    "a batch:",
    tuple(images.shape),
    images.dtype,
    "from",
    images.min().item(),
    "to",
    images.max().item(),
)

# %% [markdown]
# ## Two networks
#
# A convolution is *equivariant* to translations: shift the image, and the feature map shifts along.
# A **group convolution** (Cohen and Welling, 2016) does the same for quarter turns: it applies each
# filter in its four orientations, and a feature map carries one more index, the orientation. Turn
# the image by 90 degrees, and the maps turn by 90 degrees while their four orientations move on by
# one. These four rotations are called the group **P4**.
#
# If in the end one reads the maps in all four orientations and takes the maximum, the output does
# not change at all: the network is *invariant* to quarter turns.
#
# `stdcnn` is the MNIST network of the paper; with `"group": "p4"` it becomes its twin. `"head":
# "invariant"` makes the last layers invariant, too. (The paper's own head is not; see question 3.)
# `"channels": "sqrt"` halves the channels, so that the convolutions of both networks have about as
# many parameters; the first linear layer, which reads four orientations, has more.

# %%
folder = Path(tempfile.mkdtemp())
PLAIN = {"name": "stdcnn"}
P4 = {"name": "stdcnn", "group": "p4", "head": "invariant", "options": {"channels": "sqrt"}}


def trained(name, model, **changes):
    """Train a network for a few epochs on upright digits (or as the changes say)."""
    table = {
        "data": {"name": "mnist-sample", "limit": 2000},
        "model": model,
        "optimiser": {"name": "adam", "learning_rate": 0.003, "weight_decay": 0, "batch_size": 64},
        "epochs": 3,
    }
    result = train(TrainConfig.from_table(table | changes), folder / name)
    right = result.test_correct / result.test_images
    print(f"{name}: {count_parameters(result.model)} parameters, test accuracy {right:.3f}")
    return result.model


networks = {"plain": trained("plain", PLAIN), "P4": trained("P4", P4)}

# %% [markdown]
# ## Turn it
#
# Both networks have seen upright digits only. **Predict**: on what share of the test digits does
# the P4 network change its mind when the digit is rotated by 90 degrees? And by 45 degrees?

# %%
my_guess_90, my_guess_45 = 0.1, 0.1  # change them before you go on


# %%
def changed(model, angle):
    """Return the share of digits whose predicted class changes when they are rotated."""
    kept = predict(model, rotate(images, angle)) == predict(model, images)
    return 1 - rate_of(kept.numpy()).value


for name, model in networks.items():
    print(f"{name:6} changes its mind on {changed(model, 90):.3f} of digits rotated by 90 degrees,")
    print(f"       and on {changed(model, 45):.3f} of those rotated by 45 degrees")
print(f"you said {my_guess_90} and {my_guess_45} for P4")

# %% [markdown]
# At 90 degrees not a single digit changes class, although the network never saw a rotated digit:
# this is no result of training but of its construction. At 45 degrees the guarantee ends: a turn by
# 45 degrees mixes pixels, and no element of P4 does that.
#
# The guarantee is exact up to rounding, and it depends on sizes: a window that does not fit the map
# breaks it. `exactness_report` says which layers do; an empty list means none.

# %%
for name, model in networks.items():
    error = invariance_error(model.eval(), images[:50], "p4")
    changes = ", ".join(f"{value:.0e}" for value in error.tolist())
    print(f"{name:6} largest relative change of the logits at 0, 90, 180, 270 degrees: {changes}")
print("layers that break the symmetry:", exactness_report(networks["P4"].features, (1, 28, 28)))


# %%
def draw_digits(numbers, angles):
    """Draw rotated digits with the predictions of both networks."""
    with styled():
        figure = new_figure(figsize=(1.35 * len(angles), 1.75 * len(numbers)))
        grid = figure.subplots(len(numbers), len(angles), squeeze=False)
        for row, number in zip(grid, numbers, strict=True):
            for axes, angle in zip(row, angles, strict=True):
                rotated = rotate(images[number : number + 1], angle)
                said = [int(predict(model, rotated)) for model in networks.values()]
                axes.imshow(rotated[0, 0].numpy(), cmap="gray_r", vmin=0, vmax=1)
                axes.set(xticks=[], yticks=[])
                axes.grid(visible=False)
                title = f"{angle}°: " + ", ".join(map(str, said))
                axes.set_title(title, fontsize=8.5, fontweight="normal")
        figure.suptitle("Said by: " + ", ".join(networks), fontsize=10)
    return figure


draw_digits(numbers=(0, 1, 5), angles=(0, 30, 45, 60, 90, 180))


# %%
def draw_fixed_angles(step=15):
    """Draw the share of unchanged predictions against a fixed angle, with 95% bands."""
    angles = list(range(0, 181, step))
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        for (name, model), color, line in zip(networks.items(), CYCLE, LINES, strict=False):
            clean = predict(model, images)
            rates = [rate_of((predict(model, rotate(images, a)) == clean).numpy()) for a in angles]
            ends = [rate.interval for rate in rates]
            low, high = [end.low for end in ends], [end.high for end in ends]
            axes.fill_between(angles, low, high, color=color, alpha=0.18, lw=0)
            values = [rate.value for rate in rates]
            axes.plot(angles, values, color=color, ls=line, marker="o", ms=4, label=name)
        axes.set(xlabel="angle (degrees), the same for all digits", ylabel="predictions unchanged")
        axes.set(xticks=range(0, 181, 30), ylim=(0, 1.02), title="Rotated by a fixed angle")
        axes.legend(loc="lower left")
    return figure


draw_fixed_angles()

# %% [markdown]
# The P4 curve repeats every 90 degrees and returns to 1 each time. The plain network knows nothing
# of turns.
#
# ## The invariance profile
#
# The paper's measure is the **rate of invariance** under a *random* rotation: each image is rotated
# by an angle uniform in $[-\theta,\theta]$, and one counts how often the predicted class stays that
# of the unrotated image, right or wrong. Against $\theta$ that is the *invariance profile*.
# `evaluate` measures it, and much more; all images, angles and networks share their random numbers,
# so that curves can be compared.

# %%
settings = EvaluationSettings.for_channels(
    1,
    rotations=(0, 30, 60, 90, 120, 150, 180),
    translations=(),
    both=(),
    budgets=(),
    distance_images=0,
    images=300,
)
records = {name: evaluate(model, data, settings) for name, model in networks.items()}
for name, record in records.items():
    profile = record.profile("rotation")
    last = profile.number_of(180)
    print(f"{name:6} random rotations up to 180 degrees:", end=" ")
    for what, rate in (
        ("rate of invariance", profile.unchanged(last)),
        ("accuracy", profile.accuracy(last)),
    ):
        low, high, _ = rate.interval
        print(f"{what} {rate.value:.3f} [{low:.3f}, {high:.3f}]", end="  ")
    print()
profiles_figure(records, ("rotation", "translation", "both"))

# %% [markdown]
# Exact invariance to four rotations helps with all the others, but does not give them; at small
# angles it is no help at all. The paper therefore trains equivariant networks with random rotations
# on top (`"augment": "R:180"`), and asks what that costs in adversarial robustness (lesson 7,
# question 4).
#
# ## Questions
#
# [Solutions](solutions/solution6_turn_an_equivariant_network.py), for afterwards.
#
# **Question 1** (paper). Let $F(x)$ have one value for each orientation, $F_0,\dots,F_3$, and let
# $F_i(\text{rotated }x)=F_{i-1}(x)$, indices modulo 4. Show that $\max_iF_i$ and the mean of the
# $F_i$ are invariant. Is $F_0-F_1$? Give a function of $F$ that is invariant and keeps more than
# the maximum.
#
# **Question 2** (paper, then code). A window of $k$ places at stride $s$ on $n$ places with padding
# $q$ fits if $n+2q-k$ is a multiple of $s$. `stdcnn` is: convolution 3, convolution 3, pool 2,
# convolution 3, convolution 3, pool 2, no padding. For which image sides from 24 to 32 is its P4
# twin exactly invariant? Check with `exactness_report` and `invariance_error` on untrained
# networks.
#
# **Question 3** (code). Build the P4 network with `"head": "paper"`. Is it invariant to quarter
# rotations before training? Why does the paper's network need augmentation where ours does not?
#
# **Question 4** (code). Train the plain network with random rotations, `trained("augmented", PLAIN,
# augment="R:180")`. Compare it with the P4 network at 90 degrees, at 45 degrees and on upright
# digits. How many training images would make the comparison fair?
#
# **Question 5** (open). A 6 rotated by 180 degrees looks like a 9. What must an invariant network
# answer? What do accuracy and rate of invariance say about it, and which of them would you report?
#
# ## Where to go next
#
# [Lesson 7](lesson7_attack_it.py). Any usual network has such a twin: `to_equivariant` in
# `spadv.empirical.models.equivariant`. On the command line: `spadv train --model stdcnn --group p4
# --augment R:180`, then `spadv evaluate RUN`.
