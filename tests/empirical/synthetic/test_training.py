"""Training: where it ends up, what its parts are, and that it repeats itself."""

import dataclasses

import pytest
import torch

from spadv.empirical.settings import Objective, Stage, curriculum
from spadv.empirical.synthetic.accuracy import measure
from spadv.empirical.synthetic.methods import METHODS, Method
from spadv.empirical.synthetic.training import Options, divergence, train
from spadv.empirical.transforms import Augmentation
from spadv.errors import InputError, RunFailedError
from spadv.theory.accuracy import bayes_accuracy, robust_bayes_accuracy, two_shift_accuracy
from spadv.theory.classifiers import bayes

QUICK = Options(width=8, steps_per_epoch=1, batch_size=64)
SEEDS = (0, 1)


def trained(setting, kind, name, *levels, options=QUICK, seeds=SEEDS):
    """Networks of a method at some levels, by default at its nominal one."""
    chosen = METHODS[name]
    return train(setting, kind, chosen, levels or (chosen.nominal,), seeds, options)


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_linear_networks_find_the_bayes_rule(opposed):
    options = Options(steps_per_epoch=4)
    found = measure(trained(opposed, "linear", "natural", options=options), opposed, SEEDS)
    best = bayes(opposed.dist)
    assert found.samples == 0
    assert (bayes_accuracy(0.6) - 5e-4 < found.natural).all()
    assert (found.natural <= bayes_accuracy(0.6)).all()
    assert found.spatial == pytest.approx(best.spatial_accuracy(opposed.dist), abs=0.01)
    expected = best.adversarial_accuracy(opposed.dist, 1.0)
    assert found.adversarial[1.0] == pytest.approx(expected, abs=0.01)


def test_linear_networks_find_the_price_and_the_robust_rule(two):
    """Shifted samples lead to shift-Bayes, attacked ones to robust Bayes."""
    options = Options(steps_per_epoch=4)
    layers = (trained(two, "linear", name, options=options) for name in ("shifts", "PGD"))
    shifts, attacked = (measure(layer, two, SEEDS) for layer in layers)
    price, best = two_shift_accuracy(0.0, 0.7), robust_bayes_accuracy(0.7, 1.0, 16)
    assert (price - 1e-3 < shifts.spatial).all()
    assert (shifts.spatial <= price + 1e-12).all()
    assert (best - 2e-3 < attacked.adversarial[1.0]).all()
    assert (attacked.adversarial[1.0] <= best + 1e-12).all()


