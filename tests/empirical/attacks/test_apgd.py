"""Auto-PGD against closed forms, the authors' loop (as torchattacks has it), and itself."""

import warnings
from functools import partial

import pytest
import torch

from spadv.empirical.attacks import CORRECTED, apgd, attacking, pgd, strong_attack
from spadv.empirical.attacks.apgd import LOSSES, apgd_ascent, boundary_points, checkpoints
from spadv.empirical.attacks.ascent import BestAdversarial, make_batch, restart
from spadv.empirical.attacks.context import attack_context
from spadv.errors import InputError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torchattacks

EPS = 0.12


def wrong(net, images, y):
    with attacking(net) as f, torch.no_grad():
        return (f(images).argmax(1) != y).sum().item()


@pytest.mark.parametrize("loss", ["ce", "margin"])
def test_two_linear_classes_have_a_closed_form(generator, linear, loss):
    net = linear(generator, classes=2)
    x = torch.rand(50, 1, 3, 3, generator=generator, dtype=torch.float64)
    y = net(x).argmax(1)
    weight = (net[1].weight[1] - net[1].weight[0]).detach().view(1, 1, 3, 3)
    towards = torch.where(y == 0, 1.0, -1.0).double().view(-1, 1, 1, 1)
    expected = (x + EPS * towards * weight.sign()).clamp(0, 1)
    found = apgd(net, x, y, budget=EPS, steps=10, loss=loss, generator=generator)
    survived = net(expected).argmax(1) == y
    assert 0 < survived.sum() < 50
    assert torch.equal(net(found).argmax(1) == y, survived)
    torch.testing.assert_close(found[survived], expected[survived], atol=1e-15, rtol=0)


def test_many_linear_classes_have_an_exact_answer(generator, linear):
    """An image falls if and only if the best corner for one of the other classes beats it."""
    net = linear(generator, classes=5)
    x = torch.rand(200, 1, 3, 3, generator=generator, dtype=torch.float64)
    y = net(x).argmax(1)
    weight = net[1].weight.detach()
    falls = torch.zeros(200, dtype=torch.bool)
    for k in range(5):
        lean = (weight[k] - weight[y]).view(-1, 1, 3, 3)
        corner = (x + 0.08 * lean.sign()).clamp(0, 1)
        logits = net(corner)
        falls |= logits[:, k] > logits.gather(1, y[:, None])[:, 0]
    assert 20 < falls.sum() < 180
    outcome = strong_attack(net, x, y, budget=0.08, steps=20, generator=generator)
    assert torch.equal(~outcome.robust, falls)
    assert torch.equal(outcome.prediction, net(outcome.images).argmax(1))
    for attack in (
        lambda: apgd(net, x, y, budget=0.08, steps=30, generator=generator),
        lambda: apgd(net, x, y, budget=0.08, steps=30, loss="dlr", generator=generator),
        lambda: pgd(net, x, y, budget=0.08, step_size=0.01, steps=40, generator=generator),
    ):
        fell = net(attack()).argmax(1) != y
        assert (falls | ~fell).all()
        assert fell.sum() >= 0.95 * falls.sum()


class _AuthorsLoop(torchattacks.APGD):
    """The loop of the authors' code, its first checkpoint mended.

    There it compares the first loss with a row of zeros that nothing has written yet, not
    with the loss at the start.
    """

    begin: torch.Tensor

    def check_oscillation(self, x, j, k, y5, k3=0.75):
        if j - k == -1:
            x = x.copy()
            x[-1] = self.begin
        return super().check_oscillation(x, j, k, y5, k3)


@pytest.mark.parametrize("loss", ["ce", "dlr"])
def test_parity_with_the_authors_loop(trained, test_set, loss):
    net, x, y = trained.double(), test_set[0][:60].double(), test_set[1][:60]
    right = net(x).argmax(1) == y
    x, y, steps = x[right], y[right], 30
    theirs = _AuthorsLoop(net, eps=0.06, steps=steps, loss=loss)
    drawn = 2 * torch.rand(x.shape, generator=torch.Generator().manual_seed(0)).double() - 1
    start = (x + 0.06 * drawn / drawn.flatten(1).abs().amax(1).view(-1, 1, 1, 1)).clamp(0, 1)

    def losses(images):
        if loss == "dlr":
            return theirs.dlr_loss(net(images), y).detach()
        return torch.nn.functional.cross_entropy(net(images), y, reduction="none").detach()

    theirs.begin = losses(start).numpy()
    real = torch.rand
    torch.rand = lambda shape: (drawn + 1) / 2  # they draw 2 * rand - 1
    try:
        _, accuracy, their_loss, _ = theirs.attack_single_run(x, y)
    finally:
        torch.rand = real
    found = _run_from(net, x, y, 0.06, drawn, steps, loss)
    fell = net(found).argmax(1) != y
    assert torch.equal(fell, ~accuracy.bool())
    assert 3 < fell.sum() < len(fell) - 3
    # On plateaus, and where losses of two steps agree to the last digits, rounding (which varies
    # from run to run with the alignment of memory) decides which step counts as an improvement.
    close = torch.isclose(losses(found)[~fell], their_loss[~fell], atol=1e-9, rtol=1e-6)
    assert (~close).sum() <= 2


