"""Each quirk of the published scripts, on an example where it matters."""

import pytest
import torch
from torch import nn

from spadv.empirical.attacks import (
    CORRECTED,
    OFFICIAL,
    OFFICIAL_EQUIVARIANT,
    Normalised,
    Protocol,
    apgd,
    attacking,
    pgd,
    profile,
)
from spadv.empirical.attacks.protocol import make_coordinates, resolve
from spadv.errors import InputError

MEAN, STD = (0.5, 0.4), (0.25, 0.2)
UNITS = Protocol("units", normalised_units=True, clip=(-100.0, 100.0))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def predict(net, x):
    with attacking(net) as f, torch.no_grad():
        return f(x).argmax(1)


@pytest.fixture
def net(trained):
    return Normalised(trained, MEAN, STD).eval()


@pytest.fixture
def scales():
    return (torch.tensor(v).view(1, 2, 1, 1) for v in (MEAN, STD))


def script(net, x, y, eps, step, steps, start=None):
    """The published loop: everything after normalisation, clipped to [-1, 1] at the end."""
    z = (x - net.mean.to(x)) / net.std.to(x)
    current = z.clone() if start is None else start
    for _ in range(steps):
        current = current.detach().requires_grad_()
        loss = nn.functional.cross_entropy(net.network(current), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, current)
        moved = current.detach() + step * gradient.sign()
        current = (z + (moved - z).clamp(-eps, eps)).clamp(-1, 1)
    return current


def test_the_script_is_reproduced(net, test_set):
    x, y = (part[:50] for part in test_set)
    net, x = net.double(), x.double()
    eps, step = 0.3, 0.1
    z = (x - net.mean) / net.std
    expected = script(net, x, y, eps, step, 4, z.clamp(-1, 1))
    found = pgd(
        net, x, y, budget=eps, step_size=step, steps=4, random_start=False, protocol="official"
    )
    torch.testing.assert_close(found, expected * net.std + net.mean, atol=1e-12, rtol=0)
    outcomes = profile(
        net, x, y, budgets=[eps], steps=4, step_size=step, random_start=False, protocol="official"
    )
    assert torch.equal(outcomes.adversarial[0], net.network(expected).argmax(1))
    assert torch.equal(outcomes.clean, predict(net, x))  # on images that are not clipped


def test_units_shrink_the_budget_by_the_deviation(net, test_set, scales):
    x, y = test_set
    _, std = scales
    found = pgd(net, x, y, budget=0.1, step_size=0.1, steps=3, random_start=False, protocol=UNITS)
    largest = (found - x).abs().amax(dim=(0, 2, 3))
    torch.testing.assert_close(largest, 0.1 * std.flatten(), atol=1e-6, rtol=0)
    pixels = pgd(net, x, y, budget=0.1, step_size=0.1, steps=3, random_start=False)
    assert (predict(net, found) == y).sum() > (predict(net, pixels) == y).sum() + 30


def test_clipping_alone_changes_images_and_predictions_at_budget_zero(net, test_set, scales):
    """Far beyond any budget, and before there is any attack."""
    x, y = test_set
    mean, std = scales
    found = pgd(
        net, x, y, budget=0, step_size=0.1, steps=2, random_start=False, protocol="official"
    )
    clipped = ((x - mean) / std).clamp(-1, 1) * std + mean
    torch.testing.assert_close(found, clipped, atol=1e-6, rtol=0)
    assert ((found - x).abs() > 8 / 255).float().mean() > 0.2
    outcomes = profile(
        net, x, y, budgets=[0, 1e-6], steps=1, random_start=False, protocol="official"
    )
    assert outcomes.fooled[0].any()
    assert torch.equal(outcomes.adversarial[0], predict(net, clipped))
    assert torch.equal(outcomes.adversarial[0], outcomes.adversarial[1])
    corrected = profile(net, x, y, budgets=[0], steps=1, random_start=False)
    assert not corrected.fooled.any()


def test_clipping_can_hide_an_attack_and_be_asked_for_alone(net, test_set):
    """The clip may also be combined with pixel units."""
    x, y = test_set
    rules = Protocol("dark", clip=(0.0, 0.5))
    found = pgd(net, x, y, budget=0.05, step_size=0.02, steps=3, generator=seeded(),
                protocol=rules)  # fmt: skip
    assert found.max() <= 0.5
    assert ((found - x).abs() > 0.05).any()
    best = profile(net, x, y, budgets=[0, 0.05], steps=3, iterate="best", generator=seeded(),
                   protocol=rules)  # fmt: skip
    assert torch.equal(best.adversarial[0], predict(net, x.clamp(0, 0.5)))