def test_networks_of_a_group_are_those_trained_alone(two):
    """Batched products round differently: equal up to that."""
    together = trained(two, "mlp", "mixture", 0.3, 0.9)
    alone = trained(two, "mlp", "mixture", 0.9, seeds=(1,))
    torch.testing.assert_close(together.hidden[3], alone.hidden[0], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(together.out[3], alone.out[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", list(METHODS))
def test_every_method_trains_and_repeats_itself(name, two):
    one = trained(two, "circular", name)
    assert same(one, trained(two, "circular", name))
    assert not torch.equal(one.hidden[0], one.hidden[1])
    assert bool(torch.isfinite(one.hidden).all())


def test_global_randomness_is_neither_used_nor_touched(two):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = trained(two, "mlp", "CuSP")
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert same(one, trained(two, "mlp", "CuSP"))


def test_methods_meet_at_their_ends(two):
    """A mixture of weight 0 is training with shifts, one of weight 1 is PGD, and so on."""
    natural, shifts = trained(two, "mlp", "natural"), trained(two, "mlp", "shifts")
    assert same(trained(two, "mlp", "mixture", 0.0), shifts)
    assert same(trained(two, "mlp", "mixture", 1.0), trained(two, "mlp", "PGD"))
    assert same(trained(two, "mlp", "TRADES", 0.0), natural)
    assert not same(trained(two, "mlp", "TRADES", 1.0), natural)
    # With two shifts a range up to 90 degrees never reaches the second one.
    assert same(trained(two, "mlp", "shifts", 90.0), natural)
    assert not same(trained(two, "mlp", "shifts", 100.0), natural)


def test_cusp_is_that_of_the_image_half(two):
    stages = METHODS["CuSP"].stages(two.eps, 1.0)
    assert stages == curriculum(
        "cusp",
        epochs=120,
        augment=Augmentation(rotation=180.0),
        objective=Objective("pgd", budget=two.eps, step_size=0.4 * two.eps, steps=5),
    )
    assert [stage.objective.budget / two.eps for stage in stages] == [0.25, 0.5, 1.0]
    assert [stage.augment.rotation for stage in stages] == [120, 150, 180]


def test_pgd_step_by_hand(two):
    """One step of training on one sample, with the attack of a linear network known."""
    options = Options(steps_per_epoch=1, batch_size=1, samples=1, learning_rate=1e-3, momentum=0.0)
    objective = Objective("pgd", budget=two.eps, step_size=two.eps, steps=3)
    none = dataclasses.replace(options, learning_rate=0.0)

    def one_step(stage, options):
        short = Method("short", "none", (0.0,), 0.0, lambda eps, level: (stage,))
        return train(two, "linear", short, (0.0,), (0,), options).direct[0].double()

    attacked = Stage(1, Augmentation(), objective)
    begin, end = one_step(attacked, none), one_step(attacked, options)
    # The only sample, recovered from a step of natural training.
    natural = one_step(Stage(1), options)
    y = torch.sign((natural - begin)[-1])
    gradient = (natural - begin) / (natural - begin)[-1] * y
    z = gradient * y
    assert torch.allclose(z[-2:].abs(), torch.ones(2, dtype=torch.float64), atol=1e-4)
    z = z * torch.sign(z[-1])
    attacked = z.clone()
    attacked[:16] -= y * two.eps * torch.sign(begin[:16])
    push = 1e-3 * y * attacked * torch.sigmoid(-y * (begin @ attacked))
    torch.testing.assert_close(end - begin, push, rtol=2e-3, atol=1e-7)


def test_divergence_is_that_of_torch():
    generator = torch.Generator().manual_seed(0)
    clean, other = 3 * torch.randn(2, 50, generator=generator, dtype=torch.float64)
    two_class = [torch.stack([v, torch.zeros_like(v)], 1).log_softmax(1) for v in (clean, other)]
    expected = torch.nn.functional.kl_div(
        two_class[1], two_class[0], reduction="none", log_target=True
    ).sum(dim=1)
    torch.testing.assert_close(divergence(clean, other), expected)


def test_finite_samples_are_remembered(two):
    """On ten samples a network of many units gets them right and fails elsewhere."""
    options = Options(width=64, steps_per_epoch=2, batch_size=64, samples=10)
    few, many = (
        measure(trained(two, "mlp", "natural", options=one), two, SEEDS).natural.mean()
        for one in (options, dataclasses.replace(options, samples=None))
    )
    assert few < many - 0.02


def test_learning_rate():
    published = Options(learning_rate=1.0)
    rates = [published.rate(epoch, 0, 120) for epoch in (0, 74.9, 75, 89, 90, 99, 100, 119)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3])
    settled = Options(learning_rate=1.0, schedule="settled")
    assert [settled.rate(e, 75, 90) for e in (75, 82.5, 90)] == pytest.approx([1, 0.5, 0], abs=1e-6)


def test_bad_input():
    for wrong in ({"width": 0}, {"samples": 0}, {"momentum": 2}, {"schedule": "fast"}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            Options(**wrong)


def test_divergence_of_a_training_is_reported(two):
    wild = dataclasses.replace(QUICK, learning_rate=1e30, momentum=0.99)
    with pytest.raises(RunFailedError, match="smaller learning rate"):
        trained(two, "mlp", "mixture", options=wild)