def _run_from(net, x, y, budget, drawn, steps, loss):
    radius = torch.full((len(x),), budget, dtype=torch.float64)
    with attack_context(net, x, CORRECTED) as context:
        batch = make_batch(context, x, radius, LOSSES[loss](y), y, 2 * radius)
        best = BestAdversarial.none_yet(x)
        starts = boundary_points(x, radius, iter([drawn]))
        restart(batch, starts, best, partial(apgd_ascent, steps=steps))
    return best.images


def test_as_strong_as_torchattacks(trained, test_set, generator):
    x, y = test_set
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = wrong(trained, torchattacks.APGD(trained, eps=0.06, steps=30)(x, y), y)
        targeted = torchattacks.APGDT(trained, eps=0.06, steps=20, n_classes=5)
        theirs_targeted = wrong(trained, targeted(x, y), y)
    ours = wrong(trained, apgd(trained, x, y, budget=0.06, steps=30, generator=generator), y)
    outcome = strong_attack(trained, x, y, budget=0.06, steps=20, generator=generator)
    strong = (~outcome.robust).sum().item()
    assert 20 < theirs < 180
    assert abs(ours - theirs) <= 4
    assert strong >= max(ours, theirs_targeted) - 2


def test_stronger_than_pgd_with_as_many_gradients(trained, test_set, generator):
    x, y = test_set
    weak = pgd(
        trained, x, y, budget=0.06, step_size=0.03, steps=20, iterate="best", generator=generator
    )
    strong = strong_attack(trained, x, y, budget=0.06, steps=20, generator=generator)
    assert (~strong.robust).sum() >= wrong(trained, weak, y)
    assert torch.equal(strong.robust, trained(strong.images).argmax(1) == y)


def test_what_each_image_fell_to(trained, test_set, generator):
    x, y = test_set
    y = y.clone()
    y[:10] = (y[:10] + 1) % 5  # wrong from the start
    found = strong_attack(trained, x, y, budget=0.06, steps=20, generator=generator)
    clean_wrong = trained(x).argmax(1) != y
    assert clean_wrong[:10].any()
    assert torch.equal(found.fell_to == 1, clean_wrong)
    assert torch.equal(found.images[clean_wrong], x[clean_wrong])
    assert set(found.fell_to.tolist()) >= {0, 1, 2}
    assert torch.equal(found.robust, found.prediction == y)
    assert ((found.images - x).abs() <= 0.06).all()


def test_two_and_three_classes_have_a_strong_attack(generator, linear):
    for classes in (2, 3):
        net = linear(generator, classes=classes)
        x = torch.rand(30, 1, 3, 3, generator=generator, dtype=torch.float64)
        found = strong_attack(net, x, None, budget=0.3, steps=10, generator=generator)
        assert (~found.robust).any()


@pytest.mark.parametrize("loss", ["ce", "dlr", "margin"])
def test_ball_box_and_budget_zero(trained, test_set, generator, loss):
    x, y = test_set
    for budget in (0, "8/255"):
        found = apgd(trained, x, y, budget=budget, steps=6, loss=loss, generator=generator)
        radius = 8 / 255 if budget else 0
        assert ((found - x).abs() <= radius).all()
        assert ((found >= 0) & (found <= 1)).all()
    assert torch.equal(apgd(trained, x, y, budget=0, steps=6, generator=generator), x)


def test_restarts_only_help_and_the_seed_decides(trained, test_set):
    x, y = test_set

    def attack(restarts):
        made = torch.Generator().manual_seed(3)
        return apgd(trained, x, y, budget=0.06, steps=4, restarts=restarts, generator=made)

    assert torch.equal(attack(1), attack(1))
    once, often = attack(1), attack(5)
    fell_once, fell_often = (trained(z).argmax(1) != y for z in (once, often))
    assert (fell_often | ~fell_once).all()
    assert fell_often.sum() > fell_once.sum()


def test_checkpoints_follow_the_paper():
    """p_(j+1) = p_j + max(p_j - p_(j-1) - 0.03, 0.06), from 0 and 0.22 (section 3.2)."""
    positions, gap = [0.22], 0.22
    while positions[-1] <= 1:
        gap = max(gap - 0.03, 0.06)
        positions.append(positions[-1] + gap)
    expected = {round(100 * p) for p in positions if p <= 1}
    assert checkpoints(100) == expected
    assert checkpoints(1) == {1}


def test_bad_input(trained, test_set, generator):
    x, y = test_set
    with pytest.raises(InputError, match="generator"):
        apgd(trained, x, y, budget=0.1, generator=-1)
    with pytest.raises(InputError, match="loss"):
        apgd(trained, x, y, budget=0.1, loss="dlrr", generator=generator)
    with pytest.raises(InputError, match="steps"):
        apgd(trained, x, y, budget=0.1, steps=0, generator=generator)
    with pytest.raises(InputError, match="targets"):
        strong_attack(trained, x, y, budget=0.1, targets=0, generator=generator)
    assert len(apgd(trained, x[:0], y[:0], budget=0.1, generator=generator)) == 0
    empty = strong_attack(trained, x[:0], y[:0], budget=0.1, generator=generator)
    assert len(empty.robust) == 0