def test_training_mode_uses_the_statistics_of_the_batch(net, test_set):
    """The running statistics are given back, and single images get other answers."""
    x, y = test_set
    rules = Protocol("train", train_mode=True)
    before = [b.clone() for b in net.buffers()]
    options = {"budgets": [0, 0.06], "steps": 2, "step_size": 0.03, "protocol": rules}
    found = profile(net, x, y, generator=seeded(), batch_size=50, **options)
    assert all(torch.equal(a, b) for a, b in zip(before, net.buffers(), strict=True))
    net.network[7].p = 0.0  # without dropout, clean predictions are those of batches
    quiet = profile(net, x, y, generator=seeded(), batch_size=50, **options)
    net.train()
    expected = torch.cat([net(part).argmax(1) for part in x.split(50)])
    assert torch.equal(quiet.clean, expected)
    net.eval()
    assert not torch.equal(quiet.clean, predict(net, x))
    again = profile(net, x, y, generator=seeded(), batch_size=2, **options)
    assert not torch.equal(again.adversarial, quiet.adversarial)
    assert not torch.equal(found.clean, quiet.clean)


@pytest.mark.parametrize("iterate", ["last", "best"])
def test_training_mode_is_reproducible_with_dropout(net, test_set, iterate):
    x, y = test_set

    def attack():
        return pgd(
            net, x, y, budget=0.1, step_size=0.03, steps=3, generator=seeded(4),
            iterate=iterate, protocol=Protocol("train", train_mode=True),
        )  # fmt: skip

    torch.manual_seed(1)
    first = attack()
    torch.manual_seed(2)
    assert torch.equal(first, attack())
    assert not torch.equal(
        first, pgd(net, x, y, budget=0.1, step_size=0.03, steps=3, generator=seeded(4))
    )


def test_predicted_labels_replace_those_given(net, test_set):
    x, y = test_set
    wrong = (y + 1) % 5
    rules = Protocol("predicted", predicted_labels=True)
    options = {"budget": 0.05, "step_size": 0.02, "steps": 3, "random_start": False}
    expected = pgd(net, x, predict(net, x), **options)
    assert torch.equal(pgd(net, x, wrong, protocol=rules, **options), expected)
    assert not torch.equal(pgd(net, x, wrong, **options), expected)
    found = profile(
        net, x, wrong, budgets=[0.05], steps=3, step_size=0.02, random_start=False, protocol=rules
    )
    assert torch.equal(found.adversarial[0], predict(net, expected))
    assert torch.equal(found.labels, wrong)  # accuracy still counts true labels


def test_the_name_official_depends_on_the_network(net):
    assert resolve("corrected", net) is CORRECTED
    assert resolve("official", net) is OFFICIAL
    net.spec.group = "p4"
    assert resolve("official", net) is OFFICIAL_EQUIVARIANT
    assert resolve(UNITS, net) is UNITS


def test_the_package_s_networks_tell_their_normalisation(generator):
    models = pytest.importorskip("spadv.empirical.models")
    x = torch.rand(3, 1, 28, 28, generator=generator)
    for group in (None, "p4"):
        net = models.build(
            "stdcnn", num_classes=10, in_channels=1, image_size=28, group=group,
            mean=(0.13,), std=(0.31,),
        ).eval()  # fmt: skip
        z = make_coordinates(net, x, resolve("official", net))
        torch.testing.assert_close(z.network(z.enter(x)), net(x))
        torch.testing.assert_close(z.leave(z.enter(x)), x)
        profile(net, x, budgets=[0, 0.3], steps=2, generator=generator, protocol="official")
        assert resolve("official", net).train_mode == (group is not None)


def test_stronger_attacks_take_rules_too(net, test_set):
    x, y = test_set
    for rules in (UNITS, "official"):
        z = apgd(net, x, y, budget=0.2, steps=4, generator=seeded(), protocol=rules)
        moved = (z - x) / net.std.to(x)
        if rules is UNITS:
            assert moved.abs().max() <= 0.2 + 1e-5
        found = profile(net, x, y, budgets=[0.2, 0.6], steps=3, attack="autoattack",
                        generator=seeded(), protocol=rules)  # fmt: skip
        right = found.correct.sum(1)
        assert right[1] < right[0]


def test_bad_input(trained, test_set):
    x, y = test_set
    with pytest.raises(InputError, match="Normalised"):
        pgd(trained, x, y, budget=0.1, step_size=0.1, steps=1, generator=seeded(),
            protocol="official")  # fmt: skip
    with pytest.raises(InputError, match="official"):
        resolve("oficial", trained)
    with pytest.raises(InputError, match="clip"):
        Protocol(clip=(1.0, -1.0))
    with pytest.raises(InputError, match="std"):
        Normalised(trained, (0.5, 0.5), (0.5,))
    with pytest.raises(InputError, match="std"):
        Normalised(trained, (0.5, 0.5), (0.5, 0.0))
