"""Training: where it ends up, what its parts are, and that it repeats itself."""

import dataclasses

import numpy as np
import pytest
import torch

from spadv.empirical.settings import Objective, Stage, curriculum
from spadv.empirical.synthetic import METHODS, Options, Recipe, measure, method, train
from spadv.empirical.synthetic.training import divergence
from spadv.empirical.transforms import Augmentation
from spadv.errors import InputError, RunFailedError
from spadv.theory.accuracy import bayes_accuracy, robust_bayes_accuracy, two_shift_accuracy
from spadv.theory.classifiers import bayes

QUICK = Options(width=8, steps_per_epoch=1, batch_size=64)
SEEDS = (0, 1)


def recipe(name, setting, level=None):
    chosen = method(name)
    return chosen.make(setting.eps, chosen.nominal if level is None else level)


def accuracies(setting, kind, recipes, options, seeds=SEEDS):
    layer = train(setting, kind, recipes, seeds, options)
    found = measure(layer, setting, list(seeds) * len(recipes))
    return np.array([(m.spatial.value, m.adversarial[setting.budget].value) for m in found])


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_linear_networks_find_the_bayes_rule(opposed):
    options = Options(steps_per_epoch=4)
    layer = train(opposed, "linear", [recipe("natural", opposed)], SEEDS, options)
    best = bayes(opposed.dist)
    for found in measure(layer, opposed, SEEDS):
        assert found.natural.trials == 0
        assert bayes_accuracy(0.6) - 5e-4 < found.natural.value <= bayes_accuracy(0.6)
        assert found.spatial.value == pytest.approx(best.spatial_accuracy(opposed.dist), abs=0.01)
        expected = best.adversarial_accuracy(opposed.dist, 1.0)
        assert found.adversarial[1.0].value == pytest.approx(expected, abs=0.01)


def test_linear_networks_find_the_price_and_the_robust_rule(two):
    """Shifted samples lead to shift-Bayes, attacked ones to robust Bayes."""
    options = Options(steps_per_epoch=4)
    shifts = accuracies(two, "linear", [recipe("shifts", two, 180.0)], options)
    price = two_shift_accuracy(0.0, 0.7)
    assert (price - 1e-3 < shifts[:, 0]).all()
    assert (shifts[:, 0] <= price + 1e-12).all()
    attacked = accuracies(two, "linear", [recipe("PGD", two)], options)
    best = robust_bayes_accuracy(0.7, 1.0, 16)
    assert (best - 2e-3 < attacked[:, 1]).all()
    assert (attacked[:, 1] <= best + 1e-12).all()


def test_networks_of_a_group_are_those_trained_alone(two):
    """Batched products round differently: equal up to that."""
    recipes = [recipe("mixture", two, level) for level in (0.3, 0.9)]
    together = train(two, "mlp", recipes, SEEDS, QUICK)
    alone = train(two, "mlp", recipes[1:], (1,), QUICK)
    torch.testing.assert_close(together.hidden[3], alone.hidden[0], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(together.out[3], alone.out[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", list(METHODS))
def test_every_method_trains_and_repeats_itself(name, two):
    chosen = [recipe(name, two)]
    one = train(two, "circular", chosen, SEEDS, QUICK)
    assert same(one, train(two, "circular", chosen, SEEDS, QUICK))
    assert not torch.equal(one.hidden[0], one.hidden[1])
    assert bool(torch.isfinite(one.hidden).all())


def test_global_randomness_is_neither_used_nor_touched(two):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = train(two, "mlp", [recipe("CuSP", two)], SEEDS, QUICK)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert same(one, train(two, "mlp", [recipe("CuSP", two)], SEEDS, QUICK))


def test_recipes_meet_at_their_ends(two):
    """A mixture of weight 0 is training with shifts, one of weight 1 is PGD, and so on."""

    def trained(chosen):
        return train(two, "mlp", [chosen], SEEDS, QUICK)

    assert same(trained(recipe("mixture", two, 0.0)), trained(recipe("shifts", two, 180.0)))
    assert same(trained(recipe("mixture", two, 1.0)), trained(recipe("PGD", two)))
    assert same(trained(recipe("TRADES", two, 0.0)), trained(recipe("natural", two)))
    assert not same(trained(recipe("TRADES", two, 1.0)), trained(recipe("natural", two)))
    # With two shifts a range up to 90 degrees never reaches the second one.
    assert same(trained(recipe("shifts", two, 90.0)), trained(recipe("natural", two)))
    assert not same(trained(recipe("shifts", two, 100.0)), trained(recipe("natural", two)))


def test_cusp_is_that_of_the_image_half(two):
    stages = recipe("CuSP", two, 1.0).stages
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
    short = Recipe("PGD", 1.0, (Stage(1, Augmentation(), objective),))
    none = dataclasses.replace(options, learning_rate=0.0)
    begin = train(two, "linear", [short], (0,), none).direct[0].double()
    end = train(two, "linear", [short], (0,), options).direct[0].double()
    # The only sample, recovered from a step of natural training.
    plain = Recipe("natural", 0.0, (Stage(1),))
    natural = train(two, "linear", [plain], (0,), options).direct[0].double()
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
    layer = train(two, "mlp", [recipe("natural", two)], SEEDS, options)
    fresh = train(
        two, "mlp", [recipe("natural", two)], SEEDS, dataclasses.replace(options, samples=None)
    )
    few, many = (
        np.mean([m.natural.value for m in measure(found, two, SEEDS)]) for found in (layer, fresh)
    )
    assert few < many - 0.02


def test_learning_rate():
    published = Options(learning_rate=1.0)
    rates = [published.rate(epoch, 0, 120) for epoch in (0, 74.9, 75, 89, 90, 99, 100, 119)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3])
    settled = Options(learning_rate=1.0, schedule="settled")
    assert [settled.rate(e, 75, 90) for e in (75, 82.5, 90)] == pytest.approx([1, 0.5, 0], abs=1e-6)


def test_bad_input(two):
    natural, cusp = recipe("natural", two), recipe("CuSP", two)
    with pytest.raises(InputError, match="recipes"):
        train(two, "mlp", [], SEEDS, QUICK)
    with pytest.raises(InputError, match="seeds"):
        train(two, "mlp", [natural], (), QUICK)
    with pytest.raises(InputError, match="stages and objectives of natural 0"):
        train(two, "mlp", [natural, cusp], SEEDS, QUICK)
    with pytest.raises(InputError, match="pgd"):
        Recipe("mixture", 0.5, natural.stages, mixing=0.5)
    with pytest.raises(InputError, match="mixing"):
        Recipe("mixture", 1.5, recipe("PGD", two).stages, mixing=1.5)
    with pytest.raises(InputError, match="Did you mean CuSP"):
        method("cusps")
    for wrong in ({"width": 0}, {"samples": 0}, {"momentum": 2}, {"schedule": "fast"}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            Options(**wrong)


def test_divergence_of_a_training_is_reported(two):
    wild = dataclasses.replace(QUICK, learning_rate=1e30, momentum=0.99)
    with pytest.raises(RunFailedError, match="smaller learning rate"):
        train(two, "mlp", [recipe("mixture", two)], SEEDS, wild)
