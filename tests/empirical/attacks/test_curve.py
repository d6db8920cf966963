"""Profiles over many budgets are what single attacks say, with less work."""

import copy
import itertools

import pytest
import torch
from torch import nn

from spadv.empirical.attacks import apgd, attacking, pgd, profile
from spadv.empirical.attacks.curve import BLOCK, RandomDirections
from spadv.errors import InputError

BUDGETS = [0, 0.03, "15/250", 0.09, 0.15]
RADII = (0.0, 0.03, 0.06, 0.09, 0.15)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def predict(net, x):
    with attacking(net) as f, torch.no_grad():
        return f(x).argmax(1)


@pytest.mark.parametrize("step_size", [0.01, None])
@pytest.mark.parametrize("labelled", [False, True])
def test_last_iterates_are_those_of_single_attacks(trained, test_set, step_size, labelled):
    net, x, y = trained.double(), test_set[0].double(), test_set[1]
    y = y if labelled else None
    found = profile(
        net, x, y, budgets=BUDGETS, steps=5, step_size=step_size, generator=seeded(),
        batch_size=64,
    )  # fmt: skip
    assert found.budgets == pytest.approx(RADII)
    assert torch.equal(found.clean, predict(net, x))
    assert torch.equal(found.adversarial[0], found.clean)
    directions = RandomDirections(seeded(), x).of(range(len(x)), 0)
    for k, radius in enumerate(RADII):
        start = (x + radius * directions).clamp(0, 1)
        single = pgd(net, x, y, budget=radius, step_size=step_size, steps=5, start=start)
        assert torch.equal(found.adversarial[k], predict(net, single))
    assert (found.labels is None) == (not labelled)


@pytest.mark.parametrize("attack", ["pgd", "apgd", "autoattack"])
def test_upwards_outcomes_are_true_and_monotone(trained, test_set, attack):
    x, y = test_set
    found = profile(
        trained, x, y, budgets=[0.15, 0, 0.03, 0.09, 0.06], steps=6, attack=attack,
        iterate="best", generator=seeded(),
    )  # fmt: skip
    wrong = (found.adversarial != y)[[1, 2, 4, 3, 0]]
    assert (wrong[1:] | ~wrong[:-1]).all()
    assert torch.equal(wrong[0], found.clean != y)
    counts = wrong.sum(1)
    assert (counts.diff() > 0).all()
    assert not found.fooled[:, found.clean != y].any()
    # No weaker than attacks on each budget alone, with the same directions.
    for k, radius in ((3, 0.09), (4, 0.06)):
        if attack == "pgd":
            directions = RandomDirections(seeded(), x).of(range(len(x)), 0)
            start = (x + radius * directions).clamp(0, 1)
            alone = pgd(
                trained, x, y, budget=radius, step_size=None, steps=6, start=start, iterate="best"
            )
        else:
            alone = apgd(trained, x, y, budget=radius, steps=6, generator=seeded(1))
        fell = predict(trained, alone) != y
        assert (found.adversarial[k] != y).sum() >= fell.sum() - (0 if attack == "pgd" else 3)


def test_best_does_less_work(trained, test_set):
    x, y = test_set
    work = {}
    for iterate in ("last", "best"):
        seen = []
        handle = trained.register_forward_hook(lambda m, i, o, seen=seen: seen.append(len(o)))
        profile(
            trained, x, y, budgets=RADII, steps=10, step_size=0.02, iterate=iterate,
            generator=seeded(),
        )  # fmt: skip
        handle.remove()
        work[iterate] = sum(seen)
    count, budgets, steps = len(x), 4, 10
    assert work["last"] == count * (1 + budgets * (steps + 1))  # clean ones once, zero free
    assert work["best"] < 0.8 * work["last"]


@pytest.mark.parametrize(("attack", "iterate"), [("pgd", "last"), ("pgd", "best"),
                                                 ("autoattack", "best")])  # fmt: skip
def test_outcomes_do_not_depend_on_batches(trained, test_set, attack, iterate):
    x, y = (part[:70] for part in test_set)
    small, large = (
        profile(
            trained.double(), x.double(), y, budgets=(0, 0.06, 0.15), steps=3, attack=attack,
            iterate=iterate, restarts=2 if attack == "pgd" else 1, generator=seeded(3),
            batch_size=size,
        ).adversarial
        for size in (17, 1000)
    )  # fmt: skip
    assert torch.equal(small, large)


def test_the_seed_decides_and_one_number_is_drawn(trained, test_set):
    x, y = test_set

    def run(seed):
        generator = seeded(seed)
        found = profile(trained, x, y, budgets=[0.06], steps=1, generator=generator)
        return found.adversarial, torch.rand(1, generator=generator)

    assert torch.equal(run(0)[0], run(0)[0])
    assert not torch.equal(run(0)[0], run(1)[0])
    expected = seeded(0)
    torch.randint(2**62, (), generator=expected)
    assert torch.equal(run(0)[1], torch.rand(1, generator=expected))


def test_restarts_only_help(trained, test_set):
    x, y = test_set
    for iterate in ("last", "best"):
        once, often = (
            profile(
                trained, x, y, budgets=[0.06, 0.09], steps=2, step_size=0.05, restarts=restarts,
                iterate=iterate, generator=seeded(),
            ).correct
            for restarts in (1, 4)
        )  # fmt: skip
        assert (once | ~often).all()
        assert often.sum() < once.sum()


