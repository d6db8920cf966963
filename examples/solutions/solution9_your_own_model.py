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
# # Solutions to lesson 9: measure your own torch model
#
# The questions are in [lesson 9](../lesson9_your_own_model.py).

# %%
import math

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from spadv.empirical.attacks import Normalised, pgd
from spadv.empirical.data import channel_statistics, load
from spadv.empirical.evaluation import EvaluationSettings, evaluate, predict
from spadv.stats import compare, rate_of
from spadv.style import CYCLE, LINES, new_figure, styled
from spadv.theory import InputError

data = load("mnist-sample")
mean, std = channel_statistics(data.train.pixels)
images, labels = data.test.batch(slice(0, 200))


def convolutional():
    """Return the network of the lesson, as a sequence, with dropout at the end."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(16 * 4 * 4, 10),
    )


def fitted(network, seed=0, count=2000, epochs=3):
    """Train in a plain loop and return the model on pixels."""
    model = Normalised(network, mean, std)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.003)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for index in torch.randperm(count, generator=generator).split(50):
            x, y = data.train.batch(index)
            optimiser.zero_grad()
            cross_entropy(model(x), y).backward()
            optimiser.step()
    return model


torch.manual_seed(0)
mine = fitted(convolutional())
BUDGETS = (0.0, 0.05, 0.1, 0.15, 0.2)


def accuracies(model):
    """Return accuracies under attack, one a budget."""
    settings = EvaluationSettings.only(budgets=BUDGETS, steps=10, step_size=None, images=200)
    profile = evaluate(model, data, settings).profile("robustness")
    return [profile.accuracy(i).value for i in range(len(BUDGETS))]


# %% [markdown]
# ## Answer 1
#
# - (a) Probabilities work, with a trap. The class is the same, so accuracies on clean and rotated
#   images are right. But an attack climbs the cross-entropy of what it takes for logits, a second
#   softmax over numbers in $[0,1]$. Where the network is very sure, its probabilities are 0 and 1
#   to rounding, their gradient is 0, and the attack stands still. Our network is not sure enough
#   for that; with logits a hundred times as large it is. Return logits.
# - (b) No error: pixels in $[0,1]$ look nearly black to it, and the numbers are nonsense. Multiply
#   by 255 inside.
# - (c) Fine. It is put into evaluation mode, and its own mode is restored.
# - (d) Refused, with a message: there are no logits to climb.


# %%
class Changed(nn.Module):
    """A model whose outputs are changed by a function."""

    def __init__(self, inner, change):
        super().__init__()
        self.inner, self.change = inner, change

    def forward(self, x):
        """Return the changed outputs."""
        return self.change(self.inner(x))


logits = accuracies(mine)
print(f"{'budgets':30}", BUDGETS)
print(f"{'logits':30}", logits)
print(f"{'probabilities':30}", accuracies(Changed(mine, lambda z: z.softmax(1))))
sure = accuracies(Changed(mine, lambda z: 100 * z))
deceived = accuracies(Changed(mine, lambda z: (100 * z).softmax(1)))
print(f"{'100 x logits':30}", sure)
print(f"{'probabilities of 100 x logits':30}", deceived)
assert deceived[0] == logits[0]
assert max(abs(a - b) for a, b in zip(sure, logits, strict=True)) < 0.05
assert deceived[2] > logits[2] + 0.2
assert mine.training  # its own mode is back
try:
    predict(Changed(mine, lambda z: z.argmax(1)), images)
except InputError as error:
    print("indices:", error)
else:
    raise AssertionError("indices should have been refused")

# %% [markdown]
# ## Answer 2

# %%
torch.manual_seed(1)
other = fitted(convolutional(), seed=1)
right = [(predict(model, data.test) == data.test.labels).numpy() for model in (mine, other)]
rates = [rate_of(outcome) for outcome in right]
pair = compare(*right)
apart = math.sqrt(sum((rate.interval.high - rate.interval.low) ** 2 for rate in rates))
width = pair.interval.high - pair.interval.low
for rate in rates:
    print(f"{rate.value:.4f} [{rate.interval.low:.4f}, {rate.interval.high:.4f}]")
print(f"difference {pair.difference:+.4f}, p-value {pair.p_value:.2g}")
print(f"width of its interval: paired {width:.4f}, as if independent {apart:.4f}")
print(f"right for both {pair.both}, for one {pair.first_only + pair.second_only}")
assert width < apart

# %% [markdown]
# The paired interval is shorter, because both networks are right on the same easy digits. "The
# intervals overlap, so there is no difference" is wrong twice: it ignores the pairing, and even for
# independent samples two 95% intervals may overlap a little while the difference is significant.
#
# ## Answer 3


# %%
class Rounded(nn.Module):
    """Rounds pixels to five grey levels before it classifies."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        """Return logits of the rounded image."""
        return self.inner((4 * x).round() / 4)


defended = Rounded(mine)
itself = accuracies(defended)
transferred = []
for budget in BUDGETS:
    attacked = pgd(
        mine, images, labels, budget=budget, step_size=None, steps=10, random_start=False
    )
    transferred.append(float((predict(defended, attacked) == labels).float().mean()))
print("attacked itself:            ", itself)
print("attacked through its inside:", [round(rate, 3) for rate in transferred])
assert itself[4] > transferred[4] + 0.2


# %%
def draw_defence():
    """Draw what the two attacks make of the same model."""
    curves = {
        "undefended": logits,
        "rounding, attacked itself": itself,
        "rounding, attacked through its inside": transferred,
    }
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        for (name, values), color, line in zip(curves.items(), CYCLE, LINES, strict=False):
            axes.plot(BUDGETS, values, color=color, ls=line, marker="o", ms=4, label=name)
        axes.set(xlabel="budget ε", ylabel="accuracy under attack", ylim=(0, 1.02))
        axes.set(title="A defence that hides the gradient")
        axes.legend(loc="lower left")
    return figure


draw_defence()

# %% [markdown]
# The gradient of rounding is 0 everywhere, so the attack on the defended model does not know where
# to go, and the profile looks splendid. An attack that simply leaves the rounding out of its
# gradient brings it down. That robustness was an illusion (Athalye and others, *Obfuscated
# gradients give a false sense of security*, 2018). Some of it is real: the grey levels are
# $\frac14$ apart, so changes of less than $\frac18$ to a black or white pixel are undone, and these
# digits are nearly black and white. From $\frac18$ on that is over, as the curve shows.
#
# ## Answer 4


# %%
class NearestMean(nn.Module):
    """Answers with the class whose mean image is nearest: a linear classifier of pixels."""

    def __init__(self, x, y):
        super().__init__()
        means = torch.stack([x[y == digit].mean(0).flatten() for digit in range(10)])
        self.register_buffer("means", means)

    def forward(self, x):
        """Return minus half the squared distances, up to a term that all classes share."""
        return x.flatten(1) @ self.means.T - (self.means**2).sum(1) / 2


simple = NearestMean(*data.train.batch(slice(0, 2000)))
means = accuracies(simple)
print("budgets    ", BUDGETS)
print("mine       ", logits)
print("class means", means)
print("share kept of the clean accuracy at 0.1:", round(logits[2] / logits[0], 3), end=" and ")
print(round(means[2] / means[0], 3))
assert means[0] < logits[0]
assert means[4] > logits[4]

# %% [markdown]
# The simple model is worse where nothing or little is attacked and better at the large budgets:
# which of the two is "more robust" depends on the budget, and on whether one counts accuracy or
# what is kept of it. The attack on it is nearly exact, because scores are linear (lesson 7,
# question 1). Note that a model without parameters to train can be measured just as well: buffers
# are enough.
#
# ## Answer 5
#
# An open question. The card below is one answer; it prints itself.

# %%
settings = EvaluationSettings.for_channels(
    1,
    rotations=(0, 30, 180),
    translations=(0.1,),
    both=(),
    budgets=(0.1,),
    attack="apgd",
    steps=20,
    step_size=None,
    distance_images=0,
    images=200,
)
record = evaluate(mine, data, settings)
summary = record.summary()


def line(name, rate):
    """Return one line of the card."""
    low, high = rate["interval"]["low"], rate["interval"]["high"]
    return f"  {name:36} {rate['value']:.3f} [{low:.3f}, {high:.3f}]"


print(f"Report card: a small convolutional network, {record.images} test digits of mnist-sample")
print(line("natural accuracy", summary["natural_accuracy"]))
for row in summary["rotation"]:
    print(line(f"accuracy, rotated up to {row['value']:g} degrees", row["accuracy"]))
for row in summary["translation"]:
    print(line(f"accuracy, moved up to {row['value']:g} of the side", row["accuracy"]))
for row in summary["robustness"]:
    print(line(f"accuracy, APGD of 20 steps at {row['value']:g}", row["accuracy"]))
print("  Intervals: Wilson, 95%, over images. One training: another seed gives another network.")
print("  Attacks bound robustness from above only; a better attack may lower the last line.")
assert summary["rotation"][0]["accuracy"]["value"] == summary["natural_accuracy"]["value"]