def test_without_a_random_start_no_generator_is_needed(trained, test_set):
    x, y = test_set
    found = profile(trained, x, y, budgets=[0.06], steps=3, random_start=False)
    single = pgd(trained, x, y, budget=0.06, step_size=None, steps=3, random_start=False)
    assert torch.equal(found.adversarial[0], predict(trained, single))


def test_a_linear_network_falls_exactly_where_it_should(generator, linear):
    """A budget suffices if and only if it is above margin / l1 norm, away from the box."""
    net = linear(generator, classes=2)
    x = 0.5 + 0.05 * torch.randn(300, 1, 3, 3, generator=generator, dtype=torch.float64)
    logits = net(x).detach()
    margin = (logits[:, 1] - logits[:, 0]).abs()
    needed = margin / (net[1].weight[1] - net[1].weight[0]).abs().sum()
    budgets = [0.0, *needed.quantile(torch.linspace(0.1, 0.9, 6).double()).tolist()]
    assert budgets[-1] < 0.3
    for attack, iterate in (("pgd", "last"), ("pgd", "best"), ("apgd", ""), ("autoattack", "")):
        found = profile(
            net, x, budgets=budgets, steps=20, attack=attack, iterate=iterate or "last",
            generator=generator,
        )  # fmt: skip
        for k, budget in enumerate(budgets):
            # Which way an image on the very edge of a budget goes is up to rounding.
            clear = (needed - budget).abs() > 1e-9
            assert torch.equal(found.fooled[k][clear], (needed < budget)[clear])


def test_progress_is_told(trained, test_set):
    x, y = test_set
    for iterate in ("last", "best"):
        told = []
        profile(
            trained, x, y, budgets=BUDGETS, steps=2, iterate=iterate, generator=seeded(),
            progress=lambda done, total, message="", told=told: told.append((done, total)),
        )  # fmt: skip
        assert all(a[0] <= b[0] for a, b in itertools.pairwise(told))
        assert told[-1][0] == told[-1][1]


def test_empty_sets_and_single_images(trained, test_set):
    x, y = test_set
    empty = profile(trained, x[:0], y[:0], budgets=[0, 0.1], steps=2, generator=seeded())
    assert empty.adversarial.shape == (2, 0)
    assert empty.fooled.sum(1).tolist() == [0, 0]
    one = profile(trained, x[:1], y[:1], budgets=[0, 0.5], steps=5, generator=seeded())
    assert one.adversarial.shape == (2, 1)


def test_directions_belong_to_images():
    x = torch.zeros(2 * BLOCK + 5, 1, 3, 3)
    draws = RandomDirections(seeded(), x)
    everything = draws.of(range(len(x)), 0)
    some = [2 * BLOCK + 4, 0, BLOCK, BLOCK - 1, 0]
    assert torch.equal(draws.of(some, 0), everything[some])
    assert not torch.equal(draws.of(some, 1), everything[some])
    assert everything.abs().max() <= 1
    assert everything.flatten(1).unique(dim=0).shape[0] == len(everything)
    assert abs(everything.mean()) < 0.06
    assert not torch.equal(RandomDirections(seeded(1), x).of([0], 0), everything[:1])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"budgets": []}, "budgets"),
        ({"budgets": 0.1}, "budgets"),
        ({"budgets": "8/255"}, "budgets"),
        ({"budgets": ["8/0"]}, "budgets"),
        ({"budgets": [-0.1]}, "budgets"),
        ({"steps": 0}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"step_size": -1}, "step_size"),
        ({"attack": "fgsm"}, "attack"),
        ({"iterate": "first"}, "iterate"),
        ({"restarts": 0}, "restarts"),
        ({"restarts": 2, "random_start": False}, "restarts"),
        ({"batch_size": 0}, "batch_size"),
        ({"generator": "3"}, "generator"),
        ({"protocol": "offical"}, "protocol"),
        ({"precision": "float8"}, "precision"),
    ],
)
def test_bad_input(trained, test_set, options, name):
    x, y = test_set
    given = {"budgets": [0.1], "steps": 2, "generator": seeded(), **options}
    with pytest.raises(InputError) as caught:
        profile(trained, x, y, **given)
    assert caught.value.argument == name


def test_labels_beyond_the_classes(trained, test_set):
    x, y = test_set
    with pytest.raises(InputError, match="below 5"):
        profile(trained, x, y + 1, budgets=[0.1], steps=2, generator=seeded())


def test_dropout_is_off(test_set):
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(128, 3)).train()
    x, _ = test_set
    first, second = (
        profile(net, x, budgets=[0.01], steps=2, generator=seeded()).adversarial for _ in range(2)
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_attacks_as_well(trained, test_set, precision):
    """Small gradients do not underflow to zero, which would be a warning, and no robustness."""
    x, y = test_set
    options = {"budgets": [0, 0.03, 0.08], "steps": 8, "generator": 1}
    full = profile(trained, x, y, **options).correct.double().mean(1)
    half = profile(trained, x, y, precision=precision, **options).correct.double().mean(1)
    assert full[2] < full[0] - 0.2
    assert (full - half).abs().max() < 0.05
    sharp = copy.deepcopy(trained)
    sharp[-1].weight.data *= 30  # logits so far apart that a plain loss is flat
    assert profile(sharp, x, y, precision=precision, **options).masked == 0
